"""The verbs of `netops register` that carry tables: form, import, export."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, document, labelled, sign
from netops.core import files
from netops.core.errors import NetopsError
from netops.core.language import N_, _, series, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netops.desk import Desk
    from netops.rounds.registers import Intake

MOST_BYTES = 32 << 20
LISTED = 200
"""Faults and changes that a terminal shows; --json and --csv have every one."""


@click.command("import", cls=Command)
@click.argument("kind")
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
)
@click.option(
    "--plane", type=click.Choice(["intranet", "extranet"]), help=N_("The plane of rows that name none.")
)
@click.option("--partial", is_flag=True, help=N_("Import the good rows alone, although others are at fault."))
@click.option("--why", default="", metavar="TEXT", help=N_("Why; the journal keeps it."))
def import_(kind: str, files: tuple[Path, ...], plane: str | None, partial: bool, why: str) -> None:
    """
    Take in tables as offices keep them: XLSX, XLS, CSV (UTF-8, GB18030), JSON; headings in Chinese or English, in any order.

    First what would happen is shown, every fault with file, sheet, cell, value and mend; then all of it is taken in, or
    nothing. A column that is there empties and fills its field; one that is not leaves it. Exit code 1 when a row was at fault.
    KIND "all" takes each sheet for the register that it is called after.
    """
    from netops.cli.register import plane_of
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        sheets, source = rounds.sheets_of((str(path), _content(path)) for path in files)
        where = plane_of(plane)
        several = (
            rounds.planned_all(opened, sheets, source, where)
            if kind == "all"
            else [rounds.planned(opened, kind, sheets, source, where)]
        )
        faults = [_told(made, one) for made in several for one in made.plan.faults]
        _faults(out, faults)
        for made in several:
            _plan(out, opened, made, titled=len(several) > 1)
        numbers: tuple[str, ...] = ()
        if not any(made.plan.added or made.plan.changed for made in several):
            out.say(_("nothing is to be imported"))
        elif out.dry_run or partial or not faults:
            if out.dry_run:
                if out.json:
                    out.answer(_answer(several, faults, ()))
                out.say(_("nothing was changed (--dry-run)"))
                raise SystemExit(int(bool(faults)))
            out.confirm(_("Import them?"))
            numbers = rounds.take_in(opened, *several, partial=partial, why=why)
            out.say(
                f"{sign('good')} " + _("{count} records were entered or changed").format(count=len(numbers))
            )
        else:
            out.say(_("nothing was imported: mend the faults, or --partial imports the good rows alone"))
        if out.json:
            out.answer(_answer(several, faults, numbers))
    raise SystemExit(int(bool(faults)))


def _content(path: Path) -> bytes:
    if path.stat().st_size > MOST_BYTES:
        raise NetopsError(
            "{file} was not read",
            "it is larger than {size} MiB",
            "split it",
            file=path.name,
            size=MOST_BYTES >> 20,
        )
    return path.read_bytes()


def _told(made: Intake, one: Any) -> dict[str, Any]:
    heads = {head.name: head.en if spoken() == "en" else head.zh for head in made.kind.headings}
    return {
        "file": one.place.file, "sheet": one.place.sheet, "cell": one.place.cell, "line": one.place.line, "place": str(one.place),
        "column": heads.get(one.column, one.column), "field": one.column, "value": one.value,
        "what": _(one.what).format(**one.facts), "mend": _(one.mend).format(**one.facts),
    }  # fmt: skip


def _faults(out: Output, faults: list[dict[str, Any]]) -> None:
    """Every fault, as the answer."""
    if faults and not out.json:
        shown = faults if out.csv or out.file else faults[:LISTED]
        left = len(faults) - len(shown)
        out.records("fault", shown, [
            Column(N_("place"), lambda row: row["place"]),
            Column(N_("column"), lambda row: row["column"]),
            Column(N_("value"), lambda row: row["value"]),
            Column(N_("what"), lambda row: row["what"]),
            Column(N_("mend"), lambda row: row["mend"]),
        ], note=_("{count} more faults: --csv -o faults.csv lists every one").format(count=left) if left else "")  # fmt: skip


def _plan(out: Output, opened: Desk, made: Intake, *, titled: bool) -> None:
    """What would be entered and changed, in sentences."""
    from netops.cli.register import _changed
    from netops.rounds.register_names import DeskNames

    bad = {(one.place.file, one.place.sheet, one.place.line) for one in made.plan.faults}
    plan, names = made.plan, DeskNames(opened)
    if titled:
        out.say(made.kind.title(spoken()), style="bold")
    told = _(
        "plan: {added} records are new, {changed} change, {same} stand so already, {faults} rows are at fault"
    )
    out.say(told.format(added=len(plan.added), changed=len(plan.changed), same=plan.same, faults=len(bad)))
    for change in plan.changed[: LISTED if out.verbose else 20]:
        out.say(f"  ~ {change.before.number}  {change.before.title}  {change.row.place}", style="yellow")
        for one in change.differences:
            out.say("      " + _changed(made.kind, one, names))
    if out.verbose:
        for draft in plan.added[:LISTED]:
            out.say(f"  + {draft.values.get(made.kind.head.name, '')}", style="green")
    for name in made.reading.ignored:
        out.say(_("passed over: {name} has no table of this register").format(name=name))
    for name in made.reading.hidden:
        out.say(f"{sign('note')} " + _("passed over: {name} is hidden; make it visible if it is meant").format(name=name))
    for name in made.reading.unseen:
        out.say(f"{sign('note')} " + _("{name} has hidden rows; they were read too").format(name=name))
    if made.reading.unknown:
        out.say(
            f"{sign('note')} "
            + labelled(_("headings that are no field here"))
            + series(made.reading.unknown[:20])
        )


def _answer(
    several: Sequence[Intake], faults: list[dict[str, Any]], numbers: tuple[str, ...]
) -> dict[str, Any]:
    """One item a register."""
    items = []
    for made in several:
        changed = [
            {"number": one.before.number, "place": str(one.row.place), "differences": one.differences}
            for one in made.plan.changed
        ]
        own = faults if len(several) == 1 else [_told(made, one) for one in made.plan.faults]
        taken = [one for one in numbers if one.startswith(f"{made.kind.head.prefix}-")]
        items.append({"register": made.kind.kind, "added": len(made.plan.added), "changed": changed, "same": made.plan.same,
                      "faults": own, "ignored": made.reading.ignored, "unknown": made.reading.unknown,
                      "hidden": made.reading.hidden, "hidden_rows": made.reading.unseen, "numbers": taken})  # fmt: skip
    return document("import", items)


@click.command(cls=Command)
@click.argument("kind")
@click.option(
    "--format",
    "shape",
    type=click.Choice(["csv", "xlsx", "json"]),
    help=N_("What is written; else by the name of -o FILE, else CSV."),
)
@click.option(
    "--organization", metavar="NAME", default="", help=N_("Only this organization's, by code or name.")
)
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only this plane's."))
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "gb18030"]),
    default="utf-8",
    show_default=True,
    help=N_("Of CSV."),
)
def export(
    kind: str, shape: str | None, organization: str, plane: str | None, encoding: str
) -> None:
    """
    Standing records as a table that `register import` takes in again without a difference.

    KIND "all" is every register, a sheet each.
    """
    from netops.cli.register import planes_of
    from netops.rounds import registers as rounds

    out = output()
    suffix = out.file.suffix.lower().removeprefix(".") if out.file else ""
    shape = shape or (
        suffix if suffix in ("csv", "xlsx", "json") and not out.json else "json" if out.json else "csv"
    )
    with desk() as opened:
        chosen = list(rounds.kinds(opened).values()) if kind == "all" else [rounds.kind(opened, kind)]
        tables = [
            (one, rounds.of(opened, one.kind, planes=planes_of(opened, plane), organization=organization))
            for one in chosen
        ]
        if shape == "json":
            out.answer(document("record", [entry for _kind, listed in tables for entry in listed], plane))
        elif shape == "xlsx":
            out.content(rounds.as_xlsx(opened, tables))
        elif len(tables) > 1:
            raise NetopsError(
                "nothing was exported", "CSV holds one register", "give one, or --format xlsx -o FILE.xlsx"
            )
        else:
            out.content(rounds.as_csv(opened, *tables[0], mark=out.file is not None, encoding=encoding))


@click.command(cls=Command)
@click.argument("kind")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1)
@click.option(
    "--organization", metavar="NAME", default="", help=N_("With the records of this organization, by code or name.")
)
@click.option("--filled", is_flag=True, help=N_("With every standing record, to be corrected."))
@click.option(
    "--rows", type=click.IntRange(0, 5000), default=30, show_default=True, help=N_("Open rows below them.")
)
def form(kind: str, numbers: tuple[str, ...], organization: str, filled: bool, rows: int) -> None:
    """
    The form of a register for a department to fill in, empty or with records; -o FILE.xlsx, else a file is named after it.

    A workbook with headings, drop-downs, checks and notes in the language of --lang; `register import` takes it back. KIND
    "all" is every register, a sheet each.
    """
    from netops.rounds import register_forms
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        chosen = list(rounds.kinds(opened).values()) if kind == "all" else [rounds.kind(opened, kind)]
        tables = []
        for one in chosen:
            if numbers:
                listed = [rounds.one(opened, one.kind, number)[1] for number in numbers]
            else:
                listed = rounds.of(opened, one.kind, organization=organization) if filled or organization else []
            tables.append((one, listed))
        content = register_forms.workbook(opened, tables, rows)
    path = out.file or Path(f"{kind}.xlsx".replace("/", "_"))
    files.fresh(content, path, what=N_("the form was not written"))
    told = replace(out, file=None)
    if told.json:
        told.record("form", {"path": str(path), "registers": [one.kind for one in chosen]}, lambda: None)
        return
    told.say(_("The form is in {path}: fill it in.").format(path=path))
    told.next(f"netops register import {kind} {path} --dry-run")


SHEETS = (form, import_, export)
"""What `netops register` has of them."""
