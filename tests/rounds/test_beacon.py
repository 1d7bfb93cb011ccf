"""The page element: a ticket for whoever shows the page, for hosts of the planes only; what it writes is safe to embed."""

from __future__ import annotations

import re
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.config import Config
from netops.core import ticket
from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress.reflection import BEACON_RUN
from netops.rounds import beacon
from netops.settings import PlaneSettings, Probe

KEY = ticket.new_key()
URL = "http://203.0.113.99:8080/b"
ELEMENT = beacon.Element(URL, KEY, ("10.20.0.0/16", "127.0.0.0/8"))


def carried(content: bytes) -> ticket.Ticket | None:
    found = re.search(rb"203\.0\.113\.99:8080/b/([A-Za-z0-9_-]{75})", content)
    return ticket.read(KEY, ticket.from_text(found[1].decode())) if found else None


@pytest.mark.parametrize("path", ["/beacon.js", "/beacon.gif", "/beacon.js?t=1"])
def test_each_visitor_is_given_a_ticket_of_its_own(path: str) -> None:
    """Script and image; it names the visitor, is fresh, and no two are alike."""
    first, second = (ELEMENT.answer(path, "10.20.11.11") for _ in range(2))
    assert first is not None
    said = carried(first)
    assert said is not None

    assert ("10.20.11.11", BEACON_RUN) == (said.target, said.run)
    assert abs(time.time() - said.at) < 5
    assert first != second
    assert b"no-store" in first


@pytest.mark.parametrize(
    ("path", "peer"),
    [("/beacon.js", "8.8.8.8"), ("/", "10.20.11.11"), ("/beacon.js/x", "10.20.11.11"), ("/beacon.js", "x")],
)
def test_nobody_else_is_given_anything(path: str, peer: str) -> None:
    """Visitors from outside, other paths."""
    assert ELEMENT.answer(path, peer) is None


def test_a_browser_gets_it(tmp_path: Path) -> None:
    """Over a real socket; what the portal embeds leads there."""
    (tmp_path / "key").write_text(KEY + "\n")
    settings = Probe(beacon_url=URL + "/", key_file="key")
    planes = {Plane.EXTRANET: PlaneSettings(("127.0.0.0/8",))}
    made = beacon.Element.of(Desk(Config(planes=planes, probe=settings, path=str(tmp_path / "config.toml"))))
    told: list[tuple[int, int]] = []
    from netops.probes import pagehits

    with pagehits.listener("127.0.0.1:0") as one:
        port = one.getsockname()[1]

    def run() -> Iterator[tuple[int, int]]:
        return beacon.serve(made, f"127.0.0.1:{port}", 1.5)

    serving = threading.Thread(target=lambda: told.extend(run()))
    serving.start()
    time.sleep(0.3)
    html = made.html(f"http://127.0.0.1:{port}/")
    [source] = re.findall(r'src="([^"]+\.js)"', html)
    with urllib.request.urlopen(source, timeout=3) as page:
        said = carried(page.read())
    serving.join()

    assert said is not None
    assert "127.0.0.1" == said.target
    assert 1 == sum(served for served, _ in told)


def test_without_a_key_or_url_it_says_what_is_missing() -> None:
    """Nothing is written that could not work."""
    with pytest.raises(NetopsError, match="beacon_url"):
        beacon.Element.of(Desk(Config()))
