"""The proceedings (处置记录): what happened and was done about each incident, as it was recorded; only ever added to. Storage."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Integer, String, Table, Text, func, select

from netops.core.journal import Act
from netops.core.store import Instant, Json, Store, metadata
from netops.incidents.incident import Event

events = Table(
    "incident_events",
    metadata,
    Column("incident", String(24), primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(24), nullable=False, index=True),
    Column("at", Instant, nullable=False),
    Column("recorded", Instant, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("text", Text, nullable=False),
    Column("detail", Json, nullable=False),
)


def listed(store: Store, incident: str, kinds: Collection[str] = ()) -> list[Event]:
    """What is recorded about an incident, in the order of recording; only of these *kinds* when any are given."""
    with store.read() as connection:
        return within(connection, incident, kinds)


def within(connection: Connection, incident: str, kinds: Collection[str] = ()) -> list[Event]:
    """As `listed`, inside an open transaction."""
    query = select(events).where(events.c.incident == incident).order_by(events.c.seq)
    if kinds:
        query = query.where(events.c.kind.in_(sorted(kinds)))
    return [
        Event(row.seq, row.kind, row.at, row.recorded, row.actor, row.text, row.detail)
        for row in connection.execute(query)
    ]


def of_kinds(store: Store, kinds: Collection[str]) -> dict[str, list[Event]]:
    """Events of these kinds of every incident, by its number."""
    query = select(events).where(events.c.kind.in_(sorted(kinds))).order_by(events.c.incident, events.c.seq)
    found: dict[str, list[Event]] = {}
    with store.read() as connection:
        for row in connection.execute(query):
            one = Event(row.seq, row.kind, row.at, row.recorded, row.actor, row.text, row.detail)
            found.setdefault(row.incident, []).append(one)
    return found


def add(act: Act, incident: str, kind: str, at: datetime, text: str = "", **detail: Any) -> Event:
    """Record that something happened or was done; the journal has it too."""
    last = act.connection.execute(
        select(func.max(events.c.seq)).where(events.c.incident == incident)
    ).scalar()
    one = Event((last or 0) + 1, kind, at, act.at, act.actor, text, detail)
    act.connection.execute(
        events.insert().values(
            incident=incident, seq=one.seq, kind=kind, at=at, recorded=act.at, actor=act.actor, text=text,
            detail=detail,
        )
    )  # fmt: skip
    act.record(f"incident {kind}", incident, why=text, after={"at": at, **detail})
    return one
