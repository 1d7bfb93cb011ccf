"""Objects of the device itself: system, hardware, interfaces, aggregates, addresses."""

from __future__ import annotations

from netops.probes.mibs.group import CISCO, ENTITY, HUAWEI, LAG, MIB2, TP_LINK, Group

GROUPS: tuple[Group, ...] = (
    Group(
        "system",
        {  # SNMPv2-MIB, RFC 3418
            "sysDescr": f"{MIB2}.1.1",
            "sysObjectID": f"{MIB2}.1.2",
            "sysUpTime": f"{MIB2}.1.3",
            "sysName": f"{MIB2}.1.5",
            "sysLocation": f"{MIB2}.1.6",
            "snmpEngineID": "1.3.6.1.6.3.10.2.1.1",  # SNMP-FRAMEWORK-MIB, RFC 3411
        },
    ),
    Group(
        "hardware",
        {  # ENTITY-MIB, RFC 6933
            "entPhysicalClass": f"{ENTITY}.5",
            "entPhysicalSerialNum": f"{ENTITY}.11",
            "entPhysicalModelName": f"{ENTITY}.13",
            "entPhysicalSoftwareRev": f"{ENTITY}.10",
            "entPhysicalName": f"{ENTITY}.7",
        },
        gated=True,
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
        {  # IEEE8023-LAG-MIB; two devices whose aggregates carry one system id are one to their neighbour (MLAG)
            "dot3adAggPortAttachedAggID": f"{LAG}.2.1.1.13",
            "dot3adAggActorSystemID": f"{LAG}.1.1.1.4",
            "dot3adAggPartnerSystemID": f"{LAG}.1.1.1.8",
        },
        gated=True,
    ),
    Group(
        "link aggregation (Cisco)",
        {"pagpGroupIfIndex": f"{CISCO}.9.98.1.1.1.1.8"},  # CISCO-PAGP-MIB: manual channels too
        gated=True,
        vendor=CISCO,
    ),
    Group(
        "link aggregation (Huawei)",
        {  # HUAWEI-IF-EXT-MIB: trunk number to Eth-Trunk id; trunk number and member ifIndex
            "hwTrunkValidEntry": f"{HUAWEI}.5.25.41.1.4.1.1.2",
            "hwTrunkIfID": f"{HUAWEI}.5.25.41.1.3.3.1.2",
        },
        gated=True,
        unless=("dot3adAggPortAttachedAggID",),
        vendor=HUAWEI,
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
)
