"""Tables and boxes of forms and papers as word-processing markup: a ledger has thousands of cells. Pure."""

from __future__ import annotations

from netops.core.paper import Box, Boxes
from netops.documents.layout import BOX_MM, lines_of
from netops.documents.markup import TWIPS_MM, WHOLE, cell, column_widths, paragraph, row, run, table
from netops.documents.page import BOX_PT, MM_PER_PT

LEADING = 1.35
"""Height of a line as a share of its letters."""
AROUND_PT = 1.5
"""Space above and below each paragraph of a cell."""


def apart(markup: str, *, keep: bool = False) -> str:
    """
    A table with a thin line behind it: two tables that touch would become one.

    Args:
        keep: hold it on the page of what follows.
    """
    held = markup.replace("<w:pPr>", "<w:pPr><w:keepNext/>") if keep else markup
    return held + paragraph("", line=4, keep=keep)


def boxes_markup(part: Boxes, width_mm: float) -> str:
    """Boxes of a form across *width_mm*."""
    widths = column_widths(part.shares, width_mm)
    rows = []
    for boxes in part.rows:
        cells, place = [], 0
        for box in boxes:
            width = sum(widths[place : place + box.columns])
            align = "top" if box.foot else "center"
            cells.append(cell(_box(box, width), width, span=box.columns, align=align))
            place += box.columns
        whole = WHOLE * any(box.foot or box.height_mm for box in boxes)
        height = round((max((box.height_mm for box in boxes), default=0) or BOX_MM) * TWIPS_MM)
        rows.append(row(cells, f'{whole}<w:trHeight w:val="{height}" w:hRule="atLeast"/>'))
    return table(widths, rows, 110)


def _box(box: Box, width: int) -> str:
    if box.label:
        return text_markup(box.text, "heiti", BOX_PT, "center")
    said = text_markup(box.text, "fangsong", BOX_PT, "left")
    if not box.foot:
        return said
    room = width / 20 / BOX_PT - 1
    lines = sum(lines_of(line, 0, room) for line in box.text.split("\n"))
    pitch = (LEADING * BOX_PT + 2 * AROUND_PT) * MM_PER_PT
    empty = max(0, int((box.height_mm - 2) / pitch) - lines - 1)
    return (
        said
        + text_markup("\n" * (empty - 1), "fangsong", BOX_PT, "left") * bool(empty)
        + text_markup(box.foot, "fangsong", BOX_PT, "right")
    )


def text_markup(text: str, role: str, points: float, align: str) -> str:
    """Lines of text in the font of a role, one paragraph each."""
    return "".join(
        paragraph(run(line, role, points), line=LEADING * points, before=AROUND_PT, after=AROUND_PT, align=align)
        for line in text.split("\n")
    )
