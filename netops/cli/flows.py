"""`netops egress query`, `report`, `explain`: what the flow archive answers, with what was not seen."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Command, desk, output
from netops.cli.printing import Column, Output, document, labelled, sign
from netops.core.language import N_, _, bracketed

if TYPE_CHECKING:
    from netops.desk import Desk
    from netops.egress.coverage import Coverage
    from netops.rounds.flow_report import FlowReport, Line
    from netops.rounds.query import Answer

MOST_LISTED = 1_000_000
LABELS = (
    N_("undetermined"), N_("special"), N_("internal"), N_("upstream"), N_("transit"), N_("shared"), N_("separate"), N_("county"),
    N_("published"), N_("lapsed_exit"), N_("unfiled_exit"), N_("intranet_internet"), N_("intranet_query"), N_("cross_plane"),
    N_("unallocated_source"), N_("pending"), N_("internet"), N_("inside"), N_("allocated"), N_("devices"), N_("other_plane"),
    N_("bypass"), N_("spoofed_source"), N_("exit"), N_("foreign"), N_("martian"), N_("organization"),
)  # fmt: skip
"""Verdicts and kinds of addresses, so that the catalogue has them."""


@click.command(cls=Command)
@click.argument("words", nargs=-1, metavar="[FILTER]")
@click.option("-f", "--filter-file", type=click.Path(path_type=Path), help=N_("Read the filter from a file."))
@click.option(
    "--from", "since", metavar="TIME", help=N_("Received from this time on; a day ago when not given.")
)
@click.option("--to", "until", metavar="TIME", help=N_("Received before this time; now when not given."))
@click.option(
    "--by",
    metavar="COLUMNS",
    default="",
    help=N_("Sums by these columns, such as src,dport or organization,verdict."),
)
@click.option(
    "--top",
    type=click.IntRange(0, MOST_LISTED),
    default=20,
    show_default=True,
    help=N_("So many flows or sums; 0 only counts flows, and lists every sum."),
)
@click.option(
    "--order",
    type=click.Choice(["bytes", "packets", "flows", "first", "last"]),
    default="bytes",
    help=N_("What sums are ordered by."),
)
@click.option(
    "--rejudge/--as-judged",
    default=None,
    help=N_("Judge old flows by today's register, whatever it takes; or leave them as they were judged."),
)
@click.option(
    "--parquet",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help=N_("Write every flow that is meant into a Parquet file."),
)
def query(
    words: tuple[str, ...],
    filter_file: Path | None,
    since: str | None,
    until: str | None,
    by: str,
    top: int,
    order: str,
    rejudge: bool | None,
    parquet: Path | None,
) -> None:
    """
    Ask the kept flows, in nfdump's words and ours.

    FILTER: src|dst ip|net|port|mac|organization, proto, flags, bytes, packets, duration, pps, bps, bpp, in|out if, exporter,
    verdict, exit, plane, estimated; and, or, not, ( ), in [ ]. Example: 'src net 10.20.11.0/24 and not dst net 10.0.0.0/8 and
    proto tcp'. Without --by the flows are listed by time. Exit code 3 when part of what happened was not seen.
    """
    from netops.rounds import query as rounds

    out = output()
    with desk() as opened:
        question = rounds.Question(
            text=_text(words, filter_file),
            since=_moment("--from", since),
            until=_moment("--to", until),
            by=tuple(name.strip() for name in by.split(",") if name.strip()),
            order=order,
            limit=top,
            rejudge=rejudge,
        )
        if parquet:
            answer = rounds.exported(opened, question, parquet)
            out.say(_("{count} flows are in {path}").format(count=f"{answer.totals.flows:,}", path=parquet))
        else:
            answer = rounds.answered(opened, question)
        _show(out, opened, answer, question.by)
    raise SystemExit(3 if answer.unseen else 0)


def _text(words: tuple[str, ...], file: Path | None) -> str:
    from netops.core.errors import NetopsError

    if file is None:
        return " ".join(words)
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise NetopsError("{path} was not read", "{why}", "", path=file, why=error) from error


def _moment(option: str, text: str | None) -> datetime | None:
    from netops.core.clock import CITY_ZONE
    from netops.core.errors import NetopsError

    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NetopsError("{option} {text} was not understood", "it is not a time", "write 2026-03-01 or 2026-03-01T08:00",
                          option=option, text=text) from None  # fmt: skip
    return moment if moment.tzinfo else moment.replace(tzinfo=CITY_ZONE)


def _show(out: Output, opened: Desk, answer: Answer, by: tuple[str, ...]) -> None:
    items = [_flat(one) for one in answer.items] if by else answer.items
    if out.json:
        out.answer(
            document("flow_group" if by else "flow", items, None, answer.unseen)
            | {
                "filter": answer.text,
                "from": answer.since,
                "to": answer.until,
                "totals": answer.totals,
                "coverage": answer.coverage,
                "judged": answer.judged,
                "notes": [_(text).format(**facts) for text, facts in answer.notes],
            }
        )
        return
    if out.csv or (out.file and out.file.suffix == ".csv"):
        out.records("flow", items, _csv_columns(items))
        return
    if items or not out.quiet:
        out.records(
            "flow",
            items,
            _group_columns(by) if by else FLOW_COLUMNS,
            empty=_("No flow is like this.") if not answer.totals.flows else " ",
        )
    totals = answer.totals
    out.line(
        _("{flows} flows, {packets} packets, {bytes} bytes").format(
            flows=f"{totals.flows:,}", packets=f"{totals.packets:,}", bytes=f"{totals.bytes:,}"
        )
        + (
            _(", of {estimated} of them estimates").format(estimated=f"{totals.estimated:,}")
            if totals.estimated
            else ""
        )
    )
    for text, facts in answer.notes:
        out.line(f"{sign('note')} " + _(text).format(**facts))
    covered(out, answer.coverage, answer.unseen)


def covered(out: Output, seen: Coverage, unseen: tuple[Any, ...]) -> None:
    """How much of the time was seen, so that silence is not read as order."""
    from netops.core.clock import city_time
    from netops.rounds.query import percent

    mark = sign("unseen") if unseen else sign("good")
    out.line(
        f"{mark} "
        + _("{since} – {until}: {share} of what {count} exporters sent was seen").format(
            since=city_time(seen.since),
            until=city_time(seen.until),
            share=percent(seen.share),
            count=len(seen.exporters),
        ),
        style="yellow" if unseen else "",
    )
    for one in unseen:
        named = bracketed(one.device, one.address) if one.address else one.device
        out.line(f"{sign('unseen')} {labelled(named)}" + _(one.why).format(**one.facts), style="yellow")
    if seen.unstored:
        out.line(
            f"{sign('bad')} "
            + _("{count} flows were judged and could not be kept").format(count=f"{seen.unstored:,}"),
            style="red",
        )


def _flat(group: Any) -> dict[str, Any]:
    from netops.egress.flows import time_text

    return {
        **group.keys,
        "flows": group.flows,
        "packets": group.packets,
        "bytes": group.bytes,
        "estimated": group.estimated,
        "first": time_text(group.first),
        "last": time_text(group.last),
    }


def _end(end: str) -> Any:
    port = "sport" if end == "src" else "dport"
    return lambda one: (
        (f"[{one[end]}]" if ":" in one[end] and one[port] else one[end])
        + (f":{one[port]}" if one[port] else "")
    )


FLOW_COLUMNS = [
    Column(N_("flow"), lambda one: one["id"], style="cyan"),
    Column(N_("received"), lambda one: _local(one["received"])),
    Column(N_("source"), _end("src")),
    Column(N_("destination"), _end("dst")),
    Column(N_("protocol"), lambda one: one["proto"], right=True),
    Column(N_("bytes"), lambda one: f"{one['bytes']:,}", right=True),
    Column(N_("organization"), lambda one: one["organization"]),
    Column(N_("verdict"), lambda one: _(one["verdict"])),
    Column(N_("exit"), lambda one: one["exit"]),
]


def _local(text: str) -> str:
    from netops.core.clock import city_time

    return city_time(datetime.fromisoformat(text), "%m-%d %H:%M:%S")


def _group_columns(by: tuple[str, ...]) -> list[Column]:
    def key(name: str) -> Column:
        translated = name in ("verdict", "plane", "organization", "peer")
        return Column(name, lambda one: _(one[name]) if translated and one[name] else one[name], style="cyan")

    return [
        *(key(name) for name in by),
        Column(N_("flows"), lambda one: f"{one['flows']:,}", right=True),
        Column(N_("packets"), lambda one: f"{one['packets']:,}", right=True),
        Column(N_("bytes"), lambda one: f"{one['bytes']:,}", right=True),
        Column(N_("first"), lambda one: _local(one["first"])),
        Column(N_("last"), lambda one: _local(one["last"])),
    ]


def _csv_columns(items: list[dict[str, Any]]) -> list[Column]:
    """Every field under its own name, for other programs."""
    names = dict.fromkeys(name for one in items for name in one)
    return [Column(name, partial(_field, name)) for name in names]


def _field(name: str, one: dict[str, Any]) -> Any:
    return one.get(name)


# ---- report
@click.command(cls=Command)
@click.option("--organization", metavar="CODE", required=True, help=N_("Whose traffic."))
@click.option("--month", metavar="YYYY-MM", required=True, help=N_("The month of the city."))
def report(organization: str, month: str) -> None:
    """What an organization's traffic did in a month: exits and verdicts, peers, findings, and how much of it was seen."""
    from netops.rounds import flow_report

    out = output()
    with desk() as opened:
        made = flow_report.run(opened, organization, month)
        if out.json:
            from netops.rounds import look

            body = {
                "organization": made.organization,
                "from": made.since,
                "to": made.until,
                "exits": [_record(line) for line in made.exits],
                "peers": [_record(line) for line in made.peers],
                "days": [_record(line) for line in made.days],
                "findings": [look.finding_record(one) for one in made.findings],
                "coverage": made.coverage,
            }
            out.answer(document("flow_report", [body], None, made.unseen))
        elif out.csv or (out.file and out.file.suffix == ".csv"):
            rows = [
                {"table": name, **_record(line)}
                for name, lines in (("exits", made.exits), ("peers", made.peers), ("days", made.days))
                for line in lines
            ]
            out.records("flow_report", rows, _csv_columns(rows))
        else:
            _report(out, opened, made)
    raise SystemExit(made.exit_code)


