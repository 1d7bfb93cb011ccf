"""A small city for the tests of judging: two planes, a firewall, a router, two switches."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np

from netops.core.plane import Plane
from netops.egress.classify import Space, Table, net_span
from netops.egress.exit import ExitKind, RegisteredExit
from netops.egress.flows import JUDGED, Batch, address_value, mac_value
from netops.egress.judge import Facing, Observer, Port, Scene, Terminal

NOW = 1_790_000_000_000
GATEWAY, PC, SHARER, FOREIGN_PC = (
    "00:0f:e2:00:00:01",
    "00:14:22:00:00:11",
    "00:14:22:00:00:12",
    "00:14:22:00:00:99",
)
EXITS = (
    RegisteredExit(
        "shared", ExitKind.SHARED, "fw", "ic", net="203.0.113.0/30", published={"80": "10.20.0.80:80"}
    ),
    RegisteredExit("county", ExitKind.COUNTY, "r-x", "xc", net="198.51.100.0/30"),
    RegisteredExit("filed", ExitKind.SEPARATE, "r-edu", "edu", filing="F-3", valid_until="2027-01-01"),
    RegisteredExit("lapsed", ExitKind.SEPARATE, "r-old", "old", filing="F-1", valid_until="2026-01-01"),
)
SPANS = {
    Plane.EXTRANET: [
        net_span("10.20.0.0/16", Space.INSIDE),
        net_span("10.10.0.0/16", Space.OTHER_PLANE),
        net_span("10.20.11.0/24", Space.INSIDE, "fin"),
        net_span("10.20.11.0/26", Space.ALLOCATED, "fin"),
        net_span("10.20.0.0/24", Space.ALLOCATED, "ic"),
        net_span("10.20.12.0/24", Space.ALLOCATED, "hrss"),
        net_span("10.20.254.0/24", Space.DEVICES, "ic"),
        net_span("10.20.11.1", Space.DEVICES, "fin"),
        net_span("10.1.0.10", Space.UPSTREAM),
        net_span("203.0.113.0/30", Space.EXIT, "ic"),
        net_span("198.51.100.0/30", Space.EXIT, "xc"),
        net_span("2001:db8:20::/48", Space.INSIDE),
        net_span("2001:db8:20:11::/64", Space.ALLOCATED, "fin"),
    ],
    Plane.INTRANET: [
        net_span("10.10.0.0/16", Space.INSIDE),
        net_span("10.20.0.0/16", Space.OTHER_PLANE),
        net_span("10.10.11.0/25", Space.ALLOCATED, "off"),
        net_span("10.10.11.1", Space.DEVICES, "off"),
    ],
}
OBSERVERS = (
    Observer("10.20.255.2", "fw", Plane.EXTRANET, "ic", ports=(
        Port(1, "in", Facing.INTERNAL), Port(2, "wan", Facing.EXIT, "shared"), Port(3, "old", Facing.EXIT, "lapsed"),
        Port(4, "county", Facing.EXIT, "county"), Port(5, "filed", Facing.EXIT, "filed")), is_platform=True),
    Observer("10.20.255.11", "r-fin", Plane.EXTRANET, "fin", ports=(
        Port(1, "to-core", Facing.INTERNAL), Port(2, "lan", Facing.LAN), Port(9, "ge9", Facing.UNKNOWN, "", "198.51.100.18"),
        Port(7, "to-province", Facing.UPSTREAM))),
    Observer("10.10.11.2", "in-sw", Plane.INTRANET, "off", is_switch=True, ports=(
        Port(1, "up", Facing.INTERNAL), Port(2, "ge2", Facing.LAN), Port(3, "ge3", Facing.LAN))),
    Observer("10.10.255.1", "in-core", Plane.INTRANET, "off", ports=(Port(1, "lan", Facing.LAN), Port(9, "ge9", Facing.UNKNOWN))),
)  # fmt: skip
TERMINALS = (
    Terminal(Plane.INTRANET, "10.10.11.11", PC, "in-sw", "ge2", "off"),
    Terminal(Plane.INTRANET, "10.10.11.12", SHARER, "in-sw", "ge3", "off"),
    Terminal(Plane.EXTRANET, "10.20.11.13", FOREIGN_PC, "sw-fin", "ge4", "fin"),
)


def scene() -> Scene:
    return Scene(
        {plane: Table(spans) for plane, spans in SPANS.items()},
        {one.address: one for one in OBSERVERS},
        EXITS,
        frozenset({mac_value(GATEWAY)}),
        TERMINALS,
        date(2026, 11, 20),
    )


def batch(*flows: dict[str, Any]) -> Batch:
    """Flows by field name; addresses and MACs as text, *exporter* by address."""
    exporters = tuple(dict.fromkeys(one["exporter"] for one in flows))
    columns = {name: np.zeros(len(flows), kind) for name, kind in JUDGED.items()}
    defaults = {"packets": 1, "bytes": 100, "first": NOW, "last": NOW, "received": NOW, "proto": 6}
    for row, one in enumerate(flows):
        for name, value in (defaults | one).items():
            if name in ("src", "dst"):
                columns[f"{name}_hi"][row], columns[f"{name}_lo"][row] = address_value(value)
            elif name in ("src_mac", "dst_mac"):
                columns[name][row] = mac_value(value)
            elif name != "exporter":
                columns[name][row] = value
    return Batch(columns, np.array([exporters.index(one["exporter"]) for one in flows], np.int32), exporters)
