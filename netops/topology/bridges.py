"""
Links that forwarding tables imply (转发表推断), where no neighbour protocol speaks. Pure.

Which port of one bridge leads to which other follows from `facing`. Breitbart et al., Gobjuka and Breitbart: with
bridges' own MACs in the tables, or one MAC that every bridge has seen, the tree follows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from itertools import combinations
from typing import NamedTuple

from netops.core.plane import Plane
from netops.topology.device import DeviceView, Neighbor
from netops.topology.facing import (
    MIN_AGREEMENT,
    MIN_SHARED,
    Device,
    Facing,
    components,
    port_pair,
)
from netops.topology.link import Claim, Link, LinkEnd, end_of

MAX_SIBLINGS = 200
"""Bridges on one port that are compared with each other, for one that hangs below another."""
ROUNDS = 3
"""How often that is looked at again after something was found."""


class Edge(NamedTuple):
    """Two bridges by number, nearest the root first, and their ports; *child_port* is 0 when it is not known."""

    parent: int
    port: int
    child: int
    child_port: int
    agreement: float


class Segments:
    """The bridges of some views and the tree that they form."""

    def __init__(self, views: Sequence[DeviceView]) -> None:
        self.facing = Facing(views)
        self.bridges = dict(zip(self.facing.devices, self.facing.views, strict=True))
        self.tables = dict(zip(self.facing.devices, self.facing.tables, strict=True))
        self.owners = self.facing.owners
        self._edges = [edge for members in components(self.facing.seen) for edge in self._tree(members)]
        devices = self.facing.devices
        self.ports = {
            (devices[here], port) for here, seen in enumerate(self.facing.seen) for port in set(seen.values())
        }
        """Every (bridge, ifIndex) that leads to another bridge."""
        for edge in self._edges:
            self.ports.add((devices[edge.parent], edge.port))
            self.ports.add((devices[edge.child], edge.child_port))

    # ---- the tree of one component
    def _tree(self, members: list[int]) -> list[Edge]:
        seen_by = Counter(there for one in members for there in self.facing.seen[one])
        root = max(members, key=lambda one: (seen_by[one], self._behind(one), -one))
        up = self._up_ports(members, root)
        for _ in range(ROUNDS):
            edges = list(self._hung(members, root, up))
            if not self._siblings_below(edges, up):
                break
        return edges

    def _up_ports(self, members: list[int], root: int) -> dict[int, int]:
        """
        The port by which each bridge sees the root.

        Where nothing says it directly, the port with MACs that the others see in the root's direction, and no others.
        """
        seen = self.facing.seen
        up = {one: seen[one][root] for one in members if root in seen[one]}
        lost = [one for one in members if one not in up and one != root]
        if not lost:
            return up
        towards: dict[str, bool] = {}
        for one, port in up.items():
            for mac, place in self.facing.tables[one].items():
                towards[mac] = towards.get(mac, True) and place == port
        for one in lost:
            votes: Counter[int] = Counter()
            against: Counter[int] = Counter()
            for mac, place in self.facing.tables[one].items():
                if mac in towards:
                    (votes if towards[mac] else against)[place] += 1
            likely = [port for port, times in votes.items() if times > against[port]]
            if len(likely) == 1:
                up[one] = likely[0]
        return up

    def _hung(self, members: list[int], root: int, up: dict[int, int]) -> Iterator[Edge]:
        """Each bridge below the deepest one that sees it away from the root, and whose rows do not contradict it."""
        above: dict[int, list[int]] = {one: [] for one in members}
        for other in members:
            if other == root or other in up:
                away = up.get(other)
                for child, port in self.facing.seen[other].items():
                    if port != away and child != root:
                        above[child].append(other)
        for child in members:
            for parent in sorted(above[child], key=lambda other: (-len(above[other]), other)):
                edge = self._edge(parent, child, up)
                if edge is not None:
                    yield edge
                    break

    def _edge(self, parent: int, child: int, up: dict[int, int]) -> Edge | None:
        port = self.facing.seen[parent][child]
        back = self.facing.seen[child].get(parent) or up.get(child, 0)
        agreement = min(self.facing.agreement(parent, child), self.facing.agreement(child, parent))
        if back:
            pair = port_pair(self.facing.tables[parent], self.facing.tables[child], port, back)
            if pair is None:
                return None
            agreement = min(agreement, pair[2])
        return Edge(parent, port, child, back, agreement)

    def _siblings_below(self, edges: Sequence[Edge], up: dict[int, int]) -> bool:
        """
        Whether of several on one port one turned out to hang below another.

        Its own MAC is not in that one's table (it has aged), but what hangs on it is, and not in the root's direction.
        """
        groups: dict[tuple[int, int], list[int]] = defaultdict(list)
        for edge in edges:
            groups[edge.parent, edge.port].append(edge.child)
        found = False
        seen, tables = self.facing.seen, self.facing.tables
        for group in groups.values():
            for pair in combinations(group[:MAX_SIBLINGS], 2):
                for here, there in (pair, pair[::-1]):
                    if there in seen[here] or here not in up or there not in up:
                        continue
                    ports = _below(tables[here], tables[there], up[there])
                    if ports is not None and ports[0] != up[here]:
                        seen[here][there] = ports[0]
                        seen[there].setdefault(here, up[there])
                        if ports[1] < 1:
                            self.facing.doubt[here, there] = ports[1]
                        found = True
        return found

    def _behind(self, one: int) -> int:
        """MACs on ports that lead to no other bridge: where most hang is the middle of a segment."""
        facing = set(self.facing.seen[one].values())
        return sum(port not in facing for port in self.facing.tables[one].values())

    def edges(self) -> Iterator[tuple[Device, int, Device, int, float]]:
        """The tree, the members of each shared segment joined to the one behind which most MACs hang."""
        spans: dict[tuple[int, int], list[Edge]] = defaultdict(list)
        for edge in self._edges:
            spans[edge.parent, edge.port].append(edge)
        devices = self.facing.devices
        for (parent, port), group in spans.items():
            if len(group) == 1:
                (edge,) = group
                yield devices[parent], port, devices[edge.child], edge.child_port, edge.agreement
                continue
            members = [(parent, port), *((edge.child, edge.child_port) for edge in group)]
            middle = max(members, key=lambda member: (self._behind(member[0]), member[0] == parent, member))
            agreement = min(edge.agreement for edge in group)
            for member in members:
                if member != middle:
                    yield devices[middle[0]], middle[1], devices[member[0]], member[1], agreement


def _below(table: dict[str, int], other: dict[str, int], away: int) -> tuple[int, float] | None:
    """The one port on which a bridge has what hangs below *other* (not on its port *away*), and the share that agrees."""
    ports = Counter(table[mac] for mac, port in other.items() if port != away and mac in table)
    if ports.total() < MIN_SHARED:
        return None
    port, times = ports.most_common(1)[0]
    share = times / ports.total()
    return (port, share) if share >= MIN_AGREEMENT else None


# ---- links
def links(views: Sequence[DeviceView], told: Collection[Link], segments: Segments) -> list[Link]:
    """Links between bridges, and from a bridge to a walked device that is none, where *told* has none between the two."""
    joined = {frozenset((end.plane, end.device) for end in link.ends) for link in told}
    found = []
    for parent, port, child, back, agreement in segments.edges():
        if frozenset((parent, child)) in joined:
            continue
        a, b = sorted(
            (end_of(segments.bridges[parent], port), end_of(segments.bridges[child], back)),
            key=lambda end: end.place,
        )
        claims = (_claim(a, b, agreement), _claim(b, a, agreement))
        confidence = round(0.7 * agreement, 2)
        both = bool(port and back)
        found.append(Link(a, b, 2, ("bridge",), two_sided=both, confidence=confidence, claims=claims))
    joined |= {frozenset((end.plane, end.device) for end in link.ends) for link in found}
    speaking = {(end.plane, end.device, end.if_index) for link in told for end in link.ends}
    found += _stations(views, segments, joined, speaking)
    return found


def _claim(here: LinkEnd, there: LinkEnd, agreement: float) -> Claim:
    return Claim(
        here.device,
        Neighbor(
            "bridge",
            here.if_index,
            here.interface,
            there.device,
            remote_descr=f"{agreement:.0%}",
        ),
    )


def _stations(
    views: Sequence[DeviceView],
    segments: Segments,
    joined: Collection[frozenset[Device]],
    speaking: Collection[tuple[Plane, str, int]],
) -> Iterator[Link]:
    """A walked device that bridges nothing, at the one port that sees its MAC and leads to no other bridge."""
    others = {
        (view.plane, view.key): view for view in views if (view.plane, view.key) not in segments.bridges
    }
    places: dict[tuple[Device, int], set[tuple[Device, int, str]]] = defaultdict(set)
    for bridge, table in segments.tables.items():
        for mac, port in table.items():
            owner = segments.owners.get(mac)
            if owner in others and (bridge, port) not in segments.ports:
                places[owner, _port_with(others[owner], mac)].add((bridge, port, mac))
    for (owner, if_index), seen in sorted(places.items()):
        if len({(bridge, port) for bridge, port, _ in seen}) != 1:
            continue
        bridge, port, mac = min(seen)
        if frozenset((owner, bridge)) in joined or (*bridge, port) in speaking:
            continue
        here = end_of(segments.bridges[bridge], port)
        a, b = sorted((here, end_of(others[owner], if_index)), key=lambda end: end.place)
        claims = (Claim(bridge[1], Neighbor("fdb", port, here.interface, owner[1], remote_mac=mac)),)
        yield Link(a, b, 2, ("fdb",), two_sided=False, confidence=0.6, claims=claims)


def _port_with(view: DeviceView, mac: str) -> int:
    """The one physical interface with a MAC; sub-interfaces (ge-0/0/2.100) share their port's. Else 0."""
    held = [one for one in view.interfaces if one.mac == mac]
    names = {one.name for one in held}
    physical = [one for one in held if one.name.partition(".")[0] not in names - {one.name}]
    return physical[0].if_index if len(physical) == 1 else 0
