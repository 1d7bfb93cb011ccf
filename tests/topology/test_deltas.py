"""The way back: exact, whatever changed, and small where little did."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from netops.topology import deltas
from tests.topology.city import NOON

FIELDS = st.dictionaries(
    st.sampled_from(["name", "if_index", "oper_up", "alias", "lag"]),
    st.one_of(st.integers(0, 5), st.booleans(), st.sampled_from(["", "ge1", "ge2", "ge3"])),
)
ROWS = st.lists(FIELDS, max_size=12)


@given(ROWS, ROWS)
def test_the_state_before_comes_back_exactly(old: list[Any], new: list[Any]) -> None:
    """Rows of one name, rows without one, another order: every row, in its order."""
    assert old == deltas.before(new, deltas.back("interfaces", old, new))


@given(FIELDS, FIELDS)
def test_one_object_comes_back_too(old: dict[str, Any], new: dict[str, Any]) -> None:
    """The system of a device."""
    assert old == deltas.before(new, deltas.back("system", old, new))


@given(st.lists(ROWS, min_size=1, max_size=8))
def test_every_state_is_unrolled_with_its_time(held: list[list[Any]]) -> None:
    """As many states as there were, newest first."""
    times = [NOON + timedelta(hours=place) for place in range(len(held))]
    steps = [
        (at, deltas.back("interfaces", old, new))
        for at, old, new in zip(times[1:], held, held[1:], strict=False)
    ]
    unrolled = list(deltas.states(held[-1], times[0], deltas.unpacked(deltas.packed(steps))))

    assert list(zip(times, held, strict=True))[::-1] == unrolled


def test_a_port_that_goes_down_costs_a_few_bytes() -> None:
    """Of a table of forty-eight."""
    table = [
        {"if_index": n, "name": f"GE0/0/{n}", "descr": f"GE0/0/{n}", "speed_bps": 10**9, "oper_up": True}
        for n in range(1, 49)
    ]
    down = [{**row, "oper_up": False} if row["if_index"] == 7 else row for row in table]
    flaps = [(NOON + timedelta(hours=n), deltas.back("interfaces", (table, down)[n % 2], (down, table)[n % 2]))
             for n in range(200)]  # fmt: skip

    assert len(msgspec.json.encode(flaps[0][1])) < 60
    assert len(deltas.packed(flaps)) / 200 < 20
