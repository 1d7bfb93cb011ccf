"""The working calendar (工作日历): which days are worked, make-up weekends included, from `law/holidays.toml`. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from pathlib import Path

import msgspec

from netops.core.errors import Misspelled
from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled

DAY = timedelta(days=1)
SATURDAY = 5


class Year(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One year as it was published.

    Args:
        off: days off, weekends within included: "01-01" or "02-15..02-23".
        work: weekend days that are worked (调休上班).
        verified: the notice itself was read; False for a year taken from second hand.
    """

    year: int
    off: tuple[str, ...]
    work: tuple[str, ...]
    verified: bool
    source: str
    note: str = ""


class Term(msgspec.Struct, frozen=True):
    """The last day of a term in working days; *verified* is False when a day of it lies in a year nobody verified."""

    last: date
    verified: bool


class Calendar:
    """Every published year; a year that is not there knows weekends only."""

    def __init__(self, years: Iterable[Year] = ()) -> None:
        self.off: set[date] = set()
        self.work: set[date] = set()
        self.verified: set[int] = set()
        for one in years:
            self.off |= {day for text in one.off for day in days(one.year, text)}
            self.work |= {day for text in one.work for day in days(one.year, text)}
            if one.verified:
                self.verified.add(one.year)

    def is_working(self, day: date) -> bool:
        """Whether offices work on *day*."""
        return day in self.work or (day not in self.off and day.weekday() < SATURDAY)

    def after(self, day: date, count: int) -> Term:
        """The *count*-th working day after *day*, which is not counted itself."""
        last, left = day, count
        while left > 0:
            last += DAY
            left -= self.is_working(last)
        return Term(last, all(year in self.verified for year in range(day.year, last.year + 1)))


def days(year: int, text: str) -> Iterator[date]:
    """
    The days that "02-15..02-23" or "01-01" names.

    Raises:
        ValueError: it names none.
    """
    first, _, last = text.partition("..")
    day, end = (date.fromisoformat(f"{year}-{part}") for part in (first, last or first))
    if end < day:
        raise Misspelled(N_("{text} ends before it begins"), text=text)
    while day <= end:
        yield day
        day += DAY


def read(playbooks: Path) -> tuple[Year, ...]:
    """
    Read `law/holidays.toml`.

    Raises:
        Faults: every fault at once: unknown keys, days that do not exist, a weekday as make-up day, a year twice.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "holidays.toml", "law/holidays.toml", faults)
    source.unknown({"years"})
    found = source.entries("years", Year)
    seen: set[int] = set()
    for index, one in found:
        if one.year in seen:
            source.fault(Said("{name} stands twice", name=one.year), "years", index, "year")
        seen.add(one.year)
        for key, texts in (("off", one.off), ("work", one.work)):
            for text in texts:
                try:
                    listed = list(days(one.year, text))
                except ValueError as error:
                    source.fault(Said("{error}", error=error), "years", index, key)
                    continue
                if key == "work" and any(day.weekday() < SATURDAY for day in listed):
                    source.fault(Said("{text} is no weekend", text=text), "years", index, key)
    settled("the working calendar was not read", faults, "mend the lines above; netops playbook check reads them again")
    return tuple(one for _, one in found)


def load(playbooks: Path) -> Calendar:
    """The calendar of `law/holidays.toml`; see `read`."""
    return Calendar(read(playbooks))
