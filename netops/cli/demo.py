"""`netops demo`: the whole job on a recorded city."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Command, output
from netops.cli.printing import Column, Output, sign
from netops.core.language import N_, _, series, spoken

if TYPE_CHECKING:
    from netops.rounds.demo import Day, Demo
    from netops.rounds.egress import Watcher

STEPS = {"day": N_("a legitimate day"), "breach": N_("the same city, with rules broken")}


@click.command(cls=Command)
@click.argument("folder", type=click.Path(file_okay=False), default="netops-demo")
@click.option(
    "--exit", "leave", is_flag=True, help=N_("End after the documents instead of serving the page.")
)
def demo(folder: str, leave: bool) -> None:
    """
    Play a recorded city on loopback: walk it, collect its flows, reconcile, find, write the notice and the checklist.

    Needs no root and no internet. FOLDER keeps the configuration, the store and the documents; afterwards every
    command works on it: netops -c FOLDER/config.toml status.
    """
    from netops.rounds import demo as rounds
    from netops.rounds.egress import Watcher

    out = output()
    with rounds.prepared(Path(folder)) as prepared, Watcher(prepared.desk) as watcher:
        out.say(
            _(
                "{city}: recorded devices answer SNMP on port {port}, exporters send to port {collector}, all on loopback"
            ).format(
                city=prepared.desk.config.city.title(spoken()),
                port=prepared.agents.port,
                collector=prepared.collector,
            )
        )
        out.say(f"{sign('good')} " + _("register in force: {count} entries").format(count=prepared.apply()))
        days = [_play(out, prepared, watcher, name) for name in STEPS]
        written = [(kind, path, word) for kind, path, word in prepared.documents()]
        _findings(out, prepared, days[-1])
        for kind, path, word in written:
            out.say(f"{sign('note' if word else 'good')} {_(kind)}: {word or path}")
        config = Path(folder) / "config.toml"
        out.say(f"{sign('good')} " + _("store: {store}").format(store=prepared.desk.store.shown_url()))
        out.next(f"netops -c {config} status")
        if not leave:
            from netops.web import serving

            address = prepared.desk.config.web.listen
            out.say(
                _("page: {url}   metrics: {url}metrics   (Ctrl-C ends it)").format(url=f"http://{address}/")
            )
            serving.run(prepared.desk, address)
    if not leave:
        out.say(_("stopped"))
        serving.leave()


def _play(out: Output, prepared: Demo, watcher: Watcher, name: str) -> Day:
    out.say("\n" + _("— {step}").format(step=_(STEPS[name])), style="bold")
    with out.progress(_(STEPS[name])) as progress:
        day = prepared.play(name, watcher, progress, lambda sent: progress(sent, 0, _("datagrams")))
    facts = {key: value for report in day.reports for key, value in report.facts.items()}
    out.say("  " + "  ".join(f"{_(key)} {value}" for key, value in facts.items()))
    state = "bad" if day.findings else "good"
    out.say(
        f"{sign(state)} "
        + (
            _("Findings that stand: {count}.").format(count=len(day.findings))
            if day.findings
            else _("Everything that was looked at is in order.")
        )
    )
    return day


def _findings(out: Output, prepared: Demo, day: Day) -> None:
    from netops.rounds import look

    register = prepared.desk.register
    items = [look.finding_record(one) for one in day.findings] if out.json else day.findings
    out.records(
        "finding",
        items,
        [
            Column(N_("number"), lambda one: one.id, style="cyan"),
            Column(N_("rule"), lambda one: one.code),
            Column(N_("severity"), lambda one: _(one.severity)),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("organization"), lambda one: register.name(one.organization)),
            Column(N_("what"), lambda one: look.title(one)),
            Column(
                N_("article"), lambda one: series(basis.article for basis in one.basis), right=True
            ),
        ],
    )
