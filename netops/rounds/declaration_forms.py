"""Declarations as files for departments and offices: the form to fill in, and the table of many (XLSX, CSV)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import date

from netops.core.language import _, spoken
from netops.core.paper import chinese_date
from netops.core.sheet import guarded
from netops.declarations.declaration import Application, Declaration, Equipment, Statements
from netops.declarations.fields import APPLICATIONS, EQUIPMENT, FIELD, FIELDS, Entry, Field, cells
from netops.declarations.form import LONGEST
from netops.desk import Desk
from netops.documents import xlsx, xlsx_form
from netops.rounds.address_lines import today
from netops.rounds.declaring import authority

BLANKS = {"equipment": 20, "applications": 10}
"""Open rows that a form has."""
BOXES = (
    ("organization", "plane"),
    ("authority", "number"),
    ("place",),
    ("nature",),
    ("scope",),
    ("lan",),
    ("user_class",),
    ("terminals", "wired"),
    ("wireless", "servers"),
    ("other", "version"),
    ("measures",),
    ("need",),
    ("responsible", "responsible_phone"),
    ("security_officer", "security_officer_phone"),
    ("contact", "contact_phone"),
    ("date", "until"),
    ("sealed",),
)
"""Fields of each row of the form; one alone takes the whole row."""
WIDTHS = (16.0, 30.0, 16.0, 30.0)
EQUIPMENT_WIDTHS, APPLICATION_WIDTHS = (26.0, 16.0, 26.0, 20.0, 26.0), (30.0, 22.0, 22.0, 40.0)


# ---- the form
def workbook(desk: Desk, stated: Statements, number: str = "", version: int = 0) -> bytes:
    """The form as a workbook in the language in use, filled with what is known; `reading.read` takes it back."""
    language = spoken()
    said = _shown(desk, stated, language) | {"number": number, "version": str(version or "")}
    title = _("Access declaration (Article 10)")
    sheets = (
        xlsx_form.Sheet(
            _("declaration"),
            title,
            (
                _(
                    "Fill in the light cells; a star marks what Article 10 asks for. Equipment stands on the next sheet."
                ),
            ),
            WIDTHS,
            tuple(tuple(_input(FIELD[name], said, language, len(row)) for name in row) for row in BOXES),
            notes=(
                _(
                    "We state this truthfully, meet the requirements of network security, and declare changes anew."
                ),
                "",
                _("Signature of the person responsible:                    (seal)                    date:"),
            ),
        ),
        _table(_("network equipment"), "equipment", EQUIPMENT, EQUIPMENT_WIDTHS, stated.equipment, language),
        _table(
            _("applications"), "applications", APPLICATIONS, APPLICATION_WIDTHS, stated.applications, language
        ),
        xlsx_form.guide((_("field"), _("how to fill it in")), _hints(language), tuple(_rests())),
    )
    return xlsx_form.render(sheets, title, desk.clock())


def _shown(desk: Desk, stated: Statements, language: str) -> dict[str, str]:
    """By field what stands in the form: names for codes, words for choices."""
    said = cells(stated)
    code = said["authority"] or (
        authority(desk, stated.organization, stated.plane) if stated.organization else ""
    )
    said["authority"] = desk.register.name(code) if code else ""
    said["organization"] = desk.register.name(stated.organization) if stated.organization else ""
    return {
        name: FIELD[name].words(value, language) if FIELD[name].choices else value
        for name, value in said.items()
    }


def _input(field: Field, said: dict[str, str], language: str, columns: int) -> xlsx_form.Input:
    value = said.get(field.name, "")
    locked = field.name in ("authority", "version") or (field.name == "number" and bool(value))
    lines = 3 if field.entry is Entry.LONG else 1
    return xlsx_form.Input(
        field.label(language),
        _cell(field, language, locked=locked),
        _value(field, value),
        3 if columns == 1 else 1,
        lines,
        field.required,
    )


def _cell(field: Field, language: str, *, locked: bool = False) -> xlsx_form.Cell:
    kind = {Entry.COUNT: "count", Entry.DATE: "date", Entry.CHOICE: "choice"}.get(field.entry, "text")
    words = tuple(field.words(value, language) for value in field.choices)
    return xlsx_form.Cell(kind, words, _(field.hint), locked)


def _value(field: Field, text: str) -> str | int | date | None:
    if not text:
        return None
    if field.entry is Entry.COUNT:
        return int(text) or None
    return date.fromisoformat(text) if field.entry is Entry.DATE else text


def _table(
    title: str,
    part: str,
    fields: Sequence[Field],
    widths: Sequence[float],
    pieces: Sequence[Equipment | Application],
    language: str,
) -> xlsx_form.Sheet:
    columns = tuple(
        xlsx_form.Column(one.label(language), width, _cell(one, language), one.required)
        for one, width in zip(fields, widths, strict=True)
    )
    rows = tuple(
        tuple(one.words(getattr(piece, one.name), language) or None for one in fields) for piece in pieces
    )
    return xlsx_form.Sheet(title, title, columns=columns, rows=rows, blanks=BLANKS[part], landscape=True)


def _hints(language: str) -> Iterator[tuple[str, str]]:
    for one in FIELDS:
        if one.hint:
            yield one.label(language), _(one.hint)


def _rests() -> Iterator[str]:
    yield _("dates such as 2026-11-20; numbers without words; what does not apply stays empty")
    yield _("texts up to {count} characters; more rows of equipment may be added").format(count=LONGEST)


# ---- the table of many
TABLE = tuple(one for one in FIELDS if one.name != "version")


def table(desk: Desk, listed: Sequence[Declaration]) -> bytes:
    """Many declarations as a workbook, one a row, their equipment and applications beside: `declare import` takes it back."""
    language = spoken()
    sheets = [
        xlsx.Sheet(
            _("declarations"),
            [xlsx.Column(head) for head in _heads(language)],
            list(_rows(desk, listed, language)),
            ruled=False,
        ),
        _pieces_sheet(
            desk, _("network equipment"), EQUIPMENT, [(one, one.equipment) for one in listed], language
        ),
        _pieces_sheet(
            desk, _("applications"), APPLICATIONS, [(one, one.applications) for one in listed], language
        ),
    ]
    return xlsx.render(sheets, _("declarations"), desk.clock())


def as_csv(desk: Desk, listed: Sequence[Declaration]) -> bytes:
    """Many declarations as CSV, one a row, without their equipment."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(_heads(spoken()))
    writer.writerows([guarded(str(cell)) for cell in row] for row in _rows(desk, listed, spoken()))
    return text.getvalue().encode("utf-8-sig")


def _heads(language: str) -> list[str]:
    return [*(one.label(language) for one in TABLE), _("state")]


def _rows(desk: Desk, listed: Sequence[Declaration], language: str) -> Iterator[list[str]]:
    for one in listed:
        said = _shown(desk, one.statements, language) | {"number": one.number}
        yield [*(said.get(field.name, "") for field in TABLE), _(one.state)]


def _pieces_sheet(
    desk: Desk,
    name: str,
    fields: Sequence[Field],
    several: Sequence[tuple[Declaration, Sequence[Equipment | Application]]],
    language: str,
) -> xlsx.Sheet:
    keys = (FIELD["number"], FIELD["organization"], FIELD["plane"])
    rows = [
        [
            one.number,
            desk.register.name(one.organization),
            FIELD["plane"].words(str(one.plane), language),
            *(field.words(getattr(piece, field.name), language) for field in fields),
        ]
        for one, pieces in several
        for piece in pieces
    ]
    return xlsx.Sheet(name, [xlsx.Column(one.label(language)) for one in (*keys, *fields)], rows, ruled=False)


def dated(desk: Desk) -> str:
    """Today as papers say it, in the language in use."""
    day = today(desk).isoformat()
    return chinese_date(day) if spoken() == "zh" else day
