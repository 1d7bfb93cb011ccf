"""An exporter (导出设备): its templates, what it told about itself, what waits, and what it lost on the way."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import Any, NamedTuple

import msgspec
import numpy as np

from netops.egress.flows import Column
from netops.egress.template import Layout

U32 = (1 << 32) - 1
MAX_GAP = 1 << 24
"""A sequence number farther ahead is no loss but another count."""
LATE_WINDOW = 1 << 12
"""A sequence number so little behind is a datagram that was overtaken."""
MAX_STREAMS = 256
RESTART_MS = 60_000
DOUBTS = 4


class Header(NamedTuple):
    """What one datagram says about itself; *uptime* is -1 where the protocol has none."""

    version: int
    sequence: int
    exported: int
    uptime: int
    received: int
    sampling: int = 0


class Headers(NamedTuple):
    """The headers of several datagrams of one version and domain, a column a value."""

    version: int
    sequence: Column
    exported: Column
    uptime: Column
    received: Column

    def one(self, row: int) -> Header:
        """The header of one of them."""
        return Header(self.version, *(int(column[row]) for column in self[1:]))


class DataSet(NamedTuple):
    """The records of one data set: bytes of whole records, to be decoded together with others of the same layout."""

    header: Header
    body: bytes
    rows: int
    ordinal: int
    texts: dict[str, list[Any]]


class Waiting(NamedTuple):
    """A data set whose template has not come yet."""

    domain: int
    number: int
    header: Header
    body: bytes


class Waitlist:
    """Data sets whose templates have not come yet: by template, and the oldest of all, without a look at the others."""

    def __init__(self) -> None:
        self._sets: dict[tuple[int, int, int], deque[Waiting]] = {}
        self._order: deque[tuple[int, int, int]] = deque()
        """Their templates as they came; those of sets that were taken may still be named."""
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def add(self, one: Waiting) -> None:
        """One more."""
        key = (one.header.version, one.domain, one.number)
        self._sets.setdefault(key, deque()).append(one)
        self._order.append(key)
        self._count += 1
        if len(self._order) > 2 * self._count + MAX_STREAMS:
            left = {key: len(some) for key, some in self._sets.items()}
            kept: deque[tuple[int, int, int]] = deque()
            for key in reversed(self._order):
                if left.get(key, 0):
                    left[key] -= 1
                    kept.appendleft(key)
            self._order = kept

    def oldest(self) -> Waiting:
        """Take the one that waited longest, or nearly so; there must be one."""
        while not (some := self._sets.get(key := self._order.popleft())):
            pass
        one = some.popleft()
        if not some:
            del self._sets[key]
        self._count -= 1
        return one

    def take(self, version: int, domain: int, number: int) -> list[Waiting]:
        """Take those of one template, oldest first."""
        some = list(self._sets.pop((version, domain, number), ()))
        self._count -= len(some)
        return some


class Template(msgspec.Struct, frozen=True):
    """One template as it is kept over a restart; fields are (enterprise, element, length)."""

    exporter: str
    domain: int
    version: int
    number: int
    is_options: bool
    fields: tuple[tuple[int, int, int], ...]


class Setting(msgspec.Struct, frozen=True):
    """
    What options data told of an exporter, as it is kept over a restart.

    Args:
        what: "sampler" (*value* is its interval) or "boot" (*value* is the start of the uptime clock, ms UTC).
        number: of the sampler; -1 for the one told of last, 0 for a clock.
    """

    exporter: str
    domain: int
    what: str
    number: int
    value: int


TemplateKey = tuple[int, int, int]
"""Version, domain and number."""


MOST_LEARNED = 1 << 12
"""Changes of one exporter that are told one by one."""


@dataclass(slots=True)
class Learned:
    """
    What changed of templates and settings, so that it is kept before any flow that was read with it.

    Args:
        templates: by exporter, those that came, changed or went.
        whole: exporters of which so many did that all of theirs are meant.
        settings: exporters whose options told something new.
    """

    templates: dict[str, set[TemplateKey]] = field(default_factory=dict)
    whole: set[str] = field(default_factory=set)
    settings: set[str] = field(default_factory=set)

    def __len__(self) -> int:
        return sum(map(len, self.templates.values())) + MOST_LEARNED * len(self.whole) + len(self.settings)

    def template(self, exporter: str, *keys: TemplateKey) -> None:
        """More of them."""
        if exporter in self.whole:
            return
        known = self.templates.setdefault(exporter, set())
        known.update(keys)
        if len(known) > MOST_LEARNED:
            del self.templates[exporter]
            self.whole.add(exporter)


@dataclass(slots=True)
class Counters:
    """
    What became of what one exporter sent.

    Args:
        waiting: data sets without a template now; *dropped* those given up.
        lost_datagrams: gaps in the sequence where it counts datagrams (v9, sFlow); *lost_records* where it counts
            records (v5, v7, IPFIX). A datagram that comes late is taken off again.
        reordered: datagrams that were overtaken by later ones.
        resets: restarts of the exporter, or of its sequence.
        late: records that ended over LATE_MS before they came; *future* over FUTURE_MS after.
        clock_offset_ms: export time less time of receipt, of the last datagram.
    """

    datagrams: int = 0
    records: int = 0
    options: int = 0
    waiting: int = 0
    malformed: int = 0
    dropped: int = 0
    lost_datagrams: int = 0
    lost_records: int = 0
    reordered: int = 0
    resets: int = 0
    late: int = 0
    future: int = 0
    version: int = 0
    last_seen: int = 0
    clock_offset_ms: int = 0


@dataclass(slots=True)
class Stream:
    """
    The sequence numbers of one observation domain.

    Some exporters count datagrams where the protocol says records, and the reverse: after DOUBTS datagrams that
    fit only so it is believed, and what was counted as lost because of it is taken back.
    """

    by_records: bool
    sequence: int = -1
    records: int = 0
    uptime: int = -1
    doubts: int = 0
    doubted: int = 0

    def step(self, header: Header, records: int, counters: Counters) -> None:
        """One more datagram with so many *records* (-1: not known, for its template is missing)."""
        ahead = (header.sequence - self.sequence) & U32
        if self.sequence >= 0 and self._restarted(header):
            counters.resets += 1
        elif self.sequence >= 0 and not (self.by_records and self.records < 0):
            missing = (ahead - (self.records if self.by_records else 1)) & U32
            if missing > U32 - LATE_WINDOW and not self._doubt(ahead, missing, counters):
                counters.reordered += 1
                self._lose(counters, -max(records, 0) if self.by_records else -1)
                return
            if MAX_GAP < missing <= U32 - LATE_WINDOW:
                counters.resets += 1
            elif missing <= MAX_GAP and not self._doubt(ahead, missing, counters):
                self._lose(counters, missing)
        self.sequence, self.records, self.uptime = header.sequence, records, header.uptime

    def run(self, headers: Headers, records: Column, counters: Counters) -> None:
        """Several datagrams in their order, as `step` for each; what follows without a gap is passed over at once."""
        at, counted = 0, not self.by_records
        while at < len(records):
            if counted != self.by_records:
                counted = self.by_records
                follows = self._follows(headers, records)
                gaps = np.flatnonzero(~follows)
            here = headers.one(at)
            self.step(here, int(records[at]), counters)
            at += 1
            if self.sequence != here.sequence:
                continue  # it was overtaken: the next one, too, is held against an earlier one
            place = int(np.searchsorted(gaps, at))
            end = int(gaps[place]) if place < len(gaps) else len(records)
            if end > at:
                if (records[at - 1 : end - 1] > 1).any():
                    self.doubts = self.doubted = 0
                last = headers.one(end - 1)
                self.sequence, self.records, self.uptime = last.sequence, int(records[end - 1]), last.uptime
                at = end

    def _follows(self, headers: Headers, records: Column) -> Column:
        """Which datagrams come right after the one before them; never the first."""
        sequence, uptime = headers.sequence, headers.uptime
        step = records[:-1] if self.by_records else 1
        follows = np.zeros(len(records), bool)
        follows[1:] = ((sequence[1:] - sequence[:-1]) & U32 == step) & (
            uptime[1:] >= uptime[:-1] - RESTART_MS
        )
        return follows

    def _doubt(self, ahead: int, missing: int, counters: Counters) -> bool:
        """Whether the sequence counts the other thing; True when it was just found out."""
        if self.records in (-1, 1) or not missing:
            self.doubts, self.doubted = (
                (0, 0) if not missing and self.records > 1 else (self.doubts, self.doubted)
            )
            return False
        if ahead != (1 if self.by_records else self.records):
            return False
        self.doubts += 1
        if self.doubts < DOUBTS:
            self.doubted += missing if missing <= MAX_GAP else 0
            return False
        self._lose(counters, -self.doubted)
        self.by_records, self.doubts, self.doubted = not self.by_records, 0, 0
        return True

    def _restarted(self, header: Header) -> bool:
        """Its uptime went back, and not because 49.7 days were over."""
        if header.uptime < 0 or self.uptime < 0:
            return False
        return RESTART_MS < self.uptime - header.uptime < (1 << 32) - (1 << 28)

    def _lose(self, counters: Counters, count: int) -> None:
        name = "lost_records" if self.by_records else "lost_datagrams"
        setattr(counters, name, max(0, getattr(counters, name) + count))


@dataclass(slots=True)
class Exporter:
    """The state of one exporter: templates by (version, domain, id), sampling, and what waits."""

    address: str
    counters: Counters = field(default_factory=Counters)
    templates: dict[TemplateKey, Layout] = field(default_factory=dict)
    repeated: set[tuple[int, int, int, bytes]] = field(default_factory=set)
    """Template sets (version, domain, set id, content) that would teach nothing new now."""
    waiting: Waitlist = field(default_factory=Waitlist)
    waiting_bytes: int = 0
    samplers: dict[tuple[int, int], int] = field(default_factory=dict)
    """Sampling interval by (domain, sampler id); sampler -1 is the last one learned."""
    boots: dict[int, int] = field(default_factory=dict)
    """Start of the uptime clock, ms UTC, by domain, where IPFIX options tell it."""
    streams: dict[tuple[int, int], Stream] = field(default_factory=dict)
    """By (version, domain); the first MAX_STREAMS."""

    def forget_templates(self) -> list[TemplateKey]:
        """
        Drop one in sixteen, so that a flood costs little: the oldest by which no record ever came, then those unused for longest.

        None that is at work is among them while there are others.
        """
        keys = nsmallest(-(-len(self.templates) // 16), self.templates, key=lambda key: self.templates[key].used_at)
        for key in keys:
            del self.templates[key]
        return keys

    def kept_templates(self, keys: Iterable[TemplateKey]) -> list[Template]:
        """Those of *keys* that it has, as they are kept."""
        found = [(key, self.templates[key]) for key in keys if key in self.templates]
        return [
            Template(self.address, domain, version, number, layout.is_options, layout.fields)
            for (version, domain, number), layout in found
        ]

    def settings(self) -> list[Setting]:
        """What its options data told."""
        samplers = [
            Setting(self.address, at, "sampler", number, value)
            for (at, number), value in self.samplers.items()
        ]
        return [*samplers, *(Setting(self.address, at, "boot", 0, value) for at, value in self.boots.items())]

    def follow(self, domain: int, header: Header, records: int) -> None:
        """Note the sequence and the clock of one datagram; *records* are -1 where they are not known."""
        self.note_clock(header)
        if stream := self._stream(header.version, domain):
            stream.step(header, records, self.counters)

    def follow_all(self, domain: int, headers: Headers, records: Column) -> None:
        """Note the sequences of several datagrams in their order, whose records are known."""
        if stream := self._stream(headers.version, domain):
            stream.run(headers, records, self.counters)

    def note_clock(self, header: Header) -> None:
        """How far its clock is from ours, by the newest datagram."""
        if header.received:
            self.counters.clock_offset_ms = header.exported - header.received if header.exported else 0

    def _stream(self, version: int, domain: int) -> Stream | None:
        stream = self.streams.get((version, domain))
        if stream is None and len(self.streams) < MAX_STREAMS:
            stream = self.streams[version, domain] = Stream(version in (5, 7, 10))
        return stream
