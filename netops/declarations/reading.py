"""Declarations in workbooks: forms in boxes and tables with one a row, their equipment beside them; every fault named. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from operator import attrgetter

import msgspec

from netops.core.language import N_
from netops.core.names import Names
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
from netops.declarations import labels
from netops.declarations.fields import APPLICATIONS, EQUIPMENT, FIELD, FIELDS, PARTS, Field, stated_of
from netops.declarations.form import MOST_EQUIPMENT, Form
from netops.declarations.labels import Said
from netops.declarations.values import Fault, Unclear, kept

KEYS = (FIELD["number"], FIELD["organization"], FIELD["plane"])
"""What ties a row of equipment to its declaration in a file that has several."""
WANTED = (("organization",), ("nature",), ("scope",), ("terminals", "wired"))
"""Headings by which a table of declarations is known."""
LEAST = 4
"""Labels by which a form is known, one of them of the statements."""
STATEMENTS = frozenset({"nature", "scope", "terminals"})
SHARED = ("organization", "plane", "authority", "number", "date")
ASIDE = ("注", "备注", "说明", "填表", "填写", "合计", "总计", "note", "total")
"""Words that begin a row below a table which is none of it."""


class Reading(msgspec.Struct, frozen=True):
    """
    What workbooks say.

    Args:
        forms: declarations without a fault, in the order of the sheets.
        ignored: names of sheets in which nothing was found.
        count: declarations that were met, those at fault too.
    """

    forms: tuple[Form, ...]
    faults: tuple[Fault, ...]
    ignored: tuple[str, ...] = ()
    count: int = 0


class _Draft:
    """A declaration while it is being read."""

    def __init__(self, at: Place) -> None:
        self.at = at
        self.said: dict[str, str] = {}
        self.places: dict[str, Place] = {}
        self.parts: dict[str, list[dict[str, str]]] = {"equipment": [], "applications": []}
        self.pieces: dict[str, list[Place]] = {"equipment": [], "applications": []}
        self.faulty = False

    def form(self) -> Form:
        return Form(
            self.said.get("number", ""), stated_of(self.said, self.parts), int(self.said.get("version") or 0), self.at,
            self.places, {name: tuple(places) for name, places in self.pieces.items()},
        )  # fmt: skip


def read(sheets: Sequence[Sheet], names: Names, plane: str = "") -> Reading:
    """
    Every declaration in *sheets*, which may be of several files.

    Args:
        names: what organizations are called.
        plane: of declarations that do not say which network they are for; "" makes that a fault.
    """
    forms: list[Form] = []
    faults: list[Fault] = []
    ignored: list[str] = []
    count = 0
    for _, several in groupby(sheets, attrgetter("file")):
        given = [one for one in several if one.name not in BESIDE]
        shown = [one for one in given if not one.hidden] or given
        ignored += [f"{one.file} {one.name}" for one in given if one.hidden and len(shown) < len(given)]
        book = _Book(shown, names, plane)
        book.read()
        forms += [one.form() for one in book.drafts if not one.faulty]
        faults += book.faults
        ignored += book.ignored
        count += len(book.drafts)
    return Reading(tuple(forms), tuple(sorted(faults, key=lambda one: one.place)), tuple(ignored), count)


class _Book:
    """The sheets of one file."""

    def __init__(self, sheets: list[Sheet], names: Names, plane: str) -> None:
        self.sheets, self.names, self.plane = sheets, names, plane
        self.drafts: list[_Draft] = []
        self.of: dict[str, list[_Draft]] = {}
        self.faults: list[Fault] = []
        self.ignored: list[str] = []

    def read(self) -> None:
        """Declarations first, then the tables that belong to them."""
        tables = {place: dict(_tables(sheet)) for place, sheet in enumerate(self.sheets)}
        unused = set(range(len(self.sheets)))
        for place, sheet in enumerate(self.sheets):
            if (rows := find(sheet, [one.heading for one in FIELDS], WANTED)) is not None:
                tables[place] = {}
                found = self._rows(rows)
            else:
                found = self._boxes(sheet, tables[place].values())
            self.of.setdefault(sheet.name, []).extend(found)
            self.drafts += found
            unused -= {place} if found else set()
        for place, several in tables.items():
            for part, table in several.items():
                if self.drafts:
                    unused.discard(place)
                    self._pieces(part, table)
        if not self.drafts:
            where = self.sheets[0].place(0, 0) if self.sheets else Place("", "", 1)
            self.faults.append(Fault(
                where, "", "", N_("no declaration was found in it"),
                N_("use the form: netops declare form FILE.xlsx writes one")))  # fmt: skip
        self.ignored += [
            f"{one.file} {one.name}".strip()
            for place, one in enumerate(self.sheets)
            if place in unused
            and any(not is_empty(cell) for row in one.rows for cell in row)
            and self.drafts
        ]

    # ---- declarations
    def _rows(self, table: Table) -> list[_Draft]:
        """One declaration a row."""
        made = []
        for record in table.records(SHARED):
            first = next(cell for cell in table.sheet.rows[record.row] if not is_empty(cell))
            if _is_aside(record.said) or (_is_aside({"": first}) and is_empty(record.said["organization"])):
                continue
            draft = _Draft(table.place(record.row, "organization"))
            said = [Said(name, value, table.place(record.row, name)) for name, value in record.said.items()]
            self._fill(draft, said)
            made.append(draft)
        return made

    def _boxes(self, sheet: Sheet, tables: Collection[Table]) -> list[_Draft]:
        """The one declaration of a form; none when it is no form."""
        rows = {row for table in tables for row in _rows_of(table)}
        said = labels.read(sheet, rows)
        met = {one.field for one in said}
        if len(met) < LEAST or not met & STATEMENTS:
            return []
        draft = _Draft(sheet.place(0, 0))
        self._fill(draft, said)
        return [draft]

    def _fill(self, draft: _Draft, said: Sequence[Said]) -> None:
        before = len(self.faults)
        for one in said:
            try:
                value = kept(FIELD[one.field], one.value, self.names)
            except Unclear as error:
                self.faults.append(error.at(one.place, one.field, one.value))
                continue
            already = draft.said.get(one.field, "")
            if value and already and value != already:
                what, mend = N_("it was said otherwise at {place}"), N_("say it once")
                facts = {"place": str(draft.places[one.field])}
                self.faults.append(Fault(one.place, one.field, text_of(one.value)[:80], what, mend, facts))
            elif value or one.field not in draft.places:
                draft.said[one.field], draft.places[one.field] = value, one.place
        self._require(draft, {one.field for one in said if not is_empty(one.value)})
        draft.faulty = len(self.faults) > before

    def _require(self, draft: _Draft, filled: Collection[str]) -> None:
        """What nothing can be done without; a cell that is at fault was named already."""
        draft.said["plane"] = draft.said.get("plane") or self.plane
        for name, what, mend in (
            ("organization", N_("it is not said whose it is"), N_("write the organization")),
            (
                "plane",
                N_("it is not said for which network it is"),
                N_("write 政务外网 or 政务内网; or add --plane"),
            ),
        ):
            if not draft.said.get(name) and name not in filled:
                self.faults.append(Fault(draft.places.get(name, draft.at), name, "", what, mend))

    # ---- their equipment and applications
    def _pieces(self, part: str, table: Table) -> None:
        """Rows of a table, each to its declaration."""
        fields: Mapping[str, Field] = {one.name: one for one in PARTS[part]}
        for record in _of_table(table):
            values: dict[str, str] = {}
            found = len(self.faults)
            for name, field in fields.items():
                value = record.said.get(name)
                try:
                    values[name] = kept(field, value, self.names)
                except Unclear as error:
                    self.faults.append(error.at(table.place(record.row, name), name, value))
            draft = self._owner(part, table, record)
            if draft is not None:
                draft.faulty |= len(self.faults) > found
                self._add(draft, part, table, record.row, values)

    def _add(self, draft: _Draft, part: str, table: Table, row: int, values: dict[str, str]) -> None:
        place = table.place(row, "name")
        if not any(values.values()):
            return
        if not values.get("name") and "name" in values:
            self.faults.append(Fault(place, "name", "", N_("it has no name"), N_("write what it is called")))
            draft.faulty = True
        elif len(draft.parts[part]) == MOST_EQUIPMENT:
            what = N_("there are more than {count}")
            self.faults.append(
                Fault(
                    place, part, "", what, N_("ask for another declaration"), {"count": str(MOST_EQUIPMENT)}
                )
            )
            draft.faulty = True
        elif len(draft.parts[part]) < MOST_EQUIPMENT:
            draft.parts[part].append(values)
            draft.pieces[part].append(place)

    def _owner(self, part: str, table: Table, record: Record) -> _Draft | None:
        """The declaration that a row belongs to: the only one, the one on its sheet, or the one that its row names."""
        here = self.of.get(table.sheet.name, [])
        if len(self.drafts) == 1 or len(here) == 1:
            return here[0] if len(here) == 1 else self.drafts[0]
        found = self._by_key.get(self._wanted(record) or ("",), [])
        if len(found) == 1:
            return found[0]
        place = table.place(record.row, "number", "organization", "name")
        what, mend = (
            N_("it is not said to which declaration it belongs"),
            N_("write number, or organization and network, of one above"),
        )
        said = " ".join(text_of(record.said.get(one.name)) for one in KEYS).strip()
        self.faults.append(Fault(place, part, said[:80], what, mend))
        return None

    def _wanted(self, record: Record) -> tuple[str, ...] | None:
        try:
            said = {one.name: kept(one, record.said.get(one.name), self.names) for one in KEYS}
        except Unclear:
            return None
        if (said["number"],) in self._by_key:
            return (said["number"],)
        return (said["organization"], *filter(None, (said["plane"] or self.plane,)))

    @cached_property
    def _by_key(self) -> dict[tuple[str, ...], list[_Draft]]:
        """Declarations by number, by organization, and by organization and network."""
        found: dict[tuple[str, ...], list[_Draft]] = {}
        for one in self.drafts:
            number, code, plane = (one.said.get(name, "") for name in ("number", "organization", "plane"))
            for key in ((number,), (code,), (code, plane)):
                if key[0]:
                    found.setdefault(key, []).append(one)
        return found


def _tables(sheet: Sheet) -> Iterator[tuple[str, Table]]:
    """Tables of equipment and applications in a sheet."""
    for part, fields, wanted in (
        ("equipment", EQUIPMENT, (("name",), ("model", "address", "kind", "certificate"))),
        ("applications", APPLICATIONS, (("name",), ("address", "ports", "users"))),
    ):
        found = find(sheet, [*(one.heading for one in fields), *(one.heading for one in KEYS)], wanted)
        if found is not None:
            yield part, found


def _of_table(table: Table) -> Iterator[Record]:
    """The rows of a table, down to where the boxes of the form go on."""
    for record in table.records(tuple(one.name for one in KEYS)):
        cells = table.sheet.rows[record.row]
        first = next((cell for cell in cells if not is_empty(cell)), None)
        if labels.label(first) or _is_other(table, cells):
            return
        if not _is_aside(record.said) and not _is_aside({"": first}):
            yield record


def _is_other(table: Table, cells: Sequence[Value]) -> bool:
    """Whether a row is the head of another table."""
    words = {one.heading.zh for one in (*EQUIPMENT, *APPLICATIONS)}
    return sum(isinstance(cell, str) and cell.strip() in words for cell in cells) >= 2


def _rows_of(table: Table) -> Iterator[int]:
    """Rows that the table takes, its head too."""
    yield from range(table.start - 1, table.start)
    yield from (record.row for record in _of_table(table))


def _is_aside(said: Mapping[str, Value]) -> bool:
    """Whether a row only holds a remark or a sum."""
    filled = [plain(value) for value in said.values() if not is_empty(value)]
    return bool(filled) and len(filled) <= 2 and any(folded(filled[0]).startswith(word) for word in ASIDE)
