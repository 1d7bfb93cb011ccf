"""A paper as DOCX: what the office edits and seals; the same paper gives the same bytes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from netops.core.paper import Block, Boxes, Heading, Paper, Paragraph, Table
from netops.documents import page
from netops.documents.boxes_docx import add, boxes_markup
from netops.documents.layout import Layout, reckoned, rows, settle
from netops.documents.word import bare, chinese, element, field, packed, run, widths

TOP_MM, BOTTOM_MM = 34.58, 32.58
"""GB/T 33476.2-2016: a word processor puts half the leading above the first line, so 天头 37 mm is written so."""
BODY_PT, SPACING = 16, -5
"""Word calls 16 pt 三号; -5 twentieths of a point give 28 characters a line (measured in LibreOffice 7.4)."""
IMPRINT_PT = page.SMALL_PT * 1.6
"""A line of the 版记."""
PITCH_PT = page.PITCH_MM / page.MM_PER_PT


def render(paper: Paper) -> bytes:
    """The paper as DOCX bytes."""
    from docx import Document

    paper = page.cleaned(paper)
    layout = Layout()
    if paper.printed_by:
        imprint_mm = (1 + bool(paper.copies)) * IMPRINT_PT * page.MM_PER_PT
        layout = settle(paper.blocks, reckoned(paper, imprint_mm))
    document = Document()
    _settle(document, paper)
    _head(document, paper)
    for line in page.title_lines(paper.title, paper.title_breaks):
        _line(document, line, "xiaobiaosong", page.TITLE_PT, centre=True, spacing=0, keep=True)
    _line(document, "", keep=True)
    if below := page.number_below(paper):
        _right(_line(document, below, keep=True), 0)
    if paper.to:
        _line(document, f"{paper.to}：", keep=True)
    for place, block in enumerate(paper.blocks):
        _block(document, block, last=place == len(paper.blocks) - 1, starts=place in layout.breaks)
    _foot(document, paper, layout.gap)
    if layout.tight != 1:
        _tighten(document, layout.tight)
    return packed(document)


def _tighten(document: Any, share: float) -> None:
    """Set every line of the body so much closer."""
    from docx.shared import Pt

    for paragraph in document.paragraphs:
        if paragraph.paragraph_format.line_spacing == Pt(PITCH_PT):
            paragraph.paragraph_format.line_spacing = Pt(PITCH_PT * share)


def _settle(document: Any, paper: Paper) -> None:
    """Paper size, margins, page numbers, the default font and the fixed properties."""
    from docx.shared import Mm

    section = document.sections[0]
    section.page_width, section.page_height = Mm(page.WIDTH_MM), Mm(page.HEIGHT_MM)
    section.left_margin, section.right_margin = Mm(page.LEFT_MM), Mm(page.RIGHT_MM)
    section.top_margin, section.bottom_margin = Mm(TOP_MM), Mm(BOTTOM_MM)
    section.footer_distance = Mm(page.BOTTOM_MM - page.PAGE_NUMBER_DROP_MM - page.SMALL_PT * page.MM_PER_PT)
    document.settings.odd_and_even_pages_header_footer = True
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        _page_number(footer.paragraphs[0], side, page.journal_line(paper))
    chinese(document, BODY_PT)
    if paper.is_draft and paper.warnings:
        _warn(section, paper)
    properties = document.core_properties
    day = datetime.fromisoformat(paper.date)
    properties.created = properties.modified = day
    properties.author = properties.last_modified_by = paper.organ[:255]
    properties.title, properties.comments, properties.revision = paper.title[:255], "", 1


def _warn(section: Any, paper: Paper) -> None:
    """What a person must know before signing, above the type area of the first page."""
    from docx.shared import Mm, Pt

    section.different_first_page_header_footer = True
    _page_number(section.first_page_footer.paragraphs[0], "right", page.journal_line(paper))
    section.header_distance = Mm(page.WARNING_TOP_MM)
    header = section.first_page_header
    for place, text in enumerate(paper.warnings):
        paragraph = header.add_paragraph() if place else header.paragraphs[0]
        bare(paragraph)
        paragraph.paragraph_format.line_spacing = Pt(1.3 * page.WARNING_PT)
        run(paragraph, text, "fangsong", page.WARNING_PT, 0, page.RED)


def _head(document: Any, paper: Paper) -> None:
    from docx.shared import Mm

    if not paper.mark:
        return
    front = page.front(paper)
    for text in front:
        _line(document, text, "heiti")
    size = page.mark_pt(paper.mark)
    mark = _line(
        document, paper.mark, "xiaobiaosong", size, centre=True, spacing=0, colour=page.RED, pitch=1.2 * size
    )
    # The page starts half a leading above the type area, and the mark stands in the middle of its line.
    lead = page.TOP_MM - TOP_MM
    top = page.MARK_TOP_MM + lead - 0.1 * size * page.MM_PER_PT
    if front:
        mark.paragraph_format.space_before = Mm(top - len(front) * page.PITCH_MM)
    else:  # word processors drop the space before the first paragraph of a page, but not an empty line
        spacer = mark.insert_paragraph_before()
        bare(spacer)
        spacer.paragraph_format.line_spacing = Mm(top)
    below = page.NUMBER_ROW * page.PITCH_MM - top - 1.2 * size * page.MM_PER_PT
    for _ in range(2):
        _line(document, "", pitch=below / 2 / page.MM_PER_PT)
    number = _line(document, page.number_line(paper), centre=not paper.upward)
    if paper.upward:
        _ends(number, *page.signer_line(paper))
    rule, space = 18, round((page.RED_LINE_GAP_MM - lead) / page.MM_PER_PT)
    _border(number, "bottom", page.RED, rule, space)
    for _ in range(2):
        _line(document, "", pitch=PITCH_PT - (rule / 8 + space) / 2)


def _block(document: Any, block: Block, *, last: bool, starts: bool) -> None:
    """One block; *starts*: it begins a page."""
    match block:
        case Heading():
            role = "heiti" if block.level == 1 else "kaiti"
            _line(document, block.text, role, indent=True, keep=True).paragraph_format.page_break_before = starts
        case Paragraph():
            said = _line(document, block.text, indent=block.indent, keep=last)
            said.paragraph_format.page_break_before = starts
        case Table() | Boxes():
            if starts:
                _line(document, "", pitch=1).paragraph_format.page_break_before = True
            if isinstance(block, Table):
                _table(document, block)
            else:
                add(document, boxes_markup(block, page.AREA_WIDTH_MM), keep=last and rows(block) < 8)


def _foot(document: Any, paper: Paper, gap: int) -> None:
    if paper.attachments:
        _line(document, "", keep=True)
        for text in page.attachment_lines(paper):
            _line(document, text, indent=True, keep=True)
    note = page.closing_note(paper)
    if paper.signed:
        for _ in range(gap):
            _line(document, "", keep=True)
        indents = page.signature_indents(page.cells(paper.organ), page.cells(paper.dated))
        for text, indent in zip((paper.organ, paper.dated), indents, strict=True):
            _right(_line(document, text, keep=text is paper.organ or bool(note)), indent)
    if note:
        _line(document, note, indent=True)
    if paper.printed_by:
        _imprint(document, paper)


def _imprint(document: Any, paper: Paper) -> None:
    """版记: 抄送, 印发机关 and 印发日期 between rules, a table that floats at the foot of the last page."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    issued = f"{paper.printed_by}\t{paper.dated}印发"
    texts = [f"抄送：{paper.copies}。", issued] if paper.copies else [issued]
    table = document.add_table(rows=len(texts), cols=1)
    widths(table, (page.AREA_WIDTH_MM,), margin_mm=0)
    properties = table._tbl.tblPr
    # Placed from the edge of the paper: LibreOffice floats no table that is as wide as the text otherwise.
    place = {
        "vertAnchor": "margin",
        "horzAnchor": "page",
        "tblpX": round(Mm(page.LEFT_MM).pt * 20),
        "tblpYSpec": "bottom",
    }
    properties.insert_element_before(
        element("tblpPr", place), "w:tblOverlap", "w:tblW", "w:jc", "w:tblBorders"
    )
    rules = element("tblBorders", {})
    # 0.35 mm outside, 0.25 mm between; the unit is an eighth of a point.
    for side, eighths in (("top", 8), ("bottom", 8), ("insideH", 6)):
        rules.append(element(side, {"val": "single", "sz": eighths, "space": 0, "color": "000000"}))
    properties.insert_element_before(rules, "w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook")
    for row, text in zip(table.rows, texts, strict=True):
        paragraph = row.cells[0].paragraphs[0]
        bare(paragraph)
        shape = paragraph.paragraph_format
        shape.line_spacing = Pt(IMPRINT_PT)
        shape.left_indent = shape.right_indent = Pt(page.SMALL_PT)
        edge = Mm(page.AREA_WIDTH_MM) - Pt(page.SMALL_PT)
        shape.tab_stops.add_tab_stop(edge, WD_TAB_ALIGNMENT.RIGHT)
        run(paragraph, text, "fangsong", page.SMALL_PT)
    _line(document, "", pitch=1)  # what the table is anchored to


