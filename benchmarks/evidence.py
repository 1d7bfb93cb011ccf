"""
The evidence chain: verifying 100,000 entries, finding any changed byte, and a bundle of all of them checked without netops.

    python -m benchmarks.evidence [--json] [--count N] [--changes N]

The peer of verifying is the floor: SHA-256 and SM3 of the same bytes, nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import random
import sqlite3
import subprocess
import sys
import tempfile
import time
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.addresses.measure import figure, noise, shown, spread
from netops.core import custody
from netops.core.evidence import Evidence, canonical
from netops.core.store import Store

START = datetime(2026, 3, 1, tzinfo=UTC)
TEXTS = {"evidence": ("id", "kind", "source", "query", "body", "sha256"),
         "evidence_chain": ("evidence", "collector", "sm3", "place", "digest", "hash")}  # fmt: skip
NUMBERS = {"evidence": ("at",), "evidence_chain": ("seq", "size")}


def piece(number: int) -> Evidence:
    ip = f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}"
    body: dict[str, object] = {"flows": number, "src": ip, "bytes": number * 1500, "samples": [number] * 8}
    return Evidence("flow", f"r{number % 300}", f"in_if = {number % 48}", body, START + timedelta(seconds=number))


def filled(folder: Path, count: int) -> tuple[Store, float]:
    """A store with so many pieces, and the CPU seconds that each took."""
    import netops.tables  # noqa: F401 - every table

    store = Store(f"sqlite:///{folder / 'netops.db'}")
    store.prepare()
    begun = time.process_time()
    for start in range(0, count, 5000):
        with store.write() as connection:
            custody.keep(connection, [piece(number) for number in range(start, min(start + 5000, count))])
    return store, (time.process_time() - begun) / count


def floor(count: int) -> float:
    """CPU seconds to hash the same bytes."""
    contents = [canonical(piece(number)) for number in range(count)]
    begun = time.process_time()
    for content in contents:
        hashlib.sha256(content).hexdigest()
        hashlib.new("sm3", content).hexdigest()
    return time.process_time() - begun


def found_changes(folder: Path, count: int, changes: int) -> int:
    """How many of so many single changed bytes, each in a column and row drawn at random, verifying finds at their entry."""
    chance, found = random.Random(7), 0
    file = folder / "netops.db"
    for _ in range(changes):
        table = chance.choice(list(TEXTS))
        column = chance.choice((*TEXTS[table], *NUMBERS[table]))
        seq = chance.randrange(1, count + 1)
        key = "id = (SELECT evidence FROM evidence_chain WHERE seq = ?)" if table == "evidence" else "seq = ?"
        with sqlite3.connect(file) as connection:
            name = connection.execute("SELECT evidence FROM evidence_chain WHERE seq = ?", (seq,)).fetchone()[0]
            (before,) = connection.execute(f"SELECT {column} FROM {table} WHERE {key}", (seq,)).fetchone()
            if column in NUMBERS[table]:
                after: object = before ^ (1 << chance.randrange(3))
            else:
                raw = before.encode()
                place = chance.randrange(len(raw))
                after = (raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]).decode("utf-8", "replace")
            try:
                connection.execute(f"UPDATE {table} SET {column} = ? WHERE {key}", (after, seq))
            except sqlite3.IntegrityError:  # a number or a name that another row has: the store itself refuses
                connection.rollback()
                found += 1
                continue
        store = Store(f"sqlite:///{file}")
        result = custody.verify(store)
        store.close()
        found += 0 < result.broken <= seq + 8
        where = {"evidence": "id = ?", "evidence_chain": "evidence = ?"}[table]
        who: object = name
        if column in ("id", "evidence"):
            who = after
        with sqlite3.connect(file) as connection:
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE {where}", (before, who))
    return found


def main() -> int:
    """Run it, print a row a figure."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=100_000)
    parser.add_argument("--changes", type=int, default=60)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        told = noise(folder)
        store, each = filled(folder, asked.count)
        walls, ours, floors = [], [], []
        for _ in range(3):
            begun, wall = time.process_time(), time.perf_counter()
            result = custody.verify(store)
            ours.append(time.process_time() - begun)
            walls.append(time.perf_counter() - wall)
            floors.append(floor(asked.count))
        assert (asked.count, 0) == (result.entries, result.broken)
        store.close()
        found = found_changes(folder, asked.count, asked.changes)
        bundle, plain = bundled(folder, asked.count)
    ratio = spread([mine / other for mine, other in zip(ours, floors, strict=True)])
    figures = [
        figure(f"CPU seconds to verify {asked.count:,} entries", min(ours), min(floors), ratio, "< 2 s", min(ours) < 2,
               "peer: hashing alone"),
        figure("seconds on the clock for the same", min(walls), None, None, "-", met=True),
        figure(f"of {asked.changes} single changed bytes, found", found, None, None, f"{asked.changes}", found == asked.changes),
        figure("CPU microseconds to keep a piece with its entry", each * 1e6, None, None, "-", met=True),
        figure("seconds of the plain verifier, all entries in one bundle", plain, None, None, "< 10 s", plain < 10, bundle),
    ]
    if asked.json:
        print(json.dumps({"name": "evidence", "machine": f"{platform.machine()} {told}", "figures": figures}))
    else:
        print(told, *map(shown, figures), sep="\n")
    return int(not all(one["met"] for one in figures))


def bundled(folder: Path, count: int) -> tuple[str, float]:
    """Everything in one bundle, checked by a bare Python without netops: what it said, and how long it took."""
    from netops.rounds import exhibits

    store = Store(f"sqlite:///{folder / 'netops.db'}")
    packed = exhibits.packed(store, [piece(number).id for number in range(count)], {"incident": "INC-2026-0001"}, {})
    store.close()
    path = folder / "bundle.zip"
    path.write_bytes(packed)
    with zipfile.ZipFile(path) as archive:
        archive.extract("verify.py", folder)
    begun = time.perf_counter()
    done = subprocess.run([sys.executable, "-I", "-S", folder / "verify.py", path], capture_output=True, text=True, check=False)
    return f"{done.stdout.strip()[:60]}; {len(packed) >> 20} MiB", time.perf_counter() - begun if done.returncode == 0 else 999.0


if __name__ == "__main__":
    sys.exit(main())
