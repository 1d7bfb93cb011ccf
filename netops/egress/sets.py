"""Data sets of one layout, to be decoded together: their bytes, and what their headers say, one value a set."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from netops.egress.exporter import DataSet
from netops.egress.flows import Column


class Sets(NamedTuple):
    """
    Data sets of one exporter, domain and layout.

    Args:
        sampling: the interval of the header (v5), 0 where none is told.
        exported, received: ms UTC; *uptime*: ms, -1 where the protocol has none.
        ordinal: place of the first record among all that the decoder gave out.
        rows: records.
        records: the records as the layout's structured type, one after another: in one dimension, or a row a set.
        texts: variable values by column name, one a record.
    """

    version: int
    sampling: int
    exported: Column
    uptime: Column
    received: Column
    sequence: Column
    ordinal: Column
    rows: Column
    records: Column
    texts: dict[str, list[Any]]

    def each(self, column: Column) -> Column:
        """One of the header's columns, a value a record."""
        return np.repeat(column, self.rows)


def of_parts(parts: list[DataSet], kind: np.dtype[Any]) -> Sets:
    """The data sets that were taken apart one by one."""
    headers = np.array(
        [(one.exported, one.uptime, one.received, one.sequence) for one, *_ in parts], np.int64
    ).reshape(-1, 4)
    texts: dict[str, list[Any]] = {}
    for part in parts:
        for name, values in part.texts.items():
            texts.setdefault(name, []).extend(values)
    return Sets(
        parts[0].header.version,
        parts[0].header.sampling,
        headers[:, 0],
        headers[:, 1],
        headers[:, 2],
        headers[:, 3],
        np.array([part.ordinal for part in parts], np.int64),
        np.array([part.rows for part in parts], np.int64),
        np.frombuffer(b"".join(part.body for part in parts), kind),
        texts,
    )


def joined(several: list[Sets]) -> Sets:
    """Several of the same layout as one."""
    if len(several) == 1:
        return several[0]
    names = dict.fromkeys(name for one in several for name in one.texts)

    def all_of(name: str) -> Column:
        return np.concatenate([getattr(one, name) for one in several])

    return Sets(
        several[0].version,
        several[0].sampling,
        all_of("exported"),
        all_of("uptime"),
        all_of("received"),
        all_of("sequence"),
        all_of("ordinal"),
        all_of("rows"),
        np.concatenate([one.records.reshape(-1) for one in several]),
        {name: [value for one in several for value in one.texts.get(name, [])] for name in names},
    )
