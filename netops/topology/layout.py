"""
What stands on the map, and where (拓扑图布局): trees from the top down, planes apart. Pure.

Each device hangs below the one that leads to the top; those with nothing below them stand in columns beside a trunk, as
on an organization chart. The same network is always laid out the same way, whatever the order in which it comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import ceil, log, sqrt

import msgspec

from netops.core.finding import Finding
from netops.core.plane import Plane
from netops.topology.device import Role
from netops.topology.link import Link
from netops.topology.segments import Segment

TIERS = {
    Role.UPSTREAM: 0,
    Role.FIREWALL: 1,
    Role.CORE: 2,
    Role.AGGREGATION: 3,
    Role.EDGE: 4,
    Role.COUNTY: 4,
    Role.SWITCH: 5,
}
LAST_TIER = 6
SEGMENT = "segment"
BOX_WIDTH, BOX_HEIGHT = 152, 42
GAP, ROW_GAP, LEVEL, TRUNK = 18, 10, 50, 16
MARGIN, TITLE, PLANE_GAP = 26, 46, 64
WIDTHS = (1000, 1300, 1700, 2200, 2800, 3600, 4600)
"""Pixels across, one of which is the width at which what hangs below something goes to a second shelf."""
SHAPE = 1.5
"""Width to height that a picture ought to have."""
Key = tuple[Plane, str]


class Drawn(msgspec.Struct, frozen=True):
    """
    A device to draw, a shared segment, or a crowd of devices that hang together.

    Args:
        role: "" for a device that nobody registered; "segment" for a shared segment.
        state: "up", "silent" (drawn hollow) or "unwalked" (nobody asks it; drawn dotted).
        count: devices in it; *silent* and *troubled* of them do not answer, or have a finding.
        names: some of the devices in it, or what else is told of it.
        terminals: that hang on it directly.
    """

    plane: Plane
    name: str
    role: Role | str = ""
    organization: str = ""
    address: str = ""
    state: str = "up"
    count: int = 1
    silent: int = 0
    troubled: int = 0
    names: tuple[str, ...] = ()
    terminals: int = 0

    @property
    def key(self) -> Key:
        """Names are unique within a plane."""
        return (self.plane, self.name)

    @property
    def tier(self) -> int:
        """How far from the top it belongs."""
        return TIERS.get(Role(self.role), LAST_TIER) if self.role and self.role != SEGMENT else LAST_TIER


class Line(msgspec.Struct, frozen=True):
    """
    A line between two things that are drawn.

    Args:
        kind: "link", "one-sided", "inferred", "blocked", "registered", "missing", "undeclared", "private", "bypass" or
            "cross".
        told: what is said of each cable in it: interfaces and sources.
        count: cables.
    """

    a: Key
    b: Key
    kind: str
    told: tuple[str, ...] = ()
    count: int = 1


KINDS = {"TP-002": "missing", "TP-003": "undeclared", "TP-101": "bypass", "TP-102": "cross"}
"""Rule to what its link is drawn as."""
PRIVATE = ("private_backbone", "bypass_link")
"""Kinds of findings about a link between departments past the platform (Article 9)."""


def lines(
    devices: Sequence[Drawn],
    links: Sequence[Link],
    findings: Sequence[Finding],
    segments: Sequence[Segment] = (),
) -> list[Line]:
    """
    Links, marked by the findings about them, and registered links that are missing; cables between the same two are one.

    What lies on a shared segment leads to the segment, where that is drawn.
    """
    known = {device.key for device in devices}
    marked, missing = _marks(findings, known)
    shared = {one.id: (one.plane, one.id) for one in segments if (one.plane, one.id) in known}
    groups: dict[tuple[Key, Key, str], set[str]] = defaultdict(set)
    for link in links:
        names = frozenset(f"{end.device}/{end.interface}" for end in link.ends)
        kind, told = marked.get(names) or _kind(link), _told(link)
        if link.segment in shared and kind not in ("bypass", "cross", "private", "undeclared"):
            for end in link.ends:
                key = (end.plane, end.device)
                if key in known:
                    groups[key, shared[link.segment], "link"].add(f"{end.device} {end.interface}".strip())
            continue
        a, b = sorted(((link.a.plane, link.a.device), (link.b.plane, link.b.device)))
        if {a, b} <= known and a != b:
            groups[a, b, kind].add(told)
    drawn = [Line(a, b, kind, tuple(sorted(told)), len(told)) for (a, b, kind), told in groups.items()]
    return sorted([*drawn, *missing], key=lambda line: (line.a, line.b, line.kind))


def _marks(findings: Sequence[Finding], known: set[Key]) -> tuple[dict[frozenset[str], str], list[Line]]:
    marked: dict[frozenset[str], str] = {}
    missing: list[Line] = []
    for finding in findings:
        kind = KINDS.get(finding.code) or ("private" if finding.kind in PRIVATE else None)
        a, b = (finding.subject.get(end) for end in ("a", "b"))
        if kind is None or not isinstance(a, dict) or not isinstance(b, dict):
            continue
        if kind == "missing":
            ends = (finding.plane, str(a.get("device", ""))), (finding.plane, str(b.get("device", "")))
            if set(ends) <= known:
                missing.append(Line(min(ends), max(ends), "missing"))
        else:
            marked[frozenset(f"{end.get('device', '')}/{end.get('interface', '')}" for end in (a, b))] = kind
    return marked, missing


def _kind(link: Link) -> str:
    if link.crosses_planes:
        return "cross"
    if link.protocols == ("register",):
        return "registered"
    if link.blocked:
        return "blocked"
    if not link.is_told:
        return "inferred"
    return "link" if link.two_sided else "one-sided"


def _told(link: Link) -> str:
    a, b = (f"{end.device} {end.interface}".strip() for end in link.ends)
    return f"{a} – {b} ({', '.join(link.protocols)})"


IMPROPER = frozenset({"missing", "undeclared", "private", "bypass", "cross"})
"""Kinds of lines that are drawn across the trees."""


# ---- trees
class Forest:
    """
    What hangs below what.

    Args:
        parent: by what hangs; the tops have none. *below*: in order.
    """

    def __init__(self, devices: Sequence[Drawn], drawn: Sequence[Line]) -> None:
        self.device = {one.key: one for one in sorted(devices, key=lambda one: one.key)}
        around: dict[Key, set[Key]] = defaultdict(set)
        inside = [
            line
            for line in drawn
            if line.a in self.device and line.b in self.device and line.a[0] is line.b[0]
        ]
        proper = {end for line in inside if line.kind not in IMPROPER for end in (line.a, line.b)}
        for line in inside:
            # What ought not to be, or is not, carries only what hangs on nothing else.
            if line.kind not in IMPROPER or not {line.a, line.b} <= proper:
                around[line.a].add(line.b)
                around[line.b].add(line.a)
        self.parent: dict[Key, Key] = {}
        self.below: dict[Key, list[Key]] = defaultdict(list)
        self.tops: list[Key] = []
        left = set(self.device)
        order = sorted(self.device, key=lambda key: (self.device[key].tier, -len(around[key]), key))
        for top in order:
            if top not in left:
                continue
            self.tops.append(top)
            left.discard(top)
            self._hang(top, around, left)

    def _hang(self, top: Key, around: dict[Key, set[Key]], left: set[Key]) -> None:
        """Breadth first, so that everything hangs as near to the top as it can."""
        level = [top]
        while level:
            following: list[Key] = []
            for above in level:
                for key in sorted(around[above] & left, key=self._order):
                    left.discard(key)
                    self.parent[key] = above
                    self.below[above].append(key)
                    following.append(key)
            level = following

    def _order(self, key: Key) -> tuple[int, Key]:
        return (self.device[key].tier, key)

    def depth(self, key: Key) -> int:
        """Steps to the top."""
        steps = 0
        while key in self.parent:
            key, steps = self.parent[key], steps + 1
        return steps

    def under(self, key: Key) -> Iterator[Key]:
        """The key itself, and everything below it."""
        waiting = [key]
        for one in waiting:
            yield one
            waiting += self.below[one]


class Box(msgspec.Struct, frozen=True):
    """Something at its place: the upper left corner, in pixels. *beside*: it hangs on a trunk at its left."""

    device: Drawn
    x: float
    y: float
    beside: bool = False

    @property
    def middle(self) -> tuple[float, float]:
        """The middle of the box."""
        return self.x + BOX_WIDTH / 2, self.y + BOX_HEIGHT / 2


class Area(msgspec.Struct, frozen=True):
    """The ground on which a plane stands."""

    plane: Plane
    x: float
    y: float
    width: float
    height: float


class Plan(msgspec.Struct, frozen=True):
    """
    Where everything is.

    Args:
        trails: for what hangs below something: the corners of its line, from that down to it.
    """

    boxes: dict[Key, Box]
    trails: dict[Key, tuple[tuple[float, float], ...]]
    areas: tuple[Area, ...]
    width: float
    height: float


def plan(devices: Sequence[Drawn], drawn: Sequence[Line]) -> Plan:
    """Planes side by side, the intranet first; in each its trees, at the width that makes the best shape."""
    forest = Forest(devices, drawn)
    boxes: dict[Key, Box] = {}
    trails: dict[Key, tuple[tuple[float, float], ...]] = {}
    areas: list[Area] = []
    left = float(MARGIN)
    for plane in Plane:
        tops = [key for key in forest.tops if key[0] is plane]
        if not tops:
            continue
        block = min((_plane(forest, tops, limit) for limit in WIDTHS), key=_ugliness)
        width = max(block.width, BOX_WIDTH * 2.0)
        block.put(left + MARGIN + (width - block.width) / 2, MARGIN + TITLE, boxes, trails)
        areas.append(Area(plane, left, MARGIN, width + 2 * MARGIN, TITLE + block.height + MARGIN))
        left += width + 2 * MARGIN + PLANE_GAP
    height = max((area.y + area.height for area in areas), default=MARGIN * 4.0)
    return Plan(boxes, trails, tuple(areas), max(left - PLANE_GAP, MARGIN * 8.0) + MARGIN, height + MARGIN)


def _plane(forest: Forest, tops: Sequence[Key], limit: float) -> _Block:
    """One plane's trees and what stands alone, on shelves."""
    alone = [key for key in tops if not forest.below[key]]
    trees = [_tree(forest, key, limit) for key in tops if forest.below[key]]
    if alone:
        trees.append(_crowd(forest, alone))
    block, y = _Block(), 0.0
    for shelf in _shelved(trees, limit):
        x = 0.0
        for tree in shelf:
            block.take(tree, x, y)
            x += tree.width + GAP
        block.width = max(block.width, x - GAP)
        y += max(tree.height for tree in shelf) + LEVEL
    block.height = y - LEVEL
    return block


