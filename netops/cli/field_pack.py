"""`netops inspect pack | merge`: an inspection taken out as one file, and what comes back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, labelled, sign
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.rounds.field_pack import Merge


@click.command(cls=Command)
@click.argument("number")
def pack(number: str) -> None:
    """
    Write an inspection into the new file of -o, a page for phone, tablet or laptop that needs no network.

    It shows every item with the machine's answer, takes the inspectors' and the body's answers, photos and the signature, and
    saves a sealed result file for `inspect merge`. -o FILE.pdf writes the same as a paper form, to be filled in by hand.
    """
    from dataclasses import replace

    from netops.rounds import field_pack

    out = output()
    if out.file is None:
        raise NetopsError("the pack was not written", "no file was named", "add -o FILE.html")
    file = out.file
    with desk() as opened:
        if file.suffix.lower() == ".pdf":
            from netops.rounds import inspect_record

            inspect_record.write_paper(opened, number, file)
            replace(out, file=None).say(_("{path} is written.").format(path=file))
            return
        out.say(_("plan: write {number} into {path}").format(number=number, path=file))
        if out.dry_run:
            out.confirm("")
        made = field_pack.pack(opened, number, file)
        shown = replace(out, file=None)
        told = {"pack": made.id, "inspection": made.inspection, "made": made.made, "file": str(file), "size": file.stat().st_size}
        shown.record("pack", told, lambda: shown.line(f"{sign('good')} {file}  {told['size']:,} B"))
        shown.next("" if shown.json else "netops inspect merge RESULT.json")


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--take", multiple=True, metavar="ITEM", help=N_("Put this conflicting answer in too; several allowed."))
def merge(file: Path, take: tuple[str, ...]) -> None:
    """
    Put a result from the field beside what was said meanwhile; nothing is overwritten.

    Where somebody answered otherwise after the pack was made, both are shown, and the answer from the field stays out unless
    --take names its item. Exit code 1 when conflicts were left out.
    """
    from netops.rounds import field_pack

    out = output()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NetopsError("the result was not read", "{reason}", "name the saved file", reason=error) from error
    with desk() as opened:
        made = field_pack.plan(opened, content, take)
        if not out.json:
            _show(out, made)
        out.confirm(_("Merge it?"))
        field_pack.merge(opened, content, made)
        left = [one for one in made.conflicts if one.item not in made.taken]
        if out.json:
            from netops.cli.printing import document

            told = {"inspection": made.inspection, "sha256": made.sha256, "added": made.added, "repeated": made.repeated,
                    "conflicts": made.conflicts, "taken": made.taken, "photos": made.photos}  # fmt: skip
            out.answer(document("merge", [told]))
        else:
            out.next(f"netops inspect show {made.inspection}")
    raise SystemExit(int(bool(left)))


def _show(out: Output, made: Merge) -> None:
    from netops.core.clock import city_time

    result = made.result
    out.line(f"{made.inspection}  {city_time(result.saved_at)}  {'、'.join(result.inspectors)}", style="bold")
    signed = _("drawn") if result.signature else result.signed_name or "—"
    out.line("  " + labelled(_("signature")) + signed + "  " + labelled(_("accompanied by")) + (result.accompanied or "—"))
    counted = _("{added} answers are added, {same} stand already, {photos} photos")
    out.line("  " + counted.format(added=len(made.added), same=made.repeated, photos=made.photos))
    if made.conflicts:
        out.records("conflict", made.conflicts, [
            Column(N_("item"), lambda one: one.item, style="cyan"),
            Column(N_("who"), lambda one: _(one.party)),
            Column(N_("in the field"), lambda one: _(one.field)),
            Column(N_("meanwhile"), lambda one: f"{_(one.meanwhile)}  {one.actor}"),
            Column(N_("at"), lambda one: one.at),
            Column(N_("what becomes of it"), lambda one: _fate(made, one.item)),
        ])  # fmt: skip


def _fate(made: Merge, item: str) -> str:
    return _("taken") if item in made.taken else _("left out: --take {item}").format(item=item)
