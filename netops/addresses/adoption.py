"""What the register says was given: the ledger holds exactly that, whatever was there before it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import select

from netops.addresses import tiles as tiling
from netops.addresses.allocation import HELD, Allocation, AllocationState, Declared, Origin, Taken
from netops.addresses.holdings import held, row_of
from netops.addresses.returning import QUARANTINE, take_back
from netops.addresses.span import Span, parsed, shown
from netops.addresses.tile import Tile, TileState
from netops.core import ids
from netops.core.journal import Act
from netops.core.plane import Plane

BY_REGISTER = "the register no longer gives it"


def adopt(act: Act, plane: Plane, declaration: Declared, before: Collection[str] = ()) -> None:
    """
    Make the ledger hold what the register says *declaration* was given; a second time changes nothing.

    New runs are taken, inside pools or outside, changed ones move, missing ones are given back.

    Args:
        before: what the version in force until now says that it was given: what people took back since is not given
            again by saying the same once more.

    Raises:
        Taken: an act of netops gave part of it to another declaration, or it rests in quarantine.
    """
    wanted = {parsed(text) for text in declaration.allocated}
    wanted -= _taken_back(act, plane, declaration.number, wanted & {parsed(text) for text in before})
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
        take_back(act, row, BY_REGISTER, QUARANTINE)
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


def _taken_back(act: Act, plane: Plane, number: str, spans: Collection[Span]) -> set[Span]:
    """Those that the register gave under a declaration, and that an act of netops took back since."""
    if not spans:
        return set()
    rows = act.connection.execute(
        select(held.c.first, held.c.last, held.c.state, held.c.cause)
        .where(held.c.plane == plane, held.c.declaration == number, held.c.origin == Origin.REGISTER)
        .order_by(held.c.since, held.c.id)
    ).all()
    last = {Span(row.first, row.last): row for row in rows}
    return {
        span for span in spans
        if (row := last.get(span)) is not None and row.state not in HELD and row.cause != BY_REGISTER
    }  # fmt: skip


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
            take_back(act, row, BY_REGISTER, QUARANTINE)


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
