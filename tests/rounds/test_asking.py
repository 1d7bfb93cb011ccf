"""How devices are asked: several credentials by name, secrets from files and the environment, habits kept between rounds."""

from __future__ import annotations

from pathlib import Path

import pytest

import netops.tables  # noqa: F401 - every table into the metadata
from netops.config import Config
from netops.core.clock import still
from netops.core.errors import Missing, NetopsError
from netops.core.plane import Plane
from netops.desk import Desk
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import OCTETS, integer, tlv
from netops.probes.habits import Habit
from netops.probes.memory import recall
from netops.probes.snmp import Target
from netops.rounds import walk
from netops.rounds.asking import credential, credentials
from netops.settings import Credential as Configured
from netops.settings import PlaneSettings, Snmp
from netops.topology.device import RegisteredDevice, Role
from tests.conftest import NOON
from tests.probes.hostile import playing_agent

DEVICE = RegisteredDevice("sw-1", "192.0.2.1", Role.SWITCH, "it", snmp="old new spare")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Three ways to write a secret."""
    (tmp_path / "community").write_text("from-a-file\nsecond line\n", "utf-8")
    return Config(
        planes={plane: PlaneSettings() for plane in Plane},
        store_url=f"sqlite:///{tmp_path / 'netops.db'}",
        path=str(tmp_path / "config.toml"),
        snmp=Snmp(
            timeout_seconds=0.3,
            credentials={
                "old": Configured("v2c", community="public"),
                "new": Configured("v2c", community_file="community"),
                "spare": Configured(
                    "v3",
                    user="walker",
                    auth_protocol="SHA256",
                    auth_key_env="TEST_AUTH",
                    priv_protocol="AES256C",
                    priv_key_env="TEST_PRIV",
                ),
            },
        ),
    )


def test_a_device_may_have_several_credentials(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the order of the register, secrets from where they stand; the one that worked comes first."""
    monkeypatch.setenv("TEST_AUTH", "auth-secret-1")
    monkeypatch.setenv("TEST_PRIV", "priv-secret-1")
    found = credentials(config, DEVICE)
    again = credentials(config, DEVICE, {(DEVICE.plane, DEVICE.address): Habit("spare")})

    assert ["old", "new", "spare"] == [one.name for one in found]
    assert ("public", "from-a-file", "auth-secret-1", "priv-secret-1") == (
        found[0].community,
        found[1].community,
        found[2].auth_key,
        found[2].priv_key,
    )
    assert ["spare", "old", "new"] == [one.name for one in again]


def test_a_secret_that_is_missing_is_named_and_not_shown(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The variable or the credential, by name."""
    monkeypatch.delenv("TEST_AUTH", raising=False)

    with pytest.raises(NetopsError, match="TEST_AUTH"):
        credential(config, "spare")
    with pytest.raises(Missing):
        credential(config, "nothing")


def test_a_round_keeps_what_it_found_out(config: Config) -> None:
    """The credential that worked, and the table that the device could not answer, are known to the next round."""
    table = Table(
        [((1, 3, 6, 1, 2, 1, 1, 3, 0), integer(1, 0x43)), ((1, 3, 6, 1, 2, 1, 1, 5, 0), tlv(OCTETS, b"sw-1"))]
    )
    desk = Desk(config, still(NOON), "tester")
    desk.store.prepare()
    told: list[str] = []
    with playing_agent(Agent("sw-1", table, Access("from-a-file"))) as port:
        target = Target(Plane.EXTRANET, "192.0.2.1", "", "127.0.0.1", port)
        views, unseen = walk.walk_targets(
            desk,
            [target, Target(Plane.EXTRANET, "192.0.2.2", "", "127.0.0.1", 9)],
            [credential(config, "old"), credential(config, "new")],
            lambda done, total, what: told.append(f"{done}/{total} {what}"),
        )
    desk.close()

    assert ["sw-1"] == [view.name for view in views]
    assert {(Plane.EXTRANET, "192.0.2.1"): Habit("new", "native")} == recall(desk.store)
    assert ["192.0.2.2"] == [one.device for one in unseen]
    assert any(line.startswith("1/2 192.0.2.2: ") for line in told)
    desk.close()
