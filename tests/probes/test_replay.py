"""Recordings played back: real SNMP and real datagrams on loopback, as the demo uses them."""

from __future__ import annotations

import os
import socket
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from netops.config import Config
from netops.core.errors import NetopsError
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import GET, GETBULK, OCTETS, SEQUENCE, integer, oid, tlv
from netops.probes.replay import RECORDINGS, Agents, Present, datagrams, read, replay_flows, table
from netops.settings import Translation

ACCESS = Access("replay-ro", "netops", "replay-auth-1", "replay-priv-1")
REACH = Config(
    translate=(
        Translation("10.72.0.0/16", "127.72.0.0/16"),
        Translation("10.73.0.0/16", "127.73.0.0/16"),
    )
).reached
SYS_NAME = "1.3.6.1.2.1.1.5.0"
ADDRESSES = "1.3.6.1.2.1.4.20.1.1"


@pytest.fixture(scope="module")
def agents() -> Iterator[Agents]:
    """The day's devices, playing."""
    with Agents(RECORDINGS / "day", REACH, ACCESS) as playing:
        yield playing


def v2c(agents: Agents, address: str, subtree: str) -> list[tuple[str, object]]:
    from gufo.snmp.sync import SnmpSession

    with SnmpSession(REACH(address), port=agents.port, community=ACCESS.community, timeout=2) as session:
        return list(session.getbulk(subtree))


def v3(agents: Agents, address: str, subtree: str, auth: str = ACCESS.auth_key) -> list[tuple[str, object]]:
    from gufo.snmp import Aes128Key, Sha1Key, User
    from gufo.snmp.sync import SnmpSession
    from gufo.snmp.user import KeyType

    user = User(
        ACCESS.user,
        auth_key=Sha1Key(auth.encode(), key_type=KeyType.Password),
        priv_key=Aes128Key(ACCESS.priv_key.encode(), key_type=KeyType.Password),
    )
    with SnmpSession(REACH(address), port=agents.port, user=user, timeout=0.5) as session:
        return list(session.getbulk(subtree))


def test_both_planes_answer_at_their_own_addresses(agents: Agents) -> None:
    """Every recorded device answers at the loopback address that stands for its own, in the version it spoke."""
    seen = {}
    for device in read(RECORDINGS / "day").devices:
        asked = v2c if device.snmp == "v2c" else v3
        seen[device.name] = asked(agents, device.address, "1.3.6.1.2.1.1.5")[0][1]

    assert {device.name: device.name.encode() for device in read(RECORDINGS / "day").devices} == seen


def test_a_walk_returns_the_whole_recorded_table(agents: Agents) -> None:
    """A bulk walk over v3 gives exactly the recorded variables, in order and to the last."""
    recorded = table(RECORDINGS / "day" / "snmp" / "core.snmprec.gz")
    walked = v3(agents, "10.72.255.1", "1.3.6.1.2.1")

    assert [".".join(map(str, oid)) for oid in recorded.oids if oid[:6] == (1, 3, 6, 1, 2, 1)] == [
        oid for oid, _ in walked
    ]


