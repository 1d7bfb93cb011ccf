"""Information elements: which exported field becomes which column (RFC 3954 §8, RFC 7012, vendors' manuals)."""

from __future__ import annotations

from enum import StrEnum


class Kind(StrEnum):
    """How the bytes of an element are read."""

    NUMBER = "number"
    IPV4 = "ipv4"
    IPV6 = "ipv6"
    MAC = "mac"
    TEXT = "text"
    APPLICATION = "application"
    """Classification engine and selector (RFC 6759), shown as "13..431"."""
    FRAME = "frame"
    """The first bytes of an Ethernet frame (RFC 7133)."""
    PACKET = "packet"
    """The first bytes of an IP packet (RFC 5477)."""
    UPTIME = "uptime"
    """Milliseconds on the exporter's uptime clock."""
    SECONDS = "seconds"
    MILLISECONDS = "milliseconds"
    NTP = "ntp"
    """Seconds since 1900 and a fraction of 2^32 (RFC 7011 §6.1.9)."""
    BEFORE = "before"
    """Microseconds before the export time."""
    PROBABILITY = "probability"
    """Share of packets that were taken, a 64-bit float (RFC 5477 §8.2.11)."""
    MICROSECONDS = "microseconds"
    """A duration, read as milliseconds."""
    EXCEPTION = "exception"
    """Why Juniper's chips made an exception of a packet, as a forwarding status (RFC 7270 §4.12)."""


REVERSE = 29305
"""Private enterprise number that marks the other direction of a biflow (RFC 5103)."""

CISCO, JUNIPER, CERT, NTOP = 9, 2636, 6871, 35632
"""Private enterprise numbers whose elements are known here."""
SCOPE = -1
"""Stands for the enterprise of a scope in NetFlow v9, whose types are no elements (RFC 3954 §6.1)."""

N, V4, V6 = Kind.NUMBER, Kind.IPV4, Kind.IPV6

