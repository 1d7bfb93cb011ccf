"""`netops doctor`: is the tool itself well; every fault with its mend."""

from __future__ import annotations

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

STYLES = {"good": "green", "note": "yellow", "bad": "red"}


@click.command(cls=Command)
def doctor() -> None:
    """Check configuration, secrets, store, register, playbooks, collector, fonts and disk. Exit code 1 when one is bad."""
    from netops.rounds import doctor as rounds

    out = output()
    with desk() as opened:
        checks = list(rounds.examine(opened))
        out.records(
            "check",
            checks,
            [
                Column("", lambda one: sign(one.state), style=lambda one: STYLES[one.state]),
                Column(N_("check"), lambda one: _(one.name)),
                Column(N_("found"), lambda one: one.detail),
                Column(N_("mend"), lambda one: one.mend, style="cyan"),
            ],
        )
    raise SystemExit(int(any(one.state == "bad" for one in checks)))
