"""A packet inside a packet, where one record tells of both: routers of SRv6 export the carrier's header and what it carries."""

from __future__ import annotations

import numpy as np

from netops.egress.elements import Kind
from netops.egress.flows import MAPPED, Column
from netops.egress.frame import ENCAPSULATED

INNER = ("src", "dst", "sport", "dport", "proto", "tos", "tcp_flags")
"""What is told once more, of the packet inside."""
Sources = dict[str, list[tuple[int, Kind, int]]]
"""By column: rank, kind and place in the template of each field that tells it."""


def told_again(sources: Sources, protocols: list[int]) -> Sources:
    """
    The fields of *sources* that tell of a packet inside the first one; nothing where a template tells of one.

    Elements that come again stand in the order of the headers (RFC 7011 §8).

    Args:
        protocols: places of protocolIdentifier.
    """
    begin = [place for _, _, place in sources.get("src", []) if protocols and place > protocols[0]]
    if len(protocols) < 2 or not begin:
        return {}
    inner = {name: [one for one in sources.get(name, []) if one[2] >= min(begin)] for name in INNER}
    split = {name: some for name, some in inner.items() if some and some != sources[name]}
    outer = [{kind for _, kind, place in sources.get(end, []) if place < min(begin)} for end in ("src", "dst")]
    is_whole = {"src", "dst", "proto"} <= split.keys() and all(Kind.IPV6 in kinds for kinds in outer)
    return split if is_whole else {}


def opened(
    columns: dict[str, Column], ends: dict[str, tuple[Column, Column]], values: dict[str, Column]
) -> None:
    """
    Put the packet inside in the place of the carrier's, as in beginnings of frames: where IPv6 carries IPv4 or IPv6 directly.

    Args:
        columns: of the first packet.
        ends: halves of the inner addresses.
        values: the other inner columns.
    """
    hi, lo = ends["src"]
    is_v6 = (columns["src_hi"] > 0) | (columns["src_lo"] >> np.uint64(32) != 0xFFFF)
    is_there = (hi > 0) | ((lo > 0) & (lo != MAPPED))
    carried = np.isin(columns["proto"], tuple(ENCAPSULATED)) & is_v6 & is_there
    for end, halves in ends.items():
        for half, column in zip(("hi", "lo"), halves, strict=True):
            columns[f"{end}_{half}"] = np.where(carried, column, columns[f"{end}_{half}"])
    for name, column in values.items():
        columns[name] = np.where(carried, column, columns[name])
