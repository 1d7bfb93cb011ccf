"""NetFlow v5, v9 (RFC 3954) and IPFIX (RFC 7011): datagrams in, columns out; bounded, and never a crash."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec
import numpy as np

from netops.egress import frame
from netops.egress.flows import JUDGED, Column, Flows
from netops.egress.template import V5, VARIABLE, Context, Field, Layout, objects

MAX_EXPORTERS = 4096
MAX_TEMPLATES = 1024
"""Templates kept for one exporter; the oldest goes first."""
MAX_FIELDS = 512
WAITING_BYTES = 1 << 20
"""Data without a template kept for one exporter; the oldest goes first."""
WAITING_BYTES_IN_ALL = 64 << 20
WANTED = frozenset(JUDGED) | {"sampler", "boot"}
U32 = (1 << 32) - 1


class Header(NamedTuple):
    """What one datagram says about itself; *uptime* is -1 where the protocol has none."""

    version: int
    sequence: int
    exported: int
    uptime: int
    received: int
    sampling: int = 0


class Part(NamedTuple):
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


class Template(msgspec.Struct, frozen=True):
    """One template as it is kept over a restart; fields are (enterprise, element, length)."""

    exporter: str
    domain: int
    version: int
    number: int
    is_options: bool
    fields: tuple[tuple[int, int, int], ...]


@dataclass(slots=True)
class Counters:
    """What became of what one exporter sent; *waiting* is data sets without a template now, *dropped* those given up."""

    datagrams: int = 0
    records: int = 0
    options: int = 0
    waiting: int = 0
    malformed: int = 0
    dropped: int = 0
    version: int = 0
    last_seen: int = 0


@dataclass(slots=True)
class Exporter:
    """The state of one exporter: templates by (version, domain, id), sampling, and what waits."""

    address: str
    counters: Counters = field(default_factory=Counters)
    templates: dict[tuple[int, int, int], Layout] = field(default_factory=dict)
    waiting: deque[Waiting] = field(default_factory=deque)
    waiting_bytes: int = 0
    samplers: dict[tuple[int, int], int] = field(default_factory=dict)
    """Sampling interval by (domain, sampler id); sampler -1 is the last one learned."""
    boots: dict[int, int] = field(default_factory=dict)
    """Start of the uptime clock, ms UTC, by domain, where IPFIX options tell it."""


class Decoder:
    """
    Turns datagrams into columns.

    Args:
        everything: True for every field that was sent (for `egress decode`), False for those that judging needs.
    """

    def __init__(self, *, everything: bool = False) -> None:
        self.everything = everything
        self.exporters: dict[str, Exporter] = {}
        self.templates_changed = False
        self._waiting_bytes = 0
        self._ordinal = 0
        self._parts: dict[tuple[str, int, Layout], list[Part]] = {}

    def feed(self, datagrams: Iterable[tuple[str, int, bytes]]) -> list[Flows]:
        """
        Decode a batch of (exporter address, time of receipt in ms UTC, datagram).

        Records of the same exporter, domain and template are decoded together; the order of all
        records is in the column *ordinal*. Malformed datagrams are counted, never raised.
        """
        self._parts = {}
        for address, received, datagram in datagrams:
            exporter = self.exporters.get(address)
            if exporter is None:
                if len(self.exporters) >= MAX_EXPORTERS:
                    continue
                exporter = self.exporters[address] = Exporter(address)
            exporter.counters.datagrams += 1
            exporter.counters.last_seen = received
            if not self._datagram(exporter, received, datagram):
                exporter.counters.malformed += 1
        flows = [
            self._decode(self.exporters[address], domain, layout, parts)
            for (address, domain, layout), parts in self._parts.items()
        ]
        self._parts = {}
        return [one for one in flows if len(one)]

    def totals(self) -> Counters:
        """The counters of all exporters together."""
        total = Counters()
        for exporter in self.exporters.values():
            for name in ("datagrams", "records", "options", "waiting", "malformed", "dropped"):
                setattr(total, name, getattr(total, name) + getattr(exporter.counters, name))
        return total

    # ---- templates over a restart
    def templates(self) -> list[Template]:
        """Every template known, as it is kept."""
        return [
            Template(
                exporter.address,
                domain,
                version,
                number,
                layout.is_options,
                tuple((one.enterprise, one.element, one.length) for one in layout.fields),
            )
            for exporter in self.exporters.values()
            for (version, domain, number), layout in exporter.templates.items()
        ]

    def restore(self, templates: Iterable[Template]) -> None:
        """Take over templates that were kept; what exporters send later replaces them."""
        for one in templates:
            if len(self.exporters) >= MAX_EXPORTERS and one.exporter not in self.exporters:
                continue
            exporter = self.exporters.setdefault(one.exporter, Exporter(one.exporter))
            layout = Layout(one.number, tuple(Field(*item) for item in one.fields), is_options=one.is_options)
            exporter.templates[one.version, one.domain, one.number] = layout

    # ---- one datagram
    def _datagram(self, exporter: Exporter, received: int, data: bytes) -> bool:
        """Take one datagram apart; False when any of it was malformed."""
        version = int.from_bytes(data[:2], "big")
        if version == 5 and len(data) >= 24:
            exporter.counters.version = 5
            return self._v5(exporter, received, data)
        if version == 9 and len(data) >= 20:
            exporter.counters.version = 9
            uptime, seconds, sequence, domain = struct.unpack_from(">IIII", data, 4)
            return self._sets(
                exporter, domain, Header(9, sequence, seconds * 1000, uptime, received), data[20:]
            )
        if version == 10 and len(data) >= 16:
            exporter.counters.version = 10
            length, seconds, sequence, domain = struct.unpack_from(">HIII", data, 2)
            body = data[16:length] if 16 <= length <= len(data) else data[16:]
            whole = self._sets(exporter, domain, Header(10, sequence, seconds * 1000, -1, received), body)
            return whole and length == len(data)
        return False

    def _v5(self, exporter: Exporter, received: int, data: bytes) -> bool:
        count: int
        count, uptime, seconds, nanoseconds, sequence = struct.unpack_from(">HIIII", data, 2)
        engine, sampling = struct.unpack_from(">HH", data, 20)
        rows = min(count, (len(data) - 24) // 48)
        exported = seconds * 1000 + min(nanoseconds, 999_999_999) // 1_000_000
        header = Header(5, sequence, exported, uptime, received, sampling & 0x3FFF)
        self._take(exporter, engine, V5, header, data[24 : 24 + rows * 48])
        return rows == count

    def _sets(self, exporter: Exporter, domain: int, header: Header, body: bytes) -> bool:
        at, whole = 0, True
        while len(body) - at >= 4:
            number, length = struct.unpack_from(">HH", body, at)
            if length < 4:
                return whole and not any(body[at:])
            content = body[at + 4 : at + length]
            whole &= at + length <= len(body)
            at += length
            if number in (0, 1, 2, 3):
                expected = (0, 1) if header.version == 9 else (2, 3)
                if number not in expected:
                    whole = False
                    continue
                whole &= self._template_set(
                    exporter, domain, header.version, content, is_options=number == expected[1]
                )
            elif number >= 256:
                layout = exporter.templates.get((header.version, domain, number))
                if layout is None:
                    self._wait(exporter, Waiting(domain, number, header, content))
                else:
                    whole &= self._take(exporter, domain, layout, header, content)
            else:
                whole = False
        return whole

    def _take(self, exporter: Exporter, domain: int, layout: Layout, header: Header, body: bytes) -> bool:
        """Put the whole records of a data set aside for decoding together; False when the end was ragged."""
        texts: dict[str, list[Any]] = {}
        whole = True
        if layout.is_variable:
            fixed, texts, whole = layout.split(body, self.everything)
            rows, body = len(fixed), fixed.tobytes()
        else:
            rows = len(body) // layout.minimum
            body = body[: rows * layout.minimum]
        if rows:
            self._parts.setdefault((exporter.address, domain, layout), []).append(
                Part(header, body, rows, self._ordinal, texts)
            )
            self._ordinal += rows
        if layout.is_options:
            exporter.counters.options += rows
            if rows:
                self._flush_options(exporter, domain, layout)
        else:
            exporter.counters.records += rows
        return whole

    # ---- templates
    def _template_set(
        self, exporter: Exporter, domain: int, version: int, body: bytes, *, is_options: bool
    ) -> bool:
        at = 0
        while len(body) - at >= 4:
            number, count = struct.unpack_from(">HH", body, at)
            if number == 0 and not any(body[at:]):
                return True
            at += 4
            if count == 0 and version == 10:
                self._withdraw(exporter, domain, number, is_options=is_options)
                continue
            scopes = 0
            if is_options:
                if len(body) - at < 2:
                    return False
                scopes = int.from_bytes(body[at : at + 2], "big")
                at += 2
                if version == 9:
                    # RFC 3954 §6.1: here the lengths of both parts in bytes, scopes first.
                    scopes, count = count // 4, count // 4 + scopes // 4
            if number < 256 or not 0 < count <= MAX_FIELDS:
                return False
            fields, at = _fields(body, at, count, version, scopes)
            if fields is None:
                return False
            self._learn(exporter, domain, version, number, fields, is_options=is_options)
        return True

    def _learn(
        self,
        exporter: Exporter,
        domain: int,
        version: int,
        number: int,
        fields: tuple[Field, ...],
        *,
        is_options: bool,
    ) -> None:
        key = (version, domain, number)
        known = exporter.templates.get(key)
        if known is None or known.fields != fields or known.is_options != is_options:
            layout = Layout(number, fields, is_options=is_options)
            if layout.minimum == 0:
                exporter.counters.malformed += 1
                return
            exporter.templates.pop(key, None)
            while len(exporter.templates) >= MAX_TEMPLATES:
                exporter.templates.pop(next(iter(exporter.templates)))
            exporter.templates[key] = layout
            self.templates_changed = True
        if exporter.waiting:
            self._serve(exporter, domain, version, number)

    def _withdraw(self, exporter: Exporter, domain: int, number: int, *, is_options: bool) -> None:
        """RFC 7011 §8.1: one template, or all of the kind when the id is the set's own."""
        for key in list(exporter.templates):
            version, at_domain, one = key
            if version != 10 or at_domain != domain:
                continue
            if one == number or (number in (2, 3) and exporter.templates[key].is_options == is_options):
                del exporter.templates[key]
                self.templates_changed = True

    # ---- data without a template
    def _wait(self, exporter: Exporter, one: Waiting) -> None:
        size = len(one.body) + 64
        exporter.waiting.append(one)
        exporter.waiting_bytes += size
        self._waiting_bytes += size
        while exporter.waiting_bytes > WAITING_BYTES:
            self._give_up(exporter)
        while self._waiting_bytes > WAITING_BYTES_IN_ALL:
            self._give_up(max(self.exporters.values(), key=lambda each: each.waiting_bytes))
        exporter.counters.waiting = len(exporter.waiting)

    def _give_up(self, exporter: Exporter) -> None:
        one = exporter.waiting.popleft()
        exporter.waiting_bytes -= len(one.body) + 64
        self._waiting_bytes -= len(one.body) + 64
        exporter.counters.dropped += 1
        exporter.counters.waiting = len(exporter.waiting)

    def _serve(self, exporter: Exporter, domain: int, version: int, number: int) -> None:
        """Decode what waited for this template."""

        def wanted(one: Waiting) -> bool:
            return one.domain == domain and one.number == number and one.header.version == version

        served = [one for one in exporter.waiting if wanted(one)]
        if not served:
            return
        exporter.waiting = deque(one for one in exporter.waiting if not wanted(one))
        layout = exporter.templates[version, domain, number]
        for one in served:
            exporter.waiting_bytes -= len(one.body) + 64
            self._waiting_bytes -= len(one.body) + 64
            if not self._take(exporter, domain, layout, one.header, one.body):
                exporter.counters.malformed += 1
        exporter.counters.waiting = len(exporter.waiting)

    # ---- columns
    def _decode(self, exporter: Exporter, domain: int, layout: Layout, parts: list[Part]) -> Flows:
        counts = np.array([part.rows for part in parts])
        rows = np.frombuffer(b"".join(part.body for part in parts), layout.dtype)
        context = self._context(exporter, domain, parts, counts)
        columns = layout.columns(rows, context, None if self.everything else WANTED)
        columns.pop("boot", None)
        if "frame" in layout.texts.values():
            columns |= frame.columns(one for part in parts for one in part.texts["frame"])
        self._sampling(exporter, domain, parts, counts, columns)
        columns["received"] = np.repeat(np.array([part.header.received for part in parts], np.int64), counts)
        if self.everything:
            self._tell(layout, parts, counts, columns)
        return Flows(exporter.address, columns)

    def _tell(self, layout: Layout, parts: list[Part], counts: Column, columns: dict[str, Column]) -> None:
        """What only people ask for: version, template, sequence, order, and variable texts."""
        columns["version"] = np.repeat(np.array([part.header.version for part in parts]), counts)
        if layout.number:
            columns["template"] = np.full(int(counts.sum()), layout.number)
        columns["seq"] = np.repeat(np.array([part.header.sequence for part in parts]), counts)
        columns["ordinal"] = np.concatenate(
            [np.arange(part.ordinal, part.ordinal + part.rows) for part in parts]
        )
        _icmp(columns)
        for name in set(layout.texts.values()):
            values = [value for part in parts for value in part.texts.get(name, [])]
            if len(values) == int(counts.sum()) and name in ("app", "user"):
                columns[name] = objects(values)

    def _context(self, exporter: Exporter, domain: int, parts: list[Part], counts: Column) -> Context:
        exported = np.repeat(np.array([part.header.exported for part in parts], np.int64), counts)
        if parts[0].header.uptime >= 0:
            return Context(
                exported, np.repeat(np.array([part.header.uptime for part in parts], np.int64), counts)
            )
        boot = exporter.boots.get(domain)
        return Context(exported, None if boot is None else exported - boot)

    def _sampling(
        self, exporter: Exporter, domain: int, parts: list[Part], counts: Column, columns: dict[str, Column]
    ) -> None:
        """The record's own interval; else its sampler's, as options told; else the header's (v5)."""
        sampler = columns.pop("sampler", None)
        columns.pop("sampling_space", None)
        told = columns.get("sampling_interval")
        if not self.everything:
            return
        if parts[0].header.version == 5:
            columns["sampling_interval"] = np.repeat(
                np.array([part.header.sampling for part in parts], np.uint64), counts
            )
        elif told is None or not told.any():
            known = {number: interval for (at, number), interval in exporter.samplers.items() if at == domain}
            if sampler is not None and any(int(one) in known for one in np.unique(sampler)):
                columns["sampling_interval"] = np.array(
                    [known.get(int(one), 0) for one in sampler], np.uint64
                )
            elif -1 in known:
                columns["sampling_interval"] = np.full(int(counts.sum()), known[-1], np.uint64)

    def _flush_options(self, exporter: Exporter, domain: int, layout: Layout) -> None:
        """Learn from options data at once, so that the flows after it are read with it."""
        parts = self._parts.pop((exporter.address, domain, layout))
        counts = np.array([part.rows for part in parts])
        rows = np.frombuffer(b"".join(part.body for part in parts), layout.dtype)
        columns = layout.columns(
            rows,
            self._context(exporter, domain, parts, counts),
            frozenset({"sampling_interval", "sampling_space", "sampler", "boot"}),
        )
        if "boot" in columns and int(columns["boot"][-1]):
            exporter.boots[domain] = int(columns["boot"][-1])
        intervals = columns.get("sampling_interval")
        if intervals is None:
            return
        space = columns.get("sampling_space")
        if space is not None:
            intervals = np.where(intervals > 0, (intervals + space) // np.maximum(intervals, 1), 0)
        numbers = columns.get("sampler", np.full(len(intervals), -1))
        for number, interval in zip(numbers.tolist(), intervals.tolist(), strict=True):
            if interval and len(exporter.samplers) < MAX_TEMPLATES:
                exporter.samplers[domain, number] = exporter.samplers[domain, -1] = interval


def _icmp(columns: dict[str, Column]) -> None:
    """ICMP type and code out of what carries them: their own pair, or by custom the destination port; -1 where none."""
    if "icmp_type" in columns:
        return
    pair = columns.get("icmp_typecode")
    if pair is None and "proto" in columns and "dport" in columns:
        icmp = np.isin(columns["proto"], (1, 58))
        if not icmp.any():
            return
        pair = np.where(icmp, columns["dport"].astype(np.int64), -1)
    if pair is not None:
        known = pair.astype(np.int64) >= 0
        columns["icmp_type"] = np.where(known, pair.astype(np.int64) >> 8, -1)
        columns["icmp_code"] = np.where(known, pair.astype(np.int64) & 0xFF, -1)


def _fields(
    body: bytes, at: int, count: int, version: int, scopes: int
) -> tuple[tuple[Field, ...] | None, int]:
    """The field specifiers of one template, or None when they are cut."""
    fields = []
    for place in range(count):
        if len(body) - at < 4:
            return None, at
        element, length = struct.unpack_from(">HH", body, at)
        at += 4
        enterprise = 0
        if version == 10 and element & 0x8000:
            if len(body) - at < 4:
                return None, at
            element, enterprise = element & 0x7FFF, int.from_bytes(body[at : at + 4], "big")
            at += 4
        elif version == 9 and place < scopes:
            enterprise = -1  # a scope's type is no element (RFC 3954 §6.1)
        if length == VARIABLE and version == 9:
            return None, at
        fields.append(Field(enterprise, element, length))
    return tuple(fields), at
