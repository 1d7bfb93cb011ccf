"""Whose is an address: the longest prefix that holds it, for whole columns at once. Pure."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Iterator
from enum import IntEnum
from functools import cached_property
from ipaddress import IPv6Network, ip_network
from typing import NamedTuple

import msgspec
import numpy as np

from netops.egress.flows import MAPPED, Column

TOP = 1 << 128
MAPPED_NET = IPv6Network("::ffff:0:0/96")
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
    """Outer links and public addresses of registered exits, and our own sensor's."""
    SPECIAL = 7
    """Link-local, unspecified: never leaves a LAN."""
    FOREIGN = 8
    """Private space that no plane has."""
    MARTIAN = 9
    """Multicast, broadcast, loopback, reserved: no host's address, so never a source on a wire."""


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
    ("127.0.0.0/8", Space.MARTIAN),
    ("169.254.0.0/16", Space.SPECIAL),
    ("224.0.0.0/4", Space.MARTIAN),
    ("240.0.0.0/4", Space.MARTIAN),
    ("::/127", Space.SPECIAL),
    ("fe80::/10", Space.SPECIAL),
    ("ff00::/8", Space.MARTIAN),
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


class Direct:
    """
    Runs of IPv4 addresses as tables to be indexed: by the first 16 bits, by the next 8, and by the last 8.

    Three look-ups for a whole column without a branch: several times faster than a search.

    Args:
        starts: first address of each run, ascending from 0.
        values: what each run is, 0 or more.
    """

    def __init__(self, starts: Column, values: Column) -> None:
        self._starts, self._values = starts, values
        by_16, split = self._level(np.arange(1 << 16, dtype=np.int64) << 16, 16)
        by_24, inner = self._level((split[:, None] + (np.arange(256) << 8)).ravel(), 8)
        by_32, _ = self._level((inner[:, None] + np.arange(256)).ravel(), 0)
        # A block of one value throughout shares its 256 places with all others of that value.
        alone = np.repeat(np.arange(int(values.max(initial=0)) + 1), 256)
        self._alone = len(alone)
        self._by_16, self._by_24 = _places(by_16, alone), np.concatenate([_places(one, alone) for one in (alone, by_24)])
        self._kind = np.uint16 if self._alone <= 256 << 16 else np.int32
        self._by_32 = np.concatenate([alone, by_32]).astype(self._kind)

    def _level(self, blocks: Column, bits: int) -> tuple[Column, Column]:
        """The value of each block of 2^bits addresses; -1 - n for the n-th that has several, and those."""
        first = np.searchsorted(self._starts, blocks, "right") - 1
        last = np.searchsorted(self._starts, blocks + (1 << bits) - 1, "right") - 1
        several = np.flatnonzero(last > first)
        level = self._values[first].astype(np.intp)
        level[several] = -1 - np.arange(len(several))
        return level, blocks[several]

    def find(self, addresses: Column) -> Column:
        """The value of each address (uint32)."""
        upper, third, last = _octets(addresses)
        place = self._by_24.take(np.add(self._by_16.take(upper), third, dtype=np.intp))
        if place.max(initial=0) < self._alone:  # no block of 256 is divided
            return (place >> 8).astype(self._kind)
        result: Column = self._by_32.take(np.add(place, last, dtype=np.intp))
        return result


def _octets(addresses: Column) -> tuple[Column, Column, Column]:
    """The upper 16 bits of each address, to be an index, and its two last octets."""
    if sys.byteorder == "big" or not addresses.flags.c_contiguous:
        octets = addresses.astype(np.uint8), (addresses >> np.uint32(8)).astype(np.uint8)
        return (addresses >> np.uint32(16)).astype(np.intp), octets[1], octets[0]
    octets = addresses.view(np.uint8)[::4], addresses.view(np.uint8)[1::4]
    return addresses.view(np.uint16)[1::2].astype(np.intp), octets[1], octets[0]


def _places(level: Column, alone: Column) -> Column:
    """Where the 256 places of each block of a level begin in the next one: those of its value, or its own behind them."""
    return np.where(level < 0, len(alone) - 256 * (level + 1), level * 256).astype(np.int32)


MOST_PAIRS = 1 << 20
"""Of two owners each: what is known of a pair at once is a table of so many at most."""


class Pairs(NamedTuple):
    """
    What is known of an owner of the source and one of the destination together; both as one number, *owners* times the first.

    Args:
        owners: how many there are.
        ends: kinds of space of both, as one number: `len(Space)` times the source's, and more.
        own: the owner that a flow is counted for: the source's when it has a name, else the destination's.
    """

    owners: int
    ends: Column
    own: Column

    def of(self, source: Column, destination: Column) -> Column:
        """The number of each pair."""
        pair: Column = np.multiply(source, self.owners, dtype=np.intp)
        pair += destination
        return pair


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
        self._v4 = Direct(
            np.array([start for start, _ in v4], np.int64), np.array([number for _, number in v4], np.int32)
        )
        self._v6_starts = np.array([start.to_bytes(16, "big") for start in starts], "V16").view("S16")
        self._v6_owners = runs
        self._edges = [*starts, TOP]

    def runs(self) -> Iterator[tuple[int, int, Owner]]:
        """Every run of addresses (128-bit, first and last) with its owner."""
        for place, number in enumerate(self._v6_owners.tolist()):
            yield self._edges[place], self._edges[place + 1] - 1, self.owners[number]

    @cached_property
    def pairs(self) -> Pairs | None:
        """What is known of two owners together; None when there are too many of them."""
        count = len(self.owners)
        if count**2 > MOST_PAIRS:
            return None
        spaces = self.spaces.astype(np.uint8)
        named = np.array([bool(one.organization) for one in self.owners])
        every = np.arange(count, dtype=np.uint16)
        ends = spaces[:, None] * np.uint8(len(Space)) + spaces
        return Pairs(count, ends.ravel(), np.where(named[:, None], every[:, None], every).ravel())

    def fingerprint(self) -> bytes:
        """Equal for tables that give the same answers."""
        parts = (self._v6_starts.tobytes(), self._v6_owners.tobytes(), msgspec.json.encode(self.owners))
        return hashlib.sha256(b"".join(parts)).digest()

    def owner_v4(self, addresses: Column) -> Column:
        """Row numbers of `owners` of IPv4 addresses (uint32)."""
        return self._v4.find(addresses)

    def owner(self, hi: Column, lo: Column) -> Column:
        """Row numbers of `owners`, one an address."""
        is_v4 = (hi == 0) & (lo >> np.uint64(32) == np.uint64(0xFFFF))
        if is_v4.all():
            return self.owner_v4(lo.astype(np.uint32))
        result = np.zeros(len(lo), np.int32)
        result[is_v4] = self._v4.find(lo[is_v4].astype(np.uint32))
        wide = np.empty((int((~is_v4).sum()), 2), ">u8")
        wide[:, 0], wide[:, 1] = hi[~is_v4], lo[~is_v4]
        result[~is_v4] = self._v6_owners[
            np.searchsorted(self._v6_starts, wide.view("S16").ravel(), "right") - 1
        ]
        return result