def _table(document: Any, block: Table) -> None:
    from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT
    from docx.shared import Pt

    table = document.add_table(rows=1 + len(block.rows), cols=len(block.columns))
    table.style = "Table Grid"
    share = page.AREA_WIDTH_MM / sum(block.widths)
    widths(table, tuple(width * share for width in block.widths), margin_mm=0.7)
    table.rows[0]._tr.get_or_add_trPr().append(element("tblHeader", {}))  # the head repeats on each page
    for row, texts in zip(table.rows, (block.columns, *block.rows), strict=True):
        row._tr.get_or_add_trPr().insert(0, element("cantSplit", {}))
        for cell, text in zip(row.cells, texts, strict=True):
            cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
            paragraph = cell.paragraphs[0]
            bare(paragraph)
            paragraph.paragraph_format.line_spacing = Pt(page.TABLE_PT * 1.5)
            run(paragraph, text, "heiti" if texts is block.columns else "fangsong", page.TABLE_PT)


def _line(
    document: Any,
    text: str,
    role: str = "fangsong",
    points: float = BODY_PT,
    *,
    centre: bool = False,
    indent: bool = False,
    spacing: int = SPACING,
    colour: str = "",
    keep: bool = False,
    pitch: float = PITCH_PT,
) -> Any:
    """One paragraph on the grid, lines *pitch* points high; *keep* holds it on the page of the next one."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    ragged = bool(page.LONG_WORD.search(text))
    full = WD_ALIGN_PARAGRAPH.LEFT if ragged else WD_ALIGN_PARAGRAPH.JUSTIFY
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if centre else full
    shape = paragraph.paragraph_format
    shape.line_spacing = Pt(pitch)
    shape.keep_with_next = keep
    if indent:
        shape.first_line_indent = Pt(2 * page.BODY_PT)
    bare(paragraph)
    if text:
        run(paragraph, text, role, points, spacing, colour)
    return paragraph


def _ends(paragraph: Any, label: str, name: str) -> None:
    """What stands there one character in from the left, and 签发人 with the name one in from the right."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    shape = paragraph.paragraph_format
    shape.first_line_indent = Pt(page.BODY_PT)
    shape.tab_stops.add_tab_stop(Mm(page.AREA_WIDTH_MM) - Pt(page.BODY_PT), WD_TAB_ALIGNMENT.RIGHT)
    run(paragraph, f"\t{label}", "fangsong", BODY_PT, SPACING)
    run(paragraph, name, "kaiti", BODY_PT, SPACING)


