"""The verdict on every flow: which exit it used, or which rule it breaks. Vectorised; pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from functools import cached_property

import msgspec
import numpy as np

from netops.core.plane import Plane
from netops.egress.classify import Space, Table
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.flows import Batch, Column, grouped, mac_value, positions, same
from netops.egress.watchlists import Maker, Shapes, Signature
from netops.egress.wiring import Wiring


class Verdict(IntEnum):
    """判定. Its name in lower case is the label in metrics."""

    UNDETERMINED = 0
    SPECIAL = 1
    INTERNAL = 2
    UPSTREAM = 3
    TRANSIT = 4
    """To or from the internet, seen on its way inside: the exit's own device says which exit it used."""
    SHARED = 5
    SEPARATE = 6
    COUNTY = 7
    PUBLISHED = 8
    LAPSED_EXIT = 9
    UNFILED_EXIT = 10
    INTRANET_INTERNET = 11
    """Somebody carries the intranet's traffic to the internet."""
    INTRANET_QUERY = 12
    """An intranet host asks for the internet, and nobody carries it."""
    CROSS_PLANE = 13
    UNALLOCATED_SOURCE = 14
    PENDING = 15
    """The topology that would decide it has not been walked yet."""
    BYPASS = 16
    """Another organization's traffic came to a department past the platform (Article 9)."""
    SPOOFED_SOURCE = 17
    """A source that cannot be there: an internet address out of a LAN, or one that no host may have (RFC 6890)."""

    @property
    def label(self) -> str:
        """shared, separate, unfiled_exit, …"""
        return self.name.lower()


class Facing(IntEnum):
    """What is on the other side of an interface."""

    NONE = 0
    """The record names no interface."""
    UNSEEN = 1
    """The device or this interface was not walked yet."""
    INTERNAL = 2
    LAN = 3
    UPSTREAM = 4
    EXIT = 5
    UNKNOWN = 6
    """It is up, and nothing registered explains it."""


class Port(msgspec.Struct, frozen=True):
    """One interface of an exporter; *exit* is the id of the registered exit that it is."""

    if_index: int
    name: str
    facing: Facing
    exit: str = ""
    address: str = ""
    segment: str = ""
    """The registered LAN that it belongs to, canonical CIDR, or ""."""


def unnamed(if_index: int, facing: Facing = Facing.UNSEEN, exit_id: str = "", address: str = "") -> Port:
    """An interface that flows alone tell of: they know its number, not its name."""
    return Port(if_index, f"ifIndex {if_index}", facing, exit_id, address)


class Observer(msgspec.Struct, frozen=True):
    """A registered device that exports flows, as the topology knows it."""

    address: str
    device: str
    plane: Plane
    organization: str = ""
    is_switch: bool = False
    ports: tuple[Port, ...] = ()
    is_platform: bool = False
    """A core or a firewall, or another device of whoever answers for the plane."""


class Terminal(msgspec.Struct, frozen=True):
    """A host that was seen, and where."""

    plane: Plane
    ip: str
    mac: str
    switch: str = ""
    port: str = ""
    organization: str = ""
    maker: str = ""
    """A watched maker of home routers, by its MAC address, or ""."""


