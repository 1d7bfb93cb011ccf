"""Cards (网卡) that speak for something by their maker: cellular modules, home routers, wireless bridges. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime

from netops.core.evidence import Evidence
from netops.core.language import N_
from netops.core.lead import Lead
from netops.core.plane import Plane
from netops.egress.judge import Terminal
from netops.egress.watchlists import Consumer, maker

BEHIND = 2
"""So many other cards at the port of a box's card are more than a PC that was plugged in beside it."""


def cards(terminals: Iterable[Terminal], known: Consumer, at: datetime) -> Iterator[Lead]:
    """Terminals whose card is of a maker of cellular modules, home routers or bridges; and the cards beside those boxes."""
    several = list(terminals)
    at_port: dict[tuple[str, str], set[str]] = defaultdict(set)
    for one in several:
        if one.switch and one.port:
            at_port[one.switch, one.port].add(one.mac)
    for one in several:
        if name := maker(one.mac, known.cellular):
            kind = "rogue_exit_host" if one.plane is Plane.EXTRANET else "intranet_exit"
            said = N_("{mac} is a card of {maker}, who makes cellular modules")
            yield _lead("cellular_mac", kind, one, said, at, maker=name)
        bridge = maker(one.mac, known.bridges)
        if one.maker:
            said = N_("{mac} is a card of {maker}, who makes home routers")
            yield _lead("home_router_mac", "hidden_nat", one, said, at, maker=one.maker)
        elif bridge:
            said = N_("{mac} is a card of {maker}, who makes wireless bridges")
            yield _lead("bridge_mac", "hidden_nat", one, said, at, maker=bridge)
        beside = at_port[one.switch, one.port] - {one.mac}
        if (one.maker or bridge) and len(beside) >= BEHIND:
            said = N_("{count} more cards are at the port of {mac}, {switch} {port}")
            yield _lead("several_macs", "hidden_nat", one, said, at, count=str(len(beside)), cards=sorted(beside)[:100])


def _lead(witness: str, kind: str, one: Terminal, said: str, at: datetime, **told: object) -> Lead:
    pairs = (("ip", one.ip), ("mac", one.mac), ("switch", one.switch), ("port", one.port))
    subject = {key: value for key, value in pairs if value}
    piece = Evidence("fdb", one.switch or "ARP", "IEEE OUI", {**subject, **told}, at)
    facts = {key: str(value) for key, value in told.items() if not isinstance(value, list)}
    facts |= {"mac": one.mac, "switch": one.switch, "port": one.port}
    return Lead(witness, kind, one.plane, subject, one.organization, said, facts, piece, at)