def _right(paragraph: Any, characters: float) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.right_indent = Pt(characters * page.BODY_PT)


def _border(paragraph: Any, side: str, colour: str, eighths: int, space: int) -> None:
    """A rule above or below; *eighths* of a point thick, *space* points away."""
    from docx.oxml.ns import qn

    borders = element("pBdr", {})
    values = {"val": "single", "sz": eighths, "space": space, "color": colour.removeprefix("#")}
    borders.append(element(side, values))
    paragraph._p.get_or_add_pPr().find(qn("w:autoSpaceDE")).addprevious(borders)


def _page_number(paragraph: Any, side: str, beside: str) -> None:
    """— 1 — in 4号宋体, one character in from the outer edge; at the inner one, small, the head of the journal."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    paragraph.style = "Normal"  # that of a footer has tab stops of its own
    bare(paragraph)
    shape = paragraph.paragraph_format
    edge = Mm(page.AREA_WIDTH_MM) - (Pt(page.BODY_PT) if side == "right" else 0)
    shape.tab_stops.add_tab_stop(edge, WD_TAB_ALIGNMENT.RIGHT)
    shape.left_indent = Pt(page.BODY_PT if side == "left" else 0)

    def number() -> None:
        run(paragraph, "— ", "songti", page.SMALL_PT)
        field(run(paragraph, "", "songti", page.SMALL_PT), "PAGE")
        run(paragraph, " —", "songti", page.SMALL_PT)

    if side == "left":
        number()
    run(paragraph, f"\t{beside}" if side == "left" else f"{beside}\t", "songti", page.JOURNAL_PT, 0, "#6E6E6E")
    if side == "right":
        number()
