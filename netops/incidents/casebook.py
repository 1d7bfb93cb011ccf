"""The casebook (事件卷宗): incidents with the history of every move, and the papers about them. Storage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Boolean, Column, Connection, Integer, Row, String, Table, Text, func, select

from netops.core import ids
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, Refused
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.incidents.incident import COURSE, EXITS, Deadline, Grading, Incident, Stage, may_move

incidents = Table(
    "incidents",
    metadata,
    Column("number", String(24), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("organization", String(64), nullable=False),
    Column("cause", String(40), nullable=False),
    Column("cause_zh", String(128), nullable=False),
    Column("cause_en", String(128), nullable=False),
    Column("category", String(8), nullable=False),
    Column("category_zh", String(64), nullable=False),
    Column("grading", Json, nullable=False),
    Column("state", String(16), nullable=False, index=True),
    Column("occurred", Instant, nullable=False),
    Column("detected", Instant, nullable=False),
    Column("known", Instant, nullable=False),
    Column("contained", Instant),
    Column("handled", Instant),
    Column("closed", Instant),
    Column("cii", Boolean, nullable=False),
    Column("merged_into", String(24), nullable=False),
    Column("metrics", Json, nullable=False),
    Column("deadlines", Json, nullable=False),
)
incident_findings = Table(
    "incident_findings",
    metadata,
    Column("incident", String(24), primary_key=True),
    Column("finding", String(16), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("why", Text, nullable=False),
)
incident_moves = Table(
    "incident_moves",
    metadata,
    Column("incident", String(24), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("what", String(16), nullable=False),
    Column("before", Json),
    Column("after", Json),
    Column("why", Text, nullable=False),
)
NEW = Stage.DETECTED


class Move(msgspec.Struct, frozen=True):
    """One line of an incident's history; *what* is open, state, grade, finding, clock, merge or paper."""

    seq: int
    at: datetime
    actor: str
    what: str
    before: Any
    after: Any
    why: str


# ---- reading
def listed(store: Store, plane: Plane | None = None, open_only: bool = False) -> list[Incident]:
    """Incidents by number."""
    query = select(incidents).order_by(incidents.c.number)
    if plane:
        query = query.where(incidents.c.plane == plane)
    with store.read() as connection:
        links: dict[str, list[str]] = {}
        for row in connection.execute(
            select(incident_findings).order_by(incident_findings.c.at, incident_findings.c.finding)
        ):
            links.setdefault(row.incident, []).append(row.finding)
        found = [_incident(row, links.get(row.number, [])) for row in connection.execute(query)]
    return [one for one in found if one.is_open or not open_only]


def one(store: Store, number: str) -> Incident:
    """
    The incident with this number.

    Raises:
        Missing: there is none.
    """
    with store.read() as connection:
        return _read(connection, number)


def history(store: Store, number: str) -> list[Move]:
    """Everything that was done to an incident, oldest first."""
    query = select(incident_moves).where(incident_moves.c.incident == number).order_by(incident_moves.c.seq)
    with store.read() as connection:
        return [
            Move(row.seq, row.at, row.actor, row.what, row.before, row.after, row.why)
            for row in connection.execute(query)
        ]


def _read(connection: Connection, number: str, *, lock: bool = False) -> Incident:
    query = select(incidents).where(incidents.c.number == number)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise Missing("there is no incident {number}", "", "netops incident list", number=number)
    links = connection.execute(
        select(incident_findings.c.finding)
        .where(incident_findings.c.incident == number)
        .order_by(incident_findings.c.at, incident_findings.c.finding)
    )
    return _incident(row, list(links.scalars()))


def _incident(row: Row[Any], findings: Iterable[str]) -> Incident:
    values = {name: getattr(row, name) for name in Incident.__struct_fields__ if name != "findings"}
    return Incident(
        **values
        | {
            "plane": Plane(row.plane),
            "state": Stage(row.state),
            "grading": msgspec.convert(row.grading, Grading),
            "deadlines": msgspec.convert(row.deadlines, tuple[Deadline, ...]),
            "findings": tuple(findings),
        }
    )


