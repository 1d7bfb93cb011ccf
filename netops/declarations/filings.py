"""The filings (备案): what is decided about declarations, each act with its journal entry; asking for them is in `kept`."""

from __future__ import annotations

from collections.abc import Collection

import msgspec
from sqlalchemy import Connection, func, select

from netops.core import ids
from netops.core.clock import CITY_ZONE
from netops.core.errors import Refused
from netops.core.journal import Act
from netops.core.store import Store
from netops.declarations.declaration import (
    MOVES,
    Declaration,
    DeclarationState,
    RegisteredDeclaration,
    Statements,
    statements_of,
)
from netops.declarations.kept import (
    GONE,
    Step,
    current,
    declarations,
    every,
    history,
    listed,
    newest,
    one,
    read,
    standing,
    steps,
    versions,
)

__all__ = [
    "Step", "adopt", "current", "declarations", "drop", "every", "history", "listed", "movable", "move", "newest", "one",
    "review", "standing", "steps", "submit", "versions",
]  # fmt: skip


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
    known = read(act.connection, None, number) if number else []
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
    able = [one for one in read(connection, None, number) if one.state in MOVES[verb][0]]
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
    known = read(act.connection, None, declaration.number)
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
    for known in read(act.connection, None, declaration.number):
        if known.registered and known.state not in (*GONE, DeclarationState.WITHDRAWN):
            _step(act, known, DeclarationState.WITHDRAWN, DROPPED)
            act.record("declare withdraw", known.number, why=DROPPED, before={"state": known.state})


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
    for known in read(act.connection, None, by.number):
        if known.version < by.version and known.state not in GONE:
            _step(act, known, DeclarationState.SUPERSEDED, "")


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
