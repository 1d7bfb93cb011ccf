"""Compaction (归并): hot segments and small files become one Parquet file a day and plane, sorted for questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import numpy as np

from netops.egress import rollup
from netops.egress.chunks import Chunk, of_part
from netops.egress.flows import Column
from netops.egress.kept import KEPT, Names, Register, plane_text, width
from netops.egress.parts import Part, facts_of
from netops.egress.segment import Counts, schema
from netops.egress.shelf import WRITING, city_day, new_path, shelved

PART_ROWS = 2_000_000
"""Flows in one file: what is sorted in memory at once, about 300 MB."""
GROUP_ROWS = 1 << 18
LEVEL = 1
"""Of zstd: higher ones save 1 % and cost half as much again."""
DAY_MS = 86_400_000
CITY_MS = 8 * 3_600_000
"""The city's day begins so long before UTC's; there is no summer time."""
TIME_BITS = 24
"""Of the time in the 64 bits that are sorted by: exact up to 4.6 hours in one file."""
SETTLE = timedelta(minutes=5)
"""Hot segments wait so long after their hour has ended, or until there are PART_ROWS of them."""
SPLIT = (
    "src_low",
    "dst_low",
    "src_mid",
    "dst_mid",
    "src_hi",
    "dst_hi",
    "since_last",
    "duration",
    "packets",
    "bytes",
)
ENCODINGS = dict.fromkeys(SPLIT, "BYTE_STREAM_SPLIT") | {
    "received": "DELTA_BINARY_PACKED",
    "sport": "PLAIN",
    "dport": "PLAIN",
}
"""Columns with an encoding of their own; the others are few values, and a dictionary each."""


class Task(NamedTuple):
    """Parts that are to become one."""

    parts: tuple[Part, ...]


# ---- what to do
def plan(parts: Iterable[Part], at: datetime) -> list[Task]:
    """
    What to compact now, oldest first: hot segments of hours that are over, and small files of days that are.

    Every part is in one task at most.
    """
    hot, kept = [], defaultdict(list)
    for one in parts:
        if one.kind == "hot":
            hot.append(one)
        elif one.kind == "kept" and one.rows < PART_ROWS // 2:
            kept[one.plane, one.day].append(one)
    tasks = [Task(tuple(group)) for group in _hot_groups(hot, at)]
    today = city_day(int((at - SETTLE).timestamp() * 1000))
    for (_plane, day), listed in sorted(kept.items()):
        if day < today:
            tasks += [Task(tuple(group)) for group in _filled(listed) if len(group) > 1]
    return tasks


def _hot_groups(hot: list[Part], at: datetime) -> Iterator[list[Part]]:
    by_hour: dict[int, list[Part]] = defaultdict(list)
    for one in sorted(hot, key=lambda part: (part.sealed, part.id)):
        by_hour[int(one.sealed.timestamp()) // 3600].append(one)
    over = int((at - SETTLE).timestamp()) // 3600
    for hour, listed in sorted(by_hour.items()):
        for group in _filled(listed):
            if hour < over or sum(one.rows for one in group) >= PART_ROWS * 3 // 4:
                yield group


def _filled(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Parts in groups of at most PART_ROWS flows; a larger one alone."""
    group: list[Part] = []
    for one in parts:
        if group and sum(member.rows for member in group) + one.rows > PART_ROWS:
            yield group
            group = []
        group.append(one)
    if group:
        yield group


# ---- doing it
def compacted(folder: Path, task: Task, at: datetime) -> list[Part]:
    """
    Write what takes the place of the task's parts: a file of flows for each day and plane, and its roll-up.

    The files are on the disk; nothing knows of them until `parts.replace`.

    Raises:
        OSError: the disk is full or gone.
        ValueError: a part is not readable.
    """
    chunks = [chunk for part in task.parts for chunk in of_part(folder, part)]
    wants_rollup = any(part.kind == "hot" for part in task.parts)
    merged = _Merged(chunks)
    made: list[Part] = []
    for day, plane, rows in _groups(merged):
        order = _order(merged, rows)
        for start in range(0, len(order), PART_ROWS):
            picked = order[start : start + PART_ROWS]
            made.append(_written(folder, merged, picked, day, plane, at))
        if wants_rollup:
            sums = rollup.summed(merged.chunk(order))
            made.append(rollup.written(folder, sums, day, plane, rollup.FINE, at))
    return made


