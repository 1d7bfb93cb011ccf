"""Packets (报文) as columns: addresses, ports, flags and where the payload lies, thousands at a time; tunnels are opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from netops.egress.flows import MAPPED, Column, address_text
from netops.egress.listening.frames import Frames
from netops.egress.listening.link import (
    ANY_IP,
    ETHERNET,
    IPV4,
    IPV6,
    PPP,
    UNKNOWN,
    Position,
    begin,
    descend,
    kinds,
)

ICMP, TCP, UDP, ICMP6 = 1, 6, 17, 58
IPIP, SIX_IN_FOUR, GRE, ESP, AH, SCTP = 4, 41, 47, 50, 51, 132
WITH_PORTS = np.array([TCP, UDP, 33, SCTP, 136], np.int64)
EXTENSIONS = np.array([0, 43, 44, 51, 60, 135], np.int64)
"""IPv6 extension headers that are passed over to what they carry (RFC 8200, RFC 4302)."""
MOST_EXTENSIONS = 8
DEEPEST = 4
"""Packets inside packets; more is no traffic but an attack."""
VXLAN, VXLAN_OLD, GENEVE, TEREDO, GTP, L2TP = 4789, 8472, 6081, 3544, 2152, 1701
CARRIERS = np.array([VXLAN, VXLAN_OLD, GENEVE, TEREDO, GTP, L2TP], np.int64)
"""UDP ports behind which a whole packet may stand."""


@dataclass(slots=True)
class Packets:
    """
    One row a packet; a packet inside another is a row of its own, *depth* above 0, behind the outer ones.

    Args:
        frames: where they lie.
        frame: int64, row of *frames*.
        depth: int64, 0 for the outermost.
        parent: int64, row of the packet that carries it, -1 for none.
        kind: int64, EtherType, or what `link` calls it; 0x0800 and 0x86DD are whole IP packets here.
        head: int64, where the network layer begins in `frames.octets`.
        at: int64, ns since 1970 UTC.
        src_hi, src_lo, dst_hi, dst_lo: uint64, IPv4 mapped as in `flows`.
        size: int64, octets of the IP packet.
        offset, more: int64, fragment offset in octets, and whether more fragments follow; both 0 for a whole packet.
        transport: int64, where the transport's header begins.
        payload, length: int64, what stands behind the transport's header, as far as it was captured.
        wanted: int64, octets that the payload had on the wire.
        window, sequence: int64, of TCP; *ip_id*: int64, of IPv4 and of IPv6 fragments.
    """

    frames: Frames
    frame: Column
    depth: Column
    parent: Column
    kind: Column
    head: Column
    end: Column
    at: Column
    src_mac: Column
    dst_mac: Column
    vlan: Column
    inner_vlan: Column
    src_hi: Column
    src_lo: Column
    dst_hi: Column
    dst_lo: Column
    proto: Column
    ttl: Column
    size: Column
    ip_id: Column
    offset: Column
    more: Column
    transport: Column
    sport: Column
    dport: Column
    flags: Column
    window: Column
    sequence: Column
    options: Column
    payload: Column
    length: Column
    wanted: Column

    def __len__(self) -> int:
        return len(self.frame)

    def body(self, row: int, most: int = 1 << 16) -> bytes:
        """The payload of one packet, copied."""
        start = int(self.payload[row])
        return self.frames.octets[start : start + min(int(self.length[row]), most)].tobytes()

    def octets(self, row: int, most: int = 1 << 16) -> bytes:
        """One packet from its network layer on, copied."""
        start = int(self.head[row])
        return self.frames.octets[start : min(int(self.end[row]), start + most)].tobytes()

    def source(self, row: int) -> str:
        """Canonical text of the source address."""
        return address_text(int(self.src_hi[row]), int(self.src_lo[row]))

    def destination(self, row: int) -> str:
        """Canonical text of the destination address."""
        return address_text(int(self.dst_hi[row]), int(self.dst_lo[row]))


COLUMNS = tuple(name for name in Packets.__dataclass_fields__ if name != "frames")
WIDE = ("src_hi", "src_lo", "dst_hi", "dst_lo")


def dissected(frames: Frames) -> Packets:
    """The packets of *frames*, the outer ones first, then those inside them."""
    count = len(frames)
    position = begin(frames.octets, frames.starts, frames.starts + frames.lengths, kinds(frames.link))
    rows = np.arange(count)
    layer = _layer(frames, position, rows, np.zeros(count, np.int64), np.full(count, -1, np.int64))
    found, first = [layer], 0
    for _ in range(DEEPEST):
        inner = _inside(layer, first)
        if inner is None:
            break
        first += len(layer)
        layer = inner
        found.append(layer)
    return found[0] if len(found) == 1 else _joined(frames, found)


def _joined(frames: Frames, parts: list[Packets]) -> Packets:
    columns = {name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS}
    return Packets(frames=frames, **columns)


# ---- the network layer
def _layer(frames: Frames, position: Position, frame: Column, depth: Column, parent: Column) -> Packets:
    descend(position)
    known = {
        "frame": frame, "depth": depth, "parent": parent, "kind": position.kind, "head": position.at, "end": position.end,
        "at": frames.at[frame], "src_mac": position.src_mac, "dst_mac": position.dst_mac, "vlan": position.vlan,
        "inner_vlan": position.inner_vlan, "payload": position.at.copy(), "proto": np.full(len(frame), -1, np.int64),
    }  # fmt: skip
    blank = {name: np.zeros(len(frame), np.uint64 if name in WIDE else np.int64) for name in COLUMNS if name not in known}
    found = Packets(frames=frames, **known, **blank)
    for kind, read in ((IPV4, _v4), (IPV6, _v6)):
        rows = np.flatnonzero(found.kind == kind)
        if len(rows):
            read(found, position, rows)
    _transport(found, position)
    return found


def _v4(p: Packets, o: Position, rows: Column) -> None:
    rows = _whole(p, o, rows, 20, 4)
    at = p.head[rows]
    header = (o.u8(at) & 0xF) * 4
    total = o.u16(at + 2)
    fragment = o.u16(at + 6)
    offset = (fragment & 0x1FFF) * 8
    bad = (header < 20) | (at + header > p.end[rows]) | ((total > 0) & (total < header))
    p.kind[rows[bad]] = UNKNOWN
    # A sender that leaves segmentation to its card puts no length: then the frame tells it.
    total = np.where(total == 0, p.frames.wire[p.frame[rows]] - (at - p.frames.starts[p.frame[rows]]), total)
    p.end[rows] = np.minimum(p.end[rows], at + total)
    p.size[rows], p.ttl[rows], p.proto[rows], p.ip_id[rows] = total, o.u8(at + 8), o.u8(at + 9), o.u16(at + 4)
    p.offset[rows], p.more[rows] = offset, (fragment & 0x2000) >> 13
    p.src_lo[rows], p.dst_lo[rows] = (MAPPED | _u32(o, at + place) for place in (12, 16))
    p.payload[rows] = at + header
    p.proto[rows[bad]] = -1


def _v6(p: Packets, o: Position, rows: Column) -> None:
    rows = _whole(p, o, rows, 40, 6)
    at = p.head[rows]
    carried = o.u16(at + 4)
    wire = p.frames.wire[p.frame[rows]] - (at - p.frames.starts[p.frame[rows]])
    p.size[rows] = np.where(carried > 0, carried + 40, wire)
    p.end[rows] = np.minimum(p.end[rows], at + p.size[rows])
    p.ttl[rows] = o.u8(at + 7)
    for name, begins in (("src", 8), ("dst", 24)):
        getattr(p, f"{name}_hi")[rows] = _u64(o, at + begins)
        getattr(p, f"{name}_lo")[rows] = _u64(o, at + begins + 8)
    proto, place = o.u8(at + 6), at + 40
    for _ in range(MOST_EXTENSIONS):
        more = np.isin(proto, EXTENSIONS) & (place + 8 <= p.end[rows]) & (p.offset[rows] == 0)
        if not more.any():
            break
        here = np.where(more, place, at)
        size = np.select([proto == 44, proto == 51], [8, (o.u8(here + 1) + 2) * 4], (o.u8(here + 1) + 1) * 8)
        flags = o.u16(here + 2)
        is_fragment = more & (proto == 44)
        p.offset[rows] = np.where(is_fragment, flags & 0xFFF8, p.offset[rows])
        p.more[rows] = np.where(is_fragment, flags & 1, p.more[rows])
        p.ip_id[rows] = np.where(is_fragment, _u32(o, here + 4).astype(np.int64), p.ip_id[rows])
        proto, place = np.where(more, o.u8(here), proto), np.where(more, place + size, place)
    p.proto[rows], p.payload[rows] = proto, np.minimum(place, p.end[rows])


def _whole(p: Packets, o: Position, rows: Column, size: int, version: int) -> Column:
    """The rows that hold a header of this version; the others are unknown."""
    good = (p.head[rows] + size <= p.end[rows]) & (o.u8(np.minimum(p.head[rows], len(o.octets) - 1)) >> 4 == version)
    p.kind[rows[~good]] = UNKNOWN
    kept: Column = rows[good]
    return kept


def _u32(o: Position, at: Column) -> Column:
    return _u64_of(o, at, 4)


def _u64(o: Position, at: Column) -> Column:
    return _u64_of(o, at, 8)


def _u64_of(o: Position, at: Column, size: int) -> Column:
    value = np.zeros(len(at), np.uint64)
    for place in range(size):
        value = value << np.uint64(8) | o.octets[at + place]
    return value


# ---- the transport layer
def _transport(p: Packets, o: Position) -> None:
    is_ip = p.proto >= 0
    p.wanted[:] = np.where(is_ip, np.maximum(0, p.size - (p.payload - p.head)), 0)
    p.length[:] = np.where(is_ip, np.maximum(0, p.end - p.payload), 0)
    p.transport[:] = p.payload
    opened = is_ip & (p.offset == 0)
    rows = np.flatnonzero(opened & np.isin(p.proto, WITH_PORTS) & (p.length >= 4))
    p.sport[rows], p.dport[rows] = o.u16(p.payload[rows]), o.u16(p.payload[rows] + 2)
    rows = np.flatnonzero(opened & ((p.proto == ICMP) | (p.proto == ICMP6)) & (p.length >= 2))
    p.dport[rows] = o.u16(p.payload[rows])  # type and code, by the custom of NetFlow
    _past(p, rows[p.length[rows] >= 8], np.int64(8))
    rows = np.flatnonzero(opened & (p.proto == TCP) & (p.length >= 20))
    at = p.payload[rows]
    p.flags[rows], p.window[rows] = o.u16(at + 12) & 0x1FF, o.u16(at + 14)
    p.sequence[rows] = _u32(o, at + 4).astype(np.int64)
    header = np.clip((o.u8(at + 12) >> 4) * 4, 20, p.length[rows])
    p.options[rows] = header - 20
    _past(p, rows, header)
    rows = np.flatnonzero(opened & (p.proto == UDP) & (p.length >= 8))
    told = o.u16(p.payload[rows] + 4) - 8
    _past(p, rows, np.int64(8))
    is_told = (told >= 0) & (told <= p.wanted[rows])
    p.wanted[rows] = np.where(is_told, told, p.wanted[rows])
    p.length[rows] = np.where(is_told, np.minimum(told, p.length[rows]), p.length[rows])


def _past(p: Packets, rows: Column, header: Column | np.int64) -> None:
    p.payload[rows] += header
    p.length[rows] -= header
    p.wanted[rows] = np.maximum(0, p.wanted[rows] - header)


# ---- packets inside packets
def _inside(p: Packets, first: int) -> Packets | None:
    """The packets that those of *p* carry, whose rows begin at *first*; None when they carry none."""
    octets = p.frames.octets
    kind, at = np.zeros(len(p), np.int64), p.payload.copy()
    plain = (p.offset == 0) & (p.more == 0) & (p.length > 0)
    kind[plain & (p.proto == IPIP)] = IPV4
    kind[plain & (p.proto == SIX_IN_FOUR)] = IPV6
    for rows, read in (
        (np.flatnonzero(plain & (p.proto == GRE) & (p.length >= 4)), _gre),
        (np.flatnonzero(plain & (p.proto == UDP) & (np.isin(p.dport, CARRIERS) | np.isin(p.sport, CARRIERS))), _udp),
    ):
        for row in rows.tolist():
            end = int(p.end[row]) if read is _gre else int(p.payload[row] + p.length[row])
            port = int(p.dport[row]) if int(p.dport[row]) in CARRIERS else int(p.sport[row])
            kind[row], at[row] = read(octets, int(p.payload[row]), end, port)
    rows = np.flatnonzero(kind)
    if not len(rows):
        return None
    position = begin(octets, at[rows], p.end[rows], kind[rows])
    inner = _layer(p.frames, position, p.frame[rows], p.depth[rows] + 1, rows + first)
    return inner if (inner.proto >= 0).any() else None


def _gre(octets: Column, at: int, end: int, _port: int) -> tuple[int, int]:
    """GRE (RFC 2784, 2890), its enhanced form of PPTP (RFC 2637), mirrors by ERSPAN."""
    flags, kind = int(octets[at]) << 8 | int(octets[at + 1]), int(octets[at + 2]) << 8 | int(octets[at + 3])
    version, size = flags & 7, 4
    if version == 1:
        size += 4 + (4 if flags & 0x1000 else 0) + (4 if flags & 0x80 else 0)
    else:
        size += (4 if flags & 0xC000 else 0) + (4 if flags & 0x2000 else 0) + (4 if flags & 0x1000 else 0)
    if at + size >= end or version > 1 or (flags & 0x4000 and version == 0):
        return 0, at
    if kind == 0x88BE:  # ERSPAN: type II has a head of 8 octets, type I none
        return ETHERNET, at + size + (8 if flags & 0x1000 else 0)
    if kind == 0x22EB:  # type III: 12, and 8 more where the last bit says so
        return ETHERNET, at + size + 12 + (8 if at + size + 11 < end and octets[at + size + 11] & 1 else 0)
    return {0x880B: PPP}.get(kind, kind if kind > 1500 else 0), at + size


def _udp(octets: Column, at: int, end: int, port: int) -> tuple[int, int]:
    """VXLAN (RFC 7348), Geneve (RFC 8926), Teredo (RFC 4380), GTP-U, L2TP's data (RFC 2661)."""
    if at + 8 > end:
        return 0, at
    first, second = int(octets[at]), int(octets[at + 1])
    if port in (VXLAN, VXLAN_OLD):
        return (ETHERNET, at + 8) if first & 0x08 and second == 0 and octets[at + 7] == 0 else (0, at)
    if port == GENEVE:
        kind = int(octets[at + 2]) << 8 | int(octets[at + 3])
        return (kind if kind > 1500 and first >> 6 == 0 else 0), at + 8 + (first & 0x3F) * 4
    if port == TEREDO:
        return _teredo(octets, at, end)
    if port == GTP:
        size = 12 if first & 7 else 8
        return (ANY_IP, at + size) if first >> 5 == 1 and second == 0xFF and not first & 4 else (0, at)
    if first & 0x80 or second & 0xF != 2:
        return 0, at
    size = 6 + (2 if first & 0x40 else 0) + (4 if first & 0x08 else 0)
    if first & 0x02:
        size += 2 + (int(octets[at + size]) << 8 | int(octets[at + size + 1]))
    return (PPP, at + size) if at + size < end else (0, at)


def _teredo(octets: Column, at: int, end: int) -> tuple[int, int]:
    """Past its authentication and origin (RFC 4380 §5.1.1)."""
    if int(octets[at]) == 0 and int(octets[at + 1]) == 1:
        at += 13 + int(octets[at + 2]) + int(octets[at + 3])
    if at + 8 <= end and int(octets[at]) == 0 and int(octets[at + 1]) == 0:
        at += 8
    return (IPV6, at) if at + 40 <= end and int(octets[at]) >> 4 == 6 else (0, at)
