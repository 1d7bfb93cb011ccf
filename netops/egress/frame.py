"""The first bytes of a packet, as sampling exporters send them: its five-tuple (RFC 7133, sFlow v5, RFC 8200)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from netops.egress.flows import MAPPED, Column

ETHERNET, FRAME_RELAY, PPP, AAL5_IP, IPV4, IPV6, MPLS, POS, WIFI = 1, 5, 7, 10, 11, 12, 13, 14, 15
"""What a header begins with, by the numbers of sFlow v5 (`header_protocol`)."""
ANY_IP = 0
"""IPv4 or IPv6, as its first half octet says."""
VLAN_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
LABELS = (0x8847, 0x8848)
PPPOE_SESSION = 0x8864
BACKBONE = 0x88E7
"""A whole frame behind a service tag (IEEE 802.1ah)."""
TAGS = dict.fromkeys(VLAN_TAGS, 4) | {0x8926: 6, 0x893F: 8, 0x8909: 8}
"""Of VLANs, port extenders (VN-Tag, IEEE 802.1BR) and Cisco's groups: octets up to the end of the type behind them."""
ARISTA, MACSEC, SERVICE_PATH = 0xD28B, 0x88E5, 0x894F
"""A timestamp by a tap switch; IEEE 802.1AE; a header of service chains (RFC 8300)."""
CIPHERED, WITH_CHANNEL = 0x0C, 0x20
SERVED = {1: 0x0800, 2: 0x86DD}
PPP_TYPES = {0x0021: 0x0800, 0x0057: 0x86DD, 0x0281: 0x8847, 0x0283: 0x8848}
EXTENSIONS = (0, 43, 44, 51, 60, 135)
"""IPv6 extension headers that are passed over to what they carry."""
FRAGMENT, AUTHENTICATION = 44, 51
ENCAPSULATED = {4: 0x0800, 41: 0x86DD}
UDP, VXLAN, GENEVE = 17, 4789, 6081
OVERLAYS = (VXLAN, GENEVE)
VALID_NETWORK, BRIDGED = 0x08, b"\x65\x58"
"""The flag of VXLAN that its network id counts (RFC 7348 §5); the type of bridged Ethernet in Geneve (RFC 8926 §3.4)."""
PRIVATE = ((0x0A000000, 24), (0xAC100000, 20), (0xC0A80000, 16), (0x64400000, 22), (0xA9FE0000, 16), (0x7F000000, 24))
"""Beginnings of private networks, and how many bits lie behind their prefix."""
DEEPEST = 8
"""Headers inside headers; more is no traffic but an attack."""
WITH_PORTS = (6, 17, 33, 132, 136)
ICMP = (1, 58)
Found = dict[str, int]
NAMES = ("src_hi", "src_lo", "dst_hi", "dst_lo", "proto", "sport", "dport", "ttl", "tos", "tcp_flags", "bytes", "packets",
         "src_mac", "dst_mac", "src_vlan", "dst_vlan")  # fmt: skip
HALF = 0xFFFFFFFFFFFFFFFF


def columns(frames: Sequence[bytes], protocol: int = ETHERNET, dropped: Sequence[bool] = ()) -> dict[str, Column]:
    """
    One row a frame; what could not be read is 0. A packet is one packet, its bytes those of the IP packet.

    ICMP type and code stand in the destination port, by the custom of NetFlow.

    Args:
        dropped: of each frame, whether the device dropped it; without it none was.
    """
    flags = dropped or [False] * len(frames)
    rows = [taken_apart(frame, protocol, opened=not flag) for frame, flag in zip(frames, flags, strict=True)]
    for row in rows:
        if "icmp_type" in row:
            row["dport"] = row["icmp_type"] << 8 | row["icmp_code"]
    told = frozenset().union(*rows)
    return {name: np.array([row.get(name, 0) for row in rows], np.uint64) for name in NAMES if name in told}


def taken_apart(frame: bytes, protocol: int = ETHERNET, wire_bytes: int = 0, *, opened: bool = True) -> Found:
    """
    The fields of one packet.

    Of packets inside packets it is the outer one, for that is what leaves the network. Two are opened, since there the
    outer one is only the carrier: an IPv6 packet that carries IPv4 or IPv6 directly (SRv6, RFC 8986), and an overlay
    (VXLAN, Geneve) between private addresses, the fabric of a data centre. To a public address it stays what it is, a tunnel.

    Args:
        protocol: what *frame* begins with.
        wire_bytes: length of the whole frame, where it is known.
        opened: False to leave the carrier's packet closed too: whoever drops a packet never looked inside.
    """
    found: Found = {"packets": 1}
    kind, at = _link(frame, protocol, found)
    for _ in range(DEEPEST):
        packet = frame[at:]
        if kind == 0x0800 and len(packet) >= 20 and packet[0] >> 4 == 4:
            header, whole = _v4(packet, found)
            carried = 0
        elif kind == 0x86DD and len(packet) >= 40 and packet[0] >> 4 == 6:
            header, whole = _v6(packet, found)
            carried = ENCAPSULATED.get(found["proto"], 0) if opened else 0
        else:
            break
        if not found["bytes"] and wire_bytes > at:
            found["bytes"] = wire_bytes - at  # a sender that leaves segmentation to its card puts no length
        at, kind = at + header, carried
        if not carried:
            if whole:
                _ends_of(frame[at:], found)
                if opened and (inner := _overlaid(frame[at:], found)):
                    return inner
            break
    if "bytes" not in found and wire_bytes:
        found["bytes"] = wire_bytes
    return found


