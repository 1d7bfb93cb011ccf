"""`netops declare`: the steps of a declaration, list and show; files and papers have modules of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.declare_files import PLANES, VERBS, note_rows, told, weight
from netops.cli.printing import Column, Output, sign
from netops.cli.register_files import attach_to_declaration, detach_from_declaration
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netops.declarations.declaration import Declaration
    from netops.desk import Desk
    from netops.incidents.papers import Kept

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


for verb in (*VERBS, attach_to_declaration, detach_from_declaration):
    declare.add_command(verb)


def table(
    out: Output,
    opened: Desk,
    listed: Sequence[Declaration],
    next_step: str = "",
    plane: str | None = None,
    note: str = "",
) -> None:
    """Declarations as a list."""
    register = opened.register
    out.records("declaration", listed, [
        Column(N_("number"), lambda one: one.number, style="cyan"), Column(N_("version"), lambda one: one.version, right=True),
        Column(N_("state"), lambda one: _(one.state), style=lambda one: STYLES.get(one.state, "")),
        Column(N_("plane"), lambda one: _(one.plane.label)),
        Column(N_("organization"), lambda one: register.name(one.organization)),
        Column(N_("nature"), lambda one: one.nature), Column(N_("scope"), lambda one: one.scope),
        Column(N_("equipment"), lambda one: len(one.equipment), right=True),
        Column(N_("terminals"), lambda one: one.terminals, right=True), Column(N_("since"), lambda one: one.since),
    ], plane=plane, empty=_("Nothing was declared."), next_step=next_step, note=note)  # fmt: skip


@declare.command("list")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--state", metavar="STATE", default="", help=N_("Only in this state, such as submitted."))
@click.option(
    "--search",
    metavar="TEXT",
    default="",
    help=N_("Only those that say this anywhere: a name, a model, an address."),
)
@click.option("--due", is_flag=True, help=N_("Only those that are to be renewed now or soon."))
@click.option("--all", "everything", is_flag=True, help=N_("Versions that a newer one replaced, too."))
def list_(plane: str | None, organization: str, state: str, search: str, due: bool, everything: bool) -> None:
    """Declarations as they stand; with --at, as they stood then."""
    from netops.core.errors import NetopsError
    from netops.core.plane import Plane
    from netops.declarations import filings
    from netops.declarations.declaration import DeclarationState
    from netops.rounds import declared

    out = output()
    if state and state not in list(DeclarationState):
        raise NetopsError("nothing was listed", "{state} is no state of a declaration", "one of: {known}", state=state,
                          known=", ".join(DeclarationState))  # fmt: skip
    with desk() as opened:
        listed = filings.listed(opened.store, plane=Plane(plane) if plane else None, organization=organization, at=opened.at,
                                state=[DeclarationState(state)] if state else (), every_version=everything)  # fmt: skip
        listed = [one for one in listed if one.plane in opened.planes]
        if search:
            listed = declared.saying(opened, listed, search)
        if due:
            _due(out, opened, listed, plane)
        table(out, opened, listed, plane=plane)


def _due(out: Output, opened: Desk, listed: Sequence[Declaration], plane: str | None) -> None:
    """Those that are to be renewed; exit code 1 when the day of one is over."""
    from netops.rounds import declared

    rows = declared.due(opened, listed)
    out.records("renewal", rows, [
        Column("", lambda row: sign("bad" if row.days < 0 else "note"), style=lambda row: "red" if row.days < 0 else "yellow"),
        Column(N_("number"), lambda row: row.number, style="cyan"),
        Column(N_("organization"), lambda row: opened.register.name(row.organization)),
        Column(N_("plane"), lambda row: _(row.plane.label)), Column(N_("due"), lambda row: row.day),
        Column(N_("days left"), lambda row: row.days, right=True),
    ], plane=plane, empty=_("Nothing is to be renewed soon."))  # fmt: skip
    raise SystemExit(int(any(row.days < 0 for row in rows)))


@declare.command()
@click.argument("number")
def show(number: str) -> None:
    """One declaration: what it states, its steps, what each version changed, and what the review would remark."""
    import msgspec

    from netops.declarations import filings
    from netops.declarations.difference import changes
    from netops.registers import attachments
    from netops.rounds import declaring
    from netops.rounds.declaration_words import change_words

    out = output()
    with desk() as opened:
        one = filings.one(opened.store, number, opened.at)
        steps = [
            step
            for step in filings.history(opened.store, one.number)
            if opened.at is None or step.at <= opened.at
        ]
        every = [
            old
            for old in filings.versions(opened.store, one.number)
            if any(step.version == old.version for step in steps)
        ]
        pairs = list(zip([None, *every], every, strict=False))
        told_changes = {
            now.version: changes(was.statements if was else None, now.statements) for was, now in pairs
        }
        notes = declaring.reviewed(opened, one.statements)
        files = attachments.listed(opened.store, one.number)
        content = {
            **msgspec.to_builtins(one),
            "attachments": files,
            "steps": steps,
            "changes": {str(version): several for version, several in told_changes.items() if version > 1},
            "notes": note_rows(notes),
        }

        def text() -> None:
            _show(out, opened, one)
            for file in files:
                label = _("{label}: ").format(label=_("attachment"))
                out.line(f"  {label}{file.name}  {file.size:,} B  {file.sha256[:12]}")
            for step in steps:
                _show_step(out, step)
                if step.version > 1 and step is next(
                    other for other in steps if other.version == step.version
                ):
                    for change in told_changes.get(step.version, ()):
                        out.line(f"      {change_words(change)}", style="dim")
            for note in notes:
                out.line(f"  {sign('bad' if note.required else 'note')} {note.code} {told(note)}")

        out.record("declaration", content, text, plane=one.plane)


def _show(out: Output, opened: Desk, one: Declaration) -> None:
    from netops.declarations.difference import said as piece_said
    from netops.declarations.fields import FIELD, cells
    from netops.rounds.declaration_words import value_words

    out.line(
        f"{one.number}  v{one.version}  {_(one.state)}  {opened.register.name(one.organization)}  {_(one.plane.label)}",
        style="bold",
    )
    for name, value in cells(one.statements).items():
        if (value and name not in ("organization", "plane")) or name in ("nature", "scope", "terminals"):
            out.line(
                "  "
                + _("{label}: ").format(label=FIELD[name].label(spoken()))
                + (value_words(name, value) or "—")
            )
    for label, pieces in ((_("equipment"), one.equipment), (_("applications"), one.applications)):
        for piece in pieces:
            out.line("  " + _("{label}: ").format(label=label) + piece_said(piece))


def _show_step(out: Output, step: object) -> None:
    from netops.core.clock import city_time
    from netops.declarations.filings import Step

    assert isinstance(step, Step)  # noqa: S101 - told to the reader of types
    out.line(
        f"  {city_time(step.at)}  v{step.version}  {_(step.state)}  {step.actor}  {step.remark}".rstrip()
    )


@declare.command()
@click.argument("number")
def review(number: str) -> None:
    """Remark what is missing, and write the review down; exit code 1 when it cannot be approved so."""
    from netops.core import journal
    from netops.declarations import filings
    from netops.rounds import declaring

    out = output()
    with desk() as opened:
        one = filings.movable(opened.store, number, "approve")
        notes = declaring.reviewed(opened, one.statements)
        if not out.dry_run:
            with journal.act(opened.store, opened.actor, opened.clock) as act:
                filings.review(act, number, [note.code for note in notes])
        wanting = any(note.required for note in notes)
        step = f"netops declare return {number} --why …" if wanting else f"netops declare approve {number}"
        rows = note_rows(notes)
        out.records("note", rows, [
            Column("", lambda row: sign("bad" if row["required"] else "note"), style=weight),
            Column(N_("code"), lambda row: row["code"]), Column(N_("remark"), lambda row: row["text"]),
        ], empty=_("The four statements of Article 10 are complete."), next_step=step)  # fmt: skip
    raise SystemExit(int(wanting))


def move(verb: str, number: str, why: str) -> None:
    """One step: shown, confirmed, and done only if nobody took another one meanwhile."""
    from netops.rounds import declaration_steps as steps

    out = output()
    with desk() as opened:
        step = steps.planned(opened, number, verb)
        one = step.before
        for note in step.notes if verb == "submit" else step.wanting:
            out.say(f"  {sign('bad' if note.required else 'note')} {note.code} {told(note)}")
        steps.require(step)
        out.say(_("plan: {number} of {organization}: {before} → {after}").format(
            number=one.number, organization=opened.register.name(one.organization), before=_(one.state), after=_(step.after)
        ))  # fmt: skip
        if why:
            out.say(_("because: {why}").format(why=why))
        if step.rests:
            out.say(
                _("! {count} allocations rest on it and lose their ground").format(count=step.rests),
                style="yellow",
            )
        out.confirm(_("Do it?"))
        moved = steps.take(opened, step, why)
        following = {"submit": "declare review", "approve": "declare connect"}.get(verb)
        if step.rests:
            following = "ip reclaim --declaration"
        table(out, opened, [moved], f"netops {following} {moved.number}" if following else "")


@declare.command("print")
@click.argument("number", default="")
@click.option(
    "--paper",
    type=click.Choice(["statement", "reply", "ledger", "addresses"]),
    help=N_("Which; else the statement of NUMBER, or the ledger."),
)
@click.option("--plane", type=PLANES, default="extranet", show_default=True, help=N_("Of the ledger."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
def print_(number: str, paper: str | None, plane: str, organization: str) -> None:
    """
    Papers: the statement, the reply, the notice of addresses, the ledger of who is connected: -o FILE.docx, .pdf, .xlsx, .json.

    In the language of --lang. A reply is a draft of the documents until `document issue` gives it its number; people sign it.
    """
    from netops.cli.address_papers import place, written
    from netops.cli.document import told
    from netops.core.errors import NetopsError
    from netops.core.plane import Plane
    from netops.declarations import filings
    from netops.rounds import address_papers, declaration_ledger, declaration_papers

    out = output()
    kind = paper or ("statement" if number else "ledger")
    if not number and kind != "ledger":
        raise NetopsError(
            "no document was written", "no declaration is named", "netops declare print NUMBER -o FILE.docx"
        )
    with desk() as opened:
        path = place(out, declaration_papers.SUFFIXES)
        if kind == "addresses":
            told(out, opened, address_papers.notice(opened, declaration=number), path, address_papers.write)
            return
        made: Declaration | Kept | declaration_ledger.Ledger
        facts: dict[str, object]
        if kind == "ledger":
            made = declaration_ledger.of(opened, Plane(plane), organization)
            title, facts = made.title, {N_("declarations"): sum(map(len, made.groups.values()))}
        elif kind == "reply":
            made = declaration_papers.reply(opened, number)
            title, facts = (
                made.paper.read(spoken()).title,
                {N_("declaration"): number, N_("number"): made.paper.number or made.id},
            )
        else:
            made = filings.one(opened.store, number, opened.at)
            title, facts = declaration_papers.statement(opened, made).title, {N_("declaration"): made.number}
        if path is not None:
            declaration_papers.write(made, path, opened)
        written(out, path, made, title, facts)
        if kind == "reply" and not out.json:
            out.next(f"netops document issue {facts[N_('number')]} -o {number}.docx")


@declare.command("return")
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def return_(number: str, why: str) -> None:
    """Give a submitted declaration back to be mended."""
    move("return", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", default="", help=N_("The reason, for the journal."))
def approve(number: str, why: str) -> None:
    """The authority takes it on file; an incomplete one is refused (exit code 4)."""
    move("approve", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", default="", help=N_("The reason, for the journal."))
def connect(number: str, why: str) -> None:
    """The department is connected; also ends a suspension."""
    move("connect", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def suspend(number: str, why: str) -> None:
    """It is no ground for addresses and terminals until it is connected again."""
    move("suspend", number, why)


@declare.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def withdraw(number: str, why: str) -> None:
    """It ends; another needs a new declaration."""
    move("withdraw", number, why)
