"""Rules of addresses: each on the wire it is about, and silent on the wires that only look like it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
import pytest

from netops.addresses.allocation import Allocation, AllocationState, Origin
from netops.addresses.bindings import RULES as BINDINGS
from netops.addresses.foresight import RULES as FORESIGHT
from netops.addresses.mention import Mention, Source, SourceKind
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.reconcile import Scene, Usurper
from netops.addresses.rules import RULES
from netops.addresses.span import number, parsed, shown
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
MINUTE = timedelta(minutes=1)
PREFIXES = (
    RegisteredPrefix("10.20.0.0/16", PrefixRole.CONTAINER, "ic"),
    RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin", switch="sw-fin"),
    RegisteredPrefix("10.20.12.0/24", PrefixRole.POOL, "hrss", switch="sw-hrss"),
)


SERVED = (
    RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin", dhcp_ranges=("10.20.11.128-10.20.11.220",)),
    RegisteredPrefix("2001:db8:11::/64", PrefixRole.POOL, "fin", dhcp_ranges=("2001:db8:11::80/121",)),
)


class Span(msgspec.Struct, frozen=True):
    """A sighting as the topology room keeps it."""

    ip: str
    mac: str
    switch: str = "sw-fin"
    port: str = "p1"
    first_seen: datetime = NOON - 60 * MINUTE
    alive_at: datetime | None = NOON
    device: str = "r-fin"
    interface: str = "lan"
    vlan: int = 0
    plane: Plane = EXTRANET


def given(
    text: str,
    organization: str = "fin",
    state: AllocationState = AllocationState.ACTIVE,
    since: datetime = NOON,
) -> Allocation:
    span = parsed(text)
    return Allocation(
        "AL-0001",
        EXTRANET,
        shown(span.first),
        shown(span.last),
        organization,
        "D-1",
        "",
        state,
        Origin.REGISTER,
        since,
    )


def scene(
    *sightings: Span, allocations: tuple[Allocation, ...] = (given("10.20.11.1-10.20.11.63"),), **more: object
) -> Scene:
    values: dict[str, object] = {
        "nets": (parsed("10.20.0.0/16"),),
        "prefixes": PREFIXES,
        "switches": {"sw-fin": "fin", "sw-hrss": "hrss", "r-fin": "fin"},
        "walked": {"sw-fin": NOON, "sw-hrss": NOON, "r-fin": NOON},
        **more,
    }
    return Scene(EXTRANET, NOON, sightings=sightings, allocations=allocations, **values)  # type: ignore[arg-type]


def concluded(where: Scene) -> list[tuple[str, str]]:
    return [(one.code, one.subject["ip"]) for rule in RULES.values() for one in rule(where)]


def only(where: Scene) -> Conclusion:
    [one] = [one for rule in RULES.values() for one in rule(where)]
    return one


def test_an_address_outside_every_allocation_is_found_at_its_port() -> None:
    """Its organization is the owner of the segment; the address alone names the finding."""
    one = only(scene(Span("10.20.11.200", "00:14:22:00:00:01", port="p7")))

    assert ("AD-101", "fin", "10.20.11.200") == (one.code, one.organization, one.identity)
    expected = {"ip": "10.20.11.200", "mac": "00:14:22:00:00:01", "switch": "sw-fin", "port": "p7"}
    assert {**expected, "sources": ["r-fin", "sw-fin"]} == one.subject


def test_an_address_whose_port_is_unknown_names_the_gateway() -> None:
    """Empty keys are left out of the subject."""
    one = only(scene(Span("10.20.11.200", "00:14:22:00:00:01", switch="", port="")))

    assert {
        "ip": "10.20.11.200",
        "mac": "00:14:22:00:00:01",
        "device": "r-fin",
        "interface": "lan",
        "sources": ["r-fin"],
    } == one.subject


@pytest.mark.parametrize(
    ("sighting", "more"),
    [
        (Span("10.20.11.7", "00:14:22:00:00:01"), {}),
        (Span("192.168.1.1", "00:14:22:00:00:01"), {}),
        (Span("", "00:14:22:00:00:01"), {}),
        (Span("fe80::1", "00:14:22:00:00:01"), {}),
        (Span("10.20.11.200", "00:14:22:00:00:01"), {"own": {number("10.20.11.200")}}),
        (Span("10.20.11.200", "00:14:22:00:00:01"), {"exits": {("r-fin", "lan")}}),
        (Span("10.20.11.200", "00:14:22:00:00:01"), {"prefixes": SERVED}),
        (Span("2001:db8:11::a0", "00:14:22:00:00:01"), {"prefixes": SERVED, "nets": (parsed("2001:db8::/32"),)}),
        (Span("10.20.11.200", "00:14:22:00:00:01", alive_at=NOON - MINUTE), {}),
        (Span("10.20.11.200", "00:14:22:00:00:01", alive_at=None), {}),
        (
            Span("10.20.11.200", "00:14:22:00:00:01", alive_at=NOON - MINUTE),
            {"walked": {}, "silent": {"sw-fin"}},
        ),
    ],
    ids=[
        "allocated",
        "foreign",
        "no address",
        "link-local",
        "a device",
        "an exit",
        "a DHCP range",
        "a DHCP range of IPv6",
        "gone",
        "never alive",
        "nobody knows",
    ],
)
def test_what_is_no_unallocated_use(sighting: Span, more: dict[str, object]) -> None:
    """Allocated, foreign, devices, exits, terminals that are gone or of which nobody knows now."""
    assert [] == concluded(scene(sighting, **more))


def test_a_sighting_nobody_walks_lives_for_ten_minutes() -> None:
    """Devices without SNMP are known from what others saw lately."""
    young, old = (
        Span("10.20.11.200", "00:14:22:00:00:01", alive_at=NOON - minutes * MINUTE) for minutes in (9, 11)
    )

    assert [("AD-101", "10.20.11.200")] == concluded(scene(young, walked={}))
    assert [] == concluded(scene(old, walked={}))


OLD = Span("10.20.11.7", "00:14:22:00:00:01", port="p1", alive_at=NOON - MINUTE)
NEW = Span("10.20.11.7", "00:14:22:00:00:02", port="p2", first_seen=NOON - 2 * MINUTE)
STILL_THERE = Span("", OLD.mac, port="p1", alive_at=NOON, first_seen=NOON)
"""The old card is in the forwarding table, whatever ARP says at the moment."""


def test_two_cards_that_claim_one_address_in_turn_conflict() -> None:
    """ARP names one at a time; the older was alive with it after the newer appeared, and both are on the wire."""
    one = only(scene(OLD, NEW, STILL_THERE))

    assert ("AD-102", NEW.mac, "p2") == (one.code, one.subject["mac"], one.subject["port"])
    assert [OLD.mac, NEW.mac] == [claim["mac"] for claim in one.subject["claims"]]


@pytest.mark.parametrize(
    "sightings",
    [
        (OLD, NEW),
        (msgspec.structs.replace(OLD, alive_at=NOON - 3 * MINUTE), NEW, STILL_THERE),
        (OLD, msgspec.structs.replace(NEW, mac=OLD.mac), STILL_THERE),
        (OLD, msgspec.structs.replace(NEW, port="p1"), STILL_THERE),
        (OLD, NEW, Span("10.20.11.8", OLD.mac, first_seen=NOON - MINUTE)),
        (
            msgspec.structs.replace(OLD, alive_at=NOON - 11 * MINUTE),
            msgspec.structs.replace(NEW, first_seen=NOON - 20 * MINUTE),
            STILL_THERE,
        ),
    ],
    ids=["card exchanged", "not back since", "card moved", "same port", "address handed on", "long ago"],
)
def test_what_is_no_conflict(sightings: tuple[Span, ...]) -> None:
    """An exchanged or moved card, a lease handed on, a claim that was not repeated."""
    assert [] == concluded(scene(*sightings))


def test_an_address_on_another_organizations_switch_is_misplaced() -> None:
    """The switch's owner answers; a switch of the platform, or one with a segment of the holder, serves it."""
    astray = Span("10.20.11.7", "00:14:22:00:00:01", switch="sw-hrss", port="p3")
    one = only(scene(astray))

    assert ("AD-104", "hrss") == (one.code, one.organization)
    assert [] == concluded(scene(astray, switches={"sw-fin": "fin"}))
    shared = (*PREFIXES, RegisteredPrefix("10.20.13.0/24", PrefixRole.POOL, "fin", switch="sw-hrss"))
    assert [] == concluded(scene(astray, prefixes=shared))


