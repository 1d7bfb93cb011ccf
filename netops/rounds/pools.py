"""What is known about a pool: its chain of grants, what it sets aside, its runs of addresses, and when it will be full."""

from __future__ import annotations

from datetime import date

import msgspec

from netops.addresses import ledger, trend
from netops.addresses.allocation import Allocation
from netops.addresses.delegation import Step
from netops.addresses.forecast import WINDOW, Change, Forecast, daily, forecast
from netops.addresses.pool import Pool
from netops.addresses.prefix import RegisteredPrefix
from netops.addresses.ranges import ranges
from netops.addresses.span import parsed
from netops.addresses.tile import Tile, TileState
from netops.core.clock import CITY_ZONE
from netops.core.plane import Plane
from netops.desk import Desk


class Run(msgspec.Struct, frozen=True):
    """
    One run of addresses in the same hands.

    Args:
        state: of its addresses; "gateway", "dhcp" or "set aside" when nobody has them and they are not given out.
        pool: the innermost prefix or range.
    """

    addresses: str
    count: int
    state: str
    pool: str
    allocation: str = ""
    organization: str = ""
    declaration: str = ""
    mac: str = ""
    device: str = ""
    until: str = ""


class Shown(msgspec.Struct, frozen=True):
    """A pool with all that is known about it; runs are in the order of addresses."""

    pool: Pool
    registered: RegisteredPrefix
    chain: tuple[Step, ...]
    inside: tuple[str, ...]
    set_aside: tuple[tuple[str, str], ...]
    forecast: Forecast
    runs: tuple[Run, ...]


def show(desk: Desk, plane: Plane, prefix: str) -> Shown:
    """The pool *prefix* (canonical) of *plane*, or for a range that is set aside the pool around it."""
    register = desk.register
    pools = ledger.pools(desk.store, plane)
    index = register.prefix_of(plane)
    pool = next(one for one in pools if one.prefix == prefix)
    tiles = ledger.layout(desk.store, plane, pool.span)
    holders = {one.id: one for one in ledger.allocations(desk.store, plane, within=pool.span)}
    aside = {
        str(span): kind for text, one in index.items() if one.set_aside and pool.span.meets(parsed(text))
        for span, kind in ranges(one)
    }  # fmt: skip
    return Shown(
        pool, index[prefix], register.chains[plane].get(prefix, ()),
        tuple(one.prefix for one in pools if one.around == prefix),
        tuple((str(span), kind) for span, kind in ranges(index[prefix])), of_pool(desk, pool),
        tuple(_run(tile, holders.get(tile.allocation), aside) for tile in tiles),
    )  # fmt: skip


def _run(tile: Tile, holder: Allocation | None, aside: dict[str, str]) -> Run:
    state = aside.get(tile.pool, str(tile.state)) if tile.state is TileState.FREE else str(tile.state)
    if state == "reserved" and tile.state is TileState.FREE:
        state = "set aside"
    if holder is None:
        return Run(str(tile.span), tile.span.size, state, tile.pool)
    until = holder.free_after.astimezone(CITY_ZONE).date().isoformat() if holder.free_after else ""
    return Run(str(tile.span), tile.span.size, state, tile.pool, holder.id, holder.organization, holder.declaration,
               holder.mac, holder.device, until)  # fmt: skip


def of_pool(desk: Desk, pool: Pool) -> Forecast:
    """When one pool (its own addresses) will be full, from the history of its allocations."""
    inside = [
        one.span for one in ledger.pools(desk.store, pool.plane, pool.span) if one.around == pool.prefix
    ]
    with desk.store.read() as connection:
        found = [change for span, change in trend.changes(connection, pool.plane, desk.clock() - WINDOW, pool.span)
                 if pool.span.holds(span) and not any(other.holds(span) for other in inside)]  # fmt: skip
    return forecast_of(found, pool, today(desk))


def forecast_of(changes: list[Change], pool: Pool, day: date) -> Forecast:
    """The line through *changes* of a pool, as of *day*."""
    return forecast(daily(changes, pool.size - pool.free, day), pool.size)


def today(desk: Desk) -> date:
    """The day in the city."""
    return desk.clock().astimezone(CITY_ZONE).date()
