"""The configuration: one strict TOML file, read into one frozen value; secrets stay in files of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

import msgspec

from netops.addresses.limits import Limits
from netops.addresses.settings import AddressSource, SharedAddress, Sweep
from netops.addresses.settings import check as check_sources
from netops.core.errors import NetopsError
from netops.core.identity import Ldap, Oidc, Rule
from netops.core.identity import check as check_identity
from netops.core.language import N_, Said, Text
from netops.core.plane import Plane
from netops.core.toml import Source, settled, unfit, unknown_key
from netops.declarations.settings import Requirements
from netops.declarations.settings import check as check_requirements
from netops.documents.settings import Documents
from netops.egress.settings import FollowedLog, Mirror
from netops.egress.settings import check as check_senses
from netops.incidents.settings import Alerts, Channel
from netops.incidents.settings import check as check_channels
from netops.registers.probing import Sites
from netops.topology.settings import Traps, Writing
from netops.topology.settings import check as check_snmp

PLACES = ("config.toml", "/etc/netops/config.toml")


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


class Config(msgspec.Struct, frozen=True):
    """Everything that `config.toml` may say. Paths are absolute once read."""

    city: City = City()
    planes: dict[Plane, PlaneSettings] = msgspec.field(
        default_factory=lambda: {plane: PlaneSettings() for plane in Plane}
    )
    store_url: str = "sqlite:///netops.db"
    inventory: str = "inventory"
    playbooks: str = ""
    language: str = ""
    snmp: Snmp = Snmp()
    translate: tuple[Translation, ...] = ()
    flows: Flows = Flows()
    probe: Probe = Probe()
    sweep: Sweep = Sweep()
    sources: tuple[AddressSource, ...] = ()
    shared: tuple[SharedAddress, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    logs: tuple[FollowedLog, ...] = ()
    web: Web = Web()
    ldap: Ldap = Ldap()
    oidc: Oidc = Oidc()
    timetable: Timetable = Timetable()
    backup: Backups = Backups()
    bundle: Bundles = Bundles()
    documents: Documents = Documents()
    addresses: Limits = Limits()
    declarations: Requirements = Requirements()
    registers: Registers = Registers()
    notify: tuple[Channel, ...] = ()
    alertmanager: Alerts = Alerts()
    sites: Sites = Sites()
    path: str = ""
    """The file it was read from, or "" when there was none."""

    @property
    def folder(self) -> Path:
        """Where relative paths start."""
        return Path(self.path).parent if self.path else Path.cwd()

    def reached(self, address: str) -> str:
        """Where a management address is really reached: its place in the outside prefix of a `[[translate]]`."""
        return _moved(address, ((one.inside, one.outside) for one in self.translate))

    def written(self, address: str) -> str:
        """The other way: the management address that stands in the register for one seen on the wire."""
        return _moved(address, ((one.outside, one.inside) for one in self.translate))

    def secret(self, written: str, file: str, variable: str = "") -> str:
        """
        A secret: as written, or the first line of its file, or the value of a *variable* of the environment.

        Raises:
            NetopsError: the file cannot be read, or the variable is not set.
        """
        if variable:
            if not (held := os.environ.get(variable, "")):
                raise NetopsError(
                    "the secret {variable} was not read",
                    "the environment has no variable of this name, or it is empty",
                    "set it where netops is started",
                    variable=variable,
                )
            return held
        if not file:
            return written
        path = self.folder / file
        try:
            return path.read_text("utf-8").splitlines()[0]
        except (OSError, IndexError, UnicodeDecodeError) as error:
            raise NetopsError(
                "the secret in {path} was not read",
                "{reason}",
                "write it there, one line, mode 0600",
                path=path,
                reason=error,
            ) from error


def _is_clickhouse(url: str) -> bool:
    from netops.probes.clickhouse import server

    try:
        return bool(server(url))
    except ValueError:
        return False


def _moved(address: str, pairs: Iterable[tuple[str, str]]) -> str:
    """*address* at the same place in the second prefix of the first pair whose first prefix holds it."""
    there = ip_address(address)
    for before, after in pairs:
        net, other = ip_network(before), ip_network(after)
        if there in net:
            return str(other[int(there) - int(net[0])])
    return address


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    city: City = City()
    planes: dict[Plane, PlaneSettings] = {}
    store: dict[str, str] = {}
    inventory: dict[str, str] = {}
    playbooks: dict[str, str] = {}
    ui: dict[str, str] = {}
    snmp: Snmp = Snmp()
    translate: tuple[Translation, ...] = ()
    flows: Flows = Flows()
    probe: Probe = Probe()
    sweep: Sweep = Sweep()
    sources: tuple[AddressSource, ...] = ()
    shared: tuple[SharedAddress, ...] = ()
    mirrors: tuple[Mirror, ...] = ()
    logs: tuple[FollowedLog, ...] = ()
    web: Web = Web()
    ldap: Ldap = Ldap()
    oidc: Oidc = Oidc()
    timetable: Timetable = Timetable()
    backup: Backups = Backups()
    bundle: Bundles = Bundles()
    documents: Documents = Documents()
    addresses: Limits = Limits()
    declarations: Requirements = Requirements()
    registers: Registers = Registers()
    notify: tuple[Channel, ...] = ()
    alertmanager: Alerts = Alerts()
    sites: Sites = Sites()


KEPT = (
    "city", "snmp", "translate", "flows", "probe", "sweep", "sources", "shared", "mirrors", "logs", "web", "ldap", "oidc",
    "timetable", "backup", "bundle", "documents", "addresses", "declarations", "registers", "sites", "notify", "alertmanager",
)  # fmt: skip
LISTS: dict[str, type[msgspec.Struct]] = {
    "translate": Translation,
    "sources": AddressSource,
    "shared": SharedAddress,
    "mirrors": Mirror,
    "logs": FollowedLog,
    "notify": Channel,
}
PLAIN = {"store": {"url"}, "inventory": {"path"}, "playbooks": {"path"}, "ui": {"language"}}


def find(given: str | None) -> Path | None:
    """
    The configuration file: what was asked for, NETOPS_CONFIG, ./config.toml, /etc/netops/config.toml.

    Raises:
        NetopsError: the file asked for is not there.
    """
    asked = given or os.environ.get("NETOPS_CONFIG")
    if asked:
        if not Path(asked).is_file():
            raise NetopsError(
                "the configuration {path} was not read",
                "there is no such file",
                "netops init DIRECTORY writes one; or give another by --config",
                path=asked,
            )
        return Path(asked)
    return next((Path(place) for place in PLACES if Path(place).is_file()), None)


def read(path: Path | None, store_url: str | None = None) -> Config:
    """
    The configuration in *path*, with NETOPS_STORE and *store_url* over it; defaults without a file.

    Raises:
        Faults: every fault of the file, each with line and key.
    """
    store_url = store_url or os.environ.get("NETOPS_STORE")
    if path is None:
        return Config(store_url=store_url or Config().store_url)
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({field.name for field in msgspec.structs.fields(_File)})
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(_File):
        if field.name in source.content:
            values[field.name] = _section(source, field.name, field.type)
    config = None if faults else _assemble(path, values, store_url)
    if config:
        _check(source, config)
    settled(
        "the configuration was not read", faults, "mend the lines above; netops config check reads it again"
    )
    assert config is not None  # noqa: S101 - settled raises otherwise
    return config


def _section(source: Source, name: str, kind: object) -> object:
    raw = source.content[name]
    for key in (raw.keys() - PLAIN[name]) if name in PLAIN and isinstance(raw, dict) else ():
        source.fault(unknown_key(key, PLAIN[name]), name, key=key)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and isinstance(raw, dict):
        if name == "snmp":
            for key, entry in (raw.get("credentials") or {}).items():
                if isinstance(entry, dict):
                    source.struct(entry, Credential, f"snmp.credentials.{key}")
            for key, inner in (("traps", Traps), ("writing", Writing)):
                if isinstance(raw.get(key), dict):
                    source.struct(raw[key], inner, f"snmp.{key}")
        if name in ("ldap", "oidc") and isinstance(raw.get("roles"), list):
            for index, entry in enumerate(raw["roles"]):
                if isinstance(entry, dict):
                    source.struct(entry, Rule, f"{name}.roles", index)
        return source.struct(raw, kind, name)
    if name in LISTS:
        return tuple(entry for _, entry in source.entries(name, LISTS[name]))
    if name == "planes" and isinstance(raw, dict):
        for key, entry in raw.items():
            if isinstance(entry, dict):
                source.struct(entry, PlaneSettings, f"planes.{key}")
    try:
        return msgspec.convert(raw, kind, strict=True)
    except msgspec.ValidationError as error:
        source.fault(unfit(error), name)
        return None


def _assemble(path: Path, values: dict[str, object], store_url: str | None) -> Config:
    def plain(section: str, key: str, default: str) -> str:
        table = values.get(section)
        return str(table.get(key, default)) if isinstance(table, dict) else default

    folder = path.resolve().parent
    url = store_url or plain("store", "url", Config().store_url)
    relative = re.fullmatch(r"sqlite:///(?!/)(.+)", url)
    if relative and not store_url:
        url = f"sqlite:///{folder / relative[1]}"
    playbooks = plain("playbooks", "path", "")
    kept = {
        key: values[key]
        for key in KEPT
        if key in values
    }
    planes = values.get("planes") or Config().planes
    return msgspec.structs.replace(
        Config(),
        **kept,
        planes=planes,
        store_url=url,
        inventory=str(folder / plain("inventory", "path", "inventory")),
        playbooks=str(folder / playbooks) if playbooks else "",
        language=plain("ui", "language", ""),
        path=str(path.resolve()),
    )


def _check(source: Source, config: Config) -> None:
    from netaddr import AddrFormatError, IPNetwork

    for plane, settings in config.planes.items():
        for net in settings.nets:
            try:
                IPNetwork(net)
            except (AddrFormatError, ValueError):
                source.fault(Said("{net!r} is not a prefix", net=net), f"planes.{plane}", key="nets")
    limits = config.addresses
    if not 0 < limits.filling < limits.full <= 1:
        source.fault(N_("filling and full must be ratios, filling the smaller one"), "addresses", key="filling")
    for key, what in check_requirements(config.declarations):
        source.fault(what, "declarations", key=key)
    for index, pair in enumerate(config.translate):
        try:
            lengths = {ip_network(pair.inside).prefixlen, ip_network(pair.outside).prefixlen}
        except ValueError as error:
            source.fault(Said("{error}", error=error), "translate", index)
            continue
        if len(lengths) > 1:
            source.fault(N_("inside and outside must have the same length"), "translate", index)
    _check_probe(source, config.probe)
    check_sources(source, config.sweep, config.sources, config.shared, seconds)
    for place, number, key, what in check_identity(config.ldap, config.oidc):
        source.fault(what, place, number, key)
    for table, index, key, what in check_senses(config.mirrors, config.logs):
        source.fault(what, table, index, key)
    for index, key, what in check_channels(config.notify, seconds):
        source.fault(what, "notify", index, key)
    for table, key, what in check_snmp(config.snmp.traps, config.snmp.writing, config.snmp.credentials):
        source.fault(what, table, key=key)
    for field in msgspec.structs.fields(Timetable):
        try:
            seconds(getattr(config.timetable, field.name))
        except ValueError:
            source.fault(N_("must be like 30s, 5m, 6h, 1d or empty"), "timetable", key=field.name)
    if config.backup.keep < 1:
        source.fault(N_("keep must not be less than 1"), "backup", key="keep")
    if config.flows.url and not _is_clickhouse(config.flows.url):
        source.fault(N_("must be like clickhouse://user@host:8123/database, or empty"), "flows", key="url")
    if not 0 < config.flows.covered <= 1:
        source.fault(N_("covered must be a ratio above 0 and at most 1"), "flows", key="covered")
    for key in ("keep_days", "keep_gib", "reserve_gib", "rejudge_flows"):
        if getattr(config.flows, key) < (1 if key == "keep_days" else 0):
            source.fault(Said(
                "{key} must not be less than {least}", key=key, least=1 if key == "keep_days" else 0
            ), "flows", key=key)
    if config.web.per_second <= 0 or config.web.burst < 1:
        source.fault(N_("per_second must be above 0 and burst at least 1"), "web", key="per_second")
    if bool(config.web.certificate) != bool(config.web.key):
        source.fault(N_("certificate and key belong together"), "web", key="certificate")
    for address in (*config.flows.listen, *config.flows.tcp, config.web.listen):
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}", address):
            source.fault(
                Said("{address!r} must be ADDRESS:PORT", address=address),
                "flows" if address in config.flows.listen else "web",
                key="listen",
            )


PROBES = Probe().services


def _check_probe(source: Source, probe: Probe) -> None:
    for service in probe.services:
        if service not in PROBES:
            source.fault(Said(
                "{value!r} is none of {known}", value=service, known=", ".join(PROBES)
            ), "probe", key="services")
    for span in probe.quiet_hours:
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d", span):
            source.fault(Said("{span!r} must be like 08:30-11:30", span=span), "probe", key="quiet_hours")
    if not (0 < probe.per_second <= 100 and 1 <= probe.attempts <= 5 and 0 < probe.budget_seconds <= 86400):
        what = "per_second must be above 0 and at most 100, attempts 1 to 5, budget_seconds at most 86400"
        source.fault(what, "probe", key="per_second")
    if probe.beacon:
        try:
            ip_address(probe.beacon)
        except ValueError:
            source.fault(Said("{address!r} is not an address", address=probe.beacon), "probe", key="beacon")
    if probe.beacon_url and not re.fullmatch(r"https?://[^\s\"'<>?#]+", probe.beacon_url):
        source.fault(N_("must be an address of the web, without a query"), "probe", key="beacon_url")


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


def share(name: str) -> Path:
    """A folder or file that ships with netops: "playbooks", "inventory", "config.example.toml"."""
    packaged = Path(__file__).parent / "share" / name
    return packaged if packaged.exists() else Path(__file__).parent.parent / name
