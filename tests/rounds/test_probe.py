"""The reflection probe as a round: who is asked, what the sensor's file becomes, and what is released."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

import msgspec
import pytest

from netops.config import Config
from netops.core import docket, journal, ticket
from netops.core.clock import CITY_ZONE, now
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.egress.classify import Space, Table, net_span
from netops.egress.judge import Facing, Observer, Port, Scene, Terminal
from netops.egress.reflection import BEACON_RUN, Hit, sealed
from netops.probes.reflect import Probe as Ask
from netops.rounds import brake, probe, sweep
from netops.settings import PlaneSettings, Probe

KEY, SENSOR = ticket.new_key(), "203.0.113.99"
TERMINALS = (
    Terminal(Plane.EXTRANET, "10.20.11.11", "00:14:22:00:00:11", "sw-fin", "ge2", "fin"),
    Terminal(Plane.EXTRANET, "10.20.11.12", "00:14:22:00:00:12", "sw-fin", "ge3", "fin"),
    Terminal(Plane.EXTRANET, "10.20.12.11", "00:14:22:00:00:13", "sw-two", "ge2", "two"),
    Terminal(Plane.EXTRANET, "192.168.1.9", "00:14:22:00:00:14"),
    Terminal(Plane.EXTRANET, "10.20.254.1", "00:14:22:00:00:15"),
    Terminal(Plane.INTRANET, "10.10.11.11", "00:14:22:00:00:16"),
)


@pytest.fixture
def desk(store: Store, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk whose scene is a small city."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core import applied
    from netops.core.organization import Organization
    from netops.register import Register
    from netops.rounds import scene as scenes
    from netops.topology.device import RegisteredDevice, Role

    config = Config(
        planes={Plane.EXTRANET: PlaneSettings(("10.20.0.0/16",)), Plane.INTRANET: PlaneSettings(("10.10.0.0/16",))},
        probe=Probe(beacon=SENSOR, attempts=1, per_second=100, wait_seconds=0.5),
    )
    opened = Desk(config, actor="王工")
    opened._store = store
    register = Register(
        organizations=(Organization("ic", "信息中心", platform=True), Organization("fin", "财政局"), Organization("two", "二局")),
        devices=(RegisteredDevice("r-fin", "10.20.255.11", Role.EDGE, "fin"),),
        prefixes=(RegisteredPrefix("10.20.11.0/24", PrefixRole.POOL, "fin", gateway="r-fin"),
                  RegisteredPrefix("10.20.12.0/24", PrefixRole.POOL, "two", gateway="r-fin")),
    )  # fmt: skip
    with journal.act(store, "王工") as act:
        applied.apply(act, register.content(), 0, {})
    tables = {
        Plane.EXTRANET: Table(
            [net_span("10.20.0.0/16", Space.INSIDE), net_span("10.20.254.0/24", Space.DEVICES),
             net_span("10.20.11.0/24", Space.ALLOCATED, "fin")]
        ),
        Plane.INTRANET: Table([net_span("10.10.0.0/16", Space.ALLOCATED)]),
    }  # fmt: skip
    ports = (Port(2, "lan", Facing.LAN, "", "10.20.11.1", "10.20.11.0/24"),)
    observers = {"10.20.255.11": Observer("10.20.255.11", "r-fin", Plane.EXTRANET, "fin", ports=ports)}
    monkeypatch.setattr(scenes, "build", lambda _desk: (Scene(tables, observers, terminals=TERMINALS), {}))
    return opened


def lines(*hits: Hit) -> list[bytes]:
    written, seal = [], ""
    for one in (Hit("start", _ms(), SENSOR), *hits, Hit("end", _ms(), SENSOR, refused=4)):
        whole = sealed(ticket.sensor_key(KEY), one, seal)
        seal = whole.seal
        written.append(msgspec.json.encode(whole))
    return written


def _ms() -> int:
    return int(now().timestamp() * 1000)


def hit(target: str, source: str = "") -> Hit:
    payload = ticket.write(KEY, target, _ms() // 1000, "00000001")
    return Hit("hit", _ms(), SENSOR, source or target, 63, "wan", payload.hex())


def test_only_terminals_of_the_extranet_are_asked(desk: Desk) -> None:
    """Addresses of its own prefixes that are no device's, each with its gateway's addresses, which are asked first."""
    wanted = probe.plan(desk, key=KEY)

    assert ["10.20.11.11", "10.20.11.12", "10.20.12.11"] == [one.terminal.ip for one in wanted.asked]
    assert ("10.20.255.11", "10.20.11.1") == wanted.asked[0].controls
    assert ["10.20.255.11", "10.20.11.1", "10.20.11.11", "10.20.11.12", "10.20.12.11"] == wanted.targets
    assert ["10.20.12.11"] == [one.terminal.ip for one in probe.plan(desk, "two", key=KEY).asked]


def test_one_switch_stops_it(desk: Desk) -> None:
    """[probe] enabled = false, and nothing is planned; nor without a key."""
    with pytest.raises(NetopsError, match="key is not known"):
        probe.plan(desk)
    off = msgspec.structs.replace(desk.config.probe, enabled=False)
    desk.config = msgspec.structs.replace(desk.config, probe=off)
    with pytest.raises(Refused, match="enabled is false"):
        probe.plan(desk, key=KEY)


def test_a_sensors_file_becomes_a_finding_once(desk: Desk) -> None:
    """Subject with its port, organization, evidence; the same file again changes nothing."""
    wanted = probe.plan(desk, key=KEY)
    hits = probe.heard(wanted, lines(hit("10.20.11.11", "100.64.9.2")))
    reflections, report = probe.conclude(desk, wanted, hits, is_fresh=False)
    probe.conclude(desk, wanted, hits, is_fresh=False)
    [one] = docket.listed(desk.store)

    assert {"ip": "10.20.11.11", "mac": "00:14:22:00:00:11", "switch": "sw-fin", "port": "ge2"} == one.subject
    assert ("rogue_exit_host", "high", "fin", 1, 1) == (one.kind, one.severity, one.organization, one.count, len(one.evidence))
    assert (1, 2, 4) == tuple(report.facts[name] for name in ("dual_homed", "no_answer", "refused"))
    assert (one.id,) == report.opened
    assert 1 == len(reflections)


def test_what_does_not_answer_any_more_is_released_by_a_whole_run_only(desk: Desk) -> None:
    """A run over one other organization says nothing about it; nor does an old file."""
    wanted = probe.plan(desk, key=KEY)
    probe.conclude(desk, wanted, probe.heard(wanted, lines(hit("10.20.11.11"))), is_fresh=True)
    nothing = probe.heard(wanted, lines())
    probe.conclude(desk, wanted, nothing, is_fresh=False)
    probe.conclude(desk, probe.plan(desk, "two", key=KEY), nothing, is_fresh=True)
    assert 1 == len(docket.listed(desk.store, state=STANDING))

    probe.conclude(desk, wanted, nothing, is_fresh=True)
    assert 0 == len(docket.listed(desk.store, state=STANDING))


def test_a_file_without_its_end_is_refused(desk: Desk) -> None:
    """Cut off, empty, or sealed with another key."""
    wanted = probe.plan(desk, key=KEY)
    whole = lines(hit("10.20.11.11"))
    for touched in (whole[:-1], [], whole[1:]):
        with pytest.raises(Refused, match="not believed"):
            probe.heard(wanted, touched)
    with pytest.raises(Refused, match="not believed"):
        probe.heard(msgspec.structs.replace(wanted, key=ticket.new_key()), whole)


def test_the_run_is_in_the_journal_before_a_packet_leaves(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who, how many, in whose name; services first, then echo, SYN last; the tickets name their targets."""
    sent: list[Ask] = []

    def send(beacon: str, nets: object, batches: Iterable[list[Ask]], per_second: float) -> Iterator[int]:
        assert "egress probe" in [entry.verb for entry in journal.log(desk.store)]
        assert (SENSOR, ("10.20.0.0/16",), 100) == (beacon, nets, per_second)
        for batch in batches:
            sent.extend(batch)
            yield len(batch)

    monkeypatch.setattr(probe.reflect, "send", send)
    wanted = probe.plan(desk, key=KEY)

    assert 5 * 11 == probe.send(desk, wanted)
    order = list(dict.fromkeys(one.service for one in sent))
    assert ["dns", "ntp", "snmp", "ike", "wsd", "sip", "closed", "echo", "syn"] == order
    read = [ticket.read(KEY, one.ticket) for one in sent if one.service == "echo"]
    assert wanted.targets == [one.target for one in read if one]
    assert len(sent) == len({one.ticket for one in sent})
    assert all(ticket.is_ours(ticket.sensor_key(KEY), one.ticket, now().timestamp()) for one in sent)


