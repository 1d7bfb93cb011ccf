"""The flow watch as a whole: datagrams over loopback into findings in the store, on both engines."""

from __future__ import annotations

import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "egress"))
from exporter import FIVE_TUPLE, a_set, template, v5, v9, values

from netops.addresses import ledger
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.config import Config
from netops.core import applied, docket, journal
from netops.core.clock import now
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.declarations.declaration import RegisteredDeclaration
from netops.desk import Desk
from netops.egress import hits, learning
from netops.egress.exit import ExitKind, RegisteredExit
from netops.register import Register
from netops.rounds import egress
from netops.rounds.egress import Watcher
from netops.settings import Flows, PlaneSettings, Probe, Timetable, Translation
from netops.topology import snapshots
from netops.topology.device import RegisteredDevice, Role
from netops.topology.link import RegisteredLink

REGISTER = Register(
    organizations=(Organization("ic", "信息中心", platform=True), Organization("fin", "财政局")),
    devices=(RegisteredDevice("fw", "10.20.255.2", Role.FIREWALL, "ic", exporter=True),
             RegisteredDevice("r-fin", "10.20.255.11", Role.EDGE, "fin", exporter=True)),
    links=(RegisteredLink("fw", "r-fin", net="10.20.254.0/30"),),
    prefixes=(RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin", gateway="r-fin"),
              RegisteredPrefix("10.20.254.0/30", PrefixRole.LINK, "ic")),
    exits=(RegisteredExit("shared", ExitKind.SHARED, "fw", "ic", net="203.0.113.0/30"),),
)  # fmt: skip
ROGUE = {
    "src": "203.0.113.80",
    "dst": "198.51.100.18",
    "sport": 80,
    "dport": 40000,
    "proto": 6,
    "packets": 5,
    "bytes": 500,
    "in_if": 9,
}
HOME = {
    "src": "203.0.113.80",
    "dst": "203.0.113.2",
    "sport": 80,
    "dport": 40000,
    "proto": 6,
    "packets": 5,
    "bytes": 500,
    "in_if": 2,
}


def walk(store: Store, device: str, address: str, interfaces: dict[int, tuple[str, str]]) -> None:
    """A walk of a device: interfaces by ifIndex, each with its name and address (all /30 or /24)."""
    columns = {
        "sysName": {(0,): device.encode()},
        "ifName": {(number,): name.encode() for number, (name, _) in interfaces.items()},
        "ifType": {(number,): 6 for number in interfaces},
        "ifAdminStatus": {(number,): 1 for number in interfaces},
        "ifOperStatus": {(number,): 1 for number in interfaces},
        "ipAdEntIfIndex": {
            tuple(map(int, own.split("."))): number for number, (_, own) in interfaces.items() if own
        },
        "ipAdEntNetMask": {
            tuple(map(int, own.split("."))): "255.255.255.252" for _, own in interfaces.values() if own
        },
    }
    snapshots.record(store, DeviceWalk(Plane.EXTRANET, device, address, now(), 0.1, columns), now())  # type: ignore[arg-type]


def walk_all(store: Store) -> None:
    walk(store, "fw", "10.20.255.2", {1: ("in", "10.20.254.1"), 2: ("wan", "203.0.113.2")})
    walk(
        store,
        "r-fin",
        "10.20.255.11",
        {1: ("up", "10.20.254.2"), 2: ("lan", "10.20.11.1"), 9: ("ge9", "198.51.100.18")},
    )


@pytest.fixture
def desk(store: Store) -> Desk:
    """A desk with the register in force; exporters are reached by 127.72.0.0/16."""
    config = Config(
        planes={
            Plane.EXTRANET: PlaneSettings(("10.20.0.0/16",)),
            Plane.INTRANET: PlaneSettings(("10.10.0.0/16",)),
        },
        translate=(Translation("10.20.0.0/16", "127.72.0.0/16"),),
        flows=Flows(listen=("127.0.0.1:0",), round_seconds=0.5, hold_seconds=60),
    )
    opened = Desk(config, actor="王工")
    opened._store = store
    with journal.act(store, "王工") as act:
        applied.apply(act, REGISTER.content(), 0, {})
    return opened


@contextmanager
def watching(desk: Desk) -> Iterator[Watcher]:
    with Watcher(desk) as watcher:
        yield watcher


