"""The past through the commands: three days of walks, what each day looked like, and what changed in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops import config
from netops.cli import main
from netops.core.clock import still
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk
from netops.desk import open_desk
from netops.rounds import walk
from netops.topology import snapshots
from tests.topology.city import EXTRANET, NOON

DAY = timedelta(days=1)
TERMINAL = (2, 0xAA, 0, 0, 0, 1)
Ask = Callable[..., tuple[int, list[dict[str, Any]]]]


def columns(
    name: str, other: str, shift: int = 0, *, up: bool = True, told: bool = True, port: int = 2
) -> dict[str, Column]:
    """A switch with three ports and an LLDP neighbour on the first."""
    number = ord(name[-1])
    ports = {1: b"ge1", 2: b"ge2", 3: b"ge3"}
    found: dict[str, Column] = {
        "sysName": {(0,): name.encode()},
        "sysDescr": {(0,): b"VRP software, Version 5.170"},
        "lldpLocChassisId": {(0,): bytes((2, 0, 0, 0, 0, number))},
        "lldpLocChassisIdSubtype": {(0,): 4},
        "ifName": {(shift + n,): text for n, text in ports.items()},
        "ifDescr": {(shift + n,): text for n, text in ports.items()},
        "ifType": {(shift + n,): 6 for n in ports},
        "ifOperStatus": {(shift + n,): 1 if up or n != 3 else 2 for n in ports},
        "dot1dBasePortIfIndex": {(n,): shift + n for n in ports},
        "dot1qTpFdbPort": {(10, *TERMINAL): port},
    }
    if told:
        found |= {
            "lldpRemPortId": {(0, 1, 1): b"ge1"},
            "lldpRemPortIdSubtype": {(0, 1, 1): 5},
            "lldpRemChassisId": {(0, 1, 1): bytes((2, 0, 0, 0, 0, ord(other[-1])))},
            "lldpRemChassisIdSubtype": {(0, 1, 1): 4},
            "lldpRemSysName": {(0, 1, 1): other.encode()},
        }
    return found


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Ask:
    """
    Two switches walked on three days, asked by the command line.

    On the second day sw-a has restarted with other ifIndexes, its third port is down, the cable is gone and the terminal
    has moved; on the third sw-b does not answer.
    """
    url = f"sqlite:///{tmp_path / 'netops.db'}"
    monkeypatch.chdir(tmp_path)
    days = [
        [columns("sw-a", "sw-b"), columns("sw-b", "sw-a") | {"dot1qTpFdbPort": {}}],
        [
            columns("sw-a", "sw-b", 100, up=False, told=False, port=3),
            columns("sw-b", "sw-a", told=False) | {"dot1qTpFdbPort": {}},
        ],
        [columns("sw-a", "sw-b", 100, up=False, told=False, port=3)],
    ]
    for number, day in enumerate(days):
        at = NOON + number * DAY
        with open_desk(config.read(None, url)) as desk:
            desk.clock = still(at)
            walks = [
                DeviceWalk(EXTRANET, "", f"192.0.2.{place}", at, 0.1, told)
                for place, told in enumerate(day, 1)
            ]
            views = [snapshots.record(desk.store, one, at) for one in walks]
            if len(day) < 2:
                snapshots.fail(desk.store, Unreachable(EXTRANET, "192.0.2.2", "192.0.2.2", at, "no answer"))
            for plane in Plane:
                walk._keep_sightings(desk, plane, [view for view in views if view.plane is plane])
            walk.keep_links(desk, views)

    def command(*words: str) -> tuple[int, list[dict[str, Any]]]:
        code = main(["--store", url, "--json", "--lang", "en", "topology", *words])
        found = json.loads(capsys.readouterr().out)
        return code, found["items"] if isinstance(found, dict) else found

    return command


def day(number: int) -> str:
    return (NOON + number * DAY + DAY / 24).isoformat()


def test_links_stand_as_they_did_then(ask: Ask) -> None:
    """On the first day there was a cable, with the ports' numbers of that day; now there is none."""
    code, then = ask("links", "--at", day(0))

    assert (0, [("sw-a", "ge1", 1), ("sw-b", "ge1", 1)]) == (
        code,
        [(then[0][end]["device"], then[0][end]["interface"], then[0][end]["if_index"]) for end in "ab"],
    )
    assert {"lldp"} == {row["source"] for row in then[0]["evidence"]}
    assert [] == ask("links")[1]
    rows = ask("links", "--evidence", "--at", day(0))[1]
    assert [True, True] == [row["ended_at"] is not None for row in rows]


