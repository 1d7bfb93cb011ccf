"""`netops topology events` and `listen`: what devices tell by themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.cli.printing import Output
    from netops.topology.events import Event


@click.command(cls=Command)
@click.argument("device", default="")
@click.option(
    "--since", metavar="TIME", default="", help=N_("Only what was told since then, such as 2026-03-01.")
)
@click.option("--until", metavar="TIME", default="", help=N_("Only what was told until then."))
@click.option(
    "--limit", type=click.IntRange(1, 100_000), default=200, show_default=True, help=N_("So many at most.")
)
@click.option("--sources", is_flag=True, help=N_("Instead: who sends, and what becomes of it."))
def events(device: str, since: str, until: str, limit: int, sources: bool) -> None:
    """What devices told by themselves (traps and informs), newest first."""
    from netops.cli.papers import moment
    from netops.topology import eventlog

    out = output()
    with desk() as opened:
        if sources:
            _sources(out, eventlog.sources(opened.store))
            return
        first, last = (moment(text, opened) if text else None for text in (since, until))
        found = eventlog.events(opened.store, None, device, first, last, limit)
        items = [one for one in found if one.plane in opened.planes]
    out.records(
        "event",
        [_record(one) for one in items] if out.json else items,
        _columns(),
        empty=_("No device told anything."),
        next_step="" if items else "netops topology events --sources",
    )


def _record(one: Event) -> dict[str, Any]:
    import msgspec

    return {**msgspec.structs.asdict(one), "title": _told(one)}


def _told(one: Event) -> str:
    from netops.topology.events import KINDS

    return _(KINDS[one.kind])


def _columns() -> list[Column]:
    return [
        Column(N_("last time"), lambda one: one.last_at),
        Column(N_("device"), lambda one: one.device, style="cyan"),
        Column(N_("what"), _told),
        Column(N_("interface"), lambda one: one.interface or one.if_index or None),
        Column(N_("in detail"), _detail),
        Column(N_("times"), lambda one: one.count, right=True),
        Column(N_("since"), lambda one: one.first_at if one.count > 1 else None),
        Column(N_("version"), lambda one: one.version),
    ]


def _detail(one: Event) -> str:
    told = (value if key == "macs" else f"{key} {value}" for key, value in one.detail.items())
    return ", ".join(told) or (one.oid if one.kind == "other" else "")


def _sources(out: Output, items: list[Any]) -> None:
    def state(one: Any) -> str:
        return sign("note" if not one.device or one.refused or one.malformed or one.limited else "good")

    out.records(
        "trap source",
        items,
        [
            Column("", state),
            Column(N_("address"), lambda one: one.source),
            Column(N_("device"), lambda one: one.device or _("not registered"), style="cyan"),
            Column(N_("accepted"), lambda one: one.accepted, right=True),
            Column(N_("repeated"), lambda one: one.repeated, right=True),
            Column(N_("too many"), lambda one: one.limited, right=True),
            Column(N_("not proven"), lambda one: one.refused, right=True),
            Column(N_("malformed"), lambda one: one.malformed, right=True),
            Column(N_("unknown"), lambda one: one.unknown, right=True),
            Column(N_("why"), lambda one: one.why),
            Column(N_("last time"), lambda one: one.last_at),
        ],
        empty=_("Nobody sent anything."),
    )


@click.command(cls=Command)
@click.option("--seconds", type=float, help=N_("Stop after so many seconds; else when interrupted."))
def listen(seconds: float | None) -> None:
    """Hear what devices tell, write it down and walk them, until interrupted; `netops serve` does it too."""
    from netops.rounds.traps import Listener

    out = output()

    def heard(one: Event) -> None:
        where = " ".join(part for part in (one.device, one.interface) if part)
        out.say(f"{city_time(one.last_at, '%H:%M:%S')}  {where}: {_told(one)} {_detail(one)}".rstrip())

    def walked(names: list[str], report: Any) -> None:
        counts = {"opened": len(report.opened), "resolved": len(report.resolved)}
        out.say(_("walked {devices}: {opened} findings opened, {resolved} resolved").format(
            devices=", ".join(names), **counts))  # fmt: skip

    with desk() as opened, Listener(opened, heard, walked) as listener:
        if not opened.config.snmp.traps.listen:
            raise NetopsError(
                "nothing was heard",
                "no address to listen at is configured",
                'write listen = ["0.0.0.0:162"] into [snmp.traps]',
            )
        if not listener.listening:
            raise NetopsError("nothing was heard", "another process hears the traps of this store", "")
        out.say(
            _("hearing traps on {addresses}").format(addresses=", ".join(opened.config.snmp.traps.listen))
        )
        until = time.monotonic() + seconds if seconds is not None else None
        while until is None or time.monotonic() < until:
            time.sleep(0.2)
