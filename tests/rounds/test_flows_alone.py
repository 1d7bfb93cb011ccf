"""The example city by flows alone: what its exporters sent on an everyday day and amid breaches, and no device ever walked."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from netops.config import Config
from netops.core.plane import Plane
from netops.core.store import Store
from netops.desk import Desk
from netops.egress.flows import merged
from netops.egress.judge import Scene
from netops.egress.netflow import Decoder
from netops.egress.watch import Watch
from netops.probes.replay import RECORDINGS, datagrams
from netops.rounds import inventory, scene
from netops.settings import PlaneSettings

ROOT = Path(__file__).resolve().parents[2]
EVERY = 5.0
"""Seconds after which register and interfaces are looked at anew, as the watch does."""


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    """Register and ledger of the example city, and an empty topology."""
    import netops.tables  # noqa: F401 - every table into the metadata
    from netops.core.store import metadata

    store = Store(f"sqlite:///{tmp_path_factory.mktemp('city') / 'netops.db'}")
    metadata.create_all(store.engine)
    planes = {Plane.EXTRANET: PlaneSettings(("10.72.0.0/16",)), Plane.INTRANET: PlaneSettings(("10.73.0.0/16",))}
    desk = Desk(Config(planes=planes, inventory=str(ROOT / "inventory"), playbooks=str(ROOT / "playbooks")), actor="王工")
    desk._store = store
    inventory.ensure(desk)
    built, _ = scene.build(desk)
    store.close()
    return built


def played(city: Scene, *recordings: str) -> list[tuple[str, object]]:
    """What is concluded while recordings come in one after another: rule and subject, in the order of telling."""
    watch, decoder, told, at = Watch(), Decoder(), dict[str, tuple[str, object]](), 0.0
    for name in recordings:
        sent = sorted(datagrams(RECORDINGS / name / "flows.pcap"))
        moved = at + 1 - sent[0][0] if at else 0.0
        place, waiting, until = city, list[tuple[str, int, bytes]](), sent[0][0] + moved
        for recorded, exporter, content in sent:
            at = recorded + moved
            waiting.append((exporter, int(at * 1000), content))
            if at >= until:
                watch.see(merged(decoder.feed(waiting)), place)
                place = replace(city, learned=watch.learned(city, int(at * 1000)))
                watch.review(place, int(at * 1000))
                waiting, until = [], at + EVERY
                told = {one.key: (one.code, one.subject) for one in watch.due(datetime.fromtimestamp(at, UTC))} | told
    return sorted(told.values(), key=str)


def test_an_everyday_day_accuses_nobody(city: Scene) -> None:
    """Twice over: restarts of exporters between them do not either."""
    assert [] == played(city, "day", "day")


@pytest.mark.parametrize("before", [(), ("day",)], ids=["a watch that has just begun", "one that knows the city"])
def test_breaches_are_told_without_any_walk(city: Scene, before: tuple[str, ...]) -> None:
    """All that flows tell of: a line, a link past the platform with both ends, an address, a sharer, questions in vain."""
    link = {"a": {"device": "r-fin", "interface": "ifIndex 5"}, "b": {"device": "r-off", "interface": "ifIndex 5"}}
    expected = [
        ("EG-101", {"device": "r-land", "interface": "ifIndex 5", "ip": "198.51.100.18"}),
        ("EG-104", link),
        ("EG-201", {"mac": "00:14:22:95:4a:22", "switch": "in-sw-fin", "port": "ifIndex 5"}),
        *(("EG-202", {"ip": ip}) for ip in ("10.73.11.12", "10.73.12.11", "10.73.13.11")),
        ("EG-301", {"ip": "10.72.16.200"}),
    ]
    assert expected == played(city, *before, "breach")
