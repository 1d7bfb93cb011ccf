"""The main job on live daemons: real snmpd, lldpd and pmacctd in the lab's default city, scored against its truth."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.lab.live import LiveCity

pytestmark = pytest.mark.lab
QUIET_SECONDS = 60
MOST_SECONDS = 120
ONE_MORE_ROUND_SECONDS = 25
SCENARIOS = ("rogue-exit-pc", "rogue-exit-router", "bypass-link", "unallocated-address", "intranet-internet")


def test_quiet_then_broken(live_city: LiveCity, record_property: Callable[[str, object], None]) -> None:
    """
    While nothing is wrong, netops says nothing; once five rules are broken, it finds exactly those five.
    """
    live_city.serve()
    until = time.monotonic() + QUIET_SECONDS
    while time.monotonic() < until:
        assert [] == live_city.standing(), "a false alarm in quiet"
        time.sleep(10)
    walked = json.loads(live_city.netops("topology", "devices", "--json").stdout)["items"]
    assert len(walked) >= 18, "not every device was walked: what stays silent may only be unseen"

    started = time.monotonic()
    live_city.city("scenario", "start", *SCENARIOS)
    perfect, lines = False, ""
    while not perfect and time.monotonic() - started < MOST_SECONDS:
        time.sleep(4)
        perfect, lines = live_city.score()
    record_property("said", f"the lab city, after {time.monotonic() - started:.0f} s:\n{lines}")

    assert perfect, lines

    time.sleep(ONE_MORE_ROUND_SECONDS)
    perfect, lines = live_city.score()
    assert perfect, f"right at first, then:\n{lines}"
    assert live_city.netops("journal", "verify").returncode == 0
