"""The round of the registers: what is missing, over, late or contrary in what people wrote down."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.finding import STANDING
from netops.core.observation import Unreachable
from netops.core.organization import Level
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import DeclarationState
from netops.desk import Desk
from netops.registers import entries, outlived
from netops.registers.entry import Entry, EntryState
from netops.registers.rules import WRITTEN, accepted
from netops.registers.scene import Body, Connected, Guard, Scene
from netops.rounds import Progress, Report, entry_inspection, project_use, registers, silent
from netops.topology.device import Role


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Hold every register of every served plane against its checks, and write down what is not in order."""
    opened: list[str] = []
    resolved: list[str] = []
    unheard: list[Unreachable] = []
    count = 0
    for done, plane in enumerate(desk.planes, 1):
        seen, heard = scene(desk, plane)
        unheard += heard
        count += sum(map(len, seen.records.values()))
        concluded = [one for rule in WRITTEN.values() for one in rule(seen)]
        spared = _spared(desk, seen) if heard else ()
        settlement = docket.settle(
            desk.store, WRITTEN, concluded, plane=plane, at=seen.at, scope=WRITTEN, spared=spared
        )
        opened += [*settlement.opened, *settlement.reopened]
        resolved += settlement.resolved
        progress(done, len(desk.planes), plane)
    standing = [
        one.id
        for one in docket.listed(desk.store, state=STANDING)
        if one.code in WRITTEN and one.plane in desk.planes
    ]
    return Report(
        round="registers",
        opened=tuple(opened),
        resolved=tuple(resolved),
        standing=tuple(standing),
        unseen=tuple(unheard),
        facts={"records": count},
    )


def _spared(desk: Desk, seen: Scene) -> set[str]:
    """Findings about use that was not heard of now because not everything was heard: silence proves nothing."""
    waiting = {
        one.number for one in seen.records.get("projects", ()) if not accepted(one.values, seen.today)
    }
    return {
        one.id
        for one in docket.listed(desk.store, state=STANDING, plane=seen.plane)
        if one.code == "RG-113" and one.subject.get("record") in waiting
    }


def scene(desk: Desk, plane: Plane, *, use: bool = True) -> tuple[Scene, tuple[Unreachable, ...]]:
    """
    What the rules look at, of one plane, and what of its traffic was not heard.

    Args:
        use: whether it is looked up which projects are at work.
    """
    register, at = desk.register, desk.clock()
    known = registers.kinds(desk)
    listed: dict[str, tuple[Entry, ...]] = {}
    states: dict[str, EntryState] = {}
    for kind in entries.counts(desk.store):
        states |= {number: state for number, (_, _, state) in entries.known(desk.store, kind).items()}
        if kind in known:
            listed[kind] = tuple(entries.listed(desk.store, kind, planes=(plane,)))
    bodies = tuple(
        Body(one.code, one.county)
        for one in register.organizations
        if one.level not in (Level.STATE, Level.PROVINCE)
    )
    today = at.astimezone(CITY_ZONE).date()
    past = Counter(
        (one.kind, one.organization) for kind in known.values() for one in outlived.listed(desk.store, kind, (plane,), today)
    )
    used, unheard = project_use.of(desk, plane, known, listed, at) if use else ({}, ())
    made = Scene(
        plane=plane, at=at, today=today, kinds=known, records=listed, states=states,
        organizations=frozenset(register.organization), bodies=bodies, nets=desk.config.planes[plane].nets,
        guards=tuple(Guard(one.name, one.organization, one.address) for one in register.of(plane).devices
                     if one.role == Role.FIREWALL),
        used=used, outlived=past, connected=tuple(_connected(desk, plane)) if entry_inspection.is_asked(desk) else (),
    )  # fmt: skip
    return made, unheard


def _connected(desk: Desk, plane: Plane) -> Iterator[Connected]:
    for one in filings.listed(desk.store, plane=plane, state=(DeclarationState.CONNECTED,)):
        yield Connected(one.number, one.organization, one.since)
