"""`netops topology` diff and history: what changed."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output
from netops.cli.topology_seen import view_of
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.topology.events import Event
    from netops.topology.history import Change


@click.command(cls=Command)
@click.option("--from", "start", metavar="TIME", default="", help=N_("What is otherwise than at this time."))
@click.option("--to", "end", metavar="TIME", default="", help=N_("At this time; now without it."))
def diff(start: str, end: str) -> None:
    """
    What is registered and not seen, and seen and not registered; with --from, what changed between two times.

    Exit code 1 when there is a difference.
    """
    out = output()
    with desk() as opened:
        if start or end:
            _between(out, opened, start, end)
        _against_the_register(out, opened)


def _against_the_register(out: Output, opened: Desk) -> None:
    from netops.rounds import walk as rounds

    items, unseen = rounds.differences(opened)
    out.records(
        "difference",
        items,
        [
            Column(N_("rule"), lambda one: one["code"]),
            Column(N_("plane"), lambda one: _(one["plane"].label)),
            Column(N_("what"), lambda one: one["title"]),
            Column(N_("because"), lambda one: one["because"]),
        ],
        unseen=unseen,
        empty=_("What is registered and what was seen agree."),
    )
    raise SystemExit(3 if unseen else int(bool(items)))


def _between(out: Output, opened: Desk, start: str, end: str) -> None:
    from netops.cli.papers import moment
    from netops.core.errors import NetopsError
    from netops.rounds import past

    if not start:
        raise NetopsError(
            "nothing was compared", "--to stands without --from", "say both: --from TIME --to TIME"
        )
    first = moment(start, opened)
    last = moment(end, opened) if end else opened.clock()
    if last < first:
        first, last = last, first
    found = past.between(opened, first, last)
    out.records(
        "change",
        [_record(one) for one in found] if out.json else found,
        _columns(with_device=True),
        empty=_("Nothing changed between the two times."),
    )
    raise SystemExit(int(bool(found)))


@click.command(cls=Command)
@click.argument("device")
@click.option(
    "--since", metavar="TIME", default="", help=N_("Only what changed since then, such as 2026-03-01.")
)
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help=N_("So many at most.")
)
def history(device: str, since: str, limit: int) -> None:
    """How a device changed: its parts, ports, neighbours, links and terminals, and what it told; newest first."""
    from netops.cli.papers import moment
    from netops.rounds import past

    out = output()
    with desk() as opened:
        view = view_of(opened, device)
        first = moment(since, opened) if since else None
        changes: list[Any] = [*past.of_device(opened, view, first), *past.told_by(opened, view, first)]
        changes.sort(key=_when, reverse=True)
        shown = changes[:limit]
        out.records(
            "change",
            [_record(one) for one in shown] if out.json else shown,
            _columns(with_device=False),
            empty=_("Nothing of it has changed."),
            note=_("{shown} of {all} changes; more by --limit").format(shown=limit, all=len(changes))
            if len(changes) > limit
            else "",
        )


def _when(one: Change | Event) -> datetime:
    from netops.topology.history import Change

    return one.at if isinstance(one, Change) else one.last_at


def _title(one: Change | Event) -> str:
    from netops.topology import events
    from netops.topology.history import KINDS, Change

    return _(KINDS[one.kind] if isinstance(one, Change) else events.KINDS[one.kind])


def _record(one: Change | Event) -> dict[str, Any]:
    """One shape for what a walk saw and what the device told by itself."""
    from netops.topology.history import Change

    head = {
        "at": _when(one),
        "plane": one.plane,
        "device": one.device,
        "kind": one.kind,
        "title": _title(one),
    }
    if isinstance(one, Change):
        return {**head, "source": "walk", "subject": one.subject, "before": one.before, "after": one.after}
    told = {"oid": one.oid, "count": one.count, "detail": one.detail}
    return {**head, "source": "trap", "subject": one.interface, "before": "", "after": "", **told}


def _columns(*, with_device: bool) -> list[Column]:
    def subject(one: Any) -> str:
        return str(getattr(one, "subject", "") or getattr(one, "interface", ""))

    def after(one: Any) -> str:
        return str(getattr(one, "after", "")) or ", ".join(getattr(one, "detail", {}).values())

    device = [Column(N_("device"), lambda one: one.device, style="cyan")] if with_device else []
    return [
        Column(N_("when"), _when),
        *device,
        Column(N_("what"), _title),
        Column(N_("which"), subject, style="" if with_device else "cyan"),
        Column(N_("before"), lambda one: getattr(one, "before", "")),
        Column(N_("after"), after),
    ]
