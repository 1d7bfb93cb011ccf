"""Sampling (抽样): one packet of how many an exporter looked at, as it told by record, by options or in a header."""

from __future__ import annotations

import numpy as np

from netops.egress.exporter import Exporter
from netops.egress.flows import Column
from netops.egress.sets import Sets

NAMES = frozenset({"sampling_interval", "sampling_space", "sampling_size", "sampling_population", "sampler"})
"""Columns that tell it."""
MAX_SAMPLERS = 1024
LAST = -1
"""Stands for the sampler that was told of last."""


def learn(columns: dict[str, Column], exporter: Exporter, domain: int, size: int) -> bool:
    """Note what *size* records of options data say of samplers; whether any of it is new."""
    intervals = _interval(columns)
    if intervals is None:
        return False
    before = dict(exporter.samplers)
    numbers = columns.get("sampler", np.full(size, LAST))
    for number, interval in zip(numbers.tolist(), intervals.tolist(), strict=True):
        key = (domain, number)
        if interval and (key in exporter.samplers or len(exporter.samplers) < MAX_SAMPLERS):
            exporter.samplers[key] = exporter.samplers[domain, LAST] = int(interval)
    return before != exporter.samplers


def settle(columns: dict[str, Column], exporter: Exporter, domain: int, sets: Sets, size: int) -> None:
    """
    Leave one column *sampling_interval*, where anything is known.

    The record's own interval; else its sampler's, as options told; else the last sampler's; else the header's (v5).
    """
    told = _interval(columns)
    sampler = columns.pop("sampler", None)
    for name in NAMES:
        columns.pop(name, None)
    known = {number: interval for (at, number), interval in exporter.samplers.items() if at == domain}
    fallback = sets.sampling or known.get(LAST, 0)
    spare = np.full(size, fallback, np.uint64)
    if sampler is not None:
        unique, inverse = np.unique(sampler, return_inverse=True)
        if not known.keys().isdisjoint(unique.tolist()):
            spare = np.array([known.get(one, 0) for one in unique.tolist()], np.uint64)[inverse]
    if told is not None:
        columns["sampling_interval"] = np.where(told == 0, spare, told)
    elif fallback or sets.version == 5:
        columns["sampling_interval"] = spare


def _interval(columns: dict[str, Column]) -> Column | None:
    """The interval out of whichever elements tell it: packets for one, or of so many (RFC 5477 §8.2)."""
    interval, size = columns.get("sampling_interval"), columns.get("sampling_size")
    if size is not None and "sampling_population" in columns:
        share = np.where(size > 0, columns["sampling_population"] // np.maximum(size, 1), 0)
        interval = share if interval is None else np.where(interval == 0, share, interval)
    space = columns.get("sampling_space")
    if interval is not None and space is not None:
        together = (interval + space) // np.maximum(interval, 1)
        interval = np.where(interval > 0, np.where(space > 0, together, interval), 0)
    return interval
