"""Tables as offices hand them in."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

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
        [2, "二级", None, "门户", "", 46000.0, None],
        HEAD,
        ["填表人：王某"],
        merged=(Merged(3, 2, 4, 2),),
    )  # fmt: skip
    found = rounds.planned(desk, "protection", [rows])
    assert ["定级.xlsx Sheet1!B5"] == [str(one.place) for one in found.plan.faults], (
        "二级 is none of the choices"
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
        ("A2", "organization"), ("D2", "filing_no"), ("E2", "assessed_on"), ("F2", "system"), ("A4", "object"),
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
