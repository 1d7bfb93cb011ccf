"""Declarations held against what is seen: flows of the last day, walked devices, terminals of a week; and the answer."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flow_city import AT, FW, R_FIN, REGISTER, Hands, desk_of, put_in_force, record, walk

from netops.config import Config
from netops.core import docket, journal
from netops.core.finding import STANDING, State
from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.core.store import Store
from netops.declarations import filings
from netops.declarations.declaration import Equipment, Kinds, Statements
from netops.declarations.settings import Requirements
from netops.desk import Desk
from netops.rounds import changing, declaring, reconcile, usage
from netops.rounds.declaring import Wishes
from netops.topology import snapshots
from netops.topology.device import RegisteredDevice, Role

DAY = timedelta(days=1)
FIN = Statements("fin", Plane.EXTRANET, "办公网", "公文", 4, (Equipment("r-fin", "", R_FIN),), kinds=Kinds(wired=4),
                 user_class="A", date="2026-11-19")  # fmt: skip
WEB = {
    "exporter": R_FIN,
    "in_if": 2,
    "src": "10.20.11.9",
    "sport": 443,
    "proto": 6,
    "packets": 8,
    "bytes": 4000,
    "dport": 50_000,
}
OUT = {"exporter": FW, "in_if": 1, "out_if": 2, "src": "10.20.11.5", "dst": "203.0.113.80", "sport": 40_000, "dport": 443,
       "proto": 6, "packets": 5, "bytes": 900}  # fmt: skip


@pytest.fixture
def city(store: Store, tmp_path: Path) -> tuple[Desk, Hands]:
    desk, clock = desk_of(store, tmp_path)
    desk.config = msgspec.structs.replace(
        desk.config, declarations=Requirements(server_clients=2, settled_hours=24.0)
    )
    return desk, clock


def declare(desk: Desk, stated: Statements = FIN, number: str = "") -> str:
    for step in ("submit", "approve", "connect"):
        with journal.act(desk.store, "王工", desk.clock) as act:
            number = (
                filings.submit(act, stated, number) if step == "submit" else filings.move(act, number, step)
            ).number
    return number


def standing(desk: Desk) -> dict[str, str]:
    return {
        one.code: one.id for one in docket.listed(desk.store, state=STANDING) if one.code.startswith("DC-")
    }


def answer(desk: Desk, number: str, finding: str) -> None:
    """As `declare change NUMBER --from-finding F` does, then approved and connected."""
    read = changing.asked(desk, number, None, (), finding)
    wishes = changing.because(desk, finding, Wishes())
    [filed] = declaring.run(desk, declaring.plan(desk, read, wishes), read, wishes)
    changing.answered(desk, finding, filed)
    for verb in ("approve", "connect"):
        with journal.act(desk.store, "李主任", desk.clock) as act:
            filings.move(act, number, verb)


def test_servers_and_internet_are_seen_in_the_flows_and_answered(city: tuple[Desk, Hands]) -> None:
    """Two clients with real answers make a server, a scan's echo and one client none; one change answers each finding."""
    desk, clock = city
    number = declare(desk)
    clients = ({"dst": "10.20.12.7"}, {"dst": "10.20.12.8"})
    echo = {"src": "10.20.11.10", "packets": 1, "bytes": 40}
    record(
        desk, *(WEB | one for one in clients), *(WEB | echo | one for one in clients),
        WEB | {"src": "10.20.11.11", "dst": "10.20.12.7"}, *(OUT | {"sport": 40_000 + n} for n in range(3)), listen=DAY,
    )  # fmt: skip
    clock.now += timedelta(minutes=1)

    report = usage.run(desk)

    assert {"DC-107", "DC-108"} == set(standing(desk))
    one = docket.one(desk.store, standing(desk)["DC-107"])
    assert ("1", "0", "10.20.11.9:443") == tuple(one.facts[name] for name in ("seen", "declared", "services"))
    assert {"services": 1, "organizations": 1} == report.facts
    assert "3" == docket.one(desk.store, standing(desk)["DC-108"]).facts["flows"]
    for code in ("DC-107", "DC-108"):
        finding = standing(desk)[code]
        answer(desk, number, finding)
        assert State.RECTIFYING is docket.one(desk.store, finding).state
        clock.now += timedelta(seconds=1)
    usage.run(desk)
    now = filings.one(desk.store, number)
    assert (Kinds(wired=3, servers=1), "B", "443") == (now.kinds, now.user_class, now.applications[0].ports)
    assert {} == standing(desk)


