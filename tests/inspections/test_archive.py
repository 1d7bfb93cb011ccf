"""The archive: every answer stays, acts are journaled, and what the law of the house says of overdue items."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.core import docket, journal
from netops.core.clock import Clock, still
from netops.core.errors import Missing, NetopsError
from netops.core.finding import Conclusion
from netops.core.organization import Level, Officer, Organization
from netops.core.plane import Plane
from netops.core.store import Store
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.catalogue import Catalogue, load
from netops.inspections.checklist import kinds_of, lines
from netops.inspections.facts import Facts, Kind
from netops.inspections.inspection import Inspection, Party, sentence
from netops.inspections.rules import RULES, Followed

DATA = Path(__file__).parents[1] / "data" / "inspections"
BODY = Organization("fin", "示例市财政局", security_officer=Officer("李四", "", "2026-10-01"))


@pytest.fixture
def catalogue() -> Catalogue:
    """Four items: one mixed, one automatic, one manual, one for counties."""
    return load(DATA / "good", "own")


def facts(clock: Clock, body: Organization = BODY) -> Facts:
    return Facts(organization=body, kinds=kinds_of(body), at=clock(), version=1, kept=frozenset({"protection_level"}))


def opened(store: Store, clock: Clock, catalogue: Catalogue, body: Organization = BODY) -> Inspection:
    with journal.act(store, "王工", clock) as act:
        number = archive.open_(act, catalogue, body.code)
        archive.record_machine(act, number, lines(catalogue, facts(clock, body)))
    return archive.one(store, number)


def test_an_inspection_comes_back_as_it_was_put_in(store: Store, clock: Clock, catalogue: Catalogue) -> None:
    """Number, catalogue with its version, answers with evidence that is in the store, on both engines."""
    inspection = opened(store, clock, catalogue)

    assert ("IS-2026-0001", "fin", catalogue) == (
        inspection.number,
        inspection.organization,
        inspection.catalogue,
    )
    assert ["conform", "nonconform", "unchecked", "not_applicable"] == [
        inspection.result(item) for item in catalogue.items
    ]
    answer = inspection.by(catalogue.items[1], Party.MACHINE)
    assert answer is not None
    (piece,) = docket.pieces(store, answer.judgement.evidence)
    assert ("check protection_level", "nonconform") == (piece.source, piece.body["result"])


def test_nobody_overwrites_anybody(store: Store, clock: Clock, catalogue: Catalogue) -> None:
    """Machine, inspector and department stand side by side; the inspector's counts, and every earlier answer is kept."""
    inspection = opened(store, clock, catalogue)
    for party, result, note in (
        (Party.DEPARTMENT, Result.CONFORM, "已定级，正在备案"),
        (Party.INSPECTOR, Result.PARTIAL, "见定级报告"),
        (Party.INSPECTOR, Result.CONFORM, "见备案证明"),
    ):
        with journal.act(store, "张工", clock) as act:
            archive.fill(act, archive.one(store, inspection.number), "A27-2", party, result, note)

    after = archive.one(store, inspection.number)
    item = catalogue.items[1]
    said = {party: answer.judgement.result for party in Party if (answer := after.by(item, party))}
    assert {
        Party.MACHINE: Result.NONCONFORM,
        Party.INSPECTOR: Result.CONFORM,
        Party.DEPARTMENT: Result.CONFORM,
    } == said
    assert (Result.CONFORM, True) == (after.result(item), after.contested(item))
    assert ["nonconform", "conform", "partial", "conform"] == [
        one.judgement.result for one in after.answers if one.item == "A27-2"
    ]
    assert journal.verify(store).broken == 0
    assert ["inspect fill inspector"] == [journal.log(store, 1)[0].verb]


