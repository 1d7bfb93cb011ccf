"""The map (拓扑图): who the neighbours are, and the links that follow from them. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from netops.core.plane import Plane
from netops.topology.device import DeviceView, Neighbor, RegisteredDevice
from netops.topology.link import Claim, Link, LinkEnd
from netops.topology.neighbors import port_interface


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
        for name in {node.name, *([node.view.system.name] if node.view else [])} - {""}:
            self.by_name.add(name.lower(), node)
            self.by_name.add(name.lower().split(".")[0], node)
        self.by_address.add(node.address, node)
        if node.view is None:
            return
        self.by_chassis.add(node.view.chassis, node)
        for mac in node.view.macs():
            self.by_mac.add(mac, node)
        for held in node.view.addresses:
            if not held.address.startswith(("127.", "::1", "fe80:")):
                self.by_address.add(held.address, node)

    def who(self, neighbor: Neighbor) -> Node | None:
        """
        The device that a neighbour row means, or None.

        The chassis id says it best; then the name. An address alone says it only of a neighbour without a name:
        private addresses are used twice, and a link drawn by one is false (OpenNMS nms0002-fake-link, nms101).
        """
        name = neighbor.remote_name.lower()
        return (
            self.by_chassis.get(neighbor.remote_chassis)
            or self.by_mac.get(neighbor.remote_mac)
            or self.by_name.get(name)
            or self.by_name.get(name.split("(")[0].split(".")[0])
            or (None if name else self.by_address.get(neighbor.remote_address))
            or (
                self.by_mac.get(neighbor.remote_port)
                if neighbor.remote_port_kind == "mac" and not name
                else None
            )
        )


class _Unique:
    def __init__(self) -> None:
        self._held: dict[str, Node | None] = {}

    def add(self, name: str, node: Node) -> None:
        if name:
            known = self._held.get(name, node)
            self._held[name] = node if known is not None and known.key == node.key else None

    def get(self, name: str) -> Node | None:
        return self._held.get(name) if name else None


class _Told(msgspec.Struct, frozen=True):
    """A neighbour row with both devices known; *there* has if_index 0 when the remote port is not."""

    here: LinkEnd
    there: LinkEnd
    neighbor: Neighbor


def links(views: Sequence[DeviceView], registered: Iterable[RegisteredDevice] = ()) -> list[Link]:
    """
    Every link between known devices, each once, in a stable order.

    What one end tells and what the other tells of the same cable become one two-sided link; what only one end
    tells stays, one-sided.
    """
    directory = Directory(views, registered)
    told = [
        _told(view, neighbor, node)
        for view in views
        for neighbor in view.neighbors
        if (node := directory.who(neighbor)) is not None and node.key != (view.plane, view.key)
    ]
    groups: dict[frozenset[LinkEnd], list[_Told]] = defaultdict(list)
    for one in told:
        if _known(one.there):
            groups[frozenset((one.here, one.there))].append(one)
    _place_vague([one for one in told if not _known(one.there)], groups)
    return sorted((_link(group) for group in groups.values()), key=lambda link: (link.a.place, link.b.place))


def _known(end: LinkEnd) -> bool:
    return bool(end.if_index or end.interface)


def _told(view: DeviceView, neighbor: Neighbor, node: Node) -> _Told:
    here = _end(view, neighbor.local_if_index, neighbor.local_interface)
    if node.view is None:
        name = neighbor.remote_port_descr if neighbor.remote_port_kind == "mac" else neighbor.remote_port
        return _Told(here, LinkEnd(node.plane, node.name, "", name), neighbor)
    return _Told(here, _end(node.view, _remote_index(node.view, neighbor), ""), neighbor)


def _remote_index(view: DeviceView, neighbor: Neighbor) -> int:
    """The remote port as the remote device itself numbers it, or 0."""
    same = {
        port.if_index
        for port in view.ports
        if port.kind == neighbor.remote_port_kind and port.id == neighbor.remote_port and port.if_index
    }
    if len(same) == 1:
        return same.pop()
    return port_interface(
        view.interfaces, neighbor.remote_port_kind, neighbor.remote_port, neighbor.remote_port_descr
    )


def _end(view: DeviceView, if_index: int, name: str) -> LinkEnd:
    interface = view.interface(if_index) if if_index else None
    address = view.address_of(if_index) if if_index else ""
    return LinkEnd(view.plane, view.key, address, interface.name if interface else name, if_index)


def _place_vague(vague: list[_Told], groups: dict[frozenset[LinkEnd], list[_Told]]) -> None:
    """Rows that do not tell the remote port join the link that fits them, when exactly one does."""
    alone: dict[frozenset[tuple[Plane, str]], list[_Told]] = defaultdict(list)
    for one in vague:
        fitting = [
            ends
            for ends in groups
            if one.here in ends
            and any((end.plane, end.device) == (one.there.plane, one.there.device) for end in ends)
        ]
        if len(fitting) == 1:
            groups[fitting[0]].append(one)
        else:
            alone[frozenset(((one.here.plane, one.here.device), (one.there.plane, one.there.device)))].append(
                one
            )
    for rows in alone.values():
        heres = {one.here for one in rows}
        if len(heres) == 2 and len({one.device for one in heres}) == 2:
            groups[frozenset(heres)] += rows
        else:
            for one in rows:
                groups[frozenset((one.here, one.there))].append(one)


def _link(group: list[_Told]) -> Link:
    ends = {one.here for one in group}
    if len({(end.plane, end.device) for end in ends}) < 2:
        ends |= {one.there for one in group if _known(one.there)} or {group[0].there}
    a, b = sorted(ends, key=lambda end: end.place)[:2]
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
