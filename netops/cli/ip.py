"""`netops ip`: list, show, allocate, assign, reserve, release, import, export, reconcile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, Output
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from datetime import datetime

    from netops.addresses.allocation import Allocation
    from netops.desk import Desk

PLANES = click.Choice(["intranet", "extranet"])
MOST_BYTES = 16 << 20
STYLES = {"active": "green", "reserved": "yellow", "quarantine": "magenta", "released": "dim"}
DECLARATION = click.option(
    "--declaration",
    required=True,
    metavar="NUMBER",
    help=N_("The declaration that it rests on; it must stand."),
)
COUNT = click.option(
    "--count",
    type=click.IntRange(1, 65536),
    default=1,
    show_default=True,
    help=N_("How many single addresses."),
)
PREFIXLEN = click.option("--prefixlen", type=click.IntRange(1, 128), help=N_("One block of this prefix length instead."))
ADDRESS = click.option(
    "--address",
    metavar="ADDRESS",
    default="",
    help=N_("Exactly this address, prefix or range first-last instead."),
)
PURPOSE = click.option("--purpose", default="", help=N_("What it is for."))
KEY = click.option(
    "--key",
    default="",
    metavar="TEXT",
    help=N_("The same key again takes nothing new: for forms that are sent twice."),
)


@click.group(cls=Group)
def ip() -> None:
    """Addresses: who has which, and giving them out."""


def _table(out: Output, opened: Desk, listed: list[Allocation], **settings: Any) -> None:
    register = opened.register
    out.records("allocation", listed, [
        Column(N_("number"), lambda one: one.id, style="cyan"),
        Column(N_("addresses"), lambda one: str(one.span)),
        Column(N_("plane"), lambda one: _(one.plane.label)),
        Column(N_("state"), lambda one: _(one.state), style=lambda one: STYLES[one.state]),
        Column(N_("organization"), lambda one: register.name(one.organization)),
        Column(N_("declaration"), lambda one: one.declaration),
        Column(N_("since"), lambda one: one.since),
        Column(N_("until"), lambda one: one.until or one.free_after),
        Column(N_("purpose"), lambda one: one.cause or one.purpose),
    ], **settings)  # fmt: skip


@ip.command("list")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--declaration", metavar="NUMBER", default="", help=N_("Only under this declaration."))
def list_(plane: str | None, organization: str, declaration: str) -> None:
    """Allocations in force; with --at, those in force then."""
    from netops.addresses import ledger
    from netops.core.plane import Plane

    out = output()
    with desk() as opened:
        listed = ledger.allocations(opened.store, Plane(plane) if plane else None, opened.at,
                                    organization=organization, declaration=declaration)  # fmt: skip
        listed = [one for one in listed if one.plane in opened.planes]
        _table(out, opened, listed, plane=plane, empty=_("Nothing is allocated."))


@ip.command()
@click.argument("query")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
def show(query: str, plane: str | None) -> None:
    """One allocation by its number, or everybody who ever had an address, oldest first."""
    from netops.addresses import ledger
    from netops.addresses.span import parsed
    from netops.core.plane import Plane

    out = output()
    with desk() as opened:
        if query.upper().startswith("AL-"):
            found = [ledger.one(opened.store, query.upper())]
        else:
            try:
                span = parsed(query)
            except ValueError as error:
                raise NetopsError("{query} was not found", "{why}", "give an address, a prefix or a number such as AL-0042",
                                  query=query, why=error) from error  # fmt: skip
            found = ledger.history(opened.store, span, Plane(plane) if plane else None)
        found = [one for one in found if one.plane in opened.planes]
        _table(
            out,
            opened,
            found,
            plane=plane,
            empty=_("Nobody ever had it."),
            next_step=f"netops who {query}" if not found else "",
        )


def _ask(opened: Desk, pool: str, plane: str | None, declaration: str, **asked: Any) -> Any:
    from netops.addresses.allocation import Request
    from netops.core.plane import Plane
    from netops.rounds.allocate import pool_named

    where, prefix = pool_named(opened, pool, Plane(plane) if plane else None)
    return Request(where, prefix, "", declaration, **asked)


def _give(out: Output, opened: Desk, asked: Any, key: str) -> None:
    """The plan first, then exactly that or nothing."""
    from netops.addresses.span import parsed
    from netops.rounds import allocate as rounds

    plan = rounds.plan(opened, asked, key)
    name = opened.register.name(plan.request.organization)
    out.say(_("plan: {count} addresses of {pool} for {organization} under {declaration}").format(
        count=sum(parsed(text).size for text in plan.spans), pool=plan.request.pool, organization=name,
        declaration=plan.request.declaration))  # fmt: skip
    for text in plan.spans:
        out.say(f"  + {text}", style="green")
    out.say(_("the pool was {before} used and will be {after}").format(
        before=f"{plan.pool_before:.1%}", after=f"{plan.pool_after:.1%}"))  # fmt: skip
    if plan.allocations:
        out.say(_("the key was used before for just this: nothing new is taken"))
    else:
        if out.dry_run and out.json:
            from netops.cli.printing import document

            out.answer(document("plan", [plan], plan.request.plane))
        out.confirm(_("Allocate it?"))
    given = rounds.run(opened, plan, key)
    _table(out, opened, list(given), plane=plan.request.plane)


@ip.command()
@click.option("--pool", required=True, metavar="PREFIX", help=N_("The pool to allocate from."))
@DECLARATION
@COUNT
@PREFIXLEN
@ADDRESS
@PURPOSE
@KEY
@click.option("--reserve-until", metavar="DATE", default="", help=N_("Only reserve, until this day."))
@click.option("--plane", type=PLANES, help=N_("The plane, when both have the pool."))
def allocate(
    pool: str, declaration: str, count: int, prefixlen: int | None, address: str, purpose: str, key: str, reserve_until: str,
    plane: str | None,
) -> None:  # fmt: skip
    """Give out addresses: the plan first, then exactly that or nothing. Exit code 4 when the pool is exhausted."""
    out = output()
    with desk() as opened:
        asked = _ask(opened, pool, plane, declaration, count=count, prefixlen=prefixlen or 0, address=address, purpose=purpose,
                     reserve_until=_day(reserve_until))  # fmt: skip
        _give(out, opened, asked, key)


@ip.command()
@click.option("--pool", required=True, metavar="PREFIX", help=N_("The pool to reserve from."))
@DECLARATION
@click.option(
    "--until", required=True, metavar="DATE", help=N_("The day when the reservation ends by itself.")
)
@COUNT
@PREFIXLEN
@ADDRESS
@PURPOSE
@KEY
@click.option("--plane", type=PLANES, help=N_("The plane, when both have the pool."))
def reserve(
    pool: str, declaration: str, until: str, count: int, prefixlen: int | None, address: str, purpose: str, key: str,
    plane: str | None,
) -> None:  # fmt: skip
    """Keep addresses for a department until a day; `ip assign NUMBER` makes them its own."""
    out = output()
    with desk() as opened:
        asked = _ask(opened, pool, plane, declaration, count=count, prefixlen=prefixlen or 0, address=address, purpose=purpose,
                     reserve_until=_day(until))  # fmt: skip
        _give(out, opened, asked, key)


@ip.command()
@click.argument("what")
@click.option(
    "--declaration", metavar="NUMBER", default="", help=N_("The declaration that it rests on; it must stand.")
)
@click.option("--purpose", default="", help=N_("What it is for."))
@KEY
@click.option("--plane", type=PLANES, help=N_("The plane, when both have the pool."))
def assign(what: str, declaration: str, purpose: str, key: str, plane: str | None) -> None:
    """Give out exactly this address, prefix or range; or make a reservation, by its number, an allocation."""
    from netops.addresses import ledger
    from netops.addresses.allocation import Request
    from netops.core.plane import Plane
    from netops.rounds import allocate as rounds

    out = output()
    with desk() as opened:
        if what.upper().startswith("AL-"):
            before = ledger.one(opened.store, what.upper())
            out.say(_("plan: {number}, {span} of {organization}, is reserved and becomes allocated").format(
                number=before.id, span=str(before.span), organization=opened.register.name(before.organization)))  # fmt: skip
            out.confirm(_("Assign it?"))
            after = rounds.activate(opened, before.id, purpose)
            _table(out, opened, [after], plane=after.plane)
            return
        if not declaration:
            raise NetopsError("nothing was allocated", "no declaration is named", "add --declaration NUMBER")
        where, prefix = rounds.pool_around(opened, what, Plane(plane) if plane else None)
        _give(out, opened, Request(where, prefix, "", declaration, address=what, purpose=purpose), key)


@ip.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False))
@click.option(
    "--plane",
    type=PLANES,
    default="extranet",
    show_default=True,
    help=N_("The plane whose addresses they are."),
)
def import_(file: str, plane: str) -> None:
    """
    Take in a table (CSV, UTF-8 or GB18030) with columns addresses, declaration, purpose: the good rows, all or none of them.

    First what would happen is shown, every bad row with place, value and mend. Exit code 1 when a row was at fault.
    """
    from pathlib import Path

    from netops.core.plane import Plane
    from netops.rounds import roster as rounds

    out = output()
    with desk() as opened:
        path = Path(file)
        if path.stat().st_size > MOST_BYTES:
            raise NetopsError(
                "the table was not read", "it is larger than {size} MiB", "split it", size=MOST_BYTES >> 20
            )
        plan = rounds.plan(opened, path.read_bytes(), Plane(plane))
        made, faults = plan.roster, plan.roster.faults
        told = [{"line": one.line, "column": one.column, "value": one.value, "what": _(one.what).format(**one.facts),
                 "mend": _(one.mend).format(**one.facts)} for one in faults]  # fmt: skip
        if out.json:
            from netops.cli.printing import document

            added = [{"addresses": str(one.row.span), "pool": one.pool, "organization": one.organization,
                      "declaration": one.row.declaration} for one in made.added]  # fmt: skip
            out.answer(document("import", [{"added": added, "same": made.same, "faults": told}], plane))
        elif told:
            out.records("fault", told, [
                Column(N_("line"), lambda row: row["line"], right=True),
                Column(N_("column"), lambda row: row["column"]),
                Column(N_("value"), lambda row: row["value"]),
                Column(N_("what"), lambda row: row["what"]),
                Column(N_("mend"), lambda row: row["mend"]),
            ])  # fmt: skip
        out.say(_("plan: {added} rows are new, {same} stand in the ledger already, {faults} are at fault").format(
            added=len(made.added), same=made.same, faults=len(faults)))  # fmt: skip
        if made.added:
            out.confirm(_("Import the rows that are new?"))
            given = rounds.run(opened, plan)
            out.say(_("{count} allocations were made: {first} to {last}").format(
                count=len(given), first=given[0].id, last=given[-1].id))  # fmt: skip
    raise SystemExit(int(bool(faults)))


@ip.command()
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
def export(plane: str | None, organization: str) -> None:
    """The roster as CSV (with -o FILE.csv for a spreadsheet): taken in again, it changes nothing."""
    from netops.addresses import roster
    from netops.core.plane import Plane
    from netops.rounds import roster as rounds

    out = output()
    with desk() as opened:
        listed = rounds.export(opened, Plane(plane) if plane else None, organization)
        if out.json:
            from netops.cli.printing import document

            out.answer(document("allocation", listed, plane))
        else:
            out.lines(roster.written(listed).splitlines())


def _day(text: str) -> datetime | None:
    from datetime import datetime

    from netops.core.clock import CITY_ZONE

    if not text:
        return None
    try:
        return datetime.fromisoformat(text).replace(tzinfo=CITY_ZONE)
    except ValueError:
        raise NetopsError(
            "nothing was reserved", "{text} is not a date", "write it as 2026-12-31", text=text
        ) from None


@ip.command()
@click.argument("number")
@click.option("--why", required=True, help=N_("The reason, for the journal."))
@click.option(
    "--days",
    type=click.IntRange(0, 3650),
    default=30,
    show_default=True,
    help=N_("How long it rests before it can be given out again."),
)
def release(number: str, why: str, days: int) -> None:
    """Take an allocation back; its addresses rest in quarantine first."""
    from datetime import timedelta

    from netops.addresses import ledger
    from netops.core import journal

    out = output()
    with desk() as opened:
        before = ledger.one(opened.store, number)
        name = opened.register.name(before.organization)
        plan = _(
            "plan: {number}, {span} of {organization}, goes into quarantine for {days} days, because: {why}"
        )
        out.say(plan.format(number=number, span=str(before.span), organization=name, days=days, why=why))  # fmt: skip
        out.confirm(_("Release it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            after = ledger.release(act, number, why, timedelta(days=days))
        _table(out, opened, [after], plane=after.plane)


@ip.command()
@click.argument("prefix", required=False)
@click.pass_context
def reconcile(context: click.Context, prefix: str | None) -> None:
    """As `pool reconcile`: hold allocations and declarations against what is seen."""
    from netops.cli.pool import reconcile as one

    context.invoke(one, prefix=prefix)
