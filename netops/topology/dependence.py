"""Dependence (依赖): which silent devices only hang below another silent one, by the topology itself. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from netops.core.plane import Plane
from netops.topology.device import RegisteredDevice, Role
from netops.topology.link import Link

TOPS = (Role.CORE, Role.FIREWALL, Role.AGGREGATION)
"""Where netops is taken to stand when nothing says it: the highest tier that is registered."""


def behind(
    joined: Iterable[tuple[str, str]], silent: Collection[str], position: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """
    Silent devices whose silence another one explains, each with those that it hangs behind.

    A device that answered can be reached, whatever the way; so can one that nobody asked, as far as anybody knows. A
    silent device beside one of these, or at the *position* of netops itself, fails by itself. One that can be reached
    over silent devices only hangs behind the nearest of them that fail by themselves. With a second way that still
    answers, a device hangs behind nobody. One that no known link joins to anything fails by itself.

    Args:
        joined: the two devices of every link, as last known.
        position: the devices that netops is next to.
    """
    around: dict[str, set[str]] = defaultdict(set)
    for a, b in joined:
        if a != b:
            around[a].add(b)
            around[b].add(a)
    quiet = set(silent)
    failing = sorted(one for one in quiet if one in position or around[one] - quiet)
    parents: dict[str, set[str]] = defaultdict(set)
    for parent in failing:
        for below in _below(parent, around, quiet - set(failing)):
            parents[below].add(parent)
    return {one: tuple(sorted(found)) for one, found in sorted(parents.items())}


def _below(parent: str, around: dict[str, set[str]], quiet: set[str]) -> Iterator[str]:
    """What is reached from *parent* over *quiet* devices."""
    seen, waiting = {parent}, [parent]
    while waiting:
        for other in sorted(around[waiting.pop()] & quiet - seen):
            seen.add(other)
            waiting.append(other)
            yield other


def reached(joined: Iterable[tuple[str, str]], position: Collection[str]) -> set[str]:
    """Every device that links lead to from the *position*."""
    around: dict[str, set[str]] = defaultdict(set)
    for a, b in joined:
        around[a].add(b)
        around[b].add(a)
    seen, waiting = set(position), list(position)
    while waiting:
        for other in around[waiting.pop()] - seen:
            seen.add(other)
            waiting.append(other)
    return seen


def pairs(links: Collection[Link], plane: Plane) -> Iterator[tuple[str, str]]:
    """
    The links that carry by themselves, as pairs of devices of one plane.

    A link of layer 3 is none of its own where one of its interfaces has a cable to somebody else: it rides on that.
    """
    cabled: dict[tuple[str, int], set[str]] = defaultdict(set)
    for link in links:
        if link.layer == 2:
            for here, there in (link.ends, link.ends[::-1]):
                cabled[here.device, here.if_index].add(there.device)
    for link in links:
        if {end.plane for end in link.ends} != {plane}:
            continue
        rides = link.layer == 3 and any(
            here.if_index and cabled.get((here.device, here.if_index), {there.device}) - {there.device}
            for here, there in (link.ends, link.ends[::-1])
        )
        if not rides:
            yield link.a.device, link.b.device


def highest(devices: Iterable[RegisteredDevice], plane: Plane) -> tuple[str, ...]:
    """The registered devices of the highest tier of a plane."""
    held = [entry for entry in devices if entry.plane is plane]
    for role in TOPS:
        if found := tuple(sorted(entry.name for entry in held if entry.role is role)):
            return found
    return ()
