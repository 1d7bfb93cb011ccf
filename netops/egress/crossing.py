"""Crossings (两网互联): the planes joined by a cable or a card, as flows of both planes show it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from netops.core.basis import Basis
from netops.core.finding import Conclusion, Severity, Subject, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.egress.classify import Space
from netops.egress.flows import Column, address_text, address_value, grouped, mac_text
from netops.egress.fold import groups, moment, proof
from netops.egress.judge import IS_INSIDE, PLANES, VIRTUAL_ROUTERS, Judged, Scene, unnamed
from netops.egress.wiring import Lan

WINDOW_MS = 600_000
"""What was seen is remembered for so long."""
LEAST = 2
"""Records in the plane that the addresses are not of; one in their own."""
TOGETHER_MS = 60_000
"""A card that one plane still sees so long after the other saw it first was not carried over: it is in both."""
MOST_OF_ONE = 2
"""Addresses that one card sends for in a plane; more is a router."""
MOST, MOST_CARDS, MOST_ROWS = 1000, 50_000, 256
LOOK_MS = 200
"""Cards are looked at so often, MOST_ROWS of them: who is there sends again."""
LOCAL = 1 << 41
"""Bit of a MAC address that somebody made up (IEEE 802): clones of one machine bear the same."""
MACHINES = np.array([0x005056, 0x000C29, 0x00155D, 0x00163E, 0x080027], np.uint64)
"""Makers of virtual cards (VMware, Hyper-V, Xen, VirtualBox): copies of a machine bear the same address."""

Pair = tuple[str, str]


class Sight(NamedTuple):
    """Where something was last seen: exporter, ifIndex, ms since 1970 UTC, and in how many records."""

    exporter: str
    in_if: int
    received: int
    records: int = 1


class Card(NamedTuple):
    """A MAC address in one plane: addresses that it sent for, when first and last."""

    ips: frozenset[str]
    first: int
    last: int


class Crossings:
    """What each plane saw of the other's addresses and cards."""

    def __init__(self) -> None:
        self.strangers: dict[tuple[Plane, Pair], dict[tuple[str, int], Sight]] = {}
        """Pairs of addresses with one of the other plane, where they were seen, by exporter and ifIndex."""
        self.at_home: dict[tuple[Plane, Pair], Sight] = {}
        """The same pairs in the other plane."""
        self.own: dict[tuple[str, int], int] = {}
        """Ports of exporters that saw strangers by which the plane's own addresses entered, and when."""
        self.cards: dict[int, dict[Plane, Card]] = {}
        self.in_both: set[int] = set()
        """Cards that both planes have seen."""
        self.ends: dict[str, dict[Plane, dict[str, str]]] = {}
        """What is known of both ends, by the finding's identity."""
        self._looked = self._swept = 0

    def see(self, judged: Judged, scene: Scene) -> None:
        """Take in a batch; nothing where only one plane is served."""
        if len(scene.tables) < len(PLANES) or not len(judged.batch):
            return
        at = int(judged.batch["received"][-1])
        if self._swept < at - LOOK_MS * 50:
            self._sweep(at)
        kinds = judged.kinds
        crosses = (kinds.source == Space.OTHER_PLANE) | (kinds.destination == Space.OTHER_PLANE)
        if crosses.any():
            self._strange(judged, np.flatnonzero(crosses.take(judged.kind)))
        if self.strangers:
            self._at_home(judged)
        if at >= self._looked + LOOK_MS:
            self._looked = at
            self._cards(judged, scene)

    def _sweep(self, at: int) -> None:
        self._swept, before = at, at - WINDOW_MS
        for pair, seen in list(self.strangers.items()):
            kept = {place: one for place, one in seen.items() if one.received > before}
            self.strangers[pair] = kept
            if not kept:
                del self.strangers[pair]
        self.at_home = {pair: one for pair, one in self.at_home.items() if one.received > before}
        self.own = {place: when for place, when in self.own.items() if when > before}
        for mac, planes in list(self.cards.items()):
            self.cards[mac] = {plane: one for plane, one in planes.items() if one.last > before}
            if not self.cards[mac]:
                del self.cards[mac]
        self.in_both = {mac for mac in self.in_both if len(self.cards.get(mac, {})) == len(PLANES)}
        if not self.strangers and not self.in_both:
            self.ends = {}

    def _strange(self, judged: Judged, rows: Column) -> None:
        batch = judged.batch
        for group in _by_pair(judged, rows):
            row, plane = int(group[-1]), PLANES[judged.plane[group[-1]]]
            pair = pair_of(judged, row)
            if (plane, pair) not in self.strangers and len(self.strangers) >= MOST:
                continue
            place = batch.exporters[batch.exporter[row]], int(batch["in_if"][row])
            seen = self.strangers.setdefault((plane, pair), {})
            before = seen[place].records if place in seen else 0
            seen[place] = Sight(*place, int(batch["received"][row]), before + len(group))

    def _at_home(self, judged: Judged) -> None:
        """The strangers' pairs where they belong, and the ports of their exporters that the plane itself uses."""
        batch = judged.batch
        exporters = {place[0] for seen in self.strangers.values() for place in seen}
        mine = np.array([address in exporters for address in batch.exporters])
        rows = np.flatnonzero(mine[batch.exporter] & IS_INSIDE[judged.kinds.source].take(judged.kind)) if mine.any() else ()
        if len(rows):
            _, firsts = grouped(batch.exporter[rows], batch["in_if"][rows])
            for row in rows[firsts].tolist():
                self.own[batch.exporters[batch.exporter[row]], int(batch["in_if"][row])] = int(batch["received"][row])
        wanted = {(other(plane), pair) for plane, pair in self.strangers}
        lows = np.array(sorted({address_value(ip)[1] for _, pair in wanted for ip in pair}), np.uint64)
        ours = IS_INSIDE[judged.kinds.source] | IS_INSIDE[judged.kinds.destination]
        rows = np.flatnonzero(ours.take(judged.kind) & np.isin(batch["src_lo"], lows))
        for found in _by_pair(judged, rows[np.isin(batch["dst_lo"][rows], lows)]):
            row = int(found[-1])
            key = PLANES[judged.plane[row]], pair_of(judged, row)
            if key in wanted or (key[0], key[1][::-1]) in wanted:
                place = batch.exporters[batch.exporter[row]], int(batch["in_if"][row])
                self.at_home[key] = Sight(*place, int(batch["received"][row]))

    def _cards(self, judged: Judged, scene: Scene) -> None:
        batch = judged.batch
        if batch.is_zero("src_mac"):
            return
        step = max(1, len(batch) // MOST_ROWS)
        rows = np.arange(int(batch["received"][-1]) % step, len(batch), step)
        inside = np.isin(judged.kinds.source, (Space.INSIDE, Space.ALLOCATED)).take(judged.kind[rows])
        mac = batch["src_mac"][rows]
        rows = rows[inside & (mac > 0) & (mac & np.uint64(LOCAL) == 0) & (judged.plane[rows] >= 0)]
        mac = batch["src_mac"][rows]
        alike = np.isin(mac >> np.uint64(8), VIRTUAL_ROUTERS) | np.isin(mac >> np.uint64(24), MACHINES)
        for row in rows[~(alike | np.isin(mac, scene.macs[0]))].tolist():
            planes = self.cards.get(int(batch["src_mac"][row]))
            if planes is None:
                if len(self.cards) >= MOST_CARDS:
                    continue
                planes = self.cards[int(batch["src_mac"][row])] = {}
            plane, at = PLANES[judged.plane[row]], int(batch["received"][row])
            known = planes.get(plane, Card(frozenset(), at, at))
            ips = known.ips if len(known.ips) > MOST_OF_ONE else known.ips | {pair_of(judged, row)[0]}
            planes[plane] = Card(ips, known.first, at)
            if len(planes) == len(PLANES):
                self.in_both.add(int(batch["src_mac"][row]))

    # ---- what follows
    def joined(self, plane: Plane, pair: Pair) -> tuple[Plane, Pair] | None:
        """The strangers that this pair is of, when both planes saw it often enough."""
        for visited in (plane, other(plane)):
            for each in (pair, pair[::-1]):
                seen = self.strangers.get((visited, each), {})
                home = (other(visited), each) in self.at_home or (other(visited), each[::-1]) in self.at_home
                back = self.strangers.get((visited, each[::-1]), {})
                if seen and home and sum(one.records for one in (*seen.values(), *back.values())) >= LEAST:
                    return visited, each
        return None

    def shared(self, mac: int) -> bool:
        """Whether both planes see a card at the same time, each with an address or two."""
        planes = self.cards.get(mac, {})
        if len(planes) < len(PLANES) or any(len(one.ips) > MOST_OF_ONE for one in planes.values()):
            return False
        return min(one.last for one in planes.values()) >= max(one.first for one in planes.values()) + TOGETHER_MS

    def visited_end(self, scene: Scene, plane: Plane, pair: Pair) -> tuple[str, dict[str, str]] | None:
        """
        The address that is a guest of *plane*, and the port of a switch by which its own plane comes in.

        None until both are seen: the guest at a port that the plane itself uses, the others at one that it does not.
        """
        both = [(ends, one) for ends in (pair, pair[::-1]) for one in self.strangers.get((plane, ends), {}).values()]
        both = [(ends, one) for ends, one in both if (place := scene.observers.get(one.exporter)) and place.is_switch]
        guests = {ends[0] for ends, one in both if (one.exporter, one.in_if) in self.own}
        for ends, one in both:
            if (one.exporter, one.in_if) not in self.own and ends[1] in guests:
                return ends[1], _named(scene, one)
        return None

    def home_end(self, scene: Scene, plane: Plane, ip: str) -> dict[str, str]:
        """Where the LAN of the guest's address is, and the port by which the guest comes there, when a switch tells of it."""
        for (where, pair), one in self.at_home.items():
            place = scene.observers.get(one.exporter)
            if where is plane and pair[0] == ip and place and place.is_switch:
                return _named(scene, one)
        lan = scene.wiring.lan(plane, ip)
        return {"device": at(lan)} if lan else {}

    def know(self, found: dict[Plane, dict[str, str]]) -> tuple[str, dict[Plane, dict[str, str]]]:
        """The identity of a crossing, and all that was ever known of its ends."""
        identity = "planes " + " ".join(found[plane]["device"] for plane in PLANES)
        known = self.ends.get(identity, {})
        self.ends[identity] = {plane: known.get(plane, {}) | found[plane] for plane in PLANES}
        return identity, self.ends[identity]


def other(plane: Plane) -> Plane:
    """The plane that it is not."""
    return next(one for one in PLANES if one is not plane)


def at(lan: Lan) -> str:
    """The device at which terminals of a LAN are plugged in, as far as the register has it."""
    return lan.switch or lan.gateway or lan.net


def pair_of(judged: Judged, row: int) -> Pair:
    """Both addresses of a row."""
    batch = judged.batch
    return (
        address_text(int(batch["src_hi"][row]), int(batch["src_lo"][row])),
        address_text(int(batch["dst_hi"][row]), int(batch["dst_lo"][row])),
    )


def _named(scene: Scene, one: Sight) -> dict[str, str]:
    port = scene.port.get((one.exporter, one.in_if)) or unnamed(one.in_if)
    return {"device": scene.observers[one.exporter].device, "interface": port.name}


def _by_pair(judged: Judged, rows: Column) -> Iterator[Column]:
    """The rows of each exporter, interface and pair of addresses, at most MOST of them."""
    if not len(rows):
        return
    batch = judged.batch
    names = ("src_hi", "src_lo", "dst_hi", "dst_lo")
    columns = [batch.exporter[rows], batch["in_if"][rows], *(batch[name][rows] for name in names)]
    table = np.stack([column.astype(np.uint64) for column in columns], axis=1)
    _, inverse = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    starts = np.flatnonzero(np.diff(inverse.ravel()[order], prepend=-1))
    for number, part in enumerate(np.split(order, starts[1:])):
        if number == MOST:
            return
        yield rows[part]


@rule(
    "EG-206",
    "cross_plane",
    Severity.CRITICAL,
    Basis(8),
    title=N_("{a} and {b} lie in different planes, and traffic passes between them"),
    because=N_("{who} was seen in both planes at once, with {flows} flows: in the extranet at {a}, in the intranet at {b}."),
)
def planes_joined(judged: Judged, scene: Scene, crossings: Crossings | None = None) -> Iterator[Conclusion]:
    """
    EG-206: flows show that the two planes are joined.

    What: exporters of both planes recorded the same conversation, whose addresses belong to one of them; or the same network
        card sends in both planes over the same minute, with an address of each. Named are the switch and the port by which
        the other plane's addresses come in, as far as a switch exports flows; else the switch that the register gives for
        the LAN of the address. It is written down once, in the intranet.
    Why: the two planes are separated physically (Article 8).
    Mend: find the cable at the port named, or the terminal with that card, and take it off at once; keep the ports as they are
        for whoever looks into it.
    Refuted: both planes' registers hold the addresses by intention (a registered exchange system, space used twice); two
        machines whose cards bear the same address; no cable and no second card at the places named.
    """
    if crossings is None or not (crossings.strangers or crossings.in_both):
        return
    yield from _conversations(judged, scene, crossings)
    yield from _same_card(judged, scene, crossings)


def _conversations(judged: Judged, scene: Scene, crossings: Crossings) -> Iterator[Conclusion]:
    kinds = judged.kinds
    crosses = (kinds.source == Space.OTHER_PLANE) | (kinds.destination == Space.OTHER_PLANE)
    if not crossings.at_home or not crosses.any():
        return
    for rows in _by_pair(judged, np.flatnonzero(crosses.take(judged.kind))):
        if (found := crossings.joined(PLANES[judged.plane[rows[-1]]], pair_of(judged, int(rows[-1])))) is None:
            continue
        plane, pair = found
        if (seen := crossings.visited_end(scene, plane, pair)) is None:
            continue
        guest, visited = seen
        if home := crossings.home_end(scene, other(plane), guest):
            yield _told(judged, scene, crossings, rows, {plane: visited, other(plane): home}, guest)


def _same_card(judged: Judged, scene: Scene, crossings: Crossings) -> Iterator[Conclusion]:
    batch = judged.batch
    both = [mac for mac in crossings.in_both if crossings.shared(mac)]
    if not both:
        return
    mask = np.isin(batch["src_mac"], np.array(both, np.uint64))
    for group in groups(judged, mask, batch["src_mac"]):
        mac = int(batch["src_mac"][group.row])
        lans = {plane: scene.wiring.lan(plane, min(one.ips)) for plane, one in crossings.cards[mac].items()}
        ends = {plane: {"device": at(lan)} for plane, lan in lans.items() if lan}
        if len(ends) == len(PLANES):
            yield _told(judged, scene, crossings, group.rows, ends, mac_text(mac))


def _told(
    judged: Judged, scene: Scene, crossings: Crossings, rows: Column, ends: dict[Plane, dict[str, str]], who: str
) -> Conclusion:
    identity, known = crossings.know(ends)
    [group] = groups(judged, np.isin(np.arange(len(judged.batch)), rows), np.zeros(len(judged.batch), np.uint8))
    a, b = known[Plane.EXTRANET], known[Plane.INTRANET]
    subject: Subject = {"a": a, "b": b}
    owners = {lan.organization for lan in scene.wiring.at.get((Plane.INTRANET, b["device"]), ())}
    facts = {"flows": str(len(rows)), "a": " ".join(a.values()), "b": " ".join(b.values()), "who": who}
    return Conclusion(
        "EG-206",
        Plane.INTRANET,
        subject,
        min(owners, default=""),
        facts,
        (proof(judged, scene, group),),
        moment(judged, group),
        len(rows),
        identity,
    )
