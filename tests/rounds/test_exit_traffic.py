"""Traffic of each exit over time: which way is whose, in what order, and how much of it a department is told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from netops.cli import main
from netops.config import Config, share
from netops.core.clock import Clock, now, still
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import hits
from netops.egress.watch import Hit
from netops.rounds import exit_traffic, inventory
from netops.rounds.exit_traffic import Amount
from netops.settings import PlaneSettings

E = Plane.EXTRANET
EDU, LX, EXIT = "10.72.255.14", "10.72.255.21", "10.72.255.2"
"""Exporters of the example register."""


@pytest.fixture
def desk(tmp_path: Path, clock: Clock) -> Iterator[Desk]:
    """The example city, and an hour in which its exits were used."""
    settings = {E: PlaneSettings(), Plane.INTRANET: PlaneSettings()}
    opened = Desk(Config(store_url=f"sqlite:///{tmp_path / 'a.db'}", inventory=str(share("inventory")), planes=settings), clock)
    inventory.apply(opened, inventory.plan(opened))
    used(opened, clock)
    yield opened
    opened.close()


def used(desk: Desk, clock: Clock) -> None:
    """What the collector counted within the last hour, half an hour ago and ten minutes ago."""

    def hit(minutes: int, organization: str, exporter: str, kind: str, verdict: str, name: str) -> Hit:
        return Hit(clock() - timedelta(minutes=minutes), "extranet", organization, exporter, kind, verdict, name)

    counted = {
        hit(30, "fin", EXIT, "shared", "shared", "shared"): [5, 50, 9000, 5],
        hit(10, "edu", EXIT, "shared", "shared", "shared"): [1, 10, 4000, 0],
        hit(30, "edu", EDU, "separate", "separate", "edu-separate"): [2, 4, 700, 0],
        hit(10, "lx", LX, "county", "county", ""): [3, 3, 300, 0],
        hit(10, "land", "10.72.255.15", "none", "unfiled_exit", "r-land:ge9"): [4, 4, 40, 0],
        hit(10, "land", "10.72.255.15", "none", "transit", ""): [9, 9, 99_999, 0],
    }
    hits.add(desk.store, counted, (), {})


def test_each_exit_has_its_own_curve_and_unfiled_ones_come_first(desk: Desk) -> None:
    """By kind, then by bytes; one that nothing passed is there; what was counted by kind alone is of the only one there."""
    told = exit_traffic.traffic(desk, "hour", list(Plane))

    assert [
        ("unfiled", "r-land:ge9", "land", 40), ("shared", "shared", "ic", 13_000), ("separate", "edu-separate", "edu", 700),
        ("county", "county-lx", "lx", 300), ("county", "county-qs", "qs", 0),
    ] == [(way.kind, way.name, way.organization, way.total.bytes) for way in told.ways]  # fmt: skip
    shared = told.ways[1]
    assert Amount(6, 60, 13_000, 5) == shared.total
    assert {30: 9000, 50: 4000} == {place: size for place, size in enumerate(shared.steps) if size}
    assert (60, 60, 60) == (told.step_seconds, len(told.times), len(shared.steps))


def test_an_exit_whose_filing_lapsed_is_unfiled(desk: Desk, clock: Clock) -> None:
    """From the day after its last day on (Article 12)."""
    desk.clock = still(clock() + timedelta(days=400))
    used(desk, desk.clock)

    assert ["edu-separate", "r-land:ge9"] == [
        way.name for way in exit_traffic.traffic(desk, "day", [E]).ways if way.kind == "unfiled"
    ]


def test_a_department_is_told_its_own_and_of_others_the_kind(desk: Desk) -> None:
    """Its traffic through the shared exit, without that exit's name; nothing of what others sent."""
    told = exit_traffic.traffic(desk, "hour", [E], "edu")

    assert [("shared", "", "", 4000), ("separate", "edu-separate", "r-edu", 700)] == [
        (way.kind, way.name, way.device, way.total.bytes) for way in told.ways
    ]
    assert () == exit_traffic.traffic(desk, "hour", [Plane.INTRANET]).ways


def test_the_command_shows_it(desk: Desk, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A curve in each line and exit code 1 for the unfiled one; the whole with --json; one exit alone by its own counters."""
    lines = [f'[store]\nurl = "sqlite:///{tmp_path / "a.db"}"', f'[inventory]\npath = "{share("inventory")}"']
    (tmp_path / "config.toml").write_text("\n".join([*lines, "[planes.extranet]", "nets = []"]), "utf-8")
    used(desk, now)
    netops = ("-c", str(tmp_path / "config.toml"), "exit")

    assert 1 == main([*netops, "traffic", "--window", "hour", "--lang", "zh"])
    _head, unfiled, shared, *_rest = capsys.readouterr().out.splitlines()
    assert (True, True) == ("r-land:ge9" in unfiled and "未备案" in unfiled and "▂" in unfiled, "█" in shared)
    assert 1 == main([*netops, "traffic", "--window", "hour", "--json"])
    [told] = json.loads(capsys.readouterr().out)["items"]
    assert ["unfiled", "shared", "separate", "county", "county"] == [way["kind"] for way in told["ways"]]
    assert 0 == main([*netops, "show", "edu-separate", "--json"])
    [one] = json.loads(capsys.readouterr().out)["items"]
    assert {"separate": {"flows": 2, "packets": 4, "bytes": 700}} == one["last_day"]
