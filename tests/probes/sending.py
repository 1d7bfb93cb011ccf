"""net-snmp's own programs that send notifications, and a receiver on a free port to send them to."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netops.core.plane import Plane
from netops.probes.credentials import Credential
from netops.probes.notifications import Opener
from netops.probes.traps import Heard, Limits, Sender, TrapReceiver

ENGINE = bytes.fromhex("80007ed905") + b"netops tests"
V2C = Credential("v2c", "trap-ro")
V3 = Credential("v3", "", "trapper", "SHA", "trap-auth-1", "AES", "trap-priv-1")
LINK_DOWN, LINK_UP, COLD_START = (f"1.3.6.1.6.3.1.1.5.{number}" for number in (3, 4, 1))
IF_INDEX, ADMIN = "1.3.6.1.2.1.2.2.1.1", "1.3.6.1.2.1.2.2.1.7"
NET_SNMP = {"SHA224": "SHA-224", "SHA256": "SHA-256", "SHA384": "SHA-384", "SHA512": "SHA-512",
            "AES192": "AES-192", "AES256": "AES-256", "AES192C": "AES-192-C", "AES256C": "AES-256-C"}  # fmt: skip


def program(name: str) -> str:
    """The path of one of net-snmp's programs; skips without it."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed: apt-get install snmp")
    return found


def options(credential: Credential, engine: str = "") -> list[str]:
    """A credential as net-snmp's options."""
    if credential.version != "v3":
        return [f"-{credential.version}", "-c", credential.community]
    level = (
        "authPriv"
        if credential.priv_protocol
        else "authNoPriv"
        if credential.auth_protocol
        else "noAuthNoPriv"
    )
    made = ["-v3", "-u", credential.user, "-l", level]
    if credential.auth_protocol:
        protocol = NET_SNMP.get(credential.auth_protocol, credential.auth_protocol)
        made += ["-a", protocol, "-A", credential.auth_key]
    if credential.priv_protocol:
        protocol = NET_SNMP.get(credential.priv_protocol, credential.priv_protocol)
        made += ["-x", protocol, "-X", credential.priv_key]
    return [*made, "-e", f"0x{engine}"] if engine else made


def send(
    folder: Path,
    place: str,
    credential: Credential,
    what: str,
    *variables: str,
    inform: bool = False,
    engine: str = "",
    source: str = "",
    tries: int = 0,
) -> subprocess.CompletedProcess[str]:
    """Send one trap or inform; *variables* are name, type, value, name, …"""
    name = "snmpinform" if inform else "snmptrap"
    wait = ["-t", "1", "-r", str(tries)]
    after = [f"--clientaddr={source}"] if source else []
    command = [program(name), *options(credential, engine), *wait, "-On", *after, place, "", what, *variables]
    environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(folder), "SNMPCONFPATH": str(folder), "MIBS": ""}
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=20, check=False)


@contextmanager
def receiving(
    *credentials: Credential, limits: Limits | None = None, senders: dict[str, Sender] | None = None
) -> Iterator[tuple[TrapReceiver, str]]:
    """A receiver that knows 127.0.0.1 as the device "sw", and where it listens."""
    known = senders or {"127.0.0.1": Sender(Plane.EXTRANET, "sw", "192.0.2.1", credentials)}
    receiver = TrapReceiver(["127.0.0.1:0"], known, Opener(ENGINE, 7), limits)
    receiver.start()
    try:
        yield receiver, f"127.0.0.1:{receiver.ports[0]}"
    finally:
        receiver.stop()


def taken(
    receiver: TrapReceiver, count: int = 1, seconds: float = 5.0, *, answer: bool = True
) -> list[Heard]:
    """At least *count* notifications, each answered as if it were written down; fewer after so many seconds."""
    found: list[Heard] = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        for heard in receiver.take(0.1):
            found.append(heard)
            if answer:
                receiver.answer(heard)
    return found


def totals(receiver: TrapReceiver) -> dict[str, int]:
    """What was counted since the last time, whoever sent it."""
    counts, _reasons = receiver.counted()
    found: dict[str, int] = {}
    for counted in counts.values():
        for outcome, number in counted.items():
            found[outcome] = found.get(outcome, 0) + number
    return found
