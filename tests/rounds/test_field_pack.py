"""The field pack: filled in a real browser without a network, and merged; conflicts shown, nothing overwritten."""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import struct
import zlib
from base64 import b64encode
from collections.abc import Iterator
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.cli import main
from netops.core import journal
from netops.core.clock import Clock, still
from netops.core.errors import NetopsError, Refused
from netops.desk import Desk
from netops.inspections import archive, packs
from netops.inspections.answer import Result
from netops.inspections.inspection import Party
from netops.registers import attachments
from netops.rounds import field_pack, inspect
from tests.rounds.small_city import small_city

DATA = Path(__file__).parents[1] / "data" / "inspections"
BROWSERS = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]


def png(width: int = 40, height: int = 30) -> bytes:
    """A grey picture."""
    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + b"\x80" * width for _ in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


@pytest.fixture
def desk(tmp_path: Path, store_url: str, clock: Clock) -> Iterator[Desk]:
    """A desk over a small city, at which one inspection stands with the machine's answers."""
    with small_city(store_url, clock, tmp_path) as desk:
        yield desk


@pytest.fixture
def number(desk: Desk) -> str:
    """Number of an inspection that the machine has answered."""
    code = next(one.code for one in desk.register.organizations if not one.platform)
    return str(inspect.run(desk, organization=code).facts["inspection"])


def saved(made: packs.Pack, answers: list[dict[str, str]], **more: Any) -> bytes:
    """A result as the page saves it, sealed by the pack's key."""
    content = {"format": "netops field result 1", "pack": made.id, "number": made.inspection,
               "saved_at": "2026-11-20T06:00:00.000Z", "answers": answers, "inspectors": ["赵甲", "钱乙"],
               "accompanied": "孙丙", "place": "", "signed_name": "孙丙",
               "signature": "", "photos": []} | more  # fmt: skip
    text = json.dumps(content, ensure_ascii=False)
    sealed = {"content": text, "sha256": hashlib.sha256(text.encode()).hexdigest(),
              "mac": hmac.new(made.key, text.encode(), hashlib.sha256).hexdigest()}  # fmt: skip
    return json.dumps(sealed).encode()


def manual(desk: Desk, number: str) -> list[str]:
    """Items that a person has to answer: no machine could."""
    inspection = archive.one(desk.store, number)
    return [item.id for item in inspection.catalogue.items if inspection.result(item) is Result.UNCHECKED]


def test_the_page_asks_for_no_newer_browser() -> None:
    """Nothing that came after ES2017, and no DOM that came after it: it is opened on old phones."""
    script = (Path(field_pack.__file__).parents[1] / "documents" / "field" / "pack.js").read_text("utf-8")
    newer = (
        r"\?\?", r"\?\.\D", r"\{\s*\.\.\.", r"\w: \w+, \.\.\.", r"catch\s*\{", r"\.finally\(", r"\.flat(Map)?\(", r"\d_\d",
        r"replaceChildren", r"replaceAll", r"fromEntries", r"matchAll", r"\.text\(\)", r"import\(", r"crypto\.",
    )  # fmt: skip

    assert [] == [(pattern, found.group()) for pattern in newer for found in re.finditer(pattern, script)]


