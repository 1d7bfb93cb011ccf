"""`netops ip paper`: application, notice, ledger."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netops.cli import Group, desk, output
from netops.cli.ip_shown import PLANES
from netops.cli.printing import Output, labelled
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_, _


@click.group(cls=Group)
def paper() -> None:
    """Papers about addresses: the application form, the notice of what was allocated, the ledger; -o FILE says as what."""


@paper.command()
@click.option("--declaration", metavar="NUMBER", required=True, help=N_("Whose addresses are applied for."))
def application(declaration: str) -> None:
    """The application form (IP地址分配申请表) of a declaration, filled with what is known: -o FILE.docx, .pdf or .json."""
    from netops.rounds import address_papers as papers

    out = output()
    with desk() as opened:
        path = place(out, papers.SUFFIXES["application"])
        made = papers.application(opened, declaration)
        if path is not None:
            papers.write(made, path, opened)
        written(out, path, made, made.title, {N_("declaration"): declaration})


@paper.command()
@click.argument("numbers", nargs=-1, metavar="[NUMBER]...")
@click.option(
    "--declaration", metavar="NUMBER", default="", help=N_("Everything allocated under this declaration.")
)
@click.option("--issue", is_flag=True, help=N_("A person issues it: it takes the next number and is frozen."))
def notice(numbers: tuple[str, ...], declaration: str, issue: bool) -> None:
    """The notice of what was allocated (IP地址分配通知单): -o FILE.docx, .pdf, .xlsx or .json; `netops document` has it too."""
    from netops.cli.document import issued, told
    from netops.rounds import address_papers as papers

    out = output()
    with desk() as opened:
        path = place(out, papers.SUFFIXES["notice"])
        if not numbers and not declaration:
            raise NetopsError(
                "no document was written", "no allocation and no declaration is named",
                "netops ip paper notice --declaration NUMBER -o FILE.docx",
            )  # fmt: skip
        kept = papers.notice(opened, numbers, declaration)
        told(out, opened, issued(out, opened, kept) if issue else kept, path, papers.write)


@paper.command()
@click.option(
    "--plane",
    type=PLANES,
    default="extranet",
    show_default=True,
    help=N_("The plane whose addresses they are."),
)
@click.option("--by", type=click.Choice(["organization", "pool"]),
              help=N_("How it is divided; by organization unless a pool is named."))  # fmt: skip
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--pool", metavar="PREFIX", default="", help=N_("Only in this pool."))
def ledger(plane: str, by: str | None, organization: str, pool: str) -> None:
    """The ledger (IP地址台账) as it stands, or stood --at a past time: -o FILE.docx, .pdf, .xlsx or .json."""
    from netops.core.plane import Plane
    from netops.rounds import address_ledger as ledgers

    out = output()
    with desk() as opened:
        if Plane(plane) not in opened.planes:
            raise Refused(
                "the ledger was not written", "this instance does not serve the {plane}", "", plane=plane
            )
        path = place(out, ledgers.SUFFIXES)
        made = ledgers.ledger(opened, Plane(plane), by or ("pool" if pool else "organization"), organization, pool)
        count = sum(len(group.lines) for group in made.groups)
        if path is not None:
            ledgers.write(made, path, opened)
        written(out, path, made, made.title, {N_("groups"): len(made.groups), N_("runs"): count})


def place(out: Output, suffixes: tuple[str, ...]) -> Path | None:
    """Where the paper goes: the file of -o; none only with --json."""
    if out.file is None and not out.json:
        raise NetopsError("no document was written", "no file was named", "-o FILE.docx")
    if out.file is not None and out.file.suffix.lower() not in suffixes:
        raise NetopsError(
            "{path} was not written", "a document is written as {suffixes}", "-o FILE.docx", path=out.file,
            suffixes=", ".join(suffixes),
        )  # fmt: skip
    return out.file


def written(out: Output, path: Path | None, made: Any, title: str, facts: dict[str, Any]) -> None:
    """On stdout where the paper is and what it is about; with --json all of it."""
    from dataclasses import replace

    from msgspec import to_builtins

    talk = replace(out, file=None)

    def text() -> None:
        talk.line(f"{title}  {path}", style="bold")
        for name, value in facts.items():
            talk.line(f"  {labelled(_(name))}{value}")

    talk.record("document", {"path": str(path) if path else "", "content": to_builtins(made)}, text)
