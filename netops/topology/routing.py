"""Links at layer 3 (三层链路): routing neighbours, and prefixes that two devices share where nothing speaks. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations

import msgspec
from netaddr import IPNetwork

from netops.topology.device import Adjacency, ArpEntry, DeviceView, InterfaceAddress, Neighbor
from netops.topology.link import Claim, Link, LinkEnd, end_of

POINT_TO_POINT = {4: 30, 6: 126}
"""Prefixes of this length and longer join two devices and no more."""
ALIVE = 0.8
"""Confidence of a shared prefix in which ARP reaches the other end right now."""
LIVE_STATES = frozenset({"reachable", "delay", "probe"})
LOCAL = ("127.", "0.", "169.254.", "fe80:", "::1")


class _Holder(msgspec.Struct, frozen=True):
    view: DeviceView
    held: InterfaceAddress

    @property
    def end(self) -> LinkEnd:
        end = end_of(self.view, self.held.if_index)
        return msgspec.structs.replace(end, address=self.held.address)

    @property
    def device(self) -> tuple[str, str]:
        return (self.view.plane, self.view.key)


def links(views: Sequence[DeviceView], told: Sequence[Link]) -> list[Link]:
    """Links of routing neighbours, and of shared prefixes where neither *told* nor a routing protocol has one."""
    spoken = list(_spoken(views, told))
    return [*spoken, *_shared(views, [*told, *spoken])]


# ---- routing neighbours
def _spoken(views: Sequence[DeviceView], told: Sequence[Link]) -> Iterator[Link]:
    finder = _Finder(views, told)
    groups: dict[frozenset[LinkEnd], list[Claim]] = defaultdict(list)
    protocols: dict[frozenset[LinkEnd], set[str]] = defaultdict(set)
    for view in views:
        for one in view.adjacencies:
            there = finder.end(view, one)
            if there is None or not one.if_index:
                continue
            ends = frozenset((end_of(view, one.if_index), there))
            groups[ends].append(Claim(view.key, as_neighbor(one)))
            protocols[ends].add(one.protocol)
    for ends, claims in groups.items():
        a, b = sorted(ends, key=lambda end: end.place)
        both = len({claim.device for claim in claims}) == 2
        yield Link(a, b, 3, tuple(sorted(protocols[ends])), both, 1.0 if both else 0.8, tuple(claims))


def as_neighbor(one: Adjacency) -> Neighbor:
    """An adjacency as a neighbour row, for evidence."""
    return Neighbor(
        one.protocol,
        one.if_index,
        one.interface,
        one.remote_id,
        remote_address=one.remote_address,
        remote_mac=one.remote_mac,
        remote_descr=one.state,
    )


class _Finder:
    """The interface that an adjacency leads to."""

    def __init__(self, views: Sequence[DeviceView], told: Sequence[Link]) -> None:
        self._by_address: dict[str, list[_Holder]] = defaultdict(list)
        self._by_isis: dict[str, list[DeviceView]] = defaultdict(list)
        self._by_router: dict[str, list[DeviceView]] = defaultdict(list)
        for view in views:
            for held in view.addresses:
                self._by_address[held.address].append(_Holder(view, held))
            if view.system.isis:
                self._by_isis[view.system.isis].append(view)
            if view.system.router_id:
                self._by_router[view.system.router_id].append(view)
        self._cables = {
            (here.plane, here.device, here.if_index): there
            for link in told
            if link.layer == 2
            for here, there in (link.ends, link.ends[::-1])
        }

    def end(self, view: DeviceView, one: Adjacency) -> LinkEnd | None:
        """None when nobody, or more than one, can be meant; and for BGP peers that are not on the wire."""
        if one.state in ("down", "failed", "init") or (one.protocol == "bgp" and not one.is_up):
            return None
        holders = [held for held in self._by_address.get(one.remote_address, ()) if held.view is not view]
        holders = [held for held in holders if _same_wire(view, one.if_index, held.held)]
        if len(holders) == 1:
            return end_of(holders[0].view, holders[0].held.if_index)
        if one.protocol in ("ospf", "ospfv3"):
            return self._router_end(view, one)
        return self._isis_end(view, one) if one.protocol == "isis" and not holders else None

    def _router_end(self, view: DeviceView, one: Adjacency) -> LinkEnd | None:
        """
        By router id, on an unnumbered link (OSPF-MIB ospfNbrAddressLessIndex) or by a link-local address.

        The far interface is the one whose adjacency leads back; of several, the one at the other end of the cable.
        """
        others = [other for other in self._by_router.get(one.remote_id, ()) if other is not view]
        if not others:
            others = [held.view for held in self._by_address.get(one.remote_id, ()) if held.view is not view]
        if len(others) != 1 or not one.if_index:
            return None
        (other,) = others
        ids = {view.system.router_id, *(held.address for held in view.addresses)} - {""}
        back = {
            row.if_index for row in other.adjacencies if row.protocol == one.protocol and row.remote_id in ids
        }
        back.discard(0)
        if len(back) > 1:
            cable = self._cables.get((view.plane, view.key, one.if_index))
            back &= (
                {cable.if_index}
                if cable and (cable.plane, cable.device) == (other.plane, other.key)
                else set()
            )
        return end_of(other, back.pop()) if len(back) == 1 else None

    def _isis_end(self, view: DeviceView, one: Adjacency) -> LinkEnd | None:
        """By system id, and the one adjacency there that leads back; else by the MAC (SNPA) of one interface."""
        others = [other for other in self._by_isis.get(one.remote_id, ()) if other is not view]
        if len(others) != 1:
            return None
        other = others[0]
        back = [
            row for row in other.adjacencies if row.protocol == "isis" and row.remote_id == view.system.isis
        ]
        own = next((port.mac for port in view.interfaces if port.if_index == one.if_index), "")
        exact = [row for row in back if row.remote_mac and row.remote_mac == own]
        for rows in (exact, back):
            if len(rows) == 1 and rows[0].if_index:
                return end_of(other, rows[0].if_index)
        ports = [port for port in other.interfaces if port.mac and port.mac == one.remote_mac]
        return end_of(other, ports[0].if_index) if len(ports) == 1 else None


def _same_wire(view: DeviceView, if_index: int, held: InterfaceAddress) -> bool:
    """Whether an address can be a neighbour's on an interface: link-local, or in a prefix of that interface."""
    if held.address.startswith("fe80:"):
        return True
    return any(
        own.if_index == if_index
        and 0 < own.prefixlen <= (128 if ":" in own.address else 32)
        and held.address in IPNetwork(_cidr(own))
        for own in view.addresses
    )


