"""Reclaim (回收): what lost its ground goes back in one planned act, with its cause, and rests before anybody gets it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from netops.addresses import ledger, sources
from netops.addresses.allocation import Allocation, Origin
from netops.addresses.holdings import holding
from netops.addresses.reconcile import Seen, place
from netops.addresses.span import number
from netops.core.errors import Refused
from netops.core.journal import act
from netops.core.language import N_
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import DeclarationState
from netops.desk import Desk
from netops.rounds.ground import CHANGED_HANDS, Objection, objections
from netops.topology import snapshots

CAUSES = {
    str(DeclarationState.SUSPENDED): N_("its declaration was suspended"),
    str(DeclarationState.WITHDRAWN): N_("its declaration was withdrawn"),
    CHANGED_HANDS: N_("its declaration is another organization's"),
}
"""By state of the declaration; English message ids, as the journal keeps them."""
DELEGATED = N_("its pool was delegated to others")
UNAPPROVED = N_("its declaration is not approved")


class Return(msgspec.Struct, frozen=True):
    """
    One allocation that goes back.

    Args:
        state: of its declaration.
        cause: message id of why it has no ground.
        seen_at, seen: when and where somebody last used one of its addresses while it could be seen, or None and "".
        is_registered: the register says that it was given: it is not given again by saying the same, yet should say so no more.
    """

    allocation: Allocation
    state: str
    cause: str
    seen_at: datetime | None = None
    seen: str = ""
    is_registered: bool = False


class Wanted(msgspec.Struct, frozen=True):
    """
    What is to be taken back.

    Args:
        declaration, organization: only theirs, or "" for all.
        suspended: also where a declaration is only suspended; one that is named counts as meant.
    """

    declaration: str = ""
    organization: str = ""
    plane: Plane | None = None
    suspended: bool = False


class Plan(msgspec.Struct, frozen=True):
    """What would go back, by plane and address, and how long it would rest."""

    wanted: Wanted
    returns: tuple[Return, ...]
    why: str
    days: int


def plan(desk: Desk, wanted: Wanted, why: str = "", days: int = ledger.QUARANTINE.days) -> Plan:
    """
    What has lost its ground and would be taken back; nothing is written.

    Args:
        why: the cause that is noted, in place of the one that follows from the declaration's state.
        days: of quarantine.

    Raises:
        Missing: there is no such declaration.
        Refused: the declaration that was named stands, and what rests on it with it.
    """
    with desk.store.read() as connection:
        found = _returns(desk, connection, wanted)
        if not found and wanted.declaration:
            one = filings.current(connection, wanted.declaration)
            if any(each.stands for each in filings.every(connection) if each.number == one.number):
                raise Refused(
                    "nothing was taken back", "{number} is {state}: it gives ground to what rests on it",
                    "netops ip release NUMBER --why … takes back one allocation", number=one.number, state=one.state,
                )  # fmt: skip
    uses = _Uses(desk)
    return Plan(wanted, tuple(uses.told(one) for one in found), why, days)


def _returns(desk: Desk, connection: Any, wanted: Wanted) -> list[Return]:
    return [
        Return(one.allocation, one.state, _cause(one), is_registered=one.allocation.origin is Origin.REGISTER)
        for plane in desk.planes
        if wanted.plane in (None, plane)
        for one in objections(desk, connection, plane, _held(connection, plane, wanted))
        if wanted.suspended or wanted.declaration or one.stands or one.state != DeclarationState.SUSPENDED
    ]


def _held(connection: Any, plane: Plane, wanted: Wanted) -> list[Allocation]:
    """What is held of what is wanted, by address."""
    found = holding(connection, plane).values()
    mine = [one for one in found if wanted.declaration in ("", one.declaration)
            and wanted.organization in ("", one.organization)]  # fmt: skip
    return sorted(mine, key=lambda one: one.span)


def _cause(one: Objection) -> str:
    return DELEGATED if one.stands else CAUSES.get(one.state, UNAPPROVED)


class _Uses:
    """Who used which address lately, by address."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._known: dict[Plane, list[tuple[int, datetime, str]]] = {}

    def told(self, one: Return) -> Return:
        """The same with the newest use of one of its addresses."""
        plane, span = one.allocation.plane, one.allocation.span
        if plane not in self._known:
            self._known[plane] = sorted(self._seen(plane))
        known = self._known[plane]
        start = bisect_left(known, span.first, key=lambda use: use[0])
        mine = []
        for address, at, where in known[start:]:
            if address > span.last:
                break
            mine.append((at, where))
        if not mine:
            return one
        at, where = max(mine)
        return msgspec.structs.replace(one, seen_at=at, seen=where)

    def _seen(self, plane: Plane) -> Iterator[tuple[int, datetime, str]]:
        since = self._desk.clock() - ledger.QUARANTINE
        several: Sequence[Seen] = (
            *snapshots.sightings(self._desk.store, plane, since), *sources.since(self._desk.store, plane, since)
        )  # fmt: skip
        for one in several:
            if one.ip and one.alive_at is not None:
                yield number(one.ip), one.alive_at, place(one)


def run(desk: Desk, made: Plan) -> tuple[Allocation, ...]:
    """
    Take back exactly what the plan shows, in one transaction: each with its own journal entry and cause.

    Returns:
        The allocations as they rest now.

    Raises:
        Refused: something lost or found its ground since the plan was made.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        now = [(each.allocation, each.cause) for each in _returns(desk, one.connection, made.wanted)]
        if now != [(each.allocation, each.cause) for each in made.returns]:
            raise Refused(
                "nothing was taken back", "the plan is stale: something changed since it was made", "ask for the plan again"
            )  # fmt: skip
        return tuple(
            ledger.release(one, each.allocation.id, made.why or each.cause, timedelta(days=made.days))
            for each in made.returns
        )
