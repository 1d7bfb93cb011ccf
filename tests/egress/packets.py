"""Packets for tests: Ethernet with tags, IPv4, IPv6, TCP and UDP heads."""

from __future__ import annotations

import struct

MACS = bytes.fromhex("00142200aa0200142200aa01")
A, B = bytes([10, 20, 11, 11]), bytes([203, 0, 113, 80])
A6, B6 = bytes.fromhex("20010db80020000000000000000000aa"), bytes.fromhex("20010db80020000000000000000000bb")
TCP = struct.pack(">HHIIBBHHH", 40000, 443, 1, 0, 0x50, 0x12, 1000, 0, 0)
UDP = struct.pack(">HHHH", 5000, 53, 8, 0)


def v4(proto: int, payload: bytes, offset: int = 0, source: bytes = A, destination: bytes = B) -> bytes:
    head = struct.pack(">BBHHHBBH", 0x45, 8, 20 + len(payload), 1, offset, 63, proto, 0)
    return head + source + destination + payload


def v6(proto: int, payload: bytes) -> bytes:
    return struct.pack(">IHBB", 0x60800000, len(payload), proto, 64) + A6 + B6 + payload


def ether(kind: int, payload: bytes, *tags: int) -> bytes:
    return MACS + b"".join(struct.pack(">HH", 0x8100, tag) for tag in tags) + struct.pack(">H", kind) + payload
