"""`netops inspect catalogue export | import`: catalogues as OSCAL catalogs, and back."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, labelled
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.rounds.oscal_import import Plan

SHOWN = 20
"""Items of a preview on a terminal; --json has every one."""


@click.command("export", cls=Command)
@click.argument("name")
def export(name: str) -> None:
    """Write a catalogue as an OSCAL 1.2.1 catalog (JSON) into the file of -o."""
    from netops.core import files
    from netops.rounds import oscal

    out = output()
    if out.file is None:
        raise NetopsError("no document was written", "no file was named", "add -o FILE.json")
    with desk() as opened:
        files.put(oscal.catalogue(opened, name), out.file)
    replace(out, file=None).say(_("{path} is written.").format(path=out.file))


@click.command("import", cls=Command)
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--name", default="", metavar="NAME", help=N_("What the catalogue is to be called; else as our own export says."))
def import_(file: Path, name: str) -> None:
    """
    Take an OSCAL catalog (JSON) in as a new file of the playbooks; what it becomes is shown first.

    Its controls become items that a person answers; a catalog of our own export keeps its checks. A file that exists is not
    touched.
    """
    from netops.rounds import oscal_import

    out = output()
    try:
        content = file.read_bytes()
    except OSError as error:
        raise NetopsError("the catalog was not read", "{why}", "name a file that can be read", why=error.strerror) from error
    with desk() as opened:
        made = oscal_import.plan(opened, content, name)
        _show(out, made)
        out.confirm(_("Write it?"))
        oscal_import.apply(opened, made)
    out.say(_("{path} is written.").format(path=made.path))
    if not out.json:
        out.next(f"netops inspect catalogue show {made.imported.catalogue.head.name}")


def _show(out: Output, made: Plan) -> None:
    from netops.inspections.oscal_import import LONGEST_ID

    imported = made.imported
    head, items = imported.catalogue.head, imported.catalogue.items
    rows = [{"id": item.id, "question": item.question, "quote_zh": item.quote_zh, "method": item.method, "left": ""}
            for item in items]  # fmt: skip
    left = [{"id": one.control, "question": "", "quote_zh": "", "method": "", "left": _(one.why).format(most=LONGEST_ID)}
            for one in imported.left]  # fmt: skip
    shown = [*rows, *left] if out.json or out.csv else [*rows[:SHOWN], *left[:SHOWN]]
    counted = _("{items} items, {manual} of which a person answers; {left} controls are left out").format(
        items=len(items), manual=imported.manual, left=len(left)
    )
    out.records("item", shown, [
        Column(N_("number"), lambda one: one["id"], style="cyan"),
        Column(N_("item"), lambda one: one["question"]),
        Column(N_("method"), lambda one: _(one["method"])),
        Column(N_("left out"), lambda one: one["left"], style="yellow"),
    ], title=f"{head.name}  {head.title_zh}  {head.version}  OSCAL {imported.oscal_version}", note=counted)  # fmt: skip
    out.say(labelled(_("plan")) + _("write {path}").format(path=made.path))
