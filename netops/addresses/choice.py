"""Which addresses a request gets: best fit, so that large holes stay whole. Pure."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from netops.addresses.prefix import PrefixRole
from netops.addresses.span import Span, is_ipv4


def edges(pool: Span, role: PrefixRole) -> tuple[int, ...]:
    """What no host of a LAN may have: network, broadcast (RFC 919), subnet router (RFC 4291 §2.6.1)."""
    if role is not PrefixRole.POOL or pool.size <= 2:
        return ()
    return (pool.first, pool.last) if is_ipv4(pool.first) else (pool.first,)


def runs(hole: Span, avoid: Sequence[int]) -> Iterator[Span]:
    """What remains of *hole* without the addresses in *avoid* (sorted), in order."""
    start = hole.first
    for address in avoid[bisect_left(avoid, hole.first) :]:
        if address > hole.last:
            break
        if address > start:
            yield Span(start, address - 1)
        start = address + 1
    if start <= hole.last:
        yield Span(start, hole.last)


def gather(holes: Sequence[Span], count: int, avoid: Sequence[int]) -> list[Span]:
    """
    *count* single addresses: one run out of the first hole that has it, else from as many as it takes.

    Returns:
        The runs, by address; fewer addresses than *count* when there are no more.
    """
    for hole in holes:
        for run in runs(hole, avoid):
            if run.size >= count:
                return [Span(run.first, run.first + count - 1)]
    found: list[Span] = []
    missing = count
    for hole in holes:
        for run in runs(hole, avoid):
            if missing:
                found.append(Span(run.first, min(run.last, run.first + missing - 1)))
                missing -= found[-1].size
    return sorted(found)
