"""Storage of allocations: who has, or ever had, which addresses; asked here, decided in `ledger`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Index,
    Row,
    String,
    Table,
    Text,
    and_,
    func,
    literal,
    or_,
    select,
)

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
    Column("organization", String(64), nullable=False),
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
Index("ix_allocations_organization", held.c.organization, held.c.plane, held.c.first, held.c.id)
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
    query = select(held).where(held.c.plane == plane, held.c.state.in_(HOLDING), _meets(span, plane, HOLDING))
    return [record_of(row) for row in connection.execute(query.order_by(held.c.first))]


def _meets(span: Span, plane: Plane | None = None, states: Collection[AllocationState] = ()) -> ColumnElement[bool]:
    """
    Whether an allocation has an address of *span*: from the lowest run on that reaches into it, if any does, to its end.

    So the index of beginnings is read only there; a condition on both ends alone would read everything below *span*.
    """
    run = held.alias("run")
    reaching = (
        select(run.c.first)
        .where(run.c.first < span.first, run.c.last >= span.first, run.c.first != run.c.last)
        .order_by(run.c.first)
        .limit(1)
    )
    if plane is not None:
        reaching = reaching.where(run.c.plane == plane)
    if states:
        reaching = reaching.where(run.c.state.in_(states))
    start = func.coalesce(reaching.scalar_subquery(), literal(span.first, Address))
    return and_(held.c.first >= start, held.c.first <= span.last, held.c.last >= span.first)


def named(store: Store, names: Collection[str]) -> dict[str, Allocation]:
    """Allocations by number; numbers that there are not are left out."""
    wanted = sorted(set(names))
    found: dict[str, Allocation] = {}
    with store.read() as connection:
        for start in range(0, len(wanted), 500):
            query = select(held).where(held.c.id.in_(wanted[start : start + 500]))
            found |= {row.id: record_of(row) for row in connection.execute(query)}
    return found


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
        query = query.where(_meets(within, plane, HOLDING if at is None else ()))
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
    query = select(held).where(held.c.state.in_(states)).order_by(held.c.first, held.c.id)
    if organization:
        query = query.where(held.c.organization == organization)
    if declaration:
        query = query.where(held.c.declaration == declaration)
    found: list[Allocation] = []
    with store.read() as connection:
        # One plane after the other, each in the order of an index: nothing is sorted, however many there are.
        for plane in sorted(planes):
            here = query.where(held.c.plane == plane).limit(limit - len(found))
            if within is not None:
                here = here.where(_meets(within, plane, states))
            if after is not None and plane <= after[0]:
                if plane < after[0]:
                    continue
                first, name = number(after[1]), after[2]
                here = here.where(held.c.first >= first, or_(held.c.first > first, held.c.id > name))
            found += [record_of(row) for row in connection.execute(here)]
            if len(found) >= limit:
                break
    return found


def history(store: Store, span: Span, plane: Plane | None = None) -> list[Allocation]:
    """Every allocation that ever held an address of *span*, oldest first."""
    query = select(held).where(_meets(span)).order_by(held.c.since)
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
