"""When a real Chromium has painted something, and how fluid the map of 2,000 devices is under the hand."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.addresses.measure import Figure, figure

PAINT_GOAL = 1.0
"""Seconds."""
PAINTED = """async () => { const name = 'first-contentful-paint'; let seen = performance.getEntriesByName(name);
while (!seen.length) { await new Promise(next => setTimeout(next, 10)); seen = performance.getEntriesByName(name); }
return seen[0].startTime; }"""
"""Waits in the page itself: its policy allows no text to be run as a script, so Playwright cannot wait for one."""


def painted(where: str) -> Iterator[Figure]:
    """When Chromium has painted something; nothing without it."""
    from importlib.util import find_spec

    found = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]
    if not found or find_spec("playwright") is None:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found[0], args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for kind in ("/", "/topology"):
            several = []
            for _time in range(3):
                page.goto(f"http://{where}{kind}")
                several.append(page.evaluate(PAINTED) / 1000)
            paint = sorted(several)[1]
            yield figure(
                f"first paint of {kind} in Chromium, seconds",
                round(paint, 3),
                None,
                None,
                f"< {PAINT_GOAL}",
                paint < PAINT_GOAL,
            )
        page.goto(f"http://{where}/topology")
        page.locator(".map-frame").scroll_into_view_if_needed()
        frame = page.evaluate(
            """async () => { const svg = document.querySelector('.map-frame svg'); let n = 0; const start = performance.now();
            while (n < 60) { const v = svg.viewBox.baseVal;
            svg.setAttribute('viewBox', `${v.x + 8} ${v.y + 4} ${v.width * 0.99} ${v.height * 0.99}`);
            await new Promise(requestAnimationFrame); n++; } return (performance.now() - start) / n; }"""
        )
        yield figure("one frame of moving the map, milliseconds", round(frame, 1), None, None, "< 50", frame < 50)
        browser.close()
