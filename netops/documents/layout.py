"""
Where pages end (版面): the 版记 at the foot of the last page, which is an even one, with the signature and text above it. Pure.

GB/T 9704-2012 wants the 版记 on the last even side. When the body ends on an odd one, its last words and the signature go
over to the back, so that no page holds the 版记 alone and none stays blank.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from netops.core.paper import Block, Box, Boxes, Heading, Paper, Paragraph, Table
from netops.documents import page

FOOT_MM = page.HEIGHT_MM - page.BOTTOM_MM
AIR_MM = 4.0
"""At least so much between what is signed and the 版记."""
FEW_MM = 5 * page.PITCH_MM
"""A page that is broken off on purpose holds more than this, where that is possible."""
TRIES = 6
BOX_MM = 9.0
"""Height of a row of boxes that says no other."""


class Layout(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What is done to the flow.

    Args:
        breaks: blocks, from 0, that begin a page.
        gap: empty lines above the signature.
        tight: pitch of the lines as a share of the standard's.
    """

    breaks: tuple[int, ...] = ()
    gap: int = 2
    tight: float = 1.0


class Drawn(msgspec.Struct, frozen=True):
    """
    Where things stand, as (page from 1, mm from the top of the paper).

    Args:
        blocks: the top of each block.
        signed: the end of what is signed: signature, date, note.
        imprint_mm: height of the 版记.
    """

    blocks: tuple[tuple[int, float], ...]
    signed: tuple[int, float]
    imprint_mm: float

    @property
    def holds_imprint(self) -> bool:
        """Whether the 版记 finds its place below the signature."""
        return self.signed[1] + AIR_MM + self.imprint_mm <= FOOT_MM

    @property
    def is_right(self) -> bool:
        """Whether it ends as the standard wants it."""
        return self.signed[0] % 2 == 0 and self.holds_imprint


def settle(blocks: Sequence[Block], draw: Callable[[Layout], Drawn]) -> Layout:
    """
    The layout that puts the 版记 right, by drawing as often as it takes (mostly once or twice).

    A paper with too few blocks to part has its 版记 at the foot of the page where it ends.
    """
    plain = Layout()
    first = draw(plain)
    if first.is_right:
        return plain
    tried = []
    for _, layout in zip(range(TRIES), _attempts(blocks, first), strict=False):
        drawn = draw(layout)
        if drawn.is_right:
            return layout
        tried.append((layout, drawn))
    return next((layout for layout, drawn in tried if drawn.holds_imprint and not layout.breaks), plain)


def _attempts(blocks: Sequence[Block], first: Drawn) -> Iterator[Layout]:
    """Layouts to try, the one that reads best first."""
    end = first.signed[0]
    single = [] if end % 2 == 0 else _last(blocks, first, end)
    full = [place for place in single if first.blocks[place][1] - page.TOP_MM >= FEW_MM]
    if end % 2 == 0:
        yield Layout(gap=1)
        yield Layout(gap=1, tight=page.TIGHT)
    yield from (Layout((place,)) for place in full[:2])
    over = end - end % 2
    for last in _ends(blocks)[:2]:
        starts = [place for place in _last(blocks, first, over) if place < last]
        wide = [one for one in starts if _between(first, one, last) >= FEW_MM]
        yield from (Layout((place, last)) for place in (wide or starts)[:1])
    yield from (Layout((place,)) for place in single if place not in full)
    yield Layout(gap=1)


def _ends(blocks: Sequence[Block]) -> list[int]:
    """Where a page may begin, latest first; a last one of a single line only after a longer one."""
    found = [place for place in range(len(blocks) - 1, 0, -1) if not isinstance(blocks[place - 1], Heading)]
    if len(found) > 1 and found[0] == len(blocks) - 1 and rows(blocks[-1]) < 2:
        found[0], found[1] = found[1], found[0]
    return found


def _last(blocks: Sequence[Block], drawn: Drawn, number: int) -> list[int]:
    """Blocks on page *number* that could begin the next one: something stays before them."""
    return [
        place
        for place in _ends(blocks)
        if drawn.blocks[place][0] == number
        and (drawn.blocks[place - 1][0] == number or drawn.blocks[place][1] > page.TOP_MM + page.PITCH_MM / 2)
    ]


def _between(drawn: Drawn, start: int, end: int) -> float:
    """Millimetres from one block to another, over the pages between."""
    (first, top), (last, bottom) = drawn.blocks[start], drawn.blocks[end]
    return bottom - top + (last - first) * page.AREA_HEIGHT_MM


# ---- the reckoning by lines, where nothing can be drawn: a word processor's pages
def reckoned(paper: Paper, imprint_mm: float) -> Callable[[Layout], Drawn]:
    """How a paper falls on the grid, line by line; a layout must be right with a line more, too: fonts differ."""
    exact, longer = (_reckoned(paper, imprint_mm, more) for more in (0.0, 1.0))

    def draw(layout: Layout) -> Drawn:
        return next((one for one in (exact(layout), longer(layout)) if not one.is_right), exact(layout))

    return draw


