"""`netops pool`: list, show, reconcile, verify; what changes pools is in `pool_change`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.block_map import CELLS, STYLES, WORDS, draw, facts, forecast_told
from netops.cli.pool_change import VERBS
from netops.cli.printing import Column, sign
from netops.cli.reconcile import reconcile
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.rounds.pools import Shown

PLANES = click.Choice(["intranet", "extranet"])


@click.group(cls=Group)
def pool() -> None:
    """Address pools: the registered prefixes, and how full they are."""


@pool.command("list")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
def list_(plane: str | None) -> None:
    """Every registered prefix with its counts; a container's hold those of the pools inside."""
    from netops.addresses import ledger
    from netops.core.plane import Plane

    out = output()
    with desk() as opened:
        listed = [
            one
            for one in ledger.pools(opened.store, Plane(plane) if plane else None)
            if one.plane in opened.planes
        ]
        register = opened.register
        depth: dict[tuple[str, str], int] = {}
        for one in listed:
            depth[one.plane, one.prefix] = depth.get((one.plane, one.around), -1) + 1
        step = 0 if out.csv else 2
        out.records("pool", listed, [
            Column(N_("prefix"), lambda one: " " * step * depth[one.plane, one.prefix] + one.prefix, style="cyan"),
            Column(N_("plane"), lambda one: _(one.plane.label)),
            Column(N_("role"), lambda one: _(one.role)),
            Column(N_("used"), lambda one: f"{one.total.utilization:.0%}", right=True),
            Column(N_("allocated"), lambda one: one.total.allocated, right=True),
            Column(N_("reserved"), lambda one: one.total.reserved, right=True),
            Column(N_("quarantined"), lambda one: one.total.quarantined, right=True),
            Column(N_("free"), lambda one: one.total.free, right=True),
            Column(N_("organization"), lambda one: register.name(one.organization)),
        ], plane=plane, empty=_("There is no pool: no prefix is registered."),
            next_step=f"netops pool show {listed[0].prefix}" if listed else "netops inventory apply")  # fmt: skip


@pool.command()
@click.argument("prefix")
@click.option("--plane", type=PLANES, help=N_("The plane, when both have the prefix."))
@click.option("--free", "only_free", is_flag=True, help=N_("Only what is free."))
def show(prefix: str, plane: str | None, only_free: bool) -> None:
    """One pool: who granted it, its block map, then allocations and holes in the order of addresses."""
    from netops.core.plane import Plane
    from netops.rounds import pools
    from netops.rounds.allocate import pool_named

    out = output()
    with desk() as opened:
        where, name = pool_named(opened, prefix, Plane(plane) if plane else None)
        shown = pools.show(opened, where, name)
        rows = [run for run in shown.runs if not only_free or run.state == "free"]
        register = opened.register
        if out.json:
            from netops.cli.printing import document

            out.answer(document("pool", [_plain(shown, rows)], where))
            return
        if not out.csv and not only_free:
            facts(out, shown, register.name(shown.pool.organization), pools.today(opened).isoformat())
            draw(out, shown)
            total = shown.pool.total
            counts = _(
                "{used} used: {allocated} allocated, {reserved} reserved, {quarantined} in quarantine, {free} free"
            )
            out.line(counts.format(
                used=f"{total.utilization:.1%}", allocated=total.allocated, reserved=total.reserved,
                quarantined=total.quarantined, free=total.free))  # fmt: skip
            out.line(forecast_told(shown))
        columns = [
            Column("", lambda run: CELLS[run.state], style=lambda run: STYLES[run.state]),
            Column(N_("addresses"), lambda run: run.addresses, style="cyan"),
            Column(N_("count"), lambda run: run.count, right=True),
            Column(N_("state"), lambda run: _(WORDS.get(run.state, run.state))),
            Column(N_("allocation"), lambda run: run.allocation),
            Column(N_("organization"), lambda run: register.name(run.organization)),
            Column(N_("declaration"), lambda run: run.declaration),
        ]
        more = [
            Column(N_("MAC"), lambda run: run.mac),
            Column(N_("device"), lambda run: run.device),
            Column(N_("until"), lambda run: run.until),
            Column(N_("pool"), lambda run: run.pool if run.pool not in (name, run.addresses) else ""),
        ]
        columns += [one for one in more if out.csv or any(one.value(run) for run in rows)]
        out.records("run", rows, columns, plane=where)


def _plain(shown: Shown, rows: list[Any]) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(shown)
    return {**plain.pop("pool"), **plain, "runs": msgspec.to_builtins(rows)}


for verb in (*VERBS, reconcile):
    pool.add_command(verb)


@pool.command()
def verify() -> None:
    """Count every address again and compare with the ledger; exit code 1 when they disagree."""
    from netops.addresses import ledger

    out = output()
    with desk() as opened:
        faults = ledger.verify(opened.store)
        out.records("fault", [{"what": fault} for fault in faults],
                    [Column("", lambda row: sign("bad")), Column(N_("what"), lambda row: row["what"])],
                    empty=_("The ledger is whole: every address lies in exactly one run, and every count is right."),
                    next_step="netops journal verify" if faults else "")  # fmt: skip
    raise SystemExit(int(bool(faults)))
