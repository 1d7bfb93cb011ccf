"""The verbs of `netops register` that carry tables: import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, document, labelled, sign
from netops.core.errors import NetopsError
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
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
    """
    from netops.cli.register import plane_of
    from netops.rounds import registers as rounds

    out = output()
    with desk() as opened:
        sheets, source = rounds.sheets_of((str(path), _content(path)) for path in files)
        made = rounds.planned(opened, kind, sheets, source, plane_of(plane))
        faults = [_told(made, one) for one in made.plan.faults]
        _plan(out, opened, made, faults)
        numbers: tuple[str, ...] = ()
        if not (made.plan.added or made.plan.changed):
            out.say(_("nothing is to be imported"))
        elif out.dry_run or partial or not faults:
            if out.dry_run:
                if out.json:
                    out.answer(_answer(made, faults, ()))
                out.say(_("nothing was changed (--dry-run)"))
                raise SystemExit(int(bool(faults)))
            out.confirm(_("Import them?"))
            numbers = rounds.take_in(opened, made, partial=partial, why=why)
            out.say(
                f"{sign('good')} " + _("{count} records were entered or changed").format(count=len(numbers))
            )
        else:
            out.say(_("nothing was imported: mend the faults, or --partial imports the good rows alone"))
        if out.json:
            out.answer(_answer(made, faults, numbers))
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


def _plan(out: Output, opened: Desk, made: Intake, faults: list[dict[str, Any]]) -> None:
    """The faults as the answer; what would be entered and changed, in sentences."""
    from netops.cli.register import _changed
    from netops.rounds.register_names import DeskNames

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
    bad = {(row["file"], row["sheet"], row["line"]) for row in faults}
    plan, names = made.plan, DeskNames(opened)
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
    if made.reading.unknown:
        out.say(
            f"{sign('note')} "
            + labelled(_("headings that are no field here"))
            + "、".join(made.reading.unknown[:20])
        )


def _answer(made: Intake, faults: list[dict[str, Any]], numbers: tuple[str, ...]) -> dict[str, Any]:
    changed = [
        {"number": one.before.number, "place": str(one.row.place), "differences": one.differences}
        for one in made.plan.changed
    ]
    told = {"register": made.kind.kind, "added": len(made.plan.added), "changed": changed, "same": made.plan.same,
            "faults": faults, "ignored": made.reading.ignored, "unknown": made.reading.unknown, "numbers": numbers}  # fmt: skip
    return document("import", [told])


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
@click.option("--empty", is_flag=True, help=N_("Only the headings: a form to fill in."))
@click.option(
    "--encoding",
    type=click.Choice(["utf-8", "gb18030"]),
    default="utf-8",
    show_default=True,
    help=N_("Of CSV."),
)
def export(
    kind: str, shape: str | None, organization: str, plane: str | None, empty: bool, encoding: str
) -> None:
    """
    Standing records as a table that `register import` takes in again without a difference.

    KIND "all" is every register, a sheet each.
    """
    from netops.cli.register import plane_of
    from netops.rounds import registers as rounds

    out = output()
    suffix = out.file.suffix.lower().removeprefix(".") if out.file else ""
    shape = shape or (
        suffix if suffix in ("csv", "xlsx", "json") and not out.json else "json" if out.json else "csv"
    )
    with desk() as opened:
        chosen = list(rounds.kinds(opened).values()) if kind == "all" else [rounds.kind(opened, kind)]
        tables = [
            (
                one,
                []
                if empty
                else rounds.of(opened, one.kind, plane=plane_of(plane), organization=organization),
            )
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


SHEETS = (import_, export)
"""What `netops register` has of them."""