@dataclass
class Scene:
    """
    Everything that judging stands on, built by the round from register, ledger and topology.

    Args:
        tables: owners of addresses, by plane.
        observers: exporters by address.
        device_macs: MAC addresses of devices of both planes, as integers.
        today: the day by which filings lapse.
        dhcp_servers: addresses of the registered DHCP servers.
        tunnels: what tunnels and proxies look like in flows.
        makers: of home routers.
        wiring: LANs and links of the register.
    """

    tables: dict[Plane, Table]
    observers: dict[str, Observer] = field(default_factory=dict)
    exits: tuple[RegisteredExit, ...] = ()
    device_macs: frozenset[int] = frozenset()
    terminals: tuple[Terminal, ...] = ()
    today: date = date.max
    dhcp_servers: frozenset[tuple[Plane, str]] = frozenset()
    tunnels: tuple[Signature, ...] = ()
    learned: dict[tuple[str, int], Port] = field(default_factory=dict)
    """Interfaces that no walk told of, as the flows themselves show them, by exporter address and ifIndex."""
    makers: tuple[Maker, ...] = ()
    wiring: Wiring = field(default_factory=Wiring)

    @cached_property
    def by_mac(self) -> dict[int, Terminal]:
        """Terminals by MAC; a device is none."""
        return {
            mac: one for one in self.terminals if (mac := mac_value(one.mac)) and mac not in self.device_macs
        }

    @cached_property
    def by_ip(self) -> dict[tuple[Plane, str], Terminal]:
        """Terminals by plane and address."""
        return {(one.plane, one.ip): one for one in self.terminals if one.ip}

    @cached_property
    def port(self) -> dict[tuple[str, int], Port]:
        """Interfaces by exporter address and ifIndex."""
        walked = {(one.address, port.if_index): port for one in self.observers.values() for port in one.ports}
        return self.learned | walked

    def way(self, exporter: str, if_index: int) -> str:
        """An interface as "DEVICE:INTERFACE", as listeners are told of theirs; "" for none."""
        place, port = self.observers.get(exporter), self.port.get((exporter, if_index))
        return f"{place.device}:{port.name or if_index}" if place and port else ""

    @cached_property
    def departments(self) -> frozenset[str]:
        """Exporters of departments at which something enters by an interface that nothing registered explains."""
        unknown = {address for (address, _), port in self.port.items() if port.facing is Facing.UNKNOWN}
        return frozenset(
            one.address for one in self.observers.values() if one.address in unknown and not one.is_platform and one.organization
        )

    @cached_property
    def unwalked(self) -> frozenset[str]:
        """Exporters of departments' routers that no walk told of."""
        routers = [one for one in self.observers.values() if not (one.is_platform or one.is_switch)]
        return frozenset(one.address for one in routers if one.organization and not one.ports)

    @cached_property
    def exporter_of(self) -> dict[tuple[Plane, str], str]:
        """Addresses of exporters by plane and device."""
        return {(one.plane, one.device): one.address for one in self.observers.values()}

    @cached_property
    def shapes(self) -> Shapes:
        """The tunnels as tables by port and protocol."""
        return Shapes(self.tunnels)

    @cached_property
    def published(self) -> frozenset[tuple[str, int]]:
        """Inside addresses and ports that the internet may reach through a registered exit."""
        ends = (text.rpartition(":") for one in self.exits for text in one.published.values())
        return frozenset((address, int(port)) for address, _, port in ends if port.isdigit())

    @cached_property
    def exit_verdicts(self) -> Column:
        """The verdict on what uses each exit, in the order of *exits*."""
        return np.array([self._of(one) for one in self.exits] + [Verdict.UNDETERMINED], np.int8)

    def _of(self, one: RegisteredExit) -> Verdict:
        if one.kind is ExitKind.SHARED:
            return Verdict.SHARED
        if one.kind is ExitKind.COUNTY:
            return Verdict.COUNTY
        lapsed = bool(one.valid_until) and one.valid_until < self.today.isoformat()
        return Verdict.LAPSED_EXIT if lapsed or not one.filing else Verdict.SEPARATE

    @cached_property
    def macs(self) -> tuple[Column, Column]:
        """Sorted MAC addresses of devices and of terminals."""
        return np.array(sorted(self.device_macs), np.uint64), np.array(sorted(self.by_mac), np.uint64)


@dataclass(slots=True)
class Kinds:
    """
    What flows of one exporter, interfaces and kinds of space have in common: judged once for all, a row a kind.

    Args:
        exporter: position in the batch's exporters.
        in_if, out_if: ifIndex.
        facing: of the interface that the flows entered.
        source, destination: Space.
        verdict, exit, plane: as in `Judged`.
    """

    exporter: Column
    in_if: Column
    out_if: Column
    facing: Column
    verdict: Column
    exit: Column
    source: Column
    destination: Column
    plane: Column


