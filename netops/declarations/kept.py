"""The filings as they are kept: every version of every declaration with each step that it took, and asking for them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    select,
)

from netops.core.errors import Missing, Refused
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata
from netops.declarations.declaration import Declaration, DeclarationState, Statements

declarations = Table(
    "declarations",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("plane", String(8), nullable=False, index=True),
    Column("organization", String(64), nullable=False, index=True),
    Column("stated", Json, nullable=False),
    Column("registered", Boolean, nullable=False),
)
steps = Table(
    "declaration_steps",
    metadata,
    Column("number", String(64), primary_key=True),
    Column("step", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("state", String(12), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("remark", Text, nullable=False),
)
GONE = (DeclarationState.SUPERSEDED,)
ENDED = (DeclarationState.WITHDRAWN,)
IDLE = (DeclarationState.DRAFT, DeclarationState.WITHDRAWN)
"""States of a version that is not handed in, or not any more: another one speaks for the declaration."""


# ---- asking
def listed(
    store: Store,
    *,
    plane: Plane | None = None,
    organization: str = "",
    state: Collection[DeclarationState] = (),
    at: datetime | None = None,
    every_version: bool = False,
) -> list[Declaration]:
    """
    Declarations by number and version, as they stand now or stood at a past time; superseded versions only when asked for.

    Args:
        store: the open store.
        plane, organization, state: each narrows.
        at: a past time, or None for now.
        every_version: superseded versions too.
    """
    with store.read() as connection:
        found = read(connection, at, organization=organization)
    return [
        one
        for one in found
        if (every_version or one.state not in GONE)
        and (plane is None or one.plane is plane)
        and (not organization or one.organization == organization)
        and (not state or one.state in state)
    ]


def one(store: Store, number: str, at: datetime | None = None) -> Declaration:
    """
    The newest version of a declaration: a draft or a withdrawn one only when there is no other, a superseded one never.

    Raises:
        Missing: there is none with this number.
    """
    with store.read() as connection:
        return current(connection, number, at)


def current(connection: Connection, number: str, at: datetime | None = None) -> Declaration:
    """As `one`, inside an open transaction."""
    return _newest(read(connection, at, number), number)


def _newest(several: Iterable[Declaration], number: str) -> Declaration:
    found = [one for one in several if one.state not in GONE]
    if not found:
        raise Missing("there is no declaration {number}", "", "netops declare list", number=number)
    return next(
        (one for aside in (IDLE, ENDED) for one in reversed(found) if one.state not in aside), found[-1]
    )


def standing(connection: Connection, number: str) -> Declaration:
    """
    The version that is a ground for addresses and terminals now.

    Raises:
        Missing: there is no such declaration.
        Refused: none of its versions is approved or connected.
    """
    several = read(connection, None, number)
    found = [one for one in several if one.stands]
    if not found:
        latest = _newest(several, number)
        raise Refused(
            "{number} gives no ground",
            "it is {state}, neither approved nor connected",
            "netops declare show {number}",
            number=number,
            state=latest.state,
        )
    return found[-1]


def every(connection: Connection) -> list[Declaration]:
    """Every declaration as `current` and `standing` see it, inside an open transaction, without superseded versions."""
    return [one for one in read(connection, None) if one.state not in GONE]


class Step(msgspec.Struct, frozen=True):
    """One step of a declaration's history."""

    version: int
    state: DeclarationState
    at: datetime
    actor: str
    remark: str


def history(store: Store, number: str) -> list[Step]:
    """Every step that a declaration took, oldest first."""
    with store.read() as connection:
        rows = connection.execute(select(steps).where(steps.c.number == number).order_by(steps.c.step))
        return [Step(row.version, DeclarationState(row.state), row.at, row.actor, row.remark) for row in rows]


def read(
    connection: Connection, at: datetime | None, number: str = "", organization: str = ""
) -> list[Declaration]:
    """Each version with its last step until *at*."""
    if number and at is None:
        return [_of(*row) for row in VERSIONS(connection, which=number)]
    latest = select(steps.c.number, steps.c.version, func.max(steps.c.step).label("step"))
    if at is not None:
        latest = latest.where(steps.c.at <= at)
    if number:
        latest = latest.where(steps.c.number == number)
    last = latest.group_by(steps.c.number, steps.c.version).subquery()
    query = (
        select(declarations, steps.c.state, steps.c.at, steps.c.remark)
        .join(last, and_(last.c.number == declarations.c.number, last.c.version == declarations.c.version))
        .join(steps, and_(steps.c.number == last.c.number, steps.c.step == last.c.step))
        .order_by(declarations.c.number, declarations.c.version)
    )
    if organization:
        query = query.where(declarations.c.organization == organization)
    return [_declaration(row) for row in connection.execute(query)]


_later = steps.alias("later")
VERSIONS = Prepared(
    select(
        declarations.c.number, declarations.c.version, declarations.c.stated, declarations.c.registered,
        steps.c.state, steps.c.at, steps.c.remark,
    )
    .join(steps, and_(steps.c.number == declarations.c.number, steps.c.version == declarations.c.version))
    .where(
        declarations.c.number == bindparam("which"),
        steps.c.step == select(func.max(_later.c.step)).where(
            _later.c.number == declarations.c.number, _later.c.version == declarations.c.version
        ).scalar_subquery(),
    )
    .order_by(declarations.c.version)
)  # fmt: skip
"""Every version of one declaration with its last step: asked at every allocation."""


def _declaration(row: Row[Any]) -> Declaration:
    return _of(row.number, row.version, row.stated, row.registered, row.state, row.at, row.remark)


def _of(
    number: str, version: int, content: Any, registered: bool, state: str, since: datetime, remark: str
) -> Declaration:
    stated = msgspec.convert(content, Statements)
    return Declaration(
        number=number,
        version=version,
        state=DeclarationState(state),
        registered=bool(registered),
        since=since,
        remark=remark,
        **{name: getattr(stated, name) for name in Statements.__struct_fields__},
    )


def newest(connection: Connection, number: str) -> Declaration | None:
    """The newest version that somebody works on or that is in force, drafts too; None when there is none."""
    found = [one for one in read(connection, None, number) if one.state not in (*GONE, *ENDED)]
    return found[-1] if found else None


def versions(store: Store, number: str) -> list[Declaration]:
    """Every version of a declaration, oldest first."""
    with store.read() as connection:
        return read(connection, None, number)
