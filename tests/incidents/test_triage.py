"""Folding: by organization, cause and plane; what is not grave opens nothing; every step has its reason."""

from __future__ import annotations

from collections.abc import Sequence

from netops.core.finding import Finding
from netops.core.language import speak
from netops.core.plane import Plane
from netops.incidents import taxonomy
from netops.incidents.incident import Incident, Stage
from netops.incidents.triage import Action, fold
from tests.conftest import NOON
from tests.incidents.cases import HOUR, PLAYBOOKS, finding, incident

LAW = taxonomy.load(PLAYBOOKS)


def told(findings: list[Finding], incidents: Sequence[Incident] = ()) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(step.action.value, step.incident, tuple(one.id for one in step.findings)) for step in fold(findings, incidents, LAW)]


def test_two_findings_of_one_organization_and_cause_fold() -> None:
    """A router's exit and a PC's exit are both 擅自开设互联网出口."""
    assert [("open", "", ("F-0001", "F-0002"))] == told([finding("F-0001"), finding("F-0002", "rogue_exit_host")])


def test_another_organization_cause_or_plane_does_not_fold() -> None:
    """Four findings that differ in one thing each: four incidents."""
    steps = told([finding("F-0001"), finding("F-0002", organization="fin"), finding("F-0003", "bypass_link"),
                  finding("F-0004", plane=Plane.INTRANET)])

    assert [("open", "", (name,)) for name in ("F-0001", "F-0002", "F-0003", "F-0004")] == steps


def test_low_severities_do_not_open_but_join() -> None:
    """Two medium findings wait; beside a grave one, or an open incident, they belong to it."""
    speak("en")
    mild = [finding("F-0001", severity="medium"), finding("F-0002", severity="low")]

    steps = fold(mild, [], LAW)
    assert [(Action.LEAVE, "not grave enough to open an incident")] == [(step.action, step.reason) for step in steps]
    assert [("open", "", ("F-0001", "F-0002", "F-0003"))] == told([*mild, finding("F-0003")])
    assert [("join", "INC-2026-0001", ("F-0001", "F-0002"))] == told(mild, [incident(findings=("F-0009",))])


def test_what_is_linked_already_is_passed_over() -> None:
    """Asking twice changes nothing."""
    assert [] == told([finding("F-0001")], [incident()])


def test_after_closing_only_what_is_seen_again_opens_anew() -> None:
    """Not seen since: left with its incident; seen since: a new incident."""
    closed = incident(state=Stage.ARCHIVED, closed=NOON + HOUR)

    assert [("leave", "INC-2026-0001", ("F-0001",))] == told([finding("F-0001")], [closed])
    assert [("open", "", ("F-0001",))] == told([finding("F-0001", last_seen=2)], [closed])


def test_a_merged_incident_answers_through_its_target() -> None:
    """Its findings stay linked to it alone, however often they are seen, so that unmerge is exact."""
    target = incident("INC-2026-0002", organization="ic", findings=("F-0002",))
    merged = incident(state=Stage.MERGED, merged_into="INC-2026-0002", closed=NOON)

    assert [] == told([finding("F-0001", last_seen=5)], [merged, target])


def test_findings_about_handling_have_their_own_course() -> None:
    """An overdue clock and a failed checklist item never become incidents."""
    assert [] == told([finding("F-0001", "report_overdue", code="IN-001"), finding("F-0002", "nonconform", code="IS-001")])


def test_every_cause_has_a_category_of_the_standard() -> None:
    """10 categories, 76 subcategories, and each cause names one of them."""
    assert (10, 76) == (len(LAW.categories), sum(len(one.subcategories) for one in LAW.categories))
    assert "资源未授权使用事件" == LAW.name(LAW.cause("rogue_exit_router").category)
    assert ("nobody", "10") == (LAW.cause("nobody").key, LAW.cause("nobody").category)
    assert all(LAW.name(one.category) for one in LAW.causes)
