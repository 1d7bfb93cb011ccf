"""
The delegation chain (下放链): who was granted which addresses, by which document, for how long (Article 11). Pure.

State or province grants to the city, the city to counties and departments. Every registered prefix with a document is a
step; the prefix inside which it lies computes the order, nobody types a parent.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import pairwise

import msgspec

from netops.addresses.prefix import RegisteredPrefix
from netops.addresses.span import Span, parsed
from netops.core.errors import Refused
from netops.core.language import N_
from netops.core.organization import Level, Organization

RANK = {level: rank for rank, level in enumerate(Level)}
"""State before province before city before county."""
Organizations = Mapping[str, Organization]


class Step(msgspec.Struct, frozen=True):
    """
    One step of a chain: a prefix in somebody's hands, by a document or by the one who holds the prefix around it.

    Args:
        grantor: code or name of who granted it, or "" when nobody says.
        level: level of the organization, or "" when it is not registered.
        document: its number, or "" for a segment that its holder gave without one.
        granted_on, valid_from, valid_until: ISO dates, or "".
    """

    prefix: str
    organization: str
    grantor: str = ""
    level: str = ""
    document: str = ""
    granted_on: str = ""
    valid_from: str = ""
    valid_until: str = ""

    def is_in_force(self, day: date) -> bool:
        """Whether its term holds on *day* (both ends belong to it)."""
        return not self.is_over(day) and not (self.valid_from and day.isoformat() < self.valid_from)

    def is_over(self, day: date) -> bool:
        """Whether its term ended before *day*."""
        return bool(self.valid_until) and day.isoformat() > self.valid_until

    def days_left(self, day: date) -> int | None:
        """Days from *day* until its term ends, below zero afterwards; None without an end."""
        return (date.fromisoformat(self.valid_until) - day).days if self.valid_until else None


class OutsideGrant(Refused):
    """The addresses were not granted to this level, plane and organization."""

    def __init__(self, prefix: str, why: str, **facts: object) -> None:
        mend = N_("netops pool show {prefix} shows the chain; netops pool delegate records a document")
        super().__init__("nothing was allocated from {prefix}", why, mend, prefix=prefix, **facts)


class TermOver(Refused):
    """A document of the chain is not in force on that day."""

    def __init__(self, prefix: str, step: Step) -> None:
        super().__init__(
            "nothing was allocated from {prefix}",
            "{document}, which grants {granted} to {organization}, is in force from {first} until {last}",
            "have it renewed, then netops pool delegate {granted} with the new document and term",
            prefix=prefix, document=step.document, granted=step.prefix, organization=step.organization,
            first=step.valid_from or "-", last=step.valid_until or "-",
        )  # fmt: skip


Chains = dict[str, tuple[Step, ...]]
"""By canonical prefix: its chain, the outermost step first."""


def chains(prefixes: Iterable[RegisteredPrefix], organizations: Organizations) -> Chains:
    """The chain of every prefix of one plane, in one pass; prefixes that cannot be read are left out."""
    ordered = sorted(_readable(prefixes), key=lambda one: (one[0].first, -one[0].size))
    found: Chains = {}
    around: list[Span] = []
    for span, entry in ordered:
        while around and not around[-1].holds(span):
            around.pop()
        outer = found[str(around[-1])] if around else ()
        found[str(span)] = _extended(outer, entry, organizations)
        around.append(span)
    return found


def _readable(prefixes: Iterable[RegisteredPrefix]) -> Iterator[tuple[Span, RegisteredPrefix]]:
    for entry in prefixes:
        try:
            yield parsed(entry.prefix), entry
        except ValueError:
            continue


def _extended(
    outer: tuple[Step, ...], entry: RegisteredPrefix, organizations: Organizations
) -> tuple[Step, ...]:
    """*outer* with the step that *entry* is: it has a document, or another holder than the prefix around it."""
    holder = outer[-1].organization if outer else ""
    if not entry.granted_by and (not outer or holder == entry.organization):
        return outer
    known = organizations.get(entry.organization)
    return (*outer, Step(
        str(parsed(entry.prefix)), entry.organization, entry.grantor or holder, str(known.level) if known else "",
        entry.granted_by, entry.granted_on, entry.granted_from, entry.granted_until,
    ))  # fmt: skip


def is_granted(chain: Sequence[Step]) -> bool:
    """Whether some document stands behind it."""
    return any(step.document for step in chain)


def require(
    chain: Sequence[Step],
    prefix: str,
    holder: str,
    organization: str,
    day: date,
    organizations: Organizations,
    authorities: Collection[str] = (),
    *,
    strict: bool = True,
) -> None:
    """
    Make sure that *organization* may have addresses of *prefix* on *day*.

    Args:
        chain: of the prefix.
        holder: code of the prefix's organization.
        authorities: codes of those who plan for others: platform organizations and the plane's authority.
        strict: the plane's register names granting documents: then a prefix without one was granted to nobody.

    Raises:
        OutsideGrant: it was not granted to this level and organization.
        TermOver: a document of the chain is not in force.
    """
    if strict and not is_granted(chain):
        raise OutsideGrant(prefix, "no document grants it to this plane")
    for step in chain:
        if not step.is_in_force(day):
            raise TermOver(prefix, step)
    if not serves(holder, organization, organizations, authorities):
        raise OutsideGrant(
            prefix, "it is {holder}'s, and {organization} is neither that, nor under it, nor of its level in its care",
            holder=holder, organization=organization,
        )  # fmt: skip


def serves(
    holder: str, organization: str, organizations: Organizations, authorities: Collection[str]
) -> bool:
    """Whether addresses of *holder* may go to *organization*: itself, those under it, and an authority's own level."""
    if is_under(holder, organization, organizations):
        return True
    one, other = organizations.get(holder), organizations.get(organization)
    return holder in authorities and one is not None and other is not None and one.level is other.level


def is_under(holder: str, organization: str, organizations: Organizations) -> bool:
    """Whether *organization* is *holder*, or one of its parents is."""
    seen: set[str] = set()
    while organization and organization not in seen:
        if organization == holder:
            return True
        seen.add(organization)
        known = organizations.get(organization)
        organization = known.parent if known else ""
    return False


def misgrants(chain: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """
    Steps of a chain that do not follow from one around them, each with that one.

    A lower level grants nothing to a higher one, and nobody grants for longer than was granted to him.
    """
    for outer, inner in pairwise(chain):
        if rises(outer.level, inner.level):
            yield inner, outer
    ends = None
    for step in chain:
        if ends is not None and step.document and step.valid_until > ends.valid_until:
            yield step, ends
        if step.valid_until and (ends is None or step.valid_until < ends.valid_until):
            ends = step


def rises(outer: str, inner: str) -> bool:
    """Whether a level grants to a higher one; levels that nobody knows do not."""
    return bool(outer and inner) and RANK[Level(inner)] < RANK[Level(outer)]
