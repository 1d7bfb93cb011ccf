"""The journal: one chain, and any changed byte is found."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from netops.core import journal
from netops.core.clock import CITY_ZONE, Clock, still
from netops.core.store import Store


def fill(store: Store, clock: Clock, count: int) -> None:
    for number in range(count):
        with journal.act(store, "王工", clock) as act:
            act.record("test", f"subject {number}", why="为了测试", before=None, after={"n": number})


def test_an_untouched_chain_verifies(store: Store, clock: Clock) -> None:
    """Every entry follows from the one before, on both engines."""
    fill(store, clock, 5)

    result = journal.verify(store)

    assert (5, 0) == (result.entries, result.broken)
    assert result.head == journal.head(store)


def test_a_clock_of_another_zone_verifies_too(store: Store) -> None:
    """
    时钟走哪个时区都行：日志一律记成世界时，读回来照样校验得通。
    """
    fill(store, still(datetime(2026, 11, 30, 20, 0, tzinfo=CITY_ZONE)), 2)

    assert 0 == journal.verify(store).broken
    assert datetime(2026, 11, 30, 12, 0, tzinfo=UTC) == journal.log(store)[0].at


@pytest.mark.parametrize(
    ("statement", "broken"),
    [
        ("UPDATE journal SET why = 'x' WHERE seq = 3", 3),
        ("UPDATE journal SET after = '{\"n\":9}' WHERE seq = 2", 2),
        ("UPDATE journal SET at = at + 1 WHERE seq = 4", 4),
        ("DELETE FROM journal WHERE seq = 1", 2),
        ("UPDATE journal SET sm3 = 'ff' WHERE seq = 5", 5),
        ("UPDATE journal SET after = '{' WHERE seq = 5", 5),
    ],
)
def test_any_change_is_found_at_its_entry(store: Store, clock: Clock, statement: str, broken: int) -> None:
    """The first entry that does not verify is named."""
    fill(store, clock, 5)
    with store.write() as connection:
        connection.execute(text(statement.replace(":", "\\:")))

    assert broken == journal.verify(store).broken


def test_an_act_that_fails_leaves_nothing(store: Store, clock: Clock) -> None:
    """The transaction and its entry go together."""
    with pytest.raises(RuntimeError), journal.act(store, "a", clock) as act:
        act.record("test", "s")
        raise RuntimeError

    assert journal.log(store) == []


def test_an_act_without_an_entry_is_a_defect(store: Store, clock: Clock) -> None:
    """Nothing is decided without saying so."""
    with pytest.raises(AssertionError), journal.act(store, "a", clock):
        pass


def test_a_refused_act_leaves_nothing_open(store: Store) -> None:
    """Who keeps the act, or its error, does not keep others from writing on the same connection."""

    def write(subject: str) -> None:
        with journal.act(store, "乙") as other:
            other.record("test", subject)

    write("first")
    with pytest.raises(ValueError, match="refused"), journal.act(store, "甲") as act:
        raise ValueError("refused")
    with store.read() as connection:
        connection.execute(text("SELECT 1"))
        write("on another connection")
    write("on the first")
    write("on the other")
    assert act.entries == []
    assert (4, 0) == (journal.verify(store).entries, journal.verify(store).broken)
