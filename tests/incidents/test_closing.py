"""Closing: what stands in its way, and that the summary report stays owed."""

from __future__ import annotations

import pytest

from netops.core.errors import Refused
from netops.core.finding import State
from netops.incidents.closing import closing
from netops.incidents.incident import Event, Incident, Stage
from tests.conftest import NOON
from tests.incidents.cases import HOUR, LAW, deadline, finding, graded, incident

MENDED = finding("F-0001", state=State.RESOLVED)


def test_an_ordinary_incident_is_archived() -> None:
    """Its findings are mended, no clock runs."""
    end = closing(incident(), [MENDED], [], LAW, NOON, Stage.ARCHIVED)

    assert (Stage.ARCHIVED, NOON, ["L-NOTICE"]) == (end.to, end.handled, [one.kind for one in end.deadlines])


def test_a_grave_one_owes_its_summary_first() -> None:
    """Closing ends the handling and starts the 30 days; only after the summary is it archived."""
    reported = incident(grading=graded("III"), deadlines=(deadline("C-4H", 4, stopped=1),))
    end = closing(reported, [MENDED], [], LAW, NOON + HOUR, Stage.ARCHIVED)

    assert (Stage.HANDLED, ["C-4H", "C-30D"]) == (end.to, [one.kind for one in end.deadlines if not one.local])
    owing = incident(grading=graded("III"), handled=NOON + HOUR, deadlines=end.deadlines)
    with pytest.raises(Refused, match="C-30D runs"):
        closing(owing, [MENDED], [], LAW, NOON + HOUR, Stage.ARCHIVED)
    given = (deadline("C-4H", 4, stopped=1), deadline("C-30D", 800, stopped=9))
    summed = incident(grading=graded("III"), handled=NOON + HOUR, deadlines=given)
    assert Stage.ARCHIVED == closing(summed, [MENDED], [], LAW, NOON + HOUR, Stage.ARCHIVED).to


@pytest.mark.parametrize("state", [State.OPEN, State.ACKNOWLEDGED, State.RECTIFYING, State.REOPENED])
def test_a_standing_finding_stands_in_the_way(state: State) -> None:
    """It is named; exit code 4."""
    with pytest.raises(Refused, match="these findings still stand: F-0001") as caught:
        findings = [finding("F-0001", state=state), finding("F-0002", state=State.ACCEPTED)]
        closing(incident(), findings, [], LAW, NOON, Stage.ARCHIVED)
    assert 4 == caught.value.exit_code


@pytest.mark.parametrize(("one", "why"), [
    (incident(grading=graded("III"), deadlines=(deadline(),)), "C-4H runs"),
    (incident(state=Stage.ARCHIVED), "closed already: archived"),
    (incident(state=Stage.MERGED), "closed already: merged")])
def test_a_running_clock_and_a_closed_incident_refuse(one: Incident, why: str) -> None:
    """Even when the findings are mended."""
    with pytest.raises(Refused, match=why):
        closing(one, [MENDED], [], LAW, NOON, Stage.ARCHIVED)


def test_a_false_alarm_needs_nothing_mended() -> None:
    """A side exit is open while findings stand and clocks run."""
    one = incident(grading=graded("III"), deadlines=(deadline(),))

    assert Stage.FALSE_ALARM == closing(one, [finding("F-0001")], [], LAW, NOON, Stage.FALSE_ALARM).to


def test_what_was_asked_for_is_rechecked_first() -> None:
    """After a rectification was asked for only a clean recheck since then opens the way."""
    def happened(*kinds: tuple[str, bool]) -> list[Event]:
        return [Event(seq, kind, NOON, NOON, "王工", "", {"asks": True} if kind == "issued" else {"clean": clean})
                for seq, (kind, clean) in enumerate(kinds, 1)]

    for events in (happened(("issued", True)), happened(("recheck", True), ("issued", True)),
                   happened(("issued", True), ("recheck", True), ("recheck", False))):
        with pytest.raises(Refused, match="no recheck since then was clean"):
            closing(incident(), [MENDED], events, LAW, NOON, Stage.ARCHIVED)
    asked = happened(("issued", True), ("recheck", False), ("recheck", True))
    assert Stage.ARCHIVED == closing(incident(), [MENDED], asked, LAW, NOON, Stage.ARCHIVED).to
