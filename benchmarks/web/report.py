"""The city is served and asked: a figure for every kind of page, for all of them, for memory and for paint."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.addresses.measure import Figure, figure
from benchmarks.addresses.overhttp import wait_for
from benchmarks.web.paint import painted
from benchmarks.web.people import USERS, Line, asked, pages, percentile, worked

SECONDS, GOAL, MEMORY_GOAL = 60.0, 0.2, 2048.0
FLOOD, RATE_GOAL = 15.0, 20.0
"""Seconds without reading, and pages a second then."""
SETTLED = 20.0
"""Seconds in which the first pages' gathering comes to its end."""


@contextmanager
def served(folder: Path) -> Iterator[tuple[str, int]]:
    """A `netops serve` of the city: "host:port" and the number of its process."""
    where = f"127.0.0.1:{20_000 + random.randrange(9000)}"
    still = ["--no-collector", "--no-traps", "--no-timetable", "--listen", where]
    command = [sys.executable, "-m", "netops", "-c", str(folder / "config.toml"), "serve", *still]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(where)
            yield where, server.pid
        finally:
            server.terminate()
            server.wait(20)


def figures(folder: Path) -> Iterator[Figure]:
    """Every figure of ours alone."""
    with served(folder) as (where, process):
        first = _first(where)
        time.sleep(SETTLED)
        spent = worked(where, process)
        times, bad = asked(lambda: Line(where), pages, SECONDS, 1.0)
        for kind, several in sorted(times.items()):
            note = f"{spent[kind] * 1000:.0f} ms of CPU, median {_middle(several)} ms, {len(several)} times"
            note += f"; the very first time {first[kind] * 1000:.0f} ms"
            yield _under(f"p95 of {kind}, {USERS} people, seconds", percentile(several, 0.95), GOAL, note)
        yield figure("answers that were no page", bad, None, None, "0", bad == 0)
        peak = round(_peak(process))
        yield figure("most memory of the server, MiB", peak, None, None, f"< {MEMORY_GOAL:.0f}", peak < MEMORY_GOAL)
        every = [value for several in times.values() for value in several]
        note = f"median {_middle(every)} ms, {len(every) / SECONDS:.1f} pages a second"
        yield _under("p95 of all pages, seconds", percentile(every, 0.95), GOAL, note)
        yield _flooded(where)
        yield from painted(where)


def _first(where: str) -> dict[str, float]:
    """Seconds of the first page of each kind that anybody asks for."""
    line, first = Line(where), {}
    for kind, page in pages(random.Random(0)).items():
        started = time.perf_counter()
        line.ask(page)
        first[kind] = time.perf_counter() - started
    line.close()
    return first


def _flooded(where: str) -> Figure:
    """How many pages there are a second when nobody reads."""
    flood, _bad = asked(lambda: Line(where), pages, FLOOD, 0.0)
    every = [value for several in flood.values() for value in several]
    rate = len(every) / FLOOD
    note = f"median {_middle(every)} ms, p95 {percentile(every, 0.95) * 1000:.0f} ms"
    what = f"pages a second when none of {USERS} reads: each asks as soon as it is answered"
    return figure(what, round(rate, 1), None, None, f"> {RATE_GOAL:.0f}", rate > RATE_GOAL, note)


def _under(what: str, seconds: float, goal: float, note: str) -> Figure:
    return figure(what, round(seconds, 4), None, None, f"< {goal}", seconds < goal, note)


def _middle(seconds: list[float]) -> str:
    return f"{percentile(seconds, 0.5) * 1000:.0f}"


def _peak(process: int) -> float:
    """The most memory that a process ever held, MiB."""
    status = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace").splitlines()
    return next(int(row.split()[1]) for row in status if row.startswith("VmHWM")) / 1024
