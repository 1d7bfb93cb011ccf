"""Tables in sheets: headings wherever an office puts them, cells that speak for others, days in every spelling."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.sheet import (
    Formula,
    Heading,
    Merged,
    Sheet,
    Value,
    day_of,
    find,
    guarded,
    letters,
    plain,
    text_of,
    unguarded,
)  # fmt: skip

HEADINGS = (
    Heading("who", "单位", "organization", ("单位名称",)),
    Heading("first", "起始地址", "first", ("ip地址起始",)),
    Heading("last", "结束地址", "last", ("ip地址结束",)),
    Heading("what", "用途", "purpose", ("用途", "备注")),
)
WANTED = [("first",), ("who",)]


def sheet(*rows: list[Value], merged: tuple[Merged, ...] = ()) -> Sheet:
    return Sheet("a.xlsx", "外网", rows, merged)


OFFICE = sheet(
    ["政务外网地址台账"],
    [None, "填报日期：2026年11月"],
    ["序号", "单位 名称*", "IP地址", None, "备注", "用途（必填）"],
    [None, None, "起始", "结束", None, None],
    [1, "财政局", "10.1.1.1", "10.1.1.9", "x", "窗口"],
    [2, None, "10.1.1.20", None, "", ""],
    [],
    ["序号", "单位 名称*", "IP地址", None, "备注", "用途（必填）"],
    [None, None, "起始", "结束"],
    [3, "教育局", "10.1.2.1", None, None, 5.0],
    ["合计", None, None, None, "3行"],
    merged=(Merged(0, 0, 0, 5), Merged(2, 2, 2, 3), Merged(4, 1, 5, 1)),
)


def test_headings_in_two_rows_below_a_title_are_found() -> None:
    """Titles above, groups of columns with one head, the better word wins; repeated heads, blank and foreign rows say nothing."""
    table = find(OFFICE, HEADINGS, WANTED)

    assert table is not None
    assert {"who": 1, "first": 2, "last": 3, "what": 5} == table.columns
    assert [(4, "财政局"), (5, "财政局"), (9, "教育局")] == [
        (one.row, one.said["who"]) for one in table.records(("who",))
    ]
    assert ("a.xlsx 外网!C5", "a.xlsx 外网:6") == (
        str(table.place(4, "first")),
        str(table.place(5, "nothing")),
    )


def test_sums_and_lines_across_the_table_are_no_rows() -> None:
    """Whatever column the sum is called so in; a line across that says an address is one, and so is a name like a sum."""
    rows: list[list[Value]] = [
        ["序号", "单位", "地址"], ["一、办公楼", None, None], [1, "财政局", "10.1.1.1"], ["小计", None, 1],
        [2, "合计局", "10.1.1.2"], ["10.1.1.3", None, None], ["合 计：3", None, "3"], ["Total", "", 3],
        [3, "Totality", "10.1.1.4"], ["备注：一式两份", None, None],
    ]  # fmt: skip
    across = tuple(Merged(row, 0, row, 2) for row in (1, 5, 9))
    headings = (Heading("number", "序号", "no"), Heading("who", "单位", "who"), Heading("address", "地址", "address"))
    table = find(Sheet("a.xlsx", "s", rows, merged=across), headings, [("address",)])

    assert table is not None
    assert [2, 4, 5, 8] == [one.row for one in table.records()]


def test_a_cell_merged_downwards_speaks_only_where_it_may() -> None:
    """Who uses ten addresses is said once; an address is nobody else's."""
    table = find(OFFICE, HEADINGS, WANTED)
    assert table is not None
    assert [None] == [one.said["who"] for one in table.records() if one.row == 5]


@pytest.mark.parametrize("rows", [[], [[]], [["单位", "用途"]], [["x"] * 3] * 50 + [["单位", "起始地址"]]])
def test_what_is_no_table_is_none(rows: list[list[Value]]) -> None:
    """Nothing there, a heading that is missing, or one that stands too far down."""
    assert find(Sheet("a", "b", rows), HEADINGS, WANTED) is None


@pytest.mark.parametrize(
    ("value", "day"),
    [
        ("2026-12-31", date(2026, 12, 31)),
        (" 2026/1/5 ", date(2026, 1, 5)),
        ("２０２６年１月５日", date(2026, 1, 5)),
        ("2026.01.05", date(2026, 1, 5)),
        ("20260105", date(2026, 1, 5)),
        (46027, date(2026, 1, 5)),
        (46027.75, date(2026, 1, 5)),
        ("46027", date(2026, 1, 5)),
        (datetime(2026, 1, 5, 8, tzinfo=UTC), date(2026, 1, 5)),
        ("2026-01-05 08:00", date(2026, 1, 5)),
        ("2026年1月5号", date(2026, 1, 5)),
        ("二〇二六年十一月三日", date(2026, 11, 3)),
        ("二零二六年 一月廿三日", date(2026, 1, 23)),
        ("贰零贰陆年拾贰月叁拾壹日", date(2026, 12, 31)),
    ],
)
def test_days_are_read_in_every_spelling(value: Value, day: date) -> None:
    """Text, date cells, and the day numbers of spreadsheets."""
    assert day == day_of(value)


@pytest.mark.parametrize(
    "value",
    [
        "",
        None,
        "明年",
        "二〇二六年十一月",
        "二〇二六年十三月一日",
        5,
        99999,
        "2026-13-01",
        "2026-02-30",
        True,
        Formula("=A1"),
        1e300,
    ],
)
def test_what_is_no_day_is_refused(value: Value) -> None:
    """A number out of range is no day number."""
    with pytest.raises(ValueError):
        day_of(value)


@given(st.text())
def test_a_guarded_cell_comes_back_and_is_no_formula(text: str) -> None:
    """Whatever it begins with, apostrophes too."""
    cell = guarded(text)
    assert text == unguarded(cell)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))


@given(st.one_of(st.none(), st.text(), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes()))
def test_every_cell_says_something(value: Value) -> None:
    """Text of any value, and text again."""
    assert isinstance(text_of(value), str)
    assert isinstance(plain(value), str)


def test_columns_are_lettered() -> None:
    """As spreadsheets do."""
    assert ["A", "Z", "AA", "XFD"] == [letters(place) for place in (0, 25, 26, 16383)]