@dataclass(slots=True)
class Judged:
    """
    A batch and what was found about each row.

    Args:
        kind: row of *kinds*.
        source, destination: row of the plane's owner table.
        own: the one that the flow is counted for: the source's when it has a name, else the destination's.
        plane: of the exporter: 0 intranet, 1 extranet, -1 not registered.
    """

    batch: Batch
    kinds: Kinds
    kind: Column
    source: Column
    destination: Column
    own: Column
    plane: Column

    @property
    def verdict(self) -> Column:
        """Verdict of each row."""
        return self.kinds.verdict.take(self.kind)

    @property
    def exit(self) -> Column:
        """Position in `Scene.exits` of each row, -1 for none."""
        return self.kinds.exit.take(self.kind)

    @property
    def facing(self) -> Column:
        """Of the interface that each row entered: Facing."""
        return self.kinds.facing[self.kind]

    def take(self, rows: Column) -> Judged:
        """Only these rows (a mask or positions), in order."""
        rows = positions(rows)
        columns = (self.kind, self.source, self.destination, self.own, self.plane)
        return Judged(self.batch.take(rows), self.kinds, *(column.take(rows) for column in columns))


PLANES = tuple(Plane)
VIRTUAL_ROUTERS = np.array([0x00005E0001, 0x00005E0002, 0x00000C07AC], np.uint64)
"""First five octets of the MAC addresses of VRRP (RFC 9568) and HSRP: a gateway that several devices share."""
IS_INSIDE = np.array([space in (Space.INSIDE, Space.ALLOCATED, Space.DEVICES) for space in Space])


def judge(batch: Batch, scene: Scene) -> Judged:
    """The verdict on every row of *batch*, as *scene* shows it now."""
    plane, source, destination = _owners(batch, scene)
    ends, own = _ends(plane, source, destination, scene)
    marks = *_marks(batch, scene, plane), *_others(batch, scene, plane, source)
    columns = batch.exporter, batch.narrow("in_if"), batch.narrow("out_if"), ends, *marks
    kind, rows = grouped(*columns) if len(batch) else (np.zeros(0, np.uint8), np.zeros(0, np.intp))
    some = batch.take(rows)
    ports = *_ports(some, scene, "in_if"), *_ports(some, scene, "out_if")
    kinds = Kinds(
        some.exporter,
        some["in_if"],
        some["out_if"],
        ports[0],
        np.zeros(len(rows), np.int8),
        np.full(len(rows), -1, np.int16),
        *np.divmod(ends[rows], len(Space)),
        plane[rows],
    )
    for number, one in enumerate(PLANES):
        mine = np.flatnonzero(kinds.plane == number)
        if len(mine) and one in scene.tables:
            part = some if len(mine) == len(rows) else some.take(mine)
            others = _others(part, scene, plane[rows][mine], source[rows][mine])
            is_other = others[0] if others else np.zeros(len(mine), bool)
            _plane(kinds, mine, part, scene, one, tuple(column[mine] for column in ports), is_other)
    return Judged(batch, kinds, kind, source, destination, own, plane)


def _owners(batch: Batch, scene: Scene) -> tuple[Column, Column, Column]:
    """The plane of every row's exporter, and the owners of its source and destination there."""
    places = [scene.observers.get(address) for address in batch.exporters]
    planes = np.array([PLANES.index(place.plane) if place else -1 for place in places] or [-1], np.int8)
    if (planes == planes[0]).all():
        plane = same(int(planes[0]), len(batch), np.int8)
        table = scene.tables.get(PLANES[planes[0]]) if planes[0] >= 0 else None
        return plane, _owner(batch, "src", table), _owner(batch, "dst", table)
    plane = planes[batch.exporter]
    owners = [np.zeros(len(batch), np.int32) for _ in range(2)]
    for number, table in ((PLANES.index(one), table) for one, table in scene.tables.items()):
        mine = np.flatnonzero(plane == number)
        if len(mine):
            part = batch.take(mine)
            for owner, end in zip(owners, ("src", "dst"), strict=True):
                owner[mine] = _owner(part, end, table)
    return plane, owners[0], owners[1]


def _owner(batch: Batch, end: str, table: Table | None) -> Column:
    """The owner of one end of every row in one plane's table; 0 where there is no such table."""
    if table is None:
        return np.zeros(len(batch), np.uint16)
    if (low := batch.columns.get(f"{end}_v4")) is not None:
        return table.owner_v4(low)
    return table.owner(batch[f"{end}_hi"], batch[f"{end}_lo"])


