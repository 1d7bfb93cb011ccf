"""Pools and allocations over the API: the same rounds as `netops pool` and `netops ip`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from netops.addresses import holdings, ledger, particulars
from netops.addresses.allocation import HOLDING, Allocation, AllocationState, Request
from netops.addresses.pool import Pool
from netops.addresses.prefix import PrefixRole
from netops.addresses.span import Span, parsed
from netops.core import journal
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk
from netops.rounds import allocate
from netops.web.api.operation import Asked, Call, Nothing, OfPlane, Operation, Page, etag

Count = Annotated[int, Meta(ge=1, le=65536)]
Text = Annotated[str, Meta(max_length=2000)]


class Pools(OfPlane, frozen=True):
    """Which pools; *within*: only prefixes inside this one."""

    role: PrefixRole | None = None
    organization: str = ""
    within: str = ""


class Allocations(Asked, frozen=True):
    """Which allocations; *within*: that have an address in this prefix; *state*: only in this one."""

    plane: Plane | None = None
    organization: str = ""
    declaration: str = ""
    within: str = ""
    state: AllocationState | None = None


class Dry(Nothing, frozen=True):
    """*dry_run*: only the plan."""

    dry_run: bool = False


class Wanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """
    What is asked for: *count* single addresses, or one block of *prefixlen*, or exactly *address*.

    Args:
        pool: prefix of a registered pool; may be left out when *address* says where.
        plane: needed where both planes have the pool.
        reserve_until: only reserved, until then.
        over_quota: why more than the declared terminals need is to be given.
    """

    declaration: Annotated[str, Meta(min_length=1, max_length=64)]
    pool: Annotated[str, Meta(max_length=100)] = ""
    count: Count = 1
    prefixlen: Annotated[int, Meta(ge=0, le=128)] = 0
    address: Annotated[str, Meta(max_length=100)] = ""
    plane: Plane | None = None
    purpose: Text = ""
    reserve_until: datetime | None = None
    mac: Annotated[str, Meta(max_length=32)] = ""
    device: Annotated[str, Meta(max_length=128)] = ""
    note: Text = ""
    tags: Annotated[tuple[Annotated[str, Meta(max_length=64)], ...], Meta(max_length=32)] = ()
    over_quota: Text = ""


class Keyed(Wanted, frozen=True):
    """One of several, with a key of its own."""

    key: Annotated[str, Meta(max_length=128)] = ""


class Several(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Many at once: all of them, or nothing."""

    requests: Annotated[tuple[Keyed, ...], Meta(min_length=1, max_length=1000)]


class Returned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why it goes back, and how long it rests."""

    why: Annotated[str, Meta(min_length=1, max_length=2000)]
    days: Annotated[int, Meta(ge=0, le=3650)] = ledger.QUARANTINE.days


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said about an allocation; what is left out stays."""

    purpose: Text | None = None
    mac: Annotated[str, Meta(max_length=32)] | None = None
    device: Annotated[str, Meta(max_length=128)] | None = None
    note: Text | None = None
    tags: tuple[str, ...] | None = None
    why: Text = ""


# ---- looking
def _span(text: str) -> Span | None:
    try:
        return parsed(text) if text else None
    except ValueError as error:
        raise NetopsError(
            N_("nothing was listed"), "{why}", N_("write a prefix such as 10.20.0.0/16"), why=error
        ) from error


def pools(call: Call) -> Page[Pool]:
    """Pools that who asks may see, by plane and address."""
    asked = call.query
    found = [
        one for one in ledger.pools(call.desk.store, asked.plane, _span(asked.within))
        if call.sees(one.plane, one.organization) and asked.role in (None, one.role)
        and asked.organization in ("", one.organization)
    ]  # fmt: skip
    return call.page(found, lambda one: (one.plane, f"{one.span.first:032x}", -one.span.size))


def pool(call: Call) -> Pool:
    """One pool."""
    plane, prefix = Plane(call.path["plane"]), call.path["prefix"]
    found = ledger.pools(call.desk.store, plane, _span(prefix)) if plane in call.who.planes else []
    for one in found:
        if one.span == _span(prefix) and call.sees(plane, one.organization):
            return one
    raise Missing(
        "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=prefix
    )


def allocations(call: Call) -> Page[Allocation]:
    """Allocations that who asks may see, by plane and address."""
    asked = call.query
    whose = call.who.organization or asked.organization
    planes = call.who.planes if asked.plane is None else call.who.planes & {asked.plane}
    if call.who.organization and asked.organization not in ("", whose):
        planes = frozenset()
    after = call.after
    found = holdings.page(
        call.desk.store, planes, call.limit + 1, tuple(after) if after else None,
        states=HOLDING if asked.state is None else (asked.state,), within=_span(asked.within), organization=whose,
        declaration=asked.declaration,
    )  # fmt: skip
    last = found[call.limit - 1] if len(found) > call.limit else None
    return Page(found[: call.limit], call.cursor((last.plane, last.first, last.id)) if last else "")


def allocation(call: Call) -> Allocation:
    """One allocation, by its number."""
    one = holdings.one(call.desk.store, call.path["id"].upper())
    return _seen(call, one)


