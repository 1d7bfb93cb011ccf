"""The record that is signed and the form for the hand: three answers side by side, evidence, names; drawn and looked at."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from docx import Document
from pypdf import PdfReader

from netops.cli import main
from netops.core import journal, language
from netops.core.clock import still
from netops.core.errors import Faults, NetopsError
from netops.core.organization import Officer, Organization
from netops.desk import Desk
from netops.documents import fonts
from netops.documents.form import Boxes
from netops.documents.settings import Documents
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.catalogue import load
from netops.inspections.checklist import kinds_of, lines
from netops.inspections.facts import Facts
from netops.inspections.inspection import Party
from netops.inspections.sampling import draw
from netops.rounds import inspect_record
from tests.conftest import NOON
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
BOOKS = Path(__file__).parents[2] / "playbooks"
NUMBER = "IS-2026-0001"


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk at which one visit stands: two inspectors, a sample, three answers to one item."""
    folder, clock = tmp_path_factory.mktemp("record"), still(NOON)
    with small_city(f"sqlite:///{folder / 'netops.db'}", clock, folder) as desk:
        body = Organization("fin", "示例市财政局", security_officer=Officer("李四", "", "2026-10-01"))
        catalogue = load(DATA / "good", "own")
        sample = draw("冬", "fin", ["fin-sw1"], ["10.0.0.9", "10.0.0.8"], 2)
        with journal.act(desk.store, "王工", clock) as act:
            number = archive.open_(act, catalogue, "fin", inspectors=["赵甲", "钱乙"], planned_for="2026-11-20", sample=sample)
            known = Facts(organization=body, kinds=kinds_of(body), at=NOON, version=1, kept=frozenset(["protection_level"]))
            archive.record_machine(act, number, lines(catalogue, known))
        for who, party, result, note in (
            ("赵甲", Party.INSPECTOR, Result.PARTIAL, "有定级报告，未备案"),
            ("孙丙", Party.DEPARTMENT, Result.CONFORM, "正在备案"),
        ):  # fmt: skip
            with journal.act(desk.store, who, clock) as act:
                archive.fill(act, archive.one(desk.store, number), "A27-2", party, result, note)
        yield desk


def text_of(content: bytes) -> str:
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def needs_fonts() -> None:
    try:
        fonts.survey(Documents())
    except NetopsError as error:
        pytest.skip(f"no Chinese font: {error.mend}")


def test_the_record_has_three_answers_and_a_place_for_each_to_sign(desk: Desk) -> None:
    """Side by side, with what each said and the evidence; the inspectors by name; the sample; the journal's head."""
    one = archive.one(desk.store, NUMBER)
    made = inspect_record.record(desk, one)
    row = next(row for row in made.rows if row[0] == "A27-2")
    machine = one.latest["A27-2", Party.MACHINE]

    assert ("不符合", "部分符合", "符合") == row[3:6]
    assert "检查人：有定级报告，未备案\n单位：正在备案" in row[6]
    assert machine.judgement.evidence[0] in row[6]
    assert ["检查人赵甲（签字）：", "检查人钱乙（签字）："] == list(made.signatures[:2])
    assert "被查单位负责人" in "".join(made.signatures)
    assert "种子 冬" in dict(made.fields)["抽样"]
    assert journal.head(desk.store) in "".join(made.notes)


def test_record_and_form_are_drawn_as_pdf_and_docx(desk: Desk, tmp_path: Path) -> None:
    """The same words in both, whatever is spoken; A4; another ending is refused."""
    needs_fonts()
    language.speak("en")
    inspect_record.write_record(desk, NUMBER, tmp_path / "record.pdf")
    inspect_record.write_record(desk, NUMBER, tmp_path / "record.docx")
    inspect_record.write_paper(desk, NUMBER, tmp_path / "paper.pdf")
    record, paper = ((tmp_path / f"{name}.pdf").read_bytes() for name in ("record", "paper"))
    cells = [cell.text for table in Document(str(tmp_path / "record.docx")).tables for row in table.rows for cell in row.cells]

    for words in ("有定级报告，未备案", "正在备案", "检查人赵甲（签字）：", "部分符合"):
        assert words in text_of(record)
        assert any(words in cell for cell in cells)
    assert "电子政务网络现场检查表" in text_of(paper)
    for content, wide in ((record, True), (paper, False)):
        box = PdfReader(io.BytesIO(content)).pages[0].mediabox
        assert ((842, 595) if wide else (595, 842)) == (round(box.width), round(box.height))
    with pytest.raises(NetopsError):
        inspect_record.write_record(desk, NUMBER, tmp_path / "record.odt")


def test_the_form_can_be_filled_in_by_hand(desk: Desk) -> None:
    """Five boxes to tick for each party of every item that binds, room to write, what was said ticked, the sample."""
    one = archive.one(desk.store, NUMBER)
    made = inspect_record.paper(desk, one)
    asked = [part for part in made.parts if isinstance(part, Boxes) and part.rows[0][0].label and len(part.rows) == 3
             and part.rows[1][0].text == "自动\n检查"]  # fmt: skip
    (sample,) = (part for part in made.parts if isinstance(part, Boxes) and part.rows[0][0].text == "抽查的设备、地址")

    assert ["A29-1", "A27-2", "A12-3"] == [part.rows[0][0].text for part in asked]
    inspector, department = asked[1].rows[2][1], asked[1].rows[2][3]
    assert "□符合 ■部分符合 □不符合\n□不适用 □未检查\n情况：有定级报告，未备案" == inspector.text
    assert department.text.startswith("■符合")
    assert all(box.height_mm >= 30 for box in (inspector, department))
    assert ["fin-sw1", "10.0.0.8", "10.0.0.9"] == [row[0].text for row in sample.rows[1:]]


def test_the_wording_is_the_office_s(tmp_path: Path) -> None:
    """Ours is read; one with unknown keys, or without a table, is told with its lines."""
    assert "{city}" in inspect_record.words(BOOKS, "record").title
    (tmp_path / "records.toml").write_text('[record]\ntitle = "x"\nnotes = []\nsignatures = []\ncolour = "red"\n', "utf-8")

    with pytest.raises(Faults):
        inspect_record.words(tmp_path, "record")


def test_by_command(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`inspect report -o FILE.pdf` is the record; `inspect pack -o FILE.pdf` is the form."""
    needs_fonts()
    for verb, words in (("report", "检查记录"), ("pack", "现场检查表")):
        assert 0 == main(["-c", desk.config.path, "inspect", verb, NUMBER, "-o", str(tmp_path / f"{verb}.pdf")])
        assert words in text_of((tmp_path / f"{verb}.pdf").read_bytes())
    assert "report.pdf" in capsys.readouterr().err
