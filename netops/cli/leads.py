"""`netops egress leads | coverage | allow`: what waits for other witnesses, what nobody sees, and what a person allows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, Group, desk, output
from netops.cli.printing import Column, sign
from netops.core import files
from netops.core.language import N_, _, series

if TYPE_CHECKING:
    from netops.egress.allowed import Allowed

STATES = {"valid": N_("valid"), "expired": N_("expired"), "ended": N_("ended")}


@click.command(cls=Command)
@click.option("--days", type=click.FloatRange(0.01), default=1.0, show_default=True, help=N_("Seen within so many days."))
def leads(days: float) -> None:
    """What speaks for a second way out or a hidden box and does not suffice alone, with what each witness is worth."""
    from datetime import timedelta

    from netops.egress import leads as kept
    from netops.egress import witness
    from netops.rounds.blind import KINDS

    out = output()
    with desk() as opened:
        book = witness.rulebook(opened.playbooks)
        rows = [
            {
                "witness": one.lead.witness,
                "weight": book.weight(one.lead.witness),
                "accuses": one.lead.accuses,
                "plane": one.lead.plane,
                "organization": one.lead.organization,
                "subject": one.lead.subject,
                "said": _(one.lead.said).format(**one.lead.facts),
                "source": one.lead.evidence.source,
                "first_seen": one.first_seen,
                "last_seen": one.last_seen,
                "count": one.count,
            }
            for one in kept.listed(opened.store, since=opened.clock() - timedelta(days=days))
        ]
        out.records(
            "lead",
            rows,
            [
                Column(N_("speaks for"), lambda one: _(KINDS.get(one["accuses"], one["accuses"]))),
                Column(N_("worth"), lambda one: f"{one['weight']:.0%}", right=True),
                Column(N_("organization"), lambda one: opened.register.name(one["organization"])),
                Column(N_("what was seen"), lambda one: one["said"]),
                Column(N_("first seen"), lambda one: one["first_seen"]),
                Column(N_("last seen"), lambda one: one["last_seen"]),
            ],
            empty=_("No lead waits."),
        )


@click.command(cls=Command)
@click.option("--organization", default="", metavar="CODE", help=N_("Only the segments of one organization."))
def coverage(organization: str) -> None:
    """What every sense sees of every segment, and which breaches nobody would see there. Exit code 3 when there are any."""
    from netops.rounds import blind

    out = output()
    with desk() as opened:
        rows = blind.segments(opened, organization)
        out.records(
            "segment",
            rows,
            [
                Column(N_("organization"), lambda one: opened.register.name(one.organization)),
                Column(N_("plane"), lambda one: _(one.plane.label)),
                Column(N_("segment"), lambda one: one.prefix, style="cyan"),
                *(Column(label, _mark(sense)) for sense, label in blind.SENSES.items()),
                Column(N_("nobody would see"), lambda one: series(_(blind.KINDS[kind]) for kind in one.blind_to)),
            ],
            empty=_("No segment is registered."),
        )
        if not out.json and not out.csv and (out.verbose or organization):
            for one in rows:
                for sense, why in one.missing.items():
                    out.line(f"{sign('unseen')} {one.prefix}  {_(blind.SENSES[sense])}: {_(why)}")
    raise SystemExit(3 if any(one.blind_to for one in rows) else 0)


def _mark(sense: str) -> Any:
    return lambda one: sign("good") if sense in one.senses else "–"


# ---- what a person allows
@click.group(cls=Group)
def allow() -> None:
    """What is seen and right: signed by a person, with an owner, a reason and a day on which it ends."""


@allow.command("list")
def list_() -> None:
    """Every entry that was ever signed, and whether it still counts."""
    from netops.egress import allowed

    out = output()
    with desk() as opened:
        from netops.rounds.allow import today
        from netops.rounds.blind import KINDS

        day = today(opened)
        out.records(
            "allowed",
            [{**_plain(one), "state": _state(one, day)} for one in allowed.listed(opened.store)],
            [
                Column(N_("number"), lambda one: one["id"], style="cyan"),
                Column(N_("state"), lambda one: _(STATES[one["state"]])),
                Column(N_("kind"), lambda one: _(KINDS.get(one["kind"], one["kind"]))),
                Column(N_("subject"), lambda one: " ".join(str(value) for value in one["subject"].values())),
                Column(N_("owner"), lambda one: opened.register.name(one["owner"])),
                Column(N_("until"), lambda one: one["until"]),
                Column(N_("why"), lambda one: one["why"]),
                Column(N_("signed by"), lambda one: one["signed_by"]),
            ],
            empty=_("Nothing is allowed beyond the register."),
        )


def _plain(one: Allowed) -> dict[str, Any]:
    from msgspec.structs import asdict

    return asdict(one)


def _state(one: Allowed, day: Any) -> str:
    return "ended" if one.ended_at else "valid" if one.is_valid(day) else "expired"


@allow.command()
@click.option("--days", type=click.FloatRange(0.01, 366), default=7.0, show_default=True, help=N_("The window to look at."))
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help=N_("Only findings of this kind; may be repeated."))
def propose(days: float, kinds: tuple[str, ...]) -> None:
    """What was found in a window, as a file in which a person fills in owner, end and reason of what is right."""
    from datetime import timedelta

    from netops.rounds import allow as rounds

    out = output()
    with desk() as opened:
        text = rounds.proposal(opened, opened.clock() - timedelta(days=days), kinds)
    if out.file:
        files.put(text.encode(), out.file)
        out.next(f"netops egress allow sign {out.file}")
        return
    out.lines(text.splitlines())


@allow.command("sign")
@click.argument("file", type=click.Path(path_type=Path))
def sign_(file: Path) -> None:
    """Sign the entries of a filled-in proposal, all or none."""
    from netops.rounds import allow as rounds

    out = output()
    with desk() as opened:
        entries = rounds.read(opened, file)
        for one in entries:
            _say(out, one)
        out.confirm(_("Sign these {count} entries?").format(count=len(entries)))
        signed = rounds.sign(opened, entries)
    out.say(f"{sign('good')} " + ", ".join(one.id for one in signed))


@allow.command()
@click.option("--kind", required=True, metavar="KIND", help=N_("The kind of finding that is right here, such as tunnel."))
@click.option(
    "--plane", type=click.Choice(["extranet", "intranet"]), default="extranet", show_default=True, help=N_("Which network.")
)
@click.option("--ip", default="", metavar="ADDRESS", help=N_("The host's address."))
@click.option("--mac", default="", metavar="MAC", help=N_("The host's card; then only this card is meant."))
@click.option("--device", default="", metavar="NAME", help=N_("A device, with --interface."))
@click.option("--interface", default="", metavar="NAME", help=N_("Its interface."))
@click.option("--owner", required=True, metavar="CODE", help=N_("The organization that answers for it."))
@click.option("--until", required=True, metavar="DATE", help=N_("Its last day, such as 2026-12-31."))
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def add(kind: str, plane: str, ip: str, mac: str, device: str, interface: str, owner: str, until: str, why: str) -> None:
    """Sign one entry."""
    from netops.core.plane import Plane
    from netops.rounds import allow as rounds

    out = output()
    with desk() as opened:
        one = rounds.entry(opened, rounds.Entry(kind, Plane(plane), owner, until, why, ip, mac, "", "", device, interface))
        _say(out, one)
        out.confirm(_("Sign it?"))
        [signed] = rounds.sign(opened, [one])
    out.say(f"{sign('good')} {signed.id}")


def _say(out: Any, one: Allowed) -> None:
    from netops.rounds.blind import KINDS

    who = " ".join(str(value) for value in one.subject.values())
    out.say(f"  {_(KINDS.get(one.kind, one.kind))}  {who}  {one.owner}  {one.until}  {one.why}")


@allow.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def end(number: str, why: str) -> None:
    """An entry allows nothing any more; what it covered asks for something again."""
    from netops.rounds import allow as rounds

    out = output()
    with desk() as opened:
        out.confirm(_("End {number}?").format(number=number))
        rounds.end(opened, number, why)
    out.say(f"{sign('good')} {number}")