def send(watcher: Watcher, source: str, *payloads: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind((source.replace("10.20.", "127.72."), 0))
        for payload in payloads:
            one.sendto(payload, ("127.0.0.1", watcher.collector.ports[0]))


def test_an_unfiled_exit_is_a_finding_within_two_seconds(desk: Desk) -> None:
    """From the datagram to the docket: device and interface, organization, count, evidence with samples."""
    walk_all(desk.store)
    with watching(desk) as watcher:
        began = time.monotonic()
        send(watcher, "10.20.255.11", v5(ROGUE, ROGUE))
        send(watcher, "10.20.255.2", v5(HOME))
        while not (found := docket.listed(desk.store)) and time.monotonic() - began < 5:
            time.sleep(0.05)
        elapsed = time.monotonic() - began

    [one] = docket.listed(desk.store)
    assert ("EG-101", {"device": "r-fin", "interface": "ge9", "ip": "198.51.100.18"}, "fin", 2) == (
        one.code,
        one.subject,
        one.organization,
        one.count,
    )
    assert found
    assert elapsed < 2
    [piece] = docket.pieces(desk.store, one.evidence)
    assert "198.51.100.18" == piece.body["samples"][0]["dst"]  # type: ignore[index]
    assert {("none", "unfiled_exit", 2), ("shared", "shared", 1)} == {
        (row.exit_kind, row.verdict, row.flows) for row in hits.totals(desk.store)
    }
    assert {"decoded": 2} == hits.datagrams(desk.store)


def test_flows_wait_for_the_walk(desk: Desk) -> None:
    """Nothing is concluded about an interface that nobody walked; the walk brings the finding."""
    walk(desk.store, "fw", "10.20.255.2", {1: ("in", "10.20.254.1"), 2: ("wan", "203.0.113.2")})
    with watching(desk) as watcher:
        send(watcher, "10.20.255.11", v5(ROGUE))
        watcher.flush()
        assert [] == docket.listed(desk.store)
        assert 1 == watcher.watch.waiting

        walk_all(desk.store)
        watcher.flush()

    assert ["EG-101"] == [one.code for one in docket.listed(desk.store)]


def test_templates_outlive_the_process(desk: Desk) -> None:
    """What the first process learned decodes the second one's first datagram."""
    walk_all(desk.store)
    with watching(desk) as watcher:
        send(watcher, "10.20.255.11", v9(template(256, FIVE_TUPLE)))
        watcher.flush()
    with watching(desk) as watcher:
        send(
            watcher,
            "10.20.255.11",
            v9(a_set(256, values(FIVE_TUPLE, "203.0.113.80", "198.51.100.18", 80, 1, 6, 1, 60, 9, 1, 2))),
        )
        watcher.flush()

    assert ["EG-101"] == [one.code for one in docket.listed(desk.store)]


def test_templates_are_kept_while_it_collects(desk: Desk) -> None:
    """A process that is killed a little after a template leaves no data behind that the next one cannot read."""
    with watching(desk) as watcher:
        for number in (256, 257):
            send(watcher, "10.20.255.11", v9(template(number, FIVE_TUPLE)))
            until = time.monotonic() + 10
            while number not in (kept := {one.number for one in hits.kept_templates(desk.store)}) and time.monotonic() < until:
                time.sleep(0.05)

            assert number in kept


def test_a_store_that_takes_no_template_costs_no_flow(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Flows are judged all the same, and the template is kept as soon as the store takes it."""
    monkeypatch.setattr(egress, "TRY_SECONDS", 0.0)
    keep, refused = hits.keep_learned, list[int]()

    def busy(*told: Any) -> None:
        if not refused:
            refused.append(1)
            raise NetopsError("the store is busy")
        keep(*told)

    monkeypatch.setattr(hits, "keep_learned", busy)
    walk_all(desk.store)
    with watching(desk) as watcher:
        record = values(FIVE_TUPLE, "203.0.113.80", "198.51.100.18", 80, 1, 6, 1, 60, 9, 1, 2)
        send(watcher, "10.20.255.11", v9(template(256, FIVE_TUPLE), a_set(256, record)))
        watcher.flush()

    assert [1] == refused
    assert ["EG-101"] == [one.code for one in docket.listed(desk.store)]
    assert [256] == [one.number for one in hits.kept_templates(desk.store)]


def test_only_one_process_collects(desk: Desk) -> None:
    """The second one listens to nothing, and its round reports from the store."""
    with watching(desk) as first, watching(desk) as second:
        assert (True, False) == (first.listening, second.listening)
        assert 0 == len(egress.run(desk).opened)


def test_what_is_not_fed_is_released_unless_its_exporter_is_silent(desk: Desk) -> None:
    """After hold_seconds a finding is resolved; the silence of an exporter that sends nothing at all proves nothing."""
    walk_all(desk.store)
    short = msgspec.structs.replace(
        desk.config, flows=msgspec.structs.replace(desk.config.flows, hold_seconds=1.0)
    )
    desk.config = short
    with watching(desk) as watcher:
        send(watcher, "10.20.255.11", v5(ROGUE))
        watcher.flush()
        time.sleep(1.2)
        watcher.flush()
        assert 1 == len(docket.listed(desk.store, state=STANDING))

        send(watcher, "10.20.255.11", v5(ROGUE | {"src": "10.20.254.1", "dst": "10.20.254.2", "in_if": 1}))
        watcher.flush()

    assert 0 == len(docket.listed(desk.store, state=STANDING))


def test_the_round_says_who_was_not_heard(desk: Desk) -> None:
    """A registered exporter without flows is unseen, and the exit code says so."""
    walk_all(desk.store)
    report = egress.run(desk, seconds=0.3)

    assert ["fw", "r-fin"] == [one.device for one in report.unseen]
    assert 3 == report.exit_code


@pytest.mark.parametrize("is_walked", [True, False], ids=["a later walk", "no walk any more"])
def test_a_lan_is_a_lan_even_where_its_cable_is_registered(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, is_walked: bool
) -> None:
    """A source that nobody was given is found at the router's port, although the link to the switch is in the register;
    told when it goes on after a later walk, and that walk's reconcile did not tell it; or when no walk comes."""
    monkeypatch.setattr(egress, "WALK_AFTER", timedelta(0))
    monkeypatch.setattr(egress, "RECONCILE_AFTER", timedelta(0))
    register = msgspec.structs.replace(
        REGISTER,
        devices=(*REGISTER.devices, RegisteredDevice("sw-fin", "10.20.11.2", Role.SWITCH, "fin")),
        links=(*REGISTER.links, RegisteredLink("r-fin", "sw-fin", a_interface="lan")),
        declarations=(RegisteredDeclaration("D-1", "fin", "办公", "全局", 5, allocated=("10.20.11.0/26",)),),
    )
    with journal.act(desk.store, "王工") as act:
        applied.apply(act, register.content(), 1, {})
        ledger.sync_prefixes(act, register.prefixes)
        ledger.adopt(act, Plane.EXTRANET, register.declarations[0])
    walk_all(desk.store)
    with watching(desk) as watcher:
        send(
            watcher,
            "10.20.255.11",
            v5({"src": "10.20.11.200", "dst": "10.20.254.1", "in_if": 2, "packets": 1}),
        )
        watcher.flush()
        assert [] == docket.listed(desk.store)
        if is_walked:
            walk_all(desk.store)
        else:
            monkeypatch.setattr(egress, "WALK_MISSED", timedelta(0))
            desk.config = msgspec.structs.replace(desk.config, timetable=Timetable(walk=""))
        send(
            watcher,
            "10.20.255.11",
            v5({"src": "10.20.11.200", "dst": "10.20.254.1", "in_if": 2, "packets": 1}),
        )
        watcher.flush()

    assert [("EG-301", {"ip": "10.20.11.200"}, "fin")] == [
        (one.code, one.subject, one.organization) for one in docket.listed(desk.store)
    ]


def test_our_own_probes_are_no_forgery(desk: Desk) -> None:
    """They bear the sensor's address, and leave a LAN with it; any other address of the internet there is forged."""
    desk.config = msgspec.structs.replace(desk.config, probe=Probe(beacon="203.0.113.99"))
    walk_all(desk.store)
    with watching(desk) as watcher:
        flow = {"dst": "10.20.11.5", "in_if": 2, "packets": 1, "proto": 17}
        send(watcher, "10.20.255.11", v5(flow | {"src": "203.0.113.99"}), v5(flow | {"src": "203.0.113.98"}))
        watcher.flush()

    assert {"internal": 1, "spoofed_source": 1} == {row.verdict: row.flows for row in hits.totals(desk.store)}


def test_what_was_lost_on_the_way_is_told_by_exporter(desk: Desk) -> None:
    """Gaps in the sequence and a clock that is wrong are in the store, beside what was decoded."""
    walk_all(desk.store)
    with watching(desk) as watcher:
        send(watcher, "10.20.255.11", v9(template(256, FIVE_TUPLE), sequence=10), v9(sequence=14))
        watcher.flush()

    [row] = hits.exporters(desk.store)
    assert (2, 3, 0) == (row.datagrams, row.lost_datagrams, row.lost_records)
    assert abs(row.clock_offset_ms) > 60_000


@pytest.mark.parametrize("credential", ["", "v3"], ids=["nobody is asked by SNMP", "a walk may still come"])
def test_nobody_waits_for_walks_that_never_come(desk: Desk, monkeypatch: pytest.MonkeyPatch, credential: str) -> None:
    """Where no device is asked, flows alone tell, at once; else a later walk has two minutes to tell it better."""
    monkeypatch.setattr(learning, "PLAIN_MS", 0)
    register = msgspec.structs.replace(
        REGISTER,
        devices=tuple(msgspec.structs.replace(one, snmp=credential) for one in REGISTER.devices),
        declarations=(RegisteredDeclaration("D-1", "fin", "办公", "全局", 5, allocated=("10.20.11.0/26",)),),
    )
    with journal.act(desk.store, "王工") as act:
        applied.apply(act, register.content(), 1, {})
        ledger.sync_prefixes(act, register.prefixes)
        ledger.adopt(act, Plane.EXTRANET, register.declarations[0])
    flow = {"dst": "10.20.254.1", "in_if": 2, "packets": 1}
    with watching(desk) as watcher:
        send(watcher, "10.20.255.11", v5(*[flow | {"src": f"10.20.11.{number}"} for number in range(2, 14)]))
        watcher.flush()
        send(watcher, "10.20.255.11", v5(flow | {"src": "10.20.11.200"}))
        watcher.flush()
        told = [(one.code, one.subject) for one in docket.listed(desk.store)]

    assert ([] if credential else [("EG-301", {"ip": "10.20.11.200"})]) == told
