"""Forwarding tables and spanning tree (转发表、生成树) out of the columns of a walk. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from netops.core.walk import Index, mac
from netops.topology.device import FdbEntry, StpPort
from netops.topology.identifiers import Columns

FDB_STATES = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt"}
STP_STATES = {1: "disabled", 2: "blocking", 3: "listening", 4: "learning", 5: "forwarding", 6: "broken"}
H3C = ("1.3.6.1.4.1.25506.", "1.3.6.1.4.1.43.45.")
"""Enterprise numbers of H3C and of 3Com's H3C line."""

Ports = Callable[[int], int]
"""Bridge port to ifIndex; 0 when it is not known."""
_Row = tuple[int, Index, object, int]


def base_ports(columns: Columns, vlan: str = "") -> dict[int, int]:
    """dot1dBasePortTable, bridge port to ifIndex; of one VLAN when it was read there."""
    rows = columns[f"dot1dBasePortIfIndex{vlan}"]
    return {index[0]: port for index, port in rows.items() if len(index) == 1 and isinstance(port, int)}


def port_index(base: dict[int, int], names: dict[int, str], ports: set[int]) -> Ports:
    """
    Bridge port to ifIndex, as one table numbers its ports.

    Without dot1dBasePortTable ports are numbered by ifIndex. TP-Link numbers the base ports from 49153 and the
    forwarding table from 1 (librenms #15594): when no port stands in the table and all do after one shift, shift.
    Alcatel OmniSwitch numbers Q-BRIDGE-MIB by ifIndex beside a BRIDGE-MIB by port (OpenNMS nms7918): when no port
    stands in the table and all are interfaces, they are interfaces. Huawei leaves holes in the table
    (fusioninventory-for-glpi #1777): a port that is missing in it is what the table's own rule makes of it, where
    every row follows one rule (ifIndex = port + a constant), and else is not guessed.
    """
    if not base:
        return lambda port: port if port in names else 0
    if ports and not ports & base.keys():
        shift = min(base) - 1
        if {port + shift for port in ports} <= base.keys():
            return lambda port: base.get(port + shift, 0)
        known = names.keys() | set(base.values())
        if ports <= known:
            return lambda port: port if port in known else 0
    filled = {**by_rule(base, names, ports - base.keys()), **base}
    return lambda port: filled.get(port, 0)


MIN_RULE = 4
"""Rows that must follow one rule before a row that is not there is taken to follow it."""


def by_rule(base: Mapping[int, int], names: Collection[int], ports: Collection[int]) -> dict[int, int]:
    """The interfaces of ports that dot1dBasePortTable leaves out, where one constant explains all that it holds."""
    offsets = {if_index - port for port, if_index in base.items()}
    if len(offsets) != 1 or len(base) < MIN_RULE:
        return {}
    offset = offsets.pop()
    return {port: port + offset for port in ports if port + offset in names}


# ---- forwarding tables
def forwarding(columns: Columns, names: dict[int, str]) -> Iterator[FdbEntry]:
    """The union of every table, each MAC once per VLAN and port: on some devices they hold different rows (D-Link)."""
    seen: set[tuple[str, int]] = set()
    placed: set[tuple[str, int]] = set()
    for rows, ports in _tables(columns, names):
        for vlan, octets, port, status in rows:
            if not isinstance(port, int) or not _is_mac(octets) or status == 2:
                continue
            address, if_index = bytes(octets).hex(":"), ports(port)
            if (address, vlan) in seen or (not vlan and (address, if_index) in placed):
                continue
            seen.add((address, vlan))
            placed.add((address, if_index))
            yield FdbEntry(address, vlan, if_index, names.get(if_index, ""), FDB_STATES.get(status, "other"))


def _is_mac(octets: Index) -> bool:
    return len(octets) == 6 and all(0 <= octet <= 255 for octet in octets) and any(octets)


