"""`netops incident attach` and `netops incident evidence`: list, export, verify."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, Group, desk, output, papers
from netops.cli.printing import Column
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.core.custody import Link


@click.command(cls=Command)
@click.argument("number")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--source", metavar="TEXT", default="", help=N_("What it comes from: a device, a person, a place."))
@click.option("--query", metavar="TEXT", default="", help=N_("How it was obtained, such as a command with its parameters."))
@click.option("--note", metavar="TEXT", default="", help=N_("What it shows."))
@click.option("--when", metavar="TIME", help=N_("When it was collected; else now."))
def attach(number: str, file: Path, source: str, query: str, note: str, when: str | None) -> None:
    """Attach a file to an incident as evidence: it is kept with its hashes and an entry in the chain."""
    from netops.incidents import casebook
    from netops.rounds import exhibits

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        out.say(_("plan: attach {file} to {number}").format(file=file.name, number=one.number))
        out.confirm(_("Do it?"))
        at = papers.moment(when, opened) if when else opened.clock()
        name = exhibits.attach(opened, one.number, file, query=query, source=source, note=note, at=at)

        def told() -> None:
            out.line(_("{file} is evidence {name} of {number}.").format(file=file.name, name=name, number=one.number))
            out.next(f"netops incident evidence list {one.number}")

        out.record("evidence", {"id": name, "incident": one.number, "file": file.name}, told, plane=one.plane)


@click.group(cls=Group)
def evidence() -> None:
    """Evidence of incidents: listed, exported, and the whole chain verified."""


def _row(link: Link) -> dict[str, Any]:
    from msgspec.structs import asdict

    return {**asdict(link.entry), "digest": link.digest, "hash": link.hash}


@evidence.command("list")
@click.argument("number")
def list_(number: str) -> None:
    """Every piece of evidence of an incident, with who collected it, when, by which query, and its hashes."""
    from netops.core import custody
    from netops.incidents import casebook
    from netops.rounds import exhibits

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        found = custody.links(opened.store, exhibits.names(opened, one.number))
        out.records(
            "evidence",
            [_row(link) for link in found] if out.json else found,
            [
                Column(N_("entry"), lambda link: link.entry.seq, right=True),
                Column(N_("number"), lambda link: link.entry.id, style="cyan"),
                Column(N_("kind"), lambda link: _(link.entry.kind)),
                Column(N_("source"), lambda link: link.entry.source),
                Column(N_("collected"), lambda link: link.entry.time),
                Column(N_("query"), lambda link: link.entry.query),
                Column(N_("collected by"), lambda link: link.entry.collector),
                Column(N_("bytes"), lambda link: link.entry.size, right=True),
                Column("SHA-256", lambda link: link.entry.sha256[:16]),
                Column("SM3", lambda link: link.entry.sm3[:16]),
            ],
            plane=one.plane,
            empty=_("No evidence is linked to it."),
            next_step=f"netops incident evidence export {one.number} -o {one.number}.zip",
        )


@evidence.command()
@click.argument("number")
def export(number: str) -> None:
    """Write everything that proves an incident into -o FILE.zip, with a verifier that needs only Python."""
    from dataclasses import replace

    from netops.cli import dossier
    from netops.core import docket
    from netops.core.errors import NetopsError
    from netops.incidents import casebook
    from netops.rounds import exhibits, handling

    out = output()
    if out.file is None:
        raise NetopsError("no bundle was written", "no file was named", "-o FILE.zip")
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        findings = [docket.one(opened.store, name) for name in one.findings]
        whole = {**dossier.record(one, opened.clock()), **handling.dossier(opened, one, findings)}
        done = exhibits.export(opened, one.number, out.file, whole)
        talk = replace(out, file=None)

        def told() -> None:
            talk.line(_("{path}: {entries} pieces of evidence").format(path=done["path"], entries=done["entries"]), style="bold")
            talk.line(f"  SHA-256 {done['sha256']}")
            talk.line("  " + _("head of the chain {head}").format(head=done["head"]))
            talk.line("  " + _("verify it anywhere: python3 verify.py {path}").format(path=Path(done["path"]).name))

        talk.record("bundle", done, told, plane=one.plane)


@evidence.command()
def verify() -> None:
    """Read the whole evidence chain and find any changed, missing or slipped-in piece; exit code 1 when there is one."""
    from netops.core import custody

    out = output()
    with desk() as opened:
        found = custody.verify(opened.store)

    def told() -> None:
        if found.broken:
            out.line(_("✗ entry {broken}: {why}").format(broken=found.broken, why=_(found.why)), style="bold red")
        else:
            out.line(_("✓ {entries} pieces of evidence verify; head of the chain {head}").format(
                entries=found.entries, head=found.head), style="green")  # fmt: skip

    out.record("verification", found, told)
    raise SystemExit(int(bool(found.broken)))


VERBS = (attach, evidence)
