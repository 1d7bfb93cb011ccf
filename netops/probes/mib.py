"""MIB objects that topology needs: their OIDs, grouped as they are walked. Pure; no I/O."""

from __future__ import annotations

from typing import NamedTuple

from netops.core.walk import Column, Value


class Group(NamedTuple):
    """
    Columns that are read together, the first deciding.

    Args:
        name: what people are told when it could not be read.
        objects: object name to OID, in the order of reading.
        gated: an empty first column means that the rest is empty.
        unless: objects that make this group needless when they gave rows (an older table of the same facts).
        vendor: what sysObjectID starts with on devices that have it (IANA enterprise numbers); "" for all.
    """

    name: str
    objects: dict[str, str]
    gated: bool = False
    unless: tuple[str, ...] = ()
    vendor: str = ""

    def concerns(self, columns: dict[str, Column]) -> bool:
        """Whether a device that said *columns* so far can have this group, and needs it."""
        if any(columns.get(other) for other in self.unless):
            return False
        return not self.vendor or is_vendor(columns, self.vendor, unsaid=True)


def is_vendor(columns: dict[str, Column], enterprise: str, *, unsaid: bool = False) -> bool:
    """Whether sysObjectID lies below *enterprise*; *unsaid* for a device that does not say what it is."""
    known = str(columns.get("sysObjectID", {}).get((0,), ""))
    return f"{known}.".startswith(f"{enterprise}.") if known else unsaid


MIB2 = "1.3.6.1.2.1"
LLDP = "1.0.8802.1.1.2.1"
LLDP_V2 = "1.3.111.2.802.1.1.13.1"
CISCO, HUAWEI, JUNIPER, TP_LINK = (f"1.3.6.1.4.1.{number}" for number in (9, 2011, 2636, 11863))
CDP = f"{CISCO}.9.23.1.2.1.1"
ISIS, OSPF, OSPF_V3, BGP = (f"{MIB2}.{number}" for number in (138, 14, 191, 15))

SYS_UPTIME = f"{MIB2}.1.3.0"
"""Asked first: any answer to it means that the device lives."""

