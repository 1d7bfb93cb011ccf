"""Eight processes that allocate as fast as they can, each told "SECONDS" on stdin and answering one line of JSON."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec

from benchmarks.addresses import floor
from benchmarks.addresses.stores import POOL
from netops.addresses import ledger
from netops.addresses.allocation import Allocation, Request
from netops.core.clock import now
from netops.core.joint import jointly
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Store

PROCESSES = 8


class Allot(msgspec.Struct):
    """What one of them asks."""

    request: Request
    key: str


def decide(act: Act, asked: Allot) -> tuple[Allocation, ...]:
    """What the ledger answers, for itself or for another."""
    return ledger.allocate(act, asked.request, key=asked.key)


def asking(url: str, actor: str) -> Callable[[str], None]:
    """One allocation of one address by netops, in an act of its own, with this key."""
    store, request = Store(url), Request(Plane.EXTRANET, POOL, "fin", "D-1")

    def one(key: str) -> None:
        given = jointly(store, actor, now, Allot(request, key), decide, tuple[Allocation, ...])
        assert len(given) == 1

    return one


def ours(url: str) -> Callable[[], None]:
    """The same without a key, as the floor has none."""
    one = asking(url, "bench")
    return lambda: one("")


def over_http(url: str) -> Callable[[], None]:
    """The same asked of a server."""
    from benchmarks.addresses import overhttp

    return overhttp.asking(url)


KINDS = {"ours": ours, "sqlite": floor.on_sqlite, "postgresql": floor.on_postgresql, "http": over_http}


def work(kind: str, url: str) -> None:
    """Be one of them."""
    one = KINDS[kind](url)
    one()
    print("ready", flush=True)
    for line in sys.stdin:
        end, taken = time.perf_counter() + float(line), []
        while (start := time.perf_counter()) < end:
            one()
            taken.append(time.perf_counter() - start)
        print(json.dumps([len(taken), max(taken, default=0.0), sorted(taken)[-max(1, len(taken) // 20) :]]), flush=True)


class Crew:
    """Eight workers of one kind on one store, or on several, one each."""

    def __init__(self, kind: str, url: str | list[str]) -> None:
        urls = [url] * PROCESSES if isinstance(url, str) else url
        command = [sys.executable, "-m", "benchmarks.addresses", "--worker", kind]
        self.members = [subprocess.Popen([*command, one], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                        for one in urls]  # fmt: skip
        for member in self.members:
            assert member.stdout is not None
            member.stdout.readline()

    def run(self, seconds: float) -> tuple[float, float, float]:
        """Allocations per second of all together, the longest that one of them waited, and 99 of 100, seconds."""
        for member in self.members:
            assert member.stdin is not None
            member.stdin.write(f"{seconds}\n")
            member.stdin.flush()
        answers = [
            json.loads(member.stdout.readline()) for member in self.members if member.stdout is not None
        ]
        count = sum(one for one, _, _ in answers)
        slow = sorted((taken for _, _, several in answers for taken in several), reverse=True)
        return count / seconds, max(longest for _, longest, _ in answers), slow[min(count // 100, len(slow) - 1)]

    def close(self) -> None:
        """Send everybody home."""
        for member in self.members:
            member.communicate()