def test_what_was_not_heard_resolves_nothing(city: tuple[Desk, Hands]) -> None:
    """The collector listened an hour of the day: the finding stays, and the report says what was not seen."""
    desk, clock = city
    declare(desk)
    record(desk, *(OUT | {"sport": 40_000 + n} for n in range(3)), listen=timedelta(hours=1))
    clock.now += timedelta(minutes=1)
    assert usage.run(desk).unseen
    assert ["DC-108"] == list(standing(desk))
    clock.now += 2 * DAY
    usage.run(desk)
    assert ["DC-108"] == list(standing(desk))


def sighted(desk: Desk, *hosts: int, second: bool = False) -> None:
    """Hosts of fin alive now; *second*: each with a second address of the same card."""
    at = desk.clock()
    for name, address in (("fw", FW), ("r-fin", R_FIN)):
        walk(
            desk,
            name,
            address,
            {1: ("up", "10.20.254.2"), 2: ("lan", "10.20.11.1")}
            if name == "r-fin"
            else {1: ("in", "10.20.254.1")},
        )
    bases = (0, 100) if second else (0,)
    addresses = [(f"10.20.11.{base + n}", f"00:14:22:00:00:{n:02x}") for n in hosts for base in bases]
    gateway = ("10.20.11.1", "00:14:22:00:01:01")
    seen = [
        Sighting(Plane.EXTRANET, ip, mac, "r-fin", at, "", "", 0, "lan") for ip, mac in (*addresses, gateway)
    ]
    snapshots.keep(desk.store, Plane.EXTRANET, seen, at)


def test_terminals_are_counted_over_a_week_and_answered(city: tuple[Desk, Hands]) -> None:
    """Machines that take turns are all terminals; two addresses are one; a visitor of an hour and the gateway are none."""
    desk, clock = city
    number = declare(desk)
    sighted(desk, 11, 12, 13)
    clock.now = AT + DAY
    sighted(desk, 11, 12, 13)
    sighted(desk, 99)
    clock.now = AT + 2 * DAY
    sighted(desk, 21, 22, second=True)

    reconcile.run(desk)

    finding = standing(desk)["DC-101"]
    facts = docket.one(desk.store, finding).facts
    assert ("5", "4", "2") == (facts["seen"], facts["declared"], facts["here"])
    answer(desk, number, finding)
    reconcile.run(desk)
    assert {} == standing(desk)
    assert (5, Kinds(wired=5)) == (
        filings.one(desk.store, number).terminals,
        filings.one(desk.store, number).kinds,
    )


def test_devices_are_held_against_the_equipment(city: tuple[Desk, Hands]) -> None:
    """One that nobody declared, one that moved, and papers that fall due or lost their ground."""
    desk, clock = city
    registered = (*REGISTER.devices, RegisteredDevice("sw-fin", "10.20.11.2", Role.SWITCH, "fin"))
    put_in_force(desk, msgspec.structs.replace(REGISTER, devices=registered))
    number = declare(
        desk,
        msgspec.structs.replace(FIN, equipment=(Equipment("r-fin", "", "10.20.255.99"),), until="2026-12-01"),
    )
    walk(desk, "sw-fin", "10.20.11.2", {1: ("vlan1", "10.20.11.2")})
    reconcile.run(desk)

    assert {"DC-103", "DC-105", "DC-112"} == set(standing(desk))
    for code in ("DC-103", "DC-105", "DC-112"):
        answer(desk, number, standing(desk)[code])
        clock.now += timedelta(seconds=1)
    reconcile.run(desk)
    now = filings.one(desk.store, number)
    assert {} == standing(desk)
    assert {("r-fin", R_FIN), ("sw-fin", "10.20.11.2")} == {(one.name, one.address) for one in now.equipment}
    assert ("", "交换机") == (now.until, now.equipment[-1].kind)


def test_the_settings_are_checked() -> None:
    """What cannot be asked for, and days that are none, are named."""
    from netops.declarations.settings import check

    wrong: Any = Requirements(to_approve=("officers", "colour"), window_days=0, remind_days=-1)
    assert ["to_approve", "remind_days", "window_days"] == [key for key, _ in check(wrong)]
    assert [] == list(check(Config().declarations))
