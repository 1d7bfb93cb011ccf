"""The roster (清册) in and out: a table of allocations as offices keep them, taken in under declarations that stand."""

from __future__ import annotations

from typing import Any

import msgspec

from netops.addresses import intake, ledger, roster
from netops.addresses.allocation import Allocation
from netops.addresses.intake import Grounds
from netops.addresses.roster import Reading, Roster, RowFault
from netops.core.errors import NetopsError
from netops.core.journal import act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk


class Plan(msgspec.Struct, frozen=True):
    """What taking in a table would do."""

    plane: Plane
    reading: Reading
    roster: Roster


def plan(desk: Desk, content: bytes, plane: Plane) -> Plan:
    """
    What taking in *content* would do now; nothing is written.

    Raises:
        NetopsError: it is no table that can be read.
    """
    reading = roster.read(content)
    with desk.store.read() as connection:
        grounds = _grounds(connection, reading, plane)
    return Plan(plane, reading, intake.plan(desk.store, plane, reading, grounds))


def run(desk: Desk, made: Plan) -> tuple[Allocation, ...]:
    """
    Allocate exactly the rows that the plan shows, in one transaction; rows at fault stay out.

    Raises:
        Refused: the ledger or a declaration changed since, or no row is new.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        grounds = _grounds(one.connection, made.reading, made.plane)
        return intake.apply(one, made.plane, made.reading, grounds, made.roster)


def _grounds(connection: Any, reading: Reading, plane: Plane) -> Grounds:
    found: dict[str, str | RowFault] = {}
    for number in {row.declaration for row in reading.rows}:
        try:
            ground = filings.standing(connection, number)
        except NetopsError as error:
            facts = {name: str(value) for name, value in error.facts.items()}
            found[number] = RowFault(0, "declaration", number, error.why or error.what, error.mend, facts)
            continue
        found[number] = ground.organization
        if ground.plane is not plane:
            what = N_("it is a declaration for the {plane}")
            found[number] = RowFault(
                0, "declaration", number, what, N_("netops declare list"), {"plane": str(ground.plane)}
            )
    return found


def export(desk: Desk, plane: Plane | None = None, organization: str = "") -> list[Allocation]:
    """Allocations in force (or in force at the desk's time), by plane and address: what `written` makes a table of."""
    listed = ledger.allocations(desk.store, plane, desk.at, organization=organization)
    return [one for one in listed if one.plane in desk.planes]
