"""The map (拓扑图): who the neighbours are, and the links that follow from them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from netops.core.plane import Plane
from netops.topology import bridges, routing, segments
from netops.topology.device import DeviceView, LocalPort, Neighbor, RegisteredDevice
from netops.topology.identifiers import name_mac
from netops.topology.link import Claim, Link, LinkEnd, end_of
from netops.topology.ports import WIRED, port_interface
from netops.topology.segments import Segment


class Node(msgspec.Struct, frozen=True):
    """A device that somebody knows: walked, registered, or both."""

    plane: Plane
    name: str
    address: str
    view: DeviceView | None = None
    registered: RegisteredDevice | None = None

    @property
    def key(self) -> tuple[Plane, str]:
        """Names are unique within a plane."""
        return (self.plane, self.name)

    @property
    def addresses(self) -> set[str]:
        """Every address that it is known by."""
        return {self.address} | ({held.address for held in self.view.addresses} if self.view else set())


class Directory:
    """Devices by what neighbours may call them: MAC, address, name. What two devices share names neither."""

    def __init__(self, views: Iterable[DeviceView], registered: Iterable[RegisteredDevice] = ()) -> None:
        entries = {(entry.plane, entry.name): entry for entry in registered}
        self.nodes = {
            (view.plane, view.key): Node(
                view.plane, view.key, view.address, view, entries.get((view.plane, view.key))
            )
            for view in views
        }
        for key, entry in entries.items():
            self.nodes.setdefault(key, Node(entry.plane, entry.name, entry.address, None, entry))
        self.by_chassis, self.by_mac, self.by_address, self.by_name = (_Unique() for _ in range(4))
        for node in self.nodes.values():
            self._enter(node)

    def _enter(self, node: Node) -> None:
        also = (node.view.system.name, *node.view.aliases) if node.view else ()
        for name in {node.name, *also} - {""}:
            self.by_name.add(name.lower(), node)
            self.by_name.add(name.lower().split(".")[0], node)
        self.by_address.add(node.address, node)
        if node.view is None:
            return
        self.by_chassis.add(node.view.chassis, node)
        self.by_name.add(node.view.system.cdp.lower(), node)
        for mac in node.view.macs() | {name_mac(node.view.system.cdp)}:
            self.by_mac.add(mac, node)
        for held in node.view.addresses:
            if not held.address.startswith(("127.", "::1", "fe80:")):
                self.by_address.add(held.address, node)

    def who(self, neighbor: Neighbor) -> Node | None:
        """
        The device that a neighbour row means, or None.

        The chassis id says it best; then the name. An address alone says it only of a neighbour without a name:
        private addresses are used twice, and a link drawn by one is false (OpenNMS nms0002-fake-link, nms101). Of two
        devices with one name, it is the one that has the address.
        """
        name = neighbor.remote_name.lower()
        return (
            self.by_chassis.get(neighbor.remote_chassis)
            or self.by_mac.get(neighbor.remote_mac)
            or self.by_name.get(name, neighbor.remote_address)
            or self.by_name.get(name.split("(")[0].split(".")[0], neighbor.remote_address)
            or (None if name else self.by_address.get(neighbor.remote_address))
            or (
                self.by_mac.get(neighbor.remote_port)
                if neighbor.remote_port_kind == "mac" and not name
                else None
            )
        )


class _Unique:
    """Nodes by a name of theirs; a name of several is nobody's, unless one of them alone has the address too."""

    def __init__(self) -> None:
        self._held: dict[str, dict[tuple[Plane, str], Node]] = defaultdict(dict)

    def add(self, name: str, node: Node) -> None:
        if name:
            self._held[name].setdefault(node.key, node)

    def get(self, name: str, address: str = "") -> Node | None:
        nodes = list(self._held[name].values()) if name in self._held else []
        if len(nodes) > 1 and address:
            nodes = [node for node in nodes if address in node.addresses]
        return nodes[0] if len(nodes) == 1 else None


class _Told(msgspec.Struct, frozen=True):
    """
    A neighbour row with both devices known; *there* has if_index 0 when the remote port is not.

    *guess* is the port that a bare number would mean if it were an ifIndex; it counts where nothing else says more.
    """

    here: LinkEnd
    there: LinkEnd
    neighbor: Neighbor
    guess: LinkEnd | None = None


class Wiring(msgspec.Struct, frozen=True):
    """The links of some devices, and the segments that several of them share."""

    links: tuple[Link, ...]
    segments: tuple[Segment, ...]


def links(views: Sequence[DeviceView], registered: Iterable[RegisteredDevice] = ()) -> list[Link]:
    """Every link between known devices, each once, in a stable order; see `wiring`."""
    return list(wiring(views, registered).links)


