"""Datagrams put together out of packets: IP fragments, and IPFIX messages out of TCP and SCTP (RFC 7011 §10). Bounded; pure."""

from __future__ import annotations

import struct
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field

MAX_OPEN = 4096
"""Datagrams and connections that are put together at once; the oldest goes first."""
MAX_DATAGRAM = 65_535
MAX_AHEAD = 1 << 20
"""Octets of a connection that may wait for those before them; then what is missing is given up."""
U32 = (1 << 32) - 1
IPFIX, IPFIX_HEADER = 10, 16
SCTP_HEADER, DATA, DATA_HEADER = 12, 0, 16
ENDS, BEGINS, UNORDERED = 1, 2, 4
"""Flags of a DATA chunk."""
MAX_CHUNKS = 256


class Fragments:
    """Fragments of IPv4 and IPv6 (RFC 791, RFC 8200), by whatever tells datagrams apart."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, dict[int, bytes]] = OrderedDict()
        self._sizes: dict[Hashable, int] = {}

    def whole(self, key: Hashable, offset: int, data: bytes, *, is_last: bool) -> bytes | None:
        """Take one fragment; what the datagram carries once all are there."""
        if offset + len(data) > MAX_DATAGRAM:
            return None
        parts = self._open.setdefault(key, {})
        parts.setdefault(offset, data)
        if is_last:
            self._sizes[key] = offset + len(data)
        if len(self._open) > MAX_OPEN:
            oldest, _ = self._open.popitem(last=False)
            self._sizes.pop(oldest, None)
        size, body = self._sizes.get(key), b""
        if size is None:
            return None
        for start, piece in sorted(parts.items()):
            if start > len(body):
                return None
            body += piece[len(body) - start :]
        if len(body) < size:
            return None
        self._open.pop(key, None)
        self._sizes.pop(key, None)
        return body[:size]


@dataclass
class _Connection:
    expected: int = -1
    ahead: dict[int, bytes] = field(default_factory=dict)
    left: bytes = b""
    is_ipfix: bool = True


class Messages:
    """IPFIX messages out of the octets of TCP connections, in whatever order the segments come."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, _Connection] = OrderedDict()

    def segment(self, key: Hashable, sequence: int, data: bytes, *, begins: bool) -> Iterator[bytes]:
        """Take one segment of one direction of a connection; the messages that are whole by now."""
        one = self._open.get(key)
        if one is None or begins:
            one = self._open[key] = _Connection((sequence + 1) & U32 if begins else sequence)
            while len(self._open) > MAX_OPEN:
                self._open.popitem(last=False)
        if not data or not one.is_ipfix:
            return
        one.ahead.setdefault((sequence + begins) & U32, data)
        if sum(map(len, one.ahead.values())) > MAX_AHEAD:
            one.expected, one.left = min(one.ahead), b""  # a segment was never captured
        yield from messages(one, self._next(one))

    def _next(self, one: _Connection) -> bytes:
        """What follows without a gap."""
        body = b""
        while one.ahead:
            at = min(one.ahead, key=lambda start: (start - one.expected + (1 << 31)) & U32)
            behind = (one.expected - at) & U32
            if behind >= 1 << 31:
                break
            piece = one.ahead.pop(at)[behind:]
            body += piece
            one.expected = (one.expected + len(piece)) & U32
        return body


def messages(one: _Connection, body: bytes) -> Iterator[bytes]:
    """Whole messages out of what a connection brought; a connection that brings anything else is left alone."""
    one.left += body
    while len(one.left) >= 4:
        version, length = int.from_bytes(one.left[:2], "big"), int.from_bytes(one.left[2:4], "big")
        if version != IPFIX or length < IPFIX_HEADER:
            one.is_ipfix, one.left, one.ahead = False, b"", {}
            return
        if len(one.left) < length:
            return
        yield one.left[:length]
        one.left = one.left[length:]


class Chunks:
    """IPFIX messages out of SCTP packets (RFC 9260 §3.3.1): each is a DATA chunk, or several whose numbers follow one another."""

    def __init__(self) -> None:
        self._open: OrderedDict[Hashable, dict[int, tuple[int, bytes]]] = OrderedDict()

    def packet(self, key: Hashable, packet: bytes) -> Iterator[bytes]:
        """Take one packet of one direction of an association; the messages that are whole by now."""
        at = SCTP_HEADER
        for _ in range(MAX_CHUNKS):
            if len(packet) < at + 4:
                return
            kind, flags, length = struct.unpack_from(">BBH", packet, at)
            if length < 4 or at + length > len(packet):
                return
            if kind == DATA and length > DATA_HEADER:
                number, stream, message = struct.unpack_from(">IHH", packet, at + 4)
                body = packet[at + DATA_HEADER : at + length]
                whole = self._data((key, stream, message, flags & UNORDERED), number, flags, body)
                if int.from_bytes(whole[:2], "big") == IPFIX:
                    yield whole
            at += length + -length % 4

    def _data(self, key: Hashable, number: int, flags: int, body: bytes) -> bytes:
        """The message that this chunk makes whole, or nothing yet."""
        if flags & BEGINS and flags & ENDS:
            return body
        parts = self._open.setdefault(key, {})
        parts[number] = flags, body
        if len(self._open) > MAX_OPEN:
            self._open.popitem(last=False)
        if len(parts) > MAX_CHUNKS or sum(len(one) for _, one in parts.values()) > MAX_DATAGRAM:
            self._open.pop(key, None)
            return b""
        at = next((one for one, (flag, _) in parts.items() if flag & BEGINS), None)
        whole = b""
        while at is not None and at in parts:
            flag, piece = parts[at]
            whole += piece
            if flag & ENDS:
                self._open.pop(key, None)
                return whole
            at = (at + 1) & U32
        return b""
