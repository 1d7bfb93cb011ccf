"""The DOCX: fixed bytes, text that stays text, elements in the schema's order, and the same grid in LibreOffice."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from docx import Document
from docx.oxml.ns import qn

from netops.core.paper import Heading, Paragraph, Table
from netops.documents import docx, page
from tests.documents import drawn
from tests.documents.conftest import notice, paper

ORDER = {
    "w:pPr": "keepNext keepLines pageBreakBefore framePr widowControl pBdr tabs autoSpaceDE autoSpaceDN spacing ind jc rPr",
    "w:rPr": "rStyle rFonts b color spacing sz szCs lang",
    "w:tblPr": "tblStyle tblpPr tblW jc tblInd tblBorders tblLayout tblCellMar tblLook",
}
"""Order of children that ECMA-376 prescribes; Word refuses a file that breaks it."""


def test_the_same_paper_gives_the_same_bytes() -> None:
    """
    Neither the clock nor the order of a set reaches the file.
    """
    assert docx.render(notice()) == docx.render(notice())


def test_markup_stays_text(cases: Path) -> None:
    """
    XML, formulas and control characters from a device are text: the file opens and says them.
    """
    given = json.loads((cases / "hostile" / "given.json").read_text())
    blocks = [Paragraph(f"{text}\x00\x0b\ufffe") for text in given] + [Table(("名",), (1.0,), ((given[3],),))]
    document = Document(io.BytesIO(docx.render(paper(*blocks, Heading(given[4])))))
    said = [paragraph.text for paragraph in document.paragraphs]

    assert given == [text for text in said if text in given][: len(given)]
    assert given[3] == document.tables[0].rows[1].cells[0].text


def test_elements_stand_in_the_order_of_the_schema() -> None:
    """
    Paragraph, run and table properties follow ECMA-376.
    """
    document = Document(io.BytesIO(docx.render(notice(secrecy="秘密★1年", attachments=("甲", "乙")))))
    for name, order in ORDER.items():
        places = {qn(f"w:{one}"): place for place, one in enumerate(order.split())}
        for properties in document.element.iter(qn(name)):
            found = [places[child.tag] for child in properties]
            assert sorted(found) == found


def test_the_page_is_that_of_the_standard() -> None:
    """
    A4, margins for a word processor by GB/T 33476.2, Chinese, page numbers on both sides.
    """
    document = Document(io.BytesIO(docx.render(notice())))
    section = document.sections[0]

    assert (210, 297) == (round(section.page_width.mm), round(section.page_height.mm))
    edges = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert pytest.approx((34.58, 32.58, 28, 26), abs=0.02) == tuple(edge.mm for edge in edges)
    assert document.settings.odd_and_even_pages_header_footer
    assert {"zh-CN"} == {one.get(qn("w:eastAsia")) for one in document.styles.element.iter(qn("w:lang"))}


def test_the_fonts_are_named_with_their_other_names() -> None:
    """
    An office that has the font only as FangSong or 仿宋_GB2312 is told that it is meant.
    """
    with zipfile.ZipFile(io.BytesIO(docx.render(notice()))) as package:
        told = package.read("word/fontTable.xml").decode()

    assert '<w:font w:name="仿宋"><w:altName w:val="FangSong,仿宋_GB2312"/>' in told


LENGTHS = (0, 8, 14, 21, 26, 33)
"""Lines in the body: it ends on odd and on even pages, with room for the 版记 and without."""


@pytest.fixture(scope="module")
def printed(opened: Callable[[dict[str, bytes]], dict[str, bytes]]) -> dict[str, bytes]:
    """A full page, and notices of several lengths, as LibreOffice prints them."""
    lines = {str(count): [Paragraph(f"第{row}行。") for row in range(count)] for count in LENGTHS}
    made = {name: docx.render(notice(*body)) for name, body in lines.items()}
    return opened({"full": docx.render(paper(Paragraph("政" * 28 * 44, indent=False))), **made})


def test_libreoffice_sets_22_lines_of_28_characters(printed: dict[str, bytes]) -> None:
    """
    The second page of a long text is full: 22 lines of 28, as in the PDF.
    """
    lines = [line for line in drawn.lines(drawn.pages(printed["full"])[1]) if "政" in line.text]

    assert [28] * 22 == [len(line.text) for line in lines]
    assert page.LEFT_MM == pytest.approx(lines[0].left, abs=1)
    assert page.PITCH_MM == pytest.approx((lines[-1].baseline - lines[0].baseline) / 21, abs=0.05)


@pytest.mark.parametrize("count", LENGTHS)
def test_libreoffice_puts_the_imprint_at_the_foot(printed: dict[str, bytes], count: int) -> None:
    """
    版记 at the foot of the last page, an even one, with the signature and the last words above it; the notice is whole.
    """
    pages = drawn.pages(printed[str(count)])
    issued = next(line for line in drawn.lines(pages[-1]) if "印发" in line.text)

    assert 258 < issued.baseline < 266
    assert 0 == len(pages) % 2
    assert "书面反馈。" in "".join(pages[-1].extract_text().split())
    assert "云信办〔2026〕15号" in "".join(pages[0].extract_text().split())
