"""`netops doctor`: is the tool itself well; every fault with its mend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.rounds.doctor import Check

STYLES = {"good": "green", "note": "yellow", "bad": "red"}


@click.command(cls=Command)
def doctor() -> None:
    """Check configuration, secrets, store, register, playbooks, collector, fonts and disk. Exit code 1 when one is bad."""
    from netops.rounds import doctor as rounds

    out = output()
    with desk() as opened:
        show(out, list(rounds.examine(opened)))


def show(out: Output, checks: list[Check]) -> None:
    """Each check with what was found and what mends it; ends with 1 when one is bad."""
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
