"""The probe against a real net-snmp agent, v2c and v3 authPriv, both engines."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.probes.engines import Credential, Pysnmp
from netops.probes.snmp import Settings, Target, walk_device

SETTINGS = Settings(timeout_seconds=1.0, retries=2, device_seconds=20.0)
V2C = Credential("v2c", "probe-ro")
V3 = Credential("v3", "", "prober", "SHA", "probe-auth-1", "AES", "probe-priv-1")


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A real snmpd on a free loopback port."""
    program = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
    if not program:
        pytest.skip("snmpd is not installed: apt-get install snmpd")
    folder = tmp_path_factory.mktemp("snmpd")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        number = free.getsockname()[1]
    (folder / "snmpd.conf").write_text(
        "createUser prober SHA probe-auth-1 AES probe-priv-1\nrouser prober priv\nrocommunity probe-ro 127.0.0.1\n"
        "sysName example-agent\nsysLocation 机房\n",
        "utf-8",
    )
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "SNMPCONFPATH": str(folder), "MIBS": ""}
    arguments = [
        "-f",
        "-C",
        "-c",
        str(folder / "snmpd.conf"),
        "-Lf",
        str(folder / "log"),
        "-I",
        "-smux",
        f"udp:127.0.0.1:{number}",
    ]
    agent = subprocess.Popen([program, *arguments], env=environment, cwd=Path("/"))
    try:
        _wait(number)
        yield number
    finally:
        agent.terminate()
        agent.wait(10)


def _wait(number: int) -> None:
    for _ in range(20):
        answer = asyncio.run(walk_device(target(number), V2C, Settings(timeout_seconds=0.3, retries=0)))
        if isinstance(answer, DeviceWalk):
            return
        time.sleep(0.2)
    pytest.skip("snmpd did not start here")


def target(number: int) -> Target:
    return Target(Plane.EXTRANET, "127.0.0.1", "", "", number)


def walked(number: int, credential: Credential) -> DeviceWalk | Unreachable:
    return asyncio.run(walk_device(target(number), credential, SETTINGS))


@pytest.mark.parametrize("credential", [V2C, V3], ids=["v2c", "v3"])
def test_a_real_agent_is_read_whole(port: int, credential: Credential) -> None:
    """System and interfaces come over v2c and over v3 authPriv alike."""
    walk = walked(port, credential)

    assert isinstance(walk, DeviceWalk)
    assert ((), "gufo", b"example-agent") == (walk.notes, walk.engine, walk.columns["sysName"][(0,)])
    assert b"lo" in walk.columns["ifName"].values()


def test_the_reference_engine_reads_the_same_objects_over_v3(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pysnmp reads the same rows of what does not change between two walks."""
    whole = walked(port, V3)
    monkeypatch.setattr("netops.probes.snmp.ENGINES", {"pysnmp": Pysnmp})
    reference = walked(port, V3)

    assert isinstance(whole, DeviceWalk)
    assert isinstance(reference, DeviceWalk)
    for name in (
        "sysName",
        "sysDescr",
        "ifDescr",
        "ifType",
        "ifPhysAddress",
        "ipAdEntIfIndex",
        "ipAdEntNetMask",
        "sysObjectID",
    ):
        assert whole.columns.get(name) == reference.columns.get(name), name


def test_wrong_credentials_are_told_apart_from_silence(port: int) -> None:
    """A wrong v3 key is refused in words; a wrong community is silence, as the agent gives none."""
    wrong_key = walked(port, Credential("v3", "", "prober", "SHA", "another-key-1", "AES", "probe-priv-1"))
    wrong_user = walked(port, Credential("v3", "", "nobody", "SHA", "probe-auth-1", "AES", "probe-priv-1"))
    wrong_community = asyncio.run(
        walk_device(target(port), Credential("v2c", "guess"), Settings(timeout_seconds=0.2, retries=0))
    )

    assert isinstance(wrong_key, Unreachable)
    assert "it refuses the credential: {why}" == wrong_key.why
    assert isinstance(wrong_user, Unreachable)
    assert isinstance(wrong_community, Unreachable)
    assert "no answer within {seconds} s" == wrong_community.why


def test_a_credential_never_shows_its_secrets() -> None:
    """Whatever prints a credential prints no key and no community."""
    for shown in (repr(V2C), str(V3), f"{V3}"):
        assert "probe" not in shown.replace("prober", "")
