"""The walk (拓扑巡检): ask every registered device, write down what it says, and hold it against the register."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from netops.core import applied, docket
from netops.core.errors import Missing
from netops.core.finding import STANDING
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import Progress, Report, silent, standing
from netops.rounds.asking import credentials, settings, target
from netops.topology import baselines, carried, chronicle, identity, snapshots
from netops.topology import map as maps
from netops.topology import separation as separations
from netops.topology import sightings as terminals
from netops.topology.carried import Carried
from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.expected import Exit, Expected, Lan, Picture
from netops.topology.link import Link
from netops.topology.map import Wiring
from netops.topology.rules import RULES, conclude
from netops.topology.separation import Answer

if TYPE_CHECKING:
    from netops.probes.snmp import Given, Target

    Asked = Sequence[tuple[Target, Given]]

BATCH_WALKS = 32
"""Written in one transaction, when so many ended while the last ones were written."""
LATELY = timedelta(days=1)
"""An address that was alive since then is its card's, whatever a DHCP server offers."""
HELD_WALKS = 128
"""That ended and wait to be written; more are not asked for meanwhile."""


def run(
    desk: Desk, progress: Progress = silent, targets: Collection[str] = (), role: str = "", *, ping: bool = False
) -> Report:
    """
    Walk the registered devices of the planes served, and apply the rules.

    Args:
        targets: names of devices; only these are asked, and nothing is concluded from the silence of others.
        role: only devices of this role.
        ping: ask each by ICMP first, so that every forwarding table on the way has learned where it is.

    Raises:
        Missing: a device of *targets* is not registered, or a credential is not configured.
        NetopsError: *ping*, and nothing can be sent from here.
    """
    with desk.store.lock("round-walk"):
        chosen = _chosen(desk, targets, role)
        if ping:
            _greet(desk, chosen)
        asked = [(target(desk.config, entry), credentials(desk.config, entry)) for entry in chosen]
        views, unseen = asked_and_kept(desk, asked, progress)
        for plane in desk.planes:
            _keep_sightings(desk, plane, [view for view in views if view.plane is plane])
        keep_links(desk, views)
        return _settle(desk, chosen, unseen)


def _greet(desk: Desk, chosen: Sequence[RegisteredDevice]) -> None:
    """Ping devices; who answers does not matter here (Gobjuka and Breitbart: one node that every bridge has seen)."""
    from netops.probes import icmp
    from netops.probes.echo import Pace

    addresses = sorted({desk.config.reached(entry.address) for entry in chosen})
    paced = desk.config.sweep
    pace = Pace(paced.per_second, 1, paced.wait_seconds, paced.seconds)
    for _outcome in icmp.sweep(addresses, addresses, pace):
        continue


def check(desk: Desk) -> Report:
    """Apply the rules to what was last seen, without asking anybody; writes nothing down but the findings."""
    chosen = _chosen(desk, (), "")
    answered = snapshots.reachable(desk.store)
    return _settle(
        desk, [entry for entry in chosen if (entry.plane, entry.name) in answered], _last_unseen(desk)
    )


def differences(desk: Desk) -> tuple[list[dict[str, object]], list[Unreachable]]:
    """What the register and the last walk disagree about, and what could not be seen; writes nothing down."""
    from netops.core.language import _

    unseen = _last_unseen(desk)
    asked = set(snapshots.reachable(desk.store))
    items: list[dict[str, object]] = []
    for plane in desk.planes if desk.register.devices else ():
        for one in conclude(picture_of(desk, plane, asked, unseen)):
            rule = RULES[one.code]
            items.append(
                {
                    "code": one.code,
                    "kind": rule.kind,
                    "plane": plane,
                    "severity": rule.severity,
                    "subject": one.subject,
                    "title": _(rule.title).format(**one.facts),
                    "because": _(rule.because).format(**one.facts),
                }
            )
    return items, unseen


def separation(desk: Desk) -> list[Answer]:
    """Whether the planes, and the intranet and the internet, are separate: the path, or none with its cover."""
    paper = expected(desk)
    nets = {
        plane: (*paper.nets.get(plane, ()), *map(str, paper.known_nets(plane)))
        for plane in desk.config.planes
    }
    exits = {(one.plane, one.device) for one in paper.exits}
    vlans = {
        plane: {entry.vlan for entry in desk.register.prefixes if entry.plane is plane and entry.vlan}
        for plane in desk.planes
    }
    held = _carried(desk)
    nets |= {plane: one.nets for plane, one in held.items()}
    vlans |= {plane: set(one.vlans) for plane, one in held.items()}
    views = known(desk)
    linked = maps.wiring(views, desk.register.devices).links if held else links(desk)
    return separations.answers(views, linked, nets, exits, _last_unseen(desk), vlans)


def _last_unseen(desk: Desk) -> list[Unreachable]:
    names = {(entry.plane, entry.name) for entry in _chosen(desk, (), "")}
    return [one for one in snapshots.silent(desk.store) if (one.plane, one.device) in names]


