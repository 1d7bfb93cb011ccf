"""`netops who QUERY`: whose is an address, MAC, device or organization."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Output, labelled, sign
from netops.core.clock import city_time
from netops.core.language import _

if TYPE_CHECKING:
    from netops.rounds.look import Answer


@click.command(cls=Command)
@click.argument("query")
def who(query: str) -> None:
    """Whose is it, where is it, by what right, and what stands against it."""
    from netops.rounds import look

    out = output()
    with desk() as opened:
        answers = look.who(opened, query)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("answer", answers))
            return
        for answer in answers:
            _show(out, answer)


def _show(out: Output, answer: Answer) -> None:
    from netops.core.plane import Plane

    plane = _(Plane(answer.plane).label) if answer.plane else ""
    out.line(f"{answer.query}  {plane}", style="bold")
    owner = f"{answer.organization_name}（{answer.organization}）" if answer.organization else "—"
    out.line(f"  {labelled(_('organization'))}{owner}")
    if answer.device:
        shown = "  ".join(
            f"{value}"
            for key, value in answer.device.items()
            if key in ("name", "interface", "role", "address", "model") and value
        )
        out.line(f"  {labelled(_('device'))}{shown}")
    for one in answer.sightings[-3:]:
        place = f"{one.switch} {one.port}".strip() or _("not located")
        out.line(
            "  "
            + _("seen: {ip} {mac} at {place}, {first} – {last}").format(
                ip=one.ip,
                mac=one.mac,
                place=place,
                first=city_time(one.first_seen),
                last=city_time(one.last_seen),
            )
        )
    if answer.segment:
        shown = "  ".join(answer.segment[key] for key in ("prefix", "gateway", "switch") if answer.segment.get(key))
        out.line(f"  {labelled(_('segment'))}{shown}")
    if answer.allocation:
        held = answer.allocation
        out.line(f"  {labelled(_('allocation'))}{held.first} – {held.last}  {held.declaration}  {_(held.state)}")
    elif answer.what == "address" and not answer.device:
        out.line(f"  {labelled(_('allocation'))}{sign('bad')} {_('none')}", style="red")
    for one in answer.declarations:
        out.line(
            "  "
            + _("declared: {number} {state}, {terminals} terminals").format(
                number=one.number, state=_(one.state), terminals=one.terminals
            )
        )
    for finding in answer.findings:
        out.line(f"  {sign('bad')} {finding['id']} {finding['code']} {finding['title']}", style="red")
