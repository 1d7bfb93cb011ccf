"""Neighbours (邻居) as LLDP, CDP and their kin tell them: every row is kept, whoever it is. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netaddr import IPAddress

from netops.core.walk import Index, mac
from netops.topology.device import Interface, LocalPort, Neighbor
from netops.topology.identifiers import (
    PORT_KINDS,
    Columns,
    address_text,
    chassis_text,
    id_text,
    name_mac,
    printed_mac,
)
from netops.topology.ports import port_numbers

CAPABILITIES = ("other", "repeater", "bridge", "wlan", "router", "telephone", "docsis", "station")


# ---- LLDP
def lldp_neighbors(
    columns: Columns, interfaces: Sequence[Interface], ports: Sequence[LocalPort]
) -> Iterator[Neighbor]:
    """One neighbour for each lldpRemTable row (index: time mark, local port, remote index)."""
    names = {one.if_index: one.name for one in interfaces}
    local = {port.number: port.if_index for port in ports if port.if_index}
    labels = {port.number: port.descr if port.kind == "mac" else port.id for port in ports}
    local = {**port_numbers(columns, interfaces, (), local), **local}
    elsewhere = _mikrotik_ports(columns)
    addresses = _management_addresses(columns)
    for index in columns["lldpRemPortId"]:
        if len(index) != 3:
            continue
        number = index[1]
        kind = PORT_KINDS.get(columns.integer("lldpRemPortIdSubtype", index), "local")
        subtype = columns.integer("lldpRemChassisIdSubtype", index)
        chassis, chassis_mac = chassis_text(subtype, columns["lldpRemChassisId"].get(index))
        if_index = local.get(number, 0) or elsewhere.get(chassis_mac, 0)
        yield Neighbor(
            "lldp",
            if_index,
            names.get(if_index, "") or labels.get(number, ""),
            columns.text("lldpRemSysName", index),
            chassis,
            id_text(kind, columns["lldpRemPortId"].get(index)),
            kind,
            columns.text("lldpRemPortDesc", index),
            addresses.get(index, ""),
            chassis_mac,
            columns.text("lldpRemSysDesc", index),
            _capabilities(columns["lldpRemSysCapEnabled"].get(index)),
        )


def _management_addresses(columns: Columns) -> dict[Index, str]:
    """The first IPv4 (else any) management address of each neighbour row."""
    found: dict[Index, str] = {}
    for index in columns["lldpRemManAddrIfSubtype"]:
        row, rest = index[:3], index[3:]
        if len(rest) < 6 or rest[0] not in (1, 2) or rest[1] != len(rest) - 2 or rest[1] not in (4, 16):
            continue
        if any(not 0 <= octet <= 255 for octet in rest[2:]):
            continue
        address = str(IPAddress(int.from_bytes(bytes(rest[2:]), "big"), 4 if rest[1] == 4 else 6))
        if row not in found or (":" in found[row] and ":" not in address):
            found[row] = address
    return found


def _capabilities(raw: object) -> tuple[str, ...]:
    """LldpSystemCapabilitiesMap: BITS, the first bit the highest."""
    if not isinstance(raw, bytes) or not raw:
        return ()
    return tuple(name for place, name in enumerate(CAPABILITIES) if raw[0] & (0x80 >> place))


def tp_link_neighbors(columns: Columns, names: dict[int, str]) -> Iterator[Neighbor]:
    """TPLINK-LLDPINFO-MIB lldpNeighborInfoTable (index: ifIndex, number), whose values are printed for people."""
    for index in columns["lldpNeighborPortId"]:
        if len(index) != 2:
            continue
        chassis = columns.text("lldpNeighborChassisId", index)
        port = columns.text("lldpNeighborPortId", index)
        address = columns.text("lldpNeighborManageIpAddr", index)
        kind = "mac" if "mac" in columns.text("lldpNeighborPortIdSubtype", index).lower() else "name"
        yield Neighbor(
            "lldp",
            index[0],
            names.get(index[0], ""),
            columns.text("lldpNeighborDeviceName", index),
            printed_mac(chassis) or chassis,
            printed_mac(port) or port,
            kind,
            columns.text("lldpNeighborPortDescr", index),
            address if address not in ("::", "0.0.0.0") else "",  # noqa: S104 - unspecified, not a listener
            printed_mac(chassis),
            columns.text("lldpNeighborDeviceDescr", index),
        )


# ---- CDP and its kin
CDP_CAPABILITIES = (
    (0x01, "router"),
    (0x0A, "bridge"),
    (0x10, "station"),
    (0x40, "repeater"),
    (0x80, "telephone"),
)
"""CDP capabilities, the last octet of cdpCacheCapabilities: transparent bridge and switch are bridges."""


def cdp_neighbors(columns: Columns, names: dict[int, str]) -> Iterator[Neighbor]:
    """One neighbour for each cdpCacheTable row (index: ifIndex, device index)."""
    for index in columns["cdpCacheDeviceId"]:
        if len(index) != 2:
            continue
        raw_id = columns["cdpCacheDeviceId"].get(index)
        port = id_text("name", columns["cdpCacheDevicePort"].get(index))
        yield Neighbor(
            "cdp",
            index[0],
            names.get(index[0], ""),
            columns.text("cdpCacheDeviceId", index),
            remote_chassis=mac(raw_id),
            remote_port=port,
            remote_port_kind="mac"
            if mac(columns["cdpCacheDevicePort"].get(index)) and ":" in port
            else "name",
            remote_address=address_text(columns["cdpCacheAddress"].get(index)),
            remote_mac=mac(raw_id) or name_mac(columns.text("cdpCacheDeviceId", index)),
            remote_descr=columns.text("cdpCachePlatform", index),
            remote_capabilities=_cdp_capabilities(columns["cdpCacheCapabilities"].get(index)),
        )


def fdp_neighbors(columns: Columns, names: dict[int, str]) -> Iterator[Neighbor]:
    """FOUNDRY-SN-SWITCH-GROUP-MIB snFdpCacheTable (index: ifIndex, number): FDP, and CDP as Foundry hears it."""
    for index in columns["snFdpCacheDeviceId"]:
        if len(index) == 2:
            vendor = columns.text("snFdpCacheVendorId", index).upper()
            yield Neighbor(
                "cdp" if "CDP" in vendor else "fdp",
                index[0],
                names.get(index[0], ""),
                columns.text("snFdpCacheDeviceId", index),
                remote_port=columns.text("snFdpCacheDevicePort", index),
                remote_port_kind="name",
                remote_address=address_text(columns["snFdpCacheAddress"].get(index)),
                remote_descr=columns.text("snFdpCachePlatform", index),
            )


def mikrotik_neighbors(columns: Columns, names: dict[int, str]) -> Iterator[Neighbor]:
    """MIKROTIK-MIB mtxrNeighborTable: what RouterOS hears by MNDP, CDP and LLDP alike; it does not say the port."""
    for index, if_index in columns["mtxrNeighborInterfaceID"].items():
        remote = mac(columns["mtxrNeighborMacAddress"].get(index))
        if not isinstance(if_index, int):
            continue
        yield Neighbor(
            "mndp",
            if_index,
            names.get(if_index, ""),
            columns.text("mtxrNeighborIdentity", index),
            remote_chassis=remote,
            remote_address=address_text(columns["mtxrNeighborIpAddress"].get(index)),
            remote_mac=remote,
            remote_descr=columns.text("mtxrNeighborPlatform", index),
        )


def _mikrotik_ports(columns: Columns) -> dict[str, int]:
    """MAC to interface out of the same table: RouterOS's LLDP rows leave the local port out."""
    return {
        mac(columns["mtxrNeighborMacAddress"].get(index)): if_index
        for index, if_index in columns["mtxrNeighborInterfaceID"].items()
        if isinstance(if_index, int)
    }


def _cdp_capabilities(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, bytes) or len(raw) != 4:
        return ()
    return tuple(name for mask, name in CDP_CAPABILITIES if raw[3] & mask)