def walk_targets(
    desk: Desk, targets: Sequence[Target], asked: Given, progress: Progress = silent
) -> tuple[list[DeviceView], list[Unreachable]]:
    """Walk devices that nobody registered, by address; nothing is concluded about them."""
    with desk.store.lock("round-walk"):
        views, unseen = asked_and_kept(desk, [(one, asked) for one in targets], progress)
        for plane in {view.plane for view in views}:
            _keep_sightings(desk, plane, [view for view in views if view.plane is plane])
        keep_links(desk, views)
    return views, unseen


# ---- asking
def _chosen(desk: Desk, targets: Collection[str], role: str) -> list[RegisteredDevice]:
    entries = [entry for entry in desk.register.devices if entry.snmp and entry.plane in desk.planes]
    for name in targets:
        if name not in {entry.name for entry in entries}:
            raise Missing(
                "{name} was not walked",
                "no device of this name with an snmp credential is registered in the planes served",
                "netops inventory plan; or netops topology walk --target ADDRESS",
                name=name,
            )
    return [
        entry
        for entry in entries
        if (not targets or entry.name in targets) and (not role or entry.role == role)
    ]


def asked_and_kept(
    desk: Desk, asked: Asked, progress: Progress = silent
) -> tuple[list[DeviceView], list[Unreachable]]:
    """
    Ask, and write down devices as they answer, those that ended meanwhile in one transaction.

    A walk that is killed loses the devices in hand, no more.
    """
    from netops.probes import memory
    from netops.probes.snmp import walk_many

    views: list[DeviceView] = []
    unseen: list[Unreachable] = []
    known = memory.recall(desk.store)
    habits = dict(known)

    async def collect() -> None:
        ended: asyncio.Queue[DeviceWalk | Unreachable | None] = asyncio.Queue(HELD_WALKS)
        writer = asyncio.create_task(keep(ended))
        try:
            async for one in walk_many(asked, settings(desk.config.snmp), desk.clock, habits):
                await _put(ended, one, writer)
        finally:
            await _put(ended, None, writer)
            await writer

    async def keep(ended: asyncio.Queue[DeviceWalk | Unreachable | None]) -> None:
        while (one := await ended.get()) is not None:
            some = [one]
            while not ended.empty() and len(some) < BATCH_WALKS:
                if (another := ended.get_nowait()) is None:
                    ended.put_nowait(None)
                    break
                some.append(another)
            walks = [walk for walk in some if isinstance(walk, DeviceWalk)]
            views.extend(await asyncio.to_thread(snapshots.record_all, desk.store, walks))
            for lost in some:
                if isinstance(lost, Unreachable):
                    unseen.append(lost)
                    await asyncio.to_thread(snapshots.fail, desk.store, lost)
            for place, walk in enumerate(some):
                said = len(views) + len(unseen) - len(some) + place + 1
                progress(said, len(asked), _told(walk))

    try:
        asyncio.run(collect())
    finally:
        memory.remember(desk.store, known, habits, desk.clock())
    return sorted(views, key=lambda view: (view.plane, view.key)), sorted(
        unseen, key=lambda one: (one.plane, one.device)
    )


async def _put(
    ended: asyncio.Queue[DeviceWalk | Unreachable | None],
    one: DeviceWalk | Unreachable | None,
    writer: asyncio.Task[None],
) -> None:
    """Hand over, unless the writer failed: its fault is the walk's."""
    while not writer.done():
        try:
            ended.put_nowait(one)
        except asyncio.QueueFull:
            await asyncio.sleep(0.01)
        else:
            return
    writer.result()


def _told(one: DeviceWalk | Unreachable) -> str:
    """A device in the progress: its name, and why it was not seen, or not whole."""
    from netops.core.language import _

    name = one.device or one.address
    if isinstance(one, Unreachable):
        return f"{name}: " + _(one.why).format(**one.facts)
    return name + "".join(": " + _(note.text).format(**note.facts) for note in one.notes[:1])


# ---- concluding
def _settle(desk: Desk, asked: list[RegisteredDevice], unseen: list[Unreachable]) -> Report:
    at = desk.clock()
    settled = []
    told: list[Unreachable] = []
    for plane in desk.planes:
        picture = picture_of(desk, plane, {(entry.plane, entry.name) for entry in asked}, unseen, at)
        told += map(picture.explained_silence, picture.unseen)
        baselines.keep(desk.store, [view for view in picture.here if view.device], at)
        settled.append(
            docket.settle(
                desk.store,
                RULES,
                conclude(picture),
                plane=plane,
                at=at,
                scope=set(RULES),
                blind=_blind(desk, picture),
            )
        )
    findings = [
        one
        for one in docket.listed(desk.store, state=STANDING)
        if one.code in RULES and one.plane in desk.planes
    ]
    return Report(
        round="walk",
        opened=tuple(number for one in settled for number in (*one.opened, *one.reopened)),
        resolved=tuple(number for one in settled for number in one.resolved),
        standing=tuple(one.id for one in findings),
        unseen=tuple(told),
        facts={"devices": len(asked), "answered": len(asked) - len(unseen), "links": len(links(desk))},
    )


