"""Real captures beside the checkout: everything that their README states, and no alarm beside it."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import capture_conformance as conformance


def test_every_capture_is_as_stated(shared: Path) -> None:
    """By the command line, all in one run."""
    cases = conformance.stated()
    if not cases:
        pytest.skip("the captures are not beside this checkout")
    conformance.read(cases)

    assert {} == {case.name: case.wrong for case in cases if case.wrong}
    labels = [is_seen for case in cases for _, is_seen in case.labels(conformance.CAPTURES)]
    assert sum(labels) >= 0.95 * len(labels)
