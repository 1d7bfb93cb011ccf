"""How a prefix changes or goes: resize, move, remove (地址段的扩缩、调整、撤销); what stands in the way is named. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from netops.addresses.allocation import HELD, Allocation, Origin
from netops.addresses.division import (
    NAMED,
    Division,
    Renumbering,
    cidr,
    inside_of,
    listed,
    moved,
    named,
    part_of,
    span_of,
)
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, is_ipv4, parsed
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_


def resize(
    prefixes: Sequence[RegisteredPrefix],
    text: str,
    to: str,
    allocations: Sequence[Allocation],
    granted_by: str = "",
) -> Division:
    """
    A prefix larger or smaller; what it holds stays what it is.

    Args:
        to: the prefix that it becomes, or its new length as "/23": then the one that begins with the same bits.
        granted_by: number of the document that grants more, when it has one of its own.

    Raises:
        Missing: it is not registered.
        Refused: allocations or prefixes would be left outside, or its document grants no more.
    """
    what = N_("{prefix} was not resized")
    one = named(prefixes, text)
    span, target = parsed(one.prefix), _target(parsed(one.prefix), to)
    if target == span or not (target.holds(span) or span.holds(target)):
        raise Refused(
            what, "{to} is neither around it nor a part of it", "netops pool move {prefix} --to renumbers it",
            prefix=one.prefix, to=target,
        )  # fmt: skip
    _unregistered(prefixes, what, one, target)
    if target.holds(span):
        if one.granted_by and not granted_by:
            raise Refused(
                what, "{document} grants {prefix} and no more", "name the document that grants more: --granted-by",
                prefix=one.prefix, document=one.granted_by,
            )  # fmt: skip
        larger = msgspec.structs.replace(one, prefix=cidr(target), granted_by=granted_by or one.granted_by)
        return Division((one,), (larger,))
    gone = [Span(span.first, target.first - 1), Span(target.last + 1, span.last)]
    left = [held for held in allocations if any(one.size > 0 and one.meets(held.span) for one in gone)]
    if left:
        raise Refused(
            what, "{things} would be left outside", "release it first", prefix=one.prefix, things=listed(left)
        )
    out = [other.prefix for other in inside_of(prefixes, span) if not target.holds(parsed(other.prefix))]
    if out:
        raise Refused(
            what, "{things} would be left outside", "move or remove it first: netops pool remove",
            prefix=one.prefix, things=_some(out),
        )  # fmt: skip
    return Division((one,), (part_of(one, target, what),))


def _target(span: Span, to: str) -> Span:
    if not to.startswith("/"):
        return span_of(to)
    bits = 32 if is_ipv4(span.first) else 128
    if not (to[1:].isascii() and to[1:].isdigit() and 0 < int(to[1:]) <= bits):
        raise NetopsError(
            "the prefix was not resized", "{to} is no prefix length here", "write it as /23", to=to
        )
    size = 1 << (bits - int(to[1:]))
    first = span.first // size * size
    return Span(first, first + size - 1)


def _unregistered(
    prefixes: Sequence[RegisteredPrefix], what: str, one: RegisteredPrefix, target: Span
) -> None:
    if any(parsed(other.prefix) == target for other in prefixes):
        raise Refused(
            what, "{to} is registered already", "netops pool show {to}", prefix=one.prefix, to=target
        )


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:NAMED]) + (f" … +{len(texts) - NAMED}" if len(texts) > NAMED else "")


def move(
    prefixes: Sequence[RegisteredPrefix],
    text: str,
    changes: dict[str, Any],
    allocations: Sequence[Allocation],
    to: str = "",
) -> Division:
    """
    A prefix bound to another organization, role, VLAN, gateway or switch; or renumbered, every address at its place.

    Args:
        changes: fields of `RegisteredPrefix` with their new values.
        to: a prefix of the same length that it becomes, or "".

    Raises:
        Missing: it is not registered.
        Refused: nothing changes, others hold addresses there, its document names another organization, or what
            it would become is not free.
    """
    what = N_("{prefix} was not moved")
    one = named(prefixes, text)
    new = msgspec.structs.replace(one, **changes)
    span = parsed(one.prefix)
    held = [each for each in allocations if span.meets(each.span) and each.state in HELD]
    if new == one and not to:
        raise Refused(what, "nothing changes", "netops pool move --help", prefix=one.prefix)
    if new.organization != one.organization:
        if one.granted_by and new.granted_by == one.granted_by:
            raise Refused(
                what, "{document} grants it to {organization}", "netops pool delegate {prefix} records the document for another",
                prefix=one.prefix, document=one.granted_by, organization=one.organization,
            )  # fmt: skip
        own = {each.prefix for each in inside_of(prefixes, span) if each.organization != new.organization}
        others = [each for each in held if each.organization != new.organization and not _within(own, each)]
        if others:
            raise Refused(
                what,
                "others hold addresses there: {things}",
                "release it first",
                prefix=one.prefix,
                things=listed(others),
            )
    if new.role is PrefixRole.RESERVED and held:
        raise Refused(
            what,
            "what is kept back holds nothing: {things}",
            "release it first",
            prefix=one.prefix,
            things=listed(held),
        )
    if not to:
        return Division((one,), (new,))
    return _renumbered(prefixes, one, new, span_of(to), allocations, held)


def _within(prefixes: set[str], one: Allocation) -> bool:
    return any(parsed(text).holds(one.span) for text in prefixes)


def _renumbered(
    prefixes: Sequence[RegisteredPrefix],
    one: RegisteredPrefix,
    new: RegisteredPrefix,
    target: Span,
    allocations: Sequence[Allocation],
    held: Sequence[Allocation],
) -> Division:
    what = N_("{prefix} was not renumbered")
    span = parsed(one.prefix)
    if target.size != span.size or is_ipv4(target.first) != is_ipv4(span.first):
        raise Refused(
            what, "{to} has not the same length", "netops pool resize", prefix=one.prefix, to=target
        )
    _unregistered(prefixes, what, one, target)
    inside = [other.prefix for other in inside_of(prefixes, span)]
    if inside:
        raise Refused(
            what,
            "prefixes are registered in it: {things}",
            "renumber those first",
            prefix=one.prefix,
            things=_some(inside),
        )
    if one.granted_by and new.granted_by == one.granted_by:
        raise Refused(
            what, "{document} grants {prefix} and nothing else", "name the document that grants the new one: --granted-by",
            prefix=one.prefix, document=one.granted_by,
        )  # fmt: skip
    taken = [each for each in allocations if target.meets(each.span)]
    if taken:
        raise Refused(
            what,
            "{to} is not free: {things}",
            "choose another",
            prefix=one.prefix,
            to=target,
            things=listed(taken),
        )
    fixed = [each for each in held if each.origin is Origin.REGISTER or not span.holds(each.span)]
    if fixed:
        raise Refused(
            what, "the register itself gives {things}", "change allocated in declarations.toml first",
            prefix=one.prefix, things=listed(fixed),
        )  # fmt: skip
    offset = target.first - span.first
    shifted = msgspec.structs.replace(
        new, prefix=cidr(target), gateway_address=moved(new.gateway_address, offset) if new.gateway_address else "",
        dhcp_ranges=tuple(moved(text, offset) for text in new.dhcp_ranges),
        reserved_ranges=tuple(moved(text, offset) for text in new.reserved_ranges),
        dhcp_servers=tuple(moved(text, offset) if span.holds(parsed(text)) else text for text in new.dhcp_servers),
    )  # fmt: skip
    moves = [
        Renumbering(
            each.id, each.organization, each.declaration, str(each.span), moved(str(each.span), offset)
        )
        for each in held
    ]
    return Division((one,), (shifted,), tuple(moves))


def remove(
    prefixes: Sequence[RegisteredPrefix],
    text: str,
    allocations: Sequence[Allocation],
    *,
    keep_inside: bool = False,
) -> Division:
    """
    A prefix taken out of the register; never with anything in it.

    Args:
        keep_inside: prefixes in it stay and lie in the one around it from then on.

    Raises:
        Missing: it is not registered.
        Refused: prefixes or addresses are inside: all are named or counted.
    """
    what = N_("{prefix} was not removed")
    one = named(prefixes, text)
    span = parsed(one.prefix)
    inside = inside_of(prefixes, span)
    if inside and not keep_inside:
        raise Refused(
            what, "prefixes are registered in it: {things}", "remove those first, or add --keep-inside: they stay",
            prefix=one.prefix, things=_some([other.prefix for other in inside]),
        )  # fmt: skip
    spans = [parsed(other.prefix) for other in inside]
    left = [
        each
        for each in allocations
        if span.meets(each.span) and not any(other.holds(each.span) for other in spans)
    ]
    if left:
        raise Refused(
            what, "addresses are given out or rest in quarantine: {things}", "release them, and wait until they have rested",
            prefix=one.prefix, things=listed(left),
        )  # fmt: skip
    return Division((one,), ())
