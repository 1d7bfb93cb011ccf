"""`netops ip reclaim`: what lost its ground goes back, after its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.ip_change import DAYS
from netops.cli.ip_shown import PLANES, table
from netops.cli.printing import shown
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.rounds.reclaim import Plan


@click.command(cls=Command)
@click.option(
    "--declaration",
    metavar="NUMBER",
    default="",
    help=N_("Only what rests on this declaration, a suspended one too."),
)
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option(
    "--suspended", is_flag=True, help=N_("Also what rests on declarations that are only suspended.")
)
@click.option(
    "--why", default="", help=N_("The cause, in place of the one that follows from the declaration.")
)
@DAYS
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
def reclaim(
    declaration: str, organization: str, suspended: bool, why: str, days: int, plane: str | None
) -> None:
    """
    Take back all that lost its ground: declarations withdrawn or suspended, pools delegated to others. It rests in quarantine.

    The plan names every allocation, its cause and where it was last seen; then exactly that is done, in one act, or nothing.
    """
    from netops.core.plane import Plane
    from netops.rounds import reclaim as rounds

    out = output()
    with desk() as opened:
        wanted = rounds.Wanted(declaration, organization, Plane(plane) if plane else None, suspended)
        plan = rounds.plan(opened, wanted, why, days)
        if out.dry_run and out.json:
            from netops.cli.printing import document

            out.answer(document("plan", [plan], plane))
        if not plan.returns:
            table(out, opened, [], plane=plane, empty=_("Everything that is given out has its ground."))
            return
        _plan(out, opened, plan)
        out.confirm(_("Take it back?"))
        table(out, opened, list(rounds.run(opened, plan)), plane=plane)


def _plan(out: Output, opened: Desk, plan: Plan) -> None:
    """What goes back, to be seen before it is asked for."""
    out.say(
        _("plan: {count} allocations go back and rest for {days} days").format(
            count=len(plan.returns), days=plan.days
        )
    )
    for one in plan.returns:
        held = one.allocation
        seen = (
            _("last seen at {place}, {at}").format(place=one.seen, at=shown(one.seen_at))
            if one.seen_at
            else _("not seen lately")
        )
        out.say(f"  - {held.id}  {held.span}  {opened.register.name(held.organization)}  {held.declaration}"
                f"  {plan.why or _(one.cause)}  {seen}", style="red")  # fmt: skip
    if any(one.is_registered for one in plan.returns):
        out.say(_("! the register still says that some of it was given: take it out of 'allocated' in declarations.toml"),
                style="yellow")  # fmt: skip
