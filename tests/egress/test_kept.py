"""What is kept of a flow comes back as it was, whatever an exporter sent."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from kept_flows import batch, judged, random_batch

from netops.egress.flows import JUDGED
from netops.egress.kept import KEPT, Register, batch_of, columns_of, width

EDGES = st.sampled_from([0, 1, (1 << 31) - 1, 1 << 31, (1 << 63) - 1])


def test_a_batch_survives_being_kept() -> None:
    """Every column that judging needs is the same afterwards, of both families."""
    one = random_batch(5000, v6=0.3)
    result, place = judged(one)
    register = Register()
    again = batch_of(columns_of(result, place, register, 7), register.names)

    for name in JUDGED:
        assert np.array_equal(one[name], again[name]), name
    assert [one.exporters[number] for number in one.exporter] == [
        again.exporters[number] for number in again.exporter
    ]


@given(
    st.sampled_from(["::", "0.0.0.0", "255.255.255.255", "::ffff:10.20.11.5", "::1", "2001:db8:20:11::5"]),
    EDGES,
    EDGES,
    EDGES,
)
def test_extreme_values_survive(src: str, first: int, last: int, count: int) -> None:
    """The unspecified addresses of both families differ, and lying clocks and counters come back as they lied."""
    one = batch(
        {
            "exporter": "10.20.255.2",
            "src": src,
            "dst": "203.0.113.9",
            "first": first,
            "last": last,
            "bytes": count,
        }
    )
    result, place = judged(one)
    register = Register()
    again = batch_of(columns_of(result, place, register, 1), register.names)

    for name in ("src_hi", "src_lo", "first", "last", "bytes"):
        assert one[name].tolist() == again[name].tolist(), name


@given(st.lists(st.integers(0, (1 << 64) - 1), min_size=1, max_size=5))
def test_no_column_is_made_too_narrow(values: list[int]) -> None:
    """The type that is chosen holds every value."""
    column = np.array(values, np.uint64)
    kind = width(np.dtype(np.uint64), column)

    assert values == (column if kind is None else column.astype(kind)).tolist()
    assert (kind is None) == (not any(values))


def test_names_keep_their_numbers() -> None:
    """A name learned later does not move those before it."""
    register = Register()
    first = register.exits(["a", "b"]).tolist()

    assert first == register.exits(["a", "b", "c"]).tolist()[:2]
    assert [1, 2] == first
    assert set(KEPT) >= {"verdict", "scene"}
