"""Storage of allocations: who has, or ever had, which addresses; asked here, decided in `ledger`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Column, Connection, Index, Row, String, Table, Text, and_, or_, select

from netops.addresses.allocation import HOLDING, Allocation, AllocationState, Origin
from netops.addresses.span import Span, number, shown
from netops.core.columns import partial_index
from netops.core.errors import Missing
from netops.core.plane import Plane
from netops.core.store import Address, Instant, Json, Prepared, Store, metadata

held = Table(
    "allocations",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("plane", String(8), nullable=False),
    Column("first", Address, nullable=False),
    Column("last", Address, nullable=False),
    Column("organization", String(64), nullable=False, index=True),
    Column("declaration", String(64), nullable=False, index=True),
    Column("purpose", Text, nullable=False),
    Column("state", String(12), nullable=False),
    Column("origin", String(12), nullable=False),
    Column("since", Instant, nullable=False),
    Column("until", Instant),
    Column("cause", Text, nullable=False),
    Column("free_after", Instant),
    Column("mac", String(17), nullable=False, default="", server_default=""),
    Column("device", String(128), nullable=False, default="", server_default=""),
    Column("note", Text, nullable=False, default="", server_default=""),
    Column("tags", Json, nullable=False, default=(), server_default="[]"),
    Column("over_quota", Text, nullable=False, default="", server_default=""),
)
partial_index("ix_allocations_ending", held.c.plane, held.c.free_after, where=held.c.free_after.is_not(None))
Index("ix_allocations_plane_first", held.c.plane, held.c.first)
partial_index(
    "ix_allocations_blocks",
    held.c.plane,
    held.c.first,
    held.c.last,
    where=held.c.first != held.c.last,
)
HOLD = Prepared(held.insert())


def holding(connection: Connection, plane: Plane) -> dict[str, Allocation]:
    """Allocations of a plane that hold their addresses now, by number."""
    rows = connection.execute(select(held).where(held.c.plane == plane, held.c.state.in_(HOLDING)))
    return {row.id: record_of(row) for row in rows}


def within(connection: Connection, plane: Plane, span: Span) -> list[Allocation]:
    """Allocations of a plane that hold an address of *span* now, by address."""
    query = select(held).where(held.c.plane == plane, held.c.state.in_(HOLDING)).order_by(held.c.first)
    rows = connection.execute(query.where(held.c.first <= span.last, held.c.last >= span.first))
    return [record_of(row) for row in rows]


def allocations(
    store: Store,
    plane: Plane | None = None,
    at: datetime | None = None,
    *,
    within: Span | None = None,
    organization: str = "",
    declaration: str = "",
) -> list[Allocation]:
    """
    Allocations that hold their addresses now, or held them at a past time; by plane and address.

    What was given back since *at* is shown as it stood then: without *until*, *cause* and quarantine.
    """
    query = select(held).order_by(held.c.plane, held.c.first, held.c.since)
    if at is None:
        query = query.where(held.c.state.in_(HOLDING))
    else:
        query = query.where(held.c.since <= at, or_(held.c.until.is_(None), held.c.until > at))
    if plane is not None:
        query = query.where(held.c.plane == plane)
    if within is not None:
        query = query.where(held.c.first <= within.last, held.c.last >= within.first)
    if organization:
        query = query.where(held.c.organization == organization)
    if declaration:
        query = query.where(held.c.declaration == declaration)
    with store.read() as connection:
        return [record_of(row, at) for row in connection.execute(query)]


def page(
    store: Store,
    planes: Collection[Plane],
    limit: int,
    after: tuple[str, str, str] | None = None,
    *,
    states: Collection[AllocationState] = HOLDING,
    within: Span | None = None,
    organization: str = "",
    declaration: str = "",
) -> list[Allocation]:
    """
    Up to *limit* allocations by plane, address and number, from the one after *after* on: however many there are.

    Args:
        after: plane, first address and number of an allocation.
    """
    order = held.c.plane, held.c.first, held.c.id
    query = select(held).where(held.c.plane.in_(planes), held.c.state.in_(states)).order_by(*order).limit(limit)
    if after is not None:
        plane, first, name = after[0], number(after[1]), after[2]
        query = query.where(or_(
            held.c.plane > plane, and_(held.c.plane == plane, or_(
                held.c.first > first, and_(held.c.first == first, held.c.id > name)))))  # fmt: skip
    if within is not None:
        query = query.where(held.c.first <= within.last, held.c.last >= within.first)
    if organization:
        query = query.where(held.c.organization == organization)
    if declaration:
        query = query.where(held.c.declaration == declaration)
    with store.read() as connection:
        return [record_of(row) for row in connection.execute(query)]


def history(store: Store, span: Span, plane: Plane | None = None) -> list[Allocation]:
    """Every allocation that ever held an address of *span*, oldest first."""
    query = select(held).where(held.c.first <= span.last, held.c.last >= span.first).order_by(held.c.since)
    if plane is not None:
        query = query.where(held.c.plane == plane)
    with store.read() as connection:
        return [record_of(row) for row in connection.execute(query)]


def around(store: Store, plane: Plane, address: int, limit: int = 100) -> list[Allocation]:
    """
    The newest allocations that ever held one address, oldest first, however many there are of others.

    Single addresses are found by their first one, runs by an index of runs only.
    """
    alone = select(held).where(held.c.plane == plane, held.c.first == address)
    runs = select(held).where(
        held.c.plane == plane, held.c.first <= address, held.c.last >= address, held.c.first != held.c.last
    )
    with store.read() as connection:
        found = {
            row.id: record_of(row)
            for query in (alone, runs)
            for row in connection.execute(query.order_by(held.c.since.desc()).limit(limit))
            if row.last >= address
        }
    return sorted(found.values(), key=lambda one: (one.since, one.id))[-limit:]


def under(
    store: Store, *, declaration: str = "", organization: str = "", limit: int = 100
) -> list[Allocation]:
    """The newest allocations ever made under a declaration or to an organization, oldest first."""
    query = select(held).order_by(held.c.since.desc(), held.c.id.desc()).limit(limit)
    if declaration:
        query = query.where(held.c.declaration == declaration)
    if organization:
        query = query.where(held.c.organization == organization)
    with store.read() as connection:
        return [record_of(row) for row in connection.execute(query)][::-1]


def one(store: Store, name: str) -> Allocation:
    """
    The allocation with this number.

    Raises:
        Missing: there is none.
    """
    with store.read() as connection:
        return record_of(row_of(connection, name))


def row_of(connection: Connection, name: str, *, lock: bool = False) -> Row[Any]:
    """
    The row of an allocation.

    Raises:
        Missing: there is none with this number.
    """
    query = select(held).where(held.c.id == name)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        raise Missing("there is no allocation {id}", "", "netops ip list", id=name)
    return row


def record_of(row: Row[Any], at: datetime | None = None) -> Allocation:
    """The record of a row, as it is now or stood at *at*."""
    past = at is not None and row.until is not None
    return Allocation(
        row.id,
        Plane(row.plane),
        shown(row.first),
        shown(row.last),
        row.organization,
        row.declaration,
        row.purpose,
        AllocationState.ACTIVE if past else AllocationState(row.state),
        Origin(row.origin),
        row.since,
        None if past else row.until,
        "" if past else row.cause,
        None if past else row.free_after,
        row.mac,
        row.device,
        row.note,
        tuple(row.tags),
        row.over_quota,
    )
