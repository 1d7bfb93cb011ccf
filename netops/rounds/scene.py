"""What the egress room judges by, carried to it from register, ledger and topology as plain values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import numpy as np

from netops.addresses.prefix import PrefixRole
from netops.core.clock import CITY_ZONE
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import watchlists
from netops.egress.classify import Space, Span, Table, net_span
from netops.egress.exit import RegisteredExit
from netops.egress.flows import address_value, mac_value
from netops.egress.judge import Facing, Observer, Port, Scene, Terminal
from netops.egress.wiring import Lan, Wiring
from netops.register import Register
from netops.topology.device import DeviceView, Interface, RegisteredDevice, Role
from netops.topology.expected import PLATFORM_ROLES

if TYPE_CHECKING:
    from netops.addresses.allocation import Allocation

LOOPBACK_TYPE = 24
REMEMBERED = timedelta(days=7)
"""How far back a terminal's place is believed."""


def build(desk: Desk) -> tuple[Scene, dict[Plane, datetime]]:
    """The scene as it stands now, and when each plane was last walked."""
    from netops.addresses import ledger
    from netops.addresses.allocation import HELD
    from netops.topology import snapshots

    register = desk.register
    views = {plane: snapshots.latest(desk.store, plane) for plane in Plane}
    held = [one for one in ledger.allocations(desk.store) if one.state in HELD]
    tables = {plane: Table(_spans(desk, plane, views[plane], held)) for plane in desk.planes}
    macs = _device_macs(register, views)
    observers = {}
    for device in register.devices:
        if device.plane in desk.planes and device.role is not Role.UPSTREAM:
            view = _view(device, views[device.plane])
            observers[device.address] = Observer(
                device.address,
                device.name,
                device.plane,
                device.organization,
                device.role is Role.SWITCH,
                tuple(_ports(register, device, view, macs)) if view else (),
                device.role in PLATFORM_ROLES,
            )
    terminals = [one for plane in desk.planes for one in _terminals(desk, plane, tables[plane], views[plane])]
    scene = Scene(
        tables,
        observers,
        register.exits,
        macs,
        tuple(terminals),
        desk.clock().astimezone(CITY_ZONE).date(),
        frozenset((one.plane, server) for one in register.prefixes for server in one.dhcp_servers),
        watchlists.tunnels(desk.playbooks),
        makers=watchlists.makers(desk.playbooks),
        wiring=_wiring(register),
    )
    return scene, {plane: max(view.at for view in seen) for plane, seen in views.items() if seen}


def _wiring(register: Register) -> Wiring:
    """LANs and links, the platform's end of them marked."""
    return Wiring(
        (
            Lan(one.plane, one.prefix, one.organization, one.gateway, one.switch)
            for one in register.prefixes
            if one.role is PrefixRole.POOL
        ),
        ((one.plane, one.a, one.b) for one in register.links),
        ((one.plane, one.name) for one in register.devices if one.role in PLATFORM_ROLES),
    )


# ---- whose addresses
def _spans(desk: Desk, plane: Plane, views: Iterable[DeviceView], held: list[Allocation]) -> Iterator[Span]:
    register = desk.register
    for other in Plane:
        space = Space.INSIDE if other is plane else Space.OTHER_PLANE
        settings = desk.config.planes.get(other)
        yield from (net_span(net, space) for net in (settings.nets if settings else ()))
    yield from _upstream(register, plane, views)
    own = [one for one in held if one.plane is plane]
    for prefix in register.prefixes:
        if prefix.plane is not plane:
            yield net_span(prefix.prefix, Space.OTHER_PLANE)
        elif prefix.role in (PrefixRole.LINK, PrefixRole.LOOPBACK):
            yield net_span(prefix.prefix, Space.DEVICES, prefix.organization)
        else:
            # Where nothing at all is allocated, nothing can be said to be unallocated.
            space = Space.ALLOCATED if not own and prefix.role is PrefixRole.POOL else Space.INSIDE
            yield net_span(
                prefix.prefix, space, prefix.organization if prefix.role is PrefixRole.POOL else ""
            )
    for one in own:
        yield Span(_number(one.first), _number(one.last), Space.ALLOCATED, one.organization)
    outer = [ip_network(one.net) for one in register.exits if one.net]
    for view in views:
        for address in view.addresses:
            if not any(ip_address(address.address) in net for net in outer):
                yield net_span(address.address, Space.DEVICES, _organization(register, view))
    for device in register.devices:
        if device.plane is plane:
            space = Space.UPSTREAM if device.role is Role.UPSTREAM else Space.DEVICES
            yield net_span(device.address, space, device.organization)
    if plane is Plane.EXTRANET and desk.config.probe.beacon:  # our own probes bear its address
        yield net_span(desk.config.probe.beacon, Space.EXIT)
    for one_exit in register.exits:
        yield from (
            net_span(text, Space.EXIT, one_exit.organization)
            for text in (one_exit.net, one_exit.public_address)
            if text
        )


def _upstream(register: Register, plane: Plane, views: Iterable[DeviceView]) -> Iterator[Span]:
    """What the network routes to the registered way up (province): government too, not the internet."""
    upstream = {one.name for one in register.devices if one.plane is plane and one.role is Role.UPSTREAM}
    links = [ip_network(one.net) for one in register.links if one.net and upstream & {one.a, one.b}]
    for view in views:
        for route in view.routes:
            if (
                route.prefixlen > 0
                and route.next_hop
                and any(ip_address(route.next_hop) in net for net in links)
            ):
                yield net_span(f"{route.destination}/{route.prefixlen}", Space.UPSTREAM)


