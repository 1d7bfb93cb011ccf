"""Checklists as sheets: written to be filled in, shown before they are put back, beside what stands and never over it."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from openpyxl import load_workbook

from netops.cli import main
from netops.core import journal
from netops.core.clock import Clock
from netops.core.errors import Faults, NetopsError, Refused
from netops.core.organization import Officer, Organization
from netops.desk import Desk
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.catalogue import load
from netops.inspections.checklist import kinds_of, lines
from netops.inspections.facts import Facts
from netops.inspections.inspection import Party
from netops.rounds import inspect_sheet
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
NUMBER = "IS-2026-0001"
BODY = Organization("fin", "示例市财政局", security_officer=Officer("李四", "", "2026-10-01"))


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """A desk at which one inspection of four items stands, answered by the machine."""
    yield from opened(tmp_path, f"sqlite:///{tmp_path / 'netops.db'}", clock)


@pytest.fixture
def engine_desk(tmp_path: Path, store_url: str, clock: Clock) -> Iterator[Desk]:
    """The same on each engine."""
    yield from opened(tmp_path, store_url, clock)


def opened(tmp_path: Path, store_url: str, clock: Clock) -> Iterator[Desk]:
    with small_city(store_url, clock, tmp_path, playbooks=str(DATA / "good")) as desk:
        catalogue = load(DATA / "good", "own")
        with journal.act(desk.store, "王工", clock) as act:
            number = archive.open_(act, catalogue, "fin", inspectors=["赵甲", "钱乙"])
            known = Facts(organization=BODY, kinds=kinds_of(BODY), at=clock(), version=1, kept=frozenset(["protection_level"]))
            archive.record_machine(act, number, lines(catalogue, known))
        yield desk


def filled(content: bytes, path: Path, answers: dict[str, tuple[Any, ...]]) -> Path:
    """The workbook with these cells: by item, what stands from the inspector's answer on."""
    book = load_workbook(io.BytesIO(content))
    for row in book.worksheets[0].iter_rows():
        for place, value in enumerate(answers.get(str(row[1].value), ())):
            row[6 + place].value = value
    book.save(path)
    return path


def test_a_filled_sheet_is_put_beside_what_stands(engine_desk: Desk, tmp_path: Path) -> None:
    """Both parties' answers under their names; the machine's stays; the same file again brings nothing."""
    desk = engine_desk
    file = filled(
        inspect_sheet.workbook(desk, [NUMBER]), tmp_path / "a.xlsx",
        {"A27-2": ("部分符合", "已定级，未备案", "符合", "已在办"), "A29-1": ("符合",)},
    )  # fmt: skip
    made = inspect_sheet.plan(desk, [file])
    assert [3] == [len(one.added) for one in made]
    inspect_sheet.apply(desk, [file], made)

    after = archive.one(desk.store, NUMBER)
    item = after.item("A27-2")
    assert item is not None
    given = [("machine", "nonconform", "王工"), ("inspector", "partial", "赵甲、钱乙"), ("department", "conform", "示例市财政局")]
    assert given == [
        (party, answer.judgement.result, answer.actor) for party in Party if (answer := after.by(item, party))
    ]
    (again,) = inspect_sheet.plan(desk, [file])
    assert ((), 3, ()) == (again.added, again.repeated, again.conflicts)
    assert 0 == journal.verify(desk.store).broken


