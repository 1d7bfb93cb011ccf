"""The ledger (台账): who has which addresses, since when and why; every change in one act."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, String, Table, bindparam, select

from netops.addresses import tiles as tiling
from netops.addresses import usage
from netops.addresses.adoption import adopt
from netops.addresses.allocation import Allocation, AllocationState, Origin, Request
from netops.addresses.holdings import HOLD, allocations, held, history, one, record_of, row_of
from netops.addresses.proposal import Chosen, Look, propose
from netops.addresses.quota import Use, use
from netops.addresses.returning import QUARANTINE, isolate, reclaim, reclaimable, release
from netops.addresses.span import Span, shown
from netops.addresses.tile import COUNTED, Tile, TileState
from netops.addresses.tiles import layout, pools, sync_prefixes
from netops.addresses.verification import faults
from netops.core import ids
from netops.core.errors import Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.language import _
from netops.core.plane import Plane
from netops.core.prepared import Prepared
from netops.core.store import Instant, Json, Store, metadata

requests = Table(
    "allocation_requests",
    metadata,
    Column("key", String(128), primary_key=True),
    Column("at", Instant, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("allocations", Json, nullable=False),
)
BATCH = 1000
"""Values in one question: SQLite takes 32,766."""
KEYED = Prepared(
    select(requests.c.sha256, requests.c.allocations).where(requests.c.key == bindparam("which"))
)
REMEMBER = Prepared(requests.insert())
__all__ = [
    "QUARANTINE", "activate", "adopt", "allocate", "allocations", "answered", "faults_in", "history", "isolate", "layout",
    "one", "pools", "propose", "reclaim", "reclaimable", "release", "sync_prefixes", "verify",
]  # fmt: skip


# ---- asking
def answered(connection: Connection, key: str, request: Request) -> tuple[Allocation, ...] | None:
    """
    What the request with this key got already, or None.

    Raises:
        Refused: the key was used for another request.
    """
    return _before(connection, key, request, KEYED(connection, which=key))


def _before(
    connection: Connection, key: str, request: Request, rows: Sequence[tuple[Any, ...]]
) -> tuple[Allocation, ...] | None:
    """What the rows that KEYED gave for the key say."""
    if not rows:
        return None
    (sha256, numbers), *_ = rows
    if sha256 != digest(request):
        raise Refused(
            "nothing was allocated", "the key {key} was used for another request", "use a new key", key=key
        )
    found = [
        record_of(one)
        for start in range(0, len(numbers), BATCH)
        for one in connection.execute(select(held).where(held.c.id.in_(numbers[start : start + BATCH])))
    ]
    return tuple(sorted(found, key=lambda one: one.span))


def verify(store: Store) -> list[str]:
    """Count everything again and name every disagreement; an empty list means that the ledger is whole."""
    with store.read() as connection:
        return faults_in(connection)


def faults_in(connection: Connection) -> list[str]:
    """As `verify`, inside an open transaction."""
    found: list[str] = []
    for plane in Plane:
        try:
            rows = connection.execute(select(held).where(held.c.plane == plane))
            laid = list(tiling.every(connection, plane))
            found += faults(plane, laid, tiling.nodes_in(connection, plane), map(record_of, rows))
            found += usage.faults(connection, plane)
            found += tiling.misfits(connection, plane)
        except (ValueError, TypeError, msgspec.MsgspecError) as error:
            found.append(_("{plane}: a row cannot be read: {error}").format(plane=_(plane.label), error=error))
    return found + _numbering(connection)


def _numbering(connection: Connection) -> list[str]:
    """Numbers that would be given twice, and answered requests whose allocations are not there."""
    numbers = set(connection.execute(select(held.c.id)).scalars())
    last = ids.standing(connection, "allocation")()
    newest = max((int(one[3:]) for one in numbers if one[3:].isdigit()), default=0)
    ahead = _("AL-{newest} was given, the numbers stand at {last}").format(newest=f"{newest:04d}", last=last)
    found = [ahead] if newest > last else []
    for key, given in connection.execute(select(requests.c.key, requests.c.allocations)):
        lost = _("the request {key} got {id}, which is not there")
        found += [lost.format(key=key, id=one) for one in given if one not in numbers]
    return found


# ---- deciding
def allocate(
    act: Act,
    request: Request,
    *,
    key: str = "",
    avoid: Collection[int] = (),
    expected: Sequence[Span] | None = None,
    over_quota: str = "",
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
        over_quota: why it is given although it exceeds the declared terminals, or "".

    Raises:
        PoolExhausted, Taken, Missing, Refused: see `propose`.
    """
    connection = act.connection
    keyed = KEYED.asked(connection, which=key) if key else list
    look = Look(connection, request)
    number = ids.standing(connection, "allocation")
    used = usage.standing(connection, request.plane, request.declaration)
    if (before := _before(connection, key, request, keyed())) is not None:
        act.record(
            "ip allocate again",
            request.declaration,
            after={"key": key, "allocations": [one.id for one in before]},
        )
        return before
    chosen = look.chosen(avoid)
    if expected is not None and list(expected) != [span for span, _ in chosen]:
        raise Refused(
            "nothing was allocated",
            "the plan is stale: {planned} is no longer what is given now",
            "ask for the plan again",
            planned=", ".join(map(str, expected)),
        )
    given = _give_all(act, request, chosen, over_quota, number())
    standing, taken = used(), use(span for span, _ in chosen)
    usage.note(connection, request.plane, request.declaration, standing, (standing or Use()) + taken)
    if key:
        numbers = [one.id for one in given]
        REMEMBER(connection, key=key, at=act.at, sha256=digest(request), allocations=numbers)
    _record(act, request, key, given, over_quota)
    return given


def _record(act: Act, request: Request, key: str, given: Sequence[Allocation], over_quota: str) -> None:
    act.record(
        "ip reserve" if request.reserve_until else "ip allocate",
        request.declaration,
        why=request.purpose,
        after={
            "pool": request.pool,
            "organization": request.organization,
            "key": key,
            "allocations": {one.id: str(one.span) for one in given},
            **({"over_quota": over_quota} if over_quota else {}),
        },
    )


def _give_all(
    act: Act, request: Request, chosen: Chosen, over_quota: str, last: int
) -> tuple[Allocation, ...]:
    """Each run, which lies in the free tile beside it, is an allocation: nothing is read again."""
    connection, plane = act.connection, request.plane
    state = AllocationState.RESERVED if request.reserve_until else AllocationState.ACTIVE
    tile_state = TileState(state)
    ids.put(connection, "allocation", last, last + len(chosen))
    inside: dict[Tile, list[Tile]] = {}
    given: list[Allocation] = []
    for place, (span, hole) in enumerate(chosen, last + 1):
        name = f"AL-{place:04d}"
        inside.setdefault(hole, []).append(Tile(span, tile_state, request.pool, name))
        given.append(Allocation(
            name, plane, shown(span.first), shown(span.last), request.organization, request.declaration,
            request.purpose, state, Origin.ACT, act.at, None, "", request.reserve_until,
            request.mac, request.device, request.note, request.tags, over_quota,
        ))  # fmt: skip
        HOLD(connection, **{**msgspec.structs.asdict(given[-1]), "first": span.first, "last": span.last})
    tiling.fill(connection, plane, inside)
    taken = sum(span.size for span, _ in chosen)
    tiling.count(connection, plane, {request.pool: {COUNTED[tile_state]: taken}})
    return tuple(given)


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
    for tile in tiling.of_allocation(act.connection, Plane(row.plane), Span(row.first, row.last), name):
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
