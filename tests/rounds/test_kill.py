"""kill -9 in the middle of allocating: run again, nothing lost, nothing doubled, the journal verifies."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time

from netops.addresses import ledger
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.core import journal
from netops.core.plane import Plane
from netops.core.store import Store

CHILD = """
import sys
import msgspec
from netops.addresses import ledger
from netops.addresses.allocation import Allocation, Request
from netops.core.clock import now
from netops.core.joint import jointly
from netops.core.plane import Plane
from netops.core.store import Store

class Form(msgspec.Struct):
    request: Request
    key: str

def decide(act, form):
    return ledger.allocate(act, form.request, key=form.key)

store, name, number = Store(sys.argv[1]), sys.argv[2], int(sys.argv[3])
while True:
    request = Request(Plane.EXTRANET, "10.20.0.0/16", "fin", "D-1", count=1 + number % 3)
    given = jointly(store, name, now, Form(request, f"{name}-{number}"), decide, tuple[Allocation, ...])
    assert sum(one.span.size for one in given) == request.count
    print(number, flush=True)
    number += 1
"""
CHILDREN, DEATHS = 3, 3


def test_kill_9_loses_and_doubles_nothing(store: Store, store_url: str) -> None:
    """
    Three children allocate at once, one deciding for all, and each is killed three times at a random moment. The next
    one retries the last key, as a clerk would send the form again. What was answered is there; each key has its addresses once.
    """
    with journal.act(store, "test") as act:
        act.record("inventory apply", "register")
        ledger.sync_prefixes(act, [RegisteredPrefix("10.20.0.0/16", PrefixRole.POOL, "fin")])
    answered, wrong = dict.fromkeys("abc"[:CHILDREN], -1), list[str]()

    def lives(name: str, chance: random.Random) -> None:
        for _ in range(DEATHS):
            command = [sys.executable, "-c", CHILD, store_url, name, str(answered[name] + 1)]
            with subprocess.Popen(
                command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as child:
                assert child.stdout is not None
                first = child.stdout.readline()
                time.sleep(chance.uniform(0, 0.15))
                child.kill()
                rest, said = child.communicate(timeout=30)
            lines = [line for line in (first + rest).splitlines() if line.strip().isdigit()]
            wrong.extend([said] if said or not lines else [])
            answered[name] = int(lines[-1]) if lines else answered[name]

    threads = [threading.Thread(target=lives, args=(name, random.Random(name))) for name in answered]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [] == wrong
    assert 0 == journal.verify(store).broken
    assert [] == ledger.verify(store)
    keys = [entry.after["key"] for entry in journal.log(store, 100_000) if entry.verb == "ip allocate"]
    assert len(keys) == len(set(keys))
    assert {f"{name}-{number}" for name, last in answered.items() for number in range(last + 1)} <= set(keys)
    # Of each child one act may have been committed, and the child killed before it could say so.
    assert len(keys) <= sum(last + 2 for last in answered.values())
    expected = sum(1 + int(key.split("-")[1]) % 3 for key in keys)
    assert expected == ledger.pools(store, Plane.EXTRANET)[0].allocated
