"""The registers answer duties: from the store of either engine to the checklist, with the finding and the record behind it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from netops.core import docket, journal
from netops.core.clock import Clock
from netops.core.finding import State
from netops.core.plane import Plane
from netops.desk import Desk
from netops.inspections import archive
from netops.inspections.inspection import Party
from netops.registers import entries
from netops.registers.entry import Draft
from netops.rounds import inspect, register_check, registers
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
E = Plane.EXTRANET


@pytest.fixture
def desk(store_url: str, clock: Clock) -> Iterator[Desk]:
    """A city whose registers are empty, on each engine."""
    with small_city(store_url, clock) as desk:
        yield desk


@pytest.fixture
def city(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """It on SQLite alone, for what asks the store nothing new."""
    with small_city(f"sqlite:///{tmp_path / 'netops.db'}", clock) as desk:
        yield desk


def put(desk: Desk, kind: str, organization: str = "fin", **values: Any) -> str:
    """Enter a record; its number."""
    with journal.act(desk.store, desk.actor, desk.clock) as act:
        return entries.put(
            act, registers.kind(desk, kind), [Draft(kind, E, {"organization": organization, **values})], verb="add"
        ).numbers[0]


def answered(desk: Desk, organization: str = "fin") -> dict[str, tuple[str, str]]:
    """Item to result and sentence, of the organization's newest inspection."""
    inspect.run(desk, organization=organization)
    return {
        record["id"]: (str(record["answer"]), record["reason"])
        for record in archive.listed(desk.store, organization=organization)[-1].records()
    }


def test_a_register_answers_from_what_stands_in_it_now(desk: Desk) -> None:
    """Empty: 未检查. In order: 符合. A review after the approval: 不符合, with its finding once a round wrote it down."""
    assert "unchecked" == answered(desk)["A07-1"][0]
    good = put(desk, "projects", name="一体化平台", funding="public", review_on="2026-01-05", approval_on="2026-02-01")

    result, said = answered(desk)["A07-1"]
    assert ("conform", True) == (result, good in said)

    late = put(desk, "projects", name="电子证照", funding="public", review_on="2026-03-05", approval_on="2026-02-01")
    register_check.run(desk)
    result, said = answered(desk)["A07-1"]
    found = [one for one in docket.listed(desk.store, code="RG-109") if one.subject["record"] == late]
    standing = archive.listed(desk.store, organization="fin")[-1]
    item = standing.item("A07-1")
    assert item
    answer = standing.by(item, Party.MACHINE)
    assert answer

    assert ("partial", True) == (result, late in said)
    assert [one.id for one in found] == list(answer.judgement.findings)
    pieces = docket.pieces(desk.store, answer.judgement.evidence)
    check = next(piece for piece in pieces if piece.source == "check recorded")
    assert ("duty=A07-1" in check.query, f"{late} v1" in str(check.body["records"]), check.at) == (True, True, desk.clock())


def test_an_exception_covers_a_shortfall_until_its_day_only(city: Desk) -> None:
    """Accepted until a day to come: 部分符合 with that day; until a day that passed: it counts again."""
    put(city, "projects", name="一体化平台", funding="public", review_on="2026-03-05", approval_on="2026-02-01")
    register_check.run(city)
    finding = docket.listed(city.store, code="RG-109")[0]
    with journal.act(city.store, city.actor, city.clock) as act:
        docket.move(act, finding.id, State.ACCEPTED, "补审已受理", "2026-12-31")
    covered = answered(city)["A07-1"]
    with journal.act(city.store, city.actor, city.clock) as act:
        docket.move(act, finding.id, State.ACCEPTED, "补审已受理", "2026-10-31")

    assert ("partial", True) == (covered[0], "2026-12-31" in covered[1])
    assert "nonconform" == answered(city)["A07-1"][0]


def test_whoever_is_missing_in_a_register_that_is_kept_does_not_conform(city: Desk) -> None:
    """Nobody keeps it: 未检查. Another body does, and this one has no record that it must have: 不符合."""
    before = answered(city)["A27-3"][0]
    put(city, "protection", "centre", object="门户网站", level="2", filing_no="43-1", filed_on="2025-05-01",
        assessed_on="2026-05-01", open_high=0)  # fmt: skip

    assert ("unchecked", "nonconform") == (before, answered(city)["A27-3"][0])
    assert "conform" == answered(city, "centre")["A27-3"][0]
