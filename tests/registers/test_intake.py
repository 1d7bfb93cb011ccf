"""Tables as offices hand them in."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from openpyxl import Workbook

from netops.core.clock import Clock
from netops.core.language import speak
from netops.core.sheet import Formula, Merged, Sheet
from netops.core.store import Store
from netops.registers import entries
from netops.rounds import registers as rounds
from tests.registers.city import desk_of

HEAD = ["序号", "等级", "单位名称", "定级对象名称（必填）", "备案号", "测评日期", "领导批示"]


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> rounds.Desk:
    import netops.tables  # noqa: F401 - every table
    from netops.core.store import metadata

    speak("zh")
    store = Store(f"sqlite:///{tmp_path / 'netops.db'}")
    metadata.create_all(store.engine)
    return desk_of(store, clock)


def sheet(*rows: list[object], merged: tuple[Merged, ...] = ()) -> Sheet:
    return Sheet("定级.xlsx", "Sheet1", [list(row) for row in rows], merged)  # type: ignore[arg-type]


def test_a_table_as_it_is_really_sent_is_understood(desk: rounds.Desk) -> None:
    """A title above, another order, more columns, one cell for two rows, full-width digits, Chinese dates, a signature below."""
    rows = sheet(
        ["2026年等级保护台账"], [], HEAD,
        [1, "第三级", "云溪市财政局", "一体化", "４３０３００-0001", "二〇二六年三月", "同意"],
        [2, "乙级", None, "门户", "", 46000.0, None],
        HEAD,
        ["填表人：王某"],
        merged=(Merged(3, 2, 4, 2),),
    )  # fmt: skip
    found = rounds.planned(desk, "protection", [rows])
    assert ["定级.xlsx Sheet1!B5"] == [str(one.place) for one in found.plan.faults], (
        "乙级 is none of the choices"
    )
    assert ("领导批示", "序号") == tuple(sorted(found.reading.unknown, reverse=True))

    rows.rows[4][1] = "第二级"  # type: ignore[index]
    plan = rounds.planned(desk, "protection", [rows]).plan
    assert () == plan.faults
    assert [("fin", "3", "2026-03"), ("fin", "2", "2025-12-09")] == [
        (one.values["organization"], one.values["level"], one.values["assessed_on"]) for one in plan.added
    ]


def test_every_fault_names_place_value_and_mend_and_nothing_is_half_imported(desk: rounds.Desk) -> None:
    """Unknown body, formula, bad date, missing field, the same object twice: all at once."""
    rows = sheet(
        ["单位", "定级对象", "安全保护等级", "备案证明编号", "最近测评日期", "对应系统"],
        ["财正局", "甲", "第三级", Formula("=A1"), "去年", "不存在的系统"],
        ["fin", "乙", "第三级", "", "", ""],
        ["云溪市财政局", "乙", "第二级", "", "", ""],
        ["fin", "丙", "", "", "", ""],
    )
    made = rounds.planned(desk, "protection", [rows])
    assert {
        ("A2", "organization"), ("D2", "filing_no"), ("E2", "assessed_on"), ("F2", "system"), ("B4", "object"),
        ("C5", "level"),
    } == {(str(one.place).split("!")[1], one.column) for one in made.plan.faults}  # fmt: skip
    assert all(one.mend for one in made.plan.faults)
    with pytest.raises(rounds.Refused):
        rounds.take_in(desk, made)
    assert [] == rounds.of(desk, "protection")
    assert 1 == len(rounds.take_in(desk, made, partial=True))


def test_two_people_at_one_table_are_brought_together(desk: rounds.Desk) -> None:
    """What only one changed is kept from each; what both changed differently is a fault that shows both."""
    for name in ("甲", "乙"):
        rounds.apply(
            desk, rounds.edited(desk, "protection", "", {"organization": "fin", "object": name, "level": "2"})
        )
    table = list(
        csv.reader(
            io.StringIO(
                rounds.as_csv(desk, rounds.kind(desk, "protection"), rounds.of(desk, "protection")).decode()
            )
        )
    )
    level, score = table[0].index("安全保护等级"), table[0].index("测评得分")
    rounds.apply(desk, rounds.edited(desk, "protection", "DJB-0001", {"level": "3"}))
    rounds.apply(desk, rounds.edited(desk, "protection", "DJB-0002", {"level": "3"}))
    table[1][score] = "88"
    table[2][level] = "第四级"

    made = rounds.planned(desk, "protection", [Sheet("a.csv", "", table)])
    assert [("DJB-0001", {"score": 88, "level": "3"})] == [
        (one.before.number, {name: one.draft.values[name] for name in ("score", "level")})
        for one in made.plan.changed
    ]
    assert ["version"] == [one.column for one in made.plan.faults]
    assert "3 ≠ 4" in made.plan.faults[0].facts["changes"]


def test_a_plan_that_has_become_stale_is_refused(desk: rounds.Desk) -> None:
    """What somebody entered or changed between plan and confirmation is not written over."""
    rows = sheet(["单位", "定级对象", "安全保护等级"], ["fin", "甲", "第三级"])
    made = rounds.planned(desk, "protection", [rows])
    rounds.take_in(desk, made)
    with pytest.raises(rounds.Refused):
        rounds.take_in(desk, made)
    again = rounds.planned(
        desk, "protection", [sheet(["单位", "定级对象", "安全保护等级"], ["fin", "甲", "第四级"])]
    )
    rounds.apply(desk, rounds.edited(desk, "protection", "DJB-0001", {"score": "90"}))
    with pytest.raises(rounds.Refused):
        rounds.take_in(desk, again)
    assert "3" == entries.one(desk.store, "DJB-0001").values["level"]


DATES = ("2026-11-30", "2026/11/30", "2026.11.30", "20261130", "2026年11月30日", "二〇二六年十一月三十日", 46356, "46356",
         date(2026, 11, 30), "30 Nov 2026", " ２０２６－１１－３０ ", "二〇二六年十一月")  # fmt: skip


def test_an_ugly_workbook_is_understood_whole(desk: rounds.Desk, tmp_path: Path) -> None:
    """
    A merged title, remarks, headings in two languages and another order, more columns, hidden rows and columns, twelve ways
    to write a day, full-width digits, sums and signatures; a hidden sheet is left alone, and told.
    """
    book = Workbook()
    page = book.active
    page.title = "2026年上报"
    page.append(["各单位等级保护情况汇总表"])
    page.merge_cells("A1:G1")
    page.append(["填报单位：市财政局", None, None, None, None, "填报日期：2026.11.30"])
    page.append(["序号", "Filed on", "Organization", "备案编号", "定级对象（必填）", "等级", "无关列", "未整改高风险项（项）"])
    for number, day in enumerate(DATES):
        name = (" 云溪市 财政局 （盖章）", "Yunxi Finance Bureau", "FIN")[number % 3]
        level, risks = ("三级", "第三级", "３", "Level 3")[number % 4], ("0", "２", "3项")[number % 3]
        page.append([number + 1, day, name, f"４３－{number}", f"系统{number}", level, "x", risks])
    page.append(["合计", None, None, None, None, None, None, "=SUM(H4:H15)"])
    page.append(["注：以上数据由各科室报送"])
    page.append(["审核人：", None, None, None, "填表人：张三"])
    page.row_dimensions[6].hidden = page.column_dimensions["D"].hidden = True
    other = book.create_sheet("去年的")
    other.append(["定级对象", "单位", "等级"])
    other.append(["旧系统", "云溪市财政局", "第二级"])
    other.sheet_state = "hidden"
    book.save(tmp_path / "a.xlsx")

    sheets, _source = rounds.sheets_of([("a.xlsx", (tmp_path / "a.xlsx").read_bytes())])
    made = rounds.planned(desk, "protection", sheets)
    assert ((), ("去年的",), ("2026年上报",), ("序号", "无关列")) == (
        made.plan.faults, made.reading.hidden, made.reading.unseen, made.reading.unknown,
    )  # fmt: skip
    told = [(one.values["level"], one.values["filed_on"], one.values["open_high"]) for one in made.plan.added]
    assert [("3", "2026-11-30" if day != "二〇二六年十一月" else "2026-11", (0, 2, 3)[number % 3])
            for number, day in enumerate(DATES)] == told  # fmt: skip


def test_every_fault_of_a_workbook_is_named_with_its_cell(desk: rounds.Desk, tmp_path: Path) -> None:
    """Days that are none, formulas and what they left, references to nothing, unknown organizations; nothing is taken in."""
    book = Workbook()
    page = book.active
    page.append(["单位", "定级对象", "安全保护等级", "备案日期", "对应系统", "未整改高风险项"])
    for row in (
        ["文化局", "甲", "九级", "2026-02-30", "没有的系统", "很多"], ["fin", None, "第三级", "昨天", "SYS-9999", -3],
        ["fin", "丙", "第三级", "=TODAY()", None, 1.5], ["fin", "丁", "第三级", "#REF!"], ["fin", "戊", "第三级"],
        ["fin", "戊", "第二级"],
    ):  # fmt: skip
        page.append(row)
    book.save(tmp_path / "a.xlsx")
    sheets, _source = rounds.sheets_of([("a.xlsx", (tmp_path / "a.xlsx").read_bytes())])
    made = rounds.planned(desk, "protection", sheets)
    assert [
        "A2", "C2", "D2", "E2", "F2", "B3", "D3", "E3", "F3", "D4", "F4", "D5", "B7",
    ] == sorted((one.place.cell for one in made.plan.faults), key=lambda cell: (cell[1:], cell[0]))  # fmt: skip
    with pytest.raises(rounds.Refused):
        rounds.take_in(desk, made)
    assert [] == rounds.of(desk, "protection")


def _with(content: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one part changed, or added."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after:
        for name in {*before.namelist(), part}:
            held = before.read(name) if name in before.namelist() else b""
            after.writestr(name, change(held) if name == part else held)
    return made.getvalue()


ENTITIES = b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
FAR = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'


@pytest.mark.parametrize(
    ("part", "change", "said"),
    [
        ("xl/embeddings/a.zip", lambda _held: b"PK\x03\x04 more", "压缩包"),
        ("xl/worksheets/sheet9.xml", lambda _held: b"0" * (40 << 20), "倍"),
        ("xl/workbook.xml", lambda held: ENTITIES + held, "实体"),
        ("xl/worksheets/sheet1.xml", lambda held: held.replace(b"</sheetData>", FAR), "XFD1048576"),
        ("xl/worksheets/sheet1.xml", lambda held: held[: len(held) // 2], "损坏"),
    ],
)
def test_a_hostile_workbook_is_refused_with_its_reason(part: str, change: Callable[[bytes], bytes], said: str) -> None:
    """Archives in archives, bombs, entities, a cell at the end of the world, half a file."""
    book, made = Workbook(), io.BytesIO()
    book.active.append(["单位", "定级对象", "安全保护等级"])
    book.save(made)
    speak("zh")
    with pytest.raises(rounds.NetopsError) as raised:
        rounds.sheets_of([("a.xlsx", _with(made.getvalue(), part, change))])
    assert said in raised.value.told()[1]
    assert "a.xlsx" in raised.value.told()[0]


def test_an_identity_number_never_shows_in_a_fault(desk: rounds.Desk) -> None:
    """A mistyped one is named by its place alone."""
    rows = sheet(["单位", "姓名", "合格证编号", "身份证号"], ["fin", "李某", "A1", "110105194912310021"])
    (fault,) = rounds.planned(desk, "training", [rows]).plan.faults
    assert ("***", "定级.xlsx Sheet1!D2") == (fault.value, str(fault.place))


def test_a_table_of_something_else_is_no_table_of_this(desk: rounds.Desk) -> None:
    """The error names the headings that are needed and writes an empty form."""
    with pytest.raises(rounds.NetopsError) as raised:
        rounds.planned(desk, "protection", [sheet(["车牌", "司机"], ["湘C12345", "张某"])])
    assert "定级对象" in str(raised.value.facts["headings"])
