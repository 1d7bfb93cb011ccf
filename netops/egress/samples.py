"""
sFlow v5 in bulk: the samples of a whole batch taken apart together, as far as judging needs them.

Only what is plain is told: flow samples, expanded or not, that carry the head of an Ethernet frame with IPv4 or IPv6 right
inside; datagrams with anything else (tunnels of labels, overlays, discarded packets, cut ones, …) are left to be read one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netops.core.datagrams import Datagrams
from netops.egress.flows import JUDGED, MAPPED, Column
from netops.egress.frame import ENCAPSULATED, ETHERNET, EXTENSIONS, OVERLAYS, VLAN_TAGS, WITH_PORTS
from netops.egress.scan import big_endian
from netops.egress.sflow import INSIDE

MAX_SAMPLES, MAX_RECORDS, MAX_TAGS = 64, 16, 4
FLOW, COUNTERS, EXPANDED_FLOW, EXPANDED_COUNTERS, DISCARDED = 1, 2, 3, 4, 5
RAW_HEADER = 1
OTHER_PACKETS = (2, 3, 4, 2100, 2101)
"""Records that tell of a packet in another way."""
TCP, UDP = 6, 17


class Samples(NamedTuple):
    """
    What a batch says.

    Args:
        rows: datagrams that are sFlow v5, by position in the batch; then one value for each of them.
        plain: False where the datagram must be read alone.
        is_numbered: whether it has a whole header.
        counters: counter samples of it.
        of: position in *rows* of each record, ascending; *columns* are theirs, of `flows.JUDGED` but the times.
    """

    rows: Column
    plain: NDArray[np.bool_]
    is_numbered: NDArray[np.bool_]
    agent: Column
    sequence: Column
    uptime: Column
    counters: Column
    of: Column
    columns: dict[str, Column]


def read(batch: Datagrams) -> Samples | None:
    """The samples of *batch*; None when none of it is sFlow v5."""
    is_five = (batch.lengths >= 28) & (big_endian(batch, np.where(batch.lengths >= 28, batch.starts, -1), 0, 4) == 5)
    rows = np.flatnonzero(is_five)
    if not len(rows):
        return None
    starts, ends = batch.starts[rows], batch.starts[rows] + batch.lengths[rows]
    size = np.select([big_endian(batch, starts, 4, 4) == kind for kind in (1, 2)], [28, 40], 0)
    plain = (size > 0) & (batch.lengths[rows] >= size)
    is_numbered = plain.copy()
    at = np.where(plain, starts + size, starts + 28)
    agent, sequence, uptime, left = (big_endian(batch, at - 16, place, 4) for place in (0, 4, 8, 12))
    of, kind, place, end, counters = _samples(batch, plain, at, ends, left)
    found = _records(batch, plain, of, kind, place, end)
    records, columns = _kept(plain, *found)
    return Samples(rows, plain, is_numbered, agent, sequence, uptime, counters, records, columns)


def _samples(
    batch: Datagrams, plain: Column, at: Column, ends: Column, left: Column
) -> tuple[Column, Column, Column, Column, Column]:
    """The flow samples: of which datagram, their kind, where they begin and end; and how many counter samples."""
    counters = np.zeros(len(plain), np.int64)
    found: list[tuple[Column, ...]] = []
    open_ = np.flatnonzero(plain & (left > 0))
    at, left = at.copy(), left.copy()
    for _ in range(MAX_SAMPLES):
        if not len(open_):
            break
        whole = at[open_] + 8 <= ends[open_]
        plain[open_[~whole]] = False
        open_ = open_[whole]
        kind, size = big_endian(batch, at[open_], 0, 4), big_endian(batch, at[open_], 4, 4)
        sound = (at[open_] + 8 + size <= ends[open_]) & (kind != DISCARDED)
        plain[open_[~sound]] = False
        open_, kind, size = open_[sound], kind[sound], size[sound]
        is_flow = (kind == FLOW) | (kind == EXPANDED_FLOW)
        flows, start = open_[is_flow], at[open_[is_flow]] + 8
        found.append((flows, kind[is_flow], start, start + size[is_flow]))
        counters[open_] += (kind == COUNTERS) | (kind == EXPANDED_COUNTERS)
        at[open_] += 8 + size
        left[open_] -= 1
        open_ = open_[left[open_] > 0]
    plain[open_] = False
    every = [np.concatenate([one[place] for one in found]) if found else np.zeros(0, np.int64) for place in range(4)]
    return every[0], every[1], every[2], every[3], counters


def _records(
    batch: Datagrams, plain: Column, of: Column, kind: Column, place: Column, end: Column
) -> tuple[Column, dict[str, Column]]:
    """Each flow sample as columns; where it is not plain its datagram is marked so."""
    wide = kind == EXPANDED_FLOW
    whole = end - place >= np.where(wide, 44, 32)
    plain[of[~whole]] = False
    of, place, end, wide = of[whole], place[whole], end[whole], wide[whole]

    def told(narrow: int, expanded: int) -> Column:
        return big_endian(batch, place + np.where(wide, expanded, narrow), 0, 4)

    columns = {
        "sampling_interval": told(8, 12),
        "in_if": _port(told(20, 28), told(20, 24), wide),
        "out_if": _port(told(24, 36), told(24, 32), wide),
    }
    header = _header(batch, plain, of, place + np.where(wide, 44, 32), end, told(28, 40))
    known = np.flatnonzero(header >= 0)
    plain[of[header < 0]] = False
    of, end, header = of[known], end[known], header[known]
    columns = {name: column[known] for name, column in columns.items()}
    good, packet = _frame(batch, header)
    plain[of[~good]] = False
    return of, columns | packet


def _port(value: Column, kind: Column, wide: Column) -> Column:
    """An interface's number; 0 for the device itself, several, and none."""
    inside = np.where(wide, value, value & INSIDE)
    is_one = (np.where(wide, kind, kind >> 30) == 0) & (inside != INSIDE)
    return np.where(is_one, inside, 0)


