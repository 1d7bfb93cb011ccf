"""Allocate (分配): addresses of a pool, under a declaration that stands, inside what was granted, in one act."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from functools import partial

import msgspec

from netops.addresses import ledger
from netops.addresses.allocation import Allocation, Request
from netops.addresses.pool import Pool
from netops.addresses.span import Span, number, parsed
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.joint import jointly
from netops.core.joint import together as jointly_decided
from netops.core.journal import Act, act
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk
from netops.rounds import permit


class Plan(msgspec.Struct, frozen=True):
    """
    What a request would get.

    Args:
        spans: canonical text of each run.
        pool_before, pool_after: how much of the pool is taken, ratios 0-1.
        allocations: what the same key got before; then nothing new is taken.
        over_quota: why it exceeds the declared terminals, or "" when it does not.
    """

    request: Request
    spans: tuple[str, ...]
    pool_before: float
    pool_after: float
    allocations: tuple[Allocation, ...] = ()
    over_quota: str = ""


def plan(desk: Desk, request: Request, key: str = "", over_quota: str = "") -> Plan:
    """
    What *request* would get now; nothing is written.

    Args:
        over_quota: why more than the declared terminals need is to be given, or "".

    Raises:
        Missing, Refused: as `run`.
    """
    avoid = seen(desk, request)
    with desk.store.read() as connection:
        asked = permit.asked(connection, request)
        before = ledger.answered(connection, key, asked) if key else None
        if before:
            chosen, reason = [one.span for one in before], ""
        else:
            ground = permit.grounded(desk, connection, asked, desk.clock())
            chosen = ledger.propose(connection, asked, avoid)
            reason = permit.exceeds(connection, asked, ground, chosen, over_quota)
    pool = pool_of(desk, asked)
    more = 0 if before else sum(span.size for span in chosen)
    share = (pool.size - pool.free + more) / pool.size if pool.size else 0.0
    return Plan(asked, tuple(map(str, chosen)), pool.utilization, min(share, 1.0), before or (), reason)


def pool_of(desk: Desk, request: Request) -> Pool:
    """The pool that a request names; for a range that is set aside, the pool around it."""
    span = parsed(request.pool)
    around = [one for one in ledger.pools(desk.store, request.plane) if one.span.holds(span)]
    return min(around, key=lambda one: one.span.size)


def run(desk: Desk, made: Plan, key: str = "") -> tuple[Allocation, ...]:
    """
    Allocate exactly what the plan shows, in one transaction that holds every check.

    Raises:
        Missing: there is no such pool or declaration.
        Refused: the declaration does not stand, or is another plane's; the pool was not granted to its
            organization, or no longer; the pool is exhausted; the address is taken or set aside; the quota is
            exceeded; the plan is stale; the key was used for another request.
    """
    if made.allocations:
        return made.allocations
    form = Form(made.request, key, made.spans, made.over_quota)
    return jointly(desk.store, desk.actor, desk.clock, form, partial(_given, desk), tuple[Allocation, ...])


def together(
    desk: Desk, several: Sequence[tuple[str, Request, str, str]]
) -> list[tuple[Allocation, ...] | Exception]:
    """
    As `run`, without plans that somebody has seen, for several that were asked at the same time: what each got, or why not.

    Args:
        several: who asks, what for, the key, and why the quota may be exceeded.
    """
    forms = [(actor, Form(request, key, None, over_quota)) for actor, request, key, over_quota in several]
    return jointly_decided(desk.store, desk.clock, forms, partial(_given, desk))


class Form(msgspec.Struct, frozen=True):
    """What `give` is asked, as whoever has the turn to write can decide it for others (`joint`)."""

    request: Request
    key: str
    expected: tuple[str, ...] | None
    over_quota: str


def _given(desk: Desk, one: Act, form: Form) -> tuple[Allocation, ...]:
    expected = None if form.expected is None else [parsed(text) for text in form.expected]
    return give(desk, one, form.request, form.key, expected, form.over_quota, seen(desk, form.request))


def give(
    desk: Desk,
    one: Act,
    request: Request,
    key: str = "",
    expected: list[Span] | None = None,
    over_quota: str = "",
    avoid: Iterable[int] = (),
) -> tuple[Allocation, ...]:
    """
    As `run`, inside an open act: everything that may refuse it is asked in its transaction.

    Raises:
        Refused: before anything was written.
    """
    asked = permit.asked(one.connection, request)
    if key and ledger.answered(one.connection, key, asked) is not None:
        return ledger.allocate(one, asked, key=key)
    ground = permit.grounded(desk, one.connection, asked, one.at)
    kept = set(avoid)
    chosen = ledger.propose(one.connection, asked, kept) if expected is None else expected
    reason = permit.exceeds(one.connection, asked, ground, chosen, over_quota)
    return ledger.allocate(one, asked, key=key, avoid=kept, expected=chosen, over_quota=reason)


def seen(desk: Desk, request: Request) -> set[int]:
    """Addresses of the pool that somebody uses: they are not given out one by one."""
    return used_in(desk, request.plane, parsed(request.pool))


def used_in(desk: Desk, plane: Plane, span: Span) -> set[int]:
    """Addresses of *span* that were seen lately, that devices have, or that the register says they have."""
    known = desk.remember(("used", plane), lambda: sorted(_used(desk, plane)))
    return set(known[bisect_left(known, span.first) : bisect_right(known, span.last)])


def _used(desk: Desk, plane: Plane) -> set[int]:
    """The same of a whole plane."""
    from netops.addresses import sources
    from netops.topology import snapshots

    texts = {
        one.ip for one in snapshots.sightings(desk.store, plane, desk.clock() - ledger.QUARANTINE) if one.ip
    }
    texts |= {one.ip for one in sources.since(desk.store, plane, desk.clock() - ledger.QUARANTINE)}
    texts |= {held.address for view in snapshots.latest(desk.store, plane) for held in view.addresses}
    texts |= {entry.address for entry in desk.register.of(plane).devices}
    return {value for text in texts if (value := _value(text)) is not None}


def _value(text: str) -> int | None:
    try:
        return number(text)
    except ValueError:
        return None


def pool_named(desk: Desk, text: str, plane: Plane | None) -> tuple[Plane, str]:
    """
    The plane and canonical prefix of a pool.

    Raises:
        NetopsError: *text* is no prefix.
        Missing: no pool has it.
        Refused: both planes have it, and none was named.
    """
    try:
        span: Span = parsed(text)
    except ValueError as error:
        raise NetopsError("the pool was not found", "{why}", "netops pool list", why=error) from error
    found = [one for one, spans in _nodes(desk, plane) if span in spans]
    if not found:
        raise Missing(
            "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=text
        )
    if len(found) > 1:
        raise Refused("the pool was not chosen", "both planes have {pool}", "add --plane", pool=text)
    return found[0], str(span)


def _nodes(desk: Desk, plane: Plane | None) -> list[tuple[Plane, Collection[Span]]]:
    """Every registered prefix and every range that one sets aside, of each plane that may be meant."""
    nodes = desk.register.nodes
    return [(one, nodes[one]) for one in desk.planes if plane in (None, one)]


def pool_around(desk: Desk, text: str, plane: Plane | None) -> tuple[Plane, str]:
    """
    The plane and innermost pool in which exactly these addresses lie.

    Raises:
        NetopsError: *text* is no address, prefix or range.
        Missing: no pool holds them.
        Refused: pools of both planes do, and no plane was named.
    """
    span = permit.run_of(text)
    found: dict[Plane, Span] = {}
    for where, spans in _nodes(desk, plane):
        if several := [one for one in spans if one.holds(span)]:
            found[where] = min(several, key=lambda one: one.size)
    if not found:
        raise Missing("nothing was allocated", "no pool holds {span}", "netops pool list", span=text)
    if len(found) > 1:
        raise Refused("the pool was not chosen", "both planes have {pool}", "add --plane", pool=text)
    [(where, around)] = found.items()
    return where, str(around)


def activate(desk: Desk, number: str, why: str) -> Allocation:
    """
    A reservation becomes an allocation, while its declaration stands.

    Raises:
        Missing: there is no such allocation.
        Refused: it is not reserved, or its declaration does not stand.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        reserved = ledger.activate(one, number, why)
        filings.standing(one.connection, reserved.declaration)
        return reserved


def quarantine(desk: Desk, plane: Plane, span: Span, why: str, rest: timedelta) -> Allocation:
    """
    Free addresses rest for a while because of *why*, such as an incident.

    Raises:
        Taken: somebody has part of them; what is given out is released instead.
    """
    with act(desk.store, desk.actor, desk.clock) as one:
        return ledger.isolate(one, plane, span, why, rest)
