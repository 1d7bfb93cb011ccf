"""Terminals out of ARP and forwarding tables: located on access ports, never guessed, alive or not."""

from __future__ import annotations

import msgspec
import pytest

from netops.core.observation import Sighting
from netops.topology.device import ArpEntry, DeviceView, FdbEntry
from netops.topology.sightings import seen
from tests.topology.city import EXTRANET, NOON, city

PC = "02:aa:00:00:00:11"
GHOST = "02:aa:00:00:00:99"


def terminals(views: dict[str, DeviceView]) -> list[Sighting]:
    here = [view for view in views.values() if view.plane is EXTRANET]
    return seen(EXTRANET, here, NOON, others=[view for view in views.values() if view.plane is not EXTRANET])


def test_a_terminal_is_found_at_its_access_port() -> None:
    """The PC is the only terminal: switch, gateway and core are none, nor is what answers on transfer nets."""
    assert [("10.50.11.11", PC, "r-a", "sw-a", "ge2", True)] == [
        (one.ip, one.mac, one.device, one.switch, one.port, one.alive) for one in terminals(city())
    ]


def test_a_mac_behind_an_uplink_is_not_located() -> None:
    """Learned only on the port towards another device: seen, and not placed."""
    views = city()
    views["sw-a"] = msgspec.structs.replace(
        views["sw-a"], fdb=(FdbEntry(PC, 1, 1, "ge1"), *views["sw-a"].fdb[1:])
    )

    assert [("10.50.11.11", "", "")] == [(one.ip, one.switch, one.port) for one in terminals(views)]


@pytest.mark.parametrize("state", ["stale", "delay", "probe"])
def test_an_unconfirmed_entry_is_nobody_where_a_forwarding_table_covers_the_lan(state: str) -> None:
    """ARP remembers what is gone, and asks for it when somebody wants to reach it; the switch has forgotten it."""
    views = city()
    views["r-a"] = msgspec.structs.replace(
        views["r-a"], arp=(*views["r-a"].arp, ArpEntry(2, "lan", "10.50.11.99", GHOST, state))
    )

    assert ["10.50.11.11"] == [one.ip for one in terminals(views)]


@pytest.mark.parametrize(("state", "alive"), [("stale", False), ("delay", True), ("probe", True), ("reachable", True)])
def test_an_unconfirmed_entry_counts_where_nothing_better_covers_the_lan(state: str, alive: bool) -> None:
    """Without a switch's table the entry is all there is: kept; alive is what answered, or is being asked."""
    views = city()
    views["r-b"] = msgspec.structs.replace(
        views["r-b"], arp=(ArpEntry(2, "lan", "10.50.12.99", GHOST, state),)
    )

    assert [("10.50.12.99", alive)] == [(one.ip, one.alive) for one in terminals(views) if one.mac == GHOST]


def test_a_mac_without_an_address_is_seen_too() -> None:
    """A host that never spoke through the gateway is a terminal with a place and no address."""
    views = city()
    views["sw-a"] = msgspec.structs.replace(
        views["sw-a"], fdb=(*views["sw-a"].fdb, FdbEntry(GHOST, 1, 3, "ge3"))
    )

    assert [("", "sw-a", "ge3")] == [
        (one.ip, one.switch, one.port) for one in terminals(views) if one.mac == GHOST
    ]


def test_a_mac_on_two_access_ports_is_not_guessed() -> None:
    """Two switches claim it: it is seen, and placed at neither."""
    views = city()
    views["r-b"] = msgspec.structs.replace(views["r-b"], fdb=(FdbEntry(PC, 1, 3, "ge9"),))

    assert [""] == [one.switch for one in terminals(views) if one.mac == PC]


OFFERED = ArpEntry(2, "lan", "10.50.11.45", PC, "delay")


@pytest.mark.parametrize(
    ("own", "offered", "served", "known", "expected"),
    [
        ("reachable", "delay", ["10.50.11.0/24"], [], [".11"]),
        ("stale", "probe", ["10.50.11.0/24"], [".11"], [".11"]),
        ("reachable", "reachable", ["10.50.11.0/24"], [], [".11", ".45"]),
        ("reachable", "delay", ["10.50.11.0/24"], [".45"], [".11", ".45"]),
        ("reachable", "", ["10.50.11.0/24"], [], [".11"]),
        ("-", "", ["10.50.11.0/24"], [], [".11", ".45"]),
        ("reachable", "delay", ["10.50.12.0/24", "2001:db8::/64"], [], [".11", ".45"]),
        ("", "delay", ["10.50.11.0/24"], [], [".45"]),
        ("", "delay", ["10.50.11.0/24"], [".11"], [""]),
    ],
    ids=["offered", "known by its own", "answered for", "alive before", "in the old table only", "no states told",
         "served elsewhere", "its only one", "its own was taken by another"],
)
def test_what_dhcp_only_offers_is_nobody(
    own: str, offered: str, served: list[str], known: list[str], expected: list[str]
) -> None:
    """A DHCP server writes the row of what it offers: not answered for, its card has another address, it never was alive."""
    views = city()
    rows = [ArpEntry(2, "lan", "10.50.11.11", PC, own.strip("-"))] if own else []
    rows.append(msgspec.structs.replace(OFFERED, state=offered))
    views["r-a"] = msgspec.structs.replace(views["r-a"], arp=tuple(rows))
    here = [view for view in views.values() if view.plane is EXTRANET]
    found = seen(
        EXTRANET, here, NOON, served=served, known=lambda: {(f"10.50.11{end}", PC) for end in known}
    )
    assert expected == [one.ip.removeprefix("10.50.11") for one in found]
