"""Records of the topology as JSON shows them: links, neighbours, and a whole device. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.link import Link, LinkEnd, Place
from netops.topology.map import Directory
from netops.topology.segments import Segment

STATUS = {True: "up", False: "down"}


def link(one: Link, seen: Mapping[Place, tuple[datetime, datetime]] | None = None) -> dict[str, Any]:
    """
    A link as DESIGN §5 fixes it, with the plane of each end, and every row that tells of it.

    Args:
        seen: when links were seen for the first and the last time.
    """
    first, last = (seen or {}).get(one.place, (None, None))
    return {
        "a": end(one.a),
        "b": end(one.b),
        "layer": one.layer,
        "protocols": list(one.protocols),
        "two_sided": one.two_sided,
        "confidence": one.confidence,
        "plane": one.a.plane if not one.crosses_planes else None,
        "segment": one.segment,
        "blocked": one.blocked,
        "first_seen": first,
        "last_seen": last,
        "evidence": [
            {"source": claim.neighbor.protocol, "device": claim.device, **_every_field(claim.neighbor)}
            for claim in one.claims
        ],
    }


def segment(one: Segment) -> dict[str, Any]:
    """A shared segment with its members as ends of links are shown."""
    return {**_every_field(one), "members": [end(member) for member in one.members]}


def end(one: LinkEnd) -> dict[str, Any]:
    """One end of a link."""
    return {
        "device": one.device,
        "address": one.address,
        "interface": one.interface,
        "if_index": one.if_index,
        "plane": one.plane,
        "lag": one.lag,
    }


def neighbors(views: Sequence[DeviceView], registered: Iterable[RegisteredDevice]) -> list[dict[str, Any]]:
    """Every neighbour row with who tells it and, when somebody knows the neighbour, which device it is."""
    directory = Directory(views, registered)
    rows = []
    for view in views:
        for neighbor in view.neighbors:
            node = directory.who(neighbor)
            rows.append(
                {
                    "plane": view.plane,
                    "device": view.key,
                    "address": view.address,
                    **_every_field(neighbor),
                    "known": node is not None,
                    "remote_device": node.name if node else "",
                }
            )
    return rows


def _every_field(struct: msgspec.Struct) -> dict[str, Any]:
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def full(view: DeviceView) -> dict[str, Any]:
    """
    A device with every table, under our field names and, beside them, those of the MIB objects.

    MACs under MIB names are twelve digits without colons, as other programs keep them.
    """
    return {
        "plane": view.plane,
        "name": view.key,
        "address": view.address,
        "at": view.at,
        "stale": view.stale,
        "partial": view.partial,
        "chassis": view.chassis,
        "aliases": view.aliases,
        "model": view.model,
        "serials": view.serials,
        "software": view.software,
        "hardware": [_every_field(one) for one in view.hardware],
        "system": {
            **_every_field(view.system),
            "sysName": view.system.name,
            "sysDescr": view.system.descr,
            "sysObjectID": view.system.object_id,
            "sysLocation": view.system.location,
        },
        "interfaces": [
            {
                **_every_field(one),
                "ifIndex": one.if_index,
                "ifName": one.name,
                "ifDescr": one.descr,
                "ifAlias": one.alias,
                "ifType": one.type,
                "ifMtu": one.mtu,
                "ifSpeed": one.speed_bps,
                "ifPhysAddress": _digits(one.mac),
                "ifAdminStatus": STATUS[one.admin_up],
                "ifOperStatus": STATUS[one.oper_up],
            }
            for one in view.interfaces
        ],
        "addresses": [
            {**_every_field(one), "ifIndex": one.if_index, **_address(one.address, one.prefixlen)}
            for one in view.addresses
        ],
        "vlans": [{**_every_field(one), "vlan_vlan": one.id, "vlan_name": one.name} for one in view.vlans],
        "routes": [
            {
                **_every_field(one),
                "inetCidrRouteDest": one.destination,
                "inetCidrRoutePfxLen": one.prefixlen,
                "inetCidrRouteNextHop": one.next_hop,
                "inetCidrRouteIfIndex": one.if_index,
            }
            for one in view.routes
        ],
        "arp": [
            {
                **_every_field(one),
                "ifIndex": one.if_index,
                "mac_address": _digits(one.mac),
                **_address(one.ip),
            }
            for one in view.arp
        ],
        "fdb": [
            {
                **_every_field(one),
                "ifIndex": one.if_index,
                "mac_address": _digits(one.mac),
                "vlan_vlan": one.vlan,
            }
            for one in view.fdb
        ],
        "neighbors": [_every_field(one) for one in view.neighbors],
        "adjacencies": [_every_field(one) for one in view.adjacencies],
        "stp": [_every_field(one) for one in view.stp],
    }


def _digits(mac: str) -> str:
    return mac.replace(":", "")


def _address(address: str, prefixlen: int | None = None) -> dict[str, Any]:
    family = "ipv6" if ":" in address else "ipv4"
    length = {} if prefixlen is None else {f"{family}_prefixlen": prefixlen}
    return {f"{family}_address": address, **length}
