"""Clocks: which run, until when, by which calendar, and that only a recorded act stops them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core import journal
from netops.core.clock import CITY_ZONE
from netops.core.errors import Faults
from netops.core.store import Store
from netops.incidents import calendar
from netops.incidents.incident import Deadline, Event, Grade
from tests.conftest import NOON
from tests.incidents.cases import DAY, HOUR, LAW, PLAYBOOKS, deadline, graded, incident
from tests.incidents.reckoner import Reckoner, simulate

moments = st.integers(0, 9 * 365 * 86400).map(lambda seconds: datetime(2025, 11, 2, tzinfo=UTC) + timedelta(seconds=seconds))
RECKONER = Reckoner(PLAYBOOKS)


def running(grade: str, *, local: bool = False, **fields: object) -> dict[str, datetime | None]:
    found = LAW.deadlines(incident(grading=graded(grade), **fields))
    return {one.kind: one.due for one in found if local or not one.local}


@pytest.mark.parametrize("grade", ["I", "II", "III"])
def test_a_grave_incident_is_reported_in_four_hours(grade: str) -> None:
    """From 较大 upward, from when it was known."""
    assert {"C-4H": NOON + 4 * HOUR} == running(grade)


def test_critical_infrastructure_has_one_hour() -> None:
    """One clock, not both."""
    assert {"C-1H-CII": NOON + HOUR} == running("III", cii=True)


@pytest.mark.parametrize("cii", [True, False])
def test_an_ordinary_incident_has_no_clock_of_law(cii: bool) -> None:
    """Below 较大 the national measure gives none; the office's own term to notify is there, and is not law."""
    assert {} == running("IV", cii=cii, handled=NOON)
    (notice,) = LAW.deadlines(incident(cii=cii))
    assert ("L-NOTICE", True, False) == (notice.kind, notice.local, notice.verified)


def test_the_summary_is_due_at_the_end_of_the_thirtieth_day() -> None:
    """Days are city days; the day on which handling ended is not counted."""
    late = datetime(2026, 11, 20, 23, 50, tzinfo=CITY_ZONE)

    assert datetime(2026, 12, 20, 23, 59, 59, tzinfo=CITY_ZONE) == running("III", handled=late)["C-30D"]


def test_the_measure_binds_from_its_first_day() -> None:
    """2025-11-01 in the city; the day before there was no clock."""
    first = datetime(2025, 11, 1, 0, 0, tzinfo=CITY_ZONE)

    assert ({}, {"C-4H": first + 4 * HOUR}) == (running("I", known=first - HOUR / 60), running("I", known=first))


# ---- working days
@pytest.mark.parametrize(("start", "count", "last"), [
    ("2026-02-13", 1, "2026-02-14"),  # the Saturday before the Spring Festival is worked
    ("2026-02-13", 2, "2026-02-24"),  # nine days off
    ("2026-09-18", 3, "2026-09-22"),  # Sunday the 20th is worked
    ("2026-09-30", 3, "2026-10-10"),  # the first two days after the holidays, and a Saturday that is worked
    ("2024-12-31", 1, "2025-01-02"),
    ("2020-01-23", 1, "2020-02-03"),  # the holiday that was prolonged
    ("2026-11-20", 3, "2026-11-25"),
])
def test_working_days_follow_the_published_calendar(start: str, count: int, last: str) -> None:
    """Holidays and make-up days are those of the notices, and the year is verified."""
    term = LAW.calendar.after(date.fromisoformat(start), count)

    assert (last, True) == (term.last.isoformat(), term.verified)


@pytest.mark.parametrize(("start", "verified"), [
    ("2026-12-30", False), ("2031-05-04", False), ("2012-03-01", False), ("2026-12-01", True)])
def test_a_term_through_an_unverified_year_is_unverified(start: str, verified: bool) -> None:
    """Next year's notice is not in yet, a far year knows weekends only, and years from second hand are marked."""
    assert verified == LAW.calendar.after(date.fromisoformat(start), 5).verified


def test_every_year_from_2004_is_there() -> None:
    """2004 to 2027, each once; make-up days are weekends, days off and make-up days never the same day."""
    years = calendar.read(PLAYBOOKS)

    assert list(range(2004, 2028)) == [one.year for one in years]
    assert not LAW.calendar.off & LAW.calendar.work
    assert {2014, *range(2017, 2027)} == LAW.calendar.verified


@pytest.mark.parametrize(("before", "after", "said"), [
    ('off = ["01-01"]', 'off = ["02-30"]', "years.off: day is out of range for month"),
    ('off = ["01-01"]', 'off = ["02-03..02-01"]', "years.off: 02-03..02-01 ends before it begins"),
    ('work = ["01-03"]', 'work = ["01-05"]', "years.work: 01-05 is no weekend"),
    ("year = 2027", "year = 2026", "years.year: 2026 stands twice"),
])
def test_a_faulty_calendar_is_named_with_its_line(tmp_path: Path, before: str, after: str, said: str) -> None:
    """The file, the line, what is wrong; nothing is half read."""
    (tmp_path / "law").mkdir()
    good = '[[years]]\nyear = 2026\noff = ["01-01"]\nwork = ["01-03"]\nverified = true\nsource = "x"\n'
    text = good + good.replace("2026", "2027").replace("01-03", "01-02")
    (tmp_path / "law" / "holidays.toml").write_text(text.replace(before, after), encoding="utf-8")

    with pytest.raises(Faults, match=said):
        calendar.read(tmp_path)


