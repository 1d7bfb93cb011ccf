"""The timetable: a round that fails, overruns or is missed is told, and never stops the others."""

from __future__ import annotations

import sys
import time
import types
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from netops.config import Config
from netops.desk import Desk
from netops.metrics.collectors import exposition
from netops.rounds import Report, diary, timetable
from netops.settings import Timetable


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk whose rounds are a failing, a slow and a good one."""
    def failing(_desk: Desk, _progress: object) -> Report:
        raise OSError("the cable is out")

    def slow(_desk: Desk, _progress: object) -> Report:
        time.sleep(2.5)
        return Report(round="reconcile")

    def good(_desk: Desk, _progress: object) -> Report:
        return Report(round="triage", facts={"findings": 0})

    modules = {}
    for name, work in (("walk", failing), ("reconcile", slow), ("triage", good)):
        module = types.ModuleType(f"tests_round_{name}")
        module.run = work  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, module.__name__, module)
        modules[name] = module.__name__
    monkeypatch.setattr(diary, "ROUNDS", modules)
    monkeypatch.setattr(timetable, "STAGGER_SECONDS", 0)
    every = Timetable(walk="1s", reconcile="1s", egress="", triage="1s", inspect="")
    opened = Desk(Config(store_url=f"sqlite:///{tmp_path / 'a.db'}", timetable=every), actor="test")
    yield opened
    opened.close()


def test_a_failing_and_a_slow_round_stop_nobody(desk: Desk) -> None:
    """Each outcome stands in the diary and in the metrics; the good round went on all the while."""
    with timetable.running(desk, tuple(diary.ROUNDS)) as jobs:
        assert {"walk", "reconcile", "triage"} == set(jobs)
        time.sleep(5)

    counts = diary.outcomes(desk.store)
    assert counts["walk", "failed"] >= 3
    assert counts["reconcile", "overran"] >= 1
    assert counts["triage", "done"] >= 3
    newest = next(run for run in diary.newest(desk.store, 50) if run.round == "walk")
    assert "the cable is out" in newest.error
    text = exposition(desk)()[0].decode()
    assert 'netops_round_runs_total{outcome="failed",round="walk"}' in text
    assert 'netops_round_runs_total{outcome="overran",round="reconcile"}' in text
    assert 'netops_round_last_success_timestamp_seconds{round="triage"}' in text
    assert 'netops_round_last_success_timestamp_seconds{round="walk"}' not in text


def test_only_one_process_keeps_the_timetable_of_a_store(desk: Desk) -> None:
    """A second one is told so, and runs nothing."""
    second = Desk(desk.config, actor="second")
    with timetable.running(desk, tuple(diary.ROUNDS)) as mine, timetable.running(second, tuple(diary.ROUNDS)) as theirs:
        assert mine
        assert {} == theirs
    second.close()


def test_what_a_killed_process_left_running_is_closed_as_interrupted(desk: Desk) -> None:
    """The next run of the round says so; nothing runs for ever on paper."""
    diary.begin(desk.store, "triage")

    diary.run(desk, "triage")

    assert ["done", "interrupted"] == [run.outcome for run in diary.newest(desk.store)]


def test_a_round_that_is_not_on_the_timetable_is_never_run(desk: Desk) -> None:
    """An empty period is never."""
    desk.config = msgspec.structs.replace(desk.config, timetable=Timetable(walk="", reconcile="", triage="1s"))
    with timetable.running(desk, tuple(diary.ROUNDS)) as jobs:
        assert ["triage"] == list(jobs)
