"""A form or a ledger as DOCX: what the office edits and seals; the same content gives the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from netops.documents import form
from netops.documents.boxes_docx import (
    LEADING,
    add,
    boxes_markup,
    cell_markup,
    column_widths,
    table_markup,
    text_markup,
)  # fmt: skip
from netops.documents.form import Boxes, Form, Grid, Remarks
from netops.documents.word import bare, chinese, field, packed, run


def render(content: Form) -> bytes:
    """The form as DOCX bytes."""
    from docx import Document

    shown = form.cleaned(content)
    document = Document()
    _settle(document, shown)
    _line(document.add_paragraph(), shown.title, form.TITLE_PT, "xiaobiaosong", "center")
    if shown.left or shown.right:
        _ends(document, shown)
    for part in shown.parts:
        match part:
            case Boxes():
                add(document, boxes_markup(part, shown.width_mm))
            case Grid():
                if part.heading:
                    _line(
                        document.add_paragraph(), part.heading, form.SMALL_PT, "heiti"
                    ).paragraph_format.keep_with_next = True
                add(document, _grid(part, shown.width_mm))
            case Remarks():
                for text in part.lines:
                    _line(document.add_paragraph(), text, form.SMALL_PT)
    return packed(document)


def _settle(document: Any, shown: Form) -> None:
    """Size, margins, page numbers beside the foot, fixed properties."""
    from docx.enum.section import WD_ORIENT
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    section = document.sections[0]
    sizes = (form.HEIGHT_MM, form.WIDTH_MM) if shown.landscape else (form.WIDTH_MM, form.HEIGHT_MM)
    section.orientation = WD_ORIENT.LANDSCAPE if shown.landscape else WD_ORIENT.PORTRAIT
    section.page_width, section.page_height = Mm(sizes[0]), Mm(sizes[1])
    section.left_margin = section.right_margin = Mm(form.SIDE_MM)
    section.top_margin, section.bottom_margin, section.footer_distance = (
        Mm(form.TOP_MM),
        Mm(form.FOOT_MM),
        Mm(9),
    )
    chinese(document, form.TEXT_PT)
    foot = section.footer.paragraphs[0]
    bare(foot)
    for stop in list(foot.paragraph_format.tab_stops):
        del foot.paragraph_format.tab_stops[stop]
    foot.style = document.styles["Normal"]
    foot.paragraph_format.tab_stops.add_tab_stop(Mm(shown.width_mm), WD_TAB_ALIGNMENT.RIGHT)
    run(foot, f"{shown.foot}\t第", "songti", form.CELL_PT)
    field(run(foot, "", "songti", form.CELL_PT), "PAGE")
    run(foot, "页 共", "songti", form.CELL_PT)
    field(run(foot, "", "songti", form.CELL_PT), "NUMPAGES")
    run(foot, "页", "songti", form.CELL_PT)
    properties = document.core_properties
    day = datetime.fromisoformat(shown.date)
    properties.created = properties.modified = day
    properties.title, properties.comments, properties.author, properties.revision = (
        shown.title[:255],
        "",
        "",
        1,
    )


def _line(paragraph: Any, text: str, points: float, role: str = "fangsong", align: str = "") -> Any:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    bare(paragraph)
    if align:
        paragraph.alignment = getattr(WD_ALIGN_PARAGRAPH, align.upper())
    shape = paragraph.paragraph_format
    shape.line_spacing, shape.space_before, shape.space_after = Pt(LEADING * points), Pt(2), Pt(2)
    run(paragraph, text, role, points)
    return paragraph


def _ends(document: Any, shown: Form) -> None:
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm

    paragraph = _line(document.add_paragraph(), f"{shown.left}\t{shown.right}", form.SMALL_PT)
    paragraph.paragraph_format.tab_stops.add_tab_stop(Mm(shown.width_mm), WD_TAB_ALIGNMENT.RIGHT)


def _grid(part: Grid, width_mm: float) -> str:
    widths = column_widths(part.shares, width_mm)
    head = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"
    whole = "<w:trPr><w:cantSplit/></w:trPr>"

    def row(properties: str, texts: Sequence[str], role: str, fill: str, aligns: Sequence[str]) -> str:
        cells = (
            cell_markup(text_markup(text, role, form.CELL_PT, align), width, 1, fill)
            for text, width, align in zip(texts, widths, aligns, strict=True)
        )
        return f"<w:tr>{properties}{''.join(cells)}</w:tr>"

    aligns = ["right" if place in part.right else "left" for place in range(len(widths))]
    rows = [row(head, part.columns, "heiti", "EEEEEE", ["center"] * len(widths))]
    rows += [row(whole, texts, "fangsong", "", aligns) for texts in part.rows]
    if part.total:
        rows.append(row(whole, part.total, "heiti", "F6F6F6", aligns))
    return table_markup(widths, rows, 68)
