"""
Every page of the demonstration in a real browser: both languages, light and dark, 1920, 1280 and 390 pixels wide.

Counted are console errors, requests that leave the origin, pages wider than the screen, and faults that axe calls serious or
critical (WCAG 2.2 AA). With `--pictures DIRECTORY` there is a picture of each, to be looked at.

    python -m benchmarks.pages [--json] [--pictures DIRECTORY]
"""

from __future__ import annotations

import argparse
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

PASSWORD = "correct horse battery"
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
    "/inspections/IS-2026-0001/A08-1/answer", "/sign-in",
)  # fmt: skip


def demonstration(folder: Path) -> str:
    """The demonstration's store with somebody who does the work; where its configuration is."""
    from netops import config
    from netops.core.account import Account, Role
    from netops.core.plane import Plane
    from netops.desk import open_desk
    from netops.rounds import accounts

    place = folder / "demo"
    subprocess.run([sys.executable, "-m", "netops", "demo", "--exit", str(place)], check=True, capture_output=True)
    with open_desk(config.read(place / "config.toml"), actor="bench") as desk:
        accounts.add(desk, Account("wang.gong", "王工", Role.OPERATOR, tuple(Plane)), PASSWORD)
    return str(place / "config.toml")


def walked(where: str, pictures: Path | None) -> Counter[str]:
    """Every page, and what was wrong."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import sync_playwright

    counts: Counter[str] = Counter()
    base, axe = f"http://{where}", Axe()

    def wrong(kind: str, text: str) -> None:
        counts[kind] += 1
        print(f"{kind}: {text}", file=sys.stderr)

    def asked(request: Any) -> None:
        if not request.url.startswith(base):
            wrong("foreign", request.url)

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        for language, theme, width in product(("zh", "en"), ("light", "dark"), (1920, 1280, 390)):
            page = browser.new_page(viewport={"width": width, "height": 900})
            page.on("console", lambda message: wrong("console", message.text) if message.type in ("error", "warning") else None)
            page.on("pageerror", lambda error: wrong("console", str(error)))
            page.on("request", asked)
            page.goto(f"{base}/sign-in")
            page.fill("#name", "wang.gong")
            page.fill("#password", PASSWORD)
            page.click("main button")
            for place, path in enumerate(PATHS):
                answer = page.goto(f"{base}{path}{'&' if '?' in path else '?'}lang={language}&theme={theme}")
                counts["pages"] += 1
                if answer is None or answer.status != 200:
                    wrong("unanswered", path)
                if page.evaluate("document.documentElement.scrollWidth") > width:
                    wrong("wide", f"{path} at {width}")
                for fault in axe.run(page, options={"runOnly": RULES}).response["violations"]:
                    if fault["impact"] in ("serious", "critical"):
                        wrong("axe", f"{path} {theme} {width} {fault['id']} {fault['nodes'][0]['html'][:120]}")
                if pictures:
                    page.screenshot(path=pictures / f"{place:02}-{language}-{theme}-{width}.png", full_page=True)
            page.close()
        browser.close()
    return counts


def main(argv: list[str] | None = None) -> int:
    """0 when nothing is wrong; 2 without a browser."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args(argv)
    if not Path("/usr/bin/chromium").exists():
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
                counts = walked(where, options.pictures)
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
