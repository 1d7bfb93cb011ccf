"""kill -9 at every step of issuing a document, on both engines: no gap, no double number, no half document."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

import netops
from netops import config
from netops.core.clock import still
from netops.core.paper import Paper
from netops.core.store import Store
from netops.desk import Desk
from netops.incidents import integrity, papers
from netops.incidents.papers import PaperState
from netops.rounds import drafting, triage
from tests.conftest import NOON
from tests.rounds.test_drafting import conclude, desk  # noqa: F401 - a fixture

HOME = Path(netops.__file__).parent
STEPS = {
    str(HOME / name)
    for name in ("core/files.py", "core/ids.py", "core/journal.py", "core/store.py", "core/turn.py", "incidents/papers.py",
                 "incidents/casebook.py", "incidents/proceedings.py", "rounds/drafting.py", "rounds/handling.py")
}  # fmt: skip
"""Where a process that issues decides and writes: it is killed on lines of these."""


def issued_until(folder: Path, number: str, file: Path, last: int) -> int:
    """Issue in a process of its own that is killed on the *last*-th line; gives how it ended."""
    child = os.fork()
    if child == 0:
        one = Desk(config.read(folder / "config.toml"), still(NOON), "李主任")
        one._store = Store(one.config.store_url)
        _die_at(last)
        try:
            drafting.write(one, drafting.issue(one, number), file)
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitpid(child, 0)[1]


def _die_at(last: int) -> None:
    count = 0

    def step(frame: FrameType, event: str, _argument: Any) -> Any:
        nonlocal count
        if frame.f_code.co_filename not in STEPS:
            return None
        count += event == "line"
        if count == last:
            os.kill(os.getpid(), signal.SIGKILL)
        return step

    sys.settrace(step)


def killed_everywhere(one: Desk, folder: Path, every: int) -> int:
    """
    Issue papers, each killed a little later than the one before, until one lives; the register is in order after each.

    Returns:
        How often it was killed.
    """
    number, turns = 0, 0
    conclude(one, "EG-101", "health", "r-health")
    triage.run(one)
    while True:
        turns += 1
        kept = drafting.draft(one, "INC-2026-0001", "notice", {"impact": f"第{turns}次。"})
        file = folder / f"{turns}.json"
        ended = issued_until(folder, kept.id, file, turns * every)
        after = papers.one(one.store, kept.id)
        if after.state is PaperState.ISSUED:
            number += 1
        assert after.paper.number == (f"示信办〔2026〕{number}号" if after.state is PaperState.ISSUED else "")
        assert [] == integrity.faults(one.store)
        if after.state is PaperState.ISSUED:
            whole = drafting.rendered(one, after, ".json")
            assert not file.exists() or whole == file.read_bytes()
            drafting.write(one, after, file)
            assert whole == file.read_bytes()
        else:
            assert not file.exists()
        if ended == 0:
            return turns - 1
        assert signal.SIGKILL == os.WTERMSIG(ended)


@pytest.mark.usefixtures("store")
def test_killed_while_issuing(desk: Desk, tmp_path: Path) -> None:  # noqa: F811
    """Whatever was being done: the number is taken whole with its paper, or not at all; the file is whole or not there."""
    assert 2 < killed_everywhere(desk, tmp_path, 151)


def test_the_next_one_gets_the_next_number(desk: Desk, store: Store, tmp_path: Path) -> None:  # noqa: F811
    """After a kill before the commit the draft is issued again, under the number that it would have had."""
    conclude(desk, "EG-101", "health", "r-health")
    triage.run(desk)
    kept = drafting.draft(desk, "INC-2026-0001")
    assert signal.SIGKILL == os.WTERMSIG(issued_until(tmp_path, kept.id, tmp_path / "n.json", 120))

    assert PaperState.DRAFT is papers.one(store, kept.id).state
    assert "示信办〔2026〕1号" == number_of(drafting.issue(desk, kept.id).paper)


def number_of(paper: Paper) -> str:
    return paper.number
