"""The second look at contested addresses: the gateway is asked again, over real SNMP, and answers in turn."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from netops.config import Config
from netops.core import docket
from netops.core.clock import now, still
from netops.core.finding import STANDING
from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.probes.agent import OCTETS, tlv
from netops.rounds import claims, inventory, reconcile
from netops.settings import Credential, PlaneSettings, Snmp, Translation
from netops.topology import snapshots
from tests.probes.hostile import Question, answer, playing
from tests.rounds.test_reconcile import FILES, MINUTE

EXTRANET = Plane.EXTRANET
OLD, NEW = "00:14:22:00:00:0b", "00:14:22:00:00:63"
IP = "10.20.14.11"


@pytest.fixture
def desk(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Desk:
    """A desk with a credential, whose devices are reached at loopback."""
    monkeypatch.setattr(claims, "PAUSE_SECONDS", 0.05)
    for name, text in FILES.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = Config(
        planes={EXTRANET: PlaneSettings(nets=("10.20.0.0/16",))},
        store_url=store.url,
        inventory=str(tmp_path / "inventory"),
        snmp=Snmp(timeout_seconds=0.3, retries=0, credentials={"x": Credential("v2c", "public")}),
        translate=(Translation("10.20.255.1/32", "127.0.0.1/32"),),
    )
    desk = Desk(config, now, "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


@contextmanager
def gateway(desk: Desk, macs: list[str]) -> Iterator[None]:
    """The core's ARP names these cards for the address in turn."""
    turn = itertools.cycle(macs)

    def behave(question: Question) -> bytes:
        _, request, _, names = question
        return answer(request, [(names[0], tlv(OCTETS, bytes.fromhex(next(turn).replace(":", ""))))])

    with playing(behave) as port:
        desk.config = msgspec.structs.replace(
            desk.config, snmp=msgspec.structs.replace(desk.config.snmp, port=port)
        )
        yield


def walk(desk: Desk, minutes: int, named: str, *bare: str) -> None:
    """What a walk so many minutes ago left: the address at one card, others at their ports without an address."""
    at = now() - minutes * MINUTE
    arp = {"ipNetToMediaPhysAddress": {(4, 10, 20, 14, 11): bytes.fromhex(named.replace(":", ""))}}
    snapshots.record(desk.store, DeviceWalk(EXTRANET, "core", "10.20.255.1", at, 1.0, arp), at)
    snapshots.record(desk.store, DeviceWalk(EXTRANET, "sw-health", "10.20.14.2", at, 1.0, {}), at)
    seen = [Sighting(EXTRANET, IP, named, "core", at, "sw-health", f"p-{named[-2:]}", 0, "lan-health")]
    seen += [Sighting(EXTRANET, "", mac, "sw-health", at, "sw-health", f"p-{mac[-2:]}") for mac in bare]
    snapshots.keep(desk.store, EXTRANET, seen, at)


def conflicts(desk: Desk) -> list[set[str]]:
    reconcile.run(desk)
    found = docket.listed(desk.store, state=STANDING, code="AD-102")
    return [{claim["mac"] for claim in one.subject["claims"]} for one in found]


def test_a_second_terminal_is_found_at_once(desk: Desk) -> None:
    """The address changed its card, the old card is still there, and asked again it answers too."""
    walk(desk, 2, OLD)
    walk(desk, 1, NEW, OLD)
    with gateway(desk, [NEW, NEW, OLD]):
        assert [{OLD, NEW}] == conflicts(desk)


def test_a_new_card_without_an_address_may_be_the_second_terminal(desk: Desk) -> None:
    """It was never named by a walk; the gateway names it now, and the old one after it."""
    walk(desk, 2, OLD)
    walk(desk, 1, OLD, NEW)
    with gateway(desk, [OLD, NEW, OLD]):
        assert [{OLD, NEW}] == conflicts(desk)


@pytest.mark.parametrize("macs", [[NEW], [OLD]], ids=["exchanged", "unchanged"])
def test_one_terminal_that_answers_alone_is_no_conflict(desk: Desk, macs: list[str]) -> None:
    """A card that was exchanged does not come back; a new neighbour with another address takes nobody's."""
    walk(desk, 2, OLD)
    walk(desk, 1, *((NEW, OLD) if macs == [NEW] else (OLD, NEW)))
    with gateway(desk, macs):
        assert [] == conflicts(desk)


def test_a_gateway_that_does_not_answer_proves_nothing(desk: Desk) -> None:
    """No answer, no credential, nothing registered: the round goes on, and says nothing about it."""
    walk(desk, 2, OLD)
    walk(desk, 1, NEW, OLD)
    assert [] == conflicts(desk)
    desk.config = msgspec.structs.replace(desk.config, snmp=Snmp())
    assert [] == conflicts(desk)


def test_nobody_is_asked_when_nothing_is_in_doubt(desk: Desk) -> None:
    """A quiet network costs nothing."""
    walk(desk, 0, OLD)
    desk.clock = still(now())
    assert not claims.look_again(desk, reconcile.scene_of(desk, EXTRANET))
