"""Chunks of the flow archive: a few hundred thousand flows whose columns are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from netops.egress.flows import Column
from netops.egress.kept import KEPT, Names
from netops.egress.parts import Part
from netops.egress.segment import RUNNING, SEALED, arrays, head, whole_batches

CHUNK_ROWS = 1 << 18
Bounds = tuple[int, int]


class Chunk:
    """
    Some flows of one part.

    Args:
        load: gives one column, or None for one that is 0 throughout.
        bounds: least and greatest value of columns, where it is known without reading.
        source: the part, or None of a segment that is still being written.
    """

    def __init__(
        self,
        rows: int,
        names: Names,
        load: Callable[[str], Column | None],
        bounds: Callable[[str], Bounds | None] = lambda _name: None,
        source: Part | None = None,
    ) -> None:
        self.rows, self.names, self.source = rows, names, source
        self._load, self._bounds = load, bounds
        self._columns: dict[str, Column | None] = {}

    def __len__(self) -> int:
        return self.rows

    def is_zero(self, name: str) -> bool:
        """Whether the column is 0 throughout."""
        return self._column(name) is None

    def column(self, name: str) -> Column:
        """One column; its type may be narrower than `KEPT` has it."""
        found = self._column(name)
        return np.zeros(self.rows, KEPT[name]) if found is None else found

    def fresh(self, name: str) -> Column:
        """One column, not remembered: for who reads each once."""
        found = self._load(name)
        return np.zeros(self.rows, KEPT[name]) if found is None else found

    def bounds(self, name: str) -> Bounds | None:
        """Least and greatest value, where it is known without reading the column."""
        return self._bounds(name)

    def replaced(self, columns: Mapping[str, Column], names: Names) -> Chunk:
        """The same flows with other values in some columns."""
        return Chunk(self.rows, names, lambda name: columns[name] if name in columns else self._column(name))

    def _column(self, name: str) -> Column | None:
        if name not in self._columns:
            self._columns[name] = self._load(name)
        return self._columns[name]


def of_part(folder: Path, part: Part) -> list[Chunk]:
    """
    The chunks of one part.

    Raises:
        FileNotFoundError: its file was removed since the list of parts was read.
        ValueError: it is not readable.
    """
    import pyarrow as pa

    path = folder / part.path
    try:
        return _arrow(path, part) if part.kind == "hot" else _parquet(path, part)
    except FileNotFoundError:
        raise
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path}: {error}") from error


def on_shelf(folder: Path) -> list[Path]:
    """Segments that stand there now, sealed or being written. To be asked before the list of parts is read."""
    return sorted((*folder.glob(f"*{RUNNING}"), *folder.glob(f"*{SEALED}")))


def of_segment(path: Path) -> list[Chunk]:
    """
    What stands in a segment that no list has yet, for it is still being written or was sealed just now.

    Raises:
        FileNotFoundError: its writer removed it.
    """
    for one in (path, path.with_suffix(SEALED)):
        try:
            made, batches, _rest = whole_batches(one)
            names = head(made.metadata).names
        except FileNotFoundError:
            if one.suffix == SEALED:
                raise
            continue
        except ValueError:
            return []  # nothing is in it yet
        return [of_columns(arrays(batch), names) for batch in batches if batch.num_rows]
    return []


def of_columns(columns: Mapping[str, Column], names: Names) -> Chunk:
    """A chunk in memory; a column that is not there is 0 throughout."""
    return Chunk(len(columns["received"]), names, columns.get)


# ---- Arrow
def _arrow(path: Path, part: Part) -> list[Chunk]:
    import pyarrow as pa

    source = pa.memory_map(str(path))
    reader = pa.ipc.open_file(source)
    names = head(reader.schema.metadata).names
    present = {name: place for place, name in enumerate(reader.schema.names)}
    counted = pa.ipc.open_file(source, options=pa.ipc.IpcReadOptions(included_fields=[0], use_threads=False))
    sizes = [counted.get_batch(number).num_rows for number in range(reader.num_record_batches)]
    chunks, start, rows = [], 0, 0
    for number, size in enumerate(sizes):
        rows += size
        if rows >= CHUNK_ROWS or number == len(sizes) - 1:
            span = range(start, number + 1)
            chunks.append(Chunk(rows, names, _arrow_loader(source, present, span), _part_bounds(part), part))
            start, rows = number + 1, 0
    return [one for one in chunks if len(one)]


def _arrow_loader(source: Any, present: Mapping[str, int], span: range) -> Callable[[str], Column | None]:
    def load(name: str) -> Column | None:
        import pyarrow as pa

        if name not in present:
            return None
        options = pa.ipc.IpcReadOptions(included_fields=[present[name]], use_threads=False)
        reader = pa.ipc.open_file(source, options=options)
        pieces = [reader.get_batch(number).column(0).to_numpy() for number in span]
        return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)

    return load


def _part_bounds(part: Part) -> Callable[[str], Bounds | None]:
    known = {"received": (part.first, part.last)}
    for name, counts in (("verdict", part.verdicts), ("scene", part.scenes)):
        if counts:
            known[name] = (min(counts), max(counts))
    return known.get


# ---- Parquet
def _parquet(path: Path, part: Part) -> list[Chunk]:
    import pyarrow.parquet as pq

    metadata = pq.read_metadata(str(path))
    names = head(metadata.metadata).names
    present = {name: place for place, name in enumerate(metadata.schema.names)}
    return [
        Chunk(
            metadata.row_group(number).num_rows,
            names,
            _parquet_loader(path, metadata, present, number),
            _group_bounds(metadata, present, number),
            part,
        )
        for number in range(metadata.num_row_groups)
    ]


def _parquet_loader(
    path: Path, metadata: Any, present: Mapping[str, int], number: int
) -> Callable[[str], Column | None]:
    class Opened:
        @cached_property
        def file(self) -> Any:
            import pyarrow.parquet as pq

            return pq.ParquetFile(str(path), metadata=metadata, memory_map=True)

    opened = Opened()

    def load(name: str) -> Column | None:
        if name not in present:
            return None
        table = opened.file.read_row_group(number, columns=[name], use_threads=False)
        found: Column = table.column(0).to_numpy()
        return found

    return load


def _group_bounds(metadata: Any, present: Mapping[str, int], number: int) -> Callable[[str], Bounds | None]:
    def bounds(name: str) -> Bounds | None:
        if name not in present:
            return (0, 0)
        told = metadata.row_group(number).column(present[name]).statistics
        return (told.min, told.max) if told is not None and told.has_min_max else None

    return bounds
