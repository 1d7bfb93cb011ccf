"""Run it: `python -m benchmarks.addresses --help`."""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import benchmarks.addresses as package
from benchmarks.addresses import crew, overhttp, races, reading, speed, stores
from benchmarks.addresses.measure import Figure, noise, shown

NAMES = ("imports", "lists", "reconcile", "sqlite", "postgresql", "ipv6", "http", "commands", "races")


def options_of(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.addresses",
        description=package.__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--full", action="store_true", help="100,000 races, killed 200 times, on each engine")
    parser.add_argument("--only", default="", metavar="NAMES", help=", ".join(NAMES))
    parser.add_argument("--used", type=int, default=1_000_000)
    parser.add_argument("--blocks", type=int, default=60_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--races", type=int, default=8_000)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--racer", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args(argv)
    if options.full:
        options.races, options.kills = 100_000, 200
    return options


def parts(
    folder: Path, server: str | None, options: argparse.Namespace
) -> dict[str, Callable[[], Iterator[Figure]]]:
    """What there is to measure; memory first, while the process is young."""
    found: dict[str, Callable[[], Iterator[Figure]]] = {
        name: lambda part=part: part(folder, options)
        for name, part in reading.PARTS.items()  # type: ignore[misc]
    }
    found["sqlite"] = lambda: speed.sqlite(folder, options)
    found["ipv6"] = lambda: speed.ipv6(folder, options)
    found["http"] = lambda: overhttp.web(folder, options)
    if server is not None:
        found["postgresql"] = lambda: speed.postgresql(server, options)

    def raced() -> Iterator[Figure]:
        yield from races.race(f"sqlite:///{folder / 'races.db'}", options.races, options.kills)
        if server is not None:
            yield from races.race(stores.database(server, "races"), options.races, options.kills)

    return found | {"races": raced}


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is not, 2 when a peer is missing."""
    options = options_of(argv)
    if options.worker:
        crew.work(*options.worker)
        return 0
    if options.racer:
        races.run(options.racer[0], options.racer[1], int(options.racer[2]), int(options.racer[3]))
        return 0
    wanted = options.only.split(",") if options.only else NAMES
    figures: list[Figure] = []
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="netops-bench-", dir=os.environ.get("TMPDIR"))
            )
        )
        server = stack.enter_context(stores.server()) if {"postgresql", "races"} & {*wanted} else None
        machine = f"{platform.machine()}, {os.cpu_count()} cores; {noise(folder)}"
        for name, part in parts(folder, server, options).items():
            for one in part() if name in wanted else ():
                figures.append(one)
                if not options.json:
                    print(shown(one), flush=True)
        machine += f"; afterwards {noise(folder)}"
        is_missing = server is None and bool({"postgresql", "races"} & {*wanted})
    if options.json:
        missing = {"missing": stores.PACKAGE} if is_missing else {}
        print(
            json.dumps(
                {"name": "addresses", "machine": machine, "figures": figures} | missing, ensure_ascii=False
            )
        )
    else:
        print(machine + (f"\nmissing: {stores.PACKAGE}" if is_missing else ""))
    return 2 if is_missing else int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
