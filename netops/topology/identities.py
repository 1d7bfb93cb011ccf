"""What devices were known by, and since when (身份记录): the storage of `identity`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, String, Table, and_, or_, select

from netops.core.plane import Plane
from netops.core.store import Instant, Store, metadata
from netops.topology import identity
from netops.topology.device import DeviceView
from netops.topology.identity import KINDS, Replacement

device_keys = Table(
    "device_keys",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("device", String(255), primary_key=True),
    Column("kind", String(8), primary_key=True),
    Column("value", String(255), primary_key=True),
    Column("first_seen", Instant, primary_key=True),
    Column("gone_at", Instant),
    Index("ix_device_keys_value", "plane", "kind", "value"),
)
MAX_LOOKED_UP = 24
"""Values by which a device is looked for; the strongest kinds first."""


def known_as(connection: Connection, plane: Plane, told: identity.Keys) -> str:
    """The device that was known by the same keys, or ""."""
    wanted = [(kind, value) for kind in KINDS for value in sorted(told.get(kind, ()))][:MAX_LOOKED_UP]
    if not wanted:
        return ""
    either = or_(*(and_(device_keys.c.kind == kind, device_keys.c.value == value) for kind, value in wanted))
    query = (
        select(device_keys.c.device)
        .distinct()
        .where(device_keys.c.plane == plane, device_keys.c.gone_at.is_(None))
    )
    for device in sorted(row.device for row in connection.execute(query.where(either))):
        if identity.is_same(of(connection, plane, device), told):
            return str(device)
    return ""


def of(connection: Connection, plane: Plane, device: str) -> dict[str, frozenset[str]]:
    """What a device is known by now."""
    query = select(device_keys.c.kind, device_keys.c.value).where(
        device_keys.c.plane == plane, device_keys.c.device == device, device_keys.c.gone_at.is_(None)
    )
    found: dict[str, set[str]] = defaultdict(set)
    for row in connection.execute(query):
        found[row.kind].add(row.value)
    return {kind: frozenset(values) for kind, values in found.items()}


def put(connection: Connection, view: DeviceView, at: datetime) -> None:
    """
    Write down what a device is known by now; a kind that it does not tell this time stays as it was.

    When it turned out to be another box, everything that the old one was known by is gone with it.
    """
    told = identity.keys(view)
    held = of(connection, view.plane, view.key)
    other = identity.replaced(view.plane, view.key, held, told) is not None
    here = (
        device_keys.c.plane == view.plane,
        device_keys.c.device == view.key,
        device_keys.c.gone_at.is_(None),
    )
    for kind, values in held.items():
        gone = values - told.get(kind, frozenset()) if other or kind in told else frozenset[str]()
        for value in gone:
            row = and_(*here, device_keys.c.kind == kind, device_keys.c.value == value)
            connection.execute(device_keys.update().where(row).values(gone_at=at))
    fresh = [
        {
            "plane": view.plane,
            "device": view.key,
            "kind": kind,
            "value": value,
            "first_seen": at,
            "gone_at": None,
        }
        for kind, values in told.items()
        for value in sorted(values - held.get(kind, frozenset()))
    ]
    if fresh:
        connection.execute(device_keys.insert(), fresh)


def replacements(
    store: Store, plane: Plane | None = None, since: datetime | None = None, device: str = ""
) -> list[tuple[datetime, Replacement]]:
    """Boxes that were replaced under their name, or under *device*, with when it was seen, newest first."""
    query = select(device_keys).order_by(device_keys.c.plane, device_keys.c.device)
    if plane is not None:
        query = query.where(device_keys.c.plane == plane)
    if device:
        query = query.where(device_keys.c.device == device)
    if since is not None:
        changed = select(device_keys.c.device).where(device_keys.c.first_seen >= since)
        query = query.where(device_keys.c.device.in_(changed))
    with store.read() as connection:
        rows = connection.execute(query).all()
    by_device: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in rows:
        by_device[row.plane, row.device].append(row)
    found = []
    for (where, device), held in by_device.items():
        for at in sorted({row.first_seen for row in held}):
            if since is not None and at < since:
                continue
            one = identity.replaced(Plane(where), device, _just_before(held, at), _just_after(held, at))
            if one is not None:
                found.append((at, one))
    return sorted(found, key=lambda pair: pair[0], reverse=True)


def _just_before(rows: list[Any], at: datetime) -> Mapping[str, frozenset[str]]:
    return _grouped(
        [row for row in rows if row.first_seen < at and (row.gone_at is None or row.gone_at >= at)]
    )


def _just_after(rows: list[Any], at: datetime) -> Mapping[str, frozenset[str]]:
    return _grouped(
        [row for row in rows if row.first_seen <= at and (row.gone_at is None or row.gone_at > at)]
    )


def _grouped(rows: list[Any]) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        found[row.kind].add(row.value)
    return {kind: frozenset(values) for kind, values in found.items()}
