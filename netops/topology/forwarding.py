"""Forwarding tables, VLANs and spanning tree (转发表, VLAN, 生成树) out of the columns of a walk. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence

from netops.core.walk import Column, Index, mac
from netops.topology.device import FdbEntry, Interface, StpPort, Vlan
from netops.topology.neighbors import Columns

FDB_STATES = {1: "other", 2: "invalid", 3: "learned", 4: "self", 5: "mgmt"}
STP_STATES = {1: "disabled", 2: "blocking", 3: "listening", 4: "learning", 5: "forwarding", 6: "broken"}
H3C = ("1.3.6.1.4.1.25506.", "1.3.6.1.4.1.43.45.")
"""Enterprise numbers of H3C and of 3Com's H3C line."""
ETHERNET_VLAN = 1
"""CISCO-VTP-MIB vtpVlanType; the others are FDDI and Token Ring, which nobody has."""

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
    (fusioninventory-for-glpi #1777): a port that is missing in it is not guessed.
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
    return lambda port: base.get(port, 0)


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
    yield (
        [
            (index[6] if index[6] <= 4095 else 0, index[:6], port, 3)
            for index, port in columns["hwDynFdbPort"].items()
            if len(index) >= 7
        ],
        lambda port: port,
    )


def _by_vlan(columns: Columns) -> Iterator[_Row]:
    """
    Q-BRIDGE-MIB rows. The forwarding database id is a VLAN by dot1qVlanFdbId, or is itself the VLAN.

    H3C fills dot1qVlanFdbId wrongly, there the id is the VLAN (snmp-info #218). Aruba CX puts the length of the MAC
    into the index (librenms fdb-table).
    """
    vlan_of = {fdb: index[-1] for index, fdb in columns["dot1qVlanFdbId"].items() if index and fdb}
    if columns.text("sysObjectID", (0,)).startswith(H3C) or len(vlan_of) < len(columns["dot1qVlanFdbId"]):
        vlan_of = {}
    for index, port in columns["dot1qTpFdbPort"].items():
        octets = index[2:] if len(index) == 8 and index[1] == 6 else index[1:]
        if len(index) in (7, 8):
            status = columns.integer("dot1qTpFdbStatus", index, 3)
            yield vlan_of.get(index[0], index[0] if index[0] <= 4095 else 0), octets, port, status


def _without_vlan(columns: Columns) -> Iterator[_Row]:
    for index, port in columns["dot1dTpFdbPort"].items():
        yield 0, index, port, columns.integer("dot1dTpFdbStatus", index, 3)


# ---- spanning tree
def spanning_tree(columns: Columns, names: dict[int, str]) -> Iterator[StpPort]:
    """dot1dStpPortTable; BridgeId is two octets of priority and the MAC."""
    base = base_ports(columns)
    to_index = port_index(base, names, set())
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
        )


# ---- VLANs
class _Vlans:
    """VLANs as they are gathered from several tables: what one does not say, another may."""

    def __init__(self) -> None:
        self.names: dict[int, str] = {}
        self.ports: dict[int, list[int]] = defaultdict(list)
        self.untagged: dict[int, list[int]] = defaultdict(list)

    def name(self, vlan: int, text: str) -> None:
        if 0 < vlan <= 4095:
            self.names[vlan] = self.names.get(vlan) or text

    def member(self, vlan: int, if_index: int, *, untagged: bool) -> None:
        if vlan in self.names:
            self.ports[vlan].append(if_index)
            if untagged:
                self.untagged[vlan].append(if_index)


def vlans(columns: Columns, interfaces: Sequence[Interface]) -> Iterator[Vlan]:
    """Every VLAN that the bridge has, with its members, from the vendor's table where the standard one is silent."""
    names = {one.if_index: one.name for one in interfaces}
    held = _Vlans()
    for source in (_huawei, _q_bridge, _cisco, _juniper):
        source(columns, names, held)
    _tp_link(columns, interfaces, held)
    for vlan in sorted(held.names):
        yield Vlan(vlan, held.names[vlan], tuple(held.ports[vlan]), tuple(held.untagged[vlan]))


def bits(raw: object) -> list[int]:
    """The places of the set bits of a PortList or VlanList, the highest bit of the first octet being 1."""
    if not isinstance(raw, bytes):
        return []
    return [
        place * 8 + bit + 1 for place, octet in enumerate(raw) for bit in range(8) if octet & (0x80 >> bit)
    ]


