"""`netops round`: list, run, next."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds import Report

SIGNS = {
    N_("done"): "good",
    "partial": "unseen",
    N_("running"): "open",
    N_("failed"): "bad",
    N_("interrupted"): "bad",
    N_("overran"): "note",
    N_("missed"): "note",
}

LABELS = {"partial": N_("partly unseen")}
"""Outcomes whose word means something else elsewhere."""


def _told(facts: dict[str, Any]) -> str:
    """Counts with their names; a sentence of ours in the language in use."""
    return "  ".join(f"{_(key)} {_(value) if isinstance(value, str) and value else value}" for key, value in facts.items())


def _standing(one: Report) -> str:
    """How a round ended, as a sign: what was not done at all is not in order."""
    return "unseen" if one.unseen else "bad" if one.standing else "note" if "not probed" in one.facts else "good"


@click.group("round", cls=Group)
def round_() -> None:
    """Rounds: what fetches, asks the rooms and writes down."""


@round_.command("list")
@click.option("--limit", default=20, show_default=True, help=N_("How many runs, newest first."))
def list_(limit: int) -> None:
    """When each round ran, how long it took and how it ended; exit code 1 when the last run of one went wrong."""
    from netops.rounds import diary

    out = output()
    with desk() as opened:
        listed = diary.newest(opened.store, limit)
        last = diary.last(opened.store)
        out.records(
            "run",
            listed,
            [
                Column("", lambda run: sign(SIGNS[run.outcome])),
                Column(N_("round"), lambda run: _(run.round), style="cyan"),
                Column(N_("started"), lambda run: run.started),
                Column(
                    N_("seconds"),
                    lambda run: None if run.seconds is None else f"{run.seconds:.1f}",
                    right=True,
                ),
                Column(N_("outcome"), lambda run: _(LABELS.get(run.outcome, run.outcome))),
                Column(
                    N_("what"),
                    lambda run: run.error or _told(run.facts),
                ),
            ],
            empty=_("No round has run yet."),
            next_step="" if listed else "netops round run --all",
        )
    raise SystemExit(int(any(run.outcome in ("failed", "interrupted") for run in last.values())))


@round_.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help=N_("Every round, in order."))
def run(names: tuple[str, ...], everything: bool) -> None:
    """Run rounds now. Exit code 3 when part of the network was not seen, 1 when something is not in order."""
    from netops.core.errors import NetopsError
    from netops.rounds import diary, inventory

    out = output()
    if not names and not everything:
        raise NetopsError("no round was run", "none was named", "netops round run walk, or --all")
    reports, failed = [], []
    with desk() as opened:
        if inventory.ensure(opened):
            out.say(
                _("The register was empty: {folder} is in force now.").format(folder=opened.config.inventory)
            )
        for name in tuple(diary.ROUNDS) if everything else names:
            with out.progress(_(name)) as progress:
                try:
                    reports.append(diary.run(opened, name, progress))
                except NetopsError as error:
                    if not everything:
                        raise
                    failed.append(error)
                    out.error(error)
        out.records(
            "report",
            reports,
            [
                Column("", lambda one: sign(_standing(one))),
                Column(N_("round"), lambda one: _(one.round), style="cyan"),
                Column(N_("opened"), lambda one: len(one.opened), right=True),
                Column(N_("resolved"), lambda one: len(one.resolved), right=True),
                Column(N_("standing"), lambda one: len(one.standing), right=True),
                Column(N_("what"), lambda one: _told(one.facts)),
            ],
            unseen=[unseen for one in reports for unseen in one.unseen],
            next_step="netops finding list",
        )
    if failed:
        raise SystemExit(max(error.exit_code for error in failed))
    raise SystemExit(max((one.exit_code for one in reports), default=0))


@round_.command("next")
def next_() -> None:
    """When each round is due, from its period and its last run."""
    from datetime import timedelta

    from netops.rounds import diary
    from netops.settings import seconds

    out = output()
    with desk() as opened:
        last = diary.last(opened.store)
        rows = []
        for name in diary.ROUNDS:
            period = seconds(getattr(opened.config.timetable, name))
            due = last[name].started + timedelta(seconds=period) if name in last and period else None
            rows.append(
                {
                    "round": name,
                    "every_seconds": period,
                    "last": last[name].started if name in last else None,
                    "next": due,
                }
            )
        out.records(
            "round",
            rows,
            [
                Column(N_("round"), lambda row: _(row["round"]), style="cyan"),
                Column(
                    N_("every"),
                    lambda row: f"{row['every_seconds']:.0f} s" if row["every_seconds"] else _("never"),
                    right=True,
                ),
                Column(N_("last"), lambda row: row["last"]),
                Column(N_("next"), lambda row: row["next"]),
            ],
            note=_("`netops serve` keeps this timetable."),
        )
