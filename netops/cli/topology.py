"""`netops topology`: walk, devices, show, links, neighbors, path, map, diff, check, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output, sign
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds import Report
    from netops.topology.device import DeviceView
    from netops.topology.link import Link, LinkEnd
    from netops.topology.separation import Answer


@click.group(cls=Group)
def topology() -> None:
    """What is connected to what: walk the devices, and hold what was seen against the register."""


# ---- walk
@topology.command()
@click.argument("devices", nargs=-1)
@click.option("--role", default="", help=N_("Only registered devices of this role."))
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="HOST[:PORT]",
    help=N_("A device that nobody registered; repeatable."),
)
@click.option("--community", metavar="TEXT", help=N_("SNMPv2c community of the targets."))
@click.option("--v3-user", metavar="USER", help=N_("SNMPv3 user of the targets."))
@click.option("--v3-auth", metavar="PROTO:KEYFILE", help=N_("Authentication, such as SHA:auth.key."))
@click.option("--v3-priv", metavar="PROTO:KEYFILE", help=N_("Encryption, such as AES:priv.key."))
@click.option(
    "--plane",
    type=click.Choice(["intranet", "extranet"]),
    default="extranet",
    help=N_("Plane of the targets."),
)
def walk(
    devices: tuple[str, ...],
    role: str,
    targets: tuple[str, ...],
    community: str | None,
    v3_user: str | None,
    v3_auth: str | None,
    v3_priv: str | None,
    plane: str,
) -> None:
    """Ask devices by SNMP: the registered ones, or any by --target."""
    from netops.cli.targets import credential, target
    from netops.core.plane import Plane
    from netops.rounds import walk as rounds

    out = output()
    with desk() as opened, out.progress(_("walk")) as progress:
        if targets:
            asked = credential(community, v3_user, v3_auth, v3_priv)
            views, unseen = rounds.walk_targets(
                opened, [target(text, Plane(plane)) for text in targets], asked, progress
            )
            _devices(out, opened, views, unseen)
            raise SystemExit(3 if unseen else 0)
        report = rounds.run(opened, progress, targets=devices, role=role)
        _report(out, opened, report)
    raise SystemExit(report.exit_code)


def _report(out: Output, opened: Desk, report: Report) -> None:
    from netops.core import docket
    from netops.rounds import look

    standing = [docket.one(opened.store, number) for number in report.standing]
    items = [look.finding_record(one) for one in standing] if out.json else standing
    out.records(
        "finding",
        items,
        [
            Column(N_("number"), lambda one: one.id, style="cyan"),
            Column(N_("rule"), lambda one: one.code),
            Column(N_("severity"), lambda one: _(one.severity)),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("organization"), lambda one: opened.register.name(one.organization)),
            Column(N_("what"), lambda one: look.title(one)),
            Column(N_("last seen"), lambda one: one.last_seen),
        ],
        unseen=report.unseen,
        empty=_("Nothing stands: what is registered and what was seen agree."),
        note=_(
            "{answered} of {devices} devices answered; {links} links; {opened} findings opened, {resolved} resolved."
        ).format(
            answered=report.facts["answered"],
            devices=report.facts["devices"],
            links=report.facts["links"],
            opened=len(report.opened),
            resolved=len(report.resolved),
        ),
        next_step="netops finding list" if report.standing else "netops topology map -o city.svg",
    )


# ---- what was seen
@topology.command()
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only this plane."))
def devices(plane: str | None) -> None:
    """Every device that was walked; exit code 3 when one did not answer the last time."""
    from netops.rounds import walk as rounds
    from netops.topology import snapshots

    out = output()
    with desk() as opened:
        views = [view for view in rounds.current(opened) if plane in (None, view.plane)]
        unseen = [
            one
            for one in snapshots.silent(opened.store)
            if one.plane in opened.planes and plane in (None, one.plane)
        ]
        _devices(out, opened, views, unseen, plane)
    raise SystemExit(3 if unseen else 0)


def _devices(
    out: Output, opened: Desk, views: list[DeviceView], unseen: Any, plane: str | None = None
) -> None:
    entries = {(entry.plane, entry.name): entry for entry in opened.register.devices}
    items = [
        {
            "plane": view.plane,
            "name": view.key,
            "sys_name": view.system.name,
            "address": view.address,
            "at": view.at,
            "stale": view.stale,
            "partial": view.partial,
            "registered": (view.plane, view.key) in entries,
            "organization": entries[view.plane, view.key].organization
            if (view.plane, view.key) in entries
            else "",
            "role": entries[view.plane, view.key].role if (view.plane, view.key) in entries else "",
            "descr": view.system.descr,
            "object_id": view.system.object_id,
            "location": view.system.location,
            "uptime_seconds": view.system.uptime_seconds,
            "interfaces": len(view.interfaces),
            "addresses": len(view.addresses),
            "routes": len(view.routes),
            "arp": len(view.arp),
            "fdb": len(view.fdb),
            "vlans": len(view.vlans),
            "neighbors": len(view.neighbors),
        }
        for view in views
    ]
    out.records(
        "device",
        items,
        [
            Column("", lambda one: sign("unseen" if one["stale"] else "note" if one["partial"] else "good")),
            Column(N_("device"), lambda one: one["name"], style="cyan"),
            Column(N_("plane"), lambda one: _(one["plane"].label)),
            Column(N_("address"), lambda one: one["address"]),
            Column(N_("role"), lambda one: _(one["role"])),
            Column(N_("organization"), lambda one: opened.register.name(one["organization"])),
            Column(N_("interfaces"), lambda one: one["interfaces"], right=True),
            Column(N_("routes"), lambda one: one["routes"], right=True),
            Column(N_("ARP"), lambda one: one["arp"], right=True),
            Column(N_("FDB"), lambda one: one["fdb"], right=True),
            Column(N_("neighbours"), lambda one: one["neighbors"], right=True),
            Column(N_("seen"), lambda one: one["at"]),
        ],
        plane=plane,
        unseen=unseen,
        empty=_("No device was walked yet."),
        next_step="" if items else "netops topology walk",
    )


@topology.command()
@click.argument("device")
def show(device: str) -> None:
    """One device: interfaces, addresses, neighbours, and how many rows its tables hold."""
    from netops.topology import report

    out = output()
    with desk() as opened:
        view = _view(opened, device)

        def text() -> None:
            out.line(f"{view.key}  {view.address}  {_(view.plane.label)}  {view.system.descr}", style="bold")
            if view.stale:
                out.line(sign("unseen") + " " + _("it did not answer the last time; this is its last state"))
            held: dict[int, list[str]] = {}
            for one in view.addresses:
                held.setdefault(one.if_index, []).append(f"{one.address}/{one.prefixlen}")
            beyond = {
                one.local_if_index: f"{one.remote_name or one.remote_chassis} {one.remote_port_descr or one.remote_port}"
                for one in view.neighbors
            }
            out.records(
                "interface",
                view.interfaces,
                [
                    Column("", lambda one: sign("good" if one.oper_up else "open")),
                    Column(N_("number"), lambda one: one.if_index, right=True),
                    Column(N_("interface"), lambda one: one.name, style="cyan"),
                    Column(N_("MAC"), lambda one: one.mac),
                    Column(N_("addresses"), lambda one: " ".join(held.get(one.if_index, []))),
                    Column(N_("neighbour"), lambda one: beyond.get(one.if_index)),
                    Column(N_("alias"), lambda one: one.alias),
                ],
                note=_("routes {routes}, ARP {arp}, forwarding {fdb}, VLANs {vlans}: with --json").format(
                    routes=len(view.routes), arp=len(view.arp), fdb=len(view.fdb), vlans=len(view.vlans)
                ),
            )

        out.record("device", report.full(view), text, plane=view.plane)


def _view(opened: Desk, name: str) -> DeviceView:
    from netops.rounds import walk as rounds

    for view in rounds.current(opened):
        if name in (view.key, view.name, view.address) or any(
            held.address == name for held in view.addresses
        ):
            return view
    raise Missing(
        "{name} was not shown",
        "no device of this name or address was walked",
        "netops topology devices",
        name=name,
    )


@topology.command()
@click.option(
    "--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only links with an end in this plane.")
)
def links(plane: str | None) -> None:
    """Every link between known devices, with who tells of it."""
    from netops.rounds import walk as rounds
    from netops.topology import report

    out = output()
    with desk() as opened:
        found = [link for link in rounds.links(opened) if plane in (None, link.a.plane, link.b.plane)]
        items: list[Any] = [report.link(link) for link in found] if out.json else list(found)
        out.records(
            "link",
            items,
            _link_columns(),
            plane=plane,
            empty=_("No link was seen yet."),
            next_step="" if items else "netops topology walk",
        )


def _link_columns() -> list[Column]:
    def end(one: LinkEnd) -> str:
        return " ".join(part for part in (one.device, one.interface, one.address) if part)

    def told(link: Link) -> str:
        return _("both ends") if link.two_sided else _("one end")

    return [
        Column("", lambda link: sign("bad" if link.crosses_planes else "good" if link.two_sided else "note")),
        Column(N_("a"), lambda link: end(link.a), style="cyan"),
        Column(N_("b"), lambda link: end(link.b), style="cyan"),
        Column(N_("plane"), lambda link: _(link.a.plane.label)),
        Column(N_("layer"), lambda link: link.layer, right=True),
        Column(N_("protocols"), lambda link: ", ".join(link.protocols)),
        Column(N_("told by"), told),
        Column(N_("confidence"), lambda link: f"{link.confidence:.1f}", right=True),
    ]


@topology.command()
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


@topology.command()
@click.argument("start", metavar="A")
@click.argument("end", metavar="B")
@click.option(
    "--layer",
    type=click.IntRange(2, 3),
    default=2,
    show_default=True,
    help=N_("2: over links; 3: by routing tables."),
)
def path(start: str, end: str, layer: int) -> None:
    """The way from device A to device B (or, at layer 3, to an address); exit code 1 when there is none."""
    from netops.rounds import walk as rounds
    from netops.topology import path as paths
    from netops.topology import report

    out = output()
    with desk() as opened:
        views = rounds.current(opened)
        if layer == 2:
            a, b = (_view(opened, name).key for name in (start, end))
            found = paths.over_links(rounds.links(opened), a, b)
            out.records(
                "link",
                [report.link(link) for link in found] if out.json else found,
                _link_columns(),
                empty=_("No path was found from {a} to {b}.").format(a=a, b=b),
            )
            raise SystemExit(0 if found or a == b else 1)
        goal = (
            end
            if any(char in end for char in ".:") and not any(end == view.key for view in views)
            else _view(opened, end).address
        )
        way = paths.by_routes(views, _view(opened, start), goal)
        out.records(
            "hop",
            way.hops,
            [
                Column(N_("device"), lambda hop: hop.device, style="cyan"),
                Column(N_("route"), lambda hop: hop.route),
                Column(N_("next hop"), lambda hop: hop.next_hop),
                Column(N_("interface"), lambda hop: hop.interface),
            ],
            note=_(way.end) if way.end else "",
        )
    raise SystemExit(1 if way.end else 0)


# ---- against the register
@topology.command()
@click.option(
    "--isolation", is_flag=True, help=N_("Only whether a path joins the planes, or the intranet and the internet.")
)
def check(isolation: bool) -> None:
    """Apply the rules to what was last seen, without asking any device."""
    from netops.rounds import walk as rounds

    out = output()
    with desk() as opened:
        if isolation:
            found = rounds.separation(opened)
            out.records("isolation", found, _answer_columns(), unseen=found[0].cover.silent, note=_cover(found[0]))
            raise SystemExit(1 if any(one.path for one in found) else 3 if not found[0].cover.is_whole else 0)
        report = rounds.check(opened)
        _report(out, opened, report)
    raise SystemExit(report.exit_code)


def _answer_columns() -> list[Column]:
    def way(one: Answer) -> str:
        ends = [(f"{step.a} {step.a_interface}".strip(), step.source) for step in one.path]
        last = [f"{one.path[-1].b} {one.path[-1].b_interface}".strip()] if one.path else []
        return " ".join([*(f"{end} --{source}--" for end, source in ends), *last])

    between = {
        "intranet-extranet": N_("intranet and extranet"),
        "intranet-internet": N_("intranet and internet"),
    }
    return [
        Column("", lambda one: sign("bad" if one.path else "good" if one.cover.is_whole else "note")),
        Column(N_("between"), lambda one: _(between[one.question])),
        Column(N_("answer"), lambda one: _(one.verdict)),
        Column(N_("path"), way),
        Column(N_("crossings"), lambda one: one.crossings, right=True),
    ]


def _cover(one: Answer) -> str:
    cover = one.cover
    return _(
        "It rests on {answered} of {devices} devices; {partial} were read in part, {mute} speak no neighbour "
        "protocol, {blind} have neither a forwarding table nor ARP."
    ).format(
        answered=cover.answered,
        devices=cover.devices,
        partial=len(cover.partial),
        mute=len(cover.mute),
        blind=len(cover.blind),
    )


@topology.command()
def diff() -> None:
    """What is registered and not seen, and what is seen and not registered; exit code 1 when they differ."""
    from netops.rounds import walk as rounds

    out = output()
    with desk() as opened:
        items, unseen = rounds.differences(opened)
        out.records(
            "difference",
            items,
            [
                Column(N_("rule"), lambda one: one["code"]),
                Column(N_("plane"), lambda one: _(one["plane"].label)),
                Column(N_("what"), lambda one: one["title"]),
                Column(N_("because"), lambda one: one["because"]),
            ],
            unseen=unseen,
            empty=_("What is registered and what was seen agree."),
        )
    raise SystemExit(3 if unseen else int(bool(items)))


@topology.command("map")
def map_() -> None:
    """Draw the networks: -o city.svg, city.dot or city.json; SVG on stdout without -o."""
    from netops.rounds import chart
    from netops.topology import report

    out = output()
    suffix = out.file.suffix if out.file else ""
    with desk() as opened:
        if suffix == ".json" or out.json:
            devices, found, _findings = chart.drawing(opened)
            out.json = True
            out.records("map", [{"devices": devices, "links": [report.link(link) for link in found]}], [])
        elif suffix in (".svg", ""):
            out.lines([chart.svg(opened)])
        elif suffix in (".dot", ".gv"):
            out.lines([chart.dot(opened)])
        else:
            raise NetopsError(
                "the map was not drawn",
                "{suffix} is not a kind of map",
                "use -o city.svg, city.dot or city.json",
                suffix=suffix,
            )


@topology.command()
@click.argument("device")
def history(device: str) -> None:
    """How a device changed: every kept state of each of its parts, newest first."""
    from netops.topology import snapshots

    out = output()
    with desk() as opened:
        items = snapshots.changes(opened.store, _view(opened, device).key)
        out.records(
            "change",
            items,
            [
                Column(N_("part"), lambda one: _(one["part"]), style="cyan"),
                Column(N_("from"), lambda one: one["valid_from"]),
                Column(N_("to"), lambda one: one["valid_to"]),
                Column(
                    N_("rows"),
                    lambda one: len(one["body"]) if isinstance(one["body"], list) else 1,
                    right=True,
                ),
            ],
        )
