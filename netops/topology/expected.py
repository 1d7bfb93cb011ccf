"""What is held against what: the register's part that topology needs, and the network as it was seen. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from functools import cached_property

import msgspec
from netaddr import AddrFormatError, IPAddress, IPNetwork

from netops.core.evidence import Evidence
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.topology import dependence, routing
from netops.topology import map as maps
from netops.topology.baseline import Baseline
from netops.topology.device import DeviceView, RegisteredDevice, Role
from netops.topology.link import Link, LinkEnd, RegisteredLink

PLATFORM_ROLES = frozenset({Role.CORE, Role.FIREWALL, Role.UPSTREAM, Role.AGGREGATION})
"""Roles that only the platform's own devices have: a link to one of them is access, not a bypass."""
LOCAL_NETS = tuple(
    map(
        IPNetwork,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "224.0.0.0/3",
            "::/127",
            "fc00::/7",
            "fe80::/10",
            "ff00::/8",
        ),
    )
)
"""Not routed in the internet (RFC 6890). Documentation prefixes count as public here: examples and labs use them so."""


class Lan(msgspec.Struct, frozen=True):
    """A registered prefix with the device that routes it and the switch that carries it; either may be ""."""

    plane: Plane
    prefix: str
    gateway: str = ""
    switch: str = ""


class Exit(msgspec.Struct, frozen=True):
    """A registered internet exit: an interface by name, by the prefix of its outer link, or both."""

    plane: Plane
    device: str
    interface: str = ""
    net: str = ""


class Expected(msgspec.Struct, frozen=True, dict=True):
    """
    The register as topology needs it.

    Args:
        nets: the planes' own prefixes, by plane.
    """

    devices: tuple[RegisteredDevice, ...] = ()
    links: tuple[RegisteredLink, ...] = ()
    lans: tuple[Lan, ...] = ()
    exits: tuple[Exit, ...] = ()
    nets: dict[Plane, tuple[str, ...]] = {}

    @cached_property
    def device(self) -> dict[tuple[Plane, str], RegisteredDevice]:
        """Devices by plane and name."""
        return {(entry.plane, entry.name): entry for entry in self.devices}

    def cables(self, plane: Plane) -> Iterator[tuple[RegisteredLink, bool]]:
        """Registered links, and the way from each LAN's gateway to its switch; True for links that stand in links.toml."""
        yield from ((link, True) for link in self.links if link.plane is plane)
        for lan in self.lans:
            if lan.plane is plane and lan.gateway and lan.switch and lan.gateway != lan.switch:
                yield RegisteredLink(lan.gateway, lan.switch, net=lan.prefix, plane=plane), False

    def known_nets(self, plane: Plane) -> tuple[IPNetwork, ...]:
        """Every registered prefix in which a next hop of the plane may lie."""
        texts = [
            *(link.net for link in self.links if link.plane is plane),
            *(lan.prefix for lan in self.lans if lan.plane is plane),
            *(entry.address for entry in self.devices if entry.plane is plane),
        ]
        return tuple(net for text in texts if (net := network(text)) is not None)


