"""Coverage: what every source should see, how it stands, and what nobody sees: unknown is never gone."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

import msgspec

from netops.addresses import sources
from netops.addresses.allocation import HELD, AllocationState
from netops.addresses.mention import Source, SourceKind
from netops.addresses.prefix import PrefixRole
from netops.addresses.reconcile import Scene, segments
from netops.addresses.rules import IDLE, is_watched
from netops.addresses.span import Span, number, parsed
from netops.core.clock import city_time
from netops.core.finding import Finding
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import observe
from netops.settings import seconds
from netops.topology import snapshots
from netops.topology.device import DeviceView

BY_HAND = timedelta(days=1)
"""What a walk that is started by hand told is believed for so long."""


PING = "ping"
"""Name of the one source that is swept."""


def sources_of(desk: Desk, plane: Plane, files: Iterable[Source]) -> list[Source]:
    """
    Every source of a plane as it stands: walked devices, configured files as they were just read, the sweep, others.

    Others are files that were given by hand: nobody waits for them again.
    """
    devices = sources.note(desk.store, walked(desk, plane, snapshots.latest(desk.store, plane)))
    told = {one.name: one for one in files}
    rest = [
        one
        for one in sources.listed(desk.store, plane)
        if one.kind is not SourceKind.WALK and one.name not in told
    ]
    rest += _unasked(desk, plane, {*told, *(one.name for one in rest)})
    return devices + [observe.expected(desk, one) for one in (*told.values(), *rest)]


def _unasked(desk: Desk, plane: Plane, known: Collection[str]) -> Iterator[Source]:
    """What the configuration waits for and was never asked."""
    if _sweeps(desk, plane) and PING not in known:
        yield Source(plane, PING, SourceKind.PING, ", ".join(desk.config.sweep.prefixes), desk.clock())
    for one in desk.config.sources:
        if one.plane is plane and one.name not in known:
            yield Source(plane, one.name, SourceKind.NEIGHBORS, one.path, desk.clock())


def standing(desk: Desk, plane: Plane) -> list[Source]:
    """Every source of a plane as it stood when it was last asked; nobody is asked now."""
    spans = {one.name: one for one in walked(desk, plane, snapshots.latest(desk.store, plane))}
    listed = sources.listed(desk.store, plane)
    listed += _unasked(desk, plane, {one.name for one in listed})
    kept = [observe.expected(desk, one) for one in listed]
    return [
        msgspec.structs.replace(one, spans=spans[one.name].spans, max_age=spans[one.name].max_age)
        if one.kind is SourceKind.WALK and one.name in spans
        else one
        for one in kept
    ]


def _sweeps(desk: Desk, plane: Plane) -> bool:
    spans = [parsed(one.prefix) for one in desk.register.of(plane).prefixes]
    return any(span.holds(parsed(text)) for text in desk.config.sweep.prefixes for span in spans)


def is_expected(desk: Desk, one: Source) -> bool:
    """Whether somebody waits for it to tell: a walked device, a configured file, a sweep that is configured."""
    if one.kind is SourceKind.WALK:
        return True
    if one.kind is SourceKind.PING:
        return one.name == PING and _sweeps(desk, one.plane)
    return (one.plane, one.name) in {(entry.plane, entry.name) for entry in desk.config.sources}


def walked(desk: Desk, plane: Plane, views: Iterable[DeviceView]) -> list[Source]:
    """
    The registered devices that were walked, as sources: a gateway tells of every address in its segments.

    A gateway is the one that the register names, and whoever has an address of its own in the segment.
    """
    register = desk.register.of(plane)
    pools = segments(register.prefixes)
    routed: dict[str, set[Span]] = defaultdict(set)
    for entry in register.prefixes:
        if entry.role is PrefixRole.POOL and entry.gateway:
            routed[entry.gateway].add(parsed(entry.prefix))
    asked = {entry.name for entry in register.devices if entry.snmp}
    found = []
    for view in views:
        if view.key not in asked:
            continue
        own = (_value(held.address) for held in view.addresses)
        beside = (pools.of(address) for address in own if address is not None)
        spans = {parsed(one.prefix) for one in beside if one is not None and one.role is PrefixRole.POOL}
        found.append(
            Source(
                plane, view.key, SourceKind.WALK, view.address, view.at, view.at, None, not view.stale, not view.partial,
                told=len(view.arp), spans=tuple(sorted(spans | routed[view.key])), max_age=max_age(desk),
            )
        )  # fmt: skip
    return found


GROUNDLESS = ("AD-101", "AD-116")
"""Rules about addresses that nobody was given: an allocation ends what they found."""


def max_age(desk: Desk) -> timedelta:
    """A walk that is older than three periods of the timetable (an hour at least, a day without one) is stale."""
    period = seconds(desk.config.timetable.walk)
    return max(timedelta(hours=1), timedelta(seconds=3 * period)) if period else BY_HAND


def unheard(several: Iterable[Source], at: datetime) -> Iterator[Unreachable]:
    """Sources whose silence means nothing now, each with why."""
    for one in several:
        if one.is_sound(at):
            continue
        if not one.is_good:
            why, facts = one.why or N_("it was never read"), one.facts
        elif one.told_at is None:
            why, facts = N_("it was never read"), {}
        elif one.is_stale(at):
            why, facts = (
                N_("what it told is of {time} and too old to speak of now"),
                {"time": city_time(one.told_at)},
            )
        elif one.kind is SourceKind.WALK:
            why, facts = N_("it was read in part only"), {}
        elif one.kind is SourceKind.PING:
            why, facts = one.why or N_("it was read in part only"), one.facts
        else:
            why = N_("it was understood in part only: {count} lines were not")
            facts = {"count": str(one.bad)}
        yield Unreachable(one.plane, one.name, one.place, at, why, dict(facts))


def uncovered(scene: Scene) -> Iterator[Unreachable]:
    """Pools with allocated addresses that no source would tell of, whatever happened there."""
    spans = [span for one in scene.sources for span in one.spans]
    watched = Scene(scene.plane, scene.at, sources=[_sound(scene, spans)])
    held = sorted(one.span for one in scene.allocations if one.state is AllocationState.ACTIVE)
    for entry in scene.prefixes:
        span = parsed(entry.prefix)
        if entry.role is PrefixRole.POOL and not watched.covered(span) and _meets(held, span):
            why = N_("no walked gateway and no source covers it")
            yield Unreachable(scene.plane, entry.prefix, entry.gateway or "-", scene.at, why)


def _sound(scene: Scene, spans: Iterable[Span]) -> Source:
    return Source(
        scene.plane,
        "",
        SourceKind.WALK,
        "",
        scene.at,
        scene.at,
        is_good=True,
        is_whole=True,
        spans=tuple(spans),
    )


def _meets(held: list[Span], span: Span) -> bool:
    """Whether one of *held*, which are apart and in order, shares an address with *span*."""
    place = bisect_right(held, span.last, key=lambda one: one.first) - 1
    return place >= 0 and held[place].meets(span)


def unjudged(scene: Scene, findings: Iterable[Finding]) -> set[str]:
    """Findings about which nothing can be said now: what would tell that they are over is not heard."""
    return {one.id for one in findings if _is_unjudged(scene, one)}


def _is_unjudged(scene: Scene, one: Finding) -> bool:
    ip = _value(str(one.subject.get("ip", "")))
    if one.code in GROUNDLESS and ip is not None and _is_given(scene, ip):
        return False
    if scene.unsound & set(one.subject.get("sources", ())):
        return True
    if one.code == "AD-103":
        return _idle_is_unknown(scene, str(one.subject.get("allocation", "")))
    if ip is not None:
        return scene.blind_at(ip)
    code = one.subject.get("organization")
    return bool(code) and any(
        {entry.gateway, entry.switch} & scene.unsound
        for entry in scene.prefixes
        if entry.organization == code
    )


def _is_given(scene: Scene, address: int) -> bool:
    """Whether somebody was given it since, or it lies in a registered DHCP range: whatever the wire says."""
    holder = scene.held.of(address)
    return holder.state in HELD if holder is not None else scene.dynamic.of(address) is not None


def _idle_is_unknown(scene: Scene, name: str) -> bool:
    """Whether an allocation that was idle stands, was not seen since, and is not watched any more."""
    one = next((one for one in scene.allocations if one.id == name), None)
    if one is None or one.state is not AllocationState.ACTIVE or is_watched(scene, one.span):
        return False
    since, span = scene.at - IDLE, one.span
    seen = [
        entry.ip for entry in scene.sightings if entry.ip and (entry.alive_at or entry.first_seen) > since
    ]
    seen += [entry.ip for entry in scene.mentions if entry.last_seen > since]
    return not any(span.first <= number(text) <= span.last for text in seen)


def attached(views: Collection[DeviceView]) -> dict[tuple[str, str], str]:
    """What introduced itself by LLDP at each port: its chassis, so that one machine is known at both its ports."""
    return {
        (view.key, one.local_interface): one.remote_chassis or one.remote_name
        for view in views
        for one in view.neighbors
        if one.remote_chassis or one.remote_name
    }


def _value(text: str) -> int | None:
    try:
        return number(text)
    except ValueError:
        return None
