"""`netops egress`: decode, listen, watch; the others come from files of their own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.archive import archive
from netops.cli.beacon import beacon, resume, stop
from netops.cli.capture import capture, mirror
from netops.cli.exporters import exporters
from netops.cli.flows import explain, query, report
from netops.cli.intake import import_
from netops.cli.leads import allow, coverage, leads
from netops.cli.printing import Column, Output, sign
from netops.cli.reflection import key, probe, sensor
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.rounds import Report
    from netops.rounds.egress import Pulse

MAX_FILE = 4 << 30


@click.group(cls=Group)
def egress() -> None:
    """How traffic leaves the networks, as exporters report it."""


# ---- decode
@egress.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--json-lines", is_flag=True, help=N_("One JSON object a record."))
@click.option("--options", "with_options", is_flag=True, help=N_("What exporters tell about themselves, too."))
def decode(files: tuple[Path, ...], json_lines: bool, with_options: bool) -> None:
    """
    Decode flow datagrams out of files.

    A file is one datagram, and all of them one exporter's stream in the order given; or it is a pcap or pcapng,
    where the source addresses tell the exporters, over UDP or (IPFIX) TCP. Exit code 0 even when datagrams were malformed.
    """
    from netops.egress.netflow import Decoder

    out = output()
    decoder = Decoder(everything=True, options=with_options)
    if json_lines or out.json:
        import msgspec

        for chunk in _chunks(_records(decoder, files), 5000):
            out.lines(msgspec.json.encode(record).decode() for record in chunk)
    else:
        out.records("flow", _records(decoder, files), FLOW_COLUMNS, empty=_("No flow record was decoded."))
    totals = decoder.totals()
    out.say(
        _(
            "datagrams {datagrams}  records {records}  options {options}  waiting for a template {waiting}  malformed {malformed}"
        ).format(
            datagrams=totals.datagrams,
            records=totals.records,
            options=totals.options,
            waiting=totals.waiting + totals.dropped,
            malformed=totals.malformed,
        )
    )


FLOW_COLUMNS = [
    Column(N_("first"), lambda one: one.get("first")),
    Column(N_("source"), lambda one: one.get("src")),
    Column(N_("port"), lambda one: one.get("sport"), right=True),
    Column(N_("destination"), lambda one: one.get("dst")),
    Column(N_("port"), lambda one: one.get("dport"), right=True),
    Column(N_("protocol"), lambda one: one.get("proto"), right=True),
    Column(N_("packets"), lambda one: one.get("packets"), right=True),
    Column(N_("bytes"), lambda one: one.get("bytes"), right=True),
    Column(N_("in"), lambda one: one.get("in_if"), right=True),
    Column(N_("out"), lambda one: one.get("out_if"), right=True),
]
STREAM = "stream"
"""Stands for the exporter of datagrams that came as files."""
BATCH = 1024
"""Datagrams decoded together."""


def _records(decoder: Any, files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Every record of the files, in the order of the datagrams; out of a capture with its exporter."""
    from netops.egress.flows import rows

    for batch in _chunks(_datagrams(files), BATCH):
        found = [
            (ordinal, row if flows.exporter == STREAM else {"exporter": flows.exporter} | row)
            for flows in decoder.feed(batch)
            for ordinal, row in zip(flows.columns["ordinal"].tolist(), rows(flows), strict=True)
        ]
        yield from (row for _ordinal, row in sorted(found, key=lambda pair: pair[0]))


def _datagrams(files: Iterable[Path]) -> Iterator[tuple[str, int, bytes]]:
    from netops.core.errors import NetopsError
    from netops.egress.listening.datagrams import datagrams
    from netops.egress.listening.frames import is_capture

    for path in files:
        try:
            if path.stat().st_size > MAX_FILE:
                raise NetopsError(
                    "{path} was not read", "it is larger than {size} GiB", "", path=path, size=MAX_FILE >> 30
                )
            with path.open("rb") as file:
                start = file.read(65536)
                if not is_capture(start):
                    yield STREAM, 0, start
                    continue
                file.seek(0)
                yield from datagrams(file)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            mend = "check that it is a whole pcap or pcapng file" if isinstance(error, ValueError) else ""
            raise NetopsError("{path} was not read", "{why}", mend, path=path, why=why) from error


