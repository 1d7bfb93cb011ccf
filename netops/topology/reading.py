"""Read a walk into a view of the device: rows of MIB objects become interfaces, addresses, routes and tables. Pure."""

from __future__ import annotations

from netops.core.walk import Column, DeviceWalk, Index, mac, said
from netops.topology.addresses import addresses, octets_text
from netops.topology.adjacency import adjacencies
from netops.topology.arp import arp
from netops.topology.device import DeviceView, System
from netops.topology.editions import as_known
from netops.topology.forwarding import forwarding, spanning_tree
from netops.topology.hardware import hardware
from netops.topology.identifiers import chassis_text
from netops.topology.interfaces import interfaces
from netops.topology.neighbors import (
    cdp_neighbors,
    fdp_neighbors,
    lldp_neighbors,
    mikrotik_neighbors,
    tp_link_neighbors,
)
from netops.topology.ports import local_ports
from netops.topology.routes import routes
from netops.topology.vlans import vlans


def view(walk: DeviceWalk) -> DeviceView:
    """The device that *walk* saw."""
    columns = _Columns(as_known(walk.columns))
    ports = tuple(interfaces(columns))
    names = {one.if_index: one.name for one in ports}
    system = _system(columns)
    labels = tuple(local_ports(columns, ports))
    own = tuple(addresses(columns, names))
    return DeviceView(
        plane=walk.plane,
        name=system.name or walk.address,
        address=walk.address,
        at=walk.at,
        device=walk.device,
        partial=walk.is_partial,
        system=system,
        hardware=tuple(hardware(columns)),
        interfaces=ports,
        ports=labels,
        chassis=chassis_text(
            columns.integer("lldpLocChassisIdSubtype", (0,)), columns.at("lldpLocChassisId", (0,))
        )[0],
        addresses=own,
        routes=tuple(routes(columns, names)),
        arp=tuple(arp(columns, names)),
        fdb=tuple(forwarding(columns, names)),
        vlans=tuple(vlans(columns, ports)),
        neighbors=(
            *lldp_neighbors(columns, ports, labels),
            *tp_link_neighbors(columns, names),
            *cdp_neighbors(columns, names),
            *fdp_neighbors(columns, names),
            *mikrotik_neighbors(columns, names),
        ),
        adjacencies=tuple(adjacencies(columns, names, own)),
        stp=tuple(spanning_tree(columns, names)),
    )


class _Columns:
    """Columns by object name, with the conversions that a reader needs; what is not there is empty."""

    def __init__(self, columns: dict[str, Column]) -> None:
        # A row without an index is none; nobody below need ask for it.
        self.columns = {
            name: {index: value for index, value in rows.items() if index} if () in rows else rows
            for name, rows in columns.items()
        }

    def __getitem__(self, name: str) -> Column:
        return self.columns.get(name, {})

    def at(self, name: str, index: Index) -> object:
        return self[name].get(index)

    def vlans(self, name: str) -> list[int]:
        """The VLANs of which a column was read by itself."""
        marks = (key.partition("@")[2] for key in self.columns if key.startswith(f"{name}@"))
        return sorted(int(mark) for mark in marks if mark.isdigit())

    def integer(self, name: str, index: Index, default: int = 0) -> int:
        value = self[name].get(index)
        return value if isinstance(value, int) else default

    def text(self, name: str, index: Index) -> str:
        return said(self[name].get(index))


def _system(columns: _Columns) -> System:
    isis, root, engine = (
        columns.at(name, (0,)) for name in ("isisSysID", "dot1dStpDesignatedRoot", "snmpEngineID")
    )
    return System(
        descr=columns.text("sysDescr", (0,)),
        object_id=columns.text("sysObjectID", (0,)),
        name=columns.text("sysName", (0,)),
        location=columns.text("sysLocation", (0,)),
        uptime_seconds=columns.integer("sysUpTime", (0,)) / 100,
        bridge=mac(columns["dot1dBaseBridgeAddress"].get((0,))),
        isis=isis.hex() if isinstance(isis, bytes) and len(isis) == 6 else "",
        cdp=columns.text("cdpGlobalDeviceId", (0,)),
        # SnmpEngineID is 5 to 32 octets (RFC 3411).
        engine=engine.hex() if isinstance(engine, bytes) and 5 <= len(engine) <= 32 else "",
        router_id=_router_id(columns),
        stp_root=mac(root[2:]) if isinstance(root, bytes) and len(root) == 8 else "",
    )


def _router_id(columns: _Columns) -> str:
    """OSPF-MIB ospfRouterId, or the number of OSPFV3-MIB's; none while it is 0."""
    text = columns.text("ospfRouterId", (0,))
    number = columns.integer("ospfv3RouterId", (0,))
    if not text.strip("0."):
        return octets_text(number.to_bytes(4, "big")) if 0 < number < 1 << 32 else ""
    return text
