"""
What a province needs: 14 cities, a million flows a second at the peak, a year kept; from measured bytes and a simulated week.

`python -m benchmarks.flow_scale [--json] [--rows N]`: the generator's flows, judged, go into the tables of
`netops egress archive schema` under chdb (ClickHouse in a process; nothing here runs as a server or a cluster). Bytes and
CPU of a flow are measured there; the week is simulated by the minute: each city's office hours, quiet nights and
weekends, bursts, and one shard that is away for six hours.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

CITIES, PEAK = 14, 1_000_000
SHARD_TB, SHARD_FILL = 20.0, 0.7
"""A shard's disk, and how full it may be."""
SHARD_CORES = 16
YEAR_DAYS = 365
AWAY_HOURS = 6
MINUTES = 7 * 24 * 60
CITY_CPU = 0.3
"""CPU seconds of a city's collector for a million flows: benchmarks.flow_collect, v9, rounded up."""


class Measured(NamedTuple):
    """Of one flow: octets in the table and in its segment on the way, and CPU seconds of a million inserts."""

    kept: float
    sent: float
    cpu: float


def measured(rows: int) -> Measured:
    """Insert made flows, put the parts together as ClickHouse does over time, and look."""
    import chdb.session
    import pyarrow as pa

    from benchmarks.flow_collect import collector
    from benchmarks.flow_collect.generator import made
    from netops.egress import clickhouse
    from netops.egress.chunks import Chunk
    from netops.egress.flows import Batch, same
    from netops.egress.judge import judge
    from netops.egress.kept import Register, columns_of

    with tempfile.TemporaryDirectory(prefix="netops-scale-") as folder:
        scene = collector.scene(Path(folder))
        flows = made(rows)
        now = int(time.time() * 1000)
        received = now + np.arange(rows) // 500
        columns = {
            "src_v4": flows["src"].astype(np.uint32), "dst_v4": flows["dst"].astype(np.uint32),
            "sport": flows["sport"].astype(np.uint16), "dport": flows["dport"].astype(np.uint16),
            "proto": flows["proto"].astype(np.uint8), "tcp_flags": flows["flags"].astype(np.uint16),
            "packets": flows["packets"].astype(np.uint64), "bytes": flows["bytes"].astype(np.uint64),
            "in_if": flows["in"].astype(np.uint32), "out_if": flows["out"].astype(np.uint32), "received": received,
            "first": received - 100_000 + flows["first"], "last": received - 100_000 + flows["last"],
        }  # fmt: skip
        batch = Batch(columns, same(0, rows, np.int32), ("127.0.0.1",))
        register = Register()
        register.learn(scene)
        kept = columns_of(judge(batch, scene), scene, register, 1)
        table = clickhouse.table(Chunk(rows, register.names, kept.get))
        path = Path(folder) / "flows.arrow"
        with pa.ipc.new_file(str(path), table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as writer:
            writer.write_table(table, 100_000)
        session = chdb.session.Session(f"{folder}/ch")
        session.query("CREATE DATABASE netops")
        session.query("USE netops")
        for statement in clickhouse.statements("netops", YEAR_DAYS):
            session.query(statement)
        names = ", ".join(table.schema.names)
        before = time.process_time()
        session.query(f"INSERT INTO flows ({names}) SELECT {names} FROM file('{path}', Arrow)")
        cpu = time.process_time() - before
        session.query("OPTIMIZE TABLE flows FINAL")
        asked = "SELECT sum(bytes_on_disk) b, sum(rows) r FROM system.parts WHERE table = 'flows' AND active"
        told = json.loads(str(session.query(asked, "JSONEachRow")))
        session.close()
        return Measured(int(told["b"]) / int(told["r"]), path.stat().st_size / rows, cpu / rows * 1e6)


def week(seed: int = 1) -> NDArray[np.float64]:
    """Flows a second of every city by the minute, scaled so that all together peak at PEAK."""
    chance = np.random.default_rng(seed)
    minute = np.arange(MINUTES)
    hour, day = minute / 60 % 24, minute // (24 * 60)
    office = np.exp(-(((hour - 10) / 2.2) ** 2)) + np.exp(-(((hour - 15.5) / 2.2) ** 2))
    rates = []
    for size in np.sort(chance.lognormal(0, 0.7, CITIES))[::-1]:
        weekday = np.where(day < 5, 1.0, 0.25 + 0.1 * chance.random())
        noise = 1 + 0.15 * chance.standard_normal(MINUTES).clip(-2, 2)
        bursts = np.ones(MINUTES)
        for start in chance.integers(0, MINUTES, 20):
            bursts[start : start + int(chance.integers(2, 30))] *= chance.uniform(1.5, 4)
        rates.append(size * (0.12 + office * weekday) * noise * bursts)
    every = np.array(rates)
    return every * (PEAK / every.sum(axis=0).max())


def plan(one: Measured) -> dict[str, Any]:
    """Sizes out of a week: what a year weighs, how many shards hold it and take it in, and what waits while one is away."""
    rates = week()
    whole = rates.sum(axis=0)
    a_day = whole.mean() * 86_400
    year_tb = a_day * YEAR_DAYS * one.kept / 1e12
    by_room = int(np.ceil(year_tb / (SHARD_TB * SHARD_FILL)))
    by_cpu = int(np.ceil(PEAK * one.cpu / 1e6 / (SHARD_CORES / 2)))  # half of it merges and answers
    shards = max(by_room, by_cpu, 2)
    window = AWAY_HOURS * 60
    sums = np.convolve(rates.max(axis=0), np.ones(window), "valid").max() * 60
    return {
        "mean flows/s": whole.mean(), "largest city, peak flows/s": rates.max(), "flows a day, 1e9": a_day / 1e9,
        "bytes a flow in ClickHouse": one.kept, "TB a year, one replica": year_tb, "shards": shards,
        "shards for room": by_room, "shards for CPU": by_cpu, "machines with two replicas": 2 * shards,
        "Mbit/s into the province at the peak": PEAK * one.sent * 8 / 1e6,
        "collector cores of the largest city": rates.max() * CITY_CPU / 1e6,
        f"GB waiting in the largest city after {AWAY_HOURS} h": sums * 30 / 1e9,
    }  # fmt: skip


def main() -> int:
    """0 when the plan holds a year, 2 without chdb."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    try:
        one = measured(options.rows)
    except ImportError:
        print("chdb is missing: uv pip install --group clickhouse", file=sys.stderr)
        return 2
    told = plan(one)
    figures = [
        {"what": "bytes a flow in ClickHouse", "ours": one.kept, "peer": 41.6, "ratio": [one.kept / 41.6] * 3,
         "goal": "<= 22", "met": one.kept <= 22},
        {"what": "CPU s/M flows inserted (chdb)", "ours": one.cpu, "peer": None, "ratio": [], "goal": "stated", "met": True},
    ]  # fmt: skip
    if options.json:
        print(json.dumps({"name": "flow_scale", "machine": platform.machine(), "figures": figures, "plan": told}))
    else:
        for what, value in {**told, "CPU s/M flows inserted (chdb)": one.cpu, "bytes a flow sent": one.sent}.items():
            print(f"{what:<50} {value:,.1f}")
    return int(not all(row["met"] for row in figures))


if __name__ == "__main__":
    raise SystemExit(main())