def _header(batch: Datagrams, plain: Column, of: Column, at: Column, end: Column, left: Column) -> Column:
    """Where the record with the head of an Ethernet frame lies in each sample; -1 for none."""
    header = np.full(len(of), -1, np.int64)
    at, left = at.copy(), left.copy()
    open_ = np.flatnonzero(left > 0)
    for _ in range(MAX_RECORDS):
        if not len(open_):
            break
        whole = at[open_] + 8 <= end[open_]
        plain[of[open_[~whole]]] = False
        open_ = open_[whole]
        kind, size = big_endian(batch, at[open_], 0, 4), big_endian(batch, at[open_], 4, 4)
        sound = (at[open_] + 8 + size <= end[open_]) & ~np.isin(kind, OTHER_PACKETS)
        is_header = sound & (kind == RAW_HEADER)
        places = at[open_] + 8
        fits = ~is_header | ((size >= 16) & (big_endian(batch, np.where(is_header, places, -1), 12, 4) <= size - 16))
        plain[of[open_[~(sound & fits)]]] = False
        mine = is_header & fits
        header[open_[mine]] = places[mine]
        at[open_] += 8 + size
        left[open_] -= 1
        open_ = open_[sound & (left[open_] > 0)]
    plain[of[open_]] = False
    return header


def _frame(batch: Datagrams, header: Column) -> tuple[Column, dict[str, Column]]:
    """Which of the frames are plain Ethernet with IP inside, and what they say."""
    wire, length = big_endian(batch, header, 4, 4), big_endian(batch, header, 12, 4)
    start, end = header + 16, header + 16 + length
    good = (big_endian(batch, header, 0, 4) == ETHERNET) & (length >= 14)
    kind, at = big_endian(batch, np.where(good, start, -1), 12, 2), start + 14
    for _ in range(MAX_TAGS):
        tagged = good & np.isin(kind, VLAN_TAGS) & (at + 4 <= end)
        if not tagged.any():
            break
        kind = np.where(tagged, big_endian(batch, np.where(tagged, at, -1), 2, 2), kind)
        at = np.where(tagged, at + 4, at)
    first = big_endian(batch, np.where(good & (at < end), at, -1), 0, 1)
    is_v4 = good & (kind == 0x0800) & (first >> 4 == 4) & (at + 20 <= end)
    is_v6 = good & (kind == 0x86DD) & (first >> 4 == 6) & (at + 40 <= end)

    def part(narrow: int, wide: int, octets: int) -> Column:
        """A number of the IP header, at one place in IPv4 and another in IPv6."""
        return big_endian(batch, np.where(is_v4, at + narrow, np.where(is_v6, at + wide, -1)), 0, octets)

    proto = part(9, 6, 1)
    is_v6 &= ~np.isin(proto, [*EXTENSIONS, *ENCAPSULATED])
    good = is_v4 | is_v6
    size = part(2, 4, 2)
    octets = np.where(is_v6 & (size > 0), size + 40, size)
    octets = np.where((octets == 0) & (wire > at - start), wire - (at - start), octets)
    segment = at + np.where(is_v4, np.maximum(20, (first & 0xF) * 4), 40)
    is_head = good & (is_v6 | (part(6, 6, 2) & 0x1FFF == 0))
    has_ports = is_head & np.isin(proto, WITH_PORTS) & (segment + 4 <= end)
    dport = big_endian(batch, np.where(has_ports, segment, -1), 2, 2)
    good &= ~((proto == UDP) & np.isin(dport, OVERLAYS))
    has_flags = is_head & (proto == TCP) & (segment + 14 <= end)
    columns = {
        "proto": proto, "bytes": octets,
        "sport": big_endian(batch, np.where(has_ports, segment, -1), 0, 2),
        "dport": dport,
        "tcp_flags": big_endian(batch, np.where(has_flags, segment, -1), 13, 1),
        "dst_mac": big_endian(batch, np.where(good, start, -1), 0, 6),
        "src_mac": big_endian(batch, np.where(good, start, -1), 6, 6),
    }  # fmt: skip
    for end_, narrow, wide_ in (("src", 12, 8), ("dst", 16, 24)):
        low = big_endian(batch, np.where(is_v4, at + narrow, -1), 0, 4).astype(np.uint64) | np.uint64(MAPPED)
        halves = [_half(batch, np.where(is_v6, at + wide_ + place, -1)) for place in (0, 8)]
        columns[f"{end_}_hi"], columns[f"{end_}_lo"] = halves[0], np.where(is_v6, halves[1], low)
    return good, columns


def _half(batch: Datagrams, places: Column) -> Column:
    """Eight octets as one number."""
    high, low = (big_endian(batch, places, start, 4).astype(np.uint64) for start in (0, 4))
    half: Column = high << np.uint64(32) | low
    return half


def _kept(plain: Column, of: Column, columns: dict[str, Column]) -> tuple[Column, dict[str, Column]]:
    """The records of plain datagrams, in the order of those."""
    kept = np.flatnonzero(plain[of])
    kept = kept[np.argsort(of[kept], kind="stable")]
    made = {name: column[kept].astype(JUDGED[name]) for name, column in columns.items()}
    return of[kept], made | {"packets": np.ones(len(kept), np.uint64)}
