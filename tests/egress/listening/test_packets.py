"""Headers of every kind, and what hostile ones cannot do."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
import wires

from netops.egress.listening.frames import gathered
from netops.egress.listening.link import LINKS, UNKNOWN
from netops.egress.listening.packets import Packets, dissected

UDP = wires.ip(wires.udp(b"payload"), 17)
SIX = wires.ip(wires.udp(b"payload"), 17, "2001:db8::5", "2001:db8::80")


def of(frame: bytes, link: int = 1) -> Packets:
    return dissected(gathered([(wires.NOON_NS, frame)], link))


def told(packets: Packets, row: int = 0) -> tuple[str, str, int, int, int, bytes]:
    return (
        packets.source(row), packets.destination(row), int(packets.proto[row]), int(packets.sport[row]), int(packets.dport[row]),
        packets.body(row),
    )  # fmt: skip


EXPECTED = ("10.20.11.5", "203.0.113.80", 17, 40000, 53, b"payload")
EXPECTED_SIX = ("2001:db8::5", "2001:db8::80", 17, 40000, 53, b"payload")
LLC_SNAP = b"\xaa\xaa\x03\0\0\0\x08\0"
WIFI_HEAD = b"\x08\x02\0\0" + bytes(18) + b"\0\0"


@pytest.mark.parametrize(
    ("frame", "link"),
    [
        (wires.ether(UDP), 1),
        (wires.ether(UDP) + bytes(30), 1),
        (wires.ether(b"\0\x64\x08\0" + UDP, 0x8100), 1),
        (wires.ether(b"\0\x64\x81\0\0\xc8\x08\0" + UDP, 0x88A8), 1),
        (wires.ether(LLC_SNAP + UDP, len(UDP) + 8), 1),
        (wires.ether(b"\0\x01\x01\x40" + UDP, 0x8847), 1),
        (wires.ether(b"\0\x01\0\x40\0\x02\x01\x40" + UDP, 0x8847), 1),
        (wires.ether(b"\0\x01\x01\x40" + bytes(4) + wires.ether(UDP), 0x8847), 1),
        (wires.ether(b"\x11\0\0\x01" + struct.pack(">H", len(UDP) + 2) + b"\0\x21" + UDP, 0x8864), 1),
        (UDP, 101), (UDP, 12), (UDP, 14), (UDP, 228),
        (b"\x02\0\0\0" + UDP, 0), (b"\0\0\0\x02" + UDP, 108),
        (b"\xff\x03\0\x21" + UDP, 9), (b"\0\x21" + UDP, 9), (b"\x21" + UDP, 50), (b"\x01\xff\x03\0\x21" + UDP, 204),
        (b"\x0f\0\x08\0" + UDP, 104),
        (b"\0\0\0\x01\0\x06" + bytes(8) + b"\x08\0" + UDP, 113),
        (b"\x08\0" + bytes(18) + UDP, 276),
        (WIFI_HEAD + LLC_SNAP + UDP, 105),
        (b"\0\0\x0a\0" + bytes(6) + WIFI_HEAD + LLC_SNAP + UDP, 127),
        (b"\0\0\x08\0\x69\0\0\0" + WIFI_HEAD + LLC_SNAP + UDP, 192),
        (b"\x30" + bytes(47) + UDP, 117), (bytes(12) + UDP, 109), (LLC_SNAP + UDP, 11),
        (b"\x02\0\0\0" + struct.pack("<HH", 6, 1) + bytes(4) + struct.pack("<HH", len(UDP) + 4, 9) + UDP, 239),
    ],
)  # fmt: skip
def test_every_way_to_a_packet(frame: bytes, link: int) -> None:
    """Tags, labels, sessions, cooked and radio frames all lead to the same datagram."""
    assert EXPECTED == told(of(frame, link))


def test_tags_are_told_from_the_outside() -> None:
    """QinQ: the provider's tag first."""
    packets = of(wires.ether(b"\0\x64\x81\0\0\xc8\x08\0" + UDP, 0x88A8))

    assert (100, 200) == (int(packets.vlan[0]), int(packets.inner_vlan[0]))
    assert int(wires.HOST.replace(":", ""), 16) == int(packets.src_mac[0])


def test_extension_headers_are_passed_over() -> None:
    """Hop-by-hop, destination options and an atomic fragment before the datagram (RFC 8200)."""
    inner = wires.udp(b"payload")
    chain = b"\x3c\0" + bytes(6) + b"\x2c\0" + bytes(6) + b"\x11\0\0\0" + bytes(4) + inner
    packet = wires.ip(chain, 0, "2001:db8::5", "2001:db8::80")

    assert EXPECTED_SIX == told(of(wires.ether(SIX, 0x86DD)))
    assert EXPECTED_SIX == told(of(wires.ether(packet, 0x86DD)))


def test_fragments_have_ports_only_at_their_beginning() -> None:
    """A later fragment begins with anything: it is never read as a transport's header."""
    first = of(wires.ether(wires.ip(wires.udp(b"part"), 17, fragment=0x2000)))
    later = of(wires.ether(wires.ip(wires.udp(b"part"), 17, fragment=100)))

    assert (0, 1, 53) == (int(first.offset[0]), int(first.more[0]), int(first.dport[0]))
    assert (800, 0, 0) == (int(later.offset[0]), int(later.more[0]), int(later.dport[0]))


