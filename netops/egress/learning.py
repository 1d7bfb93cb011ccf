"""
What flows themselves show of interfaces that no walk told of: who sends through one says what is on its other side.

A device that nobody asks by SNMP, or a port that came up after the last walk, is not left unjudged for that.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network

import numpy as np

from netops.egress.classify import Space
from netops.egress.exit import RegisteredExit
from netops.egress.flows import Column, address_text, grouped
from netops.egress.judge import Facing, Judged, Observer, Port, Scene, unnamed

LEARN_MS = 60_000
"""An interface is looked at for so long before anything is said of it,"""
LEAST = 5
"""and by so many flows;"""
PLAIN_MS, PLAIN_LEAST = 15_000, 10
"""for so long and by so many where all that enters is of one kind."""
OTHERS_SHARE = 0.01
"""So many flows of others, in parts of all, make it one that leads inside: a stray address on a LAN does not."""
MOST = 4096
"""Interfaces remembered; what is beyond waits,"""
FORGET_MS = 3_600_000
"""until one that sent nothing for so long is forgotten: made up numbers must not keep real ones out for ever."""
KINDS = ("own", "others", "internet", "line", "foreign")
INSIDE = (Space.INSIDE, Space.ALLOCATED, Space.DEVICES)


@dataclass(slots=True)
class Glimpse:
    """What entered by one interface: flows of those at home at its device, of others inside, and of the internet."""

    first: int
    last: int = 0
    own: int = 0
    others: int = 0
    internet: int = 0
    line: int = 0
    """Of the internet, and to addresses that are not inside: what comes to the outer address of a line."""
    foreign: int = 0
    """Of private space that no plane has: a home router's LAN."""
    outer: str = ""
    """Where a flow from the internet went that did not go inside: the public address of a line."""

    @property
    def flows(self) -> int:
        """All of them."""
        return self.own + self.others + self.internet + self.line + self.foreign

    def is_ripe(self, now_ms: int, *, walked: bool) -> bool:
        """
        Whether enough was seen to say what is on the other side; of a device that is *walked* the next walk says it better.

        The platform gives inside addresses to what comes from the internet before it passes it on: where nothing comes but for
        addresses that are not inside, a few flows suffice.
        """
        if not walked and self.line == self.flows >= LEAST:
            return True
        is_plain = self.flows in (self.own, self.others) and self.flows >= PLAIN_LEAST
        if not walked and is_plain and self.first <= now_ms - PLAIN_MS:
            return True
        return self.flows >= LEAST and self.first <= now_ms - LEARN_MS


