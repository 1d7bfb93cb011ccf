"""
A city of bridges whose true shape is known: who hangs where, and what each forwarding table has learned of it.

A tree of core, aggregation, building and access bridges with chains, unmanaged switches between them, and bridges that
do not answer. Tables hold what traffic leaves in them: terminals on the way to their gateway, broadcasts in their VLAN,
the collector's pings of every managed bridge; some rows have aged, some are stale, some are VRRP. Always the same.
"""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime

import msgspec

from netops.core.plane import Plane
from netops.topology.device import (
    ArpEntry,
    DeviceView,
    FdbEntry,
    Interface,
    InterfaceAddress,
    RegisteredDevice,
    Role,
    System,
)

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
UPLINK = 1
VRRP = "00:00:5e:00:01:0a"


class Node(msgspec.Struct):
    """
    A bridge of the true city.

    Args:
        parent: number of the one above; -1 for the top.
        port: the parent's port that leads here; its own way up is always port 1.
        kind: "managed", "silent" (never answers) or "unmanaged" (has no address at all).
    """

    name: str
    role: Role
    plane: Plane
    parent: int = -1
    port: int = 0
    kind: str = "managed"
    ports: int = 1
    vlan: int = 1
    hosts: dict[int, list[str]] = {}


class Truth(msgspec.Struct):
    """
    What is so.

    Args:
        links: pairs of (device, port), each as a frozenset, of two managed bridges alone on a wire.
        segments: groups of three and more, or of two with terminals between them.
        places: switch and port of each terminal's MAC: the nearest managed bridge's, where no other managed bridge hangs
            on the same port; else ("", 0): behind it somewhere, and nothing says where.
    """

    links: set[frozenset[tuple[str, int]]]
    segments: set[frozenset[tuple[str, int]]]
    places: dict[str, tuple[str, int]]


