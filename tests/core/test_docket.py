"""The docket: the same rule and subject never opens twice; silence about what was not seen proves nothing."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from netops.core import docket, journal
from netops.core.basis import Basis
from netops.core.clock import Clock
from netops.core.errors import Refused
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion, Rule, Severity, State, rule
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
