"""Objects of neighbour protocols: LLDP in its editions, CDP, FDP, MNDP."""

from __future__ import annotations

from netops.probes.mibs.group import CDP, CISCO, FDP, FOUNDRY, LLDP, LLDP_V2, MIKROTIK, MNDP, TP_LINK, Group

GROUPS: tuple[Group, ...] = (
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
        "FDP neighbours (Foundry)",
        {  # FOUNDRY-SN-SWITCH-GROUP-MIB snFdpCacheTable: CDP rows of neighbours too
            "snFdpCacheDeviceId": f"{FDP}.3",
            "snFdpCacheDevicePort": f"{FDP}.7",
            "snFdpCacheAddress": f"{FDP}.5",
            "snFdpCachePlatform": f"{FDP}.8",
            "snFdpCacheVendorId": f"{FDP}.10",
        },
        gated=True,
        vendor=FOUNDRY,
    ),
    Group(
        "neighbours (MikroTik)",
        {  # MIKROTIK-MIB mtxrNeighborTable: what RouterOS hears by MNDP, CDP and LLDP
            "mtxrNeighborInterfaceID": f"{MNDP}.8",
            "mtxrNeighborMacAddress": f"{MNDP}.3",
            "mtxrNeighborIpAddress": f"{MNDP}.2",
            "mtxrNeighborIdentity": f"{MNDP}.6",
            "mtxrNeighborPlatform": f"{MNDP}.5",
        },
        gated=True,
        vendor=MIKROTIK,
    ),
)
