"""Quota (配额): addresses given under a declaration beside the terminals it declares (Articles 10, 11). Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from netops.addresses.span import Span, is_ipv4
from netops.core.errors import Refused

LAN = 1 << 64
"""Addresses of one IPv6 LAN (RFC 4291 §2.5.4): it counts for one terminal, however many addresses it has."""
EDGES = 3
"""Network, broadcast and gateway of an IPv4 block: nobody's terminal."""


class Use(msgspec.Struct, frozen=True):
    """Terminals that addresses given under one declaration would serve, by family: a terminal may have one of each."""

    ipv4: int = 0
    ipv6: int = 0

    def __add__(self, other: Use) -> Use:
        return Use(self.ipv4 + other.ipv4, self.ipv6 + other.ipv6)

    def __sub__(self, other: Use) -> Use:
        return Use(self.ipv4 - other.ipv4, self.ipv6 - other.ipv6)

    @property
    def most(self) -> int:
        """The larger of the two."""
        return max(self.ipv4, self.ipv6)


def use(spans: Iterable[Span]) -> Use:
    """What *spans* count for together."""
    total = Use()
    for span in spans:
        total += Use(ipv4=weight(span)) if is_ipv4(span.first) else Use(ipv6=weight(span))
    return total


def weight(span: Span) -> int:
    """Terminals that one run may serve: every address one; an IPv6 run of a /64 or more, one for every /64 in it."""
    if not is_ipv4(span.first) and span.size >= LAN:
        return -(-span.size // LAN)
    return span.size


def excess(terminals: int, before: Use, spans: Iterable[Span], *, block: bool = False) -> int:
    """
    By how many terminals *spans* would go over what was declared; 0 when they do not.

    Args:
        before: what the declaration has already.
        block: a whole block is asked for: the smallest IPv4 block for the terminals that are left is not too large.
    """
    asked = list(spans)
    more = use(asked)
    left = terminals - before.ipv4
    if block and left > 0 and more.ipv4 <= smallest(left):
        more = Use(min(more.ipv4, left), more.ipv6)
    after = before + more
    return max(after.ipv4 - terminals if more.ipv4 else 0, after.ipv6 - terminals if more.ipv6 else 0, 0)


def smallest(terminals: int) -> int:
    """Addresses of the smallest IPv4 block for so many terminals and its edges: 10 gives 16, 14 gives 32."""
    return 1 << (terminals + EDGES - 1).bit_length()


class OverQuota(Refused):
    """More than the declared terminals need."""

    def __init__(self, declaration: str, terminals: int, before: int, asked: int) -> None:
        super().__init__(
            "nothing was allocated",
            "{declaration} declares {terminals} terminals; {before} have addresses already, and {asked} more are asked for",
            "submit a supplementary declaration (netops declare change {declaration}), or add --over-quota REASON",
            declaration=declaration, terminals=terminals, before=before, asked=asked,
        )  # fmt: skip
