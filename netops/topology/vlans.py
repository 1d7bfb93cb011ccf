"""VLANs and their ports out of the columns of a walk: the standard tables, and the vendors' own. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from netops.core.walk import Column, Index
from netops.topology.device import Interface, Vlan
from netops.topology.forwarding import base_ports, port_index
from netops.topology.identifiers import Columns

ETHERNET_VLAN = 1
"""CISCO-VTP-MIB vtpVlanType; the others are FDDI and Token Ring, which nobody has."""


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
    for source in (_huawei, _q_bridge, _cisco, _juniper, _juniper_els):
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


def _juniper_els(columns: Columns, names: dict[int, str], held: _Vlans) -> None:
    """JUNIPER-L2ALD-MIB: names and tags; the members stand in Q-BRIDGE-MIB."""
    for index, tag in columns["jnxL2aldVlanTag"].items():
        if isinstance(tag, int):
            held.name(tag, columns.text("jnxL2aldVlanName", index))


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
