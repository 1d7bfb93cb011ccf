"""Tables and boxes of forms and papers as word-processing markup: a ledger has thousands of cells."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from xml.sax.saxutils import escape

from netops.core.paper import Box, Boxes
from netops.documents.layout import BOX_MM, lines_of
from netops.documents.page import BOX_PT, MM_PER_PT
from netops.documents.word import FAMILIES, LATIN, bare

TWIPS_MM = 1440 / 25.4
LEADING = 1.35
"""Height of a line as a share of its letters."""
NAMESPACE = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'


def add(document: Any, table: str, *, keep: bool = False) -> None:
    """
    Put a table behind what is there, and a thin line behind it: two tables that touch would become one.

    Args:
        keep: hold it on the page of what follows.
    """
    from docx.oxml import parse_xml
    from docx.shared import Pt

    end = document.element.body.sectPr
    end.addprevious(parse_xml(table.replace("<w:pPr>", "<w:pPr><w:keepNext/>") if keep else table))
    paragraph = document.add_paragraph()
    bare(paragraph)
    paragraph.paragraph_format.line_spacing = Pt(4)
    paragraph.paragraph_format.keep_with_next = keep


def table_markup(widths: Sequence[int], rows: Iterable[str], margin: int) -> str:
    """A table with fixed column *widths* and *margin* inside each cell, in twentieths of a point."""
    sides = "".join(f'<w:{side} w:val="single" w:sz="4" w:space="0" w:color="000000"/>'
                    for side in ("top", "left", "bottom", "right", "insideH", "insideV"))  # fmt: skip
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl {NAMESPACE}><w:tblPr><w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{sides}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        f'<w:left w:w="{margin}" w:type="dxa"/><w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def column_widths(shares: Sequence[float], width_mm: float) -> list[int]:
    """Widths of columns by their shares, in twentieths of a point."""
    return [round(share / sum(shares) * width_mm * TWIPS_MM) for share in shares]


def boxes_markup(part: Boxes, width_mm: float) -> str:
    """Boxes of a form across *width_mm*."""
    widths = column_widths(part.shares, width_mm)
    rows = []
    for row in part.rows:
        cells, place = [], 0
        for box in row:
            width = sum(widths[place : place + box.columns])
            cells.append(
                cell_markup(_box(box, width), width, box.columns, "", "center" if not box.foot else "top")
            )
            place += box.columns
        whole = "<w:cantSplit/>" * any(box.foot or box.height_mm for box in row)
        height = round((max((box.height_mm for box in row), default=0) or BOX_MM) * TWIPS_MM)
        rows.append(
            f'<w:tr><w:trPr>{whole}<w:trHeight w:val="{height}" w:hRule="atLeast"/></w:trPr>{"".join(cells)}</w:tr>'
        )
    return table_markup(widths, rows, 110)


def _box(box: Box, width: int) -> str:
    if box.label:
        return text_markup(box.text, "heiti", BOX_PT, "center")
    said = text_markup(box.text, "fangsong", BOX_PT, "left")
    if not box.foot:
        return said
    room = width / 20 / BOX_PT - 1
    lines = sum(lines_of(line, 0, room) for line in box.text.split("\n"))
    pitch = LEADING * BOX_PT * MM_PER_PT + 1.06  # with the space around a paragraph
    empty = max(0, int((box.height_mm - 2) / pitch) - lines - 1)
    return (
        said
        + text_markup("\n" * (empty - 1), "fangsong", BOX_PT, "left") * bool(empty)
        + text_markup(box.foot, "fangsong", BOX_PT, "right")
    )


def cell_markup(content: str, width: int, span: int, fill: str, align: str = "center") -> str:
    """One cell over *span* columns, filled with a shade (RRGGBB) or ""."""
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{shade}<w:vAlign w:val="{align}"/></w:tcPr>{content}</w:tc>'


def text_markup(text: str, role: str, points: float, align: str) -> str:
    """Lines of text in the font of a role."""
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
