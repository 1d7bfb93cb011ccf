"""May these addresses be given: declaration, delegation, what is set aside, quota; asked in the transaction that gives them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

import msgspec

from netops.addresses import ranges, usage
from netops.addresses.allocation import Request, mac_of
from netops.addresses.delegation import is_granted, require
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.quota import OverQuota, excess, use
from netops.addresses.span import Span, parsed
from netops.addresses.spelling import spans
from netops.core.clock import CITY_ZONE
from netops.core.errors import NetopsError, Refused
from netops.core.plane import Plane
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.desk import Desk
from netops.register import Register


def authorities(desk: Desk, register: Register, plane: Plane) -> set[str]:
    """Codes of those who plan the plane's addresses for others: platform organizations and its authority."""
    settings = desk.config.planes.get(plane)
    named = {settings.authority if settings else "", desk.config.city.authority} - {""}
    return named | {one.code for one in register.organizations if one.platform}


def asked(connection: Any, request: Request) -> Request:
    """
    The request as it is kept: with the organization of its declaration, addresses and MAC as netops writes them.

    Raises:
        NetopsError: an address or a MAC cannot be read, or a MAC is to be bound to several addresses.
        Missing: there is no such declaration.
    """
    span = run_of(request.address) if request.address else None
    mac = mac_of(request.mac)
    if mac and (request.prefixlen or request.count > 1 or (span and span.size > 1)):
        raise NetopsError(
            "the MAC was not bound", "more than one address is asked for", "ask for one address"
        )
    ground = filings.current(connection, request.declaration)
    return msgspec.structs.replace(
        request, organization=ground.organization, mac=mac, address="" if span is None else str(span)
    )


def run_of(text: str) -> Span:
    """
    The one run of addresses that people write so: an address, a CIDR, 10.1.1.1-50.

    Raises:
        NetopsError: it is none, or several.
    """
    try:
        several = spans(text)
    except ValueError as error:
        raise NetopsError(
            "nothing was allocated", "{why}", "write an address, a CIDR or first-last", why=error
        ) from error
    if len(several) > 1:
        raise NetopsError(
            "nothing was allocated", "{text} is several runs", "ask for one at a time", text=text
        )
    return several[0]


def grounded(desk: Desk, connection: Any, request: Request, at: datetime) -> Declaration:
    """
    The declaration that gives ground: it stands, and its organization may have addresses of this pool.

    Args:
        request: as `asked` gave it.

    Raises:
        Missing: there is no such declaration.
        Refused: it does not stand, is for the other plane, or the pool was not granted to its organization now.
    """
    ground = filings.standing(connection, request.declaration)
    if ground.plane is not request.plane:
        raise Refused(
            "nothing was allocated",
            "{number} is a declaration for the {plane}; a plane's addresses need a declaration to its own authority",
            "netops declare list",
            number=ground.number,
            plane=ground.plane,
        )
    allowed(desk, desk.register_in(connection), request, at.astimezone(CITY_ZONE).date())
    return ground


def allowed(desk: Desk, register: Register, request: Request, day: date) -> None:
    """
    Make sure that the register lets *request* have addresses of its pool on *day*.

    Raises:
        Refused: a document does not grant it, its term is over, it is another organization's, or it is kept back.
    """
    prefix, entry = _entry(register, request)
    if entry is None:
        return
    chains = register.chains[request.plane]
    require(
        chains.get(prefix, ()), prefix, entry.organization, request.organization, day, register.organization,
        authorities(desk, register, request.plane), strict=any(map(is_granted, chains.values())),
    )  # fmt: skip
    if entry.role is PrefixRole.RESERVED:
        raise Refused(
            "nothing was allocated from {prefix}", "it is kept back: nothing is given out of it",
            "netops pool move {prefix} --role pool", prefix=prefix,
        )  # fmt: skip
    if request.address:
        ranges.refuse(request, (entry,))
    elif request.pool != prefix:
        raise Refused(
            "nothing was allocated from {prefix}", "it is set aside in {pool} and not given out one by one",
            "netops ip assign {prefix} gives out all of it", prefix=request.pool, pool=prefix,
        )  # fmt: skip


def _entry(register: Register, request: Request) -> tuple[str, RegisteredPrefix | None]:
    """The registered prefix that the pool is, or of which it is a range."""
    index = register.prefix_of(request.plane)
    if (found := index.get(request.pool)) is not None:
        return request.pool, found
    try:
        span = parsed(request.pool)
    except ValueError:
        return request.pool, None
    text = register.nodes[request.plane].get(span, "")
    return text or request.pool, index.get(text)


def exceeds(
    connection: Any, request: Request, ground: Declaration, given: Collection[Span], reason: str
) -> str:
    """
    *reason* when giving so much exceeds the declared terminals, else nothing: only then it is an exception.

    Raises:
        OverQuota: it does, and there is no reason.
    """
    before = usage.used(connection, request.plane, ground.number)
    over = excess(ground.terminals, before, given, block=_is_block(request))
    if over and not reason.strip():
        raise OverQuota(ground.number, ground.terminals, before.most, use(given).most)
    return reason.strip() if over else ""


def _is_block(request: Request) -> bool:
    """Whether a whole block is asked for, by its length or by its name."""
    return bool(request.prefixlen) or "/" in request.address
