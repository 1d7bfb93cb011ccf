"""Interfaces that no walk told of: what enters by one says what is on its other side, after a while and not before."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import EXITS, NOW, OBSERVERS, SHARER, batch, scene

from netops.core.plane import Plane
from netops.egress.judge import Facing, Scene
from netops.egress.learning import FORGET_MS, LEARN_MS, MOST, PLAIN_LEAST, PLAIN_MS
from netops.egress.watch import Watch
from netops.egress.wiring import Lan, Wiring

R_FIN, FW, IN_SW = "10.20.255.11", "10.20.255.2", "10.10.11.2"
LATER = NOW + LEARN_MS


def unwalked() -> Scene:
    """The same city, of which nothing was ever walked; the exits are known by their networks only."""
    blind = {one.address: msgspec.structs.replace(one, ports=()) for one in OBSERVERS}
    return replace(scene(), observers=blind, terminals=(), device_macs=frozenset(), exits=EXITS[:1])


def flows(exporter: str, in_if: int, *ends: tuple[str, str], count: int = 6, **more: Any) -> list[dict[str, Any]]:
    return [{"exporter": exporter, "in_if": in_if, "src": src, "dst": dst, **more} for src, dst in ends] * count


UPLINK = flows(R_FIN, 1, ("10.20.0.80", "10.20.11.11"), ("203.0.113.80", "10.20.11.11"))
LAN = flows(R_FIN, 2, ("10.20.11.11", "10.20.0.80"), ("10.20.11.200", "10.20.0.80"))
ROGUE = flows(R_FIN, 9, ("203.0.113.80", "198.51.100.18"), sport=80)
EXIT = [
    *flows(FW, 2, ("203.0.113.80", "203.0.113.2")),
    *flows(FW, 1, ("10.20.11.11", "203.0.113.80"), ("10.20.12.11", "203.0.113.80")),
]
DHCP = flows(IN_SW, 2, ("192.168.1.1", "255.255.255.255"), proto=17, sport=67, dport=68)
SHARED = flows(IN_SW, 3, ("10.10.11.12", "10.10.0.80"), ("203.0.113.80", "10.10.11.11"), src_mac=SHARER)


def learned(given: list[dict[str, Any]], at: int = LATER) -> dict[tuple[str, int], tuple[Facing, str]]:
    watch, city = Watch(), unwalked()
    watch.see(batch(*given), city)
    return {key: (port.facing, port.exit) for key, port in watch.learning.ports(city, at).items()}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (UPLINK, {(R_FIN, 1): (Facing.INTERNAL, "")}),
        (LAN, {(R_FIN, 2): (Facing.LAN, "")}),
        (UPLINK + ROGUE, {(R_FIN, 1): (Facing.INTERNAL, ""), (R_FIN, 9): (Facing.UNKNOWN, "")}),
        (ROGUE, {}),
        (EXIT, {(FW, 1): (Facing.INTERNAL, ""), (FW, 2): (Facing.EXIT, "shared")}),
        (SHARED, {(IN_SW, 3): (Facing.LAN, "")}),
        (DHCP, {(IN_SW, 2): (Facing.LAN, "")}),
        (LAN[:2], {}),
    ],
    ids=["others inside: it leads inside", "one's own: a LAN", "the internet alone, beside an uplink", "the internet alone",
         "the net of the registered exit", "a terminal that carries the internet", "a home router", "too little"],
)  # fmt: skip
def test_what_enters_says_what_is_there(given: list[dict[str, Any]], expected: dict[Any, Any]) -> None:
    """Nothing is said where nothing can be."""
    assert expected == learned(given)


MIXED = UPLINK + flows(R_FIN, 9, ("203.0.113.80", "198.51.100.18"), ("203.0.113.80", "10.20.11.11"), sport=80)


@pytest.mark.parametrize(
    ("given", "waits_ms"),
    [
        (MIXED, LEARN_MS),
        (flows(R_FIN, 2, ("10.20.11.11", "10.20.0.80"), count=PLAIN_LEAST), PLAIN_MS),
        (flows(R_FIN, 2, ("10.20.11.11", "10.20.0.80"), count=PLAIN_LEAST - 1), LEARN_MS),
        (UPLINK + ROGUE, 0),
        (UPLINK + ROGUE[:4], None),
    ],
    ids=["mixed: a minute", "its own alone: a quarter", "few of its own: a minute", "a public line: at once", "too little"],
)
def test_what_is_plain_is_said_sooner(given: list[dict[str, Any]], waits_ms: int | None) -> None:
    """Answers from the internet that go to an outer address come by a line, and by nothing else."""
    mine = (R_FIN, given[-1]["in_if"])
    assert (waits_ms == 0) == (mine in learned(given, NOW + 1))
    if waits_ms:
        assert mine not in learned(given, NOW + waits_ms - 1)
    assert (waits_ms is not None) == (mine in learned(given, NOW + LEARN_MS))


def test_a_device_that_is_walked_is_left_to_the_walk() -> None:
    """A minute, as ever: the walk knows the name of the port, and one line must not become two findings."""
    watch, city = Watch(), scene()
    watch.see(batch(*flows(R_FIN, 33, ("203.0.113.80", "198.51.100.18"))), city)
    assert {} == watch.learning.ports(city, LATER - 1)
    assert Facing.UNKNOWN is watch.learning.ports(city, LATER)[R_FIN, 33].facing


def test_what_was_said_early_is_put_right() -> None:
    """Addresses of others by what looked like a LAN or a line for a moment: it leads inside."""
    watch, city = Watch(), unwalked()
    watch.see(batch(*UPLINK, *ROGUE), city)
    city = replace(city, learned=watch.learning.ports(city, NOW))
    assert Facing.UNKNOWN is city.learned[R_FIN, 9].facing

    watch.see(batch(*flows(R_FIN, 9, ("10.20.0.80", "10.20.11.11"), received=NOW + 10_000)), city)
    assert Facing.INTERNAL is watch.learning.ports(city, LATER)[R_FIN, 9].facing


def test_a_department_straight_on_the_core_has_a_lan_there() -> None:
    """The register says whose LANs a device routes: their addresses lead no further inside."""
    given = flows(FW, 6, ("10.20.12.11", "10.20.0.80"), ("10.20.12.200", "10.20.0.80"), count=PLAIN_LEAST)
    assert Facing.INTERNAL is learned(given)[FW, 6][0]

    watch = Watch()
    city = replace(unwalked(), wiring=Wiring((Lan(Plane.EXTRANET, "10.20.12.0/24", "hrss", "fw"),)))
    watch.see(batch(*given), city)
    assert Facing.LAN is watch.learning.ports(city, LATER)[FW, 6].facing


def test_numbers_that_somebody_made_up_do_not_keep_real_ones_out() -> None:
    """The room is bounded; what sent nothing for an hour makes place again."""
    watch, city = Watch(), unwalked()
    made_up = [one for number in range(100, 100 + MOST) for one in flows(R_FIN, number, ("10.20.0.80", "10.20.11.11"), count=1)]
    watch.see(batch(*made_up), city)
    watch.see(batch(*UPLINK), city)
    assert (R_FIN, 1) not in watch.learning.glimpses

    watch.learning.ports(city, NOW + FORGET_MS)
    watch.see(batch(*UPLINK), city)
    assert [(R_FIN, 1)] == list(watch.learning.glimpses)


def test_breaches_are_found_by_flows_alone() -> None:
    """Without any walk: what waited is judged once the interfaces are known; the unfiled line by its public address."""
    watch, city = Watch(), unwalked()
    watch.see(batch(*UPLINK, *LAN, *ROGUE, *EXIT, *SHARED), city)
    before = sorted(one.code for one in watch.due(_at(NOW)))
    city = replace(city, learned=watch.learning.ports(city, LATER))
    watch.review(city, LATER)
    found = {one.code: one.subject for one in watch.due(_at(LATER), everything=True)}

    assert [] == [code for code in before if code != "EG-201"]
    assert {"device": "r-fin", "interface": "ifIndex 9", "ip": "198.51.100.18"} == found["EG-101"]
    assert {"ip": "10.20.11.200"} == found["EG-301"]
    assert SHARER == found["EG-201"]["mac"]
    assert {"EG-101", "EG-201", "EG-301"} == set(found)


def test_a_walk_is_asked_for_where_an_interface_is_new() -> None:
    """At a device that was walked; one that nobody walks is not asked for ever again."""
    watch, city = Watch(), scene()
    watch.see(batch(*flows(R_FIN, 33, ("203.0.113.80", "198.51.100.18"))), city)
    blind = unwalked()
    watch.see(batch(*flows(FW, 33, ("203.0.113.80", "203.0.113.2"))), blind)

    assert {"r-fin"} == watch.learning.unknown(city, NOW - 1) - {"fw"}
    assert set() == watch.learning.unknown(city, NOW + 1)
    assert set() == watch.learning.unknown(blind, NOW - 1)


def _at(ms: int) -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(ms / 1000, UTC)
