"""A network device: as the register has it (设备登记), and as it was seen."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum

import msgspec

from netops.core.plane import Plane

VERSION = re.compile(r"(?i)(?:\bversion:?|\bJUNOS|\bRouterOS|\bFortiOS)\s+v?([0-9A-Za-z][^\s,;]*)")
"""The version in sysDescr, as Cisco, Huawei, H3C, Juniper and MikroTik write it."""


class Role(StrEnum):
    """What a device is for; decides its tier on the map."""

    FIREWALL = "firewall"
    CORE = "core"
    AGGREGATION = "aggregation"
    EDGE = "edge"
    COUNTY = "county"
    SWITCH = "switch"
    UPSTREAM = "upstream"
    """The registered way up (province); never walked."""


class RegisteredDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One device in `inventory/<plane>/devices.toml`.

    Args:
        name: what the device calls itself (sysName).
        address: management address; flows come from it and SNMP is asked there.
        organization: code of the organization that answers for it.
        snmp: name of a credential in `[snmp.credentials]`, or several apart by blanks, tried in order; "" when it is
            not walked.
        exporter: True when it sends flows to the collector.
        serial: serial number of its chassis; those of a stack's members with blanks between; "" when nobody wrote it.
    """

    name: str
    address: str
    role: Role
    organization: str
    snmp: str = ""
    exporter: bool = False
    site: str = ""
    model: str = ""
    plane: Plane = Plane.EXTRANET
    serial: str = ""


