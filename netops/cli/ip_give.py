"""The verbs of `netops ip` that give addresses: allocate, reserve, assign."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from netops.cli import Command, desk, output
from netops.cli.ip_shown import PLANES, day, table
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.addresses.allocation import Allocation, Request
    from netops.cli.printing import Output
    from netops.desk import Desk

LISTED = 65536
"""The most addresses of an allocation that its JSON lists one by one."""
F = TypeVar("F", bound=Callable[..., Any])
DECLARATION = click.option(
    "--declaration",
    required=True,
    metavar="NUMBER",
    help=N_("The declaration that it rests on; it must stand."),
)
CHOICE = (
    click.option("--count", type=click.IntRange(1, 65536), default=1, show_default=True,
                 help=N_("How many single addresses.")),
    click.option("--prefixlen", type=click.IntRange(1, 128), help=N_("One block of this prefix length instead.")),
    click.option("--address", metavar="ADDRESS", default="",
                 help=N_("Exactly this address, prefix or range, such as 10.1.1.1-50, instead.")),
)  # fmt: skip
SAID = (
    click.option("--purpose", default="", help=N_("What it is for.")),
    click.option(
        "--mac", default="", metavar="MAC", help=N_("The network card that the one address is bound to.")
    ),
    click.option("--device", default="", metavar="NAME", help=N_("The device that uses it.")),
    click.option("--note", default="", help=N_("A note.")),
    click.option("--tag", "tags", multiple=True, metavar="TAG", help=N_("A tag; several allowed.")),
)
KEY = click.option(
    "--key",
    default="",
    metavar="TEXT",
    help=N_("The same key again takes nothing new: for forms that are sent twice."),
)
OVER = click.option(
    "--over-quota", default="", metavar="REASON",
    help=N_("Give it although it exceeds the declared terminals, for this reason; it is recorded as an exception."),
)  # fmt: skip
BOTH = click.option("--plane", type=PLANES, help=N_("The plane, when both have the pool."))


def _with(*options: Callable[[F], F]) -> Callable[[F], F]:
    def decorated(function: F) -> F:
        for option in reversed(options):
            function = option(function)
        return function

    return decorated


def _ask(opened: Desk, pool: str, plane: str | None, declaration: str, **asked: Any) -> Request:
    from netops.addresses.allocation import Request
    from netops.core.plane import Plane
    from netops.rounds.allocate import pool_named

    where, prefix = pool_named(opened, pool, Plane(plane) if plane else None)
    asked["prefixlen"] = asked.get("prefixlen") or 0
    return Request(where, prefix, "", declaration, **asked)


def _give(out: Output, opened: Desk, asked: Request, key: str, over_quota: str) -> None:
    """The plan first, then exactly that or nothing."""
    from netops.addresses.span import parsed
    from netops.rounds import allocate as rounds

    plan = rounds.plan(opened, asked, key, over_quota)
    name = opened.register.name(plan.request.organization)
    out.say(_("plan: {count} addresses of {pool} for {organization} under {declaration}").format(
        count=sum(parsed(text).size for text in plan.spans), pool=plan.request.pool, organization=name,
        declaration=plan.request.declaration))  # fmt: skip
    for text in plan.spans:
        out.say(f"  + {text}", style="green")
    out.say(_("the pool was {before} used and will be {after}").format(
        before=f"{plan.pool_before:.1%}", after=f"{plan.pool_after:.1%}"))  # fmt: skip
    if plan.over_quota:
        out.say(_("! it exceeds the declared terminals; recorded as an exception: {reason}").format(
            reason=plan.over_quota), style="yellow")  # fmt: skip
    if plan.allocations:
        out.say(_("the key was used before for just this: nothing new is taken"))
    else:
        if out.dry_run and out.json:
            from netops.cli.printing import document

            out.answer(document("plan", [plan], plan.request.plane))
        out.confirm(_("Allocate it?"))
    given = rounds.run(opened, plan, key)
    if out.json:
        from netops.cli.printing import document

        out.answer(document("allocation", [_with_addresses(one) for one in given], plan.request.plane))
    else:
        table(out, opened, list(given), plane=plan.request.plane)


def _with_addresses(one: Allocation) -> dict[str, Any]:
    """The record with each of its addresses by itself, for programs that hand them out one by one."""
    import msgspec

    from netops.addresses.span import shown

    span = one.span
    listed = [shown(each) for each in range(span.first, span.last + 1)] if span.size <= LISTED else []
    return {**msgspec.to_builtins(one), "addresses": listed}


@click.command(cls=Command)
@click.option("--pool", required=True, metavar="PREFIX", help=N_("The pool to allocate from."))
@_with(DECLARATION, *CHOICE, *SAID, KEY, OVER)
@click.option("--reserve-until", metavar="DATE", default="", help=N_("Only reserve, until this day."))
@BOTH
def allocate(
    pool: str, declaration: str, key: str, over_quota: str, reserve_until: str, plane: str | None, **more: Any
) -> None:
    """Give out addresses: the plan first, then exactly that or nothing. Exit code 4 when the pool is exhausted."""
    out = output()
    with desk() as opened:
        until = day(reserve_until, N_("nothing was reserved"))
        _give(
            out, opened, _ask(opened, pool, plane, declaration, reserve_until=until, **more), key, over_quota
        )


@click.command(cls=Command)
@click.option("--pool", required=True, metavar="PREFIX", help=N_("The pool to reserve from."))
@DECLARATION
@click.option(
    "--until", required=True, metavar="DATE", help=N_("The day when the reservation ends by itself.")
)
@_with(*CHOICE, *SAID, KEY, OVER, BOTH)
def reserve(
    pool: str, declaration: str, until: str, key: str, over_quota: str, plane: str | None, **more: Any
) -> None:
    """Keep addresses for a department until a day; `ip assign NUMBER` makes them its own."""
    out = output()
    with desk() as opened:
        ends = day(until, N_("nothing was reserved"))
        _give(
            out, opened, _ask(opened, pool, plane, declaration, reserve_until=ends, **more), key, over_quota
        )


@click.command(cls=Command)
@click.argument("what")
@click.option(
    "--declaration", metavar="NUMBER", default="", help=N_("The declaration that it rests on; it must stand.")
)
@_with(*SAID, KEY, OVER, BOTH)
def assign(
    what: str, declaration: str, purpose: str, key: str, over_quota: str, plane: str | None, **said: Any
) -> None:
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
            table(out, opened, [after], plane=after.plane)
            return
        if not declaration:
            raise NetopsError("nothing was allocated", "no declaration is named", "add --declaration NUMBER")
        where, prefix = rounds.pool_around(opened, what, Plane(plane) if plane else None)
        asked = Request(where, prefix, "", declaration, address=what, purpose=purpose, **said)
        _give(out, opened, asked, key, over_quota)


VERBS = (allocate, reserve, assign)
