"""The address pool (地址池, Article 11): one registered prefix and how full it is. Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from netops.addresses.prefix import PrefixRole
from netops.addresses.span import Span, parsed
from netops.core.plane import Plane


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """How many addresses are in each state."""

    size: int
    allocated: int
    reserved: int
    quarantined: int
    free: int
    utilization: float
    """Share that is not free, a ratio 0-1."""


def counts(size: int, allocated: int, reserved: int, quarantined: int) -> Counts:
    """The counts of *size* addresses; what is not taken is free."""
    taken = allocated + reserved + quarantined
    return Counts(
        size=size,
        allocated=allocated,
        reserved=reserved,
        quarantined=quarantined,
        free=size - taken,
        utilization=taken / size if size else 0.0,
    )


def summed(several: Iterable[Counts]) -> Counts:
    """All of them together."""
    parts = list(several)
    return counts(
        *(
            sum(getattr(one, name) for one in parts)
            for name in ("size", "allocated", "reserved", "quarantined")
        )
    )


class Pool(Counts, frozen=True, kw_only=True):
    """
    One prefix held for one plane; its own counts leave out smaller registered prefixes inside it.

    So own counts can be summed over pools. *total* counts the whole prefix.

    Args:
        prefix: canonical CIDR.
        organization: code of the organization whose segment it is.
        around: the prefix around it, computed, or "".
    """

    plane: Plane
    prefix: str
    role: PrefixRole
    organization: str
    name: str
    total: Counts
    around: str = ""

    @property
    def span(self) -> Span:
        """Its addresses."""
        return parsed(self.prefix)


def folded(pools: Iterable[Pool]) -> list[Pool]:
    """
    *pools* without the ranges that they set aside: a range counts for the pool around it.

    What is free in a range is not free to give out: it counts as reserved.
    """
    kept = list(pools)
    if not any(one.role is PrefixRole.RANGE for one in kept):
        return kept
    spans = {id(one): one.span for one in kept}
    kept.sort(key=lambda one: (one.plane, spans[id(one)].first, -spans[id(one)].size))
    own: list[tuple[Pool, list[Counts]]] = []
    for one in kept:
        if one.role is not PrefixRole.RANGE:
            own.append((one, [one]))
            continue
        for around, parts in reversed(own):
            if around.plane is one.plane and spans[id(around)].holds(spans[id(one)]):
                parts.append(counts(one.size, one.allocated, one.reserved + one.free, one.quarantined))
                break
    return [
        msgspec.structs.replace(one, **msgspec.structs.asdict(summed(parts))) if len(parts) > 1 else one
        for one, parts in own
    ]


def with_totals(pools: Iterable[Pool]) -> list[Pool]:
    """*pools* by plane and address, with the counts of smaller pools added to those around them."""
    kept = list(pools)
    spans = {id(pool): pool.span for pool in kept}
    ordered = sorted(kept, key=lambda pool: (pool.plane, spans[id(pool)].first, -spans[id(pool)].size))
    parts: list[list[Counts]] = [[pool] for pool in ordered]
    outer_of: list[str] = []
    around: list[int] = []
    for index, pool in enumerate(ordered):
        while around and not (
            ordered[around[-1]].plane is pool.plane and spans[id(ordered[around[-1]])].holds(spans[id(pool)])
        ):
            around.pop()
        for outer in around:
            parts[outer].append(pool)
        outer_of.append(ordered[around[-1]].prefix if around else "")
        around.append(index)
    return [
        msgspec.structs.replace(pool, total=summed(part), around=outer)
        for pool, part, outer in zip(ordered, parts, outer_of, strict=True)
    ]
