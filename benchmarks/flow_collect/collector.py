"""netops as a collector of the benchmark's city: the same watcher that `netops serve` runs, on a store of its own."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
import threading
from pathlib import Path

from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.config import Config
from netops.core import applied, journal
from netops.core.clock import now
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import Column, DeviceWalk
from netops.desk import Desk
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.judge import Scene
from netops.register import Register
from netops.rounds.egress import Watcher
from netops.rounds.scene import build
from netops.settings import Flows, PlaneSettings
from netops.topology import snapshots
from netops.topology.device import RegisteredDevice, Role

ORGANIZATIONS = 65
"""With the centre: every /24 that the generator's hosts come from is somebody's."""


def register() -> Register:
    """A centre and 64 departments, a /24 each, and one exporter with the shared exit."""
    names = [f"d{number:02d}" for number in range(1, ORGANIZATIONS)]
    return Register(
        organizations=(
            Organization("ic", "信息中心", platform=True),
            *(Organization(one, one) for one in names),
        ),
        devices=(RegisteredDevice("fw", "127.0.0.1", Role.FIREWALL, "ic", exporter=True),),
        prefixes=tuple(
            RegisteredPrefix(f"10.20.{number}.0/24", PrefixRole.POOL, name)
            for number, name in enumerate(names)
        ),
        exits=(RegisteredExit("shared", ExitKind.SHARED, "fw", "ic", net="203.0.113.0/30"),),
    )


def walked() -> DeviceWalk:
    """The exporter as a walk sees it: the exit's interface, and three of the departments'."""
    numbers = range(1, 5)
    addresses = {1: (203, 0, 113, 2), 2: (10, 20, 0, 1), 3: (10, 20, 20, 1), 4: (10, 20, 40, 1)}
    columns: dict[str, Column] = {
        "sysName": {(0,): b"fw"},
        "ifName": {(number,): b"ge%d" % number for number in numbers},
        "ifDescr": {(number,): b"ge%d" % number for number in numbers},
        "ifType": {(number,): 6 for number in numbers},
        "ifOperStatus": {(number,): 1 for number in numbers},
        "ipAdEntIfIndex": {address: number for number, address in addresses.items()},
        "ipAdEntNetMask": {address: bytes([255, 255, 255, 0]) for address in addresses.values()},
    }
    return DeviceWalk(Plane.EXTRANET, "fw", "127.0.0.1", now(), 0.1, columns)


def opened(folder: Path, listen: str) -> Desk:
    """A desk on a store that knows the city; a fresh one in an empty folder."""
    config = Config(
        store_url=f"sqlite:///{folder}/netops.db",
        planes={Plane.EXTRANET: PlaneSettings(("10.20.0.0/16",))},
        flows=Flows(listen=(listen,), archive=f"{folder}/flows", reserve_gib=0.1),
    )
    desk = Desk(config, actor="benchmark")
    store = Store(config.store_url)
    store.prepare()
    desk._store = store
    if not applied.standing(store).version:
        with journal.act(store, "benchmark") as act:
            applied.apply(act, register().content(), 0, {})
        snapshots.record(store, walked(), now())
    return desk


def scene(folder: Path) -> Scene:
    """What flows of the city are judged by."""
    return build(opened(folder, "127.0.0.1:0"))[0]


def receiver_cpu() -> float:
    """CPU seconds of the receiving child so far; what it took to start is not the flows'."""
    [child] = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
    used = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """`collector PORT FOLDER CORE`: collects on a core (-1: any) until SIGTERM, then prints counters and CPU seconds as JSON."""
    port, folder, core = sys.argv[1:]
    if int(core) >= 0:
        os.sched_setaffinity(0, {int(core)})
    desk = opened(Path(folder), f"127.0.0.1:{port}")
    ending = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: ending.set())
    with Watcher(desk) as watcher:
        before, started = resource.getrusage(resource.RUSAGE_SELF), receiver_cpu()
        print("ready", watcher.collector.outcomes["left_over"], flush=True)
        ending.wait()
        watcher.flush(1.0, 60.0)
    used = resource.getrusage(resource.RUSAGE_SELF)
    child = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime + child.ru_utime + child.ru_stime - started
    keeper = watcher.recorder.keeper if watcher.recorder else None
    print(json.dumps({
        "cpu": cpu, "rss_mib": used.ru_maxrss / 1024, "records": watcher.decoder.totals().records,
        "stored": keeper.stored if keeper else 0, "unstored": keeper.unstored if keeper else 0,
        "outcomes": dict(watcher.collector.outcomes), "failures": watcher.failures,
        "unread": watcher.decoder.totals().waiting + watcher.decoder.totals().dropped, "waiting": watcher.watch.waiting,
        "given_up": watcher.watch.given_up,
        "lost": watcher.decoder.totals().lost_datagrams + watcher.decoder.totals().lost_records,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
