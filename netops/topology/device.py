"""A network device: as the register has it (设备登记), and as it was seen."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

from netops.core.plane import Plane


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
        snmp: name of a credential in `[snmp.credentials]`, or "" when it is not walked.
        exporter: True when it sends flows to the collector.
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


class System(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    What a device says about itself (SNMPv2-MIB system), and what other protocols call it.

    Args:
        bridge: dot1dBaseBridgeAddress, its MAC as a bridge, or "".
        isis: its IS-IS system id as twelve digits, or "".
        cdp: the device id that it tells CDP neighbours, or "".
    """

    descr: str = ""
    object_id: str = ""
    name: str = ""
    location: str = ""
    uptime_seconds: float = 0.0
    bridge: str = ""
    isis: str = ""
    cdp: str = ""


class Interface(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of ifTable and ifXTable.

    Args:
        name: ifName, or ifDescr on devices without one; stable across restarts, unlike *if_index*.
        type: IANAifType number; 6 is Ethernet, 24 loopback, 131 tunnel, 161 a LAG.
        speed_bps: bits per second, from ifHighSpeed where ifSpeed stops at its limit.
        mac: six octets with colons, or "".
        lag: ifIndex of the aggregate that it is a member of, or 0.
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
    """

    number: int
    if_index: int = 0
    interface: str = ""
    state: str = ""
    bridge: str = ""
    port: int = 0


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
        device: its name in the register, or "".
        at: when it was last walked with success.
        stale: True when it has not answered since.
        partial: True when something could not be read: silence about that proves nothing.
        chassis: its own LLDP chassis id, a MAC with colons mostly, or "".
    """

    plane: Plane
    name: str
    address: str
    at: datetime
    device: str = ""
    stale: bool = False
    partial: bool = False
    chassis: str = ""
    system: System = System()
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

    def macs(self) -> set[str]:
        """Every MAC that is the device's own."""
        own = {one.mac for one in self.interfaces if one.mac}
        own |= {entry.mac for entry in self.fdb if entry.status == "self"}
        return own | {mac for mac in (self.chassis, self.system.bridge) if mac.count(":") == 5}
