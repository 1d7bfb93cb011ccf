"""
Every page of the demonstration in a real browser: both languages, light and dark, 1920, 1280 and 390 pixels wide.

Counted are console errors, requests that leave the origin, pages wider than the screen, and faults that axe calls serious or
critical (WCAG 2.2 AA). With `--pictures DIRECTORY` there is a picture of each, to be looked at.

    python -m benchmarks.pages [--json] [--pictures DIRECTORY]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import subprocess
import sys
import tempfile
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

from benchmarks.addresses.measure import Figure, figure, shown
from benchmarks.addresses.overhttp import wait_for
from netops.core.account import Account, Role

CHROMIUM = "/usr/bin/chromium"
AT_ONCE = 4
"""Pages that are looked at together."""
OPERATOR, PASSWORD = "wang.gong", "correct horse battery"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
DECLARATION = "/declarations/云信接〔2026〕3号"
PATHS = (
    "/", "/findings", "/findings/F-0001", "/findings/F-0001/accept", "/rules/EG-101", "/who?q=10.72.12.11",
    "/who?q=czj", "/topology", "/devices/extranet/r-fin", "/pools", "/pools/extranet/10.72.0.0/16",
    "/pools/extranet/10.72.12.0/24", "/allocations", "/allocations/AL-0011", "/allocations/AL-0011/release",
    "/allocate", "/declarations?state=every", DECLARATION, "/declare", f"{DECLARATION}/suspend", "/registers",
    "/registers/systems", "/registers/systems/add", "/egress", "/egress/flows", "/egress/blind", "/incidents",
    "/incidents/INC-2026-0001", "/incidents/INC-2026-0001/sent", "/documents", "/documents/D-0001",
    "/documents/D-0001/issue", "/inspections", "/inspections/IS-2026-0001", "/inspections/IS-2026-0001/A08-1",
    "/inspections/IS-2026-0001/A08-1/answer", "/inspections/changes", "/inspections/scores", "/inspections/assessment",
    "/inspections/IS-2026-0001/scores", "/inspections/IS-2026-0001/changes", "/sign-in",
    "/findings/F-0001/acknowledge", "/inspections/IS-2026-0001/answer", "/declare/file",
)  # fmt: skip
OTHERS = {
    "shen.ji": (Role.AUDITOR, ("/journal", "/journal/1")),
    "li.gong": (Role.SECURITY, ("/accounts", "/accounts/wang.gong", "/accounts/wang.gong/grant")),
}
"""Pages that the operator has not, by who has them."""


def demonstration(folder: Path) -> str:
    """The demonstration's store with somebody who does the work; where its configuration is."""
    from netops import config
    from netops.core.plane import Plane
    from netops.desk import open_desk
    from netops.rounds import accounts

    place = folder / "demo"
    subprocess.run([sys.executable, "-m", "netops", "demo", "--exit", str(place)], check=True, capture_output=True)
    with open_desk(config.read(place / "config.toml"), actor="bench") as desk:
        accounts.add(desk, Account(OPERATOR, "王工", Role.OPERATOR, tuple(Plane)), PASSWORD)
        for name, (role, _paths) in OTHERS.items():
            accounts.add(desk, Account(name, name, role), PASSWORD)
    return str(place / "config.toml")


