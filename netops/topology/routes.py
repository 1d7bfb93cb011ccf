"""Routes (路由) out of the columns of a walk: every standard table, and TP-Link's own. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.walk import said
from netops.topology.addresses import inet_address, mask_length, octets_text
from netops.topology.device import Route
from netops.topology.identifiers import Columns

ROUTE_TYPES = {1: "other", 2: "reject", 3: "local", 4: "remote", 5: "blackhole"}
OLD_ROUTE_TYPES = {1: "other", 2: "reject", 3: "local", 4: "remote"}
ROUTE_PROTOCOLS = {
    1: "other",
    2: "local",
    3: "netmgmt",
    4: "icmp",
    5: "egp",
    6: "ggp",
    7: "hello",
    8: "rip",
    9: "isis",
    10: "esis",
    11: "igrp",
    12: "bbn",
    13: "ospf",
    14: "bgp",
    15: "idpr",
    16: "eigrp",
    17: "dvmrp",
    18: "rpl",
    19: "dhcp",
}


def routes(columns: Columns, names: dict[int, str]) -> Iterator[Route]:
    """Every row; a probe reads an older table only where the newer one is empty."""
    yield from _inet_routes(columns, names)
    yield from _ipv6_routes(columns, names)
    yield from _tp_link_routes(columns, names)
    for index, if_index in columns["ipCidrRouteIfIndex"].items():
        if len(index) == 13:
            yield _route(
                octets_text(index[:4]),
                mask_length(octets_text(index[4:8])),
                octets_text(index[9:]),
                if_index,
                names,
                columns.integer("ipCidrRouteProto", index),
                OLD_ROUTE_TYPES.get(columns.integer("ipCidrRouteType", index), ""),
            )
    for index, next_hop in columns["ipRouteNextHop"].items():
        mask = columns.at("ipRouteMask", index)
        # RFC 1213 ipRouteType: invalid(2), direct(3), indirect(4).
        kind = columns.integer("ipRouteType", index)
        if kind != 2 and octets_text(index):
            yield _route(
                octets_text(index),
                mask_length(mask),
                said(next_hop),
                columns.integer("ipRouteIfIndex", index),
                names,
                columns.integer("ipRouteProto", index),
                OLD_ROUTE_TYPES.get(kind, ""),
            )


def _tp_link_routes(columns: Columns, names: dict[int, str]) -> Iterator[Route]:
    """TPLINK-STATICROUTE-MIB and TPLINK-IPV6STATICROUTE-MIB: the interface is named as "VLAN255"."""
    numbers = {name: if_index for if_index, name in names.items()}

    def interface(raw: object) -> int:
        name = said(raw if isinstance(raw, bytes) else None)
        digits = name.removeprefix("VLAN")
        return numbers.get(name) or (int(digits) if digits.isdigit() and int(digits) in names else 0)

    for index, hop in columns["tpStaticRouteItemNextIp"].items():
        if len(index) == 12 and (destination := octets_text(index[:4])):
            length = mask_length(octets_text(index[4:8]))
            number = interface(columns.at("tpStaticRouteItemInterfaceName", index))
            yield _route(destination, length, said(hop), number, names, 3, "remote")
    for index, hop in columns["tpIPv6StaticRouteItemNexthop"].items():
        raw = columns.at("tpIPv6StaticRouteItemDesIp", index)
        destination = octets_text(raw) if isinstance(raw, bytes) else ""
        if destination and isinstance(hop, bytes):
            length = columns.integer("tpIPv6StaticRouteItemPrefixLen", index, -1)
            number = interface(columns.at("tpIPv6StaticRouteItemInterfaceName", index))
            yield _route(destination, length, octets_text(hop), number, names, 3, "remote")


def _ipv6_routes(columns: Columns, names: dict[int, str]) -> Iterator[Route]:
    """RFC 2465 ipv6RouteTable (index: 16 octets, length, number); its types are other, discard, local, remote."""
    for index, if_index in columns["ipv6RouteIfIndex"].items():
        if len(index) != 18 or not 0 <= index[16] <= 128 or not (destination := octets_text(index[:16])):
            continue
        hop = columns.at("ipv6RouteNextHop", index)
        yield _route(
            destination,
            index[16],
            octets_text(hop) if isinstance(hop, bytes) else "",
            if_index,
            names,
            columns.integer("ipv6RouteProtocol", index),
            OLD_ROUTE_TYPES.get(columns.integer("ipv6RouteType", index), ""),
        )


def _inet_routes(columns: Columns, names: dict[int, str]) -> Iterator[Route]:
    for index, if_index in columns["inetCidrRouteIfIndex"].items():
        destination, rest = inet_address(index)
        if not destination or not rest:
            continue
        length, rest = rest[0], rest[1:]
        if not rest or len(rest) < 1 + rest[0]:  # inetCidrRoutePolicy is an OID with its length first
            continue
        next_hop, _ = inet_address(rest[1 + rest[0] :])
        yield _route(
            destination,
            length,
            next_hop,
            if_index,
            names,
            columns.integer("inetCidrRouteProto", index),
            ROUTE_TYPES.get(columns.integer("inetCidrRouteType", index), ""),
        )


def _route(
    destination: str,
    length: int,
    next_hop: str,
    if_index: object,
    names: dict[int, str],
    protocol: int,
    kind: str,
) -> Route:
    number = if_index if isinstance(if_index, int) else 0
    hop = "" if next_hop in ("0.0.0.0", "::") else next_hop  # noqa: S104 - the unspecified address, not a listener
    return Route(
        destination, length, hop, number, names.get(number, ""), ROUTE_PROTOCOLS.get(protocol, ""), kind
    )
