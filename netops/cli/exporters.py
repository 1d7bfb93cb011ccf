"""`netops egress exporters`: who sends flows, what became of them, and what mends what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.egress.hits import ExporterRow

CLOCK_WRONG_MS = 60_000
"""Clocks are seldom right to the second; a minute away is wrong."""
VERSIONS = {
    1: "NetFlow v1", 5: "NetFlow v5", 7: "NetFlow v7", 9: "NetFlow v9", 10: "IPFIX",
    -2: "sFlow v2", -4: "sFlow v4", -5: "sFlow v5",
}  # fmt: skip
LOST = {
    "unknown_exporter": N_("register the device with this address, or stop it from sending here"),
    "kernel_dropped": N_("raise net.core.rmem_max, or run the collector with CAP_NET_ADMIN"),
    "queue_dropped": N_(
        "the decoder does not keep up: give it a faster processor, or sample at the exporters"
    ),
}
"""Datagrams that no exporter's row counts, and what mends it."""


class Trouble(NamedTuple):
    """Something wrong with an exporter: its column's title and value, whether a row has it, and what it means and mends it."""

    title: str
    value: Callable[[ExporterRow], Any]
    is_there: Callable[[ExporterRow], bool]
    said: str


def _is_wrong(one: ExporterRow) -> bool:
    return abs(one.clock_offset_ms) > CLOCK_WRONG_MS


def _counted(title: str, name: str, said: str) -> Trouble:
    value: Callable[[ExporterRow], int] = attrgetter(name)
    return Trouble(title, value, lambda one: value(one) > 0, said)


def _of_time(title: str, name: str, said: str) -> Trouble:
    """Counted by the exporter's clock: where that is wrong, it is what is wrong."""
    value: Callable[[ExporterRow], int] = attrgetter(name)
    return Trouble(title, value, lambda one: value(one) > 0 and not _is_wrong(one), said)


TROUBLES = (
    _counted(
        N_("waiting"), "waiting",
        N_("data of a template that has not come: have the device send its templates every minute"),
    ),
    _counted(
        N_("given up"), "dropped",
        N_("data whose template never came: have the device send its templates every minute"),
    ),
    _counted(
        N_("malformed"), "malformed",
        N_("datagrams that break their protocol, or were cut on the way: look at one with egress decode"),
    ),
    _counted(
        N_("lost datagrams"), "lost_datagrams",
        N_("gaps in its numbering: look at the line between, and at what the kernel dropped here"),
    ),
    _counted(
        N_("lost records"), "lost_records",
        N_("gaps in its numbering: look at the line between, and at what the kernel dropped here"),
    ),
    _counted(N_("reordered"), "reordered", N_("datagrams that others overtook; nothing was lost by it")),
    _counted(
        N_("restarts"), "resets",
        N_("its clock or its numbering began again: the device, or its flow export, was restarted"),
    ),
    _of_time(
        N_("late"), "late",
        N_("flows that had ended over an hour before they came: set its active timeout to 60 s"),
    ),
    _of_time(N_("in the future"), "future", N_("flows that end after they came: set its clock by NTP")),
    Trouble(
        N_("clock, s"), lambda one: f"{one.clock_offset_ms / 1000:+.1f}", _is_wrong,
        N_("its clock is wrong by so much: set it by NTP; flows are found by the time they came"),
    ),
)  # fmt: skip
"""A column where any exporter has it, and a line for each that does."""


@click.command(cls=Command)
def exporters() -> None:
    """Who sends flows: since when, how much, and what could not be decoded. Exit code 3 when a registered one is silent."""
    from netops.egress import hits
    from netops.rounds import egress as rounds

    out = output()
    with desk() as opened:
        rows = hits.exporters(opened.store)
        report = rounds.report(opened)
        out.records(
            "exporter",
            rows,
            [
                Column(N_("plane"), lambda one: _(one.plane), whole=True),
                Column(N_("device"), lambda one: one.device, style="cyan", whole=True),
                Column(N_("address"), lambda one: one.address, whole=True),
                Column(N_("version"), lambda one: VERSIONS.get(one.version, str(one.version)), whole=True),
                Column(N_("last seen"), lambda one: one.last_seen, whole=True),
                Column(N_("datagrams"), lambda one: one.datagrams, right=True),
                Column(N_("records"), lambda one: one.records, right=True),
                Column(N_("options"), lambda one: one.options, right=True),
                *(
                    Column(trouble.title, trouble.value, right=True)
                    for trouble in TROUBLES
                    if any(map(trouble.is_there, rows))
                ),
            ],
            unseen=report.unseen,
            empty=_("No exporter was heard yet."),
            next_step="" if rows else "netops egress listen 30",
        )
        if not out.json:
            for line in [*_troubles(rows), *_lost(hits.datagrams(opened.store))]:
                out.say(f"{sign('note')} {line}")
    raise SystemExit(3 if report.unseen else 0)


def _troubles(rows: list[ExporterRow]) -> Iterator[str]:
    """What is wrong with whom, what it means, and what mends it."""
    for one in rows:
        for trouble in TROUBLES:
            if trouble.is_there(one):
                yield f"{one.device or one.address}: {_(trouble.title)} {trouble.value(one)}: {_(trouble.said)}"


def _lost(outcomes: dict[str, int]) -> Iterator[str]:
    for outcome, count in sorted(outcomes.items()):
        if outcome in LOST:
            yield f"{_(outcome)} {count}: {_(LOST[outcome])}"
