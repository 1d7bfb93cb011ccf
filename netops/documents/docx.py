"""A paper as DOCX: what the office edits and seals; the same paper gives the same bytes."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.paper import Block, Boxes, Heading, Paper, Paragraph, Table
from netops.documents import markup, page
from netops.documents.boxes_docx import apart, boxes_markup
from netops.documents.layout import Layout, reckoned, rows, settle
from netops.documents.markup import TWIPS_MM, border, cell, field, paragraph, row, run, table, twips
from netops.documents.word import Sheet, package

TOP_MM, BOTTOM_MM = 34.58, 32.58
"""GB/T 33476.2-2016: a word processor puts half the leading above the first line, so 天头 37 mm is written so."""
BODY_PT, SPACING = 16, -5
"""Word calls 16 pt 三号; -5 twentieths of a point give 28 characters a line (measured in LibreOffice 7.4)."""
IMPRINT_PT = page.SMALL_PT * 1.6
"""A line of the 版记."""
PITCH_PT = page.PITCH_MM / page.MM_PER_PT
AREA_PT = page.AREA_WIDTH_MM / page.MM_PER_PT
SHEET = Sheet(
    page.WIDTH_MM, page.HEIGHT_MM, page.LEFT_MM, page.RIGHT_MM, TOP_MM, BOTTOM_MM,
    page.BOTTOM_MM - page.PAGE_NUMBER_DROP_MM - page.SMALL_PT * page.MM_PER_PT, BODY_PT, ("foot", "foot_even"),
)  # fmt: skip
WARNED = SHEET._replace(parts=(*SHEET.parts, "foot_first", "head_first"), head_mm=page.WARNING_TOP_MM)
"""The sheet of a draft that a person must be told of: the first page has a head of its own."""


def render(paper: Paper) -> bytes:
    """The paper as DOCX bytes."""
    paper = page.cleaned(paper)
    layout = Layout()
    if paper.printed_by:
        imprint_mm = (1 + bool(paper.copies)) * IMPRINT_PT * page.MM_PER_PT
        layout = settle(paper.blocks, reckoned(paper, imprint_mm))
    body = "".join(_Writer(layout, ragged=paper.language == "en").written(paper))
    parts = {name: _page_number(side, page.journal_line(paper)) for name, side in (("foot", "right"), ("foot_even", "left"))}
    warned = page.above(paper)
    if warned:
        lines = (run(text, "fangsong", page.WARNING_PT, 0, page.RED) for text in warned)
        parts["head_first"] = "".join(paragraph(line, line=1.3 * page.WARNING_PT) for line in lines)
        parts["foot_first"] = parts["foot"]
    return package(WARNED if warned else SHEET, body, parts, title=paper.title, author=paper.organ, day=paper.date)


def _page_number(side: str, beside: str) -> str:
    """— 1 — in 4号宋体, one character in from the outer edge; at the inner one, small, the head of the journal."""
    number = run("— ", "songti", page.SMALL_PT) + field("PAGE", "songti", page.SMALL_PT) + run(" —", "songti", page.SMALL_PT)
    said = f"\t{beside}" if side == "left" else f"{beside}\t"
    small = run(said, "songti", page.JOURNAL_PT, 0, "#6E6E6E")
    if side == "left":
        return paragraph(number + small, left=page.BODY_PT, tab=AREA_PT)
    return paragraph(small + number, tab=AREA_PT - page.BODY_PT)


class _Writer:
    """Writes the body of a paper from top to bottom, its lines as close as the layout says."""

    def __init__(self, layout: Layout, *, ragged: bool) -> None:
        self.layout, self.pitch, self.ragged = layout, PITCH_PT * layout.tight, ragged

    def written(self, paper: Paper) -> Iterator[str]:
        """Paragraphs and tables as markup."""
        yield from self._head(paper)
        for line in page.title_lines(paper.title, paper.title_breaks):
            yield self._line(line, "xiaobiaosong", page.TITLE_PT, align="center", spacing=0, keep=True)
        yield self._line("", keep=True)
        if below := page.number_below(paper):
            yield self._line(below, align="right", keep=True)
        if to := page.addressed(paper):
            yield self._line(to, keep=True)
        for place, block in enumerate(paper.blocks):
            yield from self._block(block, last=place == len(paper.blocks) - 1, starts=place in self.layout.breaks)
        yield from self._foot(paper)

    def _line(
        self, text: str, role: str = "fangsong", points: float = BODY_PT, *, align: str = "", indent: float = 0,
        spacing: int = SPACING, keep: bool = False, starts: bool = False, right: float = 0,
    ) -> str:  # fmt: skip
        """One paragraph on the grid; *indent* and *right* in characters."""
        full = "left" if page.LONG_WORD.search(text) or self.ragged else "both"
        return paragraph(
            run(text, role, points, spacing) if text else "", line=self.pitch, align=align or full, keep=keep, starts=starts,
            first=indent * page.BODY_PT, right=right * page.BODY_PT,
        )  # fmt: skip

    # ---- 版头
    def _head(self, paper: Paper) -> Iterator[str]:
        if not paper.mark:
            return
        front = page.front(paper)
        for text in front:
            yield self._line(text, "heiti")
        size = page.mark_pt(paper.mark)
        # The page starts half a leading above the type area, and the mark stands in the middle of its line.
        lead = page.TOP_MM - TOP_MM
        top = page.MARK_TOP_MM + lead - 0.1 * size * page.MM_PER_PT
        above = top - len(front) * page.PITCH_MM
        if not front:  # word processors drop the space before the first paragraph of a page, but not an empty line
            yield paragraph("", line=top / page.MM_PER_PT)
            above = 0
        mark = run(paper.mark, "xiaobiaosong", size, 0, page.RED)
        yield paragraph(mark, line=1.2 * size, before=above / page.MM_PER_PT, align="center")
        below = page.NUMBER_ROW * page.PITCH_MM - top - 1.2 * size * page.MM_PER_PT
        yield paragraph("", line=below / 2 / page.MM_PER_PT) * 2
        thick, space = 18, round((page.RED_LINE_GAP_MM - lead) / page.MM_PER_PT)
        rule = border("bottom", thick, space=space, colour=page.RED)
        number = run(page.number_line(paper), "fangsong", BODY_PT, SPACING)
        if paper.upward:
            label, name = page.signer_line(paper)
            ends = number + run(f"\t{label}", "fangsong", BODY_PT, SPACING) + run(name, "kaiti", BODY_PT, SPACING)
            yield paragraph(ends, line=PITCH_PT, first=page.BODY_PT, tab=AREA_PT - page.BODY_PT, rule=rule)
        else:
            yield paragraph(number, line=PITCH_PT, align="center", rule=rule)
        yield paragraph("", line=PITCH_PT - (thick / 8 + space) / 2) * 2

    # ---- 正文
    def _block(self, block: Block, *, last: bool, starts: bool) -> Iterator[str]:
        """One block; *starts*: it begins a page."""
        match block:
            case Heading():
                role = "heiti" if block.level == 1 else "kaiti"
                yield self._line(block.text, role, indent=2, keep=True, starts=starts)
            case Paragraph():
                yield self._line(block.text, indent=2 * block.indent, keep=last, starts=starts)
            case Table() | Boxes():
                if starts:
                    yield paragraph("", line=1, starts=True)
                if isinstance(block, Table):
                    yield _table(block)
                else:
                    yield apart(boxes_markup(block, page.AREA_WIDTH_MM), keep=last and rows(block) < 8)

    # ---- 附件, 署名, 日期, 附注, 版记
    def _foot(self, paper: Paper) -> Iterator[str]:
        if paper.attachments:
            yield self._line("", keep=True)
            for text in page.attachment_lines(paper):
                yield self._line(text, indent=2, keep=True)
        note = page.closing_note(paper)
        if paper.signed:
            yield self._line("", keep=True) * self.layout.gap
            organ, dated = page.signature_indents(page.cells(paper.organ), page.cells(paper.dated))
            yield self._line(paper.organ, align="right", right=organ, keep=True)
            yield self._line(paper.dated, align="right", right=dated, keep=bool(note))
        if note:
            yield self._line(note, indent=2)
        if paper.printed_by:
            yield _imprint(paper)


def _imprint(paper: Paper) -> str:
    """版记: 抄送, 印发机关 and 印发日期 between rules, a table that floats at the foot of the last page."""
    issued = f"{paper.printed_by}\t{paper.dated}印发"
    texts = [f"抄送：{paper.copies}。", issued] if paper.copies else [issued]
    width = round(page.AREA_WIDTH_MM * TWIPS_MM)
    # Placed from the edge of the paper: LibreOffice floats no table that is as wide as the text otherwise.
    left = round(page.LEFT_MM * TWIPS_MM)
    place = f'<w:tblpPr w:vertAnchor="margin" w:horzAnchor="page" w:tblpX="{left}" w:tblpYSpec="bottom"/>'
    # 0.35 mm outside, 0.25 mm between; the unit is an eighth of a point.
    rules = border("top", 8) + border("bottom", 8) + border("insideH", 6)
    inset = page.SMALL_PT
    cells = (
        cell(
            paragraph(run(text, "fangsong", page.SMALL_PT), line=IMPRINT_PT, left=inset, right=inset, tab=AREA_PT - inset),
            width, align="top",
        )
        for text in texts
    )  # fmt: skip
    drawn = table((width,), (row((one,)) for one in cells), 0, rules, place)
    return drawn + paragraph("", line=1)  # what the table is anchored to


def _table(block: Table) -> str:
    widths = markup.column_widths(block.widths, page.AREA_WIDTH_MM)
    made = []
    for texts in (block.columns, *block.rows):
        head = texts is block.columns
        cells = (
            cell(paragraph(run(text, "heiti" if head else "fangsong", page.TABLE_PT), line=page.TABLE_PT * 1.5), width)
            for text, width in zip(texts, widths, strict=True)
        )
        made.append(row(cells, markup.HEAD if head else markup.WHOLE))  # the head repeats on each page
    return table(widths, made, twips(0.7 / page.MM_PER_PT))
