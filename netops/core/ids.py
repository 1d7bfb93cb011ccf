"""Readable numbers without gaps: F-0042, DECL-2026-0007, INC-2026-0003."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, bindparam

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


def take(connection: Connection, name: str, count: int = 1) -> int:
    """
    The next number of *name*, from 1, inside the caller's transaction; the first of *count* in a row.

    A transaction that rolls back gives its number back, so none is skipped; the row lock keeps two
    writers from taking the same one.
    """
    for (last,) in NEXT(connection, which=name, count=count):
        return int(last) - count + 1
    connection.execute(sequences.insert().values(name=name, value=count))
    return 1
