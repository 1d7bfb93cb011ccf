"""`netops egress probe | sensor | key`: the reflection probe inside, and the sensor on the internet."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, sign
from netops.core import files
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.egress.reflection import Reflection
    from netops.rounds.probe import Plan

ANSWERS = {
    "dual_homed": N_("has a line of its own"),
    "not_testable": N_("not testable"),
    "no_answer": N_("no answer (proves nothing)"),
}


@click.command(cls=Command)
@click.option("--organization", default="", metavar="CODE", help=N_("Only the terminals of one organization."))
@click.option(
    "--plane", type=click.Choice(["extranet", "intranet"]), default="extranet", show_default=True, help=N_("Whose terminals.")
)
@click.option("--beacon", default="", metavar="ADDRESS", help=N_("The sensor's address, over the configuration's."))
@click.option("--key", type=click.Path(path_type=Path), help=N_("Key file, over the configuration's."))
@click.option(
    "--sensor", default="", metavar="COMMAND", help=N_("Start the sensor by this command, and take what it heard.")
)
@click.option(
    "--import",
    "imported",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=N_("Send nothing: weigh what a sensor wrote."),
)
@click.option(
    "--receive", default="", metavar="ADDRESS:PORT", help=N_("Take what the sensor pushes here; not an octet goes back.")
)
def probe(
    organization: str, plane: str, beacon: str, key: Path | None, sensor: str, imported: Path | None, receive: str
) -> None:
    """
    Find terminals that have a line of their own to the internet.

    Each terminal is sent questions to common UDP services, an echo request and a SYN that bear the address of our sensor
    on the internet. One with a line of its own answers out of it, and the sensor hears it. Silence proves nothing: strict
    filters, Windows' strong host model, and carriers that drop private sources keep quiet what is there; the beacon of a
    portal's page sees those. Needs root or CAP_NET_RAW. Without --sensor, --receive and --import only the packets are
    sent; fetch the sensor's file and import it.
    """
    from netops.core.plane import Plane
    from netops.rounds import probe as rounds

    out = output()
    with desk() as opened:
        wanted = rounds.plan(opened, organization, beacon, _key(key) if key else "", Plane(plane))
        if imported:
            hits = rounds.heard(wanted, _lines(imported))
            reflections, report = rounds.conclude(opened, wanted, hits, is_fresh=False)
        else:
            _say_plan(out, wanted, rounds.lasting(opened, wanted))
            out.confirm(_("Send the probes?"))
            command = shlex.split(sensor) or opened.config.probe.sensor
            with out.progress(_("probes")) as progress:
                if receive:
                    hits = rounds.with_push(opened, wanted, receive, progress)
                elif command:
                    hits = rounds.with_sensor(opened, wanted, command, progress)
                else:
                    sent = rounds.send(opened, wanted, progress)
                    out.say(_("sent {count} packets").format(count=sent))
                    out.next("netops egress probe --import FILE")
                    return
            reflections, report = rounds.conclude(opened, wanted, hits, is_fresh=True)
        out.records("reflection", [_record(one) for one in reflections], COLUMNS, empty=_("Nobody was heard by the sensor."))
        counts = "  ".join(f"{_(ANSWERS[name])} {report.facts[name]}" for name in ANSWERS)
        out.say(f"{_('terminals')} {report.facts['terminals']}  {counts}")
        if "unasked" in report.facts:
            out.say(_("{count} terminals were not asked: the budget has no room; they come first the next time").format(
                count=report.facts["unasked"]))
        out.next("netops finding list --room egress")
    raise SystemExit(1 if any(one.answer == "dual_homed" for one in reflections) else 0)


COLUMNS = [
    Column(N_("terminal"), lambda one: one["ip"], style="cyan"),
    Column(N_("switch"), lambda one: one["switch"]),
    Column(N_("port"), lambda one: one["port"]),
    Column(N_("organization"), lambda one: one["organization"]),
    Column(N_("answer"), lambda one: _(ANSWERS[one["answer"]])),
    Column(N_("heard from"), lambda one: one["source"]),
    Column(N_("carrier"), lambda one: one["carrier"]),
    Column(N_("answered by"), lambda one: ", ".join(one["services"])),
    Column(N_("explained by"), lambda one: one["explained_by"]),
]


def _record(one: Reflection) -> dict[str, Any]:
    seen = one.asked.terminal
    return {
        "ip": seen.ip,
        "mac": seen.mac,
        "switch": seen.switch,
        "port": seen.port,
        "organization": seen.organization,
        "answer": one.answer.value,
        "source": one.hit.source,
        "carrier": one.carrier,
        "services": list(one.services),
        "interface": one.hit.interface,
        "explained_by": one.explained_by,
        "run": one.run,
    }


def _say_plan(out: Output, wanted: Plan, seconds: float) -> None:
    out.say(
        _(
            "{terminals} terminals and their gateways will be asked, {addresses} addresses, in the name of {beacon}, "
            "by {services}; this takes {seconds} s"
        ).format(
            terminals=len(wanted.asked),
            addresses=len(wanted.targets),
            beacon=wanted.beacon,
            services=", ".join(wanted.services),
            seconds=f"{seconds:.0f}",
        )
    )


@click.command(cls=Command)
@click.option("--beacon", default="", metavar="ADDRESS", help=N_("The address that probes bear; it must reach this machine."))
@click.option("--key", type=click.Path(path_type=Path), required=True, help=N_("The sensor's key file."))
@click.option("--seconds", type=click.FloatRange(1, 7 * 86400), default=3600.0, help=N_("How long to listen."))
@click.option("--page", default="", metavar="ADDRESS:PORT", help=N_("Take the beacons of portal pages here as well."))
@click.option("--certificate", default="", metavar="FILE", help=N_("With its certificate (PEM): pages on https need it."))
@click.option("--private-key", default="", metavar="FILE", help=N_("The certificate's key (PEM), when it is in another file."))
@click.option("--push", default="", metavar="ADDRESS:PORT", help=N_("Push each line there instead; not an octet is read."))
def sensor(beacon: str, key: Path, seconds: float, page: str, certificate: str, private_key: str, push: str) -> None:
    """
    Listen on the internet for answers to our probes and for beacons of our pages; print them as sealed JSON lines.

    Runs by itself, without configuration or store. It answers nobody but a beacon with a valid ticket, keeps only what
    carries a ticket of ours, and cannot read whose it is. Needs root or CAP_NET_RAW for probes.
    """
    import signal
    import sys

    from netops.probes import oneway
    from netops.rounds import sensor as rounds

    if not beacon and not page:
        raise NetopsError("nothing is listened for", "neither --beacon nor --page was given", "give one of them, or both")
    out = output()
    listened = rounds.Page(page, certificate, private_key) if page else None
    lines = rounds.lines(beacon, _key(key), seconds, listened)
    for ended in (signal.SIGINT, signal.SIGTERM):  # either way the file gets its end
        signal.signal(ended, signal.default_int_handler)
    if push:
        oneway.push(lines, push)
        return
    out.follow()
    for line in lines:
        out.lines([line])
        sys.stdout.flush()


@click.command(cls=Command)
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--for-sensor",
    type=click.Path(path_type=Path),
    metavar="KEY",
    help=N_("Write the sensor's key that follows from this key of the probing side."),
)
def key(file: Path, for_sensor: Path | None) -> None:
    """
    Write a new key of the probing side into FILE, mode 0600; or, out of one, the sensor's.

    The sensor's key knows our tickets; it can neither write them nor read whom they name, so it may stand outside.
    """
    from netops.core import ticket

    text = ticket.sensor_key(_key(for_sensor)) if for_sensor else ticket.new_key()
    files.fresh(f"{text}\n".encode(), file, mode=0o600)
    output().say(f"{sign('good')} {file}")


def _key(path: Path) -> str:
    from netops.core import ticket

    try:
        text = path.read_text("utf-8").strip()
        ticket.sensor_key(text)
    except (OSError, ValueError) as error:
        raise NetopsError("the key in {path} was not read", "{why}", "netops egress key FILE", path=path, why=error) from error
    return text


def _lines(path: Path) -> list[bytes]:
    try:
        if path.stat().st_size > MAX_FILE:
            raise NetopsError("{path} was not read", "it is larger than {size} MiB", "", path=path, size=MAX_FILE >> 20)
        return path.read_bytes().splitlines()
    except OSError as error:
        raise NetopsError("{path} was not read", "{why}", "", path=path, why=error.strerror or error) from error


MAX_FILE = 64 << 20
