"""Statutory clocks: which run, until when, and that only a recorded act stops them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.clock import CITY_ZONE
from netops.incidents import clocks
from netops.incidents.incident import Deadline, Grade
from tests.conftest import NOON
from tests.incidents.cases import DAY, HOUR, PLAYBOOKS

ROWS = clocks.load(PLAYBOOKS)
moments = st.integers(0, 9 * 365 * 86400).map(lambda seconds: datetime(2025, 11, 2, tzinfo=UTC) + timedelta(seconds=seconds))


def running(grade: str, *, cii: bool = False, known: datetime = NOON, handled: datetime | None = None,
            standing: tuple[Deadline, ...] = ()) -> dict[str, datetime]:
    found = clocks.deadlines(ROWS, grade=Grade(grade), cii=cii, known=known, handled=handled, standing=standing)
    return {one.kind: one.due for one in found}


@pytest.mark.parametrize("grade", ["I", "II", "III"])
def test_a_grave_incident_is_reported_in_four_hours(grade: str) -> None:
    """From 较大 upward, from when it was known."""
    assert {"C-4H": NOON + 4 * HOUR} == running(grade)


def test_critical_infrastructure_has_one_hour() -> None:
    """One clock, not both."""
    assert {"C-1H-CII": NOON + HOUR} == running("III", cii=True)


@pytest.mark.parametrize("cii", [True, False])
def test_an_ordinary_incident_has_no_statutory_clock(cii: bool) -> None:
    """Below 较大 the national measure gives none."""
    assert {} == running("IV", cii=cii, handled=NOON)


def test_the_summary_is_due_at_the_end_of_the_thirtieth_day() -> None:
    """Days are city days; the day on which handling ended is not counted."""
    late = datetime(2026, 11, 20, 23, 50, tzinfo=CITY_ZONE)

    assert datetime(2026, 12, 20, 23, 59, 59, tzinfo=CITY_ZONE) == running("III", handled=late)["C-30D"]


def test_the_measure_binds_from_its_first_day() -> None:
    """2025-11-01 in the city; the day before there was no clock."""
    first = datetime(2025, 11, 1, 0, 0, tzinfo=CITY_ZONE)

    assert ({}, {"C-4H": first + 4 * HOUR}) == (running("I", known=first - HOUR / 60), running("I", known=first))


def test_a_stopped_clock_stays_and_a_running_one_follows_the_grade() -> None:
    """Regraded to 一般 the running clock ends; one that an act stopped keeps its due time and its act."""
    four = clocks.deadlines(ROWS, grade=Grade.III, cii=False, known=NOON, handled=None)
    stopped = tuple(msgspec.structs.replace(one, stopped=NOON + HOUR, stopped_by="示信办〔2026〕1号") for one in four)

    assert {} == running("IV", standing=four)
    assert stopped == clocks.deadlines(ROWS, grade=Grade.IV, cii=False, known=NOON + DAY, handled=None, standing=stopped)


@given(st.sampled_from(Grade), st.booleans(), moments, st.none() | st.integers(0, 90))
def test_no_deadline_is_wrong(grade: Grade, cii: bool, known: datetime, days: int | None) -> None:
    """Against the law told in three lines, whatever the hour and the length of the month."""
    handled = None if days is None else known + days * DAY
    wanted: dict[str, datetime] = {}
    if grade < Grade.IV:
        wanted |= {"C-1H-CII": known + HOUR} if cii else {"C-4H": known + 4 * HOUR}
        if handled:
            end = (handled.astimezone(CITY_ZONE) + 30 * DAY).replace(hour=23, minute=59, second=59, microsecond=0)
            wanted["C-30D"] = end

    assert wanted == running(grade, cii=cii, known=known, handled=handled)


@given(st.lists(st.tuples(st.sampled_from(Grade), st.booleans()), max_size=6), st.sets(st.integers(0, 5)))
def test_only_an_act_stops_a_clock(regrades: list[tuple[Grade, bool]], acts: set[int]) -> None:
    """Through any course of regrades, what an act stopped stays stopped, and nothing else is ever stopped."""
    standing: tuple[Deadline, ...] = ()
    stopped: set[str] = set()
    for turn, (grade, cii) in enumerate(regrades):
        standing = clocks.deadlines(ROWS, grade=grade, cii=cii, known=NOON, handled=None, standing=standing)
        if turn in acts:
            stopped |= {one.kind for one in standing}
            standing = tuple(msgspec.structs.replace(one, stopped=NOON + HOUR, stopped_by="文号") for one in standing)

    assert stopped == {one.kind for one in standing if one.stopped is not None}


def test_which_clocks_a_report_stops() -> None:
    """The first report stops the hours, the summary the days; a supplement stops none."""
    stops = {kind: clocks.stopping(ROWS, kind) for kind in ("first", "supplement", "final")}

    assert {"first": ("C-4H", "C-1H-CII"), "supplement": (), "final": ("C-30D",)} == stops
