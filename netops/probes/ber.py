"""BER (X.690), as far as SNMP needs it: elements written and read. Pure; no I/O."""

from __future__ import annotations

from functools import lru_cache

Oid = tuple[int, ...]
INTEGER, OCTETS, NULL, OBJECT, SEQUENCE = 0x02, 0x04, 0x05, 0x06, 0x30
ADDRESS, COUNTER, GAUGE, TICKS, OPAQUE, COUNTER64, UNSIGNED = 0x40, 0x41, 0x42, 0x43, 0x44, 0x46, 0x47
GET, GETNEXT, RESPONSE, SET, GETBULK, INFORM, TRAP, REPORT = 0xA0, 0xA1, 0xA2, 0xA3, 0xA5, 0xA6, 0xA7, 0xA8
NO_SUCH_OBJECT, NO_SUCH_INSTANCE, END_OF_MIB_VIEW = b"\x80\x00", b"\x81\x00", b"\x82\x00"
MAX_PARTS, MAX_PART = 128, 0xFFFF_FFFF
"""Of an object identifier: RFC 2578 §3.5."""


# ---- writing
def tlv(tag: int, body: bytes) -> bytes:
    """One element, with the shortest length."""
    if len(body) < 128:
        return bytes((tag, len(body))) + body
    size = len(body).to_bytes((len(body).bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(size))) + size + body


def integer(value: int, tag: int = INTEGER) -> bytes:
    """A whole number; counters and ticks are told by their tag."""
    return tlv(tag, value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True))


def oid(parts: Oid) -> bytes:
    """An object identifier of two or more parts."""
    return tlv(OBJECT, oid_body((parts[0] * 40 + parts[1], *parts[2:])))


def oid_body(parts: Oid) -> bytes:
    """Parts as they stand in an identifier; the first two of a whole one come as one."""
    body = bytearray()
    for part in parts:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(0x80 | part & 0x7F)
        body += bytes(reversed(groups))
    return bytes(body)


@lru_cache(maxsize=2048)
def named(text: str) -> bytes:
    """The body of the identifier that people write with dots."""
    first, second, *rest = map(int, text.split("."))
    return oid_body((first * 40 + second, *rest))


# ---- reading
def parse_oid(body: bytes) -> Oid:
    """The parts of an encoded identifier."""
    parts, part = [], 0
    for octet in body:
        part = part << 7 | octet & 0x7F
        if not octet & 0x80:
            parts.append(part)
            part = 0
    first = min(parts[0] // 40, 2) if parts else 0
    return (first, parts[0] - first * 40, *parts[1:]) if parts else ()


def parse_index(body: bytes) -> Oid:
    """
    The parts that follow a column in an identifier: the row.

    Raises:
        ValueError: it ends inside a part, or has more or larger parts than an identifier may have.
    """
    if len(body) <= MAX_PARTS and (not body or max(body) < 128):
        return tuple(body)
    parts, part = [], 0
    for octet in body:
        part = part << 7 | octet & 0x7F
        if part > MAX_PART:
            raise ValueError("a part of an identifier above 4294967295")
        if not octet & 0x80:
            parts.append(part)
            part = 0
    if len(parts) > MAX_PARTS or body[-1] & 0x80:
        raise ValueError("an identifier of too many parts, or one cut short")
    return tuple(parts)


def parse_value(tag: int, body: bytes, longest: int) -> int | str | bytes | None:
    """
    One value: numbers as they are, identifiers and addresses as dotted text, the rest as at most *longest* octets.

    None for NULL and for what is no value (noSuchObject, noSuchInstance, endOfMibView). A counter whose sender
    forgot the leading zero is still not negative.

    Raises:
        ValueError: a number longer than a Counter64, an identifier that is none, a tag that SNMP does not have.
    """
    if tag in (OCTETS, OPAQUE):
        return body[:longest]
    if tag == INTEGER:
        if len(body) > 9:
            raise ValueError("a number of more than nine octets")
        return int.from_bytes(body, "big", signed=True)
    if tag in (COUNTER, GAUGE, TICKS, COUNTER64, UNSIGNED):
        if len(body) > 9:
            raise ValueError("a number of more than nine octets")
        return int.from_bytes(body, "big")
    if tag == OBJECT:
        parse_index(body)
        return ".".join(map(str, parse_oid(body)))
    if tag == ADDRESS:
        return ".".join(map(str, body)) if len(body) == 4 else body[:longest]
    if tag in (NULL, 0x80, 0x81, 0x82):
        return None
    raise ValueError(f"a value of tag {tag:#x}")


class Reader:
    """
    Elements one after another in a part of a datagram.

    Raises:
        ValueError: an element is not there, not of the wanted kind, or longer than what holds it.
    """

    def __init__(self, octets: bytes, at: int = 0, end: int | None = None) -> None:
        self.octets, self.at, self.end = octets, at, len(octets) if end is None else end

    def take(self, wanted: int | None = None) -> tuple[int, int, int]:
        """The next element: its tag, and where its body starts and ends."""
        if self.at + 2 > self.end:
            raise ValueError("it ends early")
        tag, size, start = self.octets[self.at], self.octets[self.at + 1], self.at + 2
        if size & 0x80:
            count = size & 0x7F
            if not 0 < count <= 4:
                raise ValueError("a length of no octets, or of more than four")
            size, start = int.from_bytes(self.octets[start : start + count], "big"), start + count
        if start + size > self.end or (wanted is not None and tag != wanted):
            raise ValueError("not what stands there")
        self.at = start + size
        return tag, start, start + size

    def into(self, wanted: int) -> Reader:
        """The elements inside the next one."""
        _, start, end = self.take(wanted)
        return Reader(self.octets, start, end)

    def body(self, wanted: int = OCTETS) -> bytes:
        """The octets of the next element."""
        _, start, end = self.take(wanted)
        return self.octets[start:end]

    def number(self) -> int:
        """The next whole number, of at most eight octets."""
        body = self.body(INTEGER)
        if len(body) > 8:
            raise ValueError("a number of more than eight octets")
        return int.from_bytes(body, "big", signed=True)
