"""The applied register: every version of `inventory/` that somebody applied, whole."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Integer, String, Table, select

from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.store import Instant, Json, Prepared, Store, metadata

registers = Table(
    "registers",
    metadata,
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("content", Json, nullable=False),
)


class Applied(msgspec.Struct, frozen=True):
    """One applied version; version 0 with empty content stands for "nothing yet"."""

    version: int
    at: datetime | None
    sha256: str
    content: dict[str, Any]


VERSION = Prepared(select(registers.c.version).order_by(registers.c.version.desc()).limit(1))


def version(connection: Connection) -> int:
    """The version in force inside an open transaction; 0 when nothing was applied yet."""
    for (number,) in VERSION(connection):
        return int(number)
    return 0


def standing(store: Store, at: datetime | None = None) -> Applied:
    """The version in force now, or at a past time."""
    with store.read() as connection:
        return standing_in(connection, at)


def standing_in(connection: Connection, at: datetime | None = None) -> Applied:
    """As `standing`, inside an open transaction."""
    query = select(registers).order_by(registers.c.version.desc()).limit(1)
    if at:
        query = query.where(registers.c.at <= at)
    row = connection.execute(query).first()
    return Applied(row.version, row.at, row.sha256, row.content) if row else Applied(0, None, digest({}), {})


def earlier(store: Store, limit: int) -> Iterator[Applied]:
    """Versions before the one in force, newest first, at most *limit*; read one by one."""
    with store.read() as connection:
        listed = select(registers.c.version).order_by(registers.c.version.desc()).offset(1).limit(limit)
        versions = list(connection.execute(listed).scalars())
    for version in versions:
        with store.read() as connection:
            row = connection.execute(select(registers).where(registers.c.version == version)).one()
        yield Applied(row.version, row.at, row.sha256, row.content)


def apply(act: Act, content: dict[str, Any], base: int, changes: dict[str, Any]) -> int:
    """
    Put *content* in force as the version after *base*.

    Raises:
        Refused: somebody applied another version since *base* was read.
    """
    last = (
        act.connection.execute(
            select(registers.c.version).order_by(registers.c.version.desc()).limit(1)
        ).scalar()
        or 0
    )
    if last != base:
        raise Refused(
            "the plan was not applied",
            "it was made for version {base} of the register, which now stands at {last}",
            "netops inventory plan shows what would change now",
            base=base,
            last=last,
        )
    act.connection.execute(
        registers.insert().values(
            version=base + 1, at=act.at, actor=act.actor, sha256=digest(content), content=content
        )
    )
    act.record(
        "inventory apply",
        f"register {base + 1}",
        before={"version": base},
        after={"version": base + 1, **changes},
    )
    return base + 1
