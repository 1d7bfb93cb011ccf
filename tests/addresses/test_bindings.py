"""Rules of reservations, bindings and leases: each fires, and is silent beside what looks like it and where nobody knows."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest

from netops.addresses.allocation import AllocationState
from netops.addresses.bindings import RULES
from netops.addresses.mention import Mention, Source, SourceKind
from netops.addresses.reconcile import Scene, Shared, Stated
from netops.addresses.rules import RULES as EVERY
from netops.addresses.span import number
from netops.core.finding import Conclusion
from tests.addresses.test_rules import EXTRANET, MINUTE, SERVED, Span, given, scene
from tests.conftest import NOON

IP, CARD, OTHER = "10.20.11.7", "00:14:22:00:00:01", "00:14:22:00:00:02"
HERE = Span(IP, CARD)
HOUR = timedelta(hours=1)


def told(
    ip: str = IP,
    mac: str = CARD,
    kind: SourceKind = SourceKind.NEIGHBORS,
    *,
    alive_at: datetime | None = NOON,
    seen: datetime = NOON,
    first: datetime = NOON - HOUR,
    expires: datetime | None = None,
    name: str = "",
) -> Mention:
    """What a file told, by default an ARP table that was taken at noon."""
    return Mention(
        EXTRANET, str(kind), kind, ip, mac, name, "eth0", first, seen, alive_at, expires, is_open=True
    )


def source(kind: SourceKind = SourceKind.NEIGHBORS, **more: object) -> Source:
    """Its source, which told at noon."""
    values: dict[str, object] = {"told_at": NOON, "since": NOON, "is_good": True, "is_whole": True, **more}
    return Source(EXTRANET, str(kind), kind, "file", NOON, **values)  # type: ignore[arg-type]


def lease(ip: str = IP, mac: str = CARD, **more: object) -> Mention:
    values: dict[str, object] = {"alive_at": None, "expires": NOON + HOUR, "name": "pc-7", **more}
    return told(ip, mac, SourceKind.LEASES, **values)  # type: ignore[arg-type]


LEASES = source(SourceKind.LEASES)
FILE = source()


def concluded(where: Scene) -> list[tuple[str, str | None]]:
    return [(one.code, one.subject.get("ip")) for rule in EVERY.values() for one in rule(where)]


def one_of(code: str, where: Scene) -> Conclusion:
    [one] = list(RULES[code](where))
    return one


# ---- reserved
RESERVED = (given("10.20.11.1-10.20.11.63", state=AllocationState.RESERVED),)


def test_a_reserved_address_that_is_used_is_told() -> None:
    """By the walk at its port, or by a file, whose name stands with it."""
    assert [("AD-113", IP)] == concluded(scene(HERE, allocations=RESERVED))
    by_file = one_of("AD-113", scene(allocations=RESERVED, mentions=[told()], sources=[FILE]))
    assert (["neighbors"], "neighbors eth0") == (by_file.subject["sources"], by_file.facts["place"])


def test_an_assigned_address_or_a_terminal_that_is_gone_is_no_premature_use() -> None:
    """Given, it may be used; and what was there a minute before the last walk is not there now."""
    assert [] == concluded(scene(HERE))
    assert [] == concluded(scene(msgspec.structs.replace(HERE, alive_at=NOON - MINUTE), allocations=RESERVED))


def test_nobody_says_that_a_reserved_address_is_used_when_its_source_is_silent() -> None:
    """Nothing new is concluded from a switch that does not answer; what stands is spared by the round."""
    gone = msgspec.structs.replace(HERE, alive_at=NOON - MINUTE)
    blind = {"walked": {}, "silent": {"sw-fin", "r-fin"}}

    assert [] == concluded(scene(gone, allocations=RESERVED, **blind))
    assert scene(gone, allocations=RESERVED, **blind).blind_at(number(IP))


# ---- bound to a card
BOUND = (msgspec.structs.replace(given(IP), mac=CARD),)


def test_a_foreign_card_on_a_bound_address_is_told() -> None:
    """With the card that it is bound to, and where the foreign one is."""
    one = one_of("AD-114", scene(msgspec.structs.replace(HERE, mac=OTHER), allocations=BOUND))

    assert (OTHER, "p1", CARD) == (one.subject["mac"], one.subject["port"], one.facts["bound"])


@pytest.mark.parametrize(
    ("mac", "more"),
    [
        (CARD, {}),
        ("00:00:5e:00:01:0a", {}),
        ("00:00:0c:9f:f0:0a", {}),
        (OTHER, {"devices": {OTHER: "fw-2"}}),
        (OTHER, {"shared": {number(IP): Shared(frozenset({CARD, OTHER}), "双机热备")}}),
        (OTHER, {"shared": {number(IP): Shared(frozenset(), "网卡绑定")}}),
    ],
    ids=["its own", "VRRP", "HSRP", "proxy ARP of a known device", "a named pair", "any pair"],
)
def test_what_is_no_foreign_card(mac: str, more: dict[str, object]) -> None:
    """Its own card, a virtual router's, a device that answers for it, a pair that the configuration names."""
    assert [] == concluded(scene(msgspec.structs.replace(HERE, mac=mac), allocations=BOUND, **more))


