"""
Addresses beside the floor: what the bare database does with the same work, no program around it, in the same run.

    python -m benchmarks.addresses [--json] [--used N] [--rounds N] [--seconds S] [--postgresql URL] [--races N]

The floor takes the lowest free address, shrinks the span, writes the address, the counter and a journal row, in one
transaction of SQLite (WAL, synchronous FULL), eight processes in a fair queue. `--races N` adds N racing allocations by
eight processes, which are killed with -9 at random and send their last form again; `--only races --postgresql URL` does it there.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import platform
import random
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

POOL, WIDE = "10.0.0.0/8", "10.0.0.0/8"
PROCESSES = 8
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
Figure = dict[str, Any]


# ---- the machine
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
    return f"loop {calibration():.3f} s, fdatasync {fdatasync(folder) * 1e3:.2f} ms"


# ---- workers: one process each, told "go SECONDS" on stdin, answering one line of JSON
def worker(kind: str, url: str) -> None:
    """Allocate as fast as it goes for so many seconds, each time it is told to."""
    one = bare(url) if kind == "floor" else ours(url)
    one()
    print("ready", flush=True)
    for line in sys.stdin:
        end, count, longest = time.perf_counter() + float(line), 0, 0.0
        while (start := time.perf_counter()) < end:
            one()
            count, longest = count + 1, max(longest, time.perf_counter() - start)
        print(json.dumps([count, longest]), flush=True)


def ours(url: str) -> Callable[[], None]:
    """One allocation of one address by netops, in one act."""
    import netops.tables  # noqa: F401 - every table
    from netops.addresses import ledger
    from netops.addresses.allocation import Request
    from netops.core import journal
    from netops.core.plane import Plane
    from netops.core.store import Store

    store, request = Store(url), Request(Plane.EXTRANET, POOL, "fin", "D-1")

    def one() -> None:
        with journal.act(store, "bench") as act:
            ledger.allocate(act, request)

    return one


def bare(path: str) -> Callable[[], None]:
    """The same work by bare statements."""
    db = sqlite3.connect(path, isolation_level=None, timeout=30)
    db.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;")
    door, room = (os.open(f"{path}.{name}", os.O_CREAT | os.O_WRONLY) for name in ("door", "room"))

    def one() -> None:
        fcntl.flock(door, fcntl.LOCK_EX)
        fcntl.flock(room, fcntl.LOCK_EX)
        fcntl.flock(door, fcntl.LOCK_UN)
        db.execute("BEGIN IMMEDIATE")
        lo, hi = db.execute("SELECT lo, hi FROM free ORDER BY lo LIMIT 1").fetchone()
        db.execute("DELETE FROM free WHERE lo = ?", (lo,))
        if lo < hi:
            db.execute("INSERT INTO free VALUES (?, ?)", (lo + 1, hi))
        db.execute("INSERT INTO address VALUES (?, 'fin', 'D-1')", (lo,))
        db.execute("UPDATE counter SET used = used + 1")
        db.execute("INSERT INTO journal (what) VALUES (?)", (f"allocate {lo}",))
        db.execute("COMMIT")
        fcntl.flock(room, fcntl.LOCK_UN)

    return one


class Crew:
    """Eight workers of one kind on one store."""

    def __init__(self, kind: str, url: str) -> None:
        command = [sys.executable, "-m", "benchmarks.addresses", "--worker", kind, url]
        self.members = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                        for _ in range(PROCESSES)]  # fmt: skip
        for member in self.members:
            assert member.stdout is not None
            member.stdout.readline()

    def run(self, seconds: float) -> tuple[float, float]:
        """Allocations per second of all together, and the longest that one of them waited, seconds."""
        for member in self.members:
            assert member.stdin is not None
            member.stdin.write(f"{seconds}\n")
            member.stdin.flush()
        answers = [
            json.loads(member.stdout.readline()) for member in self.members if member.stdout is not None
        ]
        return sum(count for count, _ in answers) / seconds, max(longest for _, longest in answers)

    def close(self) -> None:
        """Send everybody home."""
        for member in self.members:
            member.communicate()


# ---- stores
def filled(url: str, used: int) -> str:
    """A /8 with so many addresses taken at random, each an allocation of its own."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.span import Span, parsed
    from netops.addresses.tile import Tile, TileState

    store = fresh(url, [RegisteredPrefix(POOL, PrefixRole.POOL, "fin")])
    span = parsed(POOL)
    taken = sorted(random.Random(7).sample(range(span.first + 1, span.last), used))
    tiles, position = [], span.first
    for number, address in enumerate(taken, 1):
        if position < address:
            tiles.append(Tile(Span(position, address - 1), TileState.FREE, POOL))
        tiles.append(Tile(Span(address, address), TileState.ACTIVE, POOL, f"AL-{number:04d}"))
        position = address + 1
    tiles.append(Tile(Span(position, span.last), TileState.FREE, POOL))
    lay(store, tiles, taken)
    store.close()
    return url


