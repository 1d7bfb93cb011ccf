"""`netops topology` map and path: the network as a picture, and the way through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column
from netops.cli.topology_seen import link_columns, view_of
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk


@click.command(cls=Command)
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
    """The way from A to B, devices or terminals (at layer 3, to an address); exit code 1 when there is none."""
    from netops.rounds import walk as rounds
    from netops.topology import path as paths
    from netops.topology import report

    out = output()
    with desk() as opened:
        views = rounds.current(opened)
        if layer == 2:
            a, b = (_switch_of(opened, name) for name in (start, end))
            found = paths.over_links(rounds.links(opened), a, b)
            out.records(
                "link",
                [report.link(link) for link in found] if out.json else found,
                link_columns(),
                empty=_("No path was found from {a} to {b}.").format(a=a, b=b),
            )
            raise SystemExit(0 if found or a == b else 1)
        goal = (
            end
            if any(char in end for char in ".:") and not any(end == view.key for view in views)
            else view_of(opened, end).address
        )
        way = paths.by_routes(views, view_of(opened, start), goal)
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


def _switch_of(opened: Desk, name: str) -> str:
    """The device of this name or address, or the one at whose port a terminal with this address or MAC was seen last."""
    from netops.topology import snapshots

    mac = name.lower().replace("-", ":")
    spans = [
        one
        for one in (
            *snapshots.sightings(opened.store, None, at=opened.at, ip=name),
            *snapshots.sightings(opened.store, None, at=opened.at, mac=mac),
        )
        if one.switch and one.plane in opened.planes
    ]
    return max(spans, key=lambda one: one.last_seen).switch if spans else view_of(opened, name).key


@click.command("map", cls=Command)
def map_() -> None:
    """Draw the networks: -o city.svg, .png, .dot, .graphml or .json; SVG on stdout without -o."""
    from netops.rounds import chart
    from netops.topology import report

    out = output()
    suffix = out.file.suffix if out.file else ""
    with desk() as opened:
        if suffix == ".json" or out.json:
            devices, found, _findings, segments = chart.drawing(opened)
            out.json = True
            links = [report.link(link) for link in found]
            shared = [report.segment(one) for one in segments]
            out.records("map", [{"devices": devices, "links": links, "segments": shared}], [])
        elif suffix in (".svg", ""):
            out.lines([chart.svg(opened)])
        elif suffix == ".png":
            out.content(chart.png(opened))
        elif suffix in (".dot", ".gv"):
            out.lines([chart.dot(opened)])
        elif suffix == ".graphml":
            out.lines([chart.graphml(opened)])
        else:
            raise NetopsError(
                "the map was not drawn",
                "{suffix} is not a kind of map",
                "use -o city.svg, .png, .dot, .graphml or .json",
                suffix=suffix,
            )
