"""A real net-snmp agent on a loopback port of its own, which can be stopped and started again."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
from pathlib import Path

import pytest

from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.probes.credentials import Credential
from netops.probes.snmp import Settings, Target, walk_device

V2C = Credential("v2c", "probe-ro")
USERS = {
    "prober": ("SHA", "AES"),
    "sha256": ("SHA256", "AES256"),
    "sha512": ("SHA512", "AES192"),
    "old": ("MD5", "DES"),
    "signer": ("SHA384", ""),
    "anybody": ("", ""),
}
AUTH_KEY, PRIV_KEY = "probe-auth-1", "probe-priv-1"


def credential(user: str) -> Credential:
    """A user of the agent, with the keys that are told to it."""
    auth, priv = USERS[user]
    return Credential("v3", "", user, auth, AUTH_KEY if auth else "", priv, PRIV_KEY if priv else "")


def configuration() -> str:
    """snmpd.conf; net-snmp writes SHA-256 with a dash."""
    lines = ["rocommunity probe-ro 127.0.0.1", "sysName example-agent", "sysLocation 机房"]
    for user, (auth, priv) in USERS.items():
        dashed = [
            name.replace("SHA", "SHA-").replace("AES1", "AES-1").replace("AES2", "AES-2").rstrip("-")
            for name in (auth, priv)
        ]
        keys = f" {dashed[0]} {AUTH_KEY}" if auth else ""
        keys += f" {dashed[1]} {PRIV_KEY}" if priv else ""
        lines += [
            f"createUser {user}{keys}",
            f"rouser {user} {'priv' if priv else 'auth' if auth else 'noauth'}",
        ]
    return "\n".join(lines) + "\n"


class Snmpd:
    """The agent; skips the test where net-snmp is not installed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        program = shutil.which("snmpd") or shutil.which("/usr/sbin/snmpd")
        if not program:
            pytest.skip("snmpd is not installed: apt-get install snmpd")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            self.port = int(free.getsockname()[1])
        (folder / "snmpd.conf").write_text(configuration(), "utf-8")
        self._command = [
            program,
            "-f",
            "-Lf",
            str(folder / "log"),
            "-I",
            "-smux",
            f"udp:127.0.0.1:{self.port}",
        ]
        self.start()

    @property
    def target(self) -> Target:
        """Where to walk it."""
        return Target(Plane.EXTRANET, "127.0.0.1", "", "", self.port)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        # Apart from the configuration, which it would write over: both are called snmpd.conf.
        kept = self.folder / "kept"
        kept.mkdir(exist_ok=True)
        environment = {
            **os.environ,
            "SNMP_PERSISTENT_DIR": str(kept),
            "SNMPCONFPATH": f"{self.folder}:{kept}",
            "MIBS": "",
        }
        self._process = subprocess.Popen(self._command, env=environment, cwd=Path("/"))
        for _ in range(40):
            answer = asyncio.run(walk_device(self.target, V2C, Settings(timeout_seconds=0.3, retries=0)))
            if isinstance(answer, DeviceWalk):
                return
            time.sleep(0.1)
        self.stop()
        pytest.skip("snmpd did not start here")

    def stop(self) -> None:
        """End it as the system does: it writes engineBoots down."""
        self._process.terminate()
        self._process.wait(10)
