"""`netops inventory`: check, plan, apply, import, export."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output
from netops.core import files
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.drafts import Draft
    from netops.rounds.inventory import Plan

STYLES = {"+": "green", "-": "red", "~": "yellow"}


@click.group(cls=Group)
def inventory() -> None:
    """The register: what ought to be, written by people in TOML, put in force as a whole."""


@inventory.command()
def check() -> None:
    """Read the files and name every fault: file, line, key, value."""
    from netops import register

    out = output()
    with desk() as opened:
        read = register.read(Path(opened.config.inventory))
        counts = [(kind, len(getattr(read, kind))) for kind in register.KINDS]
        out.records(
            "inventory",
            [{"kind": kind, "entries": count} for kind, count in counts],
            [
                Column(N_("kind"), lambda row: _(row["kind"])),
                Column(N_("entries"), lambda row: row["entries"], right=True),
            ],
            note=_("The register can be read."),
            next_step="netops inventory plan",
        )


def show_changes(out: Output, plan: Plan | Draft) -> None:
    """Entries of the register that would change."""
    out.records(
        "change",
        plan.changes,
        [
            Column("", lambda change: change.sign, style=lambda change: STYLES[change.sign]),
            Column(N_("kind"), lambda change: _(change.kind)),
            Column(N_("entry"), lambda change: change.identity),
            Column(N_("difference"), lambda change: change.fields()),
        ],
        empty=_("The files and the register in force agree."),
    )


@inventory.command()
def plan() -> None:
    """Show what applying the files would change; `-o PLAN.json` keeps the plan. Exit code 1 when they differ."""
    import msgspec

    from netops.rounds import inventory as rounds

    out = output()
    with desk() as opened:
        made = rounds.plan(opened)
        if out.file and out.file.suffix == ".json":
            files.put(msgspec.json.format(msgspec.json.encode(made), indent=1), out.file)
            out.say(
                _("The plan of {count} changes for version {base} is in {path}.").format(
                    count=len(made.changes), base=made.base, path=out.file
                )
            )
            out.next(f"netops inventory apply {out.file}")
        else:
            show_changes(out, made)
            out.next("netops inventory apply" if made.changes else "")
    raise SystemExit(int(bool(made.changes)))


@inventory.command()
@click.argument("plan_file", required=False, type=click.Path(exists=True, dir_okay=False))
def apply(plan_file: str | None) -> None:
    """Put the files in force: exactly the plan, or nothing."""
    import msgspec

    from netops.core.errors import NetopsError
    from netops.rounds import inventory as rounds

    out = output()
    with desk() as opened:
        if plan_file:
            try:
                made = msgspec.json.decode(Path(plan_file).read_bytes(), type=rounds.Plan)
            except (msgspec.MsgspecError, OSError) as error:
                raise NetopsError(
                    "the plan was not applied",
                    "{reason}",
                    "netops inventory plan -o FILE.json writes a plan",
                    reason=error,
                ) from error
        else:
            made = rounds.plan(opened)
        if not made.changes:
            out.say(_("The files and the register in force agree."))
            return
        if not out.json:
            show_changes(out, made)
        out.confirm(_("Apply these {count} changes?").format(count=len(made.changes)))
        version = rounds.apply(opened, made)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("change", made.changes))
        out.say(_("Version {version} of the register is in force.").format(version=version))


@inventory.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
def export(directory: Path | None) -> None:
    """Write the register in force, or the one of --at, as TOML into the new folder DIRECTORY; without one, as JSON."""
    from netops.rounds import drafts

    out = output()
    with desk() as opened:
        if directory is None:
            from netops.cli.printing import document

            out.answer(document("register", [drafts.content(opened)]))
            return
        for path in drafts.export(opened, directory):
            out.say(f"  {path}")
        out.next(f"netops inventory import {directory}")


@inventory.command("import")
@click.argument("source", required=False, type=click.Path(path_type=Path))
@click.option("--walk", "walked", is_flag=True, help=N_("Instead: devices and links that the last walks saw and no file has."))
def import_(source: Path | None, walked: bool) -> None:
    """
    Put entries of SOURCE, a folder of TOML or a JSON file of `inventory export`, into the register's files.

    What would be added and changed is shown first; nothing is taken out, comments stay, and `inventory apply` puts the files
    in force as always.
    """
    from netops.core.errors import NetopsError
    from netops.rounds import drafts

    out = output()
    if (source is None) == (not walked):
        raise NetopsError("nothing was imported", "one source is needed", "name a folder or a file, or say --walk")
    with desk() as opened:
        draft = drafts.of_walk(opened) if source is None else drafts.of_source(opened, source)
        if out.json:
            from netops.cli.printing import document

            left = [{"what": what, "why": _(why)} for what, why in draft.left]
            out.answer(document("draft", [{"changes": draft.changes, "left": left}]))
        else:
            show_changes(out, draft)
            for what, why in draft.left:
                out.line(_("left out: {what}: {why}").format(what=what, why=_(why)), style="yellow")
        if not draft.changes:
            return
        out.confirm(_("Write these {count} entries into {folder}?").format(
            count=len(draft.changes), folder=opened.config.inventory))  # fmt: skip
        for path in drafts.write(opened, draft):
            out.say(f"  {path}")
        out.next("" if out.json else "netops inventory plan")
