"""How the planned space is divided: add, split, merge and delegate prefixes (地址段的增、分、并、下放, Article 11). Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from netops.addresses.allocation import Allocation
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, is_ipv4, parsed
from netops.core.errors import Missing, NetopsError, Refused

MOST_PARTS = 256


class Division(msgspec.Struct, frozen=True):
    """Prefixes that go and prefixes that come instead, in the order of addresses."""

    removed: tuple[RegisteredPrefix, ...]
    added: tuple[RegisteredPrefix, ...]


class Effect(msgspec.Struct, frozen=True):
    """
    What one prefix of a division means.

    Args:
        sign: "-" for one that goes, "+" for one that comes.
        allocations: numbers of the allocations that lie in it; they stay what they are.
        declarations: those that they rest on.
    """

    sign: str
    prefix: str
    role: PrefixRole
    organization: str
    name: str
    granted_by: str
    allocations: tuple[str, ...]
    declarations: tuple[str, ...]


def add(prefixes: Sequence[RegisteredPrefix], new: RegisteredPrefix) -> Division:
    """
    One more prefix, inside what was granted to the plane.

    Raises:
        NetopsError: it is no prefix.
        Refused: it is there already, or lies outside every container and no document grants it.
    """
    span = _span(new.prefix)
    if any(parsed(one.prefix) == span for one in prefixes):
        raise Refused(
            "{prefix} was not added",
            "it is registered already",
            "netops pool show {prefix}",
            prefix=new.prefix,
        )
    inside = [one for one in prefixes if one.role is PrefixRole.CONTAINER and parsed(one.prefix).holds(span)]
    if not inside and not new.granted_by:
        raise Refused(
            "{prefix} was not added", "it lies in nothing that was granted to this plane",
            "name the document that grants it: --granted-by", prefix=new.prefix,
        )  # fmt: skip
    return Division((), (msgspec.structs.replace(new, prefix=str(span)),))


def split(
    prefixes: Sequence[RegisteredPrefix], text: str, prefixlen: int, allocations: Iterable[Allocation]
) -> Division:
    """
    A prefix in equal parts of *prefixlen*, each with its organization, gateway and document.

    Raises:
        Missing: it is not registered.
        Refused: the parts are not smaller, too many, or an allocation would lie in two of them.
    """
    one = named(prefixes, text)
    span = parsed(one.prefix)
    bits = 32 if is_ipv4(span.first) else 128
    size = 1 << (bits - prefixlen) if 0 < prefixlen <= bits else 0
    if not 0 < size < span.size or span.size // size > MOST_PARTS:
        raise Refused(
            "{prefix} was not split", "/{prefixlen} does not make 2 to {most} parts of it", "choose another length",
            prefix=one.prefix, prefixlen=prefixlen, most=MOST_PARTS,
        )  # fmt: skip
    for held in allocations:
        if span.holds(held.span) and held.span.first // size != held.span.last // size:
            raise Refused(
                "{prefix} was not split", "{span} ({allocation}) would lie in two parts", "choose longer parts, or release it",
                prefix=one.prefix, span=held.span, allocation=held.id,
            )  # fmt: skip
    parts = [Span(first, first + size - 1) for first in range(span.first, span.last, size)]
    return Division((one,), tuple(msgspec.structs.replace(one, prefix=str(part)) for part in parts))


def merge(prefixes: Sequence[RegisteredPrefix], texts: Sequence[str]) -> Division:
    """
    Neighbours of one kind and organization become one prefix; the first one's other particulars stand.

    Raises:
        Missing: one is not registered.
        Refused: together they are no prefix, or they differ in role or organization.
    """
    several = sorted((named(prefixes, text) for text in texts), key=lambda one: parsed(one.prefix))
    spans = [parsed(one.prefix) for one in several]
    whole = Span(spans[0].first, spans[-1].last)
    if len(several) < 2 or sum(span.size for span in spans) != whole.size or "/" not in str(whole):
        raise Refused(
            "{prefixes} were not merged", "together they are no prefix", "name all parts of one larger prefix",
            prefixes=", ".join(texts),
        )  # fmt: skip
    if len({(one.role, one.organization) for one in several}) > 1:
        raise Refused(
            "{prefixes} were not merged", "they differ in role or organization", "netops pool list", prefixes=", ".join(texts)
        )  # fmt: skip
    return Division(tuple(several), (msgspec.structs.replace(several[0], prefix=str(whole)),))


def delegate(
    prefixes: Sequence[RegisteredPrefix],
    text: str,
    organization: str,
    granted_by: str,
    allocations: Iterable[Allocation],
) -> Division:
    """
    A prefix in another organization's hand, by the document that says so; a new one becomes a container.

    Raises:
        Refused: others than it hold addresses there, or it lies outside what was granted.
    """
    span = _span(text)
    for held in allocations:
        if span.meets(held.span) and held.organization != organization:
            raise Refused(
                "{prefix} was not delegated", "{span} is {holder}'s ({allocation})", "release it first, or choose another prefix",
                prefix=text, span=held.span, holder=held.organization, allocation=held.id,
            )  # fmt: skip
    standing = next((one for one in prefixes if parsed(one.prefix) == span), None)
    if standing is None:
        plane = prefixes[0].plane if prefixes else RegisteredPrefix("", PrefixRole.CONTAINER, "").plane
        new = RegisteredPrefix(
            str(span), PrefixRole.CONTAINER, organization, granted_by=granted_by, plane=plane
        )
        if not any(one.role is PrefixRole.CONTAINER and parsed(one.prefix).holds(span) for one in prefixes):
            why = "it lies in nothing that was granted to this plane"
            raise Refused("{prefix} was not delegated", why, "netops pool add", prefix=text)
        return add(prefixes, new)
    return Division(
        (standing,), (msgspec.structs.replace(standing, organization=organization, granted_by=granted_by),)
    )


def named(prefixes: Sequence[RegisteredPrefix], text: str) -> RegisteredPrefix:
    """
    The registered prefix written so.

    Raises:
        Missing: there is none.
    """
    span = _span(text)
    for one in prefixes:
        if parsed(one.prefix) == span:
            return one
    raise Missing(
        "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=text
    )


def effects(division: Division, allocations: Sequence[Allocation]) -> list[Effect]:
    """What each prefix that goes or comes holds, one row each."""
    found = []
    for sign, several in (("-", division.removed), ("+", division.added)):
        for one in several:
            span = parsed(one.prefix)
            inside = [held for held in allocations if span.meets(held.span)]
            found.append(Effect(
                sign, one.prefix, one.role, one.organization, one.name, one.granted_by,
                tuple(held.id for held in inside), tuple(sorted({held.declaration for held in inside if held.declaration})),
            ))  # fmt: skip
    return found


def _span(text: str) -> Span:
    try:
        span = parsed(text)
    except ValueError as error:
        raise NetopsError(
            "the prefix was not found", "{why}", "write a prefix such as 10.20.11.0/24", why=error
        ) from error
    if "/" not in str(span) and span.size > 1:
        raise NetopsError(
            "the prefix was not found", "{why}", "write a prefix such as 10.20.11.0/24", why=text
        )
    return span
