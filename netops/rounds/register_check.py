"""The round of the registers: what is missing, over, late or contrary in what people wrote down."""

from __future__ import annotations

from datetime import datetime
from ipaddress import ip_network

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.finding import STANDING
from netops.core.organization import Level
from netops.core.plane import Plane
from netops.desk import Desk
from netops.registers import entries, visits
from netops.registers.entry import Entry, EntryState
from netops.registers.rules import WINDOW, WRITTEN
from netops.registers.scene import Body, Guard, Scene, Use
from netops.rounds import Progress, Report, registers, silent
from netops.topology import whereabouts
from netops.topology.device import Role

MOST_ADDRESSES = 256
"""Addresses of a project that are looked for, one by one."""


def run(desk: Desk, progress: Progress = silent) -> Report:
    """Hold every register of every served plane against its checks, and write down what is not in order."""
    opened: list[str] = []
    resolved: list[str] = []
    count = 0
    for done, plane in enumerate(desk.planes, 1):
        seen = scene(desk, plane)
        count += sum(map(len, seen.records.values()))
        concluded = [one for rule in WRITTEN.values() for one in rule(seen)]
        settlement = docket.settle(desk.store, WRITTEN, concluded, plane=plane, at=seen.at, scope=WRITTEN)
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
        facts={"records": count},
    )


def scene(desk: Desk, plane: Plane) -> Scene:
    """What the rules look at, of one plane."""
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
    return Scene(
        plane=plane, at=at, today=at.astimezone(CITY_ZONE).date(), kinds=known, records=listed, states=states,
        organizations=frozenset(register.organization), bodies=bodies, nets=desk.config.planes[plane].nets,
        guards=tuple(Guard(one.name, one.organization, one.address) for one in register.of(plane).devices
                     if one.role == Role.FIREWALL),
        used=_used(desk, plane, listed.get("projects", ()), at),
    )  # fmt: skip


def _used(desk: Desk, plane: Plane, projects: tuple[Entry, ...], at: datetime) -> dict[str, Use]:
    """Which projects were seen at work in the last days: their pages answered, or their addresses were on the network."""
    answered = visits.newest(desk.store) if projects else {}
    found: dict[str, Use] = {}
    for one in projects:
        when = answered.get(one.number)
        if when and when > at - WINDOW:
            found[one.number] = Use(str(one.values.get("url", "")), "site check", when)
            continue
        for ip in _addresses(one.values.get("addresses")):
            last = [
                span
                for span in whereabouts.seen(desk.store, plane, ip=ip, limit=5)
                if span.last_seen > at - WINDOW
            ]
            if last:
                newest = max(last, key=lambda span: span.last_seen)
                found[one.number] = Use(ip, newest.device or newest.switch, newest.last_seen)
                break
    return found


def _addresses(listed: object) -> list[str]:
    """The single addresses among them, prefixes spread as far as they are small."""
    found: list[str] = []
    for text in listed if isinstance(listed, list) else ():
        if "-" in text:
            continue
        found += [str(one) for one, _ in zip(ip_network(text), range(MOST_ADDRESSES), strict=False)]
    return found[:MOST_ADDRESSES]
