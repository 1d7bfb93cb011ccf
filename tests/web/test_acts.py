"""Acts on pages on both engines: planned, done once, by name; and a server that is killed in the middle of them."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.testclient import TestClient

from netops.addresses import ledger
from netops.config import Config, Web, share
from netops.core import docket, journal, passwords
from netops.core.account import Role
from netops.core.docket import State
from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.desk import Desk
from netops.rounds import inventory, look
from netops.web.app import application
from netops.web.asking import COOKIE
from tests.conftest import NOON
from tests.web.city import EXTRANET, PLANES, account
from tests.web.served import answers, free_port
from tests.web.test_pages import HOME, SAME, hidden

FINDINGS = 18


@pytest.fixture
def desk(store_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """The example register in force, and findings, on an engine."""
    monkeypatch.setattr(passwords, "MEMORY_KIB", 64)
    config = Config(store_url=store_url, inventory=str(share("inventory")), planes=PLANES, web=Web(sign_in="always"))
    opened = Desk(config, actor="王工")  # by the clock of the server that is killed
    inventory.apply(opened, inventory.plan(opened))
    evidence = (Evidence("arp", "r", "q", {}, NOON),)
    devices = [f"sw-{place:02d}" for place in range(FINDINGS)]
    found = [Conclusion("TP-102", EXTRANET, {"device": name}, "fin", {}, evidence, NOON) for name in devices]
    docket.settle(opened.store, look.rules(), found, plane=EXTRANET, at=NOON)
    yield opened
    opened.close()


def browser(desk: Desk, secret: str) -> TestClient:
    found = TestClient(application(desk), base_url=HOME, follow_redirects=False)
    found.cookies.set(COOKIE, secret)
    return found


def test_a_day_of_acts(desk: Desk) -> None:
    """Findings, addresses, a declaration, by two people: each page stands after each act, on either engine."""
    wang = browser(desk, account(desk, "wang.gong", Role.OPERATOR, EXTRANET))
    fin = browser(desk, account(desk, "fin.office", Role.DEPARTMENT, EXTRANET, organization="fin"))

    def do(who: TestClient, path: str, **said: str) -> str:
        plan = who.post(path, data=said, headers=SAME)
        assert 200 == plan.status_code, plan.text
        done = who.post(path, data={**hidden(plan.text), "step": "do"}, headers=SAME)
        assert 303 == done.status_code, done.text
        shown = who.get(done.headers["Location"])
        assert 200 == shown.status_code
        return shown.text

    do(wang, "/findings/F-0001/acknowledge", why="在查")
    do(wang, "/findings/F-0001/resolve", why="已断开")
    given = do(wang, "/allocate", declaration="云信接〔2026〕3号", pool="10.72.12.0/24", plane="extranet", count="2", purpose="x")
    assert "10.72.12." in given
    do(fin, "/declare", number="云信接〔2026〕3号", organization="fin", plane="extranet", nature="办公网", scope="公文",
       equipment="r-fin", terminals="7", responsible="姜予安", responsible_phone="6327")  # fmt: skip
    assert State.RESOLVED is docket.one(desk.store, "F-0001").state
    for path in ("/", "/findings", "/findings?q=sw-1", "/pools", "/declarations?state=every", "/who?q=10.72.12.64", "/egress"):
        assert (200, path) == (wang.get(path).status_code, path)
    verbs = {one.verb for one in journal.log(desk.store, 20)}
    assert {"finding acknowledged", "finding resolved", "ip allocate"} <= verbs
    assert (0, []) == (journal.verify(desk.store).broken, ledger.verify(desk.store))


def test_a_server_killed_in_the_middle_of_acts_on_pages(desk: Desk, tmp_path: Path) -> None:
    """SIGKILL while forms come in: sent again, as people do, each was done once; what was answered stands; all is whole."""
    secret = account(desk, "wang.gong", Role.OPERATOR, EXTRANET)
    here, port = browser(desk, secret), free_port()
    paths = [f"/findings/F-{number:04d}/acknowledge" for number in range(1, FINDINGS + 1)]
    forms = {path: {**hidden(here.post(path, data={"why": "在查"}, headers=SAME).text), "step": "do"} for path in paths}
    (tmp_path / "config.toml").write_text(
        f'[store]\nurl = "{desk.config.store_url}"\n[inventory]\npath = "{desk.config.inventory}"\n'
        "[planes.extranet]\n[planes.intranet]\n"
    )
    serve = f"-m netops -c {tmp_path}/config.toml -q serve --no-collector --no-timetable --listen 127.0.0.1:{port}"
    running = subprocess.Popen([sys.executable, *serve.split()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    told, others = list[str](), list[str]()

    def send(path: str) -> None:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        headers = {"Cookie": f"{COOKIE}={secret}", "Origin": f"http://127.0.0.1:{port}", "Sec-Fetch-Site": "same-origin",
                   "Content-Type": "application/x-www-form-urlencoded"}  # fmt: skip
        try:
            line.request("POST", path, urlencode(forms[path]), headers)
            answer = line.getresponse()
            if answer.status == 303:
                told.append(path)
            else:
                others.append(f"{answer.status} {answer.read().decode()[:3000]}")
        except (OSError, http.client.HTTPException):
            pass  # it was killed
        finally:
            line.close()
        if len(told) >= 4:
            running.kill()

    try:
        answers(port)
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(send, paths))
    finally:
        running.kill()
        running.wait(10)
    assert 4 <= len(told) < FINDINGS, others
    assert {State.ACKNOWLEDGED} == {docket.one(desk.store, path.split("/")[2]).state for path in told}
    for path in paths:
        for _time in range(2):
            assert 303 == here.post(path, data=forms[path], headers=SAME).status_code
    done = [one.subject for one in journal.log(desk.store, 200) if one.verb == "finding acknowledged"]
    assert sorted(path.split("/")[2] for path in paths) == sorted(done)
    assert 0 == journal.verify(desk.store).broken
