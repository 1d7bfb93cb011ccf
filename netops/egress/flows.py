"""Flows (流) as columns: one NumPy array a field, never an object a flow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

import numpy as np
from numpy.typing import NDArray

Column = NDArray[Any]

ADDRESSES = ("src", "dst", "next_hop", "nat_src", "nat_dst")
"""Each is two uint64 columns, NAME_hi and NAME_lo; IPv4 is mapped into ::ffff:0:0/96 (RFC 4291 §2.5.5.2)."""
MACS = ("src_mac", "dst_mac")
TIMES = ("first", "last")
SPANS = ("since_last", "duration")
"""What may stand for times: ms from the end of a flow to its receipt, and from its beginning to its end."""
MAPPED = 0xFFFF << 32

JUDGED = {
    "src_hi": np.uint64,
    "src_lo": np.uint64,
    "dst_hi": np.uint64,
    "dst_lo": np.uint64,
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
    "first": np.int64,
    "last": np.int64,
    "received": np.int64,
    "sampling_interval": np.uint32,
    "src_as": np.uint32,
    "dst_as": np.uint32,
}
"""The columns that judging needs, and what else is kept of a flow; 0 stands for a field that the exporter did not send."""


@dataclass(slots=True)
class Flows:
    """
    Flow records of one exporter, all with the same fields.

    Args:
        columns: by field name (names of the decoder's contract); addresses as _hi and _lo; first, last and
            received are milliseconds since 1970 UTC; MAC addresses are integers; ordinal is the
            record's place among all that the decoder gave out.
        exporter: address of the exporter, canonical text.
        absent: by field name, which records do not tell it, where some of the same template do.
    """

    exporter: str = ""
    columns: dict[str, Column] = field(default_factory=dict)
    absent: dict[str, Column] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(next(iter(self.columns.values()), ()))


@dataclass(slots=True)
class Batch:
    """
    Flows of any exporters brought to the columns of `JUDGED`; *exporter* is an index into *exporters*.

    A column that is 0 throughout may be missing in *columns*, and where every address is IPv4 the two halves of an end are
    one column of uint32, `src_v4` and `dst_v4`; `since_last` and `duration` may stand for `last` and `first`, ms before receipt
    and before the end. Whole numbers may be narrower than `JUDGED` has them. Asked by its name each column of `JUDGED` is
    there all the same, in its own type; `narrow` gives it as it is.
    """

    columns: dict[str, Column]
    exporter: Column
    exporters: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.exporter)

    def __getitem__(self, name: str) -> Column:
        column = self.columns.get(name)
        if column is None or (name in JUDGED and column.dtype.itemsize < np.dtype(JUDGED[name]).itemsize):
            column = self._made(name) if column is None else column.astype(JUDGED[name])
            if column.strides != (0,):
                self.columns[name] = column
        return column

    def narrow(self, name: str) -> Column:
        """A column of `JUDGED` in whatever type it came: for looking at, not for reckoning with."""
        column = self.columns.get(name)
        return self[name] if column is None else column

    def _made(self, name: str) -> Column:
        low = self.columns.get(f"{name[:-3]}_v4")
        if low is not None and name.endswith("_lo"):
            return low.astype(np.uint64) | np.uint64(MAPPED)
        if name in TIMES and SPANS[0] in self.columns:
            return moments(self.columns)[name]
        return same(0, len(self), JUDGED[name])

    def is_zero(self, name: str) -> bool:
        """Whether the column is known to be 0 throughout without looking at it."""
        if name in self.columns or (name in TIMES and SPANS[0] in self.columns):
            return False
        return not (f"{name[:-3]}_v4" in self.columns and name.endswith("_lo"))

    def take(self, rows: Column) -> Batch:
        """Only these rows (a mask or positions), in order."""
        rows = positions(rows)
        return Batch(
            {name: column.take(rows) for name, column in self.columns.items()}, self.exporter.take(rows), self.exporters
        )


def positions(rows: Column) -> Column:
    """Positions of a mask, and positions as they are: few are taken faster so."""
    return np.flatnonzero(rows) if rows.dtype == bool else rows


def moments(columns: Mapping[str, Column]) -> dict[str, Column]:
    """`first` and `last` of `SPANS`."""
    last = columns["received"] - columns["since_last"]
    return {"first": last - columns["duration"], "last": last}


def same(value: int, size: int, kind: Any) -> Column:
    """A column of one value throughout that takes no memory; it cannot be written to."""
    return np.broadcast_to(np.array(value, kind), size)


def merged(chunks: Iterable[Flows]) -> Batch:
    """All *chunks* as one batch; what a chunk does not have is 0, missing times are the time of receipt."""
    kept = [chunk for chunk in chunks if len(chunk)]
    exporters = tuple(dict.fromkeys(chunk.exporter for chunk in kept))
    index = {name: number for number, name in enumerate(exporters)}
    columns: dict[str, Column] = {}
    for end in ("src", "dst"):
        if all(f"{end}_v4" in chunk.columns for chunk in kept):
            columns[f"{end}_v4"] = _joined([chunk.columns[f"{end}_v4"] for chunk in kept], np.dtype(np.uint32))
    if kept and all(chunk.columns.keys().isdisjoint((*TIMES, *SPANS)) for chunk in kept):
        columns |= dict.fromkeys(SPANS, same(0, sum(map(len, kept)), np.int32))
    elif kept and all(SPANS[0] in chunk.columns for chunk in kept):
        for name in SPANS:
            pieces = [chunk.columns[name] for chunk in kept]
            columns[name] = _joined(pieces, max((one.dtype for one in pieces), key=lambda kind: kind.itemsize))
    for name, kind in JUDGED.items():
        if f"{name[:-3]}_v4" in columns or (name in TIMES and SPANS[0] in columns):
            continue
        spare = "received" if name in TIMES else ""
        parts = [_column(chunk, name, spare) for chunk in kept]
        if all(part is None for part in parts):
            continue
        fitted = [None if part is None else _fit(part, np.dtype(kind)) for part in parts]
        widest = max((part.dtype for part in fitted if part is not None), key=lambda one: one.itemsize)
        columns[name] = _joined(
            [same(0, len(chunk), widest) if part is None else part for chunk, part in zip(kept, fitted, strict=True)], widest
        )
    if len(exporters) == 1:
        return Batch(columns, same(0, sum(map(len, kept)), np.int32), exporters)
    numbers = [np.full(len(chunk), index[chunk.exporter], np.int32) for chunk in kept]
    return Batch(columns, _joined(numbers, np.dtype(np.int32)), exporters)


def _column(chunk: Flows, name: str, spare: str) -> Column | None:
    """One column of a chunk, or the one that stands for it; None for one that it does not have."""
    if name in TIMES and SPANS[0] in chunk.columns:
        return moments(chunk.columns)[name]
    column = chunk.columns.get(name, chunk.columns.get(spare))
    low = chunk.columns.get(f"{name[:-3]}_v4") if column is None and name.endswith("_lo") else None
    if column is not None and column.strides == (0,) and len(column) and not column[0]:
        return None
    return column if low is None else low.astype(np.uint64) | np.uint64(MAPPED)


def _joined(parts: list[Column], kind: np.dtype[Any]) -> Column:
    """Columns one after another."""
    if len(parts) == 1:
        return parts[0]
    return np.concatenate(parts, dtype=kind) if parts else np.zeros(0, kind)


def joined(batches: Iterable[Batch]) -> Batch:
    """Batches one after another, as one."""
    kept = [batch for batch in batches if len(batch)]
    exporters = tuple(dict.fromkeys(name for batch in kept for name in batch.exporters))
    index = {name: number for number, name in enumerate(exporters)}
    numbers = [
        np.array([index[name] for name in batch.exporters], np.int32)[batch.exporter] for batch in kept
    ]
    columns = {
        name: np.concatenate([batch[name] for batch in kept]) if kept else np.zeros(0, kind)
        for name, kind in JUDGED.items()
    }
    return Batch(columns, np.concatenate(numbers) if numbers else np.zeros(0, np.int32), exporters)


DENSE = 1 << 16
"""So many values are counted in a table rather than sorted."""
FIRST_ROWS = 1 << 13
"""So many rows mostly show every value that a batch has."""
MIXER = np.uint32(2_654_435_769)
"""2^32 over the golden ratio: the upper bits of a product with it depend on all bits of a number."""


def grouped(*columns: Column) -> tuple[Column, Column]:
    """
    Rows that are equal in all *columns* (whole numbers of 0 and more, at least one row).

    Returns:
        The group of each row, numbered from 0, in a narrow type; and a row of each group.
    """
    keys: Column | None = None
    size = 1
    for column in columns:
        most = int(column.max()) if column.strides != (0,) else int(column[0])
        if not most or column.strides == (0,):
            continue
        if most >= DENSE:
            column, most = _numbered(column)
        if keys is not None and size * (most + 1) > DENSE:
            keys, size = _dense(keys, size)
        kind = np.uint16 if size * (most + 1) <= DENSE else np.intp
        if keys is None or size == 1:  # all of them were alike so far
            keys = column.astype(kind)
        else:
            keys = keys.astype(kind)
            keys *= kind(most + 1)
            keys += column.astype(kind, copy=False)
        size *= most + 1
    if keys is None:
        return np.zeros(len(columns[0]), np.uint8), np.zeros(1, np.intp)
    keys, size = _dense(keys, size)
    return keys, _rows(keys, size)


def _rows(groups: Column, size: int) -> Column:
    """A row of each group; most groups show up in the first rows."""
    rows = np.full(size, -1, np.intp)
    start, step = 0, FIRST_ROWS
    while start < len(groups):
        some = groups[start : start + step]
        rows[some] = np.arange(start, start + len(some))
        if rows.min() >= 0:
            break
        start, step = start + step, 4 * step
    return rows


def _numbered(column: Column) -> tuple[Column, int]:
    """Large values under small numbers, equal ones under the same; and the largest number."""
    if column.dtype == np.uint32:
        # Few interfaces have large numbers: those of the first rows, told apart by 16 bits of a product, are mostly all.
        values = np.unique(column[:FIRST_ROWS])
        mixed = (values * MIXER) >> np.uint32(16)
        table = np.zeros(DENSE, np.uint16)
        table[mixed.astype(np.intp)] = np.arange(len(values))
        found = table.take(((column * MIXER) >> np.uint32(16)).astype(np.intp)).astype(np.intp)
        if (values.take(found) == column).all():
            return found, len(values) - 1
    unique, numbers = np.unique(column, return_inverse=True)
    return numbers, len(unique) - 1


def _dense(keys: Column, size: int) -> tuple[Column, int]:
    """The same groups under numbers without gaps."""
    if size > 64 * DENSE:
        unique, numbers = np.unique(keys, return_inverse=True)
        return numbers, len(unique)
    # The first rows mostly show every key; where they do not, all are counted.
    present = np.zeros(size, bool)
    present[keys[:FIRST_ROWS]] = True
    for _ in range(2):
        count = int(np.count_nonzero(present))
        if count == size:
            return keys, size
        numbers = np.full(size, count, np.uint8 if count < 1 << 8 else np.uint16 if count < DENSE else np.intp)
        numbers[present] = np.arange(count)
        found = numbers.take(keys)
        if len(keys) <= FIRST_ROWS or found.max() < count:
            break
        present = np.bincount(keys, minlength=size) > 0
    return found, count


def _fit(column: Column, kind: np.dtype[Any]) -> Column:
    """
    Of *kind* at most: a narrower column stays as it is.

    A hostile 64-bit value must not wrap into an innocent small one: it is cut at the largest.
    """
    if column.strides == (0,) and len(column):
        return same(int(_fit(column[:1].copy(), kind)[0]), len(column), kind)
    if column.dtype.kind == kind.kind == "u" and column.dtype.itemsize <= kind.itemsize:
        return column
    if kind.kind == "u" and kind.itemsize < column.dtype.itemsize:
        column = np.minimum(column, column.dtype.type(np.iinfo(kind).max))
    return column.astype(kind, copy=False)


def address_text(hi: int, lo: int) -> str:
    """Canonical text of one address out of its two columns."""
    if not hi and lo >> 32 == 0xFFFF:
        return str(IPv4Address(lo & 0xFFFFFFFF))
    return str(IPv6Address(hi << 64 | lo))


def address_value(text: str) -> tuple[int, int]:
    """
    The two columns of one address, IPv4 mapped.

    Raises:
        ValueError: it is not an address.
    """
    address = ip_address(text)
    value = int(address) if address.version == 6 else MAPPED | int(address)
    return value >> 64, value & 0xFFFFFFFFFFFFFFFF


def mac_text(value: int) -> str:
    """Six lower-case octets with colons."""
    return ":".join(f"{value >> shift & 0xFF:02x}" for shift in range(40, -8, -8))


def mac_value(text: str) -> int:
    """The integer of six octets with colons; 0 when it is none."""
    try:
        return int(text.replace(":", ""), 16) if text.count(":") == 5 else 0
    except ValueError:
        return 0


def time_text(milliseconds: int) -> str:
    """RFC 3339 in UTC with milliseconds; a year that no calendar has is written as the number itself."""
    try:
        moment = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return str(milliseconds)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


HIDDEN = frozenset({"ordinal", "received"})


def rows(flows: Flows) -> Iterator[dict[str, Any]]:
    """One JSON object a record with only the fields that were sent: for people and tests, never for judging."""
    names = [name for name in flows.columns if name not in HIDDEN]
    lists = {name: flows.columns[name].tolist() for name in names}
    for number in range(len(flows)):
        row: dict[str, Any] = {}
        for name in names:
            value = lists[name][number]
            if name in flows.absent and flows.absent[name][number]:
                continue
            if name.endswith("_hi"):
                plain = name[:-3]
                row[plain] = address_text(value, lists[f"{plain}_lo"][number])
            elif name in MACS:
                row[name] = mac_text(value)
            elif name in TIMES:
                row[name] = time_text(value)
            elif not name.endswith("_lo") and not (name.startswith("icmp_") and value < 0):
                row[name] = value
        yield row