def _q_bridge(columns: Columns, names: dict[int, str], held: _Vlans) -> None:
    for index in columns["dot1qVlanStaticName"]:
        if len(index) == 1:
            held.name(index[0], columns.text("dot1qVlanStaticName", index))
    egress, plain = columns["dot1qVlanCurrentEgressPorts"], columns["dot1qVlanCurrentUntaggedPorts"]
    if not egress:
        egress, plain = columns["dot1qVlanStaticEgressPorts"], columns["dot1qVlanStaticUntaggedPorts"]
    latest: dict[int, Index] = {}  # the current table is numbered by time mark, then VLAN
    for index in egress:
        if index and (index[-1] not in latest or latest[index[-1]] < index):
            latest[index[-1]] = index
    base = base_ports(columns)
    every = {port for index in latest.values() for port in bits(egress[index])}
    to_index = port_index(base, names, every)
    for vlan, index in latest.items():
        held.name(vlan, "")
        if held.ports.get(vlan):
            continue
        untagged = set(bits(plain.get(index)))
        for port in bits(egress[index]):
            if if_index := to_index(port):
                held.member(vlan, if_index, untagged=port in untagged)


def _cisco(columns: Columns, names: dict[int, str], held: _Vlans) -> None:
    """CISCO-VTP-MIB (index: domain, VLAN) and CISCO-VLAN-MEMBERSHIP-MIB, which numbers access ports by ifIndex."""
    for index, kind in columns["vtpVlanType"].items():
        if len(index) == 2 and kind == ETHERNET_VLAN:
            held.name(index[1], columns.text("vtpVlanName", index))
    if not columns["vtpVlanType"]:
        return
    trunks = {index for index, on in columns["vlanTrunkPortDynamicStatus"].items() if on == 1}
    for index, vlan in columns["vmVlan"].items():
        if index not in trunks and isinstance(vlan, int):
            held.member(vlan, index[-1], untagged=True)
    for index, native in columns["vlanTrunkPortNativeVlan"].items():
        is_trunk = index in trunks or (
            not columns["vlanTrunkPortDynamicStatus"] and index not in columns["vmVlan"]
        )
        if is_trunk and isinstance(native, int):
            held.member(native, index[-1], untagged=True)
    for index in trunks:
        native = columns.integer("vlanTrunkPortNativeVlan", index)
        for start, part in ((0, ""), (1024, "2k"), (2048, "3k"), (3072, "4k")):
            for place in bits(columns[f"vlanTrunkPortVlansEnabled{part}"].get(index)):
                if start + place - 1 != native:  # the first bit is VLAN 0
                    held.member(start + place - 1, index[-1], untagged=False)


def _huawei(columns: Columns, names: dict[int, str], held: _Vlans) -> None:
    """HUAWEI-L2IF-MIB: each port has two lists of 2,048 VLANs, by a port number of its own (librenms OS/Vrp.php)."""
    for index in columns["hwL2VlanDescr"]:
        if len(index) == 1:
            held.name(index[0], columns.text("hwL2VlanDescr", index))
    ports = {index: value for index, value in columns["hwL2IfPortIfIndex"].items() if isinstance(value, int)}
    for index, if_index in ports.items():
        held.member(columns.integer("hwL2IfPVID", index), if_index, untagged=True)
        for start, half in ((0, "Low"), (2048, "High")):
            for table in ("hwL2IfTrunkAllowPassVlanList", "hwL2IfHybridTaggedVlanList"):
                for place in bits(columns[f"{table}{half}"].get(index)):
                    held.member(start + place - 1, if_index, untagged=False)


def _juniper(columns: Columns, names: dict[int, str], held: _Vlans) -> None:
    tags = {index: tag for index, tag in columns["jnxExVlanTag"].items() if isinstance(tag, int)}
    for index, tag in tags.items():
        held.name(tag, columns.text("jnxExVlanName", index))
    base = base_ports(columns)
    for index in columns["jnxExVlanPortStatus"]:
        if len(index) == 2 and (index[0],) in tags:
            port = base.get(index[1], index[1] if index[1] in names else 0)
            held.member(tags[index[0],], port, untagged=False)


def _tp_link(columns: Columns, interfaces: Sequence[Interface], held: _Vlans) -> None:
    places = {match[0]: one.if_index for one in interfaces if (match := re.search(r"\d+/\d+/\d+$", one.name))}
    tables: dict[bool, Column] = {
        False: columns["vlanConfigTagPortMemberAdd"],
        True: columns["vlanConfigUntagPortMemberAdd"],
    }
    for index in columns["vlanConfigDescription"]:
        if len(index) != 1:
            continue
        held.name(index[0], columns.text("vlanConfigDescription", index))
        for untagged, table in tables.items():
            for port in _printed_ports(table.get(index)):
                if port in places:
                    held.member(index[0], places[port], untagged=untagged)


def _printed_ports(raw: object) -> Iterator[str]:
    """Ports as TP-Link prints them: "1/0/1-4,1/0/9"."""
    text = raw.decode("ascii", "ignore") if isinstance(raw, bytes) else ""
    for match in re.finditer(r"(\d{1,3}/\d{1,3}/)(\d{1,3})(?:-(?:\d{1,3}/\d{1,3}/)?(\d{1,3}))?", text):
        for number in range(int(match[2]), int(match[3] or match[2]) + 1):
            yield f"{match[1]}{number}"
