"""Real exporters' datagrams beside the checkout: every stated field of every case, and what goes beyond by name."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import flow_conformance as conformance

FOLDERS = sorted(path.parent for path in conformance.CASES.glob("*/expect.json"))


@pytest.mark.parametrize(
    "folder",
    FOLDERS or [pytest.param(None, marks=pytest.mark.skip("the shared flow cases are not there"))],
    ids=lambda folder: folder.name if folder else "none",
)
def test_every_stated_field(folder: Path) -> None:
    """Each stated record is among the decoded ones, equal in every field that its source states, and none is missing."""
    case = conformance.decoded(folder)

    assert "" == ("" if case.is_capture else conformance.difference(case))
    assert conformance.total_is_right(case)
    assert conformance.is_met(case)


def test_nothing_is_spared_without_a_case() -> None:
    """Fields that are not compared belong to cases that exist."""
    if FOLDERS:
        assert conformance.UNTESTED.keys() <= {folder.name for folder in FOLDERS}
