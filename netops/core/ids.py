"""Readable numbers without gaps: F-0042, DECL-2026-0007, INC-2026-0003."""

from __future__ import annotations

from sqlalchemy import Column, Connection, Integer, String, Table, select

from netops.core.store import metadata

sequences = Table(
    "sequences",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Integer, nullable=False),
)


def take(connection: Connection, name: str) -> int:
    """
    The next number of *name*, from 1, inside the caller's transaction.

    A transaction that rolls back gives its number back, so none is skipped; the row lock keeps two
    writers from taking the same one.
    """
    row = connection.execute(
        select(sequences.c.value).where(sequences.c.name == name).with_for_update()
    ).scalar()
    if row is None:
        connection.execute(sequences.insert().values(name=name, value=1))
        return 1
    connection.execute(sequences.update().where(sequences.c.name == name).values(value=row + 1))
    return int(row) + 1