class Learning:
    """Glimpses by exporter address and ifIndex."""

    def __init__(self) -> None:
        self.glimpses: dict[tuple[str, int], Glimpse] = {}
        self.young: set[tuple[str, int]] = set()
        """Interfaces that something was said of, and that are looked at for a while yet."""

    def see(self, judged: Judged, scene: Scene) -> None:
        """Take in the rows that entered by interfaces that are not known, or not for long: what was said early may be wrong."""
        if not len(judged.batch):
            return
        kinds, exporters = judged.kinds, judged.batch.exporters
        unsure = kinds.facing == Facing.UNSEEN
        if self.young:
            places = zip(kinds.exporter.tolist(), kinds.in_if.tolist(), strict=True)
            unsure = unsure | np.array([(exporters[number], in_if) in self.young for number, in_if in places], bool)
        if not unsure.any():
            return
        rows = np.flatnonzero(unsure.take(judged.kind) & (judged.plane >= 0))
        if not len(rows):
            return
        some = judged.take(rows)
        kind = _sources(some, scene)
        batch = some.batch
        group, firsts = grouped(batch.exporter, batch["in_if"], kind)
        counts = np.bincount(group)
        for number, row in enumerate(firsts.tolist()):
            key = batch.exporters[batch.exporter[row]], int(batch["in_if"][row])
            mine = group == number
            at = int(batch["received"][row])
            glimpse = self.glimpses.get(key)
            if glimpse is None:
                if len(self.glimpses) >= MOST:
                    continue
                glimpse = self.glimpses[key] = Glimpse(at)
            glimpse.last = max(glimpse.last, int(batch["received"][mine].max()))
            if not kind[row]:
                continue
            name = KINDS[int(kind[row]) - 1]
            setattr(glimpse, name, getattr(glimpse, name) + int(counts[number]))
            if name == "line":
                outer = np.flatnonzero(mine)
                glimpse.outer = address_text(int(batch["dst_hi"][outer[-1]]), int(batch["dst_lo"][outer[-1]]))

    def unknown(self, scene: Scene, since_ms: int) -> set[str]:
        """Devices that were walked, and have an interface with traffic since then that the walk did not tell of."""
        found = set()
        for (address, if_index), glimpse in self.glimpses.items():
            observer = scene.observers.get(address)
            if observer and observer.ports and glimpse.last >= since_ms and (address, if_index) not in scene.port:
                found.add(observer.device)
        return found

    def ports(self, scene: Scene, now_ms: int) -> dict[tuple[str, int], Port]:
        """What can be said of interfaces that no walk told of."""
        self.glimpses = {key: one for key, one in self.glimpses.items() if one.last > now_ms - FORGET_MS}
        walked = {one.address for one in scene.observers.values() if one.ports}
        told = {key: one for key, one in self.glimpses.items() if one.is_ripe(now_ms, walked=key[0] in walked)}
        found: dict[tuple[str, int], Port] = {}
        taken: set[str] = set()
        for (address, if_index), one in sorted(told.items(), key=lambda item: item[1].first):
            observer = scene.observers.get(address)
            if observer is None or any(port.if_index == if_index for port in observer.ports):
                continue
            leads_inside = any(port.facing is Facing.INTERNAL for port in observer.ports) or any(
                _is_inward(each) for (other, _), each in self.glimpses.items() if other == address
            )
            exits = [each for each in scene.exits if each.device == observer.device]
            facing, used = _facing(one, observer, exits, taken, leads_inside)
            if facing is not Facing.UNSEEN:
                taken |= {used} - {""}
                found[address, if_index] = unnamed(if_index, facing, used, "" if used else one.outer)
        self.young = {key for key in found if told[key].first > now_ms - 2 * LEARN_MS}
        return found


def _sources(judged: Judged, scene: Scene) -> Column:
    """Of every row: which of KINDS it is, from 1, or 0."""
    kind = np.zeros(len(judged.batch), np.int8)
    for number, address in enumerate(judged.batch.exporters):
        observer = scene.observers.get(address)
        rows = np.flatnonzero(judged.batch.exporter == number)
        if observer is None or observer.plane not in scene.tables or not len(rows):
            continue
        table = scene.tables[observer.plane]
        spaces = table.spaces[judged.source[rows]]
        homes = scene.wiring.homes(observer.plane, observer.device, observer.organization)
        is_own = np.array([one.organization in homes for one in table.owners])
        inside = np.isin(spaces, INSIDE) | (spaces == Space.UPSTREAM)
        inward = np.isin(table.spaces[judged.destination[rows]], INSIDE)
        internet = spaces == Space.INTERNET
        conditions = [inside & is_own[judged.source[rows]], inside, internet & inward, internet, spaces == Space.FOREIGN]
        kind[rows] = np.select(conditions, range(1, 1 + len(KINDS)), 0)
    return kind


def _is_inward(one: Glimpse) -> bool:
    return one.others >= max(3, OTHERS_SHARE * one.flows)


def _facing(
    one: Glimpse, observer: Observer, exits: list[RegisteredExit], taken: set[str], leads_inside: bool
) -> tuple[Facing, str]:
    """What is on the other side, and which registered exit it is; UNSEEN while nothing can be said."""
    if _is_inward(one):
        return Facing.INTERNAL, ""
    if one.own or observer.is_switch:
        return Facing.LAN, ""
    used = next((each.id for each in exits if one.outer and _holds(each, one.outer)), "")
    free = [each.id for each in exits if each.id not in taken and not each.net and not each.public_address]
    if used or free:
        return Facing.EXIT, used or free[0]
    return (Facing.UNKNOWN, "") if leads_inside else (Facing.UNSEEN, "")


def _holds(one: RegisteredExit, ip: str) -> bool:
    nets = [text for text in (one.net, one.public_address) if text]
    return any(ip_address(ip) in ip_network(text, strict=False) for text in nets)


