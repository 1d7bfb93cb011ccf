"""What a prefix sets aside (保留): gateway, DHCP ranges, what is kept back; never given out one by one. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netops.addresses.allocation import Request
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, parsed
from netops.core.errors import Refused
from netops.core.language import N_, Said

GATEWAY, DHCP, KEPT = N_("gateway"), N_("dhcp"), N_("reserved")


def ranges(entry: RegisteredPrefix) -> Iterator[tuple[Span, str]]:
    """
    The runs that *entry* sets aside, each with what for.

    Raises:
        ValueError: one cannot be read (the register's check says so first).
    """
    if entry.gateway_address:
        yield parsed(entry.gateway_address), GATEWAY
    for text in entry.dhcp_ranges:
        yield parsed(text), DHCP
    for text in entry.reserved_ranges:
        yield parsed(text), KEPT


def with_ranges(prefixes: Iterable[RegisteredPrefix]) -> Iterator[RegisteredPrefix]:
    """Each prefix, followed by what it sets aside as nodes of the same tree, named by what for."""
    for entry in prefixes:
        yield entry
        for span, kind in ranges(entry):
            yield RegisteredPrefix(
                str(span), PrefixRole.RANGE, entry.organization, name=kind, plane=entry.plane
            )


def faults(entry: RegisteredPrefix, others: Iterable[Span]) -> Iterator[Said]:
    """
    What is wrong with what *entry* sets aside, one English line each.

    Args:
        others: the registered prefixes inside it.
    """
    around = parsed(entry.prefix)
    inside = list(others)
    known: list[Span] = []
    names = ("gateway_address",) * bool(entry.gateway_address) + ("dhcp_ranges",) * len(entry.dhcp_ranges)
    for place, text in enumerate(entry.set_aside):
        name = names[place] if place < len(names) else "reserved_ranges"
        try:
            span = parsed(text)
        except ValueError as error:
            yield Said("{name}: {error}", name=name, error=error)
            continue
        if name == "gateway_address" and span.size > 1:
            yield Said("{name}: {text!r} is more than one address", name=name, text=text)
        if not around.holds(span) or span == around:
            yield Said("{name}: {text!r} is not a part of {prefix}", name=name, text=text, prefix=entry.prefix)
        yield from (Said(
            "{name}: {text!r} meets {one}, a prefix of its own", name=name, text=text, one=one
        ) for one in inside if one.meets(span))
        for one in known:
            if span == one or (span.meets(one) and not span.holds(one) and not one.holds(span)):
                yield Said("{name}: {text!r} meets {one}, which is set aside already", name=name, text=text, one=one)
        known.append(span)


def refuse(request: Request, entries: Iterable[RegisteredPrefix]) -> None:
    """
    Refuse a named request for what is set aside: a gateway, what is kept back, or a single address of a DHCP range.

    A DHCP range itself, or a part of it, goes to a department by its name: its terminals use those addresses.

    Raises:
        Refused: it is set aside.
    """
    span = parsed(request.address)
    for entry in entries:
        for aside, kind in ranges(entry):
            if not aside.meets(span) or (kind == DHCP and span.size > 1 and aside.holds(span)):
                continue
            raise Refused(
                "{wanted} was not allocated",
                "{span} of {prefix} is set aside: {kind}",
                "ask for other addresses, or change the prefix: netops pool move {prefix} --help",
                wanted=request.address, span=aside, prefix=entry.prefix, kind=kind,
            )  # fmt: skip
