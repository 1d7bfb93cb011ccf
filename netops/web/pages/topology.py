"""Topology: tiers and planes, drift against the register, whether the planes are apart, and the past."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.responses import Response

from netops.core import ranked, tally
from netops.core.clock import CITY_ZONE, city_time
from netops.core.language import N_, _, series, spoken
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import chart, diary, past
from netops.rounds import walk as walking
from netops.rounds.devices import DeviceRecord, records
from netops.topology.device import DeviceView
from netops.topology.history import KINDS
from netops.topology.link import Link
from netops.topology.map import Wiring
from netops.topology.separation import Answer
from netops.web.pages import words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path
from netops.web.shelf import Shelf

LIMIT = 50
SECONDS = 60.0
"""How old the picture of the network may be; walks are minutes apart."""
STEPS = 96
"""Marks on the slider over history."""
MOST = 300
"""Rows of the table of changes between two times."""


@dataclass(frozen=True)
class Network:
    """The network as it was last seen, or stood at a past time, once for every visit."""

    views: Mapping[tuple[Plane, str], DeviceView]
    wiring: Wiring
    drawing: Any
    records: list[DeviceRecord]
    seen: datetime | None
    _made: dict[Hashable, Any] = field(default_factory=dict)

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What is made of this picture of the network, made once for each *key* as long as the picture stands."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def network(desk: Desk, shelf: Shelf) -> Network:
    """Every device and link of this process's planes; what of it may be seen is up to who shows it."""

    def look() -> Network:
        views = walking.current(desk)
        wiring = walking.wiring(desk, views)
        whole = chart.drawing(desk, views, wiring)
        newest = max((view.at for view in views), default=None)
        return Network({(view.plane, view.key): view for view in views}, wiring, whole, records(desk, views), newest)

    return shelf.get(("network", desk.at), SECONDS, look, late=desk.at is None, mark=lambda: _mark(desk))


def _mark(desk: Desk) -> Hashable:
    """Changes with everything that is on the map."""
    marked = tally.counted(desk.store, by=("code", "state"), state=())
    return (walking.stamp(desk), tuple((one.code, one.state, one.number) for one in marked if one.code.startswith("TP-")))


def show(visit: Visit) -> Shown:
    """The map with its tables: devices, links, drift, and whether the planes are apart."""
    visit = visit.then()
    whole = network(visit.desk, visit.shelf)
    svg: str = whole.once(
        ("map", visit.planes, visit.scope, spoken()),
        lambda: chart.embedded(visit.desk, visit.planes, visit.own, whole.drawing),
    )
    mine, links = whole.once(("seen", visit.planes, visit.scope), lambda: _mine(visit, whole))
    tables = _drift(visit)
    apart: list[Answer] = (
        []
        if visit.own or visit.desk.at
        else visit.shelf.get(("separation",), SECONDS * 5, lambda: walking.separation(visit.desk), late=True, mark=visit.walked)
    )
    if apart:
        tables.append(_apart(visit, apart))
    wrong = bool(visit.desk.at is None and tables[0].rows)
    tables += [_devices(visit, mine), _links(visit, links)]
    silent = sum(one.stale for one in mine)
    crossed = any(one.path for one in apart)
    said = [
        _("Devices seen: {count}, without an answer: {silent}; links: {links}.").format(
            count=len(mine), silent=silent, links=len(links)
        )
    ]
    if wrong:
        counts = tally.counted(visit.desk.store, by=("code",), planes=visit.planes, organization=visit.own)
        differing = sum(one.number for one in counts if one.code.startswith("TP-"))
        said.append(_("Differences from the register: {count}.").format(count=differing))
    if apart:
        said.append(
            _("There is a path between the planes or out of the intranet.")
            if crossed
            else _(apart[0].verdict).capitalize() + ("。" if spoken() == "zh" else ".")
        )
    tabs = [
        (visit.here(plane=None), _("both planes"), len(visit.planes) > 1),
        *((visit.here(plane=plane.value), words.plane(plane), visit.planes == (plane,)) for plane in visit.every_plane),
    ]
    return Shown(
        "topology.html",
        ("" if spoken() == "zh" else " ").join(said),
        {"svg": svg, "tabs": tabs if len(visit.every_plane) > 1 else [], "steps": _steps(visit), "visit": visit},
        tables,
        mark="bad" if crossed or wrong else "unseen" if silent else "good",
        under=_("Last seen {time}").format(time=words.time(whole.seen)) if whole.seen else _("No device was ever walked."),
    )


