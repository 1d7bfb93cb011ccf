"""What is computed of kept flows: sampled counts as estimates, times, rates and sizes, for whole columns. Pure."""

from __future__ import annotations

from typing import Protocol

import numpy as np

from netops.egress.flows import Column

CEILING = 1 << 41
"""Bytes or packets counted of one record at most: a lying counter must not drown the sums."""


class Columns(Protocol):
    """A chunk, or some rows of one."""

    def __len__(self) -> int: ...

    def column(self, name: str) -> Column:
        """One column."""

    def is_zero(self, name: str) -> bool:
        """Whether it is 0 throughout."""


def octets(chunk: Columns) -> Column:
    """Bytes of every flow, uint64; of one packet in so many, as many were there."""
    return _scaled(chunk, "bytes")


def packets(chunk: Columns) -> Column:
    """Packets of every flow, as `octets`."""
    return _scaled(chunk, "packets")


def _scaled(chunk: Columns, name: str) -> Column:
    counted = np.minimum(chunk.column(name).astype(np.uint64), np.uint64(CEILING))
    if chunk.is_zero("sampling_interval"):
        return counted
    interval = np.maximum(chunk.column("sampling_interval"), 1).astype(np.uint64)
    scaled: Column = np.minimum(counted, np.uint64(CEILING) // interval) * interval
    return scaled


def sampled(chunk: Columns) -> Column:
    """Whether the counts of a flow are estimates."""
    if chunk.is_zero("sampling_interval"):
        return np.zeros(len(chunk), bool)
    estimates: Column = chunk.column("sampling_interval") > 1
    return estimates


def last(chunk: Columns) -> Column:
    """The end of every flow, ms UTC."""
    return chunk.column("received").astype(np.int64) - chunk.column("since_last").astype(np.int64)


def first(chunk: Columns) -> Column:
    """The beginning of every flow, ms UTC."""
    return last(chunk) - chunk.column("duration").astype(np.int64)


def rate(counted: Column, chunk: Columns, factor: int = 1) -> Column:
    """A count a second of the flow's duration; 0 where it has none, as nfdump has it."""
    duration = chunk.column("duration").astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        result = np.where(duration > 0, counted.astype(np.float64) * factor * 1000 / duration, 0.0)
    rates: Column = np.floor(result)
    return rates


def bytes_per_packet(chunk: Columns) -> Column:
    """Mean size of a flow's packets, bytes."""
    count = packets(chunk)
    sizes: Column = np.where(count > 0, octets(chunk) // np.maximum(count, np.uint64(1)), np.uint64(0))
    return sizes
