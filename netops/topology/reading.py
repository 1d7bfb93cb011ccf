"""Read a walk into a view of the device: rows of MIB objects become interfaces, addresses, routes and tables. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from netaddr import AddrFormatError, IPAddress

from netops.core.walk import Column, DeviceWalk, Index, mac, said
from netops.topology.adjacency import adjacencies
from netops.topology.device import ArpEntry, DeviceView, Interface, InterfaceAddress, Route, System
from netops.topology.forwarding import forwarding, spanning_tree, vlans
from netops.topology.neighbors import (
    cdp_neighbors,
    chassis_text,
    lldp_neighbors,
    local_ports,
    tp_link_neighbors,
)

MAX_IF_SPEED = 4_294_967_295
ARP_STATES = {1: "reachable", 2: "stale", 3: "delay", 4: "probe", 5: "invalid", 6: "unknown", 7: "incomplete"}
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


def view(walk: DeviceWalk) -> DeviceView:
    """The device that *walk* saw."""
    columns = _Columns(_as_first_edition(walk.columns))
    interfaces = tuple(_interfaces(columns))
    names = {one.if_index: one.name for one in interfaces}
    system = _system(columns)
    ports = tuple(local_ports(columns, interfaces))
    addresses = tuple(_addresses(columns, names))
    return DeviceView(
        plane=walk.plane,
        name=system.name or walk.address,
        address=walk.address,
        at=walk.at,
        device=walk.device,
        partial=walk.is_partial,
        system=system,
        interfaces=interfaces,
        ports=ports,
        chassis=chassis_text(
            columns.integer("lldpLocChassisIdSubtype", (0,)), columns.at("lldpLocChassisId", (0,))
        )[0],
        addresses=addresses,
        routes=tuple(_routes(columns, names)),
        arp=tuple(_arp(columns, names)),
        fdb=tuple(forwarding(columns, names)),
        vlans=tuple(vlans(columns, interfaces)),
        neighbors=(
            *lldp_neighbors(columns, interfaces, ports),
            *tp_link_neighbors(columns, names),
            *cdp_neighbors(columns, names),
        ),
        adjacencies=tuple(adjacencies(columns, names, addresses)),
        stp=tuple(spanning_tree(columns, names)),
    )


def _as_first_edition(columns: dict[str, Column]) -> dict[str, Column]:
    """LLDP-V2-MIB rows as LLDP-MIB has them: without the destination MAC in the index, ports numbered by ifIndex."""
    if not columns.get("lldpV2RemPortId"):
        return columns
    first = dict(columns)
    for name, rows in columns.items():
        if not name.startswith("lldpV2"):
            continue
        kept = dict(first.get(name.replace("lldpV2", "lldp", 1), {}))
        if name.startswith("lldpV2Rem"):
            # time mark, ifIndex, destination address index, remote index
            rows = {(*index[:2], *index[3:]): value for index, value in rows.items() if len(index) >= 4}
        first[name.replace("lldpV2", "lldp", 1)] = kept | rows
    return first


class _Columns:
    """Columns by object name, with the conversions that a reader needs; what is not there is empty."""

    def __init__(self, columns: dict[str, Column]) -> None:
        # A row without an index is none; nobody below need ask for it.
        self.columns = {
            name: {index: value for index, value in rows.items() if index} if () in rows else rows
            for name, rows in columns.items()
        }

    def __getitem__(self, name: str) -> Column:
        return self.columns.get(name, {})

    def at(self, name: str, index: Index) -> object:
        return self[name].get(index)

    def vlans(self, name: str) -> list[int]:
        """The VLANs of which a column was read by itself."""
        marks = (key.partition("@")[2] for key in self.columns if key.startswith(f"{name}@"))
        return sorted(int(mark) for mark in marks if mark.isdigit())

    def integer(self, name: str, index: Index, default: int = 0) -> int:
        value = self[name].get(index)
        return value if isinstance(value, int) else default

    def text(self, name: str, index: Index) -> str:
        return said(self[name].get(index))


def _system(columns: _Columns) -> System:
    isis = columns.at("isisSysID", (0,))
    return System(
        descr=columns.text("sysDescr", (0,)),
        object_id=columns.text("sysObjectID", (0,)),
        name=columns.text("sysName", (0,)),
        location=columns.text("sysLocation", (0,)),
        uptime_seconds=columns.integer("sysUpTime", (0,)) / 100,
        bridge=mac(columns["dot1dBaseBridgeAddress"].get((0,))),
        isis=isis.hex() if isinstance(isis, bytes) and len(isis) == 6 else "",
        cdp=columns.text("cdpGlobalDeviceId", (0,)),
    )


def _interfaces(columns: _Columns) -> Iterator[Interface]:
    indexes = {
        index
        for name in ("ifDescr", "ifType", "ifOperStatus", "ifName")
        for index in columns[name]
        if len(index) == 1
    }
    kinds = {index[0]: kind for index, kind in columns["ifType"].items() if len(index) == 1}
    lags = _lags(columns, kinds)
    for index in sorted(indexes):
        speed = columns.integer("ifSpeed", index)
        # ifSpeed stops at 4294967295 bit/s; above that only ifHighSpeed tells the truth (RFC 2863).
        high = columns.integer("ifHighSpeed", index) * 1_000_000
        descr = columns.text("ifDescr", index)
        yield Interface(
            if_index=index[0],
            name=columns.text("ifName", index) or descr or str(index[0]),
            descr=descr,
            alias=columns.text("ifAlias", index),
            type=columns.integer("ifType", index),
            mtu=columns.integer("ifMtu", index),
            speed_bps=high if speed >= MAX_IF_SPEED or not speed else speed,
            mac=mac(columns["ifPhysAddress"].get(index)),
            admin_up=columns.integer("ifAdminStatus", index) == 1,
            oper_up=columns.integer("ifOperStatus", index) == 1,
            lag=lags.get(index[0], 0),
        )


LAG = 161
"""IANAifType ieee8023adLag."""


def _lags(columns: _Columns, kinds: Mapping[int, object]) -> dict[int, int]:
    """
    Member to aggregate: by ifStackTable where an interface is stacked on one, and by IEEE8023-LAG-MIB.

    dot3adAggPortAttachedAggID is the port's own ifIndex on a port that is in no aggregate (Cisco).
    """
    found = {
        index[1]: index[0]
        for index in columns["ifStackStatus"]
        if len(index) == 2 and kinds.get(index[0]) == LAG and index[1] in kinds and index[0] != index[1]
    }
    for index, aggregate in columns["dot3adAggPortAttachedAggID"].items():
        if len(index) == 1 and isinstance(aggregate, int) and aggregate in kinds and aggregate != index[0]:
            found[index[0]] = aggregate
    return {member: lag for member, lag in found.items() if kinds.get(member) != LAG}


# ---- addresses
def inet_address(index: Index) -> tuple[str, Index]:
    """
    InetAddressType, length and octets at the start of an index (RFC 4001), and what follows them.

    ("", ()) when it is none; zone indexes of scoped addresses are dropped.
    """
    if len(index) < 2 or len(index) < 2 + index[1]:
        return "", ()
    kind, length, octets, rest = index[0], index[1], index[2 : 2 + index[1]], index[2 + index[1] :]
    if kind == 0 and length == 0:
        return "", rest
    wanted = {1: 4, 2: 16, 3: 4, 4: 16}.get(kind)
    if wanted is None or len(octets) < wanted:
        return "", rest
    return octets_text(octets[:wanted]), rest


def octets_text(octets: Iterable[int]) -> str:
    """4 or 16 octets as canonical text, or ""."""
    held = tuple(octets)
    if len(held) not in (4, 16) or any(not 0 <= octet <= 255 for octet in held):
        return ""
    return str(IPAddress(int.from_bytes(bytes(held), "big"), 4 if len(held) == 4 else 6))


def mask_length(mask: object) -> int:
    """Bits of a dotted mask, or -1."""
    text = said(mask if isinstance(mask, str | bytes | int) else None)
    try:
        address = IPAddress(text)
    except (AddrFormatError, ValueError):
        return -1
    return int(address.netmask_bits()) if address.version == 4 and address.is_netmask() else -1


def _addresses(columns: _Columns, names: dict[int, str]) -> Iterator[InterfaceAddress]:
    found: dict[tuple[str, int], InterfaceAddress] = {}

    def put(if_index: int, address: str, length: int) -> None:
        # Only link-local addresses stand on several interfaces; the length comes from whichever table has it.
        key = (address, if_index if address.startswith("fe80:") else 0)
        if key not in found or found[key].prefixlen < 0:
            found[key] = InterfaceAddress(if_index, names.get(if_index, ""), address, length)

    for index, if_index in columns["ipAddressIfIndex"].items():
        address, _ = inet_address(index)
        if not address or not isinstance(if_index, int):
            continue
        # ipAddressPrefix points at an ipAddressPrefixTable row, whose last number is the length (RFC 4293).
        pointer = columns.text("ipAddressPrefix", index)
        tail = pointer.rsplit(".", 1)[-1]
        length = (
            int(tail)
            if pointer.startswith("1.3.6.1.2.1.4.32.") and tail.isdigit() and int(tail) <= 128
            else -1
        )
        put(if_index, address, length)
    for index, if_index in columns["ipAdEntIfIndex"].items():
        address = octets_text(index[:4])
        if address and isinstance(if_index, int):
            put(if_index, address, mask_length(columns.at("ipAdEntNetMask", index)))
    for index, bits in columns["ipv6AddrPfxLength"].items():
        # ifIndex and 16 octets (RFC 2465); some put the length of the octets between (Maipu).
        octets = index[2:] if len(index) == 18 and index[1] == 16 else index[1:]
        if index and len(octets) == 16 and (address := octets_text(octets)) and any(octets):
            put(index[0], address, bits if isinstance(bits, int) and bits <= 128 else -1)
    for index, bits in columns["ipv6ParaConfigPrefixLength"].items():
        # TPLINK-IPV6ADDR-MIB: ifIndex, address type, origin, 16 octets.
        if len(index) == 19 and (address := octets_text(index[3:])):
            put(index[0], address, bits if isinstance(bits, int) and bits <= 128 else -1)
    yield from (found[key] for key in sorted(found, key=lambda key: (*_order(key[0]), key[1])))


def _order(address: str) -> tuple[int, int]:
    parsed = IPAddress(address)
    return parsed.version, int(parsed)


# ---- routes
def _routes(columns: _Columns, names: dict[int, str]) -> Iterator[Route]:
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


def _tp_link_routes(columns: _Columns, names: dict[int, str]) -> Iterator[Route]:
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


def _ipv6_routes(columns: _Columns, names: dict[int, str]) -> Iterator[Route]:
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


def _inet_routes(columns: _Columns, names: dict[int, str]) -> Iterator[Route]:
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


# ---- ARP
def _arp(columns: _Columns, names: dict[int, str]) -> Iterator[ArpEntry]:
    """
    The union of both tables. Where they disagree about who has an address, the old one is taken.

    net-snmp 5.9 reads the old one anew every few seconds and keeps a row of the new one for minutes.
    """
    old: dict[tuple[int, str], str] = {}
    for index, physical in columns["ipNetToMediaPhysAddress"].items():
        ip = octets_text(index[1:])
        if ip and mac(physical) and columns.integer("ipNetToMediaType", index, 3) != 2:
            old.setdefault((index[0], ip), mac(physical))
    seen: set[tuple[int, str]] = set()
    for index, physical in columns["ipNetToPhysicalPhysAddress"].items():
        ip, _ = inet_address(index[1:])
        # ipNetToPhysicalType invalid(2) and local(5) are no neighbours; state invalid(5), incomplete(7) neither.
        kind, state = (
            columns.integer("ipNetToPhysicalType", index, 3),
            columns.integer("ipNetToPhysicalState", index),
        )
        key = (index[0], ip)
        if ip and mac(physical) and key not in seen and kind not in (2, 5) and state not in (5, 7):
            if old.get(key, mac(physical)) != mac(physical):
                continue
            seen.add(key)
            yield ArpEntry(index[0], names.get(index[0], ""), ip, mac(physical), ARP_STATES.get(state, ""))
    for (if_index, ip), physical_text in old.items():
        if (if_index, ip) not in seen:
            yield ArpEntry(if_index, names.get(if_index, ""), ip, physical_text)
