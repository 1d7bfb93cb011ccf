"""Dates as offices write them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from netops.core.dates import after, first_day, iso_of, last_day, numeral
from netops.core.sheet import day_of


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("二〇二六年十一月", "2026-11"),
        ("二○二六年十一月三十日", "2026-11-30"),
        ("二零二六年廿月", None),
        ("二〇二六年二月廿八日", "2026-02-28"),
        ("贰零贰陆年拾贰月叁拾壹日", "2026-12-31"),
        ("２０２６年１１月３０日", "2026-11-30"),
        ("2026 年 1 月 5 日", "2026-01-05"),
        ("2026/1/5", "2026-01-05"),
        ("2026.01.05", "2026-01-05"),
        ("2026-1-5 08:30:00", "2026-01-05"),
        ("2026-01-05T08:30:00+08:00", "2026-01-05"),
        ("20260105", "2026-01-05"),
        ("2026-11", "2026-11"),
        ("2026年", "2026"),
        ("2026", "2026"),
        ("30 Nov 2026", "2026-11-30"),
        ("November 30, 2026", "2026-11-30"),
        ("Nov 2026", "2026-11"),
        ("2026-02-30", None),
        ("2026-13-01", None),
        ("30/11/2026", None),
        ("明年", None),
        ("", None),
        ("年月日", None),
    ],
)
def test_a_date_is_read_as_it_was_written_or_not_at_all(text: str, iso: str | None) -> None:
    """What the calendar has not, or what could be two days, is no date."""
    if iso is None:
        with pytest.raises(ValueError):
            iso_of(text)
    else:
        assert iso == iso_of(text)


def test_numerals_are_counted_or_spelled() -> None:
    """三十一 counts, 二〇二六 spells."""
    assert [31, 10, 12, 20, 2026, 105] == [numeral(one) for one in ("三十一", "十", "十二", "二十", "二〇二六", "一百〇五")]


def test_a_month_lasts_to_its_end() -> None:
    """What is reduced to a month or year has a first and a last day."""
    assert (date(2026, 2, 1), date(2026, 2, 28)) == (first_day("2026-02"), last_day("2026-02"))
    assert (date(2026, 1, 1), date(2026, 12, 31)) == (first_day("2026"), last_day("2026"))


def test_a_period_after_a_long_month_ends_with_the_short_one() -> None:
    """One month after 31 January is 28 February."""
    assert date(2026, 2, 28) == after(date(2026, 1, 31), "1m")
    assert date(2027, 11, 30) == after(date(2026, 11, 30), "1y")
    with pytest.raises(ValueError):
        after(date(2026, 1, 31), "soon")


def test_cells_say_days_only_when_they_have_one() -> None:
    """A cell with a month alone is no day."""
    said = ("二〇二六年十一月三十日", datetime(2026, 11, 30, 8, tzinfo=UTC), 46356.0)
    assert [date(2026, 11, 30)] * 3 == [day_of(one) for one in said]
    with pytest.raises(ValueError):
        day_of("二〇二六年十一月")
