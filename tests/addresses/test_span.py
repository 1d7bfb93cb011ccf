"""Spans: text and numbers, aligned blocks, best fit."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.addresses.span import Span, carve, fit, number, parsed, shown

TEXTS = [
    "10.20.11.1",
    "10.20.11.0/24",
    "10.20.11.1-10.20.11.63",
    "2001:db8::/32",
    "0.0.0.0/0",
    "2001:db8::1-2001:db8::9",
]


@pytest.mark.parametrize("text", TEXTS)
def test_canonical_text_comes_back(text: str) -> None:
    """What is canonical stays as it is written."""
    assert text == str(parsed(text))


@pytest.mark.parametrize(
    "text",
    [
        "010.1.2.3",
        "10.1",
        "10.0.0.1/24",
        "10.0.0.9-10.0.0.1",
        "10.0.0.1-2001:db8::1",
        "x",
        "",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/２４",
        "１.2.3.4",
    ],
)
def test_what_is_no_span_is_refused(text: str) -> None:
    """Leading zeros, short forms, host bits, reversed ranges and mixed families are no spans."""
    with pytest.raises(ValueError):
        parsed(text)


def test_the_largest_block_of_a_crooked_span() -> None:
    """Of .1 to .254 the largest aligned block is a /26 (64 to 127), as .0 and .255 are missing."""
    assert 6 == fit(parsed("10.0.0.1-10.0.0.254"))


def test_carve_leaves_the_large_block_whole() -> None:
    """A /26 comes out of the /26 at the end, so the /25 stays whole for a bigger need."""
    assert "10.0.0.128/26" == str(carve(parsed("10.0.0.0-10.0.0.191"), 6))


@given(st.integers(0, 5000), st.integers(0, 5000))
def test_fit_and_blocks_agree(a: int, b: int) -> None:
    """The blocks tile the span, are aligned, and the largest of them is what `fit` says."""
    span = Span(min(a, b), max(a, b))
    blocks = list(span.blocks())

    assert all(start % (1 << size) == 0 for start, size in blocks)
    assert sorted(
        span_address for start, size in blocks for span_address in range(start, start + (1 << size))
    ) == list(range(span.first, span.last + 1))
    assert max(size for _, size in blocks) == fit(span)


@given(st.integers(0, (1 << 128) - 1))
def test_every_address_has_one_text(value: int) -> None:
    """Text and number are each other's inverse over the whole space."""
    assert value == number(shown(value))
