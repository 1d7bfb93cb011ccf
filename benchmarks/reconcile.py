"""
Reconcile and `who` on a large store: what is recorded beside what is seen, with evidence, and one address out of a million.

    python -m benchmarks.reconcile [--json] [--count N] [--used N] [--only rules,round,who]

The floor of reconcile is the same comparison by two sorted lists of numbers, no program around it, in the same run; of `who`
the interpreter with the store's driver. CPU seconds are the measure: machines are shared.
"""

from __future__ import annotations

import argparse
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
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.addresses.measure import Figure, figure, noise, shown
from benchmarks.addresses.stores import NOON, fresh

TIMES = 5


def cpu(what: Callable[[], object], times: int = TIMES) -> list[float]:
    """CPU seconds of this process, each time."""
    taken = []
    for _ in range(times):
        start = time.process_time()
        what()
        taken.append(time.process_time() - start)
    return taken


def scattered(count: int) -> tuple[list[int], list[int]]:
    """So many addresses of a /14, and the same as seen: one in a hundred is somewhere else."""
    chance = random.Random(7)
    here = sorted(chance.sample(range(1 << 18), count))
    return here, [address if chance.random() > 0.01 else address + (1 << 18) for address in here]


def ip_of(offset: int) -> str:
    return f"10.{offset >> 16}.{offset >> 8 & 255}.{offset & 255}"


def mac_of(offset: int) -> str:
    return (
        f"02:00:{offset >> 24 & 255:02x}:{offset >> 16 & 255:02x}:{offset >> 8 & 255:02x}:{offset & 255:02x}"
    )


# ---- reconcile
def rules(folder: Path, count: int) -> Iterator[Figure]:
    """The rules on as many sightings, leases and allocations, and every conclusion written down with its evidence."""
    from netops.addresses.allocation import Allocation, AllocationState, Origin
    from netops.addresses.mention import Mention, Source, SourceKind
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.reconcile import Scene
    from netops.addresses.rules import RULES
    from netops.addresses.span import parsed
    from netops.addresses.span import shown as text
    from netops.core import docket
    from netops.core.plane import Plane
    from netops.topology.sightings import SightingSpan

    here, seen = scattered(count)
    base, plane = parsed("10.0.0.0/8").first, Plane.EXTRANET
    allocations = [Allocation(f"AL-{n}", plane, text(base + one), text(base + one), "fin", "D-1", "", AllocationState.ACTIVE,
                              Origin.ACT, NOON) for n, one in enumerate(here)]  # fmt: skip
    first = NOON - timedelta(hours=1)
    sightings = [SightingSpan(plane, ip_of(one), mac_of(one), "sw", f"p{one}", 0, "gw", "lan", first, NOON, NOON)
                 for one in seen]  # fmt: skip
    mentions = [Mention(plane, "dhcp", SourceKind.LEASES, ip_of(one), mac_of(one), f"pc-{one}", "", first, NOON, None, None,
                        is_open=True) for one in seen[::5]]  # fmt: skip
    prefixes = [
        RegisteredPrefix(f"10.{n}.0.0/16", PrefixRole.POOL, "fin", gateway="gw", switch="sw")
        for n in range(8)
    ]
    spans = tuple(parsed(one.prefix) for one in prefixes)
    sources = [Source(plane, name, kind, "x", NOON, NOON, NOON - timedelta(days=100), is_good=True, is_whole=True, spans=spans)
               for name, kind in (("gw", SourceKind.WALK), ("dhcp", SourceKind.LEASES))]  # fmt: skip

    def hold() -> list[Any]:
        scene = Scene(plane, NOON, (parsed("10.0.0.0/8"),), sightings, allocations, prefixes, walked={"sw": NOON, "gw": NOON},
                      mentions=mentions, sources=sources)  # fmt: skip
        return [one for rule in RULES.values() for one in rule(scene)]

    def floor() -> int:
        recorded, there = set(sorted(here)), set(sorted(seen))  # noqa: C414 - the sorting is the work
        return len(there - recorded) + len(recorded - there)

    found = hold()
    assert found
    assert all(one.evidence for one in found)
    number = 0

    def written() -> None:
        nonlocal number
        number += 1
        store = fresh(f"sqlite:///{folder / f'settle{number}.db'}", [])
        start = time.process_time()
        docket.settle(store, RULES, hold(), plane=plane, at=NOON, scope=set(RULES))
        spent.append(time.process_time() - start)
        store.close()

    spent: list[float] = []
    least = cpu(floor)
    for _ in range(3):
        written()
    taken = min(spent)
    beside = f"{count:,} recorded against {count:,} seen and {len(mentions):,} leased"
    what = f"{beside}, {len(found):,} differences kept with evidence, CPU s"
    yield figure(what, taken, min(least), [one / min(least) for one in spent], "<= 1", taken <= 1)


