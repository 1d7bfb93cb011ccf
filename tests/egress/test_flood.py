"""The floods of `benchmarks.flow_flood` in small: bounded, and the good exporters' records all come out right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import flow_flood
from netops.egress.netflow import MAX_TEMPLATES, Decoder


@pytest.mark.parametrize(
    "flood", [flow_flood.templates(4000), flow_flood.options(4000), flow_flood.mutated(4000)],
    ids=["templates", "options", "mutated datagrams"],
)  # fmt: skip
def test_good_exporters_lose_nothing(flood: Iterator[tuple[str, bytes]]) -> None:
    """Also the one whose address the flood bears: its own template is in use, and stays."""
    told = flow_flood.under(flood)

    assert (4000, told["sent"]) == (told["flooded"], told["right"])
    assert told["templates"] <= MAX_TEMPLATES


def test_a_template_at_work_outlasts_others_that_were_used() -> None:
    """More templates than are kept, each with its records, under a good exporter's address: its own is never let go."""
    decoder = Decoder()
    first, again = flow_flood.legitimate()
    head, told = flow_flood.options_of(7)
    decoder.feed([(flow_flood.VICTIM, 0, one) for one in first])
    right = 0
    for domain in range(1, MAX_TEMPLATES + 200):
        flooded = flow_flood.message(9, domain, (1, head), (257, told))
        found = decoder.feed([(flow_flood.VICTIM, 0, flooded), (flow_flood.VICTIM, 0, again)])
        right += sum(len(one) for one in found)

    assert (MAX_TEMPLATES + 199) * flow_flood.RECORDS == right