def test_an_address_in_quarantine_that_is_used_is_told() -> None:
    """It is nobody's, but not unallocated: it waits."""
    resting = (given("10.20.11.1-10.20.11.63", state=AllocationState.QUARANTINE),)

    assert [("AD-105", "10.20.11.7")] == concluded(
        scene(Span("10.20.11.7", "00:14:22:00:00:01"), allocations=resting)
    )


def watching(**more: object) -> Source:
    """A gateway that has told of the finance segment for a hundred days."""
    values: dict[str, object] = {
        "told_at": NOON, "since": NOON - timedelta(days=100), "is_good": True, "is_whole": True,
        "spans": (parsed("10.20.11.0/24"),), **more,
    }  # fmt: skip
    return Source(EXTRANET, "r-fin", SourceKind.WALK, "10.20.255.11", NOON, **values)  # type: ignore[arg-type]


LONG_AGO = NOON - timedelta(days=200)
IDLE = (given("10.20.11.1-10.20.11.63", since=LONG_AGO),)


def test_idle_is_what_a_source_would_have_seen_for_ninety_days() -> None:
    """The whole allocation is covered, without a gap, by a source that answers now; somebody else's terminal is no use."""
    other = Span("10.20.11.200", "00:14:22:00:00:01", alive_at=NOON - timedelta(days=95), first_seen=LONG_AGO)

    assert [("AD-103", "10.20.11.1")] == concluded(scene(other, allocations=IDLE, sources=[watching()]))