def _record(line: Line) -> dict[str, Any]:
    return {
        **line.keys,
        "flows": line.flows,
        "packets": line.packets,
        "bytes": line.bytes,
        "estimated": line.estimated,
    }


def _report(out: Output, opened: Desk, made: FlowReport) -> None:
    from netops.core.clock import city_time
    from netops.core.finding import STANDING
    from netops.rounds import look
    from netops.rounds.flow_report import BAD

    name = opened.register.name(made.organization)
    out.line(f"{name}　{city_time(made.since)} – {city_time(made.until)}", style="bold")
    sums = [
        Column(N_("flows"), lambda one: f"{one.flows:,}", right=True),
        Column(N_("packets"), lambda one: f"{one.packets:,}", right=True),
        Column(N_("bytes"), lambda one: f"{one.bytes:,}", right=True),
    ]
    out.records(
        "line",
        made.exits,
        [
            Column(N_("plane"), lambda one: _(one.keys["plane"])),
            Column(N_("direction"), lambda one: _(DIRECTIONS[one.keys["direction"]])),
            Column(N_("exit"), lambda one: one.keys["exit"]),
            Column(
                N_("verdict"),
                lambda one: _(one.keys["verdict"]),
                style=lambda one: "red" if one.keys["verdict"] in BAD else "",
            ),
            *sums,
        ],
        empty=_("No flow of it is kept from this time."),
    )
    if made.peers:
        out.line()
        out.records(
            "line",
            made.peers,
            [
                Column(N_("peer"), lambda one: one.keys["peer"] or _(one.keys["peer_kind"])),
                Column(N_("kind"), lambda one: _(one.keys["peer_kind"])),
                Column(N_("direction"), lambda one: _(DIRECTIONS[one.keys["direction"]])),
                *sums,
            ],
        )
    out.line()
    for one in made.findings:
        standing = one.state in STANDING
        out.line(
            f"{sign('bad' if standing else 'good')} {one.id}  {one.code}  {look.title(one)}  {_(one.state)}",
            style="red" if standing else "",
        )
    covered(out, made.coverage, made.unseen)


