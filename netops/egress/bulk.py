"""Datagrams in bulk: what only brings records of known templates is put together without looking at it one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from netops.core.datagrams import Datagram, Datagrams
from netops.egress.exporter import Exporter, Headers
from netops.egress.fixed import SHAPES
from netops.egress.flows import Column
from netops.egress.scan import TEMPLATES, Scan, scan
from netops.egress.sets import Sets
from netops.egress.template import Layout

Key = tuple[str, int, Layout, int]
"""Exporter, domain, layout, and the sampling interval of the header."""


class Bulk:
    """
    The records of one batch, by `Key`, as places in it.

    Call `sets` while the batch still holds: its octets may be shared memory.
    """

    def __init__(self) -> None:
        self._found: dict[Key, list[Column]] = {}
        self._batch: Datagrams | None = None
        self._scan: Scan | None = None

    def take(
        self,
        batch: Datagrams,
        exporter_of: Callable[[str], Exporter | None],
        single: Callable[[Exporter, Datagram], None],
    ) -> None:
        """Note the records of *batch*; what is not plain goes to *single*, in its place in the exporter's order."""
        self._batch, self._scan = batch, scan(batch)
        bounds = np.arange(len(batch.exporters) + 1)
        order = np.argsort(batch.exporter, kind="stable")
        edges = np.searchsorted(batch.exporter[order], bounds)
        of_set = batch.exporter[self._scan.set_row]
        set_order = np.argsort(of_set, kind="stable")
        set_edges = np.searchsorted(of_set[set_order], bounds)
        for number, address in enumerate(batch.exporters):
            exporter = exporter_of(address)
            if exporter is not None:
                rows = order[edges[number] : edges[number + 1]]
                sets = set_order[set_edges[number] : set_edges[number + 1]]
                self._take(exporter, rows, sets, single)

    def _take(
        self, exporter: Exporter, rows: Column, sets: Column, single: Callable[[Exporter, Datagram], None]
    ) -> None:
        """All of one exporter: runs of plain datagrams, and between them the others one by one."""
        assert self._batch is not None and self._scan is not None  # noqa: S101, PT018 - set by take
        bad = np.zeros(len(self._batch), bool)
        for _, _, members in self._unready(exporter, sets):
            bad[self._scan.set_row[members]] = True
        plain = self._scan.plain[rows] & ~bad[rows]
        start = 0
        for stop in [*np.flatnonzero(~plain).tolist(), len(rows)]:
            run = rows[start:stop]
            if len(run):
                inside = sets[slice(*np.searchsorted(self._scan.set_row[sets], (run[0], run[-1] + 1)))]
                if next(self._unready(exporter, inside), None) is None:
                    self._run(exporter, run, inside)
                else:  # a template changed on the way
                    for row in run.tolist():
                        single(exporter, self._batch.one(row))
            if stop < len(rows):
                single(exporter, self._batch.one(int(rows[stop])))
            start = stop + 1

    def _groups(self, sets: Column) -> Iterator[tuple[int, int, int, Column]]:
        """Version, domain and set id, with the sets that have them."""
        assert self._scan is not None  # noqa: S101 - set by take
        row = self._scan.set_row[sets]
        keys = self._scan.version[row] << 48 | self._scan.domain[row] << 16 | self._scan.set_number[sets]
        if len(keys) and (keys == keys[0]).all():
            unique, members = keys[:1], [sets]
        else:
            order = np.argsort(keys, kind="stable")
            unique, first = np.unique(keys[order], return_index=True)
            members = np.split(sets[order], first[1:]) if len(keys) else []
        for key, some in zip(unique.tolist(), members, strict=True):
            yield key >> 48, key >> 16 & 0xFFFFFFFF, key & 0xFFFF, some

    def _unready(self, exporter: Exporter, sets: Column) -> Iterator[tuple[int, int, Column]]:
        """Sets that must be read one by one: unknown or uneven templates, and templates that teach something."""
        assert self._batch is not None and self._scan is not None  # noqa: S101, PT018 - set by take
        for version, domain, number, members in self._groups(sets):
            if version in SHAPES:
                continue
            if number >= TEMPLATES:
                layout = exporter.templates.get((version, domain, number))
                if layout is None or not layout.is_plain:
                    yield domain, number, members
                continue
            new = [
                one
                for one in members.tolist()
                if exporter.waiting or not self._is_known(exporter, version, domain, one)
            ]
            if new:
                yield domain, number, np.array(new)

    def _is_known(self, exporter: Exporter, version: int, domain: int, one: int) -> bool:
        """Whether a template set would teach nothing."""
        assert self._batch is not None and self._scan is not None  # noqa: S101, PT018 - set by take
        start, length = int(self._scan.set_start[one]), int(self._scan.set_length[one])
        content = self._batch.octets[start : start + length].tobytes()
        return (version, domain, int(self._scan.set_number[one]), content) in exporter.repeated

    def _run(self, exporter: Exporter, rows: Column, sets: Column) -> None:
        """Plain datagrams in their order."""
        assert self._batch is not None and self._scan is not None  # noqa: S101, PT018 - set by take
        scanned, batch = self._scan, self._batch
        records = np.zeros(len(rows), np.int64)
        counters = exporter.counters
        for version, domain, number, members in self._groups(sets):
            if number < TEMPLATES and version not in SHAPES:
                continue
            layout = (
                SHAPES[version].layout if version in SHAPES else exporter.templates[version, domain, number]
            )
            counts = scanned.set_length[members] // layout.minimum
            place = np.searchsorted(rows, scanned.set_row[members])
            records += np.bincount(place, counts, len(rows)).astype(np.int64)
            if not counts.all():
                members = members[counts > 0]
            layout.used_at = counters.datagrams + len(rows)
            sampling = scanned.sampling[scanned.set_row[members]]
            for told, some in _split(sampling):
                key = (exporter.address, domain, layout, told)
                self._found.setdefault(key, []).append(members[some])
        counters.datagrams += len(rows)
        counters.records += int(records.sum())
        counters.last_seen = int(batch.received[rows[-1]])
        counters.version = int(scanned.version[rows[-1]])
        last = rows[-1:]
        exporter.note_clock(self._headers(int(scanned.version[last[0]]), last).one(0))
        streams = scanned.version[rows] << 32 | scanned.domain[rows]
        for stream, some in _split(streams):
            exporter.follow_all(stream & 0xFFFFFFFF, self._headers(stream >> 32, rows[some]), records[some])

    def _headers(self, version: int, rows: Column) -> Headers:
        assert self._batch is not None and self._scan is not None  # noqa: S101, PT018 - set by take
        scanned = self._scan
        return Headers(
            version,
            scanned.sequence[rows],
            scanned.exported[rows],
            scanned.uptime[rows],
            self._batch.received[rows],
        )

    def sets(self) -> Iterator[tuple[Key, Sets]]:
        """What was found, ready to be decoded."""
        if self._batch is None or self._scan is None:
            return
        for key, several in self._found.items():
            members = np.concatenate(several) if len(several) > 1 else several[0]
            counts = self._scan.set_length[members] // key[2].minimum
            if len(members) > 1 and (counts != counts[0]).any():
                order = np.argsort(counts, kind="stable")
                members, counts = members[order], counts[order]
            rows = self._scan.set_row[members]
            yield (
                key,
                Sets(
                    int(self._scan.version[rows[0]]),
                    key[3],
                    self._scan.exported[rows],
                    self._scan.uptime[rows],
                    self._batch.received[rows],
                    self._scan.sequence[rows],
                    np.zeros(len(rows), np.int64),
                    counts,
                    records(self._batch.octets, self._scan.set_start[members], counts, key[2].dtype),
                    {},
                ),
            )


