"""`netops status`: one screen for each plane."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Output, sign
from netops.core.clock import city_time
from netops.core.language import _, spoken

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds.look import PlaneStatus

OUTCOMES = {"done": "good", "partial": "unseen", "running": "open"}


@click.command(cls=Command)
def status() -> None:
    """What is in order, what waits, what runs out. Exit code 1 when something is not in order, 3 when part was not seen."""
    from netops.rounds import look

    out = output()
    with desk() as opened:
        planes = look.status(opened)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("status", planes))
        else:
            out.line(f"{opened.config.city.title(spoken())}  {city_time(opened.clock())}", style="bold")
            for one in planes:
                _show(out, opened, one)
            worst = next(
                (f"netops incident show {one.next_deadline_of}" for one in planes if one.next_deadline_of),
                "netops finding list",
            )
            out.next(worst if any(one.findings for one in planes) else "netops round list")
    if any(one.unreachable for one in planes):
        raise SystemExit(3)
    raise SystemExit(int(any(one.findings for one in planes)))


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
    for row in _rows(desk, one):
        good = row[2] == ""
        table.add_row(
            row[0],
            row[1],
            Text(f"{sign('good')}" if good else f"{sign('bad')} {row[2]}", style="green" if good else "red"),
        )
    out.rich(table)


def _rows(desk: Desk, one: PlaneStatus) -> list[tuple[str, str, str]]:
    """Subject, how it stands, and what is to do about it ("" when nothing is)."""

    def listed(counts: dict[str, int]) -> str:
        return "  ".join(f"{_(name)} {count}" for name, count in counts.items()) or "—"

    def waiting(room: str) -> str:
        count = one.by_room.get(room, 0)
        return _("{count} findings").format(count=count) if count else ""

    clock = ""
    if one.next_deadline:
        hours, minutes = divmod(int((one.next_deadline - desk.clock()).total_seconds() // 60), 60)
        clock = (
            _("{number}: overdue since {when}") if hours < 0 else _("{number}: {hours} h {minutes} min left")
        ).format(number=one.next_deadline_of, when=city_time(one.next_deadline), hours=hours, minutes=minutes)
    silent = _("silent: {devices}").format(devices=", ".join(one.unreachable)) if one.unreachable else ""
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
                _("{count} findings").format(count=one.by_room["incidents"])
                if one.by_room.get("incidents")
                else ""
            ),
        ),
    ]
