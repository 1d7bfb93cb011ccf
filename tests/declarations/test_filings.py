"""Filings: every version and step is kept, and only what is allowed from a state happens."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from netops.core import journal
from netops.core.clock import Clock, still
from netops.core.errors import Missing, Refused
from netops.core.plane import Plane
from netops.core.store import Store
from netops.declarations import filings
from netops.declarations.declaration import (
    Declaration,
    DeclarationState,
    Equipment,
    RegisteredDeclaration,
    Statements,
)
from netops.declarations.review import Expected, review
from tests.conftest import NOON

AT_NOON = still(NOON)
STATED = Statements(
    "fin",
    Plane.EXTRANET,
    "办公网",
    "公文交换",
    5,
    (Equipment("sw-fin", "S5735", "10.20.11.2"),),
    "张工 0700-0000000",
    "2026-11-19",
)
EXPECTED = Expected({"fin"}, NOON.date())
PAPER = RegisteredDeclaration(
    "湘信接〔2025〕7号", "fin", "办公网", "公文交换", 5, allocated=("10.20.11.0/26",)
)


def submit(
    store: Store, stated: Statements = STATED, number: str = "", clock: Clock = AT_NOON
) -> Declaration:
    with journal.act(store, "王工", clock) as act:
        return filings.submit(act, stated, number)


def move(store: Store, number: str, *verbs: str, clock: Clock = AT_NOON) -> Declaration:
    for verb in verbs:
        with journal.act(store, "李主任", clock) as act:
            moved = filings.move(act, number, verb, "x")
    return moved


def adopt(store: Store, paper: RegisteredDeclaration, clock: Clock = AT_NOON) -> None:
    with journal.act(store, "test", clock) as act:
        act.record("inventory apply", "register")
        filings.adopt(act, paper)


def test_a_declaration_runs_its_course(store: Store) -> None:
    """Submitted, approved, connected, suspended, connected again, withdrawn: each step kept with who and when."""
    number = submit(store).number
    assert "DECL-2026-0001" == number

    move(store, number, "approve", "connect", "suspend", "connect", "withdraw")

    assert ["submitted", "approved", "connected", "suspended", "connected", "withdrawn"] == [
        step.state for step in filings.history(store, number)
    ]
    assert DeclarationState.WITHDRAWN is filings.one(store, number).state
    assert 6 == journal.verify(store).entries


@pytest.mark.parametrize(
    ("verbs", "refused"),
    [
        ((), "connect"),
        (("return",), "approve"),
        (("approve",), "approve"),
        (("withdraw",), "connect"),
        (("approve",), "return"),
    ],
)
def test_a_step_that_does_not_follow_is_refused(store: Store, verbs: tuple[str, ...], refused: str) -> None:
    """Refused with the states it may start from, and nothing is written."""
    number = submit(store).number
    move(store, number, *verbs) if verbs else None
    before = filings.history(store, number)

    with pytest.raises(Refused):
        move(store, number, refused)
    assert before == filings.history(store, number)


def test_a_mended_declaration_is_a_new_version(store: Store) -> None:
    """What was returned stays readable; only the newest waits for review."""
    number = submit(store).number
    move(store, number, "return")
    again = submit(store, msgspec.structs.replace(STATED, terminals=6), number)

    assert (2, DeclarationState.SUBMITTED, 6) == (again.version, again.state, again.terminals)
    assert [2] == [one.version for one in filings.listed(store)]
    assert [1, 2] == [one.version for one in filings.listed(store, every_version=True)]


def test_what_stands_goes_on_standing_until_the_change_is_approved(store: Store) -> None:
    """A supplementary declaration counts from its approval, the old one until then."""
    number = submit(store).number
    move(store, number, "approve", "connect")
    submit(store, msgspec.structs.replace(STATED, terminals=9), number)
    with store.read() as connection:
        assert 5 == filings.standing(connection, number).terminals

    move(store, number, "approve")

    with store.read() as connection:
        assert 9 == filings.standing(connection, number).terminals
    assert [9] == [one.terminals for one in filings.listed(store)]


def test_a_change_that_is_withdrawn_leaves_what_stood(store: Store) -> None:
    """Withdrawing moves the version that waits, not the one in force."""
    number = submit(store).number
    move(store, number, "approve", "connect")
    submit(store, msgspec.structs.replace(STATED, terminals=9), number)
    move(store, number, "withdraw")

    assert (1, DeclarationState.CONNECTED) == (
        filings.one(store, number).version,
        filings.one(store, number).state,
    )
    assert 3 == submit(store, STATED, number).version


def test_only_the_owner_changes_a_declaration(store: Store) -> None:
    """Another organization or plane, an unknown number, one that waits already: refused."""
    number = submit(store).number
    with pytest.raises(Refused):
        submit(store, STATED, number)
    move(store, number, "approve")
    with pytest.raises(Refused):
        submit(store, msgspec.structs.replace(STATED, organization="edu"), number)
    with pytest.raises(Missing):
        submit(store, STATED, "DECL-2026-0099")


def test_the_register_is_adopted_once_and_a_change_is_a_version(store: Store) -> None:
    """It arrives as connected; the same paper again changes nothing; a person's suspension is not undone by it."""
    adopt(store, PAPER)
    first = filings.listed(store)
    adopt(store, PAPER, still(NOON + timedelta(days=1)))
    assert first == filings.listed(store)
    assert DeclarationState.CONNECTED is first[0].state

    move(store, PAPER.number, "suspend")
    adopt(store, PAPER)
    assert DeclarationState.SUSPENDED is filings.one(store, PAPER.number).state

    adopt(store, msgspec.structs.replace(PAPER, terminals=8))
    assert (2, 8, DeclarationState.CONNECTED) == (
        filings.one(store, PAPER.number).version,
        filings.one(store, PAPER.number).terminals,
        filings.one(store, PAPER.number).state,
    )


