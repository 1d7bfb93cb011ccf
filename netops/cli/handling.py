"""The verbs of `netops incident` that people handle with: move, ack, times, fact, note, timeline, task, person, cost."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output, papers
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.core.journal import Act
    from netops.desk import Desk
    from netops.incidents.incident import Incident

STAGES = ("assessing", "graded", "reported", "handling", "handled", "summarized")
TASKS = {"done": "good", "skipped": "note", "open": "open"}
why_option = click.option("--why", required=True, help=N_("The reason, for the journal."))
at_option = click.option("--when", metavar="TIME", help=N_("When it was; else now."))


def _do(number: str, plan: Callable[[Incident], str], change: Callable[[Desk, Act, Incident], object], said: str) -> None:
    """Show the plan, ask, do it in one act, and show the incident as it stands after."""
    from netops.core import journal
    from netops.incidents import casebook

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        out.say(plan(one))
        out.confirm(_("Do it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            change(opened, act, one)
        _shown(out, opened, one.number, said.format(number=one.number))


def _shown(out: Output, opened: Desk, number: str, text: str) -> None:
    from netops.cli import dossier
    from netops.incidents import casebook

    one = casebook.one(opened.store, number)

    def told() -> None:
        out.line(text)
        out.next(f"netops incident show {number}")

    out.record("incident", dossier.record(one, opened.clock()), told, plane=one.plane)


@click.command(cls=Command)
@click.argument("number")
@click.argument("to", type=click.Choice(STAGES))
@why_option
@at_option
def move(number: str, to: str, why: str, when: str | None) -> None:
    """Move an incident along its course; with `handled` the term of the summary report starts."""
    from netops.incidents import casebook, clocks, handling
    from netops.incidents.incident import Stage

    def change(opened: Desk, act: Act, one: Incident) -> None:
        casebook.move(act, one.number, Stage(to), why)
        if to == "handled":
            at = papers.moment(when, opened) if when else act.at
            handling.times(act, one.number, clocks.load(opened.playbooks), why, handled=at)

    def plan(one: Incident) -> str:
        return _("plan: {number}: {before} → {after}, because: {why}").format(
            number=one.number, before=_(one.state), after=_(to), why=why
        )

    _do(number, plan, change, _("{number} was moved."))


@click.command(cls=Command)
@click.argument("number")
@why_option
def ack(number: str, why: str) -> None:
    """Take an incident in hand; that lasts until its cause clears. Its clocks run on."""
    from netops.incidents import handling

    _do(
        number,
        lambda one: _("plan: take {number} ({what}) in hand").format(number=one.number, what=one.title),
        lambda opened, act, one: handling.acknowledge(act, one.number, why),
        _("{number} is in hand until its cause clears; its clocks run on."),
    )


@click.command(cls=Command)
@click.argument("number")
@why_option
@click.option("--occurred", metavar="TIME", help=N_("When it began."))
@click.option("--known", metavar="TIME", help=N_("When the unit came to know: the clocks start there."))
@click.option("--contained", metavar="TIME", help=N_("When it was stopped from spreading."))
@click.option("--handled", metavar="TIME", help=N_("When handling ended: the 30 days start there."))
def times(number: str, why: str, **given: str | None) -> None:
    """Record or mend the times of an incident; its clocks are reckoned again."""
    from netops.core.clock import city_time
    from netops.core.errors import NetopsError
    from netops.incidents import casebook, clocks
    from netops.incidents import handling as acts

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        moments = {name: papers.moment(text, opened) for name, text in given.items() if text}
        if not moments:
            raise NetopsError("nothing was recorded", "no time was given", "--contained 2026-03-01T08:00")
        for name, at in moments.items():
            before = getattr(one, name)
            out.say(
                _("plan: {number}: {what} {before} → {after}").format(
                    number=one.number, what=_(name), before=city_time(before) if before else "—", after=city_time(at)
                )
            )
        out.confirm(_("Do it?"))
        from netops.core import journal

        with journal.act(opened.store, opened.actor, opened.clock) as act:
            acts.times(act, one.number, clocks.load(opened.playbooks), why, **moments)
        _shown(out, opened, one.number, _("{number}: recorded.").format(number=one.number))


@click.command(cls=Command)
@click.argument("number")
@click.argument("kind", type=click.Choice(["new_facts", "crime", "vulnerability", "data_event"]))
@click.argument("text")
@at_option
def fact(number: str, kind: str, text: str, when: str | None) -> None:
    """Record a fact that starts a duty to report: new facts, suspicion of crime, a vulnerability, a data event."""
    _recorded(number, kind, text, when, {})


@click.command(cls=Command)
@click.argument("number")
@click.argument("text")
@at_option
def note(number: str, text: str, when: str | None) -> None:
    """Write a line into the timeline."""
    _recorded(number, "note", text, when, {})


def _recorded(number: str, kind: str, text: str, when: str | None, detail: dict[str, Any]) -> None:
    from netops.incidents import clocks, handling

    def change(opened: Desk, act: Act, one: Incident) -> None:
        at = papers.moment(when, opened) if when else act.at
        handling.record(act, one.number, clocks.load(opened.playbooks), kind, at, text, **detail)

    def plan(one: Incident) -> str:
        from netops.rounds.timeline import WORDS

        told = text or "  ".join(str(value) for value in detail.values() if value)
        return _("plan: record of {number}: {what}: {text}").format(number=one.number, what=_(WORDS[kind]), text=told)

    _do(number, plan, change, _("{number}: recorded."))


@click.command(cls=Command)
@click.argument("number")
@click.argument("name")
@click.option("--organization", metavar="CODE", default="", help=N_("Of which organization."))
@click.option("--role", metavar="TEXT", default="", help=N_("What the person does here."))
def person(number: str, name: str, organization: str, role: str) -> None:
    """Write down who takes part in handling an incident."""
    _recorded(number, "participant", "", None, {"name": name, "organization": organization, "role": role})


@click.command(cls=Command)
@click.argument("number")
@click.argument("what")
@click.option("--amount", type=click.FloatRange(0, 1e12), default=0.0, help=N_("Money, CNY."))
@click.option("--hours", type=click.FloatRange(0, 1e6), default=0.0, help=N_("Hours of work."))
def cost(number: str, what: str, amount: float, hours: float) -> None:
    """Write down what an incident cost, in money or in hours of work."""
    from netops.core.errors import NetopsError

    if not amount and not hours:
        raise NetopsError("nothing was recorded", "neither money nor hours were given", "--amount 1200 --hours 3.5")
    _recorded(number, "cost", what, None, {"amount": amount, "hours": hours})


@click.command(cls=Command)
@click.argument("number")
def timeline(number: str) -> None:
    """Everything that happened, was recorded and was sent about an incident, in the order of time."""
    from netops.core import docket
    from netops.incidents import casebook
    from netops.rounds import timeline as lines

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        found = lines.of(opened, one, [docket.one(opened.store, name) for name in one.findings])
        out.records(
            "timeline",
            found,
            [
                Column(N_("time"), lambda line: line.at, style="dim"),
                Column(N_("who"), lambda line: line.actor),
                Column(N_("what"), lambda line: line.what, style="cyan"),
                Column("", lambda line: line.text),
            ],
            plane=one.plane,
            title=f"{one.number}  {one.title}",
            next_step=f"netops incident show {one.number}",
        )


@click.command(cls=Command)
@click.argument("number")
@click.argument("step", type=int, required=False)
@click.argument("state", type=click.Choice(list(TASKS)), default="done", required=False)
@click.option("--note", metavar="TEXT", default="", help=N_("What was done, or why it was left out."))
def task(number: str, step: int | None, state: str, note: str) -> None:
    """The checklist of the response playbook; with a STEP, that it was done, skipped, or is open again."""
    from netops.core.errors import NetopsError
    from netops.incidents import casebook, proceedings
    from netops.rounds import handling

    if step is not None:
        if state == "skipped" and not note:
            raise NetopsError("nothing was recorded", "a step is left out for a reason only", "--note TEXT")
        _do(
            number,
            lambda one: _("plan: step {step} of {number}: {state}").format(step=step, number=one.number, state=_(state)),
            lambda opened, act, one: handling.task(opened, act, one.number, step, state, note),
            _("{number}: recorded."),
        )
        return
    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        rows = handling.tasks(proceedings.listed(opened.store, one.number, ("checklist", "task")))
        left = next((row["step"] for row in rows if row["state"] == "open"), None)
        out.records(
            "task",
            rows,
            [
                Column("", lambda row: sign(TASKS[row["state"]])),
                Column(N_("step"), lambda row: row["step"], right=True),
                Column(N_("what"), lambda row: row["text"]),
                Column(N_("who"), lambda row: row["by"]),
                Column(N_("when"), lambda row: row["at"]),
                Column(N_("note"), lambda row: row["note"]),
            ],
            plane=one.plane,
            empty=_("No playbook answers this cause."),
            next_step=f"netops incident task {one.number} {left}" if left else "",
        )


VERBS = (move, ack, times, fact, note, timeline, task, person, cost)
