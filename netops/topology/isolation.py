"""Isolation (隔离): links between organizations or planes, and ways to the internet, that nobody may have."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec
from netaddr import IPNetwork

from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Severity, rule
from netops.core.language import N_
from netops.core.plane import Plane
from netops.topology import routing
from netops.topology.device import DeviceView, Interface, Route
from netops.topology.expected import (
    Picture,
    is_public,
    network,
    pair,
    shown_end,
    sources,
    subject_end,
    within,
)
from netops.topology.link import Claim, Link, LinkEnd, end_of

EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - the default route's destination, not a listener
ETHERNET = 6
CONFIRMED = 0.6
"""Confidence of a shared prefix that ARP or a route of one end confirms."""
TUNNEL_TYPES = (131, 150)
"""IANAifType tunnel and mplsTunnel."""
TUNNEL_NAMES = re.compile(r"(?i)(tunnel|tun|gre|ipip|sit|vti|wg|l2tp|ipsec|st)[-_]?\d")
"""How interfaces of tunnels are called where their type says "other" (WireGuard, xfrm) or "propVirtual" (Juniper st0)."""


def is_bypass(picture: Picture, link: Link) -> bool:
    """
    Whether an unregistered link joins two organizations past the platform.

    Forwarding tables alone do not say it: between two bridges there may be one that nobody walks. A prefix that both
    hold says it when ARP or a route confirms it, and the register has no such prefix. Of a tunnel neither is heard: that
    both ends are tunnels is enough.
    """
    if not link.is_told and (
        link.layer == 2 or not (link.confidence >= CONFIRMED or is_tunnel(picture, link))
    ):
        return False
    owners = {picture.organization(end) for end in link.ends}
    touches_platform = any(map(picture.is_platform, link.ends))
    return len(owners) == 2 and "" not in owners and not touches_platform and not picture.is_declared(link)


def is_tunnel(picture: Picture, link: Link) -> bool:
    """Whether both ends of a link are interfaces of a tunnel."""
    for end in link.ends:
        view = picture.by_key.get((end.plane, end.device))
        interface = view.interface(end.if_index) if view else None
        if interface is None or not (
            interface.type in TUNNEL_TYPES
            or (interface.type != ETHERNET and TUNNEL_NAMES.match(interface.name))
        ):
            return False
    return True


def sessions(picture: Picture) -> Iterator[Link]:
    """
    BGP sessions between devices of this plane that are on no wire together.

    `routing` draws no link for them; two organizations that exchange routes past the platform do so all the same.
    """
    owners: dict[str, set[str]] = {}
    for view in picture.views:
        if view.plane is picture.plane:
            for held in view.addresses:
                owners.setdefault(held.address, set()).add(view.key)
    for view in picture.here:
        for one in view.adjacencies:
            others = owners.get(one.remote_address, set())
            if one.protocol != "bgp" or not one.is_up or len(others) != 1 or view.key in others:
                continue
            there = LinkEnd(view.plane, next(iter(others)), one.remote_address)
            a, b = sorted((end_of(view, one.if_index), there), key=lambda end: end.place)
            yield Link(a, b, 3, ("bgp",), False, 0.8, (Claim(view.key, routing.as_neighbor(one)),))  # noqa: FBT003 - a field


@rule(
    "TP-101",
    "bypass_link",
    Severity.HIGH,
    Basis(9),
    title=N_("{a} and {b} are linked past the platform"),
    because=N_(
        "{protocols} on {told} tells of a link between two organizations that the register does not have; "
        "neither end is a device of the platform"
    ),
)
def bypass_link(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-101: two organizations are linked directly, past the platform.

    What: a link between devices of two organizations, neither of them a core, a firewall or another device of the
        platform, which the register does not have: told by a neighbour or routing protocol, a BGP session over any
        distance among them; or a prefix that both hold, that is not registered, and in which ARP or a route of one leads
        to the other, or whose two ends are tunnels.
    Why: departments use the city's platform and do not build a backbone of their own (Article 9); what goes over such a
        link is seen by no firewall.
    Mend: unplug it and let the traffic go over the platform; or have it approved and register it in links.toml.
    """
    told: set[str] = set()
    declared = {pair(link) for _, _, links in picture.explained for link in links}
    far = [link for link in sessions(picture) if pair(link) not in declared]
    for link in sorted([*picture.links_here, *far], key=lambda link: link.layer):
        if is_bypass(picture, link) and pair(link) not in told:
            told.add(pair(link))
            yield _crossing("TP-101", picture, link, picture.organization(link.a))


