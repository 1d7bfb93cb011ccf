"""`netops ip`: list, show, reconcile; the rest is in `ip_give`, `ip_change`, `ip_reclaim`, `ip_bulk` and `roster`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from netops.cli import Group, desk, output
from netops.cli.address_papers import paper
from netops.cli.ip_bulk import bulk
from netops.cli.ip_change import VERBS as CHANGE
from netops.cli.ip_give import VERBS as GIVE
from netops.cli.ip_reclaim import reclaim
from netops.cli.ip_shown import PLANES, table
from netops.cli.observe import VERBS as OBSERVE
from netops.cli.reconcile import reconcile
from netops.cli.roster import VERBS as TABLES
from netops.core.errors import NetopsError
from netops.core.language import N_, _

if TYPE_CHECKING:
    from netops.addresses.span import Span


@click.group(cls=Group)
def ip() -> None:
    """Addresses: who has which, and giving them out."""


@ip.command("list")
@click.option("--plane", type=PLANES, help=N_("Only this plane's."))
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--declaration", metavar="NUMBER", default="", help=N_("Only under this declaration."))
@click.option("--within", metavar="PREFIX", default="", help=N_("Only with an address in it: a pool, a prefix, a range."))
@click.option("--state", type=click.Choice(["active", "reserved", "quarantine"]), help=N_("Only in this state."))
def list_(plane: str | None, organization: str, declaration: str, within: str, state: str | None) -> None:
    """Allocations in force; with --at, those in force then."""
    from netops.addresses import ledger
    from netops.core.plane import Plane

    out = output()
    with desk() as opened:
        listed = ledger.allocations(opened.store, Plane(plane) if plane else None, opened.at,
                                    within=_within(within), organization=organization, declaration=declaration)  # fmt: skip
        listed = [one for one in listed if one.plane in opened.planes and state in (None, one.state)]
        table(out, opened, listed, plane=plane, empty=_("Nothing is allocated."))


def _within(text: str) -> Span | None:
    from netops.addresses.span import parsed

    try:
        return parsed(text) if text else None
    except ValueError as error:
        raise NetopsError(
            "nothing was listed", "{why}", "write a prefix such as 10.20.0.0/16", why=error
        ) from error


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
        table(
            out,
            opened,
            found,
            plane=plane,
            empty=_("Nobody ever had it."),
            next_step=f"netops who {query}" if not found else "",
        )


for verb in (*GIVE, *CHANGE, reclaim, bulk, *TABLES, paper, *OBSERVE, reconcile):
    ip.add_command(verb)
