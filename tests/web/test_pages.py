"""The pages: both languages, nothing from outside, hostile text stays text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from starlette.testclient import TestClient

from netops.config import Config, share
from netops.core import docket
from netops.core.clock import Clock, still
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import inventory, look, triage
from netops.web.app import application
from tests.conftest import NOON

HOSTILE = '<script>alert(1)</script>"\'&\x1b[31m'


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """A desk at the example register with one finding whose texts come from a hostile device."""
    opened = Desk(Config(store_url=f"sqlite:///{tmp_path / 'a.db'}", inventory=str(share("inventory"))), clock, "王工")
    inventory.apply(opened, inventory.plan(opened))
    code = next(code for code in look.rules() if code.startswith("TP-1"))
    facts = dict.fromkeys(re.findall(r"\{(\w+)\}", look.rules()[code].title + look.rules()[code].because), HOSTILE)
    conclusion = Conclusion(code, Plane.EXTRANET, {"device": HOSTILE}, HOSTILE, facts,
                            (Evidence("lldp", HOSTILE, HOSTILE, {"sysName": HOSTILE}, NOON),), NOON)
    docket.settle(opened.store, look.rules(), [conclusion], plane=Plane.EXTRANET, at=NOON)
    triage.open_incident(opened, tuple(docket.listed(opened.store)), HOSTILE, HOSTILE, HOSTILE, HOSTILE)
    yield opened
    opened.close()


@pytest.fixture
def client(desk: Desk) -> TestClient:
    """A browser of the pages."""
    return TestClient(application(desk))


@pytest.mark.parametrize(("language", "word"), [("zh", "政务外网"), ("en", "extranet")])
@pytest.mark.parametrize("path", ["/", "/who?q=fin", "/findings/F-0001", "/incidents/INC-2026-0001"])
def test_every_page_speaks_both_languages(client: TestClient, path: str, language: str, word: str) -> None:
    """With its language marked, and the other one a link away."""
    answer = client.get(path, params={"lang": language, **({"q": "fin"} if "who" in path else {})})

    assert 200 == answer.status_code
    assert word in answer.text or "who" in path
    assert f'<html lang="{"zh-CN" if language == "zh" else "en"}">' in answer.text


@pytest.mark.parametrize("path", [
    "/", "/findings/F-0001", "/incidents/INC-2026-0001", "/who?q=" + "%3Cscript%3E", "/map.svg", "/nowhere"])
def test_hostile_text_stays_text(client: TestClient, path: str) -> None:
    """What a device says is never markup; and no script runs here at all."""
    answer = client.get(path)

    assert "<script>" not in answer.text
    assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")


@pytest.mark.parametrize("path", ["/", "/who?q=fin", "/findings/F-0001", "/incidents/INC-2026-0001"])
def test_nothing_comes_from_outside(client: TestClient, path: str) -> None:
    """Every address on a page is on this server."""
    text = client.get(path).text

    assert [] == [url for url in re.findall(r'(?:src|href|action)="([^"]*)"', text) if re.match(r"(?:https?:)?//", url)]


def test_what_does_not_exist_is_a_clear_page(client: TestClient) -> None:
    """404 with a sentence."""
    assert 404 == client.get("/findings/F-9999").status_code
    assert 404 == client.get("/nowhere").status_code


def test_the_map_is_the_same_each_time(client: TestClient) -> None:
    """The same network draws the same picture."""
    assert client.get("/map.svg").content == client.get("/map.svg").content


def test_metrics_are_text_that_prometheus_reads(client: TestClient) -> None:
    """The contract's names, and no address in a label."""
    answer = client.get("/metrics")

    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "netops_findings_open{" in answer.text
    assert "netops_pool_addresses{" in answer.text
    assert not re.search(r'ip="|mac="', answer.text)


def test_an_overdue_clock_leads_the_front_page(client: TestClient, desk: Desk) -> None:
    """Its incident and clock are in the first line, and on the page of the incident; another plane's incident is not shown."""
    desk.clock = still(NOON + timedelta(days=30))
    front = client.get("/", params={"lang": "zh"}).text

    assert "<h1>已超期：INC-2026-0001 L-NOTICE</h1>" in front
    assert 'class="bad">✗ L-NOTICE' in client.get("/incidents/INC-2026-0001").text
    desk.config = msgspec.structs.replace(desk.config, planes={Plane.INTRANET: desk.config.planes[Plane.INTRANET]})
    assert 404 == client.get("/incidents/INC-2026-0001").status_code
