"""Counters, exporters and templates in the store, on both engines."""

from __future__ import annotations

import struct
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from exporter import FIVE_TUPLE, Fields, a_set, ipfix, template, v9

from netops.core.clock import Clock
from netops.core.store import Store
from netops.egress import exporter, hits
from netops.egress.exporter import Learned
from netops.egress.netflow import Decoder
from netops.egress.watch import Hit

ENDS: Fields = ((8, 4), (12, 4))

def test_counters_add_up(store: Store, clock: Clock) -> None:
    """The same minute, exporter and verdict is one row; sums are exact beyond 32 bits."""
    hit = Hit(clock(), "extranet", "fin", "10.20.255.2", "shared", "shared")
    other = hit._replace(minute=clock() + timedelta(minutes=1), organization="edu")
    hits.add(store, {hit: [1, 2, 5_000_000_000, 0]}, (), {"decoded": 3})
    hits.add(store, {hit: [1, 2, 5_000_000_000, 1], other: [1, 1, 1, 0]}, (), {"decoded": 4, "malformed": 1})

    assert [hits.Total("extranet", "shared", "shared", 3, 5, 10_000_000_001, 1)] == hits.totals(store)
    hour = clock() + timedelta(hours=1)
    [mine] = hits.sums(store, hits.KEY, clock(), hour, only={"organization": ["fin"]})
    assert hits.Sum(tuple(hit), 0, 2, 4, 10_000_000_000, 1) == mine
    assert {"decoded": 7, "malformed": 1} == hits.datagrams(store)


def test_sums_are_laid_into_steps_of_time(store: Store, clock: Clock) -> None:
    """By any columns and steps from the beginning asked for; the end itself belongs to the next window."""
    for minute, name in ((0, "a"), (14, "a"), (15, "a"), (16, "b"), (30, "a")):
        hit = Hit(clock() + timedelta(minutes=minute), "extranet", "fin", "x", "separate", "separate", name)
        hits.add(store, {hit: [1, 2, 3 + minute, 0], hit._replace(organization="edu"): [1, 1, 1, 1]}, (), {})
    quarter, half = timedelta(minutes=15), clock() + timedelta(minutes=30)
    found = hits.sums(store, ("exit",), clock(), half, step=quarter, only={"organization": ["fin"], "plane": ["extranet"]})

    assert [(("a",), 0, 2, 20), (("a",), 1, 1, 18), (("b",), 1, 1, 19)] == [
        (one.keys, one.step, one.flows, one.bytes) for one in found
    ]
    assert [(8, 4)] == [(one.flows, one.estimated) for one in hits.sums(store, (), clock(), half)]
    assert {("x", "a"): clock(), ("x", "b"): clock() + timedelta(minutes=16)} == hits.first_used(store, "separate")


def test_an_exporter_is_one_row(store: Store, clock: Clock) -> None:
    """Counts grow, the rest is the latest."""
    row = hits.ExporterRow(
        address="10.20.255.2",
        plane="extranet",
        device="fw",
        version=9,
        last_seen=clock(),
        datagrams=2,
        records=20,
        options=1,
        waiting=3,
        malformed=0,
        dropped=0,
    )
    hits.add(store, {}, [row], {})
    hits.add(store, {}, [row], {})

    [found] = hits.exporters(store)
    assert (4, 40, 3, clock()) == (found.datagrams, found.records, found.waiting, found.last_seen)


def test_templates_are_kept(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a decoder knows is what the next one is given: what came, what came anew, and not what was taken back."""
    decoder = Decoder()

    def kept_after(*datagrams: bytes) -> None:
        decoder.feed(("192.0.2.1", 0, one) for one in datagrams)
        hits.keep_learned(store, decoder.learned, *decoder.kept_of(decoder.learned))
        decoder.learned = Learned()
        assert sorted(decoder.templates(), key=str) == sorted(hits.kept_templates(store), key=str)
        assert sorted(decoder.settings(), key=str) == sorted(hits.kept_settings(store), key=str)

    told = a_set(3, struct.pack(">HHHHHHH", 310, 2, 1, 302, 2, 34, 8))
    kept_after(v9(template(256, FIVE_TUPLE), domain=4_000_000_000), ipfix(template(300, ENDS, ipfix=True), told))
    kept_after(ipfix(a_set(310, struct.pack(">HQ", 1, 100))), ipfix(a_set(310, struct.pack(">HQ", 2, (1 << 64) - 1))))
    kept_after(v9(template(256, ENDS), domain=4_000_000_000), ipfix(a_set(2, struct.pack(">HH", 300, 0))))

    assert {256, 310} == {one.number for one in decoder.templates()}
    monkeypatch.setattr(exporter, "MOST_LEARNED", 3)
    kept_after(*(v9(template(number, ENDS)) for number in range(400, 410)), ipfix(a_set(2, struct.pack(">HH", 2, 0))))
    kept_after(v9(template(400, FIVE_TUPLE)))
    assert {1: 100, 2: (1 << 32) - 1, -1: (1 << 32) - 1} == {one.number: one.value for one in decoder.settings()}


def test_what_is_old_is_added_up(store: Store) -> None:
    """Minutes into hours, days and months by their age; every sum stays, and the first minute of every key."""
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    ages = {"now": 0, "hours": 30, "days": 200, "months": 1000}
    for days in ages.values():
        for minute in range(3):
            when = at - timedelta(days=days, minutes=minute * 7)
            hit = Hit(when, "extranet", "fin", "10.20.255.2", "separate", "separate", "own")
            hits.add(store, {hit: [1, 2, 3, 1], hit._replace(exporter="10.20.255.3"): [1, 1, 1, 0]}, (), {})
    before, first = hits.totals(store), hits.first_used(store, "separate")
    rollup = hits.Rollup()

    assert 12 == rollup.run(store, at)
    assert 0 == rollup.run(store, at)
    assert 0 == hits.Rollup().run(store, at)
    assert (before, first) == (hits.totals(store), hits.first_used(store, "separate"))
    only = {"exporter": ["10.20.255.2"]}
    minutes = hits.sums(store, ("minute",), at - timedelta(days=2000), at + timedelta(days=1), only=only)
    kept = [one.keys[0] for one in minutes]
    assert [at - timedelta(days=days, minutes=14) for days in (1000, 200, 30)] == kept[:3]
    assert 6 == len(kept)


def test_a_long_past_is_added_up_call_by_call(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few buckets at a time, so that nobody waits for it."""
    monkeypatch.setattr(hits, "MAX_BUCKETS", 2)
    at = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
    for hour in range(4):
        for minute in (0, 10):
            when = at - timedelta(days=20, hours=hour, minutes=minute)
            hits.add(store, {Hit(when, "extranet", "fin", "x", "none", "transit"): [1, 1, 1, 0]}, (), {})
    rollup = hits.Rollup()

    assert [2, 2, 0] == [rollup.run(store, at) for _ in range(3)]
