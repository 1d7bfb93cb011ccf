"""Whatever a device, a form or a sheet can say is text on every page: no element, no attribute, no address comes of it."""

from __future__ import annotations

import re
from html import unescape
from html.parser import HTMLParser

import pytest
from starlette.testclient import TestClient

from netops.core.account import Role
from netops.core.walk import Column, DeviceWalk
from netops.desk import Desk
from netops.probes import mib
from netops.topology import snapshots
from netops.web.pages.every import ACTS, PAGES
from tests.conftest import NOON
from tests.declarations.sheets import book
from tests.web.city import EXTRANET, INTRANET
from tests.web.test_files import HEAD, posted
from tests.web.test_pages import CONCRETE, SAME, addresses, browser, desk, written

__all__ = ["desk", "written"]
EVIL = "'\"></title></textarea></script><xss onx=1 href=javascript:x>{{7*7}}${7*7}\u202e"
"""Leaves every place that a template may have put it into, and would make an element that nothing of ours is called."""
DEVICES = ("r-fin", "sw-fin")


class Seen(HTMLParser):
    """What a browser makes of a page: an element that is none of ours, an attribute that runs, an address that is no address."""

    def __init__(self) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "xss" or (tag == "script" and dict(attrs).get("src", "").startswith("/static/") is False):
            self.wrong.append(tag)
        for name, value in attrs:
            told = (value or "").strip().casefold()
            if name.startswith("on") or name in ("style", "srcdoc", "http-equiv"):
                self.wrong.append(f"{tag} {name}")
            if name in ("href", "src", "action", "xlink:href", "formaction") and not told.startswith(("/", "#", "?")):
                self.wrong.append(f"{tag} {name}={told[:40]}")
            self.said += value or ""

    def handle_data(self, data: str) -> None:
        self.said += data


def wrong(text: str) -> list[str]:
    page = Seen()
    page.feed(text)
    return page.wrong


@pytest.fixture
def operator(desk: Desk) -> TestClient:
    """Somebody who does the work, where two devices say it in everything that a device can say."""
    for place, name in enumerate(DEVICES, 1):
        columns: dict[str, Column] = {}
        for group in mib.GROUPS:
            for kind in group.objects:
                columns[kind] = {(0,): EVIL.encode(), (1,): EVIL.encode(), (0, 1, 1): EVIL.encode(), (1, 1): EVIL.encode()}
        columns |= {"ifType": {(1,): 6}, "ifOperStatus": {(1,): 1}, "lldpRemPortIdSubtype": {(0, 1, 1): 7},
                    "lldpRemChassisIdSubtype": {(0, 1, 1): 7}, "lldpLocPortIdSubtype": {(1,): 7}}  # fmt: skip
        snapshots.record(desk.store, DeviceWalk(EXTRANET, name, f"10.72.255.{place}", NOON, 0.1, columns), NOON)
    return browser(desk, "wang.gong", Role.OPERATOR, EXTRANET, INTRANET)


def test_what_a_device_says_is_text_everywhere(desk: Desk, operator: TestClient) -> None:
    """Every page and the device's own, in both languages, with the same in the question; it is shown, and is never markup."""
    shown = 0
    paths = [path for one in (*PAGES, *ACTS) for path in addresses(desk, one) if path]
    paths += [f"/devices/extranet/{name}" for name in DEVICES]
    paths += [f"/who?q={query}" for query in ("r-fin", "10.72.255.1", "xss")]
    evil = {"q": EVIL, "text": EVIL, "organization": EVIL, "state": EVIL, "plane": EVIL, "code": EVIL, "table": EVIL, "by": EVIL}
    for place, path in enumerate(paths):
        for params in ({"lang": "en"}, {"lang": "zh"} | ({} if "?" in path else evil))[place % 2 :]:
            answer = operator.get(path, params=params)
            if "html" in answer.headers["content-type"]:
                assert (path, []) == (path, wrong(answer.text))
                shown += "<xss onx=1" in unescape(answer.text)
            elif "svg" in answer.headers["content-type"]:
                assert "<xss" not in answer.text
    assert shown > 8
    assert "onx=1" in operator.get("/devices/extranet/r-fin").text


def fields(text: str) -> list[str]:
    """Names of what can be typed into a form."""
    return re.findall(r'<(?:input|textarea|select)\b(?![^>]*type="(?:hidden|file)")[^>]*\bname="(\w+)"', text)


def test_what_is_typed_is_text_in_every_form(desk: Desk, operator: TestClient) -> None:
    """Each field of each act: the form comes back with it, or the plan says it; never markup."""
    tried = 0
    for one in ACTS:
        path = next(path for path in (*addresses(desk, one), "") if path or "{" not in one.path)
        if not path:
            assert one.path in CONCRETE
            continue
        page = operator.get(path).text
        names = [name for name in fields(page) if name not in ("q", "lang")]
        for said in (dict.fromkeys(names, EVIL), {}):
            answer = operator.post(path, data={**said, "seen": EVIL, "key": EVIL}, headers=SAME)
            assert answer.status_code < 500
            assert (path, []) == (path, wrong(answer.text))
        tried += len(names)
    assert tried > 60


def test_what_a_sheet_says_is_text_in_its_plan(operator: TestClient) -> None:
    """Every cell and every heading of a file that is handed in, good or not, and the file's name."""
    rows = [[EVIL] * len(HEAD), ["lx", "内网", EVIL, EVIL, 12], ["lx", "内网", "办公网", EVIL, EVIL]]
    for content in (book((EVIL[:20].translate(dict.fromkeys(map(ord, "[]:*?/\\'"))), [HEAD, *rows], ())),
                    book(("t", [[*HEAD, EVIL], *rows], ())), EVIL.encode()):  # fmt: skip
        for name in ("a.xlsx", f"{EVIL}.xlsx", f"{EVIL}.csv"):
            answer = posted(operator, content, name)
            assert answer.status_code in (200, 422)
            assert [] == wrong(answer.text)
