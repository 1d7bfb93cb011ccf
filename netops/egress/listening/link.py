"""From the link to the network layer: Ethernet, tags, LLC, MPLS, PPPoE, PPP, cooked and radio frames, many at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from netops.egress.flows import Column

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
VLAN_TAGS = (0x8100, 0x88A8, 0x9100, 0x9200)
LABELS = (0x8847, 0x8848)
PPPOE_SESSION, BRIDGED = 0x8864, 0x6558
LINK = 1 << 16
"""What is no EtherType is written above this."""
ETHERNET, LOOPBACK, SLL, SLL2, ANY_IP, PPP, HDLC, WIFI, RADIOTAP, PPI, PFLOG, LLC, PRISM, PPP_DIRECTION, ENC, NFLOG = range(
    LINK, LINK + 16
)
UNKNOWN = LINK + 32
LLC_KIND = LINK + 0x100
"""Plus the destination SAP: frames of IEEE 802.2 that carry no EtherType, such as spanning tree (0x42)."""
LINKS = {
    0: LOOPBACK, 1: ETHERNET, 9: PPP, 11: LLC, 12: ANY_IP, 14: ANY_IP, 50: PPP, 51: PPPOE_SESSION, 101: ANY_IP, 104: HDLC,
    105: WIFI, 108: LOOPBACK, 109: ENC, 113: SLL, 117: PFLOG, 119: PRISM, 127: RADIOTAP, 192: PPI, 204: PPP_DIRECTION,
    228: IPV4, 229: IPV6, 239: NFLOG, 276: SLL2,
}  # fmt: skip
"""What a frame begins with, by LINKTYPE number (https://www.tcpdump.org/linktypes.html)."""
PPP_KINDS = {0x0021: IPV4, 0x0057: IPV6, 0x0281: LABELS[0], 0x0283: LABELS[1], 0xC021: LINK + 40, 0x0031: ETHERNET}
MOST_LAYERS = 24
"""Layers below the network's; more is no traffic but an attack."""


@dataclass(slots=True)
class Position:
    """
    Where each frame has been read to.

    Args:
        octets: uint8, guarded at its end.
        at, end: int64, next octet and the one behind the last captured.
        kind: int64, EtherType or one of ours: what stands at *at*.
        src_mac, dst_mac: uint64, 0 for none.
        vlan, inner_vlan: int64, 802.1Q id of the outer and the second tag, -1 for none.
    """

    octets: Column
    at: Column
    end: Column
    kind: Column
    src_mac: Column
    dst_mac: Column
    vlan: Column
    inner_vlan: Column

    def u8(self, at: Column) -> Column:
        """The octet at each place."""
        return self.octets[at].astype(np.int64)

    def u16(self, at: Column) -> Column:
        """Two octets, most significant first."""
        value: Column = self.octets[at].astype(np.int64) << 8 | self.octets[at + 1]
        return value

    def mac(self, at: Column) -> Column:
        """Six octets as one number."""
        value = np.zeros(len(at), np.uint64)
        for place in range(6):
            value = value << np.uint64(8) | self.octets[at + place]
        return value


def begin(octets: Column, starts: Column, ends: Column, kind: Column) -> Position:
    """Positions at the beginning of frames."""
    count = len(starts)
    macs = np.zeros(count, np.uint64), np.zeros(count, np.uint64)
    tags = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    return Position(octets, starts.astype(np.int64), ends.astype(np.int64), kind, *macs, *tags)


def kinds(link: Column) -> Column:
    """What frames of these link types begin with; UNKNOWN for one that is not known."""
    found = np.full(len(link), UNKNOWN, np.int64)
    for number in np.unique(link).tolist():
        found[link == number] = LINKS.get(number, UNKNOWN)
    return found


def descend(position: Position) -> None:
    """Read every frame up to its network layer: what *kind* is then, stands at *at*; UNKNOWN where a frame ended too early."""
    rows = np.arange(len(position.at))
    for _ in range(MOST_LAYERS):
        kind = position.kind[rows]
        is_open = np.isin(kind, OPEN) | (kind <= 1500)
        rows, kind = rows[is_open], kind[is_open]
        if not len(rows):
            return
        for value in np.unique(np.where(kind <= 1500, 0, kind)).tolist():
            mine = rows[kind <= 1500 if value == 0 else kind == value]
            step, size = STEPS[value]
            short = position.at[mine] + size > position.end[mine]
            position.kind[mine[short]] = UNKNOWN
            if len(mine := mine[~short]):
                step(position, mine)
    position.kind[rows] = UNKNOWN


# ---- steps: each reads one layer of some rows
def _ethernet(p: Position, rows: Column) -> None:
    at = p.at[rows]
    first = p.dst_mac[rows] == 0
    p.dst_mac[rows] = np.where(first, p.mac(at), p.dst_mac[rows])
    p.src_mac[rows] = np.where(first, p.mac(at + 6), p.src_mac[rows])
    p.kind[rows], p.at[rows] = p.u16(at + 12), at + 14


def _tag(p: Position, rows: Column) -> None:
    at = p.at[rows]
    tag, is_outer = p.u16(at) & 0xFFF, p.vlan[rows] < 0
    p.inner_vlan[rows] = np.where(is_outer | (p.inner_vlan[rows] >= 0), p.inner_vlan[rows], tag)
    p.vlan[rows] = np.where(is_outer, tag, p.vlan[rows])
    p.kind[rows], p.at[rows] = p.u16(at + 2), at + 4


def _llc(p: Position, rows: Column) -> None:
    """IEEE 802.2, with SNAP (RFC 1042) or without."""
    at = p.at[rows]
    is_snap = (p.u16(at) == 0xAAAA) & (at + 8 <= p.end[rows])
    code = np.where(is_snap, p.u16(at + np.where(is_snap, 6, 0)), 0)
    p.kind[rows] = np.where(is_snap, np.where(code > 1500, code, UNKNOWN), LLC_KIND + p.u8(at))
    p.at[rows] = at + np.where(is_snap, 8, 3)


def _labels(p: Position, rows: Column) -> None:
    """One label of an MPLS stack (RFC 3032); what is below tells itself by its first half octet (RFC 4928)."""
    at = p.at[rows] + 4
    is_last = (p.u8(at - 2) & 1) == 1
    nibble = p.u8(at) >> 4
    below = np.select([nibble == 4, nibble == 6, nibble == 0], [IPV4, IPV6, ETHERNET], UNKNOWN)
    p.kind[rows] = np.where(is_last, below, p.kind[rows])
    p.at[rows] = np.where(is_last & (nibble == 0), at + 4, at)  # a control word, then an Ethernet frame (RFC 4448)


def _pppoe(p: Position, rows: Column) -> None:
    p.kind[rows], p.at[rows] = PPP, p.at[rows] + 6


def _ppp(p: Position, rows: Column) -> None:
    """With or without address and control (RFC 1662), the protocol in one octet or two (RFC 1661 §2)."""
    at = p.at[rows]
    at = np.where(p.u16(at) == 0xFF03, at + 2, at)
    is_short = (p.u8(at) & 1) == 1
    number = np.where(is_short, p.u8(at), p.u16(at))
    below = np.full(len(rows), UNKNOWN, np.int64)
    for value, kind in PPP_KINDS.items():
        below[number == value] = kind
    is_type = np.isin(number, (IPV4, IPV6, *LABELS))  # HDLC of routers puts an EtherType here
    p.kind[rows], p.at[rows] = np.where(is_type, number, below), at + np.where(is_short, 1, 2)


def _hdlc(p: Position, rows: Column) -> None:
    p.kind[rows], p.at[rows] = p.u16(p.at[rows] + 2), p.at[rows] + 4
    p.kind[rows] = np.where(p.kind[rows] <= 1500, UNKNOWN, p.kind[rows])


def _loopback(p: Position, rows: Column) -> None:
    """BSD loopback: an address family in either byte order; the packet tells itself."""
    p.kind[rows], p.at[rows] = ANY_IP, p.at[rows] + 4


def _any_ip(p: Position, rows: Column) -> None:
    nibble = p.u8(p.at[rows]) >> 4
    p.kind[rows] = np.select([nibble == 4, nibble == 6], [IPV4, IPV6], UNKNOWN)


def _sll(p: Position, rows: Column) -> None:
    at = p.at[rows]
    p.src_mac[rows] = np.where(p.u16(at + 4) == 6, p.mac(at + 6), 0)
    kind = p.u16(at + 14)
    p.kind[rows], p.at[rows] = np.where(kind > 1500, kind, np.where(kind == 4, LLC, UNKNOWN)), at + 16


def _sll2(p: Position, rows: Column) -> None:
    at = p.at[rows]
    p.src_mac[rows] = np.where(p.u8(at + 11) == 6, p.mac(at + 12), 0)
    kind = p.u16(at)
    p.kind[rows], p.at[rows] = np.where(kind > 1500, kind, np.where(kind == 4, LLC, UNKNOWN)), at + 20


def _skip(p: Position, rows: Column, size: Column, kind: int) -> None:
    at = p.at[rows] + size
    p.kind[rows], p.at[rows] = np.where(at <= p.end[rows], kind, UNKNOWN), np.minimum(at, p.end[rows])


def _radiotap(p: Position, rows: Column) -> None:
    at = p.at[rows]
    _skip(p, rows, np.maximum(8, p.u8(at + 2) | p.u8(at + 3) << 8), WIFI)


def _ppi(p: Position, rows: Column) -> None:
    at = p.at[rows]
    size, link = p.u8(at + 2) | p.u8(at + 3) << 8, p.u8(at + 4) | p.u8(at + 5) << 8
    _skip(p, rows, np.maximum(8, size), WIFI)
    p.kind[rows] = np.where((link == 1) & (p.kind[rows] == WIFI), ETHERNET, p.kind[rows])


def _pflog(p: Position, rows: Column) -> None:
    _skip(p, rows, (p.u8(p.at[rows]) + 3) // 4 * 4, ANY_IP)


def _nflog(p: Position, rows: Column) -> None:
    """Netfilter's log: values with length and type, little-endian; the packet is of type 9."""
    for row in rows.tolist():
        at, end, kind = int(p.at[row]) + 4, int(p.end[row]), UNKNOWN
        while at + 4 <= end:
            size, of = (int(p.octets[at + place]) | int(p.octets[at + place + 1]) << 8 for place in (0, 2))
            if size < 4:
                break
            if of & 0x7FFF == 9:
                at, kind = at + 4, ANY_IP
                break
            at += (size + 3) // 4 * 4
        p.at[row], p.kind[row] = min(at, end), kind


def _wifi(p: Position, rows: Column) -> None:
    """Data frames of IEEE 802.11 that are not encrypted."""
    at = p.at[rows]
    control, flags = p.u8(at), p.u8(at + 1)
    is_data = ((control & 0x0C) == 0x08) & ((control & 0x40) == 0) & ((flags & 0x40) == 0)
    size = 24 + np.where((flags & 3) == 3, 6, 0) + np.where((control & 0x80) != 0, 2, 0)
    to_ds, from_ds = (flags & 1) != 0, (flags & 2) != 0
    source = np.where(from_ds & to_ds, 24, np.where(from_ds, 16, 10))
    is_whole = at + size + 8 <= p.end[rows]
    p.src_mac[rows] = np.where(is_data & is_whole, p.mac(at + np.where(is_whole, source, 0)), 0)
    p.dst_mac[rows] = np.where(is_data & is_whole, p.mac(at + np.where(to_ds & is_whole, 16, 4)), 0)
    p.kind[rows], p.at[rows] = np.where(is_data & is_whole, LLC, UNKNOWN), at + np.where(is_whole, size, 0)


Step = Callable[[Position, Column], None]
STEPS: dict[int, tuple[Step, int]] = {
    0: (_llc, 3),
    ETHERNET: (_ethernet, 14),
    **dict.fromkeys(VLAN_TAGS, (_tag, 4)),
    **dict.fromkeys(LABELS, (_labels, 5)),
    PPPOE_SESSION: (_pppoe, 8),
    BRIDGED: (_ethernet, 14),
    PPP: (_ppp, 2),
    LINK + 40: (lambda p, rows: p.kind.__setitem__(rows, UNKNOWN), 0),  # PPP's own control
    HDLC: (_hdlc, 4),
    LOOPBACK: (_loopback, 5),
    ANY_IP: (_any_ip, 1),
    SLL: (_sll, 16),
    SLL2: (_sll2, 20),
    LLC: (_llc, 3),
    WIFI: (_wifi, 24),
    RADIOTAP: (_radiotap, 8),
    PPI: (_ppi, 8),
    PFLOG: (_pflog, 4),
    PRISM: (lambda p, rows: _skip(p, rows, np.full(len(rows), 144, np.int64), WIFI), 144),
    PPP_DIRECTION: (lambda p, rows: _skip(p, rows, np.full(len(rows), 1, np.int64), PPP), 3),
    ENC: (lambda p, rows: _skip(p, rows, np.full(len(rows), 12, np.int64), ANY_IP), 13),
    NFLOG: (_nflog, 8),
}
"""By kind: the step, and the octets that it needs."""
OPEN = np.array([kind for kind in STEPS if kind], np.int64)