def lay(store: Any, tiles: list[Any], taken: list[int]) -> None:
    """Write tiles and allocations in bulk, past the ledger; `pool verify` agrees with the result."""
    from netops.addresses.holdings import held
    from netops.addresses.tiles import pool_table, tile_table
    from netops.core.ids import sequences

    def rows() -> Iterator[dict[str, Any]]:
        for tile in tiles:
            yield {"plane": "extranet", "first": tile.span.first, "next": tile.span.last + 1, "state": tile.state,
                   "pool": tile.pool, "allocation": tile.allocation, "fit": tile.fit}  # fmt: skip

    common = {"plane": "extranet", "organization": "fin", "declaration": "D-1", "purpose": "", "state": "active",
              "origin": "act", "since": NOON, "until": None, "cause": "", "free_after": None}  # fmt: skip
    with store.write() as connection:
        connection.execute(tile_table.delete().where(tile_table.c.first == tiles[0].span.first))
        batch: list[dict[str, Any]] = []
        for row in rows():
            batch.append(row)
            if len(batch) == 20_000:
                connection.execute(tile_table.insert(), batch)
                batch = []
        connection.execute(tile_table.insert(), batch)
        for start in range(0, len(taken), 20_000):
            connection.execute(held.insert(), [
                common | {"id": f"AL-{start + place:04d}", "first": address, "last": address}
                for place, address in enumerate(taken[start:start + 20_000], 1)])  # fmt: skip
        connection.execute(
            pool_table.update().where(pool_table.c.prefix == POOL).values(allocated=len(taken))
        )
        connection.execute(sequences.insert().values(name="allocation", value=len(taken)))


def fresh(url: str, prefixes: list[Any]) -> Any:
    """A new store with these prefixes as pools."""
    import netops.tables  # noqa: F401 - every table
    from netops.addresses import ledger
    from netops.core import journal
    from netops.core.store import Store

    store = Store(url)
    store.prepare()
    with journal.act(store, "bench") as act:
        act.record("inventory apply", "register")
        ledger.sync_prefixes(act, prefixes)
    return store


def floor_store(path: Path) -> str:
    """The floor's own tables: a /8 of which nothing is taken."""
    db = sqlite3.connect(path)
    db.executescript("""
        CREATE TABLE free (lo INTEGER PRIMARY KEY, hi INTEGER); CREATE TABLE address (ip INTEGER PRIMARY KEY, org, declaration);
        CREATE TABLE counter (used); INSERT INTO counter VALUES (0); INSERT INTO free VALUES (167772161, 184549374);
        CREATE TABLE journal (seq INTEGER PRIMARY KEY, what);""")
    db.commit()
    db.close()
    return str(path)


# ---- figures
def figure(
    what: str, ours: float, floor: float | None, ratio: list[float] | float | None, goal: str, met: bool
) -> Figure:
    return {"what": what, "ours": ours, "peer": floor, "ratio": ratio, "goal": goal, "met": met}


