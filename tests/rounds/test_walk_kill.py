"""kill -9 in the middle of a walk: what was written is whole, and the next walk goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

from netops.core.store import Store
from netops.topology import snapshots

CHILD = """
import sys
from datetime import UTC, datetime
import netops.tables
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.topology import snapshots

store = Store(sys.argv[1])
for number in range(10_000):
    name = f"sw-{number % 40:02}"
    columns = {"sysName": {(0,): name.encode()}, "ifDescr": {(row,): f"port{row} {number}".encode() for row in range(1, 49)}}
    walk = DeviceWalk(Plane.EXTRANET, name, f"192.0.2.{number % 40}", datetime.now(UTC), 0.1, columns)
    with store.lock("round-walk"):
        snapshots.record(store, walk, walk.at)
    print(name, flush=True)
"""


def test_kill_9_loses_the_device_in_hand_at_most(store: Store, store_url: str) -> None:
    """Every device that was told to be written is there with all its ports, after three kills; nobody waits for a lock."""
    for pause in (0.05, 0.2, 0.4):
        child = subprocess.Popen([sys.executable, "-c", CHILD, store_url], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(pause)
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=10)
        told = {line for line in (first + rest).splitlines() if len(line) == 5}
        views = {view.key: view for view in snapshots.latest(store)}

        assert told
        assert told <= views.keys()
        assert {48} == {len(view.interfaces) for view in views.values()}
        with store.lock("round-walk", wait=False) as held:
            assert held
