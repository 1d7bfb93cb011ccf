"""How the planned space is divided: add, split, merge and delegate prefixes (地址段的增、分、并、下放, Article 11). Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

import msgspec

from netops.addresses.allocation import HELD, Allocation
from netops.addresses.delegation import Chains, Organizations, is_granted, is_under, misgrants
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, is_ipv4, parsed, shown
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.language import N_
from netops.core.plane import Plane

MOST_PARTS = 256
NAMED = 5
"""Allocations or prefixes that a refusal names; the others it counts."""


class Renumbering(msgspec.Struct, frozen=True):
    """One allocation that gets the same place in another prefix; its old addresses rest in quarantine."""

    allocation: str
    organization: str
    declaration: str
    before: str
    after: str


class Division(msgspec.Struct, frozen=True):
    """Prefixes that go, prefixes that come instead, and allocations that move, in the order of addresses."""

    removed: tuple[RegisteredPrefix, ...]
    added: tuple[RegisteredPrefix, ...]
    renumbered: tuple[Renumbering, ...] = ()


class Effect(msgspec.Struct, frozen=True):
    """
    What one prefix of a division means.

    Args:
        sign: "-" for one that goes, "+" for one that comes.
        around: the prefix around it, or "".
        inside: how many registered prefixes lie in it.
        allocations: numbers of the allocations that lie in it.
        addresses: how many addresses they have.
        declarations: those that they rest on.
        holders: organizations that have them.
    """

    sign: str
    prefix: str
    role: PrefixRole
    organization: str
    name: str
    granted_by: str
    around: str
    inside: int
    allocations: tuple[str, ...]
    addresses: int
    declarations: tuple[str, ...]
    holders: tuple[str, ...]


class Grant(msgspec.Struct, frozen=True):
    """Into whose hands a prefix comes, by which document and for how long; dates are ISO or ""."""

    organization: str
    granted_by: str
    grantor: str = ""
    granted_on: str = ""
    granted_from: str = ""
    granted_until: str = ""


def add(prefixes: Sequence[RegisteredPrefix], new: RegisteredPrefix) -> Division:
    """
    One more prefix, inside what was granted to the plane; a parent may be put around prefixes that are there.

    Raises:
        NetopsError: it is no prefix.
        Refused: it is there already, or lies outside every container and no document grants it.
    """
    span = span_of(new.prefix)
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
    return Division((), (msgspec.structs.replace(new, prefix=cidr(span)),))


def split(
    prefixes: Sequence[RegisteredPrefix], text: str, prefixlen: int, allocations: Iterable[Allocation]
) -> Division:
    """
    A prefix in equal parts of *prefixlen*, each with its organization, gateway and document.

    Raises:
        Missing: it is not registered.
        Refused: the parts are not smaller, too many, or an allocation, a prefix or a range would lie in two of them.
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
    cut = [held for held in allocations
           if span.holds(held.span) and held.span.first // size != held.span.last // size]  # fmt: skip
    if cut:
        raise Refused(
            "{prefix} was not split", "{things} would lie in two parts", "choose longer parts, or release it",
            prefix=one.prefix, things=listed(cut),
        )  # fmt: skip
    larger = [other.prefix for other in inside_of(prefixes, span) if parsed(other.prefix).size >= size]
    if larger:
        raise Refused(
            "{prefix} was not split", "{things} is registered in it and no smaller than a part", "choose longer parts",
            prefix=one.prefix, things=", ".join(larger[:NAMED]),
        )  # fmt: skip
    parts = [Span(first, first + size - 1) for first in range(span.first, span.last + 1, size)]
    return Division((one,), tuple(part_of(one, part, "{prefix} was not split") for part in parts))


def part_of(one: RegisteredPrefix, part: Span, what: str) -> RegisteredPrefix:
    """
    *one* cut down to *part*, with what it sets aside there.

    Raises:
        Refused: a range lies only partly in it.
    """

    def kept(texts: Iterable[str]) -> tuple[str, ...]:
        found = []
        for text in texts:
            span = parsed(text)
            if not span.meets(part):
                continue
            if not part.holds(span) or span == part:
                raise Refused(
                    what, "{range}, which it sets aside, would lie in two parts", "change the range first: netops pool move",
                    prefix=one.prefix, range=text,
                )  # fmt: skip
            found.append(text)
        return tuple(found)

    gateway = kept((one.gateway_address,)) if one.gateway_address else ()
    return msgspec.structs.replace(
        one, prefix=cidr(part), gateway_address="".join(gateway), dhcp_ranges=kept(one.dhcp_ranges),
        reserved_ranges=kept(one.reserved_ranges),
    )  # fmt: skip


def merge(prefixes: Sequence[RegisteredPrefix], texts: Sequence[str]) -> Division:
    """
    Neighbours of one kind and organization become one prefix; the first one's other particulars stand.

    What they set aside stays set aside; a gateway of another part is kept back.

    Raises:
        Missing: one is not registered.
        Refused: together they are no prefix, or they differ in role, organization or document.
    """
    several = sorted((named(prefixes, text) for text in texts), key=lambda one: parsed(one.prefix))
    spans = [parsed(one.prefix) for one in several]
    whole = Span(spans[0].first, spans[-1].last)
    if len(several) < 2 or sum(span.size for span in spans) != whole.size or "/" not in str(whole):
        raise Refused(
            "{prefixes} were not merged", "together they are no prefix", "name all parts of one larger prefix",
            prefixes=", ".join(texts),
        )  # fmt: skip
    if any(parsed(other.prefix) == whole for other in prefixes):
        raise Refused(
            "{prefixes} were not merged", "{whole} is registered already, around them",
            "netops pool remove {whole} takes it away first", prefixes=", ".join(texts), whole=whole,
        )  # fmt: skip
    if len({(one.role, one.organization) for one in several}) > 1:
        raise Refused(
            "{prefixes} were not merged", "they differ in role or organization", "netops pool list", prefixes=", ".join(texts)
        )  # fmt: skip
    if len({(one.granted_by, one.granted_from, one.granted_until) for one in several}) > 1:
        raise Refused(
            "{prefixes} were not merged", "they were granted by different documents or for different terms",
            "netops pool delegate each of them by one document first", prefixes=", ".join(texts),
        )  # fmt: skip
    first, *rest = several
    gateways = tuple(one.gateway_address for one in rest if one.gateway_address)
    return Division(tuple(several), (msgspec.structs.replace(
        first, prefix=str(whole), dhcp_ranges=tuple(text for one in several for text in one.dhcp_ranges),
        dhcp_servers=tuple(dict.fromkeys(text for one in several for text in one.dhcp_servers)),
        gateway_address=first.gateway_address or "".join(gateways[:1]),
        reserved_ranges=(*(text for one in several for text in one.reserved_ranges),
                         *(gateways if first.gateway_address else gateways[1:])),
    ),))  # fmt: skip


def apart(prefixes: Sequence[RegisteredPrefix], made: Division) -> None:
    """
    Make sure that what comes lies beside its neighbours: only containers have other prefixes inside.

    Raises:
        Refused: it overlaps one that stays.
    """
    ours = {one.prefix for one in made.added}
    known = sorted(((parsed(one.prefix), one) for one in after(prefixes, made) if one.role is not PrefixRole.CONTAINER),
                   key=lambda pair: pair[0])  # fmt: skip
    for (span, one), (next_span, other) in pairwise(known):
        if next_span.first <= span.last and {one.prefix, other.prefix} & ours:
            new, old = (one, other) if one.prefix in ours else (other, one)
            raise Refused(
                "{prefix} was not registered", "it overlaps {other} of {organization}",
                "choose other addresses; or merge, resize or remove that one first: netops pool show {other}",
                prefix=new.prefix, other=old.prefix, organization=old.organization,
            )  # fmt: skip


def delegate(
    prefixes: Sequence[RegisteredPrefix],
    plane: Plane,
    text: str,
    grant: Grant,
    allocations: Iterable[Allocation],
) -> Division:
    """
    A prefix in another organization's hand, by the document that says so; a new one becomes a container.

    The same organization with another document or term is a renewal.

    Raises:
        Refused: others than it hold addresses there, or it lies outside what was granted.
    """
    span = span_of(text)
    standing = next((one for one in prefixes if parsed(one.prefix) == span), None)
    others = [held for held in allocations
              if span.meets(held.span) and held.state in HELD and held.organization != grant.organization]  # fmt: skip
    if others and (standing is None or standing.organization != grant.organization):
        raise Refused(
            "{prefix} was not delegated", "others hold addresses there: {things}", "release it first, or choose another prefix",
            prefix=text, things=listed(others),
        )  # fmt: skip
    given = msgspec.structs.asdict(grant)
    if standing is None:
        new = RegisteredPrefix(cidr(span), PrefixRole.CONTAINER, plane=plane, **given)
        if not any(one.role is PrefixRole.CONTAINER and parsed(one.prefix).holds(span) for one in prefixes):
            why = N_("it lies in nothing that was granted to this plane")
            raise Refused("{prefix} was not delegated", why, "netops pool add", prefix=text)
        return add(prefixes, new)
    return Division((standing,), (msgspec.structs.replace(standing, **given),))


# ---- what all of them look at
def span_of(text: str) -> Span:
    """
    The span of a prefix as people write it.

    Raises:
        NetopsError: it is none.
    """
    try:
        span = parsed(text)
        if "/" not in str(span) and span.size > 1:
            raise ValueError(text)
    except ValueError as error:
        raise NetopsError(
            "the prefix was not found", "{why}", "write a prefix such as 10.20.11.0/24", why=error
        ) from error
    return span


def cidr(span: Span) -> str:
    """A prefix as the register writes it: always with its length."""
    text = str(span)
    return text if "/" in text else f"{text}/{32 if is_ipv4(span.first) else 128}"


def named(prefixes: Sequence[RegisteredPrefix], text: str) -> RegisteredPrefix:
    """
    The registered prefix written so.

    Raises:
        Missing: there is none.
    """
    span = span_of(text)
    for one in prefixes:
        if parsed(one.prefix) == span:
            return one
    raise Missing(
        "there is no pool {pool}", "no registered prefix is written so", "netops pool list", pool=text
    )


def inside_of(prefixes: Iterable[RegisteredPrefix], span: Span) -> list[RegisteredPrefix]:
    """Registered prefixes that lie in *span* and are smaller, by address."""
    found = [one for one in prefixes if span.holds(parsed(one.prefix)) and parsed(one.prefix) != span]
    return sorted(found, key=lambda one: parsed(one.prefix))


def listed(several: Sequence[Allocation]) -> str:
    """Allocations by number, addresses and declaration; those beyond NAMED are counted."""
    told = [f"{one.span} ({one.id} {one.organization} {one.declaration})" for one in several[:NAMED]]
    return ", ".join(told) + (f" … +{len(several) - NAMED}" if len(several) > NAMED else "")


def after(prefixes: Iterable[RegisteredPrefix], made: Division) -> tuple[RegisteredPrefix, ...]:
    """The prefixes as they are when *made* is done."""
    return (*(one for one in prefixes if one not in made.removed), *made.added)


def effects(
    made: Division, prefixes: Sequence[RegisteredPrefix], allocations: Sequence[Allocation]
) -> list[Effect]:
    """What each prefix that goes or comes is and holds, one row each; *prefixes* stand now."""
    found = []
    for sign, several, tree in (
        ("-", made.removed, tuple(prefixes)),
        ("+", made.added, after(prefixes, made)),
    ):
        spans = [(parsed(one.prefix), one.prefix) for one in tree]
        for one in several:
            span = parsed(one.prefix)
            held = [each for each in allocations if span.meets(each.span)]
            around = min((pair for pair in spans if pair[0].holds(span) and pair[0] != span),
                         key=lambda pair: pair[0].size, default=(span, ""))  # fmt: skip
            found.append(Effect(
                sign, one.prefix, one.role, one.organization, one.name, one.granted_by, around[1],
                sum(span.holds(other) and other != span for other, _ in spans),
                tuple(each.id for each in held),
                sum(min(span.last, each.span.last) - max(span.first, each.span.first) + 1 for each in held),
                tuple(sorted({each.declaration for each in held if each.declaration})),
                tuple(sorted({each.organization for each in held})),
            ))  # fmt: skip
    return found


def objections(
    made: Division,
    before: Chains,
    then: Chains,
    organizations: Organizations,
    authorities: Collection[str],
) -> Iterator[tuple[str, dict[str, str]]]:
    """
    Why the chains *then* may not follow on those *before*: (message id, facts), each only where it is new.

    A prefix must lie in something granted; what comes rises to no higher level and lasts no longer than what is around
    it; and who is nobody's authority passes addresses only to those under him.
    """
    strict = any(map(is_granted, before.values()))
    added = {str(parsed(one.prefix)) for one in made.added}
    for prefix, chain in then.items():
        if strict and not is_granted(chain) and (prefix not in before or is_granted(before[prefix])):
            yield "{prefix} would lie in nothing that was granted to this plane", {"prefix": prefix}
        if not chain or chain[-1].prefix != prefix:
            continue
        known = set(pairwise(before.get(prefix, ())))
        for inner, outer in misgrants(chain) if prefix in added else ():
            if inner.prefix == prefix:
                facts = {"prefix": prefix, "organization": inner.organization, "outer": outer.prefix,
                         "holder": outer.organization, "until": inner.valid_until or "-",
                         "last": outer.valid_until or "-"}  # fmt: skip
                yield GOES_BEYOND, facts
        for outer, inner in pairwise(chain):
            if (outer, inner) in known or outer.organization in authorities:
                continue
            if not is_under(outer.organization, inner.organization, organizations):
                facts = {"prefix": inner.prefix, "organization": inner.organization, "outer": outer.prefix,
                         "holder": outer.organization}  # fmt: skip
                yield NOT_ABOVE, facts


GOES_BEYOND = N_(
    "{prefix} ({organization}, until {until}) would go beyond {outer} around it ({holder}, until {last})"
)
NOT_ABOVE = N_("{prefix} of {organization} would lie in {outer} of {holder}, who is not above it")


def moved(text: str, offset: int) -> str:
    """Addresses as they are written, so many further on."""
    span = parsed(text)
    there = Span(span.first + offset, span.last + offset)
    return f"{shown(there.first)}-{shown(there.last)}" if "-" in text else str(there)