def spread(values: list[float]) -> list[float]:
    return [min(values), statistics.median(values), max(values)]


def speed(folder: Path, options: argparse.Namespace) -> Iterator[Figure]:
    """Durable allocations, 8 processes: the floor, a full /8 and an empty one in turn."""
    with ExitStack() as stack:
        crews = [Crew("floor", floor_store(folder / "floor.db")),
                 Crew("ours", filled(f"sqlite:///{folder / 'full.db'}", options.used)),
                 Crew("ours", filled(f"sqlite:///{folder / 'thin.db'}", 1000))]  # fmt: skip
        for crew in crews:
            stack.callback(crew.close)
        rates = [[crew.run(options.seconds) for crew in crews] for _ in range(options.rounds)]
    floor, full, thin = ([row[place][0] for row in rates] for place in range(3))
    ratios = [one / other for one, other in zip(full, floor, strict=True)]
    yield figure(f"allocations/s, 8 processes, /8 with {options.used:,} used, SQLite", statistics.median(full),
                 statistics.median(floor), spread(ratios), ">= 0.6", statistics.median(ratios) >= 0.6)  # fmt: skip
    slower = [one / other for one, other in zip(thin, full, strict=True)]
    yield figure(f"the same with 1,000 used; ratio: how much slower {options.used:,} are", statistics.median(thin), None,
                 spread(slower), "<= 1.25", statistics.median(slower) <= 1.25)  # fmt: skip
    waits = [max(row[place][1] for row in rates) for place in (1, 0)]
    yield figure(
        "longest wait of one allocation, seconds", waits[0], waits[1], None, "<= 0.25", waits[0] <= 0.25
    )
    if options.postgresql:
        with ExitStack() as stack:
            crew = Crew("ours", filled(options.postgresql, options.used))
            stack.callback(crew.close)
            made = [crew.run(options.seconds) for _ in range(options.rounds)]
        rate, wait = statistics.median([one for one, _ in made]), max(one for _, one in made)
        yield figure(
            "allocations/s, 8 processes, PostgreSQL",
            rate,
            None,
            None,
            ">= 340 (six statements, issue B)",
            rate >= 340,
        )
        yield figure("longest wait there, seconds", wait, None, None, "<= 0.25", wait <= 0.25)


def lists(folder: Path) -> Iterator[Figure]:
    """4,000 prefixes with utilization, and the children of a /16."""
    import msgspec

    from netops.addresses import ledger
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.span import parsed

    prefixes = [RegisteredPrefix(WIDE, PrefixRole.CONTAINER, "ic")]
    prefixes += [RegisteredPrefix(f"10.{n}.0.0/16", PrefixRole.CONTAINER, "ic") for n in range(64)]
    prefixes += [RegisteredPrefix(f"10.{n // 63}.{n % 63}.0/24", PrefixRole.POOL, "fin") for n in range(4000)]
    store = fresh(f"sqlite:///{folder / 'wide.db'}", prefixes)
    whole = timed(lambda: ledger.pools(store))
    yield figure(
        "4,065 prefixes with utilization, seconds", whole, 0.007, whole / 0.007, "<= 0.3", whole <= 0.3
    )
    some = timed(lambda: msgspec.json.encode(ledger.pools(store, within=parsed("10.7.0.0/16"))))
    yield figure(
        "children of a /16 with utilization as JSON, seconds",
        some,
        0.0001,
        some / 0.0001,
        "<= 0.01",
        some <= 0.01,
    )
    store.close()


