"""Cards (网卡) that speak for something by their maker: cellular modules, home routers. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from netops.core.evidence import Evidence
from netops.core.language import N_
from netops.core.lead import Lead
from netops.core.plane import Plane
from netops.egress.judge import Terminal
from netops.egress.watchlists import Maker, maker


def cards(terminals: Iterable[Terminal], cellular: tuple[Maker, ...], at: datetime) -> Iterator[Lead]:
    """Terminals whose MAC address has a prefix of a maker of cellular modules or of home routers."""
    for one in terminals:
        if name := maker(one.mac, cellular):
            kind = "rogue_exit_host" if one.plane is Plane.EXTRANET else "intranet_exit"
            said = N_("{mac} is a card of {maker}, who makes cellular modules")
            yield _lead("cellular_mac", kind, one, said, name, at)
        if one.maker:
            said = N_("{mac} is a card of {maker}, who makes home routers")
            yield _lead("home_router_mac", "hidden_nat", one, said, one.maker, at)


def _lead(witness: str, kind: str, one: Terminal, said: str, name: str, at: datetime) -> Lead:
    pairs = (("ip", one.ip), ("mac", one.mac), ("switch", one.switch), ("port", one.port))
    subject = {key: value for key, value in pairs if value}
    body: dict[str, object] = {**subject, "maker": name}
    piece = Evidence("fdb", one.switch or "ARP", "IEEE OUI", body, at)
    return Lead(witness, kind, one.plane, subject, one.organization, said, {"mac": one.mac, "maker": name}, piece, at)
