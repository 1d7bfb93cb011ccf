"""`netops pool`: list, show, add, split, merge, delegate, reconcile, verify."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, sign
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.addresses.allocation import Allocation
    from netops.addresses.pool import Pool
    from netops.addresses.tile import Tile
    from netops.desk import Desk
    from netops.rounds.division import Plan

PLANES = click.Choice(["intranet", "extranet"])
CELLS = {"free": "·", "active": "█", "reserved": "▒", "quarantine": "░", "outside": " "}
STYLES = {"free": "dim", "active": "green", "reserved": "yellow", "quarantine": "magenta", "outside": ""}
WIDTH = 64
"""Cells of the block map in one row; a map has at most 16 rows."""


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
        out.records("pool", listed, [
            Column(N_("prefix"), lambda one: one.prefix, style="cyan"),
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
    """One pool: its block map, then allocations and holes in the order of addresses."""
    from netops.addresses import ledger
    from netops.addresses.tile import TileState
    from netops.core.plane import Plane
    from netops.rounds.allocate import pool_named

    out = output()
    with desk() as opened:
        where, name = pool_named(opened, prefix, Plane(plane) if plane else None)
        one = next(one for one in ledger.pools(opened.store, where) if one.prefix == name)
        tiles = ledger.layout(opened.store, where, one.span)
        holders = {held.id: held for held in ledger.allocations(opened.store, where, within=one.span)}
        register = opened.register
        rows = [_row(tile, holders) for tile in tiles if not only_free or tile.state is TileState.FREE]
        if out.json:
            from netops.cli.printing import document

            out.answer(document("pool", [{**_plain(one), "runs": rows}], where))
            return
        if not out.csv and not only_free:
            out.line(
                f"{one.prefix}  {_(where.label)}  {_(one.role)}  {register.name(one.organization)}  {one.name}",
                style="bold",
            )
            _map(one, tiles)
            total = one.total
            counts = _(
                "{used} used: {allocated} allocated, {reserved} reserved, {quarantined} in quarantine, {free} free"
            )
            out.line(counts.format(
                used=f"{total.utilization:.1%}", allocated=total.allocated, reserved=total.reserved,
                quarantined=total.quarantined, free=total.free))  # fmt: skip
        out.records("run", rows, [
            Column("", lambda row: CELLS[row["state"]], style=lambda row: STYLES[row["state"]]),
            Column(N_("addresses"), lambda row: row["addresses"], style="cyan"),
            Column(N_("count"), lambda row: row["count"], right=True),
            Column(N_("state"), lambda row: _(row["state"])),
            Column(N_("allocation"), lambda row: row["allocation"]),
            Column(N_("organization"), lambda row: register.name(row["organization"])),
            Column(N_("declaration"), lambda row: row["declaration"]),
            Column(N_("pool"), lambda row: row["pool"] if row["pool"] != name else ""),
        ], plane=where)  # fmt: skip


def _plain(one: Pool) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(one)
    return plain


def _row(tile: Tile, holders: dict[str, Allocation]) -> dict[str, Any]:
    holder = holders.get(tile.allocation)
    return {
        "addresses": str(tile.span), "count": tile.span.size, "state": str(tile.state), "pool": tile.pool,
        "allocation": tile.allocation, "organization": holder.organization if holder else "",
        "declaration": holder.declaration if holder else "",
    }  # fmt: skip


def _map(one: Pool, tiles: list[Tile]) -> None:
    """The block map: a cell is one or more addresses and shows the state of most of them; any use shows over free."""
    from rich.text import Text

    from netops.addresses.span import shown

    out = output()
    cells = min(one.span.size, WIDTH * 16)
    each = one.span.size // cells
    states = ["free"] * cells
    for tile in tiles:
        if tile.state != "free":
            first, last = ((place - one.span.first) // each for place in tile.span)
            states[first : last + 1] = [str(tile.state)] * (last - first + 1)
    for start in range(0, cells, WIDTH):
        text = Text(f"{shown(one.span.first + start * each):>39} ")
        for state in states[start : start + WIDTH]:
            text.append(CELLS[state], style=STYLES[state])
        out.rich(text)
    legend = "  ".join(f"{CELLS[state]} {_(state)}" for state in ("active", "reserved", "quarantine", "free"))
    out.line(legend + "  " + _("a cell is {count} addresses").format(count=each))


ROLES = click.Choice(["container", "pool", "link", "loopback"])
PLANE = click.option(
    "--plane", type=PLANES, default="extranet", show_default=True, help=N_("The plane that it is in.")
)
GRANTED = click.option(
    "--granted-by", default="", metavar="TEXT", help=N_("The document that grants it: its number.")
)


def _change(opened: Desk, plan: Plan) -> None:
    """Every effect first, then exactly that or nothing."""
    from netops.rounds import division

    out = output()
    register = opened.register
    out.records("effect", plan.effects, [
        Column("", lambda one: one.sign, style=lambda one: "green" if one.sign == "+" else "red"),
        Column(N_("prefix"), lambda one: one.prefix),
        Column(N_("role"), lambda one: _(one.role)),
        Column(N_("organization"), lambda one: register.name(one.organization)),
        Column(N_("granted by"), lambda one: one.granted_by),
        Column(N_("allocations"), lambda one: len(one.allocations), right=True),
        Column(N_("declarations"), lambda one: ", ".join(one.declarations)),
    ], plane=plan.plane)  # fmt: skip
    out.say(_("plan: {removed} prefixes go, {added} come; every allocation stays what it is").format(
        removed=len(plan.division.removed), added=len(plan.division.added)))  # fmt: skip
    out.confirm(_("Change the register so?"))
    version = division.run(opened, plan)
    out.say(_("Version {version} of the register is in force.").format(version=version))


@pool.command()
@click.argument("prefix")
@click.option("--organization", required=True, metavar="CODE", help=N_("Whose segment it is."))
@click.option("--role", type=ROLES, default="pool", show_default=True, help=N_("What it is for."))
@click.option("--name", default="", help=N_("What people call it."))
@click.option("--gateway", default="", metavar="DEVICE", help=N_("The device that routes it."))
@click.option("--switch", default="", metavar="DEVICE", help=N_("Its access switch."))
@click.option("--vlan", type=click.IntRange(0, 4094), default=0, help=N_("Its 802.1Q id."))
@GRANTED
@PLANE
def add(
    prefix: str, organization: str, role: str, name: str, gateway: str, switch: str, vlan: int, granted_by: str, plane: str
) -> None:  # fmt: skip
    """Register a prefix: in its file and in force."""
    from netops.addresses.prefix import PrefixRole, RegisteredPrefix
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        new = RegisteredPrefix(
            prefix, PrefixRole(role), organization, name, granted_by, gateway, switch, vlan, (), Plane(plane)
        )
        _change(opened, division.add(opened, new))


@pool.command()
@click.argument("prefix")
@click.option(
    "--prefixlen", required=True, type=click.IntRange(1, 128), help=N_("Prefix length of the parts.")
)
@PLANE
def split(prefix: str, prefixlen: int, plane: str) -> None:
    """Divide a prefix into equal parts; refused when an allocation would lie in two of them."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.split(opened, Plane(plane), prefix, prefixlen))


