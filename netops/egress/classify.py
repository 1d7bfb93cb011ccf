"""Whose is an address: the longest prefix that holds it, for whole columns at once. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from enum import IntEnum
from ipaddress import ip_network

import msgspec
import numpy as np

from netops.egress.flows import MAPPED, Column

TOP = 1 << 128
V4_START, V4_END = MAPPED, MAPPED + (1 << 32) - 1


class Space(IntEnum):
    """What kind of space an address lies in, as one plane sees it."""

    INTERNET = 0
    INSIDE = 1
    """The plane's own space that was allocated to nobody."""
    ALLOCATED = 2
    DEVICES = 3
    """Links, loopbacks and addresses of managed devices."""
    OTHER_PLANE = 4
    UPSTREAM = 5
    """The registered way up (province): inside government, not the internet."""
    EXIT = 6
    """Outer links and public addresses of registered exits."""
    SPECIAL = 7
    """Multicast, broadcast, link-local, loopback, unspecified: never leaves a LAN."""
    FOREIGN = 8
    """Private space that no plane has."""


class Span(msgspec.Struct, frozen=True):
    """A run of addresses (128-bit, IPv4 mapped) and whose it is; of nested ones the shortest wins, of equal ones the later."""

    first: int
    last: int
    space: Space
    organization: str = ""


class Owner(msgspec.Struct, frozen=True):
    """What a row of the table says."""

    space: Space
    organization: str


WELL_KNOWN: tuple[tuple[str, Space], ...] = (
    ("0.0.0.0/8", Space.SPECIAL),
    ("127.0.0.0/8", Space.SPECIAL),
    ("169.254.0.0/16", Space.SPECIAL),
    ("224.0.0.0/4", Space.SPECIAL),
    ("240.0.0.0/4", Space.SPECIAL),
    ("::/127", Space.SPECIAL),
    ("fe80::/10", Space.SPECIAL),
    ("ff00::/8", Space.SPECIAL),
    ("10.0.0.0/8", Space.FOREIGN),
    ("172.16.0.0/12", Space.FOREIGN),
    ("192.168.0.0/16", Space.FOREIGN),
    ("100.64.0.0/10", Space.FOREIGN),
    ("fc00::/7", Space.FOREIGN),
)
"""RFC 6890; documentation ranges are left as internet."""


def net_span(text: str, space: Space, organization: str = "") -> Span:
    """
    The span of a prefix or a single address.

    Raises:
        ValueError: it is none.
    """
    net = ip_network(text, strict=False)
    base = MAPPED if net.version == 4 else 0
    return Span(base + int(net.network_address), base + int(net.broadcast_address), space, organization)


class Table:
    """Owners by address: a flat list of runs, searched for a whole column at once."""

    def __init__(self, spans: Iterable[Span]) -> None:
        every = [*(net_span(text, space) for text, space in WELL_KNOWN), *spans]
        starts = sorted(
            {
                0,
                V4_START,
                V4_END + 1,
                *(span.first for span in every),
                *(span.last + 1 for span in every if span.last + 1 < TOP),
            }
        )
        place = {start: number for number, start in enumerate(starts)}
        self.owners: list[Owner] = [Owner(Space.INTERNET, "")]
        index = {self.owners[0]: 0}
        runs = np.zeros(len(starts), np.int32)
        for span in sorted(every, key=lambda one: one.first - one.last):
            owner = Owner(span.space, span.organization)
            number = index.setdefault(owner, len(self.owners))
            if number == len(self.owners):
                self.owners.append(owner)
            runs[place[span.first] : place.get(span.last + 1, len(starts))] = number
        self.spaces = np.array([owner.space for owner in self.owners], np.int8)
        v4 = [
            (start - V4_START, number)
            for start, number in zip(starts, runs, strict=True)
            if V4_START <= start <= V4_END
        ]
        self._v4_starts = np.array([start for start, _ in v4], np.uint64)
        self._v4_owners = np.array([number for _, number in v4], np.int32)
        self._v6_starts = np.array([start.to_bytes(16, "big") for start in starts], "V16").view("S16")
        self._v6_owners = runs

    def owner(self, hi: Column, lo: Column) -> Column:
        """Row numbers of `owners`, one an address."""
        is_v4 = (hi == 0) & (lo >> np.uint64(32) == np.uint64(0xFFFF))
        result = np.zeros(len(lo), np.int32)
        if is_v4.all():
            return self._v4_owners[np.searchsorted(self._v4_starts, lo & np.uint64(0xFFFFFFFF), "right") - 1]
        v4 = lo[is_v4] & np.uint64(0xFFFFFFFF)
        result[is_v4] = self._v4_owners[np.searchsorted(self._v4_starts, v4, "right") - 1]
        wide = np.empty((int((~is_v4).sum()), 2), ">u8")
        wide[:, 0], wide[:, 1] = hi[~is_v4], lo[~is_v4]
        result[~is_v4] = self._v6_owners[
            np.searchsorted(self._v6_starts, wide.view("S16").ravel(), "right") - 1
        ]
        return result
