"""Circulars: the results of an inspection of everybody, and of the year, through the gate, each line with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.cli import main
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import Missing, NetopsError
from netops.core.paper import Paper, Table
from netops.desk import Desk
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.catalogue import load
from netops.inspections.inspection import Party
from netops.rounds import drafting
from tests.conftest import NOON
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
BOOKS = Path(__file__).parents[2] / "playbooks"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk at which two organizations were inspected by the Measures."""
    folder, clock = tmp_path_factory.mktemp("circular"), still(NOON)
    with small_city(f"sqlite:///{folder / 'netops.db'}", clock, folder) as desk:
        catalogue = load(BOOKS, "measures")
        answers = {"fin": {"A12-2": Result.NONCONFORM, "A16-1": Result.CONFORM, "A25-1": Result.PARTIAL},
                   "centre": {"A12-2": Result.NONCONFORM, "A16-1": Result.NONCONFORM, "A27-2": Result.CONFORM}}  # fmt: skip
        for code, given in answers.items():
            with journal.act(desk.store, "王工", clock) as act:
                number = archive.open_(act, catalogue, code)
            for item, result in given.items():
                with journal.act(desk.store, "赵甲", clock) as act:
                    archive.fill(act, archive.one(desk.store, number), item, Party.INSPECTOR, result, "见记录")
        with journal.act(desk.store, "孙丙", clock) as act:
            archive.fill(act, archive.one(desk.store, "IS-2026-0001"), "A12-2", Party.DEPARTMENT, Result.CONFORM, "不是出口")
        yield desk


def table(paper: Paper) -> dict[str, tuple[str, ...]]:
    """Rows of the paper's table by the organization's name."""
    (found,) = (block for block in paper.blocks if isinstance(block, Table))
    return {row[1]: row for row in found.rows}


def test_the_circular_of_an_inspection(desk: Desk) -> None:
    """Everybody's results and score from the record, what several do not keep, objections; the evidence is in the store."""
    kept = drafting.draft(desk, "measures", "inspection_circular")
    text = "".join(getattr(block, "text", "") for block in kept.paper.blocks)
    row = table(kept.paper)["示例市财政局"]

    assert ("1", "1", "1") == row[2:5]
    assert "A12-2、A25-1" == row[7]
    assert "A12-2（2 个单位）" in text
    assert "异议1项" in text
    number, proof = row[-1].split()
    assert ("IS-2026-0001", [proof]) == (number, [piece.id for piece in docket.pieces(desk.store, [proof])])
    assert ("notice", "inspections", "measures") == (kept.instrument, kept.about, kept.subject)
    assert kept.decision.allowed
    assert kept == drafting.draft(desk, "measures", "inspection_circular")


def test_the_circular_of_the_year(desk: Desk) -> None:
    """Ranks, points by dimension and how much was checked; on Article 33's basis, which names disclosure and sharing."""
    kept = drafting.draft(desk, "2026", "assessment_circular")
    rows = table(kept.paper)

    assert ["1", "2"] == [rows[name][0] for name in rows]
    assert "信息公开 100.0；信息资源共享 50.0；电子政务项目建设 —；应用情况 —" == rows["示例市财政局"][4]
    assert any("第三十三条" in one for one in kept.decision.cited)


@pytest.mark.parametrize(("name", "subject", "error"), [
    ("inspection_circular", "nothing", Missing), ("assessment_circular", "2025", Missing),
    ("assessment_circular", "今年", NetopsError),
])  # fmt: skip
def test_nothing_to_tell_is_refused(desk: Desk, name: str, subject: str, error: type[NetopsError]) -> None:
    """A catalogue that nobody was inspected by, a year without inspections, no year at all."""
    with pytest.raises(error):
        drafting.draft(desk, subject, name)


@pytest.mark.parametrize("spoken", ["zh", "en"])
def test_every_wording_is_listed(desk: Desk, spoken: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`document wordings` knows what each is about, those about inspections too."""
    assert 0 == main(["-c", desk.config.path, "--lang", spoken, "document", "wordings", "--csv"])
    assert "inspection_circular" in capsys.readouterr().out
