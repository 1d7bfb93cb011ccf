"""Which characters a font file draws: its cmap table (ISO/IEC 14496-22 §5.2.1), read without loading the font."""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

PREFERRED = ((3, 10), (0, 6), (0, 4), (3, 1), (0, 3), (0, 2), (0, 1), (0, 0))
"""(platform, encoding) of Unicode subtables, those with the whole of Unicode first."""
LARGEST = 8 << 20
"""Bytes; a cmap above this is not read (the largest CJK fonts have 300 KiB)."""


class Segment(NamedTuple):
    """Characters from *first* to *last*; *glyphs* holds one number each, or is empty when none of them is 0."""

    first: int
    last: int
    glyphs: tuple[int, ...]


def drawn(path: str, index: int, wanted: Iterable[str]) -> set[str]:
    """
    Those of *wanted* that the font has a glyph for; none when the file is no font that can be read.

    Args:
        index: place in a collection (.ttc), 0 for a single font.
    """
    segments, ends = _segments(path, index)
    return {one for one in wanted if _has(segments, ends, ord(one))}


def _has(segments: tuple[Segment, ...], ends: tuple[int, ...], code: int) -> bool:
    place = bisect_left(ends, code)
    if place == len(ends) or code < segments[place].first:
        return False
    found = segments[place]
    return not found.glyphs or found.glyphs[code - found.first] != 0


@lru_cache(maxsize=64)
def _segments(path: str, index: int) -> tuple[tuple[Segment, ...], tuple[int, ...]]:
    """The segments of a font, and the last character of each."""
    try:
        with Path(path).open("rb") as file:
            found = _read(_cmap(file, index))
    except (OSError, struct.error, ValueError, IndexError):
        return (), ()
    return found, tuple(one.last for one in found)


def _cmap(file: BinaryIO, index: int) -> bytes:
    """The cmap table of font *index*; empty when it has none."""
    start = 0
    if file.read(4) == b"ttcf":
        _, count = struct.unpack(">II", file.read(8))
        if index >= count:
            return b""
        file.seek(12 + 4 * index)
        (start,) = struct.unpack(">I", file.read(4))
    file.seek(start + 4)
    (tables,) = struct.unpack(">H6x", file.read(8))
    for _ in range(tables):
        tag, _checksum, offset, length = struct.unpack(">4sIII", file.read(16))
        if tag == b"cmap":
            file.seek(offset)
            return file.read(min(length, LARGEST))
    return b""


def _read(table: bytes) -> tuple[Segment, ...]:
    (count,) = struct.unpack_from(">H", table, 2)
    places = {
        (platform, encoding): offset
        for platform, encoding, offset in (struct.unpack_from(">HHI", table, 4 + 8 * n) for n in range(count))
    }
    for kind in PREFERRED:
        if kind in places:
            subtable = table[places[kind] :]
            (form,) = struct.unpack_from(">H", subtable)
            if form in READERS:
                return READERS[form](subtable)
    return ()


def _format_4(subtable: bytes) -> tuple[Segment, ...]:
    """Segments of the basic plane; a glyph is start + delta, or stands in an array behind the segments."""
    (doubled,) = struct.unpack_from(">H", subtable, 6)
    count = doubled // 2
    ends = struct.unpack_from(f">{count}H", subtable, 14)
    starts, deltas, offsets = (
        struct.unpack_from(f">{count}H", subtable, 16 + turn * doubled) for turn in (1, 2, 3)
    )
    segments = []
    for n, (first, last, delta, offset) in enumerate(zip(starts, ends, deltas, offsets, strict=True)):
        if first > last:
            continue
        length = last - first + 1
        if offset == 0:
            glyphs = tuple((code + delta) & 0xFFFF for code in range(first, last + 1))
        elif last == 0xFFFF:  # the closing segment; some fonts let it point nowhere
            glyphs = (0,) * length
        else:
            glyphs = struct.unpack_from(f">{length}H", subtable, 16 + 3 * doubled + 2 * n + offset)
        segments.append(Segment(first, last, () if all(glyphs) else glyphs))
    return tuple(segments)


def _format_12(subtable: bytes) -> tuple[Segment, ...]:
    """Groups over the whole of Unicode, ascending."""
    (count,) = struct.unpack_from(">I", subtable, 12)
    if 16 + 12 * count > len(subtable):
        raise ValueError("the groups end behind the table")
    groups = (struct.unpack_from(">III", subtable, 16 + 12 * n) for n in range(count))
    # Only the first character of a group can have glyph 0, and then it has none.
    return tuple(Segment(first + (glyph == 0), last, ()) for first, last, glyph in groups)


READERS = {4: _format_4, 12: _format_12}
"""Subtable formats that CJK and Latin fonts use for Unicode."""
