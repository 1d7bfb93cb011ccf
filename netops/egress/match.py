"""Which flows of a chunk a question means: conditions on columns, narrowed step by step and skipped where bounds tell. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from netops.egress import measure
from netops.egress.chunks import Chunk
from netops.egress.flows import Column
from netops.egress.judge import Verdict
from netops.egress.kept import KEPT, PLANE_CODES, Names, joined_low
from netops.egress.prefixes import PrefixSet

ENOUGH = 0.5
"""When fewer flows than this share are left, the next condition is asked of those alone."""
DERIVED: dict[str, Callable[[Any], Column]] = {
    "bytes": measure.octets,
    "packets": measure.packets,
    "bpp": measure.bytes_per_packet,
    "pps": lambda chunk: measure.rate(measure.packets(chunk), chunk),
    "bps": lambda chunk: measure.rate(measure.octets(chunk), chunk, 8),
    "estimated": lambda chunk: measure.sampled(chunk).astype(np.uint8),
    "icmp_type": lambda chunk: chunk.column("dport") >> 8,
    "icmp_code": lambda chunk: chunk.column("dport") & 0xFF,
}
"""Values that are computed; every other name is a column of its own."""
NEEDS = {
    "bytes": ("bytes", "sampling_interval"), "packets": ("packets", "sampling_interval"),
    "bpp": ("bytes", "packets", "sampling_interval"), "pps": ("packets", "duration", "sampling_interval"),
    "bps": ("bytes", "duration", "sampling_interval"), "estimated": ("sampling_interval",),
    "icmp_type": ("dport",), "icmp_code": ("dport",),
}  # fmt: skip
COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "=": np.equal, ">": np.greater, "<": np.less, ">=": np.greater_equal, "<=": np.less_equal,
}  # fmt: skip
JUDGED_BY = frozenset({"verdict", "exit", "source", "destination", "plane", "scene"})
"""Columns that another register would fill otherwise."""


class View:
    """Some rows of a chunk, with the same questions to it."""

    def __init__(self, chunk: Chunk | View, rows: Column | None = None) -> None:
        self.chunk, self.rows = chunk, rows
        self.names: Names = chunk.names

    def __len__(self) -> int:
        return len(self.chunk) if self.rows is None else len(self.rows)

    def column(self, name: str) -> Column:
        """One column of these rows."""
        column = self.chunk.column(name)
        return column if self.rows is None else column[self.rows]

    def is_zero(self, name: str) -> bool:
        """Whether the column is 0 throughout."""
        return self.chunk.is_zero(name)

    def value(self, name: str) -> Column:
        """A column, or what is computed of columns."""
        return DERIVED[name](self) if name in DERIVED else self.column(name)

    def gathered(self) -> Chunk:
        """The same rows with every column in memory, for who asks of them one by one."""
        columns = {name: self.column(name) for name in KEPT}
        return Chunk(len(self), self.names, columns.get)


class Condition:
    """What a flow must be. `cost` orders the conditions of an *and*: cheap ones first."""

    cost = 1

    def test(self, view: View) -> Column:
        """Which rows of *view* are so."""
        raise NotImplementedError

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """Whether any row of *chunk* can be so, and whether any can be not so, by its bounds alone."""
        return True, True

    def columns(self) -> frozenset[str]:
        """The columns that it reads."""
        return frozenset()


@dataclass(frozen=True)
class Everything(Condition):
    """Every flow."""

    def test(self, view: View) -> Column:
        """All rows."""
        return np.ones(len(view), bool)

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """Always so."""
        return True, False


@dataclass(frozen=True)
class Number(Condition):
    """One number: *value* compared by *sign*."""

    name: str
    sign: str
    value: int

    def test(self, view: View) -> Column:
        """Compared in the column's own type; a value beyond it is compared exactly."""
        column = view.value(self.name)
        value: Any = self.value
        if (
            column.dtype.kind in "iu"
            and not np.iinfo(column.dtype).min <= value <= np.iinfo(column.dtype).max
        ):
            return np.full(len(column), bool(COMPARE[self.sign](0, 1 if value > 0 else -1)), bool)
        result: Column = COMPARE[self.sign](column, value)
        return result

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """By least and greatest value."""
        bounds = chunk.bounds(self.name) if self.name in KEPT and self.name not in DERIVED else None
        if bounds is None:
            return True, True
        low, high = bounds
        if self.sign == "=":
            return low <= self.value <= high, not low == high == self.value
        ends = [bool(COMPARE[self.sign](end, self.value)) for end in bounds]
        return any(ends), not all(ends)

    def columns(self) -> frozenset[str]:
        """Its column, or those that its value is computed of."""
        return frozenset(NEEDS.get(self.name, (self.name,)))


