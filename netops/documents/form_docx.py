"""A form or a ledger as DOCX: what the office edits and seals; the same content gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netops.documents import form
from netops.documents.boxes_docx import LEADING, apart, boxes_markup, text_markup
from netops.documents.form import Boxes, Form, Grid, Remarks
from netops.documents.markup import HEAD, WHOLE, cell, column_widths, field, paragraph, row, run, table
from netops.documents.page import MM_PER_PT
from netops.documents.word import Sheet, package

FOOT_MM = 9.0


def render(content: Form) -> bytes:
    """The form as DOCX bytes."""
    shown = form.cleaned(content)
    sizes = (form.HEIGHT_MM, form.WIDTH_MM) if shown.landscape else (form.WIDTH_MM, form.HEIGHT_MM)
    sheet = Sheet(*sizes, form.SIDE_MM, form.SIDE_MM, form.TOP_MM, form.FOOT_MM, FOOT_MM, form.TEXT_PT)
    body = "".join(_written(shown))
    return package(sheet, body, {"foot": _foot(shown)}, title=shown.title, author="", day=shown.date)


def _foot(shown: Form) -> str:
    """The small print, and 第 1 页 共 3 页."""
    before, between, behind = shown.numbers
    first, second, last = (run(text, "songti", form.CELL_PT) for text in (f"{shown.foot}\t{before}", between, behind))
    page, pages = (field(name, "songti", form.CELL_PT) for name in ("PAGE", "NUMPAGES"))
    counted = first + page + second + pages + last
    return paragraph(counted, tab=shown.width_mm / MM_PER_PT)


def _written(shown: Form) -> Iterator[str]:
    yield _line(shown.title, form.TITLE_PT, "xiaobiaosong", align="center")
    if shown.left or shown.right:
        yield _line(f"{shown.left}\t{shown.right}", form.SMALL_PT, tab=shown.width_mm / MM_PER_PT)
    for place, part in enumerate(shown.parts, 1):
        match part:
            case Boxes():
                yield apart(boxes_markup(part, shown.width_mm))
            case Grid():
                if part.heading:
                    yield _line(part.heading, form.SMALL_PT, "heiti", keep=True)
                yield apart(_grid(part, shown.width_mm))
            case Remarks():
                # What is remarked stays with the boxes below it, such as those to sign in.
                yield from (_line(text, form.SMALL_PT, keep=place < len(shown.parts)) for text in part.lines)


def _line(text: str, points: float, role: str = "fangsong", *, align: str = "", keep: bool = False, tab: float = 0) -> str:
    said = run(text, role, points)
    return paragraph(said, line=LEADING * points, before=2, after=2, align=align, keep=keep, tab=tab)


def _grid(part: Grid, width_mm: float) -> str:
    widths = column_widths(part.shares, width_mm)

    def drawn(texts: Sequence[str], role: str, fill: str, aligns: Sequence[str], properties: str) -> str:
        cells = (
            cell(text_markup(text, role, form.CELL_PT, align), width, fill=fill)
            for text, width, align in zip(texts, widths, aligns, strict=True)
        )
        return row(cells, properties)

    aligns = ["right" if place in part.right else "left" for place in range(len(widths))]
    rows = [drawn(part.columns, "heiti", "EEEEEE", ["center"] * len(widths), HEAD)]
    rows += [drawn(texts, "fangsong", "", aligns, WHOLE) for texts in part.rows]
    if part.total:
        rows.append(drawn(part.total, "heiti", "F6F6F6", aligns, WHOLE))
    return table(widths, rows, 68)
