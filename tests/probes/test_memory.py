"""What is remembered of agents: on both databases, only what changed, and never a secret."""

from __future__ import annotations

from sqlalchemy import text

from netops.core.clock import Clock
from netops.core.plane import Plane
from netops.core.store import Store
from netops.probes.habits import Habit, Habits
from netops.probes.memory import recall, remember

HERE, THERE = (Plane.EXTRANET, "192.0.2.1"), (Plane.INTRANET, "192.0.2.1:1161")


def test_habits_come_back_and_only_changes_are_written(store: Store, clock: Clock) -> None:
    """Two planes keep their own; a second time with nothing new writes nothing."""
    first: Habits = {
        HERE: Habit("v3", "native", 64, 12),
        THERE: Habit("", "pysnmp", 1, 1, 3, ("LLDP neighbours",)),
    }

    assert {} == recall(store)
    assert 2 == remember(store, {}, first, clock())
    assert first == recall(store)
    assert 0 == remember(store, recall(store), first, clock())

    changed = first | {HERE: Habit("v3", "native", 16, 12)}
    assert 1 == remember(store, recall(store), changed, clock())
    assert changed == recall(store)


def test_no_secret_is_kept(store: Store) -> None:
    """The table has no place for a community or a key."""
    with store.read() as connection:
        columns = set(connection.execute(text("SELECT * FROM probe_habits")).keys())

    assert {
        "plane",
        "address",
        "credential",
        "engine",
        "variables",
        "columns",
        "good",
        "avoid",
        "learned_at",
    } == columns