def test_the_machine_adds_only_what_it_says_otherwise(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """The same again leaves one answer; another one stands beside the first."""
    inspection = opened(store, clock, catalogue)
    mended = msgspec.structs.replace(BODY, protection_level=2)
    later = still(clock() + timedelta(days=1))

    assert [] == archive.changed(inspection, lines(catalogue, facts(later)))
    changed = archive.changed(inspection, lines(catalogue, facts(later, mended)))

    assert ["A27-2"] == [line.item.id for line in changed]
    with journal.act(store, "timetable", later) as act:
        archive.record_machine(act, inspection.number, changed)
    after = archive.one(store, inspection.number)
    assert (Result.CONFORM, 5) == (after.result(catalogue.items[1]), len(after.answers))
    assert later() == after.checked_at


def test_a_person_who_contradicts_the_machine_says_why(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """Without a note nothing is kept; an item that is not there is named."""
    inspection = opened(store, clock, catalogue)
    before = journal.head(store)

    for item, note, error in (
        ("A27-2", " ", NetopsError),
        ("Z9-9", "x", Missing),
        ("A12-3", "长" * 5000, NetopsError),
    ):
        with pytest.raises(error), journal.act(store, "张工", clock) as act:
            archive.fill(act, inspection, item, Party.INSPECTOR, Result.CONFORM, note)

    assert before == journal.head(store)
    assert inspection == archive.one(store, inspection.number)


def test_progress_counts_what_binds_the_organization(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """The county's item is not counted; mixed and manual items wait for an inspector."""
    progress = opened(store, clock, catalogue).progress()

    assert (3, 2, 2) == (progress.total, progress.answered, progress.to_confirm)


def test_the_catalogue_is_kept_once_and_the_standing_inspection_is_found(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """Another version of the catalogue is another inspection."""
    first = opened(store, clock, catalogue)
    newer = msgspec.structs.replace(catalogue, head=msgspec.structs.replace(catalogue.head, version="2"))

    assert archive.standing(store, "fin", newer) is None
    second = opened(store, clock, newer)

    assert (first, second) == (
        archive.standing(store, "fin", catalogue),
        archive.standing(store, "fin", newer),
    )
    assert [second] == archive.latest(store)
    assert ["IS-2026-0001", "IS-2026-0002"] == [
        one.number for one in archive.listed(store, organization="fin")
    ]


def test_who_was_inspected_is_who_an_inspector_answered_for(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """A machine's answer is no visit."""
    inspection = opened(store, clock, catalogue)
    assert {} == archive.inspected(store)

    with journal.act(store, "张工", clock) as act:
        archive.fill(act, inspection, "A12-3", Party.INSPECTOR, Result.CONFORM, "")

    assert {"fin": clock()} == archive.inspected(store)


def test_an_item_beyond_its_term_is_a_finding_until_it_is_mended(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """Fifteen days for severity high; on the sixteenth IS-001 stands, and it goes with the answer."""
    inspection = opened(store, clock, catalogue)
    rule = RULES["IS-001"]

    def told(one: Inspection, days: int) -> list[Conclusion]:
        return list(rule(Followed(at=clock() + timedelta(days=days), inspections=(one,))))

    assert [] == told(inspection, 15)
    (conclusion,) = told(inspection, 16)

    assert ("fin", Plane.EXTRANET, "A27-2") == (
        conclusion.organization,
        conclusion.plane,
        conclusion.facts["item"],
    )
    assert rule.because.format(**conclusion.facts)
    with journal.act(store, "张工", clock) as act:
        archive.fill(act, inspection, "A27-2", Party.INSPECTOR, Result.CONFORM, "见备案证明")
    assert [] == told(archive.one(store, inspection.number), 16)


def test_what_an_organization_is(clock: Clock) -> None:
    """Counties are no departments; the platform's body stands for the authority unless one is named."""
    platform = Organization("centre", "信息中心", platform=True)

    assert {Kind.COUNTY} == kinds_of(Organization("x", "某县", county=True))
    assert {Kind.DEPARTMENT, Kind.PLATFORM, Kind.AUTHORITY} == kinds_of(platform)
    assert set() == kinds_of(Organization("prov", "省", level=Level.PROVINCE))
    assert {Kind.DEPARTMENT, Kind.PLATFORM} == kinds_of(platform, {"office"})
    assert {Kind.DEPARTMENT, Kind.AUTHORITY} == kinds_of(Organization("office", "某办"), {"office"})


def test_a_reason_of_another_version_is_shown_as_it_stands(
    store: Store, clock: Clock, catalogue: Catalogue
) -> None:
    """A place that has no fact, or braces that are none, never break the list."""
    answer = opened(store, clock, catalogue).answers[0].judgement

    for reason in ("{nothing} is there", "{", "{0}"):
        assert reason == sentence(msgspec.structs.replace(answer, reason=reason))
