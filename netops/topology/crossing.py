"""
Crossings (跨网通道): each single thing that joins the intranet to the extranet, or to the internet, and what says so. Pure.

One generator for each channel: a link, one box in both planes, a MAC of the other plane's device on the wire, a routing
neighbour, a terminal with a foot in each, an address, a route, a VLAN on a trunk.
"""

from __future__ import annotations

import socket
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec
from netaddr import IPNetwork

from netops.core.plane import Plane
from netops.topology import routing
from netops.topology.device import DeviceView, Route
from netops.topology.expected import network, sources
from netops.topology.facing import SHARED_VIRTUAL
from netops.topology.isolation import EVERYWHERE
from netops.topology.link import Link, LinkEnd

Device = tuple[Plane, str]
PAST = "stale"
"""ARP keeps a row for hours after a terminal has left; such a row is no path of today."""
INTERNET = "internet"


class Step(msgspec.Struct, frozen=True):
    """
    One step of a path, and what says so.

    Args:
        a, b: devices; of a route or an address, *b* is what it leads to.
        by: "link", "same device", "device" (the other plane's own MAC on the wire), "adjacency" (a routing neighbour),
            "terminal", "address", "route" or "vlan".
        source: the protocol, the table, the MAC or the VLAN.
        told: devices whose tables hold it.
    """

    a_plane: Plane
    a: str
    b_plane: Plane
    b: str
    by: str
    source: str
    told: tuple[str, ...] = ()
    a_interface: str = ""
    b_interface: str = ""


def crossings(
    views: Sequence[DeviceView],
    links: Sequence[Link],
    nets: dict[Plane, tuple[str, ...]],
    vlans: Mapping[Plane, Collection[int]],
) -> Iterator[Step]:
    """
    Every way out of the intranet: the two devices of a pair are told once, by what says it best.

    Args:
        nets: the planes' own prefixes.
        vlans: 802.1Q ids of the planes' registered LANs.
    """
    by_plane = {plane: [view for view in views if view.plane is plane] for plane in Plane}
    inside, outside = by_plane[Plane.INTRANET], by_plane[Plane.EXTRANET]
    joined: set[tuple[str, str]] = set()
    for step in (
        *_links(links),
        *_same_devices(inside, outside),
        *_devices(inside, outside),
        *_adjacencies(inside, outside),
    ):
        if (step.a, step.b) not in joined:
            joined.add((step.a, step.b))
            yield step
    yield from _shared_terminals(inside, outside)
    yield from _foreign(inside, outside, nets)
    yield from _vlans(views, vlans)


# ---- between devices
def _links(links: Sequence[Link]) -> Iterator[Step]:
    for link in links:
        if link.crosses_planes:
            inner, outer = _inner_first(link.ends)
            yield Step(
                inner.plane,
                inner.device,
                outer.plane,
                outer.device,
                "link",
                sources(link),
                tuple(sorted({claim.device for claim in link.claims})),
                inner.interface,
                outer.interface,
            )


def _inner_first(ends: tuple[LinkEnd, LinkEnd]) -> tuple[LinkEnd, LinkEnd]:
    a, b = ends
    return (a, b) if a.plane is Plane.INTRANET else (b, a)


