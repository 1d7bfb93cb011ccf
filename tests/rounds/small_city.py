"""A desk over a city of three organizations whose register is in force, for the tests of inspections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

from netops.config import Config
from netops.core import language
from netops.core.clock import Clock
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import inventory
from netops.settings import City, PlaneSettings

DATA = Path(__file__).parents[1] / "data" / "inspections"
CITY = City(title_zh="示例市", authority="centre")


@contextmanager
def small_city(store_url: str, clock: Clock, folder: Path | None = None, **settings: Any) -> Iterator[Desk]:
    """
    The desk; nothing was seen or entered yet.

    Args:
        folder: of its configuration, where commands find the same store and register; without one there is none.
        settings: of its configuration, besides.
    """
    config = Config(store_url=store_url, inventory=str(DATA / "city"), planes={Plane.EXTRANET: PlaneSettings()}, city=CITY)
    if folder is not None:
        (folder / "config.toml").write_text(
            f'[store]\nurl = "{store_url}"\n[inventory]\npath = "{DATA / "city"}"\n[planes.extranet]\nnets = []\n', "utf-8"
        )
        settings["path"] = str(folder / "config.toml")
    language.speak("zh")
    desk = Desk(msgspec.structs.replace(config, **settings), clock, "王工")
    try:
        inventory.apply(desk, inventory.plan(desk))
        yield desk
    finally:
        desk.close()
