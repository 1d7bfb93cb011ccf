"""The pages in a real browser: no console error, nothing from elsewhere, no serious fault by axe, nothing wider than a phone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import uvicorn

from netops.core import docket, passwords
from netops.core.account import Role
from netops.core.clock import still
from netops.core.finding import Conclusion
from netops.desk import Desk
from netops.inspections import archive
from netops.rounds import look
from netops.web.app import application
from netops.web.asking import COOKIE
from tests.conftest import NOON
from tests.web import city

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PAGES = (
    "/", "/findings", "/findings/F-0001", "/topology", "/pools/extranet/10.72.12.0/24", "/declarations?state=every", "/egress",
    "/incidents/INC-2026-0001", "/documents/D-0001", "/inspections", "/registers/systems/add", "/who?q=czj",
    "/inspections/IS-2026-0001/answer",
)  # fmt: skip
"""One of each make; every page, in both languages and lights and at three widths, is walked by benchmarks/pages.py."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, Desk]]:
    """The small city served on loopback: its address, the session of somebody who does the work, and its desk."""
    folder = tmp_path_factory.mktemp("served")
    (folder / "x").mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "MEMORY_KIB", 64)
        (folder / "a.db").write_bytes(city.content())
        desk = city.opened(folder / "a.db", folder / "x", still(NOON))
        secret = city.account(desk, "wang.gong", Role.OPERATOR, city.EXTRANET, city.INTRANET)
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            server = uvicorn.Server(uvicorn.Config(application(desk), log_level="warning", timeout_graceful_shutdown=1))
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
            thread.start()
            yield f"http://127.0.0.1:{listener.getsockname()[1]}", secret, desk
            server.should_exit = True
            thread.join(15)
        desk.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, for every test of this file."""
    found = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]
    if not found:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=found[0], args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@contextmanager
def visiting(browser: Browser, served: tuple[str, str, Desk], *, script: bool = True) -> Iterator[Page]:
    """A page of the signed-in person; *script*: whether the browser runs any."""
    base, secret, _desk = served
    with browser.new_context(java_script_enabled=script, base_url=base) as context:
        context.add_cookies([{"name": COOKIE, "value": secret, "url": base}])
        yield context.new_page()


def test_pages_in_a_real_browser(browser: Browser, served: tuple[str, str, Desk]) -> None:
    """Wide and light in Chinese, narrow and dark in English, in turn."""
    from axe_playwright_python.sync_playwright import Axe

    base, _secret, desk = served
    wrong: list[str] = []
    with visiting(browser, served) as page:
        page.on("console", lambda message: wrong.append(message.text) if message.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith(base) else wrong.append(request.url))
        axe = Axe()
        for place, path in enumerate(PAGES):
            language, theme, width = ("en", "dark", 390) if place % 2 else ("zh", "light", 1280)
            page.set_viewport_size({"width": width, "height": 900})
            page.goto(f"{base}{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
            assert page.locator("h1").inner_text()
            assert (path, True) == (path, page.evaluate("document.documentElement.scrollWidth") <= width)
            faults = axe.run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]}).response[
                "violations"
            ]
            wrong += [
                f"{path} {one['id']} {one['nodes'][0]['html'][:100]}"
                for one in faults
                if one["impact"] in ("serious", "critical")
            ]
        _moves(page, base, desk)
    assert [] == wrong


def test_a_browser_without_script_shows_and_does_the_same(browser: Browser, served: tuple[str, str, Desk]) -> None:
    """Search, the map, lists narrowed, every square, and an act with its plan: all of it are links and forms."""
    with visiting(browser, served, script=False) as page:
        page.goto("/?lang=en")
        page.fill("#q", "10.72.12.11")
        page.click("form[role=search] button")
        assert "10.72.12.11 belongs to Yunxi Finance Bureau." == page.locator("h1").inner_text()
        page.goto("/topology?lang=en")
        assert page.locator(".map-frame svg a").count() > 10
        page.goto("/findings?lang=en")
        page.select_option("select[name=plane]", "intranet")
        page.get_by_role("button", name="Show").click()
        assert ["F-0002"] == page.locator("#t-findings tbody td:first-child").all_inner_texts()
        page.goto("/pools/extranet/10.72.12.0/24?lang=en")
        page.locator("#squares li a").nth(1).click()
        assert page.url.split("/")[3].startswith("allocations")
        page.goto("/findings/F-0003?lang=en")
        page.get_by_role("link", name="Resolve").click()
        page.fill("#f-why", "it was switched off")
        page.get_by_role("button", name="Show the plan").click()
        page.get_by_role("button", name="Do it").click()
        assert "Done: entry" in page.get_by_role("status").inner_text()


def test_the_keyboard_alone_reaches_every_act(browser: Browser, served: tuple[str, str, Desk]) -> None:
    """The first key skips what is on every page; then come the acts, in their order, and one is done to its end."""
    where = ("/findings/F-0001", "/pools/extranet/10.72.12.0/24", "/declarations/云信接〔2026〕3号", "/incidents/INC-2026-0001",
             "/documents/D-0001", "/registers/systems", "/inspections/IS-2026-0001/A08-1")  # fmt: skip
    focused = "document.activeElement.getAttribute('href')"
    with visiting(browser, served) as page:
        for path in where:
            page.goto(f"{path}?lang=en")
            acts = page.locator("main .acts a").evaluate_all("all => all.map(one => one.getAttribute('href'))")
            lead = page.locator("main a").first.get_attribute("href")
            page.keyboard.press("Tab")
            page.keyboard.press("Enter")
            reached = []
            while acts and acts[-1] not in reached and len(reached) < len(acts) + 5:
                page.keyboard.press("Tab")
                reached.append(page.evaluate(focused))
            assert (path, True, acts) == (path, bool(acts), [one for one in reached if one in acts])
            assert reached[0] == lead
        page.goto("/findings/F-0002/resolve?lang=en")
        for key in ("Tab", "Enter", "Tab", "Tab"):
            page.keyboard.press(key)
        page.keyboard.type("seen")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.locator("#plan").wait_for()
        for key in ("Tab", "Tab", "Enter"):  # whoever skipped to the answer is there again
            page.keyboard.press(key)
        page.get_by_role("status").wait_for()


def _moves(page: Page, base: str, desk: Desk) -> None:
    """What scripts add: the map grows by its button; what happened shows without loading the page again."""
    page.goto(f"{base}/topology?lang=zh")
    before = page.locator(".map-frame svg").get_attribute("viewBox")
    page.locator("[data-do=in]").click()
    page.wait_for_function("before => document.querySelector('.map-frame svg').getAttribute('viewBox') !== before", arg=before)
    page.keyboard.press("/")
    assert "q" == page.evaluate("document.activeElement.id")
    page.goto(f"{base}/findings?lang=zh")
    page.evaluate("window.same = true")
    found = Conclusion("TP-102", city.EXTRANET, {"device": "sw-of-this-moment"}, "fin", {}, (), NOON)
    docket.settle(desk.store, look.rules(), [found], plane=city.EXTRANET, at=NOON)
    page.get_by_text(docket.newest(desk.store)).first.wait_for()
    assert page.evaluate("window.same")


def test_two_people_tick_one_checklist_in_two_browsers(browser: Browser, served: tuple[str, str, Desk]) -> None:
    """
    In Chinese and in English, with script and without: the second is told and loses no tick; a double click does it once; the way
    back shows the form; a session that ends meanwhile costs nothing that was written.
    """
    base, secret, desk = served
    other = city.account(desk, "jian.cha", Role.INSPECTOR, city.EXTRANET, city.INTRANET)
    place, before = "/inspections/IS-2026-0001/answer", len(archive.one(desk.store, "IS-2026-0001").answers)

    def tick(page: Page, item: str, answer: str, note: str) -> None:
        page.locator("fieldset.k-ticks", has_text=item).get_by_label(answer, exact=True).check()
        page.get_by_label(item, exact=False).last.fill(note)
        page.locator(".ends button").click()

    with visiting(browser, served) as mine, visiting(browser, (base, other, desk), script=False) as theirs:
        mine.goto(f"{place}?lang=zh")
        theirs.goto(f"{place}?lang=en")
        tick(mine, "A06-3", "不符合", "看过方案")
        tick(theirs, "A06-3", "partial", "half of it")
        theirs.get_by_role("button", name="Do it").click()
        assert "Done: entry" in theirs.get_by_role("status").inner_text()
        mine.locator(".do button").click()
        assert "有人改动过" in mine.get_by_role("alert").inner_text()
        assert "看过方案" == mine.locator("textarea", has_text="看过方案").input_value()
        mine.locator(".ends button").click()
        assert "jian.cha" in mine.locator(".plan").inner_text()
        mine.context.clear_cookies(name=COOKIE)
        mine.locator(".do button").click()
        assert mine.get_by_role("link", name="登录").last.is_visible()
        mine.context.add_cookies([{"name": COOKIE, "value": secret, "url": base}])
        mine.get_by_role("button", name="再次提交").click()
        mine.locator(".do button").dblclick()
        mine.wait_for_url("**done=**")
        mine.go_back()
        assert mine.locator("fieldset.k-ticks").count() > 20
    said = [(one.actor, one.judgement.result.value, one.note) for one in archive.one(desk.store, "IS-2026-0001").answers[before:]]
    assert [("jian.cha", "partial", "half of it"), ("wang.gong", "nonconform", "看过方案")] == said
