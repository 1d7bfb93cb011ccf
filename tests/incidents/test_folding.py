"""Folding by organization, cause and place, on findings whose events are known."""

from __future__ import annotations

from pathlib import Path

from netops.core.language import speak
from netops.core.plane import Plane
from netops.desk import Desk
from netops.incidents import casebook, taxonomy
from netops.incidents.triage import fold
from tests.incidents.cases import PLAYBOOKS, finding, incident
from tests.incidents.city import configuration
from tests.incidents.labelled import START, pairs, run

LAW = taxonomy.load(PLAYBOOKS)


def told(findings: list[object], incidents: list[object], places: dict[str, str]) -> list[tuple[str, str, tuple[str, ...]]]:
    steps = fold(findings, incidents, LAW, places)  # type: ignore[arg-type]
    return [(step.action.value, step.incident, tuple(one.id for one in step.findings)) for step in steps]


def test_two_places_are_two_incidents() -> None:
    """The same organization and cause in two buildings."""
    two = [finding("F-0001"), finding("F-0002"), finding("F-0003")]

    assert [("open", "", ("F-0001", "F-0003")), ("open", "", ("F-0002",))] == told(
        two, [], {"F-0001": "A 座", "F-0002": "B 座", "F-0003": "A 座"})
    assert [("join", "INC-2026-0001", ("F-0002",))] == told([finding("F-0002")], [incident(place="A 座")], {"F-0002": "A 座"})
    assert [("open", "", ("F-0002",))] == told([finding("F-0002")], [incident(place="A 座")], {"F-0002": "B 座"})


def test_what_lacks_a_place_goes_where_only_one_fits() -> None:
    """One open incident of its organization and cause: there; two: it stands alone, and people merge."""
    here, there = incident(place="A 座"), incident("INC-2026-0002", place="B 座", findings=("F-0008",))

    assert [("join", "INC-2026-0001", ("F-0002",))] == told([finding("F-0002")], [here], {})
    assert [("open", "", ("F-0002",))] == told([finding("F-0002")], [here, there], {})


def test_what_lacks_an_organization_goes_by_place() -> None:
    """Not by cause alone: with neither organization nor place it never joins another's."""
    here = incident(place="A 座")

    assert [("join", "INC-2026-0001", ("F-0002",))] == told([finding("F-0002", organization="")], [here], {"F-0002": "A 座"})
    assert [("open", "", ("F-0002",))] == told([finding("F-0002", organization="")], [here], {})
    two = [finding("F-0001"), finding("F-0002", organization="")]
    assert [("open", "", ("F-0001", "F-0002"))] == told(two, [], {"F-0001": "A 座", "F-0002": "A 座"})


def test_what_names_more_never_joins_what_names_less() -> None:
    """An incident of nobody in a shared building does not swallow those of everybody there."""
    nobody = incident(organization="", place="A 座")

    assert [("open", "", ("F-0002",))] == told([finding("F-0002")], [nobody], {"F-0002": "A 座"})
    assert [("open", "", ("F-0002",))] == told([finding("F-0002")], [incident()], {"F-0002": "A 座"})


def test_the_reason_names_what_was_compared() -> None:
    """In both languages, with the place and the incident."""
    speak("zh")
    joined, opened = (fold([finding("F-0002")], known, LAW, {"F-0002": "A 座"})[0] for known in ([incident(place="A 座")], []))
    assert "单位、起因、地点（A 座）与未结的 INC-2026-0001 相同" == joined.reason
    assert "F-0002 级别为高，没有单位、起因、地点（A 座）都相同的未结事件" == opened.reason
    speak("en")
    assert "same organization, cause and place (A 座) as INC-2026-0001, which is open" == joined.reason


def test_labelled_findings_fold_by_their_events(tmp_path: Path) -> None:
    """Precision and recall of pairs on a small city with every hard case; the benchmark has 10,000 findings."""
    desk = Desk(configuration(tmp_path, f"sqlite:///{tmp_path / 'netops.db'}"), lambda: START, "test")
    count, labels, found = run(desk, 8, 2, seed=3, triages=2)
    precision, recall = pairs(labels, found)

    assert count > 100
    assert precision >= 0.99
    assert recall >= 0.95
    assert {Plane.EXTRANET} == {one.plane for one in casebook.listed(desk.store)}
