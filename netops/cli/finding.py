"""`netops finding`: list, show, ack, accept, resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
import msgspec

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled
from netops.core.language import N_, _, series

if TYPE_CHECKING:
    from collections.abc import Iterator

    from netops.core.finding import Finding
    from netops.desk import Desk
    from netops.rounds.case import Case, Sure

STYLES = {"critical": "bold red", "high": "red", "medium": "yellow", "low": ""}


@click.group(cls=Group)
def finding() -> None:
    """What is not in order: every rule's conclusions, with their evidence."""


def record(desk: Desk, one: Finding) -> dict[str, Any]:
    """A finding in JSON, as DESIGN §4 fixes it."""
    from netops.rounds import look

    return look.finding_record(one)


@finding.command("list")
@click.option(
    "--room", help=N_("Only this room's: topology, addresses, declarations, egress, incidents, inspections.")
)
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("Only this plane's."))
@click.option("--all", "everything", is_flag=True, help=N_("Resolved and accepted ones too."))
def list_(room: str | None, organization: str, plane: str | None, everything: bool) -> None:
    """Findings that stand; exit code 1 when there are any."""
    from netops.core import docket
    from netops.core.finding import ROOMS, STANDING, State
    from netops.core.plane import Plane
    from netops.rounds import case, look

    out = output()
    with desk() as opened:
        states = () if everything else (*STANDING, *((State.ACCEPTED,) if out.json else ()))
        listed = docket.listed(
            opened.store, state=states, organization=organization, plane=Plane(plane) if plane else None
        )
        listed = [one for one in listed if not room or ROOMS[one.code[:2]] == room]
        register, sure = opened.register, case.sureness(opened, listed)
        items = [{**look.finding_record(one), **msgspec.structs.asdict(sure[one.id])} for one in listed]
        out.records(
            "finding",
            listed if not out.json else items,
            [
                Column(N_("number"), lambda one: one.id, style="cyan"),
                Column(N_("rule"), lambda one: one.code),
                Column(N_("severity"), lambda one: _(one.severity), style=lambda one: STYLES[one.severity]),
                Column(N_("plane"), lambda one: _(one.plane.label)),
                Column(N_("organization"), lambda one: register.name(one.organization)),
                Column(N_("what"), lambda one: look.title(one)),
                Column(
                    N_("article"),
                    lambda one: series(basis.article for basis in one.basis),
                    right=True,
                ),
                Column(N_("sure"), lambda one: _sure(sure[one.id])),
                Column(N_("count"), lambda one: one.count, right=True),
                Column(N_("last seen"), lambda one: one.last_seen),
                Column(N_("state"), lambda one: _(one.state)),
            ],
            plane=plane,
            empty=_("Nothing stands: no finding is open."),
            next_step=f"netops finding show {listed[0].id}" if listed else "",
        )
    raise SystemExit(int(any(one.state in STANDING for one in listed)))


@finding.command()
@click.argument("number")
def show(number: str) -> None:
    """One finding: why, how sure, what each witness saw; where, who, since when, what else, and the next step."""
    from netops.core import docket
    from netops.core.clock import city_time
    from netops.rounds import case, look

    out = output()
    with desk() as opened:
        one = docket.one(opened.store, number)
        pieces = docket.pieces(opened.store, one.evidence)
        known = case.of(opened, one)
        register = opened.register

        def text() -> None:
            out.line(f"{one.id}  {one.code}  {look.title(one)}", style="bold")
            out.line(look.because(one))
            rows = (
                (_("severity"), _(one.severity)),
                (_("plane"), _(one.plane.label)),
                (_("organization"), register.name(one.organization) or "—"),
                (_("basis"), series(basis.said for basis in one.basis)),
                (_("seen"), f"{city_time(one.first_seen)} – {city_time(one.last_seen)}  ×{one.count}"),
                (_("state"), f"{_(one.state)} {_(one.reason)}".rstrip()),
            )
            for label, value in rows:
                out.line(f"  {labelled(label)}{value}")
            for label, value in _case(known):
                out.line(f"  {labelled(label)}{value}")
            if text_of := look.refuted(look.rule_of(one)):
                out.line(f"  {text_of}")
            if known.witnesses:
                out.line(labelled(_("witnesses")).rstrip())
            for seen in known.witnesses:
                out.line(f"  {seen.weight:.0%}  {_(WITNESSES.get(seen.witness, seen.witness))}  {seen.source}  {seen.saw}")
            out.line(labelled(_("evidence")).rstrip())
            for piece in pieces:
                out.line(f"  {piece.id}  {city_time(piece.at)}  {piece.kind}  {piece.source}  {piece.query}")
                if out.verbose:
                    out.line(f"    {piece.body}")
            out.next(f"netops explain {one.code}")

        sure = case.sureness(opened, [one])[one.id]
        told = {"confidence": known.confidence, "witnesses": sure.witnesses, "refuted": look.refuted(look.rule_of(one))}
        out.record("finding", {**look.finding_record(one), **told, "pieces": pieces, "case": known}, text, plane=one.plane)


