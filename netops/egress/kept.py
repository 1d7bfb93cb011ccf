"""What is kept of a flow (留存): the columns of the archive, made of judged batches, and batches made of them again. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
import numpy as np

from netops.egress.classify import Space, Table
from netops.egress.flows import JUDGED, Batch, Column, same
from netops.egress.judge import PLANES, Judged, Scene

KEPT: dict[str, type[np.generic]] = {
    "received": np.int64,
    "since_last": np.int64,
    "duration": np.int64,
    "src_hi": np.uint64,
    "src_mid": np.uint32,
    "src_low": np.uint32,
    "dst_hi": np.uint64,
    "dst_mid": np.uint32,
    "dst_low": np.uint32,
    "sport": np.uint16,
    "dport": np.uint16,
    "proto": np.uint8,
    "tcp_flags": np.uint16,
    "packets": np.uint64,
    "bytes": np.uint64,
    "in_if": np.uint32,
    "out_if": np.uint32,
    "src_mac": np.uint64,
    "dst_mac": np.uint64,
    "sampling_interval": np.uint32,
    "src_as": np.uint32,
    "dst_as": np.uint32,
    "exporter": np.uint16,
    "plane": np.uint8,
    "verdict": np.uint8,
    "exit": np.uint16,
    "source": np.uint16,
    "destination": np.uint16,
    "scene": np.uint32,
}
"""
Every column of the archive and its widest type. A column that is 0 throughout a part is not there at all.