@rule(
    "TP-102",
    "cross_plane",
    Severity.CRITICAL,
    Basis(8),
    title=N_("{a} and {b} are linked, and lie in different planes"),
    because=N_("{protocols} on {told} tells of a link between the intranet and the extranet"),
)
def cross_plane(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-102: the intranet and the extranet are linked.

    What: a neighbour protocol tells of a link between a device of one plane and a device of the other. It is written
        down once, in the intranet.
    Why: the two planes are separated physically (Article 8).
    Mend: unplug it at once, keep the ports as they are for whoever looks into it, and find what was carried over it.
    """
    if picture.plane is not (Plane.INTRANET if Plane.INTRANET in picture.served else picture.plane):
        return
    for link in picture.links:
        if link.crosses_planes:
            inner = next(end for end in link.ends if end.plane is Plane.INTRANET)
            yield _crossing("TP-102", picture, link, picture.organization(inner))


def _crossing(code: str, picture: Picture, link: Link, organization: str) -> Conclusion:
    return Conclusion(
        code,
        picture.plane,
        {"a": subject_end(link.a), "b": subject_end(link.b)},
        organization,
        {
            "a": shown_end(link.a),
            "b": shown_end(link.b),
            "protocols": sources(link),
            "told": ", ".join(sorted({claim.device for claim in link.claims})),
        },
        picture.proof(link),
        picture.at,
        identity=pair(link),
    )


@rule(
    "TP-103",
    "rogue_exit_router",
    Severity.HIGH,
    Basis(12),
    title=N_("{device} has a way to the internet that is not registered: {interface}"),
    because=N_("{reasons}; no registered exit explains it"),
)
def rogue_exit_router(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-103: a device of the extranet has an internet exit that nobody filed.

    What: its default route leaves by an interface that is no registered exit, towards an address in no registered
        prefix; or an interface holds a public address that no registered exit explains.
    Why: departments share the platform's internet access; a separate one needs its technical and security scheme on
        file, counties excepted (Article 12).
    Mend: disconnect the line; or file the scheme and register the exit in exits.toml.
    """
    if picture.plane is Plane.EXTRANET:
        yield from _exits("TP-103", picture)


@rule(
    "TP-104",
    "intranet_exit",
    Severity.CRITICAL,
    Basis(8),
    title=N_("{device} in the intranet has a way out: {interface}"),
    because=N_("{reasons}; the intranet has no exit"),
)
def intranet_exit(picture: Picture) -> Iterator[Conclusion]:
    """
    TP-104: a device of the intranet has a way to the internet.

    What: as TP-103, in the intranet, where no exit can be registered.
    Why: the intranet is separated physically from the internet (Article 8).
    Mend: disconnect the line at once and keep the device as it is for whoever looks into it.
    """
    if picture.plane is Plane.INTRANET:
        yield from _exits("TP-104", picture)


def _exits(code: str, picture: Picture) -> Iterator[Conclusion]:
    known = picture.expected.known_nets(picture.plane)
    own = [net for text in picture.expected.nets.get(picture.plane, ()) if (net := network(text)) is not None]
    for view in picture.here:
        entry = picture.expected.device.get((view.plane, view.key))
        registered = _registered_exits(picture, view)
        for interface in view.interfaces:
            held = [one.address for one in view.addresses if one.if_index == interface.if_index]
            if interface.name in registered or interface.if_index in registered:
                continue
            public = [address for address in held if is_public(address, (*own, *known))]
            routes = [
                route
                for route in view.routes
                if route.if_index == interface.if_index and _leaves(route, known)
            ]
            if public or routes:
                ip = (public or [address for address in held if ":" not in address] or held or [""])[0]
                yield Conclusion(
                    code,
                    picture.plane,
                    {"device": view.key, "interface": interface.name} | ({"ip": ip} if ip else {}),
                    entry.organization if entry else "",
                    {"device": view.key, "interface": interface.name, "reasons": _reasons(public, routes)},
                    _proof(view, interface, public, routes),
                    picture.at,
                    identity=f"{view.key}/{interface.name}",
                )


def _registered_exits(picture: Picture, view: DeviceView) -> set[str | int]:
    """Interfaces of a device that are registered exits: by name, or by an address in the outer link's prefix."""
    found: set[str | int] = set()
    for one in picture.expected.exits:
        if one.plane is not view.plane or one.device != view.key:
            continue
        net = network(one.net)
        found |= {one.interface} - {""}
        found |= {
            held.if_index for held in view.addresses if net is not None and within(held.address, (net,))
        }
    return found


def _leaves(route: Route, known: tuple[IPNetwork, ...]) -> bool:
    """Whether a default route goes to a next hop that the register does not explain."""
    if route.prefixlen != 0 or route.destination not in EVERYWHERE or route.type in ("reject", "blackhole"):
        return False
    if route.next_hop.startswith("fe80:"):  # told by router advertisements: who that is, only its LAN knows
        return False
    return not route.next_hop or not within(route.next_hop, known)


def _reasons(public: list[str], routes: list[Route]) -> str:
    told = [f"{route.destination}/0 → {route.next_hop or route.interface}" for route in routes[:2]]
    return ", ".join([*told, *public[:2]])


def _proof(
    view: DeviceView, interface: Interface, public: list[str], routes: list[Route]
) -> tuple[Evidence, ...]:
    body = {
        "interface": msgspec.to_builtins(interface),
        "addresses": public,
        "routes": msgspec.to_builtins(routes),
    }
    return (
        Evidence("snmp", view.key, "IP-MIB ipAddressTable, IP-FORWARD-MIB inetCidrRouteTable", body, view.at),
    )
