"""
Lists in records of IPFIX (RFC 6313): what they tell of a flow beyond its own fields.

YAF puts TCP flags and MAC addresses into a subTemplateMultiList. A list is read where it has exactly one record of a template (or
one value): several would be of something else than the flow. Lists inside lists are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np

from netops.egress.flows import SPANS, TIMES, Column
from netops.egress.template import BASIC, MULTI, SUB, VARIABLE, Context, Field, Layout

NOT_OF_THE_FLOW = frozenset({*TIMES, *SPANS, "boot", "frame", "packet", "frame_type", "ip_version", "scope_if"})
"""Columns that a list must not tell: times and what decides how other fields are read."""
MOST = 64
"""Parts of one list."""
Known = Callable[[int], Layout | None]
Part = tuple[Layout, bytes]


def fill(
    columns: dict[str, Column], values: dict[str, list[bytes]], known: Known, context: Context, wanted: frozenset[str] | None
) -> dict[str, Column]:
    """
    Put what lists tell where the record itself tells nothing, or 0.

    Returns:
        By column that only lists tell: which records have no such list.

    Args:
        columns: of the records, in one dimension.
        values: the lists by kind (`template.LISTS`), one a record.
        known: the template with a number.
    """
    size = len(next((some for some in values.values() if some), ()))
    told_before, told_of = frozenset(columns), dict[str, Column]()
    found: dict[Layout, list[tuple[int, bytes]]] = {}
    for row in range(size):
        parts = [part for kind, some in values.items() if row < len(some) for part in _parts(kind, some[row], known)]
        layouts = [layout for layout, _ in parts]
        for layout, body in parts:
            if layouts.count(layout) == 1 and (record := _only(layout, body)):
                found.setdefault(layout, []).append((row, record))
    for layout, records in found.items():
        rows = np.array([row for row, _ in records])
        fields = np.frombuffer(b"".join(record for _, record in records), layout.dtype)
        told = layout.columns(fields, _of(context, rows), wanted)
        for name, column in told.items():
            if name not in NOT_OF_THE_FLOW:
                _put(columns, told_before, name, column, rows, size)
                told_of.setdefault(name, np.zeros(size, bool))[rows] = True
    return {name: ~rows for name, rows in told_of.items() if name not in told_before and name in columns}


def _of(context: Context, rows: Column) -> Context:
    return Context(context.exported[rows], None if context.uptime is None else context.uptime[rows], context.received[rows])


def _put(
    columns: dict[str, Column], told_before: frozenset[str], name: str, values: Column, rows: Column, size: int
) -> None:
    """One column of those rows; an address stays what the record itself tells."""
    if name[-3:] in ("_hi", "_lo", "_v4") and told_before.intersection((f"{name[:-3]}_hi", f"{name[:-3]}_v4")):
        return
    before = columns.get(name)
    nothing: object = "" if values.dtype == object else 0
    column = np.full(size, nothing, values.dtype)
    column[rows] = values
    columns[name] = column if before is None else np.where(before == nothing, column, before)


def _only(layout: Layout, body: bytes) -> bytes:
    """The fixed part of the only record in *body*; nothing where there are several, or none."""
    if not layout.is_variable:
        return body[: layout.minimum] if layout.minimum <= len(body) < 2 * layout.minimum else b""
    fixed, _, whole = layout.split(body, everything=False)
    return bytes(fixed.tobytes()) if whole and len(fixed) == 1 else b""


def _parts(kind: str, value: bytes, known: Known) -> Iterator[Part]:
    """The template and the records of each part of a list, behind the octet that says how they belong together."""
    if kind == BASIC:
        yield from _basic(value)
    elif kind == SUB and len(value) > 3:
        yield from _sub(int.from_bytes(value[1:3], "big"), value[3:], known)
    elif kind == MULTI:
        at = 1
        for _ in range(MOST):
            if len(value) < at + 4:
                break
            number, length = struct.unpack_from(">HH", value, at)
            if length < 4 or at + length > len(value):
                break
            yield from _sub(number, value[at + 4 : at + length], known)
            at += length


def _sub(number: int, body: bytes, known: Known) -> Iterator[Part]:
    layout = known(number)
    if layout is not None and not layout.is_options:
        yield layout, body


def _basic(value: bytes) -> Iterator[Part]:
    if len(value) < 5:
        return
    element, length = struct.unpack_from(">HH", value, 1)
    enterprise, at = 0, 5
    if element & 0x8000:
        element, enterprise, at = element & 0x7FFF, int.from_bytes(value[5:9], "big"), 9
    if 0 < length < VARIABLE:
        yield _single(Field(enterprise, element, length)), value[at:]


@lru_cache(maxsize=256)
def _single(field: Field) -> Layout:
    """A template of one field."""
    return Layout(0, (field,))

