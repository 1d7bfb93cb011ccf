"""What is known of the organizations: the rows of every room, carried to the inspections room as plain facts."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import msgspec

from netops.core import applied, docket, journal
from netops.core.errors import Missing
from netops.core.finding import STANDING, State
from netops.core.language import N_
from netops.core.organization import Level, Organization
from netops.core.plane import Plane
from netops.desk import Desk
from netops.inspections import archive
from netops.inspections.checklist import kinds_of
from netops.inspections.duties import PARTICULARS
from netops.inspections.facts import (
    AllocationFact,
    DeclarationFact,
    DeviceFact,
    ExitFact,
    Facts,
    IncidentFact,
    Look,
    PrefixFact,
)
from netops.rounds import known_office, known_written
from netops.rounds.archive import folder_of
from netops.topology.expected import PLATFORM_ROLES

if TYPE_CHECKING:
    from netops.addresses.allocation import Allocation
    from netops.topology.device import DeviceView

WINDOW = timedelta(days=7)
"""How far back terminals are counted."""
LISTENED = 200
"""So many of the newest stretches at mirror ports are looked at."""
Span = tuple[int, int, int, str]
"""(version, first, last, organization)."""


def gather(desk: Desk, code: str) -> Facts:
    """
    Everything that the automatic checks may look at for one organization.

    Raises:
        Missing: the register has no such organization.
    """
    return of(desk, city(desk), organization(desk, code))


def organization(desk: Desk, code: str) -> Organization:
    """
    The organization with this code.

    Raises:
        Missing: the register has none.
    """
    found = desk.register.organization.get(code)
    if found is None:
        raise Missing("there is no organization {code}", "", "netops organization list", code=code)
    return found


def bound(desk: Desk) -> list[Organization]:
    """The organizations that the city's regulation binds: all but the province's."""
    return [one for one in desk.register.organizations if one.level not in (Level.STATE, Level.PROVINCE)]


def of(desk: Desk, whole: Facts, one: Organization) -> Facts:
    """The city's facts as one organization's checklist looks at them."""
    return msgspec.structs.replace(whole, organization=one, kinds=kinds_of(one, _authorities(desk)))


def _authorities(desk: Desk) -> set[str]:
    named = {desk.config.city.authority, *(settings.authority for settings in desk.config.planes.values())}
    return named & set(desk.register.organization)


def city(desk: Desk, checks: Collection[str] = ()) -> Facts:
    """
    The rows of every room, once for all organizations.

    Args:
        checks: names of the checks that will be asked; what is dear to read is read for those only that need it.
    """
    at = desk.clock()
    allocations = _allocations(desk)
    views = {plane: _views(desk, plane) for plane in Plane}
    authorities = _authorities(desk)
    bodies = [one for one in bound(desk) if one.code not in authorities and not one.platform]
    return Facts(
        organization=Organization("", ""),
        kinds=frozenset(),
        at=at,
        version=applied.standing(desk.store).version,
        planes=desk.planes,
        looks=_looks(desk, views),
        devices=tuple(_devices(desk, views)),
        prefixes=tuple(_prefixes(desk)),
        declarations=tuple(_declarations(desk)),
        allocations=tuple(_held(desk, allocations)),
        exits=tuple(_exits(desk)),
        findings=tuple(docket.listed(desk.store, state=(*STANDING, State.ACCEPTED))),
        terminals={
            key: count
            for plane in desk.planes
            for key, count in _terminals(desk, plane, allocations, views[plane], at).items()
        },
        incidents=tuple(_incidents(desk)),
        inspected=archive.inspected(desk.store),
        supervised=tuple(one.code for one in bodies),
        kept=frozenset(name for one in bound(desk) for name in PARTICULARS if getattr(one, name)),
        records=known_written.records(desk),
        cases=tuple(known_office.cases(desk)),
        papers=tuple(known_office.issued(desk)),
        accounts=tuple(known_office.enabled(desk)),
        runs=tuple(known_office.rounds(desk)),
        journal=known_office.verified(desk, checks),
        listened=_listened(desk),
        flow_days=desk.config.flows.keep_days if desk.config.flows.archive else 0,
    )


def _views(desk: Desk, plane: Plane) -> list[DeviceView]:
    from netops.topology import snapshots

    return snapshots.latest(desk.store, plane)


def _looks(desk: Desk, views: dict[Plane, list[DeviceView]]) -> dict[str, Look]:
    """When each source was last looked at: walks by their devices, flows by their exporters, the rest by the diary."""
    from netops.egress import hits
    from netops.rounds import diary

    done = diary.last_success(desk.store)
    looks = {}
    for plane in desk.planes:
        if seen := [view.at for view in views[plane]]:
            looks[f"walk/{plane}"] = Look(max(seen))
        if heard := [one.last_seen for one in hits.exporters(desk.store) if one.plane == plane]:
            looks[f"egress/{plane}"] = Look(max(heard))
        if "reconcile" in done and done["reconcile"].ended:
            looks[f"reconcile/{plane}"] = Look(done["reconcile"].ended)
        if folder_of(desk) is None:
            looks[f"attacks/{plane}"] = Look(why=N_("no flows are kept, so scans and floods are not seen"))
        elif "attacks" in done and done["attacks"].ended:
            looks[f"attacks/{plane}"] = Look(done["attacks"].ended)
    return looks


def _listened(desk: Desk) -> dict[tuple[Plane, str], datetime]:
    """When a mirror port of each device was last listened to; one of the platform's core sees everybody, and is "" too."""
    found: dict[tuple[Plane, str], datetime] = {}
    for entry in journal.log(desk.store, LISTENED, verb="egress listen"):
        where = str(entry.after.get("where", "")) if isinstance(entry.after, dict) else ""
        device = desk.register.device.get(where.partition(":")[0])
        if device is None:
            continue
        for name in (device.name, "") if device.role in PLATFORM_ROLES else (device.name,):
            key = device.plane, name
            found[key] = max(entry.at, found.get(key, entry.at))
    return found