def _ends(plane: Column, source: Column, destination: Column, scene: Scene) -> tuple[Column, Column]:
    """`Pairs.ends` and `Pairs.own` of every row in its plane's table; 0 where there is none."""
    if plane.strides == (0,) and len(plane):
        table = scene.tables.get(PLANES[int(plane[0])]) if plane[0] >= 0 else None
        if table is None:
            return same(0, len(plane), np.uint8), same(0, len(plane), np.uint16)
        return _of_pair(table, source, destination)
    ends, own = np.zeros(len(source), np.uint8), np.zeros(len(source), np.int32)
    for number, table in ((PLANES.index(one), table) for one, table in scene.tables.items()):
        mine = np.flatnonzero(plane == number)
        ends[mine], own[mine] = _of_pair(table, source[mine], destination[mine])
    return ends, own


def _of_pair(table: Table, source: Column, destination: Column) -> tuple[Column, Column]:
    if (pairs := table.pairs) is not None:
        pair = pairs.of(source, destination)
        return pairs.ends.take(pair), pairs.own.take(pair)
    spaces = table.spaces.astype(np.uint8)
    named = np.array([bool(owner.organization) for owner in table.owners])
    ends = spaces.take(source) * np.uint8(len(Space)) + spaces.take(destination)
    return ends, np.where(named.take(source), source, destination)


def _marks(batch: Batch, scene: Scene, plane: Column) -> list[Column]:
    """What else of a row its verdict depends on: a published port, and on the intranet whose the MAC address is."""
    marks = []
    ports = sorted({int(port) for one in scene.exits for port in one.published if port.isdigit()})
    if ports:
        place = np.searchsorted(ports, batch["dport"]) % len(ports)
        is_one = (np.array(ports)[place] == batch["dport"]) & np.isin(batch["proto"], (6, 17))
        marks.append(np.where(is_one, place + 1, 0))
    if Plane.INTRANET in scene.tables and (plane == PLANES.index(Plane.INTRANET)).any():
        to_terminal, strange = _macs(batch, scene)
        marks.append(to_terminal + 2 * strange)
    return marks


def _others(batch: Batch, scene: Scene, plane: Column, source: Column) -> list[Column]:
    """Rows at a department's exporter whose source is another department's; nothing where no such thing can be."""
    where = [number for number, address in enumerate(batch.exporters) if address in scene.departments]
    if not where:
        return []
    result = np.zeros(len(batch), bool)
    for number in where:
        place = scene.observers[batch.exporters[number]]
        rows = np.flatnonzero((batch.exporter == number) & (plane == PLANES.index(place.plane)))
        homes = scene.wiring.homes(place.plane, place.device, place.organization)
        named = [bool(one.organization) and one.organization not in homes for one in scene.tables[place.plane].owners]
        result[rows] = np.array(named)[source[rows]]
    return [result]


def _macs(batch: Batch, scene: Scene) -> tuple[Column, Column]:
    """Rows that go to a terminal's MAC address, and to one that is nobody's."""
    devices, terminals = scene.macs
    mac = batch["dst_mac"]
    to_terminal = np.isin(mac, terminals)
    if not len(devices):  # nothing was walked: nobody is strange
        return to_terminal, np.zeros(len(batch), bool)
    virtual = np.isin(mac >> np.uint64(8), VIRTUAL_ROUTERS)
    return to_terminal, (mac != 0) & ~to_terminal & ~virtual & ~np.isin(mac, devices)


