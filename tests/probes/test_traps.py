"""The trap receiver, against net-snmp's snmptrap, snmpinform and snmpd, and against floods."""

from __future__ import annotations

import os
import resource
import shutil
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from netops.core.plane import Plane
from netops.probes.credentials import Credential
from netops.probes.traps import Limits, Sender
from tests.probes.sending import (
    ADMIN,
    COLD_START,
    IF_INDEX,
    LINK_DOWN,
    V2C,
    V3,
    options,
    program,
    receiving,
    send,
    taken,
    totals,
)

SENDER = "8000000001020304"


def test_a_trap_of_a_known_device_is_heard(tmp_path: Path) -> None:
    """v2c: which notification, its variables, and who sent it."""
    with receiving(V2C) as (receiver, place):
        sent = send(tmp_path, place, V2C, LINK_DOWN, f"{IF_INDEX}.3", "i", "3", f"{ADMIN}.3", "i", "1")
        (heard,) = taken(receiver)

    assert (0, "sw", "127.0.0.1") == (sent.returncode, heard.sender.device, heard.source)
    told = heard.notification
    assert ("v2c", False, LINK_DOWN) == (told.version, told.is_inform, told.oid)
    assert ((f"{IF_INDEX}.3", 3), (f"{ADMIN}.3", 1)) == told.variables


def test_an_old_trap_is_read_as_a_new_one(tmp_path: Path) -> None:
    """SNMPv1: generic-trap 2 is linkDown (RFC 3584 §3.1)."""
    with receiving(V2C) as (receiver, place):
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
        trap = ["1.3.6.1.4.1.32473.1", "192.0.2.1", "2", "0", "100", f"{IF_INDEX}.3", "i", "3"]
        subprocess.run(
            [program("snmptrap"), "-v1", "-c", V2C.community, place, *trap], env=environment, check=True
        )
        (heard,) = taken(receiver)

    told = heard.notification
    assert ("v1", LINK_DOWN, 1.0) == (told.version, told.oid, told.uptime_seconds)


@pytest.mark.parametrize(
    ("auth", "priv"), [("SHA", "AES"), ("MD5", "DES"), ("SHA256", "AES"), ("SHA512", "AES256"), ("SHA", "")]
)
@pytest.mark.parametrize("inform", [False, True], ids=["trap", "inform"])
def test_version_3_in_every_strength(tmp_path: Path, auth: str, priv: str, inform: bool) -> None:
    """A trap is proven by its sender's engine, an inform by ours, after discovery; the inform is answered."""
    user = Credential("v3", "", "trapper", auth, "trap-auth-1", priv, "trap-priv-1" if priv else "")
    with receiving(user) as (receiver, place), ThreadPoolExecutor(1) as pool:
        job = pool.submit(
            send, tmp_path, place, user, COLD_START, inform=inform, engine="" if inform else SENDER, tries=2
        )
        found = taken(receiver)
        sent = job.result()

    if "Invalid" in sent.stderr:
        pytest.skip(f"this net-snmp has no {auth}/{priv}")
    assert 0 == sent.returncode, sent.stderr
    assert [("v3", inform, COLD_START)] == [
        (one.notification.version, one.notification.is_inform, one.notification.oid) for one in found
    ]


def test_an_inform_is_answered_only_when_it_is_written_down(tmp_path: Path) -> None:
    """Its sender tries again, and that is no second notification."""
    with receiving(V2C) as (receiver, place), ThreadPoolExecutor(1) as pool:
        job = pool.submit(send, tmp_path, place, V2C, COLD_START, inform=True, tries=4)
        (heard,) = taken(receiver, answer=False)
        time.sleep(1.3)  # once more at least
        assert not job.done()
        receiver.answer(heard)

        assert 0 == job.result().returncode
        assert [] == receiver.take()
        counted = totals(receiver)
    assert 1 == counted["accepted"]
    assert counted["repeated"] >= 1


