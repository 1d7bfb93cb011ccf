"""Objects of bridging: ports, spanning tree, forwarding tables, VLANs; ARP and ND beside them."""

from __future__ import annotations

from netops.probes.mibs.group import CISCO, FORTINET, HUAWEI, JUNIPER, MIB2, Q_BRIDGE_IEEE, TP_LINK, Group

GROUPS: tuple[Group, ...] = (
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
            "dot1dStpDesignatedRoot": f"{MIB2}.17.2.5",
            "dot1dStpRootPort": f"{MIB2}.17.2.7",
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
        "neighbour discovery (RFC 2465)",
        {"ipv6NetToMediaPhysAddress": f"{MIB2}.55.1.12.1.2"},
        gated=True,
        unless=("ipNetToPhysicalPhysAddress",),
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
        "forwarding table (IEEE)",
        {  # IEEE8021-Q-BRIDGE-MIB (Aruba CX has no other)
            "ieee8021QBridgeTpFdbPort": f"{Q_BRIDGE_IEEE}.2.2.1.2",
            "ieee8021QBridgeTpFdbStatus": f"{Q_BRIDGE_IEEE}.2.2.1.3",
        },
        gated=True,
        unless=("dot1qTpFdbPort",),
    ),
    Group(
        "forwarding table (Fortinet)",
        {  # FortiSwitch numbers dot1dTpFdbTable by row instead of MAC (librenms fdb-table/fortiswitch.inc.php)
            "dot1dTpFdbAddress": f"{MIB2}.17.4.3.1.1",
            "dot1dBasePort": f"{MIB2}.17.1.4.1.1",
        },
        gated=True,
        vendor=FORTINET,
    ),
    Group(
        "forwarding table (Huawei)",
        {"hwDynFdbPort": f"{HUAWEI}.5.25.42.2.1.3.1.4"},  # HUAWEI-L2MAM-MIB: MAC, VLAN and VSI to ifIndex
        gated=True,
        vendor=HUAWEI,
    ),
    Group(
        "static forwarding table (Huawei)",
        {"hwCfgFdbPort": f"{HUAWEI}.5.25.42.2.1.2.1.4"},  # HUAWEI-L2MAM-MIB, indexed as the one above
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
        "VLANs (IEEE)",
        {  # IEEE8021-Q-BRIDGE-MIB, indexed by component and VLAN
            "ieee8021QBridgeVlanStaticName": f"{Q_BRIDGE_IEEE}.4.3.1.3",
            "ieee8021QBridgeVlanStaticEgressPorts": f"{Q_BRIDGE_IEEE}.4.3.1.4",
            "ieee8021QBridgeVlanStaticUntaggedPorts": f"{Q_BRIDGE_IEEE}.4.3.1.6",
        },
        gated=True,
        unless=("dot1qVlanStaticName", "dot1qVlanCurrentEgressPorts"),
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
        "VLANs (Juniper ELS)",
        {  # JUNIPER-L2ALD-MIB: the forwarding database id of a VLAN is no VLAN id
            "jnxL2aldVlanTag": f"{JUNIPER}.3.48.1.3.1.1.3",
            "jnxL2aldVlanName": f"{JUNIPER}.3.48.1.3.1.1.2",
            "jnxL2aldVlanFdbId": f"{JUNIPER}.3.48.1.3.1.1.5",
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
)