class Walk:
    """
    Every page in every language, light and width, several at once in one browser.

    Args:
        where: "host:port" of the server.
        pictures: where a picture of each page is put, if anywhere.
    """

    def __init__(self, where: str, pictures: Path | None) -> None:
        import axe_playwright_python  # type: ignore[import-untyped]

        self.base, self.pictures = f"http://{where}", pictures
        self.counts: Counter[str] = Counter()
        self.axe = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")

    def wrong(self, kind: str, text: str) -> None:
        """Something is."""
        self.counts[kind] += 1
        print(f"{kind}: {text}", file=sys.stderr, flush=True)

    async def all(self) -> Counter[str]:
        """What was wrong, and how many pages were walked."""
        from playwright.async_api import async_playwright

        async with async_playwright() as play:
            browser = await play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
            people = {name: await self._sign_in(browser, name) for name in (OPERATOR, *OTHERS)}
            looks = asyncio.Queue[tuple[str, str, int]]()
            for look in product(("zh", "en"), ("light", "dark"), (1920, 1280, 390)):
                looks.put_nowait(look)
            await asyncio.gather(*(self._several(browser, looks, people) for _ in range(AT_ONCE)))
            await browser.close()
        return self.counts

    async def _sign_in(self, browser: Any, name: str) -> Any:
        page = await browser.new_page()
        await page.goto(f"{self.base}/sign-in")
        await page.fill("#name", name)
        await page.fill("#password", PASSWORD)
        await page.click("main button")
        await page.wait_for_url(lambda url: "/sign-in" not in url)
        state = await page.context.storage_state()
        await page.context.close()
        return state

    async def _several(self, browser: Any, looks: asyncio.Queue[tuple[str, str, int]], people: dict[str, Any]) -> None:
        paths = [(OPERATOR, path) for path in PATHS] + [(name, path) for name, (_, some) in OTHERS.items() for path in some]
        while not looks.empty():
            language, theme, width = looks.get_nowait()
            pages = {name: await self._page(browser, width, signed_in) for name, signed_in in people.items()}
            for place, (name, path) in enumerate(paths):
                await self._one(pages[name], path, f"{place:02}", (language, theme, width))
            for page in pages.values():
                await page.context.close()

    async def _page(self, browser: Any, width: int, signed_in: Any) -> Any:
        context = await browser.new_context(
            viewport={"width": width, "height": 900}, storage_state=signed_in, reduced_motion="reduce"
        )
        page = await context.new_page()
        page.on("console", self._heard)
        page.on("pageerror", lambda error: self.wrong("console", str(error)))
        page.on("request", self._asked)
        return page

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.wrong("console", f"{message.text} {message.location}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(self.base):
            self.wrong("foreign", request.url)

    async def _one(self, page: Any, path: str, place: str, look: tuple[str, str, int]) -> None:
        language, theme, width = look
        answer = await page.goto(f"{self.base}{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
        self.counts["pages"] += 1
        if answer is None or answer.status != 200:
            self.wrong("unanswered", path)
        if await page.evaluate("document.documentElement.scrollWidth") > width:
            self.wrong("wide", f"{path} at {width}")
        await page.evaluate(self.axe)
        found = await page.evaluate("rules => axe.run({runOnly: rules, resultTypes: ['violations']})", RULES)
        for fault in found["violations"]:
            if fault["impact"] in ("serious", "critical"):
                node = fault["nodes"][0]
                seen = f"{fault['id']} {node['html'][:120]} {node['failureSummary'][:300]}"
                self.wrong("axe", f"{path} {language} {theme} {width} {seen}")
        if self.pictures:
            name = f"{place}-{language}-{theme}-{width}.png"
            await page.screenshot(path=self.pictures / name, full_page=True)


def main(argv: list[str] | None = None) -> int:
    """0 when nothing is wrong; 2 without a browser."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args(argv)
    if not Path(CHROMIUM).exists():
        print("Chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 2
    if options.pictures:
        options.pictures.mkdir(parents=True, exist_ok=True)
    where = f"127.0.0.1:{20_000 + random.randrange(9000)}"
    with tempfile.TemporaryDirectory() as folder:
        still = ["--no-collector", "--no-traps", "--no-timetable", "--listen", where]
        command = [sys.executable, "-m", "netops", "-c", demonstration(Path(folder)), "serve", *still]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
            try:
                wait_for(where)
                counts = asyncio.run(Walk(where, options.pictures).all())
            finally:
                server.terminate()
                server.wait(20)
    what = {
        "console": "console errors", "foreign": "requests that leave the origin", "axe": "serious or critical faults by axe",
        "wide": "pages wider than the screen", "unanswered": "pages that did not answer",
    }  # fmt: skip
    told: list[Figure] = [
        figure(f"{text} on {counts['pages']} pages", counts[kind], None, None, "0", not counts[kind])
        for kind, text in what.items()
    ]
    if options.json:
        print(json.dumps({"name": "pages", "machine": platform.machine(), "figures": told}, ensure_ascii=False))
    else:
        print("\n".join(map(shown, told)))
    return int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