GROUPS: tuple[Group, ...] = (
    Group(
        "system",
        {  # SNMPv2-MIB, RFC 3418
            "sysDescr": f"{MIB2}.1.1",
            "sysObjectID": f"{MIB2}.1.2",
            "sysUpTime": f"{MIB2}.1.3",
            "sysName": f"{MIB2}.1.5",
            "sysLocation": f"{MIB2}.1.6",
        },
    ),
    Group(
        "interfaces",
        {  # IF-MIB, RFC 2863
            "ifDescr": f"{MIB2}.2.2.1.2",
            "ifType": f"{MIB2}.2.2.1.3",
            "ifMtu": f"{MIB2}.2.2.1.4",
            "ifSpeed": f"{MIB2}.2.2.1.5",
            "ifPhysAddress": f"{MIB2}.2.2.1.6",
            "ifAdminStatus": f"{MIB2}.2.2.1.7",
            "ifOperStatus": f"{MIB2}.2.2.1.8",
            "ifName": f"{MIB2}.31.1.1.1.1",
            "ifHighSpeed": f"{MIB2}.31.1.1.1.15",
            "ifAlias": f"{MIB2}.31.1.1.1.18",
        },
    ),
    Group(
        "link aggregation",
        {"dot3adAggPortAttachedAggID": "1.2.840.10006.300.43.1.2.1.1.13"},  # IEEE8023-LAG-MIB
        gated=True,
    ),
    Group("stacked interfaces", {"ifStackStatus": f"{MIB2}.31.1.2.1.3"}, gated=True),  # IF-MIB
    Group(
        "addresses",
        {  # IP-MIB, RFC 4293; ipAddrTable is its deprecated half and the only one many devices have
            "ipAdEntIfIndex": f"{MIB2}.4.20.1.2",
            "ipAdEntNetMask": f"{MIB2}.4.20.1.3",
            "ipAddressIfIndex": f"{MIB2}.4.34.1.3",
            "ipAddressPrefix": f"{MIB2}.4.34.1.5",
        },
    ),
    Group(
        "IPv6 addresses (RFC 2465)",
        {"ipv6AddrPfxLength": f"{MIB2}.55.1.8.1.2"},  # IPV6-MIB: the only one on RouterOS, QTECH, Maipu
        gated=True,
    ),
    Group(
        "IPv6 addresses (TP-Link)",
        {"ipv6ParaConfigPrefixLength": f"{TP_LINK}.6.50.1.1.1.5"},  # TPLINK-IPV6ADDR-MIB
        gated=True,
        vendor=TP_LINK,
    ),
    Group(
        "LLDP local ports",
        {  # LLDP-MIB, IEEE 802.1AB-2005
            "lldpLocChassisIdSubtype": f"{LLDP}.3.1",
            "lldpLocChassisId": f"{LLDP}.3.2",
            "lldpLocPortIdSubtype": f"{LLDP}.3.7.1.2",
            "lldpLocPortId": f"{LLDP}.3.7.1.3",
            "lldpLocPortDesc": f"{LLDP}.3.7.1.4",
        },
    ),
    Group(
        "LLDP neighbours",
        {
            "lldpRemPortId": f"{LLDP}.4.1.1.7",
            "lldpRemPortIdSubtype": f"{LLDP}.4.1.1.6",
            "lldpRemChassisIdSubtype": f"{LLDP}.4.1.1.4",
            "lldpRemChassisId": f"{LLDP}.4.1.1.5",
            "lldpRemPortDesc": f"{LLDP}.4.1.1.8",
            "lldpRemSysName": f"{LLDP}.4.1.1.9",
            "lldpRemSysDesc": f"{LLDP}.4.1.1.10",
            "lldpRemSysCapEnabled": f"{LLDP}.4.1.1.12",
            "lldpRemManAddrIfSubtype": f"{LLDP}.4.2.1.3",
        },
        gated=True,
    ),
    Group(
        "LLDP neighbours (2009)",
        {  # LLDP-V2-MIB, IEEE 802.1AB-2009: rows are numbered by ifIndex
            "lldpV2RemPortId": f"{LLDP_V2}.4.1.1.8",
            "lldpV2RemPortIdSubtype": f"{LLDP_V2}.4.1.1.7",
            "lldpV2RemChassisIdSubtype": f"{LLDP_V2}.4.1.1.5",
            "lldpV2RemChassisId": f"{LLDP_V2}.4.1.1.6",
            "lldpV2RemPortDesc": f"{LLDP_V2}.4.1.1.9",
            "lldpV2RemSysName": f"{LLDP_V2}.4.1.1.10",
            "lldpV2RemSysDesc": f"{LLDP_V2}.4.1.1.11",
            "lldpV2RemSysCapEnabled": f"{LLDP_V2}.4.1.1.13",
            "lldpV2RemManAddrIfSubtype": f"{LLDP_V2}.4.2.1.3",
            "lldpV2LocChassisIdSubtype": f"{LLDP_V2}.3.1",
            "lldpV2LocChassisId": f"{LLDP_V2}.3.2",
            "lldpV2LocPortIdSubtype": f"{LLDP_V2}.3.7.1.2",
            "lldpV2LocPortId": f"{LLDP_V2}.3.7.1.3",
            "lldpV2LocPortDesc": f"{LLDP_V2}.3.7.1.4",
        },
        gated=True,
        unless=("lldpRemPortId",),
    ),
    Group(
        "LLDP neighbours (TP-Link)",
        {  # TPLINK-LLDPINFO-MIB lldpNeighborInfoTable: values are printed text, index ifIndex and number
            "lldpNeighborPortId": f"{TP_LINK}.6.35.1.2.2.1.6",
            "lldpNeighborPortIdSubtype": f"{TP_LINK}.6.35.1.2.2.1.5",
            "lldpNeighborChassisId": f"{TP_LINK}.6.35.1.2.2.1.4",
            "lldpNeighborPortDescr": f"{TP_LINK}.6.35.1.2.2.1.8",
            "lldpNeighborDeviceName": f"{TP_LINK}.6.35.1.2.2.1.9",
            "lldpNeighborDeviceDescr": f"{TP_LINK}.6.35.1.2.2.1.10",
            "lldpNeighborManageIpAddr": f"{TP_LINK}.6.35.1.2.2.1.13",
        },
        gated=True,
        unless=("lldpRemPortId",),
        vendor=TP_LINK,
    ),
    Group(
        "CDP neighbours",
        {  # CISCO-CDP-MIB
            "cdpCacheDeviceId": f"{CDP}.6",
            "cdpCacheDevicePort": f"{CDP}.7",
            "cdpCacheAddressType": f"{CDP}.3",
            "cdpCacheAddress": f"{CDP}.4",
            "cdpCachePlatform": f"{CDP}.8",
            "cdpCacheCapabilities": f"{CDP}.9",
            "cdpGlobalDeviceId": f"{CISCO}.9.23.1.3.4",
        },
        gated=True,
    ),
    Group(
        "bridge ports",
        {  # BRIDGE-MIB, RFC 4188
            "dot1dBasePortIfIndex": f"{MIB2}.17.1.4.1.2",
            "dot1dBaseBridgeAddress": f"{MIB2}.17.1.1",
        },
    ),
    Group(
        "spanning tree",
        {  # BRIDGE-MIB dot1dStpPortTable
            "dot1dStpPortState": f"{MIB2}.17.2.15.1.3",
            "dot1dStpPortDesignatedBridge": f"{MIB2}.17.2.15.1.8",
            "dot1dStpPortDesignatedPort": f"{MIB2}.17.2.15.1.9",
        },
        gated=True,
    ),
    Group(
        "ARP",
        {  # IP-MIB ipNetToPhysicalTable (with states), RFC 4293
            "ipNetToPhysicalPhysAddress": f"{MIB2}.4.35.1.4",
            "ipNetToPhysicalType": f"{MIB2}.4.35.1.6",
            "ipNetToPhysicalState": f"{MIB2}.4.35.1.7",
        },
        gated=True,
    ),
    Group(
        "ARP (old table)",
        {"ipNetToMediaPhysAddress": f"{MIB2}.4.22.1.2", "ipNetToMediaType": f"{MIB2}.4.22.1.4"},
        gated=True,
    ),
    Group(
        "forwarding table by VLAN",
        {  # Q-BRIDGE-MIB, RFC 4363
            "dot1qTpFdbPort": f"{MIB2}.17.7.1.2.2.1.2",
            "dot1qTpFdbStatus": f"{MIB2}.17.7.1.2.2.1.3",
            "dot1qVlanFdbId": f"{MIB2}.17.7.1.4.2.1.3",
        },
        gated=True,
    ),
    Group(
        "forwarding table",
        {  # read even beside the one above: on some devices they hold different rows
            "dot1dTpFdbPort": f"{MIB2}.17.4.3.1.2",
            "dot1dTpFdbStatus": f"{MIB2}.17.4.3.1.3",
        },
        gated=True,
    ),
    Group(
        "forwarding table (Huawei)",
        {"hwDynFdbPort": f"{HUAWEI}.5.25.42.2.1.3.1.4"},  # HUAWEI-L2MAM-MIB: MAC, VLAN and VSI to ifIndex
        gated=True,
        vendor=HUAWEI,
    ),
    Group(
        "VLANs",
        {  # Q-BRIDGE-MIB
            "dot1qVlanStaticName": f"{MIB2}.17.7.1.4.3.1.1",
            "dot1qPvid": f"{MIB2}.17.7.1.4.5.1.1",
            "dot1qVlanCurrentEgressPorts": f"{MIB2}.17.7.1.4.2.1.4",
            "dot1qVlanCurrentUntaggedPorts": f"{MIB2}.17.7.1.4.2.1.5",
        },
    ),
    Group(
        "VLAN members",
        {
            "dot1qVlanStaticEgressPorts": f"{MIB2}.17.7.1.4.3.1.2",
            "dot1qVlanStaticUntaggedPorts": f"{MIB2}.17.7.1.4.3.1.4",
        },
        gated=True,
        unless=("dot1qVlanCurrentEgressPorts",),
    ),
    Group(
        "VLANs (Cisco)",
        {  # CISCO-VTP-MIB
            "vtpVlanType": f"{CISCO}.9.46.1.3.1.1.3",
            "vtpVlanState": f"{CISCO}.9.46.1.3.1.1.2",
            "vtpVlanName": f"{CISCO}.9.46.1.3.1.1.4",
        },
        gated=True,
        vendor=CISCO,
    ),
    Group(
        "VLAN members (Cisco)",
        {  # CISCO-VTP-MIB vlanTrunkPortTable, CISCO-VLAN-MEMBERSHIP-MIB vmMembershipTable
            "vlanTrunkPortDynamicStatus": f"{CISCO}.9.46.1.6.1.1.14",
            "vlanTrunkPortNativeVlan": f"{CISCO}.9.46.1.6.1.1.5",
            "vlanTrunkPortVlansEnabled": f"{CISCO}.9.46.1.6.1.1.4",
            "vlanTrunkPortVlansEnabled2k": f"{CISCO}.9.46.1.6.1.1.17",
            "vlanTrunkPortVlansEnabled3k": f"{CISCO}.9.46.1.6.1.1.18",
            "vlanTrunkPortVlansEnabled4k": f"{CISCO}.9.46.1.6.1.1.19",
            "vmVlan": f"{CISCO}.9.68.1.2.2.1.2",
        },
        vendor=CISCO,
    ),
    Group(
        "VLANs (Huawei)",
        {  # HUAWEI-L2VLAN-MIB, HUAWEI-L2IF-MIB
            "hwL2VlanDescr": f"{HUAWEI}.5.25.42.3.1.1.1.1.2",
            "hwL2IfPortIfIndex": f"{HUAWEI}.5.25.42.1.1.1.3.1.2",
            "hwL2IfPVID": f"{HUAWEI}.5.25.42.1.1.1.3.1.4",
            "hwL2IfHybridTaggedVlanListLow": f"{HUAWEI}.5.25.42.1.1.1.9.1.2",
            "hwL2IfHybridTaggedVlanListHigh": f"{HUAWEI}.5.25.42.1.1.1.9.1.3",
            "hwL2IfTrunkAllowPassVlanListLow": f"{HUAWEI}.5.25.42.1.1.1.10.1.2",
            "hwL2IfTrunkAllowPassVlanListHigh": f"{HUAWEI}.5.25.42.1.1.1.10.1.3",
        },
        gated=True,
        vendor=HUAWEI,
    ),
    Group(
        "VLANs (Juniper)",
        {  # JUNIPER-VLAN-MIB: the tag stands beside an index of its own
            "jnxExVlanTag": f"{JUNIPER}.3.40.1.5.1.5.1.5",
            "jnxExVlanName": f"{JUNIPER}.3.40.1.5.1.5.1.2",
            "jnxExVlanPortStatus": f"{JUNIPER}.3.40.1.5.1.7.1.3",
        },
        gated=True,
        vendor=JUNIPER,
    ),
    Group(
        "VLANs (TP-Link)",
        {  # TPLINK-DOT1Q-VLAN-MIB: members are printed, "1/0/1-4,1/0/9"
            "vlanConfigDescription": f"{TP_LINK}.6.14.1.2.1.1.2",
            "vlanConfigTagPortMemberAdd": f"{TP_LINK}.6.14.1.2.1.1.3",
            "vlanConfigUntagPortMemberAdd": f"{TP_LINK}.6.14.1.2.1.1.4",
        },
        gated=True,
        vendor=TP_LINK,
    ),
    Group(
        "OSPF neighbours",
        {"ospfNbrRtrId": f"{OSPF}.10.1.3", "ospfNbrState": f"{OSPF}.10.1.6"},  # OSPF-MIB, RFC 4750
        gated=True,
    ),
    Group(
        "OSPFv3 neighbours",
        {"ospfv3NbrState": f"{OSPF_V3}.1.9.1.8", "ospfv3NbrAddress": f"{OSPF_V3}.1.9.1.5"},  # RFC 5643
        gated=True,
    ),
    Group(
        "IS-IS adjacencies",
        {  # ISIS-MIB, RFC 4444
            "isisISAdjState": f"{ISIS}.1.6.1.1.2",
            "isisISAdjNeighSNPAAddress": f"{ISIS}.1.6.1.1.4",
            "isisISAdjNeighSysID": f"{ISIS}.1.6.1.1.6",
            "isisISAdjIPAddrAddress": f"{ISIS}.1.6.3.1.3",
            "isisCircIfIndex": f"{ISIS}.1.3.2.1.2",
            "isisSysID": f"{ISIS}.1.1.1.3",
        },
        gated=True,
    ),
    Group(
        "BGP peers",
        {"bgpPeerState": f"{BGP}.3.1.2", "bgpPeerRemoteAs": f"{BGP}.3.1.9"},  # BGP4-MIB, RFC 4273
        gated=True,
    ),
    Group(
        "BGP peers (Cisco)",
        {  # CISCO-BGP4-MIB, where BGP4-MIB is not there (IOS XR)
            "cbgpPeer2State": f"{CISCO}.9.187.1.2.5.1.3",
            "cbgpPeer2RemoteAs": f"{CISCO}.9.187.1.2.5.1.11",
        },
        gated=True,
        unless=("bgpPeerState",),
        vendor=CISCO,
    ),
    Group(
        "BGP peers (Juniper)",
        {  # BGP4-V2-MIB-JUNIPER
            "jnxBgpM2PeerState": f"{JUNIPER}.5.1.1.2.1.1.1.2",
            "jnxBgpM2PeerRemoteAddr": f"{JUNIPER}.5.1.1.2.1.1.1.11",
            "jnxBgpM2PeerRemoteAs": f"{JUNIPER}.5.1.1.2.1.1.1.13",
        },
        gated=True,
        unless=("bgpPeerState",),
        vendor=JUNIPER,
    ),
    Group(
        "routes",
        {  # IP-FORWARD-MIB, RFC 4292
            "inetCidrRouteIfIndex": f"{MIB2}.4.24.7.1.7",
            "inetCidrRouteType": f"{MIB2}.4.24.7.1.8",
            "inetCidrRouteProto": f"{MIB2}.4.24.7.1.9",
        },
        gated=True,
    ),
    Group(
        "routes (RFC 2096)",
        {
            "ipCidrRouteIfIndex": f"{MIB2}.4.24.4.1.5",
            "ipCidrRouteType": f"{MIB2}.4.24.4.1.6",
            "ipCidrRouteProto": f"{MIB2}.4.24.4.1.7",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex",),
    ),
    Group(
        "routes (RFC 1213)",
        {
            "ipRouteNextHop": f"{MIB2}.4.21.1.7",
            "ipRouteIfIndex": f"{MIB2}.4.21.1.2",
            "ipRouteMask": f"{MIB2}.4.21.1.11",
            "ipRouteType": f"{MIB2}.4.21.1.8",
            "ipRouteProto": f"{MIB2}.4.21.1.9",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex", "ipCidrRouteIfIndex"),
    ),
    Group(
        "IPv6 routes (RFC 2465)",
        {
            "ipv6RouteIfIndex": f"{MIB2}.55.1.11.1.4",
            "ipv6RouteNextHop": f"{MIB2}.55.1.11.1.5",
            "ipv6RouteType": f"{MIB2}.55.1.11.1.6",
            "ipv6RouteProtocol": f"{MIB2}.55.1.11.1.7",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex",),
    ),
    Group(
        "static routes (TP-Link)",
        {
            "tpStaticRouteItemNextIp": f"{TP_LINK}.6.36.1.1.1.1.3",
            "tpStaticRouteItemInterfaceName": f"{TP_LINK}.6.36.1.1.1.1.5",
            "tpIPv6StaticRouteItemNexthop": f"{TP_LINK}.6.53.1.1.1.1.3",
            "tpIPv6StaticRouteItemDesIp": f"{TP_LINK}.6.53.1.1.1.1.1",
            "tpIPv6StaticRouteItemPrefixLen": f"{TP_LINK}.6.53.1.1.1.1.2",
            "tpIPv6StaticRouteItemInterfaceName": f"{TP_LINK}.6.53.1.1.1.1.5",
        },
        unless=("inetCidrRouteIfIndex", "ipCidrRouteIfIndex", "ipRouteNextHop"),
        vendor=TP_LINK,
    ),
)
VLAN_OBJECTS = ("dot1dTpFdbPort", "dot1dTpFdbStatus", "dot1dBasePortIfIndex")
"""What Cisco keeps once per VLAN, behind the community NAME@VLAN or the context vlan-N ("SNMP Community String Indexing")."""


def suffix(oid: str, column: str) -> tuple[int, ...] | None:
    """The row index of *oid* under *column*, or None when it lies elsewhere or is no OID."""
    if not oid.startswith(column) or oid[len(column) : len(column) + 1] != ".":
        return None
    try:
        return tuple(map(int, oid[len(column) + 1 :].split(".")))
    except ValueError:
        return None


def picked(variables: list[tuple[str, Value]]) -> dict[str, Column]:
    """The columns of GROUPS out of a whole recording (OID without a leading dot, value)."""
    wanted = {oid: name for group in GROUPS for name, oid in group.objects.items()}
    columns: dict[str, Column] = {}
    for oid, value in variables:
        at = len(oid)
        while (at := oid.rfind(".", 0, at)) > 0:
            if name := wanted.get(oid[:at]):
                if (index := suffix(oid, oid[:at])) is not None:
                    columns.setdefault(name, {})[index] = value
                break
    skipped = {name for group in GROUPS if not group.concerns(columns) for name in group.objects}
    return {name: rows for name, rows in columns.items() if name not in skipped}
