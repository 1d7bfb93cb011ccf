"""The PDF, measured: grid, margins, fonts, parts that stay together, and text that stays text."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from netops.core.paper import Box, Boxes, Heading, Paragraph, Table
from netops.documents import page, pdf
from netops.documents.settings import Documents
from tests.documents import drawn
from tests.documents.conftest import FILLER, notice, paper

ASCENT_MM = 0.88 * page.BODY_PT * page.MM_PER_PT
"""From the top of a character to its baseline."""


def found(content: bytes, text: str) -> list[tuple[int, drawn.Line]]:
    """Pages, from 1, and lines where *text* stands."""
    return [
        (number, line)
        for number, one in enumerate(drawn.pages(content), 1)
        for line in drawn.lines(one)
        if text in line.text.replace(" ", "")
    ]


def test_a_full_page_has_22_lines_of_28_characters(settings: Documents) -> None:
    """
    GB/T 9704-2012: 22 lines of 28 characters fill a type area of 156 mm by 225 mm, 37 mm from the top, 28 mm from the left.
    """
    content = pdf.render(paper(Paragraph("政" * 28 * 44, indent=False)), settings)
    full = [line for line in drawn.lines(drawn.pages(content)[1]) if "政" in line.text]

    assert [28] * 22 == [len(line.text) for line in full]
    assert {round(page.LEFT_MM, 1)} == {round(line.left, 1) for line in full}
    assert page.TOP_MM == pytest.approx(full[0].baseline - ASCENT_MM, abs=1)
    bottom = full[-1].baseline - ASCENT_MM + page.BODY_PT * page.MM_PER_PT
    assert page.HEIGHT_MM - page.BOTTOM_MM == pytest.approx(bottom, abs=1)
    right = full[0].left + 28 * full[0].points * page.MM_PER_PT
    assert page.WIDTH_MM - page.RIGHT_MM == pytest.approx(right, abs=1)


def test_the_head_stands_where_the_standard_puts_it(settings: Documents) -> None:
    """
    Mark 35 mm below the type area's top, 发文字号 two lines below it, title two lines below the red line, body on page 1.
    """
    lines = {
        line.text.replace(" ", ""): line
        for line in drawn.lines(drawn.pages(pdf.render(notice(), settings))[0])
    }
    mark, number = lines["云溪市信息中心文件"], lines["云信办〔2026〕15号"]

    assert page.TOP_MM + page.MARK_TOP_MM == pytest.approx(
        mark.baseline - 0.88 * mark.points * page.MM_PER_PT, abs=1
    )
    row = (number.baseline - ASCENT_MM - page.TOP_MM) / page.PITCH_MM
    assert page.NUMBER_ROW == pytest.approx(row, abs=0.02)
    assert page.TITLE_PT == lines["关于云溪市财政局"].points
    assert any(text.startswith("云溪市信息中心在对") for text in lines)


def test_only_embedded_fonts_of_the_survey_are_used(settings: Documents) -> None:
    """
    Every font is in the file, and each role's own is among them.
    """
    used = drawn.embedded(pdf.render(notice(), settings))

    assert all(used.values())
    assert 4 <= len(used)


def test_no_box_is_drawn(settings: Documents, cases: Path) -> None:
    """
    Glyph 0 never appears, also with rare names, foreign letters and signs.
    """
    hostile = [Paragraph(text) for text in json.loads((cases / "hostile" / "given.json").read_text())]
    rare = Paragraph("镕赟喆 Zürich é ★ “引文” —— …… · 〔〕《》①")

    assert 0 == drawn.undrawn(pdf.render(notice(rare, *hostile), settings))


def test_the_same_paper_gives_the_same_bytes(settings: Documents) -> None:
    """
    Neither the clock nor a random number reaches the file.
    """
    assert pdf.render(notice(), settings) == pdf.render(notice(), settings)


def test_markup_stays_text(settings: Documents, cases: Path) -> None:
    """
    What a device says about itself is printed as it stands: in the body, in a table, in a heading, in the note.
    """
    given = json.loads((cases / "hostile" / "given.json").read_text())
    blocks = [Paragraph(text) for text in given] + [Table(("名",), (1.0,), tuple((text,) for text in given))]
    content = pdf.render(paper(*blocks, Heading(given[0]), note=given[1], to=given[2]), settings)
    said = "".join("".join(one.extract_text() for one in drawn.pages(content)).split())

    assert [3, 3, 3, 2, 2, 2] == [said.count("".join(text.split())) for text in given]


def test_a_word_of_any_length_stays_inside_the_margins(settings: Documents) -> None:
    """
    A host name of 300 letters is broken where the line ends, and can still be searched as one word.
    """
    word = "x1-" * 100
    content = pdf.render(
        paper(Paragraph(f"设备{word}。"), Table(("名", "处"), (0.1, 0.9), ((word, word),))), settings
    )
    longest = max(len(line.text) for line in drawn.lines(drawn.pages(content)[0]))

    assert word in "".join("".join(one.extract_text() for one in drawn.pages(content)).split())
    assert longest < 100


@pytest.mark.parametrize("rows", range(4, 26, 3))
def test_parts_that_belong_together_are_not_parted(settings: Documents, rows: int) -> None:
    """
    Wherever the page ends: a heading goes with its text, the signature with its date and with the last words.
    """
    body = [Paragraph(f"第{row}行。") for row in range(rows)]
    content = pdf.render(notice(*body, Heading("二、标题"), Paragraph("标题之后。"), FILLER), settings)

    heading, after = found(content, "二、标题")[0], found(content, "标题之后")[0]
    organ = next(one for one in found(content, "云溪市信息中心") if one[1].text == "云溪市信息中心")
    dated, last = found(content, "2026年11月20日")[-2], found(content, "书面反馈")[0]
    assert heading[0] == after[0]
    assert last[0] == organ[0] == dated[0]
    assert page.PITCH_MM == pytest.approx(dated[1].baseline - organ[1].baseline, abs=0.2)


@pytest.mark.parametrize("rows", range(0, 40, 3))
def test_the_imprint_stands_at_the_foot_of_the_last_even_page(settings: Documents, rows: int) -> None:
    """
    版记 below the signature and the last words, on the back of the last leaf; no page is blank, and each has its number.
    """
    content = pdf.render(notice(*[Paragraph(f"第{row}行。") for row in range(rows)]), settings)
    every = drawn.pages(content)
    issued, dated = found(content, "印发")[0], found(content, "2026年11月20日")[-2]

    assert len(every) == issued[0] == dated[0] == found(content, "书面反馈")[0][0]
    assert 0 == issued[0] % 2
    assert 258 < issued[1].baseline < page.HEIGHT_MM - page.BOTTOM_MM
    assert [f"—{number}—" for number in range(1, len(every) + 1)] == [
        next(line.text.replace(" ", "") for line in drawn.lines(one) if "—" in line.text) for one in every
    ]
    assert all(1 < len(drawn.lines(one)) for one in every)


def test_a_paper_of_one_paragraph_has_its_imprint_below(settings: Documents) -> None:
    """
    What cannot be parted stays on its page, and the 版记 with it.
    """
    content = pdf.render(paper(FILLER, printed_by="云溪市信息中心"), settings)

    assert 1 == len(drawn.pages(content))
    assert 258 < found(content, "印发")[0][1].baseline


@pytest.mark.parametrize("words", ["", "同意。" * 60])
def test_boxes_keep_what_is_signed_below_what_is_written(settings: Documents, words: str) -> None:
    """
    The line to sign stands below the words, however many; a box as high as asked when there are few.
    """
    rows = (
        (Box("意见", label=True), Box(words, 3, foot="负责人签字", height_mm=28)),
        (Box("备注", label=True), Box("后", 3)),
    )
    content = pdf.render(paper(Boxes((1, 2, 1, 2), rows)), settings)
    sign, after = found(content, "负责人签字")[0][1], found(content, "后")[0][1]
    said = [line.baseline for _, line in found(content, "同意")] or [sign.baseline - 20]

    assert max(said) + 3 < sign.baseline < after.baseline
    assert page.LEFT_MM - 1 < min(line.left for line in drawn.lines(drawn.pages(content)[0]))


def test_page_numbers_stand_at_the_outer_edge(settings: Documents) -> None:
    """
    — 1 — right on odd pages, left on even ones, 7 mm below the type area.
    """
    content = pdf.render(paper(*[FILLER] * 40), settings)
    first, second = (
        next(line for line in drawn.lines(one) if "—" in line.text) for one in drawn.pages(content)[:2]
    )

    assert (page.WIDTH_MM / 2 < first.left, second.left < page.WIDTH_MM / 2) == (True, True)
    assert page.LEFT_MM + page.BODY_PT * page.MM_PER_PT == pytest.approx(second.left, abs=1)
    top = second.baseline - 0.7 * page.SMALL_PT * page.MM_PER_PT
    assert page.HEIGHT_MM - page.BOTTOM_MM + page.PAGE_NUMBER_DROP_MM == pytest.approx(top, abs=1)


def test_a_draft_says_so_and_shows_its_warnings(settings: Documents) -> None:
    """
    Without a number it is a draft; once numbered, the warnings are gone.
    """
    draft = notice(number="", warnings=("（所引依据未经核实。）",))
    issued = msgspec.structs.replace(draft, number="云信办〔2026〕15号")

    assert (1, 1) == (
        len(found(pdf.render(draft, settings), "草稿")),
        len(found(pdf.render(draft, settings), "未经核实")),
    )
    assert not found(pdf.render(issued, settings), "未经核实")