@dataclass(frozen=True)
class Among(Condition):
    """One number: in one of the runs, both ends included."""

    name: str
    runs: tuple[tuple[int, int], ...]
    cost = 2

    def test(self, view: View) -> Column:
        """By a table where the column is short, by comparing otherwise."""
        column = view.value(self.name)
        if column.dtype.itemsize <= 2:
            table = np.zeros(1 << 16, bool)
            for first, last in self.runs:
                table[first : last + 1] = True
            short: Column = table[column]
            return short
        found = np.zeros(len(column), bool)
        for first, last in self.runs:
            found |= (column >= first) & (column <= last)
        return found

    def columns(self) -> frozenset[str]:
        """Its column."""
        return frozenset(NEEDS.get(self.name, (self.name,)))


@dataclass(frozen=True)
class Flags(Condition):
    """All these TCP flags; or, with *none*, not one of them. Others do not matter."""

    mask: int
    none: bool = False

    def test(self, view: View) -> Column:
        """By the bits."""
        flags: Column = (view.column("tcp_flags") & self.mask) == (0 if self.none else self.mask)
        return flags

    def columns(self) -> frozenset[str]:
        """The flags."""
        return frozenset({"tcp_flags"})


@dataclass(frozen=True)
class Within(Condition):
    """One end lies in a set of prefixes."""

    end: str
    prefixes: PrefixSet
    cost = 3

    def test(self, view: View) -> Column:
        """IPv4 by its one short column wherever the chunk has no IPv6."""
        low = view.column(f"{self.end}_low")
        if view.is_zero(f"{self.end}_mid") and view.is_zero(f"{self.end}_hi"):
            return self.prefixes.v4(low)
        hi, mid = view.column(f"{self.end}_hi"), view.column(f"{self.end}_mid")
        wide = (hi != 0) | (mid != 0)
        found: Column = ~wide & self.prefixes.v4(low)
        rows = np.flatnonzero(wide)
        found[rows] = self.prefixes.v6(hi[rows].astype(np.uint64), joined_low(mid[rows], low[rows]))
        return found

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """By least and greatest address, where all are IPv4."""
        if chunk.bounds(f"{self.end}_mid") != (0, 0) or chunk.bounds(f"{self.end}_hi") != (0, 0):
            return True, True
        low, high = chunk.bounds(f"{self.end}_low") or (0, (1 << 32) - 1)
        touching = [(first, last) for first, last in self.prefixes.runs4 if first <= high and last >= low]
        return bool(touching), not any(first <= low and high <= last for first, last in touching)

    def columns(self) -> frozenset[str]:
        """The three columns of the end."""
        return frozenset(f"{self.end}_{part}" for part in ("hi", "mid", "low"))


@dataclass(frozen=True)
class Family(Condition):
    """Both ends are IPv4, or both are IPv6."""

    version: int

    def test(self, view: View) -> Column:
        """Of IPv4 the two upper columns are 0."""
        names = [f"{end}_{part}" for end in ("src", "dst") for part in ("hi", "mid")]
        if all(view.is_zero(name) for name in names):
            return np.full(len(view), self.version == 4, bool)
        wide = [(view.column(f"{end}_hi") != 0) | (view.column(f"{end}_mid") != 0) for end in ("src", "dst")]
        both: Column = (~wide[0] & ~wide[1]) if self.version == 4 else (wide[0] & wide[1])
        return both

    def columns(self) -> frozenset[str]:
        """The upper columns of both ends."""
        return frozenset(f"{end}_{part}" for end in ("src", "dst") for part in ("hi", "mid"))


@dataclass(frozen=True)
class Named(Condition):
    """One of the names that a number stands for: exporter, exit, verdict, plane, source or destination."""

    name: str
    values: frozenset[str]

    def test(self, view: View) -> Column:
        """By a table of the part's own names."""
        found: Column = self._table(view.names)[view.column(self.name)]
        return found

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """By the numbers between the least and the greatest, and by the verdicts a part has at all."""
        table = self._table(chunk.names)
        bounds = chunk.bounds(self.name)
        if (
            self.name == "verdict"
            and chunk.source
            and chunk.source.verdicts
            and not table[list(chunk.source.verdicts)].any()
        ):
            return False, True
        if bounds is None:
            return bool(table.any()), True
        span = table[bounds[0] : bounds[1] + 1]
        return bool(span.any()), not bool(span.all())

    def columns(self) -> frozenset[str]:
        """Its column."""
        return frozenset({self.name})

    def _table(self, names: Names) -> Column:
        return np.array([text in self.values for text in texts_of(self.name, names)])