def test_an_answered_ping_names_no_card() -> None:
    """Whose card answers a ping is not known: no mismatch; where the walk lately had the address, it is that card."""
    ping = told(IP, "", SourceKind.PING)
    asked = source(SourceKind.PING)

    assert [] == concluded(scene(allocations=BOUND, mentions=[ping], sources=[asked]))
    lately = Span(IP, OTHER, alive_at=NOON - HOUR)
    assert [("AD-114", IP)] == concluded(scene(lately, allocations=BOUND, mentions=[ping], sources=[asked]))
    long_ago = Span(IP, OTHER, alive_at=NOON - 48 * HOUR, first_seen=NOON - 50 * HOUR)
    assert [] == concluded(scene(long_ago, allocations=BOUND, mentions=[ping], sources=[asked]))


# ---- beyond the declaration
TWO = (Stated("D-1", "fin", 2, 1),)


def alive(count: int, cards: int) -> list[Span]:
    return [
        Span(f"10.20.11.{n + 1}", f"00:14:22:00:01:{n % cards:02x}", port=f"p{n % cards}")
        for n in range(count)
    ]


def test_more_addresses_than_terminals_and_devices_are_told() -> None:
    """Four addresses alive, two terminals and a device declared, no more cards than terminals: a card has several."""
    one = one_of("AD-115", scene(*alive(4, 2), stated=TWO))

    assert ({"organization": "fin", "declaration": "D-1", "sources": ["r-fin", "sw-fin"]}, "D-1") == (
        one.subject,
        one.identity,
    )
    assert ("4", "3") == (one.facts["seen"], one.facts["declared"])


def test_what_the_declaration_covers_or_another_rule_tells_is_not_told() -> None:
    """As many as declared; both families of one terminal; and more cards than terminals, which DC-101 tells."""
    assert [] == concluded(scene(*alive(3, 2), stated=TWO))
    assert [] == concluded(scene(*alive(4, 4), stated=TWO))
    assert [] == concluded(scene(*alive(4, 2), stated=()))


def test_addresses_that_nobody_can_see_are_not_counted() -> None:
    """What was alive before the switch fell silent is not counted as alive."""
    gone = [msgspec.structs.replace(one, alive_at=NOON - MINUTE) for one in alive(4, 2)]

    assert [] == concluded(scene(*gone, stated=TWO, walked={}, silent={"sw-fin", "r-fin"}))


# ---- leases
def test_a_lease_of_nobodys_address_is_told() -> None:
    """Unallocated or in quarantine; with the client's card and name, and the server's source."""
    one = one_of("AD-116", scene(mentions=[lease("10.20.11.200")], sources=[LEASES]))
    resting = (given("10.20.11.1-10.20.11.63", state=AllocationState.QUARANTINE),)

    assert ("pc-7", ["leases"]) == (one.facts["name"], one.subject["sources"])
    assert [("AD-116", IP)] == concluded(scene(allocations=resting, mentions=[lease()], sources=[LEASES]))


@pytest.mark.parametrize(
    ("mentioned", "asked"),
    [
        (lease(), LEASES),
        (lease("192.168.1.5"), LEASES),
        (lease("10.20.11.200", expires=NOON - MINUTE), LEASES),
        (msgspec.structs.replace(lease("10.20.11.200"), is_open=False), LEASES),
        (lease("10.20.11.200"), source(SourceKind.LEASES, told_at=NOON - 2 * HOUR)),
    ],
    ids=["allocated", "elsewhere", "has ended", "was given back", "the file is old: unknown"],
)
def test_what_is_no_foreign_lease(mentioned: Mention, asked: Source) -> None:
    """Leases inside an allocation, of other networks, that have ended; and a file that is too old to know."""
    assert [] == concluded(scene(mentions=[mentioned], sources=[asked]))


def test_a_registered_range_needs_no_allocation() -> None:
    """What the register keeps for DHCP is leased by right, unless it rests after somebody else's use."""
    asked: dict[str, Any] = {"prefixes": SERVED, "mentions": [lease("10.20.11.200")], "sources": [LEASES]}
    resting = (given("10.20.11.200", state=AllocationState.QUARANTINE),)

    assert [] == concluded(scene(**asked))
    assert [("AD-116", "10.20.11.200")] == concluded(scene(allocations=resting, **asked))


def test_a_terminal_that_is_there_is_told_once() -> None:
    """Alive with a leased address that nobody was given: unallocated use, by both sources, and nothing else."""
    here = Span("10.20.11.200", CARD)

    assert [("AD-101", "10.20.11.200")] == concluded(
        scene(here, mentions=[lease("10.20.11.200")], sources=[LEASES])
    )


