"""Traces (蛛丝马迹) in walked tables: what speaks for a second way out or a hidden box, and proves little alone. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import timedelta
from ipaddress import ip_address, ip_network

import msgspec

from netops.core.evidence import Evidence
from netops.core.language import N_
from netops.core.lead import Lead
from netops.topology.device import DeviceView, Interface
from netops.topology.sightings import VIRTUAL_ROUTER, Places, SightingSpan

LINE_TYPES = frozenset({23, 108, 243, 244})
"""IANAifType-MIB: ppp, pppMultilinkBundle, wwanPP, wwanPP2."""
LINE_NAMES = re.compile(r"(?i)^(ppp|dialer|virtual-ppp|wwan|wwp|rmnet|usb\d|lte|cellular|cdc|rndis|ecm\d|4g|5g)")
"""How devices call lines by PPPoE and by cellular modems (Linux, Cisco, Huawei, H3C)."""
CARD = re.compile(r"(?:[0-9a-f]{2}:){5}[0-9a-f]{2}")
MANY = 3
"""So many terminals on one access port are no PC with its telephone."""
HOTSPOTS = tuple(
    ip_network(text)
    for text in (
        "192.168.0.0/24", "192.168.1.0/24", "192.168.8.0/24", "192.168.42.0/24", "192.168.43.0/24", "192.168.49.0/24",
        "192.168.100.0/24", "192.168.137.0/24", "192.168.225.0/24", "172.20.10.0/28",
    )
)  # fmt: skip
"""Subnets that dongles, phones' hotspots (Android 42, 43; iOS 172.20.10), Windows' sharing (137) and home routers give out."""


class Known(msgspec.Struct, frozen=True):
    """
    What explains an interface or a box.

    Args:
        organization: by device.
        nets: registered prefixes, links and exits.
        exits: (device, interface) of registered exits by name.
        managed: MACs of devices.
        consumer: words by which consumer boxes call themselves.
    """

    organization: dict[str, str]
    nets: tuple[str, ...]
    exits: frozenset[tuple[str, str]]
    managed: frozenset[str]
    consumer: tuple[str, ...] = ()


def traces(
    views: Sequence[DeviceView], known: Known, seen: Iterable[SightingSpan], owner: Callable[[str], str]
) -> Iterator[Lead]:
    """
    Everything in one plane's tables that speaks for something, and proves little alone.

    Args:
        seen: where terminals were, of the last day.
        owner: the organization that an address belongs to.
    """
    fresh = [view for view in views if not view.stale]
    spans = list(seen)
    for view in fresh:
        yield from _lines(view, known)
        yield from _defaults(view, known)
        yield from _boxes(view, known)
    yield from _foreign(fresh, known, spans, owner)
    yield from _crowds(fresh, known)
    yield from _moves(spans, known, owner)


# ---- lines
def _is_explained(view: DeviceView, interface: Interface, known: Known) -> bool:
    if (view.key, interface.name) in known.exits:
        return True
    nets = [ip_network(text, strict=False) for text in known.nets]
    held = [one.address for one in view.addresses if one.if_index == interface.if_index]
    return any(ip_address(text) in net for text in held for net in nets)


def _lines(view: DeviceView, known: Known) -> Iterator[Lead]:
    for one in view.interfaces:
        is_line = one.type in LINE_TYPES or LINE_NAMES.match(one.name) or LINE_NAMES.match(one.descr)
        if not is_line or not one.oper_up or _is_explained(view, one, known):
            continue
        held = [each.address for each in view.addresses if each.if_index == one.if_index]
        body = {**msgspec.to_builtins(one), "addresses": held}
        yield Lead(
            "cellular_interface",
            "rogue_exit_router" if view.plane == "extranet" else "intranet_exit",
            view.plane,
            {"device": view.key, "interface": one.name, **({"ip": held[0]} if held else {})},
            known.organization.get(view.key, ""),
            N_("{device} has an interface of PPPoE or cellular that is up: {interface}"),
            {"device": view.key, "interface": one.name},
            Evidence("snmp", view.key, "IF-MIB ifType, ifDescr, ifName", body, view.at),
            view.at,
        )


def _defaults(view: DeviceView, known: Known) -> Iterator[Lead]:
    ways = {one.if_index: one for one in view.routes if one.prefixlen == 0 and one.next_hop and ":" not in one.destination}
    if len(ways) < 2:
        return
    for number, one in ways.items():
        interface = next((each for each in view.interfaces if each.if_index == number), None)
        if interface is None or _is_explained(view, interface, known):
            continue
        body: dict[str, object] = {"routes": [msgspec.to_builtins(each) for each in ways.values()]}
        yield Lead(
            "two_defaults",
            "rogue_exit_router" if view.plane == "extranet" else "intranet_exit",
            view.plane,
            {"device": view.key, "interface": interface.name},
            known.organization.get(view.key, ""),
            N_("{device} has a second default route, by {interface} to {hop}"),
            {"device": view.key, "interface": interface.name, "hop": one.next_hop},
            Evidence("snmp", view.key, "IP-FORWARD-MIB inetCidrRouteTable", body, view.at),
            view.at,
        )


# ---- boxes
def _boxes(view: DeviceView, known: Known) -> Iterator[Lead]:
    """Neighbours that nobody manages and that call themselves what people have at home."""
    for one in view.neighbors:
        text = f"{one.remote_name} {one.remote_descr} {one.remote_port_descr}".lower()
        word = next((word for word in known.consumer if word.lower() in text), "")
        if not word or one.remote_mac in known.managed or one.remote_chassis in known.managed:
            continue
        card = one.remote_mac or (one.remote_chassis if CARD.fullmatch(one.remote_chassis) else "")
        yield Lead(
            "consumer_neighbour",
            "hidden_nat",
            view.plane,
            {"switch": view.key, "port": one.local_interface, **({"mac": card} if card else {})},
            known.organization.get(view.key, ""),
            N_("the neighbour at {device} {port} calls itself {name}"),
            {"device": view.key, "port": one.local_interface, "name": (one.remote_name or one.remote_descr)[:60]},
            Evidence(one.protocol, view.key, "neighbours", msgspec.to_builtins(one), view.at),
            view.at,
        )


def _foreign(
    views: Sequence[DeviceView], known: Known, spans: Sequence[SightingSpan], owner: Callable[[str], str]
) -> Iterator[Lead]:
    """A terminal with an address inside whose card also has one of a hotspot's subnet in somebody's ARP table."""
    nets = [ip_network(text, strict=False) for text in known.nets]
    inside = {
        one.mac: one for one in spans if one.mac and one.ip and any(ip_address(one.ip) in net for net in nets)
    }
    for view in views:
        for row in view.arp:
            seen = inside.get(row.mac)
            if seen is None or row.mac in known.managed or ":" in row.ip:
                continue
            address = ip_address(row.ip)
            if any(address in net for net in nets) or not any(address in net for net in HOTSPOTS):
                continue
            yield Lead(
                "foreign_address",
                "rogue_exit_host" if view.plane == "extranet" else "intranet_exit",
                view.plane,
                _place(seen),
                owner(seen.ip),
                N_("{ip} also has {other}, an address of a hotspot's or home router's subnet"),
                {"ip": seen.ip, "other": row.ip},
                Evidence("arp", view.key, "IP-MIB ipNetToPhysicalTable", msgspec.to_builtins(row), view.at),
                view.at,
            )


def _crowds(views: Sequence[DeviceView], known: Known) -> Iterator[Lead]:
    places, at = Places(views, known.managed), {view.key: view.at for view in views}
    plane = {view.key: view.plane for view in views}
    by: dict[tuple[str, str], set[str]] = defaultdict(set)
    for mac in places.macs():
        switch, port, _vlan = places.of(mac)
        if switch and mac not in known.managed and not mac.startswith(VIRTUAL_ROUTER):
            by[switch, port].add(mac)
    for (switch, port), macs in by.items():
        if len(macs) >= MANY:
            body: dict[str, object] = {"port": port, "macs": sorted(macs)[:100], "count": len(macs)}
            yield Lead(
                "several_macs",
                "shared_port",
                plane[switch],
                {"switch": switch, "port": port},
                known.organization.get(switch, ""),
                N_("{count} terminals on one access port, {switch} {port}"),
                {"count": str(len(macs)), "switch": switch, "port": port},
                Evidence("fdb", switch, "Q-BRIDGE-MIB dot1qTpFdbTable", body, at[switch]),
                at[switch],
            )


def _moves(spans: Iterable[SightingSpan], known: Known, owner: Callable[[str], str]) -> Iterator[Lead]:
    by: dict[str, list[SightingSpan]] = defaultdict(list)
    for one in spans:
        if one.mac and one.switch and one.mac not in known.managed:
            by[one.mac].append(one)
    for mac, seen in by.items():
        seen.sort(key=lambda one: one.last_seen)
        now = seen[-1]
        before = next((one for one in reversed(seen) if (one.switch, one.port) != (now.switch, now.port)), None)
        if before is None or now.first_seen - before.last_seen > timedelta(days=1):
            continue
        body = {"before": msgspec.to_builtins(before), "now": msgspec.to_builtins(now)}
        yield Lead(
            "moved_mac",
            "moved_terminal",
            now.plane,
            _place(now),
            owner(now.ip) if now.ip else known.organization.get(now.switch, ""),
            N_("{mac} moved from {before} to {after}"),
            {"mac": mac, "before": f"{before.switch} {before.port}", "after": f"{now.switch} {now.port}"},
            Evidence("fdb", now.switch, "sightings", body, now.first_seen),
            now.first_seen,
        )


def _place(one: SightingSpan) -> dict[str, str]:
    pairs = (("ip", one.ip), ("mac", one.mac), ("switch", one.switch), ("port", one.port))
    return {name: value for name, value in pairs if value}


def macs_of(views: Collection[DeviceView]) -> frozenset[str]:
    """MACs that devices have themselves."""
    return frozenset(mac for view in views for mac in view.macs())
