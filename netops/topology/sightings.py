"""Terminals that were seen (在用终端): ARP joined with forwarding tables. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime

import msgspec
from netaddr import IPAddress, IPNetwork

from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.topology.bridges import Segments
from netops.topology.device import ArpEntry, DeviceView
from netops.topology.routing import LIVE_STATES

HOSTS = frozenset({"telephone", "station"})
VIRTUAL_ROUTER = ("00:00:5e:00:01:", "00:00:5e:00:02:")
"""VRRP (RFC 9568): a gateway's shared MAC is no terminal."""


MAX_AGAINST = 3
"""Rows that must agree with a place for each that contradicts it."""


class SightingSpan(msgspec.Struct, frozen=True):
    """
    A terminal at one place, from when to when.

    Args:
        switch, port: where its MAC is learned on an access port; "" while it is not located.
        device, interface: whose ARP table says it; "" for a MAC without an address.
        last_seen: advances only while it is alive, or while no forwarding table covers its network.
        alive_at: when it was last in a forwarding table or confirmed by ARP; None when never.
    """

    plane: Plane
    ip: str
    mac: str
    switch: str
    port: str
    vlan: int
    device: str
    interface: str
    first_seen: datetime
    last_seen: datetime
    alive_at: datetime | None = None


class Places:
    """
    Where MACs are learned, out of the forwarding tables of one plane's devices.

    Args:
        views: the devices whose tables are read.
        managed: MACs of devices that bridge or route: a port that has learned one leads to it. By default those of
            the bridges among *views*; what hangs on a port beside a walked device that bridges nothing is there.
    """

    def __init__(self, views: Sequence[DeviceView], managed: Collection[str] | None = None) -> None:
        self.learned: set[str] = set()
        self._access: dict[str, set[tuple[str, str, int]]] = defaultdict(set)
        segments = Segments(views)
        if managed is None:
            managed = {mac for view in segments.bridges.values() for mac in view.macs()}
        for view in views:
            uplinks = _uplinks(view, managed)
            uplinks |= {port for device, port in segments.ports if device == (view.plane, view.key)}
            for entry in view.fdb:
                if entry.status != "learned":
                    continue
                self.learned.add(entry.mac)
                if entry.if_index and entry.if_index not in uplinks:
                    self._access[entry.mac].add((view.key, entry.interface, entry.vlan))
        self._twins = _twins(views)
        self._denied = set(_denied(self._access, segments))

    def of(self, mac: str) -> tuple[str, str, int]:
        """
        Switch, port and VLAN of a MAC.

        ("", "", 0) when no access port, or more than one, has learned it, or when a quarter of the other bridges see it
        in another direction than this one. The two ports of an aggregate over two switches (MLAG) are one place.
        """
        found = self._access.get(mac, set())
        if mac in self._denied or len({self._twins.get(place[:2], place[:2]) for place in found}) != 1:
            return ("", "", 0)
        return min(found, key=lambda place: (place[2], place))

    def macs(self) -> Iterable[str]:
        """MACs that some access port has learned."""
        return self._access


def _twins(views: Sequence[DeviceView]) -> dict[tuple[str, str], tuple[str, str]]:
    """
    Aggregates of several switches that are one to what hangs on them, each to the first of them.

    They speak with one LACP system id to one partner (IEEE8023-LAG-MIB dot3adAggActorSystemID, dot3adAggPartnerSystemID).
    """
    groups: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for view in views:
        for one in view.interfaces:
            if one.lag_system and one.lag_partner:
                groups[one.lag_system, one.lag_partner].append((view.key, one.name))
    return {
        place: min(places)
        for places in groups.values()
        if len({device for device, _ in places}) == len(places) > 1
        for place in places
    }


