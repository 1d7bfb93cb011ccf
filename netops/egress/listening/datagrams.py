"""What a collector would have received of the packets in a capture: UDP datagrams, and IPFIX messages out of TCP and SCTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from netops.core.datagrams import Datagram
from netops.egress.listening.frames import Capture
from netops.egress.listening.gathering import Chunks, Fragments, Messages
from netops.egress.listening.packets import SCTP, TCP, UDP, Packets, dissected

SYN = 2


def datagrams(file: BinaryIO) -> Iterator[Datagram]:
    """
    Each with its source and ms UTC, in order; the outermost where one carries another, fragments put together.

    Raises:
        NotACapture: the file begins like no capture.
        ValueError: nothing in it can be read; a broken end loses nothing before it.
    """
    capture, fragments, connections, associations = Capture(file), Fragments(), Messages(), Chunks()
    for frames in capture:
        packets = dissected(frames)
        is_ours = np.isin(packets.proto, (UDP, TCP, SCTP))
        carried = (packets.parent >= 0) & is_ours[np.maximum(packets.parent, 0)]
        rows = np.flatnonzero(is_ours & ~carried)
        for row in rows[np.argsort(packets.frame[rows], kind="stable")].tolist():
            for payload in _payloads(packets, row, fragments, connections, associations):
                yield Datagram(packets.source(row), int(packets.at[row]) // 1_000_000, payload)
    if not capture.packets and capture.broken:
        raise ValueError(capture.broken)


def _payloads(
    packets: Packets, row: int, fragments: Fragments, connections: Messages, associations: Chunks
) -> Iterator[bytes]:
    ends = packets.source(row), packets.destination(row)
    start = int(packets.transport[row])
    data = packets.frames.octets[start : int(packets.end[row])].tobytes()
    if packets.more[row] or packets.offset[row]:
        key = ends, int(packets.proto[row]), int(packets.ip_id[row])
        whole = fragments.whole(key, int(packets.offset[row]), data, is_last=not packets.more[row])
        if whole is None:
            return
        data = whole
    if packets.proto[row] == UDP and len(data) >= 8:
        # The frame may be padded, and a card that segments by itself puts no length.
        yield data[8 : int.from_bytes(data[4:6], "big") or None]
    elif packets.proto[row] == TCP and len(data) >= 20:
        begins, body = bool(data[13] & SYN), data[(data[12] >> 4) * 4 :]
        yield from connections.segment((ends, data[:4]), int.from_bytes(data[4:8], "big"), body, begins=begins)
    elif packets.proto[row] == SCTP:
        yield from associations.packet((ends, data[:4]), data)
