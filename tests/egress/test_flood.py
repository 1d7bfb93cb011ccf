"""The floods of `benchmarks.flow_flood` in small: bounded, and the good exporters' records all come out right."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks import flow_flood
from netops.egress.netflow import MAX_TEMPLATES


@pytest.mark.parametrize(
    "flood", [flow_flood.templates(4000), flow_flood.options(4000), flow_flood.mutated(4000)],
    ids=["templates", "options", "mutated datagrams"],
)  # fmt: skip
def test_good_exporters_lose_nothing(flood: Iterator[tuple[str, bytes]]) -> None:
    """Also the one whose address the flood bears: its own template is in use, and stays."""
    told = flow_flood.under(flood)

    assert (4000, told["sent"]) == (told["flooded"], told["right"])
    assert told["templates"] <= MAX_TEMPLATES
