"""`netops exit`: list, show, file."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled
from netops.core.clock import city_time
from netops.core.language import N_, _, series

DAY = timedelta(days=1)
BLOCKS = "▁▂▃▄▅▆▇█"


@click.group("exit", cls=Group)
def exit_() -> None:
    """Internet exits of the register: shared, separate (filed), county."""


@exit_.command("list")
def list_() -> None:
    """Every registered exit."""
    out = output()
    with desk() as opened:
        register = opened.register
        out.records(
            "exit",
            register.exits,
            [
                Column(N_("exit"), lambda one: one.id, style="cyan"),
                Column(N_("kind"), lambda one: _(one.kind)),
                Column(N_("device"), lambda one: one.device),
                Column(N_("interface"), lambda one: one.interface or one.net),
                Column(N_("organization"), lambda one: register.name(one.organization)),
                Column(N_("public address"), lambda one: one.public_address),
                Column(N_("filing"), lambda one: one.filing),
                Column(N_("valid until"), lambda one: one.valid_until),
            ],
            plane="extranet",
            empty=_("The register has no exit."),
            next_step=f"netops exit show {register.exits[0].id}" if register.exits else "",
        )


@exit_.command()
@click.argument("name", metavar="EXIT")
def show(name: str) -> None:
    """One exit: where it is, whose, by which filing, and what passed there in the last day."""
    from netops.core import docket
    from netops.core.errors import Missing
    from netops.core.finding import STANDING
    from netops.egress import hits
    from netops.rounds import look

    out = output()
    with desk() as opened:
        register = opened.register
        one = next((entry for entry in register.exits if entry.id == name), None)
        if one is None:
            raise Missing("there is no exit {name}", "", "netops exit list", name=name)
        until = opened.clock()
        only: dict[str, list[str]] = {"plane": [one.plane], "exit": [one.id]}
        passed = {total.keys[0]: total for total in hits.sums(opened.store, ("verdict",), until - DAY, until, only=only)}
        findings = [
            entry
            for entry in docket.listed(opened.store, state=STANDING)
            if entry.code.startswith("EG-") and entry.subject.get("device") == one.device
        ]

        def text() -> None:
            assert one is not None  # noqa: S101 - checked above
            out.line(f"{one.id}  {_(one.kind)}", style="bold")
            for label, value in (
                (_("device"), f"{one.device} {one.interface}".strip()),
                (_("outer link"), one.net),
                (_("organization"), register.name(one.organization)),
                (_("public address"), one.public_address),
                (_("carrier"), one.carrier),
                (_("filing"), one.filing),
                (_("valid until"), one.valid_until),
                (_("published"), series(f"{port} → {to}" for port, to in one.published.items())),
            ):
                out.line(f"  {labelled(label)}{value or '—'}")
            for verdict, total in sorted(passed.items()):
                out.line(
                    "  "
                    + _("last day, {verdict}: {flows} flows, {bytes} bytes").format(
                        verdict=_(verdict), flows=total.flows, bytes=total.bytes
                    )
                )
            for finding in findings:
                out.line(f"  ✗ {finding.id} {finding.code} {look.title(finding)}", style="red")

        out.record(
            "exit",
            {
                "exit": one,
                "last_day": {
                    verdict: {"flows": total.flows, "packets": total.packets, "bytes": total.bytes}
                    for verdict, total in passed.items()
                },
                "findings": [look.finding_record(entry) for entry in findings],
            },
            text,
            plane="extranet",
        )


@exit_.command()
@click.option(
    "--window", type=click.Choice(["hour", "day", "week", "month"]), default="day", show_default=True, help=N_("How far back.")
)
def traffic(window: str) -> None:
    """What passed at each exit over time, unfiled ones first. Exit code 1 when an unfiled one was used."""
    from netops.rounds import exit_traffic
    from netops.rounds.exit_traffic import KINDS, UNFILED

    out = output()
    with desk() as opened:
        told = exit_traffic.traffic(opened, window, opened.planes)

        def text() -> None:
            most = max((max(way.steps, default=0) for way in told.ways), default=0)
            said = _("{first} to {last}, each step {minutes} minutes; bytes of both directions")
            first, last = city_time(told.since), city_time(told.until)
            out.say(said.format(first=first, last=last, minutes=told.step_seconds // 60))
            out.records(
                "exit",
                told.ways,
                [
                    Column(N_("exit"), lambda one: one.name, style="cyan"),
                    Column(N_("kind"), lambda one: _(KINDS[one.kind]), style=lambda one: "red" if one.kind == UNFILED else ""),
                    Column(N_("organization"), lambda one: opened.register.name(one.organization)),
                    Column(N_("flows"), lambda one: one.total.flows, right=True),
                    Column(N_("bytes"), lambda one: one.total.bytes, right=True),
                    Column(N_("over time"), lambda one: _line(one.steps, most)),
                ],
                empty=_("The register has no exit."),
            )

        out.record("exit_traffic", told, text)
    raise SystemExit(int(any(way.kind == UNFILED and way.total.flows for way in told.ways)))


def _line(steps: Sequence[int], most: int) -> str:
    """A curve in one line of text, at most 48 wide; all curves by the same measure."""
    wide = max(-(-len(steps) // 48), 1)
    parts = [max(steps[place : place + wide]) for place in range(0, len(steps), wide)]
    return "".join(BLOCKS[-(-part * (len(BLOCKS) - 1) // most)] if most and part else " " for part in parts)


@exit_.command("file")
@click.argument("name", metavar="EXIT")
@click.option("--number", required=True, metavar="TEXT", help=N_("Number of the filing, as the authority's book has it."))
@click.option("--line", required=True, metavar="TEXT", help=N_("The carrier's number of the line."))
@click.option("--on", default="", metavar="DATE", help=N_("Day of submission; today when not given."))
@click.option("--until", default="", metavar="DATE", help=N_("The last day of the filing."))
@click.option("--reason", default="", metavar="TEXT", help=N_("Why the shared exit does not do."))
@click.option("--place", default="", metavar="TEXT", help=N_("Where the line comes in."))
@click.option("--received-by", default="", metavar="NAME", help=N_("Who took it at the authority."))
@click.option("--technical", type=click.Path(path_type=Path), help=N_("The technical scheme: PDF, DOCX or picture."))
@click.option("--security", type=click.Path(path_type=Path), help=N_("The security scheme."))
def file_(
    name: str, number: str, line: str, on: str, until: str, reason: str, place: str, received_by: str,
    technical: Path | None, security: Path | None,
) -> None:  # fmt: skip
    """
    File the scheme of a separate exit that stands in exits.toml (Article 12).

    The record goes into the register of schemes with its files, the number and term into exits.toml; `inventory apply` puts
    it in force. A filing is a report, not a permit.
    """
    from netops.cli.inventory import show_changes
    from netops.cli.register import show_edit
    from netops.rounds import exit_filing

    out = output()
    with desk() as opened:
        given = {"reason": reason, "place": place, "received_by": received_by}
        filing = exit_filing.plan(
            opened, name, number=number, line=line, on=on, until=until, given=given, technical=technical, security=security
        )
        show_edit(out, opened, filing.edit)
        if not out.json:
            show_changes(out, filing.draft)
        for missing, path in ((_("the technical scheme"), technical), (_("the security scheme"), security)):
            if path is None:
                out.say(f"! {_('{what} is not attached').format(what=missing)}", style="yellow")
        out.confirm(_("File it?"))
        entry = exit_filing.apply(opened, filing)
        out.record("filing", {"exit": filing.exit, "record": entry}, lambda: out.line(f"✓ {entry.number} {entry.title}"))
        out.next("" if out.json else "netops inventory plan")
