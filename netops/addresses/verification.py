"""Is the ledger whole? Everything counted again from nothing and held against each other. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from netops.addresses.allocation import HELD, Allocation, AllocationState
from netops.addresses.pool import Pool
from netops.addresses.span import TOP, Span
from netops.addresses.tile import BLANK, COUNTED, IDLE, Tile, innermost, joined, tally


def faults(
    plane: str, tiles: Sequence[Tile], pools: Sequence[Pool], allocations: Iterable[Allocation]
) -> Iterator[str]:
    """Every disagreement as one English line: nothing means that the ledger of *plane* is whole."""
    tiles = tiles or BLANK
    position = 0
    for tile in tiles:
        if tile.span.first != position:
            yield f"{plane}: the tile at {tile.span} does not begin where the one before it ends"
        position = tile.span.last + 1
    if position != TOP + 1:
        yield f"{plane}: the tiles end at {position:#x}"
    if joined(tiles) != list(tiles):
        yield f"{plane}: two neighbouring tiles are the same"
    for tile in tiles:
        if (tile.state in IDLE) == bool(tile.allocation):
            yield f"{plane}: {tile.span} is {tile.state}, held by {tile.allocation or 'nobody'}"
        elif tile.state in IDLE and tile.state != tile.idle(tile.pool).state:
            yield f"{plane}: {tile.span} is {tile.state}, in {tile.pool or 'no prefix'}"
    yield from _pools(plane, tiles, pools)
    yield from _allocations(plane, tiles, allocations)


def _pools(plane: str, tiles: Sequence[Tile], pools: Sequence[Pool]) -> Iterator[str]:
    pieces = innermost([(pool.span, pool.prefix) for pool in pools], Span(0, TOP))
    index = 0
    for tile in tiles:
        while pieces[index][0].last < tile.span.first:
            index += 1
        span, name = pieces[index]
        if not span.holds(tile.span) and tile.span.first != TOP:
            yield f"{plane}: {tile.span} crosses the end of a prefix"
        elif tile.pool != name:
            yield f"{plane}: {tile.span} is counted in {tile.pool or '-'}, but lies in {name or '-'}"
    counted = tally(tiles)
    for pool in pools:
        for key in ("size", *COUNTED.values()):
            value = counted.get(pool.prefix, {}).get(key, 0)
            if getattr(pool, key) != value:
                yield f"{plane}: {pool.prefix} says {key} {getattr(pool, key)}, counted {value}"


def _allocations(plane: str, tiles: Sequence[Tile], allocations: Iterable[Allocation]) -> Iterator[str]:
    held: dict[str, list[Tile]] = {}
    for tile in tiles:
        if tile.allocation:
            held.setdefault(tile.allocation, []).append(tile)
    for one in allocations:
        mine = held.pop(one.id, [])
        if any(str(tile.state) != str(one.state) for tile in mine):
            yield f"{plane}: {one.id} is {one.state}, its addresses are not"
        if one.state in HELD and sum(tile.span.size for tile in mine) != one.span.size:
            yield f"{plane}: {one.id} does not hold all of {one.span}"
        if any(not one.span.holds(tile.span) for tile in mine):
            yield f"{plane}: {one.id} holds more than {one.span}"
        if one.state is AllocationState.RELEASED and mine:
            yield f"{plane}: {one.id} was released and still holds addresses"
    for name in held:
        yield f"{plane}: {name} holds addresses, but there is no such allocation"