class Picture(msgspec.Struct, frozen=True, dict=True):
    """
    One plane as it was seen, beside what was expected.

    Args:
        served: the planes whose devices this process may walk.
        views: every device of every served plane as last seen, stale ones too.
        fresh: (plane, key) of the devices that answered in this walk.
        unseen: devices of this plane that did not.
        baselines: the box that was accepted under each name.
        position: devices of this plane that netops itself is next to; () for those of the highest tier.
    """

    plane: Plane
    served: tuple[Plane, ...]
    views: tuple[DeviceView, ...]
    fresh: frozenset[tuple[Plane, str]]
    unseen: tuple[Unreachable, ...]
    expected: Expected
    at: datetime
    baselines: dict[tuple[Plane, str], Baseline] = {}
    position: tuple[str, ...] = ()

    @cached_property
    def here(self) -> tuple[DeviceView, ...]:
        """Devices of this plane that answered."""
        return tuple(
            view for view in self.views if view.plane is self.plane and (view.plane, view.key) in self.fresh
        )

    @cached_property
    def links(self) -> list[Link]:
        """Links that a device which answered tells of, in every served plane."""
        told = [
            view if (view.plane, view.key) in self.fresh else msgspec.structs.replace(view, **SILENT)
            for view in self.views
        ]
        return maps.links(told, self.expected.devices)

    @cached_property
    def hidden(self) -> dict[str, tuple[str, ...]]:
        """Devices of this plane whose silence another one's explains, each with those that it hangs behind."""
        silent = {one.device for one in self.unseen}
        silent |= {
            view.key
            for view in self.views
            if view.plane is self.plane and view.stale and (view.plane, view.key) not in self.fresh
        }
        if not silent:
            return {}
        joined = [
            *dependence.pairs(self._last_links(silent), self.plane),
            *((cable.a, cable.b) for cable, _ in self.expected.cables(self.plane)),
        ]
        position = self.position or dependence.highest(self.expected.devices, self.plane)
        return dependence.behind(joined, silent, position)

    def explained_silence(self, one: Unreachable) -> Unreachable:
        """The same, saying behind whom it hangs when another's silence explains it."""
        parents = self.hidden.get(one.device)
        if one.plane is not self.plane or not parents:
            return one
        why = N_("no answer: it lies behind {parents}, which does not answer")
        return msgspec.structs.replace(one, why=why, facts={"parents": ", ".join(parents)})

    def _last_links(self, silent: Collection[str]) -> list[Link]:
        """What was last known of who is joined to whom, by the silent ones' own word too."""
        if any(view.fdb for view in self.views if view.plane is self.plane and view.key in silent):
            return maps.links(self.views, self.expected.devices)
        told = [*self.links, *maps.told_links(self.views, self.directory)]
        return [*told, *routing.links(self.views, told)]

    @cached_property
    def by_key(self) -> dict[tuple[Plane, str], DeviceView]:
        """Views by plane and name."""
        return {(view.plane, view.key): view for view in self.views}

    @cached_property
    def directory(self) -> maps.Directory:
        """Every known device, walked or registered."""
        return maps.Directory(self.views, self.expected.devices)

    @cached_property
    def links_here(self) -> list[Link]:
        """Links with both ends in this plane."""
        return [link for link in self.links if link.a.plane is self.plane and link.b.plane is self.plane]

    @cached_property
    def speakers(self) -> set[str]:
        """Devices of this plane that answered whole and speak a neighbour protocol: their silence about a link says something."""
        return {view.key for view in self.here if not view.partial and (view.ports or view.neighbors)}

    def organization(self, end: LinkEnd) -> str:
        """Code of the organization that answers for an end's device, or ""."""
        entry = self.expected.device.get((end.plane, end.device))
        return entry.organization if entry else ""

    def is_platform(self, end: LinkEnd) -> bool:
        """Whether an end's device is the platform's own."""
        entry = self.expected.device.get((end.plane, end.device))
        return entry is not None and entry.role in PLATFORM_ROLES

    def addresses(self, end: LinkEnd) -> list[str]:
        """The addresses on an end's interface."""
        view = self.by_key.get((end.plane, end.device))
        return (
            [held.address for held in view.addresses if held.if_index == end.if_index and end.if_index]
            if view
            else []
        )

    @cached_property
    def explained(self) -> list[tuple[RegisteredLink, bool, list[Link]]]:
        """
        Every cable of every served plane (and whether links.toml has it) with the links that are it.

        Where one link's interfaces hold addresses of the cable's prefix, a second cable between the same devices that
        holds none is not explained by it.
        """
        between: dict[tuple[Plane, frozenset[str]], list[Link]] = defaultdict(list)
        for link in self.links:
            # Addresses stay when a cable is gone: a shared prefix is seen only while ARP reaches the other end.
            if not link.crosses_planes and (
                "route" not in link.protocols or link.confidence >= routing.ALIVE
            ):
                between[link.a.plane, frozenset((link.a.device, link.b.device))].append(link)
        found = []
        for cable, is_written in (one for plane in self.served for one in self.expected.cables(plane)):
            pair = between[cable.plane, frozenset((cable.a, cable.b))]
            near = [link for link in pair if self.may_be(link, cable)]
            net = network(cable.net)
            exact = [
                link
                for link in near
                if net is not None and any(within(held, (net,)) for held in self.held(link))
            ]
            found.append((cable, is_written, exact or near))
        return found

    @cached_property
    def declared(self) -> set[tuple[LinkEnd, LinkEnd]]:
        """The ends of links that the register has."""
        return {link.ends for _, _, links in self.explained for link in links}

    def is_declared(self, link: Link) -> bool:
        """Whether the register has this link: as a cable, or at layer 3 as a prefix that both ends' addresses lie in."""
        if link.ends in self.declared:
            return True
        if link.layer == 2:
            return False
        return any(
            all(within(end.address, (net,)) for end in link.ends)
            for plane in {end.plane for end in link.ends}
            for net in self.registered_nets.get(plane, ()) + self.exit_nets
        )

    @cached_property
    def registered_nets(self) -> dict[Plane, tuple[IPNetwork, ...]]:
        """Registered prefixes by plane."""
        return {plane: self.expected.known_nets(plane) for plane in self.served}

    @cached_property
    def exit_nets(self) -> tuple[IPNetwork, ...]:
        """Outer links of registered exits."""
        return tuple(net for one in self.expected.exits if (net := network(one.net)) is not None)

    def held(self, link: Link) -> list[str]:
        """Addresses on both ends' interfaces, but link-local ones."""
        return [held for end in link.ends for held in self.addresses(end) if not held.startswith("fe80:")]

    def may_be(self, link: Link, cable: RegisteredLink) -> bool:
        """Whether *link*, between the same devices, can be the registered *cable*: nothing on paper contradicts."""
        for device, interface in ((cable.a, cable.a_interface), (cable.b, cable.b_interface)):
            end = link.end_at(device)
            if interface and end is not None and end.interface and end.interface != interface:
                return False
        net, held = network(cable.net), self.held(link)
        return net is None or not held or any(within(address, (net,)) for address in held)

    def proof(self, link: Link) -> tuple[Evidence, ...]:
        """The neighbour rows that tell of a link."""
        return tuple(
            Evidence(
                claim.neighbor.protocol,
                claim.device,
                MIB_TABLES.get(claim.neighbor.protocol, ""),
                msgspec.to_builtins(claim.neighbor),
                self.at,
            )
            for claim in link.claims[:4]
        )


