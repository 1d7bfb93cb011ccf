"""The triage round: findings into incidents once, papers through the gate, written in every form; clocks held."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from netops.core import docket, journal
from netops.core.clock import still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, State
from netops.core.language import recalled, speaking
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.incidents import casebook
from netops.incidents.incident import Grade
from netops.rounds import handling, inventory, look, recheck, timeline, triage
from netops.topology import snapshots
from tests.conftest import NOON
from tests.incidents.city import configuration

EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET
HOUR = timedelta(hours=1)


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A desk with the small city of `tests/incidents/city.py` in force, standing at NOON."""
    desk = Desk(configuration(tmp_path, store.url), still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def conclude(desk: Desk, code: str, organization: str, device: str, plane: Plane = EXTRANET, hours: float = 0) -> str:
    """A finding of a real rule about a device, seen so many hours after NOON."""
    at = NOON + hours * HOUR
    rule = look.rule(code)
    subject = {"device": device, "interface": "ge0/1"}
    proof = Evidence("flow", device, "in_if = 1", {"flows": 12}, at)
    settled = docket.settle(
        desk.store, {rule.code: rule}, [Conclusion(rule.code, plane, subject, organization, {"device": device}, (proof,), at)],
        plane=plane, at=at)
    return (settled.opened + settled.reopened + settled.seen_again)[0]


def incidents(desk: Desk) -> list[tuple[str, tuple[str, ...]]]:
    return [(one.organization, one.findings) for one in casebook.listed(desk.store)]


def test_findings_fold_into_incidents_and_only_once(desk: Desk) -> None:
    """Two exits of one department are one incident, another's is its own; asking again changes nothing."""
    for organization, device in (("health", "r-health"), ("health", "r-clinic"), ("fin", "r-fin")):
        conclude(desk, "EG-101", organization, device)

    reports = [triage.run(desk), triage.run(desk)]

    assert [2, 0] == [report.facts["incidents opened"] for report in reports]
    assert [("health", ("F-0001", "F-0002")), ("fin", ("F-0003",))] == incidents(desk)
    assert ["netops", "netops"] == [entry.actor for entry in journal.log(desk.store, 2)]


def test_a_later_finding_joins(desk: Desk) -> None:
    """Same organization, cause and plane as an open incident."""
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)
    conclude(desk, "EG-101", "health", "r-clinic")

    assert 0 == triage.run(desk).facts["incidents opened"]
    assert ("F-0001", "F-0002") == casebook.one(desk.store, "INC-2026-0001").findings


@pytest.mark.parametrize(("made_in", "read_in"), [("zh", "en"), ("en", "zh")])
def test_a_reason_that_a_machine_gave_is_told_to_each_reader_in_theirs(desk: Desk, made_in: str, read_in: str) -> None:
    """A round runs in one language, and who reads the timeline or the journal reads another."""
    conclude(desk, "EG-101", "health", "r-health")
    with speaking(made_in):
        triage.run(desk)

    with speaking(read_in):
        lines = timeline.of(desk, casebook.one(desk.store, "INC-2026-0001"), [])
        why = recalled(next(one for one in journal.log(desk.store, 9) if one.verb == "incident open").why)

    told = {
        "en": "F-0001 is high, and no open incident has its organization, cause and place (—)",
        "zh": "F-0001 级别为高，没有单位、起因、地点（—）都相同的未结事件",
    }[read_in]
    assert told == why
    assert told in next(one.text for one in lines if one.kind == "open")


def test_what_is_not_grave_opens_nothing(desk: Desk) -> None:
    """A finding of medium severity waits in the docket."""
    mild = next(one for one in look.rules().values() if one.severity == "medium" and one.code[:2] not in ("IN", "IS"))
    conclude(desk, mild.code, "health", "r-health")

    assert 0 == triage.run(desk).facts["incidents opened"]
    assert [] == incidents(desk)


def test_a_clock_that_ran_out_is_a_finding_until_an_act_stops_it(desk: Desk) -> None:
    """The round holds clocks against the present; a recorded report resolves the finding."""
    conclude(desk, "intranet_exit", "fin", "i-fin", INTRANET)
    triage.run(desk)
    assert Grade.III == casebook.one(desk.store, "INC-2026-0001").grade

    desk.clock = still(NOON + 5 * HOUR)
    late = triage.run(desk)
    assert ["IN-001"] == [docket.one(desk.store, name).code for name in late.opened]
    with journal.act(desk.store, "王工", desk.clock) as act:
        handling.report(desk, act, "INC-2026-0001", "first", desk.clock(), document_no="示信办〔2026〕1号", channel="12387")

    assert late.opened == triage.run(desk).resolved


def test_recheck_says_what_stands_and_what_was_silent(desk: Desk) -> None:
    """A mended finding counts only when its device answered."""
    for device in ("r-health", "r-clinic"):
        conclude(desk, "EG-101", "health", device)
    triage.run(desk)
    with journal.act(desk.store, "王工") as act:
        docket.move(act, "F-0001", State.RESOLVED, "已断开")
    for device in ("r-clinic", "sw-elsewhere"):
        snapshots.fail(desk.store, Unreachable(EXTRANET, device, "10.20.14.9", NOON, "no answer"))

    findings, unseen = recheck.run(desk, casebook.one(desk.store, "INC-2026-0001"))

    assert [("F-0001", "resolved"), ("F-0002", "open")] == [(one.id, one.state.value) for one in findings]
    assert ["r-clinic"] == [one.device for one in unseen]
