"""`netops incident`: open, list, show, grade, merge, unmerge, recheck, close; more verbs in `papers.py` and `handling.py`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, dossier, evidence, handling, output, papers
from netops.cli.printing import Column, Output, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.core.journal import Act
    from netops.desk import Desk

STYLES = {"I": "bold red", "II": "red", "III": "yellow", "IV": ""}
GRADES = click.Choice(list(STYLES))
why_option = click.option("--why", required=True, help=N_("The reason, for the journal."))


@click.group(cls=Group)
def incident() -> None:
    """Incidents: what findings became, their clocks, and the documents about them."""


for verb in (papers.notice, papers.rectify, papers.report, papers.reply, *handling.VERBS, *evidence.VERBS):
    incident.add_command(verb)


# ---- asking
@incident.command("list")
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--grade", type=GRADES, help=N_("Only of this grade."))
@click.option("--all", "everything", is_flag=True, help=N_("Closed ones too."))
def list_(plane: str | None, organization: str, grade: str | None, everything: bool) -> None:
    """Incidents that are open; exit code 1 when there are any."""
    from netops.core.plane import Plane
    from netops.incidents import casebook

    out = output()
    with desk() as opened:
        register, now = opened.register, opened.clock()
        listed = [
            one
            for one in casebook.listed(opened.store, Plane(plane) if plane else None, open_only=not everything)
            if one.plane in opened.planes
            and (not organization or one.organization == organization)
            and (not grade or one.grade == grade)
        ]
        out.records(
            "incident",
            [dossier.record(one, now) for one in listed] if out.json else listed,
            [
                Column(N_("number"), lambda one: one.number, style="cyan"),
                Column(N_("grade"), lambda one: one.grade, style=lambda one: STYLES[one.grade]),
                Column(N_("state"), lambda one: _(one.state)),
                Column(N_("plane"), lambda one: _(one.plane.label)),
                Column(N_("organization"), lambda one: register.name(one.organization)),
                Column(N_("what"), lambda one: one.title),
                Column(N_("findings"), lambda one: len(one.findings), right=True),
                Column(N_("detected"), lambda one: one.detected),
                Column(N_("next clock"), lambda one: dossier.next_clock(one, now)),
            ],
            plane=plane,
            empty=_("No incident is open."),
            next_step=f"netops incident show {listed[0].number}" if listed else "",
        )
    raise SystemExit(int(any(one.is_open for one in listed)))


@incident.command()
@click.argument("number")
def show(number: str) -> None:
    """One incident: its grade and the rule that gave it, clocks, findings, documents and history."""
    from netops.core import docket
    from netops.incidents import casebook
    from netops.rounds import handling

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        findings = [docket.one(opened.store, name) for name in one.findings]
        whole = {**dossier.record(one, opened.clock()), **handling.dossier(opened, one, findings)}
        out.record(
            "incident", whole, lambda: dossier.show(out, opened, one, findings, whole), plane=one.plane
        )


# ---- changing
@incident.command("open")
@click.argument("findings", nargs=-1, required=True)
@why_option
def open_(findings: tuple[str, ...], why: str) -> None:
    """Open an incident by hand from findings of one organization, cause and plane."""
    from netops.core import docket
    from netops.incidents import grading, taxonomy
    from netops.rounds import places, triage

    out = output()
    with desk() as opened:
        named = tuple(docket.one(opened.store, name.upper()) for name in dict.fromkeys(findings))
        law = taxonomy.load(opened.playbooks)
        triage.require_together(opened, named)
        grade = grading.load(opened.playbooks).grade(one.kind for one in named)
        out.say(
            _("plan: open an incident of {organization}: {cause}, grade {grade} ({rule}), {count} findings").format(
                organization=opened.register.name(named[0].organization) or "—",
                cause=law.cause(named[0].kind).title,
                grade=grade.grade,
                rule=dossier.rule(grade),
                count=len(named),
            )
        )
        out.confirm(_("Do it?"))
        where = next(iter(places.of(opened, named).values()), "")
        number = triage.open_incident(opened, named, named[0].organization, why, opened.actor, where)
        _done(out, opened, number, _("{number} is open.").format(number=number))


def _done(out: Output, opened: Desk, number: str, text: str) -> None:
    """The incident as it stands after a change."""
    from netops.incidents import casebook

    one = casebook.one(opened.store, number)

    def told() -> None:
        out.line(text)
        out.next(f"netops incident show {number}")

    out.record("incident", dossier.record(one, opened.clock()), told, plane=one.plane)


def _act(opened: Desk, change: Callable[[Act], object]) -> None:
    from netops.core import journal

    with journal.act(opened.store, opened.actor, opened.clock) as act:
        change(act)


def _metrics(given: tuple[str, ...], known: set[str]) -> dict[str, float]:
    """NAME=VALUE as measured values."""
    from math import isfinite

    from netops.core.errors import NetopsError

    measured = {}
    for text in given:
        name, _sep, value = text.partition("=")
        try:
            measured[name] = float(value)
            if name not in known or not (isfinite(measured[name]) and measured[name] >= 0):
                raise ValueError
        except ValueError:
            raise NetopsError(
                "{text} was not understood",
                "it is not NAME=VALUE with a name that has a threshold: {known}",
                "--metric portal_outage=7200 (seconds, ratio 0-1, persons, count or CNY)",
                text=text,
                known=", ".join(sorted(known)),
            ) from None
    return measured


@incident.command()
@click.argument("number")
@click.argument("to", type=GRADES, required=False)
@why_option
@click.option(
    "--metric", "given", metavar="NAME=VALUE", multiple=True, help=N_("A measured value; several allowed.")
)
@click.option("--cii/--no-cii", default=None, help=N_("Critical information infrastructure, or not."))
@click.option("--known", metavar="TIME", help=N_("When the unit came to know: the clocks start there."))
@click.option("--category", metavar="N.N", help=N_("Category of GB/T 20986-2023, such as 2.18."))
def grade(
    number: str, to: str | None, why: str, given: tuple[str, ...], cii: bool | None, known: str | None, category: str | None
) -> None:
    """Decide the grade, or without it have the rules propose one; the clocks are reckoned again."""
    from msgspec.structs import replace

    from netops.core import docket
    from netops.core.errors import Missing, Refused
    from netops.incidents import casebook, clocks, grading, handling, proceedings, taxonomy
    from netops.incidents.incident import Grade, Grading, Stage, may_move

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        if not one.is_open:
            raise Refused("{number} was not graded", "it is closed: {state}", "", number=one.number, state=one.state)
        scale = grading.load(opened.playbooks)
        metrics = one.metrics | _metrics(given, {rule.metric for rule in scale.thresholds})
        kinds = [docket.one(opened.store, name).kind for name in one.findings]
        proposed = replace(scale.grade(kinds, metrics), by=opened.actor)
        after = (
            Grading(Grade(to), "decided", why, why, verified=True, source=opened.actor, by=opened.actor)
            if to and to != proposed.grade
            else proposed
        )
        critical = one.cii if cii is None else cii
        start = papers.moment(known, opened) if known else one.known
        named = {}
        if category:
            title = taxonomy.load(opened.playbooks).name(category)
            if not title:
                raise Missing("there is no category {category}", "", "playbooks/law/taxonomy.toml lists them", category=category)
            named = {"category": category, "category_zh": title}
        law = clocks.load(opened.playbooks)
        future = replace(one, grading=after, cii=critical, known=start)
        reckoned = law.deadlines(future, proceedings.listed(opened.store, one.number))
        out.say(
            _("plan: {number}: grade {before} → {after} ({rule}): {because}").format(
                number=one.number, before=one.grade, after=after.grade, rule=dossier.rule(after), because=after.because
            )
        )
        for clock in reckoned:
            out.say(f"  {clock.key}  {clock.title}  {dossier.due(clock)}  {dossier.left(clock, opened.clock())}")
        out.confirm(_("Do it?"))

        def change(act: Act) -> None:
            if start != one.known:
                handling.times(act, one.number, law, why, known=start)
            handling.regrade(act, one.number, law, after, why, cii=critical, metrics=metrics, **named)
            if may_move(one.state, Stage.GRADED):
                casebook.move(act, one.number, Stage.GRADED, why)

        _act(opened, change)
        said = _("{number} is of grade {grade}.").format(number=one.number, grade=after.grade)
        _done(out, opened, one.number, said)


@incident.command()
@click.argument("number")
@click.argument("into")
@why_option
def merge(number: str, into: str, why: str) -> None:
    """Put an incident under another; nothing is copied, so that unmerge is exact."""
    from netops.incidents import casebook, merging

    out = output()
    with desk() as opened:
        one, other = (casebook.one(opened.store, name.upper()) for name in (number, into))
        out.say(
            _("plan: {number} ({what}) goes into {into} ({other}), because: {why}").format(
                number=one.number, what=one.title, into=other.number, other=other.title, why=why
            )
        )
        out.confirm(_("Do it?"))
        _act(opened, lambda act: merging.merge(act, one.number, other.number, why))
        said = _("{number} is merged into {into}.").format(number=one.number, into=other.number)
        _done(out, opened, one.number, said)


@incident.command()
@click.argument("number")
@why_option
def unmerge(number: str, why: str) -> None:
    """Undo a merge: the incident stands where it stood before."""
    from netops.incidents import casebook, merging

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        out.say(
            _("plan: {number} leaves {into}, because: {why}").format(
                number=one.number, into=one.merged_into or "—", why=why
            )
        )
        out.confirm(_("Do it?"))
        _act(opened, lambda act: merging.unmerge(act, one.number, why))
        _done(out, opened, one.number, _("{number} stands for itself again.").format(number=one.number))


@incident.command()
@click.argument("number")
@click.option("--again", is_flag=True, help=N_("Ask the network again first: the rounds that concluded its findings."))
def recheck(number: str, again: bool) -> None:
    """Which of its findings still stand, written down; exit code 3 when a device they name was silent, 1 when any stands."""
    from netops.core import journal
    from netops.core.finding import STANDING
    from netops.incidents import casebook
    from netops.rounds import look
    from netops.rounds import recheck as rounds

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        ran: tuple[str, ...] = ()
        if again and not out.dry_run:
            with out.progress(_("recheck")) as progress:
                ran = rounds.again(opened, one, progress)
        findings, unseen = rounds.run(opened, one)
        if not out.dry_run:
            with journal.act(opened.store, opened.actor, opened.clock) as act:
                rounds.record(opened, act, one, findings, unseen, ran)
        standing = [finding for finding in findings if finding.state in STANDING]
        out.records(
            "finding",
            [look.finding_record(finding) for finding in findings] if out.json else findings,
            [
                Column("", lambda one: sign("bad" if one.state in STANDING else "good")),
                Column(N_("number"), lambda one: one.id, style="cyan"),
                Column(N_("what"), lambda one: look.title(one)),
                Column(N_("state"), lambda one: _(one.state)),
                Column(N_("last seen"), lambda one: one.last_seen),
            ],
            plane=one.plane,
            unseen=unseen,
            note=_("{standing} of {count} findings still stand").format(
                standing=len(standing), count=len(findings)
            ),
            next_step=f"netops incident {f'recheck {one.number} --again' if standing or unseen else f'close {one.number}'}",
        )
    raise SystemExit(3 if unseen else int(bool(standing)))


@incident.command()
@click.argument("number")
@why_option
@click.option(
    "--as",
    "outcome",
    type=click.Choice(["archived", "false_alarm", "hazard"]),
    default="archived",
    show_default=True,
    help=N_("How it ends: archived, a false alarm, or a hazard to rectify without an incident."),
)
def close(number: str, why: str, outcome: str) -> None:
    """End the handling; refused while a finding stands or a clock runs. Confirmed by typing the number."""
    from netops.core import docket
    from netops.incidents import casebook, clocks, handling, proceedings
    from netops.incidents.closing import closing
    from netops.incidents.incident import Stage

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        findings = [docket.one(opened.store, name) for name in one.findings]
        law, events = clocks.load(opened.playbooks), proceedings.listed(opened.store, one.number)
        end = closing(one, findings, events, law, opened.clock(), Stage(outcome))
        out.say(
            _("plan: {number}: {before} → {after}, because: {why}").format(
                number=one.number, before=_(one.state), after=_(end.to), why=why
            )
        )
        running = [clock for clock in end.deadlines if clock.stopped is None] if end.to is Stage.HANDLED else []
        for clock in running:
            out.say(f"  {clock.key}  {clock.title}  {dossier.due(clock)}")
        _typed(out, one.number)

        def change(act: Act) -> None:
            if end.handled is not None and end.handled != one.handled:
                handling.times(act, one.number, law, why, handled=end.handled)
            casebook.move(act, one.number, end.to, why)

        _act(opened, change)
        said = _("{number} is now: {state}").format(number=one.number, state=_(end.to))
        _done(out, opened, one.number, said)


def _typed(out: Output, number: str) -> None:
    """Have a person type the number before what cannot be undone; --yes stands for it."""
    from netops.core.errors import Refused

    if out.yes or out.dry_run or not out.interactive or not sys.stdin.isatty():
        out.confirm("")
        return
    typed = click.prompt(_("Type {number} to close it").format(number=number), err=True, default="", show_default=False)
    if typed.strip().upper() != number:
        raise Refused("nothing was changed", "{typed} is not {number}", "", typed=typed, number=number)
