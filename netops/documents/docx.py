"""A paper as DOCX: what the office edits and seals; the same paper gives the same bytes."""

from __future__ import annotations

import io
import zipfile
from datetime import datetime
from typing import Any

from netops.core.paper import Heading, Paper, Paragraph, Table
from netops.documents import page

FAMILIES = {
    "fangsong": "仿宋_GB2312",
    "xiaobiaosong": "方正小标宋简体",
    "heiti": "黑体",
    "kaiti": "楷体_GB2312",
    "songti": "宋体",
}
"""Fonts by the names that offices have; they are named, never shipped."""
LATIN = "Times New Roman"
TOP_MM, BOTTOM_MM = 34.58, 32.58
"""GB/T 33476.2-2016: a word processor puts half the leading above the first line, so 天头 37 mm is written so."""
BODY_PT, SPACING = 16, -5
"""Word calls 16 pt 三号; -5 twentieths of a point give 28 characters a line (measured in LibreOffice 7.4)."""
PITCH_PT = page.PITCH_MM / page.MM_PER_PT
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def render(paper: Paper) -> bytes:
    """The paper as DOCX bytes."""
    from docx import Document

    document = Document()
    _settle(document, paper)
    _head(document, paper)
    for line in page.title_lines(paper.title, paper.title_breaks):
        _line(document, line, "xiaobiaosong", page.TITLE_PT, centre=True, spacing=0, keep=True)
    _line(document, "", keep=True)
    if paper.to:
        _line(document, f"{paper.to}：", keep=True)
    for block in paper.blocks:
        _block(document, block)
    _foot(document, paper)
    return _fixed(document)


def _settle(document: Any, paper: Paper) -> None:
    """Paper size, margins, page numbers, the default font and the fixed properties."""
    from docx.shared import Mm, Pt

    section = document.sections[0]
    section.page_width, section.page_height = Mm(page.WIDTH_MM), Mm(page.HEIGHT_MM)
    section.left_margin, section.right_margin = Mm(page.LEFT_MM), Mm(page.RIGHT_MM)
    section.top_margin, section.bottom_margin = Mm(TOP_MM), Mm(BOTTOM_MM)
    section.footer_distance = Mm(page.BOTTOM_MM - page.PAGE_NUMBER_DROP_MM - page.SMALL_PT * page.MM_PER_PT)
    document.settings.odd_and_even_pages_header_footer = True
    for footer, side in ((section.footer, "right"), (section.even_page_footer, "left")):
        _page_number(footer.paragraphs[0], side)
    style = document.styles["Normal"]
    style.font.size = Pt(BODY_PT)
    _name(style.element.get_or_add_rPr(), "fangsong")
    properties = document.core_properties
    day = datetime.fromisoformat(paper.date)
    properties.created = properties.modified = day
    properties.author = properties.last_modified_by = paper.organ
    properties.title, properties.comments, properties.revision = paper.title, "", 1


def _head(document: Any, paper: Paper) -> None:
    from docx.shared import Mm, Pt

    if not paper.mark:
        return
    front = page.front(paper)
    for text in front:
        _line(document, text, "heiti")
    mark = _line(document, paper.mark, "xiaobiaosong", page.mark_pt(paper.mark), centre=True, spacing=0, colour=page.RED)
    mark.paragraph_format.line_spacing = Pt(page.MARK_PT * 1.2)
    above = page.MARK_TOP_MM - len(front) * page.PITCH_MM
    # Space before the first paragraph of a page is dropped by word processors; an empty exact line is not.
    if not front:
        spacer = mark.insert_paragraph_before()
        spacer.paragraph_format.line_spacing = Mm(above)
        _bare(spacer)
    else:
        mark.paragraph_format.space_before = Mm(above)
    for _ in range(2):
        _line(document, "")
    number = _line(document, page.number_line(paper), centre=True)
    _border(number, "bottom", page.RED, 18, space=11)
    number.paragraph_format.space_after = Pt(0)
    for _ in range(2):
        _line(document, "")


def _block(document: Any, block: Heading | Paragraph | Table) -> None:
    match block:
        case Heading():
            _line(document, block.text, "heiti" if block.level == 1 else "kaiti", indent=True, keep=True)
        case Paragraph():
            _line(document, block.text, indent=block.indent)
        case Table():
            _table(document, block)


def _foot(document: Any, paper: Paper) -> None:
    if paper.attachments:
        _line(document, "", keep=True)
        for text in page.attachment_lines(paper):
            _line(document, text, indent=True, keep=True)
    for _ in range(2):
        _line(document, "", keep=True)
    wide = max(page.cells(paper.organ), page.cells(paper.dated))
    note = page.closing_note(paper)
    for text in (paper.organ, paper.dated):
        signed = _line(document, text, keep=text is paper.organ or bool(note) or bool(paper.printed_by))
        _right(signed, 4 + (wide - page.cells(text)) / 2)
    if note:
        _line(document, note, indent=True, keep=bool(paper.printed_by))
    for warning in paper.warnings if paper.is_draft else ():
        _line(document, warning, indent=True, colour=page.RED)
    if paper.printed_by:
        _line(document, "", keep=True)
        _imprint(document, paper)


