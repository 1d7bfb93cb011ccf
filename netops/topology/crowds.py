"""
A city too large for one picture (聚合): what hangs together far from the top is drawn as one, with what there is in it.

Pure. Nothing is left out: every device is counted in the box that it is drawn in, and so are the silent ones and those
with findings.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

import msgspec

from netops.core.plane import Plane
from netops.topology.layout import SEGMENT, Drawn, Forest, Key, Line

READABLE = 320
"""Boxes that can still be read on one picture."""
MANY = 4
"""Devices without anything below them on one port group that become one."""
NAMED = 24


def gathered(
    devices: Sequence[Drawn], drawn: Sequence[Line], troubled: set[Key]
) -> tuple[list[Drawn], list[Line]]:
    """Devices and lines as they are, or gathered as little as makes them readable."""
    if len(devices) <= READABLE:
        return list(devices), list(drawn)
    forest = Forest(devices, drawn)
    deepest = max((forest.depth(key) for key in forest.device), default=0)
    into: dict[Key, Key] = {}
    for limit in range(deepest, 0, -1):
        into = _below(forest, limit)
        if len(set(into.values())) <= READABLE:
            break
    else:
        into = _siblings(forest, into)
    return _boxes(forest, into, troubled), _lines(drawn, into)


def _below(forest: Forest, limit: int) -> dict[Key, Key]:
    """Everything into the one at depth *limit* above it; what is nearer the top stays itself, what stands alone does not."""
    into: dict[Key, Key] = {}
    alone: dict[tuple[Plane, str, str], list[Key]] = defaultdict(list)
    for top in forest.tops:
        if not forest.below[top]:
            one = forest.device[top]
            alone[one.plane, one.role, one.state].append(top)
    first = {key: group[0] for group in alone.values() if len(group) >= MANY for key in sorted(group)}
    waiting = [(top, 0, first.get(top, top)) for top in forest.tops]
    for key, depth, box in waiting:
        into[key] = box
        waiting += [(child, depth + 1, box if depth >= limit else child) for child in forest.below[key]]
    return into


def _siblings(forest: Forest, into: Mapping[Key, Key]) -> dict[Key, Key]:
    """Also what hangs on the same one, into the first of them."""
    groups: dict[tuple[Plane, Key], list[Key]] = defaultdict(list)
    boxes = sorted(set(into.values()))
    for box in boxes:
        if not any(into[child] != box for child in forest.below[box]):
            groups[box[0], forest.parent.get(box, (box[0], ""))].append(box)
    first = {box: group[0] for group in groups.values() if len(group) >= MANY for box in group}
    return {key: first.get(box, box) for key, box in into.items()}


def _boxes(forest: Forest, into: Mapping[Key, Key], troubled: set[Key]) -> list[Drawn]:
    members: dict[Key, list[Drawn]] = defaultdict(list)
    for key in forest.device:
        members[into[key]].append(forest.device[key])
    return [_box(forest.device[box], held, troubled) for box, held in members.items()]


def _box(top: Drawn, held: Sequence[Drawn], troubled: set[Key]) -> Drawn:
    real = [one for one in held if one.role != SEGMENT]
    if len(held) == 1 or not real:
        return top
    states = Counter(one.state for one in real)
    return msgspec.structs.replace(
        top,
        role=top.role if top.role != SEGMENT else real[0].role,
        state="silent" if states["silent"] == len(real) else "up",
        count=len(real),
        silent=states["silent"],
        troubled=sum(one.key in troubled for one in real),
        names=tuple(sorted((one.name for one in real), key=lambda name: (name != top.name, name)))[:NAMED],
        terminals=sum(one.terminals for one in held),
    )


def _lines(drawn: Sequence[Line], into: Mapping[Key, Key]) -> list[Line]:
    groups: dict[tuple[Key, Key, str], list[Line]] = defaultdict(list)
    for line in drawn:
        a, b = sorted((into[line.a], into[line.b]))
        if a != b:
            groups[a, b, line.kind].append(line)
    return [
        Line(
            a,
            b,
            kind,
            tuple(told for line in held for told in line.told)[:NAMED],
            sum(line.count for line in held),
        )
        for (a, b, kind), held in sorted(groups.items())
    ]
