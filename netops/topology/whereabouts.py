"""Whereabouts: where one address or card was seen, and which device has it; asked by index, however large the store."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Row, Text, cast, func, or_, select

from netops.core.plane import Plane
from netops.core.store import Store
from netops.topology import deltas
from netops.topology import states as stored
from netops.topology.sightings import SightingSpan
from netops.topology.snapshots import devices, spans
from netops.topology.states import states

MOST = 20
"""Devices that have the same address or card, at most."""


class Holder(msgspec.Struct, frozen=True):
    """A device that has an address or a card of its own, at which interface, and when it said so."""

    device: str
    interface: str
    at: datetime | None
    stale: bool


def seen(
    store: Store, plane: Plane, *, ip: str = "", mac: str = "", at: datetime | None = None, limit: int = 50
) -> list[SightingSpan]:
    """The newest spans of an address or a card, oldest first; at a past time, those that held then."""
    query = select(spans).where(_is_of(plane))
    for column, value in ((spans.c.ip, ip), (spans.c.mac, mac)):
        query = query.where(column == value) if value else query
    if at is not None:
        query = query.where(spans.c.first_seen <= at, spans.c.last_seen >= at)
    with store.read() as connection:
        rows = connection.execute(
            query.order_by(spans.c.last_seen.desc(), spans.c.id.desc()).limit(limit)
        ).all()
    return [_span(row) for row in reversed(rows)]


def _is_of(plane: Plane) -> ColumnElement[bool]:
    """
    The plane as an expression, so that SQLite asks the index of the address or the card.

    Without statistics it would rather read all of the plane in the order of time.
    """
    return func.lower(spans.c.plane) == str(plane)


def nearest(store: Store, plane: Plane, at: datetime, *, ip: str = "", mac: str = "") -> list[SightingSpan]:
    """The last span of an address or a card that ended before a time, and the first one that began after it."""
    column, value = (spans.c.ip, ip) if ip else (spans.c.mac, mac)
    mine = select(spans).where(_is_of(plane), column == value)
    before = mine.where(spans.c.last_seen < at).order_by(spans.c.last_seen.desc()).limit(1)
    after = mine.where(spans.c.first_seen > at).order_by(spans.c.first_seen).limit(1)
    with store.read() as connection:
        return [_span(row) for query in (before, after) for row in connection.execute(query)]


def _span(row: Row[Any]) -> SightingSpan:
    return SightingSpan(
        Plane(row.plane), row.ip, row.mac, row.switch, row.port, row.vlan, row.device, row.interface, row.first_seen,
        row.last_seen, row.alive_at,
    )  # fmt: skip


def starting(store: Store, plane: Plane, *, ip: str = "", mac: str = "", limit: int = 50) -> list[str]:
    """Addresses or cards that begin so, in order."""
    column, start = (spans.c.ip, ip) if ip else (spans.c.mac, mac)
    query = select(column).where(spans.c.plane == plane, column >= start, column < start + "\uffff")
    with store.read() as connection:
        return list(connection.execute(query.distinct().order_by(column).limit(limit)).scalars())


def ending(store: Store, plane: Plane, mac: str, limit: int = 50) -> list[str]:
    """Cards whose MAC ends so, in order."""
    query = select(spans.c.mac).where(spans.c.plane == plane, spans.c.mac.like(f"%{mac}"))
    with store.read() as connection:
        return list(connection.execute(query.distinct().order_by(spans.c.mac).limit(limit)).scalars())


def holders(
    store: Store, plane: Plane, *, address: str = "", mac: str = "", at: datetime | None = None
) -> list[Holder]:
    """Devices that have an address or a MAC of their own, now or at a past time."""
    part, key, value = ("addresses", "address", address) if address else ("interfaces", "mac", mac)
    mine = select(states.c.device, states.c.valid_from, states.c.body, states.c.past).where(
        states.c.plane == plane, states.c.part == part
    )
    named = cast(states.c.body, Text).contains(f'"{key}":"{value}"', autoescape=True)
    if at is None:
        query = mine.where(states.c.valid_to.is_(None), named)
    else:  # what stood then may be hidden in the steps back
        then = (states.c.valid_from <= at, or_(states.c.valid_to.is_(None), states.c.valid_to > at))
        query = mine.where(*then, or_(named, states.c.past.is_not(None)))
    with store.read() as connection:
        bodies = [(row.device, _then(row, at)) for row in connection.execute(query.order_by(states.c.device))]
        found = [(device, one) for device, body in bodies for one in body if one.get(key) == value][:MOST]
        known = {
            row.device: row
            for row in connection.execute(
                select(devices).where(
                    devices.c.plane == plane, devices.c.device.in_({name for name, _ in found})
                )
            )
        }
    return [_holder(device, one, known.get(device)) for device, one in found]


def _then(row: Any, at: datetime | None) -> list[dict[str, Any]]:
    body: list[dict[str, Any]] = row.body
    if at is not None and row.past:
        steps = deltas.states(row.body, row.valid_from, deltas.unpacked(row.past))
        body = next((state for begun, state in steps if begun <= at), [])
    return body


def _holder(name: str, one: dict[str, Any], device: Row[Any] | None) -> Holder:
    where = str(one.get("interface") or one.get("name") or "")
    return Holder(name, where, device.walked_at if device else None, device is None or not device.reachable)


def state(store: Store, plane: Plane, device: str, at: datetime | None = None) -> dict[str, Any]:
    """When a device was last walked, whether it answers, and how many interfaces it has; empty when it never was walked."""
    with store.read() as connection:
        row = connection.execute(
            select(devices).where(devices.c.plane == plane, devices.c.device == device)
        ).first()
        parts = stored.at(connection, plane, at, device).get((str(plane), device), {})
    if row is None or row.walked_at is None or (not parts and at is not None):
        return {}
    return {"interfaces": len(parts.get("interfaces") or ()), "at": row.walked_at, "stale": not row.reachable}
