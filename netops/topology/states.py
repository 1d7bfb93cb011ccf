"""
The states of devices' parts (设备状态): the present one whole, and the way back to every one before it.

One row holds a part's present state and, compressed, the steps back from it; when they have grown large the row is
closed and the next begins. So a year of hourly walks costs what changed, and any past time is read from one row.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Column, Connection, Index, Integer, LargeBinary, Row, String, Table, or_, select

from netops.core.evidence import digest
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.topology import deltas

states = Table(
    "device_states",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("device", String(255), nullable=False),
    Column("part", String(16), nullable=False),
    Column("valid_from", Instant, nullable=False),
    Column("valid_to", Instant),
    Column("sha256", String(64), nullable=False),
    Column("body", Json, nullable=False),
    Column("past", LargeBinary),
    Index("ix_device_states_device", "plane", "device", "part", "valid_to"),
)
PASSING = frozenset({"arp", "fdb"})
"""Kept as they are now only: their history is the sightings."""
MAX_PIECE = 12 * 1024
"""Bytes of steps back in one row: what is read, unpacked and written again at each change."""
Parts = dict[str, Any]


class State(NamedTuple):
    """A part as it stood from one time until another; *until* is None while it stands."""

    plane: Plane
    device: str
    part: str
    since: datetime
    until: datetime | None
    body: Any


def put(connection: Connection, plane: Plane, device: str, parts: Mapping[str, Any], at: datetime) -> None:
    """Write down the parts of a device that are not as they stood."""
    marks = select(states.c.part, states.c.id, states.c.sha256).where(
        states.c.plane == plane, states.c.device == device, states.c.valid_to.is_(None)
    )
    standing = {row.part: row for row in connection.execute(marks)}
    for part, body in parts.items():
        sha256, row = digest(body), standing.get(part)
        if row is None:
            _begin(connection, plane, device, part, body, sha256, at)
        elif row.sha256 != sha256:
            _change(connection, row.id, body, sha256, at)


def _begin(
    connection: Connection, plane: Plane, device: str, part: str, body: Any, sha256: str, at: datetime
) -> None:
    values = {"plane": plane, "device": device, "part": part, "valid_from": at, "valid_to": None}
    connection.execute(states.insert().values(sha256=sha256, body=body, past=None, **values))


def _change(connection: Connection, number: int, body: Any, sha256: str, at: datetime) -> None:
    row = connection.execute(select(states).where(states.c.id == number)).one()
    here = states.update().where(states.c.id == number)
    if row.part in PASSING:
        connection.execute(here.values(valid_from=at, sha256=sha256, body=body))
        return
    steps = deltas.unpacked(row.past)
    piece = deltas.packed([*steps, (at, deltas.back(row.part, row.body, body))])
    if len(piece) > MAX_PIECE:
        # A closed row has its last state among the steps, where it takes a tenth of the room.
        piece = deltas.packed([*steps, (at, {"whole": row.body})])
        connection.execute(here.values(valid_to=at, body="", past=piece))
        _begin(connection, Plane(row.plane), row.device, row.part, body, sha256, at)
        return
    connection.execute(here.values(sha256=sha256, body=body, past=piece))


# ---- reading
def at(
    connection: Connection, plane: Plane | None, when: datetime | None, device: str = ""
) -> dict[tuple[str, str], Parts]:
    """
    Every part of every device (or of one) by plane and name: now, or as it stood at a time.

    Passing parts have no past: at a time before their last change they are not there.
    """
    query = select(states.c.plane, states.c.device, states.c.part, states.c.valid_from, states.c.body)
    if when is None:
        query = query.where(states.c.valid_to.is_(None))
    else:
        query = query.add_columns(states.c.past).where(
            states.c.valid_from <= when, or_(states.c.valid_to.is_(None), states.c.valid_to > when)
        )
    if plane is not None:
        query = query.where(states.c.plane == plane)
    if device:
        query = query.where(states.c.device == device)
    found: dict[tuple[str, str], Parts] = defaultdict(dict)
    for row in connection.execute(query):
        body = row.body
        if when is not None and row.past:
            body = _standing(body, row.valid_from, row.past, when)
        found[row.plane, row.device][row.part] = body
    return found


def _standing(body: Any, since: datetime, past: bytes, when: datetime) -> Any:
    for begun, state in deltas.states(body, since, deltas.unpacked(past)):
        if begun <= when:
            return state
    return body


def history(store: Store, plane: Plane | None, device: str, since: datetime | None = None) -> Iterator[State]:
    """Every state of every part of a device that stood at *since* or later, newest first within each part."""
    query = (
        select(states).where(states.c.device == device).order_by(states.c.part, states.c.valid_from.desc())
    )
    if plane is not None:
        query = query.where(states.c.plane == plane)
    if since is not None:
        query = query.where(or_(states.c.valid_to.is_(None), states.c.valid_to > since))
    with store.read() as connection:
        rows = connection.execute(query).all()
    for row in rows:
        yield from _unrolled(row, since)


def _unrolled(row: Row[Any], since: datetime | None) -> Iterator[State]:
    until = row.valid_to
    for begun, body in deltas.states(row.body, row.valid_from, deltas.unpacked(row.past)):
        if begun == until:
            continue
        yield State(Plane(row.plane), row.device, row.part, begun, until, body)
        until = begun
        if since is not None and begun <= since:
            return
