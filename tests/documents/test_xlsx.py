"""Workbooks that are written: text is text, the head stays in sight, the same content gives the same bytes."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from netops.documents import spreadsheet, xlsx
from netops.documents.xlsx import Column, Sheet

NOON = datetime(2026, 11, 20, 4, tzinfo=UTC)
COLUMNS = (Column("编号"), Column("地址"), Column("数量", right=True), Column("用途", wraps=True))
ROWS = (
    ("AL-0001", "10.1.1.1", 3, "=cmd|' /C calc'!A0"),
    ("AL-0002", "2001:db8::/64", None, "一楼\n二楼，" + "很长的说明" * 30),
    ("AL-0003", "@SUM(1)", 1.5, "\x01镕\ufffe𠮷<w:br/>"),
)
TITLED = Sheet("台账[1]", COLUMNS, ROWS, "云溪市政务外网IP地址台账", ("编制单位：信息中心",), ("注：无",))


def test_what_looks_like_a_formula_is_text() -> None:
    """In openpyxl's eyes too, and still when somebody edits the cell (quotePrefix)."""
    page = load_workbook(io.BytesIO(xlsx.render([TITLED], "t", NOON))).worksheets[0]
    cells = [page["D4"], page["B6"]]
    assert [("s", True), ("s", True)] == [(cell.data_type, bool(cell.quotePrefix)) for cell in cells]


def test_a_sheet_is_as_offices_want_it() -> None:
    """Title over the whole width, remarks, frozen and repeated head, widths, landscape A4; names that are allowed."""
    content = xlsx.render([TITLED, TITLED], "t", NOON)
    first, second = load_workbook(io.BytesIO(content)).worksheets

    assert ("台账_1_", "台账_1_(2)") == (first.title, second.title)
    assert ("A4", "$3:$3") == (first.freeze_panes, first.print_title_rows)
    assert {"A1:D1", "A2:D2"} == {str(one) for one in first.merged_cells.ranges}
    assert ("landscape", "9", "0") == tuple(str(one) for one in (
        first.page_setup.orientation, first.page_setup.paperSize, first.page_setup.fitToHeight))  # fmt: skip
    assert first.column_dimensions["D"].width == xlsx.WIDEST
    assert first.row_dimensions[5].height > 60
    assert content == xlsx.render([TITLED, TITLED], "t", NOON)


@settings(max_examples=20, deadline=None)
@given(
    st.lists(st.lists(st.text(max_size=30) | st.just("_x0041_x0042_"), min_size=3, max_size=3), max_size=5)
)
def test_what_is_written_is_read_back(rows: list[list[str]]) -> None:
    """Any text, but for characters that no XML can hold and line ends, which are one kind."""
    content = xlsx.render(
        [Sheet("x", COLUMNS[:3], [["#", *row[1:]] for row in rows], ruled=False)], "t", NOON
    )
    [one] = spreadsheet.read(content, "x.xlsx")

    expected = [["#", *(xlsx.clean(cell) for cell in row[1:])] for row in rows]
    read = [[str(cell or "") for cell in row] + [""] * (3 - len(row)) for row in one.rows[1:]]
    assert expected == read


@pytest.mark.parametrize("name", ["x" * 40, "a/b\\c", "", "'", "一" * 40])
def test_any_name_becomes_one_that_is_allowed(name: str) -> None:
    """31 characters, none of those that stand in references."""
    [page] = load_workbook(io.BytesIO(xlsx.render([Sheet(name, COLUMNS[:1], [])], "t", NOON))).worksheets
    assert 0 < len(page.title) <= 31


def test_libreoffice_prints_it(opened: Callable[..., dict[str, bytes]]) -> None:
    """Every row, the head, and the number of pages."""
    from tests.documents import drawn

    many = Sheet("台账", COLUMNS, [(f"AL-{n}", f"10.1.1.{n}", n, "窗口") for n in range(90)], "台账")
    pages = drawn.pages(opened({"sheet": xlsx.render([many], "t", NOON)}, "xlsx")["sheet"])
    texts = ["".join(page.extract_text().split()) for page in pages]

    assert len(texts) > 1
    assert all("编号地址数量用途" in text for text in texts)
    assert all(f"第{place}页共{len(texts)}页" in text for place, text in enumerate(texts, 1))
