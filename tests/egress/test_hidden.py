"""Home routers on allocated addresses: a lead by the maker's prefix, told only of what is in use."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import NOW, batch, scene

from netops.config import share
from netops.core.plane import Plane
from netops.egress import watchlists
from netops.egress.judge import Scene, Terminal
from netops.egress.watch import Watch

AT = datetime.fromtimestamp(NOW / 1000, UTC)
R_FIN, BOX, PC = "10.20.255.11", "50:c7:bf:00:00:30", "00:14:22:00:00:31"
FLOW = {"exporter": R_FIN, "in_if": 2, "src": "10.20.11.30", "dst": "10.20.0.80", "dport": 80}


def here() -> Scene:
    watched = watchlists.makers(share("playbooks"))
    terminals = tuple(
        Terminal(Plane.EXTRANET, ip, mac, "sw-fin", "ge5", "fin", watchlists.maker(mac, watched))
        for ip, mac in (("10.20.11.30", BOX), ("10.20.11.31", PC))
    )
    return replace(scene(), terminals=terminals)


def test_a_home_router_in_use_is_suspected_once() -> None:
    """Twenty flows, in one batch or one by one; subject with its place, the maker in the texts."""
    watch = Watch()
    for _ in range(20):
        assert [] == watch.due(AT)
        watch.see(batch(FLOW), here())
    [one] = watch.due(AT)

    assert ("EG-404", {"ip": "10.20.11.30", "mac": BOX, "switch": "sw-fin", "port": "ge5"}) == (one.code, one.subject)
    assert ("fin", "TP-LINK") == (one.organization, one.facts["maker"])


@pytest.mark.parametrize(
    "flows",
    [[FLOW] * 19, [FLOW | {"src": "10.20.11.31"}] * 50, [FLOW | {"src": "10.20.0.80", "dst": "10.20.11.30"}] * 50,
     [FLOW | {"exporter": exporter} for exporter in (R_FIN, "10.20.255.2")] * 15],
    ids=["hardly in use", "a plain PC", "only sent to", "the same fifteen flows at two exporters"],
)  # fmt: skip
def test_what_is_not_suspected(flows: list[dict[str, object]]) -> None:
    """No conclusion at all."""
    watch = Watch()
    watch.see(batch(*flows), here())

    assert [] == watch.due(AT)


def unwalked(*macs: tuple[str, str]) -> list[tuple[str, dict[str, str]]]:
    """What is told when nobody walked the router and no terminal is known; flows bear these (address, card)."""
    observers = scene().observers
    observers[R_FIN] = msgspec.structs.replace(observers[R_FIN], ports=())
    blind = replace(here(), terminals=(), observers=observers, makers=watchlists.makers(share("playbooks")))
    watch = Watch()
    watch.see(batch(*(FLOW | {"src": ip, "src_mac": mac} for ip, mac in macs for _ in range(20))), blind)
    return [(one.code, one.subject) for one in watch.due(AT)]


def test_an_exporter_that_nobody_walks_tells_the_card_itself() -> None:
    """Its flows bear the card of the box; a plain PC's, and a card that sends for a whole department, are none."""
    several = [(f"10.20.11.{number}", "50:c7:bf:00:00:77") for number in (40, 41, 42)]

    assert [("EG-404", {"ip": "10.20.11.30", "mac": BOX})] == [
        one for one in unwalked(("10.20.11.30", BOX), ("10.20.11.31", PC), *several) if one[0] == "EG-404"
    ]


@pytest.mark.parametrize(
    ("mac", "maker"),
    [(BOX, "TP-LINK"), ("c8:3a:35:00:00:01", "Tenda"), (PC, ""), ("02:00:00:00:00:01", ""), ("", ""), ("rubbish!", "")],
)
def test_the_maker_of_an_address(mac: str, maker: str) -> None:
    """By IEEE's register; what is locally administered or no address says nothing."""
    assert maker == watchlists.maker(mac, watchlists.makers(share("playbooks")))
