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
from netops.incidents.clocks import Law
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
    Column("place", String(256), nullable=False),
    Column("acknowledged", Instant),
    Column("acknowledged_by", String(128), nullable=False),
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


class Move(msgspec.Struct, frozen=True):
    """One line of an incident's history; *what* is open, state, grade, finding, times, clock, ack or merge."""

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


def locked(act: Act, number: str) -> Incident:
    """
    The incident as it stands inside an act; nobody else changes it until the act ends.

    Raises:
        Missing: there is none.
    """
    return _read(act.connection, number, lock=True)


def members(act: Act, number: str) -> list[str]:
    """Numbers of the incidents that are merged into this one."""
    query = select(incidents.c.number).where(incidents.c.merged_into == number).order_by(incidents.c.number)
    return list(act.connection.execute(query).scalars())


def before_merge(act: Act, number: str) -> Stage:
    """Where a merged incident stood when it was merged."""
    row = act.connection.execute(
        select(incident_moves.c.before)
        .where(incident_moves.c.incident == number, incident_moves.c.what == "merge")
        .order_by(incident_moves.c.seq.desc())
        .limit(1)
    ).scalar_one()
    return Stage(row) if row in COURSE else Stage.DETECTED


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
def open_(act: Act, incident: Incident, law: Law, why: str) -> str:
    """
    Open an incident; its number is taken now, and its clocks run.

    Args:
        incident: as it should stand, with its findings; its own number and clocks are not looked at.
    """
    incident = msgspec.structs.replace(incident, deadlines=law.deadlines(incident))
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
            "place": incident.place,
            "findings": list(incident.findings),
        },
    )
    return number


def join(act: Act, number: str, findings: Iterable[str], why: str, place: str = "") -> list[str]:
    """
    Link findings to an incident; those linked to it already are passed over.

    Args:
        place: where they happen; an incident whose place nothing told until now is there from here on.

    Returns:
        Ids that are linked now.

    Raises:
        Missing: there is no such incident.
        Refused: it is closed.
    """
    incident = locked(act, number)
    if not incident.is_open:
        raise Refused(
            "nothing was linked to {number}", "it is closed", "netops incident open", number=number
        )
    new = [finding for finding in findings if finding not in incident.findings]
    for finding in new:
        _link(act, number, finding, why)
        _note(act, number, "finding", None, finding, why)
    more = {"place": place} if place and not incident.place else {}
    if more:
        act.connection.execute(incidents.update().where(incidents.c.number == number).values(**more))
    act.record("incident join", number, why=why, after={"findings": new, **more})
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
    incident = locked(act, number)
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
    change(act, incident, "state", changes, incident.state, to, why, verb=f"incident {to}")


def change(
    act: Act, incident: Incident, what: str, values: dict[str, Any], before: Any, after: Any, why: str, *, verb: str
) -> None:
    """Change columns of an incident: one line of its history, one entry of the journal."""
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