class City:
    """
    The city, its truth, and the views of its devices.

    Args:
        bridges, terminals: how many.
        seed: of every choice in it.
        aged: share of a terminal's rows on its way to the gateway that are gone.
        unheard: share of bridges' answers to the collector's pings that the bridge above has lost.
    """

    def __init__(
        self,
        bridges: int = 2000,
        terminals: int = 50_000,
        seed: int = 11,
        *,
        aged: float = 0.02,
        unheard: float = 0.004,
    ) -> None:
        self.wild = random.Random(seed)
        self.aged, self.unheard = aged, unheard
        self.nodes: list[Node] = []
        self.below: dict[int, list[int]] = defaultdict(list)
        inner = max(bridges // 10, 8)
        self._plane(Plane.EXTRANET, bridges - inner, "e")
        self._plane(Plane.INTRANET, inner, "i")
        self._terminals(terminals)
        self.rows: list[dict[tuple[str, int], int]] = [{} for _ in self.nodes]
        self._traffic()
        self.truth = self._truth()
        self.views = [self._view(number) for number, node in enumerate(self.nodes) if node.kind == "managed"]

    # ---- the true city
    def _add(self, node: Node, parent: int, port: int = 0) -> int:
        number = len(self.nodes)
        self.nodes.append(node)
        node.parent, node.hosts = parent, {}
        if parent >= 0:
            above = self.nodes[parent]
            if not port:
                above.ports += 1
                port = above.ports
            node.port = port
            self.below[parent].append(number)
        return number

    def _plane(self, plane: Plane, bridges: int, mark: str) -> None:
        top = self._add(Node(f"{mark}-core", Role.CORE, plane), -1)
        middle = [
            self._add(Node(f"{mark}-agg-{place:02}", Role.AGGREGATION, plane), top)
            for place in range(max(bridges // 80, 2))
        ]
        buildings: list[int] = []
        for place in range(max(bridges // 10, 4)):
            above = self.wild.choice(middle)
            node = Node(f"{mark}-bld-{place:03}", Role.EDGE, plane, vlan=100 + place)
            buildings.append(self._add(node, self._maybe_between(above, plane, 0.03)))
        made = 1 + len(middle) + len(buildings)
        place, shared = 0, 0
        while made < bridges:
            above = self.wild.choice(buildings)
            vlan = self.nodes[above].vlan
            if self.below[above] and self.wild.random() < 0.2:  # a chain
                above = self.wild.choice(self.below[above])
            together = 1
            if self.wild.random() < 0.04:  # an unmanaged switch on which several hang
                above = self._add(
                    Node(f"{mark}-um-{shared:03}", Role.SWITCH, plane, kind="unmanaged", vlan=vlan), above
                )
                shared, together = shared + 1, self.wild.randint(1, 4)
            for _ in range(together):
                kind = "silent" if self.wild.random() < 0.02 else "managed"
                self._add(Node(f"{mark}-acc-{place:04}", Role.SWITCH, plane, kind=kind, vlan=vlan), above)
                place, made = place + 1, made + 1

    def _maybe_between(self, above: int, plane: Plane, share: float) -> int:
        if self.wild.random() < share:
            return self._add(Node(f"um-{len(self.nodes)}", Role.SWITCH, plane, kind="unmanaged"), above)
        return above

    def _terminals(self, count: int) -> None:
        places = [number for number, node in enumerate(self.nodes) if node.role is Role.SWITCH]
        for number in range(count):
            at = self.wild.choice(places)
            node = self.nodes[at]
            if self.wild.random() < 0.9 or not node.hosts:
                node.ports += 1
                node.hosts[node.ports] = []
            port = self.wild.choice(list(node.hosts)) if self.wild.random() < 0.1 else node.ports
            node.hosts.setdefault(port, []).append(host(number))

    # ---- what the tables have learned
    def way_up(self, number: int) -> list[tuple[int, int]]:
        """Bridges above, nearest first, each with its port that leads here."""
        found = []
        node = self.nodes[number]
        while node.parent >= 0:
            found.append((node.parent, node.port))
            node = self.nodes[node.parent]
        return found

    def _learn(self, number: int, mac: str, vlan: int, port: int) -> None:
        self.rows[number][mac, vlan] = port

    def _traffic(self) -> None:
        by_vlan: dict[tuple[Plane, int], list[int]] = defaultdict(list)
        for number, node in enumerate(self.nodes):
            by_vlan[node.plane, node.vlan].append(number)
        for number, node in enumerate(self.nodes):
            collector, gateway = self._fixed(node.plane)
            if node.parent >= 0:
                self._learn(number, collector, 1, UPLINK)
                self._learn(number, gateway, node.vlan, UPLINK)
                self._learn(number, VRRP, node.vlan, UPLINK)
            else:
                self._learn(number, collector, 1, 999)
            if node.kind != "unmanaged":
                for place, (above, port) in enumerate(self.way_up(number)):
                    if place or self.wild.random() > self.unheard:  # the answer to a ping; a few have aged
                        self._learn(above, own(number), 1, port)
            for port, macs in node.hosts.items():
                for mac in macs:
                    self._host(number, port, mac, by_vlan[node.plane, node.vlan])
        self._management_broadcasts()

    def _host(self, number: int, port: int, mac: str, lan: list[int]) -> None:
        vlan = self.nodes[number].vlan
        self._learn(number, mac, vlan, port)
        up = self.way_up(number)
        for above, leads in up:
            if self.wild.random() > self.aged:
                self._learn(above, mac, vlan, leads)
        above = {place for place, _ in up} | {number}
        for other in lan:  # a broadcast that is still remembered
            if other not in above and self.wild.random() < 0.25:
                self._learn(other, mac, vlan, self._towards(other, number))
        if self.wild.random() < 0.0005:  # a row that is not true any more
            wrong = self.wild.choice(lan)
            # On the same wire every other table would agree with it: nobody could tell that it is not true.
            same_wire = self.nodes[number].kind != "managed" and self._wire(wrong) == self._wire(number)
            if self.nodes[wrong].hosts and wrong != number and not same_wire:
                self._learn(wrong, mac, vlan, self.wild.choice(list(self.nodes[wrong].hosts)))

    def _towards(self, here: int, there: int) -> int:
        """The port of one bridge that leads to another that is not above it."""
        for above, port in self.way_up(there):
            if above == here:
                return port
        return UPLINK

    def _management_broadcasts(self) -> None:
        for plane in Plane:
            mine = [
                n for n, node in enumerate(self.nodes) if node.plane is plane and node.kind != "unmanaged"
            ]
            for number in mine:
                above = {place for place, _ in self.way_up(number)}
                for other in self.wild.sample(mine, len(mine) // 20):
                    if other != number and other not in above:
                        self._learn(other, own(number), 1, self._towards(other, number))

    def _fixed(self, plane: Plane) -> tuple[str, str]:
        mark = list(Plane).index(plane)
        return f"02:cc:00:00:00:{mark:02x}", f"02:99:00:00:00:{mark:02x}"

    # ---- what is so, and what is seen
    def _truth(self) -> Truth:
        wires: dict[tuple[int, int], list[int]] = defaultdict(list)
        hanging: dict[tuple[int, int], int] = defaultdict(int)
        for number, node in enumerate(self.nodes):
            if node.kind == "managed" and node.parent >= 0:
                wires[self._managed_above(number)].append(number)
            elif node.parent >= 0:
                hanging[self._managed_above(number)] += sum(map(len, node.hosts.values()))
        truth = Truth(set(), set(), {})
        for (parent, port), children in wires.items():
            ends = frozenset(
                [(self.nodes[parent].name, port), *((self.nodes[n].name, UPLINK) for n in children)]
            )
            alone = len(children) == 1 and hanging[parent, port] < 2
            (truth.links if alone else truth.segments).add(ends)
        for number, node in enumerate(self.nodes):
            for port, macs in node.hosts.items():
                above = (number, port) if node.kind == "managed" else self._managed_above(number)
                place = ("", 0) if above in wires else (self.nodes[above[0]].name, above[1])
                truth.places.update(dict.fromkeys(macs, place))
        return truth

    def _wire(self, number: int) -> tuple[int, int]:
        return self._managed_above(number) if self.nodes[number].parent >= 0 else (-1, 0)

    def _managed_above(self, number: int) -> tuple[int, int]:
        node = self.nodes[number]
        parent, port = node.parent, node.port
        while self.nodes[parent].kind != "managed":
            parent, port = self.nodes[parent].parent, self.nodes[parent].port
        return parent, port

    def _view(self, number: int) -> DeviceView:
        node = self.nodes[number]
        _, gateway = self._fixed(node.plane)
        names = {port: f"GE0/0/{port}" for port in range(1, node.ports + 1)} | {999: "GE1/0/1"}
        interfaces = tuple(
            Interface(port, name, name, type=6, speed_bps=10**9, admin_up=True, oper_up=True)
            for port, name in names.items()
            if port != 999 or node.parent < 0
        )
        lan = 60 if node.plane is Plane.INTRANET else 10
        address = f"{lan}.200.{number // 250}.{number % 250 + 1}"
        arp: tuple[ArpEntry, ...] = ()
        if node.parent < 0:
            interfaces += (Interface(1000, "Vlanif1", "Vlanif1", type=53, mac=gateway, oper_up=True),)
            macs = [mac for other in self.nodes if other.plane is node.plane
                    for held in other.hosts.values() for mac in held]  # fmt: skip
            arp = tuple(
                ArpEntry(
                    1000, "Vlanif1", f"{lan}.{place // 62500 + 1}.{place // 250 % 250}.{place % 250 + 1}", mac
                )
                for place, mac in enumerate(macs)
            )
        return DeviceView(
            node.plane,
            node.name,
            address,
            NOON,
            node.name,
            system=System(name=node.name, bridge=own(number)),
            interfaces=interfaces,
            addresses=(InterfaceAddress(1000, "Vlanif1", address, 16),),
            arp=arp,
            fdb=tuple(
                FdbEntry(mac, vlan, port, names.get(port, ""))
                for (mac, vlan), port in self.rows[number].items()
            ),
        )

    def registered(self) -> list[RegisteredDevice]:
        """The register of the city: every bridge with an address."""
        return [
            RegisteredDevice(node.name, f"192.0.2.{number % 250}", node.role, "ic", "v3", plane=node.plane)
            for number, node in enumerate(self.nodes)
            if node.kind != "unmanaged"
        ]


def host(number: int) -> str:
    """A terminal's MAC."""
    return f"0a:{number >> 16 & 255:02x}:00:{number >> 8 & 255:02x}:00:{number & 255:02x}"


def own(number: int) -> str:
    """A bridge's own MAC."""
    return f"02:00:00:{number >> 8 & 255:02x}:{number & 255:02x}:01"
