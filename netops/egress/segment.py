"""A segment: the minute that is being written, an Arrow file (LZ4) that a crash cannot halve."""

from __future__ import annotations

import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from netops.egress.flows import Column, same
from netops.egress.kept import KEPT, Names, widest, width

RUNNING, SEALED, MENDING = ".part", ".arrow", ".mend"
HEAD = 8
"""Octets before the stream inside an Arrow file: its magic number and padding."""
BUFFER_BYTES = 1 << 20
FORMAT = 1
Layout = dict[str, np.dtype[Any]]
"""The columns that a part has, and their types; those it does not have are 0 throughout."""


class Head(msgspec.Struct):
    """What stands in the metadata of every part: enough to read it without anything else."""

    names: Names
    format: int = FORMAT


class Counts(msgspec.Struct):
    """
    What is known of the rows of a part without reading it.

    Args:
        first, last: least and greatest time of receipt, ms UTC.
        verdicts: rows by verdict (`judge.Verdict`).
        scenes: rows by the number of the judgement they were made with.
    """

    rows: int = 0
    first: int = 0
    last: int = 0
    verdicts: dict[int, int] = {}
    scenes: dict[int, int] = {}

    def add(self, columns: Mapping[str, Column]) -> None:
        """Count these rows in."""
        received = columns["received"]
        if not len(received):
            return
        low, high = int(received.min()), int(received.max())
        self.first = min(self.first, low) if self.rows else low
        self.last = max(self.last, high)
        self.rows += len(received)
        for name, counts in (("verdict", self.verdicts), ("scene", self.scenes)):
            for value, count in occurring(columns.get(name, same(0, len(received), np.uint8))):
                counts[value] = counts.get(value, 0) + count


def occurring(column: Column) -> list[tuple[int, int]]:
    """Every value of a column of small numbers, and how often it occurs."""
    if column.strides == (0,):
        return [(int(column[0]), len(column))]
    low, high = int(column.min()), int(column.max())
    if low == high:
        return [(low, len(column))]
    if high < 1 << 20:
        counts = np.bincount(column)
        return [(int(value), int(counts[value])) for value in np.flatnonzero(counts)]
    values, numbers = np.unique(column, return_counts=True)
    return list(zip(values.tolist(), numbers.tolist(), strict=True))


class Sealed(NamedTuple):
    """A finished segment."""

    path: Path
    counts: Counts
    size: int


class Segment:
    """
    A segment that is being written.

    What was appended is in the file when `append` returns and on the disk after `sync`; its name ends in .part until
    it is sealed.
    """

    def __init__(self, path: Path, names: Names, layout: Layout) -> None:
        import pyarrow as pa

        self.layout = dict(layout)
        self.counts = Counts()
        self.path = path
        self._schema = schema(layout, names)
        self._file = pa.output_stream(str(path), compression=None, buffer_size=BUFFER_BYTES)
        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            self._writer = pa.ipc.new_file(
                self._file,
                self._schema,
                options=pa.ipc.IpcWriteOptions(compression="lz4", use_threads=False),
            )
            self._file.flush()
        except BaseException:
            self.abandon()
            raise

    @property
    def size(self) -> int:
        """Octets so far."""
        return int(self._file.tell())

    def takes(self, layout: Layout) -> bool:
        """Whether columns of this layout fit into the types this segment has."""
        return all(widest(kind, self.layout.get(name)) == self.layout.get(name) for name, kind in layout.items())

    def append(self, columns: Mapping[str, Column]) -> None:
        """
        Write these rows.

        Raises:
            OSError: the disk is full or gone; the segment must be abandoned, what was appended before is kept.
        """
        self._writer.write_batch(batch(columns, self.layout, self._schema))
        self._file.flush()
        self.counts.add(columns)

    def sync(self) -> None:
        """Have it on the disk."""
        os.fdatasync(self._descriptor)

    def seal(self) -> Sealed:
        """Finish it: complete, on the disk, under its final name."""
        self._writer.close()
        self._file.flush()
        os.fsync(self._descriptor)
        size = self.size
        self.abandon()
        return Sealed(settled(self.path, self.path.with_suffix(SEALED)), self.counts, size)

    def abandon(self) -> None:
        """Close it as it is; `salvaged` gets back what is whole."""
        with suppress(OSError, ValueError):
            self._file.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def running(folder: Path) -> Path:
    """A name for a new segment."""
    return folder / f"{uuid.uuid4().hex}{RUNNING}"


