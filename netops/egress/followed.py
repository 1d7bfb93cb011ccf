"""How far each followed log was read, so that neither a restart nor a rotation of the file loses or repeats a line."""

from __future__ import annotations

from datetime import datetime

import msgspec
from sqlalchemy import BigInteger, Column, String, Table, select

from netops.core.store import Instant, Store, metadata

followed = Table(
    "egress_followed",
    metadata,
    Column("path", String(1024), primary_key=True),
    Column("inode", BigInteger, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("at", Instant, nullable=False),
)


class Place(msgspec.Struct, frozen=True):
    """A place in a log: which file, by its inode, and how many octets of it were read."""

    inode: int
    offset: int


def place(store: Store, path: str) -> Place | None:
    """Where reading ended; None when this path was never followed."""
    with store.read() as connection:
        row = connection.execute(select(followed).where(followed.c.path == path)).first()
    return Place(row.inode, row.offset) if row else None


def remember(store: Store, path: str, where: Place, at: datetime) -> None:
    """Reading of *path* ended there."""
    with store.write() as connection:
        connection.execute(followed.delete().where(followed.c.path == path))
        connection.execute(followed.insert().values(path=path, inode=where.inode, offset=where.offset, at=at))
