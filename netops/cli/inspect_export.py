"""`netops inspect export | import`: an inspection as a workbook to fill in, CSV or OSCAL, and filled sheets put back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column
from netops.core import files
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.rounds.inspect_sheet import Filled


@click.command(cls=Command)
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1)
@click.option("--catalogue", "name", metavar="NAME", default="", help=N_("The newest inspection of everybody by this catalogue."))
@click.option("--one-sheet", is_flag=True, help=N_("All inspections on one sheet of the workbook; else a sheet for each."))
@click.option("--oscal", "is_oscal", is_flag=True, help=N_("As OSCAL 1.2.1: a folder with four JSON files that name each other."))
def export(numbers: tuple[str, ...], name: str, one_sheet: bool, is_oscal: bool) -> None:
    """
    Write inspections for filling in, or for other programs.

    -o FILE.xlsx: a workbook with drop-downs and locked cells, for `inspect import`. -o FILE.csv: the same rows as CSV. --oscal -o
    FOLDER: catalog, assessment plan, assessment results and POA&M, with the evidence inside. An existing workbook stays as it is.
    """
    out = output()
    if out.file is None or not (is_oscal or out.file.suffix.lower() in (".xlsx", ".csv")):
        raise NetopsError("no document was written", "no file was named", "add -o FILE.xlsx, -o FILE.csv, or --oscal -o FOLDER")
    with desk() as opened:
        written = _written(opened, _meant(opened, numbers, name), out.file, one_sheet=one_sheet, is_oscal=is_oscal)
    told = replace(out, file=None)
    for path in written:
        told.say(_("{path} is written.").format(path=path))
    if not is_oscal and not out.json:
        told.next(f"netops inspect import {out.file}")


def _meant(opened: Desk, numbers: tuple[str, ...], name: str) -> list[str]:
    """Numbers of the inspections that are asked for."""
    from netops.inspections import archive

    if name:
        return [*numbers, *(one.number for one in archive.latest(opened.store) if one.catalogue.head.name == name)]
    if not numbers:
        raise NetopsError("no document was written", "no inspection was named", "netops inspect list")
    return list(dict.fromkeys(numbers))


def _written(opened: Desk, numbers: list[str], file: Path, *, one_sheet: bool, is_oscal: bool) -> list[Path]:
    from netops.rounds import inspect_sheet, oscal

    if is_oscal:
        return [path for number in numbers for path in oscal.export(opened, number, file / number if len(numbers) > 1 else file)]
    if file.suffix.lower() == ".csv":
        files.put(inspect_sheet.table(opened, numbers), file)
    else:
        files.fresh(inspect_sheet.workbook(opened, numbers, one_sheet=one_sheet), file, what=N_("the form was not written"))
    return [file]


@click.command("import", cls=Command)
@click.argument("paths", metavar="FILE...", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--take", multiple=True, metavar="ITEM", help=N_("Put this conflicting answer in too; several allowed."))
def import_(paths: tuple[Path, ...], take: tuple[str, ...]) -> None:
    """
    Put the answers of filled sheets beside what stands; nothing is overwritten, and what would happen is shown first.

    Where somebody answered otherwise after the sheet was written, both are shown, and the answer of the sheet stays out unless
    --take names its item. Exit code 1 when conflicts were left out.
    """
    from netops.rounds import inspect_sheet

    out = output()
    with desk() as opened:
        made = inspect_sheet.plan(opened, paths, take)
        _show(out, made)
        out.confirm(_("Put them in?"))
        inspect_sheet.apply(opened, paths, made, take)
    raise SystemExit(int(any(one.left for one in made)))


def _show(out: Output, made: list[Filled]) -> None:
    rows = []
    for one in made:
        held = {(each.item, each.party): each for each in one.conflicts}
        rows += [_row(one, each.item, each.party, each.answer, each.note) for each in one.added
                 if (each.item, each.party) not in held]  # fmt: skip
        rows += [_row(one, each.item, each.party, each.field, "", f"{_(each.meanwhile)}  {each.actor}",
                      _("taken") if each.item in one.taken else _("left out: --take {item}").format(item=each.item))
                 for each in one.conflicts]  # fmt: skip
    counted = _("{added} answers are added, {same} stand already, {left} conflicts are left out").format(
        added=sum(len(one.added) for one in made), same=sum(one.repeated for one in made), left=sum(len(one.left) for one in made)
    )
    out.records("answer", rows, [
        Column(N_("inspection"), lambda row: row["inspection"], style="cyan"),
        Column(N_("item"), lambda row: row["item"]),
        Column(N_("who"), lambda row: _(row["party"])),
        Column(N_("in the sheet"), lambda row: _(row["answer"])),
        Column(N_("note"), lambda row: row["note"]),
        Column(N_("meanwhile"), lambda row: row["meanwhile"]),
        Column(N_("what becomes of it"), lambda row: row["fate"] or _("added")),
    ], note=counted, empty=_("The sheets bring nothing new."))  # fmt: skip


def _row(
    one: Filled, item: str, party: str, answer: str, note: str, meanwhile: str = "", fate: str = ""
) -> dict[str, str]:
    return {"inspection": one.inspection, "item": item, "party": party, "answer": answer, "note": note,
            "meanwhile": meanwhile, "fate": fate}  # fmt: skip
