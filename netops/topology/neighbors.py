"""Neighbours (邻居) as LLDP and CDP tell them: every row is kept, whoever it is. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Protocol

from netaddr import IPAddress

from netops.core.walk import Column, Index, mac, said
from netops.topology.device import Interface, LocalPort, Neighbor

CHASSIS_KINDS = {1: "component", 2: "alias", 3: "component", 4: "mac", 5: "address", 6: "name", 7: "local"}
PORT_KINDS = {1: "alias", 2: "component", 3: "mac", 4: "address", 5: "name", 6: "circuit", 7: "local"}
"""LldpChassisIdSubtype and LldpPortIdSubtype (IEEE 802.1AB-2005, LLDP-MIB)."""
CAPABILITIES = ("other", "repeater", "bridge", "wlan", "router", "telephone", "docsis", "station")


class Columns(Protocol):
    """Columns by MIB object name; a missing one is empty."""

    def __getitem__(self, name: str) -> Column:
        """A column, row index to value."""

    def integer(self, name: str, index: Index, default: int = 0) -> int:
        """A value that is a number."""

    def text(self, name: str, index: Index) -> str:
        """A value as safe text."""

    def vlans(self, name: str) -> list[int]:
        """The VLANs of which a column was read by itself."""


def id_text(kind: str, raw: object) -> str:
    """A chassis or port id as text: MACs with colons, network addresses canonical, the rest as it was said."""
    if not isinstance(raw, bytes):
        return said(raw if isinstance(raw, int | str) else None)
    if kind == "mac" and len(raw) == 6:
        return raw.hex(":")
    if kind == "mac" and (printed := printed_mac(said(raw))):
        return printed
    if (
        kind == "address" and len(raw) in (5, 17) and raw[0] in (1, 2)
    ):  # IANA address family, then the address
        return str(IPAddress(int.from_bytes(raw[1:], "big"), 4 if raw[0] == 1 else 6))
    if len(raw) == 6 and not all(32 <= octet < 127 for octet in raw):
        return raw.hex(":")
    return said(raw)


def printed_mac(text: str) -> str:
    """A MAC that was sent as text (RouterOS, TP-Link, HP), with colons and lower case; "" for what is none."""
    digits = re.sub(r"[:.-]", "", text.lower())
    return bytes.fromhex(digits).hex(":") if re.fullmatch(r"[0-9a-f]{12}", digits) and digits != text else ""


def chassis_text(subtype: int, raw: object) -> tuple[str, str]:
    """A chassis id as text, and the MAC in it or ""."""
    kind = CHASSIS_KINDS.get(subtype, "local")
    text = id_text(kind, raw)
    return text, text if text.count(":") == 5 and len(text) == 17 else ""


def local_ports(columns: Columns, interfaces: Sequence[Interface]) -> Iterator[LocalPort]:
    """
    How the device names its ports to others, each with the interface that it is.

    lldpLocPortNum need not be an ifIndex or a bridge port: the id and description decide, the number only at last.
    """
    for index in columns["lldpLocPortId"]:
        if len(index) != 1:
            continue
        kind = PORT_KINDS.get(columns.integer("lldpLocPortIdSubtype", index), "local")
        text, descr = (
            id_text(kind, columns["lldpLocPortId"].get(index)),
            columns.text("lldpLocPortDesc", index),
        )
        if_index = port_interface(interfaces, kind, text, descr)
        if not if_index and any(one.if_index == index[0] for one in interfaces):
            if_index = index[0]
        yield LocalPort(index[0], if_index, kind, text, descr)


def port_interface(interfaces: Sequence[Interface], kind: str, text: str, descr: str) -> int:
    """The ifIndex that a port id and description mean among *interfaces*, or 0 when none or several."""
    if kind == "mac":
        same = [one for one in interfaces if one.mac == text]
        return (
            _only(same)
            or _only(_named(same, descr))
            or _only([one for one in same if one.type == 6])
            or _only(_named(interfaces, descr))
        )
    return (
        _only(_named(interfaces, text))
        or _only(_named(interfaces, descr))
        or (
            int(text)
            if kind == "local" and text.isdigit() and any(one.if_index == int(text) for one in interfaces)
            else 0
        )
    )


def _named(interfaces: Sequence[Interface], text: str) -> list[Interface]:
    if not text:
        return []
    for field in ("name", "descr", "alias"):
        if found := [one for one in interfaces if getattr(one, field) == text]:
            return found
    return []


def _only(found: Sequence[Interface]) -> int:
    return found[0].if_index if len(found) == 1 else 0


def lldp_neighbors(
    columns: Columns, interfaces: Sequence[Interface], ports: Sequence[LocalPort]
) -> Iterator[Neighbor]:
    """One neighbour for each lldpRemTable row (index: time mark, local port, remote index)."""
    names = {one.if_index: one.name for one in interfaces}
    local = {port.number: port.if_index for port in ports}
    labels = {port.number: port.descr if port.kind == "mac" else port.id for port in ports}
    base = {
        index[0]: value for index, value in columns["dot1dBasePortIfIndex"].items() if isinstance(value, int)
    }
    addresses = _management_addresses(columns)
    for index in columns["lldpRemPortId"]:
        if len(index) != 3:
            continue
        number = index[1]
        if_index = local.get(number) or base.get(number, 0) or (number if number in names else 0)
        kind = PORT_KINDS.get(columns.integer("lldpRemPortIdSubtype", index), "local")
        subtype = columns.integer("lldpRemChassisIdSubtype", index)
        chassis, chassis_mac = chassis_text(subtype, columns["lldpRemChassisId"].get(index))
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
        raw = columns["cdpCacheAddress"].get(index)
        address = ""
        if isinstance(raw, bytes) and len(raw) == 4 and columns.integer("cdpCacheAddressType", index, 1) == 1:
            address = str(IPAddress(int.from_bytes(raw, "big"), 4))
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
            remote_address=address,
            remote_mac=mac(raw_id) or name_mac(columns.text("cdpCacheDeviceId", index)),
            remote_descr=columns.text("cdpCachePlatform", index),
            remote_capabilities=_cdp_capabilities(columns["cdpCacheCapabilities"].get(index)),
        )


def name_mac(name: str) -> str:
    """A MAC in a CDP device id, or "": HP puts its MAC behind its name: "sw1(001db3-c50960)"."""
    match = re.fullmatch(r".*\(([0-9a-f]{6})-?([0-9a-f]{6})\)", name)
    return bytes.fromhex(match[1] + match[2]).hex(":") if match else ""


def _cdp_capabilities(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, bytes) or len(raw) != 4:
        return ()
    return tuple(name for mask, name in CDP_CAPABILITIES if raw[3] & mask)
