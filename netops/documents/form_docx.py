"""A form or a ledger as DOCX: what the office edits and seals; the same content gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from xml.sax.saxutils import escape

from netops.documents import form
from netops.documents.form import Box, Boxes, Form, Grid, Remarks
from netops.documents.word import FAMILIES, LATIN, bare, chinese, field, packed, run

TWIPS_MM = 1440 / 25.4
LEAST_MM = 9.0
"""Height of a row of boxes that says no other."""
LEADING = 1.35
"""Height of a line as a share of its letters."""
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


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
                _add(document, _boxes(part, shown.width_mm))
            case Grid():
                if part.heading:
                    _line(
                        document.add_paragraph(), part.heading, form.SMALL_PT, "heiti"
                    ).paragraph_format.keep_with_next = True
                _add(document, _grid(part, shown.width_mm))
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


# ---- tables, written as markup: a ledger has thousands of cells
def _add(document: Any, table: str) -> None:
    """Put a table behind what is there, and a thin line behind it: two tables that touch would become one."""
    from docx.oxml import parse_xml
    from docx.shared import Pt

    end = document.element.body.sectPr
    end.addprevious(parse_xml(table))
    paragraph = document.add_paragraph()
    bare(paragraph)
    paragraph.paragraph_format.line_spacing = Pt(4)


def _table(widths: Sequence[int], rows: Iterable[str], margin: int) -> str:
    sides = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
                    for side in ("top", "left", "bottom", "right", "insideH", "insideV"))  # fmt: skip
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl {NAMESPACE}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{sides}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        f'<w:left w:w="{margin}" w:type="dxa"/><w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def _widths(shares: Sequence[float], width_mm: float) -> list[int]:
    return [round(share / sum(shares) * width_mm * TWIPS_MM) for share in shares]


def _grid(part: Grid, width_mm: float) -> str:
    widths = _widths(part.shares, width_mm)
    head = "<w:trPr><w:cantSplit/><w:tblHeader/></w:trPr>"
    whole = "<w:trPr><w:cantSplit/></w:trPr>"

    def row(properties: str, texts: Sequence[str], role: str, fill: str, aligns: Sequence[str]) -> str:
        cells = (
            _cell(_paragraphs(text, role, form.CELL_PT, align), width, 1, fill)
            for text, width, align in zip(texts, widths, aligns, strict=True)
        )
        return f"<w:tr>{properties}{''.join(cells)}</w:tr>"

    aligns = ["right" if place in part.right else "left" for place in range(len(widths))]
    rows = [row(head, part.columns, "heiti", "EEEEEE", ["center"] * len(widths))]
    rows += [row(whole, texts, "fangsong", "", aligns) for texts in part.rows]
    if part.total:
        rows.append(row(whole, part.total, "heiti", "F6F6F6", aligns))
    return _table(widths, rows, 68)


def _boxes(part: Boxes, width_mm: float) -> str:
    widths = _widths(part.shares, width_mm)
    rows = []
    for boxes in part.rows:
        cells, place = [], 0
        for box in boxes:
            width = sum(widths[place : place + box.columns])
            cells.append(_cell(_box(box), width, box.columns, "", "center" if not box.foot else "top"))
            place += box.columns
        height = round((max((box.height_mm for box in boxes), default=0) or LEAST_MM) * TWIPS_MM)
        rows.append(
            f'<w:tr><w:trPr><w:cantSplit/><w:trHeight w:val="{height}" w:hRule="atLeast"/></w:trPr>{"".join(cells)}</w:tr>'
        )
    return _table(widths, rows, 110)


def _box(box: Box) -> str:
    if box.label:
        return _paragraphs(box.text, "heiti", form.TEXT_PT, "center")
    said = _paragraphs(box.text, "fangsong", form.TEXT_PT, "left")
    if not box.foot:
        return said
    lines = 1 + box.text.count("\n") + len(box.text) // max(1, 8 * box.columns)
    pitch = LEADING * form.TEXT_PT * 25.4 / 72
    empty = max(0, int((box.height_mm - 4) / pitch) - lines - 1)
    return (
        said
        + _paragraphs("\n" * (empty - 1), "fangsong", form.TEXT_PT, "left") * bool(empty)
        + _paragraphs(box.foot, "fangsong", form.TEXT_PT, "right")
    )


def _cell(content: str, width: int, span: int, fill: str, align: str = "center") -> str:
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{shade}<w:vAlign w:val="{align}"/></w:tcPr>{content}</w:tc>'


def _paragraphs(text: str, role: str, points: float, align: str) -> str:
    size, pitch = round(points * 2), round(LEADING * points * 20)
    fonts = f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:cs="{LATIN}" w:eastAsia="{FAMILIES[role]}"/>'
    shape = (
        '<w:pPr><w:widowControl w:val="0"/><w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
        f'<w:spacing w:before="30" w:after="30" w:line="{pitch}" w:lineRule="exact"/><w:jc w:val="{align}"/></w:pPr>'
    )
    return "".join(
        f'<w:p>{shape}<w:r><w:rPr>{fonts}<w:sz w:val="{size}"/></w:rPr>'
        f'<w:t xml:space="preserve">{escape(line)}</w:t></w:r></w:p>'
        for line in text.split("\n")
    )
