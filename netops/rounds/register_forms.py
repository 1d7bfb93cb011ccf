"""Registers as workbooks for departments to fill in: a sheet each, with drop-downs and notes; `register import` reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netops.core.basis import Basis
from netops.core.language import N_, _, spoken
from netops.desk import Desk
from netops.documents import xlsx_form
from netops.documents.page import cells as widths_of
from netops.registers import entries, transcript
from netops.registers.entry import Entry
from netops.registers.kind import Field, Kind
from netops.registers.values import PERIODS
from netops.rounds.register_names import DeskNames

BLANKS = 30
"""Open rows that a form has below what is filled in."""
MOST_CHOICES = 2000
"""Names that a drop-down offers; what is longer is written by hand."""
WIDTHS = {
    "note": 30.0, "date": 14.0, "yesno": 8.0, "period": 10.0, "organization": 22.0, "reference": 24.0, "phone": 18.0,
    "url": 30.0, "host": 24.0, "addresses": 24.0, "identity": 22.0, "credit_code": 22.0, "integer": 9.0, "number": 11.0,
}  # fmt: skip
"""By type, in half-width characters; text takes 20."""
HINTS = {
    "date": N_("a day such as 2026-11-30, or a month such as 2026-11"),
    "phone": N_("such as 0731-55550000 or 内线 8101"), "url": N_("such as https://www.example.gov.cn/"),
    "host": N_("such as www.example.gov.cn"), "addresses": N_("10.0.0.1, 10.0.0.0/24 or 10.0.0.1-10.0.0.9; several with commas"),
    "identity": N_("only the last four digits and a fingerprint are kept"), "credit_code": N_("18 characters (GB 32100)"),
    "organization": N_("choose one, or write its official name or code"),
    "reference": N_("choose one, or write its number or name"), "integer": N_("a whole number, without words"),
    "number": N_("a number, without words"),
}  # fmt: skip


def workbook(desk: Desk, tables: Sequence[tuple[Kind, Sequence[Entry]]], blanks: int = BLANKS) -> bytes:
    """The form of each register in the language in use, filled with these records, and a sheet that tells how to fill it in."""
    language = spoken()
    names = DeskNames(desk)
    sheets = [_sheet(desk, found, listed, blanks, names) for found, listed in tables]
    lines = (line for found, _listed in tables for line in _told(found, language))
    sheets.append(xlsx_form.guide((_("field"), _("how to fill it in")), lines))
    return xlsx_form.render(sheets, tables[0][0].title(language), desk.clock())


def _sheet(
    desk: Desk, found: Kind, listed: Sequence[Entry], blanks: int, names: DeskNames
) -> xlsx_form.Sheet:
    language, field = spoken(), found.field
    heads = transcript.heads(found, language)
    shown = [place for place in range(len(heads)) if place > 2 or listed or (place == 2 and len(desk.planes) > 1)]
    """A number and a version are only of records that are there; a network, of an office that has two."""
    columns = []
    for place in shown:
        heading = found.headings[place]
        columns.append(
            _column(desk, field[heading.name], language, names)
            if heading.name in field
            else _own(desk, heading.name, heads[place], language)
        )
    rows = tuple(
        tuple(row[place] if row[place] != "" else None for place in shown)
        for row in transcript.cells(found, listed, language, names)
    )
    note = found.head.note_en if language == "en" else found.head.note_zh
    told = _("Fill in the light cells, one record a row; a star marks what must be filled in. Grey cells stay as they are.")
    keeps = next((at for at, place in enumerate(shown, 1) if found.headings[place].name == found.head.name), 0)
    return xlsx_form.Sheet(
        found.title(language), found.title(language), (told, *([note] if note else ())), columns=tuple(columns), rows=rows,
        blanks=blanks, landscape=True, kept=min(keeps, 5),
    )  # fmt: skip


def _own(desk: Desk, name: str, head: str, language: str) -> xlsx_form.Column:
    """Number, version and network of a record."""
    if name != "plane":
        return xlsx_form.Column(head, 10.0 if name == "number" else 6.0, xlsx_form.Cell(locked=True))
    words = tuple(transcript.PLANES[language][plane] for plane in desk.planes)
    return xlsx_form.Column(head, 12.0, xlsx_form.Cell("choice", words))


def _column(desk: Desk, field: Field, language: str, names: DeskNames) -> xlsx_form.Column:
    head = field.label(language)
    if unit := field.unit(language):
        head += f"（{unit}）" if language == "zh" else f" ({unit})"
    words = _words(desk, field, language, names)
    kind = "choice" if words else {"integer": "count", "number": "number"}.get(field.type, "text")
    cell = xlsx_form.Cell(
        kind, words, _hint(field, language), loose=field.type in ("organization", "reference")
    )
    widest = max((2 * widths_of(word) + 4 for word in words), default=0.0)
    width = max(WIDTHS.get(field.type, 20.0), min(widest, 26.0), min(2 * widths_of(head) + 4, 18.0))
    return xlsx_form.Column(head, width, cell, field.required)


def _words(desk: Desk, field: Field, language: str, names: DeskNames) -> tuple[str, ...]:
    """What a drop-down offers, or ()."""
    match field.type:
        case "choice":
            return tuple(one.en if language == "en" else one.zh for one in field.choices)
        case "yesno":
            return ("yes", "no") if language == "en" else ("是", "否")
        case "period":
            return tuple(pair[language == "en"] for pair in PERIODS.values())
        case "organization":
            several = [names.organization_shown(one.code) for one in desk.register.organizations]
        case "reference":
            several = [
                f"{one.number} {one.title}".strip()
                for one in entries.listed(desk.store, field.reference, planes=desk.planes, limit=MOST_CHOICES + 1)
            ]
        case _:
            return ()
    return tuple(dict.fromkeys(several)) if len(several) <= MOST_CHOICES else ()


def _hint(field: Field, language: str) -> str:
    """What stands beside the cell when somebody is in it."""
    asked = "" if field.required or not field.expected else _("the regulation asks for it")
    said = (field.note(language), _(HINTS[field.type]) if field.type in HINTS else "", asked)
    return ("；" if language == "zh" else "; ").join(part for part in said if part)


def _told(found: Kind, language: str) -> Iterator[tuple[str, str]]:
    """How this register is filled in: each field, and what stands in it."""
    yield f"【{found.title(language)}】", _articles(found.head.duties, language)
    for field in found.fields:
        must = _("must be filled in") if field.required else ""
        words = "、".join(one.zh if language == "zh" else one.en for one in field.choices)
        duty = _articles((field.duty,), language) if field.duty else ""
        said = [part for part in (must, words, _hint(field, language), duty) if part]
        yield field.label(language), ("；" if language == "zh" else "; ").join(said)


def _articles(duties: Sequence[str], language: str) -> str:
    """第七条、第二十八条, or Articles 7, 28."""
    numbers = sorted({int(duty[1:3]) for duty in duties})
    if language == "zh":
        return "、".join(Basis(number).label for number in numbers)
    return "Article " + ", ".join(map(str, numbers))
