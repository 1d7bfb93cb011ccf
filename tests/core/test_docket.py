"""The docket: the same rule and subject never opens twice; silence about what was not seen proves nothing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import msgspec
import pytest
from alembic import command

from netops.core import docket, journal, ranked, tally
from netops.core.basis import Basis
from netops.core.clock import Clock
from netops.core.errors import Refused
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, State, rule
from netops.core.migrations import configuration
from netops.core.plane import Plane
from netops.core.store import Store
from tests.conftest import NOON


@rule("TP-901", "test_kind", Severity.HIGH, Basis(9), title="{who}", because="{who}")
def sample() -> list[Conclusion]:
    """What: a rule for tests."""
    return []


RULES: dict[str, Rule] = {"TP-901": sample}


def conclusion(device: str = "r1", minutes: int = 0, count: int = 1) -> Conclusion:
    """The rule about one device, some minutes after noon."""
    at = NOON + timedelta(minutes=minutes)
    piece = Evidence("snmp", device, "ifTable", {"n": minutes}, at)
    return Conclusion("TP-901", Plane.EXTRANET, {"device": device}, "fin", {"who": device}, (piece,), at, count)


def settle(store: Store, *conclusions: Conclusion, minutes: int = 0, blind: tuple[str, ...] = ()) -> docket.Settlement:
    """Settle the whole scope of the rule."""
    return docket.settle(store, RULES, conclusions, plane=Plane.EXTRANET, at=NOON + timedelta(minutes=minutes),
                         scope=RULES, blind=blind)


def test_the_same_subject_never_opens_twice(store: Store) -> None:
    """A million bad flows are one finding with its count, window and evidence."""
    for minute in range(3):
        settle(store, conclusion(minutes=minute, count=10), minutes=minute)

    (one,) = docket.listed(store)
    assert ("F-0001", 30, State.OPEN) == (one.id, one.count, one.state)
    assert timedelta(minutes=2) == one.last_seen - one.first_seen
    assert 3 == len(docket.pieces(store, one.evidence))


def test_an_answer_that_stays_the_same_is_kept_once(store: Store) -> None:
    """A standing finding does not fill the store with copies of its evidence."""
    piece = Evidence("snmp", "r1", "ifTable", {"n": 1}, NOON)
    for minute in range(5):
        later = msgspec.structs.replace(piece, at=NOON + timedelta(minutes=minute))
        settle(store, msgspec.structs.replace(conclusion(minutes=minute), evidence=(later,)), minutes=minute)

    assert (piece.id,) == docket.one(store, "F-0001").evidence


def test_what_is_gone_resolves_and_opens_again_under_its_number(store: Store) -> None:
    """A number is a history, not a sighting."""
    settle(store, conclusion())
    assert ("F-0001",) == settle(store, minutes=1).resolved

    again = settle(store, conclusion(minutes=2), minutes=2)

    assert ("F-0001",) == again.reopened
    assert State.REOPENED == docket.one(store, "F-0001").state


def test_silence_of_an_unseen_device_resolves_nothing(store: Store) -> None:
    """A half-seen network is never in order."""
    settle(store, conclusion("r1"), conclusion("r2"))

    assert ("F-0002",) == settle(store, minutes=1, blind=("r1",)).resolved


def test_an_accepted_finding_stays_accepted_until_its_day(store: Store, clock: Clock) -> None:
    """An expired exception counts as open."""
    settle(store, conclusion())
    with journal.act(store, "a", clock) as act:
        docket.move(act, "F-0001", State.ACCEPTED, "施工期间", "2026-11-21")

    settle(store, conclusion(minutes=60), minutes=60)
    assert State.ACCEPTED == docket.one(store, "F-0001").state
    settle(store, conclusion(minutes=60 * 48), minutes=60 * 48)
    assert State.REOPENED == docket.one(store, "F-0001").state


def test_a_resolved_finding_is_not_moved_by_hand(store: Store, clock: Clock) -> None:
    """It opens by being seen, not by being wished."""
    settle(store, conclusion())
    settle(store, minutes=1)

    with pytest.raises(Refused), journal.act(store, "a", clock) as act:
        docket.move(act, "F-0001", State.ACKNOWLEDGED, "")


def test_a_finding_is_found_by_what_its_subject_names(store: Store) -> None:
    """Whole texts only, at any depth, until the subject says otherwise; resolved ones stay out of the present."""
    ends = {"a": {"device": "core", "interface": "GE1"}, "b": {"device": "edge 二", "interface": "GE2"}}
    link = msgspec.structs.replace(conclusion("r1"), subject=ends, identity="link")
    settle(store, conclusion("r1"), conclusion("r10"), link)

    def named(*texts: str) -> list[str]:
        return [one.id for one in docket.naming(store, texts)]

    assert ["F-0001"] == named("r1")
    assert ["F-0003"] == named("edge 二")
    assert ["F-0001", "F-0003"] == named("core", "r1", "r")
    assert [] == named("device")
    settle(store, msgspec.structs.replace(link, subject={**ends, "a": {"device": "agg", "interface": "GE1"}}, at=NOON))
    assert [] == named("core", "r1")
    assert ["F-0003"] == named("agg")


def test_counts_are_those_of_the_findings(store: Store, clock: Clock) -> None:
    """Opened, moved, resolved, seen again: what is kept says the same as reading every finding."""

    def kept() -> dict[tuple[str, str], int]:
        found = tally.counted(store, by=("state", "organization"), state=())
        return {(one.state, one.organization): one.number for one in found}

    def read() -> dict[tuple[str, str], int]:
        return dict(Counter((str(one.state), one.organization) for one in docket.listed(store)))

    assert {} == kept()
    settle(store, conclusion("r1"), conclusion("r2"), conclusion("r3"))
    assert {("open", "fin"): 3} == kept()
    with journal.act(store, "a", clock) as act:
        docket.move(act, "F-0001", State.ACKNOWLEDGED, "")
    settle(store, conclusion("r1"), msgspec.structs.replace(conclusion("r2"), organization="edu"), minutes=1)
    assert {("acknowledged", "fin"): 1, ("open", "edu"): 1, ("resolved", "fin"): 1} == read() == kept()
    settle(store, conclusion("r3", minutes=2), minutes=2)
    assert read() == kept()
    assert {("extranet", "TP-901"): 1} == tally.open_counts(store)


def test_a_store_of_before_gets_its_names_and_counts(store_url: str) -> None:
    """The migration finds in every finding what the docket would have kept."""
    store = Store(store_url)
    store.prepare()
    ends = {"a": {"device": "core", "interface": "GE1"}, "b": {"device": "edge 二", "interface": "GE2"}}
    settle(store, conclusion("r1"), msgspec.structs.replace(conclusion("r2"), subject=ends))
    counted = tally.counted(store, by=tally.SHARED, state=())
    command.downgrade(configuration(store.engine), "0021")
    store.prepare()

    assert counted == tally.counted(store, by=tally.SHARED, state=())
    assert ["F-0001", "F-0002"] == [one.id for one in docket.naming(store, {"r1", "edge 二"})]
    store.close()


def test_a_page_of_findings_is_the_gravest_and_newest(store: Store) -> None:
    """Narrowed by rule, by organization, and by a text inside, in one order."""
    settle(store, *(conclusion(f"r{number}", minutes=number) for number in range(5)))

    def page(limit: int = 9, offset: int = 0, **narrowed: str) -> list[str]:
        return [one.id for one in ranked.page(store, limit, offset, **narrowed)]  # type: ignore[arg-type]

    assert ["F-0005", "F-0004"] == page(2)
    assert ["F-0003"] == page(1, 2, code="TP-")
    assert [] == page(code="EG-")
    assert ["F-0002"] == page(text="r1", severity="high")
    assert [] == page(text="r1", severity="low")
    assert [] == page(organization="edu")
