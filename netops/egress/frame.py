"""The first bytes of an Ethernet frame, as sampling exporters send them: its five-tuple (RFC 7133, RFC 8200)."""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_address

import numpy as np

from netops.egress.flows import MAPPED, Column

VLAN_TAGS = (0x8100, 0x88A8, 0x9100)
EXTENSIONS = (0, 43, 44, 60)
"""IPv6 extension headers that are passed over to what they carry."""
ENCAPSULATED = {4: 0x0800, 41: 0x86DD}
DEEPEST = 8
"""Headers inside headers; more is no traffic but an attack."""
Found = dict[str, int]


def columns(frames: Iterable[bytes]) -> dict[str, Column]:
    """One row a frame; what could not be read is 0. A packet is one packet, its bytes those of the inner IP packet."""
    rows = [taken_apart(frame) for frame in frames]
    names = ("src_hi", "src_lo", "dst_hi", "dst_lo", "proto", "sport", "dport", "ttl", "bytes", "packets",
             "src_mac", "dst_mac", "src_vlan", "dst_vlan")  # fmt: skip
    return {name: np.array([row.get(name, 0) for row in rows], np.uint64) for name in names}


def taken_apart(frame: bytes) -> Found:
    """The fields of one frame, of its innermost IP packet where packets are tunnelled."""
    if len(frame) < 14:
        return {}
    found = {
        "dst_mac": int.from_bytes(frame[:6], "big"),
        "src_mac": int.from_bytes(frame[6:12], "big"),
        "packets": 1,
    }
    kind, at = int.from_bytes(frame[12:14], "big"), 14
    while kind in VLAN_TAGS and len(frame) >= at + 4:
        found["src_vlan"] = found["dst_vlan"] = int.from_bytes(frame[at : at + 2], "big") & 0xFFF
        kind, at = int.from_bytes(frame[at + 2 : at + 4], "big"), at + 4
    for _ in range(DEEPEST):
        packet = frame[at:]
        if kind == 0x0800 and len(packet) >= 20:
            inner, header = _v4(packet)
        elif kind == 0x86DD and len(packet) >= 40:
            inner, header = _v6(packet)
        else:
            break
        found |= inner
        at += header
        kind = ENCAPSULATED.get(found["proto"], 0)
    ports = frame[at : at + 4]
    if found.get("proto") in (6, 17, 132) and len(ports) == 4:
        found |= {"sport": int.from_bytes(ports[:2], "big"), "dport": int.from_bytes(ports[2:], "big")}
    elif found.get("proto") in (1, 58) and len(ports) == 4:
        found["dport"] = int.from_bytes(ports[:2], "big")
    return found


def _v4(packet: bytes) -> tuple[Found, int]:
    found = {"ttl": packet[8], "proto": packet[9], "bytes": int.from_bytes(packet[2:4], "big")}
    return found | _ends(packet[12:16], packet[16:20]), max(20, (packet[0] & 0xF) * 4)


def _v6(packet: bytes) -> tuple[Found, int]:
    size, proto, at = int.from_bytes(packet[4:6], "big") + 40, packet[6], 40
    for _ in range(DEEPEST):
        if proto not in EXTENSIONS or len(packet) < at + 8:
            break
        proto, at = packet[at], at + (8 if proto == 44 else (packet[at + 1] + 1) * 8)
    return {"ttl": packet[7], "proto": proto, "bytes": size} | _ends(packet[8:24], packet[24:40]), at


def _ends(source: bytes, destination: bytes) -> Found:
    found: Found = {}
    for name, raw in (("src", source), ("dst", destination)):
        value = int(ip_address(raw)) | (MAPPED if len(raw) == 4 else 0)
        found |= {f"{name}_hi": value >> 64, f"{name}_lo": value & 0xFFFFFFFFFFFFFFFF}
    return found
