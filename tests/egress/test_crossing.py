"""Joined planes by flows alone: one conversation that exporters of both planes recorded, one card that both planes see."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import GATEWAY, NOW, OBSERVERS, PC, scene
from scenes import batch as batch_of

from netops.core.plane import Plane
from netops.egress.judge import Observer, Scene
from netops.egress.rules import RULES
from netops.egress.watch import Watch
from netops.egress.wiring import Lan, Wiring

SW_FIN, R_FIN, IN_R, IN_CORE = "10.20.11.2", "10.20.255.11", "10.10.255.12", "10.10.255.1"
HOST_PORT, CABLE = 4, 9
GUEST, PORTAL, CARD, IN_GATEWAY = "10.10.11.60", "10.10.0.80", "00:14:22:00:00:99", "00:0f:e2:00:00:09"
LANS = (
    Lan(Plane.EXTRANET, "10.20.11.0/24", "fin", "r-fin", "sw-fin"),
    Lan(Plane.INTRANET, "10.10.11.0/24", "off", "in-r", "in-sw"),
    Lan(Plane.INTRANET, "10.10.0.0/24", "off", "in-core", "in-sw-dc"),
)


def city(**more: Any) -> Scene:
    """Nothing was ever walked."""
    blind = [msgspec.structs.replace(one, ports=()) for one in OBSERVERS]
    blind += [Observer(SW_FIN, "sw-fin", Plane.EXTRANET, "fin", is_switch=True), Observer(IN_R, "in-r", Plane.INTRANET, "off")]
    return replace(scene(), observers={one.address: one for one in blind}, terminals=(), device_macs=frozenset(),
                   wiring=Wiring(LANS), **more)  # fmt: skip


def flow(exporter: str, in_if: int, src: str, dst: str, second: float, mac: str = "") -> dict[str, Any]:
    at = NOW + int(second * 1000)
    more = {"src_mac": mac} if mac else {}
    return {"exporter": exporter, "in_if": in_if, "src": src, "dst": dst, "received": at, "first": at, "last": at} | more


OWN = flow(SW_FIN, HOST_PORT, "10.20.11.13", "10.20.0.80", 1, CARD)
OUT = [flow(SW_FIN, HOST_PORT, GUEST, PORTAL, at, CARD) for at in (2, 12)]
BACK = [flow(SW_FIN, CABLE, PORTAL, GUEST, at, IN_GATEWAY) for at in (3, 13)]
HOME = [flow(IN_R, 2, GUEST, PORTAL, 4, CARD), flow(IN_R, 1, PORTAL, GUEST, 4, "00:0f:e2:00:00:0a")]
LATER = flow(SW_FIN, HOST_PORT, "10.20.11.13", "10.20.0.80", 14, CARD)


def told(flows: list[dict[str, Any]], place: Scene) -> list[Any]:
    """What is concluded of these flows, each a batch of its own, in the order of receipt."""
    watch = Watch()
    for one in sorted(flows, key=lambda each: each["received"]):
        watch.see(batch_of(one), place)
    return [one for one in watch.due(datetime.fromtimestamp(NOW / 1000, UTC)) if RULES[one.code].kind == "cross_plane"]


def test_a_conversation_in_both_planes_names_both_ends() -> None:
    """The port by which the other plane comes in, and the switch of the LAN that the guest's address is of."""
    [one] = told([OWN, LATER, *OUT, *BACK, *HOME, flow(SW_FIN, CABLE, PORTAL, GUEST, 20, IN_GATEWAY)], city())

    assert {"a": {"device": "sw-fin", "interface": "ifIndex 9"}, "b": {"device": "in-sw"}} == one.subject
    assert ("EG-206", Plane.INTRANET, "off") == (one.code, one.plane, one.organization)
    assert "sw-fin ifIndex 9 and in-sw lie in different planes" in RULES["EG-206"].title.format(**one.facts)
    assert "10.10.11.60 was seen in both planes" in RULES["EG-206"].because.format(**one.facts)


def test_the_other_end_is_a_port_where_a_switch_tells_of_it() -> None:
    """The intranet's switch records the guest as it comes in."""
    place = city()
    watches = {**place.observers, "10.10.11.2": msgspec.structs.replace(place.observers["10.10.11.2"], device="in-sw")}
    home = flow("10.10.11.2", 7, GUEST, PORTAL, 4, CARD)
    last = flow(SW_FIN, CABLE, PORTAL, GUEST, 20, IN_GATEWAY)
    [one] = told([OWN, LATER, *OUT, *BACK, *HOME[:1], home, last], replace(place, observers=watches))
    assert {"device": "in-sw", "interface": "ifIndex 7"} == one.subject["b"]


