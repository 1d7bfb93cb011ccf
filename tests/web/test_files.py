"""Declarations handed in as a file on a page: every row is planned, then all or the good ones are filed, once."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from netops.core import journal
from netops.core.account import Role
from netops.declarations import filings
from netops.desk import Desk
from netops.web import trays
from tests.declarations.sheets import book
from tests.web import city
from tests.web.test_pages import SAME, browser, hidden, operator, written
from tests.web.test_pages import desk as page_desk

__all__ = ["operator", "written"]
desk = page_desk
PATH = "/declare/file"
HEAD = ["单位", "网络", "网络性质", "应用范围", "终端数量"]


def posted(who: TestClient, content: bytes, name: str = "汇总.xlsx", **said: str) -> Any:
    return who.post(PATH, data={"plane": "", "rows": "all", "why": "年度", **said}, files={"file": (name, content)}, headers=SAME)


def finished(who: TestClient, text: str, **said: str) -> Any:
    return who.post(PATH, data={**hidden(text), "step": "do", **said}, headers=SAME, follow_redirects=False)


def filed(desk: Desk) -> set[tuple[str, str]]:
    with desk.store.read() as connection:
        return {(one.organization, str(one.plane)) for one in filings.every(connection) if one.number.startswith("DECL-")}


def test_what_a_workbook_would_do_is_shown_then_done_once(desk: Desk, operator: TestClient) -> None:
    """All of it; the same form again files nothing more; what the file says is text."""
    plan = posted(operator, book(("t", [HEAD, *rows()], ())))
    assert (200, True) == (plan.status_code, "新报 2" in plan.text), plan.text
    assert "<b>公文" not in plan.text
    assert set() == filed(desk)
    for _time in range(2):
        done = finished(operator, plan.text)
        assert (303, True) == (done.status_code, done.headers["Location"].startswith("/declarations")), done.text
    assert {("lx", "intranet"), ("land", "intranet")} == filed(desk)
    entries = [one for one in journal.log(desk.store, 20) if one.verb.startswith("declar")]
    assert (2, {"wang.gong"}) == (len(entries), {one.actor for one in entries})
    again = posted(operator, book(("t", [HEAD, *rows()], ())))
    assert "相同 2" in again.text


def rows() -> list[list[object]]:
    return [["lx", "内网", "办公网", "公文", 12], ["land", "内网", "办公网", "<b>公文</b>", 7]]


def test_good_rows_go_in_alone_where_that_is_wanted(desk: Desk, operator: TestClient) -> None:
    """A fault is named by its cell; all or nothing files nothing, and what was chosen is still in the form."""
    content = book(("t", [HEAD, *rows(), ["qs", "内网", "办公网", "公文", "许多"]], ()))
    plan = posted(operator, content)
    assert "E4" in plan.text
    refused = finished(operator, plan.text)
    assert 409 == refused.status_code
    assert set() == filed(desk)
    again = operator.post(PATH, data={**fields(refused.text), "rows": "good"}, files={"file": ("", b"")}, headers=SAME)
    assert (200, True) == (again.status_code, "E4" in again.text)
    assert 303 == finished(operator, again.text).status_code
    assert {("lx", "intranet"), ("land", "intranet")} == filed(desk)
    bad = posted(operator, book(("t", [HEAD, ["qs", "内网", "办公网", "公文", "许多"]], ())), rows="good")
    assert 409 == finished(operator, bad.text).status_code


def fields(text: str) -> dict[str, str]:
    form = text[text.index('class="asked"') :]
    return {name: unescape(value) for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form)} | {
        "plane": "", "why": "年度"}  # fmt: skip


def test_nobody_hands_in_for_another(desk: Desk, operator: TestClient) -> None:
    """A department's file names only itself; a file is its sender's alone; what changed since the plan is told."""
    fin = browser(desk, "fin.user", Role.DEPARTMENT, city.EXTRANET, organization="fin")
    answer = posted(fin, book(("t", [HEAD, ["edu", "外网", "办公网", "公文", 3]], ())))
    assert (422, True) == (answer.status_code, "只能涉及本单位" in answer.text), answer.text
    assert "云信接〔2026〕5号" not in answer.text
    assert set() == filed(desk)
    plan = posted(operator, book(("t", [HEAD, *rows()], ())))
    other = browser(desk, "li.lei", Role.OPERATOR, city.EXTRANET, city.INTRANET)
    stolen = finished(other, plan.text)
    assert (422, True) == (stolen.status_code, "请重新选择" in stolen.text), stolen.text
    assert 303 == finished(other, posted(other, book(("t", [HEAD, rows()[0]], ()))).text).status_code
    assert 409 == finished(operator, plan.text).status_code
    assert {("lx", "intranet")} == filed(desk)


def test_files_that_are_none(operator: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """No workbook, an empty one, nothing chosen, too large, a form that is broken: said, and nothing is filed."""
    empty = book(("t", [], ()))
    for content, name in ((b"MZ\x90", "a.exe"), (b"no workbook", "a.xlsx"), (b"PK\x03\x04 cut", "a.xlsx"), (empty, "x.xlsx")):
        answer = posted(operator, content, name)
        assert answer.status_code in (200, 422), name
        assert answer.status_code == 422 or finished(operator, answer.text).status_code == 409, name
    nothing = operator.post(PATH, data={"plane": "", "rows": "all", "why": ""}, files={"file": ("", b"")}, headers=SAME)
    assert 422 == nothing.status_code
    for media in ("multipart/form-data", "multipart/form-data; boundary=x", "multipart/form-data; boundary=" + "x" * 5000):
        assert 422 == operator.post(PATH, content=b"--x\r\n\r\n", headers={**SAME, "Content-Type": media}).status_code
    monkeypatch.setattr(trays, "MOST_BYTES", 1000)
    assert 422 == posted(operator, b"x" * 2000).status_code


def test_forms_with_files_are_taken_apart_byte_by_byte() -> None:
    """Whatever is in the file, line ends and boundaries that are none; names in Chinese; paths are left out."""
    content = bytes(range(256)) * 3 + b"\r\n--b\r\r\n\n--bx\r\n"
    head = 'Content-Disposition: form-data; name="file"; filename="C:\\\\x\\汇总.xlsx"\r\nContent-Type: a/b'
    body = f'--bnd\r\nContent-Disposition: form-data; name="why"\r\n\r\n年度\r\n--bnd\r\n{head}\r\n\r\n'
    said, files = trays.parted("multipart/form-data; boundary=bnd", body.encode() + content + b"\r\n--bnd--\r\n")
    assert ({"why": "年度"}, content) == (said, files["file"].content)
    assert files["file"].name.endswith("汇总.xlsx")
    assert "\\" not in files["file"].name


def test_one_person_pushes_out_no_file_of_another() -> None:
    """Whoever hands in file after file loses the oldest of their own; another's number is nobody else's."""
    tray, one = trays.Tray(), trays.Handed("汇总.xlsx", b"1")
    first = tray.put("a", one)
    theirs = [tray.put("b", one) for _ in range(trays.MOST)]
    assert (one, one) == (tray.get("a", first), tray.get("b", theirs[1]))
    for who, number in (("b", theirs[0]), ("b", first)):
        with pytest.raises(trays.Missing):
            tray.get(who, number)
