"""Tables as others keep them: foreign exports, an ugly workbook, garbage without a lost row, and a round trip."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from netops.addresses import roster, transcript
from netops.addresses.allocation import Allocation, AllocationState, Origin
from netops.addresses.judging import Ground, Grounds, Why, judge
from netops.addresses.quota import Use
from netops.addresses.roster import Defaults, Reading
from netops.addresses.span import Span, parsed, shown
from netops.addresses.spelling import spans
from netops.addresses.tile import BLANK, Tile, TileState, painted
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.core.sheet import Formula, Sheet
from netops.documents import spreadsheet, xlsx
from netops.rounds.roster import as_csv
from tests.conftest import NOON

CASES = Path(__file__).parents[1] / "data" / "addresses"
POOL = parsed("10.20.11.0/24")


@pytest.mark.parametrize("case", sorted(path.parent.name for path in CASES.glob("*/given.*")))
def test_what_others_write_is_understood(case: str) -> None:
    """NetBox (CSV, API), phpIPAM (XLS), lists of offices: rows, faults and what is passed over, each with its place."""
    [path] = (CASES / case).glob("given.*")
    defaults = Defaults(declaration="D-1" if case == "phpipam-subnets" else "")
    reading = roster.read(spreadsheet.read(path.read_bytes(), path.name), defaults)

    rows = [{"place": str(one.place), "addresses": str(one.span), "organization": one.organization, "owner": one.owner,
             "purpose": one.purpose, "mac": one.mac, "device": one.device, "note": one.note,
             "tags": list(one.tags or ()), "is_prefix": one.is_prefix} for one in reading.rows]  # fmt: skip
    faults = [[str(one.place), one.column, one.value, one.what] for one in reading.faults]
    assert json.loads((CASES / case / "expected.json").read_text("utf-8")) == {
        "present": reading.present,
        "passed": reading.passed,
        "rows": [{name: value for name, value in row.items() if value} for row in rows],
        "faults": faults,
    }


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.1.1.1-50", ["10.1.1.1-10.1.1.50"]),
        ("10.1.1.1~10.1.1.20", ["10.1.1.1-10.1.1.20"]),
        ("10.1.1.1 — 10.1.1.20", ["10.1.1.1-10.1.1.20"]),
        ("10.1.1.250-2.5", ["10.1.1.250-10.1.2.5"]),
        ("10.1.1.1至20", ["10.1.1.1-10.1.1.20"]),
        ("10.1.1.0/255.255.255.240", ["10.1.1.0/28"]),
        ("10.1.*", ["10.1.0.0/16"]),
        ("10.1.1.1、10.1.1.3\n10.1.1.5-6", ["10.1.1.1", "10.1.1.3", "10.1.1.5-10.1.1.6"]),
        ("2001:db8::1-2001:db8::ff", ["2001:db8::1-2001:db8::ff"]),
        ("10。1。1。5", ["10.1.1.5"]),
    ],
)
def test_addresses_are_read_in_every_spelling(text: str, found: list[str]) -> None:
    """Short ranges, dashes of every length, masks, stars, several in a cell."""
    assert found == [str(one) for one in spans(text)]


@pytest.mark.parametrize(
    "text",
    ["", "10.1.1", "10.1.1.5/24", "10.1.1.9-3", "010.1.1.1", "10.1.1.1-2001:db8::1", "x", "10.1.1.0/33"],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    """Shortened, with host bits, ending before it begins, mixed families, octal."""
    with pytest.raises(ValueError):
        spans(text)


# ---- a newcomer's workbook
def ugly() -> bytes:
    """Title, two heading rows with merged cells, full-width digits, formulas, dates as they come, a foreign sheet."""
    book = Workbook()
    page = book.active
    page.title = "外网地址"
    page["A1"], page["A2"] = "政务外网IP地址使用情况统计表", "填报单位：各部门　填报日期：2026年11月"
    page.merge_cells("A1:I1")
    heads = ("序号", "使用单位", "IP地址", None, "子网掩码", "用途", "状态", "预留到期", "备注（必填）*")
    for column, text in enumerate(heads, 1):
        page.cell(3, column, text)
    page["C4"], page["D4"] = "起始 IP", "结束 IP"
    page.merge_cells("C3:D3")
    rows = [
        (1, "市财政局", "１０．２０．１１．７０", "10.20.11.72", "255.255.255.0", "窗口", "在用", None),
        (2, None, "10.20.11.73", None, "255.255.255.0", "打印机", "在用", None),
        (3, None, "10.20.11.74", "76", None, "", "", None),
        (),
        (4, "市教育局", "10.20.11.128", None, "255.255.255.192", "机房", "已分配", None),
        (5, "教育局", "10.20.11.80", None, None, "简称", "", None),
        (6, "市教育局", "10.20.11.81", None, None, "", "预留", date(2027, 3, 1)),
        (7, "市教育局", "10.20.11.82", None, None, "", "预留", 46447),
        (8, "市教育局", "10.20.11.83", None, None, "", "预留", "2027年3月1日"),
        (9, "市教育局", "10.20.11.84", None, None, "", "预留", "下个月"),
        (10, "市教育局", "10.20.11.999", None, None, "", "在用", None),
        (11, "市教育局", "=C5", None, None, "", "在用", None),
        (12, "市教育局", "10.20.11.95", "10.20.11.90", None, "", "丢失", None),
        (13, "市教育局", "10.20.11.81", None, None, "重复", "在用", None),
        (14, "市财政局", "10.20.11.5", None, None, "有主", "在用", None),
        (15, "市财政局", "10.99.1.5", None, None, "池外", "在用", None),
        (16, "市财政局", None, None, None, "没有地址", None, None),
        (17, None, "10.20.11.99", None, None, "没有单位", None, None),
        (18, "市教育局", "10.20.11.100-10.20.11.110", None, None, "一格一段", "", None),
        (19, "市教育局", "10.20.11.120", None, None, "收回了", "已收回", None),
    ]
    for place, row in enumerate(rows, 5):
        for column, value in enumerate(row, 1):
            page.cell(place, column, value)
    page.merge_cells("B5:B7")
    for column, text in enumerate(heads, 1):  # the head of the next printed page
        page.cell(26, column, text)
    page["A27"] = "合计"
    book.create_sheet("数据字典").append(["单位", "代码"])
    other = book.create_sheet("内网")
    other.append(["用途", "接入说明编号", "IP地址段", "网络"])
    other.append(["x", "D-1", "10.20.11.200~10.20.11.205", "政务内网"])
    other.append(["y", "Ｄ-1", "10.20.11.206、10.20.11.208—209", "外网"])
    other.append(["y", "D-9", "10.20.11.214/30", "外网"])
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def grounds(reading: Reading) -> Grounds:
    """What a round would say: two organizations, each with one declaration."""
    codes = {"市财政局": "fin", "市教育局": "edu", "fin": "fin", "edu": "edu"}
    standing = {"fin": Ground("D-1", "fin", 100), "edu": Ground("D-2", "edu", 70, Use(2))}

    def ground(key: tuple[str, str, str]) -> Ground | Why:
        number, organization, _ = key
        found = (
            {"D-1": "fin", "Ｄ-1": "fin", "D-2": "edu"}.get(number, "")
            if number
            else codes.get(organization, "")
        )
        return standing[found] if found else Why("declaration", number or organization, "unknown", "")

    return Grounds({row.ground: ground(row.ground) for row in reading.rows}, codes, frozenset({POOL}))


HELD = Allocation(
    "AL-0001",
    Plane.EXTRANET,
    "10.20.11.1",
    "10.20.11.63",
    "fin",
    "D-1",
    "",
    AllocationState.ACTIVE,
    Origin.ACT,
    NOON,
)


def laid(held: Mapping[str, Allocation]) -> list[Tile]:
    """One pool and what is held in it."""
    tiles = painted(BLANK[:1], [Tile(POOL, TileState.FREE, str(POOL))])
    for one in held.values():
        pool = str(POOL) if POOL.holds(one.span) else ""
        tiles = painted(tiles, [Tile(one.span, TileState(one.state), pool, one.id)])
    return [*tiles, BLANK[1]]


def test_a_newcomers_workbook_is_taken_in_with_every_fault_named() -> None:
    """The good rows are ready, every bad cell is named, and nothing is lost between them."""
    reading = roster.read(spreadsheet.read(ugly(), "台账.xlsx"))
    made = judge(reading, laid({"AL-0001": HELD}), {"AL-0001": HELD}, grounds(reading))

    assert [
        ("10.20.11.70-10.20.11.72", "fin"), ("10.20.11.73", "fin"), ("10.20.11.74-10.20.11.76", "fin"), ("10.20.11.81", "edu"),
        ("10.20.11.82", "edu"), ("10.20.11.83", "edu"), ("10.20.11.100-10.20.11.110", "edu"), ("10.20.11.128/26", "edu"),
        ("10.20.11.206", "fin"), ("10.20.11.208/31", "fin"),
    ] == sorted(((str(one.row.span), one.organization) for one in made.added), key=lambda one: parsed(one[0]))  # fmt: skip
    assert [
        ("外网地址!B10", "unknown"),
        ("外网地址!H14", "a reservation needs its last day"),
        ("外网地址!C15", "it is neither an address nor a CIDR nor a range"),
        ("外网地址!C16", "it is a formula"),
        ("外网地址!G17", "it is no state"),
        ("外网地址!C17", "it is no range: it ends before it begins, or has no address at an end"),
        ("外网地址!C18", "{other} has part of it too"),
        ("外网地址!C19", "{holder} of {organization} has {span} ({state})"),
        ("外网地址!C20", "no registered pool holds it"),
        ("外网地址!C21", "no address is given"),
        ("外网地址!B22", "no declaration and no organization is named"),
        ("内网!D2", "it is an address of the other plane"),
        ("内网!C4", "it is neither one address nor a block: its host bits are not zero"),
    ] == sorted_faults(made.faults)
    until = datetime(2027, 3, 1, tzinfo=CITY_ZONE)
    assert [until] * 3 == [one.row.until for one in made.added if one.row.state is AllocationState.RESERVED]
    assert (22, 1, ("台账.xlsx 数据字典",)) == (reading.present, reading.passed, reading.ignored)
    assert accounted(reading)


def sorted_faults(faults: Any) -> list[tuple[str, str]]:
    return [(str(one.place).removeprefix("台账.xlsx "), one.what) for one in faults]


def accounted(reading: Reading) -> bool:
    """Every row that is there is ready, at fault, or asks for nothing; none is two of these."""
    ready = {(one.place.sheet, one.place.line) for one in reading.rows}
    bad = {(one.place.sheet, one.place.line) for one in reading.faults}
    return not ready & bad and len(ready) + len(bad) + reading.passed == reading.present


def test_a_bound_declaration_stops_at_its_terminals() -> None:
    """What is over the quota is named and kept out, unless a reason is given."""
    sheet = Sheet(
        "a.csv",
        "",
        [["单位", "地址"], ["市教育局", "10.20.11.128-10.20.11.195"], ["市教育局", "10.20.11.200"]],
    )
    reading = roster.read([sheet])
    made = judge(reading, laid({}), {}, grounds(reading))
    reasoned = roster.read([sheet], Defaults(over_quota="临时"))
    allowed = judge(reasoned, laid({}), {}, grounds(reasoned))

    assert (["10.20.11.128-10.20.11.195"], 1) == ([str(one.row.span) for one in made.added], len(made.faults))
    assert ["", "临时"] == [one.over_quota for one in allowed.added]


CELLS = st.one_of(
    st.none(), st.text(max_size=20), st.integers(), st.floats(), st.booleans(), st.dates(), st.datetimes(),
    st.builds(Formula, st.text(max_size=10)),
    st.sampled_from(["10.20.11.7", "10.20.11.0/28", "10.20.11.9-", "市财政局", "fin", "预留", "D-1", "2026-12-31",
                     "在用", "地址", "单位"]),
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=8), max_size=12))
def test_garbage_never_loses_a_row(rows: list[list[Any]]) -> None:
    """Rows read, rows at fault and rows passed over are the rows that are there; judging them ends, too."""
    heads = ["地址", "单位", "接入说明", "状态", "预留至", "MAC", "标签", "掩码"]
    reading = roster.read([Sheet("g.xlsx", "s", [heads, *rows])])

    assert accounted(reading)
    made = judge(reading, laid({}), {}, grounds(reading))
    named = {one.place.line for one in made.faults} | {one.row.place.line for one in made.added}
    assert {one.place.line for one in reading.rows} <= named


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(CELLS, max_size=6), max_size=10))
def test_garbage_without_heads_ends_in_a_sentence(rows: list[list[Any]]) -> None:
    """Any cells are a table or an error that says why."""
    with suppress(NetopsError):
        assert accounted(roster.read([Sheet("g.xlsx", "s", rows)]))


# ---- out and in
TEXT = st.text(max_size=25) | st.sampled_from(
    ["=cmd|' /C calc'!A0", "'=x", "+86", "-1", "@a", "一", "a,b;c", 'say "x"', "（一）\n二"]
)


@st.composite
def ledgers(draw: st.DrawFn) -> dict[str, Allocation]:
    """Allocations apart from each other in the pool, with anything people may have said about them."""
    edges = sorted(draw(st.sets(st.integers(1, 254), max_size=12)))
    held = {}
    for number, (first, last) in enumerate(zip(edges[::2], edges[1::2], strict=False), 1):
        span = Span(POOL.first + first, POOL.first + draw(st.sampled_from([first, last])))
        state = draw(st.sampled_from([AllocationState.ACTIVE, AllocationState.RESERVED]))
        until = datetime(2027, 1, number, 3, 30, tzinfo=UTC) if state is AllocationState.RESERVED else None
        code = draw(st.sampled_from(["fin", "edu"]))
        held[f"AL-{number:04d}"] = Allocation(
            f"AL-{number:04d}", Plane.EXTRANET, shown(span.first), shown(span.last), code, {"fin": "D-1", "edu": "D-2"}[code],
            draw(TEXT), state, Origin.ACT, NOON, None, "", until,
            draw(st.sampled_from(["", "00:1b:21:3c:4d:5e"])) if span.size == 1 else "", draw(TEXT), draw(TEXT),
            tuple(draw(st.lists(st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=5), max_size=3))),
        )  # fmt: skip
    return held


@pytest.mark.parametrize("shape", ["utf-8", "utf-8-marked", "gb18030", "xlsx", "json"])
@settings(max_examples=25, deadline=None)
@given(held=ledgers())
def test_what_goes_out_comes_in_without_a_difference(shape: str, held: dict[str, Allocation]) -> None:
    """Whatever stands in the ledger, in every format: each row stands already, none is at fault, none is new."""
    if shape == "xlsx":
        columns = [xlsx.Column(head) for head in transcript.heads("en")]
        content = xlsx.render(
            [xlsx.Sheet("r", columns, transcript.cells_of(held.values(), "en"), ruled=False)], "r", NOON
        )
    elif shape == "json":
        content = msgspec.json.encode({"kind": "allocation", "items": list(held.values())})
    else:
        content = as_csv(held.values(), shape.removesuffix("-marked"), mark=shape.endswith("marked"))
    reading = roster.read(spreadsheet.read(content, "out"))
    made = judge(reading, laid(held), held, grounds(reading))

    assert ((), len(held), ()) == (made.added, made.same, made.faults)
    if shape not in ("xlsx", "json"):
        text = content.decode("gb18030" if shape == "gb18030" else "utf-8-sig")
        cells = [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]
        assert [] == [cell for cell in cells if cell[:1] and cell[0] in "=+-@\t\r"]
