"""Datagrams out of packets: fragments in any order, IPFIX over TCP cut anywhere, and neither without bound."""

from __future__ import annotations

import random
import struct
from itertools import pairwise

import pytest

from netops.egress.listening.gathering import MAX_OPEN, Fragments, Messages

MESSAGES = [struct.pack(">HH", 10, 16 + 20 * size) + bytes([size]) * (12 + 20 * size) for size in range(1, 9)]


def test_fragments_in_any_order() -> None:
    """Whole with the last one that was missing, whichever that is; twice the same is once."""
    body = bytes(range(256)) * 12
    pieces = [(at, body[at : at + 1000]) for at in range(0, len(body), 1000)]
    random.Random(1).shuffle(pieces)
    fragments = Fragments()
    told = [fragments.whole("a", at, one, is_last=at + len(one) == len(body)) for at, one in [pieces[0], *pieces]]

    assert [None] * len(pieces) + [body] == told


def test_fragments_that_never_end_are_let_go() -> None:
    """An attacker's beginnings do not fill the memory; what is too long for a datagram is none."""
    fragments = Fragments()
    for number in range(MAX_OPEN + 10):
        assert fragments.whole(number, 0, b"x", is_last=False) is None

    assert fragments.whole(5, 1, b"y", is_last=True) is None
    assert fragments.whole("long", 65_530, b"0123456789", is_last=True) is None
    assert b"xy" == fragments.whole(MAX_OPEN, 1, b"y", is_last=True)


@pytest.mark.parametrize("start", [1000, (1 << 32) - 50], ids=["plain", "the sequence wraps"])
def test_messages_over_tcp_cut_anywhere(start: int) -> None:
    """Out of segments that come twice and in another order; with or without the connection's beginning."""
    stream, chance, found = b"".join(MESSAGES), random.Random(2), []
    cuts = [0, *sorted(chance.sample(range(1, len(stream)), 20)), len(stream)]
    segments = [(at, stream[at:end]) for at, end in pairwise(cuts)]
    messages = Messages()
    found += messages.segment("c", (start - 1) & 0xFFFFFFFF, b"", begins=True)
    for at in range(0, len(segments), 2):
        for offset, data in (*reversed(segments[at : at + 2]), segments[at]):
            found += messages.segment("c", (start + offset) & 0xFFFFFFFF, data, begins=False)

    assert MESSAGES == found


def test_another_protocol_over_tcp_is_left_alone() -> None:
    """HTTP is no IPFIX, and stays none."""
    messages = Messages()

    assert not list(messages.segment("c", 1, b"GET / HTTP/1.1", begins=False))
    assert not list(messages.segment("c", 15, MESSAGES[0], begins=False))
