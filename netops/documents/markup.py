"""Paragraphs, runs and tables of a word-processor document as markup (ECMA-376 part 1 §17); every text is escaped here. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

FAMILIES = {
    "fangsong": "仿宋",
    "xiaobiaosong": "方正小标宋简体",
    "heiti": "黑体",
    "kaiti": "楷体",
    "songti": "宋体",
}
"""Fonts by the names that every Chinese Windows has, apart from 小标宋, which offices buy; named, never shipped."""
LATIN = "Times New Roman"
TWIPS_MM = 1440 / 25.4
"""Twentieths of a point in a millimetre."""
FACES = {
    role: f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:cs="{LATIN}" w:eastAsia="{family}"/>'
    for role, family in FAMILIES.items()
}


def twips(points: float) -> int:
    """Points as twentieths of one."""
    return round(points * 20)


def run(text: str, role: str, points: float, spacing: int = 0, colour: str = "") -> str:
    """
    Text in the font of a role; a tab in it is one.

    Args:
        spacing: between characters, in twentieths of a point. *colour*: #RRGGBB.
    """
    said = "<w:tab/>".join(f'<w:t xml:space="preserve">{escape(one)}</w:t>' * bool(one) for one in text.split("\t"))
    return f"<w:r>{_letters(role, points, spacing, colour)}{said}</w:r>"


def field(name: str, role: str, points: float) -> str:
    """What the word processor counts, in a font of its own: PAGE or NUMPAGES."""
    return f'<w:fldSimple w:instr="{name}">{run("1", role, points)}</w:fldSimple>'


def _letters(role: str, points: float, spacing: int, colour: str) -> str:
    shade = f'<w:color w:val="{colour.removeprefix("#")}"/>' if colour else ""
    apart = f'<w:spacing w:val="{spacing}"/>' if spacing else ""
    return f'<w:rPr>{FACES[role]}{shade}{apart}<w:sz w:val="{round(points * 2)}"/></w:rPr>'


def paragraph(
    runs: str,
    *,
    line: float = 0,
    before: float = 0,
    after: float = 0,
    align: str = "",
    keep: bool = False,
    starts: bool = False,
    first: float = 0,
    left: float = 0,
    right: float = 0,
    tab: float = 0,
    rule: str = "",
) -> str:
    """
    One paragraph on the grid: no widow control, no space of its own between Chinese and Latin.

    Args:
        line: height of a line, exactly; 0 leaves it to the font. *before*, *after*: space around. All lengths in points.
        align: left, right, center, both, or "".
        keep: hold it on the page of the next one. *starts*: it begins a page.
        first: indent of the first line; *left*, *right*: of all.
        tab: place of a tab stop that ends there (right), 0 for none.
        rule: markup of a border.
    """
    exact = f' w:line="{twips(line)}" w:lineRule="exact"' if line else ""
    sides = (("left", left), ("right", right), ("firstLine", first))
    indent = "".join(f' w:{side}="{twips(size)}"' for side, size in sides if size)
    return (
        f"<w:p><w:pPr>{'<w:keepNext/>' * keep}{'<w:pageBreakBefore/>' * starts}"
        f'<w:widowControl w:val="0"/>{f"<w:pBdr>{rule}</w:pBdr>" * bool(rule)}'
        + (f'<w:tabs><w:tab w:val="right" w:pos="{twips(tab)}"/></w:tabs>' if tab else "")
        + '<w:autoSpaceDE w:val="0"/><w:autoSpaceDN w:val="0"/>'
        f'<w:spacing w:before="{twips(before)}" w:after="{twips(after)}"{exact}/>'
        + (f"<w:ind{indent}/>" if indent else "")
        + (f'<w:jc w:val="{align}"/>' if align else "")
        + f"</w:pPr>{runs}</w:p>"
    )


def border(side: str, eighths: int, *, space: int = 0, colour: str = "#000000") -> str:
    """A rule at a side, *eighths* of a point thick, *space* points away."""
    return f'<w:{side} w:val="single" w:sz="{eighths}" w:space="{space}" w:color="{colour.removeprefix("#")}"/>'


# ---- tables
GRID = "".join(border(side, 4) for side in ("top", "left", "bottom", "right", "insideH", "insideV"))
"""Thin rules around and between all cells."""
WHOLE = "<w:cantSplit/>"
HEAD = "<w:cantSplit/><w:tblHeader/>"
"""Properties of a row: it stays on one page; it is repeated on each page."""


def column_widths(shares: Sequence[float], width_mm: float) -> list[int]:
    """Widths of columns by their shares, in twentieths of a point."""
    return [round(share / sum(shares) * width_mm * TWIPS_MM) for share in shares]


def table(widths: Sequence[int], rows: Iterable[str], margin: int, borders: str = GRID, place: str = "") -> str:
    """
    A table with fixed column *widths* and *margin* inside each cell, in twentieths of a point.

    Args:
        place: markup of where it floats (w:tblpPr), "" for a table in the text.
    """
    columns = "".join(f'<w:gridCol w:w="{width}"/>' for width in widths)
    return (
        f'<w:tbl><w:tblPr>{place}<w:tblW w:w="{sum(widths)}" w:type="dxa"/><w:jc w:val="center"/>'
        f'<w:tblBorders>{borders}</w:tblBorders><w:tblLayout w:type="fixed"/><w:tblCellMar>'
        f'<w:left w:w="{margin}" w:type="dxa"/><w:right w:w="{margin}" w:type="dxa"/></w:tblCellMar></w:tblPr>'
        f"<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    )


def row(cells: Iterable[str], properties: str = "") -> str:
    """A row of cells; *properties*: WHOLE, HEAD, or more of them in the schema's order."""
    return f"<w:tr>{f'<w:trPr>{properties}</w:trPr>' * bool(properties)}{''.join(cells)}</w:tr>"


def cell(content: str, width: int, *, span: int = 1, fill: str = "", align: str = "center") -> str:
    """One cell over *span* columns, filled with a shade (RRGGBB) or ""; *align*: top or center."""
    spans = f'<w:gridSpan w:val="{span}"/>' if span > 1 else ""
    shade = f'<w:shd w:val="clear" w:color="auto" w:fill="{fill}"/>' if fill else ""
    return f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{spans}{shade}<w:vAlign w:val="{align}"/></w:tcPr>{content}</w:tc>'
