"""Allocating and releasing by table: all rows in one act, or the good ones alone; shown first by doing it and undoing it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

import msgspec

from netops.addresses import bulk, holdings, ledger
from netops.addresses.allocation import HELD, Allocation, Request
from netops.addresses.bulk import Asked, Fault, Reading, Returned, faulty
from netops.addresses.span import Span
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import Act, act
from netops.core.plane import Plane
from netops.core.sheet import Place
from netops.desk import Desk
from netops.documents import spreadsheet
from netops.rounds import allocate, permit


class Done(msgspec.Struct, frozen=True):
    """What one row gets, or gives back."""

    place: Place
    allocations: tuple[Allocation, ...]


class Plan(msgspec.Struct, frozen=True):
    """
    What a table would do now.

    Args:
        done: rows that can be done; numbers of allocations are those that they would get.
        faults: rows that cannot, each with its place.
    """

    plane: Plane | None
    reading: Reading
    days: int
    why: str
    done: tuple[Done, ...]
    faults: tuple[Fault, ...]


class _Undone(Exception):
    """The act was only tried."""


Row = Asked | Returned


def plan(
    desk: Desk,
    files: Iterable[tuple[str, bytes]],
    plane: Plane | None,
    *,
    giving: bool,
    days: int = 30,
    why: str = "",
) -> Plan:
    """
    What the tables in *files* (names and contents) would do now: it is tried, and undone.

    Args:
        giving: rows ask for addresses; else they give them back, for *days* into quarantine because of *why*.

    Raises:
        NetopsError: one of them is no table that can be read.
    """
    sheets = [sheet for name, content in files for sheet in spreadsheet.read(content, name)]
    reading = bulk.asking(sheets) if giving else bulk.returning(sheets)
    made = Plan(plane, reading, days, why, (), ())
    try:
        with act(desk.store, desk.actor, desk.clock) as one:
            made = _tried(desk, one, made)
            raise _Undone
    except _Undone:
        return made


def run(desk: Desk, made: Plan, *, partial: bool = False) -> tuple[Allocation, ...]:
    """
    Do exactly what the plan shows, in one act.

    Args:
        partial: the good rows alone, when others are at fault.

    Raises:
        Refused: a row is at fault, nothing can be done, or it would not be what the plan shows.
    """
    if made.faults and not partial:
        raise Refused(
            "nothing was changed", "{count} rows are at fault", "mend them; or --partial does the good rows alone",
            count=len({one.place for one in made.faults}),
        )  # fmt: skip
    if not made.done:
        raise Refused("nothing was changed", "no row of the table can be done", "mend the rows")
    with act(desk.store, desk.actor, desk.clock) as one:
        again = _tried(desk, one, made)
        if _said(again) != _said(made):
            raise Refused(
                "nothing was changed",
                "the plan is stale: something changed since it was made",
                "ask for the plan again",
            )
    return tuple(each for row in again.done for each in row.allocations)


def _said(made: Plan) -> list[tuple[Place, list[tuple[str, str, str]]]]:
    return [(row.place, [(one.id, one.first, one.last) for one in row.allocations]) for row in made.done]


def _tried(desk: Desk, one: Act, made: Plan) -> Plan:
    """*made* with what its rows do inside the act; a row that is refused has written nothing."""
    done: list[Done] = []
    faults: list[Fault] = list(made.reading.faults)
    give = _giver(desk, made)
    rows: tuple[Row, ...] = (*made.reading.asked, *made.reading.returned)
    for row in rows:
        try:
            given = give(one, row) if isinstance(row, Asked) else (_take(desk, one, row, made),)
        except NetopsError as error:
            faults.append(faulty(row.place, error))
        else:
            done.append(Done(row.place, given))
    order = sorted(faults, key=lambda fault: (fault.place.file, fault.place.sheet, fault.place.line))
    return msgspec.structs.replace(made, done=tuple(done), faults=tuple(order))


def _giver(desk: Desk, made: Plan) -> Callable[[Act, Asked], tuple[Allocation, ...]]:
    """What gives one row its addresses; who uses which addresses of a pool is asked once."""
    used: dict[tuple[Plane, str], set[int]] = {}

    def give(one: Act, row: Asked) -> tuple[Allocation, ...]:
        if row.pool:
            plane, pool = allocate.pool_named(desk, row.pool, made.plane)
        else:
            plane, pool = allocate.pool_around(desk, row.address, made.plane)
        request = Request(
            plane, pool, "", row.declaration, row.count, row.prefixlen, row.address, row.purpose, row.reserve_until,
            row.mac, row.device, row.note, row.tags,
        )  # fmt: skip
        if (plane, pool) not in used:
            used[plane, pool] = allocate.seen(desk, request)
        return allocate.give(desk, one, request, row.key, over_quota=row.over_quota, avoid=used[plane, pool])

    return give


def _take(desk: Desk, one: Act, row: Returned, made: Plan) -> Allocation:
    number = row.number or _held_by(one, permit.run_of(row.address), made.plane, desk.planes)
    why = row.why or made.why
    if not why:
        raise NetopsError(
            "{id} was not released", "no reason is given", "write it in the row, or add --why", id=number
        )
    return ledger.release(one, number, why, timedelta(days=made.days))


def _held_by(one: Act, span: Span, plane: Plane | None, planes: Iterable[Plane]) -> str:
    """Number of the allocation that has exactly these addresses."""
    found = [
        each for where in planes if plane in (None, where)
        for each in holdings.within(one.connection, where, span) if each.state in HELD and each.span == span
    ]  # fmt: skip
    if not found:
        raise Missing(
            "nothing was released", "no allocation has exactly {span}", "netops ip show {span}", span=span
        )
    if len(found) > 1:
        raise Refused("nothing was released", "both planes have {span}", "add --plane", span=span)
    return found[0].id