def reconcile(count: int = 50_000) -> Iterator[Figure]:
    """As many recorded as seen, with evidence for those that disagree."""
    from netops.addresses.allocation import Allocation, AllocationState, Origin
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.reconcile import Scene
    from netops.addresses.rules import RULES
    from netops.addresses.span import parsed, shown
    from netops.core.plane import Plane
    from netops.topology.sightings import SightingSpan

    chance, base = random.Random(7), parsed("10.0.0.0/8").first
    here = sorted(chance.sample(range(1 << 18), count))
    seen = [address if chance.random() > 0.01 else address + (1 << 18) for address in here]
    allocations = [Allocation(f"AL-{n}", Plane.EXTRANET, shown(base + one), shown(base + one), "fin", "D-1", "",
                              AllocationState.ACTIVE, Origin.ACT, NOON) for n, one in enumerate(here)]  # fmt: skip
    sightings = [SightingSpan(Plane.EXTRANET, shown(base + one), f"02:00:{one >> 16:02x}:{one >> 8 & 255:02x}:{one & 255:02x}:01",
                              "sw", f"p{n}", 0, "gw", "lan", NOON - timedelta(hours=1), NOON, NOON)
                 for n, one in enumerate(seen)]  # fmt: skip
    prefixes = [RegisteredPrefix(f"10.{n}.0.0/16", PrefixRole.POOL, "fin") for n in range(8)]

    def hold() -> int:
        walked = {"sw": NOON, "gw": NOON}
        scene = Scene(
            Plane.EXTRANET, NOON, (parsed("10.0.0.0/8"),), sightings, allocations, prefixes, walked=walked
        )
        return sum(
            len([piece.id for piece in one.evidence]) for rule in RULES.values() for one in rule(scene)
        )

    taken = timed(hold, 3)
    what = f"{count:,} recorded against {count:,} seen, with evidence, seconds"
    yield figure(what, taken, 0.037, taken / 0.037, "<= 1", taken <= 1)


def imports(folder: Path, count: int = 50_000) -> Iterator[Figure]:
    """A CSV of single addresses: dry run, then the import, then what the process took."""
    from netops.addresses import intake, roster
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core import journal
    from netops.core.plane import Plane

    store = fresh(
        f"sqlite:///{folder / 'import.db'}", [RegisteredPrefix("10.0.0.0/8", PrefixRole.POOL, "fin")]
    )
    places = sorted(random.Random(7).sample(range(1, 1 << 20), count))
    lines = [
        "addresses,declaration,purpose",
        *(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255},D-1,desk" for n in places),
    ]
    lines[100], lines[200] = "10.0.0.999,D-1,x", "10.1.0,D-1,x"
    content = "\n".join(lines).encode("gb18030")
    start = time.perf_counter()
    reading, grounds = roster.read(content), {"D-1": "fin"}
    plan = intake.plan(store, Plane.EXTRANET, reading, grounds)
    assert (2, count - 2) == (len(plan.faults), len(plan.added))
    with journal.act(store, "bench") as act:
        intake.apply(act, Plane.EXTRANET, reading, grounds, plan)
    taken = time.perf_counter() - start
    what = f"import of {count:,} rows from CSV, dry run included, seconds"
    yield figure(what, taken, 1.3, taken / 1.3, "<= 5", taken <= 5)
    status = Path("/proc/self/status").read_text().splitlines()
    peak = next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024
    yield figure("resident memory of a process at that size, MiB", peak, 62, peak / 62, "<= 120", peak <= 120)
    store.close()


def commands(folder: Path) -> Iterator[Figure]:
    """Whole processes."""
    url = f"sqlite:///{folder / 'thin.db'}"
    asked = [
        ("netops who 10.0.0.7", ["who", "10.0.0.7", "--store", url], 0.5),
        ("netops --help", ["--help"], 0.2),
    ]
    for what, argv, goal in asked:
        command = [sys.executable, "-m", "netops", *argv]
        taken = timed(lambda command=command: subprocess.run(command, capture_output=True, check=False), 5)  # type: ignore[misc]
        yield figure(f"{what}, whole process, seconds", taken, 0.1, taken / 0.1, f"<= {goal}", taken <= goal)


