"""Racing allocations by eight processes that are killed with -9 at random; nothing may be lost, doubled or refused."""

from __future__ import annotations

import random
import select
import subprocess
import sys
import time
from collections.abc import Iterator

from benchmarks.addresses.crew import PROCESSES, asking
from benchmarks.addresses.measure import Figure, figure
from benchmarks.addresses.stores import POOL, fresh


def run(name: str, url: str, first: int, last: int) -> None:
    """Be a racer: send forms first to last, each with its key, saying which one was answered."""
    one = asking(url, name)
    for number in range(first, last):
        one(f"{name}-{number}")
        print(number, flush=True)


def race(url: str, total: int, kills: int) -> Iterator[Figure]:
    """Each racer that was killed sends its last form again, as a clerk would."""
    from netops.addresses import ledger
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core import journal
    from netops.core.plane import Plane

    store = fresh(url, [RegisteredPrefix(POOL, PrefixRole.POOL, "fin")])
    each, chance = total // PROCESSES, random.Random(7)
    done, failed, start = dict.fromkeys(range(PROCESSES), 0), 0, time.perf_counter()
    deaths = {number: sorted(chance.sample(range(each), kills // PROCESSES)) for number in done}

    def begin(number: int) -> subprocess.Popen[str]:
        command = [
            sys.executable,
            "-m",
            "benchmarks.addresses",
            "--racer",
            f"r{number}",
            url,
            str(done[number]),
            str(each),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    running = {number: begin(number) for number in done}
    while running:
        ready, _, _ = select.select([one.stdout for one in running.values()], [], [], 60)
        for number, one in list(running.items()):
            if one.stdout not in ready or one.stdout is None:
                continue
            line = one.stdout.readline()
            if line.strip().isdigit():
                done[number] = int(line) + 1
                if deaths[number] and done[number] >= deaths[number][0]:
                    deaths[number].pop(0)
                    one.kill()
            elif not line:
                failed += one.wait() not in (0, -9)
                del running[number]
                if done[number] < each:
                    running[number] = begin(number)
    rate = each * PROCESSES / (time.perf_counter() - start)
    pool = ledger.pools(store, Plane.EXTRANET)[0]
    lost = abs(pool.allocated - each * PROCESSES)
    broken = len(ledger.verify(store)) + bool(journal.verify(store).broken)
    engine = "SQLite" if store.is_sqlite else "PostgreSQL"
    store.close()
    what = f"{each * PROCESSES:,} racing allocations, {kills} times kill -9, {engine}: doubled or lost, failed, broken"
    yield figure(what, lost + failed + broken, None, None, "0", not lost and not failed and not broken,
                 f"{lost}, {failed}, {broken}; {rate:.0f}/s, deaths and new starts included")  # fmt: skip
