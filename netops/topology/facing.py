"""
By which port one bridge sees another (网桥朝向), out of forwarding tables. Pure.

A bridge's own MAC in another's table says it at once. Else Lowekamp, O'Hallaron and Gross (SIGCOMM 2001): two bridges
face each other by the port pair that the fewest shared MACs contradict. Bridges are numbered here, not named: a city
has two thousand of them and up to four million pairs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from netops.core.plane import Plane
from netops.topology.device import DeviceView, FdbEntry

SHARED_VIRTUAL = ("00:00:5e:00:01:", "00:00:5e:00:02:", "00:00:0c:07:ac:", "00:00:0c:9f:f", "00:07:b4:00:")
"""VRRP (RFC 9568), HSRP 1 and 2, GLBP: the same MAC in places that have nothing to do with each other."""
MIN_SHARED = 3
"""MACs that two bridges must have in common before their tables say anything without either's own MAC in them."""
MIN_AGREEMENT = 0.75
MAX_COMPARED = 150
"""Bridges that are compared each with each; of more, those whose own MAC nobody has seen, with the likeliest ones."""
SAMPLE, CANDIDATES = 48, 40
"""MACs of such a bridge that are looked for elsewhere, and bridges that know most of them."""

Device = tuple[Plane, str]
Table = dict[str, int]
"""MAC to ifIndex."""