def _ugliness(block: _Block) -> float:
    return abs(log(block.width / max(block.height, 1) / SHAPE))


class _Block:
    """A part of the plan: its size, and what stands where in it, from its own corner."""

    def __init__(self) -> None:
        self.width = self.height = 0.0
        self.boxes: list[Box] = []
        self.trails: dict[Key, list[tuple[float, float]]] = {}
        self.head = 0.0
        """Where a line from above meets it."""

    def take(self, other: _Block, x: float, y: float) -> None:
        """Put another block into this one."""
        self.boxes += [msgspec.structs.replace(box, x=box.x + x, y=box.y + y) for box in other.boxes]
        for key, corners in other.trails.items():
            self.trails[key] = [(corner[0] + x, corner[1] + y) for corner in corners]

    def put(
        self, x: float, y: float, boxes: dict[Key, Box], trails: dict[Key, tuple[tuple[float, float], ...]]
    ) -> None:
        """Put this one onto the plan."""
        for box in self.boxes:
            boxes[box.device.key] = msgspec.structs.replace(box, x=box.x + x, y=box.y + y)
        for key, corners in self.trails.items():
            trails[key] = tuple((corner[0] + x, corner[1] + y) for corner in corners)


def _tree(forest: Forest, key: Key, limit: float) -> _Block:
    """A device with everything below it: what has nothing below it in columns, the rest side by side."""
    block = _Block()
    leaves = [child for child in forest.below[key] if not forest.below[child]]
    parts = [_crowd(forest, leaves)] if len(leaves) > 1 else [_alone(forest, key) for key in leaves]
    parts += [_tree(forest, child, limit) for child in forest.below[key] if forest.below[child]]
    shelves = list(_shelved(parts, limit))
    aside = TRUNK if len(shelves) > 1 else 0
    inner = max([sum(part.width + GAP for part in shelf) - GAP for shelf in shelves], default=0.0)
    block.width = max(float(BOX_WIDTH), inner + aside)
    first = sum(part.width + GAP for part in shelves[0]) - GAP if shelves else 0.0
    block.head = aside + first / 2 if len(shelves) == 1 and first > BOX_WIDTH else block.width / 2
    block.boxes.append(Box(forest.device[key], block.head - BOX_WIDTH / 2, 0))
    y, start = float(BOX_HEIGHT + LEVEL), (block.head, float(BOX_HEIGHT))
    for number, shelf in enumerate(shelves):
        bus = y - LEVEL / 2
        x = aside + max(0.0, (block.width - inner - aside) / 2)
        down = [start, (block.head, BOX_HEIGHT + LEVEL / 2)]
        if number:
            down += [(TRUNK / 4, BOX_HEIGHT + LEVEL / 2), (TRUNK / 4, bus)]
        for part in shelf:
            block.take(part, x, y)
            for child, corners in part.trails.items():
                if forest.parent.get(child) == key:
                    own = [(corner[0] + x, corner[1] + y) for corner in corners]
                    block.trails[child] = [*down, (own[0][0], bus), *own]
            top = part.boxes[0]
            if not top.beside and forest.parent.get(top.device.key) == key:
                block.trails[top.device.key] = [*down, (x + part.head, bus), (x + part.head, y)]
            x += part.width + GAP
        y += max(part.height for part in shelf) + LEVEL
    block.height = y - LEVEL if shelves else float(BOX_HEIGHT)
    return block


