"""A set of prefixes (地址段集) that tells for whole columns of addresses which lie in it. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_network
from typing import NamedTuple

import numpy as np

from netops.egress.flows import Column

FEW = 6
"""So many runs of IPv4 are compared one by one; more by the table."""
NONE, ALL, SOME = 0, 1, 2


V4 = re.compile(r"(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:/(\d{1,2}))?")
SHORT = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,2})(/\d{1,2})")
"""Of IPv4, without the zeros at its end: 172.16/12."""


class Span(NamedTuple):
    """First and last address of a prefix."""

    version: int
    first: int
    last: int


def span(text: str) -> Span:
    """
    The addresses of a prefix or of a single address; host bits are cut off.

    Raises:
        ValueError: it is neither.
    """
    match = V4.fullmatch(text)
    if match is None:
        if short := SHORT.fullmatch(text):
            return span(".".join([*short[1].split("."), "0", "0", "0"][:4]) + short[2])
        net = ip_network(text, strict=False)
        return Span(net.version, int(net.network_address), int(net.broadcast_address))
    # Lists have thousands of them, and the library takes 20 µs for each.
    a, b, c, d, bits = (int(part) for part in (*match.groups()[:4], match[5] or 32))
    if max(a, b, c, d) > 255 or bits > 32:
        raise ValueError(text)
    size = (1 << (32 - bits)) - 1
    first = (a << 24 | b << 16 | c << 8 | d) & ~size
    return Span(4, first, first | size)


class PrefixSet:
    """
    Addresses of both families.

    IPv4 is asked by a table of all /24, with the runs behind it where a /24 is not whole; IPv6 by sorted runs.
    """

    def __init__(self, spans: Iterable[Span]) -> None:
        found: dict[int, list[tuple[int, int]]] = {4: [], 6: []}
        for version, first, last in spans:
            found[version].append((first, last))
        self.runs4, self.runs6 = _merged(found[4]), _merged(found[6])
        self._first = np.array([first for first, _ in self.runs4], np.uint32)
        self._last = np.array([last for _, last in self.runs4], np.uint32)
        self._table = _table(self.runs4) if len(self.runs4) > FEW else None
        self._edges = np.array(
            [edge.to_bytes(17, "big") for first, last in self.runs6 for edge in (first, last + 1)], "V17"
        ).view("S17")

    def v4(self, low: Column) -> Column:
        """Which of these IPv4 addresses (uint32) lie in the set."""
        found: Column = np.zeros(len(low), bool)
        if self._table is None:
            for first, last in zip(self._first, self._last, strict=True):
                found |= (low - first) <= (last - first)  # unsigned: what is below wraps to above
            return found
        of_net = self._table[low >> np.uint32(8)]
        found = of_net == ALL
        if len(self.runs4) and (of_net.max(initial=0) == SOME):
            rows = np.flatnonzero(of_net == SOME)
            found[rows] = self._by_runs(low[rows])
        return found

    def _by_runs(self, low: Column) -> Column:
        place = np.searchsorted(self._first, low, "right") - 1
        inside: Column = (place >= 0) & (low <= self._last[np.maximum(place, 0)])
        return inside

    def v6(self, hi: Column, lo: Column) -> Column:
        """Which of these IPv6 addresses (two uint64) lie in the set."""
        if not len(self._edges):
            return np.zeros(len(hi), bool)
        # Strings end at the last octet that is not 0, so that one before it keeps all octets of equal weight.
        wide = np.zeros((len(hi), 17), np.uint8)
        wide[:, 1:9] = hi.astype(">u8").view(np.uint8).reshape(-1, 8)
        wide[:, 9:] = lo.astype(">u8").view(np.uint8).reshape(-1, 8)
        inside: Column = (
            np.searchsorted(self._edges, np.ascontiguousarray(wide).view("S17").ravel(), "right") % 2 == 1
        )
        return inside


def _merged(spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Disjoint runs in order, none touching the next."""
    runs: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if runs and first <= runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], max(runs[-1][1], last))
        else:
            runs.append((first, last))
    return runs


def _table(runs: list[tuple[int, int]]) -> Column:
    """For every /24 whether none, all or some of it lies in the runs."""
    table = np.zeros(1 << 24, np.uint8)
    for first, last in runs:
        low, high = first >> 8, last >> 8
        table[low + bool(first & 0xFF) : high + (last & 0xFF == 0xFF)] = ALL
        for edge in (low, high):
            if table[edge] != ALL:
                table[edge] = SOME
    return table
