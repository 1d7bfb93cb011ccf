"""Datagrams in bulk: the same records and the same counters as one by one, whatever comes in whatever order."""

from __future__ import annotations

import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.egress import netflow
from netops.egress.classify import Direct
from netops.egress.flows import JUDGED, Batch, grouped, merged
from netops.egress.netflow import Decoder
from tests.egress.exporter import FIVE_TUPLE, a_set, ipfix, template, v5, v9, values

NOW = 1_790_000_000_000
SHORT = ((8, 4), (12, 4), (2, 4))
RECORD = values(FIVE_TUPLE, "10.20.0.1", "192.0.2.1", 1, 2, 6, 3, 400, 1, 5, 6)
SHORT_RECORD = values(SHORT, "10.20.0.2", "192.0.2.2", 9)


def told(batch: Batch) -> list[tuple[Any, ...]]:
    """Every record with all its columns, in an order of their own."""
    columns = [batch[name].tolist() for name in sorted(JUDGED)]
    names = [batch.exporters[number] for number in batch.exporter.tolist()]
    return sorted(zip(names, *columns, strict=True))


def decoded(datagrams: list[tuple[str, bytes]], size: int, few: int, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(netflow, "FEW", few)
    decoder, records = Decoder(), []
    for start in range(0, len(datagrams), size):
        batch = [(exporter, NOW, payload) for exporter, payload in datagrams[start : start + size]]
        records += told(merged(decoder.feed(batch)))
    return records, {name: asdict(one.counters) for name, one in decoder.exporters.items()}


def same(datagrams: list[tuple[str, bytes]], size: int) -> None:
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert decoded(datagrams, size, 1 << 30, monkeypatch) == decoded(datagrams, size, 0, monkeypatch)


def message(kind: str, number: int, sequence: int) -> bytes:
    """One of the shapes that exporters really send."""
    data = a_set(256 + number % 2, RECORD * (1 + number % 3) if number % 2 == 0 else SHORT_RECORD * 2)
    templates = {0: template(256, FIVE_TUPLE), 1: template(257, SHORT)}
    match kind:
        case "v9":
            return v9(data, a_set(257, SHORT_RECORD), sequence=sequence)
        case "v9 with its template":
            return v9(templates[number % 2], data, sequence=sequence)
        case "v9 template that changes":
            return v9(template(256, SHORT if number % 2 else FIVE_TUPLE), sequence=sequence)
        case "ipfix":
            return ipfix(data, sequence=sequence, domain=number % 2)
        case "ipfix template":
            both = template(256, FIVE_TUPLE, ipfix=True), template(257, SHORT, ipfix=True)
            return ipfix(*both, sequence=sequence, domain=number % 2)
        case "ipfix withdrawal":
            return ipfix(a_set(2, bytes([0, 2, 0, 0])), sequence=sequence)
        case "v5":
            return v5(*[{"src": "10.20.0.1", "packets": 2}] * (1 + number), sampling=number % 2)
        case "v5 that lies":
            return v5({"src": "10.20.0.1"}, count=number)
        case "padded":
            return v9(a_set(257, SHORT_RECORD + bytes(3)), sequence=sequence) + bytes(number)
    return bytes([number]) * number


KINDS = [
    "v9", "v9 with its template", "v9 template that changes", "ipfix", "ipfix template", "ipfix withdrawal", "v5",
    "v5 that lies", "padded", "noise",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(KINDS), st.integers(0, 5), st.integers(0, 40), st.sampled_from("ab")),
        max_size=60,
    ),
    st.integers(1, 60),
)
def test_any_stream_reads_the_same(steps: list[tuple[str, int, int, str]], size: int) -> None:
    """Templates late, repeated, changed and withdrawn, gaps and lies: records and counters are equal."""
    same(
        [(f"192.0.2.{name}", message(kind, number, sequence)) for kind, number, sequence, name in steps], size
    )


def test_recorded_streams_read_the_same(shared: Path) -> None:
    """Every recorded exporter three times over, as sent, cut, and with octets changed."""
    chance = random.Random(20261122)
    for case in sorted(one for one in (shared / "data" / "flows").iterdir() if one.is_dir()):
        sent = [path.read_bytes() for path in sorted(case.glob("*.dgram"))]
        mutated = []
        for payload in sent * 2:
            changed = bytearray(payload[: chance.choice([len(payload), len(payload), len(payload) // 2])])
            for _ in range(chance.choice([0, 0, 1, 3]) if changed else 0):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            mutated.append(bytes(changed))
        same([("192.0.2.1", one) for one in sent * 2 + mutated], 50)


@given(st.lists(st.integers(0, (1 << 32) - 1), max_size=40, unique=True), st.data())
def test_the_direct_table_finds_what_a_search_finds(starts: list[int], data: st.DataObject) -> None:
    """Around every edge of every run, and anywhere else."""
    edges = np.array(sorted({0, *starts}), np.int64)
    owners = np.array(
        data.draw(st.lists(st.integers(0, 5), min_size=len(edges), max_size=len(edges))), np.int32
    )
    asked = np.array(
        [
            *edges.tolist(),
            *(edges - 1).tolist(),
            *data.draw(st.lists(st.integers(0, (1 << 32) - 1), max_size=20)),
        ]
    ).clip(0, (1 << 32) - 1)

    expected = owners[np.searchsorted(edges, asked, "right") - 1]
    assert expected.tolist() == Direct(edges, owners).find(asked.astype(np.uint32)).tolist()


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from([0, 1, 65_535, 70_000, 1 << 31]), st.integers(0, 300)),
        min_size=1,
    )
)
def test_groups_are_of_equal_rows(rows: list[tuple[int, int, int]]) -> None:
    """As a dictionary of the rows would have it, with a row of each group."""
    kinds = (np.int8, np.uint32, np.int64)
    group, row = grouped(*(np.array(column, kind) for column, kind in zip(zip(*rows, strict=True), kinds, strict=True)))

    assert len(set(rows)) == len(row)
    assert rows == [rows[row[number]] for number in group.tolist()]


U32 = st.integers(0, (1 << 32) - 1)


@given(U32, st.lists(st.tuples(U32, U32), min_size=1, max_size=5))
def test_times_of_the_uptime_clock_are_the_same_for_judging_and_for_people(
    uptime: int, switched: list[tuple[int, int]]
) -> None:
    """Whatever the clock says, wrapped around or far off: what is judged and kept is what `egress decode` shows."""
    datagram = v5(*({"first": first, "last": last} for first, last in switched), uptime=uptime)
    [shown] = Decoder(everything=True).feed([("192.0.2.9", NOW, datagram)])
    judged = merged(Decoder().feed([("192.0.2.9", NOW, datagram)]))

    assert "since_last" in judged.columns
    assert [shown.columns[name].tolist() for name in ("first", "last")] == [judged[name].tolist() for name in ("first", "last")]