ELEMENTS: dict[tuple[int, int], tuple[str, Kind]] = {
    (0, number): (name, kind)
    for name, kind, numbers in (
        ("src", V4, (8,)),
        ("src", V6, (27,)),
        ("src", V4, (44,)),
        ("src", V6, (170,)),
        ("dst", V4, (12,)),
        ("dst", V6, (28,)),
        ("dst", V4, (45,)),
        ("dst", V6, (169,)),
        # Connections of Cisco's application visibility: the client is who asked.
        ("src", V4, (45004,)),
        ("src", V6, (45006,)),
        ("dst", V4, (45005,)),
        ("dst", V6, (45007,)),
        ("sport", N, (7, 180, 182, 45008)),
        ("dport", N, (11, 181, 183, 45009)),
        ("proto", N, (4, 193)),
        ("tos", N, (5, 55)),
        ("tcp_flags", N, (6,)),
        ("packets", N, (2, 86, 298, 430, 431)),
        ("bytes", N, (1, 85, 231, 352, 353, 417, 420, 224, 312)),
        ("out_packets", N, (24, 172)),
        ("out_bytes", N, (23, 171)),
        ("reverse_packets", N, (299,)),
        ("reverse_bytes", N, (232,)),
        ("in_if", N, (10, 252)),
        ("out_if", N, (14, 253)),
        ("next_hop", V4, (15, 18)),
        ("next_hop", V6, (62, 63)),
        ("src_mask", N, (9, 29)),
        ("dst_mask", N, (13, 30)),
        ("src_as", N, (16,)),
        ("dst_as", N, (17,)),
        ("src_mac", Kind.MAC, (56, 81, 414)),
        ("dst_mac", Kind.MAC, (80, 57, 415)),
        ("src_vlan", N, (58, 243, 245)),
        ("dst_vlan", N, (59, 254, 255)),
        ("direction", N, (61,)),
        ("icmp_typecode", N, (32, 139)),
        ("icmp_type", N, (176, 178)),
        ("icmp_code", N, (177, 179)),
        ("nat_src", V4, (225, 40001)),
        ("nat_src", V6, (281,)),
        ("nat_dst", V4, (226, 40002)),
        ("nat_dst", V6, (282,)),
        ("nat_sport", N, (227, 40003)),
        ("nat_dport", N, (228, 40004)),
        ("sampling_interval", N, (34, 50, 305)),
        ("sampling_space", N, (306,)),
        ("sampling_size", N, (309,)),
        ("sampling_population", N, (310,)),
        ("sampling_interval", Kind.PROBABILITY, (311,)),
        ("sampler", N, (48, 302)),
        ("ip_version", N, (60,)),
        ("ttl", N, (192, 52, 53)),
        ("forwarding_status", N, (89,)),
        ("app", Kind.TEXT, (96, 56701, 57591)),
        ("app", Kind.APPLICATION, (95,)),
        ("user", Kind.TEXT, (371, 40000, 56702, 57593, 57900)),
        ("firewall_event", N, (233, 40005)),
        ("nat_event", N, (230,)),
        ("exporter", V4, (130,)),
        ("exporter", V6, (131,)),
        # Of several clocks the finest that needs no other one is believed first.
        ("first", Kind.MILLISECONDS, (152, 323)),
        ("last", Kind.MILLISECONDS, (153,)),
        ("first", Kind.NTP, (154, 156, 324, 325)),
        ("last", Kind.NTP, (155, 157)),
        ("first", Kind.UPTIME, (22,)),
        ("last", Kind.UPTIME, (21,)),
        ("first", Kind.BEFORE, (158,)),
        ("last", Kind.BEFORE, (159,)),
        ("first", Kind.SECONDS, (150, 322)),
        ("last", Kind.SECONDS, (151,)),
        ("duration", N, (161,)),
        ("duration", Kind.MICROSECONDS, (162,)),
        ("frame", Kind.FRAME, (315, 104)),
        ("frame_type", N, (408,)),
        ("packet", Kind.PACKET, (313, 317)),
        ("boot", Kind.MILLISECONDS, (160,)),
    )
    for number in numbers
} | {
    (REVERSE, 1): ("reverse_bytes", N),
    (REVERSE, 2): ("reverse_packets", N),
    (REVERSE, 6): ("reverse_tcp_flags", N),
    (REVERSE, 23): ("reverse_bytes", N),
    (REVERSE, 24): ("reverse_packets", N),
    (REVERSE, 85): ("reverse_bytes", N),
    (REVERSE, 86): ("reverse_packets", N),
    (REVERSE, 352): ("reverse_bytes", N),
    (CISCO, 12236): ("src", V4),
    (CISCO, 12237): ("dst", V4),
    (CISCO, 12238): ("src", V6),
    (CISCO, 12239): ("dst", V6),
    (CISCO, 12240): ("sport", N),
    (CISCO, 12241): ("dport", N),
    (JUNIPER, 137): ("forwarding_status", Kind.EXCEPTION),
    # Of all packets but the first, and of the first; bit 14 turns an element of CERT round.
    (CERT, 15): ("tcp_flags", N),
    (CERT, 14): ("initial_tcp_flags", N),
    (CERT, 0x4000 | 15): ("reverse_tcp_flags", N),
    (CERT, 0x4000 | 14): ("reverse_initial_tcp_flags", N),
    (NTOP, 119): ("app", Kind.TEXT),
    (NTOP, 121): ("user", Kind.TEXT),
    (NTOP, 428): ("user", Kind.TEXT),
    (SCOPE, 2): ("scope_if", N),
}
"""Column and kind by (private enterprise number, element); what is not here is skipped by its length."""

RANK = {key: order for order, key in enumerate(ELEMENTS)}
"""When two elements of one record give the same column, the lower rank is asked first; a zero loses to any other."""
