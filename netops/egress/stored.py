"""Flows as segments hold them (落盘): what few flows tell apart is a number of a kind, and only the rest is a column. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np

from netops.egress.flows import Column, same
from netops.egress.judge import Judged, Scene
from netops.egress.kept import KEPT, Register, flow_columns, widest, width

FOLDED = ("exporter", "plane", "verdict", "exit", "scene", "in_if", "out_if")
"""Columns of the archive that are told by the kind of a flow: the same kind is the same in all of them."""
KIND, AFTER = "kind", "after"
"""What stands in a segment for *FOLDED*, and for *received*: ms after the first of the batch."""
STORED: dict[str, type[np.generic]] = {
    KIND: np.uint32,
    AFTER: np.uint64,
    **{name: kind for name, kind in KEPT.items() if name not in FOLDED and name != "received"},
}
"""Columns of a segment and their widest types; one that is 0 throughout is not there."""
HEAD = b"netops"
"""Key of what a batch says of itself in its metadata."""
Layout = dict[str, np.dtype[Any]]
"""The columns that a segment has, and their types."""


class Told(msgspec.Struct):
    """
    What a batch of a segment says of itself.

    Args:
        base: ms UTC of the first receipt.
        kinds: by name of FOLDED, a value a kind; those that are 0 throughout are not there.
    """

    base: int = 0
    kinds: dict[str, list[int]] = {}


class Rows(NamedTuple):
    """
    Flows that are to be written.

    Args:
        columns: a value a flow: *kind*, *received*, and the columns of STORED that are not 0 throughout.
        kinds: all of FOLDED, a value a kind.
    """

    columns: dict[str, Column]
    kinds: dict[str, Column]

    def __len__(self) -> int:
        return len(self.columns[KIND])

    def part(self, rows: slice) -> Rows:
        """Only these."""
        return Rows({name: column[rows] for name, column in self.columns.items()}, self.kinds)


def rows_of(judged: Judged, scene: Scene, register: Register, number: int) -> Rows:
    """A judged batch as it is written; *number* is that of its scene."""
    batch, kinds = judged.batch, judged.kinds
    size = len(kinds.verdict)
    exits = np.append(register.exits(one.id for one in scene.exits), np.uint16(0))
    exporters = register.exporters(batch.exporters)
    folded: dict[str, Column] = {
        "exporter": exporters[kinds.exporter] if len(exporters) else np.zeros(size, np.uint16),
        "plane": (kinds.plane + 1).astype(np.uint8),
        "verdict": kinds.verdict.astype(np.uint8),
        "exit": exits.take(kinds.exit, mode="wrap"),
        "scene": np.full(size, number, np.uint32),
        "in_if": kinds.in_if.astype(np.uint32),
        "out_if": kinds.out_if.astype(np.uint32),
    }
    return Rows({KIND: judged.kind.astype(_narrow(size))} | flow_columns(judged, scene, register), folded)


def together(pieces: Sequence[Rows]) -> Rows:
    """Several, one after another; what is the same kind in two of them is one kind."""
    if len(pieces) == 1:
        return pieces[0]
    names = [name for name in ("received", *STORED) if any(name in one.columns for one in pieces)]
    columns = {name: _joined(pieces, name) for name in names if name != KIND}
    tables = np.stack(
        [np.concatenate([one.kinds[name] for one in pieces]).astype(np.uint32) for name in FOLDED], axis=1
    )
    unique, places = np.unique(tables, axis=0, return_inverse=True)
    maps = np.split(places.ravel().astype(_narrow(len(unique))), np.cumsum([len(one.kinds["verdict"]) for one in pieces])[:-1])
    columns[KIND] = np.concatenate([of.take(one.columns[KIND]) for one, of in zip(pieces, maps, strict=True)])
    return Rows(columns, {name: unique[:, place] for place, name in enumerate(FOLDED)})


def _joined(pieces: Sequence[Rows], name: str) -> Column:
    return np.concatenate([one.columns.get(name, same(0, len(one), np.uint8)) for one in pieces])


def _narrow(kinds: int) -> type[np.unsignedinteger[Any]]:
    """The type of the numbers of so many kinds."""
    return np.uint8 if kinds <= 1 << 8 else np.uint16 if kinds <= 1 << 16 else np.uint32


# ---- written
def written(rows: Rows) -> tuple[dict[str, Column], Told]:
    """Columns of STORED, and what the batch says of itself."""
    columns = dict(rows.columns)
    received = columns.pop("received")
    base = int(received.min()) if len(received) else 0
    if received.strides != (0,):
        columns[AFTER] = received - base
    return columns, Told(base, {name: column.tolist() for name, column in rows.kinds.items() if column.any()})


def layout_of(columns: Mapping[str, Column]) -> Layout:
    """The narrowest layout for these columns (of `written`)."""
    kinds = ((name, _width(name, column)) for name, column in columns.items())
    return {name: kind for name, kind in kinds if kind is not None}


SHORT = {AFTER: (np.uint16, np.uint32), "source": (np.uint8,), "destination": (np.uint8,)}
"""Columns that mostly need less than others of their type, and what is tried for them."""


def _width(name: str, column: Column) -> np.dtype[Any] | None:
    if name == KIND:  # its table says more than its numbers do
        return column.dtype
    found = width(np.dtype(STORED[name]), column)
    if found is not None:
        for kind in SHORT.get(name, ()):
            if column.max() <= np.iinfo(kind).max:
                return np.dtype(kind)
    return found


def wider(one: Layout, other: Layout) -> Layout:
    """The layout that takes what both take."""
    kinds = ((name, widest(one.get(name), other.get(name))) for name in STORED)
    return {name: kind for name, kind in kinds if kind is not None}


def takes(layout: Layout, other: Layout) -> bool:
    """Whether columns of the *other* layout fit into the types of the first."""
    return all(widest(kind, layout.get(name)) == layout.get(name) for name, kind in other.items())


# ---- read
def column(name: str, told: Told, stored: Callable[[str], Column | None], size: int) -> Column | None:
    """One column of KEPT out of a batch; None where it is 0 throughout."""
    if name in FOLDED:
        values = told.kinds.get(name)
        if values is None:
            return None
        kind = stored(KIND)
        table = np.array(values, KEPT[name])
        return np.full(size, table[0]) if kind is None else table.take(kind)
    if name == "received":
        after = stored(AFTER)
        return np.full(size, told.base) if after is None else after.astype(np.int64) + told.base
    return stored(name)


def bounds(name: str, several: Iterable[Told]) -> tuple[int, int] | None:
    """Least and greatest value of a folded column in batches, at most; None of others."""
    if name not in FOLDED:
        return None
    values = [value for told in several for value in told.kinds.get(name, [0])]
    return (min(values), max(values)) if values else None
