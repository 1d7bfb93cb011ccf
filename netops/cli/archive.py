"""`netops egress archive`: what is kept of flows, how long it lasts, whether it is whole; and its upkeep."""

from __future__ import annotations

from typing import Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _


@click.group(cls=Group, invoke_without_command=True)
@click.pass_context
def archive(context: click.Context) -> None:
    """The kept flows: how many, since when, on how much disk."""
    if context.invoked_subcommand is None:
        context.invoke(show)


@archive.command()
def show() -> None:
    """What is kept, by kind and plane. Exit code 1 when flows younger than six months were let go, or cannot be kept."""
    from netops.rounds import archive as rounds

    out = output()
    with desk() as opened:
        state = rounds.state(opened)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("flow_archive", [state]))
            raise SystemExit(state.exit_code)
        out.records(
            "flow_archive",
            state.kinds,
            [
                Column(N_("kind"), lambda one: _(KINDS[one["kind"]])),
                Column(N_("plane"), lambda one: _(one["plane"]) if one["plane"] else ""),
                Column(N_("files"), lambda one: f"{one['files']:,}", right=True),
                Column(N_("rows"), lambda one: f"{one['rows']:,}", right=True),
                Column(N_("size"), lambda one: size_text(one["size"]), right=True),
                Column(
                    N_("bytes a row"),
                    lambda one: f"{one['size'] / one['rows']:.1f}" if one["rows"] else "",
                    right=True,
                ),
                Column(N_("first"), lambda one: rounds.moment(one["first"])),
                Column(N_("last"), lambda one: rounds.moment(one["last"])),
            ],
            empty=_("No flow is kept yet."),
        )
        if out.csv:
            raise SystemExit(state.exit_code)
        out.line(_("folder {folder}, {free} free; flows are kept {days} days").format(
            folder=state.folder, free=size_text(state.free_bytes), days=state.keep_days))  # fmt: skip
        if state.sending:
            told = _("Flows go to ClickHouse at {url} besides; {waiting} segments wait.")
            out.line(told.format(url=state.sending.url, waiting=state.sending.waiting))
        if state.early:
            gone = _("Flows younger than six months were let go: none from before {moment} are kept.")
            out.line(f"{sign('bad')} " + gone.format(moment=rounds.moment(state.kept_since)), style="red")
        if state.days_left is not None:
            out.line(
                _("At the rate of the last week {days} days of it fit on the disk.").format(
                    days=f"{state.days_left:,.0f}"
                )
            )
    raise SystemExit(state.exit_code)


KINDS = {"hot": N_("as it came"), "kept": N_("compacted"), "rollup": N_("sums")}


def size_text(size: float) -> str:
    """Octets in the unit that fits: 812 KiB, 3.4 GiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" or size >= 100 else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


@archive.command()
@click.option("--database", default="netops", show_default=True, help=N_("The database's name."))
def schema(database: str) -> None:
    """The tables, sums and dictionaries that an existing ClickHouse needs, as statements. They are made by themselves, too."""
    from netops.egress import clickhouse

    out = output()
    with desk() as opened:
        days = opened.config.flows.keep_days
    out.lines(f"{statement};\n" for statement in clickhouse.statements(database, days))


@archive.command()
def compact() -> None:
    """Put the files together now that the collector would put together within the hour, and let go what is over its time."""
    from netops.rounds import archive as rounds

    out = output()
    with desk() as opened:
        going = rounds.due(opened)
        out.say(_("{merged} files are to be put together; {going} are over their time, {early} of them under six months").format(
            merged=going.merged, going=going.dropped, early=going.early))  # fmt: skip
        if not going.merged and not going.dropped:
            out.line(f"{sign('good')} " + _("Nothing is to be done."))
            return
        out.confirm(_("Do it?"))
        done = rounds.upkeep(opened, rounds.opened(opened), everything=True)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("upkeep", [done]))
            return
        out.line(_("{merged} files became {made}; {dropped} were let go, {removed} removed from the disk").format(
            merged=done.merged, made=done.made, dropped=done.dropped, removed=done.removed))  # fmt: skip


@archive.command()
def check() -> None:
    """Read every file and compare it with what was written down. Exit code 1 when one is missing or was changed."""
    from netops.rounds import archive as rounds

    out = output()
    with desk() as opened:
        with out.progress(_("files")) as progress:
            found: list[Any] = rounds.check(opened, progress)
        out.records(
            "fault",
            found,
            [
                Column(N_("file"), lambda one: one.path, style="cyan"),
                Column(N_("what"), lambda one: _(one.what), style="red"),
            ],
            empty=_("Every file is whole."),
        )
    raise SystemExit(int(bool(found)))