def _number(text: str) -> int:
    hi, lo = address_value(text)
    return hi << 64 | lo


def _organization(register: Register, view: DeviceView) -> str:
    device = register.device.get(view.device or view.name)
    return device.organization if device else ""


# ---- where flows enter
def _view(device: RegisteredDevice, views: Iterable[DeviceView]) -> DeviceView | None:
    return next(
        (view for view in views if device.name in (view.device, view.name) or device.address == view.address),
        None,
    )


def _ports(
    register: Register, device: RegisteredDevice, view: DeviceView, macs: frozenset[int]
) -> Iterator[Port]:
    for interface in view.interfaces:
        addresses = [one.address for one in view.addresses if one.if_index == interface.if_index]
        found = next((one for one in register.exits if _is_exit(one, device, interface, addresses)), None)
        facing = Facing.EXIT if found else _facing(register, device, view, interface, addresses, macs)
        yield Port(
            interface.if_index,
            interface.name,
            facing,
            found.id if found else "",
            addresses[0] if addresses else "",
            _segment(register, device, addresses),
        )


def _segment(register: Register, device: RegisteredDevice, addresses: list[str]) -> str:
    """The LAN of an interface: the one that a switch serves, or the one that a router's address lies in."""
    for prefix in register.prefixes:
        if prefix.plane is device.plane and prefix.role is PrefixRole.POOL:
            is_switch = device.role is Role.SWITCH
            if prefix.switch == device.name if is_switch else _holds(prefix.prefix, addresses):
                return prefix.prefix
    return ""


def _is_exit(
    one: RegisteredExit, device: RegisteredDevice, interface: Interface, addresses: list[str]
) -> bool:
    if one.plane is not device.plane or one.device != device.name:
        return False
    return one.interface == interface.name if one.interface else _holds(one.net, addresses)


def _holds(net: str, addresses: list[str]) -> bool:
    return bool(net) and any(ip_address(address) in ip_network(net) for address in addresses)


def _facing(
    register: Register,
    device: RegisteredDevice,
    view: DeviceView,
    interface: Interface,
    addresses: list[str],
    macs: frozenset[int],
) -> Facing:
    # A LAN is a LAN even where the cable to its switch is registered as a link.
    if device.role is not Role.SWITCH and any(
        prefix.plane is device.plane and prefix.role is PrefixRole.POOL and _holds(prefix.prefix, addresses)
        for prefix in register.prefixes
    ):
        return Facing.LAN
    for link in register.links:
        if link.plane is not device.plane or device.name not in (link.a, link.b):
            continue
        own, other = (link.a_interface, link.b) if link.a == device.name else (link.b_interface, link.a)
        if own == interface.name if own else _holds(link.net, addresses):
            end = register.device.get(other)
            return Facing.UPSTREAM if end and end.role is Role.UPSTREAM else Facing.INTERNAL
    if interface.type == LOOPBACK_TYPE:
        return Facing.INTERNAL
    if _is_managed(register, device, view, interface, macs):
        return Facing.INTERNAL
    return Facing.LAN if device.role is Role.SWITCH else Facing.UNKNOWN


def _is_managed(
    register: Register, device: RegisteredDevice, view: DeviceView, interface: Interface, macs: frozenset[int]
) -> bool:
    """Whether a device of the same plane's register is the neighbour there."""
    for neighbor in view.neighbors:
        if neighbor.local_if_index != interface.if_index and neighbor.local_interface != interface.name:
            continue
        known = register.device.get(neighbor.remote_name)
        if known:
            return known.plane is device.plane
        if mac_value(neighbor.remote_mac) in macs and neighbor.remote_mac:
            return True
    return False


# ---- who sends
def _device_macs(register: Register, views: dict[Plane, list[DeviceView]]) -> frozenset[int]:
    """MAC addresses of the devices of both planes: their own, and those that ARP shows behind registered addresses."""
    registered = {(one.plane, one.address) for one in register.devices}
    found = set()
    for plane, seen in views.items():
        own = {address.address for view in seen for address in view.addresses}
        for view in seen:
            found |= {mac_value(interface.mac) for interface in view.interfaces}
            found |= {
                mac_value(entry.mac)
                for entry in view.arp
                if (plane, entry.ip) in registered or entry.ip in own
            }
            found |= {
                mac_value(one.remote_mac) for one in view.neighbors if one.remote_name in register.device
            }
    return frozenset(found - {0})


def _terminals(desk: Desk, plane: Plane, table: Table, views: list[DeviceView]) -> list[Terminal]:
    """Hosts that were seen, the latest place last."""
    from netops.topology import snapshots

    watched = watchlists.makers(desk.playbooks)
    gear = {address.address for view in views for address in view.addresses}
    seen = sorted(
        snapshots.sightings(desk.store, plane, desk.clock() - REMEMBERED), key=lambda one: one.last_seen
    )
    seen = [one for one in seen if one.mac and one.ip not in gear]
    values = [address_value(one.ip) if one.ip else (0, 0) for one in seen]
    hi, lo = (np.array([value[half] for value in values], np.uint64) for half in (0, 1))
    owners: list[int] = table.owner(hi, lo).tolist() if seen else []
    result = []
    for one, owner in zip(seen, owners, strict=True):
        device = desk.register.device.get(one.switch or one.device)
        organization = table.owners[owner].organization or (device.organization if device else "")
        maker = watchlists.maker(one.mac, watched)
        result.append(Terminal(plane, one.ip, one.mac, one.switch, one.port, organization, maker))
    # A row without an address must not hide one with it.
    return sorted(result, key=lambda one: bool(one.ip))
