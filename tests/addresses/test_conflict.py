"""Address conflicts: what only looks like one, and claims that files make."""

from __future__ import annotations

import msgspec
import pytest

from netops.addresses.conflict import contested, is_conflict
from netops.addresses.mention import is_virtual
from netops.addresses.reconcile import Scene, Shared
from netops.addresses.rules import RULES
from netops.addresses.span import number
from tests.addresses.test_bindings import FILE, HOUR, source, told
from tests.addresses.test_rules import MINUTE, NEW, OLD, STILL_THERE, Span, scene
from tests.conftest import NOON

IP = OLD.ip


def conflicts(where: Scene) -> list[set[str]]:
    return [{claim["mac"] for claim in one.subject["claims"]} for one in RULES["AD-102"](where)]


def test_the_plain_conflict_stands() -> None:
    """What the cases below are exceptions from: two cards, two ports, both alive, the older one back since."""
    [one] = RULES["AD-102"](scene(OLD, NEW, STILL_THERE))

    assert ["r-fin", "sw-fin"] == one.subject["sources"]
    assert "2026-11-20 11:00" == one.facts["other_first"]


VRRP, HSRP, HSRP2, GLBP = "00:00:5e:00:01:0b", "00:00:0c:07:ac:0b", "00:00:0c:9f:f0:0b", "00:07:b4:00:0b:01"


@pytest.mark.parametrize("mac", [VRRP, "00:00:5e:00:02:0b", HSRP, HSRP2, "00:05:73:a0:00:0b", GLBP])
def test_a_virtual_routers_card_is_nobodys_rival(mac: str) -> None:
    """VRRP (RFC 5798), HSRP (RFC 2281, and version 2), GLBP: the group's address has the group's card, wherever it is."""
    assert is_virtual(mac)
    assert [] == conflicts(scene(OLD, msgspec.structs.replace(NEW, mac=mac), STILL_THERE))


def test_a_card_that_is_nearly_a_virtual_one_is_a_rival() -> None:
    """Only the assigned ranges count."""
    near = "00:00:5e:00:00:0b"

    assert [{OLD.mac, near}] == conflicts(scene(OLD, msgspec.structs.replace(NEW, mac=near), STILL_THERE))


@pytest.mark.parametrize(
    "more",
    [
        {"devices": {NEW.mac: "fw-2"}},
        {"devices": {OLD.mac: "fw-1"}},
        {"attached": {("sw-fin", "p1"): "00:14:22:aa:00:01", ("sw-fin", "p2"): "00:14:22:aa:00:01"}},
        {"shared": {number(IP): Shared(frozenset({OLD.mac, NEW.mac}), "双机热备")}},
        {"shared": {number(IP): Shared(frozenset(), "网卡绑定")}},
    ],
    ids=["a device answers for it", "it was a device's", "one machine by LLDP", "a named pair", "any pair"],
)
def test_one_machine_or_a_pair_is_no_conflict(more: dict[str, object]) -> None:
    """Proxy ARP by a known device (RFC 1027), teamed cards that introduce themselves, high availability on paper."""
    assert [] == conflicts(scene(OLD, NEW, STILL_THERE, **more))


@pytest.mark.parametrize(
    "more",
    [
        {"attached": {("sw-fin", "p1"): "00:14:22:aa:00:01", ("sw-fin", "p2"): "00:14:22:aa:00:02"}},
        {"attached": {("sw-fin", "p1"): "00:14:22:aa:00:01"}},
        {"shared": {number(IP): Shared(frozenset({OLD.mac, "00:14:22:00:00:77"}), "双机热备")}},
        {"shared": {number("10.20.11.8"): Shared(frozenset(), "双机热备")}},
    ],
    ids=["two machines by LLDP", "one machine unnamed", "another pair", "another address"],
)
def test_an_exception_covers_no_more_than_it_says(more: dict[str, object]) -> None:
    """Whoever spoofs an address is not excused by a neighbour's paper."""
    assert [{OLD.mac, NEW.mac}] == conflicts(scene(OLD, NEW, STILL_THERE, **more))


def test_two_files_that_name_two_cards_make_a_conflict() -> None:
    """The one's card is older and still told after the other's appeared; where they are, nobody knows."""
    one = told(IP, OLD.mac, first=NOON - HOUR)
    other = msgspec.structs.replace(told(IP, NEW.mac, first=NOON - 5 * MINUTE), source="arp-2")
    where = scene(mentions=[one, other], sources=[FILE, msgspec.structs.replace(FILE, name="arp-2")])

    assert [{OLD.mac, NEW.mac}] == conflicts(where)


def test_a_card_that_a_file_no_longer_tells_is_gone() -> None:
    """An exchanged card stays in nobody's table."""
    one = told(IP, OLD.mac, first=NOON - HOUR, seen=NOON - MINUTE, alive_at=NOON - MINUTE)
    other = told(IP, NEW.mac, first=NOON - 5 * MINUTE)

    assert [] == conflicts(scene(mentions=[one, other], sources=[FILE]))


def test_what_a_silent_file_told_is_unknown() -> None:
    """A file that is too old makes no claim any more, and takes none back."""
    one, other = told(IP, OLD.mac), told(IP, NEW.mac, first=NOON - 5 * MINUTE)

    assert [] == conflicts(scene(mentions=[one, other], sources=[source(told_at=NOON - 2 * HOUR)]))


def test_a_claim_needs_both_cards_alive() -> None:
    """Contested is not proven: the newer card alone may be an exchange."""
    older = msgspec.structs.replace(OLD, alive_at=NOON - 3 * MINUTE)
    [claims] = contested(scene(older, NEW, STILL_THERE))

    assert not is_conflict(claims)
    assert [] == conflicts(scene(older, NEW, STILL_THERE))


def test_lateral_sightings_do_not_hide_a_conflict() -> None:
    """Another address of the same card, of the other family, is no moving on."""
    six = Span("2001:db8::7", OLD.mac, first_seen=NOON - MINUTE)

    assert [{OLD.mac, NEW.mac}] == conflicts(scene(OLD, NEW, STILL_THERE, six))
