"""
Shared segments (共享网段): a wire on which more than two ports meet, or terminals hang between two bridges.

What stands there is a hub, a switch without management, a radio bridge or a provider's cloud: nobody tells of it, and
several bridges on one port, or MACs that every bridge on the wire sees on it, give it away. Pure.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.topology.bridges import Segments as Bridges
from netops.topology.device import DeviceView
from netops.topology.link import Link, LinkEnd

MIN_BETWEEN = 2
"""MACs between two bridges before a box is said to stand there: one may be a row that has not aged yet."""
MIN_BEHIND = 3
"""MACs on an access port that no neighbour protocol explains: a telephone and its computer are two."""
MAX_NAMED = 64

End = tuple[Plane, str, int, str]


KINDS = {
    "shared": N_("shared segment"),
    "between": N_("a box between two bridges"),
    "behind": N_("several terminals on one port"),
}


class Segment(msgspec.Struct, frozen=True):
    """
    A wire that is shared.

    Args:
        id: the same as long as its first member is.
        kind: "shared" (three ports and more), "between" (terminals between two bridges) or "behind" (several
            terminals on one access port: a box without management, or a machine with others inside).
        layer: 2, or 3 for a broadcast network of routers.
        members: the ports that meet on it, in order.
        terminals: how many MACs hang on it directly; *macs* are the first 64 of them.
    """

    id: str
    kind: str
    plane: Plane
    layer: int
    members: tuple[LinkEnd, ...]
    terminals: int = 0
    macs: tuple[str, ...] = ()


def segments(links: Sequence[Link], bridges: Bridges, views: Sequence[DeviceView]) -> list[Segment]:
    """Every shared segment, in order: by the links that meet in one port, and by what the tables have between bridges."""
    lags = {(view.plane, view.key, one.lag) for view in views for one in view.interfaces if one.lag}
    found = [
        *_meeting([link for link in links if not _aggregated(link, lags)], bridges),
        *_between(links, bridges),
    ]
    taken = {(end.plane, end.device, end.if_index) for one in found for end in one.members}
    found += _behind(links, bridges, taken)
    return sorted(found, key=lambda one: (one.layer, one.id))


def marked(links: Sequence[Link], found: Iterable[Segment]) -> list[Link]:
    """The links with the id of the segment that both their ends lie on."""
    where = {
        (one.layer, end.plane, end.device, end.if_index, end.interface): one.id
        for one in found
        if one.kind != "behind"
        for end in one.members
    }

    def of(link: Link) -> str:
        ids = {
            where.get((link.layer, end.plane, end.device, end.if_index, end.interface), "")
            for end in link.ends
        }
        return ids.pop() if len(ids) == 1 else ""

    return [msgspec.structs.replace(link, segment=of(link)) for link in links]


def _aggregated(link: Link, lags: Collection[tuple[Plane, str, int]]) -> bool:
    """Whether an end is an aggregate: its cables meet in it, and share no wire."""
    return any((end.plane, end.device, end.if_index) in lags for end in link.ends)


def _key(end: LinkEnd) -> End:
    return (end.plane, end.device, end.if_index, end.interface)


def _meeting(links: Sequence[Link], bridges: Bridges) -> Iterator[Segment]:
    """Ends that hang together by links of one layer, more than two of them: each is on one wire with the others."""
    for layer in (2, 3):
        ends = {_key(end): end for link in links if link.layer == layer for end in link.ends if _placed(end)}
        parent: dict[End, End] = {}

        def root(end: End, parent: dict[End, End] = parent) -> End:
            while (above := parent.get(end, end)) != end:
                end = above
            return end

        for link in links:
            if link.layer == layer and _placed(link.a) and _placed(link.b):
                parent[root(_key(link.a))] = root(_key(link.b))
        groups: dict[End, list[LinkEnd]] = defaultdict(list)
        for key, end in ends.items():
            groups[root(key)].append(end)
        for members in groups.values():
            if len({(end.plane, end.device) for end in members}) > 2:
                yield _segment("shared", layer, members, _hanging(members, bridges) if layer == 2 else [])


def _placed(end: LinkEnd) -> bool:
    return bool(end.if_index or end.interface)


def _between(links: Sequence[Link], bridges: Bridges) -> Iterator[Segment]:
    """Two bridges with MACs on the wire between them: both see those on the port that faces the other."""
    times = Counter(_key(end) for link in links if link.layer == 2 for end in link.ends)
    for link in links:
        if link.layer != 2 or any(times[_key(end)] > 1 or not end.if_index for end in link.ends):
            continue
        macs = _hanging(link.ends, bridges)
        if len(macs) >= MIN_BETWEEN:
            yield _segment("between", 2, link.ends, macs)


def _hanging(members: Sequence[LinkEnd], bridges: Bridges) -> list[str]:
    """MACs that at least two of the bridges see on the wire itself, and none anywhere else; no bridge's own."""
    tables = [
        (table, end.if_index)
        for end in members
        if (table := bridges.tables.get((end.plane, end.device))) is not None and end.if_index
    ]
    if len(tables) < 2:
        return []
    tables.sort(key=lambda pair: len(pair[0]))
    seen: Counter[str] = Counter()
    for table, port in tables:
        seen.update(mac for mac, place in table.items() if place == port)
    found = []
    for mac, times in seen.items():
        if (
            times >= 2
            and mac not in bridges.owners
            and all(table.get(mac, port) == port for table, port in tables)
        ):
            found.append(mac)
    return sorted(found)


def _behind(links: Sequence[Link], bridges: Bridges, taken: set[tuple[Plane, str, int]]) -> Iterator[Segment]:
    """Access ports with several terminals."""
    joined = {(end.plane, end.device, end.if_index) for link in links if link.layer == 2 for end in link.ends}
    for device, table in bridges.tables.items():
        ports: dict[int, list[str]] = defaultdict(list)
        for mac, port in table.items():
            ports[port].append(mac)
        names: dict[int, str] = {}
        for port, macs in ports.items():
            place = (*device, port)
            if len(macs) < MIN_BEHIND or place in taken or place in joined or (device, port) in bridges.ports:
                continue
            names = names or {one.if_index: one.name for one in bridges.bridges[device].interfaces}
            yield _segment("behind", 2, [LinkEnd(*device, "", names.get(port, ""), port)], sorted(macs))


def _segment(kind: str, layer: int, members: Iterable[LinkEnd], macs: Sequence[str]) -> Segment:
    ordered = tuple(sorted(members, key=lambda end: (end.place, end.if_index)))
    first = ordered[0]
    name = f"{first.plane}/{first.device}/{first.interface or first.if_index}"
    return Segment(name, kind, first.plane, layer, ordered, len(macs), tuple(macs[:MAX_NAMED]))