class System(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What a device says about itself (SNMPv2-MIB system), and what other protocols call it.

    Args:
        bridge: dot1dBaseBridgeAddress, its MAC as a bridge, or "".
        isis: its IS-IS system id as twelve digits, or "".
        cdp: the device id that it tells CDP neighbours, or "".
        engine: snmpEngineID as hexadecimal digits, or "".
        router_id: the router id that it uses for OSPF, or "".
        stp_root: MAC of the spanning tree's root as it sees it, or "".
    """

    descr: str = ""
    object_id: str = ""
    name: str = ""
    location: str = ""
    uptime_seconds: float = 0.0
    bridge: str = ""
    isis: str = ""
    cdp: str = ""
    engine: str = ""
    router_id: str = ""
    stp_root: str = ""


class Hardware(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of entPhysicalTable that has a serial number or a model (ENTITY-MIB).

    Args:
        kind: "stack", "chassis" or "module".
    """

    kind: str
    name: str = ""
    model: str = ""
    serial: str = ""
    software: str = ""


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of ifTable and ifXTable.

    Args:
        name: ifName, or ifDescr on devices without one; stable across restarts, unlike *if_index*.
        type: IANAifType number; 6 is Ethernet, 24 loopback, 131 tunnel, 161 a LAG.
        speed_bps: bits per second, from ifHighSpeed where ifSpeed stops at its limit.
        mac: six octets with colons, or "".
        lag: ifIndex of the aggregate that it is a member of, or 0.
        lag_system: on an aggregate, the LACP system id that it speaks with; two devices with one of these are an MLAG.
        lag_partner: on an aggregate, the LACP system id of the other end, or "".
    """

    if_index: int
    name: str
    descr: str = ""
    alias: str = ""
    type: int = 0
    mtu: int = 0
    speed_bps: int = 0
    mac: str = ""
    admin_up: bool = False
    oper_up: bool = False
    lag: int = 0
    lag_system: str = ""
    lag_partner: str = ""


class InterfaceAddress(msgspec.Struct, frozen=True, omit_defaults=True):
    """An address of the device's own (ipAddressTable, ipAddrTable); *prefixlen* is -1 when unknown."""

    if_index: int
    interface: str
    address: str
    prefixlen: int = -1


class Route(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of the best routing table that the device has.

    Args:
        next_hop: canonical text, or "" when the destination is on the wire.
        protocol: ipRouteProtocol, such as "local", "netmgmt", "ospf".
        type: "other", "reject", "local", "remote" or "blackhole".
    """

    destination: str
    prefixlen: int
    next_hop: str = ""
    if_index: int = 0
    interface: str = ""
    protocol: str = ""
    type: str = ""


class ArpEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of ARP or neighbour discovery.

    Args:
        state: ipNetToPhysicalState ("reachable", "stale", "delay", "probe", "unknown"), or "" on devices without it.
    """

    if_index: int
    interface: str
    ip: str
    mac: str
    state: str = ""


class FdbEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of a forwarding table.

    Args:
        vlan: 802.1Q id, or 0.
        if_index: 0 when the bridge port has no interface.
        status: "learned", "self", "mgmt", "other" or "invalid".
    """

    mac: str
    vlan: int = 0
    if_index: int = 0
    interface: str = ""
    status: str = "learned"


class Vlan(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A VLAN of the bridge: its 802.1Q id and name.

    Args:
        ports: ifIndexes of its members, 0 for a bridge port without an interface; tagged or not.
        untagged: those among them that send it without a tag.
    """

    id: int
    name: str = ""
    ports: tuple[int, ...] = ()
    untagged: tuple[int, ...] = ()


class Adjacency(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A routing neighbour.

    Args:
        protocol: "ospf", "ospfv3", "isis" or "bgp".
        if_index: where it is heard; 0 when the table does not say (OSPF: the interface of the neighbour's prefix).
        remote_id: OSPF router id, IS-IS system id, or AS number.
        remote_address: the neighbour's address on the link, or "".
        remote_mac: IS-IS SNPA on a LAN, or "".
        state: "full", "up", "established", or what it is short of that.
    """

    protocol: str
    if_index: int = 0
    interface: str = ""
    remote_id: str = ""
    remote_address: str = ""
    remote_mac: str = ""
    state: str = ""

    @property
    def is_up(self) -> bool:
        """Whether the two really exchange routes."""
        return self.state in ("full", "up", "established")


class StpPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A port in the spanning tree.

    Args:
        number: its own bridge port.
        state: "blocking", "listening", "learning", "forwarding", "disabled" or "broken".
        bridge: MAC of the designated bridge of its segment.
        port: port number of that bridge there, or 0.
        is_root: whether it is the port that leads to the root.
    """

    number: int
    if_index: int = 0
    interface: str = ""
    state: str = ""
    bridge: str = ""
    port: int = 0
    is_root: bool = False


class Neighbor(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One neighbour row (LLDP, CDP), whether or not anybody knows the neighbour.

    Args:
        remote_port: the port id as text; a MAC with colons when *remote_port_kind* is "mac".
        remote_port_kind: "alias", "component", "mac", "address", "name", "circuit" or "local".
        remote_capabilities: of "other", "repeater", "bridge", "wlan", "router", "telephone", "docsis", "station".
    """

    protocol: str
    local_if_index: int = 0
    local_interface: str = ""
    remote_name: str = ""
    remote_chassis: str = ""
    remote_port: str = ""
    remote_port_kind: str = ""
    remote_port_descr: str = ""
    remote_address: str = ""
    remote_mac: str = ""
    remote_descr: str = ""
    remote_capabilities: tuple[str, ...] = ()


class LocalPort(msgspec.Struct, frozen=True, omit_defaults=True):
    """How the device names one of its own ports to its neighbours (lldpLocPortTable)."""

    number: int
    if_index: int = 0
    kind: str = ""
    id: str = ""
    descr: str = ""


class DeviceView(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A device as it was last seen.

    Args:
        name: sysName or, without one, the address that was walked.
        device: its name in the register, or what it is kept by where that is not its name; or "".
        registered: whether it was walked as a registered device.
        at: when it was last walked with success.
        stale: True when it has not answered since.
        partial: True when something could not be read: silence about that proves nothing.
        chassis: its own LLDP chassis id, a MAC with colons mostly, or "".
        aliases: other names and addresses under which the same device was walked (see `identity.fold`).
    """

    plane: Plane
    name: str
    address: str
    at: datetime
    device: str = ""
    registered: bool = False
    stale: bool = False
    partial: bool = False
    chassis: str = ""
    aliases: tuple[str, ...] = ()
    system: System = System()
    hardware: tuple[Hardware, ...] = ()
    interfaces: tuple[Interface, ...] = ()
    addresses: tuple[InterfaceAddress, ...] = ()
    routes: tuple[Route, ...] = ()
    arp: tuple[ArpEntry, ...] = ()
    fdb: tuple[FdbEntry, ...] = ()
    vlans: tuple[Vlan, ...] = ()
    neighbors: tuple[Neighbor, ...] = ()
    ports: tuple[LocalPort, ...] = ()
    adjacencies: tuple[Adjacency, ...] = ()
    stp: tuple[StpPort, ...] = ()

    @property
    def key(self) -> str:
        """What the store knows it by: its registered name, or what it calls itself."""
        return self.device or self.name

    def interface(self, if_index: int) -> Interface | None:
        """The interface with this index."""
        return next((one for one in self.interfaces if one.if_index == if_index), None)

    def address_of(self, if_index: int) -> str:
        """The first IPv4 address of an interface, else its first address that is not link-local, else ""."""
        found = [
            one.address
            for one in self.addresses
            if one.if_index == if_index and not one.address.startswith("fe80:")
        ]
        return next((one for one in found if ":" not in one), found[0] if found else "")

    @property
    def model(self) -> str:
        """What its chassis calls itself (entPhysicalModelName), or ""."""
        return next((one.model for one in self.hardware if one.model), "")

    @property
    def serials(self) -> tuple[str, ...]:
        """Serial numbers of its chassis, one for each member of a stack; those of modules without any chassis."""
        for kinds in (("stack", "chassis"), ("module",)):
            if found := tuple(
                sorted({one.serial for one in self.hardware if one.kind in kinds and one.serial})
            ):
                return found
        return ()

    @property
    def software(self) -> str:
        """The version of its software: what its chassis says, else what stands in sysDescr."""
        told = next((one.software for one in self.hardware if one.software), "")
        if told:
            return told
        match = VERSION.search(self.system.descr)
        return match[1] if match else ""

    def macs(self) -> set[str]:
        """Every MAC that is the device's own."""
        own = {one.mac for one in self.interfaces if one.mac}
        own |= {entry.mac for entry in self.fdb if entry.status == "self"}
        return own | {mac for mac in (self.chassis, self.system.bridge) if mac.count(":") == 5}