def layout_of(columns: Mapping[str, Column]) -> Layout:
    """The narrowest layout for these columns."""
    kinds = ((name, width(name, column)) for name, column in columns.items())
    return {name: kind for name, kind in kinds if kind is not None}


def wider(one: Layout, other: Layout) -> Layout:
    """The layout that takes what both take."""
    kinds = ((name, widest(one.get(name), other.get(name))) for name in KEPT)
    return {name: kind for name, kind in kinds if kind is not None}


def schema(layout: Layout, names: Names) -> Any:
    """The Arrow schema of a layout, with the names in its metadata."""
    import pyarrow as pa

    fields = [
        pa.field(name, pa.from_numpy_dtype(layout[name]), nullable=False) for name in KEPT if name in layout
    ]
    return pa.schema(fields, metadata={b"netops": msgspec.json.encode(Head(names))})


def head(metadata: Mapping[bytes, bytes] | None) -> Head:
    """
    The head of a part.

    Raises:
        ValueError: it is none of ours, or of a later format.
    """
    try:
        found = msgspec.json.decode((metadata or {}).get(b"netops", b""), type=Head)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error
    if found.format != FORMAT:
        raise ValueError(f"format {found.format}, where this netops knows {FORMAT}")
    return found


def batch(columns: Mapping[str, Column], layout: Layout, made: Any) -> Any:
    """An Arrow record batch of these columns."""
    import pyarrow as pa

    size = len(columns["received"])
    arrays = [
        pa.array(columns[field.name].astype(layout[field.name], copy=False))
        if field.name in columns
        else pa.array(np.zeros(size, layout[field.name]))
        for field in made
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=made)


def settled(written: Path, final: Path) -> Path:
    """Give a file that is on the disk its final name, for good."""
    written.rename(final)
    synced(final.parent)
    return final


def synced(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- after a crash, and while it is written
def whole_batches(path: Path) -> tuple[Any, list[Any], int]:
    """
    What is whole in a segment that was not sealed.

    Returns:
        Its Arrow schema, its record batches, and how many octets at its end are no whole batch.

    Raises:
        ValueError: not even its beginning is whole.
    """
    import pyarrow as pa

    content = path.read_bytes()
    source = pa.BufferReader(pa.py_buffer(content)[HEAD:])
    try:
        reader = pa.ipc.open_stream(source)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from error
    batches, end = [], source.tell()
    while True:
        try:
            batches.append(reader.read_next_batch())
        except StopIteration:
            return reader.schema, batches, 0
        except (pa.ArrowInvalid, OSError):
            return reader.schema, batches, len(content) - HEAD - end
        end = source.tell()


def salvaged(path: Path) -> tuple[Sealed | None, int]:
    """
    Seal what is whole in a segment that its writer left, and remove the rest. Safe to be interrupted and repeated.

    Returns:
        The sealed segment, None when nothing was whole; and the octets lost.
    """
    final, size = path.with_suffix(SEALED), path.stat().st_size
    if final.exists():
        path.unlink()
        return sealed(final), 0
    try:
        found, batches, lost = whole_batches(path)
        names = head(found.metadata).names
    except ValueError:
        batches, lost = [], size
    if not batches:
        path.unlink()
        return None, lost
    layout = {field.name: np.dtype(field.type.to_pandas_dtype()) for field in found}
    again = Segment(path.with_suffix(MENDING), names, layout)
    try:
        for one in batches:
            again.append(arrays(one))
        done = again.seal()
    except BaseException:
        again.abandon()
        raise
    path.unlink()
    synced(path.parent)
    return done, lost


def sealed(path: Path) -> Sealed:
    """
    A finished segment, counted anew out of its file.

    Raises:
        ValueError: it is not readable.
    """
    import pyarrow as pa

    counts = Counts()
    try:
        with pa.memory_map(str(path)) as source:
            reader = pa.ipc.open_file(source)
            head(reader.schema.metadata)
            for number in range(reader.num_record_batches):
                counts.add(arrays(reader.get_batch(number)))
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from error
    return Sealed(path, counts, path.stat().st_size)


def arrays(one: Any) -> dict[str, Column]:
    """The columns of an Arrow batch or table; those that are not there as 0."""
    found = {name: one.column(name).to_numpy(zero_copy_only=False) if hasattr(one.column(name), "chunks")
             else one.column(name).to_numpy(zero_copy_only=True) for name in one.schema.names}  # fmt: skip
    return {
        name: found[name] if name in found else np.zeros(one.num_rows, kind) for name, kind in KEPT.items()
    }