def _devices(desk: Desk, views: dict[Plane, list[DeviceView]]) -> Iterator[DeviceFact]:
    from netops.egress import hits

    heard = {(one.plane, one.address): one.last_seen for one in hits.exporters(desk.store)}
    seen = {(plane, view.key): view for plane, shown in views.items() for view in shown}
    for one in desk.register.devices:
        if one.role == "upstream":  # the way up is the province's; it is never walked
            continue
        view = seen.get((one.plane, one.name))
        yield DeviceFact(
            one.plane,
            one.name,
            one.address,
            one.organization,
            bool(one.snmp),
            view.at if view and not view.stale else None,
            one.site,
            bool(view and view.partial),
            one.exporter,
            heard.get((one.plane, one.address)),
        )


def _prefixes(desk: Desk) -> Iterator[PrefixFact]:
    """Pools; who granted one may stand at a container around it."""
    blocks = _blocks(desk)
    for one in desk.register.prefixes:
        if one.role == "pool":
            net = ip_network(one.prefix)
            around = _around(blocks[one.plane], net.version, int(net[0]), int(net[-1]))
            yield PrefixFact(
                one.plane,
                one.prefix,
                one.organization,
                _granted(around),
                tuple(name for name in (one.gateway, one.switch) if name),
            )


Block = tuple[int, int, int, str, str]
"""(version, first, last, prefix, granted by)."""


def _blocks(desk: Desk) -> dict[Plane, list[Block]]:
    """Every registered prefix, narrowest first."""
    blocks: dict[Plane, list[Block]] = defaultdict(list)
    for one in desk.register.prefixes:
        net = ip_network(one.prefix)
        blocks[one.plane].append((net.version, int(net[0]), int(net[-1]), one.prefix, one.granted_by))
    for listed in blocks.values():
        listed.sort(key=lambda block: block[2] - block[1])
    return blocks


def _around(blocks: list[Block], version: int, first: int, last: int) -> list[Block]:
    return [block for block in blocks if block[0] == version and block[1] <= first and last <= block[2]]


def _granted(around: list[Block]) -> str:
    return next((block[4] for block in around if block[4]), "")


def _declarations(desk: Desk) -> Iterator[DeclarationFact]:
    from netops.declarations import filings

    for one in filings.listed(desk.store):
        yield DeclarationFact(
            one.plane,
            one.number,
            one.organization,
            one.state,
            one.stands,
            one.nature,
            one.scope,
            tuple((piece.name, piece.address) for piece in one.equipment),
            one.terminals,
            one.date,
        )