Times are ms: *received* since 1970 UTC, *since_last* from the end of the flow to its receipt, *duration* from its
beginning to its end. An address is three columns, the second turned so that it is 0 for IPv4: then *low* is the whole
address. *exporter*, *exit*, *source* and *destination* are places in the part's names; *plane* is 0 where it is not
known, 1 intranet, 2 extranet; *scene* is the number of what it was judged by (`parts.Judgement`).
"""
TURN = np.uint64(0xFFFF)
HALF = np.uint64(32)
LOW = np.uint64(0xFFFFFFFF)
MAX_NAMES = 65_000
PLANE_CODES: dict[str, int] = {"": 0, **{plane.value: place + 1 for place, plane in enumerate(PLANES)}}


class Names(msgspec.Struct):
    """
    What the small numbers in a part stand for; place 0 of each stands for nothing.

    Args:
        owners: [space, organization] of an end of a flow (`classify.Owner`).
    """

    exporters: list[str] = msgspec.field(default_factory=lambda: [""])
    exits: list[str] = msgspec.field(default_factory=lambda: [""])
    owners: list[tuple[int, str]] = msgspec.field(default_factory=lambda: [(0, "")])

    def copy(self) -> Names:
        """The same names, to grow on their own."""
        return Names(list(self.exporters), list(self.exits), list(self.owners))


class Register:
    """Gives names their numbers, and the same name always the same one."""

    def __init__(self, names: Names | None = None) -> None:
        self.names = names or Names()
        self._exporters = {name: place for place, name in enumerate(self.names.exporters)}
        self._exits = {name: place for place, name in enumerate(self.names.exits)}
        self._owners = {name: place for place, name in enumerate(self.names.owners)}
        self._tables: dict[int, tuple[Table, Column]] = {}

    @property
    def size(self) -> int:
        """How many names there are: grows when one is added."""
        return len(self.names.exporters) + len(self.names.exits) + len(self.names.owners)

    def exporters(self, addresses: Iterable[str]) -> Column:
        """Numbers of exporters."""
        return _numbers(self._exporters, self.names.exporters, addresses)

    def exits(self, ids: Iterable[str]) -> Column:
        """Numbers of exits."""
        return _numbers(self._exits, self.names.exits, ids)

    def owners(self, owners: Iterable[tuple[int, str]]) -> Column:
        """Numbers of owners."""
        return _numbers(self._owners, self.names.owners, owners)

    def table(self, place: int, table: Table) -> Column:
        """Numbers of every row of an owner table; kept until the plane at *place* has another table."""
        known = self._tables.get(place)
        if known is None or known[0] is not table:
            known = self._tables[place] = (
                table,
                self.owners((int(one.space), one.organization) for one in table.owners),
            )
        return known[1]

    def learn(self, scene: Scene) -> None:
        """Take in every name that *scene* has, so that flows bring no new ones."""
        self.exporters(scene.observers)
        self.exits(one.id for one in scene.exits)
        for place, plane in enumerate(PLANES):
            if plane in scene.tables:
                self.table(place, scene.tables[plane])


def _numbers(known: dict[Any, int], listed: list[Any], names: Iterable[Any]) -> Column:
    """A number for each; names beyond MAX_NAMES have none (0)."""
    numbers = []
    for name in names:
        number = known.get(name)
        if number is None:
            if len(listed) >= MAX_NAMES:
                number = 0
            else:
                number = known[name] = len(listed)
                listed.append(name)
        numbers.append(number)
    return np.array(numbers, np.uint16)


def columns_of(judged: Judged, scene: Scene, register: Register, number: int) -> dict[str, Column]:
    """A judged batch as the archive answers it, without columns that are 0 throughout; *number* is that of its scene."""
    batch = judged.batch
    size = len(batch)
    exporters = register.exporters(batch.exporters)
    columns: dict[str, Column] = {
        "exporter": exporters[batch.exporter] if len(exporters) else np.zeros(0, np.uint16),
        "plane": (judged.plane + 1).astype(np.uint8),
        "verdict": judged.verdict.astype(np.uint8, copy=False),
        "scene": same(number, size, np.uint32),
    }
    if (judged.kinds.exit >= 0).any():
        columns["exit"] = np.append(register.exits(one.id for one in scene.exits), np.uint16(0)).take(judged.exit, mode="wrap")
    for name in ("in_if", "out_if"):
        if not batch.is_zero(name):
            columns[name] = batch[name]
    return columns | flow_columns(judged, scene, register)


def flow_columns(judged: Judged, scene: Scene, register: Register) -> dict[str, Column]:
    """What a flow has of its own, and no kind tells: times, ends, ports, sizes, and the owners of both ends."""
    batch = judged.batch
    is_spans = "since_last" in batch.columns
    columns: dict[str, Column] = {
        "received": batch["received"],
        "since_last": batch.columns["since_last"] if is_spans else batch["received"] - batch["last"],
        "duration": batch.columns["duration"] if is_spans else batch["last"] - batch["first"],
    }
    for name in ("src", "dst"):
        low = batch.columns.get(f"{name}_v4")
        columns |= (
            split(name, batch[f"{name}_hi"], batch[f"{name}_lo"]) if low is None else {f"{name}_low": low}
        )
    for name, owner in (("source", judged.source), ("destination", judged.destination)):
        columns[name] = _owners(owner, judged, scene, register)
    for name in PLAIN:
        if name not in columns and not batch.is_zero(name):
            columns[name] = batch.columns[name]
    return columns


PLAIN = ("sport", "dport", "proto", "tcp_flags", "packets", "bytes", "src_mac", "dst_mac", "sampling_interval",
         "src_as", "dst_as")  # fmt: skip
"""Columns that are kept as they were judged."""


def _owners(owner: Column, judged: Judged, scene: Scene, register: Register) -> Column:
    result = np.zeros(len(owner), np.uint16)
    for place, plane in enumerate(PLANES):
        if plane in scene.tables:
            if judged.plane.strides == (0,) and len(owner) and judged.plane[0] == place:
                return register.table(place, scene.tables[plane]).take(owner)
            rows = judged.plane == place
            numbers = register.table(place, scene.tables[plane])
            if rows.all():
                return numbers[owner]
            result[rows] = numbers[owner[rows]]
    return result


def split(name: str, hi: Column, lo: Column) -> dict[str, Column]:
    """The three columns of an address."""
    return {
        f"{name}_hi": hi,
        f"{name}_mid": ((lo >> HALF) ^ TURN).astype(np.uint32),
        f"{name}_low": (lo & LOW).astype(np.uint32),
    }


def joined_low(mid: Column, low: Column) -> Column:
    """The lower 64 bits of an address, of its second and third column."""
    return ((mid.astype(np.uint64) ^ TURN) << HALF) | low.astype(np.uint64)


def batch_of(columns: Mapping[str, Column], names: Names) -> Batch:
    """The batch that was judged, of the columns that were kept: to be judged again."""
    result: dict[str, Column] = {"received": columns["received"].astype(np.int64)}
    result["last"] = result["received"] - columns["since_last"].astype(np.int64)
    result["first"] = result["last"] - columns["duration"].astype(np.int64)
    for end in ("src", "dst"):
        result[f"{end}_hi"] = columns[f"{end}_hi"].astype(np.uint64)
        result[f"{end}_lo"] = joined_low(columns[f"{end}_mid"], columns[f"{end}_low"])
    for name, kind in JUDGED.items():
        if name not in result:
            result[name] = columns[name].astype(kind)
    return Batch(
        {name: result[name] for name in JUDGED}, columns["exporter"].astype(np.int32), tuple(names.exporters)
    )


# ---- narrow columns
WIDER: dict[np.dtype[Any], tuple[np.dtype[Any], ...]] = {
    np.dtype(np.int64): (np.dtype(np.int32), np.dtype(np.int64)),
    np.dtype(np.uint64): (np.dtype(np.uint32), np.dtype(np.uint64)),
    np.dtype(np.uint32): (np.dtype(np.uint16), np.dtype(np.uint32)),
}
"""Types tried for a column, narrowest first."""


def width(most: np.dtype[Any], column: Column) -> np.dtype[Any] | None:
    """The narrowest type that holds every value of a column that has the type *most* at most, or None when all are 0."""
    if not len(column):
        return None
    if column.strides == (0,):
        column = column[:1]
    low, high = column.min() if most.kind == "i" else 0, column.max()
    if not low and not high:
        return None
    for kind in WIDER.get(most, (most,)):
        limits = np.iinfo(kind)
        if limits.min <= low and high <= limits.max:
            return kind
    return most


def widest(one: np.dtype[Any] | None, other: np.dtype[Any] | None) -> np.dtype[Any] | None:
    """The type that holds what both hold."""
    if one is None or other is None:
        return one or other
    return one if one.itemsize >= other.itemsize else other


def space_of(names: Names) -> Column:
    """The space of every owner, by its number."""
    return np.array([space for space, _ in names.owners], np.int8)


def organization_of(names: Names) -> list[str]:
    """The organization of every owner, by its number."""
    return [organization for _, organization in names.owners]


def owner_text(owner: tuple[int, str]) -> str:
    """An owner for people: its organization, or else the space."""
    return owner[1] or Space(owner[0]).name.lower()


def plane_text(code: int) -> str:
    """The plane of a code, or ""."""
    return PLANES[code - 1].value if 0 < code <= len(PLANES) else ""
