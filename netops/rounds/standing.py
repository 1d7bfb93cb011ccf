"""Where netops stands in each plane: the devices that it is next to, and that it reaches the others by."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from netops.core.plane import Plane
from netops.desk import Desk
from netops.topology.device import DeviceView


def position(desk: Desk, plane: Plane, views: Sequence[DeviceView]) -> tuple[str, ...]:
    """As configured; else the devices of the narrowest prefix that holds our own address; () when nobody knows."""
    entries = [entry for entry in desk.register.devices if entry.plane is plane]
    if desk.config.snmp.position in {entry.name for entry in entries}:
        return (desk.config.snmp.position,)
    from netops.probes.position import own_address

    asked = next((entry.address for entry in entries if entry.snmp), "")
    own = own_address(desk.config.reached(asked)) if asked else ""
    return beside(desk.config.written(own), [view for view in views if view.plane is plane]) if own else ()


def beside(own: str, views: Sequence[DeviceView]) -> tuple[str, ...]:
    """Devices with an address in the narrowest prefix that holds *own*."""
    address, found = ip_address(own), set()
    for view in views:
        for held in view.addresses:
            if not 0 < held.prefixlen < (128 if ":" in held.address else 32):
                continue
            net = ip_network(f"{held.address}/{held.prefixlen}", strict=False)
            if address in net:
                found.add((net.prefixlen, view.key))
    narrowest = max((length for length, _ in found), default=0)
    return tuple(sorted(key for length, key in found if length == narrowest))