@dataclass(frozen=True)
class Not(Condition):
    """What the part is not."""

    part: Condition

    @property
    def cost(self) -> int:  # type: ignore[override]
        """As its part."""
        return self.part.cost

    def test(self, view: View) -> Column:
        """The reverse."""
        reverse: Column = ~self.part.test(view)
        return reverse

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """The reverse."""
        so, not_so = self.part.may(chunk)
        return not_so, so

    def columns(self) -> frozenset[str]:
        """As its part."""
        return self.part.columns()


@dataclass(frozen=True)
class Both(Condition):
    """All of the parts (*and*)."""

    parts: tuple[Condition, ...]

    @property
    def cost(self) -> int:  # type: ignore[override]
        """As its dearest part."""
        return max((part.cost for part in self.parts), default=1)

    def test(self, view: View) -> Column:
        """Cheap parts first, the next ones only of what is left."""
        result: Column | None = None
        left, places = view, None
        for part in sorted(self.parts, key=lambda one: one.cost):
            found = part.test(left)
            if result is None:
                result = found
            elif places is None:
                result &= found
            else:
                result[places[~found]] = False
            if not result.any():
                return result
            if places is None:
                if np.count_nonzero(result) < ENOUGH * len(result):
                    places = np.flatnonzero(result)
                    left = View(view, places)
            else:
                places = places[found]
                left = View(view, places)
        return np.ones(len(view), bool) if result is None else result

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """So only when every part may be; not so when any part may be not."""
        each = [part.may(chunk) for part in self.parts]
        return all(so for so, _ in each), any(not_so for _, not_so in each)

    def columns(self) -> frozenset[str]:
        """Those of its parts."""
        return _union(self.parts)


@dataclass(frozen=True)
class Either(Condition):
    """One of the parts at least (*or*)."""

    parts: tuple[Condition, ...]

    @property
    def cost(self) -> int:  # type: ignore[override]
        """As its dearest part."""
        return max((part.cost for part in self.parts), default=1)

    def test(self, view: View) -> Column:
        """Each of all rows."""
        result = self.parts[0].test(view)
        for part in self.parts[1:]:
            result = result | part.test(view)
        return result

    def may(self, chunk: Chunk) -> tuple[bool, bool]:
        """So when any part may be; not so when every part may be not."""
        each = [part.may(chunk) for part in self.parts]
        return any(so for so, _ in each), all(not_so for _, not_so in each)

    def columns(self) -> frozenset[str]:
        """Those of its parts."""
        return _union(self.parts)


def _union(parts: Iterable[Condition]) -> frozenset[str]:
    return frozenset().union(*(part.columns() for part in parts))


def texts_of(name: str, names: Names) -> list[str]:
    """What the numbers in a column stand for, by number."""
    if name == "verdict":
        return [one.label for one in Verdict]
    if name == "plane":
        return list(PLANE_CODES)
    if name == "exporter":
        return names.exporters
    if name == "exit":
        return names.exits
    return [organization for _space, organization in names.owners]


def received_in(since: int | None, until: int | None) -> Condition:
    """Received from *since* on and before *until*, ms UTC; None is without end."""
    parts = [make(value) for make, value in ((_from, since), (_before, until)) if value is not None]
    return Both(tuple(parts)) if parts else Everything()


_from: Callable[[int], Condition] = partial(Number, "received", ">=")
_before: Callable[[int], Condition] = partial(Number, "received", "<")


def parted(condition: Condition) -> tuple[Condition, Condition]:
    """A condition as two that must both hold: one that no register changes, and the rest."""
    parts = condition.parts if isinstance(condition, Both) else (condition,)
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, Both) else (part,))]
    plain = tuple(part for part in flat if not part.columns() & JUDGED_BY)
    rest = tuple(part for part in flat if part.columns() & JUDGED_BY)
    return Both(plain), Both(rest)


def rows_of(chunk: Chunk, condition: Condition) -> Column | None:
    """Positions of the rows that are so; None for all of them."""
    so, not_so = condition.may(chunk)
    if not so:
        return np.zeros(0, np.int64)
    if not not_so:
        return None
    found = condition.test(View(chunk))
    if found.all():
        return None
    rows: Column = np.flatnonzero(found)
    return rows
