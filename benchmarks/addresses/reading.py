"""What is asked, imported and held against the wire: each beside the bare database or plain Python, in the same run."""

from __future__ import annotations

import random
import socket
import sqlite3
import subprocess
import sys
from argparse import Namespace
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.addresses.measure import Figure, cpu_of, figure, resident, timed
from benchmarks.addresses.stores import NOON, fresh, office

ROWS = 50_000


def lists(folder: Path, options: Namespace) -> Iterator[Figure]:
    """4,000 prefixes with utilization, and the children of a /16."""
    import msgspec

    from netops.addresses import ledger
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.span import parsed

    prefixes = [RegisteredPrefix("10.0.0.0/8", PrefixRole.CONTAINER, "ic")]
    prefixes += [RegisteredPrefix(f"10.{n}.0.0/16", PrefixRole.CONTAINER, "ic") for n in range(64)]
    prefixes += [RegisteredPrefix(f"10.{n // 63}.{n % 63}.0/24", PrefixRole.POOL, "fin") for n in range(4000)]
    store = fresh(f"sqlite:///{folder / 'wide.db'}", prefixes)
    bare = sqlite3.connect(folder / "bare.db")
    bare.execute("CREATE TABLE prefix (lo INTEGER PRIMARY KEY, cidr TEXT, size INTEGER, used INTEGER)")
    bare.executemany("INSERT INTO prefix VALUES (?, ?, 256, 0)",
                     ((n << 8, f"10.{n // 63}.{n % 63}.0/24") for n in range(4000)))  # fmt: skip
    whole = timed(lambda: ledger.pools(store))
    least = timed(lambda: bare.execute("SELECT cidr, size, used, used * 1.0 / size FROM prefix").fetchall())
    yield figure("4,065 prefixes with utilization, seconds", whole, least, whole / least, "<= 0.3", whole <= 0.3,
                 "NetBox 4.6, measured: 13-21 s per 1,000")  # fmt: skip
    some = timed(lambda: msgspec.json.encode(ledger.pools(store, within=parsed("10.7.0.0/16"))), 20)
    least = timed(
        lambda: bare.execute("SELECT * FROM prefix WHERE lo BETWEEN 112896 AND 129023").fetchall(), 20
    )
    yield figure("children of a /16 with utilization as JSON, seconds", some, least, some / least, "<= 0.01", some <= 0.01,
                 "NetBox 4.6 0.8 s, Nautobot 3.2 1.4 s as a page, measured; neither has it in JSON")  # fmt: skip
    store.close()


def reconcile(folder: Path, options: Namespace) -> Iterator[Figure]:
    """As many recorded as seen, with evidence for those that disagree; the floor only says which they are."""
    from netops.addresses.allocation import Allocation, AllocationState, Origin
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.reconcile import Scene
    from netops.addresses.rules import RULES
    from netops.addresses.span import number, parsed, shown
    from netops.core.plane import Plane
    from netops.topology.sightings import SightingSpan

    chance, base = random.Random(7), parsed("10.0.0.0/8").first
    here = sorted(chance.sample(range(1 << 18), ROWS))
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

    def bare() -> int:
        recorded, found = ({number(text) for text in texts} for texts in
                           ((one.first for one in allocations), (one.ip for one in sightings)))  # fmt: skip
        return len(recorded - found) + len(found - recorded)

    taken, least = timed(hold, 3), timed(bare, 3)
    what = f"{ROWS:,} recorded against {ROWS:,} seen, with evidence, seconds"
    yield figure(
        what, taken, least, taken / least, "<= 1", taken <= 1, "neither NetBox nor Nautobot does this"
    )


def imports(folder: Path, options: Namespace) -> Iterator[Figure]:
    """A CSV of single addresses with two bad rows: dry run, then the import, then what the process took."""
    from netops.addresses.roster import Defaults
    from netops.rounds import roster

    places = sorted(random.Random(7).sample(range(1, 1 << 20), ROWS))
    texts = [f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}" for n in places]
    lines = ["IP地址,接入说明,用途", *(f"{text},D-1,办公终端" for text in texts)]
    lines[100], lines[200] = "10.0.0.999,D-1,x", "10.1.0,D-1,x"
    content = "\n".join(lines).encode("gb18030")

    def bare() -> None:
        (folder / "least.db").unlink(missing_ok=True)
        db = sqlite3.connect(folder / "least.db")
        db.execute("CREATE TABLE address (ip BLOB PRIMARY KEY, declaration TEXT, purpose TEXT)")
        rows = (line.split(",") for line in content.decode("gb18030").split("\n")[1:])
        good = ((socket.inet_pton(socket.AF_INET, row[0]), row[1], row[2]) for row in rows if row[0].count(".") == 3
                and not row[0].endswith(".999"))  # fmt: skip
        db.executemany("INSERT INTO address VALUES (?, ?, ?)", good)
        db.commit()
        db.close()

    least = timed(bare, 3)
    desk = office(folder / "import", f"sqlite:///{folder / 'import.db'}")

    def take_in() -> None:
        made = roster.plan(desk, [("a.csv", content)], Defaults())
        assert (2, ROWS - 2) == (len(made.roster.faults), len(made.roster.added)), made.roster.faults[:3]
        roster.run(desk, made, partial=True)

    taken = timed(take_in, 1)
    what = f"import of {ROWS:,} rows from CSV, every bad row named, dry run included, seconds"
    yield figure(
        what,
        taken,
        least,
        taken / least,
        "<= 5",
        taken <= 5,
        "NetBox 4.6 17-24 min, Nautobot 3.2 70 min, measured",
    )
    most = resident()
    yield figure("resident memory of a process at that size, MiB", most, None, None, "<= 120", most <= 120,
                 "NetBox 4.6 and Nautobot 3.2, measured: 1.2 GiB and a database")  # fmt: skip
    desk.close()


def commands(folder: Path, options: Namespace) -> Iterator[Figure]:
    """Whole processes: CPU seconds, as other people's work only adds to the clock; the peer is the bare interpreter."""
    desk = office(folder / "who", f"sqlite:///{folder / 'who.db'}", used=min(options.used, 100_000))
    desk.close()
    store = ["--store", f"sqlite:///{folder / 'who.db'}"]
    least = cpu_of([sys.executable, "-c", "import sqlite3"])
    asked: list[tuple[str, list[str], float]] = [
        ("netops who 10.0.0.7", ["who", "10.0.0.7", *store], 0.5), ("netops --help", ["--help"], 0.2),
    ]  # fmt: skip
    for what, argv, goal in asked:
        command = [sys.executable, "-m", "netops", *argv]
        subprocess.run(command, check=True, capture_output=True)
        taken = cpu_of(command)
        yield figure(
            f"{what}, whole process, CPU seconds", taken, least, taken / least, f"<= {goal}", taken <= goal
        )


PARTS: dict[str, Any] = {"imports": imports, "lists": lists, "reconcile": reconcile, "commands": commands}
