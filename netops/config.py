"""The configuration: one strict TOML file, read into one frozen value; secrets stay in files of their own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from pathlib import Path

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
from netops.settings import (
    Backups,
    Bundles,
    City,
    Credential,
    Flows,
    PlaneSettings,
    Probe,
    Registers,
    Snmp,
    Timetable,
    Translation,
    Web,
    seconds,
)
from netops.topology.settings import Traps, Writing
from netops.topology.settings import check as check_snmp

PLACES = ("config.toml", "/etc/netops/config.toml")


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
        what = N_("per_second must be above 0 and at most 100, attempts 1 to 5, budget_seconds at most 86400")
        source.fault(what, "probe", key="per_second")
    if probe.beacon:
        try:
            ip_address(probe.beacon)
        except ValueError:
            source.fault(Said("{address!r} is not an address", address=probe.beacon), "probe", key="beacon")
    if probe.beacon_url and not re.fullmatch(r"https?://[^\s\"'<>?#]+", probe.beacon_url):
        source.fault(N_("must be an address of the web, without a query"), "probe", key="beacon_url")


def share(name: str) -> Path:
    """A folder or file that ships with netops: "playbooks", "inventory", "config.example.toml"."""
    packaged = Path(__file__).parent / "share" / name
    return packaged if packaged.exists() else Path(__file__).parent.parent / name
