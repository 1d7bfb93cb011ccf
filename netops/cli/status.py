"""`netops status`: one screen for each plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Output, sign
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds.look import PlaneStatus

OUTCOMES = {"done": "good", "partial": "unseen", "running": "open"}


@click.command(cls=Command)
@click.option("--format", "form", type=click.Choice(["screen", "nagios"]), default="screen", help=N_(
    "nagios: one line with performance data; exit code 0 ok, 1 warning, 2 critical, 3 unknown, as plugins have it."))  # fmt: skip
def status(form: str) -> None:
    """What is in order, what waits, what runs out. Exit code 1 when something is not in order, 3 when part was not seen."""
    from netops.rounds import leavers, look

    out = output()
    if form == "nagios":
        raise SystemExit(_plugin(out))
    with desk() as opened:
        planes, people = look.status(opened), leavers.standing(opened)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("status", planes))
        else:
            out.line(f"{opened.config.city.title(spoken())}  {city_time(opened.clock())}", style="bold")
            for sentence in people.told():
                out.line(f"{sign('unseen')} {sentence}", style="yellow")
            for one in planes:
                _show(out, opened, one)
            worst = next(
                (f"netops incident show {one.next_deadline_of}" for one in planes if one.next_deadline_of),
                "netops finding list",
            )
            if not all(one.is_seen for one in planes):
                worst = "netops round run --all"
            out.next(worst if any(one.findings or not one.is_seen for one in planes) else "netops round list")
    if not all(one.is_seen for one in planes):
        raise SystemExit(3)
    raise SystemExit(int(any(one.findings for one in planes) or not people.is_good))


def _plugin(out: Output) -> int:
    """As a plugin: whatever goes wrong is said on stdout, and is unknown."""
    from netops.cli import nagios
    from netops.rounds import look

    try:
        with desk() as opened:
            planes = look.status(opened)
            out.lines(nagios.told(planes, opened.clock()).splitlines())
            return nagios.worst(planes)
    except NetopsError as error:
        what, why, _mend = error.told()
        out.lines([nagios.fault(f"{what}: {why}")])
        return nagios.UNKNOWN


def _show(out: Output, desk: Desk, one: PlaneStatus) -> None:
    from rich.table import Table
    from rich.text import Text

    out.line()
    out.line(
        _(one.plane.label)
        + "  "
        + "  ".join(
            f"{_(name)} {city_time(run['ended'], '%H:%M') if run['ended'] else ''} {sign(OUTCOMES.get(run['outcome'], 'bad'))}"
            for name, run in one.rounds.items()
        ),
        style="bold cyan",
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    for subject, stands, waits in _rows(desk, one):
        state, style = ("bad", "red") if waits else ("good", "green") if one.is_seen else ("unseen", "yellow")
        table.add_row(subject, stands, Text(f"{sign(state)} {waits}".rstrip(), style=style))
    out.rich(table)


def _rows(desk: Desk, one: PlaneStatus) -> list[tuple[str, str, str]]:
    """Subject, how it stands, and what is to do about it ("" when nothing is)."""

    def listed(counts: dict[str, int]) -> str:
        return "  ".join(f"{_(name)} {count}" for name, count in counts.items()) or "—"

    def waiting(room: str) -> str:
        count = one.by_room.get(room, 0)
        return _("findings: {count}").format(count=count) if count else ""

    clock = ""
    if one.next_deadline:
        hours, minutes = divmod(int((one.next_deadline - desk.clock()).total_seconds() // 60), 60)
        clock = (
            _("{number}: overdue since {when}") if hours < 0 else _("{number}: {hours} h {minutes} min left")
        ).format(number=one.next_deadline_of, when=city_time(one.next_deadline), hours=hours, minutes=minutes)
    if one.overdue:
        clock = _("OVERDUE: {clocks}").format(clocks=", ".join(one.overdue[:5]) + (" …" if len(one.overdue) > 5 else ""))
    silent = _("silent: {devices}").format(devices=", ".join(one.unreachable)) if one.unreachable else ""
    if one.unwalked:
        silent = _("not walked yet: {count}").format(count=one.unwalked)
    elif not one.devices:
        silent = _("no device is registered")
    return [
        (
            _("topology"),
            _("{count} devices").format(count=one.devices),
            "  ".join(part for part in (silent, waiting("topology")) if part),
        ),
        (
            _("addresses"),
            _("{count} pools, {share} used").format(count=one.pools, share=f"{one.utilization:.0%}"),
            waiting("addresses"),
        ),
        (_("declarations"), listed(one.declarations), waiting("declarations")),
        (_("exits"), listed(one.exits), waiting("egress")),
        (
            _("incidents"),
            listed({_("grade {grade}").format(grade=grade): count for grade, count in one.incidents.items()}),
            clock
            or (
                _("findings: {count}").format(count=one.by_room["incidents"])
                if one.by_room.get("incidents")
                else ""
            ),
        ),
    ]