def _alone(forest: Forest, key: Key) -> _Block:
    """One device with nothing below it."""
    block = _Block()
    block.boxes.append(Box(forest.device[key], 0, 0))
    block.width, block.height, block.head = float(BOX_WIDTH), float(BOX_HEIGHT), BOX_WIDTH / 2
    return block


def _crowd(forest: Forest, keys: Sequence[Key]) -> _Block:
    """Devices with nothing below them: columns, each beside a trunk."""
    block = _Block()
    rows = min(max(ceil(sqrt(len(keys) * 1.6)), 1), 9)
    for number, key in enumerate(keys):
        column, row = divmod(number, rows)
        left = column * (TRUNK + BOX_WIDTH + GAP / 2)
        y = row * (BOX_HEIGHT + ROW_GAP)
        block.boxes.append(Box(forest.device[key], left + TRUNK, y, beside=True))
        middle = y + BOX_HEIGHT / 2
        block.trails[key] = [(left + TRUNK / 4, middle), (left + TRUNK, middle)]
    columns = ceil(len(keys) / rows)
    block.width = columns * (TRUNK + BOX_WIDTH + GAP / 2) - GAP / 2
    block.height = min(len(keys), rows) * (BOX_HEIGHT + ROW_GAP) - ROW_GAP
    block.head = block.width / 2
    return block