# ---- acts
def open_(act: Act, incident: Incident, why: str) -> str:
    """
    Open an incident; its number is taken now.

    Args:
        incident: as it should stand, with its findings; its own number is not looked at.
    """
    year = act.at.astimezone(CITY_ZONE).year
    number = f"INC-{year}-{ids.take(act.connection, f'incident/{year}'):04d}"
    row = {name: getattr(incident, name) for name in Incident.__struct_fields__ if name != "findings"}
    row |= {
        "number": number,
        "grading": msgspec.to_builtins(incident.grading),
        "deadlines": msgspec.to_builtins(incident.deadlines),
    }
    act.connection.execute(incidents.insert().values(**row))
    _note(act, number, "open", None, {"grade": incident.grade, "findings": list(incident.findings)}, why)
    for finding in incident.findings:
        _link(act, number, finding, why)
    act.record(
        "incident open",
        number,
        why=why,
        after={
            "organization": incident.organization,
            "cause": incident.cause,
            "plane": incident.plane,
            "grade": incident.grade,
            "findings": list(incident.findings),
        },
    )
    return number


def join(act: Act, number: str, findings: Iterable[str], why: str) -> list[str]:
    """
    Link findings to an incident; those linked to it already are passed over.

    Returns:
        Ids that are linked now.

    Raises:
        Missing: there is no such incident.
        Refused: it is closed.
    """
    incident = _read(act.connection, number, lock=True)
    if not incident.is_open:
        raise Refused(
            "nothing was linked to {number}", "it is closed", "netops incident open", number=number
        )
    new = [finding for finding in findings if finding not in incident.findings]
    for finding in new:
        _link(act, number, finding, why)
        _note(act, number, "finding", None, finding, why)
    act.record("incident join", number, why=why, after={"findings": new})
    return new


def _link(act: Act, number: str, finding: str, why: str) -> None:
    act.connection.execute(
        incident_findings.insert().values(incident=number, finding=finding, at=act.at, why=why)
    )


def move(act: Act, number: str, to: Stage, why: str) -> None:
    """
    Move an incident along its course or out of it; `merge` and `unmerge` do what their names say.

    Raises:
        Missing: there is no such incident.
        Refused: it cannot go there from where it stands.
    """
    incident = _read(act.connection, number, lock=True)
    if to is Stage.MERGED or incident.state is Stage.MERGED or not may_move(incident.state, to):
        raise Refused(
            "{number} was not moved to {to}",
            "it stands at {state}",
            "netops incident show {number}",
            number=number,
            to=to,
            state=incident.state,
        )
    changes: dict[str, Any] = {"state": to}
    if to in (Stage.ARCHIVED, *EXITS):
        changes["closed"] = act.at
    if incident.state in EXITS:
        changes |= {"closed": None, "merged_into": ""}
    _change(act, incident, "state", changes, incident.state, to, why, verb=f"incident {to}")


def times(act: Act, number: str, why: str, **moments: datetime) -> None:
    """Record when it occurred, was known, contained or handled; *deadlines* must be reckoned again afterwards."""
    incident = _read(act.connection, number, lock=True)
    before = {name: getattr(incident, name) for name in moments}
    _change(act, incident, "times", dict(moments), before, dict(moments), why, verb="incident times")


def regrade(
    act: Act,
    number: str,
    grading: Grading,
    why: str,
    *,
    cii: bool,
    metrics: dict[str, float],
    deadlines: Iterable[Deadline],
) -> None:
    """Give an incident another grade; both grades stay in its history."""
    incident = _read(act.connection, number, lock=True)
    after = msgspec.to_builtins(grading)
    changes = {
        "grading": after,
        "cii": cii,
        "metrics": metrics,
        "deadlines": msgspec.to_builtins(tuple(deadlines)),
    }
    before = msgspec.to_builtins(incident.grading)
    _change(act, incident, "grade", changes, before, after, why, verb="incident grade")


