"""Storage of forecasts: what the history of allocations says about each pool, and what was last concluded from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from sqlalchemy import Column, Connection, Float, Integer, Row, String, Table, Text, or_, select

from netops.addresses.allocation import AllocationState
from netops.addresses.forecast import Change, Forecast
from netops.addresses.holdings import held
from netops.addresses.span import Span
from netops.core.plane import Plane
from netops.core.store import Instant, Store, metadata

forecasts = Table(
    "pool_forecasts",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("prefix", String(80), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("per_day", Float, nullable=False),
    Column("days_to_full", Float),
    Column("since", String(10), nullable=False),
    Column("days", Integer, nullable=False),
    Column("fit", Float, nullable=False),
    Column("why", Text, nullable=False),
)


def changes(
    connection: Connection, plane: Plane, since: datetime, within: Span | None = None
) -> Iterator[tuple[Span, Change]]:
    """
    Every giving and returning of addresses after *since*: the run and the change.

    What rests in quarantine is still taken; it returns when that has ended.
    """
    columns = (held.c.first, held.c.last, held.c.state, held.c.since, held.c.until, held.c.free_after)
    query = select(*columns).where(
        held.c.plane == plane,
        or_(held.c.since >= since, held.c.until >= since, held.c.free_after >= since),
    )
    if within is not None:
        query = query.where(held.c.first <= within.last, held.c.last >= within.first)
    for row in connection.execute(query):
        span = Span(row.first, row.last)
        yield span, Change(row.since, span.size)
        if row.state == AllocationState.RELEASED:
            ends = [moment for moment in (row.until, row.free_after) if moment is not None]
            yield span, Change(max(ends), -span.size)


def keep(connection: Connection, plane: Plane, at: datetime, found: Mapping[str, Forecast]) -> None:
    """The forecasts of a plane's pools as of *at*, in place of those before."""
    connection.execute(forecasts.delete().where(forecasts.c.plane == plane))
    for prefix, one in sorted(found.items()):
        connection.execute(
            forecasts.insert().values(
                plane=plane, prefix=prefix, at=at, per_day=one.per_day, days_to_full=one.days_to_full,
                since=one.since, days=one.days, fit=one.fit, why=one.why,
            )
        )  # fmt: skip


def kept(store: Store, plane: Plane | None = None) -> dict[tuple[Plane, str], tuple[datetime, Forecast]]:
    """The last forecast of each pool, with when it was made."""
    query = select(forecasts) if plane is None else select(forecasts).where(forecasts.c.plane == plane)
    with store.read() as connection:
        rows: list[Row[tuple[object, ...]]] = list(connection.execute(query))
    return {
        (Plane(row.plane), row.prefix): (
            row.at, Forecast(row.per_day, row.days_to_full, row.since, row.days, row.fit, row.why)
        )
        for row in rows
    }  # fmt: skip