def _mine(visit: Visit, whole: Network) -> tuple[list[DeviceRecord], list[Link]]:
    """Devices and links that may be seen."""
    owners = _owners(visit)
    mine = [
        one
        for one in whole.records
        if one.plane in visit.planes and visit.sees(one.plane, owners.get((one.plane, one.name), ""))
    ]
    return mine, [link for link in whole.wiring.links if _sees_link(visit, link, owners)]


def _owners(visit: Visit) -> dict[tuple[Plane, str], str]:
    return {(entry.plane, entry.name): entry.organization for entry in visit.desk.register.devices}


def _sees_link(visit: Visit, link: Link, owners: dict[tuple[Plane, str], str]) -> bool:
    if not all(end.plane in visit.who.planes for end in link.ends) or not any(end.plane in visit.planes for end in link.ends):
        return False
    return any(visit.sees(end.plane, owners.get((end.plane, end.device), "")) for end in link.ends)


def _steps(visit: Visit) -> list[tuple[str, str, bool]]:
    """Times that can be looked at: address value, label, and whether it is the one shown; the present is last."""
    runs = [run for run in diary.newest(visit.desk.store, STEPS, "walk") if run.ended]
    shown = visit.desk.at
    times = sorted(
        {
            (run.ended or run.started).astimezone(CITY_ZONE).replace(second=0, microsecond=0) + timedelta(minutes=1)
            for run in runs
        }
    )
    if shown is not None and shown.astimezone(CITY_ZONE) not in times:
        times = sorted([*times, shown.astimezone(CITY_ZONE)])
    steps = [
        (at.strftime("%Y-%m-%dT%H:%M"), city_time(at), shown is not None and at == shown)
        for at in times
        if at <= visit.desk.clock()
    ]
    return [*steps, ("", _("now"), shown is None)]


def _devices(visit: Visit, mine: list[DeviceRecord]) -> Table:
    offset = visit.counted("from", 0, 1_000_000)
    rows: list[list[str | Cell]] = [
        [
            Cell(one.name, path("devices", one.plane, one.name, at=visit.asked("at")), short=True),
            Cell(words.plane(one.plane), short=True),
            Cell(_(one.role) if one.role else _("not registered"), mark="" if one.registered else "bad"),
            words.organization(one.organization),
            Cell(one.address, path("who", q=one.address), short=True),
            one.model,
            one.software,
            Cell(
                _("does not answer") if one.stale else _("answers"),
                mark="unseen" if one.stale else "note" if one.partial else "good",
                under=one.why,
                short=True,
            ),
            str(one.interfaces),
            str(one.neighbors),
            Cell(words.time(one.at, "%m-%d %H:%M"), short=True),
        ]
        for one in mine[offset : offset + LIMIT]
    ]
    return Table(
        "devices",
        _("Devices"),
        [
            _("device"),
            _("plane"),
            _("role"),
            _("organization"),
            _("address"),
            _("model"),
            _("software"),
            _("state"),
            _("interfaces"),
            _("neighbours"),
            _("last seen"),
        ],
        rows,
        _("No device was ever walked."),
        frozenset({8, 9}),
        more=visit.here(**{"from": offset + LIMIT}) if len(mine) > offset + LIMIT else "",
        before=visit.here(**{"from": max(offset - LIMIT, 0) or None}) if offset else "",
        csv=visit.here(format="csv", table="devices"),
    )


def _links(visit: Visit, links: list[Link]) -> Table:
    offset = visit.counted("links", 0, 1_000_000)
    rows: list[list[str | Cell]] = [_link_row(link) for link in links[offset : offset + LIMIT]]
    return Table(
        "links",
        _("Links"),
        [_("one end"), _("port"), _("other end"), _("port"), _("layer"), _("told by"), _("confidence"), _("remark")],
        rows,
        _("No link is known."),
        frozenset({6}),
        more=visit.here(links=offset + LIMIT) if len(links) > offset + LIMIT else "",
        before=visit.here(links=max(offset - LIMIT, 0) or None) if offset else "",
        csv=visit.here(format="csv", table="links"),
    )