def test_nobody_is_believed_without_proof(tmp_path: Path) -> None:
    """A wrong community, user, key or a weaker level: counted, with why, and never heard; an inform is not answered."""
    wrong = [
        (Credential("v2c", "public"), "unknown community"),
        (
            Credential("v3", "", "stranger", "SHA", "trap-auth-1", "AES", "trap-priv-1"),
            "usmStatsUnknownUserNames",
        ),
        (Credential("v3", "", "trapper", "SHA", "another-key", "AES", "trap-priv-1"), "usmStatsWrongDigests"),
        (Credential("v3", "", "trapper"), "usmStatsUnsupportedSecLevels"),
        (Credential("v3", "", "trapper", "SHA", "trap-auth-1"), "usmStatsUnsupportedSecLevels"),
    ]
    with receiving(V2C, V3) as (receiver, place):
        for credential, reason in wrong:
            send(tmp_path, place, credential, LINK_DOWN, engine=SENDER if credential.version == "v3" else "")
            informed = send(tmp_path, place, credential, LINK_DOWN, inform=True)
            time.sleep(0.1)
            counts, reasons = receiver.counted()

            assert {"127.0.0.1": reason} == reasons
            assert {"refused"} == set(counts["127.0.0.1"])
            assert 0 != informed.returncode
        assert [] == receiver.take()


def test_an_unknown_device_is_counted_and_dropped(tmp_path: Path) -> None:
    """Its traps are not even opened, and its informs get no answer."""
    senders = {"127.0.0.2": Sender(Plane.EXTRANET, "sw", "192.0.2.1", (V2C,))}
    with receiving(senders=senders) as (receiver, place):
        informed = send(tmp_path, place, V2C, COLD_START, inform=True)
        heard = send(tmp_path, place, V2C, COLD_START, source="127.0.0.2")
        (one,) = taken(receiver)
        counts, _ = receiver.counted()

    assert (1, 0, "127.0.0.2") == (informed.returncode, heard.returncode, one.source)
    assert {"unknown": 1} == dict(counts["127.0.0.1"])


def test_a_trap_played_again_is_no_second_one(tmp_path: Path) -> None:
    """The very same datagram comes again: it is a repetition, and after a newer clock it is refused."""
    with receiving(V3) as (receiver, place):
        host, port = place.split(":")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as between:
            between.bind(("127.0.0.1", 0))
            between.settimeout(5)
            send(tmp_path, f"127.0.0.1:{between.getsockname()[1]}", V3, LINK_DOWN, engine=SENDER)
            datagram = between.recv(65535)
            for _ in range(3):
                between.sendto(datagram, (host, int(port)))
            found = taken(receiver)
            time.sleep(0.2)

        assert 1 == len(found)
        assert {"accepted": 1, "repeated": 2} == totals(receiver)


@pytest.mark.parametrize("kind", ["v2c trap", "v3 trap", "v3 inform"])
def test_a_real_agent_tells_that_it_started_and_was_asked_wrongly(tmp_path: Path, kind: str) -> None:
    """net-snmp's snmpd: coldStart by itself, authenticationFailure after a wrong community."""
    credential = V2C if kind == "v2c trap" else V3
    how = " ".join([*options(credential), *(["-Ci"] if "inform" in kind else [])])
    agent = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
    if not agent:
        pytest.skip("snmpd is not installed: apt-get install snmpd")
    with receiving(credential) as (receiver, place), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        free.close()
        (tmp_path / "snmpd.conf").write_text(
            "createUser trapper SHA trap-auth-1 AES trap-priv-1\nrocommunity real-ro 127.0.0.1\n"
            f"authtrapenable 1\ntrapsess {how} {place}\n",
            "utf-8",
        )
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(tmp_path), "MIBS": ""}
        arguments = [
            "-f",
            "-C",
            "-c",
            str(tmp_path / "snmpd.conf"),
            "-Lf",
            str(tmp_path / "log"),
            "-I",
            "-smux",
        ]
        running = subprocess.Popen([agent, *arguments, f"udp:127.0.0.1:{port}"], env=environment, cwd="/")
        try:
            first = taken(receiver, seconds=15)
            subprocess.run(
                [program("snmpget"), "-v2c", "-c", "guess", "-t", "0.3", "-r", "0", f"127.0.0.1:{port}",
                 "1.3.6.1.2.1.1.3.0"], env=environment, capture_output=True, check=False,
            )  # fmt: skip
            second = taken(receiver)
        finally:
            running.terminate()
            running.wait(10)

    assert [COLD_START] == [one.notification.oid for one in first]
    assert ["1.3.6.1.6.3.1.1.5.5"] == [one.notification.oid for one in second]


