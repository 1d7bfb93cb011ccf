"""`netops inspect export`: an inspection as OSCAL."""

from __future__ import annotations

from dataclasses import replace

import click

from netops.cli import Command, desk, output
from netops.core.errors import NetopsError
from netops.core.language import N_, _


@click.command(cls=Command)
@click.argument("numbers", metavar="NUMBER", nargs=-1, required=True)
@click.option("--oscal", "is_oscal", is_flag=True, help=N_("As OSCAL 1.2.1: a folder with four JSON files that name each other."))
def export(numbers: tuple[str, ...], is_oscal: bool) -> None:
    """
    Write an inspection for other programs.

    --oscal -o FOLDER: catalog, assessment plan, assessment results and POA&M, with the evidence inside.
    """
    from netops.rounds import oscal

    out = output()
    if out.file is None or not is_oscal:
        raise NetopsError("no document was written", "no file was named", "add --oscal -o FOLDER")
    with desk() as opened:
        written = [
            path for number in numbers
            for path in oscal.export(opened, number, out.file / number if len(numbers) > 1 else out.file)
        ]  # fmt: skip
    told = replace(out, file=None)
    for path in written:
        told.say(_("{path} is written.").format(path=path))
