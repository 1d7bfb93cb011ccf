"""Chunks of the flow archive: a few hundred thousand flows whose columns are read only when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from netops.egress import stored
from netops.egress.flows import Column
from netops.egress.kept import KEPT, Names
from netops.egress.parts import Part
from netops.egress.segment import RUNNING, SEALED, Stored, all_batches, head, whole_batches

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
        return [_of_batches([batch], names) for batch in batches if batch.rows]
    return []


def of_columns(columns: Mapping[str, Column], names: Names) -> Chunk:
    """A chunk in memory; a column that is not there is 0 throughout."""
    return Chunk(len(columns["received"]), names, columns.get)


# ---- Arrow
def _arrow(path: Path, part: Part) -> list[Chunk]:
    made, batches = all_batches(path)
    names = head(made.metadata).names
    chunks, start, rows = [], 0, 0
    for number, one in enumerate(batches):
        rows += one.rows
        if rows >= CHUNK_ROWS // 2 or number == len(batches) - 1:
            chunks.append(_of_batches(batches[start : number + 1], names, part))
            start, rows = number + 1, 0
    return [one for one in chunks if len(one)]


def _of_batches(batches: list[Stored], names: Names, part: Part | None = None) -> Chunk:
    """Batches of a segment as one chunk."""
    of_part = _part_bounds(part) if part else lambda _name: None

    def load(name: str) -> Column | None:
        pieces = [one.column(name) for one in batches]
        if all(piece is None for piece in pieces):
            return None
        filled = [
            np.zeros(one.rows, KEPT[name]) if piece is None else piece for one, piece in zip(batches, pieces, strict=True)
        ]
        return filled[0] if len(filled) == 1 else np.concatenate(filled)

    def bounds(name: str) -> Bounds | None:
        told = [one.told for one in batches if one.told is not None]
        return (stored.bounds(name, told) if len(told) == len(batches) else None) or of_part(name)

    return Chunk(sum(one.rows for one in batches), names, load, bounds, part)


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
