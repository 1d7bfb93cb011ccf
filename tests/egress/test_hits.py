"""Counters, exporters and templates in the store, on both engines."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from exporter import FIVE_TUPLE, template, v9

from netops.core.clock import Clock
from netops.core.store import Store
from netops.egress import hits
from netops.egress.netflow import Decoder
from netops.egress.watch import Hit


def test_counters_add_up(store: Store, clock: Clock) -> None:
    """The same minute, exporter and verdict is one row; sums are exact beyond 32 bits."""
    hit = Hit(clock(), "extranet", "fin", "10.20.255.2", "shared", "shared")
    other = hit._replace(minute=clock() + timedelta(minutes=1), organization="edu")
    hits.add(store, {hit: [1, 2, 5_000_000_000]}, (), {"decoded": 3})
    hits.add(store, {hit: [1, 2, 5_000_000_000], other: [1, 1, 1]}, (), {"decoded": 4, "malformed": 1})

    assert [hits.Total("extranet", "shared", "shared", 3, 5, 10_000_000_001)] == hits.totals(store)
    assert [(hit, 2, 4, 10_000_000_000)] == hits.since(store, clock(), "fin")
    assert {"decoded": 7, "malformed": 1} == hits.datagrams(store)


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


def test_templates_are_kept(store: Store) -> None:
    """What a decoder knows is what the next one is given."""
    decoder = Decoder()
    decoder.feed([("192.0.2.1", 0, v9(template(256, FIVE_TUPLE), domain=4_000_000_000))])
    hits.keep_templates(store, decoder.templates())
    hits.keep_templates(store, decoder.templates())

    assert decoder.templates() == hits.kept_templates(store)