WITNESSES = {
    "probe": N_("probe"),
    "beacon": N_("beacon"),
    "flow": N_("flows"),
    "capture": N_("capture"),
    "cellular_mac": N_("cellular card"),
    "foreign_address": N_("hotspot's address"),
    "cellular_interface": N_("cellular interface"),
    "two_defaults": N_("two default routes"),
    "home_router_mac": N_("home router's card"),
    "consumer_neighbour": N_("consumer box"),
    "translating_bridge": N_("card that asks for others"),
    "bridge_mac": N_("wireless bridge's card"),
    "several_macs": N_("several cards on a port"),
    "moved_mac": N_("moved card"),
}
"""Witnesses by their names; the others are protocols and tables, called alike everywhere."""


def _sure(one: Sure) -> str:
    """How sure it is, and by whom."""
    told = series(_(WITNESSES.get(name, name)) for name in one.witnesses)
    return f"{one.confidence:.0%} {told}" if told else "—"


def _case(known: Case) -> Iterator[tuple[str, str]]:
    """What surrounds a finding, line by line; nothing where nothing is known."""
    from netops.core.clock import city_time

    rows = (
        (_("confidence"), f"{known.confidence:.0%}" if known.witnesses else ""),
        (_("place"), known.place),
        (_("who answers"), known.person),
        (_("declaration"), ", ".join(known.declarations)),
        (_("host seen since"), city_time(known.since) if known.since else ""),
        (_("host was at"), "; ".join(known.moves)),
        (_("also found"), "; ".join(known.others)),
        (_("next step"), f"[{known.playbook}] {known.step}" if known.step else ""),
    )
    yield from ((label, value) for label, value in rows if value)


def _move(number: str, state: str, why: str, until: str = "") -> None:
    from netops.core import docket, journal
    from netops.core.finding import State

    out = output()
    with desk() as opened:
        one = docket.one(opened.store, number)
        docket.require_ahead(one.id, until, opened.clock())
        out.say(
            _("plan: {number}: {before} → {after}, because: {why}").format(
                number=number, before=_(one.state), after=_(state), why=why
            )
        )
        out.confirm(_("Do it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            docket.move(act, number, State(state), why, until)
        out.say(_("{number} is now: {state}").format(number=number, state=_(state)))


@finding.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def ack(number: str, why: str) -> None:
    """Somebody has seen it and works on it."""
    _move(number, "acknowledged", why)


@finding.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
@click.option(
    "--until", required=True, metavar="DATE", help=N_("The day the exception ends, such as 2026-12-31.")
)
def accept(number: str, why: str, until: str) -> None:
    """An exception with a reason and an end; an expired one opens again."""
    from datetime import date

    from netops.core.errors import NetopsError

    try:
        date.fromisoformat(until)
    except ValueError:
        raise NetopsError(
            "{number} was not accepted",
            "{until} is not a date",
            "write it as 2026-12-31",
            number=number,
            until=until,
        ) from None
    _move(number, "accepted", why, until)


@finding.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
def resolve(number: str, why: str) -> None:
    """It is mended; it opens again by itself when it is seen again."""
    _move(number, "resolved", why)
