"""Scans and floods in kept flows: told with their source, and nothing said of busy clients, servers and monitoring."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from flow_city import FW, R_FIN, Hands, desk_of, record

from netops.core import docket
from netops.core.errors import Faults
from netops.core.finding import STANDING, Finding
from netops.core.store import Store, metadata
from netops.desk import Desk
from netops.egress.attack_limits import watched
from netops.rounds import allow, attacks
from netops.rounds.look import because, title

Flow = dict[str, Any]
PC, OTHER = "10.20.11.5", "10.20.12.7"
TCP: Flow = {"exporter": R_FIN, "in_if": 2, "src": PC, "proto": 6, "sport": 40000, "tcp_flags": 2, "packets": 2, "bytes": 88}
UDP: Flow = TCP | {"proto": 17, "tcp_flags": 0}
PING: Flow = TCP | {"proto": 1, "tcp_flags": 0, "sport": 0, "dport": 8 << 8, "packets": 1}
PLAYBOOKS = Path(__file__).parents[2] / "playbooks"


def hosts(count: int, net: str = "10.20.12") -> list[str]:
    return [f"{net}.{number}" for number in range(10, 10 + count)]


def back(flow: Flow, **more: Any) -> Flow:
    """The answer to a flow."""
    turned = {"src": flow["dst"], "dst": flow["src"], "sport": flow.get("dport", 0), "dport": flow.get("sport", 0)}
    return flow | turned | {"tcp_flags": 18 if flow["proto"] == 6 else 0} | more


@pytest.fixture
def city(store: Store, tmp_path: Path) -> tuple[Desk, Hands]:
    return desk_of(store, tmp_path)


@pytest.fixture(scope="module")
def lite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Hands]]:
    """On SQLite alone, for what is judged does not ask the store; one for all, each looks at hours of its own."""
    import netops.tables  # noqa: F401 - every table into the metadata

    folder = tmp_path_factory.mktemp("lite")
    store = Store(f"sqlite:///{folder}/netops.db")
    metadata.create_all(store.engine)
    yield desk_of(store, folder)
    store.close()


def looked(city: tuple[Desk, Hands], *flows: Flow) -> list[Finding]:
    """What is told of these flows, two hours after all that came before."""
    desk, clock = city
    clock.now += timedelta(hours=2)
    record(desk, *flows, listen=timedelta(hours=1))
    clock.now += timedelta(seconds=30)
    attacks.run(desk)
    standing = docket.listed(desk.store, state=STANDING, since=clock.now - timedelta(minutes=1))
    return [one for one in standing if one.code.startswith("EG-50")]


SCANS: dict[str, list[Flow]] = {
    "one port of many hosts": [TCP | {"dst": ip, "dport": 445} for ip in hosts(60)],
    "many ports of one host": [TCP | {"dst": OTHER, "dport": port} for port in range(1, 151)],
    "half of the ports closed, some open": [
        flow for port in range(1, 200) for flow in (
            TCP | {"dst": OTHER, "dport": port, "tcp_flags": 6 if port % 5 == 0 else 2},
            back(TCP | {"dst": OTHER, "dport": port}, tcp_flags=18 if port % 5 == 0 else 20),
        )
    ],
    "UDP, of a host that is answered elsewhere": [
        *(UDP | {"dst": ip, "dport": 161} for ip in hosts(60)), back(UDP | {"dst": "10.20.12.200", "dport": 53}),
    ],
    "echo requests to nobody": [
        *(PING | {"dst": ip} for ip in hosts(60)), *(back(PING | {"dst": ip}, dport=0) for ip in hosts(10)),
    ],
    "no flags told": [
        *(TCP | {"dst": ip, "dport": 22, "tcp_flags": 0} for ip in hosts(60)),
        back(TCP | {"dst": "10.20.12.10", "dport": 22}, tcp_flags=0),
    ],
    "of the internet": [TCP | {"dst": f"198.51.100.{number}", "dport": 3389} for number in range(1, 80)],
}  # fmt: skip


@pytest.mark.parametrize("name", SCANS)
def test_a_scan_is_told_with_its_source(lite: tuple[Desk, Hands], name: str) -> None:
    """Many hosts or many ports, and nothing came of it: one finding of the address that did it."""
    found = looked(lite, *SCANS[name])

    assert [("network_scan", PC, "fin")] == [(one.kind, one.subject["ip"], one.organization) for one in found]


PEACE: dict[str, list[Flow]] = {
    "a busy client": [
        flow for ip in hosts(90) for flow in (
            TCP | {"dst": ip, "dport": 443, "tcp_flags": 27, "packets": 9},
            back(TCP | {"dst": ip, "dport": 443}, tcp_flags=27, packets=9),
        )
    ],
    "a resolver": [
        flow for ip in hosts(90) for flow in (
            UDP | {"dst": ip, "dport": 53, "packets": 1}, back(UDP | {"dst": ip, "dport": 53, "packets": 1})
        )
    ],
    "monitoring by ping": [
        flow for ip in hosts(90) for flow in (PING | {"dst": ip}, back(PING | {"dst": ip}, dport=0))
    ],
    "a dead server, tried again and again": [
        TCP | {"dst": OTHER, "dport": 8080, "sport": port} for port in range(30000, 30300)
    ],
    "only one direction is seen": [UDP | {"dst": ip, "dport": 161} for ip in hosts(90)],
    "sampled: now and then a SYN, mostly the rest": [
        TCP | {"dst": ip, "dport": 443, "tcp_flags": flags, "packets": 1, "sampling_interval": 1000, "sport": 40000 + number}
        for number, ip in enumerate(hosts(60)) for flags in (2, 16, 24)
    ],
    "the internet scans": [TCP | {"src": "203.0.113.80", "dst": ip, "dport": 22} for ip in hosts(90)],
    "a server that refuses": [
        TCP | {"dst": f"10.20.12.{number}", "sport": 80, "dport": 40000 + number, "tcp_flags": 20} for number in range(10, 100)
    ],
    "fewer than the limit": [TCP | {"dst": ip, "dport": 445} for ip in hosts(30)],
    "a stream to many": [UDP | {"dst": ip, "dport": 5004, "packets": 900} for ip in hosts(60)],
    "a busy portal": [
        flow for number in range(4000) for flow in (
            [TCP | {"dst": OTHER, "dport": 80, "sport": 1024 + number, "tcp_flags": 27, "packets": 8}]
            + [TCP | {"dst": OTHER, "dport": 80, "sport": 1024 + number, "packets": 1}] * (number % 20 == 0)
        )
    ],
    "a resolver asked much": [
        flow for number in range(64) for flow in (
            UDP | {"src": f"10.20.11.{number + 10}", "dst": OTHER, "dport": 53, "packets": 2000},
            back(UDP | {"src": f"10.20.11.{number + 10}", "dst": OTHER, "dport": 53}, packets=2000),
        )
    ],
    "a film to one": [UDP | {"dst": OTHER, "dport": 5004, "packets": 120_000}],
    "an hour of it in one flow": [
        UDP | {"src": f"10.20.11.{number + 10}", "dst": OTHER, "dport": 514, "packets": 20_000, "duration": 3600}
        for number in range(20)
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", PEACE)
def test_what_is_ordinary_is_no_attack(lite: tuple[Desk, Hands], name: str) -> None:
    """Whatever is answered, what only one direction shows, what a server sends back, and what is below the limits."""
    _desk, clock = lite
    now = int(clock.now.timestamp() * 1000) + 7_200_000
    flows = [one | {"first": now - one.pop("duration") * 1000, "last": now} if "duration" in one else one
             for one in [dict(one) for one in PEACE[name]]]  # fmt: skip

    assert [] == [(one.kind, one.facts) for one in looked(lite, *flows)]


def test_floods_are_told_by_who_sends(city: tuple[Desk, Hands]) -> None:
    """SYN of one, UDP of many, ICMP of one; a tenth of the packets is named, the rest of a resolver's clients is not."""
    found = looked(
        city,
        *(TCP | {"dst": OTHER, "dport": 80, "sport": 1024 + number, "packets": 1} for number in range(4000)),
        *(UDP | {"src": f"10.20.11.{number + 10}", "dst": "10.20.12.9", "dport": 53, "packets": 5000} for number in range(20)),
        UDP | {"src": "10.20.12.66", "dst": "10.20.12.9", "dport": 53, "packets": 500},
        PING | {"dst": "198.51.100.7", "packets": 90_000},
    )

    assert [
        ("traffic_flood", "fin", OTHER, "TCP 80 SYN", "1"),
        ("traffic_flood", "fin", "10.20.12.9", "UDP", "20"),
        ("traffic_flood", "fin", "198.51.100.7", "ICMP", "1"),
    ] == sorted((one.kind, one.organization, *(one.facts[key] for key in ("peer", "service", "sources"))) for one in found)