def _shelved(parts: Sequence[_Block], limit: float) -> Iterator[list[_Block]]:
    """Parts side by side, as many as go into the width."""
    shelf: list[_Block] = []
    width = 0.0
    for part in parts:
        if shelf and width + part.width > limit:
            yield shelf
            shelf, width = [], 0.0
        shelf.append(part)
        width += part.width + GAP
    if shelf:
        yield shelf


def tree_lines(forest: Forest, drawn: Iterable[Line]) -> tuple[list[tuple[Line, Key]], list[Line]]:
    """Lines that follow the trees, each with what hangs on it, and all others."""
    along, across = [], []
    for line in drawn:
        if forest.parent.get(line.a) == line.b:
            along.append((line, line.a))
        elif forest.parent.get(line.b) == line.a:
            along.append((line, line.b))
        else:
            across.append(line)
    return along, across


def corners_of(points: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """The corners of a trail without those that lie on its way."""
    kept = [points[0]]
    for point in points[1:]:
        if point != kept[-1]:
            kept.append(point)
    turns = [kept[0]]
    for (before, here), (_, after) in zip(pairwise(kept), pairwise(kept[1:]), strict=False):
        if not (before[0] == here[0] == after[0] or before[1] == here[1] == after[1]):
            turns.append(here)
    return [*turns, kept[-1]]
