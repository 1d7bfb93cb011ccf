"""How many machines stand behind one address (隐藏终端数): counted by what they cannot help showing; pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from math import prod
from typing import NamedTuple

from netops.egress.listening import lines, stacks
from netops.egress.listening.lines import Connection

LEAST_OF_STACK = 2
"""A stack that began fewer connections is an odd packet, no machine, as long as others began more."""
LEAST_OF_SCALE = 3
"""A window scale that began fewer is a program's own; more are another machine's memory (Linux: tcp_rmem)."""
TOGETHER_NS = 20 * 1_000_000_000
"""Standing connections that last so long side by side: an old one that nobody closed is not counted beside its successor."""
WORTH = {"stamps": 0.98, "idents": 0.98, "ports": 0.97, "standing": 0.95, "devices": 0.75, "names": 0.6, "": 0.6}
"""How sure each feature is, within one, of the machines of one stack, where it counted most; as `benchmarks.capture` measures."""
DOUBT = 0.75
"""What remains of doubt with each connection that a machine began."""
MOST_SURE = 0.97


class Standing(NamedTuple):
    """A connection of which every machine of a brand keeps exactly one, such as to its maker's push service: ns of both ends."""

    brand: str
    port: int
    first: int
    last: int


class Estimate(NamedTuple):
    """
    How many machines there are.

    Args:
        hosts: most likely; *least*: what is certain by one feature alone.
        confidence: ratio: how much the features bear each other out.
        by: the features that counted: stacks, devices, ports, stamps, idents, standing, names.
    """

    hosts: int
    least: int
    confidence: float
    by: tuple[str, ...]


def estimate(connections: Sequence[Connection], standing: Sequence[Standing] = (), brands: Iterable[str] = ()) -> Estimate:
    """
    The number of machines behind the address that began these connections.

    Machines of different systems differ in their stacks, and those behind a second box in their TTL. Within a stack whichever
    feature tells most of them apart: devices in user agents; source ports, TCP timestamps and IP identifications that go on
    in lines of their own (see `lines`); connections of which every machine keeps one; names that only one brand asks for.

    Args:
        standing: of this address; *brands*: whose names it asked for.
    """
    if not connections and not standing:
        return Estimate(0, 0, 0.0, ())
    groups = _groups(connections)
    by_family: dict[str, list[tuple[dict[str, int], int]]] = defaultdict(list)
    for (stack, _hops, _scale), several in groups.items():
        by_family[stacks.system(stack) or stack].append((_counts(several), len(several)))
    beside = _beside(standing, set(brands))
    used, sure, hosts = set[str](), 1.0, 0
    for family in by_family.keys() | beside.keys():
        count, certainty, ways = _of_family(by_family.get(family, []), beside.get(family, {}))
        hosts, sure, used = hosts + count, sure * certainty, used | ways
    named = devices(connections)
    certain = [lines.certain(several) for several in groups.values()]
    least = max(len({stack for stack, _, _ in groups}), named, sum(max(1, one) for one in certain), 1)
    hosts = max(hosts, least)
    used |= {"stacks"} if len({stack for stack, _, _ in groups}) > 1 else set()
    used |= {"devices"} if named > 1 else set()
    return Estimate(hosts, least, round(min(MOST_SURE, sure), 2), tuple(sorted(used)))


def _of_family(inner: Sequence[tuple[Mapping[str, int], int]], beside: Mapping[str, int]) -> tuple[int, float, set[str]]:
    """Machines of one system, how sure that is, and the features that tell several apart: of its stacks, and beside them."""
    used, certainty, hosts = set[str](), 1.0, 0
    for counts, connections in inner:
        count = max([1, *counts.values()])
        ways = [way for way, told in counts.items() if told == count] or [""]
        # A machine that began little may have been heard too little to be told apart.
        certainty *= _sure(ways) * (1.0 - DOUBT ** (connections / count))
        hosts, used = hosts + count, used | (set(ways) if count > 1 else set())
    for way, count in beside.items():
        if count > hosts:
            hosts, certainty = count, WORTH[way]
        elif count == hosts:
            certainty = 1 - (1 - certainty) * (1 - WORTH[way])
        used |= {way} if count == hosts > 1 else set()
    return hosts, certainty, used


def _sure(ways: Iterable[str]) -> float:
    return 1.0 - prod(1.0 - WORTH[way] for way in ways)


def _groups(connections: Sequence[Connection]) -> dict[tuple[str, int, int], list[Connection]]:
    """Connections by stack, routers passed and window scale; what is too little stands with the rest of its stack."""
    by_stack: dict[tuple[str, int], list[Connection]] = defaultdict(list)
    for one in connections:
        by_stack[one.stack, one.hops].append(one)
    known = {key: several for key, several in by_stack.items() if key[0] and len(several) >= LEAST_OF_STACK} or by_stack
    found: dict[tuple[str, int, int], list[Connection]] = {}
    for (stack, hops), several in known.items():
        by_scale: dict[int, list[Connection]] = defaultdict(list)
        for one in several:
            by_scale[one.scale].append(one)
        most = max(by_scale, key=lambda scale: len(by_scale[scale]))
        for scale, some in sorted(by_scale.items()):
            place = scale if len(some) >= LEAST_OF_SCALE else most
            found.setdefault((stack, hops, place), []).extend(some)
    return found


def _counts(several: Sequence[Connection]) -> dict[str, int]:
    """What each feature counts in one stack; 0 where it says nothing."""
    counts = {"devices": devices(several), **lines.counted(several)}
    return {way: count for way, count in counts.items() if count}


def _beside(standing: Sequence[Standing], brands: set[str]) -> dict[str, dict[str, int]]:
    """What standing connections and names count of each system's machines."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    by_service: dict[tuple[str, int], list[Standing]] = defaultdict(list)
    for one in standing:
        by_service[one.brand, one.port].append(one)
    for (brand, _port), several in by_service.items():
        spans = [(one.first, one.last - TOGETHER_NS) for one in several if one.last - one.first > TOGETHER_NS]
        if count := lines.together(spans):
            family = stacks.brand_system(brand)
            found[family]["standing"] = max(count, found[family].get("standing", 0))
    for brand in brands:
        family = stacks.brand_system(brand)
        found[family]["names"] = found[family].get("names", 0) + 1
    return found


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
