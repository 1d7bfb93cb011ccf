"""`netops topology set` and `adopt`: what a person decides about a device."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import labelled, sign
from netops.core.errors import Missing
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.rounds.writing import Done, Plan


@click.command("set", cls=Command)
@click.argument("device")
@click.argument("object_name", metavar="OBJECT")
@click.argument("value")
@click.option("--interface", default="", metavar="NAME", help=N_("The port, for an object of a port."))
@click.option("--playbook", required=True, metavar="NAME", help=N_("The playbook that asks for it."))
@click.option("--step", type=int, required=True, metavar="N", help=N_("Which of its steps."))
@click.option("--why", required=True, metavar="TEXT", help=N_("Why now; the journal keeps it."))
def set_(
    device: str, object_name: str, value: str, interface: str, playbook: str, step: int, why: str
) -> None:
    """
    Set one object on a device where a playbook's step asks for it, confirmed by a person.

    OBJECT is one of those that [snmp.writing] allows. What changes the network (ifAdminStatus, dot1qPvid) is confirmed
    by typing the device and its port; --yes is not enough.
    """
    from netops.rounds import writing

    out = output()
    with desk() as opened:
        plan = writing.plan(opened, device, object_name, interface, value, playbook, step, why)
        _show(out, plan)
        if plan.before == plan.after:
            out.say(_("it is so already: nothing was changed"))
            return
        if plan.changes_state:
            out.confirm_word(_("to set it, type: {word}").format(word=plan.place), plan.place)
        else:
            out.confirm(_("Set it?"))
        done = writing.apply(opened, plan)
    _tell(out, done)
    raise SystemExit(0 if done.is_verified else 3)


def _show(out: Output, plan: Plan) -> None:
    from netops.topology.writing import OBJECTS

    out.say(f"{labelled(_('device'))}{plan.place}  {plan.address}")
    what = f"{plan.object} ({_(OBJECTS[plan.object].what)})"
    out.say(f"{labelled(what)}{plan.before or '—'} → {plan.after or '—'}")
    out.say(f"{labelled(_('asked for by'))}{plan.playbook} {plan.step}. {plan.asked_by}")
    if plan.behind:
        text = _("only this port leads to: {devices}").format(devices=", ".join(plan.behind))
        out.say(f"{sign('bad')} {text}", style="red")


def _tell(out: Output, done: Done) -> None:
    def text() -> None:
        if done.is_verified:
            told = _("{place}: {object} is {value} now, as read back")
            out.line(
                f"{sign('good')} "
                + told.format(place=done.plan.place, object=done.plan.object, value=done.now)
            )
        elif done.reason:
            told = _("{place} has not answered since: it is not known what {object} is now")
            out.line(f"{sign('unseen')} " + told.format(place=done.plan.place, object=done.plan.object))
        else:
            told = _("{place}: {object} is still {value}: the device did not take it")
            out.line(
                f"{sign('bad')} "
                + told.format(place=done.plan.place, object=done.plan.object, value=done.now)
            )
        out.next(f"netops topology walk {done.plan.device}")

    out.record("set", done, text, plane=done.plan.plane)


@click.command(cls=Command)
@click.argument("device")
@click.option("--why", default="", metavar="TEXT", help=N_("Why it was swapped; the journal keeps it."))
def adopt(device: str, why: str) -> None:
    """Accept the box that answers under a registered name now, after it was swapped on purpose."""
    from netops.core.journal import act
    from netops.rounds import walk as rounds
    from netops.topology import baseline, baselines

    out = output()
    with desk() as opened:
        view = next((one for one in rounds.current(opened) if device in (one.key, one.address)), None)
        if view is None:
            raise Missing(
                "{name} was not adopted",
                "no device of this name or address was walked",
                "netops topology devices",
                name=device,
            )
        known = baselines.known(opened.store).get((view.plane, view.key))
        found = baseline.changes(known, view) if known else []
        for one in found:
            out.say(f"{view.key} {labelled(_(baseline.CALLED[one.what]))}{one.before} → {one.now}")
        if known is not None and not found:
            out.say(_("{device} is the box that is known: nothing was changed").format(device=view.key))
            return
        out.confirm(_("Accept it?"))
        with act(opened.store, opened.actor, opened.clock) as acting:
            baselines.adopt(acting, view, why)
        out.line(f"{sign('good')} " + _("{device} is accepted as it is now").format(device=view.key))
        out.next("netops topology check")
