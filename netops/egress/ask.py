"""Asking the flow archive: chunk after chunk is narrowed to what is meant, then counted, listed, grouped or written out."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import msgspec
import numpy as np

from netops.egress import measure
from netops.egress.chunks import Chunk
from netops.egress.columns import GROUPS, Word
from netops.egress.flows import Column
from netops.egress.match import Condition, View, parted, rows_of

THREADS = min(8, os.cpu_count() or 1)
AHEAD = 2
"""Chunks a thread that are worked on before they are wanted."""
MEMORY = "1GB"
"""For grouping; more goes to disk."""
Rejudge = Callable[[Chunk], Chunk]
T = TypeVar("T")


class Totals(msgspec.Struct):
    """
    Sums of the flows that were meant.

    Args:
        estimated: flows whose packets and bytes are estimates.
        first, last: of the flows' own times, ms UTC; 0 when there are none.
    """

    flows: int = 0
    packets: int = 0
    bytes: int = 0
    estimated: int = 0
    first: int = 0
    last: int = 0

    def add(self, view: View) -> None:
        """Count these rows in."""
        if not len(view):
            return
        first, last = int(measure.first(view).min()), int(measure.last(view).max())
        self.first = min(self.first, first) if self.flows else first
        self.last = max(self.last, last) if self.flows else last
        self.flows += len(view)
        self.packets += int(view.value("packets").sum())
        self.bytes += int(view.value("bytes").sum())
        self.estimated += int(view.value("estimated").sum())

    def join(self, part: Totals) -> None:
        """Add other sums."""
        if part.flows:
            self.first = min(self.first, part.first) if self.flows else part.first
            self.last = max(self.last, part.last) if self.flows else part.last
            for name in ("flows", "packets", "bytes", "estimated"):
                setattr(self, name, getattr(self, name) + getattr(part, name))


class Group(msgspec.Struct, frozen=True):
    """One row of a grouped answer; *keys* by the names that were grouped by."""

    keys: dict[str, Any]
    flows: int
    packets: int
    bytes: int
    estimated: int
    first: int
    last: int


def each(
    chunks: Iterable[Chunk], condition: Condition, work: Callable[[View], T], rejudge: Rejudge | None = None
) -> Iterator[T]:
    """What *work* makes of what is meant of every chunk, in order; several chunks are worked on at once."""
    return _ahead(chunks, lambda chunk: work(_meant(chunk, condition, rejudge)), THREADS)


def _meant(chunk: Chunk, condition: Condition, rejudge: Rejudge | None) -> View:
    if rejudge is None:
        return View(chunk, rows_of(chunk, condition))
    plain, rest = parted(condition)
    left = View(chunk, rows_of(chunk, plain))
    if not len(left):
        return left
    again = rejudge(chunk if left.rows is None else left.gathered())
    return View(again, rows_of(again, rest))


def _ahead(items: Iterable[Any], work: Callable[[Any], Any], threads: int) -> Iterator[Any]:
    """Results in order, computed by several threads a little ahead of who takes them."""
    if threads < 2:
        yield from map(work, items)
        return
    source = iter(items)
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in source:
                waiting.append(pool.submit(work, item))
                if len(waiting) > threads * AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()


# ---- counted
def counted(view: View) -> Totals:
    """The sums of one view."""
    result = Totals()
    result.add(view)
    return result


def together(parts: Iterable[Totals]) -> Totals:
    """Sums of several views."""
    result = Totals()
    for part in parts:
        result.join(part)
    return result


# ---- listed
class Few(NamedTuple):
    """The first flows of one view by time of receipt, with every column; and the sums of all of it."""

    totals: Totals
    received: Column
    view: View


def first_of(view: View, limit: int) -> Few:
    """At most *limit* of them."""
    received = view.column("received").astype(np.int64)
    places = np.argsort(received, kind="stable")[:limit]
    return Few(counted(view), received[places], View(View(view, places).gathered()))


def listed(found: Iterable[Few], limit: int) -> tuple[Totals, list[tuple[View, int]]]:
    """The first *limit* flows of all, by time, each as a view and its row in that."""
    totals, kept, most = Totals(), list[Few](), 4 * limit + 10_000
    for few in found:
        totals.join(few.totals)
        kept.append(few)
        if sum(len(one.received) for one in kept) > most:
            kept = _nearest(kept, limit)
    kept = _nearest(kept, limit)
    order = [
        (moment, number, row)
        for number, few in enumerate(kept)
        for row, moment in enumerate(few.received.tolist())
    ]
    return totals, [(kept[number].view, row) for _moment, number, row in sorted(order)[:limit]]


def _nearest(kept: list[Few], limit: int) -> list[Few]:
    """Without those that are certainly not among the first *limit*."""
    every = np.concatenate([few.received for few in kept]) if kept else np.zeros(0, np.int64)
    if not limit or len(every) <= limit:
        return kept if limit else []
    edge = np.partition(every, limit - 1)[limit - 1]
    return [
        Few(few.totals, few.received[: int((few.received <= edge).sum())], few.view)
        for few in kept
        if len(few.received) and few.received[0] <= edge
    ]


# ---- grouped
ORDERS = {
    "flows": "flows DESC", "packets": "packets DESC", "bytes": "bytes DESC", "first": "first ASC", "last": "last DESC",
}  # fmt: skip


class Grouping:
    """
    Sums by equal values of some columns.

    Args:
        by: names of `columns.GROUPS`.
    """

    def __init__(self, by: Sequence[str]) -> None:
        import pyarrow as pa

        self.by, self.words = tuple(by), [GROUPS[name]() for name in by]
        keys = [pa.field(f"k{place}", kind) for place, kind in enumerate(_kinds(self.words))]
        self.keys = ", ".join(field.name for field in keys)
        self.schema = pa.schema([*keys, *_sum_fields()])

    def batch(self, view: View) -> tuple[Totals, Any]:
        """The rows of one view as the database takes them, and their sums."""
        import pyarrow as pa

        columns = [column for word in self.words for column in word.columns(view)]
        columns += [
            view.value("packets"),
            view.value("bytes"),
            view.value("estimated").astype(np.int64),
            measure.first(view),
            measure.last(view),
        ]
        arrays = [
            pa.array(column).cast(field.type, safe=False)
            for column, field in zip(columns, self.schema, strict=True)
        ]
        return counted(view), pa.RecordBatch.from_arrays(arrays, schema=self.schema)

    def groups(self, found: Iterable[tuple[Totals, Any]], order: str, top: int) -> tuple[Totals, list[Group]]:
        """
        The greatest groups of all batches.

        Args:
            order: name of `ORDERS`.
            top: so many groups; 0 for all.
        """
        import tempfile

        import duckdb
        import pyarrow as pa

        totals = Totals()

        def batches() -> Iterator[Any]:
            for part, batch in found:
                totals.join(part)
                if batch.num_rows:
                    yield batch

        sums = "count(*) AS flows, sum(packets) AS packets, sum(bytes) AS bytes, sum(estimated) AS estimated"
        asked = (
            f"SELECT {self.keys}, {sums}, min(first) AS first, max(last) AS last FROM asked"  # noqa: S608 - names of our own
            f" GROUP BY {self.keys} ORDER BY {ORDERS[order]}, {self.keys} LIMIT ?"
        )
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="netops-flows-"))
            connection = duckdb.connect(":memory:", config={"memory_limit": MEMORY, "threads": str(THREADS)})
            stack.callback(connection.close)
            connection.execute("SET temp_directory = ?", [folder])
            connection.execute("SET preserve_insertion_order = false")
            connection.register("asked", pa.RecordBatchReader.from_batches(self.schema, batches()))
            rows = connection.execute(asked, [top or 1 << 62]).fetchall()
        return totals, [_group(row, self.by, self.words) for row in rows]


def _kinds(words: Iterable[Word]) -> list[Any]:
    import pyarrow as pa

    return [pa.from_numpy_dtype(kind) for word in words for kind in word.kinds]


def _sum_fields() -> list[Any]:
    import pyarrow as pa

    kinds = {
        "packets": pa.uint64(),
        "bytes": pa.uint64(),
        "estimated": pa.int64(),
        "first": pa.int64(),
        "last": pa.int64(),
    }
    return [pa.field(name, kind) for name, kind in kinds.items()]


def _group(row: tuple[Any, ...], by: Sequence[str], words: Sequence[Word]) -> Group:
    keys, place = {}, 0
    for name, word in zip(by, words, strict=True):
        width = len(word.kinds)
        keys[name] = word.shown(row[place : place + width])
        place += width
    flows, packets, octets, estimated, first, last = map(int, row[place:])
    return Group(keys, flows, packets, octets, estimated, first, last)


# ---- written out
def written(found: Iterable[tuple[Totals, Any]], path: Path) -> Totals:
    """
    Tables of flows (`columns.plain_table`) into one Parquet file that anybody can read; an older one stays until it is whole.

    Raises:
        OSError: the file cannot be written.
    """
    import pyarrow.parquet as pq

    from netops.egress.columns import plain_schema

    writing = path.with_name(path.name + ".part")
    totals = Totals()
    try:
        with pq.ParquetWriter(str(writing), plain_schema(), compression="zstd") as writer:
            for part, table in found:
                totals.join(part)
                if table.num_rows:
                    writer.write_table(table)
        writing.replace(path)
    finally:
        writing.unlink(missing_ok=True)
    return totals