def _cidr(held: InterfaceAddress) -> str:
    return f"{held.address}/{held.prefixlen}"


# ---- shared prefixes
def _shared(views: Sequence[DeviceView], told: Sequence[Link]) -> Iterator[Link]:
    """
    Two devices in one prefix, where no protocol speaks between them.

    A prefix of two addresses joins two devices unless an ARP table says that somebody else has the other address. A
    wider one does when a route of one leads by the other's address, or when nobody else is in it and ARP has the
    other's own MAC, and they are joined in no other way. An address that two devices hold tells nothing: private
    ones are used twice (OpenNMS nms0002-fake-link, nms101).
    """
    spoken = {frozenset(_place(end) for end in link.ends) for link in told}
    joined, heard_by_arp = _Joined(told), _Heard()
    for net, holders in _by_prefix(views):
        narrow = net.prefixlen >= POINT_TO_POINT[net.version]
        if narrow and len(holders) != 2:
            continue
        for a, b in combinations(holders, 2) if len(holders) == 2 else _by_next_hop(holders):
            if a.device == b.device or frozenset((_place(a.end), _place(b.end))) in spoken:
                continue
            heard, alive = heard_by_arp(a, b)
            if False in heard:
                continue
            hops = _hops(a, b) + _hops(b, a)
            alone = len(holders) == 2 and True in heard
            if not narrow and (not (hops or alone) or joined.are(a.device, b.device)):
                continue
            first, second = sorted((a, b), key=lambda holder: holder.end.place)
            yield Link(
                first.end,
                second.end,
                3,
                ("route",),
                two_sided=len(hops) == 2,
                confidence=ALIVE if alive else 0.7 if True in heard else 0.6 if hops else 0.5,
                claims=(_claim(first, second), _claim(second, first)),
            )


