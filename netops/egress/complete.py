"""What columns tell beyond their own field: ends out of durations, ICMP out of ports, five-tuples out of packets."""

from __future__ import annotations

import numpy as np

from netops.egress import frame
from netops.egress.exporter import Counters, Exporter
from netops.egress.flows import Column
from netops.egress.sets import Sets
from netops.egress.template import Context, Layout

WIFI_FRAMES = 2
"""Of dataLinkFrameType (RFC 7133 §3.1)."""
PAIRS = (
    ("sport", "dport"), ("in_if", "out_if"), ("src_mac", "dst_mac"), ("src_as", "dst_as"),
    ("src_v4", "dst_v4"), ("src_hi", "dst_hi"), ("src_lo", "dst_lo"),
)  # fmt: skip
TURNED = {one: other for pair in PAIRS for one, other in (pair, pair[::-1])}
"""What stands for what in the other direction of a flow."""
LATE_MS, FUTURE_MS = 3_600_000, 60_000
"""Exporters hold a flow back for their active timeout, half an hour at most; clocks may be a minute wrong."""


def context(exporter: Exporter, domain: int, sets: Sets) -> Context:
    """Export times and uptime clocks, shaped as the records; IPFIX has an uptime only where options told its start."""
    exported, uptime, received = (
        column[:, None] if sets.records.ndim > 1 else sets.each(column)
        for column in (sets.exported, sets.uptime, sets.received)
    )
    if sets.uptime[0] >= 0:
        return Context(exported, uptime, received)
    boot = exporter.boots.get(domain)
    return Context(exported, None if boot is None else exported - boot, received)


def packets(layout: Layout, rows: Column, sets: Sets, context: Context) -> dict[str, Column]:
    """What the beginnings of packets say, of records that carry them."""
    kind = layout.first(rows, "frame_type")
    for name, protocol in (("frame", frame.WIFI if kind == WIFI_FRAMES else frame.ETHERNET), ("packet", frame.ANY_IP)):
        values = sets.texts.get(name) or layout.packets(rows, name)
        if values:
            return frame.columns(values, protocol, layout.dropped(rows, context).tolist())
    return {}


def durations(columns: dict[str, Column]) -> None:
    """An end out of a beginning and a duration, or the reverse."""
    if "since_last" in columns:
        return
    duration = columns.pop("duration", None)
    if duration is None:
        return
    span = np.minimum(duration, np.uint64(1 << 41)).astype(np.int64)
    if "first" in columns and "last" not in columns:
        columns["last"] = columns["first"] + span
    elif "last" in columns and "first" not in columns:
        columns["first"] = columns["last"] - span


def outgoing(columns: dict[str, Column], *, shown: bool) -> None:
    """What was counted where packets left stands for what came in where that is not told; people (*shown*) see both."""
    for name in ("packets", "bytes"):
        out, told = columns.get(f"out_{name}"), columns.get(name)
        if out is None or (shown and told is not None):
            continue
        del columns[f"out_{name}"]
        columns[name] = out if told is None else np.where(told == 0, out, told)


def flags(columns: dict[str, Column], *, shown: bool) -> None:
    """Flags of the first packet belong to those of the others (YAF tells them apart); people (*shown*) see both as sent."""
    for way in ("", "reverse_"):
        first, others = columns.get(f"{way}initial_tcp_flags"), columns.get(f"{way}tcp_flags")
        if first is None or shown:
            continue
        del columns[f"{way}initial_tcp_flags"]
        columns[f"{way}tcp_flags"] = first if others is None else others | first


def way_back(columns: dict[str, Column]) -> dict[str, Column]:
    """
    The other direction of records that tell both (RFC 5103; responders of firewalls), as flows of their own; nothing of others.

    Only whoever was answered has one. Takes the counters of that direction out of *columns*.
    """
    counters = {name: columns.pop(f"reverse_{name}", None) for name in ("packets", "bytes")}
    flags = columns.pop("reverse_tcp_flags", None)
    told = [column for column in counters.values() if column is not None]
    rows = np.flatnonzero(np.any([column > 0 for column in told], axis=0)) if told else np.zeros(0, np.intp)
    if not len(rows):
        return {}
    back = {TURNED.get(name, name): column.take(rows) for name, column in columns.items()}
    for name in ("tcp_flags", "packets", "bytes"):
        back.pop(name, None)
    if "sport" in back and "proto" in back:  # type and code of ICMP stay where they are
        is_icmp = np.isin(back["proto"], frame.ICMP)
        back["dport"] = np.where(is_icmp, back["sport"], back["dport"]) if "dport" in back else back["sport"]
        back["sport"] = np.where(is_icmp, 0, back["sport"])
    told_back = counters | {"tcp_flags": flags}
    return back | {name: column.take(rows) for name, column in told_back.items() if column is not None}


def punctual(counters: Counters, columns: dict[str, Column]) -> None:
    """Count records that ended long before they came, and those that end only after."""
    received = columns["received"]
    since = columns.get("since_last")
    if since is not None and since.min() >= -FUTURE_MS and since.max() <= LATE_MS:
        return
    last = columns.get("last") if since is None else received - since
    if last is not None:
        after = last - received
        told = (received > 0) & (last > 0)
        counters.late += int((told & (after < -LATE_MS)).sum())
        counters.future += int((told & (after > FUTURE_MS)).sum())


def icmp(columns: dict[str, Column]) -> None:
    """ICMP type and code out of what carries them: their own pair, or by custom the destination port; -1 where none."""
    if "icmp_type" in columns:
        return
    sent, port = columns.get("icmp_typecode"), columns.get("dport")
    nothing = np.full(len(columns["received"]), -1, np.int64)
    pair = nothing if sent is None else sent.astype(np.int64)
    if port is not None and "proto" in columns:
        pair = np.where(np.isin(columns["proto"], frame.ICMP) & (pair <= 0), port.astype(np.int64), pair)
    if (pair >= 0).any():
        columns["icmp_type"] = np.where(pair >= 0, pair >> 8 & 0xFF, -1)
        columns["icmp_code"] = np.where(pair >= 0, pair & 0xFF, -1)
