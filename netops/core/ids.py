"""Readable numbers without gaps: F-0042, DECL-2026-0007, INC-2026-0003."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from sqlalchemy import Column, Connection, Integer, String, Table, bindparam, select, text

from netops.core.notes import notes_of
from netops.core.store import Prepared, metadata

sequences = Table(
    "sequences",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)


NEXT = Prepared(
    sequences.update()
    .where(sequences.c.name == bindparam("which"))
    .values(value=sequences.c.value + bindparam("count"))
    .returning(sequences.c.value)
)


STANDS = Prepared(select(sequences.c.value).where(sequences.c.name == bindparam("which")))
PUT = Prepared(
    sequences.update().where(sequences.c.name == bindparam("which")).values(value=bindparam("now"))
)
BEGIN = Prepared(sequences.insert())
THERE = text("INSERT INTO sequences (name, value) VALUES (:name, 0) ON CONFLICT (name) DO NOTHING")
"""Waits for another writer that begins the same sequence."""


def standing(connection: Connection, name: str) -> Callable[[], int]:
    """Asks, in an act, for the last number of *name* that was taken, 0 before the first; `put` takes those after it."""

    def ask() -> Callable[[], int]:
        rows = STANDS.asked(connection, which=name)
        return lambda: next((int(value) for (value,) in rows()), 0)

    return notes_of(connection).asked(("sequence", name), ask)


def put(connection: Connection, name: str, before: int, now: int) -> None:
    """Take the numbers after *before*, which is the one that stood in this transaction, up to *now*."""
    notes = notes_of(connection)
    if before:
        notes.put(("sequence", name), now, partial(PUT, connection, which=name, now=now))
    else:
        BEGIN(connection, name=name, value=now)
        notes.put(("sequence", name), now, lambda: None)


def take(connection: Connection, name: str, count: int = 1) -> int:
    """
    The next number of *name*, from 1, inside the caller's transaction; the first of *count* in a row.

    A transaction that rolls back gives its number back, so none is skipped; the row lock keeps two
    writers from taking the same one.
    """
    notes_of(connection).write()
    rows = NEXT(connection, which=name, count=count)
    if not rows:
        connection.execute(THERE, {"name": name})
        rows = NEXT(connection, which=name, count=count)
    [(last,)] = rows
    notes_of(connection).put(("sequence", name), int(last), lambda: None)
    return int(last) - count + 1
