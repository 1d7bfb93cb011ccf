"""Read a walk into a view of the device: rows of MIB objects become interfaces, addresses, routes and tables. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from netaddr import AddrFormatError, IPAddress

from netops.core.walk import Column, DeviceWalk, Index, mac, said
from netops.topology.device import (
    ArpEntry,
    DeviceView,
    FdbEntry,
    Interface,
    InterfaceAddress,
    Route,
    System,
    Vlan,
)
from netops.topology.neighbors import cdp_neighbors, chassis_text, lldp_neighbors, local_ports

MAX_IF_SPEED = 4_294_967_295
ARP_STATES = {1: "reachable", 2: "stale", 3: "delay", 4: "probe", 5: "invalid", 6: "unknown", 7: "incomplete"}
FDB_STATES = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt"}
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
    columns = _Columns(walk.columns)
    interfaces = tuple(_interfaces(columns))
    names = {one.if_index: one.name for one in interfaces}
    system = _system(columns)
    ports = tuple(local_ports(columns, interfaces))
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
        addresses=tuple(_addresses(columns, names)),
        routes=tuple(_routes(columns, names)),
        arp=tuple(_arp(columns, names)),
        fdb=tuple(_fdb(columns, names)),
        vlans=tuple(_vlans(columns)),
        neighbors=(*lldp_neighbors(columns, interfaces, ports), *cdp_neighbors(columns, names)),
    )


class _Columns:
    """Columns by object name, with the conversions that a reader needs; what is not there is empty."""

    def __init__(self, columns: dict[str, Column]) -> None:
        self.columns = columns

    def __getitem__(self, name: str) -> Column:
        return self.columns.get(name, {})

    def at(self, name: str, index: Index) -> object:
        return self[name].get(index)

    def integer(self, name: str, index: Index, default: int = 0) -> int:
        value = self[name].get(index)
        return value if isinstance(value, int) else default

    def text(self, name: str, index: Index) -> str:
        return said(self[name].get(index))


def _system(columns: _Columns) -> System:
    return System(
        descr=columns.text("sysDescr", (0,)),
        object_id=columns.text("sysObjectID", (0,)),
        name=columns.text("sysName", (0,)),
        location=columns.text("sysLocation", (0,)),
        uptime_seconds=columns.integer("sysUpTime", (0,)) / 100,
    )


def _interfaces(columns: _Columns) -> Iterator[Interface]:
    indexes = {
        index
        for name in ("ifDescr", "ifType", "ifOperStatus", "ifName")
        for index in columns[name]
        if len(index) == 1
    }
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
        )


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
    found: dict[str, InterfaceAddress] = {}
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
        found[address] = InterfaceAddress(if_index, names.get(if_index, ""), address, length)
    for index, if_index in columns["ipAdEntIfIndex"].items():
        address = octets_text(index[:4])
        if address and isinstance(if_index, int) and (address not in found or found[address].prefixlen < 0):
            length = mask_length(columns.at("ipAdEntNetMask", index))
            found[address] = InterfaceAddress(if_index, names.get(if_index, ""), address, length)
    yield from (found[address] for address in sorted(found, key=_order))


def _order(address: str) -> tuple[int, int]:
    parsed = IPAddress(address)
    return parsed.version, int(parsed)


# ---- routes
def _routes(columns: _Columns, names: dict[int, str]) -> Iterator[Route]:
    yield from _inet_routes(columns, names)
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


# ---- ARP, forwarding, VLANs
def _arp(columns: _Columns, names: dict[int, str]) -> Iterator[ArpEntry]:
    seen: set[tuple[int, str]] = set()
    for index, physical in columns["ipNetToPhysicalPhysAddress"].items():
        ip, _ = inet_address(index[1:])
        # ipNetToPhysicalType invalid(2) and local(5) are no neighbours; state invalid(5), incomplete(7) neither.
        kind, state = (
            columns.integer("ipNetToPhysicalType", index, 3),
            columns.integer("ipNetToPhysicalState", index),
        )
        if ip and mac(physical) and (index[0], ip) not in seen and kind not in (2, 5) and state not in (5, 7):
            seen.add((index[0], ip))
            yield ArpEntry(index[0], names.get(index[0], ""), ip, mac(physical), ARP_STATES.get(state, ""))
    for index, physical in columns["ipNetToMediaPhysAddress"].items():
        ip = octets_text(index[1:])
        if (
            ip
            and mac(physical)
            and (index[0], ip) not in seen
            and columns.integer("ipNetToMediaType", index, 3) != 2
        ):
            seen.add((index[0], ip))
            yield ArpEntry(index[0], names.get(index[0], ""), ip, mac(physical))


def _fdb(columns: _Columns, names: dict[int, str]) -> Iterator[FdbEntry]:
    """The union of both tables, each MAC once per VLAN: on some devices they hold different rows."""
    base = {
        index[0]: port for index, port in columns["dot1dBasePortIfIndex"].items() if isinstance(port, int)
    }
    vlan_of = {fdb: index[-1] for index, fdb in columns["dot1qVlanFdbId"].items() if isinstance(fdb, int)}
    rows = [
        (vlan_of.get(index[0], index[0]), index[1:], port, columns.integer("dot1qTpFdbStatus", index, 3))
        for index, port in columns["dot1qTpFdbPort"].items()
        if len(index) == 7
    ]
    rows += [
        (0, index, port, columns.integer("dot1dTpFdbStatus", index, 3))
        for index, port in columns["dot1dTpFdbPort"].items()
        if len(index) == 6
    ]
    port_index = _port_index(base, names, {port for _, _, port, _ in rows if isinstance(port, int) and port})
    seen: set[tuple[str, int | None]] = set()
    for vlan, octets, port, status in rows:
        if (
            any(not 0 <= octet <= 255 for octet in octets)
            or not any(octets)
            or not isinstance(port, int)
            or status == 2
        ):
            continue
        address, if_index = bytes(octets).hex(":"), port_index(port)
        key = (address, vlan or None)
        if key in seen or (not vlan and (address, -if_index) in seen):
            continue
        seen |= {key, (address, -if_index)}
        yield FdbEntry(address, vlan, if_index, names.get(if_index, ""), FDB_STATES.get(status, "other"))


def _port_index(base: dict[int, int], names: dict[int, str], ports: set[int]) -> Callable[[int], int]:
    """
    Bridge port to ifIndex; 0 when it is not known.

    Without dot1dBasePortTable ports are numbered by ifIndex. TP-Link numbers the base ports from 49153 and the
    forwarding table from 1 (librenms #15594): when no port stands in the table and all do after one shift, shift.
    """
    if not base:
        return lambda port: port if port in names else 0
    shift = min(base) - 1
    if ports and not ports & base.keys() and {port + shift for port in ports} <= base.keys():
        return lambda port: base.get(port + shift, 0)
    return lambda port: base.get(port, 0)


def _vlans(columns: _Columns) -> Iterator[Vlan]:
    names = {
        index[0]: said(name) for index, name in columns["dot1qVlanStaticName"].items() if len(index) == 1
    }
    for number in sorted(names):
        yield Vlan(number, names[number])
