"""The walk (拓扑巡检): ask every registered device, write down what it says, and hold it against the register."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from netops.config import Config, Snmp
from netops.config import Credential as Configured
from netops.core import docket
from netops.core.errors import Missing
from netops.core.finding import STANDING
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import Progress, Report, silent
from netops.topology import map as maps
from netops.topology import separation as separations
from netops.topology import sightings as terminals
from netops.topology import snapshots
from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.expected import Exit, Expected, Lan, Picture
from netops.topology.link import Link
from netops.topology.rules import RULES, conclude
from netops.topology.separation import Answer

if TYPE_CHECKING:
    from netops.probes.engines import Credential
    from netops.probes.snmp import Settings, Target


def run(desk: Desk, progress: Progress = silent, targets: Collection[str] = (), role: str = "") -> Report:
    """
    Walk the registered devices of the planes served, and apply the rules.

    Args:
        targets: names of devices; only these are asked, and nothing is concluded from the silence of others.
        role: only devices of this role.

    Raises:
        Missing: a device of *targets* is not registered, or a credential is not configured.
    """
    with desk.store.lock("round-walk"):
        chosen = _chosen(desk, targets, role)
        asked = [(target(desk.config, entry), credential(desk.config, entry.snmp)) for entry in chosen]
        views, unseen = _walk(desk, asked, progress)
        for plane in desk.planes:
            _keep_sightings(desk, plane, [view for view in views if view.plane is plane])
        return _settle(desk, chosen, unseen)


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
        plane: (*paper.nets.get(plane, ()), *map(str, paper.known_nets(plane))) for plane in desk.config.planes
    }
    exits = {(one.plane, one.device) for one in paper.exits}
    return separations.answers(current(desk), links(desk), nets, exits, _last_unseen(desk))


def _last_unseen(desk: Desk) -> list[Unreachable]:
    names = {(entry.plane, entry.name) for entry in _chosen(desk, (), "")}
    return [one for one in snapshots.silent(desk.store) if (one.plane, one.device) in names]


def walk_targets(
    desk: Desk, targets: Sequence[Target], asked: Credential, progress: Progress = silent
) -> tuple[list[DeviceView], list[Unreachable]]:
    """Walk devices that nobody registered, by address; nothing is concluded about them."""
    with desk.store.lock("round-walk"):
        views, unseen = _walk(desk, [(one, asked) for one in targets], progress)
        for plane in {view.plane for view in views}:
            _keep_sightings(desk, plane, [view for view in views if view.plane is plane])
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


def target(config: Config, entry: RegisteredDevice) -> Target:
    """Where a registered device is really asked."""
    from netops.probes.snmp import Target

    return Target(entry.plane, entry.address, entry.name, config.reached(entry.address), config.snmp.port)


def credential(config: Config, name: str) -> Credential:
    """
    The credential *name* with its secrets read.

    Raises:
        Missing: it is not configured.
        NetopsError: a secret's file cannot be read.
    """
    from netops.probes.engines import Credential

    one: Configured | None = config.snmp.credentials.get(name)
    if one is None:
        raise Missing(
            "no device was walked",
            "the credential {name} is not in [snmp.credentials]",
            "write it into the configuration",
            name=name,
        )
    return Credential(
        one.version,
        config.secret(one.community, one.community_file),
        one.user,
        one.auth_protocol,
        config.secret("", one.auth_key_file),
        one.priv_protocol,
        config.secret("", one.priv_key_file),
    )


def settings(snmp: Snmp) -> Settings:
    """The probe's bounds, as configured."""
    from netops.probes.snmp import Settings

    return Settings(snmp.timeout_seconds, snmp.retries, snmp.device_seconds, snmp.concurrency)


def _walk(
    desk: Desk, asked: list[tuple[Target, Credential]], progress: Progress
) -> tuple[list[DeviceView], list[Unreachable]]:
    """Ask, and write down each device as soon as it has answered: a walk that is killed loses the device in hand, no more."""
    from netops.probes.snmp import walk_many

    views: list[DeviceView] = []
    unseen: list[Unreachable] = []

    async def collect() -> None:
        async for one in walk_many(asked, settings(desk.config.snmp), desk.clock):
            if isinstance(one, DeviceWalk):
                views.append(snapshots.record(desk.store, one, one.at))
            else:
                unseen.append(one)
                snapshots.fail(desk.store, one)
            progress(len(views) + len(unseen), len(asked), one.device or one.address)

    asyncio.run(collect())
    return sorted(views, key=lambda view: (view.plane, view.key)), sorted(
        unseen, key=lambda one: (one.plane, one.device)
    )


# ---- concluding
def _settle(desk: Desk, asked: list[RegisteredDevice], unseen: list[Unreachable]) -> Report:
    at = desk.clock()
    settled = []
    for plane in desk.planes:
        picture = picture_of(desk, plane, {(entry.plane, entry.name) for entry in asked}, unseen, at)
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
        unseen=tuple(unseen),
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
    views = current(desk)
    fresh = frozenset((view.plane, view.key) for view in views if (view.plane, view.key) in asked) - missing
    return Picture(
        plane,
        desk.planes,
        tuple(views),
        fresh,
        tuple(one for one in silent_ones if one.plane is plane),
        expected(desk),
        at or desk.clock(),
    )


def current(desk: Desk) -> list[DeviceView]:
    """Every device of the planes served as last seen, but those that left the register."""
    registered = {(entry.plane, entry.name) for entry in desk.register.devices}
    return [
        view
        for view in snapshots.latest(desk.store, None, desk.at)
        if view.plane in desk.planes
        and (not view.device or (view.plane, view.device) in registered or not registered)
    ]


def links(desk: Desk) -> list[Link]:
    """Every link of the planes served, as last seen."""
    return maps.links(current(desk), desk.register.devices)


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
    found = terminals.seen(plane, views, at, others=others, addresses=addresses, nets=nets)
    snapshots.keep(desk.store, plane, found, at)
