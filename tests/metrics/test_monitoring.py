"""A real Prometheus scrapes a served netops, a rule fires, and a real Alertmanager brings it to the webhook."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.config import share
from netops.core import docket
from netops.core.account import Account, Role
from netops.core.clock import now
from netops.core.finding import Conclusion
from netops.core.permission import Deed
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.incidents.settings import Alerts
from netops.rounds import accounts, inventory, look
from netops.topology import snapshots
from tests.web import city
from tests.web.city import EXTRANET
from tests.web.served import free_port, served

FOLDER = share("playbooks") / "monitoring"
CITY = """groups:
  - name: city
    rules:
      - alert: LineBusy
        expr: sum by (plane) (netops_findings_open{code="AD-101",plane="extranet"}) > 0
        labels: {severity: critical, organization: fin, device: r-fin}
        annotations: {summary: 财政局专线拥塞}
"""


def until(ask: Callable[[], Any], seconds: float = 20.0) -> Any:
    """What *ask* says once it says something; a daemon that does not listen yet has said nothing."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := ask():
                return found
        except OSError:
            pass
        time.sleep(0.1)
    raise AssertionError("it did not happen in time")


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return json.load(answer)["data"] if "/api/v1/" in url else json.load(answer)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The small city of now: a finding of an address, one of two planes that touch, a device that was walked."""
    secret = tmp_path / "alertmanager"
    secret.write_text("s3cret")
    secret.chmod(0o600)
    config = msgspec.structs.replace(city.config(tmp_path / "a.db"), alertmanager=Alerts(EXTRANET, str(secret)))
    opened = Desk(config, now, "王工")
    inventory.apply(opened, inventory.plan(opened))
    found = [Conclusion(code, EXTRANET, {"device": "r-fin"}, "fin", {}, (), now()) for code in ("TP-102", "AD-101")]
    docket.settle(opened.store, look.rules(), found, plane=EXTRANET, at=now())
    snapshots.record(opened.store, DeviceWalk(EXTRANET, "r-fin", "10.72.255.12", now(), 0.1, {"sysName": {(0,): "r-fin"}}), now())
    yield opened
    opened.close()


@pytest.mark.skipif(not all(map(shutil.which, ("prometheus", "prometheus-alertmanager"))),
                    reason="they are not installed: apt-get install prometheus prometheus-alertmanager")  # fmt: skip
def test_a_rule_fires_and_comes_back_as_a_finding(desk: Desk, tmp_path: Path) -> None:
    """
    The files that ship, with this city's ports: netops is scraped and its devices are discovered; netops' own alert goes to
    the people on duty only, another one becomes a finding of the organization that it names.
    """
    accounts.add(desk, Account("scraper", "Prometheus", Role.VIEWER, (EXTRANET,)))
    (tmp_path / "metrics-token").write_text(accounts.issue(desk, "scraper", [Deed.METRICS])[1])
    ours, watcher, keeper = free_port(), free_port(), free_port()
    for name in ("netops.rules.yml", "prometheus.yml", "alertmanager.yml"):
        text = (FOLDER / name).read_text("utf-8").replace("/etc/netops/secrets", str(tmp_path))
        changes = {"8470": str(ours), "9093": str(keeper), "30s": "300ms", "5s": "100ms", "1m": "1s",
                   "[netops.rules.yml]": "[netops.rules.yml, city.rules.yml]", "interval: 5m": "interval: 1s"}  # fmt: skip
        for before, after in changes.items():
            text = text.replace(before, after)
        (tmp_path / name).write_text(text, "utf-8")
    (tmp_path / "city.rules.yml").write_text(CITY, "utf-8")
    log = (tmp_path / "log").open("wb")

    def start(*command: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(command, cwd=tmp_path, stdout=log, stderr=log, env={"PATH": "/usr/bin:/bin", "GOMAXPROCS": "1"})

    running = [
        start("prometheus-alertmanager", "--config.file=alertmanager.yml", f"--web.listen-address=127.0.0.1:{keeper}",
              "--cluster.listen-address=", f"--storage.path={tmp_path / 'am'}"),
        start("prometheus", "--config.file=prometheus.yml", f"--web.listen-address=127.0.0.1:{watcher}",
              f"--storage.tsdb.path={tmp_path / 'tsdb'}"),
    ]  # fmt: skip
    try:
        with served(desk, ours):
            found = until(lambda: [one for one in docket.listed(desk.store) if one.subject.get("name") == "LineBusy"])
            duty = until(lambda: get(f"http://127.0.0.1:{keeper}/api/v2/alerts?receiver=duty"))
            targets = until(lambda: [one for one in get(f"http://127.0.0.1:{watcher}/api/v1/targets")["activeTargets"]
                                     if one["scrapePool"] == "snmp"])  # fmt: skip
    except AssertionError as error:
        log.close()
        raise AssertionError((tmp_path / "log").read_text()[-3000:]) from error
    finally:
        for one in running:
            one.terminate()
        for one in running:
            one.wait(10)
        log.close()

    assert [("IN-101", "fin", "r-fin")] == [(one.code, one.organization, one.subject.get("device")) for one in found]
    assert "财政局专线拥塞" in look.title(found[0]) + look.because(found[0])
    assert {"netops"} == {one["labels"]["source"] for one in duty}
    assert "NetopsPlanesConnected" in {one["labels"]["alertname"] for one in duty}
    assert [] == [one for one in docket.listed(desk.store) if str(one.subject.get("name")).startswith("Netops")]
    assert [("r-fin", "extranet")] == [(one["labels"]["device"], one["labels"]["plane"]) for one in targets]
