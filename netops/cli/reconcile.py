"""`netops pool reconcile` and `netops ip reconcile`: what is allocated and declared beside what is seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, output
from netops.cli import desk as open_desk
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.core.finding import Finding
    from netops.rounds import Report


@click.command(cls=Command)
@click.argument("prefix", required=False)
def reconcile(prefix: str | None) -> None:
    """
    Hold allocations and declarations against what is seen, by every source.

    Exit code 3 when part was not seen: what is not seen is unknown, never gone. Else 1 when something stands, else 0.
    """
    from netops.core import docket
    from netops.rounds import look
    from netops.rounds import reconcile as rounds

    out = output()
    with open_desk() as opened:
        with out.progress(_("reconcile")) as progress:
            report = rounds.run(opened, progress, prefix)
        listed = sorted(
            (docket.one(opened.store, number) for number in report.standing),
            key=lambda one: (one.code, one.id),
        )
        register = opened.register
        if listed and not (out.json or out.csv):
            out.line(_sentence(report, listed), style="bold")
        out.records("finding", [look.finding_record(one) for one in listed] if out.json else listed, [
            Column("", lambda one: sign("bad")),
            Column(N_("number"), lambda one: one.id, style="cyan"),
            Column(N_("rule"), lambda one: one.code),
            Column(N_("what"), look.title),
            Column(N_("place"), lambda one: one.facts.get("place", "")),
            Column(N_("organization"), lambda one: register.name(one.organization)),
            Column(N_("first seen"), lambda one: one.first_seen),
            Column(N_("last seen"), lambda one: one.last_seen),
            Column(N_("by"), lambda one: ", ".join(one.subject.get("sources", ()))),
        ], unseen=report.unseen, empty=_sentence(report, listed),
            note=_("{terminals} terminals were held against {allocations} allocations, by {sources} sources.").format(
                **report.facts),
            next_step=_next(report, listed))  # fmt: skip
    raise SystemExit(report.exit_code)


def _sentence(report: Report, listed: list[Finding]) -> str:
    """The answer in one sentence."""
    count, blind = len(listed), len(report.unseen)
    if blind and count:
        return _(
            "{count} differences stand; {blind} sources or prefixes were not seen: what they would tell is unknown."
        ).format(count=count, blind=blind)
    if blind:
        return _(
            "No difference is known; {blind} sources or prefixes were not seen: what they would tell is unknown."
        ).format(blind=blind)
    if count:
        return _("{count} differences stand.").format(count=count)
    return _("What is allocated and declared agrees with what is seen.")


def _next(report: Report, listed: list[Finding]) -> str:
    if listed:
        return f"netops finding show {listed[0].id}"
    return "netops ip sources" if report.unseen else ""
