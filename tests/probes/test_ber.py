"""BER elements: what is written is read, and what is not BER is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.probes.ber import (
    ADDRESS,
    COUNTER,
    INTEGER,
    OBJECT,
    OCTETS,
    SEQUENCE,
    Reader,
    integer,
    named,
    oid,
    oid_body,
    parse_index,
    parse_oid,
    parse_value,
    tlv,
)


@given(st.integers(-(2**63), 2**63 - 1))
def test_numbers_come_back(value: int) -> None:
    """Any number of eight octets, and no octet more than it needs."""
    written = integer(value)

    assert value == Reader(written).number()
    assert value == parse_value(INTEGER, written[2:], 99)
    assert len(written) == 2 or written[2:4] not in (b"\0\0", b"\xff\xff")


@given(st.lists(st.integers(0, 2**32 - 1), max_size=60))
def test_identifiers_come_back(parts: list[int]) -> None:
    """Parts of any size, below a column or by themselves."""
    assert tuple(parts) == parse_index(oid_body(tuple(parts)))
    assert (1, 3, *parts) == parse_oid(oid((1, 3, *parts))[2 if len(oid_body((43, *parts))) < 128 else 3 :])
    assert named(".".join(map(str, (1, 3, *parts)))) == oid_body((43, *parts))


@given(st.binary(max_size=300))
def test_elements_of_any_length_come_back(body: bytes) -> None:
    """Short and long forms of a length."""
    assert body == Reader(tlv(OCTETS, body)).body()


@pytest.mark.parametrize(
    "octets",
    [
        b"",
        b"\x30",
        b"\x30\x05",
        b"\x30\x80\0\0",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x85\0\0\0\0\0",
        b"\x30\xff",
        b"\x02\x01\x01",
    ],
    ids=["nothing", "a tag", "cut short", "no length", "negative", "five octets", "127 octets", "another"],
)
def test_lengths_that_cannot_be_are_refused(octets: bytes) -> None:
    """Indefinite, negative, larger than the datagram: never followed."""
    with pytest.raises(ValueError):
        Reader(octets).into(SEQUENCE)


@pytest.mark.parametrize(
    ("tag", "body", "value"),
    [
        (COUNTER, b"\xff\xff\xff\xff", 2**32 - 1),
        (INTEGER, b"", 0),
        (ADDRESS, b"\xc0\0\2\1", "192.0.2.1"),
        (ADDRESS, b"\xc0", b"\xc0"),
        (OCTETS, b"x" * 65000, b"x" * 99),
        (OBJECT, b"\x2b\x06\x01", "1.3.6.1"),
        (0x81, b"", None),
    ],
)
def test_values_as_agents_send_them(tag: int, body: bytes, value: object) -> None:
    """A counter without its leading zero is not negative, an address of one octet is octets, long text is cut."""
    assert value == parse_value(tag, body, 99)


@pytest.mark.parametrize(
    ("tag", "body"),
    [
        (INTEGER, b"\x01" * 10),
        (COUNTER, b"\x01" * 10),
        (OBJECT, b"\x2b" + b"\xff" * 8),
        (OBJECT, b"\x2b" * 200),
        (0x30, b""),
        (0x1F, b""),
    ],
)
def test_values_that_are_none_are_refused(tag: int, body: bytes) -> None:
    """Numbers of ten octets, identifiers cut short or of 200 parts, tags that SNMP does not have."""
    with pytest.raises(ValueError):
        parse_value(tag, body, 99)
