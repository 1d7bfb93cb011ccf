"""`netops egress capture`: what captures and logs show, without a store; `--keep` holds it against register and topology."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, labelled, sign
from netops.core.language import N_, _
from netops.core.ways import WAYS

if TYPE_CHECKING:
    from netops.egress.listening.observation import Observation
    from netops.rounds.listening import Read

KINDS = {
    "tunnel": N_("tunnel"),
    "proxy": N_("proxy"),
    "forwarded": N_("passed on by a proxy"),
    "remote_control": N_("remote control"),
    "file_sharing": N_("file sharing"),
    "encrypted_dns": N_("encrypted DNS"),
    "public_resolver": N_("public resolver"),
    "connectivity_check": N_("connectivity check"),
    "dhcp_server": N_("DHCP server"),
    "router_advertisement": N_("router advertisement"),
    "address_conflict": N_("address conflict"),
    "hidden_nat": N_("machines behind one address"),
    "dns_tunnel": N_("data in DNS names"),
    "icmp_tunnel": N_("data in pings"),
    "consumer_device": N_("home or wireless box"),
    "application": N_("application"),
    "alert": N_("alert of another program"),
    "login": N_("login"),
}
COLUMNS = [
    Column("", lambda one: sign("bad" if one.is_alarm else "open")),
    Column(N_("kind"), lambda one: _(KINDS.get(one.kind, one.kind))),
    Column(N_("what"), lambda one: _what(one), style="cyan"),
    Column(N_("host"), lambda one: one.ip),
    Column(N_("far end"), lambda one: _far(one)),
    Column(N_("by"), lambda one: ", ".join(_(WAYS.get(way, way)) for way in one.by)),
    Column(N_("sure"), lambda one: f"{one.confidence:.0%}", right=True),
    Column(N_("packets"), lambda one: one.count, right=True),
    Column(N_("first"), lambda one: one.first),
]


def _what(one: Observation) -> str:
    """What was recognised; of a crowd behind one address how many, how sure that is within one, and how many at least."""
    if one.kind != "hidden_nat":
        return one.name
    told = one.facts
    return f"{one.name} ≈{told['hosts']} ({told['hosts_confidence']:.0%}) ≥{told['at_least']}"


def _far(one: Observation) -> str:
    """The far end, or the names that were asked for where there is none."""
    return f"{one.peer}:{one.port}" if one.peer and one.port else one.peer or ", ".join(one.names[:2])


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--hosts", "with_hosts", is_flag=True, help=N_("Every host, and what it shows of itself."))
@click.option(
    "--packets", "host", default="", metavar="ADDRESS|NUMBER",
    help=N_("Instead: the first packets of this host, or the one of this number, field by field."),
)
@click.option("--keep", is_flag=True, help=N_("Write findings down: needs the configuration and --plane."))
@click.option("--plane", type=click.Choice(["intranet", "extranet"]), help=N_("The plane that was listened to."))
@click.option(
    "--where",
    default="",
    metavar="DEVICE[:INTERFACE]",
    help=N_("Where it was captured: a switch's name and port, as far as known."),
)
def capture(files: tuple[Path, ...], with_hosts: bool, host: str, keep: bool, plane: str | None, where: str) -> None:
    """
    Read captures and logs, and say what they show: tunnels, proxies, remote control, DHCP servers, hidden hosts, conflicts.

    pcap and pcapng, plain or gzip; query logs of dnsmasq, BIND, Unbound and Windows; RADIUS detail files; Zeek's logs and
    Suricata's eve.json. Needs neither configuration nor store; --keep holds what was seen against register
    and topology and writes findings down, after the plan was shown. Exit code 1 when something asks for an explanation.
    """
    from netops.rounds import listening

    out = output()
    if host:
        _packets(out, files, host)
        return
    with desk() as opened:
        scene = listening.scene_of(opened, _plane(plane)) if keep else None
        found, listeners = [], []
        with out.progress(_("captures")) as progress:
            for path in files:
                one = listening.listener(opened.playbooks, "capture", path.name, scene, _plane(plane) if keep else None)
                found.append(listening.read(path, one, progress))
                listeners.append(one)
        _show(out, found, with_hosts)
        if scene is not None:
            told = [
                listening.heard(_plane(plane), scene, read.observations, where or read.file, one)
                for read, one in zip(found, listeners, strict=True)
            ]
            _keep(opened, out, dict(zip(files, told, strict=True)), _plane(plane))
    raise SystemExit(1 if any(one.is_alarm for read in found for one in read.observations) else 0)


def _packets(out: Output, files: tuple[Path, ...], host: str) -> None:
    """Packets for a person to look at, as scapy takes them apart in a process of its own."""
    from netops.cli.printing import document, printable
    from netops.core.clock import city_time
    from netops.egress.listening.observation import moment
    from netops.rounds import listening

    found = [(path, one) for path in files for one in listening.packets_of(path, host)]
    if out.json:
        out.answer(document("packet", [{"file": str(path), "number": one.number, "at": moment(one.at), "octets": one.octets,
                                        "layers": one.layers} for path, one in found]))  # fmt: skip
        return
    for path, one in found:
        when = city_time(moment(one.at), "%Y-%m-%d %H:%M:%S")
        out.line(f"{path.name} {one.number}  {when}  {one.octets} B", style="bold")
        for layer in one.layers:
            fields = "  ".join(f"{name}={value}" for name, value in layer.fields.items())
            out.line(f"  {layer.name}  {printable(fields)}")
    if not found:
        out.line(_("No packet of it is in the file."))


def _plane(text: str | None) -> Any:
    from netops.core.errors import NetopsError
    from netops.core.plane import Plane

    if text is None:
        raise NetopsError("nothing was taken in", "it is not said which plane was listened to", "--plane intranet or extranet")
    return Plane(text)


def _show(out: Output, found: list[Read], with_hosts: bool) -> None:
    if out.json:
        from netops.cli.printing import document

        out.answer(document("capture", [_record(one) for one in found]))
        return
    for one in found:
        _summary(out, one)
        if one.observations:
            out.records("observation", one.observations, COLUMNS)
        else:
            out.line(f"{sign('good')} " + _("Nothing that asks for an explanation."))
        if with_hosts:
            out.records("host", one.hosts, HOSTS)


HOSTS = [
    Column(N_("address"), lambda one: one.ip, style="cyan"),
    Column(N_("MAC"), lambda one: one.mac),
    Column(N_("packets"), lambda one: one.packets, right=True),
    Column(N_("system"), lambda one: one.system),
    Column(N_("names"), lambda one: ", ".join(one.names[:3])),
    Column(N_("DHCP client"), lambda one: one.vendor),
    Column("TTL", lambda one: " ".join(f"{ttl}×{count}" for ttl, count in list(one.ttls.items())[:4])),
    Column(N_("devices"), lambda one: ", ".join(one.devices[:3])),
]


def _record(one: Read) -> dict[str, Any]:
    import msgspec

    kept = {name: getattr(one, name) for name in ("file", "format", "broken", "left_out", "bad")}
    return {**kept, **msgspec.structs.asdict(one.summary), "observations": one.observations, "hosts": one.hosts}


def _summary(out: Output, one: Read) -> None:
    from netops.core.clock import city_time

    told = one.summary
    if one.format not in ("pcap", "pcapng"):
        counts = {"file": one.file, "format": one.format, "lines": f"{told.packets:,}", "bad": f"{told.unreadable:,}"}
        out.line(_("{file}: {format}, {lines} lines read, {bad} not").format(**counts), style="bold")
        for number, text in one.bad[:5]:
            out.line(f"  {sign('bad')} " + labelled(_("line {number}").format(number=number)) + text[:100], style="red")
        return
    out.line(
        _("{file}: {packets} packets, {hosts} hosts, {seconds} s").format(
            file=one.file, packets=f"{told.packets:,}", hosts=told.ipv4_hosts + told.ipv6_hosts,
            seconds=f"{told.duration_seconds:,.1f}",
        ),
        style="bold",
    )
    if told.first and told.last:
        out.line("  " + _("from {first} to {last}").format(first=city_time(told.first), last=city_time(told.last)))
    out.line("  " + "  ".join(f"{labelled(name)}{count:,}" for name, count in list(told.protocols.items())[:10]))
    if one.broken:
        out.line(f"  {sign('note')} " + _("reading ended early: {why}").format(why=one.broken), style="yellow")
    if one.left_out:
        more = _("{count} observations more were counted only").format(count=one.left_out)
        out.line(f"  {sign('note')} {more}", style="yellow")


def _keep(opened: Any, out: Output, told: dict[Path, Any], plane: Any) -> None:
    """Write down what files showed; one that was kept before is not counted again."""
    from netops.core import docket
    from netops.core.clock import city_time
    from netops.egress.heard import concluded
    from netops.rounds import listening, look

    before, digests = listening.kept_before(opened, plane), {path: listening.digest(path) for path in told}
    for path in [path for path in told if digests[path] in before]:
        said = _("{file} was kept already, on {time}: it is not counted again")
        out.say(f"{sign('note')} " + said.format(file=path, time=city_time(before[digests[path]])))
        del told[path]
    planned = [one for heard in told.values() for one in (*concluded(heard), *listening.conflicts(heard))]
    for one in planned:
        finding = look.rules()[one.code]
        who = ", ".join(str(one.subject[key]) for key in ("ip", "mac") if one.subject.get(key))
        out.say(f"{sign('bad')} {one.code}  {_(finding.kind)}  {who}")
    if told:
        out.confirm(_("Write down {count} findings?").format(count=len(planned)))
    numbers: dict[str, None] = {}
    for path, heard in told.items():
        kept = listening.keep(opened, heard)
        listening.noted(opened, path, plane, kept, digests[path])
        numbers |= dict.fromkeys((*kept.opened, *kept.seen_again))
    for number in numbers:
        out.say(f"{sign('bad')} {number}  {look.title(docket.one(opened.store, number))}", style="red")
    if not out.json:
        out.next("netops finding list --room egress")


def mirror(
    opened: Any, out: Output, interfaces: tuple[str, ...], plane: str | None, where: str, seconds: float | None
) -> int:
    """`netops egress listen --interface`: the exit code, 3 when packets were lost, 1 when something asks for an explanation."""
    from netops.core import docket
    from netops.rounds import look
    from netops.rounds import mirror as rounds

    def hear(turn: rounds.Turn) -> None:
        for number in turn.opened:
            out.say(f"{sign('bad')} {number}  {look.title(docket.one(opened.store, number))}", style="red")

    lasting = opened.config.flows.round_seconds if seconds is None else seconds
    out.say(_("listening on {interfaces} for {seconds} s").format(interfaces=", ".join(interfaces), seconds=f"{lasting:g}"))
    found = rounds.run(opened, _plane(plane), interfaces, where or interfaces[0], lasting, hear, keep=not out.dry_run)
    if out.json:
        from netops.cli.printing import document

        out.answer(document("mirror", [found], plane))
    else:
        packets, lost = f"{found.packets:,}", f"{found.dropped:,}"
        out.line(_("{packets} packets heard, {lost} lost").format(packets=packets, lost=lost), style="bold")
        if found.observations:
            out.records("observation", found.observations, COLUMNS)
        else:
            out.line(f"{sign('good')} " + _("Nothing that asks for an explanation."))
    return 3 if found.dropped else int(any(one.is_alarm for one in found.observations))
