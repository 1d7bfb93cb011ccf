"""`netops backup`: create, verify, restore."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Output, document, labelled, sign
from netops.core.clock import city_time
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.backup import Backup


@click.group(cls=Group)
def backup() -> None:
    """Backups of the store, the configuration and the register in one checked file."""


def _show(out: Output, one: Backup, gone: list[str] | None = None) -> Callable[[], None]:
    def show() -> None:
        manifest = one.manifest
        out.line(labelled(_("file")) + f"{one.file}  {one.size:,} B")
        out.line(labelled("SHA-256") + one.sha256)
        by = f"netops {manifest.netops}  {manifest.engine}"
        out.line(labelled(_("taken")) + f"{city_time(manifest.made)}  {manifest.by}  {by}")
        tables, files = len(manifest.tables), len(manifest.members) - len(manifest.tables)
        held = _("{tables} tables, {rows} rows, {files} files")
        out.line(labelled(_("holds")) + held.format(tables=tables, rows=f"{manifest.rows:,}", files=files))
        chain = _("{count} entries, head {head}").format(count=manifest.entries, head=manifest.head[:16])
        out.line(labelled(_("journal")) + chain)
        for path in gone or ():
            out.line(labelled(_("let go")) + path)
        for fault in one.faults:
            out.line(f"{sign('bad')} {fault}", style="red")

    return show


@backup.command()
@click.argument("place", type=click.Path(path_type=Path))
@click.option("--flows", is_flag=True, help=N_("The flow archive too."))
@click.option("--secrets", is_flag=True, help=N_("The files of secrets too; guard the backup as you guard them."))
@click.option("--keep", type=click.IntRange(0), default=0, metavar="N",
              help=N_("In a folder: how many stay, the newest; 0 keeps all."))  # fmt: skip
def create(place: Path, flows: bool, secrets: bool, keep: int) -> None:
    """Write every table of this moment, the configuration and the register into the new file PLACE, or into a folder."""
    from netops.rounds import backup as rounds

    out = output()
    with desk() as opened:
        if out.dry_run:
            out.say(_("plan: write a backup of {store} to {place}").format(store=opened.store.shown_url(), place=place))
            out.confirm("")
        with out.progress(_("backup")) as say:
            made, gone = rounds.create(opened, place, flows=flows, secrets=secrets, keep=keep, say=say)
        out.record("backup", made, _show(out, made, [str(path) for path in gone]))
        out.next("" if out.json else f"netops backup verify {made.file}")


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
def verify(file: Path) -> None:
    """Read all of FILE: hashes, rows and the journal's chain. Exit code 1 when anything in it was changed or is missing."""
    from netops.rounds import backup as rounds

    out = output()
    with out.progress(_("backup")) as say:
        found = rounds.verify(file, say)
    if out.json:
        out.answer(document("backup", [found]))
    else:
        _show(out, found)()
        if not found.faults:
            out.line(f"{sign('good')} " + _("The backup is whole."), style="green")
    raise SystemExit(int(bool(found.faults)))


@backup.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--files", type=click.Path(path_type=Path, file_okay=False), default=None, metavar="DIRECTORY",
              help=N_("A new folder for the configuration, the register and what else it holds."))  # fmt: skip
def restore(file: Path, files: Path | None) -> None:
    """Put FILE into the empty store of --store or of the configuration; SQLite and PostgreSQL read each other's."""
    from netops.core.store import shown
    from netops.rounds import backup as rounds

    out = output()
    with desk() as opened:
        found = rounds.verify(file)
        plan = _("plan: {rows} rows of {tables} tables into {store}")
        rows, tables = f"{found.manifest.rows:,}", len(found.manifest.tables)
        out.say(plan.format(rows=rows, tables=tables, store=shown(opened.config.store_url)))
        out.confirm(_("Restore it?"))
        with out.progress(_("backup")) as say:
            done = rounds.restore(opened, file, files, say)
        out.record("backup", done, _show(out, done))
        out.next("" if out.json else "netops doctor")
