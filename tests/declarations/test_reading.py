"""Forms and tables as people send them: everything that is said is read, every fault is named with its cell, nothing half."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent))
from sheets import BOXES, DEVICES, NAMES, book

from netops.core.names import Names
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.core.sheet import Sheet
from netops.declarations import reading
from netops.declarations.declaration import Application, Equipment, Kinds
from netops.declarations.reading import Reading
from netops.documents import spreadsheet
from netops.documents.spreadsheet import NotRead


def read(content: bytes, plane: str = "") -> Reading:
    return reading.read(spreadsheet.read(content, "a.xlsx"), NAMES, plane)


def places(found: Reading) -> list[tuple[str, str]]:
    return [(str(one.place).removeprefix("a.xlsx "), one.what) for one in found.faults]


def test_a_form_is_read_wherever_its_labels_stand() -> None:
    """Merged title, full-width digits, units, a date in Chinese numerals, telephones under the person before them, two sheets."""
    found = read(book(("说明", BOXES, ["A1:E1", "B4:E4", "B5:E5"]), ("设备", DEVICES, ["A1:G1"])))

    [form] = found.forms
    stated = form.stated
    assert () == found.faults
    assert ("fin", Plane.EXTRANET, 25, Kinds(20, 3, 2, 0), "B", True) == (
        stated.organization, stated.plane, stated.terminals, stated.kinds, stated.user_class, stated.sealed)  # fmt: skip
    assert ("王 强 0700-1234567", "李梅 0700-7654321") == (stated.responsible, stated.security_officer)
    assert ("2026-11-03", "") == (stated.date, stated.until)
    assert stated.equipment == (
        Equipment("r-fin", "AR-3200", "10.20.255.11", "路由器"),
        Equipment("fw-fin", "", "10.20.255.12", "防火墙", "XKC-1"),
    )
    assert "a.xlsx 说明!B6" == str(form.place("terminals"))
    assert "a.xlsx 设备!B4" == str(form.place("equipment", 1))


def test_another_office_draws_its_form_another_way() -> None:
    """A seal behind the name, labels in two languages, several in one cell, numbers in words, a day number, a merged answer."""
    rows: list[list[Any]] = [
        [], [None, "云溪市政务外网接入书面说明（附件3）"], [],
        [None, "单位名称", "教育局（盖章）", None, "Network", "Extranet"],
        [None, "Nature of the network", "办公局域网"], [None, "应用范围", "OA、学籍\n招生"],
        [None, "入网终端数量", "一百二十台", None, "其中：有线", "100"], [None, "无线：１０台，服务器：6台；其他：4 个"],
        [None, "责任人", "李某", None, "电话", 7315550001], [None, "签署日期", 46356, None, "有效期至", "二〇二七年十一月三十日"],
        [], [None, "注：以上属实"], [None, "经办人："],
    ]  # fmt: skip
    names = Names((Organization("edu", "云溪市教育局"), Organization("fin", "云溪市财政局")), "云溪市")
    found = reading.read(spreadsheet.read(book(("申报", rows, ["B2:G2", "C6:G6"])), "a.xlsx"), names)
    [form] = found.forms
    assert () == found.faults
    assert ("edu", Plane.EXTRANET, 120, Kinds(100, 10, 6, 4), "2026-11-30", "2027-11-30") == (
        form.stated.organization, form.stated.plane, form.stated.terminals, form.stated.kinds, form.stated.date,
        form.stated.until)  # fmt: skip


def test_equipment_may_stand_below_the_boxes_of_the_same_sheet() -> None:
    """Its head and rows are no labels, and the boxes go on after it."""
    rows = [*BOXES[:6], ["三、网络设备情况"], *DEVICES[1:4], ["安全措施", "边界防火墙，防病毒"]]
    [form] = read(book(("接入说明", rows, ["A7:G7"]))).forms

    assert ["r-fin", "fw-fin"] == [one.name for one in form.stated.equipment]
    assert "边界防火墙，防病毒" == form.stated.measures


def test_a_table_of_many_is_read_with_its_equipment() -> None:
    """One declaration a row, columns in any order, a merged organization, extra columns; equipment by its keys."""
    table = [
        ["2026年接入情况汇总表"],
        ["备注", "应用范围", "单位", "网络", "终端数量", "网络性质", "签署日期"],
        ["x", "公文", "市财政局", "政务外网", 25, "办公网", "2026-11-03"],
        [None, "决策", None, "政务内网", "12", "办公网", 46329],
        [None, "教学", "市教育局", "政务外网", 300.0, "教育网", None],
        ["合计", None, None, None, 337, None, None],
    ]
    devices = [
        ["单位名称", "接入网络", "设备名称", "型号"],
        ["市财政局", "内网", "in-sw", "S1"],
        ["市教育局", None, "sw-edu", "S2"],
    ]
    found = read(book(("汇总", table, ["C3:C4"]), ("设备", devices, ())))

    assert () == found.faults
    assert [
        ("fin", "extranet", 25, "2026-11-03"),
        ("fin", "intranet", 12, "2026-11-03"),
        ("edu", "extranet", 300, ""),
    ] == [
        (one.stated.organization, str(one.stated.plane), one.stated.terminals, one.stated.date)
        for one in found.forms
    ]
    assert [(), ("in-sw",), ("sw-edu",)] == [
        tuple(item.name for item in one.stated.equipment) for one in found.forms
    ]


def test_every_fault_of_a_form_is_named_with_its_cell() -> None:
    """A formula, an impossible date, words for a number, an unknown organization, no class, a bad address: all at once."""
    rows: list[list[Any]] = [list(row) for row in BOXES]
    rows[2][1], rows[2][4] = "市财政居", "专网"
    rows[5][1], rows[6][1] = "=SUM(B1:B3)", "很多"
    rows[9][1], rows[10][1] = "二〇二六年十三月一日", "G"
    devices = [list(row) for row in DEVICES]
    devices[2][4], devices[3][1] = "10.20.255.999", None
    found = read(book(("说明", rows, ()), ("设备", devices, ())))

    assert () == found.forms
    assert [
        ("设备!B4", "it has no name"),
        ("设备!E3", "it is no address"),
        ("说明!B10", "it is no day"),
        ("说明!B11", "it is none of the choices"),
        ("说明!B3", "no organization is called so"),
        ("说明!B6", "a formula is not computed"),
        ("说明!B7", "it is no number"),
        ("说明!E3", "it is neither of the two networks"),
    ] == sorted(places(found))


def test_what_is_needed_to_file_it_must_be_there() -> None:
    """Whose it is, and for which network; a row of equipment that belongs to nobody; two contents for one label."""
    rows: list[list[Any]] = [
        ["网络性质", "办公网"],
        ["应用范围", "公文"],
        ["终端数量", 3],
        ["服务器", 1],
        ["终端总数", 4],
    ]
    assert [("x!A1", "it is not said whose it is"), ("x!A1", "it is not said for which network it is"),
            ("x!B5", "it was said otherwise at {place}")] == places(read(book(("x", rows, ()))))  # fmt: skip
    table = [
        ["单位", "网络", "网络性质", "应用范围", "终端数"],
        ["fin", "外网", "a", "b", 1],
        ["edu", "外网", "a", "b", 1],
    ]
    lost = [["单位", "设备名称", "型号"], ["市卫健委", "sw", "S1"], [None, "sw2", "S1"]]
    assert ["d!A2", "d!A3"] == [place for place, _ in places(read(book(("t", table, ()), ("d", lost, ()))))]


def test_several_forms_in_one_file_keep_their_own() -> None:
    """Sheets for the two networks, each with its equipment below; a sheet of something else is told."""
    other = [list(row) for row in BOXES]
    other[2][4] = "政务内网"
    found = read(
        book(
            ("外网", [*BOXES, *DEVICES[1:4]], ()),
            ("内网", other, ()),
            ("通讯录", [["姓名", "手机"], ["张三", "1"]], ()),
        )
    )

    assert [("extranet", 2), ("intranet", 0)] == [
        (str(one.stated.plane), len(one.stated.equipment)) for one in found.forms
    ]
    assert ("a.xlsx 通讯录",) == found.ignored


@pytest.mark.parametrize(
    "content",
    [book(("x", [["a", "b"], ["c", 1]], ())), book(("x", [], ())), "单位,终端\nfin,3\n".encode("gb18030")],
)
def test_what_is_no_declaration_is_said(content: bytes) -> None:
    """Empty, a table of something else, a text in another encoding."""
    assert ["no declaration was found in it"] == [what for _, what in places(read(content))]


def test_hostile_workbooks_are_refused_whole() -> None:
    """An archive within, one that unpacks to too much, and one that is torn; macros are carried by none of what is read."""
    good = book(("说明", BOXES, ()))

    def packed(name: str, part: bytes) -> bytes:
        made = io.BytesIO(good)
        with zipfile.ZipFile(made, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, part)
        return made.getvalue()

    for content in (
        packed("xl/embeddings/x.zip", good),
        packed("xl/media/x.bin", bytes(64 << 20)),
        good[:-200],
    ):
        with pytest.raises(NotRead):
            read(content)
    macro = packed("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0 Sub AutoOpen()")
    assert [25] == [one.stated.terminals for one in read(macro).forms]


CELLS = st.none() | st.integers() | st.floats() | st.booleans() | st.text(max_size=8) | st.sampled_from(
    ["单位名称", "网络性质", "应用范围", "终端数量", "设备名称", "型号", "手机", "市财政局", "外网", "无", "２台", "单位：fin"]
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=12))
def test_any_sheet_gives_declarations_or_faults(rows: list[list[Any]]) -> None:
    """Never another error; what is at fault is in no declaration."""
    found = reading.read([Sheet("a", "b", rows)], NAMES)
    assert found.forms or found.faults
    assert all(one.stated.organization and one.stated.terminals >= 0 for one in found.forms)


def test_applications_are_read() -> None:
    """Name, address, ports in any width."""
    rows = [["应用系统", "服务地址", "端口", "使用对象"], ["预算系统", "10.20.11.9", "８０，443", "各部门"]]
    [form] = read(book(("说明", BOXES, ()), ("应用系统", rows, ()))).forms
    assert (Application("预算系统", "10.20.11.9", "80,443", "各部门"),) == form.stated.applications
