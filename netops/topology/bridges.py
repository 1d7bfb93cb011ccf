"""
Links that forwarding tables imply (转发表推断), where no neighbour protocol speaks. Pure.

Lowekamp, O'Hallaron and Gross (SIGCOMM 2001): two bridges face each other by the port pair that the fewest shared MACs
contradict. Breitbart et al., Gobjuka and Breitbart: with bridges' own MACs in the tables, the tree follows.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from netops.core.plane import Plane
from netops.topology.device import DeviceView, FdbEntry, Neighbor
from netops.topology.link import Claim, Link, LinkEnd, end_of

SHARED_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:00:")
"""VRRP (RFC 9568), HSRP 1 and 2, GLBP: the same MAC in places that have nothing to do with each other."""
MIN_SHARED = 3
"""MACs that two bridges must have in common before their tables say anything without either's own MAC in them."""
MIN_AGREEMENT = 0.75
MAX_COMPARED = 150
"""Bridges that are compared each with each; above, only bridges' own MACs place them."""

Device = tuple[Plane, str]


class Facing(NamedTuple):
    """The port by which one bridge sees another, and the share of rows that agree."""

    port: int
    agreement: float


class Segments:
    """
    The bridges of some views, the ports by which they see each other, and the tree that follows.

    Args:
        facing: by bridge, then by the bridge that it sees.
    """

    def __init__(self, views: Sequence[DeviceView]) -> None:
        self.bridges = {(view.plane, view.key): view for view in views if _learned(view)}
        self.tables = {device: _table(view) for device, view in self.bridges.items()}
        self.owners = _owners(views)
        self.facing: dict[Device, dict[Device, Facing]] = {device: {} for device in self.bridges}
        self._by_own_macs()
        if len(self.bridges) <= MAX_COMPARED:
            self._by_shared_macs()
        self.ports = {
            (device, facing.port) for device, seen in self.facing.items() for facing in seen.values()
        }
        """Every (bridge, ifIndex) that leads to another bridge."""

    def _by_own_macs(self) -> None:
        for device, table in self.tables.items():
            votes: dict[Device, Counter[int]] = defaultdict(Counter)
            for mac, port in table.items():
                owner = self.owners.get(mac)
                if owner is not None and owner != device and owner in self.bridges:
                    votes[owner][port] += 1
            for owner, ports in votes.items():
                port, times = ports.most_common(1)[0]
                self.facing[device][owner] = Facing(port, times / ports.total())

    def _by_shared_macs(self) -> None:
        devices = sorted(self.bridges)
        for place, a in enumerate(devices):
            for b in devices[place + 1 :]:
                known_a, known_b = self.facing[a].get(b), self.facing[b].get(a)
                if a[0] != b[0] or (known_a and known_b):
                    continue
                pair = _port_pair(
                    self.tables[a],
                    self.tables[b],
                    known_a.port if known_a else 0,
                    known_b.port if known_b else 0,
                )
                if pair is not None:
                    port_a, port_b, agreement = pair
                    self.facing[a].setdefault(b, Facing(port_a, agreement))
                    self.facing[b].setdefault(a, Facing(port_b, agreement))

    def tree(self) -> Iterator[tuple[Device, int, Device, int, float]]:
        """Edges: parent, its port, child, its port, agreement. Several children on one port hang on one segment."""
        for members in self._components():
            root = max(
                sorted(members),
                key=lambda one: (sum(one in self.facing[other] for other in members), self._behind(one)),
            )
            up = {one: self.facing[one][root].port for one in members if root in self.facing[one]}
            above: dict[Device, list[Device]] = {
                child: [
                    other
                    for other in members
                    if other != child
                    and child in self.facing[other]
                    and self.facing[other][child].port != up.get(other)
                ]
                for child in up
                if child != root
            }
            depth = {child: len(others) for child, others in above.items()} | {root: 0}
            for child in sorted(above):
                # A bridge that does not see the root is above nobody.
                parents = [other for other in above[child] if other in depth]
                if parents:
                    parent = max(sorted(parents), key=lambda other: depth[other])
                    seen = self.facing[parent][child]
                    back = self.facing[child].get(parent, self.facing[child][root])
                    yield parent, seen.port, child, back.port, min(seen.agreement, back.agreement)

    def _components(self) -> list[list[Device]]:
        left = set(self.bridges)
        found: list[list[Device]] = []
        around: dict[Device, set[Device]] = defaultdict(set)
        for one, seen in self.facing.items():
            for other in seen:
                around[one].add(other)
                around[other].add(one)
        for start in sorted(self.bridges):
            if start not in left:
                continue
            reached, waiting = {start}, [start]
            while waiting:
                for other in around[waiting.pop()] - reached:
                    reached.add(other)
                    waiting.append(other)
            left -= reached
            if len(reached) > 1:
                found.append(sorted(reached))
        return found

    def _behind(self, device: Device) -> int:
        """MACs on ports that lead to no other bridge: where most hang is the middle of a segment."""
        facing = {seen.port for seen in self.facing[device].values()}
        return sum(port not in facing for port in self.tables[device].values())

    def edges(self) -> Iterator[tuple[Device, int, Device, int, float]]:
        """The tree, the members of each shared segment joined to the one behind which most MACs hang."""
        spans: dict[tuple[Device, int], list[tuple[Device, int, Device, int, float]]] = defaultdict(list)
        for edge in self.tree():
            spans[edge[0], edge[1]].append(edge)
        for (parent, port), group in spans.items():
            if len(group) == 1:
                yield group[0]
                continue
            members = [(parent, port), *((child, back) for _, _, child, back, _ in group)]
            middle = max(members, key=lambda member: (self._behind(member[0]), member[0] == parent, member))
            agreement = min(edge[4] for edge in group)
            for member in members:
                if member != middle:
                    yield *middle, *member, agreement


