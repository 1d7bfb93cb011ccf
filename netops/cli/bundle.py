"""`netops bundle`: key, export, verify, import, list."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output, labelled, sign
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.bundle import Bundle

FILE = click.argument("file", type=click.Path(path_type=Path))


@click.group(cls=Group)
def bundle() -> None:
    """What the extranet's instance saw, as a signed file that a person carries into the intranet; never the other way."""


def _show(out: Output, one: Bundle) -> None:
    head = one.head
    out.line(labelled(_("file")) + f"{one.file}  {head.size:,} B")
    out.line(labelled(_("plane")) + f"{_(head.plane)}  {head.city}  netops {head.netops}")
    out.line(labelled(_("made")) + f"{city_time(head.made)}  {head.by}")
    out.line(labelled(_("holds")) + "  ".join(f"{_(name)} {count:,}" for name, count in head.facts.items()))
    trusted = _("trusted here") if one.trusted else _("not named under [bundle] trusted")
    out.line(labelled(_("signed by")) + f"{one.signer}  {sign('good' if one.trusted else 'note')} {trusted}")


@bundle.command()
@FILE
def key(file: Path) -> None:
    """Write a new secret key into FILE, mode 0600, and print the public one: the other side writes it under [bundle] trusted."""
    from netops.core import seal

    out = output()
    public = seal.new_key(file)
    out.say(f"{sign('good')} {file}")
    out.record("key", {"file": str(file), "public": public}, lambda: out.line(public))


@bundle.command()
@click.option("--plane", type=click.Choice(["extranet", "intranet"]), default="extranet", show_default=True,
              help=N_("What to tell of; the intranet is refused."))  # fmt: skip
def export(plane: str) -> None:
    """Write devices as last walked, prefixes and standing findings into the new file of -o, signed by [bundle] key_file."""
    from dataclasses import replace

    from netops.core.plane import Plane
    from netops.rounds import bundle as rounds

    out = output()
    if out.file is None:
        raise NetopsError("the bundle was not written", "no file was named", "add -o FILE")
    file = out.file
    with desk() as opened:
        out.say(_("plan: write what is known of {plane} into {path}").format(plane=_(plane), path=file))
        if out.dry_run:
            out.confirm("")
        made = rounds.export(opened, file, Plane(plane))
        said = replace(out, file=None)
        said.record("bundle", made, lambda: _show(said, made))


@bundle.command()
@FILE
def verify(file: Path) -> None:
    """Read all of FILE: seal, hash and content. Exit code 1 when it is whole and nobody here trusts who signed it."""
    from netops.rounds import bundle as rounds

    out = output()
    with desk() as opened:
        found = rounds.verify(opened, file)
        out.record("bundle", found, lambda: _show(out, found))
    raise SystemExit(int(not found.trusted))


@bundle.command("import")
@FILE
def import_(file: Path) -> None:
    """Take FILE into the intranet's instance; the next walk holds its own tables against it."""
    from netops.rounds import bundle as rounds

    out = output()
    with desk() as opened:
        found = rounds.verify(opened, file)
        if not out.json:
            _show(out, found)
        out.confirm(_("Import it?"))
        receipt = rounds.carry(opened, file)
        out.record("bundle", receipt, lambda: out.next("netops round run walk"))


@bundle.command("list")
def list_() -> None:
    """Every bundle that was imported here."""
    from netops.topology import carried

    out = output()
    with desk() as opened:
        out.records("bundle", carried.receipts(opened.store), [
            Column(N_("plane"), lambda one: _(one.plane)),
            Column(N_("city"), lambda one: one.city),
            Column(N_("made"), lambda one: one.made),
            Column(N_("imported"), lambda one: one.imported),
            Column(N_("by"), lambda one: one.actor),
            Column(N_("devices"), lambda one: one.facts.get("devices"), right=True),
            Column(N_("findings"), lambda one: one.facts.get("findings"), right=True),
            Column("SHA-256", lambda one: one.sha256[:16]),
        ], empty=_("No bundle was imported."))  # fmt: skip
