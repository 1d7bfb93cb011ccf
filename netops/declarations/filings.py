"""The filings (备案): every version of every declaration, and each step that it took."""

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

from netops.core import ids
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, Refused
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata
from netops.declarations.declaration import (
    MOVES,
    Declaration,
    DeclarationState,
    RegisteredDeclaration,
    Statements,
    statements_of,
)

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
        found = _read(connection, at, organization=organization)
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
    return _newest(_read(connection, at, number), number)


def _newest(versions: Iterable[Declaration], number: str) -> Declaration:
    found = [one for one in versions if one.state not in GONE]
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
    versions = _read(connection, None, number)
    found = [one for one in versions if one.stands]
    if not found:
        newest = _newest(versions, number)
        raise Refused(
            "{number} gives no ground",
            "it is {state}, neither approved nor connected",
            "netops declare show {number}",
            number=number,
            state=newest.state,
        )
    return found[-1]


def every(connection: Connection) -> list[Declaration]:
    """Every declaration as `current` and `standing` see it, inside an open transaction, without superseded versions."""
    return [one for one in _read(connection, None) if one.state not in GONE]


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


def _read(
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
    found = [one for one in _read(connection, None, number) if one.state not in (*GONE, *ENDED)]
    return found[-1] if found else None


def versions(store: Store, number: str) -> list[Declaration]:
    """Every version of a declaration, oldest first."""
    with store.read() as connection:
        return _read(connection, None, number)


# ---- deciding
def submit(
    act: Act,
    stated: Statements,
    number: str = "",
    *,
    seen: int | None = None,
    draft: bool = False,
    keep_number: bool = False,
    why: str = "",
) -> Declaration:
    """
    A department hands in a declaration, a mended one, or a change of one that stands.

    Args:
        seen: the version that the change was made from, or None when nobody says.
        draft: it is only kept, to be handed in later (`move`, "submit").
        keep_number: a *number* that is not there is the one on an older paper, and stays its number.

    Returns:
        The new version; what stood before goes on standing until this one is approved.

    Raises:
        Missing: there is no declaration with *number*.
        Refused: it belongs to another organization or plane, waits for review already, was withdrawn, or
            somebody changed it since *seen*.
    """
    version = 1
    before: Declaration | None = None
    known = _read(act.connection, None, number) if number else []
    if number and (known or not keep_number):
        before = newest(act.connection, number) or current(act.connection, number)
        _require_own(before, stated)
        if before.state in (DeclarationState.SUBMITTED, DeclarationState.WITHDRAWN):
            raise Refused(
                "the declaration was not submitted",
                "{number} is {state}",
                "netops declare show {number}",
                number=number,
                state=before.state,
            )
        if seen is not None and before.version != seen:
            raise Refused(
                "the declaration was not submitted",
                "{number} was changed since: this was made from version {seen}, and version {version} is there now",
                "netops declare show {number} shows what differs; then add --onto {version}",
                number=number,
                seen=seen,
                version=before.version,
            )
        version = known[-1].version + 1
        if before.state in (DeclarationState.RETURNED, DeclarationState.DRAFT):
            _step(act, before, DeclarationState.SUPERSEDED, "")
    elif not number:
        year = act.at.astimezone(CITY_ZONE).year
        number = f"DECL-{year}-{ids.take(act.connection, f'declaration {year}'):04d}"
    state = DeclarationState.DRAFT if draft else DeclarationState.SUBMITTED
    return _file(act, number, version, stated, state, before, why=why, registered=False)


def _require_own(before: Declaration, stated: Statements) -> None:
    if (before.organization, before.plane) != (stated.organization, stated.plane):
        raise Refused(
            "the declaration was not submitted",
            "{number} is another organization's or plane's",
            "leave the number empty for a first declaration",
            number=before.number,
        )


def move(act: Act, number: str, verb: str, remark: str = "", seen: Declaration | None = None) -> Declaration:
    """
    Submit, return, approve, connect, suspend or withdraw the newest version that can be; approval supersedes those before.

    Args:
        seen: the version, as it was when the person decided: another one is not moved in its place.

    Raises:
        Missing: there is no such declaration.
        Refused: the verb does not start from its state, or somebody moved or changed it since it was *seen*.
    """
    before = _movable(act.connection, number, verb)
    if seen is not None and (seen.version, seen.state, seen.since) != (
        before.version,
        before.state,
        before.since,
    ):
        raise Refused(
            "{number} was not moved",
            "somebody was faster: version {version} is {state} now",
            "netops declare show {number}",
            number=number,
            version=before.version,
            state=before.state,
        )
    to = before.after(verb)
    if to is DeclarationState.APPROVED:
        _supersede(act, before)
    _step(act, before, to, remark)
    act.record(
        f"declare {verb}",
        number,
        why=remark,
        before={"version": before.version, "state": before.state},
        after={"version": before.version, "state": to},
    )
    return msgspec.structs.replace(before, state=to, since=act.at, remark=remark)


def movable(store: Store, number: str, verb: str) -> Declaration:
    """
    The version that *verb* would move: the newest that it starts from, else the newest.

    Raises:
        Missing: there is no such declaration.
    """
    with store.read() as connection:
        return _movable(connection, number, verb)


def _movable(connection: Connection, number: str, verb: str) -> Declaration:
    newest = current(connection, number)
    able = [one for one in _read(connection, None, number) if one.state in MOVES[verb][0]]
    return able[-1] if able else newest


def review(act: Act, number: str, remarks: Collection[str]) -> None:
    """
    Write down that somebody reviewed it and what was remarked; its state stays.

    Raises:
        Missing: there is no such declaration.
        Refused: it does not wait for review.
    """
    before = current(act.connection, number)
    before.after("approve")
    act.record("declare review", number, after={"version": before.version, "remarks": list(remarks)})


def adopt(act: Act, declaration: RegisteredDeclaration) -> None:
    """
    Make the filings hold a declaration of the register as connected; a second time changes nothing.

    A changed one becomes a new version; one that people moved since (suspended, withdrawn) is only
    moved again when the register changes what it states.
    """
    stated = statements_of(declaration)
    known = _read(act.connection, None, declaration.number)
    mine = [one for one in known if one.registered]
    if mine and mine[-1].statements == stated and mine[-1].remark != DROPPED:
        return
    filed = _file(
        act,
        declaration.number,
        known[-1].version + 1 if known else 1,
        stated,
        DeclarationState.CONNECTED,
        mine[-1] if mine else None,
        registered=True,
    )
    _supersede(act, filed)


DROPPED = "no longer in the register"


def drop(act: Act, declaration: RegisteredDeclaration) -> None:
    """A declaration left the register: what came from there is withdrawn."""
    for one in _read(act.connection, None, declaration.number):
        if one.registered and one.state not in (*GONE, DeclarationState.WITHDRAWN):
            _step(act, one, DeclarationState.WITHDRAWN, DROPPED)
            act.record("declare withdraw", one.number, why=DROPPED, before={"state": one.state})


def _file(
    act: Act,
    number: str,
    version: int,
    stated: Statements,
    state: DeclarationState,
    before: Declaration | None,
    *,
    registered: bool,
    why: str = "",
) -> Declaration:
    content = msgspec.to_builtins(stated)
    act.connection.execute(
        declarations.insert().values(
            number=number,
            version=version,
            plane=stated.plane,
            organization=stated.organization,
            stated=content,
            registered=registered,
        )
    )
    filed = Declaration(
        number=number,
        version=version,
        state=state,
        registered=registered,
        since=act.at,
        remark=why,
        **{name: getattr(stated, name) for name in Statements.__struct_fields__},
    )
    _step(act, filed, state, why)
    verb = "adopt" if registered else "draft" if state is DeclarationState.DRAFT else "submit"
    was = None if before is None else {"version": before.version, "stated": before.statements}
    act.record(f"declare {verb}", number, why=why, before=was, after={"version": version, "stated": content})
    return filed


def _supersede(act: Act, by: Declaration) -> None:
    for one in _read(act.connection, None, by.number):
        if one.version < by.version and one.state not in GONE:
            _step(act, one, DeclarationState.SUPERSEDED, "")


def _step(act: Act, of: Declaration, state: DeclarationState, remark: str) -> None:
    query = select(func.max(steps.c.step)).where(steps.c.number == of.number)
    last = act.connection.execute(query).scalar() or 0
    act.connection.execute(
        steps.insert().values(
            number=of.number,
            step=last + 1,
            version=of.version,
            state=state,
            at=act.at,
            actor=act.actor,
            remark=remark,
        )
    )
