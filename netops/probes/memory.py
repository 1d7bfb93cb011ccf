"""What agents were found to bear, kept from one walk to the next."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Column, Integer, String, Table, bindparam, select

from netops.core.plane import Plane
from netops.core.prepared import Prepared
from netops.core.store import Instant, Json, Store, metadata
from netops.probes.habits import Habit, Habits

habits = Table(
    "probe_habits",
    metadata,
    Column("plane", String(8), primary_key=True),
    Column("address", String(255), primary_key=True),
    Column("credential", String(64), nullable=False),
    Column("engine", String(16), nullable=False),
    Column("variables", Integer, nullable=False),
    Column("columns", Integer, nullable=False),
    Column("good", Integer, nullable=False),
    Column("avoid", Json, nullable=False),
    Column("learned_at", Instant, nullable=False),
)
_FORGET = Prepared(
    habits.delete().where(habits.c.plane == bindparam("plane"), habits.c.address == bindparam("address"))
)
_KEEP = Prepared(habits.insert())


def recall(store: Store) -> Habits:
    """Every agent's habit by plane and address."""
    with store.read() as connection:
        return {
            (Plane(row.plane), row.address): Habit(
                row.credential, row.engine, row.variables, row.columns, row.good, tuple(row.avoid)
            )
            for row in connection.execute(select(habits))
        }


def remember(store: Store, known: Habits, found: Habits, at: datetime) -> int:
    """Write down what differs from *known*; how many did."""
    rows = [
        {"plane": plane, "address": address, **_fields(habit), "learned_at": at}
        for (plane, address), habit in found.items()
        if known.get((plane, address)) != habit
    ]
    if rows:
        with store.write() as connection:
            _FORGET.many(connection, rows)
            _KEEP.many(connection, rows)
    return len(rows)


def _fields(habit: Habit) -> dict[str, Any]:
    return {name: getattr(habit, name) for name in habit.__struct_fields__}
