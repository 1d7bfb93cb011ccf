"""The pages in a real browser: no console error, nothing from elsewhere, no serious fault by axe, nothing wider than a phone."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from netops.core import docket, passwords
from netops.core.account import Role
from netops.core.clock import still
from netops.core.finding import Conclusion
from netops.desk import Desk
from netops.rounds import look
from netops.web.app import application
from netops.web.asking import COOKIE
from tests.conftest import NOON
from tests.web import city

PAGES = (
    "/", "/findings", "/findings/F-0001", "/topology", "/pools/extranet/10.72.12.0/24", "/declarations?state=every", "/egress",
    "/incidents/INC-2026-0001", "/documents/D-0001", "/inspections", "/registers/systems/add", "/who?q=czj",
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


def test_pages_in_a_real_browser(served: tuple[str, str, Desk]) -> None:
    """Wide and light in Chinese, narrow and dark in English, in turn."""
    found = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]
    if not found:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    base, secret, desk = served
    wrong: list[str] = []
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found[0], args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        context.add_cookies([{"name": COOKIE, "value": secret, "url": base}])
        page = context.new_page()
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
        browser.close()
    assert [] == wrong


def _moves(page: object, base: str, desk: Desk) -> None:
    """What scripts add: the map grows by its button; what happened shows without loading the page again."""
    from playwright.sync_api import Page

    assert isinstance(page, Page)
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
