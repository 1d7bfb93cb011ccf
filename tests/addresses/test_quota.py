"""Quota: terminals by family, a block never larger than the terminals need, IPv6 by LANs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.addresses.quota import Use, excess, smallest, use
from netops.addresses.span import Span, parsed


@pytest.mark.parametrize(
    ("terminals", "before", "spans", "block", "over"),
    [
        (10, Use(), ("10.0.0.1-10.0.0.10",), False, 0),
        (10, Use(), ("10.0.0.1-10.0.0.11",), False, 1),
        (10, Use(7), ("10.0.0.1", "10.0.0.9-10.0.0.10"), False, 0),
        (10, Use(7), ("10.0.0.1", "10.0.0.9-10.0.0.11"), False, 1),
        (10, Use(), ("10.0.0.16/28",), True, 0),
        (10, Use(), ("10.0.0.32/27",), True, 22),
        (14, Use(), ("10.0.0.32/27",), True, 0),
        (10, Use(10), ("10.0.0.16/28",), True, 16),
        (1, Use(), ("2001:db8::/64",), True, 0),
        (3, Use(0, 1), ("2001:db8::/62",), True, 2),
        (5, Use(5), ("2001:db8::1",), False, 0),
        (0, Use(), ("10.0.0.1",), False, 1),
    ],
)
def test_what_goes_over(terminals: int, before: Use, spans: tuple[str, ...], block: bool, over: int) -> None:
    """Single addresses one each, the smallest sufficient block is never too much, a /64 is one LAN; families do not add up."""
    assert over == excess(terminals, before, map(parsed, spans), block=block)


@given(st.integers(1, 5000))
def test_the_smallest_block_holds_its_terminals_and_edges(terminals: int) -> None:
    """Network, broadcast and gateway fit too; half of it would not hold them."""
    assert smallest(terminals) // 2 < terminals + 3 <= smallest(terminals)


@given(st.lists(st.tuples(st.integers(0, 1 << 100), st.integers(0, 1 << 70)), max_size=5))
def test_what_is_given_and_returned_counts_the_same(pairs: list[tuple[int, int]]) -> None:
    """The use of spans is the sum of theirs: so counters come back to nothing."""
    spans = [Span(first, first + more) for first, more in pairs]
    total = use(spans)
    for span in spans:
        total -= use([span])

    assert Use() == total
