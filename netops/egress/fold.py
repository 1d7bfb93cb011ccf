"""Folding: a million rows about one subject become one group with its count, its window and a few samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import numpy as np

from netops.core.evidence import Evidence
from netops.egress.flows import Column, address_text, mac_text, time_text
from netops.egress.judge import Judged, Scene, Verdict

SAMPLES = 3
MAX_GROUPS = 1000
"""Subjects a rule may name in one batch; a scan over a whole prefix is not a million findings."""


class Group(NamedTuple):
    """
    The rows of one subject.

    Args:
        row: position of its newest row in the batch.
        rows: positions of all of them.
    """

    row: int
    rows: Column


def groups(judged: Judged, mask: Column, *keys: Column) -> Iterator[Group]:
    """The rows under *mask*, by equal *keys*; at most MAX_GROUPS."""
    rows = np.flatnonzero(mask)
    if not len(rows):
        return
    table = np.stack([key[rows].astype(np.uint64) for key in keys], axis=1)
    _, inverse = np.unique(table, axis=0, return_inverse=True)
    order = np.argsort(inverse.ravel(), kind="stable")
    starts = np.flatnonzero(np.diff(inverse.ravel()[order], prepend=-1))
    for number, part in enumerate(np.split(order, starts[1:])):
        if number == MAX_GROUPS:
            return
        yield Group(int(rows[part[-1]]), rows[part])


def moment(judged: Judged, group: Group) -> datetime:
    """When its newest row was received."""
    return datetime.fromtimestamp(int(judged.batch["received"][group.rows].max()) / 1000, UTC)


def proof(judged: Judged, scene: Scene, group: Group) -> Evidence:
    """What was seen, with samples: exporter, interface, five-tuple, times."""
    batch, rows = judged.batch, group.rows
    address = batch.exporters[batch.exporter[group.row]]
    observer = scene.observers.get(address)
    verdict = Verdict(int(judged.verdict[group.row])).label
    body: dict[str, object] = {
        "flows": len(rows),
        "packets": int(batch["packets"][rows].sum()),
        "bytes": int(batch["bytes"][rows].sum()),
        "first": time_text(int(batch["first"][rows].min())),
        "last": time_text(int(batch["last"][rows].max())),
        "exporter": address,
        "verdict": verdict,
        "samples": [sample(judged, scene, int(row)) for row in rows[-SAMPLES:]],
    }
    source = observer.device if observer else address
    return Evidence("flow", source, asked(judged, group), body, moment(judged, group))


def asked(judged: Judged, group: Group) -> str:
    """The question to the flow archive that gives these flows: what they all share, and when they came."""
    batch, rows = judged.batch, group.rows
    words = []
    for word, names in SHARED:
        columns = [batch[name][rows] for name in names]
        if all((column == column[0]).all() for column in columns) and any(column[0] for column in columns):
            words.append(word(judged, int(rows[0])))
    if (judged.verdict[rows] == judged.verdict[rows[0]]).all():
        words.append(f"verdict {Verdict(int(judged.verdict[rows[0]])).label}")
    if (batch.exporter[rows] == batch.exporter[rows[0]]).all():
        words.insert(0, f"exporter {batch.exporters[batch.exporter[rows[0]]]}")
    received = batch["received"][rows]
    since, until = time_text(int(received.min())), time_text(int(received.max()) + 1)
    return f"egress query '{' and '.join(words)}' --from {since} --to {until}"


SHARED: tuple[tuple[Callable[[Judged, int], str], tuple[str, ...]], ...] = (
    (lambda judged, row: f"src ip {text(judged, 'src', row)}", ("src_hi", "src_lo")),
    (lambda judged, row: f"dst ip {text(judged, 'dst', row)}", ("dst_hi", "dst_lo")),
    (lambda judged, row: f"src mac {mac_text(int(judged.batch['src_mac'][row]))}", ("src_mac",)),
    (lambda judged, row: f"in if {judged.batch['in_if'][row]}", ("in_if",)),
    (lambda judged, row: f"dst port {judged.batch['dport'][row]}", ("dport",)),
)
"""What flows of one subject may have in common, in the words of filters."""


def sample(judged: Judged, scene: Scene, row: int) -> dict[str, Any]:
    """One row for people."""
    batch = judged.batch
    address = batch.exporters[batch.exporter[row]]
    port = scene.port.get((address, int(batch["in_if"][row])))
    shown: dict[str, Any] = {
        "exporter": address,
        "in_if": int(batch["in_if"][row]),
        "interface": port.name if port else "",
        "src": text(judged, "src", row),
        "dst": text(judged, "dst", row),
        **{name: int(batch[name][row]) for name in ("sport", "dport", "proto", "packets", "bytes")},
        "first": time_text(int(batch["first"][row])),
        "last": time_text(int(batch["last"][row])),
    }
    if batch["sampling_interval"][row] > 1:
        shown["sampling_interval"] = int(batch["sampling_interval"][row])
    for name in ("src_mac", "dst_mac"):
        if batch[name][row]:
            shown[name] = mac_text(int(batch[name][row]))
    return shown


def text(judged: Judged, name: str, row: int) -> str:
    """The address *name* of a row."""
    return address_text(int(judged.batch[f"{name}_hi"][row]), int(judged.batch[f"{name}_lo"][row]))