def _overlaid(segment: bytes, found: Found) -> Found | None:
    """The packet that a fabric carries in *segment* of a packet *found*; None where it carries none."""
    if found["proto"] != UDP or found.get("dport") not in OVERLAYS or len(segment) < 16:
        return None
    if not (_is_private(found, "src") and _is_private(found, "dst")):
        return None
    if found["dport"] == VXLAN:
        at = 16 if segment[8] & VALID_NETWORK else 0
    else:
        at = 16 + (segment[8] & 0x3F) * 4 if segment[8] >> 6 == 0 and segment[10:12] == BRIDGED else 0
    inner = taken_apart(segment[at:], ETHERNET, opened=False) if at else {}
    return inner if "proto" in inner else None


def _is_private(found: Found, end: str) -> bool:
    """RFC 1918, RFC 6598, link-local, loopback; of IPv6 fc00::/7 and fe80::/10."""
    hi, lo = found[f"{end}_hi"], found[f"{end}_lo"]
    if hi or lo >> 32 != 0xFFFF:
        return hi >> 57 == 0xFC >> 1 or hi >> 54 == 0xFE80 >> 6
    return any((lo & 0xFFFFFFFF) >> shift == start >> shift for start, shift in PRIVATE)


def _link(frame: bytes, protocol: int, found: Found) -> tuple[int, int]:
    """EtherType of what the link layer carries, and where it begins."""
    if protocol in (IPV4, AAL5_IP):
        return 0x0800, 0
    if protocol == IPV6:
        return 0x86DD, 0
    if protocol == ANY_IP:
        return (0x86DD if frame[:1] >= b"\x60" else 0x0800), 0
    if protocol == MPLS:
        return _labels(frame, 0)
    if protocol in (PPP, POS):
        return _ppp(frame, 2 if frame[:1] in (b"\xff", b"\x0f", b"\x8f") else 0)
    if protocol == FRAME_RELAY:
        return _frame_relay(frame)
    if protocol == WIFI:
        return _wifi(frame, found)
    if protocol != ETHERNET or len(frame) < 14:
        return 0, 0
    return _ethernet(frame, 0, found)


def _ethernet(frame: bytes, at: int, found: Found) -> tuple[int, int]:
    if "dst_mac" not in found:
        found["dst_mac"] = int.from_bytes(frame[at : at + 6], "big")
        found["src_mac"] = int.from_bytes(frame[at + 6 : at + 12], "big")
    kind, at = int.from_bytes(frame[at + 12 : at + 14], "big"), at + 14
    for _ in range(DEEPEST):
        size = _tag(frame, kind, at)
        if not size or len(frame) < at + size:
            break
        if kind in VLAN_TAGS:
            found["src_vlan"] = found["dst_vlan"] = int.from_bytes(frame[at : at + 2], "big") & 0xFFF
        kind, at = int.from_bytes(frame[at + size - 2 : at + size], "big"), at + size
    if kind <= 1500:
        kind, at = _snap(frame, at) or (kind, at)
    if kind == BACKBONE and len(frame) >= at + 18:
        found["dst_mac"] = int.from_bytes(frame[at + 4 : at + 10], "big")
        found["src_mac"] = int.from_bytes(frame[at + 10 : at + 16], "big")
        return _ethernet(frame, at + 4, found)
    if kind == PPPOE_SESSION:
        return _ppp(frame, at + 6)
    if kind in LABELS:
        return _labels(frame, at)
    if kind == SERVICE_PATH and len(frame) >= at + 8:
        at, carried = at + (frame[at + 1] & 0x3F) * 4, frame[at + 3]
        return _ethernet(frame, at, found) if carried == 3 else (SERVED.get(carried, 0), at)
    return kind, at


def _tag(frame: bytes, kind: int, at: int) -> int:
    """Octets of a tag with the type behind it; 0 for what is no tag, or hides what follows."""
    if kind == ARISTA:
        return 14 if len(frame) > at + 3 and frame[at + 3] >> 4 == 1 else 12
    if kind == MACSEC and len(frame) > at and not frame[at] & CIPHERED:
        return 16 if frame[at] & WITH_CHANNEL else 8
    return TAGS.get(kind, 0)


def _snap(frame: bytes, at: int) -> tuple[int, int] | None:
    """What LLC and SNAP carry (RFC 1042), where they stand."""
    if frame[at : at + 6] != b"\xaa\xaa\x03\0\0\0":
        return None
    return int.from_bytes(frame[at + 6 : at + 8], "big"), at + 8