class _Merged:
    """Many chunks as one, with one set of names; columns are put together when they are asked for."""

    def __init__(self, chunks: Sequence[Chunk]) -> None:
        self.chunks = chunks
        register = Register()
        maps = [
            (
                register.exporters(one.names.exporters),
                register.exits(one.names.exits),
                register.owners(one.names.owners),
            )
            for one in chunks
        ]
        self._maps = maps
        self.names: Names = register.names

    def column(self, name: str) -> Column:
        place = {"exporter": 0, "exit": 1, "source": 2, "destination": 2}.get(name)
        pieces = [
            one.fresh(name) if place is None else maps[place][one.fresh(name)]
            for one, maps in zip(self.chunks, self._maps, strict=True)
        ]
        kind = np.dtype(KEPT[name])
        return (
            np.concatenate([piece.astype(kind, copy=False) for piece in pieces])
            if pieces
            else np.zeros(0, kind)
        )

    def chunk(self, rows: Column) -> Chunk:
        """These rows, in this order."""
        return Chunk(len(rows), self.names, lambda name: self.column(name)[rows])


def _groups(merged: _Merged) -> Iterator[tuple[str, str, Column]]:
    """Positions of the rows of every day and plane."""
    day = (merged.column("received") + CITY_MS) // DAY_MS
    plane = merged.column("plane")
    key = day * 4 + plane
    for value in np.unique(key).tolist():
        yield city_day((value // 4) * DAY_MS - CITY_MS), plane_text(value % 4), np.flatnonzero(key == value)


def _order(merged: _Merged, rows: Column) -> Column:
    """By verdict, then by the owners of both ends, then by time: what belongs together compresses and is skipped together."""
    received = merged.column("received")[rows]
    offset = (received - received.min()).astype(np.uint64)
    key = offset >> np.uint64(max(0, int(offset.max()).bit_length() - TIME_BITS))
    shift = TIME_BITS
    for name, bits in (("destination", 16), ("source", 16), ("verdict", 8)):
        key |= merged.column(name)[rows].astype(np.uint64) << np.uint64(shift)
        shift += bits
    order: Column = rows[np.argsort(key)]
    return order


def _written(folder: Path, merged: _Merged, rows: Column, day: str, plane: str, at: datetime) -> Part:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Column] = {}
    for name in KEPT:
        column = merged.column(name)[rows]
        kind = width(name, column)
        if kind is not None:
            columns[name] = column.astype(kind, copy=False)
    counts = Counts()
    nothing = np.zeros(len(rows), np.uint8)
    counts.add({name: columns.get(name, nothing) for name in ("received", "verdict", "scene")})
    made = schema({name: column.dtype for name, column in columns.items()}, merged.names)
    table = pa.Table.from_arrays([pa.array(columns[field.name]) for field in made], schema=made)
    path = new_path(folder, plane, day, ".parquet")
    pq.write_table(
        table,
        str(path.with_suffix(WRITING)),
        compression="zstd",
        compression_level=LEVEL,
        use_dictionary=[name for name in columns if name not in ENCODINGS],
        column_encoding={name: ENCODINGS[name] for name in columns if name in ENCODINGS},
        row_group_size=GROUP_ROWS,
    )
    return shelved(
        folder,
        path,
        Part(
            kind="kept",
            path="",
            plane=plane,
            day=day,
            first=counts.first,
            last=counts.last,
            rows=counts.rows,
            size=0,
            sha256="",
            facts=facts_of(counts),
            sealed=at,
        ),
    )