def _blind(desk: Desk, picture: Picture) -> set[str]:
    """Devices about which nothing can be said now: not asked, silent, or read in part only."""
    whole = {
        view.key for view in picture.views if (view.plane, view.key) in picture.fresh and not view.partial
    }
    asked = {entry.name for entry in desk.register.devices if entry.snmp}
    # A device that left the register is not waited for.
    return asked - whole


def picture_of(
    desk: Desk,
    plane: Plane,
    asked: Collection[tuple[Plane, str]] = (),
    unseen: Iterable[Unreachable] = (),
    at: datetime | None = None,
) -> Picture:
    """One plane as it was last seen, beside the register."""
    silent_ones = tuple(unseen)
    missing = {(one.plane, one.device) for one in silent_ones}
    views = known(desk)
    fresh = frozenset((view.plane, view.key) for view in views if (view.plane, view.key) in asked) - missing
    return Picture(
        plane,
        desk.planes,
        tuple(views),
        fresh,
        tuple(one for one in silent_ones if one.plane is plane),
        expected(desk),
        at or desk.clock(),
        baselines.known(desk.store),
        standing.position(desk, plane, views) if silent_ones else (),
    )


def current(desk: Desk) -> list[DeviceView]:
    """Every device of the planes served as last seen, once under whichever name, but those that left the register."""
    registered = {(entry.plane, entry.name) for entry in desk.register.devices}
    return identity.fold(
        [
            view
            for view in snapshots.latest(desk.store, None, desk.at)
            if view.plane in desk.planes
            and (not view.registered or (view.plane, view.device) in registered or not registered)
        ]
    )


def known(desk: Desk) -> list[DeviceView]:
    """The same, and beside the intranet's devices those of the extranet as they were carried in."""
    return [*current(desk), *(view for held in _carried(desk).values() for view in held.views)]


def _carried(desk: Desk) -> dict[Plane, Carried]:
    """What was carried in of planes that this process does not serve."""
    found = {plane: carried.newest(desk.store, plane) for plane in Plane if plane not in desk.planes} if desk.at is None else {}
    return {plane: held for plane, held in found.items() if held is not None}


def links(desk: Desk) -> list[Link]:
    """Every link of the planes served, as last seen."""
    return list(wiring(desk).links)


def stamp(desk: Desk) -> tuple[object, ...]:
    """Equal as long as no device was asked or carried in, and no other register was put in force."""
    with desk.store.read() as connection:
        return (*snapshots.stamp(connection), *carried.stamp(connection), applied.version(connection))


def wiring(desk: Desk, views: Sequence[DeviceView] | None = None) -> Wiring:
    """
    Every link and shared segment of the planes served: as last seen, or as told at a past time.

    Args:
        views: what `current` gave, where somebody has it already.
    """
    views = current(desk) if views is None else views
    if desk.at is None:
        return maps.wiring(views, desk.register.devices)
    return maps.recalled(views, chronicle.as_links(chronicle.evidence(desk.store, at=desk.at)))


def keep_links(desk: Desk, views: Collection[DeviceView]) -> None:
    """Write down what tells of links, after a walk that met *views*."""
    heard = {(view.plane, view.key) for view in views if not view.partial}
    chronicle.keep(desk.store, links(desk), heard, desk.clock())


def expected(desk: Desk) -> Expected:
    """The part of the register that topology needs."""
    register = desk.register
    return Expected(
        devices=register.devices,
        links=register.links,
        lans=tuple(
            Lan(entry.plane, entry.prefix, entry.gateway, entry.switch) for entry in register.prefixes
        ),
        exits=tuple(Exit(one.plane, one.device, one.interface, one.net) for one in register.exits),
        nets={plane: given.nets for plane, given in desk.config.planes.items()},
    )


def _keep_sightings(desk: Desk, plane: Plane, views: list[DeviceView]) -> None:
    register = desk.register.of(plane)
    keys = {(view.plane, view.key) for view in views}
    others = [view for view in snapshots.latest(desk.store) if (view.plane, view.key) not in keys]
    nets = [
        *(link.net for link in register.links if link.net),
        *(one.net for one in register.exits if one.net),
    ]
    at = desk.clock()
    addresses = {entry.address for entry in desk.register.devices}
    served = [one.prefix for one in register.prefixes if one.dhcp_servers or one.dhcp_ranges]

    def known() -> set[tuple[str, str]]:
        lately = snapshots.sightings(desk.store, plane, at - LATELY)
        return {(one.ip, one.mac) for one in lately if one.ip and one.alive_at and one.alive_at >= at - LATELY}

    found = terminals.seen(
        plane, views, at, others=others, addresses=addresses, nets=nets, served=served, known=known
    )
    snapshots.keep(desk.store, plane, found, at)
