"""The roster (清册) in and out: tables of allocations as offices keep them, taken in under declarations that stand."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from netops.addresses import dhcp, firewall, holdings, intake, ranges, roster, transcript, usage, zone
from netops.addresses.allocation import Allocation, AllocationState, Request
from netops.addresses.held import Held, Written, host_name
from netops.addresses.judging import Ground, Grounds, Roster, Why
from netops.addresses.prefix import PrefixRole
from netops.addresses.roster import Defaults, Reading
from netops.addresses.span import Span, is_ipv4, number, parsed
from netops.core import journal
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError, Refused
from netops.core.journal import act
from netops.core.language import N_, spoken
from netops.core.names import Names
from netops.core.plane import Plane
from netops.core.sheet import numbered
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.desk import Desk
from netops.documents import spreadsheet
from netops.register import Register
from netops.rounds import permit

Key = tuple[str, str, str]
NAMED = 3
"""Declarations that are named when an organization has several."""


class Plan(msgspec.Struct, frozen=True):
    """What taking in tables would do."""

    defaults: Defaults
    reading: Reading
    roster: Roster


def plan(desk: Desk, files: Iterable[tuple[str, bytes]], defaults: Defaults) -> Plan:
    """
    What taking in *files* (names and contents) would do now; nothing is written.

    Raises:
        NetopsError: one of them is no table that can be read, or none has a column of addresses.
    """
    sheets = [sheet for name, content in files for sheet in spreadsheet.read(content, name)]
    reading = roster.read(sheets, defaults)
    with desk.store.read() as connection:
        grounds = _grounds(desk, connection, reading, defaults)
    return Plan(defaults, reading, intake.plan(desk.store, defaults.plane, reading, grounds))


def run(desk: Desk, made: Plan, *, partial: bool = False) -> tuple[Allocation, ...]:
    """
    Allocate exactly the rows that the plan shows, in one transaction.

    Args:
        partial: the good rows alone, when others are at fault.

    Raises:
        Refused: a row is at fault; the ledger or a declaration changed since; or no row is new.
    """
    if made.roster.faults and not partial:
        raise Refused(
            "nothing was imported", "{count} faults stand in the table", "mend them; or --partial imports the good rows alone",
            count=len(made.roster.faults),
        )  # fmt: skip
    with act(desk.store, desk.actor, desk.clock) as one:
        grounds = _grounds(desk, one.connection, made.reading, made.defaults)
        return intake.apply(one, made.defaults.plane, made.reading, grounds, made.roster)


# ---- out
def only_plane(desk: Desk, plane: Plane | None) -> Plane:
    """
    The plane whose addresses go into one file: the one that was named, or the only one that is served.

    Raises:
        Refused: both are served and none was named, or the one that was named is not served.
    """
    if plane in desk.planes:
        return plane
    if plane is None and len(desk.planes) == 1:
        return desk.planes[0]
    if plane is not None:
        raise Refused("nothing was exported", "this instance does not serve the {plane}", "", plane=plane)
    raise Refused(
        "nothing was exported", "addresses of two planes never stand in one file (Article 8)", "add --plane"
    )


def export(
    desk: Desk, plane: Plane | None = None, organization: str = "", family: str | None = None
) -> list[Allocation]:
    """Allocations in force (or in force at the desk's time), by plane and address: what a roster is written from."""
    listed = holdings.allocations(desk.store, plane, desk.at, organization=organization)
    return [
        one for one in listed
        if one.plane in desk.planes and (family is None or is_ipv4(one.span.first) == (family == "4"))
    ]  # fmt: skip


def as_csv(listed: Iterable[Allocation], encoding: str, *, mark: bool) -> bytes:
    """
    The roster as CSV, its head in the language in use.

    Args:
        mark: begin UTF-8 with the mark by which Excel knows it.
    """
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\r\n")
    table.writerow(transcript.heads(spoken()))
    table.writerows(transcript.cells_of(listed, spoken()))
    return text.getvalue().encode("utf-8-sig" if mark and encoding == "utf-8" else encoding)


def as_xlsx(desk: Desk, listed: Iterable[Allocation]) -> bytes:
    """The roster as a workbook, its head in the language in use."""
    from netops.documents import xlsx

    columns = [xlsx.Column(head) for head in transcript.heads(spoken())]
    return xlsx.render(
        [xlsx.Sheet("roster", columns, transcript.cells_of(listed, spoken()), ruled=False)],
        "roster",
        desk.clock(),
    )


def configured(
    desk: Desk, shape: str, plane: Plane, organization: str, family: str | None, domain: str,
    servers: tuple[str, ...], contact: str,
) -> list[Written]:  # fmt: skip
    """
    What programs must know of who has what, in the *shape* that they read.

    Args:
        shape: reverse-zone, hosts, kea, dnsmasq, list, nftables, huawei, h3c or fortigate.
        domain: under short host names.
        servers, contact: name servers, and who answers: of reverse zones.

    Raises:
        NetopsError: Kea is to get both families in one file, or a name of a zone is none.
    """
    if domain and not host_name(domain):
        raise NetopsError(
            "nothing was written", "{name} is no domain", "write it as example.gov.cn", name=domain
        )
    domain = host_name(domain)
    held = _held(desk, export(desk, plane, organization, family))
    if shape in FIREWALLS:
        return [FIREWALLS[shape](held)]
    if shape in ("reverse-zone", "hosts"):
        held = _with_devices(desk, held, plane, organization, family)
    match shape:
        case "reverse-zone":
            return zone.zones(held, zone.Authority(servers, contact, _serial(desk)), domain)
        case "hosts":
            return [zone.hosts(held, domain)]
    nets = _subnets(desk, plane, organization, family)
    if shape == "dnsmasq":
        return [dhcp.dnsmasq(held, nets, domain)]
    families = {is_ipv4(span.first) for span in (*(one.span for one in held), *(one.span for one in nets if one.ranges))}
    if family is None and len(families) > 1:
        raise NetopsError(
            "nothing was written", "a file of Kea has IPv4 or IPv6", "add --family 4 or --family 6"
        )
    wanted = int(family) if family else 6 if families == {False} else 4
    return [dhcp.kea(held, nets, wanted, domain)]


def _subnets(desk: Desk, plane: Plane, organization: str, family: str | None) -> list[dhcp.Subnet]:
    """The registered pools of a plane as a DHCP server knows them; of others than the *organization* asked for, no ranges."""
    found = []
    for one in desk.register.of(plane).prefixes if plane in desk.planes else ():
        span = parsed(one.prefix)
        if one.role is PrefixRole.CONTAINER or (family is not None and is_ipv4(span.first) != (family == "4")):
            continue
        given = one.dhcp_ranges if organization in ("", one.organization) else ()
        gateway = number(one.gateway_address) if one.gateway_address else None
        found.append(dhcp.Subnet(span, tuple(map(parsed, given)), gateway))
    return found


FIREWALLS = {
    "list": firewall.plain, "nftables": firewall.nftables, "huawei": firewall.huawei, "h3c": firewall.h3c,
    "fortigate": firewall.fortigate,
}  # fmt: skip


def _held(desk: Desk, listed: Iterable[Allocation]) -> list[Held]:
    """What is in use; what is reserved or rests is nobody's yet."""
    return [
        Held(
            one.span,
            one.organization,
            desk.register.name(one.organization),
            one.device,
            one.mac,
            one.purpose,
            one.id,
        )
        for one in listed
        if one.state is AllocationState.ACTIVE
    ]


def _with_devices(
    desk: Desk, held: list[Held], plane: Plane, organization: str, family: str | None
) -> list[Held]:
    """The register's devices too, where nobody named their address otherwise; runs that one of them lies in are not missed."""
    named = {one.span.first for one in held if one.name and one.span.size == 1}
    found = []
    for device in desk.register.of(plane).devices:
        address = number(device.address)
        wanted = organization in ("", device.organization) and family in (
            None,
            "4" if is_ipv4(address) else "6",
        )
        if wanted and address not in named:
            title = desk.register.name(device.organization)
            found.append(
                Held(Span(address, address), device.organization, title, device.name, source=device.name)
            )
    return [*held, *found]


def _serial(desk: Desk) -> int:
    """Of today's zones: it grows with every act of today."""
    now = desk.clock().astimezone(CITY_ZONE)
    today = sum(one.at.astimezone(CITY_ZONE).date() == now.date() for one in journal.log(desk.store, 100))
    return zone.serial_of(now.date().isoformat(), today)


# ---- what rows rest on
def _grounds(desk: Desk, connection: Any, reading: Reading, defaults: Defaults) -> Grounds:
    register = desk.register_in(connection)
    prefixes = register.prefix_of(defaults.plane)
    keys = {row.ground for row in reading.rows}
    declared = _Declared(filings.every(connection), defaults.plane)
    codes = _codes(desk, {text for key in keys for text in key[1:]} | declared.organizations)
    found = {key: _ground(desk, declared, codes, key) for key in keys}
    return Grounds(
        {key: _with_use(connection, defaults.plane, one) for key, one in found.items()},
        {text: code for text, code in codes.items() if code},
        frozenset(map(parsed, prefixes)),
        {str(span): (name, kind) for name, entry in prefixes.items() for span, kind in ranges.ranges(entry)},
        _Grants(desk, register, defaults.plane).why_not,
    )


class _Declared:
    """Declarations of a plane: by number what stands, and what there is at all; by organization those that stand."""

    def __init__(self, every: Sequence[Declaration], plane: Plane) -> None:
        self.newest: dict[str, Declaration] = {numbered(one.number): one for one in every}
        self.standing: dict[str, Declaration] = {numbered(one.number): one for one in every if one.stands}
        self.by_organization: dict[str, list[str]] = {}
        for one in self.standing.values():
            if one.plane is plane:
                self.by_organization.setdefault(one.organization, []).append(one.number)
        self.plane = plane

    @property
    def organizations(self) -> set[str]:
        """Codes of all that declared."""
        return {one.organization for one in self.newest.values()}


def _ground(desk: Desk, declared: _Declared, codes: Mapping[str, str], key: Key) -> Ground | Why:
    number, organization, owner = key
    code = codes.get(organization, "")
    if organization and not code:
        return _unknown(desk, organization)
    if not number:
        return _only(desk, declared, code or codes.get(owner, ""), organization or owner)
    one = declared.standing.get(numbered(number))
    if one is None:
        newest = declared.newest.get(numbered(number))
        if newest is None:
            what = N_("there is no declaration {number}")
            return Why("declaration", number, what, N_("netops declare list shows them"), {"number": number})
        what = N_("{number} is {state}, neither approved nor connected")
        facts = {"number": number, "state": str(newest.state)}
        return Why("declaration", number, what, N_("netops declare show {number}"), facts)
    if one.plane is not declared.plane:
        what, mend = N_("it is a declaration for the {plane}"), N_("netops declare list shows them")
        return Why("declaration", number, what, mend, {"plane": str(one.plane)})
    if code and code != one.organization:
        what = N_("{number} is a declaration of {organization}")
        facts = {"number": number, "organization": desk.register.name(one.organization)}
        return Why("organization", organization, what, N_("mend the organization or the declaration"), facts)
    return Ground(one.number, one.organization, one.terminals)


def _only(desk: Desk, declared: _Declared, code: str, said: str) -> Ground | Why:
    """The one standing declaration of an organization, for a row that names none."""
    if not code:
        return _unknown(desk, said)
    numbers = declared.by_organization.get(code, [])
    if len(numbers) == 1:
        one = declared.standing[numbered(numbers[0])]
        return Ground(one.number, one.organization, one.terminals)
    facts = {
        "organization": desk.register.name(code),
        "count": str(len(numbers)),
        "numbers": ", ".join(numbers[:NAMED]),
    }
    if numbers:
        what, mend = (
            N_("{organization} has {count} declarations that stand: {numbers}"),
            N_("name one in a column declaration"),
        )
    else:
        what, mend = N_("{organization} has no declaration that stands"), N_("netops declare new starts one")
    return Why("declaration", said, what, mend, facts)


def _unknown(desk: Desk, said: str) -> Why:
    near = Names(desk.register.organizations, desk.config.city.title_zh).near(said)
    what = N_("no organization is called so")
    if near is None:
        return Why("organization", said, what, N_("netops organization list shows them"))
    return Why("organization", said, what, N_("{near} ({code})? write it so"), {"near": near.name_zh, "code": near.code})


def _codes(desk: Desk, texts: set[str]) -> dict[str, str]:
    """Each name as written to the code that it means, or ""."""
    names = Names(desk.register.organizations, desk.config.city.title_zh)
    found = {text: names.codes(text) for text in texts}
    return {text: next(iter(codes)) if len(codes) == 1 else "" for text, codes in found.items()}


def _with_use(connection: Any, plane: Plane, ground: Ground | Why) -> Ground | Why:
    if isinstance(ground, Why):
        return ground
    return msgspec.structs.replace(ground, used=usage.used(connection, plane, ground.declaration))


class _Grants:
    """Whether a pool was granted to those who ask, each pair looked at once."""

    def __init__(self, desk: Desk, register: Register, plane: Plane) -> None:
        self._desk, self._register, self._plane = desk, register, plane
        self._today = desk.clock().astimezone(CITY_ZONE).date()
        self._answers: dict[tuple[str, str], Why | None] = {}

    def why_not(self, pool: str, organization: str) -> Why | None:
        """Why addresses of *pool* may not go to *organization*, or None."""
        key = pool, organization
        if key not in self._answers:
            self._answers[key] = self._asked(self._around(pool), organization)
        return self._answers[key]

    def _around(self, pool: str) -> str:
        """The registered prefix that it is, or of which it is a range."""
        prefixes = self._register.prefix_of(self._plane)
        if pool in prefixes:
            return pool
        span = parsed(pool)
        around = [one for text in prefixes if (one := parsed(text)).holds(span)]
        return str(min(around, key=lambda one: one.size)) if around else pool

    def _asked(self, pool: str, organization: str) -> Why | None:
        try:
            permit.allowed(
                self._desk, self._register, Request(self._plane, pool, organization, ""), self._today
            )
        except NetopsError as error:
            facts = {name: str(value) for name, value in error.facts.items()}
            return Why("addresses", pool, error.why, error.mend, facts)
        return None
