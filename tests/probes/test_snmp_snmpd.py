"""The probe against a real net-snmp agent: v2c, every level and cipher of v3, refusals by name, and a restart."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import msgspec
import pytest

from netops.core.observation import Unreachable
from netops.core.walk import DeviceWalk
from netops.probes.credentials import Credential
from netops.probes.native import Native
from netops.probes.snmp import Settings, walk_device
from netops.probes.usm import Usm
from tests.probes.playing import only
from tests.probes.snmpd import AUTH_KEY, USERS, V2C, Snmpd, credential

SETTINGS = Settings(timeout_seconds=1.0, retries=2, device_seconds=20.0)


@pytest.fixture(scope="module")
def snmpd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snmpd]:
    """A real snmpd on a free loopback port."""
    agent = Snmpd(tmp_path_factory.mktemp("snmpd"))
    yield agent
    agent.stop()


def walked(snmpd: Snmpd, asked: Credential, settings: Settings = SETTINGS) -> DeviceWalk | Unreachable:
    return asyncio.run(walk_device(snmpd.target, asked, settings))


@pytest.mark.parametrize("user", ["", *USERS])
def test_a_real_agent_is_read_whole(snmpd: Snmpd, user: str) -> None:
    """System and interfaces come over v2c, and over v3 without keys, signed, and by every hash and cipher."""
    walk = walked(snmpd, credential(user) if user else V2C)

    assert isinstance(walk, DeviceWalk), walk
    assert ((), "native", b"example-agent") == (walk.notes, walk.engine, walk.columns["sysName"][(0,)])
    assert b"lo" in walk.columns["ifName"].values()


@pytest.mark.parametrize("user", ["prober", "sha256"])
def test_the_reference_engine_reads_the_same_objects_over_v3(snmpd: Snmpd, user: str) -> None:
    """pysnmp reads the same rows of what does not change between two walks."""
    whole = walked(snmpd, credential(user))
    with only("pysnmp"):
        reference = walked(snmpd, credential(user))

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
        ours, theirs = whole.columns.get(name, {}), reference.columns.get(name, {})
        both = ours.keys() & theirs.keys()  # other tests plug interfaces into this machine, and pull them out
        assert {row: ours[row] for row in both} == {row: theirs[row] for row in both}, name
        assert bool(ours) == bool(theirs) == bool(both), name


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (msgspec.structs.replace(credential("prober"), auth_key="another-key-1"), "usmStatsWrongDigests"),
        (msgspec.structs.replace(credential("prober"), user="nobody"), "usmStatsUnknownUserNames"),
        (msgspec.structs.replace(credential("prober"), priv_key="another-key-1"), "usmStatsDecryptionErrors"),
        (Credential("v3", "", "anybody", "SHA", AUTH_KEY), "usmStatsUnsupportedSecLevels"),
        (Credential("v3", "", "prober", "SHA", AUTH_KEY), "authorizationError"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_says_what_is_wrong(snmpd: Snmpd, asked: Credential, why: str) -> None:
    """Wrong user, key, cipher key and level are told apart, by the names of the device's own counters."""
    walk = walked(snmpd, asked, Settings(timeout_seconds=0.5, retries=0))

    assert isinstance(walk, Unreachable)
    if why == "usmStatsDecryptionErrors":  # net-snmp decrypts to garbage and says nothing, or tells of it
        assert walk.why in ("it refuses the credential: {why}", "no answer within {seconds} s")
    else:
        assert ("it refuses the credential: {why}", why) == (walk.why, walk.facts["why"])


def test_a_wrong_community_is_silence(snmpd: Snmpd) -> None:
    """As the agent gives no answer, there is none to tell of."""
    walk = walked(snmpd, Credential("v2c", "guess"), Settings(timeout_seconds=0.2, retries=0))

    assert isinstance(walk, Unreachable)
    assert "no answer within {seconds} s" == walk.why


def test_an_agent_that_restarts_is_read_on(snmpd: Snmpd) -> None:
    """engineBoots grows: a session that was open learns the new clock from the signed report, and a new walk is whole."""

    async def across() -> tuple[int, object, int]:
        session = Native("127.0.0.1", snmpd.port, credential("prober"), 2.0)
        try:
            await session.open()
            await session.get("1.3.6.1.2.1.1.5.0")
            speech = session._speech
            assert isinstance(speech, Usm)
            before = speech.boots
            await asyncio.to_thread(snmpd.stop)
            await asyncio.to_thread(snmpd.start)
            return before, await session.get("1.3.6.1.2.1.1.5.0"), speech.boots
        finally:
            session.close()

    before, found, after = asyncio.run(across())
    walk = walked(snmpd, credential("sha512"))

    assert before < after
    assert b"example-agent" == found
    assert isinstance(walk, DeviceWalk)
    assert () == walk.notes


def test_a_credential_never_shows_its_secrets() -> None:
    """Whatever prints a credential prints no key and no community."""
    for shown in (repr(V2C), str(credential("prober")), f"{credential('old')}"):
        assert "probe-" not in shown
