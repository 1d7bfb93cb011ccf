"""Carriers (承载): packets that carry packets, by protocol number or by what stands inside; data in echo requests."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from netops.egress.flows import Column
from netops.egress.listening.observation import Seen
from netops.egress.listening.packets import (
    AH,
    CARRIERS,
    ESP,
    GENEVE,
    GRE,
    GTP,
    ICMP,
    IPIP,
    L2TP,
    SIX_IN_FOUR,
    TEREDO,
    UDP,
    VXLAN,
    VXLAN_OLD,
    Packets,
)

PROTOCOLS = {
    GRE: ("gre", "GRE"), IPIP: ("ipip", "IP-in-IP"), SIX_IN_FOUR: ("6in4", "6in4"), ESP: ("esp", "IPsec ESP"),
    AH: ("ah", "IPsec AH"), 97: ("etherip", "EtherIP"), 115: ("l2tpv3", "L2TPv3"),
}  # fmt: skip
PORTS = {
    VXLAN: ("vxlan", "VXLAN"), VXLAN_OLD: ("vxlan", "VXLAN"), GENEVE: ("geneve", "Geneve"), TEREDO: ("teredo", "Teredo"),
    GTP: ("gtp", "GTP-U"), L2TP: ("l2tp", "L2TP"),
}  # fmt: skip
NUMBERS = np.array(list(PROTOCOLS), np.int64)
ECHO_REPLY, ECHO = 0, 8
MOST_ECHOES = 4096
"""Echoes of a batch that are looked into."""
MOST_PAIRS = 4096
REMEMBERED = 64
"""Requests of one pair that wait for their answers."""
LEAST_ODD = 3


def carriers(packets: Packets) -> Iterator[tuple[Seen, int, int]]:
    """Tunnels by IP protocol or with a whole packet inside: what, ns of the first, packets; one for each pair of ends."""
    rows = np.flatnonzero(np.isin(packets.proto, NUMBERS))
    for row, count in _pairs(packets, rows):
        kind, name = PROTOCOLS[int(packets.proto[row])]
        if int(packets.proto[row]) == SIX_IN_FOUR and ":" in packets.source(row):
            kind, name = "6in6", "6in6"
        yield _seen(packets, row, kind, name, "protocol", 0), int(packets.at[row]), count
    inner = np.flatnonzero((packets.parent >= 0) & (packets.proto >= 0))
    outer = packets.parent[inner]
    for row, count in _pairs(packets, outer[packets.proto[outer] == UDP]):
        port = int(packets.dport[row]) if int(packets.dport[row]) in CARRIERS else int(packets.sport[row])
        kind, name = PORTS[port]
        yield _seen(packets, row, kind, name, "handshake", port), int(packets.at[row]), count


def _pairs(packets: Packets, rows: Column) -> Iterator[tuple[int, int]]:
    """The first row of each pair of ends, whichever way, and how many rows it has."""
    counts: OrderedDict[tuple[int, ...], list[int]] = OrderedDict()
    columns = zip(
        *(getattr(packets, name)[rows].tolist() for name in ("src_hi", "src_lo", "dst_hi", "dst_lo", "proto", "depth")),
        rows.tolist(), strict=True,
    )  # fmt: skip
    for src_hi, src_lo, dst_hi, dst_lo, proto, depth, row in columns:
        key = (*min((src_hi, src_lo, dst_hi, dst_lo), (dst_hi, dst_lo, src_hi, src_lo)), proto, depth)
        counts.setdefault(key, [row, 0])[1] += 1
    for row, count in counts.values():
        yield row, count


def _seen(packets: Packets, row: int, kind: str, name: str, by: str, port: int) -> Seen:
    near, far = packets.source(row), packets.destination(row)
    if port and int(packets.sport[row]) == port != int(packets.dport[row]):
        near, far = far, near
    return Seen("tunnel", kind, name, near, by, far, port, int(packets.proto[row]), depth=int(packets.depth[row]))


class _Pair(NamedTuple):
    """Echoes between two hosts: answers that are not what was asked, whole packets inside, octets of data, ns of the first."""

    odd: int
    packets: int
    octets: int
    first: int
    last: int
    total: int
    asked: OrderedDict[int, int]


class Echoes:
    """Echo requests and replies that carry something else than what was asked for."""

    def __init__(self) -> None:
        self.pairs: OrderedDict[tuple[str, str], _Pair] = OrderedDict()

    def feed(self, packets: Packets) -> None:
        """Take the echoes among *packets*."""
        kind = packets.dport >> 8
        is_echo = (packets.proto == ICMP) & ((kind == ECHO) | (kind == ECHO_REPLY)) & (packets.offset == 0) & (packets.length > 0)
        for row in np.flatnonzero(is_echo & (packets.depth == 0))[:MOST_ECHOES].tolist():
            self._echo(packets, row, is_reply=int(kind[row]) == ECHO_REPLY)

    def _echo(self, packets: Packets, row: int, *, is_reply: bool) -> None:
        near, far = packets.source(row), packets.destination(row)
        key = (far, near) if is_reply else (near, far)
        at = int(packets.at[row])
        pair = self.pairs.get(key) or _Pair(0, 0, 0, at, at, 0, OrderedDict())
        body, start = packets.body(row), int(packets.transport[row])
        mark = int.from_bytes(packets.frames.octets[start + 4 : start + 8].tobytes(), "big")
        odd = 0
        if is_reply:
            asked = pair.asked.pop(mark, None)
            odd = int(asked is not None and asked != hash(body))
        else:
            pair.asked[mark] = hash(body)
            if len(pair.asked) > REMEMBERED:
                pair.asked.popitem(last=False)
        inside = int(_is_packet(body))
        self.pairs[key] = pair._replace(
            odd=pair.odd + odd, packets=pair.packets + inside, octets=pair.octets + len(body), last=at, total=pair.total + 1
        )
        if len(self.pairs) > MOST_PAIRS:
            self.pairs.popitem(last=False)

    def tunnels(self) -> Iterator[tuple[Seen, _Pair]]:
        """Pairs whose echoes are no pings: an answer repeats what was asked (RFC 792), a ping carries no packet."""
        for (near, far), pair in self.pairs.items():
            if pair.odd >= LEAST_ODD or pair.packets >= LEAST_ODD:
                facts = {"changed_answers": pair.odd, "packets_inside": pair.packets, "octets": pair.octets}
                yield Seen("icmp_tunnel", "icmp", "ICMP", near, "shape", far, 0, ICMP, facts=facts, sure=0.9), pair


def _is_packet(body: bytes) -> bool:
    """Whether it begins with a whole IPv4 packet's header, whose length is right."""
    if len(body) < 20 or body[0] != 0x45 or body[9] not in (1, 6, 17):
        return False
    return int.from_bytes(body[2:4], "big") in (len(body), len(body) - 4)