def test_conflicts_are_shown_and_left_out(engine_desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """Answered otherwise after the sheet was written: both are told, the sheet's stays out unless it is taken by name."""
    desk = engine_desk
    content = inspect_sheet.workbook(desk, [NUMBER])
    file = filled(content, tmp_path / "a.xlsx", {"A27-2": ("符合", "纸面材料齐"), "A29-1": ("符合", "在岗")})
    with journal.act(desk.store, "钱乙", clock) as act:
        archive.fill(act, archive.one(desk.store, NUMBER), "A27-2", Party.INSPECTOR, Result.NONCONFORM, "证书过期")

    (made,) = inspect_sheet.plan(desk, [file])
    inspect_sheet.apply(desk, [file], [made])
    after = archive.one(desk.store, NUMBER)
    assert [("A27-2", "conform", "nonconform", "钱乙")] == [
        (one.item, one.field, one.meanwhile, one.actor) for one in made.conflicts
    ]
    assert ["A29-1"] == [one.item for one in made.added]
    assert Result.NONCONFORM == after.result(_item(after, "A27-2"))

    taken = inspect_sheet.plan(desk, [file], ["A27-2"])
    inspect_sheet.apply(desk, [file], taken, ["A27-2"])
    after = archive.one(desk.store, NUMBER)
    assert Result.CONFORM == after.result(_item(after, "A27-2"))
    assert ["nonconform", "nonconform", "conform"] == [one.judgement.result for one in after.answers if one.item == "A27-2"]
    with pytest.raises(Refused):
        inspect_sheet.apply(desk, [file], [made])


def _item(inspection: Any, name: str) -> Any:
    return inspection.item(name)


def test_what_cannot_be_taken_is_told_cell_by_cell_and_nothing_is_written(desk: Desk, tmp_path: Path) -> None:
    """A wrong word, a formula, a remark alone, a contradiction without a reason: all at once, each with its cell."""
    content = inspect_sheet.workbook(desk, [NUMBER])
    file = filled(content, tmp_path / "a.xlsx", {"A27-2": ("符合", "", "大概"), "A29-1": ("=1+1", "x", None, "只有说明")})
    before = archive.one(desk.store, NUMBER)

    with pytest.raises(Faults) as caught:
        inspect_sheet.plan(desk, [file])
    assert ["G", "I", "G", "I"] == [fault.partition("!")[2][:1] for fault in sorted(caught.value.faults, key=_line)]
    assert before == archive.one(desk.store, NUMBER)


def _line(fault: str) -> tuple[int, str]:
    cell = fault.partition("!")[2].partition(":")[0]
    return int(cell[1:]), cell


@pytest.mark.parametrize(
    "row", ["", "IS-2026-0009 · 4,A27-2,符合", f"{NUMBER} · 4,X1,符合", f"{NUMBER} · 400,A29-1,符合", "别的,A27-2,符合"]
)
def test_foreign_sheets_are_refused(desk: Desk, tmp_path: Path, row: str) -> None:
    """No checklist, an unknown inspection or item, more answers than there are, a row that is tied to nothing."""
    head = "检查编号,编号,检查人意见" if row else "甲,乙"
    (tmp_path / "a.csv").write_text(f"{head}\n{row}\n", "utf-8")

    with pytest.raises(NetopsError):
        inspect_sheet.plan(desk, [tmp_path / "a.csv"])


def test_csv_comes_back_too(desk: Desk, tmp_path: Path, clock: Clock) -> None:
    """With what was said before in its cells; words that a program would compute are guarded, and come back as they were."""
    with journal.act(desk.store, "赵甲", clock) as act:
        archive.fill(act, archive.one(desk.store, NUMBER), "A29-1", Party.INSPECTOR, Result.CONFORM, "=HYPERLINK(1)")
    (tmp_path / "a.csv").write_bytes(inspect_sheet.table(desk, [NUMBER]))

    assert "'=HYPERLINK(1)" in (tmp_path / "a.csv").read_text("utf-8-sig")
    (made,) = inspect_sheet.plan(desk, [tmp_path / "a.csv"])
    assert ((), 1, ()) == (made.added, made.repeated, made.conflicts)


def test_only_the_answers_can_be_written_into(desk: Desk) -> None:
    """The sheet is protected, its answer cells are open and choose from the five words; a sheet for each, or one for all."""
    book = load_workbook(io.BytesIO(inspect_sheet.workbook(desk, [NUMBER])))
    page = book.worksheets[0]
    assert "示例市财政局 检查表" == page["A1"].value
    table = [row for row in page.iter_rows() if str(row[0].value).startswith(NUMBER) and row[1].value]
    rules = {str(rule.sqref)[:1]: rule for rule in page.data_validations.dataValidation if rule.type == "list"}

    assert page.protection.sheet
    assert [[False] * 6 + [True] * 4] * 3 == [[not cell.protection.locked for cell in row] for row in table]
    assert ["符合", "部分符合", "不符合", "不适用", "未检查"] == [cell.value for cell in book["_choices"]["A"]]
    assert any("G" in str(rule.sqref) for rule in rules.values())
    assert ("landscape", True) == (page.page_setup.orientation, page.sheet_properties.pageSetUpPr.fitToPage)
    assert 2 + 1 == len(load_workbook(io.BytesIO(inspect_sheet.workbook(desk, [NUMBER], one_sheet=True))).sheetnames)


def test_comparison_matrix_and_points_by_command(
    desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str], clock: Clock
) -> None:
    """A second inspection shows what changed, everybody's items, points with their evidence, the year; JSON, CSV, XLSX."""
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{desk.config.store_url}"\n[inventory]\npath = "{DATA / "city"}"\n[playbooks]\npath = "{tmp_path}"\n'
        "[planes.extranet]\nnets = []\n", "utf-8",
    )  # fmt: skip
    (tmp_path / "assessment.toml").write_bytes((Path(__file__).parents[2] / "playbooks" / "assessment.toml").read_bytes())
    catalogue = load(DATA / "good", "own")
    with journal.act(desk.store, "王工", clock) as act:
        second = archive.open_(act, catalogue, "fin")
        mended = msgspec.structs.replace(BODY, protection_level=3)
        known = Facts(organization=mended, kinds=kinds_of(BODY), at=clock(), version=1)
        archive.record_machine(act, second, lines(catalogue, known))
    asked = ["-c", str(tmp_path / "config.toml"), "inspect"]

    def told(*words: str) -> Any:
        capsys.readouterr()
        main([*asked, *words, "--json"])
        return json.loads(capsys.readouterr().out)["items"]

    assert [("A27-2", "better", "nonconform", "conform")] == [
        (one["item"], one["move"], one["before"], one["after"]) for one in told("compare", second) if one["move"] != "same"
    ]
    (row,) = told("compare", "--catalogue", "own")
    assert ("fin", 1, 0) == (row["organization"], row["better"], row["worse"])
    assert {"fin": "conform"} == told("matrix", "--catalogue", "own")[1]["results"]
    points = told("score", second)[0]["points"]
    assert all(one["evidence"] for one in points if one["earned"] is not None)
    assert ["fin"] == [one["organization"] for one in told("assess", "--catalogue", "own", "--year", "2026")]
    for spoken, word in (("zh", "好转"), ("en", "got better")):
        main([*asked, "compare", second, "--lang", spoken])
        assert word in capsys.readouterr().out
    for name in ("matrix", "assess"):
        year = ["--year", "2026"] * (name == "assess")
        main([*asked, name, "--catalogue", "own", "-o", str(tmp_path / f"{name}.xlsx"), *year])
        assert load_workbook(tmp_path / f"{name}.xlsx").worksheets[0].max_row > 3
    main([*asked, "matrix", "--catalogue", "own", "-o", str(tmp_path / "matrix.csv")])
    assert "✓ 符合" in (tmp_path / "matrix.csv").read_text("utf-8-sig")
    assert 2 == main([*asked, "compare", NUMBER])
    assert "第一次" in capsys.readouterr().err


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_commands(desk: Desk, tmp_path: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Export does not touch a file that is there; import shows, asks, and answers 1 while conflicts are left."""
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{desk.config.store_url}"\n[inventory]\npath = "{DATA / "city"}"\n'
        f'[playbooks]\npath = "{DATA / "good"}"\n'
        "[planes.extranet]\nnets = []\n", "utf-8",
    )  # fmt: skip
    asked = ["-c", str(tmp_path / "config.toml"), "--lang", language, "--yes", "inspect"]
    assert 0 == main([*asked, "export", NUMBER, "-o", str(tmp_path / "a.xlsx")])
    assert 4 == main([*asked, "export", NUMBER, "-o", str(tmp_path / "a.xlsx")])
    word = {"zh": "符合", "en": "conform"}[language]
    file = filled((tmp_path / "a.xlsx").read_bytes(), tmp_path / "b.xlsx", {"A27-2": (word, "看过原件")})
    assert 0 == main([*asked, "fill", NUMBER, "A27-2", "--answer", "partial", "--note", "缺备案"])
    capsys.readouterr()

    assert 1 == main([*asked, "import", str(file)])
    assert {"zh": "未并入", "en": "left out"}[language][:2] in capsys.readouterr().out
    assert 0 == main([*asked, "import", str(file), "--take", "A27-2", "--json"])
    (told,) = json.loads(capsys.readouterr().out)["items"]
    assert ("A27-2", "conform") == (told["item"], told["answer"])
