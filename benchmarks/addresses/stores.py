"""Stores to measure on: a /8 filled at random in bulk, past the ledger; `pool verify` agrees with the result."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

POOL = "10.0.0.0/8"
FIRST, LAST = 10 << 24, (11 << 24) - 1
ALLOCATION = (
    "id", "first", "last", "plane", "organization", "declaration", "purpose", "state", "origin", "since", "cause",
)  # fmt: skip
"""Columns of an allocation, in the order of its row."""
MAPPED = 0xFFFF << 32
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
PACKAGE = "postgresql: apt-get install postgresql"


def taken_addresses(used: int) -> list[int]:
    """So many addresses of the /8, as IPv4 integers, in order; the same ones every time."""
    return sorted(random.Random(7).sample(range(FIRST + 1, LAST), used))


def gaps(taken: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The free runs between them, network and broadcast address inside."""
    position = FIRST
    for address in taken:
        if position < address:
            yield position, address - 1
        position = address + 1
    if position <= LAST:
        yield position, LAST


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


def filled(url: str, used: int) -> str:
    """A /8 with so many addresses taken at random, each an allocation of its own."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.addresses.tiles import pool_table, tile_table
    from netops.addresses.usage import uses
    from netops.core.ids import sequences

    store = fresh(url, [RegisteredPrefix(POOL, PrefixRole.POOL, "fin")])
    taken = taken_addresses(used)
    with store.write() as connection:
        connection.execute(tile_table.delete().where(tile_table.c.first == MAPPED | FIRST))
        bulk(
            connection,
            "tiles",
            ("first", "next", "state", "allocation", "fit", "plane", "pool"),
            _tiles(taken),
        )
        bulk(connection, "allocations", ALLOCATION, _allocations(taken))
        pools = pool_table.update().where(pool_table.c.prefix == POOL)
        connection.execute(pools.values(allocated=len(taken)))
        connection.execute(sequences.insert().values(name="allocation", value=len(taken)))
        connection.execute(uses.insert().values(plane="extranet", declaration="D-1", ipv4=len(taken), ipv6=0))
    store.close()
    return url


def office(folder: Path, url: str, used: int = 0) -> Any:
    """A desk whose register has the /8 as a pool and a declaration D-1 that stands; so many addresses are taken."""
    from netops.config import Config
    from netops.desk import Desk
    from netops.rounds import inventory

    plane = folder / "extranet"
    plane.mkdir(parents=True)
    (folder / "organizations.toml").write_text(
        '[[organizations]]\ncode = "fin"\nname_zh = "财政局"\nplatform = true\n'
    )
    (plane / "prefixes.toml").write_text(
        f'[[prefixes]]\nprefix = "{POOL}"\nrole = "pool"\norganization = "fin"\n'
    )
    (plane / "declarations.toml").write_text(
        '[[declarations]]\nnumber = "D-1"\norganization = "fin"\ndate = "2026-01-11"\nnature = "办公局域网"\n'
        'scope = "办公"\nequipment = []\nterminals = 5000000\nallocated = []\n'
    )
    if used:
        filled(url, used)
    desk = Desk(Config(store_url=url, inventory=str(folder)), actor="bench")
    inventory.apply(desk, inventory.plan(desk))
    return desk


def _tiles(taken: list[int]) -> Iterator[tuple[Any, ...]]:
    from netops.addresses.span import Span, fit

    def free(first: int, last: int) -> tuple[Any, ...]:
        return *_ends(first, last), "free", "", fit(Span(first, last)), "extranet", POOL

    position = FIRST
    for number, address in enumerate(taken, 1):
        if position < address:
            yield free(position, address - 1)
        yield *_ends(address, address), "active", f"AL-{number:04d}", -1, "extranet", POOL
        position = address + 1
    yield free(position, LAST)


def _ends(first: int, last: int) -> tuple[bytes, bytes]:
    return (MAPPED | first).to_bytes(16, "big"), (MAPPED | last + 1).to_bytes(16, "big")


def _allocations(taken: list[int]) -> Iterator[tuple[Any, ...]]:
    since = int(NOON.timestamp()) * 1_000_000
    for number, address in enumerate(taken, 1):
        here = (MAPPED | address).to_bytes(16, "big")
        yield f"AL-{number:04d}", here, here, "extranet", "fin", "D-1", "", "active", "act", since, ""


def bulk(connection: Any, table: str, columns: tuple[str, ...], rows: Iterator[tuple[Any, ...]]) -> None:
    """Straight into the driver; columns that are not named take their defaults."""
    driver = connection.connection.driver_connection
    names = ", ".join(columns)
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        driver.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", rows)
        return
    with driver.cursor().copy(f"COPY {table} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


@contextmanager
def server() -> Iterator[str | None]:
    """A PostgreSQL of our own with its defaults (fsync on), on a socket in a temporary folder; None without the program."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    is_root = os.geteuid() == 0
    if not found or (is_root and not shutil.which("runuser")):
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="netops-bench-", dir=os.environ.get("TMPDIR")))
    prefix = ["runuser", "-u", "postgres", "--"] if is_root else []
    if is_root:
        shutil.chown(folder, "postgres")
    tools, data = found[-1].parent, folder / "data"

    def run(*command: object) -> None:
        subprocess.run([*prefix, *map(str, command)], check=True, stdout=subprocess.DEVNULL, cwd="/")

    try:
        run(tools / "initdb", "-D", data, "-A", "trust", "-U", "postgres")
        options = f"-k {folder} -c listen_addresses="
        run(tools / "pg_ctl", "-D", data, "-l", folder / "log", "-o", options, "-w", "start")
        yield f"postgresql://postgres@/{{name}}?host={folder}"
    finally:
        subprocess.run([*prefix, tools / "pg_ctl", "-D", data, "-m", "immediate", "stop"], stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, cwd="/", check=False)  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


def database(server_url: str, name: str) -> str:
    """The address of a new empty database on that server."""
    import psycopg

    with psycopg.connect(server_url.format(name="postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return server_url.format(name=name)
