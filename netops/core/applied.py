"""The applied register: every version of `inventory/` that somebody applied, whole."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, String, Table, select

from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.store import Instant, Json, Store, metadata

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


def standing(store: Store, at: datetime | None = None) -> Applied:
    """The version in force now, or at a past time."""
    query = select(registers).order_by(registers.c.version.desc()).limit(1)
    if at:
        query = query.where(registers.c.at <= at)
    with store.read() as connection:
        row = connection.execute(query).first()
    return Applied(row.version, row.at, row.sha256, row.content) if row else Applied(0, None, digest({}), {})


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