def _denied(access: Mapping[str, set[tuple[str, str, int]]], segments: Segments) -> Iterator[str]:
    """MACs on one access port only that other bridges see elsewhere than in the direction of that port's switch."""
    facing = segments.facing
    numbers = {key: number for (_, key), number in facing.number.items()}
    at = {
        mac: numbers[next(iter(places))[0]]
        for mac, places in access.items()
        if len({place[:2] for place in places}) == 1 and next(iter(places))[0] in numbers
    }
    agree: dict[str, int] = defaultdict(int)
    against: dict[str, int] = defaultdict(int)
    for here, table in enumerate(facing.tables):
        ways = Counter(facing.seen[here].values())
        # Behind the way up is everything: that both are there says nothing.
        widest = max(ways, key=lambda port: (ways[port], -port), default=0)
        for mac, port in table.items():
            there = at.get(mac, here)
            if there == here or not (leads := facing.seen[here].get(there)):
                continue
            if leads != port:
                against[mac] += 1
            elif port != widest:
                agree[mac] += 1
    yield from (mac for mac, votes in against.items() if votes * MAX_AGAINST >= agree.get(mac, 0))


def _uplinks(view: DeviceView, managed: Collection[str]) -> set[int]:
    """Ports that lead to another network device: it speaks there, or its MAC is learned there."""
    speaking = {
        one.local_if_index
        for one in view.neighbors
        if not one.remote_capabilities or not set(one.remote_capabilities) <= HOSTS
    }
    own = view.macs()
    return speaking | {
        entry.if_index
        for entry in view.fdb
        if entry.status == "learned" and entry.mac in managed and entry.mac not in own
    }


def seen(
    plane: Plane,
    views: Sequence[DeviceView],
    at: datetime,
    *,
    others: Sequence[DeviceView] = (),
    addresses: Collection[str] = (),
    nets: Iterable[str] = (),
    served: Iterable[str] = (),
    known: Callable[[], Collection[tuple[str, str]]] = tuple,
) -> list[Sighting]:
    """
    The terminals of a plane.

    Args:
        views: the devices that answered in this walk.
        others: devices known from earlier walks, and of the other plane: theirs are no terminals either.
        addresses: registered addresses of devices.
        nets: transfer prefixes of links and exits: what answers there is a router.
        served: prefixes in which a registered DHCP server offers addresses.
        known: addresses that were alive lately, each with its MAC; asked only where something may be an offer.
    """
    everyone = [*views, *others]
    managed = {mac for view in everyone for mac in view.macs()}
    own = {held.address for view in everyone for held in view.addresses} | set(addresses)
    transfer = [IPNetwork(net) for net in nets]
    places = Places(views, managed)
    offers = _offers(views, [IPNetwork(net) for net in served], known)
    found: dict[tuple[str, str], Sighting] = {}
    for view in views:
        covered, live = _covered(view, places), _live(view, offers)
        for entry in _hosts(view, managed, own, transfer):
            if (entry.ip, entry.mac) in offers:
                continue
            superseded = entry.state == "stale" and bool(
                live.get((entry.mac, entry.if_index), set()) - {entry.ip}
            )
            is_covered = entry.interface in covered
            alive = entry.state == "reachable" or (entry.mac in places.learned and not superseded)
            if entry.state in UNSURE and not is_covered:
                alive = True
            if not alive and (is_covered or superseded):
                continue
            switch, port, vlan = places.of(entry.mac)
            sighting = Sighting(
                plane, entry.ip, entry.mac, view.key, at, switch, port, vlan, entry.interface, alive
            )
            before = found.get((entry.ip, entry.mac))
            if before is None or (alive and not before.alive):
                found[entry.ip, entry.mac] = sighting
    with_address = {mac for _, mac in found}
    for mac in places.macs():
        if (
            mac not in with_address
            and mac not in managed
            and not mac.startswith(VIRTUAL_ROUTER)
            and places.of(mac)[0]
        ):
            switch, port, vlan = places.of(mac)
            found["", mac] = Sighting(plane, "", mac, switch, at, switch, port, vlan, "", alive=True)
    return [found[key] for key in sorted(found)]


UNCONFIRMED = frozenset({"stale", "delay", "probe"})
UNSURE = frozenset({"delay", "probe"})
"""
Somebody wants to reach it, and it has not answered yet (RFC 4861 §7.3.2): a card that left and is asked for, by a probe too,
is in one of these for some seconds. Where forwarding tables cover a network they know better who is there.
"""