def test_a_paper_that_leaves_the_register_is_withdrawn_and_may_come_back(store: Store) -> None:
    """Nothing is deleted; a paper that returns is a new version."""
    adopt(store, PAPER)
    with journal.act(store, "test", still(NOON)) as act:
        act.record("inventory apply", "register")
        filings.drop(act, PAPER)
    assert DeclarationState.WITHDRAWN is filings.one(store, PAPER.number).state

    adopt(store, PAPER)

    assert (2, DeclarationState.CONNECTED) == (
        filings.one(store, PAPER.number).version,
        filings.one(store, PAPER.number).state,
    )


def test_the_past_can_be_asked(store: Store) -> None:
    """As it stood on a day, and nothing before it was handed in."""
    number = submit(store).number
    move(store, number, "approve", clock=still(NOON + timedelta(days=2)))

    assert [DeclarationState.SUBMITTED] == [
        one.state for one in filings.listed(store, at=NOON + timedelta(days=1))
    ]
    assert [] == filings.listed(store, at=NOON - timedelta(days=1))


def test_a_declaration_that_does_not_stand_gives_no_ground(store: Store) -> None:
    """Submitted is not approved."""
    number = submit(store).number
    with store.read() as connection, pytest.raises(Refused):
        filings.standing(connection, number)


def test_the_review_asks_for_the_four_statements() -> None:
    """Each missing statement has its note; a complete one has none."""
    empty = Statements("nobody", Plane.EXTRANET, " ", "", 0)

    assert ["DC-005", "DC-001", "DC-002", "DC-003", "DC-004", "DC-007", "DC-008"] == [
        note.code for note in review(empty, EXPECTED)
    ]
    assert [] == review(STATED, EXPECTED)
    twice = msgspec.structs.replace(
        STATED, equipment=STATED.equipment * 2, terminals=10**7, date="2027-01-01"
    )
    notes = review(twice, EXPECTED)
    assert ["DC-009", "DC-006", "DC-008"] == [note.code for note in notes]
    assert all(note.text.format(**note.facts) for note in notes)
