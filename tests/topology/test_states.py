"""What is kept of parts: any past time as it was, however many pieces it lies in; on both engines."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from netops.core.store import Store
from netops.topology import states
from tests.topology.city import EXTRANET, NOON

HOUR = timedelta(hours=1)


def kept(store: Store, part: str) -> int:
    query = select(func.count()).select_from(states.states).where(states.states.c.part == part)
    with store.read() as connection:
        return connection.execute(query).scalar() or 0


def test_every_hour_of_a_long_past_is_as_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Across many closed pieces, and at times between the walks."""
    monkeypatch.setattr(states, "MAX_PIECE", 300)
    wild = random.Random(3)
    rows: list[dict[str, Any]] = [{"name": f"ge{n}", "if_index": n} for n in range(1, 25)]
    told = []
    for hour in range(60):
        rows = [{**row, "oper_up": True} if wild.random() < 0.2 else {k: row[k] for k in ("name", "if_index")}
                for row in rows]  # fmt: skip
        if wild.random() < 0.2:
            rows = [*rows[1:], {"name": f"new{hour}", "if_index": 100 + hour}]
        told.append(rows)
        with store.write() as connection:
            states.put(connection, EXTRANET, "sw", {"interfaces": rows}, NOON + hour * HOUR)

    assert kept(store, "interfaces") > 5
    with store.read() as connection:
        for hour, body in enumerate(told):
            at = NOON + hour * HOUR + HOUR / 2
            assert body == states.at(connection, EXTRANET, at)[EXTRANET, "sw"]["interfaces"]
        assert told[-1] == states.at(connection, None, None)[EXTRANET, "sw"]["interfaces"]
        assert {} == states.at(connection, None, NOON - HOUR)
    unrolled = list(states.history(store, EXTRANET, "sw"))
    changed = [body for before, body in zip([None, *told], told, strict=False) if body != before]
    assert changed[::-1] == [one.body for one in unrolled]
    assert [one.since for one in unrolled[:-1]] == [one.until for one in unrolled[1:]]


def test_nothing_is_written_when_nothing_changed(store: Store) -> None:
    """A year of walks of a device that stays as it is, is one row."""
    for hour in range(5):
        with store.write() as connection:
            states.put(
                connection, EXTRANET, "sw", {"system": {"name": "sw"}, "vlans": []}, NOON + hour * HOUR
            )

    assert (1, 1) == (kept(store, "system"), kept(store, "vlans"))
    assert [NOON, NOON] == [one.since for one in states.history(store, EXTRANET, "sw")]


def test_what_passes_has_no_past(store: Store) -> None:
    """ARP and forwarding tables stand as they are now."""
    for hour in range(3):
        with store.write() as connection:
            states.put(
                connection, EXTRANET, "sw", {"fdb": [{"mac": f"02:00:00:00:00:0{hour}"}]}, NOON + hour * HOUR
            )

    with store.read() as connection:
        assert {} == states.at(connection, None, NOON)
        assert 1 == len(states.at(connection, None, NOON + 2 * HOUR)[EXTRANET, "sw"]["fdb"])