def timed(what: Callable[[], object], times: int = 5) -> float:
    """The best of several runs, seconds: other people's work only adds."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        what()
        taken.append(time.perf_counter() - start)
    return min(taken)


# ---- races
def racer(url: str, name: str, first: int, last: int) -> None:
    """Send forms first to last, each with its key, saying which one was answered."""
    from netops.addresses import ledger
    from netops.addresses.allocation import Request
    from netops.core import journal
    from netops.core.plane import Plane
    from netops.core.store import Store

    store, request = Store(url), Request(Plane.EXTRANET, POOL, "fin", "D-1")
    for number in range(first, last):
        with journal.act(store, name) as act:
            ledger.allocate(act, request, key=f"{name}-{number}")
        print(number, flush=True)


def races(url: str, total: int, kills: int) -> Iterator[Figure]:
    """Eight racers, killed at random; nothing may be lost, doubled or broken."""
    import select as waiting

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
            url,
            f"r{number}",
            str(done[number]),
            str(each),
        ]
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    running = {number: begin(number) for number in done}
    while running:
        ready, _, _ = waiting.select([one.stdout for one in running.values()], [], [], 60)
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
    pool = ledger.pools(store, Plane.EXTRANET)[0]
    wrong = (
        len(ledger.verify(store))
        + bool(journal.verify(store).broken)
        + abs(pool.allocated - each * PROCESSES)
    )
    engine = store.engine.dialect.name
    rate = each * PROCESSES / (time.perf_counter() - start)
    store.close()
    what = (
        f"{each * PROCESSES:,} racing allocations, {kills} times kill -9, {engine}: lost, doubled or failed"
    )
    yield figure(what, wrong + failed, None, rate, "0 (ratio: per second)", not wrong and not failed)


# ---- the run
@contextmanager
def workplace() -> Iterator[Path]:
    """A folder on a real disk that goes away afterwards."""
    with tempfile.TemporaryDirectory(prefix="netops-addresses-", dir=os.environ.get("TMPDIR")) as folder:
        yield Path(folder)


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--used", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--postgresql", default="", metavar="URL", help="an empty database")
    parser.add_argument("--races", type=int, default=0, metavar="N")
    parser.add_argument("--kills", type=int, default=200, metavar="N")
    parser.add_argument(
        "--only", default="", metavar="NAMES", help="of imports, lists, reconcile, speed, commands, races"
    )
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--racer", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.worker:
        worker(*options.worker)
        return 0
    if options.racer:
        racer(options.racer[0], options.racer[1], int(options.racer[2]), int(options.racer[3]))
        return 0
    figures: list[Figure] = []
    with workplace() as folder:
        machine = f"{platform.machine()}, {os.cpu_count()} cores; {noise(folder)}"
        parts: dict[str, Callable[[], Iterator[Figure]]] = {
            "imports": lambda: imports(folder), "lists": lambda: lists(folder), "reconcile": reconcile,
            "speed": lambda: speed(folder, options), "commands": lambda: commands(folder),
        }  # fmt: skip
        if options.races:
            alone = options.postgresql if options.only == "races" else ""
            parts["races"] = lambda: races(
                alone or f"sqlite:///{folder / 'races.db'}", options.races, options.kills
            )
        for name, part in parts.items():
            if options.only and name not in options.only.split(","):
                continue
            for one in part():
                figures.append(one)
                if not options.json:
                    tell(one)
        machine += f"; afterwards {noise(folder)}"
    if options.json:
        print(json.dumps({"name": "addresses", "machine": machine, "figures": figures}))
    else:
        print(machine)
    return int(not all(one["met"] for one in figures))


def tell(one: Figure) -> None:
    """One row."""
    ratio, floor = one["ratio"], "-" if one["peer"] is None else f"{one['peer']:g}"
    shown = (
        "-"
        if ratio is None
        else "/".join(f"{value:.2f}" for value in (ratio if isinstance(ratio, list) else [ratio]))
    )
    verdict = "met" if one["met"] else "NOT met"
    print(
        f"{one['what']}: ours {one['ours']:.4g}  floor {floor}  ratio {shown}  goal {one['goal']}  {verdict}",
        flush=True,
    )


if __name__ == "__main__":
    raise SystemExit(main())
