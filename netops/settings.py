"""The tables of the configuration that are nobody's own: each a frozen value with its defaults. Pure."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from netops.topology.settings import Traps, Writing


class City(msgspec.Struct, frozen=True):
    """`[city]`: whose networks these are; used on pages and documents."""

    name: str = "city"
    title_zh: str = "示例市"
    title_en: str = "Example City"
    authority: str = ""
    """Code of the informatization authority (信息化主管部门), which issues documents."""
    document_mark: str = ""
    """发文机关代字, such as 示信办."""

    def title(self, language: str) -> str:
        """The city's name in "zh" or "en"."""
        return self.title_en if language == "en" else self.title_zh


class PlaneSettings(msgspec.Struct, frozen=True):
    """`[planes.extranet]`, `[planes.intranet]`: a process serves only the planes written here."""

    nets: tuple[str, ...] = ()
    authority: str = ""
    document_mark: str = ""
    """发文机关代字 of the plane's own authority; "" is the city's."""


class Credential(msgspec.Struct, frozen=True):
    """
    `[snmp.credentials.NAME]`: how to ask a device.

    A secret is written directly only for a published default such as "public"; otherwise in a file of
    mode 0600 named by `community_file`, `auth_key_file`, `priv_key_file`, relative to the configuration, or in
    the variable of the environment that `community_env`, `auth_key_env`, `priv_key_env` names.
    """

    version: Literal["v2c", "v3"]
    community: str = ""
    community_file: str = ""
    community_env: str = ""
    user: str = ""
    auth_protocol: Literal["", "MD5", "SHA", "SHA224", "SHA256", "SHA384", "SHA512"] = ""
    auth_key_file: str = ""
    auth_key_env: str = ""
    priv_protocol: Literal["", "DES", "AES", "AES192", "AES256", "AES192C", "AES256C"] = ""
    priv_key_file: str = ""
    priv_key_env: str = ""


class Snmp(msgspec.Struct, frozen=True):
    """`[snmp]`: how devices are walked."""

    port: int = 161
    timeout_seconds: float = 2.0
    retries: int = 1
    device_seconds: float = 60.0
    """The most that one device may take; what was read by then is kept."""
    concurrency: int = 32
    position: str = ""
    """Name of the device that netops is next to; "" is found by itself. What hangs below a silent one follows from it."""
    credentials: dict[str, Credential] = {}
    traps: Traps = Traps()
    writing: Writing = Writing()


class Translation(msgspec.Struct, frozen=True):
    """
    `[[translate]]`: management addresses that are reached through other ones (NAT, a jump host, a replay).

    Args:
        inside: a prefix as the register has it, such as "10.72.0.0/16".
        outside: a prefix of the same length by which it is reached.
    """

    inside: str
    outside: str


class Flows(msgspec.Struct, frozen=True):
    """`[flows]`: the collector."""

    listen: tuple[str, ...] = ("0.0.0.0:2055",)
    tcp: tuple[str, ...] = ()
    """Where IPFIX over TCP is taken, such as 0.0.0.0:4739."""
    round_seconds: float = 30.0
    """How long `round run egress` listens when no collector is running."""
    hold_seconds: float = 600.0
    """A flow finding that was not fed for so long is released."""
    silent_seconds: float = 600.0
    """A registered exporter that sent nothing for so long is unseen."""
    archive: str = "flows"
    """Folder of the flow archive, relative to the configuration (without one, beside the SQLite file); "" keeps no flows."""
    keep_days: int = 200
    """Flows are kept so long; six months are required by law (网络安全法, network logs)."""
    keep_gib: float = 0.0
    """The most that kept flows may take; 0 is no limit. The oldest go first, and going early is written in the journal."""
    reserve_gib: float = 1.0
    """Free space that stays on the disk: below it flows are counted and judged, and not kept."""
    url: str = ""
    """Where kept flows go besides, such as clickhouse://user@host:8123/netops (clickhouses:// with TLS); "" sends nothing."""
    password_file: str = ""
    """The password for *url*, one line, relative to the configuration."""
    covered: float = 0.99
    """An exporter of which less than this share was seen counts as not seen in an answer, a ratio."""
    rejudge_flows: int = 20_000_000
    """An answer judges flows again by itself when the register has changed, so many at most."""


