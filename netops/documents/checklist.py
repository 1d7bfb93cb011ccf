"""A checklist as a document for signature: title, fields, one table, notes, places to sign. DOCX, A4 landscape."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from netops.documents.page import plain
from netops.documents.word import bare, chinese, element, field, packed, run, widths

FIELDS_MM = (30.0, 94.0, 30.0, 93.0)
TITLE_PT, FIELD_PT, CELL_PT, NOTE_PT, SIGN_PT = 18.0, 10.5, 9.0, 9.0, 12.0
LEADING = 1.4
"""Height of a line as a share of its letters."""


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
    Write the form to *path*, whole or not at all; the same form gives the same bytes.

    Raises:
        OSError: the file cannot be written.
    """
    draft = path.with_name(f".{path.name}.part")
    draft.write_bytes(render(form))
    draft.replace(path)


def render(form: Form) -> bytes:
    """The form as DOCX bytes."""
    from docx import Document
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    document = Document()
    _settle(document, form)
    _line(document.add_paragraph(), form.title, TITLE_PT, "xiaobiaosong", WD_ALIGN_PARAGRAPH.CENTER)
    _line(document.add_paragraph(), f"编号：{form.number}", FIELD_PT, align=WD_ALIGN_PARAGRAPH.RIGHT)
    _fields(document, form)
    _line(document.add_paragraph(), "", FIELD_PT)
    _rows(document, form)
    for note in form.notes:
        _line(document.add_paragraph(), note, NOTE_PT).paragraph_format.keep_with_next = True
    if form.signatures:
        _signatures(document, form)
    return packed(document)


def _settle(document: Any, form: Form) -> None:
    """Landscape, Chinese, "第 1 页 共 3 页" at the foot, fixed properties."""
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Mm

    section = document.sections[0]
    section.orientation, section.page_width, section.page_height = WD_ORIENT.LANDSCAPE, Mm(297), Mm(210)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin, section.footer_distance = Mm(20), Mm(18), Mm(9)
    chinese(document, FIELD_PT)
    foot = _line(section.footer.paragraphs[0], "第 ", NOTE_PT, "songti", WD_ALIGN_PARAGRAPH.CENTER)
    field(run(foot, "", "songti", NOTE_PT), "PAGE")
    run(foot, " 页 共 ", "songti", NOTE_PT)
    field(run(foot, "", "songti", NOTE_PT), "NUMPAGES")
    run(foot, " 页", "songti", NOTE_PT)
    properties = document.core_properties
    properties.title, properties.comments, properties.author = plain(form.title)[:255], "", ""


def _fields(document: Any, form: Form) -> None:
    table = document.add_table(rows=(len(form.fields) + 1) // 2, cols=len(FIELDS_MM))
    table.style = "Table Grid"
    widths(table, FIELDS_MM, margin_mm=1.5)
    for place, (label, value) in enumerate(form.fields):
        cells = table.rows[place // 2].cells
        _fill(cells[place % 2 * 2], label, FIELD_PT, "heiti")
        _fill(cells[place % 2 * 2 + 1], value, FIELD_PT)


def _rows(document: Any, form: Form) -> None:
    table = document.add_table(rows=1 + len(form.rows), cols=len(form.columns))
    table.style = "Table Grid"
    widths(table, form.widths_mm, margin_mm=1.2)
    table.rows[0]._tr.get_or_add_trPr().append(element("tblHeader", {}))  # the head is printed on every page
    for row, texts in zip(table.rows, (form.columns, *form.rows), strict=True):
        row._tr.get_or_add_trPr().insert(0, element("cantSplit", {}))
        head = texts is form.columns
        for cell, text in zip(row.cells, texts, strict=True):
            _fill(cell, text, FIELD_PT if head else CELL_PT, "heiti" if head else "fangsong")


def _signatures(document: Any, form: Form) -> None:
    """One box for each, with room for a name and a seal; never parted from the notes above."""
    from docx.enum.table import WD_ROW_HEIGHT_RULE
    from docx.shared import Mm

    table = document.add_table(rows=1, cols=len(form.signatures))
    table.style = "Table Grid"
    widths(table, (sum(FIELDS_MM) / len(form.signatures),) * len(form.signatures), margin_mm=1.5)
    row = table.rows[0]
    row.height, row.height_rule = Mm(24), WD_ROW_HEIGHT_RULE.AT_LEAST
    row._tr.get_or_add_trPr().insert(0, element("cantSplit", {}))
    for cell, text in zip(row.cells, form.signatures, strict=True):
        _line(cell.paragraphs[0], text, SIGN_PT)


def _fill(cell: Any, text: str, points: float, role: str = "fangsong") -> None:
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT

    cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
    _line(cell.paragraphs[0], text, points, role)


def _line(paragraph: Any, text: str, points: float, role: str = "fangsong", align: Any = None) -> Any:
    from docx.shared import Pt

    bare(paragraph)
    paragraph.alignment = align
    shape = paragraph.paragraph_format
    shape.line_spacing, shape.space_before, shape.space_after = Pt(LEADING * points), Pt(2), Pt(2)
    run(paragraph, plain(text), role, points)
    return paragraph
