"""A checklist as a document for signature: title, fields, one table, notes, places to sign. DOCX, A4 landscape."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import msgspec

BODY, HEADING, TITLE = "仿宋", "黑体", "宋体"


class Form(msgspec.Struct, frozen=True):
    """
    What stands on the paper, every text as it is printed.

    Args:
        fields: (label, value), two to a line.
        widths_mm: width of each column; together 247 mm, the type area of a landscape page.
        rows: one cell a column.
    """

    title: str
    number: str
    fields: tuple[tuple[str, str], ...]
    columns: tuple[str, ...]
    widths_mm: tuple[int, ...]
    rows: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    signatures: tuple[str, ...] = ()


def write_docx(form: Form, path: Path) -> None:
    """
    Write the form to *path*, whole or not at all.

    Raises:
        OSError: the file cannot be written.
    """
    from docx import Document
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    document = Document()
    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(20), Mm(18)
    _set_font(document.styles["Normal"], BODY)
    heading = document.add_paragraph()
    heading.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _run(heading, form.title, 18, TITLE, bold=True)
    number = document.add_paragraph()
    number.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _run(number, f"编号：{form.number}", 10.5)
    _fields(document, form)
    document.add_paragraph()
    _rows(document, form)
    for note in form.notes:
        _run(document.add_paragraph(), note, 9)
    for place in form.signatures:
        _run(document.add_paragraph(), place, 12)
    content = io.BytesIO()
    document.save(content)
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(content.getvalue())
    draft.replace(path)


def _fields(document: Any, form: Form) -> None:
    table = document.add_table(rows=(len(form.fields) + 1) // 2, cols=4)
    table.style = "Table Grid"
    for place, (label, value) in enumerate(form.fields):
        cells = table.rows[place // 2].cells
        _fill(cells[place % 2 * 2], label, 10.5, HEADING)
        _fill(cells[place % 2 * 2 + 1], value, 10.5)
    _widen(table, (30, 94, 30, 93))


def _rows(document: Any, form: Form) -> None:
    from docx.oxml import OxmlElement

    table = document.add_table(rows=1, cols=len(form.columns))
    table.style = "Table Grid"
    for cell, title in zip(table.rows[0].cells, form.columns, strict=True):
        _fill(cell, title, 10.5, HEADING)
    table.rows[0]._tr.get_or_add_trPr().append(
        OxmlElement("w:tblHeader")
    )  # the head is printed on every page
    for row in form.rows:
        added = table.add_row()
        added._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text in zip(added.cells, row, strict=True):
            _fill(cell, text, 9)
    _widen(table, form.widths_mm)


def _widen(table: Any, widths_mm: tuple[int, ...]) -> None:
    from docx.shared import Mm

    table.autofit = False
    for column, width in zip(table.columns, widths_mm, strict=True):
        column.width = Mm(width)
        for cell in column.cells:
            cell.width = Mm(width)


def _fill(cell: Any, text: str, points: float, font: str = BODY) -> None:
    _run(cell.paragraphs[0], text, points, font)


def _run(paragraph: Any, text: str, points: float, font: str = BODY, *, bold: bool = False) -> None:
    from docx.shared import Pt

    kept = "".join(char for char in text if char.isprintable())  # XML holds no control characters
    run = paragraph.add_run(kept)
    run.font.size, run.bold = Pt(points), bold
    _set_font(run, font)


def _set_font(holder: Any, font: str) -> None:
    """Name the font for Latin and for East Asian text alike; Word keeps them apart."""
    from docx.oxml.ns import qn

    holder.font.name = font
    fonts = holder.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(script), font)
