"""The walk round on recorded devices that really answer on loopback: findings, silence, filters, and what is written down."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

import netops.tables  # noqa: F401 - every table into the metadata
from netops.config import Config, share
from netops.core import applied, docket
from netops.core.clock import still
from netops.core.errors import Missing
from netops.core.finding import STANDING
from netops.core.journal import act
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from netops.desk import Desk
from netops.probes.agent import Access
from netops.probes.engines import Credential
from netops.probes.replay import RECORDINGS, Agents
from netops.probes.snmp import Target
from netops.register import read
from netops.rounds import chart, walk
from netops.settings import Credential as Configured
from netops.settings import PlaneSettings, Snmp, Translation
from netops.topology import snapshots
from tests.topology.city import NOON

ACCESS = Access("walk-ro", "walker", "walk-auth-1", "walk-priv-1")


class Walked(Desk):
    """A desk whose store needs no migration."""

    @property
    def store(self) -> Store:
        if self._store is None:
            self._store = Store(self.config.store_url)
            metadata.create_all(self._store.engine)
        return self._store


@pytest.fixture
def agents(tmp_path: Path) -> Iterator[tuple[Walked, Agents]]:
    """The example city's devices answering on loopback, and a desk with the example register applied."""
    for name, secret in (("auth", ACCESS.auth_key), ("priv", ACCESS.priv_key)):
        (tmp_path / name).write_text(secret + "\n", "utf-8")
    register = read(share("inventory"))
    nets = sorted({".".join(entry.address.split(".")[:2]) for entry in register.devices if entry.snmp})
    config = Config(
        planes={plane: PlaneSettings() for plane in Plane},
        store_url=f"sqlite:///{tmp_path / 'netops.db'}",
        path=str(tmp_path / "config.toml"),
        translate=tuple(Translation(f"{net}.0.0/16", f"127.{net.split('.')[1]}.0.0/16") for net in nets),
    )
    with Agents(RECORDINGS / "day", config.reached, ACCESS) as playing:
        snmp = Snmp(
            port=playing.port,
            timeout_seconds=0.5,
            retries=2,
            credentials={
                "v2c": Configured("v2c", community=ACCESS.community),
                "v3": Configured(
                    "v3",
                    user=ACCESS.user,
                    auth_protocol="SHA",
                    auth_key_file="auth",
                    priv_protocol="AES",
                    priv_key_file="priv",
                ),
            },
        )
        desk = Walked(msgspec.structs.replace(config, snmp=snmp), still(NOON), "tester")
        with act(desk.store, "tester", still(NOON)) as acting:
            applied.apply(acting, register.content(), 0, {})
        try:
            yield desk, playing
        finally:
            desk.close()


def codes(desk: Desk) -> set[str]:
    return {one.code for one in docket.listed(desk.store, state=STANDING)}


def test_an_ordinary_day_gives_no_finding_and_sees_everybody(agents: tuple[Walked, Agents]) -> None:
    """Every registered device answers over its own version, every terminal has a place, nothing is wrong."""
    desk, _playing = agents
    report = walk.run(desk)
    asked = [entry for entry in desk.register.devices if entry.snmp]

    assert ((), (), 0) == (report.opened, report.unseen, report.exit_code)
    assert len(asked) == report.facts["answered"]
    assert {(entry.plane, entry.name): True for entry in asked} == snapshots.reachable(desk.store)
    assert all(one.switch and one.alive_at for one in snapshots.sightings(desk.store, None) if one.ip)


def test_a_second_walk_changes_nothing(agents: tuple[Walked, Agents]) -> None:
    """Nothing is doubled: neither states nor spans."""
    desk, _playing = agents
    walk.run(desk)
    before = (len(snapshots.latest(desk.store)), len(snapshots.sightings(desk.store, None)))
    walk.run(desk)

    assert before == (len(snapshots.latest(desk.store)), len(snapshots.sightings(desk.store, None)))


def test_a_breach_opens_findings_and_its_end_resolves_them(agents: tuple[Walked, Agents]) -> None:
    """The recorded breach shows a rogue exit and a bypass; the recorded day after it shows neither."""
    desk, playing = agents
    playing.play(RECORDINGS / "breach")
    broken = walk.run(desk)
    seen = codes(desk)
    playing.play(RECORDINGS / "day")
    mended = walk.run(desk)

    assert 1 == broken.exit_code
    assert {"TP-101", "TP-103"} <= seen
    assert set() == codes(desk)
    assert set(broken.opened) == set(mended.resolved)


def test_silence_is_unseen_and_resolves_nothing(agents: tuple[Walked, Agents]) -> None:
    """When the agents are gone, findings about their devices stay, each device is unseen, and the exit code is 3."""
    desk, playing = agents
    playing.play(RECORDINGS / "breach")
    walk.run(desk)
    before = codes(desk)
    playing.close()
    quick = msgspec.structs.replace(desk.config.snmp, timeout_seconds=0.05, retries=0)
    desk.config = msgspec.structs.replace(desk.config, snmp=quick)
    report = walk.run(desk)

    assert 3 == report.exit_code
    assert len([entry for entry in desk.register.devices if entry.snmp]) == len(report.unseen)
    assert before | {"TP-001"} == codes(desk)
    assert all(view.stale for view in snapshots.latest(desk.store))


def test_a_walk_of_some_devices_concludes_nothing_about_others(agents: tuple[Walked, Agents]) -> None:
    """`topology walk NAME` leaves the findings about everything else as they stand."""
    desk, playing = agents
    playing.play(RECORDINGS / "breach")
    walk.run(desk)
    before = codes(desk)
    bystander = next(
        entry.name for entry in desk.register.devices if entry.snmp and entry.plane is Plane.INTRANET
    )
    playing.play(RECORDINGS / "day")
    walk.run(desk, targets=(bystander,))

    assert before == codes(desk)
    with pytest.raises(Missing):
        walk.run(desk, targets=("nobody",))


def test_a_target_without_a_register_is_walked_and_kept(agents: tuple[Walked, Agents]) -> None:
    """An address alone: its device, its neighbours and its terminals are kept, and no rule is applied."""
    desk, playing = agents
    entry = next(entry for entry in desk.register.devices if entry.snmp == "v3")
    target = Target(Plane.EXTRANET, "192.0.2.7", "", desk.config.reached(entry.address), playing.port)
    views, unseen = walk.walk_targets(
        desk, [target], Credential("v3", "", ACCESS.user, "SHA", ACCESS.auth_key, "AES", ACCESS.priv_key)
    )

    assert ([entry.name], []) == ([view.name for view in views], unseen)
    assert set() == codes(desk)


def test_the_map_shows_every_registered_device(agents: tuple[Walked, Agents]) -> None:
    """The page's map and the stored state are one drawing."""
    desk, _playing = agents
    walk.run(desk)
    drawn = chart.svg(desk)

    assert all(f">{entry.name}<" in drawn for entry in desk.register.devices if len(entry.name) < 16)
    assert [] == walk.differences(desk)[0]
    assert () == walk.check(desk).opened
