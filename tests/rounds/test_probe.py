"""The reflection probe as a round: who is asked, what the sensor's file becomes, and what is released."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import pytest

from netops.config import Config, PlaneSettings, Probe
from netops.core import docket, journal
from netops.core.clock import now
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.egress import ticket
from netops.egress.classify import Space, Table, net_span
from netops.egress.judge import Facing, Observer, Port, Scene, Terminal
from netops.egress.reflection import Hit, sealed
from netops.rounds import probe

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
    """Who, how many, in whose name; and the tickets name their targets."""
    sent: list[tuple[str, bytes]] = []

    def send(beacon: str, nets: object, probes: list[tuple[str, bytes]], per_second: float) -> list[int]:
        assert "egress probe" in [entry.verb for entry in journal.log(desk.store)]
        assert (SENSOR, ("10.20.0.0/16",), 100) == (beacon, nets, per_second)
        sent.extend(probes)
        return [len(probes)]

    monkeypatch.setattr(probe.reflect, "send", send)
    wanted = probe.plan(desk, key=KEY)

    assert 5 == probe.send(desk, wanted)
    read = [ticket.read(KEY, payload) for _target, payload in sent]
    assert wanted.targets == [one.target for one in read if one]
    assert 1 == len({one.run for one in read if one})


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


def test_the_round_does_nothing_without_a_sensor(desk: Desk) -> None:
    """Nothing is ever probed by itself before somebody configured it."""
    assert {"terminals": 0} == probe.run(desk).facts
