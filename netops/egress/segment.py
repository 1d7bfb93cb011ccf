"""A segment: the minute that is being written, an Arrow file that a crash cannot halve."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from netops.egress import stored
from netops.egress.flows import Column
from netops.egress.kept import KEPT, Names
from netops.egress.stored import HEAD as TOLD
from netops.egress.stored import STORED, Layout, Told

RUNNING, SEALED, MENDING = ".part", ".arrow", ".mend"
HEAD = 8
"""Octets before the stream inside an Arrow file: its magic number and padding."""
BUFFER_BYTES = 1 << 16
PLAIN, FOLDED = 1, 2
"""Formats of parts: every column of KEPT as it is; and as `stored` has them."""


class Head(msgspec.Struct):
    """What stands in the metadata of every part: enough to read it without anything else."""

    names: Names
    format: int = PLAIN


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

    def add(self, received: tuple[int, int], rows: int, verdicts: Mapping[int, int], scenes: Mapping[int, int]) -> None:
        """Count *rows* in, of which these are of each verdict and scene; *received* between these times."""
        if not rows:
            return
        self.first = min(self.first, received[0]) if self.rows else received[0]
        self.last = max(self.last, received[1])
        self.rows += rows
        for counts, more in ((self.verdicts, verdicts), (self.scenes, scenes)):
            for value, count in more.items():
                counts[value] = counts.get(value, 0) + count

    def add_columns(self, columns: Mapping[str, Column]) -> None:
        """Count the rows of columns *received*, *verdict* and *scene* in."""
        received = columns["received"]
        if len(received):
            span = int(received.min()), int(received.max())
            self.add(span, len(received), occurring(columns["verdict"]), occurring(columns["scene"]))

    def add_stored(self, told: Told, columns: Mapping[str, Column], rows: int) -> None:
        """Count the rows of a batch of a segment in."""
        after = columns.get(stored.AFTER)
        low, high = (0, 0) if after is None or not rows else (int(after.min()), int(after.max()))
        kind = columns.get(stored.KIND)
        numbers = np.array([rows]) if kind is None else np.bincount(kind)
        verdicts, scenes = (_summed(told.kinds.get(name, []), numbers) for name in ("verdict", "scene"))
        self.add((told.base + low, told.base + high), rows, verdicts, scenes)


def _summed(values: list[int], rows: Column) -> dict[int, int]:
    """Rows by value; of kinds that have no values the value is 0."""
    found: dict[int, int] = {}
    for place, count in enumerate(rows.tolist()):
        if count:
            value = values[place] if values else 0
            found[value] = found.get(value, 0) + count
    return found


def occurring(column: Column) -> dict[int, int]:
    """Every value of a column of small numbers, and how often it occurs."""
    low, high = int(column.min()), int(column.max())
    if low == high:
        return {low: len(column)}
    if high < 1 << 20:
        counts = np.bincount(column)
        return {int(value): int(counts[value]) for value in np.flatnonzero(counts)}
    values, numbers = np.unique(column, return_counts=True)
    return dict(zip(values.tolist(), numbers.tolist(), strict=True))


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
        self._schema = schema(layout, names, STORED, FOLDED)
        self._file = pa.output_stream(str(path), compression=None, buffer_size=BUFFER_BYTES)
        self._descriptor = os.open(path, os.O_RDONLY)
        try:
            # Nothing is compressed: what is left after `stored` hardly gives way to LZ4, which took most of the time.
            self._writer = pa.ipc.new_file(self._file, self._schema)
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
        return stored.takes(self.layout, layout)

    def append(self, columns: Mapping[str, Column], told: Told) -> None:
        """
        Write the rows that `stored.written` made ready.

        Raises:
            OSError: the disk is full or gone; the segment must be abandoned, what was appended before is kept.
        """
        size = len(columns[stored.KIND])
        self._writer.write_batch(
            batch(columns, self.layout, self._schema, size), custom_metadata={TOLD: msgspec.json.encode(told)}
        )
        self._file.flush()
        self.counts.add_stored(told, columns, size)

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


def schema(
    layout: Layout, names: Names, order: Mapping[str, type[np.generic]] = KEPT, form: int = PLAIN
) -> Any:
    """The Arrow schema of a layout, with the names in its metadata."""
    import pyarrow as pa

    fields = [
        pa.field(name, pa.from_numpy_dtype(layout[name]), nullable=False) for name in order if name in layout
    ]
    return pa.schema(fields, metadata={b"netops": msgspec.json.encode(Head(names, form))})


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
    if found.format not in (PLAIN, FOLDED):
        raise ValueError(f"format {found.format}, where this netops knows {PLAIN} and {FOLDED}")
    return found


def batch(columns: Mapping[str, Column], layout: Layout, made: Any, size: int) -> Any:
    """An Arrow record batch of these columns."""
    import pyarrow as pa

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


def digest(path: Path) -> str:
    """SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def synced(folder: Path) -> None:
    """Have the names in a folder on the disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


# ---- read
class Stored:
    """
    One batch of a part as it was read.

    Args:
        batch: of Arrow.
        told: what a folded batch says of itself; None of a plain one.
    """

    def __init__(self, batch: Any, told: Told | None) -> None:
        self.batch, self.told, self.rows = batch, told, int(batch.num_rows)
        self._place = {name: place for place, name in enumerate(batch.schema.names)}

    def raw(self, name: str) -> Column | None:
        """A column as it is in the file; None for one that is not there."""
        place = self._place.get(name)
        if place is None:
            return None
        found: Column = self.batch.column(place).to_numpy(zero_copy_only=True)
        return found

    def column(self, name: str) -> Column | None:
        """A column of KEPT; None for one that is 0 throughout."""
        return self.raw(name) if self.told is None else stored.column(name, self.told, self.raw, self.rows)

    def add_to(self, counts: Counts) -> None:
        """Count its rows in."""
        if self.told is not None:
            counts.add_stored(self.told, self.columns((stored.KIND, stored.AFTER)), self.rows)
            return
        zero = np.zeros(self.rows, np.uint8)
        found = {name: self.raw(name) for name in ("received", "verdict", "scene")}
        counts.add_columns({name: zero if column is None else column for name, column in found.items()})

    def columns(self, names: Mapping[str, Any] | tuple[str, ...] = STORED) -> dict[str, Column]:
        """The columns as they are in the file, by name."""
        found = {name: self.raw(name) for name in names}
        return {name: column for name, column in found.items() if column is not None}


def told_in(metadata: Any, form: int) -> Told | None:
    """
    What a batch says of itself.

    Raises:
        ValueError: it should, and does not.
    """
    if form == PLAIN:
        return None
    try:
        return msgspec.json.decode((metadata or {}).get(TOLD, b""), type=Told)
    except msgspec.MsgspecError as error:
        raise ValueError(str(error)) from error


def whole_batches(path: Path) -> tuple[Any, list[Stored], int]:
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
    form, batches, end = head(reader.schema.metadata).format, list[Stored](), source.tell()
    while True:
        try:
            found = reader.read_next_batch_with_custom_metadata()
            batches.append(Stored(found.batch, told_in(found.custom_metadata, form)))
        except StopIteration:
            return reader.schema, batches, 0
        except (pa.ArrowInvalid, OSError, ValueError):
            return reader.schema, batches, len(content) - HEAD - end
        end = source.tell()


def all_batches(path: Path) -> tuple[Any, list[Stored]]:
    """
    The schema and the batches of a sealed segment; the columns of a folded one lie in the mapped file and take no memory.

    Raises:
        pa.ArrowInvalid, OSError, ValueError: it is not readable.
    """
    import pyarrow as pa

    reader = pa.ipc.open_file(pa.memory_map(str(path)))
    form = head(reader.schema.metadata).format
    found = [reader.get_batch_with_custom_metadata(number) for number in range(reader.num_record_batches)]
    return reader.schema, [Stored(one.batch, told_in(one.custom_metadata, form)) for one in found]


# ---- after a crash
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
        if not batches:
            raise ValueError("no batch is whole")
    except ValueError:
        path.unlink()
        return None, size
    done = _sealed_again(path.with_suffix(MENDING), found, batches)
    path.unlink()
    synced(path.parent)
    return done, lost


def _sealed_again(path: Path, made: Any, batches: list[Stored]) -> Sealed:
    """A sealed segment of these batches, as they are."""
    import pyarrow as pa

    counts = Counts()
    with path.open("wb") as file:
        with pa.ipc.new_file(file, made) as writer:
            for one in batches:
                told = None if one.told is None else {TOLD: msgspec.json.encode(one.told)}
                writer.write_batch(one.batch, custom_metadata=told)
                one.add_to(counts)
        file.flush()
        os.fsync(file.fileno())
    size = path.stat().st_size
    return Sealed(settled(path, path.with_suffix(SEALED)), counts, size)


def sealed(path: Path) -> Sealed:
    """
    A finished segment, counted anew out of its file.

    Raises:
        ValueError: it is not readable.
    """
    import pyarrow as pa

    counts = Counts()
    try:
        for one in all_batches(path)[1]:
            one.add_to(counts)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(str(error)) from error
    return Sealed(path, counts, path.stat().st_size)
