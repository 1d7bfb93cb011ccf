"""`netops declare`: new, check, submit, review, return, approve, connect, suspend, withdraw, list, show."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.declarations.declaration import Declaration, Statements
    from netops.declarations.review import Note
    from netops.desk import Desk

PLANES = click.Choice(["intranet", "extranet"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
STYLES = {
    "connected": "green",
    "approved": "green",
    "submitted": "yellow",
    "returned": "red",
    "suspended": "red",
}


@click.group(cls=Group)
def declare() -> None:
    """Access declarations: what departments state about their networks (Article 10)."""


@declare.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--organization", metavar="CODE", default="", help=N_("Who declares."))
@click.option("--plane", type=PLANES, default="extranet", show_default=True, help=N_("For which plane."))
@click.option(
    "--change", metavar="NUMBER", default="", help=N_("Prefilled with a declaration that is to be changed.")
)
def new(file: Path, organization: str, plane: str, change: str) -> None:
    """Write the form into FILE, empty or prefilled; an existing file is not touched."""
    from netops.core.errors import NetopsError, Refused
    from netops.core.plane import Plane
    from netops.declarations import filings, form
    from netops.declarations.declaration import Statements

    out = output()
    stated = Statements(organization, Plane(plane), "", "", 0)
    if change:
        with desk() as opened:
            stated = filings.one(opened.store, change).statements
    try:
        with file.open("x", encoding="utf-8") as handle:
            handle.write(form.write(stated, change))
    except FileExistsError:
        raise Refused(
            "the form was not written", "{path} is there already", "name another file", path=file
        ) from None
    except OSError as error:
        raise NetopsError(
            "the form was not written", "{why}", "name a file that can be written", why=error
        ) from error
    out.say(_("The form is in {path}: fill it in.").format(path=file))
    out.next(f"netops declare check {file}")


def _notes(opened: Desk, stated: Statements) -> list[Note]:
    from netops.core.clock import CITY_ZONE
    from netops.declarations.review import review

    return review(stated, set(opened.register.organization), opened.clock().astimezone(CITY_ZONE).date())


def _weight(required: bool) -> str:
    return "bad" if required else "note"


def _remarks(out: Output, notes: list[Note], lines: dict[str, int], next_step: str = "") -> None:
    rows = [{"code": one.code, "statement": one.statement, "line": lines.get(one.statement), "required": one.required,
             "text": _(one.text).format(**one.facts)} for one in notes]  # fmt: skip
    out.records("note", rows, [
        Column("", lambda row: sign(_weight(row["required"])), style=lambda row: "red" if row["required"] else "yellow"),
        Column(N_("code"), lambda row: row["code"]), Column(N_("statement"), lambda row: row["statement"]),
        Column(N_("line"), lambda row: row["line"], right=True), Column(N_("remark"), lambda row: row["text"]),
    ], empty=_("The four statements of Article 10 are complete."), next_step=next_step)  # fmt: skip


@declare.command()
@click.argument("file", type=FILE)
def check(file: Path) -> None:
    """Read the form and say what is missing; exit code 1 when it could not be approved so."""
    from netops.declarations import form

    out = output()
    with desk() as opened:
        read = form.read(file)
        notes = _notes(opened, read.stated)
        wanting = any(one.required for one in notes)
        _remarks(out, notes, read.lines, "" if wanting else f"netops declare submit {file}")
    raise SystemExit(int(wanting))


@declare.command()
@click.argument("file", type=FILE)
def submit(file: Path) -> None:
    """Hand in the form: a first declaration, a mended one, or a change (its number stands in the form)."""
    from netops.core import journal
    from netops.declarations import filings, form

    out = output()
    with desk() as opened:
        read = form.read(file)
        notes = _notes(opened, read.stated)
        plan = _(
            "plan: {organization} declares {terminals} terminals and {equipment} pieces of equipment for the {plane}"
        )
        out.say(plan.format(
            organization=opened.register.name(read.stated.organization), terminals=read.stated.terminals,
            equipment=len(read.stated.equipment), plane=_(read.stated.plane.label)))  # fmt: skip
        for one in notes:
            out.say(f"  {sign(_weight(one.required))} {one.code} " + _(one.text).format(**one.facts))
        out.confirm(_("Submit it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            filed = filings.submit(act, read.stated, read.number)
        _table(out, opened, [filed], f"netops declare review {filed.number}")


def _table(
    out: Output, opened: Desk, listed: list[Declaration], next_step: str = "", plane: str | None = None
) -> None:
    register = opened.register
    out.records("declaration", listed, [
        Column(N_("number"), lambda one: one.number, style="cyan"), Column(N_("version"), lambda one: one.version, right=True),
        Column(N_("state"), lambda one: _(one.state), style=lambda one: STYLES.get(one.state, "")),
        Column(N_("plane"), lambda one: _(one.plane.label)),
        Column(N_("organization"), lambda one: register.name(one.organization)),
        Column(N_("nature"), lambda one: one.nature), Column(N_("scope"), lambda one: one.scope),
        Column(N_("equipment"), lambda one: len(one.equipment), right=True),
        Column(N_("terminals"), lambda one: one.terminals, right=True), Column(N_("since"), lambda one: one.since),
    ], plane=plane, empty=_("Nothing was declared."), next_step=next_step)  # fmt: skip


@declare.command("list")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--state", metavar="STATE", default="", help=N_("Only in this state, such as submitted."))
@click.option("--all", "everything", is_flag=True, help=N_("Versions that a newer one replaced, too."))
def list_(plane: str | None, organization: str, state: str, everything: bool) -> None:
    """Declarations as they stand; with --at, as they stood then."""
    from netops.core.errors import NetopsError
    from netops.core.plane import Plane
    from netops.declarations import filings
    from netops.declarations.declaration import DeclarationState

    out = output()
    if state and state not in list(DeclarationState):
        raise NetopsError("nothing was listed", "{state} is no state of a declaration", "one of: {known}", state=state,
                          known=", ".join(DeclarationState))  # fmt: skip
    with desk() as opened:
        listed = filings.listed(opened.store, plane=Plane(plane) if plane else None, organization=organization, at=opened.at,
                                state=[DeclarationState(state)] if state else (), every_version=everything)  # fmt: skip
        _table(out, opened, [one for one in listed if one.plane in opened.planes], plane=plane)


@declare.command()
@click.argument("number")
def show(number: str) -> None:
    """One declaration: its four statements, its steps, and what the review would remark."""
    from netops.core.clock import city_time
    from netops.declarations import filings

    out = output()
    with desk() as opened:
        one = filings.one(opened.store, number, opened.at)
        steps = filings.history(opened.store, number)
        notes = _notes(opened, one.statements)
        register = opened.register

        def text() -> None:
            out.line(
                f"{one.number}  v{one.version}  {_(one.state)}  {register.name(one.organization)}  {_(one.plane.label)}",
                style="bold",
            )
            out.line("  " + _("nature: {text}").format(text=one.nature or "—"))
            out.line("  " + _("scope: {text}").format(text=one.scope or "—"))
            items = (" ".join(filter(None, (item.name, item.model, item.address))) for item in one.equipment)
            out.line("  " + _("equipment: {text}").format(text="、".join(items) or "—"))
            out.line("  " + _("terminals: {count}").format(count=one.terminals))
            for step in steps:
                out.line(
                    f"  {city_time(step.at)}  v{step.version}  {_(step.state)}  {step.actor}  {step.remark}".rstrip()
                )
            for note in notes:
                out.line(f"  {sign(_weight(note.required))} {note.code} " + _(note.text).format(**note.facts))

        import msgspec

        out.record(
            "declaration", {**msgspec.to_builtins(one), "steps": steps, "notes": notes}, text, plane=one.plane
        )


@declare.command()
@click.argument("number")
def review(number: str) -> None:
    """Remark what is missing, and write the review down; exit code 1 when it cannot be approved so."""
    from netops.core import journal
    from netops.declarations import filings

    out = output()
    with desk() as opened:
        one = filings.one(opened.store, number)
        notes = _notes(opened, one.statements)
        if not out.dry_run:
            with journal.act(opened.store, opened.actor, opened.clock) as act:
                filings.review(act, number, [note.code for note in notes])
        wanting = any(note.required for note in notes)
        step = f"netops declare return {number} --why …" if wanting else f"netops declare approve {number}"
        _remarks(out, notes, {}, step)
    raise SystemExit(int(wanting))


def _move(verb: str, number: str, why: str) -> None:
    from netops.core import journal
    from netops.core.errors import Refused
    from netops.declarations import filings

    out = output()
    with desk() as opened:
        one = filings.movable(opened.store, number, verb)
        after = one.after(verb)
        wanting = [note.code for note in _notes(opened, one.statements) if note.required]
        if verb == "approve" and wanting:
            raise Refused("{number} was not approved", "it is incomplete: {codes}", "netops declare return {number} --why …",
                          number=number, codes=", ".join(wanting))  # fmt: skip
        out.say(_("plan: {number} of {organization}: {before} → {after}").format(
            number=number, organization=opened.register.name(one.organization), before=_(one.state), after=_(after)))  # fmt: skip
        if why:
            out.say(_("because: {why}").format(why=why))
        rests = _rests(opened, number) if verb in ("suspend", "withdraw") and one.stands else 0
        if rests:
            out.say(_("! {count} allocations rest on it and lose their ground").format(count=rests), style="yellow")
        out.confirm(_("Do it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            moved = filings.move(act, number, verb, why)
        _table(out, opened, [moved], f"netops ip reclaim --declaration {number}" if rests else "")


def _rests(opened: Desk, number: str) -> int:
    """How many allocations are held under a declaration."""
    from netops.addresses import ledger
    from netops.addresses.allocation import HELD

    return sum(one.state in HELD for one in ledger.allocations(opened.store, declaration=number))


@declare.command("return")
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def return_(number: str, why: str) -> None:
    """Give a submitted declaration back to be mended."""
    _move("return", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", default="", help=N_("The reason, for the journal."))
def approve(number: str, why: str) -> None:
    """The authority takes it on file; an incomplete one is refused (exit code 4)."""
    _move("approve", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", default="", help=N_("The reason, for the journal."))
def connect(number: str, why: str) -> None:
    """The department is connected; also ends a suspension."""
    _move("connect", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def suspend(number: str, why: str) -> None:
    """It is no ground for addresses and terminals until it is connected again."""
    _move("suspend", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def withdraw(number: str, why: str) -> None:
    """It ends; another needs a new declaration."""
    _move("withdraw", number, why)
