"""A register's table as people hand it in, held against what stands: new, changed, the same, at fault. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import msgspec

from netops.core.language import N_, spoken
from netops.core.plane import Plane
from netops.core.sheet import (
    BESIDE,
    Place,
    Record,
    Sheet,
    Table,
    Value,
    find,
    folded,
    is_empty,
    plain,
    text_of,
)
from netops.registers.entry import Difference, Draft, Entry, differences, key_of, merged, title_of
from netops.registers.kind import Kind
from netops.registers.values import Names, Unfit, read

PLANE_WORDS = {
    folded(word): plane
    for plane, words in {
        Plane.EXTRANET: ("extranet", "政务外网", "外网"), Plane.INTRANET: ("intranet", "政务内网", "内网"),
    }.items() for word in words
}  # fmt: skip
NUMBER = re.compile(r"[A-Za-z]{2,5}-\d{1,9}")


class Fault(msgspec.Struct, frozen=True):
    """
    One value that cannot be taken in.

    Args:
        column: field, or number, version, plane.
        value: what stands there.
        what, mend: message ids, filled from *facts*.
    """

    place: Place
    column: str
    value: str
    what: str
    mend: str
    facts: dict[str, str] = {}


class Row(msgspec.Struct, frozen=True):
    """
    One row that was understood.

    Args:
        number: of the record, or "" when the table names none.
        base: the version that the table says it was exported at, or 0.
        values: by field; fields of which the table has no column are absent from *columns*.
        marks: by column, what the place of its cell ends with (`Table.marks`).
    """

    place: Place
    number: str
    base: int
    plane: Plane
    values: dict[str, Any]
    marks: Mapping[str, str] = {}

    def at(self, column: str) -> Place:
        """The place of its cell in this column, or of the row where the table has no such column."""
        return self.place.under(self.marks[column]) if column in self.marks else self.place


class Reading(msgspec.Struct, frozen=True):
    """
    What tables say.

    Args:
        columns: fields that they have a column for; the others stay as they stand.
        ignored: sheets without such a table; *unknown*: headings that are no field.
        hidden: sheets that nobody sees in their workbook, and that were passed over; *unseen*: those with hidden rows, read too.
    """

    rows: tuple[Row, ...]
    faults: tuple[Fault, ...]
    columns: frozenset[str]
    ignored: tuple[str, ...]
    unknown: tuple[str, ...]
    hidden: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


class Change(msgspec.Struct, frozen=True):
    """A record that a row changes."""

    row: Row
    before: Entry
    draft: Draft
    differences: tuple[Difference, ...]


class Plan(msgspec.Struct, frozen=True):
    """What taking a reading in would do."""

    added: tuple[Draft, ...]
    changed: tuple[Change, ...]
    same: int
    faults: tuple[Fault, ...]


# ---- reading
def reading(
    kind: Kind, sheets: Iterable[Sheet], plane: Plane, names: Names, others: Collection[str] = ()
) -> Reading:
    """
    Every row of every sheet that has a table of this register.

    Args:
        plane: of rows that name none.
        others: names of sheets that are another register's, whatever their headings (`sheet_name`).
    """
    rows: list[Row] = []
    faults: list[Fault] = []
    columns: set[str] = set()
    ignored: list[str] = []
    unseen: list[str] = []
    unknown: list[str] = []
    wanted = [
        {one.name} for one in kind.fields if one.name in kind.head.key and one.name != "organization"
    ] or [{"organization"}]
    given = [one for one in sheets if one.name not in BESIDE]
    shown = [one for one in given if not one.hidden] or given
    hidden = [one.name for one in given if one.hidden and len(shown) < len(given)]
    for sheet in shown:
        table = None if sheet_name(sheet.name) in others else find(sheet, kind.headings, wanted)
        if table is None:
            ignored.append(sheet.name or sheet.file)
            continue
        columns |= table.columns.keys()
        unseen += [sheet.name] if sheet.hides_rows else []
        unknown += _unknown(table)
        for record in table.records(("organization", "site", "plane")):
            if _is_note(kind, table, record):
                continue
            made = _row(kind, table, record, plane, names, faults)
            if made:
                rows.append(made)
    return Reading(
        tuple(rows), tuple(faults), frozenset(columns), tuple(ignored), tuple(dict.fromkeys(unknown)), tuple(hidden),
        tuple(unseen),
    )


def sheet_name(title: str) -> str:
    """A title as the name of a sheet says it, in the few characters that one may have, to be compared."""
    return folded(title[:31])


def _unknown(table: Table) -> Iterator[str]:
    taken = set(table.columns.values())
    for place, value in enumerate(table.sheet.rows[table.start - 1]):
        if place not in taken and isinstance(value, str) and value.strip():
            yield value.strip()[:40]


def _is_note(kind: Kind, table: Table, record: Record) -> bool:
    """A line below the table that somebody signed or explained: one cell only, and no field that is required."""
    filled = [name for name, value in record.said.items() if not is_empty(value)]
    if len(filled) != 1:
        return False
    first = min(table.columns.values())
    return table.columns[filled[0]] == first and len(table.columns) > 2


def _row(
    kind: Kind, table: Table, record: Record, plane: Plane, names: Names, faults: list[Fault]
) -> Row | None:
    before = len(faults)

    def fault(column: str, value: Value, what: str, mend: str, facts: dict[str, str] | None = None) -> None:
        shown = text_of(value) if column not in private else "***"
        faults.append(Fault(table.place(record.row, column), column, shown[:120], what, mend, facts or {}))

    private = {one.name for one in kind.fields if one.type == "identity"}
    values: dict[str, Any] = {}
    for field in kind.fields:
        value = record.said.get(field.name)
        if value is None:
            continue
        try:
            held = read(field, value, names)
        except Unfit as unfit:
            fault(field.name, value, unfit.what, unfit.mend, unfit.facts)
            continue
        if held is not None and held != []:
            values[field.name] = held
    number = plain(record.said.get("number")).upper()
    if number and not NUMBER.fullmatch(number):
        number = ""  # 1, 2, 3 as offices count their rows
    said = record.said.get("version")
    base = 0
    if not is_empty(said):
        text = plain(said)
        if re.fullmatch(r"\d{1,9}", text):
            base = int(text)
        elif number:
            fault("version", said, N_("it is not a whole number"), N_("leave the version as it was exported"))
    named = record.said.get("plane")
    if not is_empty(named):
        found = PLANE_WORDS.get(folded(text_of(named)))
        if found is None:
            fault(
                "plane",
                named,
                N_("it is neither the extranet nor the intranet"),
                N_("write 政务外网 or 政务内网"),
            )
        else:
            plane = found
    if not number:
        bad = {one.column for one in faults[before:]}
        for field in kind.fields:
            if field.required and field.name not in values and field.name not in bad:
                fault(field.name, None, N_("it is missing"), N_("fill it in"))
    if len(faults) > before:
        return None
    return Row(table.place(record.row, kind.head.name, *kind.head.key), number, base, plane, values, table.marks)


# ---- holding it against what stands
def keys(kind: Kind, read_: Reading) -> dict[str, str]:
    """Key of every row that names no number, by its place as text: what must be looked up."""
    return {str(row.place): key_of(kind, row.plane, row.values) for row in read_.rows if not row.number}


Versions = Mapping[tuple[str, int], Mapping[str, Any]]
"""What records said at older versions, by number and version."""


def stale(read_: Reading, by_number: Mapping[str, Entry]) -> list[tuple[str, int]]:
    """Number and version of rows that were exported before somebody else changed their record."""
    return [
        (row.number, row.base)
        for row in read_.rows
        if row.base and (held := by_number.get(row.number)) is not None and row.base != held.version
    ]


def plan(
    kind: Kind,
    read_: Reading,
    by_key: Mapping[str, Entry],
    by_number: Mapping[str, Entry],
    planes: Sequence[Plane],
    before: Versions,
) -> Plan:
    """
    What taking it in would do: a row that names a number changes that record; one that does not, the record with its key.

    Args:
        by_key, by_number: what stands, as far as rows mean it.
        planes: that this instance serves.
        before: what `stale` rows were exported as.
    """
    added: list[Draft] = []
    changed: list[Change] = []
    faults = list(read_.faults)
    seen: dict[str, Place] = {}
    same = 0
    for row in read_.rows:
        held = by_number.get(row.number) if row.number else by_key.get(key_of(kind, row.plane, row.values))
        if wrong := _wrong(kind, row, held, planes):
            faults.append(wrong)
            continue
        values = _values(row.values, read_.columns, held)
        if held is not None and row.base and row.base != held.version:
            told = _merged(kind, row, values, held, before.get((row.number, row.base)))
            if isinstance(told, Fault):
                faults.append(told)
                continue
            values = told
        if missing := [one for one in kind.fields if one.required and one.name not in values]:
            faults.append(Fault(row.at(missing[0].name), missing[0].name, "", N_("it is missing"), N_("fill it in")))
            continue
        marks = {row.number or "", key_of(kind, row.plane, values), held.number if held else ""} - {""}
        if twice := next((seen[one] for one in marks if one in seen), None):
            faults.append(
                Fault(
                    row.place,
                    kind.head.name,
                    title_of(kind, values),
                    N_("the same record stands at {place} already"),
                    N_("leave one of the two rows out"),
                    {"place": str(twice)},
                )
            )
            continue
        seen |= dict.fromkeys(marks, row.place)
        draft = Draft(kind.kind, row.plane, values, held.number if held else "", held.version if held else 0)
        if held is None:
            added.append(draft)
        elif held.values == values and held.plane == row.plane:
            same += 1
        else:
            changed.append(Change(row, held, draft, tuple(differences(held.values, values, kind.field))))
    return Plan(tuple(added), tuple(changed), same, tuple(faults))


def _values(said: Mapping[str, Any], columns: frozenset[str], held: Entry | None) -> dict[str, Any]:
    """What the record says then: columns that the table does not have stay as they stand."""
    kept = {} if held is None else {name: value for name, value in held.values.items() if name not in columns}
    return {**kept, **said}


def _merged(
    kind: Kind, row: Row, mine: Mapping[str, Any], held: Entry, base: Mapping[str, Any] | None
) -> dict[str, Any] | Fault:
    """What somebody else changed since the export, with what the table changes; a fault where both changed the same field."""
    clashes = (
        list(merged(base or {}, held.values, mine))
        if base is not None
        else differences(held.values, mine, kind.field)
    )
    if not clashes:
        own = {name for name in {**mine, **(base or {})} if mine.get(name) != (base or {}).get(name)}
        whole = {name: value for name, value in held.values.items() if name not in own}
        return whole | {name: value for name, value in mine.items() if name in own}
    told = "; ".join(
        f"{kind.field[one.field].label(spoken()) if one.field in kind.field else one.field}:"
        f" {_said(one.before)} ≠ {_said(one.after)}"
        for one in clashes[:5]
    )
    return Fault(
        row.at("version"),
        "version",
        str(row.base),
        N_("{actor} changed it since: the table has version {base}, the register {version}; {changes}"),
        N_("export it again, and make the change there"),
        {"actor": held.changed_by, "base": str(row.base), "version": str(held.version), "changes": told},
    )


def _said(value: Any) -> str:
    return "—" if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _wrong(kind: Kind, row: Row, held: Entry | None, planes: Sequence[Plane]) -> Fault | None:
    """Why a row cannot be taken in, whatever it says."""
    if row.plane not in planes:
        return Fault(
            row.at("plane"),
            "plane",
            row.plane,
            N_("this instance does not serve it"),
            N_("take it in where it is served"),
        )
    if row.number and (held is None or held.kind != kind.kind):
        return Fault(
            row.at("number"),
            "number",
            row.number,
            N_("there is no such record in this register"),
            N_("empty the cell to enter a new one"),
        )
    if held is not None and not held.stands:
        return Fault(
            row.at("number"),
            "number",
            held.number,
            N_("it was retired"),
            N_("netops register restore {kind} {number}, or leave the row out"),
            {"kind": kind.kind, "number": held.number},
        )
    return None