def _learned(view: DeviceView) -> bool:
    return any(entry.status == "learned" and entry.if_index for entry in view.fdb)


def _table(view: DeviceView) -> dict[str, int]:
    """MAC to ifIndex; a MAC on two ports, and one that is shared by design, says nothing."""
    table: dict[str, int] = {}
    own, twice = view.macs(), set()
    for entry in view.fdb:
        if not _tells(entry) or entry.mac in own:
            continue
        if table.setdefault(entry.mac, entry.if_index) != entry.if_index:
            twice.add(entry.mac)
    return {mac: port for mac, port in table.items() if mac not in twice}


def _tells(entry: FdbEntry) -> bool:
    return (
        entry.status == "learned"
        and bool(entry.if_index)
        and not int(entry.mac[:2], 16) & 1
        and not entry.mac.startswith(SHARED_VIRTUAL)
    )


def _owners(views: Sequence[DeviceView]) -> dict[str, Device]:
    """
    Whose own each MAC is; one that two devices claim is nobody's.

    A bridge that was read without its interfaces (a partial walk) owns the block above its bridge MAC, one for each
    port: Cisco numbers a switch's ports so (measured on the Catalyst switches of OpenNMS nms17216).
    """
    found: dict[str, set[Device]] = defaultdict(set)
    for view in views:
        for mac in view.macs():
            found[mac].add((view.plane, view.key))
    sure = set(found)
    for view in views:
        if view.system.bridge and not any(one.mac for one in view.interfaces):
            base = int(view.system.bridge.replace(":", ""), 16)
            for number in range(1, 65):
                if (mac := _mac(base + number)) not in sure:
                    found[mac].add((view.plane, view.key))
    return {mac: next(iter(devices)) for mac, devices in found.items() if len(devices) == 1}


def _mac(number: int) -> str:
    return (number % (1 << 48)).to_bytes(6, "big").hex(":")


def _port_pair(
    a: dict[str, int], b: dict[str, int], port_a: int = 0, port_b: int = 0
) -> tuple[int, int, float] | None:
    """
    The ports by which two bridges face each other, and the share of their shared MACs that agree.

    A MAC that *a* has elsewhere than on its port and *b* elsewhere than on its own would be in two places.
    """
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    both = [mac for mac in small if mac in large]
    counts = Counter((a[mac], b[mac]) for mac in both)
    if len(both) < MIN_SHARED and not (port_a or port_b):
        return None
    total = counts.total()
    by_a, by_b = Counter[int](), Counter[int]()
    for (here, there), times in counts.items():
        by_a[here] += times
        by_b[there] += times
    ranks: list[tuple[float, int, int, int]] = []
    for one in [port_a] if port_a else by_a:
        for other in [port_b] if port_b else by_b:
            agree = by_a[one] + by_b[other] - counts[one, other]
            # Of equal pairs, the one that has MACs behind both: those on the pair itself tell no direction.
            ranks.append((agree / total if total else 1.0, agree - counts[one, other], one, other))
    ranks.sort(reverse=True)
    if not ranks or ranks[0][0] < MIN_AGREEMENT or (len(ranks) > 1 and ranks[0][:2] == ranks[1][:2]):
        return None  # nothing fits, or two pairs fit alike: not decided
    return ranks[0][2], ranks[0][3], ranks[0][0]


# ---- links
def links(views: Sequence[DeviceView], told: Collection[Link]) -> list[Link]:
    """Links between bridges, and from a bridge to a walked device that is none, where *told* has none between the two."""
    segments = Segments(views)
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
        found.append(Link(a, b, 2, ("bridge",), two_sided=True, confidence=confidence, claims=claims))
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