def test_another_card_on_a_leased_address_is_told() -> None:
    """It was there before the server wrote the lease, and still is afterwards."""
    taken = msgspec.structs.replace(HERE, mac=OTHER)
    written = lease(seen=NOON - 15 * MINUTE)
    one = one_of("AD-117", scene(taken, mentions=[written], sources=[LEASES]))

    assert (OTHER, CARD, "leases") == (one.subject["mac"], one.facts["leased"], one.facts["server"])


@pytest.mark.parametrize(
    ("sighting", "written"),
    [
        (HERE, lease(seen=NOON - 15 * MINUTE)),
        (
            msgspec.structs.replace(HERE, mac=OTHER, first_seen=NOON - 20 * MINUTE),
            lease(seen=NOON - 15 * MINUTE),
        ),
        (msgspec.structs.replace(HERE, mac=OTHER), lease(seen=NOON + MINUTE)),
        (msgspec.structs.replace(HERE, mac=OTHER), lease(mac="", seen=NOON - 15 * MINUTE)),
    ],
    ids=[
        "the lessee",
        "came when the lease was written",
        "not seen since",
        "a lease without a card: unknown",
    ],
)
def test_what_is_no_taken_lease(sighting: Span, written: Mention) -> None:
    """The lessee itself, a newcomer that the file does not know yet, one not seen since, a lease that names no card."""
    assert [] == concluded(scene(sighting, mentions=[written], sources=[LEASES]))


# ---- several sources
def test_a_terminal_that_only_a_file_knows_is_found_at_its_port() -> None:
    """The file has address and card, the forwarding table the card's port."""
    at_port = Span("", CARD, port="p9")
    [one] = EVERY["AD-101"](scene(at_port, mentions=[told("10.20.11.200")], sources=[FILE]))

    assert ("sw-fin", "p9", ["neighbors"]) == (
        one.subject["switch"],
        one.subject["port"],
        one.subject["sources"],
    )
    assert ["arp"] == [piece.kind for piece in one.evidence]


def test_sources_that_agree_make_one_finding_with_all_of_them() -> None:
    """First and last seen over all; a piece of evidence from each."""
    both = scene(
        Span("10.20.11.200", CARD, first_seen=NOON - 30 * MINUTE),
        mentions=[told("10.20.11.200"), told("10.20.11.200", "", SourceKind.PING)],
        sources=[FILE, source(SourceKind.PING)],
    )
    [one] = EVERY["AD-101"](both)

    assert ["neighbors", "ping", "r-fin", "sw-fin"] == one.subject["sources"]
    assert (3, "2026-11-20 11:00", "2026-11-20 12:00") == (
        len(one.evidence),
        one.facts["first"],
        one.facts["seen"],
    )


@pytest.mark.parametrize(
    ("mentioned", "asked"),
    [
        (told("10.20.11.200", alive_at=None), FILE),
        (told("10.20.11.200", alive_at=NOON - HOUR), FILE),
        (told("10.20.11.200", seen=NOON - MINUTE, alive_at=NOON - MINUTE), FILE),
        (told("10.20.11.200"), source(told_at=NOON - 2 * HOUR)),
        (told("10.20.11.200"), source(told_at=None)),
        (told("10.20.11.200", "00:00:5e:00:01:01"), FILE),
    ],
    ids=["stale entry", "confirmed long ago", "no longer told", "old file", "never told", "virtual router"],
)
def test_what_a_file_does_not_prove(mentioned: Mention, asked: Source) -> None:
    """Entries that nobody confirmed lately, that the last answer has not, and files that are too old."""
    assert [] == concluded(scene(mentions=[mentioned], sources=[asked]))


def test_every_fact_fills_its_sentence() -> None:
    """Titles and reasons have all their places, and every fact is text."""
    wires = (
        scene(HERE, allocations=RESERVED),
        scene(msgspec.structs.replace(HERE, mac=OTHER), allocations=BOUND),
        scene(*alive(4, 2), stated=TWO),
        scene(mentions=[lease("10.20.11.200")], sources=[LEASES]),
        scene(
            msgspec.structs.replace(HERE, mac=OTHER),
            mentions=[lease(seen=NOON - 15 * MINUTE)],
            sources=[LEASES],
        ),
    )
    seen = set()
    for where in wires:
        [one] = [one for rule in RULES.values() for one in rule(where)]
        rule = RULES[one.code]
        assert rule.title.format(**one.facts)
        assert rule.because.format(**one.facts)
        assert all(isinstance(value, str) for value in one.facts.values())
        assert all(word in rule.explanation for word in ("What:", "Why:", "Mend:"))
        seen.add(one.code)
    assert set(RULES) == seen