def _plane(
    result: Kinds, rows: Column, part: Batch, scene: Scene, plane: Plane, ports: tuple[Column, ...], is_other: Column
) -> None:
    facing, exit_in, facing_out, exit_out = ports
    s, d = result.source[rows], result.destination[rows]
    used = np.where(exit_in >= 0, exit_in, exit_out)
    s_inside, d_inside = IS_INSIDE[s], IS_INSIDE[d]
    s_internet, d_internet = s == Space.INTERNET, d == Space.INTERNET
    is_special = (s == Space.SPECIAL) | (d == Space.SPECIAL) | (s == Space.MARTIAN) | (d == Space.MARTIAN)
    is_martian = (s == Space.MARTIAN) & (facing == Facing.LAN)
    is_cross = (s == Space.OTHER_PLANE) | (d == Space.OTHER_PLANE)
    is_up = (
        (facing == Facing.UPSTREAM)
        | (facing_out == Facing.UPSTREAM)
        | (s == Space.UPSTREAM)
        | (d == Space.UPSTREAM)
    )
    # A switch whose uplink did not introduce itself has a LAN there.
    switches = [(place := scene.observers.get(address)) is not None and place.is_switch for address in part.exporters]
    is_switch = np.array(switches or [False])[part.exporter]
    stray = (s == Space.INSIDE) & (facing == Facing.LAN)
    unseen = (facing == Facing.UNSEEN) & (s_internet | (s == Space.INSIDE) | (s == Space.OTHER_PLANE))
    conditions: list[tuple[Column, Column | int]] = [
        (is_martian, Verdict.SPOOFED_SOURCE),
        (is_special, Verdict.SPECIAL),
        (unseen, Verdict.PENDING),
        (is_cross, Verdict.CROSS_PLANE),
        (is_up & ~stray, Verdict.UPSTREAM),
    ]
    if plane is Plane.INTRANET:
        to_terminal, strange = _macs(part, scene)
        conditions += [
            (s_internet & d_inside, Verdict.INTRANET_INTERNET),
            (s_inside & d_internet & to_terminal, Verdict.INTRANET_INTERNET),
            (s_inside & d_internet & strange, Verdict.PENDING),
            (s_inside & d_internet, Verdict.INTRANET_QUERY),
        ]
    else:
        conditions += [
            ((exit_in >= 0) & _published(part, exit_in, scene), Verdict.PUBLISHED),
            (
                (used >= 0) & (s_internet | d_internet | (s == Space.EXIT) | (d == Space.EXIT)),
                scene.exit_verdicts[used],
            ),
            (s_internet & (facing == Facing.UNKNOWN), Verdict.UNFILED_EXIT),
        ]
    known = s_inside | (s == Space.EXIT)
    conditions += [
        (stray, Verdict.UNALLOCATED_SOURCE),
        (s_inside & is_other & (facing == Facing.UNKNOWN), Verdict.BYPASS),
        (s_internet & (facing == Facing.LAN) & ~is_switch, Verdict.SPOOFED_SOURCE),
        ((s_internet & (facing == Facing.INTERNAL)) | (s_inside & d_internet), Verdict.TRANSIT),
        (
            known & (d_inside | (d == Space.EXIT))
            | ((s == Space.EXIT) & d_internet)
            | (s_internet & (d == Space.EXIT)),
            Verdict.INTERNAL,
        ),
    ]
    result.verdict[rows] = np.select(
        [one for one, _ in conditions], [value for _, value in conditions], Verdict.UNDETERMINED
    )
    result.exit[rows] = np.where(IS_BY_EXIT[result.verdict[rows]], used, -1)


IS_BY_EXIT = np.array(
    [
        verdict in (Verdict.SHARED, Verdict.SEPARATE, Verdict.COUNTY, Verdict.PUBLISHED, Verdict.LAPSED_EXIT)
        for verdict in Verdict
    ]
)


def _ports(batch: Batch, scene: Scene, name: str) -> tuple[Column, Column]:
    """Facing and exit of the interface that *name* tells, a row."""
    if not batch[name].any():
        return np.zeros(len(batch), np.int8), np.full(len(batch), -1, np.int16)
    group, rows = grouped(batch.exporter, batch[name])
    numbers = {one.id: number for number, one in enumerate(scene.exits)}
    facing, exits = np.zeros(len(rows), np.int8), np.full(len(rows), -1, np.int16)
    for number, row in enumerate(rows.tolist()):
        if_index = int(batch[name][row])
        if not if_index:
            continue
        port = scene.port.get((batch.exporters[batch.exporter[row]], if_index))
        facing[number] = port.facing if port else Facing.UNSEEN
        exits[number] = numbers.get(port.exit, -1) if port else -1
    return facing[group], exits[group]


def _published(part: Batch, used: Column, scene: Scene) -> Column:
    """Rows that the internet may send: a published port of the exit that they entered by."""
    mask = np.zeros(len(part), bool)
    for number, one in enumerate(scene.exits):
        ports = [int(port) for port in one.published if port.isdigit()]
        if ports:
            mask |= (used == number) & np.isin(part["dport"], ports) & np.isin(part["proto"], (6, 17))
    return mask
