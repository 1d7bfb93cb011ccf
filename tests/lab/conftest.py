"""The lab's default city, brought up beside whatever runs already, with a netops in its management namespace."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.lab.live import SETTLE_SECONDS, LiveCity, missing


@pytest.fixture(scope="module")
def live_city(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCity]:
    """The city, up and settled, with everyday traffic; down again at the end."""
    if why := missing(shared / "lab"):
        pytest.skip(why)
    live = LiveCity(shared / "lab", tmp_path_factory.mktemp("city"))
    try:
        live.city("up")
        live.city("traffic", "start", "--rate", "4")
        live.convert()
        time.sleep(SETTLE_SECONDS)
        yield live
    finally:
        live.down()
