"""Giving back (回收): release into quarantine (冷却), and the return to the pool when that has ended."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, select

from netops.addresses import tiles as tiling
from netops.addresses import usage
from netops.addresses.allocation import HELD, Allocation, AllocationState, Origin, Taken
from netops.addresses.holdings import held, record_of, row_of
from netops.addresses.span import Span
from netops.addresses.tile import IDLE, Tile, TileState
from netops.core import ids
from netops.core.errors import Refused
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Store

QUARANTINE = timedelta(days=30)


def release(act: Act, name: str, why: str, quarantine: timedelta = QUARANTINE) -> Allocation:
    """
    An organization gives an allocation back; its addresses rest in quarantine (冷却).

    Raises:
        Missing: there is no such allocation.
        Refused: it was given back already.
    """
    row = row_of(act.connection, name, lock=True)
    if row.state not in HELD:
        raise Refused(
            "{id} was not released",
            "it was given back on {day}",
            "netops ip show {id}",
            id=name,
            day=row.until.date().isoformat() if row.until else "-",
        )
    take_back(act, row, why, quarantine)
    act.record(
        "ip release",
        name,
        why=why,
        before=record_of(row),
        after={"state": AllocationState.QUARANTINE, "free_after": act.at + quarantine},
    )
    return record_of(row_of(act.connection, name))


def take_back(act: Act, row: Row[Any], cause: str, quarantine: timedelta) -> None:
    """Put what *row* holds into quarantine, without a journal entry of its own."""
    for tile in _tiles(act.connection, row):
        tiling.repaint(
            act.connection,
            Plane(row.plane),
            tile.span,
            lambda one: [Tile(one.span, TileState.QUARANTINE, one.pool, row.id)],
        )
    act.connection.execute(
        held.update()
        .where(held.c.id == row.id)
        .values(state=AllocationState.QUARANTINE, until=act.at, cause=cause, free_after=act.at + quarantine)
    )
    uncount(act.connection, row)


def _tiles(connection: Connection, row: Row[Any]) -> list[Tile]:
    return tiling.of_allocation(connection, Plane(row.plane), Span(row.first, row.last), row.id)


def uncount(connection: Connection, row: Row[Any]) -> None:
    """What was held by an act of netops no longer counts for its declaration."""
    if row.origin == Origin.ACT and row.state in HELD:
        span = Span(row.first, row.last)
        usage.count(connection, Plane(row.plane), row.declaration, [span], back=True)


def isolate(act: Act, plane: Plane, span: Span, why: str, quarantine: timedelta) -> Allocation:
    """
    Free addresses that nobody is to get for a while, such as after an incident; they return like any that rested.

    Raises:
        Taken: somebody has part of them, or they rest already.
    """
    for tile in tiling.covering(act.connection, plane, span):
        if tile.state not in IDLE:
            raise Taken(str(span), tile.state, str(tile.span), tile.allocation)
    name = f"AL-{ids.take(act.connection, 'allocation'):04d}"
    act.connection.execute(
        held.insert().values(
            id=name, plane=plane, first=span.first, last=span.last, organization="", declaration="", purpose="",
            state=AllocationState.QUARANTINE, origin=Origin.ACT, since=act.at, until=None, cause=why,
            free_after=act.at + quarantine,
        )
    )  # fmt: skip
    tiling.repaint(
        act.connection, plane, span, lambda one: [Tile(one.span, TileState.QUARANTINE, one.pool, name)]
    )
    made = record_of(row_of(act.connection, name))
    act.record("ip quarantine", name, why=why, after={"addresses": str(span), "free_after": made.free_after})
    return made


def reclaimable(store: Store, plane: Plane, at: datetime, seen: Collection[int]) -> bool:
    """Whether `reclaim` would return anything at *at*."""
    with store.read() as connection:
        return bool(_ended(connection, plane, at, seen))


def _ended(connection: Connection, plane: Plane, at: datetime, seen: Collection[int]) -> list[Row[Any]]:
    states = (AllocationState.QUARANTINE, AllocationState.RESERVED)
    query = select(held).where(held.c.plane == plane, held.c.state.in_(states), held.c.free_after <= at)
    rows = connection.execute(query).all()
    there = sorted(seen)
    return [row for row in rows if bisect_left(there, row.first) == bisect_right(there, row.last)]


def reclaim(act: Act, plane: Plane, seen: Collection[int]) -> list[str]:
    """
    Quarantines and reservations of *plane* that have ended return to the pool, unless still seen.

    Args:
        act: the open act.
        plane: the plane that was looked at.
        seen: addresses seen lately, as integers; call it only when the whole plane could be seen.

    Returns:
        Numbers of the allocations.
    """
    rows = _ended(act.connection, plane, act.at, seen)
    for row in rows:
        for tile in _tiles(act.connection, row):
            tiling.repaint(act.connection, plane, tile.span, lambda one: [one.idle(one.pool)])
        cause = row.cause or "the reservation ended"
        act.connection.execute(
            held.update()
            .where(held.c.id == row.id)
            .values(state=AllocationState.RELEASED, until=row.until or act.at, cause=cause)
        )
        uncount(act.connection, row)
    act.record("ip reclaim", str(plane), after={"allocations": [row.id for row in rows]})
    return [row.id for row in rows]
