"""Flow datagrams out of captures."""

from __future__ import annotations

import io
import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import wires

from netops.core.datagrams import Datagram
from netops.egress.listening.datagrams import datagrams
from netops.egress.listening.frames import NotACapture


def export(source: str, payload: bytes) -> bytes:
    return wires.ip(wires.udp(payload, 9999, 2055), 17, source, "10.20.0.10")


def test_captures_give_the_udp_payloads() -> None:
    """Sources and times; no padding of short frames, fragments put together, the outermost where one carries another."""
    at = wires.NOON_NS
    datagram = wires.udp(b"in two parts", 9999, 2055)
    inner = b"\x08\0\0\0\0\0\x01\0" + wires.ether(export("192.0.2.9", b"inner"))
    frames = [
        (at, wires.ether(export("10.20.255.1", b"\0\x05abc")) + bytes(20)),
        (at + 500_000_000, wires.ether(bytes(28), 0x0806)),
        (at + 600_000_000, wires.ether(wires.ip(datagram[:16], 17, "10.20.255.3", fragment=0x2000))),
        (at + 650_000_000, wires.ether(wires.ip(datagram[16:], 17, "10.20.255.3", fragment=2))),
        (at + 700_000_000, wires.ether(wires.ip(wires.udp(inner, 50000, 4789), 17, "10.20.255.4", "10.20.0.10"))),
        (at + 800_000_000, wires.ether(wires.ip(b"\0\0\x08\0" + export("10.20.255.2", b"\0\x09"), 47))),
    ]

    milliseconds = at // 1_000_000
    assert [
        Datagram("10.20.255.1", milliseconds, b"\0\x05abc"),
        Datagram("10.20.255.3", milliseconds + 650, b"in two parts"),
        Datagram("10.20.255.4", milliseconds + 700, inner),
        Datagram("10.20.255.2", milliseconds + 800, b"\0\x09"),
    ] == list(datagrams(io.BytesIO(wires.pcap(frames))))


def test_ipfix_over_tcp_is_put_together() -> None:
    """A message in two segments, the second of which came first (RFC 7011 §10.4)."""
    message = b"\0\x0a\0\x14" + bytes(16)
    segments = [wires.tcp(flags=2, sequence=0), wires.tcp(message[9:], sequence=10), wires.tcp(message[:9], sequence=1)]
    frames = [(wires.NOON_NS, wires.ether(wires.ip(one, 6))) for one in segments]

    assert [message] == [one.payload for one in datagrams(io.BytesIO(wires.pcap(frames)))]


def chunk(number: int, flags: int, body: bytes, kind: int = 0) -> bytes:
    """A DATA chunk of SCTP, with its padding."""
    return struct.pack(">BBHIHHI", kind, flags, 16 + len(body), number, 1, 5, 0) + body + bytes(-len(body) % 4)


def test_ipfix_over_sctp_is_put_together() -> None:
    """Two messages in one packet, one in three chunks that came in another order, a heartbeat, another protocol, a chunk cut."""
    messages = [b"\0\x0a\0\x13" + bytes([number]) * 15 for number in range(3)]
    head = struct.pack(">HHII", 4739, 4739, 1, 0)
    packets = [
        head + chunk(1, 3, messages[0]) + chunk(2, 3, messages[1]),
        head + chunk((1 << 32) - 1, 2, messages[2][:7]) + chunk(9, 0, b"", kind=4),
        head + chunk(1, 1, messages[2][14:]),
        head + chunk(0, 0, messages[2][7:14]),
        head + chunk(3, 3, b"diameter") + chunk(4, 3, messages[0])[:-9],
    ]
    frames = [(wires.NOON_NS, wires.ether(wires.ip(one, 132))) for one in packets]

    assert messages == [one.payload for one in datagrams(io.BytesIO(wires.pcap(frames)))]


def test_a_capture_without_a_packet_says_why() -> None:
    """A head that is cut off is an error; so is a file that is no capture."""
    with pytest.raises(ValueError, match="its head is cut off"):
        list(datagrams(io.BytesIO(wires.pcap([])[:8])))
    with pytest.raises(NotACapture):
        list(datagrams(io.BytesIO(b"nothing")))
