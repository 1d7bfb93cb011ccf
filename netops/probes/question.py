"""Questions to an SNMP agent and its answers (RFC 3416), several columns of tables in one GETBULK. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from netops.core.walk import Column, Index, Value
from netops.probes.ber import (
    GETBULK,
    NULL,
    OBJECT,
    SEQUENCE,
    Reader,
    integer,
    named,
    oid_body,
    parse_index,
    parse_oid,
    parse_value,
    tlv,
)

VALUE_OCTETS = 1024
"""Octets kept of one value."""
_NULL = bytes((NULL, 0))


class Cursor:
    """
    How far one column was read.

    Attributes:
        rows: what was read, by row index; the indexes increase.
        ended: the column has no more rows, or none that can be read.
        stuck: it ended because a row did not lie after the one before it.
        garbled: how many values were none, and were left out.
    """

    __slots__ = ("base", "column", "ended", "garbled", "last", "row", "rows", "stuck", "width")

    def __init__(self, column: str) -> None:
        self.column = column
        self.base = named(column)
        self.width = len(self.base)
        self.row = b""
        self.last: Index = ()
        self.rows: Column = {}
        self.ended = self.stuck = False
        self.garbled = 0

    @property
    def next(self) -> bytes:
        """The name to ask for: what comes after it is wanted."""
        return self.base + self.row

    def put(self, index: Index, value: Value | None) -> None:
        """One row that lies under the column; a row that does not come after the last one ends it."""
        if index <= self.last:
            self.ended = self.stuck = True
            return
        self.last, self.row = index, oid_body(index)
        if value is not None:
            self.rows[index] = value


class Answer(NamedTuple):
    """A response: its PDU, request id, error status and index, and where in the octets its variables stand."""

    kind: int
    request: int
    status: int
    place: int
    octets: bytes
    start: int
    end: int


def question(kind: int, request: int, names: Iterable[bytes], repetitions: int = 0) -> bytes:
    """A GET, GETNEXT, or a GETBULK of so many *repetitions*, as a PDU; *names* as they are encoded."""
    asked = b"".join([tlv(SEQUENCE, tlv(OBJECT, name) + _NULL) for name in names])
    second = repetitions if kind == GETBULK else 0
    return tlv(kind, integer(request) + b"\x02\x01\x00" + integer(second) + tlv(SEQUENCE, asked))


def answered(octets: bytes, start: int = 0, end: int | None = None) -> Answer:
    """
    Read the PDU that stands there.

    Raises:
        ValueError: it is none, or is cut short.
    """
    holder = Reader(octets, start, end)
    kind, start, end = holder.take()
    if kind & 0xF0 != 0xA0:
        raise ValueError("no PDU")
    pdu = Reader(octets, start, end)
    request, status, place = pdu.number(), pdu.number(), pdu.number()
    _, start, end = pdu.take(SEQUENCE)
    return Answer(kind, request, status, place, octets, start, end)


def variables(answer: Answer) -> Iterable[tuple[bytes, Value | None]]:
    """
    Each variable of an answer: its encoded name, and its value or None.

    Raises:
        ValueError: one is cut short or malformed.
    """
    among = Reader(answer.octets, answer.start, answer.end)
    while among.at < among.end:
        one = among.into(SEQUENCE)
        name = one.body(OBJECT)
        tag, start, end = one.take()
        if end != one.end:
            raise ValueError("something behind a value")
        yield name, parse_value(tag, answer.octets[start:end], VALUE_OCTETS)


def advance(answer: Answer, cursors: Sequence[Cursor], indexes: dict[bytes, Index]) -> int:
    """
    Put the variables of a GETBULK's answer into the columns that it asked for, in their order.

    A variable must come after the name that was asked (RFC 3416 §4.2.3). Among several columns one that does not is
    told of, as the agent may have answered for another column; of a single column it is the end.

    Args:
        indexes: row indexes that were read before, by their octets; grows.

    Returns:
        How many variables there were.

    Raises:
        ValueError: one is cut short or malformed; the rows before it are kept.
    """
    octets, at, end = answer.octets, answer.start, answer.end
    width, place, count, left = len(cursors), 0, 0, len(cursors)
    before: bytes = b""
    index: Index = ()
    number = int.from_bytes
    try:
        while at < end:
            cursor = cursors[place]
            place += 1
            if place == width:
                place = 0
            count += 1
            # One variable is SEQUENCE { OBJECT IDENTIFIER, value }: three heads, each mostly of two octets.
            size = octets[at + 1]
            if octets[at] != 0x30:
                raise ValueError("no variable where one belongs")
            at += 2
            if size > 127:
                at, size = _long(octets, at, size)
            stop = at + size
            if stop > end or octets[at] != 6:
                raise ValueError("a variable without a name")
            size = octets[at + 1]
            name = at + 2
            if size > 127:
                name, size = _long(octets, name, size)
            tail = name + size
            tag, size = octets[tail], octets[tail + 1]
            at = tail + 2
            if size > 127:
                at, size = _long(octets, at, size)
            if at + size != stop:
                raise ValueError("a value that does not end where its variable ends")
            if cursor.ended:
                at = stop
                continue
            if tag != 0x82 and octets.startswith(cursor.base, name, tail):
                # Columns side by side mostly answer for the same row.
                row = octets[name + cursor.width : tail]
                if row != before:
                    known = indexes.get(row)
                    if known is None:
                        known = indexes[row] = parse_index(row)
                    before, index = row, known
                if index > cursor.last:
                    cursor.last, cursor.row = index, row
                    if tag == 4:
                        cursor.rows[index] = (
                            octets[at:stop] if size < VALUE_OCTETS else octets[at : at + VALUE_OCTETS]
                        )
                    elif tag == 2 and 0 < size < 9:
                        cursor.rows[index] = number(octets[at:stop], "big", signed=True)
                    elif 0x41 <= tag <= 0x43 and size < 9:
                        cursor.rows[index] = number(octets[at:stop], "big")
                    elif (value := _value(tag, octets[at:stop], cursor)) is not None:
                        cursor.rows[index] = value
                    at = stop
                    continue
            if not (tag == 0x82 or parse_oid(octets[name:tail]) > parse_oid(cursor.next)):
                if width > 1:
                    raise ValueError("what comes before the question, or belongs to another one")
                cursor.stuck = True
            cursor.ended = True
            left -= 1
            if not left:
                return count
            at = stop
    except IndexError:
        raise ValueError("it ends early") from None
    return count


def _value(tag: int, body: bytes, cursor: Cursor) -> Value | None:
    try:
        return parse_value(tag, body, VALUE_OCTETS)
    except ValueError:
        cursor.garbled += 1
        return None


def _long(octets: bytes, at: int, first: int) -> tuple[int, int]:
    """Where a body starts whose length does not fit the first octet, and that length."""
    count = first & 0x7F
    if not 0 < count <= 4:
        raise ValueError("a length of no octets, or of more than four")
    return at + count, int.from_bytes(octets[at : at + count], "big")


def dotted(name: bytes) -> str:
    """An encoded name as people write it."""
    return ".".join(map(str, parse_oid(name)))
