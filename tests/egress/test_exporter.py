"""Sequence numbers: gaps, restarts, datagrams overtaken, and exporters that count the other thing."""

from __future__ import annotations

import pytest

from netops.egress.exporter import Counters, Header, Stream

BY_RECORDS = [(100, 30), (130, 30), (160, 10), (170, 30)]
BY_DATAGRAMS = [(100, 30), (101, 30), (102, 10), (103, 30)]


def follow(stream: Stream, *datagrams: tuple[int, int] | tuple[int, int, int]) -> Counters:
    counters = Counters()
    for sequence, records, *uptime in datagrams:
        stream.step(Header(9, sequence, 0, uptime[0] if uptime else -1, 0), records, counters)
    return counters


@pytest.mark.parametrize(
    ("by_records", "datagrams", "expected"),
    [
        (True, BY_RECORDS, {}),
        (False, BY_DATAGRAMS, {}),
        (True, [*BY_RECORDS, (260, 30)], {"lost_records": 60}),
        (False, [*BY_DATAGRAMS, (107, 30)], {"lost_datagrams": 3}),
        (False, [(0xFFFFFFFE, 3), (0xFFFFFFFF, 3), (0, 3), (2, 3)], {"lost_datagrams": 1}),
        (False, [(1, 3), (3, 3), (2, 3), (4, 3)], {"reordered": 1}),
        (True, [(100, 30), (160, 10), (130, 30), (170, 5)], {"reordered": 1}),
        (False, [(5000, 3, 90_000_000), (1, 3, 2000), (2, 3, 3000)], {"resets": 1}),
        (False, [(900_000, 3), (1, 3), (2, 3)], {"resets": 1}),
        (False, [(5, 3, 0xFFFFFF00), (6, 3, 400)], {}),
        (True, [(100, 30), (130, -1), (500, 30), (530, 1)], {}),
    ],
    ids=[
        "records", "datagrams", "records lost", "datagrams lost", "over the end of 32 bits", "overtaken", "overtaken, by records",
        "restarted by its uptime", "restarted by its sequence", "the uptime wrapped", "records not known",
    ],
)  # fmt: skip
def test_what_a_sequence_says(by_records: bool, datagrams: list[tuple[int, int]], expected: dict[str, int]) -> None:
    """Sent is received and counted lost, exactly."""
    assert Counters(**expected) == follow(Stream(by_records), *datagrams)


def test_an_exporter_that_counts_the_other_thing_is_believed_in_time() -> None:
    """softflowd once counted flows in v9: what was held for lost meanwhile is taken back, later losses are counted."""
    flows = [(100 + 20 * number, 20) for number in range(10)]

    assert Counters() == follow(Stream(by_records=False), *flows)
    assert Counters(lost_records=40) == follow(Stream(by_records=False), *flows, (340, 20))


def test_a_loss_that_looks_like_the_other_count_is_a_loss() -> None:
    """Once is chance: nineteen datagrams were lost after one of twenty records."""
    assert Counters(lost_datagrams=19) == follow(Stream(by_records=False), (1, 20), (2, 20), (22, 20), (23, 20), (24, 20))