def round_(folder: Path, count: int) -> Iterator[Figure]:
    """The whole round out of a store, a second time: what was concluded is seen again."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.config import Config
    from netops.core import applied, journal
    from netops.core.clock import still
    from netops.core.organization import Organization
    from netops.core.plane import Plane
    from netops.desk import Desk
    from netops.register import Register
    from netops.rounds import reconcile
    from netops.settings import PlaneSettings

    path = folder / "round.db"
    prefixes = tuple(RegisteredPrefix(f"10.{n}.0.0/16", PrefixRole.POOL, "fin") for n in range(8))
    store = fresh(f"sqlite:///{path}", list(prefixes))
    register = Register(organizations=(Organization("fin", "市财政局"),), prefixes=prefixes)
    with journal.act(store, "bench") as act:
        applied.apply(act, register.content(), applied.standing(store).version, {})
    store.close()
    here, seen = scattered(count)
    fill(path, here, seen)
    config = Config(
        planes={Plane.EXTRANET: PlaneSettings(nets=("10.0.0.0/8",))}, store_url=f"sqlite:///{path}"
    )
    desk = Desk(config, still(NOON))
    reconcile.run(desk)
    spent = cpu(lambda: reconcile.run(desk), 3)
    desk.close()
    what = f"the whole round on {count:,} allocations and {count:,} sightings in the store, CPU s"
    yield figure(what, min(spent), None, None, "<= 6", min(spent) <= 6)


def fill(path: Path, here: list[int], seen: list[int], names: bool = False) -> None:
    """Allocations, sightings and leases straight into the tables."""
    second, mapped = 1_000_000, b"\0" * 10 + b"\xff\xff"
    noon = int(NOON.timestamp()) * second
    db = sqlite3.connect(path)
    db.execute("PRAGMA synchronous=OFF")
    db.executemany(
        "INSERT INTO allocations (id, plane, first, last, organization, declaration, purpose, state, origin, since, cause)"
        " VALUES (?, 'extranet', ?, ?, 'fin', ?, '', 'active', 'register', ?, '')",
        (
            (
                f"AL-{n}",
                at := mapped + bytes((10, one >> 16, one >> 8 & 255, one & 255)),
                at,
                f"D-{n % 2000}",
                noon - second,
            )
            for n, one in enumerate(here)
        ),
    )
    db.executemany(
        "INSERT INTO sightings (plane, ip, mac, switch, port, vlan, device, interface, first_seen, last_seen, alive_at, is_open)"
        " VALUES ('extranet', ?, ?, 'sw', 'p1', 0, 'gw', 'lan', ?, ?, ?, 1)",
        ((ip_of(one), mac_of(one), noon - 9 * second, noon, noon) for one in seen),
    )
    if names:
        db.executemany(
            "INSERT INTO address_mentions (plane, source, kind, ip, mac, name, interface, first_seen, last_seen, is_open)"
            " VALUES ('extranet', 'dhcp', 'leases', ?, ?, ?, '', ?, ?, 1)",
            ((ip_of(one), mac_of(one), f"pc-{one}", noon - 9 * second, noon) for one in seen),
        )
    db.commit()
    db.close()


# ---- who
def who(folder: Path, used: int) -> Iterator[Figure]:
    """One address, card and name out of a large store: the question alone, then the whole process."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.config import Config
    from netops.core import applied, journal
    from netops.core.organization import Organization
    from netops.core.plane import Plane
    from netops.desk import Desk
    from netops.register import Register
    from netops.rounds.who import who as ask
    from netops.settings import PlaneSettings

    path = folder / "who.db"
    prefixes = tuple(
        RegisteredPrefix(f"10.{n}.{m}.0/24", PrefixRole.POOL, "fin") for n in range(16) for m in range(250)
    )
    store = fresh(f"sqlite:///{path}", [RegisteredPrefix("10.0.0.0/8", PrefixRole.POOL, "fin")])
    register = Register(organizations=(Organization("fin", "市财政局"),), prefixes=prefixes)
    with journal.act(store, "bench") as act:
        applied.apply(act, register.content(), applied.standing(store).version, {})
    store.close()
    offsets = sorted(random.Random(7).sample(range(1 << 22), used))
    fill(path, offsets, offsets, names=True)
    one = offsets[used // 2]
    config = Config(
        planes={Plane.EXTRANET: PlaneSettings(nets=("10.0.0.0/8",))}, store_url=f"sqlite:///{path}"
    )
    desk = Desk(config)
    desk.register  # noqa: B018 - read once, as every command does
    for what, query in (("address", ip_of(one)), ("card", mac_of(one)), ("name", f"pc-{one}")):
        spent = cpu(lambda query=query: ask(desk, query))  # type: ignore[misc]
        yield figure(f"who by {what}, {used:,} allocations, sightings and leases, CPU s", min(spent), None, None, "<= 0.1",
                     min(spent) <= 0.1)  # fmt: skip
    desk.close()
    bare = [
        sys.executable,
        "-c",
        f"import sqlite3; sqlite3.connect({str(path)!r}).execute('SELECT 1 FROM sightings LIMIT 1')",
    ]
    asked = [sys.executable, "-m", "netops", "--store", f"sqlite:///{path}", "who", ip_of(one)]
    # As installed: with the bytecode that pip writes, which a checkout may be told not to keep.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    compiled = {**kept, "PYTHONPYCACHEPREFIX": str(folder / "bytecode")}
    subprocess.run(asked, capture_output=True, check=True, env=compiled)
    floor, taken = statistics.median(children(bare, compiled)), statistics.median(children(asked, compiled))
    what = f"netops who ADDRESS on that store, whole process, CPU s (median of {TIMES})"
    yield figure(what, taken, floor, taken / floor, "<= 0.5", taken <= 0.5)


def children(command: list[str], environment: dict[str, str]) -> list[float]:
    """CPU seconds, user and system, of a process and its children, each time."""
    taken = []
    for _ in range(TIMES):
        before = os.times()
        subprocess.run(command, capture_output=True, check=True, env=environment)
        after = os.times()
        taken.append(
            after.children_user + after.children_system - before.children_user - before.children_system
        )
    return taken


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met, 1 when one is not."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--used", type=int, default=1_000_000)
    parser.add_argument("--only", default="", metavar="NAMES", help="of rules, round, who")
    options = parser.parse_args(argv)
    figures: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="netops-reconcile-", dir=os.environ.get("TMPDIR")) as place:
        folder = Path(place)
        machine = f"{platform.machine()}, {os.cpu_count()} cores; {noise(folder)}"
        parts: dict[str, Callable[[], Iterator[Figure]]] = {
            "rules": lambda: rules(folder, options.count), "round": lambda: round_(folder, options.count),
            "who": lambda: who(folder, options.used),
        }  # fmt: skip
        for name, part in parts.items():
            for one in part() if not options.only or name in options.only.split(",") else ():
                figures.append(one)
                if not options.json:
                    print(shown(one), flush=True)
        machine += f"; afterwards {noise(folder)}"
    if options.json:
        print(json.dumps({"name": "reconcile", "machine": machine, "figures": figures}))
    else:
        print(machine)
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
