"""`netops egress import`: flows out of other programs' files, with the plan first."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Output, labelled, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.flow_intake import Plan


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--format",
    "kind",
    default="",
    help=N_("nfdump-csv, nfdump-json, zeek, zeek-json, suricata, or a key of flow_logs/sessions.toml."),
)
@click.option(
    "--exporter",
    default="",
    metavar="DEVICE",
    help=N_("The registered device that saw the flows, by name or address."),
)
@click.option(
    "--plane",
    type=click.Choice(["intranet", "extranet"]),
    help=N_("The plane of a sensor that is no registered device."),
)
@click.option(
    "--through",
    default="",
    metavar="INTERFACE",
    help=N_("The device's interface to the internet, for logs that name none."),
)
@click.option("--utc", is_flag=True, help=N_("Times without a zone are UTC, not the city's."))
@click.option("--again", is_flag=True, help=N_("Although the same file was taken in before."))
def import_(
    file: Path, kind: str, exporter: str, plane: str | None, through: str, utc: bool, again: bool
) -> None:
    """
    Take in the flows of a file: nfdump's CSV or JSON, Zeek's conn.log, Suricata's eve.json, session logs of firewalls.

    They get the same columns and the same verdicts as those that the collector sees. Bad lines are named and counted.
    """
    from datetime import UTC

    from netops.core.clock import CITY_ZONE
    from netops.rounds import flow_intake

    out = output()
    with desk() as opened:
        asked = flow_intake.Asked(
            path=file,
            kind=kind,
            exporter=exporter,
            plane=plane or "",
            through=through,
            zone=UTC if utc else CITY_ZONE,
            again=again,
        )
        with out.progress(_("flows")) as progress:
            plan = flow_intake.planned(opened, asked, progress)
        if out.json and out.dry_run:
            from netops.cli.printing import document

            out.answer(document("import_plan", [plan]))
            return
        _show(out, plan)
        if not plan.flows:
            raise SystemExit(1)
        out.confirm(_("Take in {count} flows?").format(count=f"{plan.flows:,}"))
        with out.progress(_("flows")) as progress:
            done = flow_intake.apply(opened, asked, plan, progress)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("import", [done]))
        else:
            out.line(
                f"{sign('good')} " + _("{count} flows are in the archive").format(count=f"{done.rows:,}")
            )
            out.next("netops egress query 'exporter {exporter}' --by verdict --from {day}".format(
                exporter=plan.exporter, day=plan.first.date() if plan.first else ""))  # fmt: skip


def _show(out: Output, plan: Plan) -> None:
    from netops.core.clock import city_time

    out.say(
        _("{path}: {kind}, {flows} flows, {bad} bad lines").format(
            path=plan.path, kind=plan.kind, flows=f"{plan.flows:,}", bad=f"{plan.bad:,}"
        )
    )
    if plan.first and plan.last:
        out.say(
            "  " + _("from {first} to {last}").format(first=city_time(plan.first), last=city_time(plan.last))
        )
    for verdict, count in sorted(plan.verdicts.items(), key=lambda pair: -pair[1]):
        out.say(f"  {labelled(_(verdict))}{count:,}")
    for line, why, text in plan.named:
        place = _("line {number}").format(number=line) if line else "—"
        out.say(f"  {sign('bad')} {labelled(place)}{_(why)}  {text[:100]}", style="red")
    if plan.before:
        out.say(
            f"  {sign('note')} "
            + _("the same file was taken in on {day}").format(day=city_time(plan.before, "%Y-%m-%d"))
        )
