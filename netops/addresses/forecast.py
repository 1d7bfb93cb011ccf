"""Forecast (预测): when a pool will be full, by least squares over its past days; silent while there is too little. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import NamedTuple

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.language import N_

WINDOW = timedelta(days=180)
"""How far back is looked."""
LEAST_DAYS = 14
LEAST_CHANGES = 5
"""Days of history, and days on which something changed, below which a line would be a guess."""
FARTHEST = 3650
"""Days; what lies beyond is not a forecast."""


class Change(NamedTuple):
    """So many addresses more (fewer, below zero) were taken at a moment."""

    at: datetime
    more: int


class Forecast(msgspec.Struct, frozen=True):
    """
    A line through the addresses taken at the end of each day.

    Args:
        per_day: its slope, addresses a day.
        days_to_full: days from today, or None when it is not going to be full or nothing can be said.
        since: ISO date of the first day of the line, or "".
        days: days of the line.
        fit: share of the variance that the line explains, a ratio 0-1.
        why: a message id that says why there is no date, or "".
    """

    per_day: float = 0.0
    days_to_full: float | None = None
    since: str = ""
    days: int = 0
    fit: float = 0.0
    why: str = ""


TOO_YOUNG = N_("there are not yet 14 days with 5 changes to draw a line through")
NOT_GROWING = N_("it is not growing")
UNCLEAR = N_("its use goes up and down too much for a line")
TOO_FAR = N_("it would take more than ten years")


def daily(changes: Iterable[Change], taken: int, today: date) -> list[tuple[date, int]]:
    """
    Addresses taken at the end of each day from the first change (at most WINDOW back) to *today*.

    Args:
        taken: how many are taken now; the past is computed backwards from here, so that it always agrees with the pool.
    """
    by_day: dict[date, int] = {}
    for change in changes:
        day = change.at.astimezone(CITY_ZONE).date()
        if today - WINDOW <= day <= today:
            by_day[day] = by_day.get(day, 0) + change.more
    if not by_day:
        return []
    found: list[tuple[date, int]] = []
    day, start = today, min(by_day)
    while day >= start:
        found.append((day, taken))
        taken -= by_day.get(day, 0)
        day -= timedelta(days=1)
    return found[::-1]


def forecast(days: Sequence[tuple[date, int]], size: int) -> Forecast:
    """When *days* reach *size*, when there is enough of them and they really grow."""
    changes = sum(one[1] != other[1] for one, other in pairwise(days)) + bool(days)
    since = days[0][0].isoformat() if days else ""
    if len(days) < LEAST_DAYS or changes < LEAST_CHANGES:
        return Forecast(since=since, days=len(days), why=TOO_YOUNG)
    slope, fit, error = line([float(taken) for _, taken in days])
    made = Forecast(slope, None, since, len(days), fit)
    if slope <= 0:
        return msgspec.structs.replace(made, why=NOT_GROWING)
    if slope < 2 * error:
        return msgspec.structs.replace(made, why=UNCLEAR)
    left = max(0, size - days[-1][1]) / slope
    if left > FARTHEST:
        return msgspec.structs.replace(made, why=TOO_FAR)
    return msgspec.structs.replace(made, days_to_full=round(left, 1))


def line(values: Sequence[float]) -> tuple[float, float, float]:
    """
    The least-squares line through *values* at 0, 1, 2, …: slope, share of variance explained, standard error of the slope.

    The days of a level are not independent: the error is widened by the first autocorrelation of what is left over.
    """
    count = len(values)
    middle, mean = (count - 1) / 2, sum(values) / count
    across = sum((place - middle) ** 2 for place in range(count))
    slope = sum((place - middle) * (value - mean) for place, value in enumerate(values)) / across
    left = [value - mean - slope * (place - middle) for place, value in enumerate(values)]
    rest, total = sum(one * one for one in left), sum((value - mean) ** 2 for value in values)
    if not rest:
        return slope, 1.0, 0.0
    echo = min(0.95, max(0.0, sum(one * other for one, other in pairwise(left)) / rest))
    error = math.sqrt(rest / max(1, count - 2) / across * (1 + echo) / (1 - echo))
    return slope, 1 - rest / total if total else 1.0, error