def _by_next_hop(holders: Sequence[_Holder]) -> Iterator[tuple[_Holder, _Holder]]:
    """Pairs of which one routes by the other's address; a management network has thousands of devices, and few of these."""
    place = {one.held.address: number for number, one in enumerate(holders)}
    pairs = {
        (min(number, place[hop]), max(number, place[hop]))
        for number, one in enumerate(holders)
        for hop in {route.next_hop for route in one.view.routes}
        if hop in place and place[hop] != number
    }
    for a, b in sorted(pairs):
        yield holders[a], holders[b]


def _by_prefix(views: Sequence[DeviceView]) -> Iterator[tuple[IPNetwork, list[_Holder]]]:
    found: dict[tuple[str, str], list[_Holder]] = defaultdict(list)
    for view in views:
        for held in view.addresses:
            if held.address.startswith(LOCAL) or not 8 <= held.prefixlen < (
                128 if ":" in held.address else 32
            ):
                continue
            found[view.plane, str(IPNetwork(_cidr(held)).cidr)].append(_Holder(view, held))
    for (_, prefix), holders in sorted(found.items()):
        times: dict[str, int] = defaultdict(int)
        for one in holders:
            times[one.held.address] += 1
        single = [one for one in holders if times[one.held.address] == 1]
        if len(single) > 1:
            yield IPNetwork(prefix), single


class _Heard:
    """What ARP tables say of two holders; each device's table is indexed once."""

    def __init__(self) -> None:
        self._rows: dict[int, dict[str, list[ArpEntry]]] = {}
        self._macs: dict[int, set[str]] = {}

    def __call__(self, a: _Holder, b: _Holder) -> tuple[set[bool], bool]:
        """
        Whether ARP says that they reach each other: True for the other's own MAC, False for somebody else's.

        The second: whether such a row was confirmed just now.
        """
        found, alive = set(), False
        for here, there in ((a, b), (b, a)):
            # What a device says of itself in its own ARP table counts too: a tap's ifPhysAddress may be another.
            macs = self._own(there.view) | {entry.mac for entry in self._of(there.view, there.held.address)}
            for entry in self._of(here.view, there.held.address) if macs else ():
                if entry.if_index == here.held.if_index:
                    found.add(entry.mac in macs)
                    alive |= entry.mac in macs and entry.state in LIVE_STATES
        return found, alive

    def _of(self, view: DeviceView, ip: str) -> list[ArpEntry]:
        rows = self._rows.get(id(view))
        if rows is None:
            rows = self._rows[id(view)] = defaultdict(list)
            for entry in view.arp:
                rows[entry.ip].append(entry)
        return rows.get(ip, [])

    def _own(self, view: DeviceView) -> set[str]:
        if id(view) not in self._macs:
            self._macs[id(view)] = view.macs()
        return self._macs[id(view)]


def _hops(a: _Holder, b: _Holder) -> list[str]:
    """Next hops of *a* that are *b*: none, or one."""
    return [route.next_hop for route in a.view.routes if route.next_hop == b.held.address][:1]


def _claim(here: _Holder, there: _Holder) -> Claim:
    return Claim(
        here.view.key,
        Neighbor(
            "route",
            here.held.if_index,
            here.held.interface,
            there.view.key,
            remote_address=there.held.address,
            remote_descr=_cidr(here.held),
        ),
    )


def _place(end: LinkEnd) -> tuple[str, str, str]:
    """An end without the logical unit of its interface: ge-0/0/1.0 lies on ge-0/0/1."""
    return (end.plane, end.device, end.interface.partition(".")[0])


class _Joined:
    """Which devices hang together by the links that are told."""

    def __init__(self, told: Iterable[Link]) -> None:
        self._parent: dict[tuple[str, str], tuple[str, str]] = {}
        for link in told:
            a, b = ((end.plane, end.device) for end in link.ends)
            self._parent[self._root(a)] = self._root(b)

    def _root(self, device: tuple[str, str]) -> tuple[str, str]:
        while (parent := self._parent.get(device, device)) != device:
            device = parent
        return device

    def are(self, a: tuple[str, str], b: tuple[str, str]) -> bool:
        return self._root(a) == self._root(b)
