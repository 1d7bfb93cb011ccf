"""Is the ledger whole? Everything counted again from nothing and held against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netops.addresses.allocation import HELD, Allocation, AllocationState
from netops.addresses.pool import Pool
from netops.addresses.span import TOP, Span
from netops.addresses.tile import BLANK, COUNTED, IDLE, Tile, innermost, joined, tally
from netops.core.language import _
from netops.core.plane import Plane


def faults(
    plane: Plane, tiles: Sequence[Tile], pools: Sequence[Pool], allocations: Iterable[Allocation]
) -> Iterator[str]:
    """Every disagreement as one line in the language in use: nothing means that the ledger of *plane* is whole."""
    name = _(plane.label)
    tiles = tiles or BLANK
    position = 0
    for tile in tiles:
        if tile.span.first != position:
            yield _("{plane}: the run {span} does not begin where the one before it ends").format(plane=name, span=tile.span)
        position = tile.span.last + 1
    if position != TOP + 1:
        yield _("{plane}: the runs end at {address}").format(plane=name, address=f"{position:#x}")
    if joined(tiles) != list(tiles):
        yield _("{plane}: two neighbouring runs are the same and should be one").format(plane=name)
    for tile in tiles:
        if (tile.state in IDLE) == bool(tile.allocation):
            yield _("{plane}: {span} is {state}, held by {holder}").format(
                plane=name, span=tile.span, state=_(tile.state), holder=tile.allocation or _("nobody"))
        elif tile.state in IDLE and tile.state != tile.idle(tile.pool).state:
            yield _("{plane}: {span} is {state}, and lies in {pool}").format(
                plane=name, span=tile.span, state=_(tile.state), pool=tile.pool or _("no prefix"))
    yield from _pools(name, tiles, pools)
    yield from _allocations(name, tiles, allocations)


def _pools(plane: str, tiles: Sequence[Tile], pools: Sequence[Pool]) -> Iterator[str]:
    pieces = innermost([(pool.span, pool.prefix) for pool in pools], Span(0, TOP))
    index = 0
    for tile in tiles:
        while pieces[index][0].last < tile.span.first:
            index += 1
        span, name = pieces[index]
        if not span.holds(tile.span) and tile.span.first != TOP:
            yield _("{plane}: {span} crosses the end of a prefix").format(plane=plane, span=tile.span)
        elif tile.pool != name:
            yield _("{plane}: {span} is counted in {pool}, but lies in {other}").format(
                plane=plane, span=tile.span, pool=tile.pool or "-", other=name or "-")
    counted = tally(tiles)
    for pool in pools:
        for key in ("size", *COUNTED.values()):
            value = counted.get(pool.prefix, {}).get(key, 0)
            if getattr(pool, key) != value:
                yield _("{plane}: {pool} has {noted} addresses noted as {what}, counted {counted}").format(
                    plane=plane, pool=pool.prefix, noted=getattr(pool, key), what=_(key), counted=value)


def _allocations(plane: str, tiles: Sequence[Tile], allocations: Iterable[Allocation]) -> Iterator[str]:
    held: dict[str, list[Tile]] = {}
    for tile in tiles:
        if tile.allocation:
            held.setdefault(tile.allocation, []).append(tile)
    for one in allocations:
        mine = held.pop(one.id, [])
        if any(str(tile.state) != str(one.state) for tile in mine):
            yield _("{plane}: {id} is {state}, its addresses are not").format(plane=plane, id=one.id, state=_(one.state))
        if one.state in HELD and sum(tile.span.size for tile in mine) != one.span.size:
            yield _("{plane}: {id} does not hold all of {span}").format(plane=plane, id=one.id, span=one.span)
        if any(not one.span.holds(tile.span) for tile in mine):
            yield _("{plane}: {id} holds more than {span}").format(plane=plane, id=one.id, span=one.span)
        if one.state is AllocationState.RELEASED and mine:
            yield _("{plane}: {id} was released and still holds addresses").format(plane=plane, id=one.id)
    for name in held:
        yield _("{plane}: {id} holds addresses, but there is no such allocation").format(plane=plane, id=name)
