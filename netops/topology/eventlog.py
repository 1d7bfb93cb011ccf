"""The event log (事件记录): what devices told by themselves, folded, and who sent how much."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Row, String, Table, Text, func, select

from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.topology.events import Event

device_events = Table(
    "device_events",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("device", String(255), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("oid", String(255), nullable=False),
    Column("if_index", BigInteger, nullable=False),
    Column("interface", String(255), nullable=False),
    Column("detail", Json, nullable=False),
    Column("version", String(4), nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
    Column("count", BigInteger, nullable=False),
    Index("ix_device_events_device", "plane", "device", "last_at"),
)
OUTCOMES = ("accepted", "repeated", "limited", "refused", "malformed", "unknown")
trap_sources = Table(
    "trap_sources",
    metadata,
    Column("source", String(64), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("device", String(255), nullable=False),
    *(Column(name, BigInteger, nullable=False) for name in OUTCOMES),
    Column("why", Text, nullable=False),
    Column("first_at", Instant, nullable=False),
    Column("last_at", Instant, nullable=False),
)
FOLD = timedelta(seconds=60)
"""The same again within so long makes no new row: a flapping port is one row with its count."""
FOLD_OTHER = timedelta(days=1)
MAX_OTHER = 64
"""Kinds of unknown notifications of one device and day; later ones are counted together."""
MAX_SOURCES = 2000
KEPT = timedelta(days=730)


# ---- events
def write(store: Store, told: Iterable[Event]) -> None:
    """Write down events in one transaction, the same ones folded."""
    with store.write() as connection:
        for one in told:
            _put(connection, one)


def _put(connection: Connection, one: Event) -> None:
    table, is_other = device_events.c, one.kind == "other"
    since = one.last_at - (FOLD_OTHER if is_other else FOLD)
    same = (
        table.plane == one.plane,
        table.device == one.device,
        table.kind == one.kind,
        table.last_at >= since,
    )
    if is_other and _distinct(connection, same, one.oid) >= MAX_OTHER:
        one = msgspec.structs.replace(one, oid="", detail={})
    where = (*same, table.oid == one.oid, table.if_index == one.if_index)
    row = connection.execute(select(device_events).where(*where).order_by(table.last_at.desc())).first()
    if row is None:
        connection.execute(device_events.insert().values(**msgspec.structs.asdict(one)))
        return
    connection.execute(
        device_events.update()
        .where(table.id == row.id)
        .values(
            count=row._mapping["count"] + one.count,
            last_at=max(row.last_at, one.last_at),
            detail=one.detail,
            interface=one.interface or row.interface,
        )
    )


def _distinct(connection: Connection, same: tuple[Any, ...], oid: str) -> int:
    """How many other kinds of unknown notifications there are lately."""
    query = select(func.count(device_events.c.oid.distinct())).where(*same, device_events.c.oid != oid)
    return int(connection.execute(query).scalar() or 0)


def events(
    store: Store,
    plane: Plane | None = None,
    device: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 1000,
) -> list[Event]:
    """Events, newest first; every argument narrows. One that lasted into the time asked for belongs to it."""
    query = (
        select(device_events).order_by(device_events.c.last_at.desc(), device_events.c.id.desc()).limit(limit)
    )
    if plane is not None:
        query = query.where(device_events.c.plane == plane)
    if device:
        query = query.where(device_events.c.device == device)
    if since is not None:
        query = query.where(device_events.c.last_at >= since)
    if until is not None:
        query = query.where(device_events.c.first_at <= until)
    with store.read() as connection:
        return [_event(row) for row in connection.execute(query)]


def _event(row: Row[Any]) -> Event:
    values = {name: row._mapping[name] for name in Event.__struct_fields__}
    return Event(**values | {"plane": Plane(row.plane)})


def prune(store: Store, now: datetime) -> None:
    """Leave out events older than two years."""
    with store.write() as connection:
        connection.execute(device_events.delete().where(device_events.c.last_at < now - KEPT))


# ---- who sends
class Source(msgspec.Struct, frozen=True):
    """
    An address that sent notifications, and what became of them, since *first_at*.

    Args:
        device: its name in the register, or "" when nobody knows the address.
        why: why the last one was refused or could not be read, or "".
    """

    source: str
    plane: str
    device: str
    accepted: int
    repeated: int
    limited: int
    refused: int
    malformed: int
    unknown: int
    why: str
    first_at: datetime
    last_at: datetime


def count(
    store: Store,
    counts: Mapping[str, Mapping[str, int]],
    reasons: Mapping[str, str],
    names: Mapping[str, tuple[str, str]],
    at: datetime,
) -> None:
    """Add to what each source sent; beyond a bound, sources that nobody knows are not begun."""
    if not counts:
        return
    with store.write() as connection:
        known = {row.source: row for row in connection.execute(select(trap_sources))}
        for source, counted in counts.items():
            plane, device = names.get(source, ("", ""))
            row = known.get(source)
            if row is None and not device and len(known) >= MAX_SOURCES:
                continue
            values = {name: counted.get(name, 0) + (getattr(row, name) if row else 0) for name in OUTCOMES}
            told = {"plane": plane, "device": device, "last_at": at, **values}
            if source in reasons:
                told["why"] = reasons[source]
            if row is None:
                fresh = {"why": "", "first_at": at, "source": source} | told
                connection.execute(trap_sources.insert().values(**fresh))
                known[source] = fresh  # type: ignore[assignment] # counted, not read again
            else:
                connection.execute(
                    trap_sources.update().where(trap_sources.c.source == source).values(**told)
                )


def sources(store: Store) -> list[Source]:
    """Every address that sent something, known ones first, then by how much."""
    with store.read() as connection:
        rows = connection.execute(select(trap_sources)).all()
    found = [Source(**row._mapping) for row in rows]
    return sorted(found, key=lambda one: (not one.device, one.device, -one.unknown, one.source))
