"""Beginnings of packets: link layers, tags and labels, tunnels, fragments; whatever is cut gives what was there."""

from __future__ import annotations

import struct
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from packets import TCP, UDP, ether, v4, v6

from netops.egress.flows import address_text
from netops.egress.frame import ETHERNET, FRAME_RELAY, IPV4, IPV6, MPLS, PPP, WIFI, columns, taken_apart


def label(number: int, *, last: bool) -> bytes:
    return (number << 12 | last << 8 | 64).to_bytes(4, "big")


def overlay(port: int, head: bytes, destination: bytes = bytes([192, 168, 7, 7])) -> bytes:
    """A frame in UDP, between private addresses where nothing else is said."""
    return v4(17, struct.pack(">HHHH", 50000, port, 0, 0) + head + ether(0x0800, V4), destination=destination)


ENDS = ("10.20.11.11", "203.0.113.80", 6, 40000, 443)
V4 = v4(6, TCP)
CASES = {
    "ethernet": (ETHERNET, ether(0x0800, V4), ENDS),
    "two tags": (ETHERNET, ether(0x0800, V4, 0x6001, 0x2064), ENDS),
    "LLC and SNAP": (ETHERNET, ether(200, b"\xaa\xaa\x03\0\0\0\x08\x00" + V4), ENDS),
    "PPPoE": (ETHERNET, ether(0x8864, b"\x11\0\0\1\0\x40\0\x21" + V4), ENDS),
    "MPLS": (ETHERNET, ether(0x8847, label(100, last=False) + label(200, last=True) + V4), ENDS),
    "MPLS without Ethernet": (MPLS, label(100, last=True) + V4, ENDS),
    "pseudowire": (ETHERNET, ether(0x8847, label(100, last=True) + bytes(4) + ether(0x0800, V4)), ENDS),
    "PPP": (PPP, b"\xff\x03\x00\x21" + V4, ENDS),
    "PPP, its protocol in one octet": (PPP, b"\xff\x03\x21" + V4, ENDS),
    "a frame in a backbone's": (ETHERNET, ether(0x88E7, bytes(4) + ether(0x0800, V4)), ENDS),
    "the tag of a port extender": (ETHERNET, ether(0x893F, bytes(6) + b"\x08\x00" + V4), ENDS),
    "frame relay": (FRAME_RELAY, b"\x18\x41\x03\xcc" + V4, ENDS),
    "frame relay, as Cisco has it": (FRAME_RELAY, b"\x18\x41\x08\x00" + V4, ENDS),
    "wireless": (WIFI, b"\x08\x01" + bytes(22) + b"\xaa\xaa\x03\0\0\0\x08\x00" + V4, ENDS),
    "IPv4 alone": (IPV4, V4, ENDS),
    "IPv6, extensions": (
        IPV6,
        v6(0, struct.pack(">BBHI", 44, 0, 0, 0) + struct.pack(">BBHI", 17, 0, 1, 7) + UDP),
        ("2001:db8:20::aa", "2001:db8:20::bb", 17, 5000, 53),
    ),
    "a later fragment has no ports": (IPV4, v4(6, TCP, 100), ("10.20.11.11", "203.0.113.80", 6, None, None)),
    "GRE": (IPV4, v4(47, bytes(4) + V4), ("10.20.11.11", "203.0.113.80", 47, None, None)),
    "IP in IP: the outer one": (
        IPV4, v4(4, v4(6, TCP, source=bytes(4))), ("10.20.11.11", "203.0.113.80", 4, None, None)),
    "6in4: the outer one": (IPV4, v4(41, v6(17, UDP)), ("10.20.11.11", "203.0.113.80", 41, None, None)),
    "VXLAN of a fabric: what it carries": (IPV4, overlay(4789, b"\x08" + bytes(7)), ENDS),
    "Geneve of a fabric, with an option": (IPV4, overlay(6081, bytes.fromhex("0100 6558 00000100 01038001")), ENDS),
    "VXLAN to the internet: the outer one": (
        IPV4, overlay(4789, b"\x08" + bytes(7), bytes([203, 0, 113, 7])), ("10.20.11.11", "203.0.113.7", 17, 50000, 4789)),
    "VXLAN without its flag": (IPV4, overlay(4789, bytes(8)), ("10.20.11.11", "192.168.7.7", 17, 50000, 4789)),
    "MACsec without ciphers": (ETHERNET, ether(0x88E5, b"\x20\0" + bytes(12) + b"\x08\x00" + V4), ENDS),
    "a tap's timestamp": (ETHERNET, ether(0xD28B, b"\0\1\0\x10" + bytes(8) + b"\x08\x00" + V4), ENDS),
    "a service chain": (ETHERNET, ether(0x894F, b"\x0f\xc6\x01\x01" + bytes(20) + V4), ENDS),
    "SRv6: what it carries": (ETHERNET, ether(0x86DD, v6(4, V4)), ENDS),
    "SRv6 with its segments": (ETHERNET, ether(0x86DD, v6(43, b"\x04\0\x04\0\0\0\0\0" + V4)), ENDS),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_five_tuple(name: str) -> None:
    """Through every layer down to the packet that counts."""
    protocol, frame, expected = CASES[name]
    found = taken_apart(frame, protocol)
    ends = tuple(address_text(found[f"{end}_hi"], found[f"{end}_lo"]) for end in ("src", "dst"))

    assert expected == (*ends, found["proto"], found.get("sport"), found.get("dport"))


def test_what_else_a_packet_tells() -> None:
    """The inner tag, flags, hop limit and class; bytes of the IP packet, or of the frame where it says none."""
    found = taken_apart(ether(0x0800, V4, 0x6001, 0x2064))
    asked = ("src_vlan", "dst_vlan", "tcp_flags", "ttl", "tos", "bytes", "packets", "src_mac")

    assert [100, 100, 0x12, 63, 8, 40, 1, 0x00142200AA01] == [found[name] for name in asked]
    without = V4[:2] + b"\0\0" + V4[4:]
    assert 1500 == taken_apart(ether(0x0800, without), ETHERNET, 1514)["bytes"]
    echo = taken_apart(v4(1, b"\x08\x00\0\0"), IPV4)
    assert (8, 0, None) == (echo["icmp_type"], echo["icmp_code"], echo.get("dport"))


def test_what_was_dropped_is_not_opened() -> None:
    """Whoever drops a carrier's packet never looked inside."""
    frame = ether(0x86DD, v6(4, V4))

    assert ([6], [4]) == tuple(columns([frame], dropped=[flag])["proto"].tolist() for flag in (False, True))


@given(st.sampled_from(sorted(CASES)), st.integers(0, 90), st.binary(max_size=4), st.integers(0, 20))
def test_no_bytes_break_it(name: str, cut: int, noise: bytes, protocol: int) -> None:
    """Cut anywhere, with anything in the place."""
    _, frame, _ = CASES[name]
    for one in (frame[:cut], frame[:cut] + noise + frame[cut + len(noise) :]):
        assert all(0 <= value < 1 << 64 for value in taken_apart(one, protocol, 64).values())
