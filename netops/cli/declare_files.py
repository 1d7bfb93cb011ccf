"""The verbs of `netops declare` that carry files: new, form, check, submit, import, change, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, sign
from netops.core import files
from netops.core.language import N_, _

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netops.declarations.declaration import Declaration
    from netops.declarations.reading import Reading
    from netops.declarations.review import Note
    from netops.declarations.values import Fault
    from netops.desk import Desk
    from netops.rounds.declaring import Plan, Planned, Wishes

PLANES = click.Choice(["intranet", "extranet"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
LISTED = 200
"""Faults and forms that a terminal shows; --json has every one."""
WHY = click.option("--why", default="", help=N_("The reason, for the journal."))
ONTO = click.option(
    "--onto",
    metavar="VERSION",
    type=int,
    default=0,
    help=N_("I have seen this version; mine takes its place."),
)
MERGE = click.option(
    "--merge", is_flag=True, help=N_("Keep what somebody else changed meanwhile and I did not.")
)
DRAFT = click.option(
    "--draft", is_flag=True, help=N_("Only keep it; it is handed in by declare submit NUMBER.")
)


# ---- forms
@click.command(cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--organization", metavar="CODE", default="", help=N_("Who declares."))
@click.option("--plane", type=PLANES, default="extranet", show_default=True, help=N_("For which plane."))
@click.option(
    "--change", metavar="NUMBER", default="", help=N_("Prefilled with a declaration that is to be changed.")
)
def new(file: Path, organization: str, plane: str, change: str) -> None:
    """Write the form into FILE (.toml or .xlsx), empty or prefilled; an existing file is not touched."""
    _form(file, organization, plane, change)


@click.command(cls=Command)
@click.argument("number", default="")
@click.option("--xlsx", "kind", flag_value="xlsx", default=True, help=N_("As a workbook (the default)."))
@click.option("--toml", "kind", flag_value="toml", help=N_("As a text file."))
@click.option("--organization", metavar="CODE", default="", help=N_("Who declares."))
@click.option("--plane", type=PLANES, default="extranet", show_default=True, help=N_("For which plane."))
def form(number: str, kind: str, organization: str, plane: str) -> None:
    """The form for a department to fill in: empty, or filled with what NUMBER says; -o FILE, else a file is named after it."""
    out = output()
    if number.lower().endswith((".xlsx", ".toml")):
        number, named = "", Path(number)
    else:
        named = Path(f"{number or organization or 'declaration'}.{kind}".replace("/", "_"))
    file = out.file or named
    _form(file.with_suffix(f".{kind}") if not file.suffix else file, organization, plane, number)


def _form(file: Path, organization: str, plane: str, number: str) -> None:
    from dataclasses import replace

    from netops.core.plane import Plane
    from netops.declarations import filings
    from netops.declarations import form as forms
    from netops.declarations.declaration import Statements

    out = replace(output(), file=None)
    stated, version = Statements(organization, Plane(plane), "", "", 0), 0
    with desk() as opened:
        if number:
            one = filings.one(opened.store, number, opened.at)
            stated, number, version = one.statements, one.number, one.version
        if file.suffix.lower() == ".xlsx":
            from netops.rounds import declaration_forms

            content = declaration_forms.workbook(opened, stated, number, version)
        else:
            content = forms.write(stated, number, version).encode()
    files.fresh(content, file, what=N_("the form was not written"))
    if out.json:
        out.record("form", {"path": str(file), "number": number, "version": version}, lambda: None)
    out.say(_("The form is in {path}: fill it in.").format(path=file))
    if not out.json:
        out.next(f"netops declare check {file}")


# ---- what is in a file
@click.command(cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--plane", type=PLANES, help=N_("The network of forms that do not say it."))
def check(files: tuple[Path, ...], plane: str | None) -> None:
    """
    Name every fault of forms and tables, each with its sheet and cell or its line, and what a review would remark.

    Exit code 1 when one of them could not be approved so.
    """
    from netops.rounds import declaring

    out = output()
    with desk() as opened:
        read = declaring.read(opened, files, plane or "")
        rows = [_fault_row(one) for one in read.faults]
        for one in read.forms:
            rows += [
                _note_row(one.place(note.statement, note.piece), note)
                for note in declaring.reviewed(opened, one.stated)
            ]
    wanting = any(row["required"] for row in rows)
    ready = "" if wanting or not read.forms else f"netops declare submit {' '.join(map(str, files))}"
    _remarks(out, rows, _("The four statements of Article 10 are complete."), ready)
    _passed_over(out, read)
    raise SystemExit(int(wanting))


def _fault_row(one: Fault) -> dict[str, Any]:
    from netops.rounds.declaration_words import fact_words

    facts = fact_words(one.facts)
    place = one.place
    return {
        "code": "", "statement": one.field, "required": True, "place": str(place), "file": place.file, "sheet": place.sheet,
        "cell": place.cell, "line": place.line, "value": one.value, "text": _(one.what).format(**facts),
        "mend": _(one.mend).format(**facts),
    }  # fmt: skip


def weight(row: dict[str, Any]) -> str:
    """The style of a remark."""
    return "red" if row["required"] else "yellow"


def note_rows(notes: Sequence[Note]) -> list[dict[str, Any]]:
    """Remarks as they go into JSON."""
    return [
        {"code": one.code, "statement": one.statement, "required": one.required, "text": told(one)}
        for one in notes
    ]


def _note_row(place: Any, one: Note) -> dict[str, Any]:
    return {
        "code": one.code, "statement": one.statement, "required": one.required, "place": str(place), "file": place.file,
        "sheet": place.sheet, "cell": place.cell, "line": place.line, "value": "", "text": told(one), "mend": "",
    }  # fmt: skip


def told(one: Note) -> str:
    """A remark in the language in use."""
    from netops.rounds.declaration_words import note_words

    return note_words(one)


def _remarks(out: Output, rows: list[dict[str, Any]], empty: str, next_step: str = "") -> None:
    from netops.rounds.declaration_words import field_words

    shown = rows if out.json or out.csv or out.file else rows[:LISTED]
    left = len(rows) - len(shown)
    out.records("note", shown, [
        Column("", lambda row: sign("bad" if row["required"] else "note"), style=weight),
        Column(N_("place"), lambda row: row["place"]), Column(N_("code"), lambda row: row["code"]),
        Column(N_("statement"), lambda row: field_words(row["statement"])), Column(N_("value"), lambda row: row["value"]),
        Column(N_("remark"), lambda row: row["text"]), Column(N_("mend"), lambda row: row["mend"]),
    ], empty=empty, next_step=next_step,
        note=_("{count} more faults: --csv -o faults.csv lists every one").format(count=left) if left else "")  # fmt: skip


def _passed_over(out: Output, read: Reading) -> None:
    for name in read.ignored:
        out.say(_("passed over: {name} has no declaration").format(name=name))


# ---- into the filings
@click.command(cls=Command)
@click.argument("files", metavar="FILE|NUMBER", nargs=-1, required=True)
@click.option("--plane", type=PLANES, help=N_("The network of forms that do not say it."))
@click.option(
    "--additional",
    is_flag=True,
    help=N_("Another declaration of an organization that has one for the network."),
)
@ONTO
@MERGE
@WHY
def submit(
    files: tuple[str, ...], plane: str | None, additional: bool, onto: int, merge: bool, why: str
) -> None:
    """Hand in forms, or drafts by their numbers: a first declaration, a mended one, or a change (the form has its number)."""
    from netops.core.errors import NetopsError
    from netops.rounds.declaring import Wishes

    paths = [Path(one) for one in files if Path(one).is_file()]
    if paths and len(paths) < len(files):
        missing = next(one for one in files if not Path(one).is_file())
        raise NetopsError(
            "nothing was submitted", "{path} is no file", "name forms, or numbers of drafts", path=missing
        )
    if paths:
        _take_in(paths, Wishes(plane or "", additional, onto, merge, why=why))
        return
    from netops.cli.declare import move

    for number in files:
        move("submit", number, why)


@click.command("import", cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option("--plane", type=PLANES, help=N_("The network of forms that do not say it."))
@click.option(
    "--additional",
    is_flag=True,
    help=N_("Another declaration of an organization that has one for the network."),
)
@DRAFT
@ONTO
@MERGE
@WHY
def import_(
    files: tuple[Path, ...],
    plane: str | None,
    additional: bool,
    draft: bool,
    onto: int,
    merge: bool,
    why: str,
) -> None:
    """
    Take in forms and tables (XLSX, XLS, CSV, TOML): what they would change is shown, then all of it is done, or nothing.

    Exit code 1 when there is a fault; each is named with its sheet and cell, or its line.
    """
    from netops.rounds.declaring import Wishes

    _take_in(list(files), Wishes(plane or "", additional, onto, merge, draft, why))


def _take_in(paths: list[Path], wishes: Wishes) -> None:
    from netops.rounds import declaring

    out = output()
    with desk() as opened:
        read = declaring.read(opened, paths, wishes.plane)
        made = declaring.plan(opened, read, wishes)
        filed = _done(out, opened, made, read, wishes)
        if filed is None:
            raise SystemExit(1)
        if out.json:
            _answer(out, made, filed)
        elif filed:
            from netops.cli.declare import table

            table(out, opened, filed, "" if wishes.draft else f"netops declare review {filed[0].number}")


def _done(out: Output, opened: Desk, made: Plan, read: Reading, wishes: Wishes) -> list[Declaration] | None:
    """What was filed after the plan was shown and confirmed; None when a fault stands in the way."""
    from netops.rounds import declaring

    show_plan(out, opened, made)
    _passed_over(out, read)
    if made.faults:
        rows = [_fault_row(one) for one in made.faults]
        if out.json:
            _answer(out, made, [])
        else:
            _remarks(out, rows, "")
        out.say(_("nothing was filed: mend the faults"))
        return None
    if not made.items or all(one.verb == "same" for one in made.items):
        out.say(_("nothing is to be filed: it is there already"))
        return []
    if out.dry_run and out.json:
        _answer(out, made, [])
    out.confirm(_("File it?") if wishes.draft else _("Submit it?"))
    return declaring.run(opened, made, read, wishes)


def show_plan(out: Output, opened: Desk, made: Plan) -> None:
    """What would be filed, with every difference."""
    out.say(_("plan: {new} are new, {change} are changed, {same} say what is there already, {faults} faults").format(
        new=made.count("new"), change=made.count("change"), same=made.count("same"), faults=len(made.faults)))  # fmt: skip
    shown = [one for one in made.items if one.verb != "same"]
    for one in shown[: LISTED if len(shown) > LISTED else None]:
        _show(out, opened, one)


def _show(out: Output, opened: Desk, one: Planned) -> None:
    from netops.rounds.declaration_words import change_words

    stated = one.form.stated
    number = f"{one.number} v{one.before.version}" if one.before else one.number or _("new")
    mark = "~" if one.before else "+"
    out.say(
        f"  {mark} {number}  {opened.register.name(stated.organization)}  {_(stated.plane.label)}",
        style="green",
    )
    for change in one.changes if one.before else ():
        out.say(f"      {change_words(change)}")
    for change in one.theirs:
        out.say(
            "    "
            + sign("note")
            + " "
            + _("changed by somebody else since: {change}").format(change=change_words(change)),
            style="yellow",
        )
    for note in one.notes:
        out.say(f"      {sign('bad' if note.required else 'note')} {note.code} {told(note)}")


def _answer(out: Output, made: Plan, filed: Sequence[Declaration]) -> None:
    items = [
        {"verb": one.verb, "number": one.number, "organization": one.form.stated.organization, "plane": one.form.stated.plane,
         "place": str(one.form.at), "changes": one.changes, "theirs": one.theirs,
         "notes": note_rows(one.notes)}
        for one in made.items
    ]  # fmt: skip
    told_all = {
        "items": items,
        "faults": [_fault_row(one) for one in made.faults],
        "ignored": made.ignored,
        "filed": filed,
    }
    out.record("import", told_all, lambda: None)


# ---- one change
@click.command(cls=Command)
@click.argument("number")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--set",
    "settings",
    metavar="FIELD=VALUE",
    multiple=True,
    help=N_("Change one field, such as terminals=25."),
)
@click.option(
    "--from-finding",
    "finding",
    metavar="NUMBER",
    default="",
    help=N_("Declare what a finding says is there."),
)
@DRAFT
@ONTO
@MERGE
@WHY
def change(
    number: str,
    file: Path | None,
    settings: tuple[str, ...],
    finding: str,
    draft: bool,
    onto: int,
    merge: bool,
    why: str,
) -> None:
    """Hand in a changed version: by a form, by fields, or by what a finding saw; its difference is shown first."""
    from netops.core.errors import NetopsError
    from netops.rounds import changing
    from netops.rounds.declaring import Wishes

    if sum(map(bool, (file, settings, finding))) != 1:
        raise NetopsError(
            "nothing was changed", "it is not said how", "name a form FILE, or --set FIELD=VALUE, or --from-finding NUMBER"
        )  # fmt: skip
    out = output()
    wishes = Wishes(onto=onto, merge=merge, draft=draft, why=why)
    with desk() as opened:
        read = changing.asked(opened, number, file, settings, finding)
        if finding:
            wishes = changing.because(opened, finding, wishes)
        from netops.rounds import declaring

        made = declaring.plan(opened, read, wishes)
        filed = _done(out, opened, made, read, wishes)
        if filed is None:
            raise SystemExit(1)
        if finding and filed:
            changing.answered(opened, finding, filed[0])
        if out.json:
            _answer(out, made, filed)
        elif filed:
            from netops.cli.declare import table

            table(out, opened, filed, "" if draft else f"netops declare review {filed[0].number}")


@click.command(cls=Command)
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
def export(plane: str | None, organization: str) -> None:
    """Declarations as a table that declare import takes back unchanged: -o FILE.xlsx with their equipment, or CSV."""
    from netops.declarations import filings
    from netops.rounds import declaration_forms, roster

    out = output()
    with desk() as opened:
        from netops.core.plane import Plane

        where = roster.only_plane(opened, Plane(plane) if plane else None)
        listed = filings.listed(opened.store, plane=where, organization=organization, at=opened.at)
        if out.json:
            out.records("declaration", listed, [], plane=where)
        elif out.file and out.file.suffix.lower() == ".xlsx":
            out.content(declaration_forms.table(opened, listed))
        else:
            out.content(declaration_forms.as_csv(opened, listed))


VERBS = (new, form, check, submit, import_, change, export)
"""What `netops declare` has of them."""