def test_a_reference_manager_reads_every_kind_of_value(agents: Agents) -> None:
    """pysnmp, by v3, reads a number, text in Chinese, ticks, an identifier, a counter and octets as they were recorded."""
    import asyncio

    from pysnmp.hlapi.v3arch.asyncio import (
        ContextData,
        ObjectIdentity,
        ObjectType,
        SnmpEngine,
        UdpTransportTarget,
        UsmUserData,
        get_cmd,
        usmAesCfb128Protocol,
        usmHMACSHAAuthProtocol,
    )
    from pysnmp.proto.rfc1902 import ObjectIdentifier, OctetString

    names = [
        "1.3.6.1.2.1.2.1.0",
        "1.3.6.1.2.1.1.6.0",
        "1.3.6.1.2.1.1.3.0",
        "1.3.6.1.2.1.1.2.0",
        "1.3.6.1.2.1.2.2.1.10.2",
    ]

    async def ask() -> list[str]:
        engine = SnmpEngine()
        user = UsmUserData(
            ACCESS.user, ACCESS.auth_key, ACCESS.priv_key, usmHMACSHAAuthProtocol, usmAesCfb128Protocol
        )
        target = await UdpTransportTarget.create((REACH("10.73.255.1"), agents.port), timeout=2, retries=0)
        try:
            error, status, _, answered = await get_cmd(
                engine, user, target, ContextData(), *(ObjectType(ObjectIdentity(name)) for name in names)
            )
        finally:
            engine.close_dispatcher()
        assert not error, error
        assert not status
        return [
            bytes(value).decode()
            if isinstance(value, OctetString)
            else ".".join(map(str, value))
            if isinstance(value, ObjectIdentifier)
            else str(value)
            for _, value in answered
        ]

    import gzip

    lines = (
        gzip.decompress((RECORDINGS / "day" / "snmp" / "in-core.snmprec.gz").read_bytes())
        .decode()
        .splitlines()
    )
    recorded = {line.split("|")[0]: line.split("|")[1:] for line in lines}
    expected = [
        bytes.fromhex(value).decode() if tag == "4x" else value
        for tag, value in (recorded[name] for name in names)
    ]

    assert expected == asyncio.run(ask())


def test_a_wrong_key_or_community_gets_nothing(agents: Agents) -> None:
    """A device does not answer whoever does not know its secret, nor in a version that it never spoke."""
    for address, auth in (("10.72.255.1", "another-auth-1"), ("10.72.255.13", ACCESS.auth_key)):
        with pytest.raises(
            (TimeoutError, BlockingIOError)
        ):  # gufo says the latter too when nothing came in time
            v3(agents, address, SYS_NAME, auth)


def test_another_recording_can_be_played_meanwhile() -> None:
    """After `play`, the router that got an unfiled uplink shows its new address, and the agents kept their port."""
    with Agents(RECORDINGS / "day", REACH, ACCESS) as agents:
        before = {value for _, value in v3(agents, "10.72.255.15", ADDRESSES)}
        port = agents.port
        agents.play(RECORDINGS / "breach")
        after = {value for _, value in v3(agents, "10.72.255.15", ADDRESSES)}

    assert (port, {"198.51.100.18"}) == (agents.port, {str(value) for value in after - before})


def test_an_address_that_cannot_be_had_is_said() -> None:
    """A device that cannot be given its address is named, and what was opened is closed."""
    with pytest.raises(NetopsError, match=r"[\w-]+ was not started at 203\.0\.113\.\d+"):
        Agents(
            RECORDINGS / "day",
            Config(translate=(Translation("10.72.255.0/24", "203.0.113.0/24"),)).reached,
            ACCESS,
        )


def test_garbage_is_not_answered() -> None:
    """Truncated and random datagrams, and every cut of a good one, get no answer and break nothing."""
    agent = Agent("x", Table([((1, 3, 6, 1), integer(7))]), ACCESS)
    asked = tlv(SEQUENCE, tlv(SEQUENCE, oid((1, 3, 6, 1)) + b"\x05\x00"))
    pdu = tlv(GET, integer(1) + integer(0) + integer(0) + asked)
    good = tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"replay-ro") + pdu)
    assert agent.answer(good)
    for size in range(len(good)):
        assert agent.answer(good[:size]) is None
    for _ in range(2000):
        agent.answer(os.urandom(int.from_bytes(os.urandom(1), "big")))
        flipped = bytearray(good)
        flipped[os.urandom(1)[0] % len(good)] = os.urandom(1)[0]
        agent.answer(bytes(flipped))


def test_a_bulk_answer_is_bounded_and_ends() -> None:
    """However much is asked, an answer fits a frame; past the last variable comes endOfMibView once."""
    rows = Table([((1, 3, n), tlv(4, bytes(100))) for n in range(100)])

    assert len(rows.answer(GETBULK, 0, 2**31, [(1, 3)])) <= 1400
    assert rows.answer(GETBULK, 0, 10, [(1, 3, 99)]) == b"\x30\x06\x06\x02\x2b\x63\x82\x00"


