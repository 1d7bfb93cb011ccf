"""The verbs of `netops register` about terms: expired, discard."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, sign
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
    from collections.abc import Sequence

    from netops.desk import Desk
    from netops.registers.outlived import Outlived


@click.command(cls=Command)
@click.argument("kind", required=False)
def expired(kind: str | None) -> None:
    """
    What is past its term: retired records, and versions long replaced that still name persons. Nothing is removed.

    The term stands in the register's file (retention). Exit code 1 when there is something.
    """
    from netops.rounds import register_terms as rounds

    out = output()
    with desk() as opened:
        listed = rounds.listed(opened, kind or "")
        _table(out, opened, listed, f"netops register discard {listed[0].kind} --why …" if listed else "")
    raise SystemExit(int(bool(listed)))


@click.command(cls=Command)
@click.argument("kind")
@click.argument("numbers", metavar="[NUMBER]...", nargs=-1)
@click.option("--why", required=True, metavar="TEXT", help=N_("Why; the journal keeps it."))
def discard(kind: str, numbers: tuple[str, ...], why: str) -> None:
    """
    Remove for good what of a register is past its term, or only some records of it; it cannot be brought back.

    Retired records go with every version and the files that only they had; of others the names of persons in versions long
    replaced. The journal keeps which numbers went, when, by whom and why, never what they said.
    """
    from netops.rounds import register_terms as rounds

    out = output()
    with desk() as opened:
        wanted = {one.upper() for one in numbers}
        listed = [one for one in rounds.listed(opened, kind) if not wanted or one.number in wanted]
        if listed and not out.json:
            _table(out, opened, listed)
        out.say(_("plan: {count} are removed for good").format(count=len(listed)))
        out.confirm(_("Remove them?"))
        done = rounds.discard(opened, kind, numbers, why)
        if out.json:
            out.records("outlived", done, [])
        out.say(f"{sign('good')} " + _("{count} were removed").format(count=len(done)))


def _table(out: Output, opened: Desk, listed: Sequence[Outlived], next_step: str = "") -> None:
    from netops.rounds import registers

    titles = {name: one.title(spoken()) for name, one in registers.kinds(opened).items()}
    out.records("outlived", listed, [
        Column(N_("number"), lambda one: one.number, style="cyan"),
        Column(N_("register"), lambda one: titles.get(one.kind, one.kind)),
        Column(N_("organization"), lambda one: opened.register.name(one.organization)),
        Column(N_("what"), lambda one: _("persons in version {versions}").format(versions=", ".join(map(str, one.versions)))
               if one.versions else _("the retired record")),
        Column(N_("ended"), lambda one: one.ended), Column(N_("kept until"), lambda one: one.due),
    ], empty=_("nothing is past its term"), next_step=next_step)  # fmt: skip


TERMS = (expired, discard)
"""What `netops register` has of them."""