class Facing:
    """
    The bridges of some views and the ports by which they see each other.

    Args:
        devices: by number, in a stable order; *number* is the other way.
        tables: MAC to ifIndex, by bridge.
        seen: for each bridge, ifIndex by the number of the bridge that it leads to.
    """

    def __init__(self, views: Sequence[DeviceView]) -> None:
        bridges = {(view.plane, view.key): view for view in views if learned(view)}
        self.devices = sorted(bridges)
        self.number = {device: place for place, device in enumerate(self.devices)}
        self.views = [bridges[device] for device in self.devices]
        self.tables = [table_of(view) for view in self.views]
        self.owners = owners(views)
        self.seen: list[dict[int, int]] = [{} for _ in self.devices]
        self.doubt: dict[tuple[int, int], float] = {}
        """Share of rows that agree, where it is less than all of them."""
        self._by_own_macs()
        self._backwards()
        self._by_shared_macs()

    def agreement(self, a: int, b: int) -> float:
        """How far the rows agree that *a* sees *b* by the port that it has for it."""
        return self.doubt.get((a, b), 1.0)

    def compare(self, a: int, b: int) -> bool:
        """Find the ports by which two bridges face each other, keeping what is known; whether there are any."""
        pair = port_pair(self.tables[a], self.tables[b], self.seen[a].get(b, 0), self.seen[b].get(a, 0))
        if pair is None:
            return False
        port_a, port_b, share = pair
        for here, there, port in ((a, b, port_a), (b, a, port_b)):
            if there not in self.seen[here]:
                self.seen[here][there] = port
                if share < 1:
                    self.doubt[here, there] = share
        return True

    def _by_own_macs(self) -> None:
        for here, table in enumerate(self.tables):
            votes: dict[int, Counter[int]] = {}
            for mac, port in table.items():
                owner = self.owners.get(mac)
                there = self.number.get(owner, -1) if owner is not None else -1
                if there < 0 or there == here:
                    continue
                if there not in self.seen[here]:
                    self.seen[here][there] = port
                elif there in votes or self.seen[here][there] != port:
                    # Only a bridge that is seen on two ports needs counting.
                    votes.setdefault(there, Counter({self.seen[here][there]: 1}))[port] += 1
            for there, ports in votes.items():
                port, times = ports.most_common(1)[0]
                self.seen[here][there] = port
                self.doubt[here, there] = times / ports.total()

    def _backwards(self) -> None:
        """Where one sees the other's own MAC and not the other way round, shared MACs tell the way back."""
        for here, seen in enumerate(self.seen):
            for there in list(seen):
                if here not in self.seen[there] and self.devices[here][0] == self.devices[there][0]:
                    self.compare(here, there)

    def _by_shared_macs(self) -> None:
        if len(self.devices) <= MAX_COMPARED:
            pairs: Iterable[tuple[int, int]] = (
                (a, b) for a in range(len(self.devices)) for b in range(a + 1, len(self.devices))
            )
        else:
            pairs = self._likely_pairs()
        for a, b in pairs:
            if self.devices[a][0] == self.devices[b][0] and not (b in self.seen[a] and a in self.seen[b]):
                self.compare(a, b)

    def _likely_pairs(self) -> Iterator[tuple[int, int]]:
        """Bridges whose own MAC nobody has seen, each with those that know most of its MACs."""
        visible = {there for seen in self.seen for there in seen}
        hidden = [one for one in range(len(self.devices)) if one not in visible]
        wanted = {one: sorted(self.tables[one])[:: max(len(self.tables[one]) // SAMPLE, 1)] for one in hidden}
        holders: dict[str, list[int]] = {mac: [] for macs in wanted.values() for mac in macs}
        for one, table in enumerate(self.tables):
            small, large = (holders, table) if len(holders) < len(table) else (table, holders)
            for mac in small:
                if mac in large:
                    holders[mac].append(one)
        for one in hidden:
            known = Counter(other for mac in wanted[one] for other in holders[mac] if other != one)
            for other, _ in sorted(known.items(), key=lambda item: (-item[1], item[0]))[:CANDIDATES]:
                yield one, other


def learned(view: DeviceView) -> bool:
    """Whether it bridges: it has learned a MAC on a port."""
    return any(entry.status == "learned" and entry.if_index for entry in view.fdb)


def table_of(view: DeviceView) -> Table:
    """MAC to ifIndex; a MAC on two ports, and one that is shared by design, says nothing."""
    table: Table = {}
    own, twice = view.macs(), set()
    for entry in view.fdb:
        if not _tells(entry) or entry.mac in own:
            continue
        if table.setdefault(entry.mac, entry.if_index) != entry.if_index:
            twice.add(entry.mac)
    for mac in twice:
        del table[mac]
    return table


def _tells(entry: FdbEntry) -> bool:
    return (
        entry.status == "learned"
        and bool(entry.if_index)
        and entry.mac[1] not in "13579bdf"  # a group address is nobody's place
        and not entry.mac.startswith(SHARED_VIRTUAL)
    )


def owners(views: Sequence[DeviceView]) -> dict[str, Device]:
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


def port_pair(
    a: Mapping[str, int], b: Mapping[str, int], port_a: int = 0, port_b: int = 0
) -> tuple[int, int, float] | None:
    """
    The ports by which two bridges face each other, and the share of their shared MACs that agree.

    A MAC that *a* has elsewhere than on its port and *b* elsewhere than on its own would be in two places. A port that
    is not known beforehand needs a MAC behind it that the other has away from its own.
    """
    small, large = (a, b) if len(a) <= len(b) else (b, a)
    counts = Counter((a[mac], b[mac]) for mac in small if mac in large)
    total = counts.total()
    if total < MIN_SHARED and not (port_a or port_b):
        return None
    if port_a and port_b:
        agree = sum(times for pair, times in counts.items() if pair[0] == port_a or pair[1] == port_b)
        share = agree / total if total else 1.0
        return (port_a, port_b, share) if share >= MIN_AGREEMENT or total < MIN_SHARED else None
    by_a, by_b = Counter[int](), Counter[int]()
    for (here, there), times in counts.items():
        by_a[here] += times
        by_b[there] += times
    ranks: list[tuple[float, int, int, int]] = []
    for one in [port_a] if port_a else by_a:
        for other in [port_b] if port_b else by_b:
            both = counts[one, other]
            if (not port_a and by_a[one] == both) or (not port_b and by_b[other] == both):
                continue
            agree = by_a[one] + by_b[other] - both
            # Of equal pairs, the one that has MACs behind both: those on the pair itself tell no direction.
            ranks.append((agree / total, agree - both, one, other))
    ranks.sort(reverse=True)
    if not ranks or ranks[0][0] < MIN_AGREEMENT or (len(ranks) > 1 and ranks[0][:2] == ranks[1][:2]):
        return None  # nothing fits, or two pairs fit alike: not decided
    return ranks[0][2], ranks[0][3], ranks[0][0]


def components(links: Sequence[Collection[int]]) -> Iterator[list[int]]:
    """Groups of more than one that hang together; *links* is for each number the ones that it leads to."""
    around: list[set[int]] = [set(others) for others in links]
    for one, others in enumerate(links):
        for other in others:
            around[other].add(one)
    left = set(range(len(links)))
    for start in range(len(links)):
        if start not in left:
            continue
        reached, waiting = {start}, [start]
        while waiting:
            following = around[waiting.pop()] - reached
            reached |= following
            waiting += following
        left -= reached
        if len(reached) > 1:
            yield sorted(reached)
