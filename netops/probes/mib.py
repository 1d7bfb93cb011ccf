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
    """

    name: str
    objects: dict[str, str]
    gated: bool = False
    unless: tuple[str, ...] = ()


MIB2 = "1.3.6.1.2.1"
LLDP = "1.0.8802.1.1.2.1"
CDP = "1.3.6.1.4.1.9.9.23.1.2.1.1"

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
        "addresses",
        {  # IP-MIB, RFC 4293; ipAddrTable is its deprecated half and the only one many devices have
            "ipAdEntIfIndex": f"{MIB2}.4.20.1.2",
            "ipAdEntNetMask": f"{MIB2}.4.20.1.3",
            "ipAddressIfIndex": f"{MIB2}.4.34.1.3",
            "ipAddressPrefix": f"{MIB2}.4.34.1.5",
        },
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
        "CDP neighbours",
        {  # CISCO-CDP-MIB
            "cdpCacheDeviceId": f"{CDP}.6",
            "cdpCacheDevicePort": f"{CDP}.7",
            "cdpCacheAddressType": f"{CDP}.3",
            "cdpCacheAddress": f"{CDP}.4",
            "cdpCachePlatform": f"{CDP}.8",
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
    Group("VLANs", {"dot1qVlanStaticName": f"{MIB2}.17.7.1.4.3.1.1", "dot1qPvid": f"{MIB2}.17.7.1.4.5.1.1"}),
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
)


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
    skipped = {
        name
        for group in GROUPS
        if any(columns.get(other) for other in group.unless)
        for name in group.objects
    }
    return {name: rows for name, rows in columns.items() if name not in skipped}