SILENT: dict[str, tuple[()]] = dict.fromkeys(("neighbors", "adjacencies", "stp", "fdb", "arp", "routes"), ())
"""What a device that did not answer says about others: nothing."""
MIB_TABLES = {
    "lldp": "LLDP-MIB lldpRemTable",
    "cdp": "CISCO-CDP-MIB cdpCacheTable",
    "stp": "BRIDGE-MIB dot1dStpPortTable",
    "bridge": "BRIDGE-MIB dot1dTpFdbTable, Q-BRIDGE-MIB dot1qTpFdbTable",
    "fdb": "BRIDGE-MIB dot1dTpFdbTable, Q-BRIDGE-MIB dot1qTpFdbTable",
    "ospf": "OSPF-MIB ospfNbrTable",
    "ospfv3": "OSPFV3-MIB ospfv3NbrTable",
    "isis": "ISIS-MIB isisISAdjTable",
    "bgp": "BGP4-MIB bgpPeerTable",
    "route": "IP-MIB ipAddressTable, ipNetToPhysicalTable, IP-FORWARD-MIB inetCidrRouteTable",
}
SPOKEN = {"route": "IP", "bridge": "FDB"}
"""How a source is called to people; the others by their own name in capitals."""


def sources(link: Link) -> str:
    """What tells of a link, as people read it."""
    return "/".join(dict.fromkeys(SPOKEN.get(name, name.upper()) for name in link.protocols))


def subject_end(end: LinkEnd) -> dict[str, str]:
    """An end as findings name it."""
    named = {"device": end.device, "interface": end.interface}
    return named | ({"ip": end.address} if end.address else {})


def shown_end(end: LinkEnd) -> str:
    """An end as people read it."""
    return " ".join(part for part in (end.device, end.interface) if part)


def pair(link: Link) -> str:
    """The two devices of a link, in a stable order: cables may be plugged elsewhere, the bypass stays the same."""
    return "--".join(f"{end.plane}/{end.device}" for end in link.ends)


def network(text: str) -> IPNetwork | None:
    """A prefix or an address, or None."""
    try:
        return IPNetwork(text) if text else None
    except (AddrFormatError, ValueError):
        return None


def within(address: str, nets: Collection[IPNetwork] | Sequence[IPNetwork]) -> bool:
    """Whether an address lies in one of *nets*; False for what is none."""
    try:
        parsed = IPAddress(address)
    except (AddrFormatError, ValueError):
        return False
    return any(parsed in net for net in nets)


def is_public(address: str, own: Collection[IPNetwork] = ()) -> bool:
    """Whether an address is routed in the internet and is not one of *own* prefixes."""
    try:
        IPAddress(address)
    except (AddrFormatError, ValueError):
        return False
    return not within(address, LOCAL_NETS) and not within(address, own)