def _imprint(document: Any, paper: Paper) -> None:
    """版记: 抄送, 印发机关 and 印发日期 between rules."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Mm, Pt

    if paper.copies:
        copies = _line(document, f"抄送：{paper.copies}。", points=page.SMALL_PT, spacing=0, keep=True)
        _border(copies, "top", "#000000", 8, space=2)
        copies.paragraph_format.left_indent = copies.paragraph_format.right_indent = Pt(page.SMALL_PT)
    last = _line(document, f"{paper.printed_by}\t{paper.dated}印发", points=page.SMALL_PT, spacing=0)
    last.paragraph_format.tab_stops.add_tab_stop(Mm(page.AREA_WIDTH_MM) - Pt(page.SMALL_PT), WD_TAB_ALIGNMENT.RIGHT)
    last.paragraph_format.left_indent = Pt(page.SMALL_PT)
    _border(last, "top", "#000000", 6 if paper.copies else 8, space=2)
    _border(last, "bottom", "#000000", 8, space=2)


def _table(document: Any, block: Table) -> None:
    from docx.oxml import OxmlElement
    from docx.shared import Mm, Pt

    table = document.add_table(rows=1 + len(block.rows), cols=len(block.columns))
    table.style = "Table Grid"
    table.autofit = False
    header = OxmlElement("w:tblHeader")  # the head repeats on each page
    table.rows[0]._tr.get_or_add_trPr().append(header)
    share = page.AREA_WIDTH_MM / sum(block.widths)
    for row, texts in zip(table.rows, (block.columns, *block.rows), strict=True):
        row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
        for cell, text, width in zip(row.cells, texts, block.widths, strict=True):
            cell.width = Mm(width * share)
            paragraph = cell.paragraphs[0]
            _run(paragraph, text, "heiti" if texts is block.columns else "fangsong", page.SMALL_PT, 0)
            paragraph.paragraph_format.line_spacing = Pt(page.SMALL_PT * 1.4)


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
) -> Any:
    """One paragraph on the grid; *keep* holds it on the page of the next one."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph = document.add_paragraph()
    ragged = bool(page.LONG_WORD.search(text))
    paragraph.alignment = (
        WD_ALIGN_PARAGRAPH.CENTER if centre else WD_ALIGN_PARAGRAPH.LEFT if ragged else WD_ALIGN_PARAGRAPH.JUSTIFY
    )
    shape = paragraph.paragraph_format
    shape.line_spacing = Pt(PITCH_PT)
    shape.keep_with_next = keep
    if indent:
        shape.first_line_indent = Pt(2 * page.BODY_PT)
    _bare(paragraph)
    if text:
        _run(paragraph, text, role, points, spacing, colour)
    return paragraph


def _bare(paragraph: Any) -> None:
    """No space around, no widow control, no automatic space between Chinese and Latin: the grid decides."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    shape = paragraph.paragraph_format
    shape.space_before = shape.space_after = Pt(0)
    shape.widow_control = False
    properties = paragraph._p.get_or_add_pPr()
    later = properties.find(qn("w:spacing"))
    for name in ("w:autoSpaceDE", "w:autoSpaceDN"):
        element = OxmlElement(name)
        element.set(qn("w:val"), "0")
        later.addprevious(element)  # the schema wants these before w:spacing


def _run(paragraph: Any, text: str, role: str, points: float, spacing: int, colour: str = "") -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    run = paragraph.add_run(_clean(text))
    properties = run._r.get_or_add_rPr()
    _name(properties, role)
    if colour:
        run.font.color.rgb = RGBColor.from_string(colour.removeprefix("#"))
    if spacing:
        element = OxmlElement("w:spacing")
        element.set(qn("w:val"), str(spacing))
        properties.append(element)
    run.font.size = Pt(round(points * 2) / 2)
    return run


def _clean(text: str) -> str:
    """Without the control characters that XML 1.0 cannot hold."""
    return "".join(one for one in text if one in "\t\n" or (ord(one) >= 0x20 and ord(one) not in (0xFFFE, 0xFFFF)))


def _name(properties: Any, role: str) -> None:
    from docx.oxml.ns import qn

    fonts = properties.get_or_add_rFonts()
    for key in ("w:ascii", "w:hAnsi", "w:cs"):
        fonts.set(qn(key), LATIN)
    fonts.set(qn("w:eastAsia"), FAMILIES[role])


def _right(paragraph: Any, characters: float) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    paragraph.paragraph_format.right_indent = Pt(characters * page.BODY_PT)


def _border(paragraph: Any, side: str, colour: str, eighths: int, space: int) -> None:
    """A rule above or below; *eighths* of a point thick, *space* points away."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    properties = paragraph._p.get_or_add_pPr()
    borders = properties.find(qn("w:pBdr"))
    if borders is None:
        borders = OxmlElement("w:pBdr")
        properties.find(qn("w:autoSpaceDE")).addprevious(borders)
    element = OxmlElement(f"w:{side}")
    values = {"val": "single", "sz": eighths, "space": space, "color": colour.removeprefix("#")}
    for key, value in values.items():
        element.set(qn(f"w:{key}"), str(value))
    borders.append(element)


def _page_number(paragraph: Any, side: str) -> None:
    """— 1 — in 4号宋体, one character in from the outer edge."""
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn
    from docx.shared import Pt

    paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT if side == "right" else WD_ALIGN_PARAGRAPH.LEFT
    setattr(paragraph.paragraph_format, f"{side}_indent", Pt(page.BODY_PT))
    _run(paragraph, "— ", "songti", page.SMALL_PT, 0)
    run = _run(paragraph, "", "songti", page.SMALL_PT, 0)
    for kind in ("begin", "", "end"):
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = "PAGE"
        run._r.append(element)
    _run(paragraph, " —", "songti", page.SMALL_PT, 0)


def _fixed(document: Any) -> bytes:
    """The package with fixed times and a fixed order of parts."""
    made, fixed = io.BytesIO(), io.BytesIO()
    document.save(made)
    with zipfile.ZipFile(made) as before, zipfile.ZipFile(fixed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(zipfile.ZipInfo(name, ZIP_TIME), before.read(name), zipfile.ZIP_DEFLATED)
    return fixed.getvalue()
