"""Terminals that answer for a walked device's address, out of the ARP and forwarding tables of the last walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netops.addresses.mention import is_virtual
from netops.addresses.reconcile import Seen, Usurper
from netops.core.plane import Plane
from netops.topology.device import ArpEntry, DeviceView
from netops.topology.sightings import Places, SightingSpan

STALE = "stale"
"""What ipNetToPhysicalState calls an entry that nobody has confirmed lately."""


def usurpers(
    plane: Plane, views: Sequence[DeviceView], known: Sequence[DeviceView], sightings: Sequence[Seen]
) -> list[Usurper]:
    """
    Cards at access ports that ARP tables have for addresses that devices say are their own.

    Args:
        views: devices of the plane that answer now. known: of both planes, whose cards are no terminals.
        sightings: terminals of the plane, which say since when a card is there.
    """
    owners = _owners(views)
    managed = {mac for view in known for mac in view.macs()}
    rows = [
        (view, entry)
        for view in views
        for entry in view.arp
        if entry.ip in owners
        and entry.mac not in managed
        and entry.state != STALE
        and not is_virtual(entry.mac)
    ]
    return list(_located(plane, rows, owners, Places(views, managed), sightings)) if rows else []


def _owners(views: Sequence[DeviceView]) -> dict[str, tuple[str, str, str]]:
    """By address: device, interface and the card of that interface, where it is known."""
    found: dict[str, tuple[str, str, str]] = {}
    for view in views:
        cards = {one.if_index: one.mac for one in view.interfaces if one.mac}
        for held in view.addresses:
            if held.if_index in cards and not held.address.startswith(("127.", "fe80:", "::1")):
                found[held.address] = (view.key, held.interface, cards[held.if_index])
    return found


def _located(
    plane: Plane,
    rows: Sequence[tuple[DeviceView, ArpEntry]],
    owners: dict[str, tuple[str, str, str]],
    places: Places,
    sightings: Sequence[Seen],
) -> Iterator[Usurper]:
    """Those at an access port, while the device's own card is on the wire: one that no table has may go by another name."""
    told: set[tuple[str, str]] = set()
    for view, entry in rows:
        device, interface, mac = owners[entry.ip]
        switch, port, vlan = places.of(entry.mac)
        if not switch or mac not in places.learned or (entry.ip, entry.mac) in told:
            continue
        told.add((entry.ip, entry.mac))
        since = min((one.first_seen for one in sightings if one.mac == entry.mac), default=view.at)
        seen = SightingSpan(
            plane, entry.ip, entry.mac, switch, port, vlan, view.key, entry.interface, since, view.at, view.at
        )
        yield Usurper(seen, device, interface, mac)