def vxlan(frame: bytes) -> bytes:
    return wires.ip(wires.udp(b"\x08\0\0\0\0\0\x01\0" + frame, 50000, 4789), 17, "192.0.2.1", "192.0.2.2")


@pytest.mark.parametrize(
    "packet",
    [
        wires.ip(UDP, 4, "192.0.2.1", "192.0.2.2"),
        wires.ip(b"\0\0\x08\0" + UDP, 47, "192.0.2.1", "192.0.2.2"),
        wires.ip(b"\x20\0\x08\0\0\0\0\x07" + UDP, 47, "192.0.2.1", "192.0.2.2"),
        wires.ip(b"\0\0\x65\x58" + wires.ether(UDP), 47, "192.0.2.1", "192.0.2.2"),
        wires.ip(b"\x30\x01\x88\x0b\0\0\0\x01\0\0\0\0" + b"\xff\x03\0\x21" + UDP, 47, "192.0.2.1", "192.0.2.2"),
        wires.ip(b"\x10\0\x88\xbe\0\0\0\x01" + bytes(8) + wires.ether(UDP), 47, "192.0.2.1", "192.0.2.2"),
        vxlan(wires.ether(UDP)),
        wires.ip(wires.udp(b"\0\0\x65\x58" + bytes(4) + wires.ether(UDP), 50000, 6081), 17, "192.0.2.1", "192.0.2.2"),
        wires.ip(wires.udp(b"\x30\xff\0\0\0\0\0\x01" + UDP, 2152, 2152), 17, "192.0.2.1", "192.0.2.2"),
        wires.ip(wires.udp(b"\0\x02\0\x01\0\x01\xff\x03\0\x21" + UDP, 1701, 1701), 17, "192.0.2.1", "192.0.2.2"),
    ],
    ids=["IPIP", "GRE", "GRE with a key", "GRE bridging", "PPTP", "ERSPAN", "VXLAN", "Geneve", "GTP-U", "L2TP"],
)
def test_packets_inside_packets_are_rows_of_their_own(packet: bytes) -> None:
    """The outer one keeps its addresses; the inner one follows with the row of its carrier."""
    packets = of(wires.ether(packet))

    assert [0, 1] == packets.depth.tolist()
    assert ("192.0.2.1", "192.0.2.2") == (packets.source(0), packets.destination(0))
    assert EXPECTED == told(packets, 1)
    assert [-1, 0] == packets.parent.tolist()


def test_six_in_four_and_teredo_are_opened() -> None:
    """IPv6 inside IPv4, straight or in Teredo's datagrams after their authentication."""
    straight = of(wires.ether(wires.ip(SIX, 41, "192.0.2.1", "192.0.2.2")))
    teredo = of(wires.ether(wires.ip(wires.udp(b"\0\x01\0\0" + bytes(9) + SIX, 50000, 3544), 17, "192.0.2.1", "192.0.2.2")))

    assert [EXPECTED_SIX, EXPECTED_SIX] == [told(straight, 1), told(teredo, 1)]


def test_nesting_has_an_end() -> None:
    """A packet in a packet in a packet …: five deep are read, more is no traffic but an attack."""
    packet = UDP
    for _ in range(40):
        packet = wires.ip(packet, 4)

    assert [0, 1, 2, 3, 4] == of(wires.ether(packet)).depth.tolist()


def test_lengths_that_lie_are_bounded_by_what_was_captured() -> None:
    """Neither a header's length nor a datagram's leads beyond its frame."""
    long = wires.ether(wires.ip(struct.pack(">HHHH", 1, 2, 60000, 0) + b"abc", 17))
    short = wires.ether(bytes([0x4F]) + UDP[1:])
    tcp = wires.ether(wires.ip(wires.tcp(b"")[:12] + b"\xf0" + bytes(7), 6))

    assert b"abc" == of(long).body(0)
    assert UNKNOWN == of(short).kind[0] or of(short).payload[0] <= len(short)
    assert b"" == of(tcp).body(0)


@settings(max_examples=60)
@given(st.lists(st.binary(max_size=120), min_size=1, max_size=5), st.sampled_from([*LINKS, 147]))
def test_hostile_frames_are_only_unknown(frames: list[bytes], link: int) -> None:
    """Every frame gives at least one row, nothing raises, and no payload leaves its frame."""
    given_frames = gathered([(0, one) for one in frames], link)
    packets = dissected(given_frames)

    assert len(packets) >= len(frames)
    ends = (given_frames.starts + given_frames.lengths)[packets.frame]
    assert (packets.payload + packets.length <= ends)[packets.proto >= 0].all()


@settings(max_examples=60)
@given(st.integers(14, 110), st.integers(0, 255), st.integers(14, 110), st.integers(0, 255))
def test_damaged_tunnels_are_only_unknown(at: int, value: int, other: int, more: int) -> None:
    """A real frame with two octets changed."""
    frame = bytearray(wires.ether(vxlan(wires.ether(wires.ip(SIX, 41, "192.0.2.1", "192.0.2.2")))))
    frame[at], frame[other] = value, more
    packets = of(bytes(frame))

    assert (packets.payload + packets.length <= len(frame)).all()