# ---- datagrams
def received(here: socket.socket, wanted: int) -> list[tuple[str, float, bytes]]:
    got = []
    here.settimeout(5)
    while len(got) < wanted:
        payload, (source, _) = here.recvfrom(65535)
        got.append((source, time.time(), payload))
    return got


def test_every_datagram_arrives_from_its_exporter_in_the_present() -> None:
    """The collector gets each recorded datagram, from the exporter's loopback address, with times of today."""
    recorded = list(datagrams(RECORDINGS / "breach" / "flows.pcap"))
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    here.bind(("127.0.0.1", 0))
    got: list[tuple[str, float, bytes]] = []
    reader = threading.Thread(target=lambda: got.extend(received(here, len(recorded))))
    reader.start()
    sent = replay_flows(RECORDINGS / "breach", here.getsockname(), REACH, speed=1000)
    reader.join()
    here.close()
    clocks = [struct.unpack_from("!I", payload, 4 if payload[1] == 10 else 8)[0] for _, _, payload in got]

    assert len(recorded) == sent.datagrams
    assert [REACH(source) for _, source, _ in recorded] == [source for source, _, _ in got]
    assert max(abs(at - clock) for (_, at, _), clock in zip(got, clocks, strict=True)) < 30


def test_replay_keeps_the_pace_and_stops_when_told() -> None:
    """Ninety seconds at speed 30 take about three; a set event ends them at once."""
    stop = threading.Event()
    timer = threading.Timer(0.5, stop.set)
    timer.start()
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 0))
    sent = replay_flows(RECORDINGS / "day", here.getsockname(), REACH, speed=30, stop=stop)
    here.close()
    timer.join()

    assert 0.4 < sent.seconds < 1.5
    assert 0 < sent.datagrams < sum(1 for _ in datagrams(RECORDINGS / "day" / "flows.pcap"))


def test_ipfix_records_move_with_their_header() -> None:
    """flowStartMilliseconds in a data record moves by as much as the export time in the header."""
    template = struct.pack("!HHHHHHHH", 2, 16, 256, 2, 152, 8, 7, 2)
    record = struct.pack("!HHQH", 256, 14, 1_700_000_000_000, 443)
    head = struct.pack("!HHIII", 10, 16 + 16 + 14, 1_700_000_001, 0, 1)
    moved = Present().move("192.0.2.1", head + template + record, 3600.5)

    assert 1_700_000_001 + 3600 == struct.unpack_from("!I", moved, 4)[0]
    assert (1_700_003_600_500, 443) == struct.unpack_from("!QH", moved, 36)


@pytest.mark.parametrize("name", ["day", "breach"])
def test_no_record_comes_before_its_template(name: str) -> None:
    """A collector that hears a recording from its start can read every record: each template precedes its data."""
    known: set[tuple[str, int, int]] = set()
    early = 0
    for _, source, payload in datagrams(RECORDINGS / name / "flows.pcap"):
        version = payload[1]
        at = 16 if version == 10 else 20
        domain = int.from_bytes(payload[at - 4 : at], "big")
        while version in (9, 10) and at + 8 <= len(payload):
            number, size, first, count = struct.unpack_from("!HHHH", payload, at)
            if number in (0, 2):
                inner = at + 4
                while inner + 4 <= at + size:
                    first, count = struct.unpack_from("!HH", payload, inner)
                    known.add((source, domain, first))
                    inner += 4 + 4 * count
            elif number in (1, 3):
                known.add((source, domain, first))
            elif number > 255:
                early += (source, domain, number) not in known
            at += max(size, 4)

    assert 0 == early


def test_recordings_stay_small() -> None:
    """What ships is under 3 MB."""
    assert sum(path.stat().st_size for path in Path(RECORDINGS).rglob("*") if path.is_file()) < 3_000_000
