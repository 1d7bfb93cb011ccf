"""Sampling (抽样): one packet of how many an exporter looked at, as it told by record, by options or in a header."""

from __future__ import annotations

import numpy as np

from netops.egress.exporter import Exporter
from netops.egress.flows import Column, same
from netops.egress.sets import Sets

NAMES = frozenset({"sampling_interval", "sampling_space", "sampling_size", "sampling_population", "sampler"})
"""Columns that tell it."""
INTERFACES = ("in_if", "out_if")
TOLD = NAMES | {"scope_if", *INTERFACES}
"""Columns of options data that say what is sampled so."""
MAX_SAMPLERS = 1024
MOST = (1 << 32) - 1
"""No interval is larger."""
LAST = -1
"""Stands for the sampler that was told of last."""
FIRST_INTERFACE = -2
"""Stands for the sampling of interface 0; that of others lies below it."""


def learn(columns: dict[str, Column], exporter: Exporter, domain: int, size: int) -> None:
    """Note what *size* records of options data say of samplers."""
    intervals = _interval(columns)
    if intervals is None:
        return
    for number, interval in zip(_numbers(columns, size).tolist(), intervals.tolist(), strict=True):
        key = (domain, number)
        if interval and (key in exporter.samplers or len(exporter.samplers) < MAX_SAMPLERS):
            exporter.samplers[key] = min(int(interval), MOST)
            if number > FIRST_INTERFACE:
                exporter.samplers[domain, LAST] = min(int(interval), MOST)


def _numbers(columns: dict[str, Column], size: int) -> Column:
    """What each record of options data tells of: a sampler, an interface, or neither."""
    if "sampler" in columns:
        return (columns["sampler"].astype(np.uint64) & np.uint64((1 << 62) - 1)).astype(np.int64)
    for name in ("scope_if", *INTERFACES):
        if name in columns:
            number = columns[name].astype(np.int64)
            return np.where(number > 0, FIRST_INTERFACE - number, LAST)
    return np.full(size, LAST)


def settle(columns: dict[str, Column], exporter: Exporter, domain: int, sets: Sets, size: int) -> None:
    """
    Leave one column *sampling_interval*, where anything is known.

    The record's own interval; else its sampler's, as options told, or its interface's; else the last sampler's; else the
    header's (v5).
    """
    told = _interval(columns)
    sampler = columns.pop("sampler", None)
    for name in NAMES:
        columns.pop(name, None)
    known = {number: interval for (at, number), interval in exporter.samplers.items() if at == domain}
    fallback = sets.sampling or known.get(LAST, 0)
    spare = same(fallback, size, np.uint64)
    if sampler is not None:
        unique, inverse = np.unique(sampler, return_inverse=True)
        if not known.keys().isdisjoint(unique.tolist()):
            spare = np.array([known.get(one, 0) for one in unique.tolist()], np.uint64)[inverse]
    elif any(number < FIRST_INTERFACE for number in known):
        spare = _by_interface(columns, known, spare)
        fallback = 1
    if told is not None:
        columns["sampling_interval"] = np.where(told == 0, spare, told)
    elif fallback or sets.version == 5:
        columns["sampling_interval"] = spare


def _by_interface(columns: dict[str, Column], known: dict[int, int], spare: Column) -> Column:
    """The interval of the interface where packets came in, else of the one where they left."""
    for name in reversed(INTERFACES):
        if name in columns:
            unique, inverse = np.unique(columns[name], return_inverse=True)
            told = [known.get(FIRST_INTERFACE - one, 0) for one in unique.astype(np.int64).tolist()]
            found = np.array(told, np.uint64)[inverse]
            spare = np.where(found > 0, found, spare)
    return spare


def _interval(columns: dict[str, Column]) -> Column | None:
    """The interval out of whichever elements tell it: packets for one, or of so many (RFC 5477 §8.2)."""
    interval, size, population, space = (
        columns[name].astype(np.uint64) if name in columns else None
        for name in ("sampling_interval", "sampling_size", "sampling_population", "sampling_space")
    )
    if size is not None and population is not None:
        share = np.where(size > 0, population // np.maximum(size, np.uint64(1)), np.uint64(0))
        # Those who take so many of so many at random send 1 in the interval, which then means nothing.
        interval = share if interval is None else np.where((interval == 0) | (share > 1), share, interval)
    if interval is not None and space is not None:
        together = (interval + space) // np.maximum(interval, 1)
        interval = np.where(interval > 0, np.where(space > 0, together, interval), 0)
    return interval
