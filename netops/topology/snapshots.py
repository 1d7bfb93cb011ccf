"""Snapshots (快照): each device's last state, the changes of it, and the terminals that were seen."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    Connection,
    Float,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    or_,
    select,
)

from netops.core.evidence import digest
from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.core.walk import DeviceWalk
from netops.topology.device import DeviceView
from netops.topology.reading import view as read_view
from netops.topology.sightings import SightingSpan

devices = Table(
    "devices",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("device", String(255), primary_key=True),
    Column("registered", Boolean, nullable=False),
    Column("address", String(64), nullable=False),
    Column("walked_at", Instant),
    Column("tried_at", Instant, nullable=False),
    Column("reachable", Boolean, nullable=False),
    Column("partial", Boolean, nullable=False),
    Column("uptime_seconds", Float, nullable=False),
    Column("why", Text, nullable=False),
    Column("facts", Json, nullable=False),
)
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
    Index("ix_device_states_device", "plane", "device", "part", "valid_to"),
)
spans = Table(
    "sightings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("ip", String(45), nullable=False),
    Column("mac", String(17), nullable=False),
    Column("switch", String(255), nullable=False),
    Column("port", String(255), nullable=False),
    Column("vlan", Integer, nullable=False),
    Column("device", String(255), nullable=False),
    Column("interface", String(255), nullable=False),
    Column("first_seen", Instant, nullable=False),
    Column("last_seen", Instant, nullable=False),
    Column("alive_at", Instant),
    Column("is_open", Boolean, nullable=False),
    Index("ix_sightings_plane_last_seen", "plane", "last_seen"),
    Index("ix_sightings_mac", "mac"),
    Index("ix_sightings_ip", "ip"),
)
PARTS = (
    "system",
    "interfaces",
    "addresses",
    "routes",
    "vlans",
    "neighbors",
    "ports",
    "adjacencies",
    "stp",
    "arp",
    "fdb",
)
PASSING = ("arp", "fdb")
"""Kept as they are now only: their history is the sightings."""
PAUSE = timedelta(days=7)
"""A terminal that was away for longer starts a new span."""


# ---- devices
def record(store: Store, walk: DeviceWalk, at: datetime) -> DeviceView:
    """
    Write down one walk in one transaction; only what changed makes a new row.

    A part that a partial walk could not read keeps its last state.
    """
    view = read_view(walk)
    with store.write() as connection:
        view = _settled_name(connection, view)
        _put_device(
            connection,
            view.plane,
            view.key,
            registered=bool(walk.device),
            address=view.address,
            walked_at=at,
            tried_at=at,
            reachable=True,
            partial=view.partial,
            uptime_seconds=view.system.uptime_seconds,
            why=walk.notes[0].text if walk.notes else "",
            facts=walk.notes[0].facts if walk.notes else {},
        )
        standing = {row.part: row for row in connection.execute(_current(view.plane, view.key))}
        for part, body in _bodies(view).items():
            if body or not view.partial:
                _put_state(connection, view, part, body, standing.get(part), at)
    return view


def fail(store: Store, unseen: Unreachable) -> None:
    """Write down that a device did not answer: its last state stays, marked stale."""
    with store.write() as connection:
        row = _device_row(connection, unseen.plane, unseen.device) or _by_address(connection, unseen)
        last: dict[str, Any] = {
            "registered": unseen.device != unseen.address,
            "walked_at": None,
            "partial": False,
            "uptime_seconds": 0.0,
        }
        if row is not None:
            last = {name: getattr(row, name) for name in last}
        _put_device(
            connection,
            unseen.plane,
            row.device if row else unseen.device,
            address=unseen.address,
            tried_at=unseen.at,
            reachable=False,
            why=unseen.why,
            facts=unseen.facts,
            **last,
        )


def _settled_name(connection: Connection, view: DeviceView) -> DeviceView:
    """A name is never an identity by itself: a second device of the same name is kept by its address."""
    if view.device:
        return view
    row = _device_row(connection, view.plane, view.name)
    if row is None or row.address == view.address:
        return view
    return msgspec.structs.replace(
        view, device=row.device if row.registered and row.address == view.address else view.address
    )


def _device_row(connection: Connection, plane: Plane, device: str) -> Row[Any] | None:
    return connection.execute(
        select(devices).where(devices.c.plane == plane, devices.c.device == device)
    ).first()


def _by_address(connection: Connection, unseen: Unreachable) -> Row[Any] | None:
    """The row of an unregistered device that was walked by this address."""
    where = (
        devices.c.plane == unseen.plane,
        devices.c.address == unseen.address,
        devices.c.registered.is_(False),
    )
    return connection.execute(select(devices).where(*where).order_by(devices.c.device)).first()


def _put_device(connection: Connection, plane: Plane, device: str, **values: Any) -> None:
    where = and_(devices.c.plane == plane, devices.c.device == device)
    if connection.execute(devices.update().where(where).values(**values)).rowcount == 0:
        connection.execute(devices.insert().values(plane=plane, device=device, **values))


def _current(plane: Plane, device: str) -> Any:
    return select(states).where(
        states.c.plane == plane, states.c.device == device, states.c.valid_to.is_(None)
    )


def _bodies(view: DeviceView) -> dict[str, Any]:
    bodies = {part: msgspec.to_builtins(getattr(view, part)) for part in PARTS if part != "system"}
    system = msgspec.structs.replace(view.system, uptime_seconds=0.0)
    return {
        "system": {**msgspec.to_builtins(system), "chassis": view.chassis, "known_as": view.name},
        **bodies,
    }


def _put_state(
    connection: Connection, view: DeviceView, part: str, body: Any, row: Row[Any] | None, at: datetime
) -> None:
    sha256 = digest(body)
    if row is not None and row.sha256 == sha256:
        return
    if row is not None and part in PASSING:
        connection.execute(
            states.update().where(states.c.id == row.id).values(valid_from=at, sha256=sha256, body=body)
        )
        return
    if row is not None:
        connection.execute(states.update().where(states.c.id == row.id).values(valid_to=at))
    connection.execute(
        states.insert().values(
            plane=view.plane,
            device=view.key,
            part=part,
            valid_from=at,
            valid_to=None,
            sha256=sha256,
            body=body,
        )
    )


def latest(store: Store, plane: Plane | None = None, at: datetime | None = None) -> list[DeviceView]:
    """
    Every device as it was last seen, by plane and name; at a past time, as it stood then.

    ARP and forwarding tables have no past: at a past time they are there only when nothing changed since.
    """
    known = (
        select(devices).where(devices.c.walked_at.is_not(None)).order_by(devices.c.plane, devices.c.device)
    )
    held = select(states)
    if at is None:
        held = held.where(states.c.valid_to.is_(None))
    else:
        held = held.where(states.c.valid_from <= at, or_(states.c.valid_to.is_(None), states.c.valid_to > at))
    if plane is not None:
        known, held = known.where(devices.c.plane == plane), held.where(states.c.plane == plane)
    with store.read() as connection:
        rows = connection.execute(known).all()
        parts: dict[tuple[str, str], dict[str, Any]] = defaultdict(dict)
        for row in connection.execute(held):
            parts[row.plane, row.device][row.part] = row.body
    return [_view(row, parts[row.plane, row.device]) for row in rows if parts.get((row.plane, row.device))]


def _view(row: Row[Any], parts: Mapping[str, Any]) -> DeviceView:
    system = dict(parts.get("system", {}))
    chassis, name = system.pop("chassis", ""), system.pop("known_as", row.device)
    return msgspec.convert(
        {
            "plane": row.plane,
            "name": name,
            "address": row.address,
            "at": row.walked_at,
            "device": row.device if row.registered or row.device != name else "",
            "stale": not row.reachable,
            "partial": row.partial,
            "chassis": chassis,
            "system": {**system, "uptime_seconds": row.uptime_seconds},
            **{part: body for part, body in parts.items() if part != "system"},
        },
        DeviceView,
    )


def reachable(store: Store) -> dict[tuple[Plane, str], bool]:
    """Whether each device that was ever asked answered the last time."""
    with store.read() as connection:
        rows = connection.execute(select(devices.c.plane, devices.c.device, devices.c.reachable)).all()
    return {(Plane(row.plane), row.device): row.reachable for row in rows}


def silent(store: Store, plane: Plane | None = None) -> list[Unreachable]:
    """Devices that did not answer the last time, each with why."""
    query = select(devices).where(devices.c.reachable.is_(False)).order_by(devices.c.plane, devices.c.device)
    if plane is not None:
        query = query.where(devices.c.plane == plane)
    with store.read() as connection:
        return [
            Unreachable(Plane(row.plane), row.device, row.address, row.tried_at, row.why, row.facts)
            for row in connection.execute(query)
        ]


def changes(store: Store, device: str, since: datetime | None = None) -> list[dict[str, Any]]:
    """Every kept state of a device, newest first: part, from, to, body."""
    query = (
        select(states).where(states.c.device == device).order_by(states.c.valid_from.desc(), states.c.part)
    )
    if since is not None:
        query = query.where(states.c.valid_from >= since)
    with store.read() as connection:
        return [
            {
                "plane": row.plane,
                "part": row.part,
                "valid_from": row.valid_from,
                "valid_to": row.valid_to,
                "body": row.body,
            }
            for row in connection.execute(query)
        ]


# ---- sightings
def keep(store: Store, plane: Plane, seen: Iterable[Sighting], at: datetime) -> None:
    """Write down sightings: a span grows while a terminal stays, and ends when it moves or was away for long."""
    with store.write() as connection:
        standing = {
            (row.ip, row.mac): row
            for row in connection.execute(
                select(spans).where(spans.c.plane == plane, spans.c.is_open.is_(True))
            )
        }
        for one in seen:
            row = standing.get((one.ip, one.mac))
            if row is not None and (_moved(row, one) or at - row.last_seen > PAUSE):
                connection.execute(spans.update().where(spans.c.id == row.id).values(is_open=False))
                row = None
            if row is None:
                connection.execute(
                    spans.insert().values(
                        plane=plane,
                        ip=one.ip,
                        mac=one.mac,
                        switch=one.switch,
                        port=one.port,
                        vlan=one.vlan,
                        device=one.device,
                        interface=one.interface,
                        first_seen=at,
                        last_seen=at,
                        alive_at=at if one.alive else None,
                        is_open=True,
                    )
                )
            else:
                located = {"switch": one.switch, "port": one.port, "vlan": one.vlan} if one.switch else {}
                alive = {"alive_at": at} if one.alive else {}
                connection.execute(
                    spans.update()
                    .where(spans.c.id == row.id)
                    .values(last_seen=at, device=one.device, interface=one.interface, **located, **alive)
                )


def _moved(row: Row[Any], one: Sighting) -> bool:
    return bool(row.switch and one.switch and (row.switch, row.port) != (one.switch, one.port))


def sightings(store: Store, plane: Plane | None, since: datetime | None = None) -> list[SightingSpan]:
    """Spans of a plane (of every plane for None) that lasted until *since* or later, oldest first."""
    query = select(spans).order_by(spans.c.first_seen, spans.c.id)
    if plane is not None:
        query = query.where(spans.c.plane == plane)
    if since is not None:
        query = query.where(spans.c.last_seen >= since)
    with store.read() as connection:
        return [
            SightingSpan(
                Plane(row.plane),
                row.ip,
                row.mac,
                row.switch,
                row.port,
                row.vlan,
                row.device,
                row.interface,
                row.first_seen,
                row.last_seen,
                row.alive_at,
            )
            for row in connection.execute(query)
        ]
