"""How many durable allocations a second, eight processes on one pool: the floor, a full /8 and an empty one in turn."""

from __future__ import annotations

import statistics
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from benchmarks.addresses import floor
from benchmarks.addresses.crew import PROCESSES, Crew
from benchmarks.addresses.measure import Figure, figure, spread
from benchmarks.addresses.stores import POOL, database, filled, fresh

RATE, WAIT, SLOWER = 0.6, 0.25, 1.25
NETBOX = "NetBox 4.6 with its own lock, measured: 24-28/s; without it 79 of 133 stored were duplicates"


def sqlite(folder: Path, options: Namespace) -> Iterator[Figure]:
    """On SQLite."""
    full, thin = (
        filled(f"sqlite:///{folder / name}.db", used)
        for name, used in (("full", options.used), ("thin", 1000))
    )
    bare = floor.sqlite_store(folder / "floor.db", options.used)
    yield from compared("SQLite", [("sqlite", bare), ("ours", full), ("ours", thin)], options)


def postgresql(server: str, options: Namespace) -> Iterator[Figure]:
    """On PostgreSQL."""
    full, thin = (
        filled(database(server, f"pool_{name}"), used) for name, used in (("full", options.used), ("thin", 1000))
    )
    bare = floor.postgresql_store(database(server, "pool_floor"), options.used)
    yield from compared("PostgreSQL", [("postgresql", bare), ("ours", full), ("ours", thin)], options)


def compared(engine: str, stores: list[tuple[str, str]], options: Namespace) -> Iterator[Figure]:
    """Three crews in turn, several times."""
    with ExitStack() as stack:
        crews = [Crew(*one) for one in stores]
        for crew in crews:
            stack.callback(crew.close)
        rounds = [[crew.run(options.seconds) for crew in crews] for _ in range(options.rounds)]
    bare, full, thin = ([row[place][0] for row in rounds] for place in range(3))
    ratios = [one / other for one, other in zip(full, bare, strict=True)]
    what = f"durable allocations/s, {PROCESSES} processes, /8 with {options.used:,} used, {engine}"
    yield figure(what, statistics.median(full), statistics.median(bare), spread(ratios), f">= {RATE} of the floor",
                 statistics.median(ratios) >= RATE, NETBOX)  # fmt: skip
    waits = [max(row[place][1] for row in rounds) for place in (1, 0)]
    yield figure(f"longest wait of one of them, seconds, {engine}", waits[0], waits[1], waits[0] / waits[1],
                 f"<= {WAIT}", waits[0] <= WAIT)  # fmt: skip
    slower = [one / other for one, other in zip(thin, full, strict=True)]
    what = f"the same with 1,000 used; ratio: how much slower {options.used:,} are, {engine}"
    yield figure(what, statistics.median(thin), None, spread(slower), f"<= {SLOWER}",
                 statistics.median(slower) <= SLOWER, "Nautobot 3.2, measured: 60 at 50,000")  # fmt: skip


def ipv6(folder: Path, options: Namespace) -> Iterator[Figure]:
    """Blocks of an IPv6 /32, with many taken and with few: what it costs does not grow."""
    from time import perf_counter

    from netops.addresses import ledger
    from netops.addresses.allocation import Request
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core import journal
    from netops.core.plane import Plane

    def made(name: str, taken: int) -> Callable[[], float]:
        store = fresh(
            f"sqlite:///{folder / name}.db", [RegisteredPrefix("2001:db8::/32", PrefixRole.POOL, "fin")]
        )
        request = Request(Plane.EXTRANET, "2001:db8::/32", "fin", "D-1", prefixlen=64)

        def several(count: int) -> float:
            start = perf_counter()
            with journal.act(store, "bench") as act:
                for _ in range(count):
                    ledger.allocate(act, request)
            return (perf_counter() - start) / count

        for _ in range(taken // 2000):
            several(2000)
        return lambda: several(500)

    few, many = made("few", 2000), made("many", options.blocks)
    pairs = [(few(), many()) for _ in range(options.rounds + 2)]
    ratio = statistics.median(after / before for before, after in pairs)
    what = f"seconds for a /64 of an IPv6 /32 with {options.blocks:,} taken; peer: with 2,000"
    yield figure(
        what,
        min(one for _, one in pairs),
        min(one for one, _ in pairs),
        ratio,
        f"<= {SLOWER}",
        ratio <= SLOWER,
    )


__all__ = ["POOL", "ipv6", "postgresql", "sqlite"]
