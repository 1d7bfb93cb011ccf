"""What ships for the dashboards that people already run asks only for what /metrics has, in both languages."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from netops.config import Config, share
from netops.desk import Desk
from netops.metrics.board import board
from netops.metrics.collectors import exposition

FOLDER = share("playbooks") / "monitoring"
METRIC = re.compile(r"\bnetops_[a-z_]+\b")
RECORDED = re.compile(r"\bnetops:[a-z_0-9]+(?::[a-z0-9_]+)?\b")


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of every metric, also of those that have no sample yet."""
    desk = Desk(Config(store_url=f"sqlite:///{tmp_path_factory.mktemp('board') / 'a.db'}"), actor="test")
    text = exposition(desk)()[0].decode()
    desk.close()
    return set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))


def panels(made: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in made["panels"] if one["type"] != "row"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_board_that_ships_is_the_board_that_is_written(language: str, exported: set[str]) -> None:
    """Grafana's fields are there, no panel lies on another, every expression asks for metrics that exist, none is left out."""
    made = board(language)
    assert made == json.loads((FOLDER / f"grafana.{language}.json").read_text("utf-8"))
    assert {"uid", "title", "schemaVersion", "panels", "templating", "time"} <= made.keys()
    assert len({one["id"] for one in made["panels"]}) == len(made["panels"])
    taken: set[tuple[int, int]] = set()
    for one in made["panels"]:
        place = one["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"]) for y in range(place["y"], place["y"] + place["h"])}
        assert place["x"] + place["w"] <= 24, one["title"]
        assert set() == taken & cells, one["title"]
        taken |= cells
    asked = {name for one in panels(made) for target in one["targets"] for name in METRIC.findall(target["expr"])}
    assert exported == asked


def test_both_boards_ask_the_same_in_their_own_words() -> None:
    """Titles differ, and the Chinese ones are Chinese; queries do not."""
    zh, en = panels(board("zh")), panels(board("en"))
    assert [one["targets"] for one in zh] == [one["targets"] for one in en]
    assert all(re.search("[\u4e00-\u9fff]", one["title"]) for one in zh)
    assert not any(re.search("[\u4e00-\u9fff]", json.dumps(one, ensure_ascii=False)) for one in en)


def test_rules_ask_for_what_is_there_and_never_come_back(exported: set[str]) -> None:
    """Every metric exists, every recorded one is recorded; each alert speaks both languages and says that it is netops' own."""
    text = (FOLDER / "netops.rules.yml").read_text("utf-8")
    assert set(METRIC.findall(re.sub(r"netops_[a-z]+:", "", text))) <= exported
    assert set(RECORDED.findall(text)) == set(re.findall(r"record: (\S+)", text))
    alerts = text.split("- alert: ")[1:]
    assert 15 == len(alerts)
    for one in alerts:
        assert all(word in one for word in ("source: netops", "severity: ", "summary: ", "summary_en: ", "mend: ")), one


def test_promtool_and_amtool_have_no_complaint(tmp_path: Path) -> None:
    """`promtool check rules`, `check config`, `test rules`, and `amtool check-config`, on the files as they ship."""
    if not (promtool := shutil.which("promtool")):
        pytest.skip("promtool is not installed: apt-get install prometheus")
    shutil.copytree(FOLDER, tmp_path / "m")
    shutil.copy(Path(__file__).parent / "rules.test.yml", tmp_path / "m")
    config = (tmp_path / "m" / "prometheus.yml").read_text("utf-8").replace("/etc/netops/secrets", str(tmp_path))
    (tmp_path / "m" / "prometheus.yml").write_text(config, "utf-8")
    (tmp_path / "metrics-token").write_text("x")
    for command in ("check rules netops.rules.yml", "check config prometheus.yml", "test rules rules.test.yml"):
        done = subprocess.run([promtool, *command.split()], cwd=tmp_path / "m", capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr
    asked = [target["expr"] for one in panels(board("en")) for target in one["targets"]]
    lines = [expr.replace("$__rate_interval", "5m") for expr in asked]
    made = {"groups": [{"name": "board", "rules": [{"record": f"a:b{place}", "expr": one} for place, one in enumerate(lines)]}]}
    (tmp_path / "board.yml").write_text(json.dumps(made))
    done = subprocess.run([promtool, "check", "rules", tmp_path / "board.yml"], capture_output=True, text=True)
    assert (0, True) == (done.returncode, f"SUCCESS: {len(lines)} rules found" in done.stdout), done.stdout + done.stderr
    if amtool := shutil.which("amtool"):
        done = subprocess.run([amtool, "check-config", "alertmanager.yml"], cwd=tmp_path / "m", capture_output=True, text=True)
        assert 0 == done.returncode, done.stdout + done.stderr