def _link_row(link: Link) -> list[str | Cell]:
    remarks = [_("between the planes")] if link.crosses_planes else []
    remarks += [_("blocked by the spanning tree")] if link.blocked else []
    remarks += [_("one end tells of it")] if link.is_told and not link.two_sided else []
    remarks += [] if link.is_told else [_("concluded from tables")]
    mark = "bad" if link.crosses_planes else "open" if remarks else "good"
    return [
        Cell(link.a.device, path("devices", link.a.plane, link.a.device)),
        link.a.interface,
        Cell(link.b.device, path("devices", link.b.plane, link.b.device)),
        link.b.interface,
        str(link.layer),
        series(_(one) if one == "register" else one for one in link.protocols),
        words.share(link.confidence),
        Cell(series(remarks) or _("both ends tell of it"), mark=mark),
    ]


def _drift(visit: Visit) -> list[Table]:
    """What the register and the walks disagree about, as findings stand; between two times what changed."""
    tables = []
    if visit.desk.at is None:
        found = ranked.page(visit.desk.store, LIMIT, planes=visit.planes, organization=visit.own, code="TP-")
        tables.append(
            Table(
                "drift",
                _("Drift: what is registered and not seen, seen and not registered"),
                words.finding_heads(),
                [words.finding_row(one) for one in found],
                _("What is registered and what was seen agree."),
                words.FINDING_RIGHT,
                csv=visit.here(format="csv", table="drift"),
            )
        )
    elif not visit.own:
        start = visit.desk.at
        changes = [one for one in past.between(visit.desk, start, visit.desk.clock()) if one.plane in visit.planes]
        tables.append(
            Table(
                "changes",
                _("What changed since"),
                [_("time"), _("device"), _("what"), _("subject"), _("before"), _("after")],
                [
                    [
                        words.time(one.at),
                        Cell(one.device, path("devices", one.plane, one.device)),
                        _(KINDS[one.kind]),
                        one.subject,
                        one.before,
                        one.after,
                    ]
                    for one in changes[:MOST]
                ],
                _("Nothing changed between the two times."),
                csv=visit.here(format="csv", table="changes"),
            )
        )
    return tables


QUESTIONS = {"intranet-extranet": N_("intranet and extranet"), "intranet-internet": N_("intranet and internet")}


def _apart(visit: Visit, answers: Iterable[Answer]) -> Table:
    rows: list[list[str | Cell]] = []
    for one in answers:
        cover = one.cover
        unseen = [_("{count} of {all} devices answered in full").format(count=cover.answered, all=cover.devices)]
        unseen += (
            [_("silent: {devices}").format(devices=series(each.device for each in cover.silent[:5]))] if cover.silent else []
        )
        unseen += [_("read in part: {devices}").format(devices=series(cover.partial[:5]))] if cover.partial else []
        unseen += [_("without neighbour protocol: {count}").format(count=len(cover.mute))] if cover.mute else []
        steps = " → ".join([*(step.a for step in one.path), *(step.b for step in one.path[-1:])])
        mark = "bad" if one.path else "good" if cover.is_whole else "unseen"
        rows.append(
            [
                _(QUESTIONS[one.question]),
                Cell(_(one.verdict), mark=mark),
                steps or "—",
                str(one.crossings),
                "\n".join(unseen),
            ]
        )
    return Table(
        "separation",
        _("Are the planes apart"),
        [_("between"), _("answer"), _("path"), _("crossings"), _("what the answer rests on")],
        rows,
        right=frozenset({3}),
        csv=visit.here(format="csv", table="separation"),
    )


def picture(visit: Visit) -> Response:
    """The map as an SVG file that stands alone."""
    from netops.topology import drawing as drawings

    visit = visit.then()
    whole = network(visit.desk, visit.shelf)
    devices, links, findings, segments = whole.drawing
    if visit.own or visit.planes != visit.desk.planes:
        owners = _owners(visit)
        devices = [one for one in devices if one.plane in visit.planes and visit.sees(one.plane, owners.get(one.key, ""))]
        names = {one.key for one in devices}
        links = [link for link in links if all((end.plane, end.device) in names for end in link.ends)]
        findings = [one for one in findings if one.plane in visit.planes and visit.sees(one.plane, one.organization)]
        segments = tuple(one for one in segments if one.plane in visit.planes and not visit.own)
    return Response(
        drawings.svg(devices, links, findings, spoken(), segments),
        media_type="image/svg+xml",
        headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-top-navigation"},
    )


PAGES = (
    Page("/topology", Deed.READ, show),
    Page("/map.svg", Deed.READ, picture),
)