def wiring(views: Sequence[DeviceView], registered: Iterable[RegisteredDevice] = ()) -> Wiring:
    """
    Every link and every shared segment between known devices, each once, in a stable order.

    What one end tells and what the other tells of the same cable become one two-sided link; what only one end
    tells stays, one-sided. Where no protocol speaks, links follow from forwarding tables and shared prefixes.
    """
    found = told_links(views, Directory(views, registered))
    hung = bridges.Segments(views)
    found += bridges.links(views, found, hung)
    found += routing.links(views, found)
    found.sort(key=lambda link: (link.a.place, link.b.place, link.layer))
    return _wiring(found, hung, views)


def recalled(views: Sequence[DeviceView], told: Iterable[Link]) -> Wiring:
    """The links of a past time between the devices of then: their ends with the numbers and addresses of then."""
    by_key = {(view.plane, view.key): view for view in views}
    found = []
    for link in told:
        held = [by_key.get((end.plane, end.device)) for end in link.ends]
        if held[0] is not None and held[1] is not None:
            a, b = (_numbered(view, end) for view, end in zip(held, link.ends, strict=True) if view)
            found.append(msgspec.structs.replace(link, a=a, b=b))
    found.sort(key=lambda link: (link.a.place, link.b.place, link.layer))
    return _wiring(found, bridges.Segments(views), views)


def _numbered(view: DeviceView, end: LinkEnd) -> LinkEnd:
    number = next((one.if_index for one in view.interfaces if one.name == end.interface and end.interface), 0)
    return end_of(view, number, end.interface)


def _wiring(found: Sequence[Link], hung: bridges.Segments, views: Sequence[DeviceView]) -> Wiring:
    shared = segments.segments(found, hung, views)
    blocked = {
        (view.plane, view.key, port.if_index)
        for view in views
        for port in view.stp
        if port.state == "blocking" and port.if_index
    }
    return Wiring(
        tuple(
            msgspec.structs.replace(link, blocked=True)
            if any((end.plane, end.device, end.if_index) in blocked for end in link.ends)
            else link
            for link in segments.marked(found, shared)
        ),
        tuple(shared),
    )


def told_links(views: Sequence[DeviceView], directory: Directory) -> list[Link]:
    """The links that LLDP, CDP and the spanning tree tell of."""
    told = [
        _told(view, neighbor, node)
        for view in views
        for neighbor in view.neighbors
        if (node := directory.who(neighbor)) is not None and node.key != (view.plane, view.key)
    ]
    told += _spanning(views, {frozenset((one.here, one.there)) for one in told})
    groups: dict[frozenset[LinkEnd], list[_Told]] = defaultdict(list)
    for one in told:
        if _known(one.here) and _known(one.there):
            groups[frozenset((one.here, one.there))].append(one)
    _place_vague([one for one in told if not (_known(one.here) and _known(one.there))], groups)
    _leave_contradicted(groups, views)
    return [_link(group) for group in groups.values()]


def _spanning(views: Sequence[DeviceView], spoken: set[frozenset[LinkEnd]]) -> list[_Told]:
    """
    The designated bridge and port of each port's segment (BRIDGE-MIB dot1dStpPortTable), where both are known.

    Port numbers have 12 bits beside a priority of 4 (802.1t), or 8 beside 8 (802.1D-1998).
    """
    owners = _Unique()
    for view in views:
        owners.add(view.system.bridge, Node(view.plane, view.key, view.address, view))
    found = []
    for view in views:
        for port in view.stp:
            node = owners.get(port.bridge) if port.bridge != view.system.bridge else None
            if node is None or node.view is None or node.key == (view.plane, view.key):
                continue
            if not port.if_index or port.state == "disabled":
                continue
            theirs = {one.number: one.if_index for one in node.view.stp}
            remote = theirs.get(port.port & 0xFFF) or theirs.get(port.port & 0xFF)
            if not remote:
                continue
            here, there = end_of(view, port.if_index), end_of(node.view, remote)
            if _is_member(view, port.if_index) or frozenset((here, there)) not in spoken:
                row = Neighbor(
                    "stp",
                    port.if_index,
                    port.interface,
                    node.name,
                    port.bridge,
                    there.interface,
                    "name",
                    remote_mac=port.bridge,
                )
                found.append(_Told(here, there, row))
    return found


def _is_member(view: DeviceView, if_index: int) -> bool:
    interface = view.interface(if_index)
    return interface is not None and bool(interface.lag)


