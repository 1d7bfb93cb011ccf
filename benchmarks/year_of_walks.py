"""
A part of a city that is walked every hour for some days, and what the store grows by.

One building router and its access switches of 48 ports; terminals that come at eight and leave at six on workdays, some
of which never sleep, some of which are new, move or change their address; ports that go up and down with them; a
device that restarts with other ifIndexes, one that does not answer now and then, routes that change.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import Column, DeviceWalk
from netops.topology import chronicle, snapshots
from netops.topology import map as maps
from netops.topology import sightings as terminals

MONDAY = datetime(2026, 3, 2, 0, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
PORTS = 48
SLEEPLESS = 0.3
"""Share of terminals that are on day and night: printers, telephones, cameras."""
NEW_A_DAY, MOVED_A_DAY, READDRESSED_A_DAY = 0.02, 0.005, 0.05
SILENT = 0.005
RESTART = 1 / 600
"""Of the devices, each day: their interfaces are numbered anew."""
ROUTES_A_DAY = 2


class Part:
    """
    The devices, the terminals, and the hours.

    Args:
        switches: access switches below one router.
        terminals: spread over their ports.
    """

    def __init__(self, switches: int, count: int, seed: int = 5) -> None:
        self.wild = random.Random(seed)
        self.switches = switches
        self.shift = [0] * (switches + 1)
        self.routes = list(range(60))
        self.next = 0
        self.terminals = [self._terminal() for _ in range(count)]

    def _terminal(self) -> dict[str, object]:
        self.next += 1
        return {
            "mac": bytes((2, 17, 0, self.next >> 16 & 255, self.next >> 8 & 255, self.next & 255)),
            "ip": self.next % 60_000,
            "switch": self.wild.randrange(1, self.switches + 1),
            "port": self.wild.randrange(1, PORTS + 1),
            "awake": self.wild.random() < SLEEPLESS,
            "from": 8 + self.wild.random(),
            "until": 17 + 2 * self.wild.random(),
            "here": self.wild.random() < 0.9,
        }

    def day(self) -> None:
        """What changes overnight."""
        for place, one in enumerate(self.terminals):
            if self.wild.random() < NEW_A_DAY:
                self.terminals[place] = self._terminal()
            if self.wild.random() < MOVED_A_DAY:
                one["switch"], one["port"] = (
                    self.wild.randrange(1, self.switches + 1),
                    self.wild.randrange(1, PORTS + 1),
                )
            if self.wild.random() < READDRESSED_A_DAY:
                self.next += 1
                one["ip"] = self.next % 60_000
            one["here"] = self.wild.random() < 0.9
        for number in range(self.switches + 1):
            if self.wild.random() < RESTART:
                self.shift[number] += 100
        for _ in range(ROUTES_A_DAY):
            self.routes[self.wild.randrange(len(self.routes))] = self.wild.randrange(60, 250)

    def present(self, at: datetime) -> list[dict[str, object]]:
        """The terminals that are on."""
        hour = at.hour + at.minute / 60
        workday = at.weekday() < 5
        return [
            one
            for one in self.terminals
            if one["awake"]
            or (workday and one["here"] and float(str(one["from"])) <= hour < float(str(one["until"])))
        ]

    def walks(self, at: datetime) -> list[DeviceWalk]:
        """What every device says at an hour."""
        on = self.present(at)
        numbers = range(1, self.switches + 1)
        below = [[one for one in on if one["switch"] == number] for number in numbers]
        return [
            self._router(on, at),
            *(self._switch(number, mine, at) for number, mine in zip(numbers, below, strict=True)),
        ]

    def _switch(self, number: int, on: list[dict[str, object]], at: datetime) -> DeviceWalk:
        shift, up = self.shift[number], {int(str(one["port"])) for one in on} | {PORTS + 1}
        ports = range(1, PORTS + 2)
        own = bytes((2, 0, 0, 0, number >> 8, number & 255))
        columns: dict[str, Column] = {
            **self._system(f"acc-{number:03}", at),
            "dot1dBaseBridgeAddress": {(0,): own},
            "ifDescr": {(shift + port,): f"GigabitEthernet0/0/{port}".encode() for port in ports},
            "ifType": dict.fromkeys(((shift + port,) for port in ports), 6),
            "ifMtu": dict.fromkeys(((shift + port,) for port in ports), 1500),
            "ifSpeed": dict.fromkeys(((shift + port,) for port in ports), 10**9),
            "ifPhysAddress": {(shift + port,): own[:5] + bytes((port,)) for port in ports},
            "ifAdminStatus": dict.fromkeys(((shift + port,) for port in ports), 1),
            "ifOperStatus": {(shift + port,): 1 if port in up else 2 for port in ports},
            "ifAlias": {(shift + port,): f"room {100 + port}".encode() for port in ports},
            "dot1dBasePortIfIndex": {(port,): shift + port for port in ports},
            "dot1qTpFdbPort": {(10, *mac(one)): int(str(one["port"])) for one in on}
            | {(10, 2, 99, 0, 0, 0, 1): PORTS + 1},
            "dot1qVlanStaticName": {(10,): b"office", (1,): b"default"},
            "lldpLocChassisId": {(0,): own},
            "lldpLocChassisIdSubtype": {(0,): 4},
            "lldpRemPortId": {(0, PORTS + 1, 1): f"XGE0/0/{number}".encode()},
            "lldpRemPortIdSubtype": {(0, PORTS + 1, 1): 5},
            "lldpRemChassisIdSubtype": {(0, PORTS + 1, 1): 4},
            "lldpRemChassisId": {(0, PORTS + 1, 1): bytes((2, 99, 0, 0, 0, 1))},
            "lldpRemSysName": {(0, PORTS + 1, 1): b"building"},
            "dot1dStpPortState": {(port,): 5 if port in up else 1 for port in ports},
        }
        return DeviceWalk(Plane.EXTRANET, "", f"192.0.2.{number % 250 + 1}", at, 0.1, columns)

    def _router(self, on: list[dict[str, object]], at: datetime) -> DeviceWalk:
        ports = range(1, self.switches + 1)
        lan = self.switches + 1
        columns: dict[str, Column] = {
            **self._system("building", at),
            "lldpLocChassisId": {(0,): bytes((2, 99, 0, 0, 0, 1))},
            "lldpLocChassisIdSubtype": {(0,): 4},
            "ifDescr": {(port,): f"XGE0/0/{port}".encode() for port in ports} | {(lan,): b"Vlanif10"},
            "ifType": dict.fromkeys(((port,) for port in ports), 6) | {(lan,): 136},
            "ifOperStatus": dict.fromkeys(((port,) for port in (*ports, lan)), 1),
            "ifPhysAddress": {(lan,): bytes((2, 99, 0, 0, 0, 1))},
            "ipAdEntIfIndex": {(10, 10, 0, 1): lan},
            "ipAdEntNetMask": {(10, 10, 0, 1): "255.255.0.0"},
            "ipNetToMediaPhysAddress": {
                (lan, 10, 10, int(str(one["ip"])) // 250 + 1, int(str(one["ip"])) % 250 + 1): bytes(mac(one))
                for one in on
            },
            "ipCidrRouteIfIndex": {
                (10, net, 0, 0, 255, 255, 0, 0, 0, 10, 1, 0, 1): 1 for net in set(self.routes)
            },
            "lldpRemPortId": {(0, port, 1): b"GigabitEthernet0/0/49" for port in ports},
            "lldpRemPortIdSubtype": {(0, port, 1): 5 for port in ports},
            "lldpRemChassisIdSubtype": {(0, port, 1): 4 for port in ports},
            "lldpRemChassisId": {(0, port, 1): bytes((2, 0, 0, 0, port >> 8, port & 255)) for port in ports},
            "lldpRemSysName": {(0, port, 1): f"acc-{port:03}".encode() for port in ports},
        }
        return DeviceWalk(Plane.EXTRANET, "", "192.0.2.254", at, 0.1, columns)

    def _system(self, name: str, at: datetime) -> dict[str, Column]:
        return {
            "sysName": {(0,): name.encode()},
            "sysDescr": {(0,): b"Access switch, software Version 5.170 (V200R019C10)"},
            "sysUpTime": {(0,): int((at - MONDAY).total_seconds() * 100)},
        }


def mac(one: dict[str, object]) -> tuple[int, ...]:
    """A terminal's MAC as six numbers."""
    value = one["mac"]
    assert isinstance(value, bytes)
    return tuple(value)


def walked(part: Part, path: Path, days: int) -> list[int]:
    """Walk it every hour; the size of the store in bytes after each day."""
    store = Store(f"sqlite:///{path}")
    store.prepare()
    sizes = []
    for day in range(days):
        part.day()
        for hour in range(24):
            at = MONDAY + timedelta(days=day) + hour * HOUR
            walks = part.walks(at)
            lost = [walk for walk in walks if part.wild.random() < SILENT]
            views = snapshots.record_all(store, [walk for walk in walks if walk not in lost])
            for walk in lost:
                snapshots.fail(
                    store,
                    Unreachable(
                        walk.plane, walk.address, walk.address, at, "no answer within {seconds} s", {}
                    ),
                )
            snapshots.keep(store, Plane.EXTRANET, terminals.seen(Plane.EXTRANET, views, at), at)
            links = maps.links(snapshots.latest(store))
            chronicle.keep(store, links, {(view.plane, view.key) for view in views}, at)
        with store.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            pages, free, size = (
                connection.exec_driver_sql(f"PRAGMA {name}").scalar() or 0
                for name in ("page_count", "freelist_count", "page_size")
            )
        sizes.append((pages - free) * size)
    store.close()
    return sizes
