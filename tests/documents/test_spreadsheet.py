"""Tables that people hand in: every encoding, bounded; formulas are never computed; garbage ends in a sentence."""

from __future__ import annotations

import io
import zipfile
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from netops.core.errors import NetopsError
from netops.core.sheet import Formula, Merged
from netops.documents import spreadsheet

ROWS = "单位,地址\n市财政局,10.1.1.1\n"


def book() -> Workbook:
    made = Workbook()
    page = made.active
    page.title = "台账"
    page.append(["标题"])
    page.merge_cells("A1:C1")
    page.append(["地址", "用途", "日期"])
    page.append(["10.1.1.1", "=1+1", date(2026, 12, 31)])
    page["E5"] = '=HYPERLINK("http://192.0.2.1")'
    page["B6"] = "=text"
    page["B6"].data_type = "s"
    made.create_sheet("二")
    return made


def saved(made: Workbook) -> bytes:
    content = io.BytesIO()
    made.save(content)
    return content.getvalue()


def repacked(content: bytes, parts: dict[str, bytes]) -> bytes:
    """A workbook with some of its parts exchanged or added."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as before,
        zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as after,
    ):
        for name in before.namelist():
            if name not in parts:
                after.writestr(name, before.read(name))
        for name, part in parts.items():
            after.writestr(name, part)
    return made.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        ROWS.encode(), ROWS.encode("utf-8-sig"), ROWS.encode("gb18030"), ROWS.replace(",", "\t").encode("utf-16"),
        ROWS.replace(",", ";").encode(), ROWS.replace("\n", "\r\n").encode("gb18030"), ROWS.replace(",", "|").encode(),
    ],
)  # fmt: skip
def test_text_is_read_in_every_encoding(content: bytes) -> None:
    """UTF-8 with and without its mark, UTF-16, GB18030; commas, tabs, semicolons, bars."""
    [one] = spreadsheet.read(content, "a.csv")
    assert [["单位", "地址"], ["市财政局", "10.1.1.1"]] == [list(row) for row in one.rows]


def test_chinese_that_happens_to_be_utf8_is_read_as_chinese() -> None:
    """The one word 一 is D2 BB, which is a letter in UTF-8 too."""
    [one] = spreadsheet.read("addresses,purpose\n10.1.1.1,一\n".encode("gb18030"), "a.csv")
    assert "一" == one.rows[1][1]


def test_rows_of_several_lines_keep_their_place() -> None:
    """A cell with a line end does not shift the rows below it."""
    [one] = spreadsheet.read(b'a,b\n"x\ny",2\n3,4\n', "a.csv")
    assert ["a.csv:1", "a.csv:2", "a.csv:4"] == [str(one.place(row)) for row in range(3)]


def test_a_workbook_is_read_without_computing() -> None:
    """Formulas as their text, dates as dates, text that begins with = as text, merged cells, every sheet."""
    first, second = spreadsheet.read(saved(book()), "a.xlsx")

    assert ("台账", "二") == (first.name, second.name)
    assert ["10.1.1.1", Formula("=1+1"), date(2026, 12, 31)] == first.rows[2]
    assert Formula('=HYPERLINK("http://192.0.2.1")') == first.rows[4][4]
    assert "=text" == first.rows[5][1]
    assert (Merged(0, 0, 0, 2),) == first.merged
    assert "a.xlsx 台账!B3" == str(first.place(2, 1))


def test_lists_of_objects_are_sheets() -> None:
    """Ours, an API's, and a bare one; of an object within its value or name is taken."""
    given = b'{"results": [{"address": "10.1.1.1/24", "status": {"value": "active", "label": "A"}, "tags": [{"name": "x"}]}, 7]}'
    [one] = spreadsheet.read(given, "a.json")
    assert [["address", "status", "tags"], ["10.1.1.1/24", "active", "x"], ["7"]] == [
        list(row) for row in one.rows
    ]
    assert "a.json results[0].status" == str(one.place(1, 1))
    assert "a.json [0].a" == str(spreadsheet.read(b'[{"a": 1}]', "a.json")[0].place(1, 0))


BOMB = b"<worksheet>" + b" " * (64 << 20) + b"</worksheet>"
FAR = (
    b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
    b'<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
)
LAUGH = (
    b'<!DOCTYPE x [<!ENTITY a "'
    + b"ha" * 5000
    + b'"><!ENTITY b "'
    + b"&a;" * 5000
    + b'">]><workbook>&b;&b;&b;</workbook>'
)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"PK\x03\x04" + b"x" * 100, "broken"),
        (saved(book())[:-300], "broken"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "broken"),
        (repacked(saved(book()), {"xl/worksheets/sheet1.xml": BOMB}), "times its size"),
        (repacked(saved(book()), {"xl/embeddings/a.xlsx": saved(book())}), "archive of its own"),
        (repacked(saved(book()), {"xl/worksheets/sheet1.xml": FAR}), "far from the table"),
        (repacked(saved(book()), {"xl/workbook.xml": LAUGH}), "declares entities"),
        (repacked(saved(book()), {"xl/worksheets/sheet1.xml": b"<a"}), "broken"),
        (repacked(b"PK\x05\x06" + bytes(18), {"word/document.xml": b"<a/>"}), "no XLSX"),
        (b"<html><table><tr><td>x", "web page"),
        (b"\x80\x81\xff,\xff\n", "neither UTF-8 nor GB18030"),
        (b'{"items": [', "no JSON"),
        (b"[" * 5000, "no JSON"),
        (b'"' + b"x" * 200_000 + b'",1\n', "field larger"),
        (b"," * 2000 + b"\n", "columns"),
        (b"x\n" * (spreadsheet.MAX_ROWS + 1), "rows"),
    ],
)
def test_what_is_hostile_ends_in_a_sentence(content: bytes, why: str) -> None:
    """Broken, protected, too large when unpacked, an archive in an archive, a cell far away, entities."""
    with pytest.raises(NetopsError, match=why):
        spreadsheet.read(content, "x")


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_sentence(content: bytes) -> None:
    """Text and JSON; what a workbook begins with is tried below."""
    if content[:2] == b"PK" or content[:4] == b"\xd0\xcf\x11\xe0":
        return
    with suppress(NetopsError):
        spreadsheet.read(content, "x")


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_a_damaged_workbook_is_a_table_or_a_sentence(data: st.DataObject) -> None:
    """Single bytes changed anywhere."""
    content = bytearray(saved(book()))
    for _ in range(data.draw(st.integers(1, 20))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with suppress(NetopsError):
        spreadsheet.read(bytes(content), "x")