def test_what_changed_between_two_days(ask: Ask) -> None:
    """By device: a restart is one change, not six; exit code 1 when something did."""
    code, found = ask("diff", "--from", day(0), "--to", day(1))
    kinds = {(one["device"], one["kind"]) for one in found}

    assert 1 == code
    assert {
        ("sw-a", "renumbered"), ("sw-a", "port-down"), ("sw-a", "neighbor-gone"), ("sw-b", "neighbor-gone"),
        ("sw-a", "link-gone"), ("sw-a", "terminal-moved"),
    } == kinds  # fmt: skip
    later = ask("diff", "--from", day(1), "--to", day(2))[1]
    assert [("sw-b", "silent")] == [(one["device"], one["kind"]) for one in later]
    assert (0, []) == ask("diff", "--from", day(1), "--to", day(1))


def test_the_history_of_a_device(ask: Ask) -> None:
    """Newest first; the port that went down, the link that has gone, the terminal that moved."""
    code, found = ask("history", "sw-a")

    assert 0 == code
    assert found == sorted(found, key=lambda one: str(one["at"]), reverse=True)
    assert {
        "port-down",
        "renumbered",
        "link-new",
        "link-gone",
        "neighbor-gone",
        "terminal-moved",
        "device-new",
    } <= {one["kind"] for one in found}
    assert {"device-new", "link-new", "terminal-new"} >= {
        one["kind"] for one in ask("history", "sw-a", "--at", day(0))[1]
    }
    assert [] == [one for one in ask("history", "sw-a", "--since", day(1))[1] if one["source"] == "walk"]


def test_a_device_that_does_not_answer_keeps_its_state(ask: Ask) -> None:
    """Marked stale now, and not on the days before."""
    code, now = ask("devices")
    assert (3, {"sw-a": False, "sw-b": True}) == (code, {one["name"]: one["stale"] for one in now})
    then = ask("devices", "--at", day(0))[1]
    assert {"sw-a": False, "sw-b": False} == {one["name"]: one["stale"] for one in then}
    assert [1, 2, 3] == [one["if_index"] for one in ask("show", "sw-a", "--at", day(0))[1][0]["interfaces"]]


def test_the_terminal_stood_elsewhere_then(ask: Ask) -> None:
    """The forwarding table of a past day holds what was seen on it."""
    then, now = (ask("show", "sw-a", "--at", day(number))[1][0]["fdb"] for number in (0, 1))

    assert (["ge2"], ["ge3"]) == ([one["interface"] for one in then], [one["interface"] for one in now])


def test_targets_for_prometheus(ask: Ask) -> None:
    """A list of groups, as http_sd_configs wants it."""
    code, groups = ask("devices", "--format", "prometheus-sd")

    assert (0, [["192.0.2.1"], ["192.0.2.2"]]) == (code, [one["targets"] for one in groups])


def test_a_walk_is_folded_under_one_name(ask: Ask) -> None:
    """Every record has its place and its kind."""
    for one in ask("history", "sw-a")[1]:
        assert {
            "at",
            "plane",
            "device",
            "kind",
            "title",
            "source",
            "subject",
            "before",
            "after",
        } <= one.keys()
    assert msgspec.json.encode(ask("links", "--segments")[1]) == b"[]"