@pool.command()
@click.argument("prefixes", nargs=-1, required=True)
@PLANE
def merge(prefixes: tuple[str, ...], plane: str) -> None:
    """Make one prefix of neighbours of the same role and organization."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.merge(opened, Plane(plane), prefixes))


@pool.command()
@click.argument("prefix")
@click.option("--organization", required=True, metavar="CODE", help=N_("Who plans it from now on."))
@click.option(
    "--granted-by", required=True, metavar="TEXT", help=N_("The document that grants it: its number.")
)
@PLANE
def delegate(prefix: str, organization: str, granted_by: str, plane: str) -> None:
    """Put a prefix into the hands of another organization, such as a county, by the document that says so."""
    from netops.core.plane import Plane
    from netops.rounds import division

    with desk() as opened:
        _change(opened, division.delegate(opened, Plane(plane), prefix, organization, granted_by))


@pool.command()
@click.argument("prefix", required=False)
def reconcile(prefix: str | None) -> None:
    """Hold allocations and declarations against what is seen. Exit code 3 when part was not seen, 1 when something stands."""
    from netops.core import docket
    from netops.rounds import look
    from netops.rounds import reconcile as rounds

    out = output()
    with desk() as opened:
        with out.progress(_("reconcile")) as progress:
            report = rounds.run(opened, progress, prefix)
        listed = [docket.one(opened.store, number) for number in report.standing]
        register = opened.register
        out.records("finding", [look.finding_record(one) for one in listed] if out.json else listed, [
            Column("", lambda one: sign("bad")),
            Column(N_("number"), lambda one: one.id, style="cyan"),
            Column(N_("rule"), lambda one: one.code),
            Column(N_("what"), lambda one: look.title(one)),
            Column(N_("place"), lambda one: one.facts.get("place", "")),
            Column(N_("organization"), lambda one: register.name(one.organization)),
            Column(N_("last seen"), lambda one: one.last_seen),
        ], unseen=report.unseen, empty=_("What is allocated and declared agrees with what is seen."),
            note=_("{terminals} terminals were held against {allocations} allocations.").format(**report.facts),
            next_step=f"netops finding show {listed[0].id}" if listed else "")  # fmt: skip
    raise SystemExit(report.exit_code)


@pool.command()
def verify() -> None:
    """Count every address again and compare with the ledger; exit code 1 when they disagree."""
    from netops.addresses import ledger

    out = output()
    with desk() as opened:
        faults = ledger.verify(opened.store)
        out.records("fault", [{"what": fault} for fault in faults],
                    [Column("", lambda row: sign("bad")), Column(N_("what"), lambda row: row["what"])],
                    empty=_("The ledger is whole: every address lies in exactly one run, and every count is right."))  # fmt: skip
    raise SystemExit(int(bool(faults)))
