"""A roster (清册): allocations as offices keep them in a table, in and out, every bad row with place, value and mend. Pure."""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

import msgspec

from netops.addresses.allocation import Allocation, AllocationState
from netops.addresses.span import Span, number, parsed
from netops.addresses.tile import Tile, TileState
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.language import N_

COLUMNS = (
    "number",
    "addresses",
    "organization",
    "declaration",
    "purpose",
    "state",
    "reserved_until",
    "since",
)
"""Of a roster that is written; read are addresses, declaration, purpose, state and reserved_until."""
NAMES = {
    "addresses": "addresses", "address": "addresses", "ip": "addresses",
    "地址": "addresses", "ip地址": "addresses", "地址段": "addresses",
    "declaration": "declaration", "接入说明": "declaration", "备案编号": "declaration", "接入说明编号": "declaration",
    "purpose": "purpose", "用途": "purpose", "说明": "purpose", "状态": "state", "state": "state",
    "reserved_until": "reserved_until", "预留至": "reserved_until",
}  # fmt: skip
STATES = {
    "": "active",
    "active": "active",
    "已分配": "active",
    "在用": "active",
    "reserved": "reserved",
    "预留": "reserved",
}
PASSED_OVER = {"quarantine", "冷却", "released", "已收回"}
"""States that a roster shows and nobody can ask for: such rows are history."""
FORMULA = ("=", "+", "-", "@")
MAX_BYTES, MAX_ROWS = 16 << 20, 200_000
SHORT_RANGE = re.compile(r"(\d+\.\d+\.\d+\.)(\d+)-(\d+)")


class Row(msgspec.Struct, frozen=True):
    """One row that can be read: *line* from 1, as a spreadsheet counts."""

    line: int
    span: Span
    declaration: str
    purpose: str
    state: AllocationState
    until: datetime | None


class RowFault(msgspec.Struct, frozen=True):
    """
    Why a row cannot be taken.

    Args:
        what, mend: English message ids; *facts* fill their places.
    """

    line: int
    column: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}


class Reading(msgspec.Struct, frozen=True):
    """A table as it was read; nothing has been looked up yet."""

    rows: tuple[Row, ...]
    faults: tuple[RowFault, ...]


class Entry(msgspec.Struct, frozen=True):
    """A row that would be allocated, in which pool and for whom."""

    row: Row
    pool: str
    organization: str


class Roster(msgspec.Struct, frozen=True):
    """What taking in a table would do: *same* rows stand in the ledger already."""

    added: tuple[Entry, ...]
    same: int
    faults: tuple[RowFault, ...]


# ---- reading
def read(content: bytes) -> Reading:
    """
    The rows of a CSV file, UTF-8 or GB18030, with a heading row; full-width digits and 10.1.1.1-50 are understood.

    Raises:
        NetopsError: it is too large, in no known encoding, or has no column of addresses.
    """
    if len(content) > MAX_BYTES:
        raise NetopsError(
            "the table was not read", "it is larger than {size} MiB", "split it", size=MAX_BYTES >> 20
        )
    table = csv.reader(io.StringIO(_decoded(content), newline=""))
    columns: dict[str, int] = {}
    rows: list[Row] = []
    faults: list[RowFault] = []
    try:
        for cells in table:
            if not any(cell.strip() for cell in cells):
                continue
            if not columns:
                columns = _columns(cells)
                continue
            if len(rows) + len(faults) >= MAX_ROWS:
                raise NetopsError(
                    "the table was not read", "it has more than {count} rows", "split it", count=MAX_ROWS
                )
            made = _row(table.line_num, cells, columns)
            if isinstance(made, Row):
                rows.append(made)
            elif made is not None:
                faults.append(made)
    except csv.Error as error:
        raise NetopsError(
            "the table was not read", "line {line}: {why}", "save it as CSV again", line=table.line_num, why=error
        ) from error  # fmt: skip
    if not columns:
        raise NetopsError(
            "the table was not read", "it is empty", "the first row names the columns: addresses, declaration"
        )
    return Reading(tuple(rows), tuple(faults))


