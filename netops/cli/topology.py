"""`netops topology`: walk and check; the rest is in `topology_seen`, `topology_past`, `topology_map`, `events`, `writing`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.events import events, listen
from netops.cli.printing import Column, Output, sign
from netops.cli.topology_map import map_, path
from netops.cli.topology_past import diff, history
from netops.cli.topology_seen import devices as devices_
from netops.cli.topology_seen import links, neighbors, show, shown_devices
from netops.cli.writing import adopt, set_
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds import Report
    from netops.topology.separation import Answer


@click.group(cls=Group)
def topology() -> None:
    """What is connected to what: walk the devices, and hold what was seen against the register."""


for command in (devices_, show, links, neighbors, path, map_, diff, history, events, listen, set_, adopt):
    topology.add_command(command)


# ---- walk
@topology.command()
@click.argument("devices", nargs=-1)
@click.option("--role", default="", help=N_("Only registered devices of this role."))
@click.option(
    "--ping", is_flag=True, help=N_("Ping the registered devices first, so that forwarding tables know them.")
)
@click.option(
    "--target",
    "targets",
    multiple=True,
    metavar="HOST[:PORT]",
    help=N_("A device that nobody registered; repeatable."),
)
@click.option(
    "--credential",
    "names",
    multiple=True,
    metavar="NAME",
    help=N_("A credential of the configuration for the targets; repeatable, tried in order."),
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
    ping: bool,
    targets: tuple[str, ...],
    names: tuple[str, ...],
    community: str | None,
    v3_user: str | None,
    v3_auth: str | None,
    v3_priv: str | None,
    plane: str,
) -> None:
    """Ask devices by SNMP: the registered ones, or any by --target."""
    from netops.cli.targets import credentials, target
    from netops.core.plane import Plane
    from netops.rounds import walk as rounds

    out = output()
    with desk() as opened, out.progress(_("walk")) as progress:
        if targets:
            asked = credentials(opened.config, names, community, v3_user, v3_auth, v3_priv)
            views, unseen = rounds.walk_targets(
                opened, [target(text, Plane(plane)) for text in targets], asked, progress
            )
            shown_devices(out, opened, views, unseen)
            raise SystemExit(3 if unseen else 0)
        report = rounds.run(opened, progress, targets=devices, role=role, ping=ping)
        _report(out, opened, report)
    raise SystemExit(report.exit_code)


def _report(out: Output, opened: Desk, report: Report) -> None:
    from netops.core import docket
    from netops.rounds import look

    anything = bool(report.facts["devices"])
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
        empty=_("Nothing stands: what is registered and what was seen agree.")
        if anything
        else _("No device was walked yet."),
        note=_(
            "{answered} of {devices} devices answered; {links} links; {opened} findings opened, {resolved} resolved."
        ).format(
            answered=report.facts["answered"],
            devices=report.facts["devices"],
            links=report.facts["links"],
            opened=len(report.opened),
            resolved=len(report.resolved),
        ),
        next_step="netops finding list"
        if report.standing
        else "netops topology map -o city.svg"
        if anything
        else "netops topology walk",
    )
    if not anything:
        raise SystemExit(3)


# ---- against the register
@topology.command()
@click.option(
    "--isolation",
    is_flag=True,
    help=N_("Only whether a path joins the planes, or the intranet and the internet."),
)
def check(isolation: bool) -> None:
    """Apply the rules to what was last seen, without asking any device."""
    from netops.rounds import walk as rounds

    out = output()
    with desk() as opened:
        if isolation:
            found = rounds.separation(opened)
            out.records(
                "isolation", found, _answer_columns(), unseen=found[0].cover.silent, note=_cover(found[0])
            )
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
