"""The window on free space: the first holes of a pool as one transaction knows them, kept true by what it gives. Pure."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence

from netops.addresses.tile import Tile

Key = tuple[int, int]
"""Exponent of its largest aligned block, and first address: the tightest hole first, then the lowest."""


class Window:
    """
    The holes of one pool that hold an aligned block of 2**exponent, from the first one up to *bound*.

    Args:
        holes: in order, each with its key.
        bound: key of the last one that was looked at; None when there are no more.
    """

    def __init__(self, exponent: int, holes: Sequence[tuple[Key, Tile]], bound: Key | None) -> None:
        self._exponent, self._bound = exponent, bound
        self._keys = [key for key, _ in holes]
        self._tiles = dict(holes)

    def has(self, count: int) -> bool:
        """Whether the first *count* are known, or all."""
        return self._bound is None or len(self._keys) >= count

    def first(self, count: int) -> list[Tile]:
        """The first *count*, or all there are."""
        return [self._tiles[key] for key in self._keys[:count]]

    def replace(self, hole: Tile, rest: Iterable[Tile]) -> None:
        """*hole* was given, but for *rest*."""
        key = _key(hole)
        if key in self._tiles:
            del self._tiles[key]
            del self._keys[bisect_left(self._keys, key)]
        for tile in rest:
            key = _key(tile)
            if key[0] >= self._exponent and (self._bound is None or key <= self._bound):
                self._tiles[key] = tile
                insort(self._keys, key)


def _key(tile: Tile) -> Key:
    return tile.fit, tile.span.first