def both(*seconds: float, card: str = CARD, guest: str = GUEST, **more: str) -> list[dict[str, Any]]:
    """A card in both planes by turns, as the routers of its LANs see it."""
    flows = [flow(R_FIN, 2, more.get("own", "10.20.11.13"), "10.20.0.80", at, card) for at in seconds]
    return flows + [flow(IN_R, 2, guest, PORTAL, at + 1, card) for at in seconds]


def test_a_card_in_both_planes_is_told_without_any_switch() -> None:
    """Routers alone: the switches of both LANs are named by the register."""
    [one] = told(both(0, 20, 40, 80), city())
    assert {"a": {"device": "sw-fin"}, "b": {"device": "in-sw"}} == one.subject
    assert CARD == one.facts["who"]


def test_both_ways_are_one_finding_and_the_ports_stay() -> None:
    """What a switch saw is not forgotten for what the routers see."""
    last = [flow(SW_FIN, CABLE, PORTAL, GUEST, 20, IN_GATEWAY), flow(R_FIN, 2, "10.20.11.13", "10.20.0.80", 90, CARD)]
    [one] = told([OWN, LATER, *OUT, *BACK, *HOME, *both(5, 20, 40, 80), *last], city())
    assert {"a": {"device": "sw-fin", "interface": "ifIndex 9"}, "b": {"device": "in-sw"}} == one.subject


BENIGN: dict[str, tuple[list[dict[str, Any]], Scene]] = {
    "a terminal with a wrong address, whom nobody answers": ([OWN, LATER, *OUT, *OUT], city()),
    "the conversation is seen in one plane only": ([OWN, LATER, *OUT, *BACK, *BACK], city()),
    "a stray record": ([OWN, LATER, OUT[0], *HOME], city()),
    "a machine that is carried over": ([*[flow(R_FIN, 2, "10.20.11.13", "10.20.0.80", at, CARD) for at in (0, 30, 60)],
                                        *[flow(IN_R, 2, GUEST, PORTAL, at, CARD) for at in (70, 100, 200, 300)]], city()),
    "one that is carried over, told of late": ([*both(60, 90), flow(R_FIN, 2, "10.20.11.13", "10.20.0.80", 0, CARD)], city()),
    "clones of a virtual machine": (both(0, 20, 40, 80, card="00:50:56:00:00:99"), city()),
    "an address that somebody made up": (both(0, 20, 40, 80, card="02:14:22:00:00:99"), city()),
    "a virtual gateway of both planes": (both(0, 20, 40, 80, card="00:00:5e:00:01:01"), city()),
    "a router of both planes": (both(0, 20, 40, 80, card=GATEWAY), replace(city(), device_macs=frozenset({0x000FE2000001}))),
    "a card that sends for many": ([*both(0, 20, 40, 80), *both(5, own="10.20.11.14"), *both(10, own="10.20.11.15")], city()),
    "two cards": ([one | ({"src_mac": PC} if one["exporter"] == IN_R else {}) for one in both(0, 20, 40, 80)], city()),
    "records that name no card": ([{key: value for key, value in one.items() if key != "src_mac"}
                                   for one in both(0, 20, 40, 80)], city()),
}  # fmt: skip


@pytest.mark.parametrize("name", BENIGN)
def test_what_joins_nothing_accuses_nobody(name: str) -> None:
    """Wrong settings, carried machines and cards that are alike have findings of their own, or none."""
    assert [] == told(*BENIGN[name])


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forged pairs of addresses fill a small table, and it empties by itself."""
    from netops.egress import crossing

    monkeypatch.setattr(crossing, "MOST", 8)
    watch, place = Watch(), city()
    watch.see(batch_of(*[flow(SW_FIN, 3, f"10.10.200.{number}", PORTAL, 0, CARD) for number in range(50)]), place)
    assert 8 == len(watch.crossings.strangers)

    watch.see(batch_of(flow(SW_FIN, 3, "10.20.11.13", "10.20.0.80", 2 * crossing.WINDOW_MS / 1000, CARD)), place)
    assert ({}, {}) == (watch.crossings.strangers, watch.crossings.at_home)