@given(st.dates(date(2004, 1, 1), date(2030, 12, 1)), st.integers(1, 40))
def test_no_term_in_working_days_is_wrong(day: date, count: int) -> None:
    """Against a reckoner that counts one day after the other."""
    noon = datetime(day.year, day.month, day.day, 12, tzinfo=CITY_ZONE)

    assert RECKONER.due_after_working_days(noon, count).date() == LAW.calendar.after(day, count).last


# ---- facts and papers
def event(seq: int, kind: str, **detail: object) -> Event:
    return Event(seq, kind, NOON + seq * HOUR, NOON + seq * HOUR, "王工", "", detail)


def test_facts_start_duties() -> None:
    """Promptly is a duty without a number: it never runs out, and stands until an act stops it."""
    found = LAW.deadlines(incident(grading=graded("III")), [event(1, "crime"), event(2, "vulnerability"), event(3, "note")])

    told = {one.key: one.due for one in found if not one.local}
    assert {"C-4H": NOON + 4 * HOUR, "C-24H-VULN/2": NOON + 26 * HOUR, "C-POLICE/1": None} == told
    assert (0.0, 0) == (found[-1].used(NOON + 999 * DAY), found[-1].warning(NOON + 999 * DAY))


def test_an_answer_is_due_when_its_paper_says() -> None:
    """One clock for each paper, by the day that stands in it."""
    found = LAW.deadlines(incident(), [event(1, "issued", reply_by="2026-12-04"), event(2, "issued", reply_by="2026-12-11")])

    assert {"L-REPLY/1": 4, "L-REPLY/2": 11} == {one.key: one.due.day for one in found if one.of and one.due}


def test_a_stopped_clock_stays_and_a_running_one_follows_the_grade() -> None:
    """Regraded to 一般 the running clock ends; one that an act stopped keeps its due time and its act."""
    grave = incident(grading=graded("III"))
    four = LAW.deadlines(grave)
    stopped = tuple(msgspec.structs.replace(one, stopped=NOON + HOUR, stopped_by="示信办〔2026〕1号") for one in four)

    assert {} == running("IV", deadlines=four)
    assert stopped == LAW.deadlines(incident(known=NOON + DAY, deadlines=stopped))


@pytest.mark.parametrize(("hours", "warning"), [(1.9, 0), (2, 50), (3.19, 50), (3.2, 80), (3.99, 80), (4, 100), (99, 100)])
def test_warnings_at_50_80_and_100_percent(hours: float, warning: int) -> None:
    """Of the time from start to due; none any more once it is stopped."""
    assert warning == deadline("C-4H", 4).warning(NOON + hours * HOUR)
    assert 0 == deadline("C-4H", 4, stopped=1).warning(NOON + hours * HOUR)


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
        standing = LAW.deadlines(incident(grading=graded(grade), cii=cii, deadlines=standing))
        if turn in acts:
            stopped |= {one.kind for one in standing}
            standing = tuple(msgspec.structs.replace(one, stopped=NOON + HOUR, stopped_by="文号") for one in standing)

    assert stopped == {one.kind for one in standing if one.stopped is not None}


def test_which_clocks_an_act_stops() -> None:
    """The first report stops the hours, the summary the days, a paper the term to notify, an answer its own paper's."""
    events = [event(1, "issued", reply_by="2026-12-04"), event(2, "issued", reply_by="2026-12-11"), event(3, "new_facts")]
    grave = incident(grading=graded("III"), handled=NOON)
    grave = msgspec.structs.replace(grave, deadlines=LAW.deadlines(grave, events))
    late = NOON + DAY

    assert ("C-4H",) == LAW.stopped_by(grave, "first", late)
    assert ("L-SUPP/3", "C-SUPP/3") == LAW.stopped_by(grave, "supplement", late)
    assert ("L-SUPP/3", "C-30D", "C-SUPP/3") == LAW.stopped_by(grave, "final", late)
    assert ("L-REPLY/1", "L-REPLY/2") == LAW.stopped_by(grave, "reply", late)
    assert ("L-REPLY/2",) == LAW.stopped_by(grave, "reply", late, of="2")
    assert () == LAW.stopped_by(grave, "reply", NOON)


def test_simulated_incidents_have_the_reckoners_clocks(store: Store) -> None:
    """Regrades, CII flags, merges, corrected times, reports and papers, on both engines; the benchmark has 10,000."""
    compared, _acts, wrong = simulate(store, PLAYBOOKS, 25)

    assert [] == wrong
    assert compared > 50
    assert 0 == journal.verify(store).broken
