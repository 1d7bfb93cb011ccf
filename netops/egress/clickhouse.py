"""Flows for an existing ClickHouse: the tables it needs, and segments as it takes them. Pure; `probes.clickhouse` sends."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from importlib.resources import files
from ipaddress import IPv6Address, summarize_address_range
from typing import Any

import numpy as np

from netops.egress import measure
from netops.egress.chunks import Chunk
from netops.egress.classify import MAPPED_NET, Table
from netops.egress.columns import ends
from netops.egress.flows import Column
from netops.egress.kept import joined_low, owner_text
from netops.egress.match import View, texts_of

FLOWS, OWNERS = "flows", "flow_owners"
NUMBERS = (
    "sport", "dport", "proto", "tcp_flags", "packets", "bytes", "sampling_interval", "in_if", "out_if", "src_mac", "dst_mac",
)  # fmt: skip


def statements(database: str, keep_days: int) -> list[str]:
    """The statements that make the tables, in order; each may be run again."""
    text = files("netops.egress").joinpath("clickhouse.sql").read_text("utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("--"))
    filled = lines.replace("{database}", database).replace("{keep_days}", str(keep_days))
    return [one.strip() for one in filled.split(";") if one.strip()]


def table(chunk: Chunk) -> Any:
    """
    A chunk as an Arrow table with the columns of the table `flows`.

    Times are ms UTC; addresses are 16 octets, IPv4 mapped; what has few values is a dictionary.
    """
    import pyarrow as pa

    view = View(chunk)
    own, other = ends(view)
    owners = view.names.owners
    moment = partial(pa.array, type=pa.timestamp("ms", tz="UTC"))
    columns = {
        "received": moment(view.column("received").astype(np.int64)),
        "first": moment(measure.first(view)),
        "last": moment(measure.last(view)),
        **{name: _named(texts_of(name, view.names), view.column(name)) for name in ("plane", "exporter", "verdict", "exit")},
        "organization": _named([organization for _, organization in owners], own),
        "peer": _named([owner_text(one) for one in owners], other),
        "src": _addresses(view, "src"),
        "dst": _addresses(view, "dst"),
        **{name: pa.array(view.column(name)) for name in NUMBERS},
        "judgement": pa.array(view.column("scene")),
    }
    return pa.table(columns)


def owners(plane: str, judgement: int, known: Table) -> Iterator[dict[str, Any]]:
    """Rows of the table `flow_owners`: every prefix of one plane's owners that is anybody's."""
    for first, last, owner in known.runs():
        if not owner.space and not owner.organization:
            continue
        for net in summarize_address_range(IPv6Address(first), IPv6Address(last)):
            mapped = net.network_address.ipv4_mapped if net.subnet_of(MAPPED_NET) else None
            prefix = str(net) if mapped is None else f"{mapped}/{net.prefixlen - 96}"
            yield {
                "plane": plane, "judgement": judgement, "prefix": prefix, "space": owner.space.name.lower(),
                "organization": owner.organization,
            }  # fmt: skip


def _named(texts: list[str], numbers: Column) -> Any:
    """A dictionary, whose words must differ."""
    import pyarrow as pa

    words = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    places = np.array([words[text] for text in texts], np.int32)
    return pa.DictionaryArray.from_arrays(places[numbers], pa.array(list(words), pa.string()))


def _addresses(view: View, end: str) -> Any:
    import pyarrow as pa

    octets = np.empty((len(view), 2), ">u8")
    octets[:, 0] = view.column(f"{end}_hi")
    octets[:, 1] = joined_low(view.column(f"{end}_mid"), view.column(f"{end}_low"))
    return pa.Array.from_buffers(pa.binary(16), len(view), [None, pa.py_buffer(octets)])
