"""The register (登记册): everything that `inventory/` says ought to be, read strictly and as a whole."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from netops.addresses import ranges
from netops.addresses.delegation import Chains, chains
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, parsed
from netops.core.language import N_, Said, Text
from netops.core.organization import Organization
from netops.core.plane import Plane
from netops.core.toml import Source, settled
from netops.declarations.declaration import RegisteredDeclaration
from netops.egress.exit import RegisteredExit
from netops.topology.device import RegisteredDevice
from netops.topology.link import RegisteredLink

if TYPE_CHECKING:
    from netaddr import IPAddress, IPNetwork


class Register(msgspec.Struct, frozen=True, dict=True):
    """Every entry of the register, in the order of the files."""

    organizations: tuple[Organization, ...] = ()
    devices: tuple[RegisteredDevice, ...] = ()
    links: tuple[RegisteredLink, ...] = ()
    prefixes: tuple[RegisteredPrefix, ...] = ()
    exits: tuple[RegisteredExit, ...] = ()
    declarations: tuple[RegisteredDeclaration, ...] = ()

    @cached_property
    def organization(self) -> dict[str, Organization]:
        """Organizations by code."""
        return {entry.code: entry for entry in self.organizations}

    @cached_property
    def device(self) -> dict[str, RegisteredDevice]:
        """Devices by name."""
        return {entry.name: entry for entry in self.devices}

    @cached_property
    def chains(self) -> dict[Plane, Chains]:
        """The delegation chain of every prefix, by plane and canonical prefix."""
        return {plane: chains((one for one in self.prefixes if one.plane is plane), self.organization)
                for plane in Plane}  # fmt: skip

    @cached_property
    def _prefix(self) -> dict[Plane, dict[str, RegisteredPrefix]]:
        found: dict[Plane, dict[str, RegisteredPrefix]] = {plane: {} for plane in Plane}
        for one in self.prefixes:
            found[one.plane][str(parsed(one.prefix))] = one
        return found

    def prefix_of(self, plane: Plane) -> dict[str, RegisteredPrefix]:
        """Prefixes of *plane* by their canonical text."""
        return self._prefix[plane]

    @cached_property
    def nodes(self) -> dict[Plane, dict[Span, str]]:
        """Every prefix and every run that one sets aside, each with the canonical text of its prefix."""
        found: dict[Plane, dict[Span, str]] = {plane: {} for plane in Plane}
        for one in self.prefixes:
            span = parsed(one.prefix)
            found[one.plane].update({inner: str(span) for inner, _ in ranges.ranges(one)})
            found[one.plane][span] = str(span)
        return found

    def of(self, plane: Plane) -> Register:
        """The part of the register that belongs to *plane*; organizations are common to both."""
        return self._parts[plane]

    @cached_property
    def _parts(self) -> dict[Plane, Register]:
        kinds = [name for name in KINDS if name != "organizations"]
        return {
            plane: Register(
                self.organizations, *(tuple(one for one in getattr(self, name) if one.plane is plane) for name in kinds)
            )
            for plane in Plane
        }

    @cached_property
    def declared(self) -> dict[tuple[Plane, str], list[RegisteredDeclaration]]:
        """Declarations by plane and number."""
        found: dict[tuple[Plane, str], list[RegisteredDeclaration]] = {}
        for one in self.declarations:
            found.setdefault((one.plane, one.number), []).append(one)
        return found

    def name(self, code: str) -> str:
        """What people call an organization; the code itself when it is not registered."""
        from netops.core.language import spoken

        entry = self.organization.get(code)
        if entry is None:
            return code
        return entry.name_en if spoken() == "en" and entry.name_en else entry.name_zh

    def content(self) -> dict[str, Any]:
        """As JSON values: what `inventory apply` stores."""
        content: dict[str, Any] = msgspec.to_builtins(self)
        return content


KINDS: dict[str, type[msgspec.Struct]] = {
    N_("organizations"): Organization,
    N_("devices"): RegisteredDevice,
    N_("links"): RegisteredLink,
    N_("prefixes"): RegisteredPrefix,
    N_("exits"): RegisteredExit,
    N_("declarations"): RegisteredDeclaration,
}


def restore(content: dict[str, Any]) -> Register:
    """The register out of what `Register.content` gave."""
    return msgspec.convert(content, Register)


def identity(kind: str, entry: Any) -> str:
    """What names an entry of a kind: equal identity is the same entry, changed."""
    match kind:
        case "organizations":
            return str(entry.code)
        case "devices":
            return f"{entry.plane}/{entry.name}"
        case "links":
            ends = sorted([f"{entry.a}:{entry.a_interface}", f"{entry.b}:{entry.b_interface}"])
            return f"{entry.plane}/{ends[0]}--{ends[1]}/{entry.net}"
        case "prefixes":
            return f"{entry.plane}/{entry.prefix}"
        case "exits":
            return str(entry.id)
        case _:
            return str(entry.number)


def read(folder: Path) -> Register:
    """
    The register in *folder*.

    Raises:
        Faults: unknown keys, wrong types, dangling references, overlapping prefixes and the rest, all at once.
    """
    faults: list[Text] = []
    entries: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    places: dict[tuple[str, str], str] = {}
    if not folder.is_dir():
        faults.append(Said("there is no such folder").at(folder))
    for source, kind, plane in _files(folder, faults):
        source.unknown({kind})
        for index, entry in source.entries(kind, KINDS[kind]):
            placed: Any = entry if plane is None else msgspec.structs.replace(entry, plane=plane)
            name = identity(kind, placed)
            place = f"{source.shown}:{source.line(kind, index)}"
            if (kind, name) in places:
                faults.append(Said("{name} is there already: {value}", name=name, value=places[kind, name]).at(place))
                continue
            places[kind, name] = place
            entries[kind].append(placed)
    register = Register(**{kind: tuple(found) for kind, found in entries.items()})
    faults += check(register, places)
    settled(
        "the register was not read", faults, "mend the lines above; netops inventory check reads it again"
    )
    return register


def _files(folder: Path, faults: list[Text]) -> Iterator[tuple[Source, str, Plane | None]]:
    organizations = folder / "organizations.toml"
    if organizations.exists():
        yield Source(organizations, "organizations.toml", faults), "organizations", None
    elif folder.is_dir():
        faults.append(N_("organizations.toml: there is no such file"))
    for plane in Plane:
        for path in sorted((folder / plane).glob("*.toml")):
            shown = f"{plane}/{path.name}"
            if path.stem not in KINDS or path.stem == "organizations":
                faults.append(
                    Said("unknown file; known here: {known}", known=", ".join(kind + ".toml" for kind in KINDS)).at(shown)
                )
                continue
            yield Source(path, shown, faults), path.stem, plane


def check(register: Register, places: dict[tuple[str, str], str]) -> Iterator[Text]:
    """Every dangling reference, bad address and overlap, as "place: what"."""

    def at(kind: str, entry: Any) -> str:
        return places.get((kind, identity(kind, entry)), kind)

    organizations = register.organization
    for kind in KINDS:
        for entry in getattr(register, kind):
            code = entry.parent if kind == "organizations" else getattr(entry, "organization", "")
            if code and code not in organizations:
                yield Said("organization {code!r} is not in organizations.toml", code=code).at(at(kind, entry))
    names = {(device.plane, device.name) for device in register.devices}
    for device in register.devices:
        if parsed_address(device.address) is None:
            yield Said("address: {address!r} is not an address", address=device.address).at(at("devices", device))
    for link in register.links:
        for end in (link.a, link.b):
            if (link.plane, end) not in names:
                yield Said("device {device!r} is not in {plane}/devices.toml", device=end, plane=link.plane).at(at("links", link))
        if link.net and parsed_net(link.net) is None:
            yield Said("net: {net!r} is not a prefix with its host bits zero", net=link.net).at(at("links", link))
    for exit in register.exits:  # noqa: A001 - the field's word
        if (exit.plane, exit.device) not in names:
            yield Said(
                "device {device!r} is not in {plane}/devices.toml", device=exit.device, plane=exit.plane
            ).at(at("exits", exit))
        if exit.plane is Plane.INTRANET:
            yield Said(
                "the intranet has no way to the internet (Article 8): an exit cannot be registered there"
            ).at(at("exits", exit))
        if not exit.interface and not exit.net:
            yield Said("interface or net must say which interface faces the internet").at(at("exits", exit))
        if exit.net and parsed_net(exit.net) is None:
            yield Said("net: {net!r} is not a prefix with its host bits zero", net=exit.net).at(at("exits", exit))
    for declaration in register.declarations:
        for span in declaration.allocated:
            if parsed_span(span) is None:
                yield Said(
                    "allocated: {span!r} is not a prefix, a range first-last or an address", span=span
                ).at(at("declarations", declaration))
        if declaration.terminals < 0:
            yield Said(
                "terminals: {terminals} is less than 0", terminals=declaration.terminals
            ).at(at("declarations", declaration))
    yield from _prefixes(register, at, names)
    yield from _grants(register, at)
    yield from _overlaps(register, at)


def _prefixes(register: Register, at: Any, names: set[tuple[Plane, str]]) -> Iterator[Text]:
    for plane in Plane:
        spans = []
        for entry in register.prefixes:
            if entry.plane is not plane:
                continue
            net = parsed_net(entry.prefix)
            if net is None:
                yield Said(
                    "prefix: {prefix!r} is not a prefix with its host bits zero", prefix=entry.prefix
                ).at(at("prefixes", entry))
                continue
            for device in (entry.gateway, entry.switch):
                if device and (plane, device) not in names:
                    yield Said(
                        "device {device!r} is not in {plane}/devices.toml", device=device, plane=plane
                    ).at(at("prefixes", entry))
            if entry.role is not PrefixRole.CONTAINER:
                spans.append((net.version, net.first, net.last, entry))
        spans.sort(key=lambda span: span[:3])
        for (version, _, last, one), (next_version, first, _, other) in pairwise(spans):
            if version == next_version and first <= last:
                yield Said(
                    "{prefix} overlaps {prefix_2} ({place_2}) in the {plane}",
                    prefix=other.prefix, prefix_2=one.prefix, place_2=at("prefixes", one), plane=plane,
                ).at(at("prefixes", other))


def _grants(register: Register, at: Any) -> Iterator[Text]:
    """Terms that are no dates, and what a prefix sets aside beside what else lies in it."""
    spans: dict[Plane, list[Span]] = {plane: [] for plane in Plane}
    readable = [entry for entry in register.prefixes if parsed_net(entry.prefix) is not None]
    for entry in readable:
        spans[entry.plane].append(parsed(entry.prefix))
    for several in spans.values():
        several.sort()
    for entry in readable:
        place = at("prefixes", entry)
        if entry.role is PrefixRole.RANGE:
            yield Said("role: a range is written as gateway_address, dhcp_ranges or reserved_ranges of its prefix").at(place)
        dates = [name for name in TERM if (text := getattr(entry, name)) and not _is_date(text)]
        yield from (
            Said(
                "{name}: {value!r} is not a date such as 2026-12-31", name=name, value=getattr(entry, name)
            ).at(place) for name in dates
        )
        if not dates and entry.granted_until and entry.granted_from > entry.granted_until:
            yield Said(
                "granted_until: {granted_until} is before granted_from, {granted_from}",
                granted_until=entry.granted_until, granted_from=entry.granted_from,
            ).at(place)
        yield from (
            Said("dhcp_servers: {address!r} is not an address", address=one).at(place)
            for one in entry.dhcp_servers
            if parsed_address(one) is None
        )
        if entry.set_aside:
            span, several = parsed(entry.prefix), spans[entry.plane]
            inside = several[
                bisect_left(several, Span(span.first, 0)) : bisect_right(several, Span(span.last, span.last))
            ]
            inner = [one for one in inside if one != span and span.holds(one)]
            yield from (fault.at(place) for fault in ranges.faults(entry, inner))


TERM = ("granted_on", "granted_from", "granted_until")


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _overlaps(register: Register, at: Any) -> Iterator[Text]:
    for plane in Plane:
        spans = [
            (*span, entry, text)
            for entry in register.declarations
            if entry.plane is plane
            for text in entry.allocated
            if (span := parsed_span(text)) is not None
        ]
        spans.sort(key=lambda span: span[:3])
        for (version, _, last, one, text), (next_version, first, _, other, second) in pairwise(spans):
            if version == next_version and first <= last:
                yield Said(
                    "allocated: {second} overlaps {text} of {number} in the {plane}",
                    second=second, text=text, number=one.number, plane=plane,
                ).at(at("declarations", other))


def parsed_address(text: str) -> IPAddress | None:
    """An address, or None."""
    from netaddr import AddrFormatError, IPAddress

    try:
        return IPAddress(text)
    except (AddrFormatError, ValueError):
        return None


def parsed_net(text: str) -> IPNetwork | None:
    """A prefix whose host bits are zero, or None."""
    from netaddr import AddrFormatError, IPNetwork

    try:
        net = IPNetwork(text)
    except (AddrFormatError, ValueError):
        return None
    return net if net.ip == net.network else None


def parsed_span(text: str) -> tuple[int, int, int] | None:
    """(version, first, last) of a CIDR, "first-last" or a single address, or None."""
    from netaddr import AddrFormatError, IPNetwork, IPRange

    try:
        if "-" in text:
            span = IPRange(*(part.strip() for part in text.split("-", 1)))
            return span.version, span.first, span.last
        net = IPNetwork(text)
    except (AddrFormatError, ValueError):
        return None
    return (net.version, net.first, net.last) if net.ip == net.network else None
