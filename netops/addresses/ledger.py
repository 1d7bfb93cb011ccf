"""The ledger (台账): who has which addresses, since when and why; every change in one act."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Row, String, Table, bindparam, select

from netops.addresses import tiles as tiling
from netops.addresses.allocation import (
    HELD,
    Allocation,
    AllocationState,
    Declared,
    Origin,
    PoolExhausted,
    Request,
    Taken,
)
from netops.addresses.choice import edges, gather
from netops.addresses.holdings import HOLD, allocations, held, history, one, record_of, row_of
from netops.addresses.prefix import PrefixRole
from netops.addresses.span import Span, carve, exponent_of, is_ipv4, parsed, shown
from netops.addresses.tile import COUNTED, Counters, Tile, TileState
from netops.addresses.tiles import layout, pool_table, pools, pools_in, sync_prefixes
from netops.addresses.verification import faults
from netops.core import ids
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Prepared, Store, metadata

requests = Table(
    "allocation_requests",
    metadata,
    Column("key", String(128), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("allocations", Json, nullable=False),
)
__all__ = [
    "activate", "adopt", "allocate", "allocations", "answered", "faults_in", "history", "layout", "one", "pools",
    "propose", "reclaim", "reclaimable", "release", "sync_prefixes", "verify",
]  # fmt: skip
QUARANTINE = timedelta(days=30)
MOST = 65536
"""Single addresses one request may ask for; more is a block."""
BY_REGISTER = "the register no longer gives it"


# ---- asking
def answered(connection: Connection, key: str, request: Request) -> tuple[Allocation, ...] | None:
    """
    What the request with this key got already, or None.

    Raises:
        Refused: the key was used for another request.
    """
    row = connection.execute(select(requests).where(requests.c.key == key)).first()
    if row is None:
        return None
    if row.sha256 != digest(request):
        raise Refused(
            "nothing was allocated", "the key {key} was used for another request", "use a new key", key=key
        )
    found = connection.execute(select(held).where(held.c.id.in_(row.allocations)).order_by(held.c.first))
    return tuple(record_of(one) for one in found)


def propose(connection: Connection, request: Request, avoid: Collection[int] = ()) -> list[Span]:
    """
    The runs that *request* would get now; nothing is written.

    Raises:
        Missing: there is no such pool.
        PoolExhausted: no free run is large enough.
        Taken: the address asked for is not free.
    """
    return [span for span, _ in _choose(connection, request, avoid)]


POOL = Prepared(
    select(
        pool_table.c.first, pool_table.c.last, pool_table.c.role,
        pool_table.c.size, pool_table.c.allocated, pool_table.c.reserved, pool_table.c.quarantined,
    )
    .where(pool_table.c.plane == bindparam("which"), pool_table.c.prefix == bindparam("cidr"))
    .with_for_update()
)  # fmt: skip


def _choose(connection: Connection, request: Request, avoid: Collection[int]) -> list[tuple[Span, Tile]]:
    """Each run that *request* would get, with the free tile that it lies in, in the order of addresses."""
    rows = POOL(connection, which=request.plane, cidr=request.pool)
    if not rows:
        raise Missing(
            "nothing was allocated",
            "there is no pool {pool} in the {plane}",
            "netops pool list",
            pool=request.pool,
            plane=request.plane,
        )
    first, last, role, size, *taken = rows[0]
    if request.address:
        return [_named(connection, request)]
    span = Span(first, last)
    if request.prefixlen:
        bits = 32 if is_ipv4(span.first) else 128
        if not 0 < request.prefixlen <= bits:
            raise NetopsError(
                "nothing was allocated",
                "/{prefixlen} is no prefix length here",
                "",
                prefixlen=request.prefixlen,
            )
        exponent = bits - request.prefixlen
        for hole in tiling.holes(connection, request.plane, request.pool, exponent, 1):
            return [(carve(hole.span, exponent), hole)]
    elif not 0 < request.count <= MOST:
        raise NetopsError(
            "nothing was allocated",
            "{count} is not between 1 and {most}",
            "ask for a block: --prefixlen",
            count=request.count,
            most=MOST,
        )
    else:
        shunned = sorted({*avoid, *edges(span, PrefixRole(role))})
        for exponent in sorted({exponent_of(request.count), 0}, reverse=True):
            most = request.count + len(shunned) + 1
            found = tiling.holes(connection, request.plane, request.pool, exponent, most)
            chosen = gather([tile.span for tile in found], request.count, shunned)
            if sum(run.size for run in chosen) == request.count:
                found.sort(key=lambda tile: tile.span.first)
                firsts = [tile.span.first for tile in found]
                return [(run, found[bisect_right(firsts, run.first) - 1]) for run in chosen]
    raise PoolExhausted(
        request.pool, f"/{request.prefixlen}" if request.prefixlen else str(request.count), size - sum(taken)
    )


def _named(connection: Connection, request: Request) -> tuple[Span, Tile]:
    try:
        span = parsed(request.address)
    except ValueError as error:
        raise NetopsError(
            "nothing was allocated", "{why}", "write an address, a CIDR or first-last", why=error
        ) from error
    tiles = tiling.covering(connection, request.plane, span)
    for tile in tiles:
        if tile.state is not TileState.FREE or tile.pool != request.pool:
            raise Taken(str(span), tile.state, str(tile.span), tile.allocation or tile.pool)
    return span, tiles[0]


def verify(store: Store) -> list[str]:
    """Count everything again and name every disagreement; an empty list means that the ledger is whole."""
    with store.read() as connection:
        return faults_in(connection)


def faults_in(connection: Connection) -> list[str]:
    """As `verify`, inside an open transaction."""
    found: list[str] = []
    for plane in Plane:
        rows = connection.execute(select(held).where(held.c.plane == plane))
        laid = list(tiling.every(connection, plane))
        found += faults(plane, laid, pools_in(connection, plane), map(record_of, rows))
        found += [
            f"{plane}: the free block noted for {span} is wrong" for span in tiling.misfits(connection, plane)
        ]
    return found


# ---- deciding
def allocate(
    act: Act,
    request: Request,
    *,
    key: str = "",
    avoid: Collection[int] = (),
    expected: Sequence[Span] | None = None,
) -> tuple[Allocation, ...]:
    """
    Give addresses of a pool to an organization under a declaration; all of it or nothing.

    The caller has made sure that the declaration stands (the rounds do).

    Args:
        act: the open act, whose transaction holds all of it.
        request: what is asked for.
        key: the same key again gives the same addresses again and takes no new ones.
        avoid: addresses seen on the wire, which are not given out one by one.
        expected: what the plan showed; other addresses are refused as stale.

    Raises:
        PoolExhausted, Taken, Missing, Refused: see `propose`.
    """
    connection = act.connection
    if key and (before := answered(connection, key, request)) is not None:
        act.record(
            "ip allocate again",
            request.declaration,
            after={"key": key, "allocations": [one.id for one in before]},
        )
        return before
    chosen = _choose(connection, request, avoid)
    if expected is not None and list(expected) != [span for span, _ in chosen]:
        raise Refused(
            "nothing was allocated",
            "the plan is stale: {planned} is no longer what is given now",
            "ask for the plan again",
            planned=", ".join(map(str, expected)),
        )
    given = _give_all(act, request, chosen)
    if key:
        connection.execute(
            requests.insert().values(
                key=key, at=act.at, sha256=digest(request), allocations=[one.id for one in given]
            )
        )
    act.record(
        "ip reserve" if request.reserve_until else "ip allocate",
        request.declaration,
        why=request.purpose,
        after={
            "pool": request.pool,
            "organization": request.organization,
            "key": key,
            "allocations": {one.id: str(one.span) for one in given},
        },
    )
    return given


def _give_all(act: Act, request: Request, chosen: Sequence[tuple[Span, Tile]]) -> tuple[Allocation, ...]:
    """As `_give` for each run, which lies in the free tile beside it: nothing is read again."""
    state = AllocationState.RESERVED if request.reserve_until else AllocationState.ACTIVE
    number = ids.take(act.connection, "allocation", len(chosen))
    inside: dict[Tile, list[Tile]] = {}
    given: list[Allocation] = []
    for span, hole in chosen:
        name = f"AL-{number + len(given):04d}"
        inside.setdefault(hole, []).append(Tile(span, TileState(state), request.pool, name))
        given.append(Allocation(
            name, request.plane, shown(span.first), shown(span.last), request.organization, request.declaration,
            request.purpose, state, Origin.ACT, act.at, None, "", request.reserve_until,
        ))  # fmt: skip
        HOLD(act.connection, **msgspec.structs.asdict(given[-1]) | {"first": span.first, "last": span.last})
    tiling.fill(act.connection, request.plane, inside)
    counters: Counters = {request.pool: dict.fromkeys(tiling.COUNTERS, 0)}
    counters[request.pool][COUNTED[TileState(state)]] = sum(span.size for span, _ in chosen)
    tiling.count(act.connection, request.plane, counters)
    return tuple(given)


def _give(
    act: Act,
    plane: Plane,
    span: Span,
    organization: str,
    declaration: str,
    purpose: str,
    state: AllocationState,
    origin: Origin,
    free_after: datetime | None = None,
) -> Allocation:
    name = f"AL-{ids.take(act.connection, 'allocation'):04d}"
    act.connection.execute(
        held.insert().values(
            id=name,
            plane=plane,
            first=span.first,
            last=span.last,
            organization=organization,
            declaration=declaration,
            purpose=purpose,
            state=state,
            origin=origin,
            since=act.at,
            until=None,
            cause="",
            free_after=free_after,
        )
    )
    tiling.repaint(
        act.connection, plane, span, lambda tile: [Tile(tile.span, TileState(state), tile.pool, name)]
    )
    return Allocation(
        name,
        plane,
        shown(span.first),
        shown(span.last),
        organization,
        declaration,
        purpose,
        state,
        origin,
        act.at,
        None,
        "",
        free_after,
    )


def activate(act: Act, name: str, why: str) -> Allocation:
    """
    A reservation becomes an allocation and does not end any more.

    Raises:
        Missing: there is no such allocation.
        Refused: it is not reserved.
    """
    row = row_of(act.connection, name, lock=True)
    if row.state != AllocationState.RESERVED:
        raise Refused(
            "{id} was not assigned", "it is {state}", "netops ip show {id}", id=name, state=row.state
        )
    for tile in tiling.of_allocation(act.connection, name):
        tiling.repaint(
            act.connection,
            Plane(row.plane),
            tile.span,
            lambda one: [Tile(one.span, TileState.ACTIVE, one.pool, name)],
        )
    values = {"state": AllocationState.ACTIVE, "free_after": None, "purpose": why or row.purpose}
    act.connection.execute(held.update().where(held.c.id == name).values(values))
    after = record_of(row_of(act.connection, name))
    act.record("ip assign", name, why=why, before=record_of(row), after=after)
    return after


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
    _take_back(act, row, why, quarantine)
    act.record(
        "ip release",
        name,
        why=why,
        before=record_of(row),
        after={"state": AllocationState.QUARANTINE, "free_after": act.at + quarantine},
    )
    return record_of(row_of(act.connection, name))


def _take_back(act: Act, row: Row[Any], cause: str, quarantine: timedelta) -> None:
    for tile in tiling.of_allocation(act.connection, row.id):
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


def reclaimable(store: Store, plane: Plane, at: datetime, seen: Collection[int]) -> bool:
    """Whether `reclaim` would return anything at *at*."""
    with store.read() as connection:
        return bool(_ended(connection, plane, at, seen))


def _ended(connection: Connection, plane: Plane, at: datetime, seen: Collection[int]) -> list[Row[Any]]:
    states = (AllocationState.QUARANTINE, AllocationState.RESERVED)
    query = select(held).where(held.c.plane == plane, held.c.state.in_(states), held.c.free_after <= at)
    rows = connection.execute(query.with_for_update()).all()
    return [row for row in rows if not any(row.first <= address <= row.last for address in seen)]


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
        for tile in tiling.of_allocation(act.connection, row.id):
            tiling.repaint(act.connection, plane, tile.span, lambda one: [one.idle(one.pool)])
        cause = row.cause or "the reservation ended"
        act.connection.execute(
            held.update()
            .where(held.c.id == row.id)
            .values(state=AllocationState.RELEASED, until=row.until or act.at, cause=cause)
        )
    act.record("ip reclaim", str(plane), after={"allocations": [row.id for row in rows]})
    return [row.id for row in rows]


# ---- the register
def adopt(act: Act, plane: Plane, declaration: Declared) -> None:
    """
    Make the ledger hold what the register says *declaration* was given; a second time changes nothing.

    New runs are taken, inside pools or outside, changed ones move, missing ones are given back.

    Raises:
        Taken: an act of netops gave part of it to another declaration, or it rests in quarantine.
    """
    wanted = {parsed(text) for text in declaration.allocated}
    rows = act.connection.execute(
        select(held).where(
            held.c.plane == plane,
            held.c.declaration == declaration.number,
            held.c.origin == Origin.REGISTER,
            held.c.state.in_(HELD),
        )
    ).all()
    kept = {
        Span(row.first, row.last) for row in rows if row.organization == declaration.organization
    } & wanted
    gone = [row for row in rows if Span(row.first, row.last) not in kept]
    for row in gone:
        _take_back(act, row, BY_REGISTER, QUARANTINE)
    given = []
    for span in sorted(wanted - kept):
        _clear(act, plane, span, declaration)
        given.append(
            _give(
                act,
                plane,
                span,
                declaration.organization,
                declaration.number,
                "",
                AllocationState.ACTIVE,
                Origin.REGISTER,
            )
        )
    if gone or given:
        act.record(
            "ip adopt",
            declaration.number,
            before={row.id: str(Span(row.first, row.last)) for row in gone},
            after={one.id: str(one.span) for one in given},
        )


def _clear(act: Act, plane: Plane, span: Span, declaration: Declared) -> None:
    """Take back what the register gave, or this declaration holds, in *span*; refuse what others hold."""
    for tile in tiling.covering(act.connection, plane, span):
        if not tile.allocation or not tile.span.meets(span):
            continue
        row = row_of(act.connection, tile.allocation)
        ours = row.origin == Origin.REGISTER or row.declaration == declaration.number
        if row.cause != BY_REGISTER and not (ours and row.state in HELD):
            raise Taken(str(span), tile.state, str(tile.span), f"{row.id} {row.declaration}")
        if row.state in HELD:
            _take_back(act, row, BY_REGISTER, QUARANTINE)