def _decoded(content: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NetopsError("the table was not read", "it is neither UTF-8 nor GB18030", "save it as CSV UTF-8")


def _columns(cells: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for place, cell in enumerate(cells):
        if name := NAMES.get(_plain(cell).lower()):
            found.setdefault(name, place)
    for name in ("addresses", "declaration"):
        if name not in found:
            raise NetopsError(
                "the table was not read", "its heading row {heading} names no column {column}",
                "the first row names the columns: addresses, declaration", heading=", ".join(cells)[:200], column=name,
            )  # fmt: skip
    return found


def _plain(cell: str) -> str:
    """Full-width forms made plain (NFKC), no blanks around, no apostrophe before what looks like a formula."""
    plain = unicodedata.normalize("NFKC", cell).strip()
    return plain[1:] if plain[:1] == "'" and plain[1:2] in FORMULA else plain


def _row(line: int, cells: Sequence[str], columns: Mapping[str, int]) -> Row | RowFault | None:
    """The row, its fault, or None for one that is only history."""
    said = {name: _plain(cells[place]) if place < len(cells) else "" for name, place in columns.items()}
    state = said.get("state", "").lower()
    if state in PASSED_OVER:
        return None
    if state not in STATES:
        return RowFault(line, "state", state[:80], N_("it is no state"), N_("write active or reserved"))
    try:
        span = parsed(_long(said["addresses"]))
    except ValueError as error:
        mend = N_("write an address, a CIDR or first-last")
        facts = {"why": str(error)[:200]}
        return RowFault(
            line, "addresses", said["addresses"][:80], N_("it cannot be read: {why}"), mend, facts
        )
    until = None
    if STATES[state] == "reserved":
        try:
            until = datetime.combine(
                date.fromisoformat(said.get("reserved_until", "")), datetime.min.time(), CITY_ZONE
            )
        except ValueError:
            value = said.get("reserved_until", "")[:80]
            return RowFault(
                line,
                "reserved_until",
                value,
                N_("a reservation needs its last day"),
                N_("write it as 2026-12-31"),
            )
    if not said["declaration"]:
        return RowFault(
            line, "declaration", "", N_("no declaration is named"), N_("netops declare list shows them")
        )
    return Row(
        line, span, said["declaration"], said.get("purpose", ""), AllocationState(STATES[state]), until
    )


def _long(text: str) -> str:
    """10.1.1.1-50 as 10.1.1.1-10.1.1.50; dashes of every length are dashes."""
    text = re.sub(r"\s*[-‐-―~至]\s*", "-", text)
    if match := SHORT_RANGE.fullmatch(text):
        start, first, last = match.groups()
        return f"{start}{first}-{start}{last}"
    return text


# ---- judging
def judge(
    reading: Reading,
    tiles: Sequence[Tile],
    held: Mapping[str, Allocation],
    grounds: Mapping[str, str | RowFault],
) -> Roster:
    """
    What of a table could be taken in now.

    Args:
        tiles: of the plane, in order.
        held: allocations that hold addresses now, by number.
        grounds: by number of a declaration: its organization, or why it gives no ground (any line).
    """
    firsts = [tile.span.first for tile in tiles]
    added: list[Entry] = []
    faults = list(reading.faults)
    same, last = 0, Row(0, Span(-1, -1), "", "", AllocationState.ACTIVE, None)
    for row in sorted(reading.rows, key=lambda row: (row.span, row.line)):
        ground = grounds[row.declaration]
        tile = tiles[bisect_right(firsts, row.span.first) - 1]
        if row.span.first <= last.span.last:
            what = N_("line {other} has part of it too")
            faults.append(_fault(row, what, N_("keep one of the two rows"), other=str(last.line)))
            continue
        last = row
        if isinstance(ground, RowFault):
            faults.append(msgspec.structs.replace(ground, line=row.line))
        elif (holder := held.get(tile.allocation)) is not None and _agrees(row, ground, holder):
            same += 1
        elif tile.state is not TileState.FREE:
            facts = {"span": str(tile.span), "state": str(tile.state), "holder": tile.allocation or "-"}
            mend = (
                N_("register a pool around it")
                if tile.state is TileState.OUTSIDE
                else N_("netops ip show {span}")
            )
            faults.append(_fault(row, N_("{span} is {state} ({holder})"), mend, **facts))
        elif not tile.span.holds(row.span):
            mend = N_("netops pool show {pool}")
            faults.append(
                _fault(
                    row,
                    N_("only {span} of it is free in one pool"),
                    mend,
                    span=str(tile.span),
                    pool=tile.pool,
                )
            )
        else:
            added.append(Entry(row, tile.pool, ground))
    return Roster(tuple(added), same, tuple(sorted(faults, key=lambda one: one.line)))


def _fault(row: Row, what: str, mend: str, **facts: str) -> RowFault:
    return RowFault(row.line, "addresses", str(row.span), what, mend, facts)


def _agrees(row: Row, organization: str, holder: Allocation) -> bool:
    wanted = (row.span, organization, row.declaration, row.purpose, row.state, row.until)
    until = holder.free_after if holder.state is AllocationState.RESERVED else None
    return wanted == (
        holder.span,
        holder.organization,
        holder.declaration,
        holder.purpose,
        holder.state,
        until,
    )


# ---- writing
def rows_of(allocations: Iterable[Allocation]) -> list[dict[str, str]]:
    """The roster of *allocations*, one row each, by COLUMNS: taken in again it changes nothing."""
    return [
        {
            "number": one.id, "addresses": str(Span(number(one.first), number(one.last))), "organization": one.organization,
            "declaration": one.declaration, "purpose": one.purpose, "state": str(one.state),
            "reserved_until": _day(one.free_after) if one.state is AllocationState.RESERVED else "", "since": _day(one.since),
        }
        for one in allocations
    ]  # fmt: skip


def written(allocations: Iterable[Allocation]) -> str:
    """The roster as CSV with a heading row; a cell that a spreadsheet would take for a formula begins with an apostrophe."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for row in rows_of(allocations):
        table.writerow(
            "'" + row[name] if row[name][:1] in FORMULA and row[name] else row[name] for name in COLUMNS
        )
    return text.getvalue()


def _day(at: datetime | None) -> str:
    return at.astimezone(CITY_ZONE).date().isoformat() if at else ""
