"""`netops ip observe`, `ip sweep`, `ip sources`, `ip formats`: who has an address, by others than the walk."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, output
from netops.cli import desk as open_desk
from netops.cli.printing import Column, Output, document, sign
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.addresses.mention import Source
    from netops.desk import Desk
    from netops.rounds.observe import Plan

PLANES = click.Choice(["intranet", "extranet"])


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--plane",
    type=PLANES,
    default="extranet",
    show_default=True,
    help=N_("The plane whose addresses they are."),
)
@click.option("--format", "form", default="auto", show_default=True, metavar="NAME",
              help=N_("As `netops ip formats` lists them; auto looks at how a file begins."))  # fmt: skip
@click.option(
    "--name", default="", metavar="TEXT", help=N_("What the source is called; by default the file's name.")
)
@click.option(
    "--taken",
    default="",
    metavar="TIME",
    help=N_("When it was taken; by default when the file was last written."),
)
def observe(files: tuple[str, ...], plane: str, form: str, name: str, taken: str) -> None:
    """
    Take in what DHCP leases or ARP tables in FILES tell: who has which address.

    First what they tell is shown, every line that was not understood with its place. Exit code 1 when there is one.
    """
    from netops.core.plane import Plane
    from netops.rounds import observe as rounds

    out = output()
    with open_desk() as opened:
        if name in {one.name for one in opened.config.sources}:
            raise Refused("nothing was taken in", "{name} is a configured source, which every round of reconcile reads",
                          "give another --name", name=name)  # fmt: skip
        when = _moment(taken)
        plans = [
            rounds.plan(opened, Path(file), Plane(plane), form=form, name=name, taken=when) for file in files
        ]
        _show(out, plans, plane)
        out.confirm(_("Take it in?"))
        for one in plans:
            rounds.keep(opened, one)
        out.say(_("{count} addresses were taken in.").format(count=sum(len(one.told) for one in plans)))
    raise SystemExit(int(any(not one.reading.is_whole for one in plans)))


def _moment(text: str) -> Any:
    from datetime import datetime

    from netops.core.clock import CITY_ZONE

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NetopsError(
            "nothing was taken in", "{text} is no time", "write 2026-03-01T08:00", text=text
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)


def _show(out: Output, plans: list[Plan], plane: str) -> None:
    """What the files tell: with --json everything, else the faults in a table and a line for each file."""
    from netops.rounds.observe import faults

    told = [{"file": file, "line": one.line, "value": one.value, "what": _(one.what).format(**one.facts)}
            for file, one in faults(plans)]  # fmt: skip
    if out.json:
        items = [{"file": one.source.place, "name": one.source.name, "format": one.format, "kind": one.source.kind, "at": one.at,
                  "told": one.told, "foreign": one.foreign, "skipped": one.reading.skipped, "bad": one.reading.bad,
                  "whole": one.reading.is_whole,
                  "faults": [row for row in told if row["file"] == one.source.place]} for one in plans]  # fmt: skip
        out.answer(document("observation", items, plane))
    elif told:
        out.records("fault", told, [
            Column(N_("file"), lambda row: Path(row["file"]).name, style="cyan"),
            Column(N_("line"), lambda row: row["line"], right=True),
            Column(N_("value"), lambda row: row["value"]),
            Column(N_("what"), lambda row: row["what"]),
        ])  # fmt: skip
    for one in plans:
        plan = _(
            "plan: {file} ({form}, {time}): {told} addresses, {bad} lines not understood, {foreign} outside the plane"
        )
        out.say(plan.format(
            file=Path(one.source.place).name, form=one.format, time=_city(one.at), told=len(one.told), bad=one.reading.bad,
            foreign=one.foreign))  # fmt: skip
        if one.reading.is_cut:
            out.say(
                _("{file} is too long and was not read to its end").format(file=Path(one.source.place).name),
                style="yellow",
            )


def _city(moment: Any) -> str:
    from netops.core.clock import city_time

    return city_time(moment)


@click.command(cls=Command)
@click.argument("prefixes", nargs=-1, metavar="[PREFIX]...")
def sweep(prefixes: tuple[str, ...]) -> None:
    """
    Ping every address of our own registered prefixes, and keep who answered; by default the prefixes of [sweep].

    Who does not answer may still be there. Exit code 3 when not everybody could be asked.
    """
    from netops.rounds import sweep as rounds

    out = output()
    with open_desk() as opened:
        plans = rounds.plan(opened, prefixes)
        if not plans:
            raise NetopsError(
                "nothing was swept",
                "no prefix was named",
                "name one, or write [sweep] prefixes in config.toml",
            )
        settings = opened.config.sweep
        for one in plans:
            out.say(_("plan: {count} addresses in {prefixes} ({plane}), at most {rate} a second, at most {seconds} s").format(
                count=len(one.targets), prefixes=", ".join(one.prefixes), plane=_(one.plane.label),
                rate=f"{settings.per_second:g}", seconds=f"{settings.seconds:g}"))  # fmt: skip
            if one.left_out:
                out.say(
                    _(
                        "{count} addresses of large IPv6 prefixes are known to nobody and are not asked"
                    ).format(count=one.left_out)
                )
        out.confirm(_("Ask them?"))
        with out.progress(_("sweep")) as progress:
            report = rounds.run(opened, progress, prefixes)
        out.records("report", [report], [
            Column("", lambda one: sign("unseen" if one.unseen else "good")),
            Column(N_("asked"), lambda one: one.facts["asked"], right=True),
            Column(N_("answered"), lambda one: one.facts["answered"], right=True),
        ], unseen=report.unseen, next_step="netops ip reconcile")  # fmt: skip
    raise SystemExit(report.exit_code)


@click.command(cls=Command)
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option(
    "--forget", default="", metavar="NAME", help=N_("No longer wait for this source; what it told stays.")
)
def sources(plane: str | None, forget: str) -> None:
    """Every source of addresses: when it last told, how much, and why not. Exit code 3 when one is not to be relied on."""
    from netops.core.plane import Plane
    from netops.rounds import coverage

    out = output()
    with open_desk() as opened:
        if forget:
            _forget(out, opened, forget, Plane(plane) if plane else None)
        listed = [
            one for each in opened.planes if plane in (None, each) for one in coverage.standing(opened, each)
        ]
        at = opened.clock()
        why = {
            (one.plane, one.device): _(one.why).format(**one.facts) for one in coverage.unheard(listed, at)
        }
        unsound = [one for one in listed if coverage.is_expected(opened, one) and not one.is_sound(at)]
        items = [
            {**_record(one), "sound": one.is_sound(at), "expected": coverage.is_expected(opened, one)}
            for one in listed
        ]
        out.records("source", items if out.json else listed, [
            Column("", lambda one: sign("good" if one.is_sound(at) else "unseen" if one in unsound else "open")),
            Column(N_("source"), lambda one: one.name, style="cyan"),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("kind"), lambda one: _(one.kind)),
            Column(N_("last told"), lambda one: one.told_at),
            Column(N_("last asked"), lambda one: one.tried_at if one.is_good or one.why else None),
            Column(N_("entries"), lambda one: one.told, right=True),
            Column(N_("not understood"), lambda one: one.bad, right=True),
            Column(N_("place"), lambda one: one.place),
            Column(N_("why"), lambda one: "  ".join((why.get((one.plane, one.name), ""), *one.faults[:1])).strip()),
        ], plane=plane, unseen=list(coverage.unheard(unsound, at)), empty=_("No source has told anything yet."),
            next_step="" if listed else "netops round run reconcile")  # fmt: skip
    raise SystemExit(3 if unsound else 0)


def _record(one: Source) -> dict[str, Any]:
    from msgspec.structs import asdict

    kept = {key: value for key, value in asdict(one).items() if key not in ("spans", "max_age", "sha256")}
    return {**kept, "why": _(one.why).format(**one.facts) if one.why else "", "covers": [str(span) for span in one.spans],
            "max_age_seconds": one.max_age.total_seconds()}  # fmt: skip


def _forget(out: Output, opened: Desk, name: str, plane: Any) -> None:
    from netops.addresses import sources as storage

    planes = [
        one.plane
        for one in storage.listed(opened.store, plane)
        if one.name == name and one.plane in opened.planes
    ]
    if not planes:
        raise NetopsError(
            "no source was forgotten", "there is none called {name}", "netops ip sources", name=name
        )
    out.say(_("plan: {name} is no longer waited for; what it told stays").format(name=name))
    out.confirm(_("Forget it?"))
    for one in planes:
        storage.forget(opened.store, one, name)


@click.command(cls=Command)
def formats() -> None:
    """Formats of files that `ip observe` and [[sources]] read."""
    from netops.addresses.formats import FORMATS, kind_of

    out = output()
    listed = [{"format": name, "kind": kind_of(name), "what": _(WHAT[name])} for name in FORMATS]
    out.records("format", listed, [
        Column(N_("format"), lambda one: one["format"], style="cyan"),
        Column(N_("kind"), lambda one: _(one["kind"])),
        Column(N_("what"), lambda one: one["what"]),
    ])  # fmt: skip


WHAT = {
    "isc-dhcpd": N_("dhcpd.leases of ISC dhcpd, IPv4 and IPv6"),
    "kea": N_("the CSV of Kea's memfile, IPv4 and IPv6"),
    "dnsmasq": N_("dnsmasq.leases, IPv4 and IPv6"),
    "ip-neigh": N_("what `ip neigh` prints"),
    "ip-neigh-json": N_("what `ip -json neigh` prints"),
    "proc-net-arp": N_("/proc/net/arp"),
    "arp": N_("what `arp -an` prints, on Linux, BSD and macOS"),
    "device-arp": N_("what `display arp` (Huawei, H3C) or `show ip arp` (Cisco, Ruijie) prints"),
}
"""What each format is, as a message id."""
VERBS = (observe, sweep, sources, formats)