def _reckoned(paper: Paper, imprint_mm: float, more: float) -> Callable[[Layout], Drawn]:
    head = page.HEAD_ROWS if paper.mark else 0
    above = (
        head
        + len(page.title_lines(paper.title, paper.title_breaks))
        + 1
        + bool(paper.to)
        + bool(page.number_below(paper))
    )
    units = [_units(block) for block in paper.blocks]
    note = lines_of(page.closing_note(paper), 2) if page.closing_note(paper) else 0
    attached = 1 + len(paper.attachments) if paper.attachments else 0

    def draw(layout: Layout) -> Drawn:
        lines = (
            page.LINES
            if layout.tight == 1
            else int((page.AREA_HEIGHT_MM / page.PITCH_MM + 0.47) / layout.tight)
        )
        number, row = 1, above + more
        found = []
        for place, (block, heights) in enumerate(zip(paper.blocks, units, strict=True)):
            follows = units[place + 1][0] if isinstance(block, Heading) and place + 1 < len(units) else 0
            if place in layout.breaks or row + heights[0] + follows > lines + 0.01:
                number, row = number + 1, 0.0
            found.append((number, page.TOP_MM + row * layout.tight * page.PITCH_MM))
            for order, height in enumerate(heights):
                if row + height > lines + 0.01 and order:
                    repeated = (
                        row_heights(Table(block.columns, block.widths, (block.columns,)))[0]
                        if isinstance(block, Table)
                        else 0
                    )
                    number, row = number + 1, float(repeated)
                row += height
            while row > lines + 0.01:
                number, row = number + 1, row - lines
        tail = attached + (layout.gap + 2) * paper.signed + note
        if row + tail > lines + 0.01:
            kept = (
                units[-1]
                if paper.blocks and isinstance(paper.blocks[-1], Boxes)
                else units[-1][-1:]
                if units
                else []
            )
            number, row = number + 1, float(sum(kept)) if sum(kept) < 8 else 0.0
        return Drawn(
            tuple(found), (number, page.TOP_MM + (row + tail) * layout.tight * page.PITCH_MM), imprint_mm
        )

    return draw


def _units(block: Block) -> list[float]:
    """Heights in lines of the pieces of a block that no page end cuts; the head of a table stays with its first row."""
    match block:
        case Table():
            heights = row_heights(Table(block.columns, block.widths, (block.columns, *block.rows)))
            return [sum(heights[:2]), *heights[2:]]
        case Boxes():
            return _box_heights(block)
        case Heading():
            return [rows(block)]
    return [1.0] * int(rows(block))


def rows(block: Block) -> float:
    """Height in lines of the grid."""
    match block:
        case Heading():
            return lines_of(block.text, 2)
        case Paragraph():
            return lines_of(block.text, 2 if block.indent else 0)
        case Table():
            return sum(row_heights(Table(block.columns, block.widths, (block.columns, *block.rows))))
        case Boxes():
            return sum(_box_heights(block))


def row_heights(table: Table) -> list[float]:
    """Height of each row in lines of the page, as near as can be said without fonts."""
    shares = [width / sum(table.widths) for width in table.widths]
    return [_table_row(texts, shares) for texts in table.rows]


def _table_row(texts: Sequence[str], shares: Sequence[float]) -> float:
    room = [max(1.0, (share * page.AREA_WIDTH_MM - 1.4) / page.MM_PER_PT / page.TABLE_PT) for share in shares]
    most = max(lines_of(text, 0, width) for text, width in zip(texts, room, strict=True))
    return most * 1.5 * page.TABLE_PT * page.MM_PER_PT / page.PITCH_MM


def _box_heights(part: Boxes) -> list[float]:
    shares = [share / sum(part.shares) for share in part.shares]
    return [_box_row(row, shares) for row in part.rows]


def _box_row(row: Sequence[Box], shares: Sequence[float]) -> float:
    most, place = BOX_MM, 0
    for box in row:
        width = sum(shares[place : place + box.columns]) * page.AREA_WIDTH_MM - 4
        room = max(1.0, width / page.MM_PER_PT / page.BOX_PT)
        count = sum(lines_of(line, 0, room) for line in box.text.split("\n")) + bool(box.foot)
        most = max(most, count * (1.35 * page.BOX_PT * page.MM_PER_PT + 1), box.height_mm)
        place += box.columns
    return most / page.PITCH_MM


WORDS = re.compile(r"[!-~]+|.", re.DOTALL)


def lines_of(text: str, indent: float, width: float = page.CHARACTERS) -> int:
    """Lines that *text* takes, *width* characters each; Latin words stay whole, no line begins with a closing mark."""
    count, used = 1, indent
    for word in WORDS.findall(text):
        size = page.cells(word)
        if used + size > width + 0.01:
            whole = size <= width
            count, used = (
                count + (1 if whole else int((used + size - 0.01) // width)),
                size if whole else (used + size) % width,
            )
            if word in page.CLOSING:
                used += 1
        else:
            used += size
    return count