def test_stubs_are_found_again_by_the_journal(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What gives back eight octets proves by itself; four octets prove nothing before there are two of them."""
    sent: list[Ask] = []
    monkeypatch.setattr(probe.reflect, "send", lambda _b, _n, batches, _p: [sent.extend(each) or len(each) for each in batches])
    wanted = probe.plan(desk, key=KEY)
    probe.send(desk, wanted)
    by = {name: [one for one in sent if (one.service, one.target) == (name, "10.20.11.11")] for name in ("ntp", "snmp")}
    came = {
        name: [Hit("hit", _ms(), SENSOR, "100.64.9.2", 60, "wan", one.ticket.hex(), name) for one in some]
        for name, some in by.items()
    }

    def dual(*hits: Hit) -> int:
        return int(probe.conclude(desk, wanted, probe.heard(wanted, lines(*hits)), is_fresh=False)[1].facts["dual_homed"])

    assert [1, 2] == [len(by["ntp"]), len(by["snmp"])]
    once = came["snmp"][0]
    assert [1, 0, 1, 0] == [dual(*came["ntp"]), dual(once), dual(*came["snmp"]), dual(once, once)]


def test_the_brake_stops_what_is_under_way(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is planned to leave, and a run ends before its next packets; the journal says who and why."""
    left: list[int] = []

    def send(_b: str, _n: object, batches: Iterable[list[Ask]], _p: float) -> Iterator[int]:
        for batch in batches:
            left.append(len(batch))
            brake.pull(desk, "厂商来电")
            yield len(batch)

    monkeypatch.setattr(probe.reflect, "send", send)
    monkeypatch.setattr(probe.reflect, "AT_ONCE", 10)
    wanted = probe.plan(desk, key=KEY)
    with pytest.raises(Refused, match="王工 stopped all probes"):
        probe.send(desk, wanted)
    assert [10] == left
    with pytest.raises(Refused, match="厂商来电"):
        probe.send(desk, wanted)
    with pytest.raises(Refused, match="厂商来电"):
        sweep.run(desk, prefixes=["10.20.11.0/24"])
    brake.release(desk, "查清了")
    assert brake.pulled(desk) is None


@pytest.mark.parametrize(
    ("hours", "hour", "quiet"),
    [(("08:30-11:30",), 9, True), (("08:30-11:30",), 12, False), (("22:00-06:00",), 23, True), (("22:00-06:00",), 5, True),
     (("22:00-06:00",), 7, False), ((), 9, False)],
)  # fmt: skip
def test_quiet_hours_are_quiet(desk: Desk, hours: tuple[str, ...], hour: int, quiet: bool) -> None:
    """In city time, also over midnight; the round says why nothing left."""
    settings = msgspec.structs.replace(desk.config.probe, quiet_hours=hours, sensor=("true",))
    desk.config = msgspec.structs.replace(desk.config, probe=settings)
    desk.clock = lambda: datetime(2026, 11, 30, hour, 0, tzinfo=CITY_ZONE)

    assert quiet == bool(brake.quiet_until(desk, desk.clock()))
    if quiet:
        assert {"not probed": "these are quiet hours"} == probe.run(desk).facts
        with pytest.raises(NetopsError, match="quiet hours are"):
            probe.send(desk, probe.plan(desk, key=KEY))


def test_a_budget_gives_everybody_a_turn(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not fit is said, comes first the next time, and nobody is released by a run that did not ask them."""
    monkeypatch.setattr(probe.reflect, "send", lambda _b, _n, batches, _p: [len(batch) for batch in batches])
    settings = msgspec.structs.replace(desk.config.probe, services=("echo",), budget_seconds=0.03)
    desk.config = msgspec.structs.replace(desk.config, probe=settings)
    turns = []
    for _ in range(3):
        wanted = probe.plan(desk, key=KEY)
        turns.append([one.terminal.ip for one in wanted.asked])
        assert (False, 2) == (wanted.is_complete, wanted.unasked)
        probe.send(desk, wanted)

    assert [["10.20.11.11"], ["10.20.11.12"], ["10.20.12.11"]] == sorted(turns)


def test_intranet_hosts_are_asked_too(desk: Desk) -> None:
    """There any answer is a breach of the separation, and critical."""
    wanted = probe.plan(desk, key=KEY, plane=Plane.INTRANET)
    assert ["10.10.11.11"] == [one.terminal.ip for one in wanted.asked]
    probe.conclude(desk, wanted, probe.heard(wanted, lines(hit("10.10.11.11", "117.128.0.9"))), is_fresh=False)
    [one] = docket.listed(desk.store)

    assert ("EG-204", "intranet_exit", "critical", Plane.INTRANET) == (one.code, one.kind, one.severity, one.plane)
    assert "117.128.0.9 (中国移动?)" == one.facts["source"]


def test_a_page_betrays_who_was_never_walked(desk: Desk) -> None:
    """The visitor's own ticket names it, also where no walk has seen it; through the registered exit nothing is said."""
    def visit(target: str, source: str) -> Hit:
        payload = ticket.write(KEY, target, _ms() // 1000, BEACON_RUN)
        return Hit("hit", _ms(), SENSOR, source, 0, "", payload.hex(), "beacon")

    wanted = probe.plan(desk, key=KEY)
    hits = probe.heard(wanted, lines(visit("10.20.40.9", "100.64.9.2"), visit("172.16.0.1", "100.64.9.2")))
    probe.conclude(desk, wanted, hits, is_fresh=False)
    [one] = docket.listed(desk.store)

    assert ({"ip": "10.20.40.9"}, "beacon") == (one.subject, docket.pieces(desk.store, one.evidence)[0].kind)


def test_the_sensor_is_started_and_heard(desk: Desk, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By any command that prints its lines; one that does not listen is told with what it said."""
    monkeypatch.setattr(probe.reflect, "send", lambda *_: [1])
    wanted = probe.plan(desk, key=KEY)
    (tmp_path / "lines").write_bytes(b"\n".join(lines(hit("10.20.11.11"))) + b"\n")
    hits = probe.with_sensor(desk, wanted, ["sh", "-c", f"cat {tmp_path / 'lines'}"])
    assert ["start", "hit", "end"] == [one.kind for one in hits]

    monkeypatch.setattr(probe, "START_SECONDS", 1.0)
    with pytest.raises(NetopsError, match="no such sensor"):
        probe.with_sensor(desk, wanted, [sys.executable, "-c", "raise SystemExit('no such sensor')"])
    with pytest.raises(NetopsError, match="not started"):
        probe.with_sensor(desk, wanted, ["/nowhere/at/all"])


def test_the_round_says_that_nothing_is_probed_without_a_sensor(desk: Desk) -> None:
    """Nothing is ever probed by itself before somebody configured it; nobody is counted as asked."""
    assert {"not probed": "no sensor is configured in [probe]"} == probe.run(desk).facts
