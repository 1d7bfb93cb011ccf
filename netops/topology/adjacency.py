"""Routing neighbours (路由邻居): OSPF, IS-IS and BGP, as a device's own tables tell of them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netaddr import AddrFormatError, IPAddress, IPNetwork

from netops.core.walk import Index, mac
from netops.topology.device import Adjacency, InterfaceAddress
from netops.topology.identifiers import Columns

OSPF_STATES = {
    1: "down",
    2: "attempt",
    3: "init",
    4: "two-way",
    5: "exchange-start",
    6: "exchange",
    7: "loading",
    8: "full",
}
ISIS_STATES = {1: "down", 2: "initializing", 3: "up", 4: "failed"}
BGP_STATES = {1: "idle", 2: "connect", 3: "active", 4: "open-sent", 5: "open-confirm", 6: "established"}


def adjacencies(
    columns: Columns, names: dict[int, str], addresses: Sequence[InterfaceAddress]
) -> Iterator[Adjacency]:
    """Every row of every routing protocol that the device was asked about."""
    local = _Local(addresses)
    for one in (*_ospf(columns), *_ospf_v3(columns), *_isis(columns), *_bgp(columns)):
        if_index = one.if_index or local.interface(one.remote_address)
        yield Adjacency(
            one.protocol,
            if_index,
            names.get(if_index, ""),
            one.remote_id,
            one.remote_address,
            one.remote_mac,
            one.state,
        )


class _Local:
    """The interface whose prefix holds an address: the longest, and none when two interfaces have it."""

    def __init__(self, addresses: Sequence[InterfaceAddress]) -> None:
        self._nets: list[tuple[IPNetwork, int]] = []
        for held in addresses:
            if 0 < held.prefixlen < (128 if ":" in held.address else 32):
                self._nets.append((IPNetwork(f"{held.address}/{held.prefixlen}"), held.if_index))

    def interface(self, address: str) -> int:
        try:
            parsed = IPAddress(address)
        except (AddrFormatError, ValueError):
            return 0
        if parsed.is_link_local():
            return 0
        near = [(net.prefixlen, if_index) for net, if_index in self._nets if parsed in net]
        longest = {if_index for length, if_index in near if length == max(near)[0]}
        return longest.pop() if len(longest) == 1 else 0


def _octets(raw: object) -> str:
    """4 or 16 octets as an address, or ""."""
    if not isinstance(raw, bytes) or len(raw) not in (4, 16):
        return ""
    return str(IPAddress(int.from_bytes(raw, "big"), 4 if len(raw) == 4 else 6))


def _v4(index: Index) -> str:
    if len(index) != 4 or any(not 0 <= octet <= 255 for octet in index):
        return ""
    return ".".join(map(str, index))


def _ospf(columns: Columns) -> Iterator[Adjacency]:
    """OSPF-MIB ospfNbrTable (index: address, and ifIndex where the interface has none)."""
    for index, state in columns["ospfNbrState"].items():
        if len(index) == 5 and isinstance(state, int) and (address := _v4(index[:4])):
            router = columns.text("ospfNbrRtrId", index)
            yield Adjacency("ospf", index[4], "", router, address, "", OSPF_STATES.get(state, ""))


def _ospf_v3(columns: Columns) -> Iterator[Adjacency]:
    """OSPFV3-MIB ospfv3NbrTable (index: ifIndex, instance, router id)."""
    for index, state in columns["ospfv3NbrState"].items():
        if len(index) == 3 and isinstance(state, int) and 0 <= index[2] < 1 << 32:
            address = _octets(columns["ospfv3NbrAddress"].get(index))
            router = str(IPAddress(index[2], 4))
            yield Adjacency("ospfv3", index[0], "", router, address, "", OSPF_STATES.get(state, ""))


def _isis(columns: Columns) -> Iterator[Adjacency]:
    """ISIS-MIB isisISAdjTable (index: circuit, adjacency)."""
    circuit = {index: value for index, value in columns["isisCircIfIndex"].items() if isinstance(value, int)}
    address: dict[Index, str] = {}
    for index, raw in columns["isisISAdjIPAddrAddress"].items():
        address.setdefault(index[:2], _octets(raw))
    for index, state in columns["isisISAdjState"].items():
        if len(index) == 2 and isinstance(state, int):
            system = columns["isisISAdjNeighSysID"].get(index)
            yield Adjacency(
                "isis",
                circuit.get(index[:1], 0),
                "",
                system.hex() if isinstance(system, bytes) and len(system) == 6 else "",
                address.get(index, ""),
                mac(columns["isisISAdjNeighSNPAAddress"].get(index)),
                ISIS_STATES.get(state, ""),
            )


def _bgp(columns: Columns) -> Iterator[Adjacency]:
    """BGP4-MIB (index: address); CISCO-BGP4-MIB (type, length, address); BGP4-V2-MIB-JUNIPER (address in a column)."""
    for index, state in columns["bgpPeerState"].items():
        if (address := _v4(index)) and isinstance(state, int):
            remote = columns.text("bgpPeerRemoteAs", index)
            yield Adjacency("bgp", 0, "", remote, address, "", BGP_STATES.get(state, ""))
    for index, state in columns["cbgpPeer2State"].items():
        octets = index[2:] if len(index) > 2 and index[1] == len(index) - 2 else ()
        if isinstance(state, int) and all(0 <= octet <= 255 for octet in octets):
            remote = columns.text("cbgpPeer2RemoteAs", index)
            if address := _octets(bytes(octets)):
                yield Adjacency("bgp", 0, "", remote, address, "", BGP_STATES.get(state, ""))
    for index, state in columns["jnxBgpM2PeerState"].items():
        address = _octets(columns["jnxBgpM2PeerRemoteAddr"].get(index))
        if address and isinstance(state, int):
            remote = columns.text("jnxBgpM2PeerRemoteAs", index)
            yield Adjacency("bgp", 0, "", remote, address, "", BGP_STATES.get(state, ""))