def test_the_page_is_filled_by_the_tabulator_alone(desk: Desk, number: str, tmp_path: Path) -> None:
    """Every field is reached by the tabulator, shown where it stands, and the whole is saved and merged without a mouse."""
    if not BROWSERS:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    field_pack.pack(desk, number, tmp_path / "pack.html")
    wanted = manual(desk, number)[0]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSERS[0], args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(viewport={"width": 360, "height": 740}, offline=True).new_page()
        page.goto((tmp_path / "pack.html").as_uri())
        names = iter(("赵甲", "钱乙", "孙丙", "三楼机房", "孙丙"))
        seen, done = 0, False
        while not done and seen < 2000:
            seen += 1
            page.keyboard.press("Tab")
            here = page.evaluate(
                "(() => { const e = document.activeElement, b = e.getBoundingClientRect();"
                " return [e.type || e.tagName, e.name || e.id, b.bottom > 0 && b.top < innerHeight,"
                " getComputedStyle(e).outlineStyle]; })()"
            )
            assert here[2:] == [True, "solid"] or here[0] in ("file", "BODY"), here
            if here[:2] == ["radio", f"inspector-{wanted}"]:
                page.keyboard.press("Space")
            elif here[0] == "text":
                page.keyboard.insert_text(next(names))
            elif here[1] == "save":
                with page.expect_download() as download:
                    page.keyboard.press("Enter")
                download.value.save_as(tmp_path / "result.json")
                done = True
        browser.close()

    plan = field_pack.plan(desk, (tmp_path / "result.json").read_bytes())
    assert [(wanted, Party.INSPECTOR, Result.CONFORM)] == [(one.item, one.party, one.answer) for one in plan.added]
    assert (("赵甲", "钱乙"), "孙丙", "孙丙") == (plan.result.inspectors, plan.result.accompanied, plan.result.signed_name)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_filled_in_a_real_browser_without_a_network(
    tmp_path: Path, clock: Clock, language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """By keyboard alone, 360 px wide: answers, notes, a photo, two names, a signature; saved, then merged by the command."""
    if not BROWSERS:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "sqlite:///netops.db"\n[inventory]\npath = "{DATA / "city"}"\n[planes.extranet]\nnets = []\n', "utf-8"
    )
    (tmp_path / "photo.png").write_bytes(png(2000, 900))
    asked = ["-c", str(tmp_path / "config.toml"), "--lang", language, "--json", "--yes"]
    for words in (["inventory", "apply"], ["inspect", "run", "--organization", "fin"]):
        main([*asked, *words])
    capsys.readouterr()
    assert 0 == main([*asked, "inspect", "pack", "IS-2026-0001", "-o", str(tmp_path / "pack.html")])
    page_size = (tmp_path / "pack.html").stat().st_size
    requests: list[str] = []
    errors: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSERS[0], args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context(viewport={"width": 360, "height": 740}, offline=True)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url.split(":")[0]))
        page.on("console", lambda message: errors.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto((tmp_path / "pack.html").as_uri())
        items = page.locator("article").count()
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        first, second = (page.locator("article").nth(place) for place in (0, 1))
        page.locator("#save").press("Enter")
        assert 3 == page.locator("#faults li").count()
        first.locator("input[value=nonconform]").first.press("Space")
        assert first.locator(".fault").inner_text()
        first.locator("textarea").first.focus()
        page.keyboard.type("机房无门禁 <b>x</b>")
        assert "" == first.locator(".fault").inner_text()
        second.locator("input[value=conform]").first.press("Space")
        second.locator("textarea").first.fill("看过")
        first.locator("input[type=file]").set_input_files(tmp_path / "photo.png")
        first.locator("img").wait_for()
        for place, name in enumerate(("赵甲", "钱乙")):
            page.locator("#end input[type=text]").nth(place).fill(name)
        box = page.locator("#end canvas").bounding_box()
        assert box
        page.locator("#end canvas").scroll_into_view_if_needed()
        box = page.locator("#end canvas").bounding_box()
        assert box
        page.mouse.move(box["x"] + 20, box["y"] + 20)
        page.mouse.down()
        page.mouse.move(box["x"] + 120, box["y"] + 80)
        page.mouse.up()
        page.reload()
        assert "机房无门禁 <b>x</b>" == first.locator("textarea").first.input_value()
        with page.expect_download() as download:
            page.locator("#save").press("Enter")
        download.value.save_as(tmp_path / "result.json")
        first.locator("textarea").first.fill("另写的")
        page.locator("input[type=file]").last.set_input_files(tmp_path / "result.json")
        page.wait_for_load_state()
        page.get_by_text("1 ").last.wait_for()
        assert ("另写的", 1) == (first.locator("textarea").first.input_value(), first.locator("img").count())
        browser.close()
    capsys.readouterr()
    assert 0 == main([*asked, "inspect", "merge", str(tmp_path / "result.json")])
    merged = json.loads(capsys.readouterr().out)["items"][0]
    assert 4 == main([*asked, "inspect", "merge", str(tmp_path / "result.json")])

    assert ([], {"file"}) == (errors, set(requests) - {"data", "blob"})
    assert page_size < 5_000_000
    assert items > 20
    assert [("nonconform", "机房无门禁 <b>x</b>"), ("conform", "看过")] == [
        (one["answer"], one["note"]) for one in merged["added"]
    ]
    assert (1, []) == (merged["photos"], merged["conflicts"])


def test_conflicts_are_shown_and_nothing_is_overwritten(desk: Desk, number: str, tmp_path: Path) -> None:
    """What somebody said meanwhile stays, and the field's word stays out of it until a person takes it; all are kept."""
    same, other, free = manual(desk, number)[:3]
    made = field_pack.pack(desk, number, tmp_path / "pack.html")
    later = copy(desk)
    later.clock = still(desk.clock() + timedelta(hours=1))
    with journal.act(desk.store, "李工", later.clock) as act:
        archive.fill(act, archive.one(desk.store, number), same, Party.INSPECTOR, Result.CONFORM, "看过")
    with journal.act(desk.store, "李工", later.clock) as act:
        archive.fill(act, archive.one(desk.store, number), other, Party.INSPECTOR, Result.CONFORM, "都好")
    brought = saved(made, [
        {"item": same, "party": "inspector", "answer": "conform", "note": "看过"},
        {"item": other, "party": "inspector", "answer": "nonconform", "note": "没有制度"},
        {"item": other, "party": "department", "answer": "conform", "note": "在柜里"},
        {"item": free, "party": "inspector", "answer": "partial", "note": "缺一份"},
    ], photos=[{"item": free, "name": "a.png", "data": "data:image/png;base64," + b64encode(png()).decode()}])  # fmt: skip

    plan = field_pack.plan(later, brought)
    field_pack.merge(later, brought, plan)
    after = archive.one(desk.store, number)

    assert (1, [(other, Result.NONCONFORM, Result.CONFORM, "李工")]) == (
        plan.repeated, [(one.item, one.field, one.meanwhile, one.actor) for one in plan.conflicts],
    )  # fmt: skip
    assert [(other, Party.DEPARTMENT, "孙丙"), (free, Party.INSPECTOR, "赵甲、钱乙")] == [
        (one.item, one.party, one.actor) for one in after.answers[-2:]
    ]
    item = after.item(other)
    assert item
    assert (Result.CONFORM, 1) == (after.result(item), len(attachments.listed(desk.store, number)))
    third = saved(made, [{"item": other, "party": "inspector", "answer": "nonconform", "note": "没有制度"}])
    field_pack.merge(later, third, field_pack.plan(later, third, [other]))
    whole = archive.one(desk.store, number)
    assert (Result.NONCONFORM, len(after.answers) + 1) == (whole.result(item), len(whole.answers))
    assert 0 == journal.verify(desk.store).broken


def test_what_is_not_the_pack_s_own_is_refused(desk: Desk, number: str, tmp_path: Path) -> None:
    """Changed, foreign, sealed by another key, of another inspection, double, cut, with strange items: each with its reason."""
    made = field_pack.pack(desk, number, tmp_path / "pack.html")
    item = manual(desk, number)[0]
    answer = [{"item": item, "party": "inspector", "answer": "conform", "note": ""}]
    good = saved(made, answer)
    cases = {
        "content was changed": good.replace(b"conform", b"partial"),
        "seal is not the one": saved(msgspec.structs.replace(made, key=bytes(32)), answer),
        "no pack": saved(msgspec.structs.replace(made, id="0" * 32), answer),
        "was not asked": saved(made, [answer[0] | {"item": "X99"}]),
        "what was not asked": saved(made, [answer[0], answer[0]]),
        "was not read": good[:-10],
        "it was not|was not read": saved(made, [answer[0] | {"answer": "fine"}]),
        "not read": b"\xff\xfe",
        "not merged": saved(made, [answer[0] | {"party": "machine"}]),
    }
    before = archive.one(desk.store, number)

    for why, content in cases.items():
        with pytest.raises(NetopsError, match=why):
            field_pack.plan(desk, content)
    bad = saved(made, answer, photos=[{"item": item, "name": "x", "data": "data:text/html;base64,PGI+"}])
    with pytest.raises(Refused, match="no picture"):
        field_pack.merge(desk, bad, field_pack.plan(desk, bad))
    assert before == archive.one(desk.store, number)
    field_pack.merge(desk, good, field_pack.plan(desk, good))
    with pytest.raises(Refused, match="merged already"):
        field_pack.plan(desk, good)
    with pytest.raises(Refused, match="is there already"):
        field_pack.pack(desk, number, tmp_path / "pack.html")
