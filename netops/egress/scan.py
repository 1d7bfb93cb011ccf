"""
Datagrams taken apart a batch at a time: headers and set headers as columns, whatever the exporters and templates.

Only what is plain is told: NetFlow v5 and v7 of the right length, and v9 and IPFIX whose sets fill the datagram.
Everything else (other protocols, other lengths, padding by empty sets) is left to be read one by one.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from netops.core.datagrams import Datagrams
from netops.egress.fixed import SHAPES
from netops.egress.flows import Column

MAX_SETS = 64
"""Sets of one datagram; those with more are read one by one."""
TEMPLATES = 4
"""Set ids below it are of templates: 0 and 1 in v9, 2 and 3 in IPFIX."""


class Scan(NamedTuple):
    """
    What the headers of a batch say, one value a datagram; then one value a set.

    Args:
        plain: False where the datagram must be read alone; its other values mean nothing then.
        version: 5, 7, 9 or 10.
        domain: observation domain, or engine type and id.
        sampling: v5's field, else 0.
        set_row: the datagram of each set, ascending; sets of one datagram in their order.
        set_number: set id; 0 for the records of v5 and v7.
        set_start, set_length: its content, in octets of the batch.
    """

    plain: NDArray[np.bool_]
    version: Column
    sequence: Column
    exported: Column
    uptime: Column
    domain: Column
    sampling: Column
    set_row: Column
    set_number: Column
    set_start: Column
    set_length: Column


def scan(batch: Datagrams) -> Scan:
    """Headers and sets of every datagram of *batch*."""
    size = len(batch)
    version = big_endian(batch, np.where(batch.lengths >= 16, batch.starts, -1), 0, 2)
    columns = {name: np.zeros(size, np.int64) for name in ("sequence", "exported", "domain", "sampling")}
    columns["uptime"] = np.full(size, -1, np.int64)
    plain = np.zeros(size, bool)
    found: list[tuple[Column, ...]] = []
    for kind, shape in SHAPES.items():
        rows = np.flatnonzero((version == kind) & (batch.lengths >= shape.header))
        if len(rows) and kind != 1:
            found.append(_fixed(batch, rows, kind, columns, plain))
    for kind, header in ((9, 20), (10, 16)):
        rows = np.flatnonzero((version == kind) & (batch.lengths >= header + 4))
        if len(rows):
            found += _messages(batch, rows, kind, columns, plain)
    row, number, start, length = (
        (np.concatenate([one[place] for one in found]) for place in range(4))
        if found
        else (np.zeros(0, np.int64),) * 4
    )
    order = np.lexsort((start, row))
    order = order[plain[row[order]]]
    return Scan(
        plain, version, columns["sequence"], columns["exported"], columns["uptime"], columns["domain"],
        columns["sampling"], row[order], number[order], start[order], length[order],
    )  # fmt: skip


def big_endian(batch: Datagrams, starts: Column, offset: int, octets: int) -> Column:
    """A big-endian number of 1, 2, 4 or 6 octets at *offset* of each place; 0 where *starts* is negative."""
    if octets == 6:
        return big_endian(batch, starts, offset, 2) << 32 | big_endian(batch, starts, offset + 2, 4)
    places, most = starts + offset, len(batch.octets) - octets
    if not len(places) or most < 0:
        return np.zeros(len(starts), np.int64)
    # Numbers of this width at every octet, each over its neighbours.
    anywhere = np.ndarray(most + 1, f">u{octets}", batch.octets, 0, (1,))
    if starts.min() >= 0 and places.max() <= most:
        plain: Column = anywhere[places].astype(np.int64)
        return plain
    return np.where(starts >= 0, anywhere[np.clip(places, 0, most)].astype(np.int64), 0)


def _fixed(
    batch: Datagrams, rows: Column, kind: int, columns: dict[str, Column], plain: NDArray[np.bool_]
) -> tuple[Column, ...]:
    """v5 and v7: as many records as the header counts, and not an octet more."""
    header, layout = SHAPES[kind]
    starts = batch.starts[rows]
    count = big_endian(batch, starts, 2, 2)
    plain[rows] = (count > 0) & (batch.lengths[rows] == header + count * layout.minimum)
    nanoseconds = np.minimum(big_endian(batch, starts, 12, 4), 999_999_999)
    columns["uptime"][rows] = big_endian(batch, starts, 4, 4)
    columns["exported"][rows] = big_endian(batch, starts, 8, 4) * 1000 + nanoseconds // 1_000_000
    columns["sequence"][rows] = big_endian(batch, starts, 16, 4)
    if kind == 5:
        columns["domain"][rows] = big_endian(batch, starts, 20, 2)
        columns["sampling"][rows] = big_endian(batch, starts, 22, 2) & 0x3FFF
    return rows, np.zeros(len(rows), np.int64), starts + header, count * layout.minimum


def _messages(
    batch: Datagrams, rows: Column, kind: int, columns: dict[str, Column], plain: NDArray[np.bool_]
) -> list[tuple[Column, ...]]:
    """v9 and IPFIX: headers, then the sets of all datagrams in step: first all first ones, then all second ones."""
    starts, ends = batch.starts[rows], batch.starts[rows] + batch.lengths[rows]
    good = np.ones(len(rows), bool)
    if kind == 9:
        columns["uptime"][rows] = big_endian(batch, starts, 4, 4)
        at = starts + 20
    else:
        good = big_endian(batch, starts, 2, 2) == batch.lengths[rows]
        at = starts + 16
    # After version, length (IPFIX) or count and uptime (v9): export time, sequence, domain.
    clock = 8 if kind == 9 else 4
    columns["exported"][rows] = big_endian(batch, starts, clock, 4) * 1000
    columns["sequence"][rows] = big_endian(batch, starts, clock + 4, 4)
    columns["domain"][rows] = big_endian(batch, starts, clock + 8, 4)
    found: list[tuple[Column, ...]] = []
    open_ = np.flatnonzero(good)
    for _ in range(MAX_SETS):
        if not len(open_):
            break
        number, length = big_endian(batch, at[open_], 0, 2), big_endian(batch, at[open_], 2, 2)
        sound = (length >= 4) & (at[open_] + length <= ends[open_])
        sound &= (number >= 256) | (number // 2 == (kind == 10))
        if not sound.all():
            good[open_[~sound]] = False
            open_, number, length = open_[sound], number[sound], length[sound]
        found.append((rows[open_], number, at[open_] + 4, length - 4))
        at[open_] += length
        open_ = open_[ends[open_] - at[open_] >= 4]
    good[open_] = False
    plain[rows] = good
    return found