def held(desk: Desk) -> list[AllocationFact]:
    """Every span that is given to somebody."""
    return list(_held(desk, _allocations(desk)))


def _allocations(desk: Desk) -> list[Allocation]:
    from netops.addresses import ledger

    return [one for one in ledger.allocations(desk.store) if one.state in ("active", "reserved")]


def _held(desk: Desk, allocations: list[Allocation]) -> Iterator[AllocationFact]:
    """Allocations with the narrowest registered prefix that holds each."""
    blocks = _blocks(desk)
    for held in allocations:
        first, last = ip_address(held.first), ip_address(held.last)
        around = _around(blocks[held.plane], first.version, int(first), int(last))
        span = held.first if held.first == held.last else f"{held.first}-{held.last}"
        pool = around[0][3] if around else ""
        yield AllocationFact(held.plane, span, held.organization, held.declaration, pool, _granted(around))


def _exits(desk: Desk) -> Iterator[ExitFact]:
    """Registered exits; a separate one was first seen when flows first used it, or when they used one at its device."""
    from netops.egress import hits

    used = hits.first_used(desk.store, "separate")
    for one in desk.register.exits:
        device = desk.register.device.get(one.device)
        of_device = (used.get((device.address, name)) for name in ("", one.id)) if device and one.kind == "separate" else ()
        first = min(filter(None, of_device), default=None)
        yield ExitFact(one.id, one.kind, one.organization, one.filing, one.filed_on, one.valid_until, first)


def _terminals(
    desk: Desk, plane: Plane, allocations: list[Allocation], views: list[DeviceView], at: datetime
) -> dict[tuple[Plane, str], int]:
    """Distinct terminals seen alive within WINDOW on allocated addresses, by organization; devices are not counted."""
    from netops.topology import snapshots

    spans = sorted(_span(one) for one in allocations if one.plane is plane)
    gear = {interface.mac for view in views for interface in view.interfaces if interface.mac}
    gear |= {address.address for view in views for address in view.addresses} | {
        one.address for one in desk.register.devices
    }
    found: dict[tuple[Plane, str], set[str]] = defaultdict(set)
    for one in snapshots.sightings(desk.store, plane, at - WINDOW):
        if one.ip in gear or one.mac in gear or one.alive_at is None or one.alive_at < at - WINDOW:
            continue
        if owner := _owner(spans, one.ip):
            found[plane, owner].add(one.mac or one.ip)
    return {key: len(names) for key, names in found.items()}


def _span(one: Allocation) -> Span:
    first, last = ip_address(one.first), ip_address(one.last)
    return first.version, int(first), int(last), one.organization


def _owner(spans: list[Span], ip: str) -> str:
    """Organization whose allocation holds *ip*, or ""."""
    try:
        address = ip_address(ip)
    except ValueError:
        return ""
    place = bisect_right(spans, (address.version, int(address), 1 << 128, ""))
    if not place:
        return ""
    version, first, last, organization = spans[place - 1]
    return organization if version == address.version and first <= int(address) <= last else ""


def _incidents(desk: Desk) -> Iterator[IncidentFact]:
    """One row for each clock of an incident, and one for each paper that went out about it."""
    from netops.incidents import casebook, papers, proceedings

    terms = {event.detail.get("paper"): str(event.seq)
             for events in proceedings.of_kinds(desk.store, ("issued",)).values() for event in events}  # fmt: skip
    issued = defaultdict(list)
    for kept in papers.listed(desk.store):
        if kept.state == "issued" and kept.instrument != "report":
            issued[kept.incident].append(kept)
    for one in casebook.listed(desk.store):
        if one.state in ("merged", "false_alarm"):
            continue
        for clock in (clock for clock in one.deadlines if not clock.local):
            yield IncidentFact(one.number, one.organization, clock.due, clock.stopped)
        for paper in issued[one.number]:
            replies = [answer.at for answer in papers.answers(desk.store, paper.id) if answer.kind == "reply"]
            yield IncidentFact(
                one.number,
                one.organization,
                notice_issued=paper.issued,
                answer_due=next((clock.due for clock in one.deadlines if clock.of and clock.of == terms.get(paper.id)), None),
                answered_at=min(replies, default=None),
            )