class Probe(msgspec.Struct, frozen=True):
    """`[probe]`: the reflection probe; without a sensor nothing is ever probed by itself."""

    enabled: bool = True
    """The one switch: false, and no probe leaves."""
    beacon: str = ""
    """Address of our sensor on the internet; probes bear it as their source."""
    key_file: str = ""
    sensor: tuple[str, ...] = ()
    """How the sensor is started from here, such as ["ssh", "sensor", "netops", "egress", "sensor", "--key", "key"]."""
    services: tuple[str, ...] = ("dns", "ntp", "snmp", "ike", "wsd", "sip", "closed", "echo", "syn")
    """What a terminal is asked by, in this order always; fewer are quicker."""
    attempts: int = 2
    per_second: float = 20.0
    wait_seconds: float = 5.0
    budget_seconds: float = 600.0
    """The most that the sending of one run may take; who was not asked by then is among the first the next time."""
    quiet_hours: tuple[str, ...] = ()
    """Spans of city time in which no probe leaves, such as "08:30-11:30"; over midnight is allowed."""
    beacon_url: str = ""
    """Where the sensor takes beacons of portal pages, such as "https://sensor.example/b"."""


class Web(msgspec.Struct, frozen=True):
    """
    `[web]`: pages, API and /metrics; loopback unless told otherwise.

    Args:
        sign_in: whether pages and /metrics need it: "auto" is where they are not on loopback alone; the API always does.
        certificate, key: PEM files for TLS, or "".
        per_second, burst: how often one session or token may ask the API.
        client_ca: PEM of the authority whose client certificates are asked for, or "".
        subjects: distinguished name of a certificate to name of an account.
        proxies: addresses of reverse proxies that are believed: X-Forwarded-For, and the subject in *subject_header*.
    """

    listen: str = "127.0.0.1:8470"
    sign_in: Literal["auto", "always"] = "auto"
    certificate: str = ""
    key: str = ""
    per_second: float = 1000.0
    burst: float = 2000.0
    client_ca: str = ""
    subjects: dict[str, str] = {}
    proxies: tuple[str, ...] = ()
    subject_header: str = "x-client-subject"


class Timetable(msgspec.Struct, frozen=True):
    """`[timetable]`: how often each round runs: "30s", "5m", "6h", "1d"; "" never."""

    walk: str = "5m"
    sweep: str = ""
    reconcile: str = "5m"
    egress: str = "1m"
    attacks: str = "1m"
    usage: str = "1h"
    probe: str = ""
    witnesses: str = "5m"
    registers: str = "1d"
    sites: str = "1h"
    triage: str = "1m"
    notify: str = "1m"
    leavers: str = "1h"
    inspect: str = "1d"
    backup: str = ""


class Bundles(msgspec.Struct, frozen=True):
    """`[bundle]`: what is carried from the extranet's instance into the intranet's."""

    key_file: str = ""
    """The secret key that signs exports here; written by `netops bundle key FILE`."""
    trusted: tuple[str, ...] = ()
    """Public keys, base64, whose bundles are let in here."""


class Backups(msgspec.Struct, frozen=True):
    """`[backup]`: where the round of this name puts backups; never beside the store on the same disk if it can be helped."""

    folder: str = ""
    """Relative to the configuration; "" takes none."""
    keep: int = 14
    """How many stay, the newest."""
    flows: bool = False
    secrets: bool = False


class Registers(msgspec.Struct, frozen=True):
    """`[registers]`: what belongs to the registers."""

    attachments: str = "attachments"
    """Folder of attachments, relative to the configuration (without one, beside the SQLite file)."""
    use_clients: int = 3
    use_days: int = 1
    """A project is in use when an address of it served so many others, on so many days of the last week."""


def seconds(period: str) -> float:
    """
    "30s", "5m", "6h" or "1d" in seconds; "" is 0.

    Raises:
        ValueError: it is none of these.
    """
    if not period:
        return 0.0
    match = re.fullmatch(r"(\d+)([smhd])", period)
    if not match:
        raise ValueError(period)
    return float(match[1]) * {"s": 1, "m": 60, "h": 3600, "d": 86400}[match[2]]