def _offers(
    views: Sequence[DeviceView],
    served: Iterable[IPNetwork],
    known: Callable[[], Collection[tuple[str, str]]],
) -> set[tuple[str, str]]:
    """
    Addresses, each with its MAC, that a DHCP server only offers.

    Who has no address yet cannot answer ARP, so a server writes the row itself (RFC 2131 §4.1; dnsmasq: SIOCSARP) and it
    stays for minutes when the offer was not taken; two terminals are offered the same address in turn. Nobody has
    answered for such a row, it was never alive, and its card has another address there, or had one lately.
    """
    # DHCPv6 speaks to link-local addresses.
    nets = sorted((net.first, net.last) for net in served if net.version == 4)

    def net_of(ip: str) -> int:
        """Which of the nets, or -1."""
        address = -1 if ":" in ip else int(IPAddress(ip))
        place = bisect_right(nets, (address, 1 << 32)) - 1
        return place if place >= 0 and address <= nets[place][1] else -1

    unanswered: set[tuple[str, str]] = set()
    has: dict[tuple[str, int], set[str]] = defaultdict(set)
    for view in views if nets else ():
        # Where a device tells states, a row without one is of the older table (RFC 4293 ipNetToMediaTable), which has none.
        states = UNCONFIRMED | ({""} if any(entry.state for entry in view.arp) else set())
        for entry in view.arp:
            if (net := net_of(entry.ip)) >= 0:
                has[entry.mac, net].add(entry.ip)
                if entry.state in states:
                    unanswered.add((entry.ip, entry.mac))
    if not unanswered:
        return set()
    lately = set(known())
    for ip, mac in lately:
        has[mac, net_of(ip)].add(ip)
    return {(ip, mac) for ip, mac in unanswered - lately if has[mac, net_of(ip)] - {ip}}


VLAN_INTERFACES = frozenset({53, 135, 136, 209})
"""IANAifType propVirtual, l2vlan, l3ipvlan, bridge: the router's leg into the switch that it is itself."""


def _covered(view: DeviceView, places: Places) -> set[str]:
    """Interfaces whose network some walked forwarding table covers: it has learned their MAC, or is the device's own."""
    bridges = any(entry.status == "learned" for entry in view.fdb)
    return {
        one.name
        for one in view.interfaces
        if (one.mac and one.mac in places.learned) or (bridges and one.type in VLAN_INTERFACES)
    }


def _live(view: DeviceView, offers: Collection[tuple[str, str]]) -> dict[tuple[str, int], set[str]]:
    """
    Confirmed addresses by MAC and interface.

    A stale address of a MAC that is confirmed there with another one is superseded: the terminal has changed it.
    """
    found: dict[tuple[str, int], set[str]] = defaultdict(set)
    for entry in view.arp:
        if entry.state in LIVE_STATES and (entry.ip, entry.mac) not in offers:
            found[entry.mac, entry.if_index].add(entry.ip)
    return found


def _hosts(
    view: DeviceView, managed: Collection[str], own: Collection[str], transfer: Sequence[IPNetwork]
) -> Iterator[ArpEntry]:
    hops = {route.next_hop for route in view.routes if route.next_hop}
    point_to_point = {
        held.if_index for held in view.addresses if held.prefixlen >= (126 if ":" in held.address else 30)
    }
    wide = {
        held.if_index
        for held in view.addresses
        if 0 <= held.prefixlen < (126 if ":" in held.address else 30) and not held.address.startswith("fe80:")
    }
    for entry in view.arp:
        if (
            entry.mac in managed
            or entry.ip in own
            or entry.ip in hops
            or entry.mac.startswith(VIRTUAL_ROUTER)
        ):
            continue
        if entry.if_index in point_to_point - wide:
            continue
        address = IPAddress(entry.ip)
        if address.is_link_local() or address.is_multicast() or _within(address, transfer):
            continue
        yield entry


def _within(address: IPAddress, nets: Sequence[IPNetwork]) -> bool:
    return any(address in net for net in nets)
