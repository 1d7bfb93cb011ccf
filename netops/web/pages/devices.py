"""A device's card: its ports with what hangs on them, neighbours, terminals, findings, and what changed."""

from __future__ import annotations

from datetime import timedelta

from netops.core import docket
from netops.core.errors import Missing, NetopsError
from netops.core.language import _, called, series
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.rounds import past
from netops.topology import snapshots
from netops.topology.device import DeviceView
from netops.topology.history import KINDS
from netops.web.pages import topology, words
from netops.web.pages.page import Page, Shown
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

MOST = 300
"""Rows of one table of a device's card."""


def device(visit: Visit) -> Shown:
    """A device's card: ports with what hangs on them, neighbours, terminals, findings, and what changed."""
    visit = visit.then()
    plane, name = visit.path["plane"], visit.path["name"][:200]
    missing = Missing("{name} was not shown", "no device of this name or address was walked", "/topology", name=name)
    if plane not in list(visit.every_plane):
        raise missing
    entry = visit.desk.register.of(Plane(plane)).device.get(name)
    whole = topology.network(visit.desk, visit.shelf)
    view = whole.views.get((Plane(plane), name)) or next(
        (one for one in whole.views.values() if one.plane == plane and name in (one.name, *one.aliases)), None
    )
    if (view is None and entry is None) or not visit.sees(plane, entry.organization if entry else ""):
        raise missing
    found = docket.naming(visit.desk.store, {name}, at=visit.desk.at)
    findings = [one for one in found if visit.sees(one.plane, one.organization)]
    record = next((one for one in whole.records if (one.plane, one.name) == (plane, name)), None)
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("organization"), words.organization(entry.organization) if entry else Cell(_("not registered"), mark="bad")),
        (_("plane"), words.plane(plane)),
        (_("role"), _(entry.role) if entry else ""),
        (_("address"), Cell(entry.address if entry else view.address if view else "")),
        (_("site"), entry.site if entry else ""),
        (_("model"), (record.model if record else "") or (entry.model if entry else "")),
        (_("serial"), series(record.serials) if record else ""),
        (_("software"), record.software if record else ""),
        (_("description"), record.descr if record else ""),
        (_("location"), record.location if record else ""),
        (_("up for"), words.span(int(record.uptime_seconds)) if record and record.uptime_seconds else ""),
        (_("last walked"), words.time(record.at) if record else _("never")),
        (_("why not"), record.why if record else ""),
    ]
    tables = [
        Table(
            "findings",
            _("Findings"),
            words.finding_heads(),
            [words.finding_row(one) for one in findings],
            _("Nothing stands against it."),
            words.FINDING_RIGHT,
            csv=visit.here(format="csv", table="findings"),
        )
    ]
    if view is not None:
        tables += [_ports(visit, view, whole), _neighbours(visit, view), _terminals(visit, view), _changes(visit, view)]
    state = "unseen" if view is None or view.stale else "bad" if findings else "good"
    said = _("was never walked") if view is None else _("does not answer") if view.stale else _("answers")
    answer = _("{name} {said}; findings that stand against it: {count}.").format(name=name, said=said, count=len(findings))
    return Shown(
        "device.html",
        answer,
        {"facts": [fact for fact in facts if fact[1]], "acts": []},
        tables,
        under=called(entry.organization) if entry else "",
        trail=[(path("topology", at=visit.asked("at")), _("Topology"))],
        mark=state,
    )


def _ports(visit: Visit, view: DeviceView, whole: topology.Network) -> Table:
    there: dict[str, list[str]] = {}
    for link in whole.wiring.links:
        for end, other in ((link.a, link.b), (link.b, link.a)):
            if (end.plane, end.device) == (view.plane, view.key) and other.plane in visit.who.planes:
                there.setdefault(end.interface, []).append(f"{other.device} {other.interface}")
    vlans: dict[int, list[str]] = {}
    for vlan in view.vlans:
        for number in vlan.ports:
            vlans.setdefault(number, []).append(str(vlan.id))
    rows: list[list[str | Cell]] = []
    for port in view.interfaces[:MOST]:
        state = _("link is up") if port.oper_up else _("link is down") if port.admin_up else _("switched off")
        addresses = " ".join(f"{one.address}/{one.prefixlen}" for one in view.addresses if one.if_index == port.if_index)
        rows.append(
            [
                Cell(port.name, short=True),
                Cell(port.alias or port.descr),
                Cell(state, mark="good" if port.oper_up else "open", short=True),
                _speed(port.speed_bps),
                port.mac,
                addresses,
                series(vlans.get(port.if_index, [])[:12]),
                "\n".join(there.get(port.name, [])),
            ]
        )
    return Table(
        "ports",
        _("Ports"),
        [_("port"), _("description"), _("state"), _("speed"), _("MAC"), _("addresses"), _("VLAN"), _("leads to")],
        rows,
        _("No port is known."),
        frozenset({3}),
        csv=visit.here(format="csv", table="ports"),
    )


def _speed(bps: int) -> str:
    for unit, size in (("Gbit/s", 10**9), ("Mbit/s", 10**6)):
        if bps >= size:
            return f"{bps / size:g} {unit}"
    return "—"


def _neighbours(visit: Visit, view: DeviceView) -> Table:
    return Table(
        "neighbours",
        _("Neighbours"),
        [_("protocol"), _("own port"), _("neighbour"), _("its port"), _("address"), _("description")],
        [
            [
                one.protocol,
                one.local_interface,
                one.remote_name or one.remote_chassis,
                one.remote_port_descr or one.remote_port,
                one.remote_address,
                one.remote_descr[:200],
            ]
            for one in view.neighbors[:MOST]
        ],
        _("It tells of no neighbour."),
        csv=visit.here(format="csv", table="neighbours"),
    )


def _terminals(visit: Visit, view: DeviceView) -> Table:
    since = None if visit.desk.at else visit.desk.clock() - timedelta(days=7)
    spans = snapshots.sightings(visit.desk.store, view.plane, since, at=visit.desk.at, switch=view.key)
    newest = sorted(spans, key=lambda one: one.last_seen, reverse=True)
    return Table(
        "terminals",
        _("Terminals at its ports in the last seven days"),
        [_("port"), _("VLAN"), _("address"), _("MAC"), _("first seen"), _("last seen")],
        [
            [
                Cell(one.port, short=True),
                str(one.vlan or ""),
                Cell(one.ip, path("who", q=one.ip)),
                Cell(one.mac, path("who", q=one.mac)),
                words.time(one.first_seen),
                words.time(one.last_seen),
            ]
            for one in newest[:MOST]
        ],
        _("No terminal was seen at its ports."),
        frozenset({1}),
        csv=visit.here(format="csv", table="terminals"),
    )


def _changes(visit: Visit, view: DeviceView) -> Table:
    try:
        changes = past.of_device(visit.desk, view, (visit.desk.at or visit.desk.clock()) - timedelta(days=90))
    except NetopsError:
        changes = []
    return Table(
        "changes",
        _("What changed in ninety days"),
        [_("time"), _("what"), _("subject"), _("before"), _("after")],
        [
            [Cell(words.time(one.at), short=True), _(KINDS[one.kind]), one.subject, one.before, one.after]
            for one in changes[:MOST]
        ],
        _("Nothing of it has changed."),
        csv=visit.here(format="csv", table="changes"),
    )


PAGES = (Page("/devices/{plane}/{name}", Deed.READ, device),)