def reclock(act: Act, number: str, deadlines: Iterable[Deadline], why: str) -> None:
    """Put clocks that were reckoned again in place of the old ones."""
    incident = _read(act.connection, number, lock=True)
    after = msgspec.to_builtins(tuple(deadlines))
    before = {one.kind: one.due for one in incident.deadlines}
    told = {one["kind"]: one["due"] for one in after}
    _change(act, incident, "clock", {"deadlines": after}, before, told, why, verb="incident clock")


def stop(act: Act, number: str, kinds: Iterable[str], at: datetime, by: str, why: str) -> list[str]:
    """
    Stop clocks by a recorded act.

    Args:
        at: when the act was done; *by*: its document number, channel and receipt.

    Returns:
        The clocks that stopped now.
    """
    incident = _read(act.connection, number, lock=True)
    wanted = [one.kind for one in incident.deadlines if one.kind in set(kinds) and one.stopped is None]
    after = tuple(
        msgspec.structs.replace(one, stopped=at, stopped_by=by) if one.kind in wanted else one
        for one in incident.deadlines
    )
    told = {"stopped": wanted, "at": at, "by": by}
    _change(act, incident, "clock", {"deadlines": msgspec.to_builtins(after)}, None, told, why, verb="incident stop")
    return wanted


def merge(act: Act, number: str, into: str, why: str) -> None:
    """
    Link an incident under another; nothing is copied, so that `unmerge` is exact.

    Raises:
        Refused: they are the same, either is closed, or a statutory clock would be lost.
    """
    incident, target = (_read(act.connection, name, lock=True) for name in (number, into))
    if number == into or not incident.is_open or not target.is_open:
        raise Refused(
            "{number} was not merged into {into}",
            "both must be open, and two different incidents",
            "netops incident list",
            number=number,
            into=into,
        )
    lost = lost_clocks(incident, target)
    if lost:
        raise Refused(
            "{number} was not merged into {into}",
            "its clock {clocks} runs, and {into} has none that ends as early: a merge stops no clock",
            "merge the other way round, or record the report: netops incident report {number} --kind first --sent",
            number=number,
            into=into,
            clocks=", ".join(one.kind for one in lost),
        )
    changes = {"state": Stage.MERGED, "merged_into": into, "closed": act.at}
    _change(act, incident, "merge", changes, incident.state, into, why, verb="incident merge")


def lost_clocks(incident: Incident, into: Incident) -> list[Deadline]:
    """Running clocks of *incident* that nobody would hold any more once it is merged into the other."""
    return [
        one
        for one in incident.deadlines
        if one.stopped is None
        and not any(other.kind == one.kind and other.due <= one.due for other in into.deadlines)
    ]


def unmerge(act: Act, number: str, why: str) -> None:
    """
    Undo a merge: the incident stands where it stood before.

    Raises:
        Refused: it is not merged.
    """
    incident = _read(act.connection, number, lock=True)
    if incident.state is not Stage.MERGED:
        raise Refused("{number} was not unmerged", "it is not merged", "", number=number)
    row = act.connection.execute(
        select(incident_moves.c.before)
        .where(incident_moves.c.incident == number, incident_moves.c.what == "merge")
        .order_by(incident_moves.c.seq.desc())
        .limit(1)
    ).scalar_one()
    before = Stage(row) if row in COURSE else NEW
    changes = {"state": before, "merged_into": "", "closed": None}
    _change(act, incident, "state", changes, incident.state, before, why, verb="incident unmerge")


def _change(
    act: Act, incident: Incident, what: str, values: dict[str, Any], before: Any, after: Any, why: str, *, verb: str
) -> None:
    act.connection.execute(incidents.update().where(incidents.c.number == incident.number).values(**values))
    _note(act, incident.number, what, before, after, why)
    act.record(verb, incident.number, why=why, before=before, after=after)


def _note(act: Act, number: str, what: str, before: Any, after: Any, why: str) -> None:
    last = act.connection.execute(
        select(func.max(incident_moves.c.seq)).where(incident_moves.c.incident == number)
    ).scalar()
    act.connection.execute(
        incident_moves.insert().values(
            incident=number,
            seq=(last or 0) + 1,
            at=act.at,
            actor=act.actor,
            what=what,
            before=before,
            after=after,
            why=why,
        )
    )
