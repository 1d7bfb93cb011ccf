"""Several columns in one question: rows to their columns, ends, and answers that do not fit what was asked."""

from __future__ import annotations

import pytest

from netops.probes.ber import (
    END_OF_MIB_VIEW,
    INTEGER,
    OBJECT,
    OCTETS,
    RESPONSE,
    SEQUENCE,
    Oid,
    integer,
    oid,
    tlv,
)
from netops.probes.question import VALUE_OCTETS, Answer, Cursor, advance, answered

DESCR, KIND = "1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.2.2.1.3"
Row = tuple[Oid, bytes]


def column(text: str) -> Oid:
    return tuple(map(int, text.split(".")))


def said(*rows: Row) -> Answer:
    binds = b"".join(tlv(SEQUENCE, oid(name) + value) for name, value in rows)
    return answered(tlv(RESPONSE, integer(7) + integer(0) + integer(0) + tlv(SEQUENCE, binds)))


def descr(row: int) -> Row:
    return (*column(DESCR), row), tlv(OCTETS, b"port")


def kind(row: int) -> Row:
    return (*column(KIND), row), integer(6)


def two() -> list[Cursor]:
    return [Cursor(DESCR), Cursor(KIND)]


def test_rows_go_to_the_columns_that_asked() -> None:
    """Variables come in turns, and each column goes on from its own last row."""
    cursors = two()
    count = advance(said(descr(1), kind(1), descr(2), kind(300)), cursors, {})

    assert 4 == count
    assert [{(1,): b"port", (2,): b"port"}, {(1,): 6, (300,): 6}] == [one.rows for one in cursors]
    assert [oid((*column(DESCR), 2))[2:], oid((*column(KIND), 300))[2:]] == [one.next for one in cursors]


def test_a_column_ends_where_the_next_one_begins() -> None:
    """The first row of another column, or endOfMibView, ends one; the others go on."""
    cursors = two()
    advance(said(kind(1), kind(1), (column(DESCR), END_OF_MIB_VIEW), kind(2)), cursors, {})

    assert [True, False] == [one.ended for one in cursors]
    assert {(1,): 6, (2,): 6} == cursors[1].rows


def test_an_answer_for_the_wrong_column_is_told_of() -> None:
    """An agent that answers only the first name is no proof that the second column is empty."""
    cursors = two()
    with pytest.raises(ValueError):
        advance(said(descr(1), descr(2)), cursors, {})

    assert not cursors[1].ended


def test_a_row_again_ends_a_column_that_was_asked_alone() -> None:
    """OIDs that do not increase: the column is left, and says why."""
    cursor = Cursor(DESCR)
    advance(said(descr(1), descr(2), descr(2), descr(3)), [cursor], {})

    assert (True, True, {(1,), (2,)}) == (cursor.ended, cursor.stuck, set(cursor.rows))


def test_a_value_that_is_none_costs_its_row_only() -> None:
    """A number of 300 octets is counted and left out; the rows around it stay."""
    cursor = Cursor(KIND)
    advance(said(kind(1), ((*column(KIND), 2), tlv(INTEGER, b"\x01" * 300)), kind(3)), [cursor], {})

    assert ({(1,): 6, (3,): 6}, 1, False) == (cursor.rows, cursor.garbled, cursor.ended)


def test_long_text_is_cut() -> None:
    """64 KB of text keep their first octets."""
    cursor = Cursor(DESCR)
    advance(said(((*column(DESCR), 1), tlv(OCTETS, b"x" * 65000))), [cursor], {})

    assert {(1,): b"x" * VALUE_OCTETS} == cursor.rows


@pytest.mark.parametrize("cut", [1, 3, 9, 14, 17])
def test_a_cut_answer_is_refused_and_keeps_what_came_before(cut: int) -> None:
    """Truncation inside a variable, anywhere."""
    whole = said(descr(1), descr(2))
    cursor = Cursor(DESCR)
    with pytest.raises(ValueError):
        advance(Answer(RESPONSE, 7, 0, 0, whole.octets, whole.start, whole.end - cut), [cursor], {})

    assert {(1,): b"port"} == cursor.rows


def test_a_name_that_is_no_oid_is_refused() -> None:
    """A part above 2^32, and an identifier that ends inside a part."""
    base = oid(column(DESCR))[2:]
    for tail in (b"\xff\xff\xff\xff\xff\x7f", b"\x81"):
        bind = tlv(SEQUENCE, tlv(OBJECT, base + tail) + integer(1))
        answer = answered(tlv(RESPONSE, integer(7) + integer(0) + integer(0) + tlv(SEQUENCE, bind)))
        with pytest.raises(ValueError):
            advance(answer, [Cursor(DESCR)], {})
