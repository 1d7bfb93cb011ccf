"""The benchmark of declarations, with few of them: its own checks hold, and nothing differs after export and import."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import declarations


def test_few_are_taken_in_and_nothing_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every figure is there; what is no time is met."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(declarations, "RUNS", 1)
    found = {one["what"]: one for one in declarations.figures(3)}
    assert 11 == len(found)
    assert (0, True) == tuple(found["declarations that differ after export and import"][key] for key in ("ours", "met"))
    assert found["import 3 declarations with 6 devices, XLSX, CPU seconds"]["met"]
