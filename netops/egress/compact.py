"""Compaction (归并): hot segments and small files become one Parquet file a day and plane, sorted for questions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from netops.egress import rollup
from netops.egress.chunks import Chunk, of_part
from netops.egress.flows import Column, grouped, same
from netops.egress.kept import KEPT, Names, Register, plane_text, width
from netops.egress.match import View
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
    merged = _Merged(chunks)
    made: list[Part] = []
    for day, plane, rows in _groups(merged):
        order = _order(merged, rows)
        for start in range(0, len(order), PART_ROWS):
            picked = order[start : start + PART_ROWS]
            made.append(_written(folder, merged, picked, day, plane, at))
    hot = [chunk for chunk in chunks if chunk.source is None or chunk.source.kind == "hot"]
    for (day, plane), tables in _sums(hot).items():
        made.append(rollup.written(folder, rollup.together(tables, rollup.FINE), day, plane, rollup.FINE, at))
    return made


def _sums(chunks: Sequence[Chunk]) -> dict[tuple[str, str], list[Any]]:
    """What a roll-up is made of, for each day and plane: the sums of every chunk, which fits a processor's cache."""
    tables: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for chunk in chunks:
        for day, plane, rows in _groups(chunk):
            tables[day, plane].append(rollup.summed(chunk if len(rows) == len(chunk) else View(chunk, rows)))
    return tables


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

    def __len__(self) -> int:
        return sum(map(len, self.chunks))

    def is_zero(self, name: str) -> bool:
        """Whether a column is 0 throughout."""
        return all(one.is_zero(name) for one in self.chunks)

    def column(self, name: str) -> Column:
        """One column, in the narrowest type that holds those of all chunks."""
        place = {"exporter": 0, "exit": 1, "source": 2, "destination": 2}.get(name)
        if self.is_zero(name):
            return same(0, len(self), KEPT[name])
        pieces = [
            one.fresh(name) if place is None else maps[place].take(one.fresh(name))
            for one, maps in zip(self.chunks, self._maps, strict=True)
        ]
        return np.concatenate(pieces, dtype=np.result_type(*{piece.dtype for piece in pieces}))


def _groups(rows: _Merged | Chunk) -> Iterator[tuple[str, str, Column]]:
    """Positions of the rows of every day and plane."""
    received, plane = rows.column("received"), rows.column("plane")
    bounds = (int(column.min()) if len(rows) else 0 for column in (received, -received, plane, -plane.astype(np.int8)))
    first, last, least, most = bounds
    if (first + CITY_MS) // DAY_MS == (CITY_MS - last) // DAY_MS and least == -most:
        keys, key = None, (first + CITY_MS) // DAY_MS * 4 + least
        values = [key] if len(rows) else []
    else:
        keys = (received.astype(np.int64) + CITY_MS) // DAY_MS * 4 + plane
        values = np.unique(keys).tolist()
    for value in values:
        members = np.arange(len(rows)) if keys is None else np.flatnonzero(keys == value)
        yield city_day((value // 4) * DAY_MS - CITY_MS), plane_text(value % 4), members


def _order(merged: _Merged, rows: Column) -> Column:
    """By verdict, then by the owners of both ends, then by time: what belongs together compresses and is skipped together."""
    received = merged.column("received").take(rows)
    if (received[1:] < received[:-1]).any():
        rows = rows[np.argsort(received, kind="stable")]
    numbers, first = grouped(*(merged.column(name).take(rows) for name in ("verdict", "source", "destination")))
    # Numbers of 16 bits are sorted without comparing them.
    order: Column = rows.take(np.argsort(numbers.astype(np.uint16) if len(first) <= 1 << 16 else numbers, kind="stable"))
    return order


def _written(folder: Path, merged: _Merged, rows: Column, day: str, plane: str, at: datetime) -> Part:
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Column] = {}
    for name in KEPT:
        if merged.is_zero(name):
            continue
        column = merged.column(name)
        # Nothing is moved about where all are the same.
        is_same = len(column) > 0 and column.min() == column.max()
        column = column[: len(rows)] if is_same else column.take(rows)
        kind = width(np.dtype(KEPT[name]), column)
        if kind is not None:
            columns[name] = column.astype(kind, copy=False)
    counts = Counts()
    nothing = np.zeros(len(rows), np.uint8)
    counts.add_columns({name: columns.get(name, nothing) for name in ("received", "verdict", "scene")})
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
