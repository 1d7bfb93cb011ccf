"""`netops journal`: log, verify, export."""

from __future__ import annotations

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _


@click.group(cls=Group)
def journal() -> None:
    """Who decided what, when and why; each entry chained to the one before."""


@journal.command()
@click.option("--limit", default=50, show_default=True, help=N_("How many entries, newest first."))
@click.option("--subject", default="", help=N_("Only entries about this subject."))
def log(limit: int, subject: str) -> None:
    """The newest entries."""
    from netops.core import journal as entries

    out = output()
    with desk() as opened:
        out.records(
            "journal",
            entries.log(opened.store, limit, subject),
            [
                Column(N_("number"), lambda one: one.seq, right=True),
                Column(N_("time"), lambda one: one.at),
                Column(N_("who"), lambda one: one.actor),
                Column(N_("act"), lambda one: one.verb, style="cyan"),
                Column(N_("subject"), lambda one: one.subject),
                Column(N_("reason"), lambda one: one.why),
                Column("SHA-256", lambda one: one.sha256[:12]),
            ],
            next_step="netops journal verify",
        )


@journal.command()
def verify() -> None:
    """Read the whole chain; exit code 1 at the first entry that does not verify."""
    from netops.core import journal as entries

    out = output()
    with desk() as opened:
        result = entries.verify(opened.store)

    def text() -> None:
        if result.broken:
            out.line(
                f"{sign('bad')} "
                + _("The journal does not verify at entry {number}: {why}.").format(
                    number=result.broken, why=_(result.why)
                ),
                style="red",
            )
        else:
            out.line(
                f"{sign('good')} "
                + _("The journal verifies: {entries} entries, head {head}.").format(
                    entries=result.entries, head=result.head[:16]
                )
            )

    out.record("verification", result, text)
    raise SystemExit(int(bool(result.broken)))


@journal.command()
def export() -> None:
    """Every entry as JSON Lines, oldest first, with its hashes."""
    import msgspec

    from netops.core import journal as entries

    out = output()
    with desk() as opened:
        everything = entries.log(opened.store, limit=2**31 - 1)
        lines = [msgspec.json.encode(one).decode() for one in reversed(everything)]
        out.lines(lines)