def _same_devices(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """One box that both planes manage: it has a MAC, a serial number or an engine id of its own in both."""
    owners = {name: view for view in outside for name in _marks(view)}
    for view in inside:
        found = next((name for name in sorted(_marks(view)) if name in owners), None)
        if found is not None:
            other = owners[found]
            source = "ifPhysAddress" if found.count(":") == 5 else "entPhysicalSerialNum, snmpEngineID"
            told = (view.key, other.key)
            yield Step(view.plane, view.key, other.plane, other.key, "same device", source, told)


def _marks(view: DeviceView) -> set[str]:
    """What only one box in the world has."""
    macs = {mac for mac in view.macs() if not mac.startswith(SHARED_VIRTUAL)}
    return macs | set(view.serials) | ({view.system.engine} - {""})


def _devices(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """A device's own MAC, learned or answering on the wire of the other plane: a cable that no protocol speaks on."""
    owners = {plane: _owners(views) for plane, views in ((Plane.INTRANET, inside), (Plane.EXTRANET, outside))}
    for view in (*inside, *outside):
        own, other = owners[view.plane], owners[view.plane.other]
        for mac, interface, table in _heard(view):
            stranger = other.get(mac)
            if stranger is None or mac in own:
                continue
            here, there = (view, stranger) if view.plane is Plane.INTRANET else (stranger, view)
            ports = (interface, "") if here is view else ("", interface)
            yield Step(here.plane, here.key, there.plane, there.key, "device", table, (view.key,), *ports)


def _owners(views: Iterable[DeviceView]) -> dict[str, DeviceView]:
    return {mac: view for view in views for mac in view.macs() if not mac.startswith(SHARED_VIRTUAL)}


def _heard(view: DeviceView) -> Iterator[tuple[str, str, str]]:
    """MACs that are on its wires now: MAC, interface, table."""
    for entry in view.arp:
        if entry.mac and entry.state != PAST:
            yield entry.mac, entry.interface, "ARP"
    for row in view.fdb:
        if row.mac and row.status == "learned":
            yield row.mac, row.interface, "FDB"


def _adjacencies(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """A routing neighbour that is up and can only be a device of the other plane, on one wire with it or far away."""
    names: dict[Plane, dict[str, set[str]]] = {}
    for plane, views in ((Plane.INTRANET, inside), (Plane.EXTRANET, outside)):
        names[plane] = defaultdict(set)
        for view in views:
            held = {one.address for one in view.addresses if not one.address.startswith(routing.LOCAL)}
            for name in held | ({view.system.router_id, view.system.isis} - {""}):
                names[plane][name].add(view.key)
    for view in (*inside, *outside):
        own, other = names[view.plane], names[view.plane.other]
        for one in view.adjacencies if view.adjacencies else ():
            # A BGP row's remote id is an AS number.
            called = [one.remote_address] + ([one.remote_id] if one.protocol != "bgp" else [])
            found = {key for name in called if name and name not in own for key in other.get(name, ())}
            if not one.is_up or len(found) != 1:
                continue
            pair = [(view.plane, view.key, one.interface), (view.plane.other, found.pop(), "")]
            (_, a, a_port), (_, b, b_port) = sorted(pair, key=lambda end: end[0] is not Plane.INTRANET)
            source = one.protocol.upper()
            yield Step(Plane.INTRANET, a, Plane.EXTRANET, b, "adjacency", source, (view.key,), a_port, b_port)


# ---- terminals
def _shared_terminals(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """A MAC that both planes know now: a terminal with a foot in each."""
    own = {mac for view in (*inside, *outside) for mac in view.macs()}
    here, there = _learned(inside, own), _learned(outside, own)
    for mac in sorted(here.keys() & there.keys()):
        (a, a_port), (b, b_port) = here[mac], there[mac]
        yield Step(a.plane, a.key, b.plane, b.key, "terminal", mac, (a.key, b.key), a_port, b_port)


def _learned(views: Sequence[DeviceView], own: Collection[str]) -> dict[str, tuple[DeviceView, str]]:
    found: dict[str, tuple[DeviceView, str]] = {}
    for view in views:
        for mac, interface, _ in _heard(view):
            if mac not in own and not mac.startswith(SHARED_VIRTUAL) and not int(mac[:2], 16) & 1:
                found.setdefault(mac, (view, interface))
    return found


# ---- addresses and routes
def _foreign(
    inside: Sequence[DeviceView], outside: Sequence[DeviceView], nets: dict[Plane, tuple[str, ...]]
) -> Iterator[Step]:
    """The other plane's addresses on a device or on the wire, a route to them, and the intranet's way out."""
    listed = _listed(nets)
    own = {plane: Nets(held) for plane, held in listed.items()}
    for views, plane in ((inside, Plane.INTRANET), (outside, Plane.EXTRANET)):
        other = plane.other
        # A prefix that both planes use says nothing.
        foreign = Nets(net for net in listed[other] if not _overlaps(net, own[plane], listed[plane]))
        for view in views:
            if found := next(_addresses(view, foreign), None):
                address, interface, table = found
                yield Step(plane, view.key, other, address, "address", table, (view.key,), interface)
            for route in view.routes:
                if route.type in ("reject", "blackhole") or route.prefixlen < 8:
                    continue
                if route.destination in foreign:
                    shown = f"{route.destination}/{route.prefixlen}"
                    yield Step(plane, view.key, other, shown, "route", "IP", (view.key,), route.interface)
                    break
    for view in inside if listed[Plane.INTRANET] else ():
        out = way_out(view, own[Plane.INTRANET])
        if out is not None:
            ports = (out.interface, out.next_hop)
            yield Step(view.plane, view.key, Plane.EXTRANET, INTERNET, "route", "IP", (view.key,), *ports)


def _addresses(view: DeviceView, foreign: Nets) -> Iterator[tuple[str, str, str]]:
    """Addresses of the other plane that a device holds, and those that answer on its wires."""
    for held in view.addresses:
        if held.address in foreign:
            yield held.address, held.interface, "IP-MIB ipAddressTable"
    for entry in view.arp:
        if entry.state != PAST and entry.ip in foreign:
            yield entry.ip, entry.interface, "ARP"


def open_ways(views: Iterable[DeviceView], nets: dict[Plane, tuple[str, ...]]) -> set[Device]:
    """Devices of the extranet whose default route leaves it, registered or not."""
    held = _listed(nets)[Plane.EXTRANET]
    own = Nets(held)
    found = (view for view in views if held and view.plane is Plane.EXTRANET)
    return {(view.plane, view.key) for view in found if way_out(view, own) is not None}


def way_out(view: DeviceView, own: Nets) -> Route | None:
    """Its default route by an address that is not the plane's own, or None."""
    for route in view.routes:
        if (
            route.prefixlen == 0
            and route.destination in EVERYWHERE
            and route.type not in ("reject", "blackhole")
            and route.next_hop
            and not route.next_hop.startswith("fe80:")
            and route.next_hop not in own
        ):
            return route
    return None


def _listed(nets: dict[Plane, tuple[str, ...]]) -> dict[Plane, list[IPNetwork]]:
    return {
        plane: [net for text in nets.get(plane, ()) if (net := network(text)) is not None] for plane in Plane
    }


def _overlaps(net: IPNetwork, others: Nets, listed: Iterable[IPNetwork]) -> bool:
    return str(net.network) in others or any(
        other.version == net.version and other.prefixlen > net.prefixlen and other in net for other in listed
    )


class Nets:
    """Many prefixes, asked about many addresses: one look-up for each length that there is."""

    def __init__(self, nets: Iterable[IPNetwork]) -> None:
        self._first: dict[tuple[int, int], set[int]] = defaultdict(set)
        for net in nets:
            self._first[net.version, net.prefixlen].add(int(net.first))

    def __contains__(self, address: str) -> bool:
        version, value = _number(address)
        width = 32 if version == 4 else 128
        return any(
            value >> (width - length) << (width - length) in firsts
            for (kind, length), firsts in self._first.items()
            if kind == version
        )


@lru_cache(maxsize=1 << 16)
def _number(address: str) -> tuple[int, int]:
    """Its version and value; version 0 for what is no address."""
    version, family = (6, socket.AF_INET6) if ":" in address else (4, socket.AF_INET)
    try:
        return version, int.from_bytes(socket.inet_pton(family, address.partition("%")[0]), "big")
    except (OSError, ValueError):
        return 0, 0


# ---- VLANs
def _vlans(views: Iterable[DeviceView], vlans: Mapping[Plane, Collection[int]]) -> Iterator[Step]:
    """A VLAN that only the other plane has registered, tagged on a port of this plane's that is up."""
    for view in views:
        foreign = set(vlans.get(view.plane.other, ())) - set(vlans.get(view.plane, ())) - {0, 1}
        for vlan in view.vlans if foreign else ():
            tagged = set(vlan.ports) - set(vlan.untagged)
            trunk = next((one for one in view.interfaces if one.if_index in tagged and one.oper_up), None)
            if vlan.id in foreign and trunk is not None:
                shown = f"VLAN {vlan.id}"
                yield Step(
                    view.plane, view.key, view.plane.other, shown, "vlan", shown, (view.key,), trunk.name
                )
