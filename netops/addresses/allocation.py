"""Allocations (分配): a run of addresses given to an organization under its declaration (Articles 10, 11)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from netops.addresses.span import Span, number
from netops.core.errors import Refused
from netops.core.plane import Plane


class AllocationState(StrEnum):
    """Where an allocation stands."""

    ACTIVE = "active"
    RESERVED = "reserved"
    QUARANTINE = "quarantine"
    """Given back; its addresses are not given out before *free_after* (冷却)."""
    RELEASED = "released"


class Origin(StrEnum):
    """Who decided it: the register (filed before, or kept there), or an act of netops."""

    REGISTER = "register"
    ACT = "act"


HELD = (AllocationState.ACTIVE, AllocationState.RESERVED)
"""States in which somebody has the addresses."""
HOLDING = (AllocationState.ACTIVE, AllocationState.RESERVED, AllocationState.QUARANTINE)
"""States in which the addresses belong to the allocation."""


class Allocation(msgspec.Struct, frozen=True):
    """
    One run of addresses in one organization's hands.

    Args:
        id: readable number, such as "AL-0042".
        first, last: canonical text, both inside.
        declaration: number of the declaration that it rests on, or "".
        since: when it was given.
        until: when it was given back, or None.
        cause: why it was given back, or "".
        free_after: end of the quarantine, or of the reservation; or None.
    """

    id: str
    plane: Plane
    first: str
    last: str
    organization: str
    declaration: str
    purpose: str
    state: AllocationState
    origin: Origin
    since: datetime
    until: datetime | None = None
    cause: str = ""
    free_after: datetime | None = None

    @property
    def span(self) -> Span:
        """Its addresses."""
        return Span(number(self.first), number(self.last))


class Declared(Protocol):
    """What the register says a declaration was given."""

    @property
    def number(self) -> str:
        """The declaration's."""

    @property
    def organization(self) -> str:
        """Code of the organization that declared."""

    @property
    def allocated(self) -> tuple[str, ...]:
        """CIDRs, "first-last" or single addresses."""


class Request(msgspec.Struct, frozen=True):
    """
    What is asked for: *count* single addresses, or one block of *prefixlen*, or exactly *address*.

    Args:
        pool: canonical prefix of a registered pool.
        address: one address, a CIDR or "first-last"; "" lets the ledger choose.
        reserve_until: the addresses are only reserved, until then.
    """

    plane: Plane
    pool: str
    organization: str
    declaration: str
    count: int = 1
    prefixlen: int = 0
    address: str = ""
    purpose: str = ""
    reserve_until: datetime | None = None


class PoolExhausted(Refused):
    """No free run of the pool is large enough."""

    def __init__(self, pool: str, wanted: str, free: int) -> None:
        super().__init__(
            "nothing was allocated from {pool}",
            "no free run holds {wanted}; {free} addresses are free in all",
            "netops pool show {pool} shows what is free",
            pool=pool,
            wanted=wanted,
            free=free,
        )


class Taken(Refused):
    """Somebody has the address, or it is not in the pool."""

    def __init__(self, wanted: str, state: str, span: str, holder: str) -> None:
        super().__init__(
            "{wanted} was not allocated",
            "{span} is {state} ({holder})",
            "netops ip show {span}",
            wanted=wanted,
            state=state,
            span=span,
            holder=holder or "-",
        )
