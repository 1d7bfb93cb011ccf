"""kill -9 in the middle of allocating: run again, nothing lost, nothing doubled, the journal verifies."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

from netops.addresses import ledger
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.core import journal
from netops.core.clock import now
from netops.core.plane import Plane
from netops.core.store import Store

CHILD = """
import sys
import netops.tables
from netops.addresses import ledger
from netops.addresses.allocation import Request
from netops.core import journal
from netops.core.plane import Plane
from netops.core.store import Store

store, number = Store(sys.argv[1]), int(sys.argv[2])
while True:
    request = Request(Plane.EXTRANET, "10.20.0.0/16", "fin", "D-1", count=1 + number % 3)
    with journal.act(store, "child") as act:
        ledger.allocate(act, request, key=f"form-{number}")
    print(number, flush=True)
    number += 1
"""


def test_kill_9_loses_and_doubles_nothing(store: Store, store_url: str) -> None:
    """
    A child allocates in a loop and is killed six times at random moments. Each next one retries the last
    key, as a clerk would send the form again. What was answered is there; each key has its addresses once.
    """
    with journal.act(store, "test") as act:
        act.record("inventory apply", "register")
        ledger.sync_prefixes(act, [RegisteredPrefix("10.20.0.0/16", PrefixRole.POOL, "fin")])
    chance, answered, started = random.Random(7), -1, now()
    for _ in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, store_url, str(answered + 1)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        first = child.stdout.readline()
        time.sleep(chance.uniform(0, 0.15))
        child.send_signal(signal.SIGKILL)
        rest, _ = child.communicate(timeout=10)
        lines = [line for line in (first + rest).splitlines() if line.strip().isdigit()]
        assert lines, "the child never answered"
        answered = int(lines[-1])

    assert 0 == journal.verify(store).broken
    assert [] == ledger.verify(store)
    keys = [entry.after["key"] for entry in journal.log(store, 10_000) if entry.verb == "ip allocate"]
    assert len(keys) == len(set(keys))
    assert {f"form-{number}" for number in range(answered + 1)} <= set(keys)
    # One act may have been committed, and its child killed before it could say so.
    assert len(keys) <= answered + 2
    expected = sum(1 + int(key.removeprefix("form-")) % 3 for key in keys)
    assert expected == ledger.pools(store, Plane.EXTRANET)[0].allocated
    assert (now() - started).total_seconds() < 60
