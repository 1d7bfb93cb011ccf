"""Allocate (分配): addresses of a pool, under a declaration that stands, in one act."""

from __future__ import annotations

import msgspec

from netops.addresses import ledger
from netops.addresses.allocation import Allocation, Request
from netops.addresses.span import Span, number, parsed
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import act
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.desk import Desk


class Plan(msgspec.Struct, frozen=True):
    """
    What a request would get.

    Args:
        spans: canonical text of each run.
        allocations: what the same key got before; then nothing new is taken.
    """

    request: Request
    spans: tuple[str, ...]
    pool_before: float
    pool_after: float
    allocations: tuple[Allocation, ...] = ()


def plan(desk: Desk, request: Request, key: str = "") -> Plan:
    """
    What *request* would get now; nothing is written.

    Raises:
        Missing, Refused: as `run`.
    """
    avoid = _seen(desk, request)
    with desk.store.read() as connection:
        request = _grounded(filings.standing(connection, request.declaration), request)
        before = ledger.answered(connection, key, request) if key else None
        chosen = [one.span for one in before] if before else ledger.propose(connection, request, avoid)
    pool = next(pool for pool in ledger.pools(desk.store, request.plane) if pool.prefix == request.pool)
    more = 0 if before else sum(span.size for span in chosen)
    taken = pool.size - pool.free
    share = (taken + more) / pool.size if pool.size else 0.0
    return Plan(request, tuple(map(str, chosen)), pool.utilization, share, before or ())


def run(desk: Desk, made: Plan, key: str = "") -> tuple[Allocation, ...]:
    """
    Allocate exactly what the plan shows, under a declaration that stands, in one transaction.

    Raises:
        Missing: there is no such pool or declaration.
        Refused: the declaration does not stand, or is another plane's; the pool is exhausted; the
            address is taken; the plan is stale; the key was used for another request.
    """
    if made.allocations:
        return made.allocations
    avoid = _seen(desk, made.request)
    with act(desk.store, desk.actor, desk.clock) as one:
        _grounded(filings.standing(one.connection, made.request.declaration), made.request)
        expected = [parsed(text) for text in made.spans]
        return ledger.allocate(one, made.request, key=key, avoid=avoid, expected=expected)


def _grounded(ground: Declaration, request: Request) -> Request:
    """The request with the organization of its declaration, which must be for the same plane."""
    if ground.plane is not request.plane:
        raise Refused(
            "nothing was allocated",
            "{number} is a declaration for the {plane}; a plane's addresses need a declaration to its own authority",
            "netops declare list",
            number=ground.number,
            plane=ground.plane,
        )
    return msgspec.structs.replace(request, organization=ground.organization)


def _seen(desk: Desk, request: Request) -> set[int]:
    """Addresses of the pool that somebody uses: they are not given out one by one."""
    from netops.topology import snapshots

    pool = parsed(request.pool)
    texts = {
        one.ip
        for one in snapshots.sightings(desk.store, request.plane, desk.clock() - ledger.QUARANTINE)
        if one.ip
    }
    texts |= {held.address for view in snapshots.latest(desk.store, request.plane) for held in view.addresses}
    texts |= {entry.address for entry in desk.register.of(request.plane).devices}
    return {
        value for text in texts if (value := _value(text)) is not None and pool.first <= value <= pool.last
    }


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
    found = [
        pool
        for pool in ledger.pools(desk.store, plane)
        if pool.prefix == str(span) and pool.plane in desk.planes
    ]
    if not found:
        raise Missing(
            "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=text
        )
    if len(found) > 1:
        raise Refused("the pool was not chosen", "both planes have {pool}", "add --plane", pool=text)
    return found[0].plane, found[0].prefix


def pool_around(desk: Desk, text: str, plane: Plane | None) -> tuple[Plane, str]:
    """
    The plane and innermost pool in which exactly these addresses lie.

    Raises:
        NetopsError: *text* is no address, prefix or range.
        Missing: no pool holds them.
        Refused: pools of both planes do, and no plane was named.
    """
    try:
        span = parsed(text)
    except ValueError as error:
        raise NetopsError(
            "nothing was allocated", "{why}", "write an address, a CIDR or first-last", why=error
        ) from error
    found: dict[Plane, Span] = {}
    for pool in ledger.pools(desk.store, plane):
        around = pool.span
        if pool.plane in desk.planes and around.holds(span):
            found[pool.plane] = min(found.get(pool.plane, around), around, key=lambda one: one.size)
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
