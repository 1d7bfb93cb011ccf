"""Bypasses by flows alone: what entered a department and was recorded nowhere on the platform that records its sender."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import NOW, OBSERVERS, batch, scene

from netops.core.plane import Plane
from netops.egress.judge import Facing, Observer, Scene
from netops.egress.paths import WINDOW_MS
from netops.egress.rules import RULES
from netops.egress.watch import Watch
from netops.egress.wiring import Lan, Wiring

FW, R_FIN, R_HRSS = "10.20.255.2", "10.20.255.11", "10.20.255.12"
UPLINK, NEW, LAN = 1, 9, 2
PC_FIN, PC_HRSS, SERVER = "10.20.11.11", "10.20.12.11", "10.20.0.80"
LANS = (
    Lan(Plane.EXTRANET, "10.20.0.0/24", "ic", "fw"),
    Lan(Plane.EXTRANET, "10.20.11.0/24", "fin", "r-fin", "sw-fin"),
    Lan(Plane.EXTRANET, "10.20.12.0/24", "hrss", "r-hrss", "sw-hrss"),
)
LINKS = ((Plane.EXTRANET, "fw", "r-fin"), (Plane.EXTRANET, "fw", "r-hrss"))
PLATFORM = ((Plane.EXTRANET, "fw"),)


def city(*links: tuple[Plane, str, str], lans: tuple[Lan, ...] = LANS, gate: str = FW, **more: Any) -> Scene:
    """Nothing was ever walked; the register knows LANs and links."""
    blind = [msgspec.structs.replace(one, ports=()) for one in OBSERVERS if one.address != FW]
    blind += [Observer(R_HRSS, "r-hrss", Plane.EXTRANET, "hrss"), Observer(gate, "fw", Plane.EXTRANET, "ic", is_platform=True)]
    return replace(
        scene(), observers={one.address: one for one in blind}, terminals=(), device_macs=frozenset(),
        wiring=Wiring(lans, (*LINKS, *links), PLATFORM), **more,
    )  # fmt: skip


def flow(exporter: str, in_if: int, src: str, dst: str, second: float = 0.0, lasted: float = 1.0, **more: Any) -> dict[str, Any]:
    """One flow that ended three seconds before *second*, when it was received."""
    at = NOW + int(second * 1000)
    return {"exporter": exporter, "in_if": in_if, "src": src, "dst": dst, "received": at, "last": at - 3000,
            "first": at - 3000 - int(lasted * 1000), "packets": 6} | more  # fmt: skip


EVERYDAY = [
    flow(FW, 4, PC_HRSS, SERVER),
    flow(FW, 3, PC_FIN, SERVER),
    flow(FW, 1, SERVER, PC_FIN, lasted=27),
    flow(R_FIN, UPLINK, SERVER, PC_FIN),
    flow(R_FIN, LAN, PC_FIN, SERVER),
    flow(R_HRSS, LAN, PC_HRSS, SERVER),
]
"""The platform records what both departments send to its server."""
THERE = [flow(R_FIN, NEW, PC_HRSS, PC_FIN, at, lasted=20) for at in (30, 45, 60)]
BACK = [flow(R_HRSS, NEW, PC_FIN, PC_HRSS, at, lasted=20) for at in (30, 45, 60)]


def told(flows: list[dict[str, Any]], place: Scene, second: float = 100.0, lost: dict[str, int] | None = None) -> list[Any]:
    """What is concluded at *second* of these flows, and of the last of them once more afterwards."""
    watch = Watch()
    for one in sorted(flows, key=lambda each: each["received"]):
        watch.see(batch(one), place)
    if lost:
        watch.paths.lose(lost, NOW + 50_000)
    now = NOW + int(second * 1000)
    watch.review(place, now)
    place = replace(place, learned=watch.learned(place, now))
    return [one for one in watch.due(datetime.fromtimestamp(now / 1000, UTC)) if one.code == "EG-104"]


def test_both_ends_tell_of_one_link() -> None:
    """Named as one link of two routers, with the interfaces, and with the question that shows what the platform lacks."""
    [one] = told([*EVERYDAY, *THERE[:1], *BACK[:1]], city(), 50)

    ends = [{"device": "r-fin", "interface": "ifIndex 9"}, {"device": "r-hrss", "interface": "ifIndex 9"}]
    assert ends == [one.subject["a"], one.subject["b"]]
    assert ("bypass_link", "link r-fin r-hrss", "fin") == (RULES[one.code].kind, one.identity, one.organization)
    absences = [piece for piece in one.evidence if "missing" in piece.body]
    assert [("fw", 1, 0)] * len(absences) == [(one.source, one.body["missing"], one.body["recorded"]) for one in absences]
    assert "src ip 10.20.12.11 and dst ip 10.20.11.11 and (exporter fw)" in " ".join(piece.query for piece in absences)


def test_one_end_alone_needs_more() -> None:
    """Three flows over half a minute, where the other router exports nothing; one could be a datagram that was lost."""
    [one] = told([*EVERYDAY, *THERE], city())
    assert {"a": {"device": "r-fin", "interface": "ifIndex 9"}, "b": {"device": "r-hrss"}} == one.subject

    assert [] == told([*EVERYDAY, *THERE[:2]], city())
    assert [] == told([*EVERYDAY, *[one | {"received": THERE[0]["received"]} for one in THERE]], city())


def test_nothing_is_said_before_the_platform_had_its_time() -> None:
    """Its exporter tells of a flow up to half a minute after its beginning, as its records show."""
    flows = [*EVERYDAY, *THERE[:1], *BACK[:1]]
    assert [] == told(flows, city(), 34)
    assert 1 == len(told(flows, city(), 50))


BENIGN: dict[str, tuple[list[dict[str, Any]], Scene, dict[str, int] | None]] = {
    "the platform recorded them too": ([*EVERYDAY, *THERE, *BACK, flow(FW, 4, PC_HRSS, PC_FIN, 62),
                                        flow(FW, 3, PC_FIN, PC_HRSS, 62)], city(), None),
    "two uplinks, used by turns": ([*EVERYDAY, *THERE, *BACK, flow(R_FIN, NEW, "10.20.12.12", PC_FIN, 60),
                                    flow(FW, 4, "10.20.12.12", PC_FIN, 61), flow(R_HRSS, NEW, "10.20.11.12", PC_HRSS, 60),
                                    flow(FW, 3, "10.20.11.12", PC_HRSS, 61)], city(), None),
    "a link of the register": ([*EVERYDAY, *THERE, *BACK], city((Plane.EXTRANET, "r-hrss", "r-fin")), None),
    "a link of the register by a third router": ([*EVERYDAY, *THERE, *BACK],
                                                 city((Plane.EXTRANET, "r-hrss", "r-x"), (Plane.EXTRANET, "r-x", "r-fin")), None),
    "the platform lost records just then": ([*EVERYDAY, *THERE, *BACK], city(), {FW: 40}),
    "the platform was never heard": ([one for one in [*EVERYDAY, *THERE, *BACK] if one["exporter"] != FW], city(), None),
    "the platform does not record the senders": ([one for one in [*EVERYDAY, *THERE, *BACK] if one["src"] == SERVER
                                                  or one["exporter"] != FW], city(), None),
    "the platform does not export": ([*EVERYDAY, *THERE, *BACK], replace(city(), observers={
        address: one for address, one in city().observers.items() if address != FW}), None),
    "the platform samples, and they were small": ([one | ({"sampling_interval": 100} if one["exporter"] == FW else {})
                                                   for one in [*EVERYDAY, *THERE, *BACK]], city(), None),
    "longer than all that the platform told of so far": ([*EVERYDAY, *[one | {"first": one["received"] - 90_000}
                                                                      for one in [*THERE, *BACK]]], city(), None),
    "both departments' LANs are at one router": ([*EVERYDAY, *THERE], city(lans=(
        *LANS[:2], msgspec.structs.replace(LANS[2], gateway="r-fin"))), None),
    "the sender's LAN is the platform's own": ([*EVERYDAY, *THERE], city(lans=(
        *LANS[:2], msgspec.structs.replace(LANS[2], gateway="fw"))), None),
    "traffic on its way to somebody else": ([*EVERYDAY, *[one | {"dst": "10.20.0.80"} for one in THERE]], city(), None),
    "its own other site": ([*EVERYDAY, *[one | {"src": "10.20.11.60"} for one in THERE]], city(), None),
}  # fmt: skip


@pytest.mark.parametrize("name", BENIGN)
def test_what_has_another_explanation_accuses_nobody(name: str) -> None:
    """And the same flows without that explanation do: see the tests above."""
    flows, place, lost = BENIGN[name]
    assert [] == told(flows, place, lost=lost)


def test_sampling_hides_small_flows_only() -> None:
    """Of a thousand packets one in a hundred is sure to be there."""
    sampled = [one | {"sampling_interval": 100} if one["exporter"] == FW else one for one in EVERYDAY]
    assert 1 == len(told([*sampled, *[one | {"packets": 1000} for one in [*THERE, *BACK]]], city()))


def test_what_went_over_the_platform_before_does_not_excuse_for_long() -> None:
    """The same two machines talked until the cable was in: the first record may be of both ways, the later ones are not."""
    before = [flow(FW, 4, PC_HRSS, PC_FIN, 20), flow(FW, 3, PC_FIN, PC_HRSS, 20)]
    later = [one | {"received": one["received"] + 60_000} for one in [*THERE, *BACK]]
    assert 1 == len(told([*EVERYDAY, *before, *THERE[:1], *BACK[:1], *later], city(), 160))


def test_an_interface_is_cleared_when_the_platform_records_it_again() -> None:
    """It leads past the platform as long as that is so; the verdict of its flows follows."""
    watch, place = Watch(), city()
    for one in sorted([*EVERYDAY, *THERE, *BACK], key=lambda each: each["received"]):
        watch.see(batch(one), place)
    watch.review(place, NOW + 100_000)
    assert Facing.UNKNOWN is watch.learned(place, NOW + 100_000)[R_FIN, NEW].facing

    for second in range(110, 150, 10):
        watch.see(batch(flow(R_FIN, NEW, PC_HRSS, PC_FIN, second), flow(FW, 4, PC_HRSS, PC_FIN, second)), place)
    watch.review(place, NOW + 200_000)
    assert (R_FIN, NEW) not in watch.paths.proven
    watch.paths.review(NOW + 200_000 + WINDOW_MS)
    assert {} == watch.paths.suspects


def test_a_walked_city_is_not_bothered() -> None:
    """Where walks tell of the routers nothing is remembered."""
    walked = replace(scene(), wiring=Wiring(LANS, LINKS, PLATFORM))
    watch = Watch()
    watch.see(batch(*EVERYDAY, *THERE, *BACK), walked)
    assert ({}, None) == (watch.paths.suspects, watch.paths._carried)