def test_a_flood_from_outside_is_nobodys(city: tuple[Desk, Hands]) -> None:
    """It names the address that is flooded, and no organization."""
    found = looked(
        city,
        *(TCP | {"exporter": FW, "src": f"198.18.{number >> 8}.{number & 255}", "dst": OTHER, "dport": 80, "packets": 1}
          for number in range(1, 4001)),
    )  # fmt: skip

    assert [("traffic_flood", "", OTHER)] == [(one.kind, one.organization, one.subject["ip"]) for one in found]


def test_what_ends_is_resolved_and_what_is_not_heard_stays(city: tuple[Desk, Hands]) -> None:
    """After the window nothing shows the scan any more; where the collector was down, nothing shows anything."""
    desk, clock = city
    assert looked(city, *SCANS["one port of many hosts"])
    clock.now += timedelta(minutes=20)
    attacks.run(desk)
    blind = len(docket.listed(desk.store, state=STANDING))
    record(desk, TCP | {"dst": OTHER, "dport": 80, "tcp_flags": 27}, listen=timedelta(hours=1))
    clock.now += timedelta(seconds=1)
    report = attacks.run(desk)

    assert (1, 1, 0) == (blind, len(report.resolved), len(report.standing))


def test_what_is_expected_is_left_out_until_its_end(city: tuple[Desk, Hands], tmp_path: Path) -> None:
    """A monitoring system by the file, until the day it names; a person's entry accepts the finding that stands."""
    desk, _clock = city
    shutil.copytree(PLAYBOOKS, tmp_path / "playbooks")
    desk.config = msgspec.structs.replace(desk.config, playbooks=str(tmp_path / "playbooks"))
    path = tmp_path / "playbooks" / "watchlists" / "attacks.toml"
    entry = """
[[expected]]
kinds = ["network_scan"]
sources = ["10.20.11.5"]
protocols = ["tcp/445", "icmp"]
owner = "ic"
why = "漏洞扫描"
until = "{until}"
"""
    plain = path.read_text("utf-8")

    def said(until: str) -> int:
        path.write_text(plain + entry.format(until=until), "utf-8")
        return len(looked(city, *SCANS["one port of many hosts"]))

    assert [0, 1] == [said(until) for until in ("2026-11-20", "2026-11-19")]
    signed = allow.Entry("network_scan", desk.planes[-1], "fin", "2026-12-31", "应急演练", ip=PC)
    allow.sign(desk, [allow.entry(desk, signed)])
    assert [] == looked(city, *SCANS["one port of many hosts"])


