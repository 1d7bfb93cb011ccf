"""NetFlow v1, v5, v7, v9 (RFC 3954), IPFIX (RFC 7011) and sFlow: datagrams in, columns out; bounded, and never a crash."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import fields as fields_of
from functools import partial
from typing import Any

import numpy as np

from netops.core.datagrams import Datagram, Datagrams, gathered
from netops.egress import complete, fixed, lists, samples, sampling, sflow, specifiers
from netops.egress.bulk import Bulk, Key
from netops.egress.exporter import (
    Counters,
    DataSet,
    Exporter,
    Header,
    Headers,
    Learned,
    Setting,
    Template,
    Waiting,
)
from netops.egress.flows import JUDGED, Column, Flows
from netops.egress.sets import Sets, joined, of_parts
from netops.egress.template import LISTS, RAW, Field, Layout, application, objects

MAX_EXPORTERS = 4096
MAX_TEMPLATES = 1024
"""Templates kept for one exporter; the oldest that were never used go first."""
WAITING_BYTES = 1 << 20
"""Data without a template kept for one exporter; the oldest goes first."""
WAITING_BYTES_IN_ALL = 64 << 20
FEW = 8
"""Datagrams that are read one by one, since columns would cost more."""
WANTED = (
    frozenset(JUDGED)
    | sampling.NAMES
    | {"boot", "duration", "reverse_packets", "reverse_bytes", "out_packets", "out_bytes"}
    | {"initial_tcp_flags", "reverse_tcp_flags", "reverse_initial_tcp_flags"}
)
STATES = ("waiting", "version", "last_seen", "clock_offset_ms")
Sample = tuple[Header, int, dict[str, Any]]


class Decoder:
    """
    Turns datagrams into columns.

    Args:
        everything: True for every field that was sent (for `egress decode`), False for those that judging needs.
        options: True to give out options data too, as flows with a column *options*; only for people.
    """

    def __init__(self, *, everything: bool = False, options: bool = False) -> None:
        self.everything, self.options = everything, options
        self.exporters: dict[str, Exporter] = {}
        self.learned = Learned()
        """What changed of templates and settings since it was kept."""
        self._waiting_bytes = 0
        self._ordinal = 0
        self._found: dict[Key, list[DataSet]] = {}
        self._samples: dict[tuple[str, frozenset[str]], list[Sample]] = {}
        self._described: list[Flows] = []
        self._rows = 0
        """Records of the datagram in hand; -1 when some of them are not known."""
        self._followed = False
        """Whether the sequences of sFlow v5 in the batch in hand are noted already."""
        self._is_known = True
        """Whether the template set in hand taught nothing new."""

    def feed(self, datagrams: Datagrams | Iterable[tuple[str, int, bytes]]) -> list[Flows]:
        """
        Decode a batch of datagrams; single ones are (exporter address, time of receipt in ms UTC, datagram).

        Records of the same exporter, domain and template are decoded together; the order of all
        records is in the column *ordinal*. Malformed datagrams are counted, never raised.
        """
        self._found, self._samples, self._described = {}, {}, []
        bulk, flows = Bulk(), list[Flows]()
        if not isinstance(datagrams, Datagrams):
            datagrams = gathered(list(datagrams))
        if self.everything or len(datagrams) < FEW:
            for one in datagrams.each():
                if exporter := self._exporter(one.exporter):
                    self._single(exporter, one)
        else:
            flows, rest = self._sampled_in_bulk(datagrams)
            bulk.take(rest, self._exporter, self._single)
        for (address, domain, layout, _), sets in self._together(bulk).items():
            flows += self._both_ways(self._decode(self.exporters[address], domain, layout, sets))
        flows += [
            self._sampled(self.exporters[address], samples) for (address, _), samples in self._samples.items()
        ]
        flows += self._described
        self._found, self._samples, self._described = {}, {}, []
        return [one for one in flows if len(one)]

    def _sampled_in_bulk(self, batch: Datagrams) -> tuple[list[Flows], Datagrams]:
        """The records of plain sFlow datagrams; and the datagrams that are left."""
        found = samples.read(batch)
        self._followed = found is not None
        if found is None:
            return [], batch
        flows, of_record = [], found.rows[found.of]
        for place in np.unique(batch.exporter[found.rows]).tolist():
            exporter = self._exporter(batch.exporters[place])
            if exporter is None:
                continue
            mine = np.flatnonzero(batch.exporter[found.rows] == place)
            plain = mine[found.plain[mine]]
            rows = np.flatnonzero(batch.exporter[of_record] == place)
            columns = {name: column[rows] for name, column in found.columns.items()}
            columns["received"] = batch.received[of_record[rows]]
            flows.append(Flows(exporter.address, columns))
            exporter.counters.datagrams += len(plain)
            exporter.counters.records += len(rows)
            exporter.counters.options += int(found.counters[plain].sum())
            if len(plain):
                exporter.counters.version = -5
                exporter.counters.last_seen = int(batch.received[found.rows[plain[-1]]])
            numbered = mine[found.is_numbered[mine]]
            for agent in np.unique(found.agent[numbered]).tolist():
                some = numbered[found.agent[numbered] == agent]
                headers = Headers(-5, found.sequence[some], np.zeros(len(some), np.int64), found.uptime[some],
                                  batch.received[found.rows[some]])  # fmt: skip
                exporter.follow_all(agent, headers, np.full(len(some), -1, np.int64))
        return flows, batch.without(found.rows[found.plain])

    def _exporter(self, address: str) -> Exporter | None:
        """The state of an exporter; None when there are too many."""
        exporter = self.exporters.get(address)
        if exporter is None and len(self.exporters) < MAX_EXPORTERS:
            exporter = self.exporters[address] = Exporter(address)
        return exporter

    def _single(self, exporter: Exporter, one: Datagram) -> None:
        """Take one datagram apart by itself."""
        exporter.counters.datagrams += 1
        exporter.counters.last_seen = one.received
        if not self._datagram(exporter, one.received, one.payload):
            exporter.counters.malformed += 1

    def _together(self, bulk: Bulk) -> dict[Key, Sets]:
        """The data sets that came one by one and those that came in bulk."""
        every = {key: [of_parts(parts, key[2].dtype)] for key, parts in self._found.items()}
        for key, sets in bulk.sets():
            every.setdefault(key, []).append(sets)
        return {key: joined(several) for key, several in every.items()}

    def totals(self) -> Counters:
        """The counters of all exporters together."""
        total = Counters()
        for exporter in self.exporters.values():
            for one in fields_of(Counters):
                if one.name not in STATES or one.name == "waiting":
                    setattr(total, one.name, getattr(total, one.name) + getattr(exporter.counters, one.name))
        return total

    # ---- templates over a restart
    def templates(self) -> list[Template]:
        """Every template known, as it is kept."""
        return [one for exporter in self.exporters.values() for one in exporter.kept_templates(exporter.templates)]

    def settings(self) -> list[Setting]:
        """What options data told of every exporter, as it is kept."""
        return [one for exporter in self.exporters.values() for one in exporter.settings()]

    def kept_of(self, learned: Learned) -> tuple[list[Template], list[Setting]]:
        """Those of the templates that changed which are still there, and the settings of exporters that told others."""
        templates, settings = list[Template](), list[Setting]()
        for address, keys in learned.templates.items():
            templates += self.exporters[address].kept_templates(keys)
        for address in learned.whole:
            templates += self.exporters[address].kept_templates(self.exporters[address].templates)
        for address in learned.settings:
            settings += self.exporters[address].settings()
        return templates, settings

    def restore(self, templates: Iterable[Template], settings: Iterable[Setting] = ()) -> None:
        """Take over templates and settings that were kept; what exporters send later replaces them."""
        for one in templates:
            if len(self.exporters) >= MAX_EXPORTERS and one.exporter not in self.exporters:
                continue
            exporter = self.exporters.setdefault(one.exporter, Exporter(one.exporter))
            layout = Layout(one.number, tuple(Field(*item) for item in one.fields), is_options=one.is_options)
            layout.used_at = 1  # a flood of new ones pushes none of them out
            exporter.templates[one.version, one.domain, one.number] = layout
        for told in settings:
            known = self.exporters.get(told.exporter)
            if known and told.what == "boot":
                known.boots[told.domain] = told.value
            elif known:
                known.samplers[told.domain, told.number] = told.value

    # ---- one datagram
    def _datagram(self, exporter: Exporter, received: int, data: bytes) -> bool:
        """Take one datagram apart; False when any of it was malformed."""
        version = int.from_bytes(data[:2], "big")
        self._rows = 0
        if version in fixed.SHAPES:
            return self._fixed(exporter, version, received, data)
        if version == 9 and len(data) >= 20:
            exporter.counters.version = 9
            uptime, seconds, sequence, domain = struct.unpack_from(">IIII", data, 4)
            header = Header(9, sequence, seconds * 1000, uptime, received)
            whole = self._sets(exporter, domain, header, data[20:])
            exporter.follow(domain, header, self._rows)
            return whole
        if version == 10 and len(data) >= 16:
            return self._message(exporter, received, data)
        if sflow.is_sflow(data):
            return self._sflow(exporter, received, data)
        return False

    def _fixed(self, exporter: Exporter, version: int, received: int, data: bytes) -> bool:
        """NetFlow v1, v5, v7; of a count and a length that disagree the lesser holds."""
        read = fixed.read(version, received, data)
        if read is None:
            return False
        exporter.counters.version = version
        self._take(exporter, read.domain, read.layout, read.header, read.body)
        if version != 1:
            exporter.follow(read.domain, read.header, read.rows)
        return read.whole

    def _message(self, exporter: Exporter, received: int, data: bytes) -> bool:
        """One IPFIX message; what follows it in the datagram is none (RFC 7011 §10.3.3)."""
        exporter.counters.version = 10
        length, seconds, sequence, domain = struct.unpack_from(">HIII", data, 2)
        body = data[16:length] if 16 <= length <= len(data) else data[16:]
        header = Header(10, sequence, seconds * 1000, -1, received)
        whole = self._sets(exporter, domain, header, body)
        exporter.follow(domain, header, self._rows)
        return whole and length == len(data)

    def _sflow(self, exporter: Exporter, received: int, data: bytes) -> bool:
        read = sflow.read(data)
        exporter.counters.version = -read.version
        header = Header(-read.version, read.sequence, 0, read.uptime, received)
        for row in read.rows:
            if self.everything and read.address:
                row["exporter_hi"], row["exporter_lo"] = read.address
            self._samples.setdefault((exporter.address, frozenset(row)), []).append(
                (header, self._ordinal, row)
            )
            self._ordinal += 1
        exporter.counters.records += len(read.rows)
        exporter.counters.options += read.counters
        if read.has_header and not (self._followed and read.version == 5):
            exporter.follow(read.agent, header, -1)
        return read.whole

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
                self._is_known = True
                sound = self._template_set(
                    exporter, domain, header.version, content, is_options=number == expected[1]
                )
                if sound and self._is_known and len(exporter.repeated) < MAX_TEMPLATES:
                    exporter.repeated.add((header.version, domain, number, content))
                whole &= sound
            elif number >= 256:
                layout = exporter.templates.get((header.version, domain, number))
                if layout is None:
                    self._rows = -1
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
        if self._rows >= 0:
            self._rows += rows
        if rows:
            layout.used_at = exporter.counters.datagrams + 1
            self._found.setdefault((exporter.address, domain, layout, header.sampling), []).append(
                DataSet(header, body, rows, self._ordinal, texts)
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
        """Learn what a template set says; False when some of it could not be read."""
        taught, sound = specifiers.read(version, body, is_options=is_options)
        for number, fields in taught:
            if fields:
                self._learn(exporter, domain, version, number, fields, is_options=is_options)
            else:
                self._withdraw(exporter, domain, number, is_options=is_options)
        return sound

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
            self._is_known = False
            layout = Layout(number, fields, is_options=is_options)
            if layout.minimum == 0:
                exporter.counters.malformed += 1
                return
            exporter.templates.pop(key, None)
            if len(exporter.templates) >= MAX_TEMPLATES:
                self.learned.template(exporter.address, *exporter.forget_templates())
            exporter.templates[key] = layout
            exporter.repeated.clear()
            self.learned.template(exporter.address, key)
        if exporter.waiting:
            self._serve(exporter, domain, version, number)

    def _withdraw(self, exporter: Exporter, domain: int, number: int, *, is_options: bool) -> None:
        """RFC 7011 §8.1: one template, or all of the kind when the id is the set's own."""
        self._is_known = False
        exporter.repeated.clear()
        for key in list(exporter.templates):
            version, at_domain, one = key
            if version != 10 or at_domain != domain:
                continue
            if one == number or (number in (2, 3) and exporter.templates[key].is_options == is_options):
                del exporter.templates[key]
                self.learned.template(exporter.address, key)

    # ---- data without a template
    def _wait(self, exporter: Exporter, one: Waiting) -> None:
        size = len(one.body) + 64
        exporter.waiting.add(one)
        exporter.waiting_bytes += size
        self._waiting_bytes += size
        while exporter.waiting_bytes > WAITING_BYTES:
            self._give_up(exporter)
        while self._waiting_bytes > WAITING_BYTES_IN_ALL:
            self._give_up(max(self.exporters.values(), key=lambda each: each.waiting_bytes))
        exporter.counters.waiting = len(exporter.waiting)

    def _give_up(self, exporter: Exporter) -> None:
        one = exporter.waiting.oldest()
        exporter.waiting_bytes -= len(one.body) + 64
        self._waiting_bytes -= len(one.body) + 64
        exporter.counters.dropped += 1
        exporter.counters.waiting = len(exporter.waiting)

    def _serve(self, exporter: Exporter, domain: int, version: int, number: int) -> None:
        """Decode what waited for this template."""
        served = exporter.waiting.take(version, domain, number)
        if not served:
            return
        layout, rows = exporter.templates[version, domain, number], self._rows
        for one in served:
            exporter.waiting_bytes -= len(one.body) + 64
            self._waiting_bytes -= len(one.body) + 64
            if not self._take(exporter, domain, layout, one.header, one.body):
                exporter.counters.malformed += 1
        self._rows = rows  # those were of earlier datagrams
        exporter.counters.waiting = len(exporter.waiting)

    # ---- columns
    def _decode(self, exporter: Exporter, domain: int, layout: Layout, sets: Sets) -> Flows:
        rows = sets.records
        context = complete.context(exporter, domain, sets)
        columns, absent = layout.columns(rows, context, None if self.everything else WANTED), dict[str, Column]()
        if layout.has_packets:
            columns |= complete.packets(layout, rows, sets, context)
        if listed := {name: sets.texts[name] for name in LISTS.values() if name in sets.texts}:
            known = partial(self._template_of, exporter, sets.version, domain)
            absent = lists.fill(columns, listed, known, context, None if self.everything else WANTED)
        complete.durations(columns)
        complete.outgoing(columns, shown=self.everything)
        complete.flags(columns, shown=self.everything)
        if not layout.is_options:
            sampling.settle(columns, exporter, domain, sets, rows.size)
        for name in ("boot", "scope_if", "frame_type"):
            columns.pop(name, None)
        columns["received"] = sets.each(sets.received)
        if not layout.is_options:
            complete.punctual(exporter.counters, columns)
        if self.everything:
            self._tell(layout, sets, columns)
        return Flows(exporter.address, columns, absent)

    def _template_of(self, exporter: Exporter, version: int, domain: int, number: int) -> Layout | None:
        return exporter.templates.get((version, domain, number))

    def _both_ways(self, flows: Flows) -> list[Flows]:
        """For judging, what records of both directions say of the other one stands beside them."""
        back = {} if self.everything else complete.way_back(flows.columns)
        return [flows, Flows(flows.exporter, back)] if back else [flows]

    def _tell(self, layout: Layout, sets: Sets, columns: dict[str, Column]) -> None:
        """What only people ask for: version, template, sequence, order, and variable texts."""
        size = int(sets.rows.sum())
        columns["version"] = np.full(size, sets.version)
        if layout.number:
            columns["template"] = np.full(size, layout.number)
        if sets.version != 1:
            columns["seq"] = sets.each(sets.sequence)
        before = sets.each(np.cumsum(sets.rows) - sets.rows)
        columns["ordinal"] = sets.each(sets.ordinal) + np.arange(size) - before
        if not layout.is_options:
            complete.icmp(columns)
        for name in sorted(set(layout.texts.values()) - RAW):
            values = sets.texts.get(name, [])
            if len(values) == size:
                known = name.removesuffix("_id")
                texts = objects(
                    [application(value) if value else b"" for value in values] if known != name else values
                )
                columns[known] = np.where(texts == "", columns[known], texts) if known in columns else texts

    def _sampled(self, exporter: Exporter, samples: list[Sample]) -> Flows:
        """Flow samples of sFlow that tell the same fields."""
        names = [name for name in samples[0][2] if self.everything or name in WANTED]
        columns: dict[str, Column] = {}
        for name in names:
            values = [row[name] for _, _, row in samples]
            columns[name] = np.array(values, object if name == "user" else np.uint64)
        columns["received"] = np.array([header.received for header, _, _ in samples], np.int64)
        if self.everything:
            columns["version"] = np.array([-header.version for header, _, _ in samples])
            columns["seq"] = np.array([header.sequence for header, _, _ in samples])
            columns["ordinal"] = np.array([ordinal for _, ordinal, _ in samples])
        return Flows(exporter.address, columns)

    def _decode_before(
        self, exporter: Exporter, domain: int, boots: dict[int, int], samplers: dict[tuple[int, int], int]
    ) -> None:
        """Where options took something back that they had told before, what came until then is read as it was told then."""
        now = exporter.boots, exporter.samplers
        if boots.items() <= now[0].items() and samplers.items() <= now[1].items():
            return
        exporter.boots, exporter.samplers = boots, samplers
        for key in [key for key in self._found if key[:2] == (exporter.address, domain)]:
            sets = of_parts(self._found.pop(key), key[2].dtype)
            self._described += self._both_ways(self._decode(exporter, domain, key[2], sets))
        exporter.boots, exporter.samplers = now

    def _flush_options(self, exporter: Exporter, domain: int, layout: Layout) -> None:
        """Learn from options data at once, so that the flows after it are read with it."""
        sets = of_parts(self._found.pop((exporter.address, domain, layout, 0)), layout.dtype)
        rows = sets.records
        columns = layout.columns(rows, complete.context(exporter, domain, sets), sampling.TOLD | {"boot"})
        boots, samplers = dict(exporter.boots), dict(exporter.samplers)
        boot = int(columns["boot"][-1]) if "boot" in columns else 0
        if boot and (domain in boots or len(boots) < MAX_TEMPLATES):
            exporter.boots[domain] = boot
        sampling.learn(columns, exporter, domain, len(rows))
        if (boots, samplers) != (exporter.boots, exporter.samplers):
            self.learned.settings.add(exporter.address)
            self._decode_before(exporter, domain, boots, samplers)
        if self.options and self.everything:
            described = self._decode(exporter, domain, layout, sets)
            described.columns["options"] = np.ones(len(rows), bool)
            self._described.append(described)
