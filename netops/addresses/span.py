"""Spans: runs of addresses as 128-bit integers, IPv4 mapped into ::ffff:0:0/96 (RFC 4291 §2.5.5.2). Pure."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import NamedTuple

from netops.core.errors import Misspelled
from netops.core.language import N_

MAPPED = 0xFFFF << 32
TOP = (1 << 128) - 1


class Span(NamedTuple):
    """Addresses *first* to *last*, both inside; compares by first address."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """How many addresses."""
        return self.last - self.first + 1

    def holds(self, other: Span) -> bool:
        """Whether *other* lies wholly inside."""
        return self.first <= other.first and other.last <= self.last

    def meets(self, other: Span) -> bool:
        """Whether the two share an address."""
        return self.first <= other.last and other.first <= self.last

    def blocks(self) -> Iterator[tuple[int, int]]:
        """The aligned blocks that make it up, in order, as (first address, exponent)."""
        start = self.first
        while start <= self.last:
            room = (self.last - start + 1).bit_length() - 1
            exponent = min(room, (start & -start).bit_length() - 1) if start else room
            yield start, exponent
            start += 1 << exponent

    def __str__(self) -> str:
        """Canonical text: one address, a CIDR when it is one block, else "first-last"."""
        if self.first == self.last:
            return shown(self.first)
        exponent = self.size.bit_length() - 1
        if self.size == 1 << exponent and not self.first & (self.size - 1):
            return f"{shown(self.first)}/{(32 if is_ipv4(self.first) else 128) - exponent}"
        return f"{shown(self.first)}-{shown(self.last)}"


def is_ipv4(address: int) -> bool:
    """Whether the integer stands for an IPv4 address."""
    return address >> 32 == MAPPED >> 32


def number(text: str) -> int:
    """
    An address as its 128-bit integer.

    Raises:
        ValueError: *text* is no address; leading zeros and shortened IPv4 are refused (inet_pton).
    """
    try:
        if ":" in text:
            return int.from_bytes(socket.inet_pton(socket.AF_INET6, text), "big")
        return MAPPED | int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except (OSError, UnicodeEncodeError) as error:
        raise Misspelled(N_("{text} is not an address"), text=repr(text)) from error


def shown(address: int) -> str:
    """Canonical text of an address (RFC 5952)."""
    if is_ipv4(address):
        return socket.inet_ntop(socket.AF_INET, (address & 0xFFFFFFFF).to_bytes(4, "big"))
    return socket.inet_ntop(socket.AF_INET6, address.to_bytes(16, "big"))


def parsed(text: str) -> Span:
    """
    A CIDR whose host bits are zero, "first-last", or one address.

    Raises:
        ValueError: it is none of these.
    """
    text = text.strip()
    if "-" in text:
        first, last = (number(part.strip()) for part in text.split("-", 1))
        if last < first or is_ipv4(first) != is_ipv4(last):
            raise Misspelled(N_("{text} ends before it begins"), text=repr(text))
        return Span(first, last)
    if "/" not in text:
        return Span(number(text), number(text))
    address, _, length = text.partition("/")
    first = number(address)
    bits = 128 if ":" in address else 32
    if not (length.isascii() and length.isdigit() and int(length) <= bits):
        raise Misspelled(N_("{text} is not a prefix"), text=repr(text))
    size = 1 << (bits - int(length))
    if first & (size - 1):
        raise Misspelled(N_("{text} has host bits"), text=repr(text))
    return Span(first, first + size - 1)


def exponent_of(count: int) -> int:
    """Exponent of the smallest aligned block that holds *count* addresses: 64 gives 6, 65 gives 7."""
    return (count - 1).bit_length()


def fit(span: Span) -> int:
    """Exponent of the largest aligned block inside *span*; a span is never four times that large."""
    exponent = span.size.bit_length() - 1
    while True:
        size = 1 << exponent
        if -(-span.first // size) * size + size - 1 <= span.last:
            return exponent
        exponent -= 1


def carve(span: Span, exponent: int) -> Span:
    """
    A block of 2**exponent addresses out of the smallest aligned block of *span* that holds it.

    So the large blocks of a hole stay whole. *exponent* is at most `fit(span)`.
    """
    _, start = min((size, start) for start, size in span.blocks() if size >= exponent)
    return Span(start, start + (1 << exponent) - 1)
