"""How many machines stand behind one address (隐藏终端数): counted by what they cannot help showing; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netops.egress.listening import stacks

GAP = 64
"""A system that counts its source ports up takes the next one for the same far end within so many (RFC 6056 §3.3)."""
LEAST_LINE = 3
COVERED = 0.7
"""A smaller share of connections on lines, and ports are chosen by chance: lines say nothing then."""


class Connection(NamedTuple):
    """A connection that was begun: ns, the stack that its SYN shows ("" without one), ports, far end, its user agent."""

    at: int
    stack: str
    sport: int
    peer: str
    port: int
    agent: str = ""


class Estimate(NamedTuple):
    """
    How many machines there are.

    Args:
        hosts: most likely; *least*: what is certain by one feature alone.
        confidence: ratio: how much the features bear each other out.
        by: the features that counted: stacks, devices, ports.
    """

    hosts: int
    least: int
    confidence: float
    by: tuple[str, ...]


def estimate(connections: Sequence[Connection]) -> Estimate:
    """
    The number of machines behind the address that began these connections.

    Machines of different systems differ in their stacks. Within a stack, those are counted whose user agents name
    different devices, and those whose source ports to one far end count up on lines of their own at the same time:
    whichever are more. TCP timestamps are left alone: Linux gives each connection an offset of its own.
    """
    by_stack: dict[str, list[Connection]] = defaultdict(list)
    for one in connections:
        by_stack[one.stack].append(one)
    known = {stack: several for stack, several in by_stack.items() if stack and len(several) >= 2} or by_stack
    if not connections:
        return Estimate(0, 0, 0.0, ())
    hosts = least = 0
    used, sure, total = set[str](), 0.0, 0
    for several in known.values():
        named, counted = devices(several), lines(several)
        count = max(1, named, counted)
        hosts += count
        least = max(least, named, 1)
        used |= {"ports"} if counted > 1 else set()
        weight = 0.9 if counted and counted == count else 0.7 if counted else 0.55 if named else 0.4
        sure, total = sure + weight * len(several), total + len(several)
    used |= {"stacks"} if len(known) > 1 else set()
    used |= {"devices"} if devices(connections) > 1 else set()
    least = max(least, len(known), devices(connections))
    hosts = max(hosts, least)
    return Estimate(hosts, least, round(sure / total, 2), tuple(sorted(used)))


def devices(connections: Iterable[Connection]) -> int:
    """
    Devices that user agents tell apart.

    Of phones each model and version is one; of desktops of one system as many as one browser shows different versions.
    """
    models, versions = set[str](), dict[str, dict[str, set[int]]]()
    for agent in {one.agent for one in connections if one.agent}:
        device = stacks.device(agent)
        if not device:
            continue
        if stacks.family(device) in ("Android", "iPhone", "iPad", "iPod"):
            models.add(device)
            continue
        name, version = stacks.product(agent)
        versions.setdefault(device, {}).setdefault(name, set()).add(version)
    # "Android 13" alone is the same machine as "Android 13 M2102J2SC" in another program of it.
    models = {one for one in models if not any(other != one and other.startswith(f"{one} ") for other in models)}
    return len(models) + sum(max(map(len, by_name.values())) for by_name in versions.values())


def lines(connections: Iterable[Connection]) -> int:
    """Most lines on which source ports to one far end count up at the same time; 0 where ports follow no line."""
    by_end: dict[tuple[str, int], list[Connection]] = defaultdict(list)
    for one in connections:
        by_end[one.peer, one.port].append(one)
    return max((_lines(several) for several in by_end.values() if len(several) >= LEAST_LINE), default=0)


def _lines(connections: list[Connection]) -> int:
    found: list[list[Connection]] = []
    for one in sorted(connections):
        fits = [line for line in found if 0 < one.sport - line[-1].sport <= GAP]
        if fits:
            max(fits, key=lambda line: line[-1].sport).append(one)
        elif not any(one.sport == line[-1].sport for line in found):
            found.append([one])
    whole = [line for line in found if len(line) >= LEAST_LINE]
    if sum(map(len, whole)) < COVERED * len(connections):
        return 0
    most = now = 0
    for _, step in sorted([(line[0].at, -1) for line in whole] + [(line[-1].at, 1) for line in whole]):
        now -= step
        most = max(most, now)
    return most
