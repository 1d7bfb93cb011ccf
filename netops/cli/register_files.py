"""The verbs that keep files: attach, detach, files of `netops register`; attach, detach of `netops declare`."""

from __future__ import annotations

from pathlib import Path

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _


@click.command(cls=Command)
@click.argument("kind")
@click.argument("number")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def attach(kind: str, number: str, file: Path) -> None:
    """Keep a paper of a record by its hash: PDF, OFD, DOCX, XLSX, pictures, text; told by its content, never run."""
    from netops.rounds import attachments as rounds

    out = output()
    with desk() as opened:
        content = rounds.content(file)
        ending, media = rounds.recognized(content, file.name)
        out.say(f"{number}  + {file.name}  {len(content):,} B  {media}")
        out.confirm(_("Attach it?"))
        sha256 = rounds.attach(opened, kind, number, file.name, content)

        def text() -> None:
            out.line(
                f"{sign('good')} "
                + _("{name} is attached: SHA-256 {sha256}").format(name=file.name, sha256=sha256)
            )

        out.record(
            "attachment",
            {"number": number, "name": file.name, "media": media, "ending": ending, "sha256": sha256},
            text,
        )


@click.command(cls=Command)
@click.argument("kind")
@click.argument("number")
@click.argument("sha256")
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def detach(kind: str, number: str, sha256: str, why: str) -> None:
    """Take a file off a record, by the beginning of its hash; its bytes are kept, as the journal names them."""
    from netops.rounds import attachments as rounds

    out = output()
    with desk() as opened:
        out.say(f"{number}  - {sha256}")
        out.confirm(_("Take it off?"))
        rounds.detach(opened, kind, number, sha256, why)
        out.say(_("it is taken off"))


@click.command(cls=Command)
@click.option("--check", is_flag=True, help=N_("Read every file and compare its hash."))
def files(check: bool) -> None:
    """Every attachment with its place: what a backup must carry beside the store. Exit code 1 when --check finds one changed."""
    from netops.rounds import attachments as rounds

    out = output()
    with desk() as opened:
        listed = rounds.listed(opened)
        damage = {one.path: one.what for one in rounds.damaged(opened)} if check else {}
        out.records(
            "attachment",
            [{"number": one.number, "name": one.name, "media": one.media, "size": one.size, "sha256": one.sha256,
              "path": str(rounds.folder_of(opened) / one.path), "at": one.at, "damage": _(damage.get(one.path, ""))}
             for one in listed],
            [
                Column("", lambda row: sign("bad" if row["damage"] else "good")),
                Column(N_("record"), lambda row: row["number"], style="cyan"),
                Column(N_("name"), lambda row: row["name"]),
                Column(N_("bytes"), lambda row: f"{row['size']:,}", right=True),
                Column("SHA-256", lambda row: row["sha256"][:16]),
                Column(N_("place"), lambda row: row["path"]),
                Column(N_("what"), lambda row: row["damage"]),
            ],
            empty=_("nothing is attached"),
        )  # fmt: skip
    raise SystemExit(int(bool(damage)))


@click.command("attach", cls=Command)
@click.argument("number")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def attach_to_declaration(number: str, file: Path) -> None:
    """Keep a signed paper of a declaration by its hash: PDF, OFD, DOCX, XLSX, pictures, text; told by its content, never run."""
    from netops.rounds import attachments as rounds

    out = output()
    with desk() as opened:
        content = rounds.content(file)
        _ending, media = rounds.recognized(content, file.name)
        out.say(f"{number}  + {file.name}  {len(content):,} B  {media}")
        out.confirm(_("Attach it?"))
        sha256 = rounds.attach_to_declaration(opened, number, file.name, content)
        told = _("{name} is attached: SHA-256 {sha256}").format(name=file.name, sha256=sha256)
        answer = {"number": number, "name": file.name, "media": media, "sha256": sha256}
        out.record("attachment", answer, lambda: out.line(f"{sign('good')} {told}"))


@click.command("detach", cls=Command)
@click.argument("number")
@click.argument("sha256")
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def detach_from_declaration(number: str, sha256: str, why: str) -> None:
    """Take a paper off a declaration, by the beginning of its hash; its bytes are kept, as the journal names them."""
    from netops.rounds import attachments as rounds

    out = output()
    with desk() as opened:
        out.say(f"{number}  - {sha256}")
        out.confirm(_("Take it off?"))
        rounds.detach_from_declaration(opened, number, sha256, why)
        out.say(_("it is taken off"))


FILES = (attach, detach, files)
"""What `netops register` has of them."""