def _chunks(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    from itertools import islice

    source = iter(items)
    while chunk := list(islice(source, size)):
        yield chunk


# ---- the collector
@egress.command()
@click.argument("seconds", required=False, type=click.FloatRange(0.1, 7 * 86400))
@click.option(
    "--interface",
    "interfaces",
    multiple=True,
    metavar="NAME",
    help=N_("Listen to packets of a mirror port instead of flows; several allowed. Needs CAP_NET_RAW."),
)
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("The plane of the mirror port."))
@click.option(
    "--where",
    default="",
    metavar="DEVICE[:INTERFACE]",
    help=N_("What is mirrored: a switch's name and port, as far as known."),
)
def listen(seconds: float | None, interfaces: tuple[str, ...], plane: str | None, where: str) -> None:
    """
    Collect and judge flows for SECONDS (else as configured), then say what was found.

    With --interface: listen to the packets of a mirror port. Findings are written down as they show; --dry-run only
    says what was seen. The child that has the raw socket keeps no other privilege, and sends nothing.
    """
    from netops.rounds import egress as rounds

    out = output()
    with desk() as opened:
        if interfaces:
            raise SystemExit(mirror(opened, out, interfaces, plane, where, seconds))
        _prepare(opened, out)
        with out.progress(_("flows")) as progress:
            report = rounds.run(opened, progress, seconds)
        _summary(opened, out, report)
    raise SystemExit(report.exit_code)


@egress.command()
@click.option("--seconds", type=click.FloatRange(0.1), help=N_("End by itself after so long."))
def watch(seconds: float | None) -> None:
    """Collect and judge flows, and print what happens as it happens, until interrupted."""
    import time

    from netops.rounds.egress import Watcher

    out = output()
    with desk() as opened:
        _prepare(opened, out)
        out.follow()
        with Watcher(opened, lambda pulse: _pulse(opened, out, pulse)) as watcher:
            if not watcher.listening:
                out.say(_("another process collects the flows of this store"))
                return
            out.say(
                _("collecting flows on {addresses}").format(addresses=", ".join(opened.config.flows.listen))
            )
            until = time.monotonic() + seconds if seconds else float("inf")
            while time.monotonic() < until:
                time.sleep(0.2)


def _prepare(opened: Desk, out: Output) -> None:
    from netops.rounds import inventory

    if inventory.ensure(opened):
        out.say(_("The register was empty: {folder} is in force now.").format(folder=opened.config.inventory))


def _pulse(opened: Desk, out: Output, pulse: Pulse) -> None:
    from netops.core import docket
    from netops.core.clock import city_time
    from netops.rounds import look

    time = city_time(pulse.at, "%H:%M:%S")
    if pulse.verdicts:
        counts = "  ".join(f"{_(verdict)} {flows}" for verdict, flows in sorted(pulse.verdicts.items()))
        out.line(f"{time}  {counts}")
    for number in pulse.opened:
        out.line(
            f"{time}  {sign('bad')} {number}  {look.title(docket.one(opened.store, number))}", style="red"
        )
    for number in pulse.resolved:
        out.line(f"{time}  {sign('good')} {number}  " + _("not seen any more"))


def _summary(opened: Desk, out: Output, report: Report) -> None:
    from netops.core import docket
    from netops.rounds import look

    if out.json:
        from netops.cli.printing import document

        out.answer(document("report", [report], None, report.unseen))
        return
    with _plain(out):
        out.line("  ".join(f"{_(key)} {value}" for key, value in report.facts.items()))
        for number in report.standing:
            one = docket.one(opened.store, number)
            out.line(f"{sign('bad')} {number}  {one.code}  {look.title(one)}", style="red")
        for gap in report.unseen:
            out.line(
                f"{sign('unseen')} "
                + _("not seen: {device} ({address}): {why}").format(
                    device=gap.device, address=gap.address, why=_(gap.why).format(**gap.facts)
                )
            )
        if not report.standing:
            out.line(f"{sign('good')} " + _("No egress finding stands."))


@contextmanager
def _plain(out: Output) -> Iterator[None]:
    yield
    out.next("netops finding list --room egress")


for one in (
    capture, exporters, query, report, explain, import_, archive, probe, sensor, key, beacon, stop, resume, leads, coverage,
    allow,
):  # fmt: skip
    egress.add_command(one)
