"""Snapshots (快照): each device's last state, the changes of it, and the terminals that were seen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    bindparam,
    func,
    select,
)

from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.core.walk import DeviceWalk, Note
from netops.topology import identities, identity, states
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
    Index("ix_sightings_plane_switch_last_seen", "plane", "switch", "last_seen"),
    Index("ix_sightings_mac", "mac"),
    Index("ix_sightings_ip", "ip"),
)
PARTS = (
    "system",
    "hardware",
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
REACH = "reach"
"""The part that says since when a device answers, or does not."""
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
        return _put_walk(connection, walk, view, at)


def record_all(store: Store, walks: Sequence[DeviceWalk]) -> list[DeviceView]:
    """Write down several walks in one transaction, each as of its own time."""
    views = [read_view(walk) for walk in walks]
    if not walks:
        return []
    with store.write() as connection:
        return [_put_walk(connection, walk, view, walk.at) for walk, view in zip(walks, views, strict=True)]


def _put_walk(connection: Connection, walk: DeviceWalk, view: DeviceView, at: datetime) -> DeviceView:
    view, row = _settled(connection, view)
    _put_device(
        connection,
        view.plane,
        view.key,
        registered=bool(walk.device) or (row is not None and row.registered),
        address=view.address if walk.device else _address(view, row),
        walked_at=at,
        tried_at=at,
        reachable=True,
        partial=view.partial,
        uptime_seconds=view.system.uptime_seconds,
        why=walk.notes[0].text if walk.notes else "",
        facts=walk.notes[0].facts if walk.notes else {},
    )
    parts = {part: body for part, body in _bodies(view).items() if body or not view.partial}
    states.put(connection, view.plane, view.key, {**parts, REACH: {"answers": True}}, at)
    identities.put(connection, view, at)
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
        device = row.device if row else unseen.device
        states.put(
            connection, unseen.plane, device, {REACH: {"answers": False, "why": unseen.why}}, unseen.at
        )
        _put_device(
            connection,
            unseen.plane,
            device,
            address=unseen.address,
            tried_at=unseen.at,
            reachable=False,
            why=unseen.why,
            facts=unseen.facts,
            **last,
        )


def _settled(connection: Connection, view: DeviceView) -> tuple[DeviceView, Row[Any] | None]:
    """
    The view under the name that its device is kept by, and the row of that device.

    What the register calls it is its name. Another is known by its keys, whichever of its addresses was walked and
    whatever it calls itself now; and a second device of one name is kept by its address.
    """
    if view.device:
        return view, _device_row(connection, view.plane, view.device)
    told = identity.keys(view)
    known = identities.known_as(connection, view.plane, told)
    if known:
        row = _device_row(connection, view.plane, known)
        if row is not None:
            return _named(view, known), row
    row = _device_row(connection, view.plane, view.name)
    if row is None or row.address == view.address or _is_that(connection, view, told):
        return view, row
    return _named(view, view.address), _device_row(connection, view.plane, view.address)


def _named(view: DeviceView, device: str) -> DeviceView:
    return msgspec.structs.replace(view, device="" if device == view.name else device)


def _is_that(connection: Connection, view: DeviceView, told: identity.Keys) -> bool:
    """Whether the device of this name is the one that was walked now by another address of its own."""
    if identity.same(identities.of(connection, view.plane, view.name), told):
        return False  # they compare, and nobody was found by the keys: it is another one
    rows = states.at(connection, view.plane, None, view.name).get((view.plane, view.name), {})
    return view.address in {held["address"] for held in rows.get("addresses", ())}


def _address(view: DeviceView, row: Row[Any] | None) -> str:
    """The address by which a device that nobody registered is known: the one that it has, until it is not its own."""
    own = {held.address for held in view.addresses}
    return row.address if row is not None and row.address in own else view.address


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


def _bodies(view: DeviceView) -> dict[str, Any]:
    bodies = {part: msgspec.to_builtins(getattr(view, part)) for part in PARTS if part != "system"}
    system = msgspec.structs.replace(view.system, uptime_seconds=0.0)
    return {
        "system": {**msgspec.to_builtins(system), "chassis": view.chassis, "known_as": view.name},
        **bodies,
    }


def stamp(connection: Connection) -> tuple[object, ...]:
    """Equal as long as no device was asked, answered or not."""
    query = select(func.count(), func.max(devices.c.tried_at), func.max(devices.c.walked_at))
    return tuple(connection.execute(query).one())


def latest(store: Store, plane: Plane | None = None, at: datetime | None = None) -> list[DeviceView]:
    """
    Every device as it was last seen, by plane and name; at a past time, as it stood then.

    ARP and forwarding tables have no past of their own: at a past time they hold the terminals that were seen then.
    Devices that were first walked later are not there yet.
    """
    known = (
        select(devices).where(devices.c.walked_at.is_not(None)).order_by(devices.c.plane, devices.c.device)
    )
    if plane is not None:
        known = known.where(devices.c.plane == plane)
    with store.read() as connection:
        rows = connection.execute(known).all()
        parts = states.at(connection, plane, at)
        if at is not None:
            _recalled(connection, plane, at, parts)
    return [
        _view(row, held, at)
        for row in rows
        if (held := parts.get((row.plane, row.device))) and held.keys() - {REACH}
    ]


def _recalled(
    connection: Connection, plane: Plane | None, at: datetime, parts: dict[tuple[str, str], states.Parts]
) -> None:
    """ARP and forwarding rows of a past time, out of the terminals that stood then, each where it was last seen by then."""
    query = select(spans).where(spans.c.first_seen <= at, spans.c.last_seen >= at - PAUSE)
    query = query.order_by(spans.c.first_seen)
    if plane is not None:
        query = query.where(spans.c.plane == plane)
    numbers = {
        key: {one["name"]: one["if_index"] for one in held.get("interfaces", ())}
        for key, held in parts.items()
    }
    standing = {(row.plane, row.ip, row.mac): row for row in connection.execute(query)}
    for row in standing.values():
        for device, port, part, fields in (
            (row.device, row.interface, "arp", {"ip": row.ip, "mac": row.mac}),
            (row.switch, row.port, "fdb", {"mac": row.mac, "vlan": row.vlan}),
        ):
            held = parts.get((row.plane, device))
            if held is None or not all(fields[name] for name in ("ip", "mac") if name in fields):
                continue
            number = numbers[row.plane, device].get(port, 0)
            held.setdefault(f"past {part}", []).append({"if_index": number, "interface": port, **fields})
    for held in parts.values():
        for part in states.PASSING:
            if part not in held:
                held[part] = held.pop(f"past {part}", [])
            held.pop(f"past {part}", None)


def _view(row: Row[Any], parts: Mapping[str, Any], at: datetime | None) -> DeviceView:
    system, reach = dict(parts.get("system", {})), parts.get(REACH, {"answers": row.reachable})
    chassis, name = system.pop("chassis", ""), system.pop("known_as", row.device)
    walked = row.walked_at if at is None or not reach["answers"] else min(row.walked_at, at)
    return msgspec.convert(
        {
            "plane": row.plane,
            "name": name,
            "address": row.address,
            "at": walked,
            "device": row.device if row.registered or row.device != name else "",
            "registered": row.registered,
            "stale": not reach["answers"],
            "partial": row.partial,
            "chassis": chassis,
            "system": {**system, "uptime_seconds": row.uptime_seconds},
            **{part: body for part, body in parts.items() if part not in ("system", REACH)},
        },
        DeviceView,
    )


def reachable(store: Store) -> dict[tuple[Plane, str], bool]:
    """Whether each device that was ever asked answered the last time."""
    with store.read() as connection:
        rows = connection.execute(select(devices.c.plane, devices.c.device, devices.c.reachable)).all()
    return {(Plane(row.plane), row.device): row.reachable for row in rows}


def answering(store: Store, plane: Plane, since: datetime) -> set[str]:
    """Devices that answered the last time they were asked, and were last walked after *since*."""
    query = select(devices.c.device).where(devices.c.plane == plane, devices.c.reachable.is_(True), devices.c.walked_at > since)
    with store.read() as connection:
        return set(connection.execute(query).scalars())


def doubts(store: Store) -> dict[tuple[Plane, str], Note]:
    """Devices that were read in part the last time, each with the first reason."""
    query = select(devices).where(devices.c.reachable.is_(True), devices.c.partial.is_(True))
    with store.read() as connection:
        return {(Plane(row.plane), row.device): Note(row.why, row.facts) for row in connection.execute(query)}


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
        ended, fresh, grown = [], [], []
        for one in seen:
            row = standing.get((one.ip, one.mac))
            if row is not None and (_moved(row, one) or at - row.last_seen > PAUSE):
                ended.append({"row": row.id})
                row = None
            if row is None:
                fresh.append(_span(plane, one, at))
            else:
                grown.append(_growth(row, one, at))
        here = spans.update().where(spans.c.id == bindparam("row"))
        if ended:
            connection.execute(here.values(is_open=False), ended)
        if fresh:
            connection.execute(spans.insert(), fresh)
        if grown:
            connection.execute(here.values({name: bindparam(f"now_{name}") for name in GROWING}), grown)


GROWING = ("last_seen", "alive_at", "device", "interface", "switch", "port", "vlan")


def _span(plane: Plane, one: Sighting, at: datetime) -> dict[str, Any]:
    return {
        "plane": plane,
        "ip": one.ip,
        "mac": one.mac,
        "switch": one.switch,
        "port": one.port,
        "vlan": one.vlan,
        "device": one.device,
        "interface": one.interface,
        "first_seen": at,
        "last_seen": at,
        "alive_at": at if one.alive else None,
        "is_open": True,
    }


def _growth(row: Row[Any], one: Sighting, at: datetime) -> dict[str, Any]:
    place = one if one.switch else row
    grown = {
        "last_seen": at,
        "alive_at": at if one.alive else row.alive_at,
        "device": one.device,
        "interface": one.interface,
        "switch": place.switch,
        "port": place.port,
        "vlan": place.vlan,
    }
    return {"row": row.id} | {f"now_{name}": value for name, value in grown.items()}


def _moved(row: Row[Any], one: Sighting) -> bool:
    return bool(row.switch and one.switch and (row.switch, row.port) != (one.switch, one.port))


def sightings(
    store: Store,
    plane: Plane | None,
    since: datetime | None = None,
    *,
    at: datetime | None = None,
    ip: str = "",
    mac: str = "",
    switch: str = "",
) -> list[SightingSpan]:
    """
    Spans of a plane (of every plane for None), oldest first.

    Args:
        since: only those that lasted until then or later.
        at: only those that had begun by then, as they are known today.
        ip, mac: only of this terminal. switch: only those that were seen at its ports.
    """
    query = select(spans).order_by(spans.c.first_seen, spans.c.id)
    wanted = {spans.c.plane: plane, spans.c.ip: ip, spans.c.mac: mac, spans.c.switch: switch}
    for column, value in wanted.items():
        if value:
            query = query.where(column == value)
    if since is not None:
        query = query.where(spans.c.last_seen >= since)
    if at is not None:
        query = query.where(spans.c.first_seen <= at)
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
