"""`netops journal`: log, verify, export."""

from __future__ import annotations

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _, recalled


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
                Column(N_("reason"), lambda one: recalled(one.why)),
                Column("SHA-256", lambda one: one.sha256[:12]),
            ],
            next_step="netops journal verify",
        )


@journal.command()
def verify() -> None:
    """Read the whole chain, and that of the evidence beside it; exit code 1 at the first entry that does not verify."""
    from msgspec.structs import asdict

    from netops.core import custody
    from netops.core import journal as entries

    out = output()
    with desk() as opened:
        result, kept = entries.verify(opened.store), custody.verify(opened.store)

    def line(broken: int, bad: str, good: str) -> None:
        out.line(f"{sign('bad')} {bad}" if broken else f"{sign('good')} {good}", style="red" if broken else "")

    def text() -> None:
        line(
            result.broken,
            _("The journal does not verify at entry {number}: {why}.").format(number=result.broken, why=_(result.why)),
            _("The journal verifies: {entries} entries, head {head}.").format(entries=result.entries, head=result.head[:16]),
        )
        line(
            kept.broken,
            _("The evidence does not verify at entry {number}: {why}.").format(number=kept.broken, why=_(kept.why)),
            _("The evidence verifies: {entries} pieces, head {head}.").format(entries=kept.entries, head=kept.head[:16]),
        )

    out.record("verification", {**asdict(result), "evidence": asdict(kept)}, text)
    raise SystemExit(int(bool(result.broken or kept.broken)))


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
