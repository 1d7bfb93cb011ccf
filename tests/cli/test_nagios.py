"""`netops status --format nagios`: a plugin's line, its performance data and its four exit codes."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from netops.cli import main, nagios
from netops.config import Config, share
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import inventory
from netops.rounds.look import PlaneStatus
from tests.conftest import NOON

FIGURE = re.compile(r"'[a-z_]+'=-?[\d.]+(%|s)?;[\d.:]*;[\d.:]*;[\d.]*;[\d.]*")


def plane(**more: object) -> PlaneStatus:
    usual: dict[str, object] = {
        "plane": Plane.EXTRANET, "devices": 3, "unwalked": 0, "unreachable": [], "pools": 1, "utilization": 0.25,
        "declarations": {}, "exits": {},
        "incidents": {}, "findings": {}, "by_room": {}, "next_deadline": None, "next_deadline_of": "", "rounds": {},
    }  # fmt: skip
    return PlaneStatus(**{**usual, **more})  # type: ignore[arg-type]


STATES = [
    ([plane()], 0, "OK"),
    ([plane(findings={"low": 2})], 1, "WARNING"),
    ([plane(findings={"high": 1})], 2, "CRITICAL"),
    ([plane(overdue=["INC-2026-0001 C-4H"])], 2, "CRITICAL"),
    ([plane(unreachable=["r-fin|x"])], 3, "UNKNOWN"),
    ([plane(devices=0)], 3, "UNKNOWN"),
    ([plane(unreachable=["r-fin"]), plane(findings={"critical": 1})], 2, "CRITICAL"),
    ([plane(unwalked=1), plane(findings={"low": 1})], 3, "UNKNOWN"),
    ([], 3, "UNKNOWN"),
]


@pytest.mark.parametrize(("planes", "code", "name"), STATES)
def test_the_worst_plane_decides(planes: list[PlaneStatus], code: int, name: str) -> None:
    """What is known to be bad comes before what is not known; | stands once, whatever a device calls itself."""
    told = nagios.told(planes, NOON).splitlines()
    assert (code, f"NETOPS {name} - ") == (nagios.worst(planes), told[0][: len(f"NETOPS {name} - ")])
    assert 1 == "\n".join(told).count("|")
    assert 1 + len(planes) == len(told)


def test_figures_are_performance_data() -> None:
    """Each as 'label'=value;warn;crit;min;max, the same labels whatever stands."""
    one = plane(findings={"high": 2}, next_deadline=NOON + timedelta(hours=2), utilization=0.5, incidents={"II": 1})
    figures = nagios.told([one], NOON).splitlines()[0].partition(" | ")[2].split(" ")
    assert [] == [figure for figure in figures if not FIGURE.fullmatch(figure)]
    assert "'extranet_findings_high'=2;;0;0;" in figures
    assert "'extranet_next_deadline'=7200s;;;;" in figures
    assert "'extranet_addresses_used'=50.0%;90;95;0;100" in figures
    assert "'extranet_findings_critical'=0;;0;0;" in figures


def test_the_command_is_a_plugin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In both languages; what cannot be asked is unknown, said on stdout."""
    store = f"sqlite:///{tmp_path / 'a.db'}"
    desk = Desk(Config(store_url=store, inventory=str(share("inventory"))), actor="test")
    inventory.apply(desk, inventory.plan(desk))
    desk.close()
    for language, word in (("zh", "政务外网"), ("en", "extranet")):
        assert 3 == main(["--lang", language, "--store", store, "status", "--format", "nagios"])
        out = capsys.readouterr().out
        assert out.startswith("NETOPS UNKNOWN - ")
        assert word in out.splitlines()[0]
    assert 3 == main(["-c", str(tmp_path / "none.toml"), "status", "--format", "nagios"])
    assert capsys.readouterr().out.startswith("NETOPS UNKNOWN - ")


def test_files_of_dashboards_are_written_for_this_instance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With its own address in them; nothing is overwritten."""
    (tmp_path / "config.toml").write_text('[web]\nlisten = "10.72.0.9:9000"\n')
    argv = ["-c", str(tmp_path / "config.toml"), "config", "monitoring", str(tmp_path / "m")]
    assert 0 == main(argv)
    names = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert ["alertmanager.yml", "grafana.en.json", "grafana.zh.json", "netops.rules.yml", "prometheus.yml"] == names
    text = (tmp_path / "m" / "prometheus.yml").read_text("utf-8") + (tmp_path / "m" / "alertmanager.yml").read_text("utf-8")
    assert (0, 3) == (text.count("8470"), text.count("10.72.0.9:9000"))
    assert 4 == main(argv)
    capsys.readouterr()
