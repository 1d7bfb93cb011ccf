"""A desk with a small extranet in force and walked, and flows of it in its archive, for the tests of questions to it."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "egress"))
from scenes import batch

from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.config import Config
from netops.core import applied, journal
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.hits import ExporterRow
from netops.egress.judge import judge
from netops.register import Register
from netops.rounds import scene
from netops.rounds.archive import Recorder
from netops.settings import Flows, PlaneSettings
from netops.topology import snapshots
from netops.topology.device import RegisteredDevice, Role
from netops.topology.link import RegisteredLink

AT = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
FW, R_FIN = "10.20.255.2", "10.20.255.11"
REGISTER = Register(
    organizations=(Organization("ic", "信息中心", platform=True), Organization("fin", "财政局"), Organization("edu", "教育局")),
    devices=(RegisteredDevice("fw", FW, Role.FIREWALL, "ic", exporter=True),
             RegisteredDevice("r-fin", R_FIN, Role.EDGE, "fin", exporter=True)),
    links=(RegisteredLink("fw", "r-fin", net="10.20.254.0/30"),),
    prefixes=(RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin", gateway="r-fin"),
              RegisteredPrefix("10.20.12.0/24", PrefixRole.POOL, "edu", gateway="r-fin"),
              RegisteredPrefix("10.20.254.0/30", PrefixRole.LINK, "ic")),
    exits=(RegisteredExit("shared", ExitKind.SHARED, "fw", "ic", net="203.0.113.0/30"),),
)  # fmt: skip
SHARED = {
    "exporter": FW,
    "in_if": 2,
    "src": "203.0.113.80",
    "dst": "203.0.113.2",
    "sport": 443,
    "dport": 40000,
    "proto": 6,
    "bytes": 700,
}
ROGUE = {
    "exporter": R_FIN,
    "in_if": 9,
    "src": "203.0.113.80",
    "dst": "10.20.11.5",
    "sport": 443,
    "dport": 40001,
    "proto": 6,
    "bytes": 500,
}
INNER = {
    "exporter": R_FIN,
    "in_if": 2,
    "src": "10.20.11.5",
    "dst": "10.20.12.7",
    "sport": 40002,
    "dport": 80,
    "proto": 6,
    "bytes": 90,
}


class Hands:
    """A clock that a test turns."""

    def __init__(self) -> None:
        self.now = AT

    def __call__(self) -> datetime:
        return self.now


def desk_of(store: Store, folder: Path, **settings: Any) -> tuple[Desk, Hands]:
    """A desk whose archive is in *folder*; the register is version 1."""
    clock = Hands()
    planes = {
        Plane.EXTRANET: PlaneSettings(("10.20.0.0/16",)),
        Plane.INTRANET: PlaneSettings(("10.10.0.0/16",)),
    }
    config = Config(
        planes=planes,
        flows=Flows(listen=("127.0.0.1:0",), archive="flows", reserve_gib=0, **settings),
        path=str(folder / "config.toml"),
    )
    desk = Desk(config, clock, actor="王工")
    desk._store = store
    put_in_force(desk, REGISTER)
    walk(desk, "fw", FW, {1: ("in", "10.20.254.1"), 2: ("wan", "203.0.113.2")})
    walk(
        desk,
        "r-fin",
        R_FIN,
        {1: ("up", "10.20.254.2"), 2: ("lan", "10.20.11.1"), 9: ("ge9", "198.51.100.18")},
    )
    return desk, clock


def put_in_force(desk: Desk, register: Register) -> None:
    with journal.act(desk.store, "王工", desk.clock) as act:
        applied.apply(act, register.content(), applied.standing(desk.store).version, {})


def walk(desk: Desk, device: str, address: str, interfaces: dict[int, tuple[str, str]]) -> None:
    """What a walk of a device would have found: interfaces by ifIndex, each with its name and address."""
    columns: dict[str, dict[tuple[int, ...], Any]] = {
        "sysName": {(0,): device.encode()},
        "ifName": {(number,): name.encode() for number, (name, _) in interfaces.items()},
        "ifType": {(number,): 6 for number in interfaces},
        "ifAdminStatus": {(number,): 1 for number in interfaces},
        "ifOperStatus": {(number,): 1 for number in interfaces},
        "ipAdEntIfIndex": {
            tuple(map(int, own.split("."))): number for number, (_, own) in interfaces.items()
        },
        "ipAdEntNetMask": {
            tuple(map(int, own.split("."))): "255.255.255.252" for _, own in interfaces.values()
        },
    }
    snapshots.record(
        desk.store, DeviceWalk(Plane.EXTRANET, device, address, desk.clock(), 0.1, columns), desk.clock()
    )  # type: ignore[arg-type]


def record(desk: Desk, *flows: dict[str, Any], lost: int = 0, listen: timedelta = timedelta(0)) -> None:
    """Flows that came just now, kept as the collector keeps them, which listened for so long before."""
    recorder = Recorder(desk)
    clock: Any = desk.clock
    now = clock.now
    clock.now = now - listen
    recorder.start()
    clock.now = now
    received = int(now.timestamp() * 1000)
    made = batch(
        *({"received": received, "first": received - 2000, "last": received - 1000} | one for one in flows)
    )
    place, _walked = scene.build(desk)
    recorder.keep(judge(made, place), place)
    recorder.keeper.flush()
    rows = [
        ExporterRow(address=address, plane="extranet", device=name, version=5, last_seen=now, datagrams=1, records=10, options=0,
                    waiting=0, malformed=0, dropped=0, lost_records=lost if name == "fw" else 0)
        for name, address in (("fw", FW), ("r-fin", R_FIN))
    ]  # fmt: skip
    recorder.cover(rows, {})
    recorder.stop()
