"""The past of the network (历史): what changed of a device, and between two times; every past time from what was kept."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from netops.core.plane import Plane
from netops.desk import Desk
from netops.topology import chronicle, eventlog, history, identities, identity, snapshots, states
from netops.topology.chronicle import Evidence
from netops.topology.device import DeviceView
from netops.topology.events import Event
from netops.topology.history import Change
from netops.topology.link import Link
from netops.topology.sightings import SightingSpan

MAX_EVENTS = 2000


def of_device(desk: Desk, view: DeviceView, since: datetime | None = None) -> list[Change]:
    """
    What changed of a device, newest first: of its parts, its links, the terminals at its ports, and the box itself.

    With `--at`, as it was known then.
    """
    found = [*_states(desk, view, since), *_links(desk, view, since), *_terminals(desk, view, since)]
    found += [history.replacement(at, one) for at, one in identities.replacements(desk.store, view.plane, since, view.key)]
    until = desk.at
    kept = [one for one in found if until is None or one.at <= until]
    return sorted(kept, key=lambda one: (one.at, one.kind, one.subject), reverse=True)


def told_by(desk: Desk, view: DeviceView, since: datetime | None = None) -> list[Event]:
    """What a device told by itself (traps), newest first; with `--at`, what it had told by then."""
    return eventlog.events(desk.store, view.plane, view.key, since, desk.at, MAX_EVENTS)


def _states(desk: Desk, view: DeviceView, since: datetime | None) -> Iterator[Change]:
    newer: dict[str, states.State] = {}
    for state in states.history(desk.store, view.plane, view.key, since):
        after = newer.get(state.part)
        newer[state.part] = state
        if after is None or state.part in states.PASSING or (since is not None and after.since < since):
            continue
        for one in history.between(state.part, state.body, after.body):
            yield one.at(after.since, view.plane, view.key)
    first = min((state.since for part, state in newer.items() if part == "system"), default=None)
    if first is not None and (since is None or first >= since):
        yield Change(first, view.plane, view.key, "device-new", "", "", view.address)


def _links(desk: Desk, view: DeviceView, since: datetime | None) -> Iterator[Change]:
    """When each link of the device appeared, and when its last evidence was over."""
    groups: dict[tuple[str, ...], list[Evidence]] = defaultdict(list)
    for row in chronicle.evidence(desk.store, device=view.key):
        if (view.plane, view.key) in ((row.a.plane, row.a.device), (row.b.plane, row.b.device)):
            groups[*row.a.place, *row.b.place, str(row.layer)].append(row)
    for rows in groups.values():
        for begun, ended, told in _stretches(rows):
            (link,) = chronicle.as_links(told)
            if since is None or begun >= since:
                yield history.of_link(link, begun, "link-new")
            if ended is not None and (since is None or ended >= since):
                yield history.of_link(link, ended, "link-gone")


def _stretches(rows: list[Evidence]) -> Iterator[tuple[datetime, datetime | None, list[Evidence]]]:
    """Times in which something told of a link without a break: from, until (None while it does), and what."""
    rows = sorted(rows, key=lambda row: row.first_seen)
    told: list[Evidence] = []
    begun, ended = rows[0].first_seen, rows[0].ended_at
    for row in rows:
        if told and ended is not None and row.first_seen > ended:
            yield begun, ended, told
            told, begun, ended = [], row.first_seen, row.ended_at
        told.append(row)
        ended = None if ended is None or row.ended_at is None else max(ended, row.ended_at)
    yield begun, ended, told


def _terminals(desk: Desk, view: DeviceView, since: datetime | None) -> Iterator[Change]:
    spans = snapshots.sightings(desk.store, view.plane, switch=view.key)
    start = since or datetime.min.replace(tzinfo=desk.clock().tzinfo)
    yield from history.of_terminals(spans, start, desk.clock())


# ---- between two times
def between(desk: Desk, start: datetime, end: datetime) -> list[Change]:
    """What is otherwise at *end* than it was at *start*: devices, their parts, links, terminals; by device."""
    old, new = (identity.fold(_of(desk, at)) for at in (start, end))
    before, after = ({(view.plane, view.key): view for view in views} for views in (old, new))
    found: list[Change] = []
    for key, view in after.items():
        if key not in before:
            found.append(Change(end, view.plane, view.key, "device-new", "", "", view.address))
            continue
        one = identity.replaced(view.plane, view.key, identity.keys(before[key]), identity.keys(view))
        if one is not None:
            found.append(history.replacement(end, one))
        found += history.of_views(before[key], view, end)
    for key, view in before.items():
        if key not in after:
            found.append(Change(end, view.plane, view.key, "device-gone", "", view.address))
    found += _link_changes(desk, start, end)
    for plane in desk.planes:
        found += _moves(desk, plane, start, end)
    return sorted(found, key=lambda one: (one.plane, one.device, one.kind, one.subject, one.at))


def _of(desk: Desk, at: datetime) -> list[DeviceView]:
    return [view for view in snapshots.latest(desk.store, None, at) if view.plane in desk.planes]


def _link_changes(desk: Desk, start: datetime, end: datetime) -> Iterator[Change]:
    old, new = (_links_at(desk, at) for at in (start, end))
    for kind, some, others in (("link-new", new, old), ("link-gone", old, new)):
        for key, link in some.items():
            if key not in others:
                yield history.of_link(link, end, kind)


def _links_at(desk: Desk, at: datetime) -> dict[tuple[object, ...], Link]:
    links = chronicle.as_links(chronicle.evidence(desk.store, at=at))
    return {
        (link.a.place, link.b.place, link.layer): link
        for link in links
        if link.a.plane in desk.planes and link.b.plane in desk.planes
    }


def _moves(desk: Desk, plane: Plane, start: datetime, end: datetime) -> Iterator[Change]:
    """Terminals that came and moved in between, and those that were seen until *start* and not at *end* any more."""
    spans = snapshots.sightings(desk.store, plane, start - snapshots.PAUSE, at=end)
    yield from history.of_terminals(spans, start, end)
    last: dict[tuple[str, str], SightingSpan] = {(one.ip, one.mac): one for one in spans}
    for one in last.values():
        if start <= one.last_seen <= end - snapshots.PAUSE:
            name = " ".join(part for part in (one.ip, one.mac) if part)
            place = f"{one.switch} {one.port}".strip()
            yield Change(one.last_seen, one.plane, one.switch or one.device, "terminal-gone", name, place)


def evidence(desk: Desk) -> list[Evidence]:
    """Every row of evidence of the planes served that stands, now or at a past time."""
    rows = chronicle.evidence(desk.store, at=desk.at or desk.clock())
    return [one for one in rows if {one.a.plane, one.b.plane} & set(desk.planes)]


def seen_since(desk: Desk) -> chronicle.Seen:
    """When each link that stands was seen for the first and the last time."""
    return chronicle.first_seen(chronicle.evidence(desk.store, at=desk.at or desk.clock()))