# ---- floods
def _v2c(community: bytes, number: int) -> bytes:
    from netops.probes.ber import OCTETS, SEQUENCE, TICKS, TRAP, integer, oid, tlv

    uptime = tlv(SEQUENCE, oid((1, 3, 6, 1, 2, 1, 1, 3, 0)) + integer(number, TICKS))
    name = tlv(SEQUENCE, oid((1, 3, 6, 1, 6, 3, 1, 1, 4, 1, 0)) + oid((1, 3, 6, 1, 6, 3, 1, 1, 5, 3)))
    pdu = tlv(TRAP, integer(number) + integer(0) * 2 + tlv(SEQUENCE, uptime + name))
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, community) + pdu)


def test_a_flood_of_a_hundred_thousand_starves_nobody() -> None:
    """Strangers, forgers and one device gone mad send 100,000; the quiet device's ten traps all arrive, memory stays."""
    limits = Limits(per_second=20, burst=50, total_per_second=500, total_burst=500)
    senders = {
        f"127.0.0.{number}": Sender(Plane.EXTRANET, f"sw{number}", f"192.0.2.{number}", (V2C,))
        for number in (2, 3, 4)
    }
    with receiving(senders=senders, limits=limits) as (receiver, place):
        port = int(place.split(":")[1])
        ending = threading.Event()

        def flood(source: str, community: bytes, count: int) -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.bind((source, 0))
                for number in range(count):
                    one.sendto(_v2c(community, number), ("127.0.0.1", port))

        def quiet() -> None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
                one.bind(("127.0.0.4", 0))
                for number in range(10):
                    one.sendto(_v2c(b"trap-ro", number), ("127.0.0.1", port))
                    time.sleep(0.15)
            ending.set()

        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        jobs = [
            threading.Thread(target=flood, args=("127.0.0.9", b"trap-ro", 40_000)),
            threading.Thread(target=flood, args=("127.0.0.2", b"forged", 30_000)),
            threading.Thread(target=flood, args=("127.0.0.3", b"trap-ro", 30_000)),
            threading.Thread(target=quiet),
        ]
        for job in jobs:
            job.start()
        found = []
        while any(job.is_alive() for job in jobs) or receiver.waiting:
            found += receiver.take(0.05)
        for job in jobs:
            job.join()
        after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        counts, _ = receiver.counted()

    heard = [one.sender.device for one in found]
    assert 10 == heard.count("sw4")
    assert 0 == heard.count("sw2")
    assert heard.count("sw3") < 400
    assert after - before < 65_536  # KiB
    received = sum(sum(counted.values()) for counted in counts.values())
    assert 100_010 == received + receiver.kernel_dropped
    assert {"limited", "refused"} >= set(counts["127.0.0.2"])


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\x30",
        b"\x30\x84\xff\xff\xff\xff",
        b"\x30\x80",
        b"garbage" * 100,
        b"\x30\x03\x02\x01\x07",
        bytes(20_000),
    ],
)
def test_what_is_no_notification_is_counted(datagram: bytes) -> None:
    """Malformed datagrams of a known device are counted, and the next good one is heard."""
    with receiving(V2C) as (receiver, place), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("127.0.0.1", 0))
        for octets in (datagram, _v2c(b"trap-ro", 1)):
            one.sendto(octets, ("127.0.0.1", int(place.split(":")[1])))
        found = taken(receiver)

        assert 1 == len(found)
        assert {"malformed": 1, "accepted": 1} == totals(receiver)