def _wifi(frame: bytes, found: Found) -> tuple[int, int]:
    """A data frame of IEEE 802.11 whose payload is not ciphered."""
    if len(frame) < 24 or frame[0] & 0x0C != 0x08 or frame[1] & 0x40:
        return 0, 0
    to_system, from_system = frame[1] & 1, frame[1] & 2
    at = 24 + (6 if to_system and from_system else 0)
    places = {"dst_mac": 16 if to_system else 4, "src_mac": (24 if to_system else 16) if from_system else 10}
    for name, place in places.items():
        found[name] = int.from_bytes(frame[place : place + 6], "big")
    if frame[0] & 0x80:  # quality of service, and with it perhaps high throughput
        at += 6 if frame[1] & 0x80 else 2
    return _snap(frame, at) or (0, at)


def _frame_relay(frame: bytes) -> tuple[int, int]:
    """RFC 2427: the protocol by its NLPID, or by SNAP; or an EtherType as Cisco has it."""
    if frame[2:4] in (b"\x03\xcc", b"\x03\x8e"):
        return (0x0800 if frame[3] == 0xCC else 0x86DD), 4
    if frame[2:5] == b"\x03\0\x80":
        return int.from_bytes(frame[8:10], "big"), 10
    return int.from_bytes(frame[2:4], "big"), 4


def _ppp(frame: bytes, at: int) -> tuple[int, int]:
    if frame[at : at + 1] in (b"\x21", b"\x57"):  # the protocol in one octet (RFC 1661 §6.5)
        return PPP_TYPES[frame[at]], at + 1
    number = int.from_bytes(frame[at : at + 2], "big")
    if number in (0x0800, 0x86DD, *LABELS):  # HDLC of routers puts an EtherType here
        return _labels(frame, at + 2) if number in LABELS else (number, at + 2)
    kind = PPP_TYPES.get(number, 0)
    return _labels(frame, at + 2) if kind in LABELS else (kind, at + 2)


def _labels(frame: bytes, at: int) -> tuple[int, int]:
    """Past an MPLS stack (RFC 3032): what is below tells itself by its first half octet (RFC 4928)."""
    for _ in range(2 * DEEPEST):
        if len(frame) < at + 5:
            return 0, at
        at += 4
        if frame[at - 2] & 1:
            break
    first = frame[at] >> 4
    if first == 0 and len(frame) >= at + 18:  # a control word, and an Ethernet frame after it (RFC 4448)
        return _ethernet(frame, at + 4, {"dst_mac": 0})
    return {4: 0x0800, 6: 0x86DD}.get(first, 0), at


def _v4(packet: bytes, found: Found) -> tuple[int, bool]:
    """Length of the header, and whether what follows is the head of the transport's."""
    found["tos"], found["ttl"], found["proto"] = packet[1], packet[8], packet[9]
    found["bytes"] = int.from_bytes(packet[2:4], "big")
    found["src_hi"] = found["dst_hi"] = 0
    found["src_lo"] = MAPPED | int.from_bytes(packet[12:16], "big")
    found["dst_lo"] = MAPPED | int.from_bytes(packet[16:20], "big")
    return max(20, (packet[0] & 0xF) * 4), not int.from_bytes(packet[6:8], "big") & 0x1FFF


def _v6(packet: bytes, found: Found) -> tuple[int, bool]:
    proto, at, whole = packet[6], 40, True
    for _ in range(DEEPEST):
        if proto not in EXTENSIONS or len(packet) < at + 8:
            break
        if proto == FRAGMENT:
            whole = not int.from_bytes(packet[at + 2 : at + 4], "big") >> 3
            proto, at = packet[at], at + 8
        else:
            size = packet[at + 1] + 2 if proto == AUTHENTICATION else (packet[at + 1] + 1) * 2
            proto, at = packet[at], at + size * 4
    found["tos"] = (packet[0] & 0xF) << 4 | packet[1] >> 4
    found["ttl"], found["proto"] = packet[7], proto
    carried = int.from_bytes(packet[4:6], "big")
    found["bytes"] = carried + 40 if carried else 0
    for name, start in (("src", 8), ("dst", 24)):
        value = int.from_bytes(packet[start : start + 16], "big")
        found[f"{name}_hi"], found[f"{name}_lo"] = value >> 64, value & HALF
    return at, whole


def _ends_of(segment: bytes, found: Found) -> None:
    """Ports, TCP flags, ICMP type and code, as far as the sample reaches."""
    proto = found["proto"]
    if proto in WITH_PORTS and len(segment) >= 4:
        found["sport"] = int.from_bytes(segment[:2], "big")
        found["dport"] = int.from_bytes(segment[2:4], "big")
        if proto == 6 and len(segment) >= 14:
            found["tcp_flags"] = segment[13]
    elif proto in ICMP and len(segment) >= 2:
        found["icmp_type"], found["icmp_code"] = segment[0], segment[1]
