"""Allocations (分配): a run of addresses given to an organization under its declaration (Articles 10, 11)."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import msgspec

from netops.addresses.span import Span, number
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_
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
        mac: the network card that a single address is bound to, lower case with colons, or "".
        device, note, tags: what people say about it.
        over_quota: why it was given although it exceeds the declared terminals, or "".
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
    mac: str = ""
    device: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    over_quota: str = ""

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
        mac: the network card that the one address asked for is bound to, or "".
        device, note, tags: as an allocation has them.
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
    mac: str = ""
    device: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()


MAC = re.compile(r"(?i)[0-9a-f]{2}([ .:-]?[0-9a-f]{2}){5}")
"""As Linux, Windows, Cisco, Huawei, HP and people write it."""


def mac_of(text: str) -> str:
    """
    A MAC as lower-case octets with colons; written with colons, hyphens, dots or blanks between groups of octets, or nothing.

    Raises:
        NetopsError: it is none, or a group address (IEEE 802: the first octet is odd).
    """
    if not text:
        return ""
    digits = re.sub(r"[^0-9a-f]", "", text.lower())
    if not MAC.fullmatch(text.strip()):
        why = N_("{mac} is not a MAC address")
    elif int(digits[:2], 16) & 1 or not int(digits, 16):
        why = N_("{mac} is no network card's address")
    else:
        return ":".join(digits[place : place + 2] for place in range(0, 12, 2))
    raise NetopsError("the MAC was not bound", why, "write it as 00:1b:21:3c:4d:5e", mac=text)


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
