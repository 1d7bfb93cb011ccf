"""The sweep round: own prefixes only; what was not asked is unknown, what answers for everything is not believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from netops.addresses import sources
from netops.addresses.settings import Sweep
from netops.config import Config
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError, Refused
from netops.core.finding import STANDING
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.probes import icmp
from netops.probes.echo import Outcome, Pace
from netops.rounds import inventory, reconcile, sweep
from netops.settings import PlaneSettings
from tests.conftest import NOON
from tests.rounds.test_reconcile import FILES, walk

EXTRANET = Plane.EXTRANET
SIX = '\n[[prefixes]]\nprefix = "2001:db8:14::/64"\nrole = "pool"\norganization = "health"\n'
POOL = "10.20.14.0/28"


@pytest.fixture
def store_url(tmp_path: Path) -> str:
    """One engine is enough here: what is stored is tested in test_observe."""
    return f"sqlite:///{tmp_path / 'netops.db'}"


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A desk whose sweep is configured for part of a pool."""
    for name, text in FILES.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + (SIX if "prefixes" in name else ""), encoding="utf-8")
    config = Config(
        planes={EXTRANET: PlaneSettings(nets=("10.20.0.0/16", "2001:db8::/32"))},
        store_url=store.url,
        inventory=str(tmp_path / "inventory"),
        sweep=Sweep(prefixes=(POOL,), per_second=1000.0, wait_seconds=0.05),
    )
    desk = Desk(config, still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def network(monkeypatch: pytest.MonkeyPatch, state: Callable[[str], str]) -> list[list[str]]:
    """Addresses end as *state* says; returns what was asked in each sweep."""
    asked: list[list[str]] = []

    def play(addresses: Sequence[str], nets: Sequence[str], pace: Pace) -> Iterator[Outcome]:
        asked.append(list(addresses))
        yield from (Outcome(text, state(text)) for text in addresses)

    monkeypatch.setattr(icmp, "sweep", play)
    return asked


def configured(desk: Desk, *prefixes: str) -> None:
    """Other prefixes are swept."""
    swept = msgspec.structs.replace(desk.config.sweep, prefixes=prefixes)
    desk.config = msgspec.structs.replace(desk.config, sweep=swept)


def is_alive(*hosts: int) -> Callable[[str], str]:
    return lambda text: "answered" if int(text.rpartition(".")[2]) in hosts else "silent"


def test_only_own_registered_prefixes_are_asked(desk: Desk) -> None:
    """Not the neighbour's, not the internet's, not what is no prefix; not more than a /16 at once."""
    for text in ("10.21.0.0/24", "8.8.8.0/24", "0.0.0.0/0", "10.0.0.0/8"):
        with pytest.raises(Refused, match="no registered prefix"):
            sweep.plan(desk, [text])
    with pytest.raises(NetopsError, match=r"10\.20\.14\.0/99"):
        sweep.plan(desk, ["10.20.14.0/99"])
    assert 65536 >= len(sweep.plan(desk, ["10.20.0.0/17"])[0].targets)


def test_devices_and_edges_are_not_asked_as_terminals(desk: Desk) -> None:
    """.0 is the segment's canary, .2 the switch."""
    [plan] = sweep.plan(desk)

    assert [f"10.20.14.{n}" for n in range(1, 16) if n != 2] == list(plan.targets)
    assert {"10.20.14.0": "10.20.14.0/24"} == plan.canaries


def test_a_large_ipv6_prefix_is_asked_at_its_known_addresses(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks 2**64 addresses: those that were told of, and it is said that the rest is left out."""
    from netops.addresses.mention import Source, SourceKind, Told

    known = Source(EXTRANET, "arp", SourceKind.NEIGHBORS, "x", NOON, NOON, is_good=True, is_whole=True)
    sources.keep(desk.store, known, [Told("2001:db8:14::7"), Told("2001:db8:15::8")], NOON)
    [plan] = sweep.plan(desk, ["2001:db8:14::/64"])
    [small] = sweep.plan(desk, ["2001:db8:14::/124"])

    assert (("2001:db8:14::7",), 2**64 - 1) == (plan.targets, plan.left_out)
    assert (16, 0) == (len(small.targets), small.left_out)


def test_what_answers_is_found_by_reconcile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An address that only the ping sees, used without an allocation; silent in the next whole sweep, it is gone."""
    configured(desk, "10.20.14.192/28")
    network(monkeypatch, is_alive(200))
    walk(desk, 0, (11,))
    report = sweep.run(desk)
    found = reconcile.run(desk)
    [one] = [docket.one(desk.store, number) for number in found.standing]

    assert ({"asked": 16, "answered": 1}, 0) == (report.facts, report.exit_code)
    assert ("unallocated_address", "10.20.14.200", ["ping"]) == (
        one.kind,
        one.subject["ip"],
        one.subject["sources"],
    )

    network(monkeypatch, is_alive())
    walk(desk, 5, (11,))
    sweep.run(desk)
    assert ((one.id,), 0) == ((again := reconcile.run(desk)).resolved, again.exit_code)


def test_a_sweep_that_ran_out_of_time_knows_only_a_part(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not asked is unknown: findings stay, the exit code is 3, and the next sweep begins there."""
    configured(desk, "10.20.14.192/28")
    network(monkeypatch, is_alive(200))
    walk(desk, 0, (11,))
    sweep.run(desk)
    reconcile.run(desk)
    asked = network(monkeypatch, lambda text: "unasked" if int(text.rpartition(".")[2]) >= 199 else "silent")
    walk(desk, 5, (11,))
    cut = sweep.run(desk)
    after = reconcile.run(desk)

    assert (3, 3, ["ping"]) == (cut.exit_code, after.exit_code, [one.device for one in after.unseen])
    assert 1 == len(docket.listed(desk.store, state=STANDING))
    sweep.run(desk)
    assert ("10.20.14.192", "10.20.14.199") == (asked[0][0], asked[1][0])


@pytest.mark.parametrize("state", ["unsent", "answered"])
def test_no_way_there_or_an_answer_for_everything_is_not_believed(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, state: str
) -> None:
    """A router that answers for a whole segment answers for .0 too, which nobody has."""
    network(monkeypatch, lambda _text: state)
    report = sweep.run(desk)

    assert (3, 0) == (report.exit_code, report.facts["answered"])
    assert [] == sources.since(desk.store, EXTRANET, NOON - timedelta(days=1))


def test_a_sweep_that_cannot_run_is_remembered(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without sockets nothing is known; the source shows why, and reconcile says that it was not seen."""

    def broken(*_: object) -> Iterator[Outcome]:
        raise NetopsError("the probe did not run", "{why}", "", why="CAP_NET_RAW is missing")
        yield

    monkeypatch.setattr(icmp, "sweep", broken)
    walk(desk, 0, (11,))
    with pytest.raises(NetopsError, match="CAP_NET_RAW"):
        sweep.run(desk)
    [blind] = reconcile.run(desk).unseen

    assert ("ping", "CAP_NET_RAW is missing") == (blind.device, blind.why.format(**blind.facts))


def test_a_configured_sweep_that_never_ran_is_unseen(desk: Desk) -> None:
    """Whoever waits for it is told."""
    walk(desk, 0, (11,))

    assert ["ping"] == [one.device for one in reconcile.run(desk).unseen]


def test_a_sweep_by_hand_is_a_source_of_its_own_and_an_act(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes nothing back that the configured one told, nobody waits for it again, and the journal has it."""
    network(monkeypatch, is_alive(5, 20))
    walk(desk, 0, (11,))
    sweep.run(desk)
    sweep.run(desk, prefixes=["10.20.14.16/28"])

    told = {(one.source, one.ip) for one in sources.since(desk.store, EXTRANET, NOON) if one.is_open}
    assert {("ping", "10.20.14.5"), ("ping 10.20.14.16/28", "10.20.14.20")} == told
    assert ["ip sweep"] == [one.verb for one in journal.log(desk.store, 1)]
    walk(desk, 120, (11,))
    sweep.run(desk)
    assert () == reconcile.run(desk).unseen


def test_nothing_is_swept_when_nothing_is_configured(desk: Desk) -> None:
    """The timetable may run it anyway."""
    desk.config = msgspec.structs.replace(desk.config, sweep=Sweep())

    assert {"asked": 0, "answered": 0} == sweep.run(desk).facts
