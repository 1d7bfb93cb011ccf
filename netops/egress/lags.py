"""How long exporters wait before they tell of a flow, as their own records show it. Pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from netops.egress.flows import Batch

UNKNOWN_MS, LEAST_MS, MOST_MS = 60_000, 10_000, 3_600_000
"""What is taken where nothing is known; and the bounds of what is believed (an active timeout of half an hour is usual)."""
BUCKET_MS = 600_000


class Span(NamedTuple):
    """
    Of an exporter's records in some time, ms: the most from beginning to receipt, the least from end to receipt (the offset of
    its clock, and more), and the longest flow.
    """

    oldest: int
    freshest: int
    longest: int


class Lags:
    """Spans by exporter, of the last ten minutes and those before."""

    def __init__(self) -> None:
        self._spans: dict[str, dict[int, Span]] = {}

    def see(self, batch: Batch) -> None:
        """Take in every record of *batch*."""
        received, first, last = batch["received"], batch["first"], batch["last"]
        for number, address in enumerate(batch.exporters):
            rows = np.flatnonzero((batch.exporter == number) & (last > first))
            if not len(rows):
                continue
            begun, ended = received[rows] - first[rows], received[rows] - last[rows]
            bucket = int(received[rows[-1]]) // BUCKET_MS
            span = Span(int(begun.max()), int(ended.min()), int((last[rows] - first[rows]).max()))
            kept = self._spans.get(address, {})
            if (before := kept.get(bucket)) is not None:
                freshest = min(span.freshest, before.freshest)
                span = Span(max(span.oldest, before.oldest), freshest, max(span.longest, before.longest))
            self._spans[address] = {when: one for when, one in kept.items() if when >= bucket - 1} | {bucket: span}

    def of(self, exporter: str) -> int:
        """Milliseconds from the beginning of a flow until all that this exporter tells of it is there."""
        spans = self._spans.get(exporter)
        if not spans:
            return UNKNOWN_MS
        lag = max(one.oldest for one in spans.values()) - min(one.freshest for one in spans.values())
        return max(LEAST_MS, min(lag, MOST_MS))

    def longest(self, exporter: str) -> int:
        """The longest flow that it told of."""
        return max((one.longest for one in self._spans.get(exporter, {}).values()), default=0)
