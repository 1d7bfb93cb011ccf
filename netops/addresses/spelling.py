"""Addresses as people write them into cells: ranges with every dash, masks, several in one cell, full-width digits. Pure."""

from __future__ import annotations

import re
import socket

from netops.addresses.span import Span, is_ipv4, number, parsed
from netops.core.errors import Misspelled
from netops.core.language import N_

MOST = 256
"""Runs that one cell may name."""
DASHES = re.compile(r"\s*(?:[-‐-―~〜至到]+|\.\.\.?)\s*")
PARTING = re.compile(r"[\s,;、|]+")
PLAIN = re.compile(r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}")
TAIL = re.compile(r"((?:\d{1,3}\.){1,3}\d{1,3})-(\d{1,3}(?:\.\d{1,3}){0,2})")
MASKED = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3})/(\d{1,3}(?:\.\d{1,3}){3})")
STARS = re.compile(r"((?:\d{1,3}\.){1,3})\*(\.\*)*")


def spans(text: str) -> list[Span]:
    """
    The runs that a cell names: an address, a CIDR, 10.1.1.1-50, 10.1.1.1~10.1.1.20, 10.1.1.0/255.255.255.0, 10.1.1.*,
    or several of these with commas or line ends between them.

    Args:
        text: with full-width forms made plain already.

    Raises:
        ValueError: a part is none of these, or there are too many.
    """
    if PLAIN.fullmatch(text):
        address = number(text)
        return [Span(address, address)]
    text = DASHES.sub("-", text.replace("。", "."))  # what a Chinese keyboard types for the dot
    parts = [part for part in PARTING.split(text) if part]
    if not parts or len(parts) > MOST:
        raise Misspelled(N_("it names more than {most} runs") if parts else N_("it is empty"), most=MOST)
    return [_span(part) for part in parts]


def _span(text: str) -> Span:
    if match := TAIL.fullmatch(text):
        start, tail = match.groups()
        kept = 4 - tail.count(".") - 1
        return parsed(f"{start}-{'.'.join(start.split('.')[:kept])}.{tail}")
    if match := MASKED.fullmatch(text):
        return parsed(f"{match[1]}/{length_of(match[2])}")
    if match := STARS.fullmatch(text):
        octets = match[1].strip(".").split(".")
        return parsed(f"{'.'.join(octets + ['0'] * (4 - len(octets)))}/{8 * len(octets)}")
    return parsed(text)


def host(text: str) -> Span:
    """
    The one address of "10.1.1.5/24", whatever its mask.

    Raises:
        ValueError: it is none.
    """
    address = number(text.partition("/")[0].strip())
    return Span(address, address)


def length_of(mask: str) -> int:
    """
    255.255.255.192, 26 or /26 as a prefix length.

    Raises:
        ValueError: it is no mask.
    """
    text = mask.strip().lstrip("/")
    if text.isascii() and text.isdigit() and int(text) <= 128:
        return int(text)
    try:
        bits = int.from_bytes(socket.inet_pton(socket.AF_INET, text), "big")
    except OSError as error:
        raise Misspelled(N_("{text} is no mask"), text=repr(mask)) from error
    inverse = bits ^ 0xFFFFFFFF
    if inverse & (inverse + 1):
        raise Misspelled(N_("{text} is no mask"), text=repr(mask))
    return 32 - inverse.bit_length()


def masked(span: Span, length: int) -> Span:
    """The network when *span* is its first address alone (no host has that one), else *span*."""
    bits = 32 if is_ipv4(span.first) else 128
    size = 1 << max(bits - length, 0)
    if span.size == 1 and length < bits - 1 and not span.first & (size - 1):
        return Span(span.first, span.first + size - 1)
    return span
