"""
Documents: a thousand notices as DOCX and PDF, beside docxtpl and LibreOffice; a thousand findings through 22 years of law.

    python -m benchmarks.documents [--json] [--count N] [--pairs N] [--places N]

The peers fill a template with the same notice (docxtpl) and turn its DOCX into PDF (LibreOffice, one start for a batch).
Needs docxtpl (pip install docxtpl) and soffice (apt-get install libreoffice-writer-nogui); exit 2 names what is missing.
CPU seconds of whole processes are compared: machines are shared.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

from benchmarks.addresses.measure import Figure, figure, noise, shown
from benchmarks.addresses.stores import server
from benchmarks.documents.law import killed, through_the_law
from benchmarks.documents.notices import city, concluded, found, issued, made, peer_filled, peer_template
from netops.rounds import triage

CORES = 2
BATCH = 20
"""Documents that LibreOffice turns in one start."""


def missing() -> str:
    """Which peer is not here, and how to get it."""
    if find_spec("docxtpl") is None:
        return "docxtpl is not installed: pip install docxtpl"
    if not shutil.which("soffice"):
        return "LibreOffice is not installed: apt-get install libreoffice-writer-nogui"
    return ""


def cpu() -> float:
    """CPU seconds of this process and of the children that ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def thousand(folder: Path, count: int, peers: list[float]) -> Iterator[Figure]:
    """All of them on two cores, by the clock on the wall and in CPU seconds; *peers*: their CPU seconds for each notice."""
    before, start = cpu(), time.perf_counter()
    # Never by a fork: this process holds typst's threads, and what one of them locks would stay locked in the child.
    with ProcessPoolExecutor(CORES, get_context("spawn")) as pool:
        sizes = list(pool.map(made, range(count), [str(folder)] * count, chunksize=10))
    wall, taken = time.perf_counter() - start, cpu() - before
    pages = sum(size for size in sizes)
    what = f"{count} notices as DOCX and PDF on {CORES} cores, seconds"
    limit = 60 * count / 1000
    peer = count * sum(peers) / CORES
    note = f"{taken:.1f} CPU s, {pages / 2**20:.0f} MiB; peer: its CPU s for one, above, times {count} / {CORES}, not run whole"
    yield figure(what, wall, peer, None, f"< {limit:g}", wall < limit, note)


def beside(folder: Path, spent: list[float]) -> Iterator[Figure]:
    """One document, ours and the peer's, interleaved; what the peers *spent* on one goes there, in CPU seconds."""
    template = peer_template(folder)
    ours: dict[str, list[float]] = {"docx": [], "pdf": []}
    peers: dict[str, list[float]] = {"docx": [], "pdf": []}
    made(0, str(folder))
    for turn in range(3):
        for kind in ("docx", "pdf"):
            before = cpu()
            for number in range(BATCH):
                made(1000 * turn + number, str(folder), (kind,))
            ours[kind].append((cpu() - before) / BATCH)
        before = cpu()
        files = [peer_filled(template, folder, 1000 * turn + number) for number in range(BATCH)]
        peers["docx"].append((cpu() - before) / BATCH)
        before = cpu()
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        command = ["soffice", profile, "--headless", "--convert-to", "pdf", "--outdir", str(folder / "peer"), *map(str, files)]
        subprocess.run(command, check=True, capture_output=True)
        peers["pdf"].append((cpu() - before) / BATCH)
    for kind, peer in (("docx", "docxtpl"), ("pdf", f"LibreOffice, {BATCH} in one start")):
        mine, theirs = min(ours[kind]), min(peers[kind])
        spent.append(theirs)
        ratios = sorted(a / b for a, b in zip(ours[kind], peers[kind], strict=True))
        goal, met = ("<= 1", ratios[1] <= 1) if kind == "pdf" else ("<= 2", ratios[1] <= 2)
        yield figure(f"one notice as {kind.upper()}, CPU s", mine, theirs, ratios, goal, met, f"peer: {peer}")


def from_finding(folder: Path) -> Iterator[Figure]:
    """A finding to DOCX, PDF and JSON: drafting, issuing, three files; everything loaded."""
    warm, one = (found(folder / name, number) for number, name in enumerate(("warm", "one")))
    issued(warm, folder / "warm")
    before, start = time.process_time(), time.perf_counter()
    issued(one, folder / "one")
    wall, taken = time.perf_counter() - start, time.process_time() - before
    what = "from a finding to an issued DOCX, PDF and JSON, seconds"
    yield figure(what, wall, None, None, "< 1", wall < 1, f"{taken:.2f} CPU s")


def whole_process(folder: Path) -> Iterator[Figure]:
    """The same as a clerk does it: one command, from the interpreter's start to three files; the second time, all is compiled."""
    walls, used = [], []
    for turn in range(4):
        place = folder / f"clerk-{turn}"
        desk = city(place)
        concluded(desk, "rogue_exit_router", f"r-{turn}")
        triage.run(desk)
        desk.close()
        (place / "out").mkdir()
        command = [sys.executable, "-m", "netops", "-c", str(place / "config.toml"), "-q", "--yes", "incident", "notice",
                   "INC-2026-0001", "--issue", "-o", str(place / "out")]  # fmt: skip
        before, start = cpu(), time.perf_counter()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        walls.append(time.perf_counter() - start)
        used.append(cpu() - before)
        assert len(list((place / "out").iterdir())) == 3
    wall = min(walls[1:])
    what = "netops incident notice --issue, one process: DOCX, PDF and JSON, seconds"
    yield figure(what, wall, None, None, "< 1", wall < 1, f"{min(used[1:]):.2f} CPU s")


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is not, 2 when a peer is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--pairs", type=int, default=1000)
    parser.add_argument("--places", type=int, default=5, metavar="N", help="kill at every N-th line while issuing; 0 not at all")
    options = parser.parse_args(argv)
    if absent := missing():
        print(absent, file=sys.stderr)
        return 2
    figures: list[Figure] = []
    peers: list[float] = []
    with tempfile.TemporaryDirectory(prefix="netops-documents-", dir=os.environ.get("TMPDIR")) as place, server() as engine:
        folder = Path(place)
        machine = f"{platform.machine()}, {os.cpu_count()} cores; {noise(folder)}"
        for part in (
            from_finding(folder), whole_process(folder), beside(folder, peers), thousand(folder, options.count, peers),
            through_the_law(folder, options.pairs), killed(folder, options.places, engine),
        ):  # fmt: skip
            for one in part:
                figures.append(one)
                if not options.json:
                    print(shown(one), flush=True)
        machine += f"; afterwards {noise(folder)}"
    if options.json:
        print(json.dumps({"name": "documents", "machine": machine, "figures": figures}, ensure_ascii=False))
    else:
        print(machine)
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
