"""What every figure needs: the noise of the machine, the best of several runs, one row of the answer."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Figure = dict[str, Any]
"""what, ours, peer, ratio, goal, met; *note* where a word is needed."""


def calibration() -> float:
    """Seconds of a fixed loop of plain Python."""
    start, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number & 7
    return time.perf_counter() - start


def fdatasync(folder: Path, times: int = 200) -> float:
    """Median seconds to make 4 KiB durable."""
    taken = []
    with (folder / "probe").open("wb", buffering=0) as file:
        for _ in range(times):
            start = time.perf_counter()
            file.write(b"x" * 4096)
            os.fdatasync(file.fileno())
            taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def noise(folder: Path) -> str:
    """Both in words."""
    load = os.getloadavg()[0]
    return f"loop {calibration():.3f} s, fdatasync {fdatasync(folder) * 1e3:.2f} ms, load {load:.1f}"


def timed(what: Callable[[], object], times: int = 5) -> float:
    """The best of several runs, seconds: other people's work only adds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return min(taken)


def cpu_of(command: Sequence[str], times: int = 5) -> float:
    """CPU seconds of a whole process, the least of several runs; with byte code kept, as an installed program has it."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    taken = []
    for _ in range(times + 1):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, capture_output=True, check=False, env=environment)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        taken.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
    return min(taken)


def resident() -> float:
    """Memory of this process, MiB."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def figure(
    what: str,
    ours: float,
    peer: float | None,
    ratio: Sequence[float] | float | None,
    goal: str,
    met: bool,
    note: str = "",
) -> Figure:
    """One row."""
    row: Figure = {"what": what, "ours": ours, "peer": peer, "ratio": ratio, "goal": goal, "met": met}
    return row | {"note": note} if note else row


def spread(values: Sequence[float]) -> list[float]:
    """Least, median, most."""
    return [min(values), statistics.median(values), max(values)]


def shown(one: Figure) -> str:
    """The row as people read it."""
    ratio, peer = one["ratio"], "-" if one["peer"] is None else f"{one['peer']:.4g}"
    several = ratio if isinstance(ratio, list) else [] if ratio is None else [ratio]
    words = "/".join(f"{value:.2f}" for value in several) or "-"
    verdict = "met" if one["met"] else "NOT met"
    note = f"  ({one['note']})" if "note" in one else ""
    return f"{one['what']}: ours {one['ours']:.4g}  peer {peer}  ratio {words}  goal {one['goal']}  {verdict}{note}"
