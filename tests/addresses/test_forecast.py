"""Forecasts: exact on a line, silent on too little, and never ahead of what the past supports."""

from __future__ import annotations

import itertools
import random
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.addresses.forecast import (
    NOT_GROWING,
    TOO_FAR,
    TOO_YOUNG,
    UNCLEAR,
    Change,
    daily,
    forecast,
    line,
)
from tests.conftest import NOON

TODAY = date(2026, 11, 20)


def days(values: list[int]) -> list[tuple[date, int]]:
    return [(TODAY - timedelta(days=len(values) - 1 - place), value) for place, value in enumerate(values)]


def test_a_steady_pool_is_told_to_the_day() -> None:
    """Two a day from 100: 254 is reached in 48 days when 158 are taken."""
    made = forecast(days([100 + 2 * day for day in range(30)]), 254)

    assert (2.0, 48.0, 1.0) == (made.per_day, made.days_to_full, made.fit)
    assert "2026-10-22" == made.since


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], TOO_YOUNG),
        ([5] * 13, TOO_YOUNG),
        ([1, 2, 3, 4, 5, 6], TOO_YOUNG),
        ([1] * 20 + [2] * 20, TOO_YOUNG),
        ([50 - day for day in range(30)], NOT_GROWING),
        ([100 + 40 * (day % 2) + day // 20 for day in range(40)], UNCLEAR),
    ],
)
def test_what_cannot_be_said_is_not_said(values: list[int], why: str) -> None:
    """Too few days, too few changes, shrinking, or up and down: no date, and the reason."""
    made = forecast(days(values), 1000)
    assert (None, why) == (made.days_to_full, made.why)


def test_ten_years_away_is_no_forecast() -> None:
    """An IPv6 /64 is not forecast to fill up in a million years."""
    assert TOO_FAR == forecast(days(list(range(40))), 1 << 64).why


def test_noise_on_a_line_moves_the_date_little() -> None:
    """Three a day with noise of five: within a tenth of the true 100 days."""
    chance = random.Random(7)
    made = forecast(days([int(200 + 3 * day + chance.gauss(0, 5)) for day in range(60)]), 377 + 300)

    assert made.days_to_full is not None
    assert 90 < made.days_to_full < 110


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(-3, 5)), max_size=30))
def test_the_past_is_computed_back_from_now(changes: list[tuple[int, int]]) -> None:
    """The last day is what is taken now, and each day differs from the one before by that day's changes."""
    told = [Change(NOON - timedelta(days=ago), more) for ago, more in changes]
    found = daily(told, 500, TODAY)

    assert bool(changes) == bool(found)
    if found:
        assert (TODAY, 500) == found[-1]
        for (_, before), (day, after) in itertools.pairwise(found):
            assert after - before == sum(more for ago, more in changes if TODAY - timedelta(days=ago) == day)


@given(st.lists(st.integers(0, 10_000), min_size=3, max_size=50))
def test_the_line_is_that_of_the_textbook(values: list[int]) -> None:
    """The same slope as the normal equations give."""
    count = len(values)
    sums = sum(range(count)), sum(values), sum(day * day for day in range(count)), sum(
        day * value for day, value in enumerate(values))  # fmt: skip
    slope = (count * sums[3] - sums[0] * sums[1]) / (count * sums[2] - sums[0] ** 2)

    assert slope == pytest.approx(line([float(value) for value in values])[0])
