"""Reconcile (对账): the ledger and the declarations beside the terminals that were seen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from netops.addresses import ledger, sources
from netops.addresses.mention import Source
from netops.addresses.reading import spelled
from netops.addresses.reconcile import Scene, Shared, Stated
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
from netops.declarations.rules import CENSUS_RULES
from netops.desk import Desk
from netops.rounds import Progress, Report, censuses, claims, coverage, foresight, observe, silent
from netops.rounds.usurpers import usurpers
from netops.topology import snapshots

RULES = ADDRESS_RULES | CENSUS_RULES
ON_PAPER = ("DC-112",)
"""Rules that look at papers only: no silent device keeps anything about them from being known."""
HISTORY = IDLE + timedelta(days=10)
"""How far back sightings are read."""


def run(desk: Desk, progress: Progress = silent, prefix: str | None = None) -> Report:
    """
    Hold every served plane's allocations and declarations against its terminals.

    First the configured files are read. A device that does not answer, a file that cannot be read, is old or was
    understood in part prove nothing: what they would tell stays as it is.

    Args:
        desk: the open desk.
        progress: told after each plane.
        prefix: only addresses in it; then nothing is resolved, and declarations are not asked.

    Raises:
        NetopsError: *prefix* is none.
    """
    span = _span(prefix)
    settled: list[docket.Settlement] = []
    unseen: list[Unreachable] = []
    facts = {N_("terminals"): 0, N_("allocations"): 0, N_("sources"): 0}
    with desk.store.lock("round-reconcile"):
        for done, plane in enumerate(desk.planes, 1):
            scene, blind = _looked(desk, plane, span)
            settled.append(_settle(desk, scene, whole=span is None))
            unseen += blind
            facts["terminals"] += len({one.mac or one.ip for _, one in scene.live})
            facts["allocations"] += len(scene.allocations)
            facts["sources"] += len(scene.sources)
            if span is None and not scene.unsound:
                _reclaim(desk, scene)
            progress(done, len(desk.planes), plane)
    return Report(
        round="reconcile",
        opened=tuple(number for one in settled for number in (*one.opened, *one.reopened)),
        resolved=tuple(number for one in settled for number in one.resolved),
        standing=_standing(desk, span),
        unseen=tuple(unseen),
        facts=facts,
    )


def _looked(desk: Desk, plane: Plane, span: Span | None) -> tuple[Scene, list[Unreachable]]:
    """One plane with every source read, contested addresses asked about again, and what could not be seen."""
    told = coverage.sources_of(desk, plane, observe.refresh(desk, plane))
    blind = _silent(desk, plane)
    silent_ones = {one.device for one in blind}
    scene = scene_of(desk, plane, silent_ones, span, told)
    if claims.look_again(desk, scene):
        scene = scene_of(desk, plane, silent_ones, span, told)
    waited = [one for one in told if one.name not in silent_ones and coverage.is_expected(desk, one)]
    blind += coverage.unheard(waited, scene.at)
    return scene, [*blind, *(coverage.uncovered(scene) if span is None else ())]


def _settle(desk: Desk, scene: Scene, *, whole: bool) -> docket.Settlement:
    """Write down what the rules conclude; what nobody can judge now stays as it is."""
    standing = [
        one for one in docket.listed(desk.store, state=STANDING, plane=scene.plane) if one.code in RULES
    ]
    # Concluded before the store is written: nobody waits while rules think.
    found = list(_conclusions(desk, scene, whole=whole))
    return docket.settle(
        desk.store,
        RULES,
        found,
        plane=scene.plane,
        at=scene.at,
        scope=set(RULES) if whole else (),
        blind=scene.unsound,
        spared=coverage.unjudged(scene, [one for one in standing if one.code not in ON_PAPER]),
    )


def scene_of(
    desk: Desk,
    plane: Plane,
    blind: Iterable[str] = (),
    span: Span | None = None,
    told: Sequence[Source] = (),
    *,
    held: bool = True,
) -> Scene:
    """
    One plane as the ledger, the register, the last walks and the other sources know it.

    Args:
        held: with the allocations; what only asks where terminals are does without a million of them.
    """
    register, at, silent_ones = desk.register.of(plane), desk.clock(), set(blind)
    known = snapshots.latest(desk.store)
    views = [view for view in known if view.plane is plane]
    platform = {entry.code for entry in register.organizations if entry.platform}
    own = {_number(entry.address) for entry in register.devices}
    own |= {_number(held.address) for view in known for held in view.addresses}

    def is_inside(ip: str) -> bool:
        return span is None or (bool(ip) and span.first <= number(ip) <= span.last)

    seen = snapshots.sightings(desk.store, plane, at - HISTORY)
    return Scene(
        plane=plane,
        at=at,
        nets=tuple(parsed(net) for net in desk.config.planes[plane].nets),
        sightings=[one for one in seen if is_inside(one.ip)],
        allocations=ledger.allocations(desk.store, plane, within=span) if held else (),
        prefixes=register.prefixes,
        switches={
            entry.name: entry.organization for entry in register.devices if entry.organization not in platform
        },
        own=own,
        exits={(entry.device, entry.interface) for entry in register.exits if entry.interface},
        walked={view.key: view.at for view in views if view.key not in silent_ones},
        silent=silent_ones,
        mentions=[one for one in sources.since(desk.store, plane, at - HISTORY) if is_inside(one.ip)],
        sources=told,
        stated=tuple(_stated(desk, plane)),
        shared={
            number(one.address): Shared(frozenset(map(_mac, one.macs)), one.why)
            for one in desk.config.shared
            if one.plane is plane
        },
        devices={mac: view.key for view in known for mac in view.macs()},
        attached=coverage.attached(views),
        usurpers=usurpers(plane, [one for one in views if one.key not in silent_ones], known, seen),
    )


def _stated(desk: Desk, plane: Plane) -> Iterator[Stated]:
    for one in filings.listed(desk.store, plane=plane):
        if one.stands:
            yield Stated(one.number, one.organization, one.terminals, len(one.equipment))


def _mac(text: str) -> str:
    return spelled(text) or text


def _conclusions(desk: Desk, scene: Scene, *, whole: bool) -> Iterator[Conclusion]:
    if whole:
        scene = replace(scene, foresight=foresight.of(desk, scene))
    for rule in ADDRESS_RULES.values():
        yield from rule(scene)
    if whole:
        census = censuses.of(desk, scene)
        for rule in CENSUS_RULES.values():
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
    recent |= {number(one.ip) for one in scene.mentions if scene.at - one.last_seen <= ledger.QUARANTINE}
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