def _seen(call: Call, one: Allocation, deed: Deed = Deed.READ) -> Allocation:
    """The same, if who asks may do that to it; what may not be seen is not there."""
    if not call.sees(one.plane, one.organization):
        raise Missing("there is no allocation {id}", "", "netops ip list", id=one.id)
    call.who.require(deed, one.plane, one.organization)
    return one


# ---- deciding
def _request(call: Call, asked: Wanted) -> Request:
    plane = asked.plane
    if not asked.pool and not asked.address:
        raise NetopsError(
            N_("nothing was allocated"), N_("neither a pool nor an address is named"), N_("name one of them")
        )
    name = allocate.pool_named if asked.pool else allocate.pool_around
    where, prefix = name(call.desk, asked.pool or asked.address, plane)
    whose = None
    if call.who.organization:
        with call.desk.store.read() as connection:
            whose = filings.current(connection, asked.declaration).organization
    call.who.require(Deed.ALLOCATE, where, whose)
    return Request(
        where, prefix, "", asked.declaration, asked.count, asked.prefixlen, asked.address, asked.purpose, asked.reserve_until,
        asked.mac, asked.device, asked.note, asked.tags,
    )  # fmt: skip


def give(call: Call) -> Any:
    """Addresses for a declaration: with the same Idempotency-Key the same ones again."""
    if call.query.dry_run:
        return allocate.plan(call.desk, _request(call, call.body), call.key, call.body.over_quota)
    [answer] = give_together(call.desk, [call])
    if isinstance(answer, Exception):
        raise answer
    return answer


def give_together(desk: Desk, calls: Sequence[Call]) -> list[Any]:
    """What each call that came at the same time gets, in one transaction; or why it gets nothing."""
    answers: dict[int, Any] = {}
    asked: dict[int, tuple[str, Request, str, str]] = {}
    for place, call in enumerate(calls):
        try:
            asked[place] = (call.who.name, _request(call, call.body), call.key, call.body.over_quota)
        except NetopsError as error:
            answers[place] = error
    given = allocate.together(desk, list(asked.values())) if asked else []
    answers |= dict(zip(asked, given, strict=True))
    return [answers[place] for place in range(len(calls))]


def give_several(call: Call) -> tuple[Allocation, ...]:
    """All that is asked for, in one act, or nothing."""
    wanted = [(_request(call, asked), asked) for asked in call.body.requests]
    given: list[Allocation] = []
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        for request, asked in wanted:
            used = allocate.seen(call.desk, request)
            given += allocate.give(
                call.desk, act, request, asked.key, over_quota=asked.over_quota, avoid=used
            )
    return tuple(given)


def take_back(call: Call) -> Allocation:
    """An allocation goes back and rests."""
    asked: Returned = call.body
    name = call.path["id"].upper()
    _seen(call, holdings.one(call.desk.store, name), Deed.ALLOCATE)
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        if call.if_match:
            call.match(holdings.record_of(holdings.row_of(act.connection, name, lock=True)))
        return ledger.release(act, name, asked.why, timedelta(days=asked.days))


def describe(call: Call) -> Allocation:
    """What is said about an allocation changes; made from what stands, or refused."""
    from netops.addresses.allocation import mac_of

    asked: Said = call.body
    name = call.path["id"].upper()
    _seen(call, holdings.one(call.desk.store, name), Deed.ALLOCATE)
    said = {field: getattr(asked, field) for field in particulars.Particulars.__struct_fields__}
    if asked.mac:
        said["mac"] = mac_of(asked.mac)
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        call.match(holdings.record_of(holdings.row_of(act.connection, name, lock=True)), required=True)
        return particulars.edit(act, name, particulars.Particulars(**said), asked.why)


OPERATIONS = (
    Operation("GET", "/pools", "listPools", Deed.READ, N_("Pools with their utilization"), pools, Pool, "pool", Pools),
    Operation("GET", "/pools/{plane}/{prefix:path}", "getPool", Deed.READ, N_("One pool"), pool, Pool),
    Operation("GET", "/allocations", "listAllocations", Deed.READ, N_("Who has which addresses"), allocations, Allocation,
              "allocation", Allocations),
    Operation("POST", "/allocations", "allocate", Deed.ALLOCATE, N_("Give addresses out, or only the plan of it"), give,
              tuple[Allocation, ...], "allocation", Dry, Wanted, 201, takes_key=True, plan=allocate.Plan,
              join=give_together),
    Operation("POST", "/allocations/bulk", "allocateSeveral", Deed.ALLOCATE, N_("Many requests in one act, or none"),
              give_several, tuple[Allocation, ...], "allocation", Nothing, Several, 201),
    Operation("GET", "/allocations/{id}", "getAllocation", Deed.READ, N_("One allocation"), allocation, Allocation),
    Operation("PATCH", "/allocations/{id}", "describeAllocation", Deed.ALLOCATE, N_("Change what is said about it"), describe,
              Allocation, "", Nothing, Said, wants_match=True),
    Operation("POST", "/allocations/{id}/release", "release", Deed.ALLOCATE, N_("Take it back; its addresses rest first"),
              take_back, Allocation, "", Nothing, Returned),
)  # fmt: skip
__all__ = ["OPERATIONS", "etag"]