def _leave_contradicted(groups: dict[frozenset[LinkEnd], list[_Told]], views: Sequence[DeviceView]) -> None:
    """
    Leave what only one end tells when the other speaks the same protocol there, and agrees with somebody else.

    So two devices of one name and address (OpenNMS nms101: a stranger that reuses an address) share no port.
    """
    agreed: dict[LinkEnd, set[str]] = defaultdict(set)
    for ends, rows in groups.items():
        if len({one.here for one in rows}) == 2:
            for end in ends:
                agreed[end] |= {one.neighbor.protocol for one in rows}
    for ends in list(groups):
        rows = groups[ends]
        tellers = {one.here for one in rows}
        protocols = {one.neighbor.protocol for one in rows}
        if len(tellers) == 1 and any(protocols <= agreed[end] for end in ends - tellers):
            del groups[ends]


def _known(end: LinkEnd) -> bool:
    return bool(end.if_index or end.interface)


def _told(view: DeviceView, neighbor: Neighbor, node: Node) -> _Told:
    here = end_of(view, neighbor.local_if_index, neighbor.local_interface)
    if node.view is None:
        name = neighbor.remote_port_descr if neighbor.remote_port_kind == "mac" else neighbor.remote_port
        return _Told(here, LinkEnd(node.plane, node.name, "", name), neighbor)
    if_index, name = _remote_port(node.view, neighbor)
    there, number = end_of(node.view, if_index, name), neighbor.remote_port
    wired = {one.if_index for one in node.view.interfaces if one.type in WIRED}
    is_number = not _known(there) and number.isdigit() and len(number) < 10 and int(number) in wired
    return _Told(here, there, neighbor, end_of(node.view, int(number)) if is_number else None)


def _remote_port(view: DeviceView, neighbor: Neighbor) -> tuple[int, str]:
    """The remote port as the remote device itself numbers and names it; (0, "") when it is not known."""
    same = {
        (port.if_index, label(port))
        for port in view.ports
        if port.kind == neighbor.remote_port_kind and port.id == neighbor.remote_port
    }
    if len(same) == 1 and (found := same.pop())[0]:
        return found[0], ""
    if_index = port_interface(
        view.interfaces, neighbor.remote_port_kind, neighbor.remote_port, neighbor.remote_port_descr
    )
    if if_index or view.interfaces:
        return if_index, ""
    # A walk without ifTable: the port as the device names it to its neighbours, or by the number that is told.
    named = [port for port in view.ports if neighbor.remote_port in (port.id, port.descr)]
    if len(named) == 1:
        return named[0].if_index, label(named[0])
    return (int(neighbor.remote_port) if neighbor.remote_port.isdigit() else 0), ""


def label(port: LocalPort) -> str:
    """What a port is called where the walk has no interface for it."""
    return port.descr if port.kind == "mac" else port.id


def _fits(end: LinkEnd, ends: frozenset[LinkEnd]) -> bool:
    """Whether an end is one of *ends*, or lies on a device of theirs at a port that is not known."""
    return end in ends or (
        not _known(end) and any((other.plane, other.device) == (end.plane, end.device) for other in ends)
    )


def _place_vague(vague: list[_Told], groups: dict[frozenset[LinkEnd], list[_Told]]) -> None:
    """Rows that leave one of the ports open join the link that fits them, when exactly one does."""
    alone: dict[frozenset[tuple[Plane, str]], list[_Told]] = defaultdict(list)
    for one in vague:
        fitting = [ends for ends in groups if _fits(one.here, ends) and _fits(one.there, ends)]
        if len(fitting) == 1:
            groups[fitting[0]].append(one)
        else:
            alone[frozenset(((one.here.plane, one.here.device), (one.there.plane, one.there.device)))].append(
                one
            )
    for rows in alone.values():
        heres = {one.here for one in rows if _known(one.here)}
        if len(heres) == 2 and len({one.device for one in heres}) == 2:
            groups[frozenset(heres)] += rows
        else:
            for one in rows:
                groups[frozenset((one.here, one.guess or one.there))].append(
                    msgspec.structs.replace(one, there=one.guess or one.there)
                )


def _link(group: list[_Told]) -> Link:
    ends: dict[tuple[Plane, str], LinkEnd] = {}
    for end in (end for one in group for end in (one.here, one.there)):
        if not _known(ends.setdefault((end.plane, end.device), end)):
            ends[end.plane, end.device] = end
    a, b = sorted(ends.values(), key=lambda end: end.place)[:2]
    two_sided = len({(one.here.plane, one.here.device) for one in group}) == 2
    complete = _known(a) and _known(b)
    return Link(
        a,
        b,
        2,
        tuple(sorted({one.neighbor.protocol for one in group})),
        two_sided,
        1.0 if two_sided else 0.8 if complete else 0.6,
        tuple(Claim(one.here.device, one.neighbor) for one in group),
    )


def unknown_neighbors(views: Sequence[DeviceView], directory: Directory) -> list[tuple[DeviceView, Neighbor]]:
    """Neighbour rows of *views* that mean no device of the directory, with the device that tells."""
    return [
        (view, neighbor) for view in views for neighbor in view.neighbors if directory.who(neighbor) is None
    ]
