"""Tiles: a plane's whole address space cut into runs that are outside, free or taken. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import StrEnum

import msgspec
from msgspec.structs import replace

from netops.addresses.span import TOP, Span, fit


class TileState(StrEnum):
    """What a run of addresses is now."""

    OUTSIDE = "outside"
    """In no registered prefix, and nobody's."""
    FREE = "free"
    ACTIVE = "active"
    RESERVED = "reserved"
    QUARANTINE = "quarantine"
    """Given back, not yet to be given out (冷却)."""


TAKEN = (TileState.ACTIVE, TileState.RESERVED)
IDLE = (TileState.OUTSIDE, TileState.FREE)
COUNTED = {TileState.ACTIVE: "allocated", TileState.RESERVED: "reserved", TileState.QUARANTINE: "quarantined"}
"""State to the counter of a pool that counts it."""


class Tile(msgspec.Struct, frozen=True):
    """
    One run of addresses that are all in the same state.

    Every address of a plane lies in exactly one tile; two neighbours always differ.

    Args:
        pool: the innermost registered prefix, canonical, or "".
        allocation: number of the allocation that holds it, or "".
    """

    span: Span
    state: TileState = TileState.OUTSIDE
    pool: str = ""
    allocation: str = ""

    @property
    def fit(self) -> int:
        """Exponent of the largest free aligned block; -1 when nothing is free."""
        return fit(self.span) if self.state is TileState.FREE else -1

    def idle(self, pool: str) -> Tile:
        """The same run in *pool*, holding nothing."""
        return Tile(self.span, TileState.FREE if pool else TileState.OUTSIDE, pool)


BLANK = (Tile(Span(0, TOP - 1)), Tile(Span(TOP, TOP)))
"""A plane before anything is registered; the last address closes the row and is never given out."""


def cut(tiles: Iterable[Tile], span: Span) -> Iterator[Tile]:
    """The parts of *tiles* that lie in *span*."""
    for tile in tiles:
        if tile.span.meets(span):
            yield replace(tile, span=Span(max(tile.span.first, span.first), min(tile.span.last, span.last)))


def painted(tiles: Sequence[Tile], inside: Iterable[Tile]) -> list[Tile]:
    """*tiles* with the runs of *inside* (in order, no gap) laid over; neighbours that agree are joined."""
    laid = list(inside)
    span = Span(laid[0].span.first, laid[-1].span.last)
    whole = Span(tiles[0].span.first, tiles[-1].span.last)
    before = cut(tiles, Span(whole.first, span.first - 1)) if whole.first < span.first else ()
    after = cut(tiles, Span(span.last + 1, whole.last)) if span.last < whole.last else ()
    return joined([*before, *laid, *after])


def joined(tiles: Iterable[Tile]) -> list[Tile]:
    """Neighbours that differ in nothing become one tile; the closing tile stays by itself."""
    result: list[Tile] = []
    for tile in tiles:
        if result and tile.span.first != TOP and replace(result[-1], span=tile.span) == tile:
            result[-1] = replace(tile, span=Span(result[-1].span.first, tile.span.last))
        else:
            result.append(tile)
    return result


def innermost(prefixes: Iterable[tuple[Span, str]], region: Span) -> list[tuple[Span, str]]:
    """
    *region* cut so that each piece names its innermost prefix, or "".

    Args:
        prefixes: CIDR spans with their names; they nest or are apart, as CIDRs always are.
        region: the addresses to cut.
    """
    pieces: list[tuple[Span, str]] = []
    stack: list[tuple[Span, str]] = [(region, "")]
    position = region.first

    def advance(to: int) -> None:
        nonlocal position
        while position < to:
            end = min(to - 1, stack[-1][0].last)
            pieces.append((Span(position, end), stack[-1][1]))
            position = end + 1
            while len(stack) > 1 and stack[-1][0].last < position:
                stack.pop()

    for span, name in sorted(prefixes, key=lambda one: (one[0].first, -one[0].size)):
        if not span.meets(region):
            continue
        advance(max(span.first, region.first))
        while len(stack) > 1 and stack[-1][0].last < span.first:
            stack.pop()
        stack.append((Span(max(span.first, region.first), min(span.last, region.last)), name))
    advance(region.last + 1)
    return pieces


Counters = dict[str, dict[str, int]]
"""By pool: size, allocated, reserved, quarantined."""


def tally(several: Iterable[Tile], sign: int = 1, onto: Counters | None = None) -> Counters:
    """Addresses by pool and state, added to (or taken from) *onto*."""
    counters: Counters = {} if onto is None else onto
    for tile in several:
        if tile.pool:
            pool = counters.setdefault(tile.pool, dict.fromkeys(("size", *COUNTED.values()), 0))
            pool["size"] += sign * tile.span.size
            if tile.state in COUNTED:
                pool[COUNTED[tile.state]] += sign * tile.span.size
    return counters