def test_idle_needs_no_single_source() -> None:
    """Two sources that cover a half each cover the whole."""
    halves = [watching(spans=(parsed(text),)) for text in ("10.20.11.0/27", "10.20.11.32/27")]

    assert [("AD-103", "10.20.11.1")] == concluded(scene(allocations=IDLE, sources=halves))


@pytest.mark.parametrize(
    "sources",
    [
        [],
        [watching(is_good=False, why="no answer")],
        [watching(is_whole=False)],
        [watching(told_at=NOON - timedelta(hours=2))],
        [watching(told_at=None, since=None)],
        [watching(spans=(parsed("10.20.11.0/27"),))],
        [watching(spans=())],
        [watching(since=NOON - timedelta(days=89))],
    ],
    ids=["none", "failed", "in part", "stale", "never told", "covers a part", "covers nothing", "young"],
)
def test_what_nobody_watches_is_unknown_and_never_idle(sources: list[Source]) -> None:
    """A source that failed, told a part, is old, or covers only a part proves nothing."""
    assert [] == concluded(scene(allocations=IDLE, sources=sources))


def test_an_allocation_that_was_used_is_not_idle() -> None:
    """By a terminal that the walk saw eighty days ago, or by a lease that some server gave since."""
    used = Span("10.20.11.7", "00:14:22:00:00:02", alive_at=NOON - timedelta(days=80))
    lease = Mention(EXTRANET, "dhcp", SourceKind.LEASES, "10.20.11.7", "00:14:22:00:00:02", "", "", LONG_AGO,
                    NOON - timedelta(days=1), None, None, is_open=False)  # fmt: skip

    assert [] == concluded(scene(used, allocations=IDLE, sources=[watching()]))
    assert [] == concluded(scene(allocations=IDLE, sources=[watching()], mentions=[lease]))
    fresh = (given("10.20.11.1-10.20.11.63", since=NOON - timedelta(days=10)),)
    assert [] == concluded(scene(allocations=fresh, sources=[watching()]))


def test_every_fact_fills_its_sentence() -> None:
    """Titles and reasons have all their places, and every fact is text."""
    wires = (
        scene(Span("10.20.11.200", "00:14:22:00:00:01")),
        scene(OLD, NEW, STILL_THERE),
        scene(Span("10.20.11.7", "00:14:22:00:00:01", switch="sw-hrss")),
        scene(
            Span("10.20.11.7", "00:14:22:00:00:01"),
            allocations=(given("10.20.11.0/24", state=AllocationState.QUARANTINE),),
        ),
        scene(allocations=IDLE, sources=[watching()]),
        scene(usurpers=[Usurper(Span("10.20.11.1", "00:14:22:00:00:01"), "r-fin", "lan", "00:14:22:00:00:02")]),
    )
    seen = set()
    for where in wires:
        one = only(where)
        rule = RULES[one.code]
        assert rule.title.format(**one.facts)
        assert rule.because.format(**one.facts)
        assert all(isinstance(value, str) for value in one.facts.values())
        assert all(word in rule.explanation for word in ("What:", "Why:", "Mend:"))
        seen.add(one.code)
    assert set(RULES) - set(FORESIGHT) - set(BINDINGS) == seen
