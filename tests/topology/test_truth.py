"""The recorded networks and devices: every goal of the benchmark is met."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import topology_truth


def test_every_goal_on_the_recordings_is_met(shared: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All links of 14 networks and no wrong one, all neighbour rows, and 99 % of every kind of row of 33 devices."""
    monkeypatch.setattr(topology_truth, "SHARED", shared)
    networks, devices = topology_truth.figures()
    told = [*topology_truth.totals(networks, "networks"), *topology_truth.totals(devices, "devices")]

    assert (14, 33) == (len(networks), len(devices))
    assert [] == [one["what"] for one in told if not one["met"]]