def test_own_stations_are_known(lite: tuple[Desk, Hands], monkeypatch: pytest.MonkeyPatch) -> None:
    """What netops itself asks of everybody is no scan."""
    desk, _clock = lite
    monkeypatch.setattr(attacks, "stations", lambda _desk: {PC})

    assert [] == looked(lite, *SCANS["one port of many hosts"])
    monkeypatch.undo()
    assert attacks.stations(desk) <= set(_own_addresses())


def _own_addresses() -> Iterator[str]:
    import re
    import subprocess

    shown = subprocess.run(["ip", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    yield from re.findall(r"inet6? ([0-9a-f.:]+)", shown)


def test_a_finding_reads_in_both_languages(lite: tuple[Desk, Hands]) -> None:
    """What was tried, how much of it, and what came of it."""
    from netops.core.language import speaking

    one = looked(lite, *SCANS["many ports of one host"])[0]
    with speaking("en"):
        english = (title(one), because(one))
    with speaking("zh"):
        chinese = (title(one), because(one))

    assert english == (
        "10.20.11.5 scans the network",
        "10.20.11.5 tried 1 host and up to 150 ports of one, such as 10.20.12.7:1, within 10 minutes; 100% was in vain.",
    )
    assert chinese == (
        "10.20.11.5 扫描网络",
        "10.20.11.5 在 10 分钟内试探了 1 台主机，其中一台至多 150 个端口，例如 10.20.12.7:1；100% 没有结果。",
    )


FAULTS = {
    'owner = ""': "owner",
    "hosts = 0": "hosts",
    "unanswered = 7.0": "unanswered",
    'until = "soon"': "until",
}


@pytest.mark.parametrize("line", FAULTS)
def test_every_fault_of_the_file_is_named(tmp_path: Path, line: str) -> None:
    """With its line; an exception needs kinds, addresses, owner, reason and end."""
    folder = tmp_path / "watchlists"
    folder.mkdir()
    rest = {"owner": 'owner = "ic"', "why": 'why = "w"', "until": 'until = "2027-01-01"'}
    rest.pop(FAULTS[line], None)
    (folder / "attacks.toml").write_text("\n".join(["[limits]", line, *rest.values()]), "utf-8")

    with pytest.raises(Faults) as told:
        watched(tmp_path)
    assert any(f"attacks.toml:2: limits.{FAULTS[line]}" in fault for fault in told.value.faults)


def test_an_exception_without_addresses_owner_or_end_is_refused(tmp_path: Path) -> None:
    """All of it at once."""
    folder = tmp_path / "watchlists"
    folder.mkdir()
    (folder / "attacks.toml").write_text(
        '[limits]\nowner = "ic"\nwhy = "w"\n[[expected]]\nkinds = ["scan"]\nowner = ""\nwhy = "w"\nuntil = "x"\n'
        'protocols = ["icmp/7"]\n', "utf-8",
    )

    with pytest.raises(Faults) as told:
        watched(tmp_path)
    keys = {fault.split(": ")[1] for fault in told.value.faults}
    assert {"expected.kinds", "expected.owner", "expected.until", "expected.sources", "expected.protocols"} <= keys