DIRECTIONS = {"out": N_("out"), "in": N_("in"), "": ""}


# ---- explain
@click.command(cls=Command)
@click.argument("words", nargs=-1, required=True, metavar="FLOW|FILTER")
@click.option(
    "--from", "since", metavar="TIME", help=N_("Received from this time on; a day ago when not given.")
)
@click.option("--to", "until", metavar="TIME", help=N_("Received before this time; now when not given."))
@click.option(
    "--top",
    type=click.IntRange(1, 100),
    default=1,
    show_default=True,
    help=N_("So many of the flows that a filter means."),
)
def explain(words: tuple[str, ...], since: str | None, until: str | None, top: int) -> None:
    """Why a flow was judged as it was: which rule, which entry of the register, by which version, and what it is today."""
    from netops.rounds import flow_explain

    out = output()
    with desk() as opened:
        found = flow_explain.explained(
            opened, " ".join(words), _moment("--from", since), _moment("--to", until), top
        )
        if out.json:
            out.answer(document("flow_explanation", found))
            return
        for one in found:
            _explain(out, one)


def _explain(out: Output, one: Any) -> None:
    flow = one.flow
    out.line(f"{flow['id']}  {_local(flow['received'])}", style="bold")
    out.line(
        f"  {_end('src')(flow)} → {_end('dst')(flow)}  "
        + _("protocol {proto}, {packets} packets, {bytes} bytes").format(
            proto=flow["proto"], packets=f"{flow['packets']:,}", bytes=f"{flow['bytes']:,}"
        )
    )
    for reason in one.reasons:
        facts = {
            name: _(value) if name in ("plane", "kind") else value for name, value in reason.facts.items()
        }
        entry = f"  [{reason.entry}]" if reason.entry else ""
        out.line(f"  {labelled(_(ABOUT[reason.about]))}{_(reason.text).format(**facts)}{entry}")
    out.line(
        "  "
        + _("judged {verdict} by register {version}; by today's it is {now}").format(
            verdict=_(flow["verdict"]), version=one.judged_by, now=_(one.now)
        ),
        style="" if flow["verdict"] == one.now else "yellow",
    )
    for code in one.rules:
        out.line(f"  {sign('bad')} {code}  netops explain {code}", style="red")


ABOUT = {
    "exporter": N_("exporter"),
    "entered": N_("entered"),
    "left": N_("left"),
    "source": N_("source"),
    "destination": N_("destination"),
    "exit": N_("exit"),
    "verdict": N_("verdict"),
}
