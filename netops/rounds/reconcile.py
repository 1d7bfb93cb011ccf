"""Reconcile (对账): the ledger and the declarations beside the terminals that were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from netops.addresses import ledger
from netops.addresses.prefix import PrefixRole
from netops.addresses.reconcile import Scene, place
from netops.addresses.rules import IDLE
from netops.addresses.rules import RULES as ADDRESS_RULES
from netops.addresses.span import Span, number, parsed
from netops.core import docket
from netops.core.finding import STANDING, Conclusion
from netops.core.journal import act
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.rules import RULES as DECLARATION_RULES
from netops.declarations.rules import Census, Terminal
from netops.desk import Desk
from netops.rounds import Progress, Report, claims, silent
from netops.topology import snapshots

RULES = ADDRESS_RULES | DECLARATION_RULES
HISTORY = IDLE + timedelta(days=10)
"""How far back sightings are read."""
UNKNOWN_COUNTS = timedelta(hours=1)
"""A terminal whose switch fell silent counts as present for so long."""


def run(desk: Desk, progress: Progress = silent, prefix: str | None = None) -> Report:
    """
    Hold every served plane's allocations and declarations against its terminals.

    A device that does not answer proves nothing: findings that name it stay as they are.

    Args:
        desk: the open desk.
        progress: told after each plane.
        prefix: only addresses in it; then nothing is resolved, and declarations are not asked.

    Raises:
        NetopsError: *prefix* is none.
    """
    span = _span(prefix)
    opened: list[str] = []
    resolved: list[str] = []
    unseen: list[Unreachable] = []
    facts = {N_("terminals"): 0, N_("allocations"): 0}
    with desk.store.lock("round-reconcile"):
        for done, plane in enumerate(desk.planes, 1):
            blind = _silent(desk, plane)
            silent_ones = {one.device for one in blind}
            scene = scene_of(desk, plane, silent_ones, span)
            if claims.look_again(desk, scene):
                scene = scene_of(desk, plane, silent_ones, span)
            settlement = docket.settle(
                desk.store,
                RULES,
                _conclusions(desk, scene, whole=span is None),
                plane=plane,
                at=scene.at,
                scope=() if span else set(RULES),
                blind=scene.silent,
            )
            opened += [*settlement.opened, *settlement.reopened]
            resolved += settlement.resolved
            unseen += blind
            facts["terminals"] += len({one.mac for _, one in scene.live})
            facts["allocations"] += len(scene.allocations)
            if span is None and not blind:
                _reclaim(desk, scene)
            progress(done, len(desk.planes), plane)
    return Report(
        round="reconcile",
        opened=tuple(opened),
        resolved=tuple(resolved),
        standing=_standing(desk, span),
        unseen=tuple(unseen),
        facts=facts,
    )


def scene_of(desk: Desk, plane: Plane, blind: Iterable[str] = (), span: Span | None = None) -> Scene:
    """One plane as the ledger, the register and the last walks know it."""
    register, at, silent_ones = desk.register.of(plane), desk.clock(), set(blind)
    views = [view for view in snapshots.latest(desk.store, plane) if view.key not in silent_ones]
    platform = {entry.code for entry in register.organizations if entry.platform}
    own = {_number(entry.address) for entry in register.devices}
    own |= {_number(held.address) for view in snapshots.latest(desk.store) for held in view.addresses}
    seen = snapshots.sightings(desk.store, plane, at - HISTORY)
    return Scene(
        plane=plane,
        at=at,
        nets=tuple(parsed(net) for net in desk.config.planes[plane].nets),
        sightings=[
            one for one in seen if span is None or (one.ip and span.first <= number(one.ip) <= span.last)
        ],
        allocations=ledger.allocations(desk.store, plane, within=span),
        prefixes=register.prefixes,
        switches={
            entry.name: entry.organization for entry in register.devices if entry.organization not in platform
        },
        own=own,
        exits={(entry.device, entry.interface) for entry in register.exits if entry.interface},
        walked={view.key: view.at for view in views},
        silent=silent_ones,
    )


def census_of(desk: Desk, scene: Scene) -> Census:
    """The terminals of a plane by organization of their segment, beside what was declared."""
    declared = filings.listed(desk.store, plane=scene.plane)
    return Census(scene.plane, scene.at, tuple(declared), tuple(_terminals(scene)))


def _terminals(scene: Scene) -> Iterator[Terminal]:
    ips: dict[tuple[str, str], set[str]] = {}
    places: dict[tuple[str, str], str] = {}
    for one in scene.sightings:
        if not one.ip or (one.device, one.interface) in scene.exits:
            continue
        if not (scene.is_alive(one) or scene.is_unknown(one, UNKNOWN_COUNTS)):
            continue
        address = number(one.ip)
        segment = scene.segments.of(address)
        if segment is None or segment.role is not PrefixRole.POOL or address in scene.own:
            continue
        ips.setdefault((segment.organization, one.mac), set()).add(one.ip)
        places[segment.organization, one.mac] = place(one)
    for (organization, mac), found in sorted(ips.items()):
        yield Terminal(organization, mac, tuple(sorted(found)), places[organization, mac])


def _conclusions(desk: Desk, scene: Scene, *, whole: bool) -> Iterator[Conclusion]:
    for rule in ADDRESS_RULES.values():
        yield from rule(scene)
    if whole:
        census = census_of(desk, scene)
        for rule in DECLARATION_RULES.values():
            yield from rule(census)


def _silent(desk: Desk, plane: Plane) -> list[Unreachable]:
    """Devices of the register that did not answer the last walk, or were never walked."""
    registered = {entry.name: entry for entry in desk.register.of(plane).devices}
    asked = snapshots.reachable(desk.store)
    never = [
        Unreachable(plane, name, entry.address, desk.clock(), N_("it was never walked"))
        for name, entry in registered.items()
        if entry.snmp and (plane, name) not in asked
    ]
    return never + [one for one in snapshots.silent(desk.store, plane) if one.device in registered]


def _reclaim(desk: Desk, scene: Scene) -> None:
    """What has rested long enough returns to the pool, unless somebody still uses it."""
    recent = {
        number(one.ip) for one in scene.sightings if one.ip and _last(one.alive_at, one.first_seen, scene.at)
    }
    if ledger.reclaimable(desk.store, scene.plane, scene.at, recent):
        with act(desk.store, desk.actor, desk.clock) as one:
            ledger.reclaim(one, scene.plane, recent)


def _last(alive_at: datetime | None, first_seen: datetime, at: datetime) -> bool:
    return at - (alive_at or first_seen) <= ledger.QUARANTINE


def _standing(desk: Desk, span: Span | None) -> tuple[str, ...]:
    listed = docket.listed(desk.store, state=STANDING)
    mine = [one for one in listed if one.code in RULES and one.plane in desk.planes]
    if span is not None:
        mine = [one for one in mine if one.subject.get("ip") and _within(one.subject["ip"], span)]
    return tuple(one.id for one in mine)


def _within(ip: str, span: Span) -> bool:
    return span.first <= _number(ip) <= span.last


def _span(prefix: str | None) -> Span | None:
    from netops.core.errors import NetopsError

    if prefix is None:
        return None
    try:
        return parsed(prefix)
    except ValueError as error:
        raise NetopsError(
            "nothing was reconciled", "{why}", "write a prefix such as 10.20.0.0/16", why=error
        ) from error


def _number(text: str) -> int:
    """An address as its number; 0, which nobody has, when a device told nonsense."""
    try:
        return number(text)
    except ValueError:
        return 0
