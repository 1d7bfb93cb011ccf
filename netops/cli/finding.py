"""`netops finding`: list, show, ack, accept, resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.core.finding import Finding
    from netops.desk import Desk

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
    from netops.rounds import look

    out = output()
    with desk() as opened:
        states = () if everything else (*STANDING, *((State.ACCEPTED,) if out.json else ()))
        listed = docket.listed(
            opened.store, state=states, organization=organization, plane=Plane(plane) if plane else None
        )
        listed = [one for one in listed if not room or ROOMS[one.code[:2]] == room]
        register = opened.register
        out.records(
            "finding",
            listed if not out.json else [look.finding_record(one) for one in listed],
            [
                Column(N_("number"), lambda one: one.id, style="cyan"),
                Column(N_("rule"), lambda one: one.code),
                Column(N_("severity"), lambda one: _(one.severity), style=lambda one: STYLES[one.severity]),
                Column(N_("plane"), lambda one: _(one.plane.label)),
                Column(N_("organization"), lambda one: register.name(one.organization)),
                Column(N_("what"), lambda one: look.title(one)),
                Column(
                    N_("article"),
                    lambda one: "、".join(str(basis.article) for basis in one.basis),
                    right=True,
                ),
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
    """One finding: why, since when, with what evidence."""
    from netops.core import docket
    from netops.core.clock import city_time
    from netops.rounds import look

    out = output()
    with desk() as opened:
        one = docket.one(opened.store, number)
        pieces = docket.pieces(opened.store, one.evidence)
        register = opened.register

        def text() -> None:
            out.line(f"{one.id}  {one.code}  {look.title(one)}", style="bold")
            out.line(look.because(one))
            rows = (
                (_("severity"), _(one.severity)),
                (_("plane"), _(one.plane.label)),
                (_("organization"), register.name(one.organization) or "—"),
                (_("basis"), "、".join(basis.label for basis in one.basis)),
                (_("seen"), f"{city_time(one.first_seen)} – {city_time(one.last_seen)}  ×{one.count}"),
                (_("state"), f"{_(one.state)} {_(one.reason)}".rstrip()),
            )
            for label, value in rows:
                out.line(f"  {labelled(label)}{value}")
            out.line(labelled(_("evidence")).rstrip())
            for piece in pieces:
                out.line(f"  {piece.id}  {city_time(piece.at)}  {piece.kind}  {piece.source}  {piece.query}")
                if out.verbose:
                    out.line(f"    {piece.body}")
            out.next(f"netops explain {one.code}")

        out.record("finding", {**look.finding_record(one), "pieces": pieces}, text, plane=one.plane)


def _move(number: str, state: str, why: str, until: str = "") -> None:
    from netops.core import docket, journal
    from netops.core.finding import State

    out = output()
    with desk() as opened:
        one = docket.one(opened.store, number)
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
