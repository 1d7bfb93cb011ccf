"""The verbs of `netops ip` that change or take back what was given: edit, release, quarantine."""

from __future__ import annotations

from typing import Any

import click

from netops.cli import Command, desk, output
from netops.cli.ip_shown import PLANES, table
from netops.core.language import N_, _

DAYS = click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=30,
    show_default=True,
    help=N_("How long it rests before it can be given out again."),
)


@click.command(cls=Command)
@click.argument("number")
@click.option("--purpose", default=None, help=N_("What it is for."))
@click.option(
    "--mac",
    default=None,
    metavar="MAC",
    help=N_("The network card that the address is bound to; empty unbinds it."),
)
@click.option("--device", default=None, metavar="NAME", help=N_("The device that uses it."))
@click.option("--note", default=None, help=N_("A note."))
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help=N_("A tag, in place of those before; several allowed."),
)
@click.option("--no-tags", is_flag=True, help=N_("Without tags from now on."))
@click.option("--why", default="", help=N_("The reason, for the journal."))
def edit(number: str, why: str, tags: tuple[str, ...], no_tags: bool, **said: Any) -> None:
    """Change what is said about an allocation: purpose, network card, device, note, tags. Its addresses stay."""
    from netops.addresses import ledger, particulars
    from netops.addresses.allocation import mac_of
    from netops.core import journal

    out = output()
    with desk() as opened:
        before = ledger.one(opened.store, number.upper())
        if said["mac"]:
            said["mac"] = mac_of(said["mac"])
        changed = particulars.Particulars(**said, tags=tags if tags or no_tags else None)
        after = changed.of(before)
        out.say(_("plan: {number}, {span} of {organization}, is described anew").format(
            number=before.id, span=str(before.span), organization=opened.register.name(before.organization)))  # fmt: skip
        for name in particulars.Particulars.__struct_fields__:
            old, new = getattr(before, name), getattr(after, name)
            if old != new:
                old, new = (", ".join(one) if isinstance(one, tuple) else one for one in (old, new))
                out.say(f"  {name}: {old or '-'} → {new or '-'}")
        out.confirm(_("Change it so?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            after = particulars.edit(act, before.id, changed, why)
        table(out, opened, [after], plane=after.plane)


@click.command(cls=Command)
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
@DAYS
def release(number: str, why: str, days: int) -> None:
    """Take an allocation back; its addresses rest in quarantine first."""
    from datetime import timedelta

    from netops.addresses import ledger
    from netops.core import journal

    out = output()
    with desk() as opened:
        before = ledger.one(opened.store, number.upper())
        name = opened.register.name(before.organization)
        plan = _(
            "plan: {number}, {span} of {organization}, goes into quarantine for {days} days, because: {why}"
        )
        out.say(plan.format(number=before.id, span=str(before.span), organization=name, days=days, why=why))
        if before.origin == "register":
            out.say(_("! the register still says that it was given: take it out of 'allocated' in declarations.toml"),
                    style="yellow")  # fmt: skip
        out.confirm(_("Release it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            after = ledger.release(act, before.id, why, timedelta(days=days))
        table(out, opened, [after], plane=after.plane)


@click.command(cls=Command)
@click.argument("addresses")
@click.option("--why", required=True, help=N_("The reason, such as the number of the incident."))
@DAYS
@click.option("--plane", type=PLANES, help=N_("The plane, when both have the addresses."))
def quarantine(addresses: str, why: str, days: int, plane: str | None) -> None:
    """Keep free addresses from being given out for a while, because of an incident; what is given out is released instead."""
    from datetime import timedelta

    from netops.core.plane import Plane
    from netops.rounds import allocate as rounds
    from netops.rounds.permit import run_of

    out = output()
    with desk() as opened:
        where, _prefix = rounds.pool_around(opened, addresses, Plane(plane) if plane else None)
        span = run_of(addresses)
        out.say(
            _("plan: {span} rests for {days} days, because: {why}").format(span=str(span), days=days, why=why)
        )
        out.confirm(_("Quarantine it?"))
        after = rounds.quarantine(opened, where, span, why, timedelta(days=days))
        table(out, opened, [after], plane=after.plane)


VERBS = (edit, release, quarantine)