def _tables(columns: Columns, names: dict[int, str]) -> Iterator[tuple[list[_Row], Ports]]:
    base = base_ports(columns)
    for rows in (list(_by_vlan(columns)), list(_without_vlan(columns))):
        yield rows, port_index(base, names, {row[2] for row in rows if isinstance(row[2], int) and row[2]})
    for vlan in columns.vlans("dot1dTpFdbPort"):
        there = {**base, **base_ports(columns, f"@{vlan}")}
        yield (
            [
                (vlan, index, port, columns.integer(f"dot1dTpFdbStatus@{vlan}", index, 3))
                for index, port in columns[f"dot1dTpFdbPort@{vlan}"].items()
            ],
            port_index(there, names, set()),
        )
    # HUAWEI-L2MAM-MIB: MAC, VLAN, length and name of the VSI; the port is an ifIndex (librenms fdb-table/vrp.inc.php).
    for table, status in (("hwDynFdbPort", 3), ("hwCfgFdbPort", 5)):
        yield (
            [
                (index[6] if index[6] <= 4095 else 0, index[:6], port, status)
                for index, port in columns[table].items()
                if len(index) >= 7
            ],
            lambda port: port,
        )


def _by_vlan(columns: Columns) -> Iterator[_Row]:
    """
    Q-BRIDGE-MIB rows. The forwarding database id is a VLAN by dot1qVlanFdbId, or is itself the VLAN.

    H3C fills dot1qVlanFdbId wrongly, there the id is the VLAN (snmp-info #218). Aruba CX and Zyxel put the length of
    the MAC into the index (librenms fdb-table/zynos.inc.php). Juniper ELS tells the ids in JUNIPER-L2ALD-MIB.
    """
    tags = columns["jnxL2aldVlanTag"]
    vlan_of: dict[object, object] = {
        fdb: index[-1] for index, fdb in columns["dot1qVlanFdbId"].items() if index and fdb
    }
    vlan_of |= {
        fdb: tags[index] for index, fdb in columns["jnxL2aldVlanFdbId"].items() if fdb and index in tags
    }
    if columns.text("sysObjectID", (0,)).startswith(H3C) or (
        not columns["jnxL2aldVlanFdbId"] and len(vlan_of) < len(columns["dot1qVlanFdbId"])
    ):
        vlan_of = {}
    for index, port in columns["dot1qTpFdbPort"].items():
        octets = index[2:] if len(index) == 8 and index[1] == 6 else index[1:]
        if len(index) in (7, 8):
            status = columns.integer("dot1qTpFdbStatus", index, 3)
            vlan = vlan_of.get(index[0], index[0])
            yield (vlan if isinstance(vlan, int) and vlan <= 4095 else 0), octets, port, status


def _without_vlan(columns: Columns) -> Iterator[_Row]:
    for index, port in columns["dot1dTpFdbPort"].items():
        yield 0, index, port, columns.integer("dot1dTpFdbStatus", index, 3)


# ---- spanning tree
def spanning_tree(columns: Columns, names: dict[int, str]) -> Iterator[StpPort]:
    """dot1dStpPortTable; BridgeId is two octets of priority and the MAC."""
    base = base_ports(columns)
    to_index = port_index(
        base, names, {index[0] for index in columns["dot1dStpPortState"] if len(index) == 1}
    )
    root = columns.integer("dot1dStpRootPort", (0,))
    for index, state in columns["dot1dStpPortState"].items():
        if len(index) != 1 or not isinstance(state, int):
            continue
        bridge = columns["dot1dStpPortDesignatedBridge"].get(index)
        port = columns["dot1dStpPortDesignatedPort"].get(index)
        if_index = to_index(index[0])
        yield StpPort(
            index[0],
            if_index,
            names.get(if_index, ""),
            STP_STATES.get(state, ""),
            mac(bridge[2:]) if isinstance(bridge, bytes) and len(bridge) == 8 else "",
            int.from_bytes(port, "big") if isinstance(port, bytes) and len(port) == 2 else 0,
            is_root=bool(root) and index[0] == root,
        )
