"""The casebook on both engines: numbers without gaps, every move kept, merges exact, clocks stopped by acts only."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

import msgspec
import pytest

from netops.core import journal
from netops.core.clock import still
from netops.core.errors import Missing, Refused
from netops.core.store import Store
from netops.incidents import casebook, clocks, handling, merging
from netops.incidents.calendar import Calendar
from netops.incidents.incident import Incident, Stage
from tests.conftest import NOON
from tests.incidents.cases import HOUR, LAW, deadline, graded, incident

ACTOR = "王工"


def opened(store: Store, **fields: object) -> str:
    with journal.act(store, ACTOR, still(NOON)) as act:
        return casebook.open_(act, incident("", **fields), LAW, "证据确凿")


def test_an_incident_comes_back_as_it_was_opened(store: Store) -> None:
    """Every field, with its own number; the first line of its history says who and why."""
    given = incident(
        "", deadlines=(deadline("X-1", stopped=1),), findings=("F-0002", "F-0001"), metrics={"portal_outage": 60.0}, cii=True)
    with journal.act(store, ACTOR, still(NOON)) as act:
        number = casebook.open_(act, given, LAW, "证据确凿")

    kept = casebook.one(store, number)
    wanted = msgspec.structs.replace(
        given, number="INC-2026-0001", findings=("F-0001", "F-0002"), deadlines=LAW.deadlines(given))
    assert wanted == kept
    assert ["X-1", "L-NOTICE"] == [one.kind for one in kept.deadlines]
    assert [("open", ACTOR, "证据确凿")] == [(one.what, one.actor, one.why) for one in casebook.history(store, number)]
    assert [kept] == casebook.listed(store)


def test_numbers_have_no_gap_under_concurrency(store: Store) -> None:
    """Eight writers at once, and some that fail after they took a number: 1 to 24, each once; the journal verifies."""

    def work(turn: int) -> str:
        if turn % 4 == 0:
            with pytest.raises(ZeroDivisionError), journal.act(store, ACTOR, still(NOON)) as act:
                casebook.open_(act, incident(""), LAW, "fails")
                raise ZeroDivisionError
        return opened(store)

    with ThreadPoolExecutor(8) as pool:
        numbers = sorted(pool.map(work, range(24)))

    assert [f"INC-2026-{n:04d}" for n in range(1, 25)] == numbers
    assert numbers == [one.number for one in casebook.listed(store)]
    assert (24, 0) == ((result := journal.verify(store)).entries, result.broken)


@pytest.mark.parametrize("state", [Stage.DETECTED, Stage.GRADED, Stage.HANDLING])
def test_unmerge_is_exact(store: Store, state: Stage) -> None:
    """Merged and unmerged, both incidents stand as they stood, and nothing was copied."""
    first, second = opened(store, deadlines=(deadline("C-30D", 8, stopped=1),)), opened(store, findings=("F-0007",))
    if state is not Stage.DETECTED:
        with journal.act(store, ACTOR) as act:
            casebook.move(act, first, state, "去")
    before = casebook.listed(store)

    with journal.act(store, ACTOR) as act:
        merging.merge(act, first, second, "同一条线路")
    merged, target = casebook.listed(store)
    assert (Stage.MERGED, second, False) == (merged.state, merged.merged_into, merged.is_open)
    assert before[1] == target
    with journal.act(store, ACTOR) as act:
        merging.unmerge(act, first, "查明是两条")

    assert before == casebook.listed(store)
    assert ["merge", "state"] == [one.what for one in casebook.history(store, first)][-2:]


def test_a_merge_needs_two_open_incidents(store: Store) -> None:
    """Not with itself, not into a closed one, not twice."""
    first, second, third = (opened(store) for _ in range(3))
    with journal.act(store, ACTOR) as act:
        merging.merge(act, first, second, "同")

    for number, into in ((third, third), (first, third), (third, first)):
        with pytest.raises(Refused, match="was not merged"), journal.act(store, ACTOR) as act:
            merging.merge(act, number, into, "同")


def test_a_merge_stops_no_clock(store: Store) -> None:
    """An incident whose clock runs goes only into one that must report as early; the other way is free."""
    grave = opened(store, grading=graded("III"))
    mild, later = opened(store), opened(store, grading=graded("III"), known=NOON + 5 * HOUR)

    for into in (mild, later):
        with pytest.raises(Refused, match="C-4H runs"), journal.act(store, ACTOR) as act:
            merging.merge(act, grave, into, "同")
    with journal.act(store, ACTOR) as act:
        merging.merge(act, later, grave, "同")
        merging.merge(act, mild, grave, "同")
    assert [grave] == [one.number for one in casebook.listed(store, open_only=True)]


def test_a_clock_stops_once_and_by_what(store: Store) -> None:
    """The act is kept with its time, number and channel; a second report changes nothing of it."""
    number = opened(store, grading=graded("III"), handled=NOON)
    with journal.act(store, ACTOR) as act:
        first = handling.record(act, number, LAW, "first", NOON + HOUR, document_no="示信办〔2026〕1号", channel="12387")
        second = handling.record(act, number, LAW, "first", NOON + 2 * HOUR, document_no="另一件", channel="12387")

    running = {one.key: one for one in casebook.one(store, number).deadlines}
    assert (["C-4H"], None) == (first.detail["stopped"], second.detail.get("stopped"))
    assert (NOON + HOUR, "示信办〔2026〕1号；12387") == (running["C-4H"].stopped, running["C-4H"].stopped_by)
    assert [None, None] == [running[name].stopped for name in ("C-30D", "L-NOTICE")]


def test_an_act_stops_no_clock_that_starts_later(store: Store) -> None:
    """A summary dated before handling ended is none; each new fact has a clock of its own."""
    number = opened(store, grading=graded("III"), handled=NOON + 5 * HOUR)
    with journal.act(store, ACTOR) as act:
        handling.record(act, number, LAW, "final", NOON + HOUR, document_no="1号", channel="12387")
        for hours in (1, 9):
            handling.record(act, number, LAW, "new_facts", NOON + hours * HOUR, "又发现一台")
        handling.record(act, number, LAW, "supplement", NOON + 2 * HOUR, document_no="2号", channel="12387")

    stopped = {one.key: one.stopped for one in casebook.one(store, number).deadlines}
    assert {"C-4H": None, "C-30D": None, "L-NOTICE": None, "C-SUPP/2": NOON + 2 * HOUR, "L-SUPP/2": NOON + 2 * HOUR,
            "C-SUPP/3": None, "L-SUPP/3": None} == stopped


def test_a_regrade_keeps_both_grades(store: Store) -> None:
    """The history has the grade before and after, with the rule of each; the clocks follow."""
    number = opened(store)
    with journal.act(store, ACTOR) as act:
        handling.regrade(act, number, LAW, graded("II"), "影响扩大", cii=True, metrics={"direct_loss": 1e7})

    kept = casebook.one(store, number)
    grade, clock = casebook.history(store, number)[-2:]
    assert ("II", True, {"direct_loss": 1e7}, ["C-1H-CII", "L-NOTICE"]) == (
        kept.grade, kept.cii, kept.metrics, [one.kind for one in kept.deadlines])
    assert ("grade", "IV", "II", "影响扩大") == (grade.what, grade.before["grade"], grade.after["grade"], grade.why)
    assert ("clock", ["L-NOTICE"], ["C-1H-CII", "L-NOTICE"]) == (clock.what, sorted(clock.before), sorted(clock.after))


def test_a_regrade_stops_no_clock_of_what_was_merged(store: Store) -> None:
    """The grave one cannot become ordinary while another grave one hangs under it; unmerged, it can."""
    one, other = opened(store, grading=graded("III")), opened(store, grading=graded("III"))
    with journal.act(store, ACTOR) as act:
        merging.merge(act, other, one, "同")
    mild = lambda act: handling.regrade(act, one, LAW, graded("IV"), "影响小", cii=False, metrics={})  # noqa: E731

    with pytest.raises(Refused, match="a merge stops no clock"), journal.act(store, ACTOR) as act:
        mild(act)
    with journal.act(store, ACTOR) as act:
        merging.unmerge(act, other, "查明是两起")
        mild(act)
    assert ["IV", "III"] == [casebook.one(store, name).grade for name in (one, other)]


def test_what_is_in_hand_is_said_once(store: Store) -> None:
    """Who and since when; not twice, not after it was closed; released it can be taken again."""
    number = opened(store)
    with journal.act(store, ACTOR, still(NOON)) as act:
        handling.acknowledge(act, number, "正在查")
    assert (NOON, ACTOR) == ((kept := casebook.one(store, number)).acknowledged, kept.acknowledged_by)
    with pytest.raises(Refused, match="in hand already: 王工"), journal.act(store, ACTOR) as act:
        handling.acknowledge(act, number, "正在查")
    with journal.act(store, ACTOR) as act:
        handling.release(act, number, "原因消除")
        handling.acknowledge(act, number, "又出现")
        casebook.move(act, number, Stage.FALSE_ALARM, "误报")
    with pytest.raises(Refused, match="it is closed"), journal.act(store, ACTOR) as act:
        handling.release(act, number, "")
        handling.acknowledge(act, number, "")


def test_a_law_that_changes_reckons_running_clocks_anew(store: Store) -> None:
    """A new calendar moves what runs and leaves what was stopped; nothing is written when nothing changes."""
    number = opened(store, grading=graded("III"), detected=datetime(2026, 9, 30, 4, tzinfo=UTC))
    with journal.act(store, ACTOR) as act:
        handling.record(act, number, LAW, "first", NOON + HOUR, document_no="1号", channel="12387")
        assert not handling.reckon(act, number, LAW, "同")
        assert handling.reckon(act, number, clocks.Law(LAW.clocks, Calendar()), "没有日历")

    clock = {one.kind: one for one in casebook.one(store, number).deadlines}
    assert (NOON + HOUR, date(2026, 10, 5)) == (clock["C-4H"].stopped, (clock["L-NOTICE"].due or NOON).date())


def test_the_course_goes_forward(store: Store) -> None:
    """Steps may be left out, never taken back; merging is not a move."""
    number = opened(store)
    with journal.act(store, ACTOR) as act:
        casebook.move(act, number, Stage.HANDLING, "直接处置")
    for to in (Stage.GRADED, Stage.HANDLING, Stage.MERGED):
        with pytest.raises(Refused, match="was not moved"), journal.act(store, ACTOR) as act:
            casebook.move(act, number, to, "退回")


def test_joining_passes_over_what_is_linked(store: Store) -> None:
    """Each finding once; a closed incident takes none."""
    number = opened(store)
    with journal.act(store, ACTOR) as act:
        assert ["F-0002"] == casebook.join(act, number, ["F-0001", "F-0002"], "同一原因")
    with journal.act(store, ACTOR) as act:
        casebook.move(act, number, Stage.ARCHIVED, "完")
    with pytest.raises(Refused, match="it is closed"), journal.act(store, ACTOR) as act:
        casebook.join(act, number, ["F-0003"], "迟到")
    assert ("F-0001", "F-0002") == casebook.one(store, number).findings


def test_an_unknown_number_is_said(store: Store) -> None:
    """Reading and acting alike; nothing is written."""
    with pytest.raises(Missing, match="no incident INC-1"):
        casebook.one(store, "INC-1")
    with pytest.raises(Missing), journal.act(store, ACTOR) as act:
        casebook.move(act, "INC-1", Stage.ARCHIVED, "")
    assert 0 == journal.verify(store).entries


def test_the_next_deadline_is_the_first_running_one() -> None:
    """Stopped clocks do not count."""
    one: Incident = incident(deadlines=(deadline("C-4H", 4, stopped=1), deadline("C-30D", 800)))

    assert "C-30D" == (one.next_deadline.kind if one.next_deadline else "")