def _split(keys: Column) -> Iterator[tuple[int, Column | slice]]:
    """Every value, ascending, and where it stands."""
    if len(keys) and (keys == keys[0]).all():
        yield int(keys[0]), slice(None)
        return
    for key in np.unique(keys).tolist():
        yield key, np.flatnonzero(keys == key)


def records(octets: Column, starts: Column, counts: Column, kind: np.dtype[Any]) -> Column:
    """
    Records that lie in *octets* at *starts*, so many each; *counts* ascend.

    Where sets of equal size lie at equal distances nothing is copied: the result is a view, a row a set.
    """
    steps = np.diff(starts)
    if counts[0] == counts[-1] and (steps == steps[:1]).all():
        step = int(steps[0]) if len(steps) else 0
        shape, strides = (len(starts), int(counts[0])), (step, kind.itemsize)
        return np.ndarray(shape, kind, octets, int(starts[0]), strides)
    sizes, first = np.unique(counts, return_index=True)
    pieces = []
    for size, some in zip(sizes.tolist(), np.split(starts, first[1:]), strict=True):
        length = size * kind.itemsize
        anywhere = np.ndarray(len(octets) - length + 1, f"V{length}", octets, 0, (1,))
        pieces.append(anywhere[some].view(kind))
    return pieces[0] if len(pieces) == 1 else np.concatenate(pieces)
