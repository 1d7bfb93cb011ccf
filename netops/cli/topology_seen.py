"""`netops topology` devices, show, links, neighbors: what was seen, now or at a past time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, labelled, printable, sign
from netops.core.errors import Missing
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.topology.device import DeviceView
    from netops.topology.link import Link, LinkEnd
    from netops.topology.segments import Segment


@click.command(cls=Command)
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only this plane."))
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "prometheus-sd"]),
    default="table",
    help=N_("prometheus-sd: targets for Prometheus's HTTP service discovery."),
)
def devices(plane: str | None, form: str) -> None:
    """Every device that was walked; exit code 3 when one did not answer the last time."""
    from netops.rounds import walk as rounds
    from netops.topology import snapshots

    out = output()
    with desk() as opened:
        if form == "prometheus-sd":
            from netops.rounds import chart

            groups = chart.prometheus(opened)
            out.answer([one for one in groups if plane in (None, one["labels"]["__meta_netops_plane"])])
            return
        views = [view for view in rounds.current(opened) if plane in (None, view.plane)]
        unseen = [
            one
            for one in snapshots.silent(opened.store)
            if one.plane in opened.planes and plane in (None, one.plane)
        ]
        shown_devices(out, opened, views, unseen, plane)
    raise SystemExit(3 if unseen else 0)


def shown_devices(
    out: Output, opened: Desk, views: list[DeviceView], unseen: Any, plane: str | None = None
) -> None:
    """Print devices, and those that did not answer."""
    from netops.rounds import devices

    items = devices.records(opened, views)
    out.records(
        "device",
        items,
        [
            Column("", lambda one: sign("unseen" if one.stale else "note" if one.partial else "good")),
            Column(N_("device"), lambda one: one.name, style="cyan"),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("address"), lambda one: one.address),
            Column(N_("role"), lambda one: _(one.role)),
            Column(N_("organization"), lambda one: opened.register.name(one.organization)),
            Column(N_("model"), lambda one: one.model or None),
            Column(N_("interfaces"), lambda one: one.interfaces, right=True),
            Column(N_("routes"), lambda one: one.routes, right=True),
            Column(N_("ARP"), lambda one: one.arp, right=True),
            Column(N_("FDB"), lambda one: one.fdb, right=True),
            Column(N_("neighbours"), lambda one: one.neighbors, right=True),
            Column(N_("seen"), lambda one: one.at),
        ],
        plane=plane,
        unseen=unseen,
        empty=_("No device was walked yet."),
        note="\n".join(
            f"{sign('note')} "
            + _("{device} was read in part: {why}").format(device=one.name, why=one.why)
            for one in items
            if one.why
        ),
        next_step="" if items else "netops topology walk",
    )


@click.command(cls=Command)
@click.argument("device")
def show(device: str) -> None:
    """One device: what it is, its interfaces, addresses and neighbours, and how many rows its tables hold."""
    from netops.topology import report

    out = output()
    with desk() as opened:
        view = view_of(opened, device)

        def text() -> None:
            out.line(f"{view.key}  {view.address}  {_(view.plane.label)}  {view.system.descr}", style="bold")
            _what_it_is(out, view)
            if view.stale:
                out.line(sign("unseen") + " " + _("it did not answer the last time; this is its last state"))
            held: dict[int, list[str]] = {}
            for one in view.addresses:
                held.setdefault(one.if_index, []).append(f"{one.address}/{one.prefixlen}")
            beyond = {
                one.local_if_index: f"{one.remote_name or one.remote_chassis} {one.remote_port_descr or one.remote_port}"
                for one in view.neighbors
            }
            names = {one.if_index: one.name for one in view.interfaces}
            tree = {one.if_index: _(one.state) for one in view.stp if one.state not in ("", "disabled")}
            out.records(
                "interface",
                view.interfaces,
                [
                    Column("", lambda one: sign("good" if one.oper_up else "open")),
                    Column(N_("number"), lambda one: one.if_index, right=True),
                    Column(N_("interface"), lambda one: one.name, style="cyan"),
                    Column(N_("MAC"), lambda one: one.mac),
                    Column(N_("addresses"), lambda one: " ".join(held.get(one.if_index, []))),
                    Column(N_("aggregate"), lambda one: names.get(one.lag)),
                    Column(N_("spanning tree"), lambda one: tree.get(one.if_index)),
                    Column(N_("neighbour"), lambda one: beyond.get(one.if_index)),
                    Column(N_("alias"), lambda one: one.alias),
                ],
                note=_("routes {routes}, ARP {arp}, forwarding {fdb}, VLANs {vlans}: with --json").format(
                    routes=len(view.routes), arp=len(view.arp), fdb=len(view.fdb), vlans=len(view.vlans)
                ),
            )

        out.record("device", report.full(view), text, plane=view.plane)


def _what_it_is(out: Output, view: DeviceView) -> None:
    """Hardware and versions, and what it is known by."""
    told = (
        (_("model"), view.model),
        (_("serial number"), " ".join(view.serials)),
        (_("software"), view.software),
        (_("chassis id"), view.chassis),
        (_("bridge MAC"), view.system.bridge),
        (_("SNMP engine"), view.system.engine),
        (_("router id"), view.system.router_id),
        (_("root of the spanning tree"), view.system.stp_root),
        (_("also walked as"), " ".join(view.aliases)),
    )
    for label, text in told:
        if text:
            out.line(f"  {labelled(label)}{printable(text)}")


def view_of(opened: Desk, name: str) -> DeviceView:
    """
    A walked device by name, address or alias.

    Raises:
        Missing: none was walked.
    """
    from netops.rounds import walk as rounds

    views = rounds.current(opened)
    for view in views:
        if name in (view.key, view.name, view.address, *view.aliases):
            return view
    for view in views:
        if any(held.address == name for held in view.addresses):
            return view
    raise Missing(
        "{name} was not shown",
        "no device of this name or address was walked",
        "netops topology devices",
        name=name,
    )


@click.command(cls=Command)
@click.option(
    "--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only links with an end in this plane.")
)
@click.option(
    "--segments", is_flag=True, help=N_("Instead: wires that several share, and boxes without management.")
)
@click.option(
    "--evidence", is_flag=True, help=N_("Every row that tells of a link, with who told it and since when.")
)
def links(plane: str | None, segments: bool, evidence: bool) -> None:
    """Every link between known devices, with who tells of it, and since when."""
    from netops.rounds import past
    from netops.rounds import walk as rounds
    from netops.topology import report

    out = output()
    with desk() as opened:
        if evidence:
            _evidence(out, past.evidence(opened), plane)
            return
        wired = rounds.wiring(opened)
        if segments:
            _segments(out, [one for one in wired.segments if plane in (None, one.plane)], plane)
            return
        seen = past.seen_since(opened)
        found = [link for link in wired.links if plane in (None, link.a.plane, link.b.plane)]
        items: list[Any] = [report.link(link, seen) for link in found] if out.json else list(found)
        out.records(
            "link",
            items,
            link_columns(seen),
            plane=plane,
            empty=_("No link was seen yet."),
            next_step="" if items else "netops topology walk",
        )


def link_columns(seen: Any = None) -> list[Column]:
    """How links are shown; *seen*: with when each was seen first (see `past.seen_since`)."""
    since = seen or {}

    def end(one: LinkEnd) -> str:
        return " ".join(part for part in (one.device, one.interface, one.lag, one.address) if part)

    def told(link: Link) -> str:
        return _("both ends") if link.two_sided else _("one end")

    def first(link: Link) -> Any:
        return since.get(link.place, (None, None))[0]

    columns = [
        Column("", lambda link: sign("bad" if link.crosses_planes else "good" if link.two_sided else "note")),
        Column(N_("a"), lambda link: end(link.a), style="cyan"),
        Column(N_("b"), lambda link: end(link.b), style="cyan"),
        Column(N_("plane"), lambda link: _(link.a.plane.label)),
        Column(N_("layer"), lambda link: link.layer, right=True),
        Column(
            N_("protocols"),
            lambda link: ", ".join(link.protocols) + (_(" (blocked)") if link.blocked else ""),
        ),
        Column(N_("told by"), told),
        Column(N_("confidence"), lambda link: f"{link.confidence:.1f}", right=True),
    ]
    return [*columns, Column(N_("since"), first)] if seen is not None else columns


def _segments(out: Output, found: list[Segment], plane: str | None) -> None:
    from netops.topology import report
    from netops.topology.segments import KINDS

    def ports(one: Segment) -> str:
        return ", ".join(f"{end.device} {end.interface or end.if_index}" for end in one.members)

    out.records(
        "segment",
        [report.segment(one) for one in found] if out.json else found,
        [
            Column(N_("what"), lambda one: _(KINDS[one.kind])),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("layer"), lambda one: one.layer, right=True),
            Column(N_("ports"), ports, style="cyan"),
            Column(N_("terminals"), lambda one: one.terminals, right=True),
        ],
        plane=plane,
        empty=_("No wire is shared."),
    )


def _evidence(out: Output, rows: list[Any], plane: str | None) -> None:
    rows = [one for one in rows if plane in (None, one.a.plane, one.b.plane)]
    out.records(
        "evidence",
        rows,
        [
            Column(N_("a"), lambda one: f"{one.a.device} {one.a.interface}".strip(), style="cyan"),
            Column(N_("b"), lambda one: f"{one.b.device} {one.b.interface}".strip(), style="cyan"),
            Column(N_("layer"), lambda one: one.layer, right=True),
            Column(N_("source"), lambda one: one.source),
            Column(N_("told by"), lambda one: one.teller),
            Column(N_("confidence"), lambda one: f"{one.confidence:.1f}", right=True),
            Column(N_("first seen"), lambda one: one.first_seen),
            Column(N_("last seen"), lambda one: one.last_seen),
            Column(N_("until"), lambda one: one.ended_at),
        ],
        plane=plane,
        empty=_("Nothing told of a link yet."),
    )


@click.command(cls=Command)
@click.option("--unknown", is_flag=True, help=N_("Only neighbours that nobody registered or walked."))
def neighbors(unknown: bool) -> None:
    """Every neighbour row (LLDP, CDP), known or not."""
    from netops.rounds import walk as rounds
    from netops.topology import report

    out = output()
    with desk() as opened:
        items = report.neighbors(rounds.current(opened), opened.register.devices)
        items = [one for one in items if not (unknown and one["known"])]
        out.records(
            "neighbor",
            items,
            [
                Column("", lambda one: sign("good" if one["known"] else "note")),
                Column(N_("device"), lambda one: one["device"], style="cyan"),
                Column(N_("interface"), lambda one: one["local_interface"]),
                Column(N_("protocol"), lambda one: one["protocol"]),
                Column(
                    N_("neighbour"),
                    lambda one: one["remote_device"] or one["remote_name"] or one["remote_chassis"],
                ),
                Column(N_("its port"), lambda one: one["remote_port_descr"] or one["remote_port"]),
                Column(N_("address"), lambda one: one["remote_address"]),
            ],
            empty=_("No neighbour was seen."),
        )
