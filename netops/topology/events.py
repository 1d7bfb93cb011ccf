"""Events (设备事件): what devices told by themselves, out of the notifications of many MIBs. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane
from netops.core.walk import Value, mac, said

KINDS: dict[str, str] = {
    "cold-start": N_("it started anew"),
    "warm-start": N_("its agent started anew"),
    "link-down": N_("a port went down"),
    "link-up": N_("a port came up"),
    "authentication-failure": N_("somebody asked it with a wrong community or key"),
    "neighbors-changed": N_("its neighbours changed"),
    "hardware-changed": N_("its parts changed"),
    "mac-changed": N_("MACs came or went at its ports"),
    "mac-moved": N_("a MAC moved between its ports"),
    "tree-changed": N_("its spanning tree changed"),
    "adjacency-changed": N_("a routing neighbour changed"),
    "other": N_("it told something else"),
}
"""Kind to what people read."""
TELLS_NOTHING_NEW = frozenset({"authentication-failure", "other"})
"""Kinds after which the network is what it was: nobody is walked for them."""
NOTIFICATIONS = {
    "1.3.6.1.6.3.1.1.5.1": "cold-start",  # SNMPv2-MIB coldStart (RFC 3418)
    "1.3.6.1.6.3.1.1.5.2": "warm-start",  # SNMPv2-MIB warmStart
    "1.3.6.1.6.3.1.1.5.3": "link-down",  # IF-MIB linkDown (RFC 2863)
    "1.3.6.1.6.3.1.1.5.4": "link-up",  # IF-MIB linkUp
    "1.3.6.1.6.3.1.1.5.5": "authentication-failure",  # SNMPv2-MIB authenticationFailure
    "1.0.8802.1.1.2.0.0.1": "neighbors-changed",  # LLDP-MIB lldpRemTablesChange (IEEE 802.1AB-2005)
    "1.3.111.2.802.1.1.13.0.0.1": "neighbors-changed",  # LLDP-V2-MIB lldpV2RemTablesChange
    "1.3.6.1.2.1.47.2.0.1": "hardware-changed",  # ENTITY-MIB entConfigChange (RFC 6933)
    "1.3.6.1.2.1.17.0.1": "tree-changed",  # BRIDGE-MIB newRoot (RFC 4188)
    "1.3.6.1.2.1.17.0.2": "tree-changed",  # BRIDGE-MIB topologyChange
    "1.3.6.1.2.1.14.16.2.2": "adjacency-changed",  # OSPF-TRAP-MIB ospfNbrStateChange (RFC 4750)
    "1.3.6.1.2.1.138.0.17": "adjacency-changed",  # ISIS-MIB isisAdjacencyChange (RFC 4444)
    "1.3.6.1.2.1.15.0.1": "adjacency-changed",  # BGP4-MIB bgpEstablishedNotification (RFC 4273)
    "1.3.6.1.2.1.15.0.2": "adjacency-changed",  # BGP4-MIB bgpBackwardTransNotification
    "1.3.6.1.2.1.15.7.1": "adjacency-changed",  # BGP4-MIB bgpEstablished (RFC 1657)
    "1.3.6.1.2.1.15.7.2": "adjacency-changed",  # BGP4-MIB bgpBackwardTransition
    "1.3.6.1.4.1.9.9.215.2.0.1": "mac-changed",  # CISCO-MAC-NOTIFICATION-MIB cmnMacChangedNotification
    "1.3.6.1.4.1.9.9.215.2.0.2": "mac-moved",  # CISCO-MAC-NOTIFICATION-MIB cmnMacMoveNotification
    "1.3.6.1.4.1.2011.5.25.315.3.1": "mac-changed",  # HUAWEI-SWITCH-L2MAM-EXT-MIB hwMacTrapAlarm
    "1.3.6.1.4.1.2011.5.25.315.3.5": "mac-changed",  # HUAWEI-SWITCH-L2MAM-EXT-MIB hwMacTrapPortCfgAlarm
    "1.3.6.1.4.1.25506.2.87.1.3.0.1": "mac-changed",  # HH3C-MAC-INFORMATION-MIB hh3cMACInformationChangedTrap
    "1.3.6.1.4.1.25506.2.87.1.4.0.1": "mac-changed",  # HH3C-MAC-INFORMATION-MIB …ChangedTrapExt
}
IF_ENTRY, IF_X_ENTRY = "1.3.6.1.2.1.2.2.1.", "1.3.6.1.2.1.31.1.1.1."
NAMES = ("1.3.6.1.2.1.31.1.1.1.1.", "1.3.6.1.2.1.2.2.1.2.")
"""ifName, then ifDescr."""
CISCO_MACS = "1.3.6.1.4.1.9.9.215.1.1.8.1.2."
CISCO_MOVED = "1.3.6.1.4.1.9.9.215.1.3."
HUAWEI_MACS = "1.3.6.1.4.1.2011.5.25.315.2.2"
HUAWEI_MAC = "1.3.6.1.4.1.2011.5.25.42.2.1.2.1.1."
ACTIONS = {1: "learned", 2: "removed"}
MAX_MACS = 8
OID_LENGTH = 255
Variables = Iterable[tuple[str, Value]]


class Event(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    Something that a device told, once or again and again.

    Args:
        kind: a key of `KINDS`.
        oid: snmpTrapOID; of kind "other" it says what.
        interface: ifName where it is known, else as the device called it, or "".
        detail: what else it says, such as {"macs": "learned 02:00:00:00:00:01 vlan 10"}.
        version: "v1", "v2c" or "v3".
        last_at: when it was told for the last time; *count* times since *first_at*.
    """

    plane: Plane
    device: str
    kind: str
    oid: str
    first_at: datetime
    last_at: datetime
    count: int = 1
    if_index: int = 0
    interface: str = ""
    detail: dict[str, str] = {}
    version: str = ""

    @property
    def asks_for_a_walk(self) -> bool:
        """Whether the network may have changed."""
        return self.kind not in TELLS_NOTHING_NEW


def event(plane: Plane, device: str, at: datetime, oid: str, version: str, variables: Variables) -> Event:
    """What a notification says: its kind, its interface, and what matters of its variables."""
    held = tuple(variables)
    # Some agents leave the 0 before the last part out (RFC 3584 §3.1).
    kind = NOTIFICATIONS.get(oid) or NOTIFICATIONS.get(_with_zero(oid)) or "other"
    if_index = next(_interfaces(held), 0)
    name = next((said(value) for prefix in NAMES for key, value in held if key.startswith(prefix)), "")
    detail = dict(_details(kind, held))
    return Event(plane, device, kind, oid[:OID_LENGTH], at, at, 1, if_index, name, detail, version)


def _with_zero(oid: str) -> str:
    head, _, last = oid.rpartition(".")
    return f"{head}.0.{last}"


def _interfaces(held: Variables) -> Iterator[int]:
    """The row of ifTable or ifXTable that any variable belongs to; Huawei's MAC traps pack it into octets."""
    for name, value in held:
        if name.startswith((IF_ENTRY, IF_X_ENTRY)) and (last := name.rpartition(".")[2]).isdigit():
            yield int(last)
        elif name.startswith(HUAWEI_MACS) and isinstance(value, bytes) and len(value) == 14:
            yield int.from_bytes(value[1:5], "big")


def _details(kind: str, held: Variables) -> Iterator[tuple[str, str]]:
    if kind in ("link-down", "link-up"):
        for name, value in held:
            if name.startswith(f"{IF_ENTRY}7.") and value in (1, 2):
                yield "admin", "up" if value == 1 else "down"
    if kind in ("mac-changed", "mac-moved") and (told := list(_macs(held))[:MAX_MACS]):
        yield "macs", "; ".join(told)
    if kind == "adjacency-changed" and (addresses := list(_addresses(held))):
        yield "neighbor", addresses[-1]


def _macs(held: Variables) -> Iterator[str]:
    for name, value in held:
        if not isinstance(value, bytes):
            continue
        if name.startswith(CISCO_MACS):  # operation, VLAN (2), MAC (6), bridge port (2), again and again
            for at in range(0, len(value) - 10, 11):
                action, vlan = ACTIONS.get(value[at]), int.from_bytes(value[at + 1 : at + 3], "big")
                if action is None:
                    return
                yield f"{action} {value[at + 3 : at + 9].hex(':')} vlan {vlan}"
        elif (
            name.startswith(HUAWEI_MACS) and len(value) == 14
        ):  # action, ifIndex (4), 1 octet, VLAN (2), MAC (6)
            vlan = int.from_bytes(value[6:8], "big")
            yield f"{ACTIONS.get(value[0], 'changed')} {value[8:].hex(':')} vlan {vlan}"
        elif name.startswith((HUAWEI_MAC, f"{CISCO_MOVED}3")) and mac(value):
            yield mac(value)


def _addresses(held: Variables) -> Iterator[str]:
    """OSPF: ospfNbrIpAddr; BGP: the peer's address is the row of bgpPeerState and bgpPeerLastError."""
    for name, value in held:
        if name.startswith("1.3.6.1.2.1.14.10.1.1.") and isinstance(value, str):
            yield value
        elif name.startswith("1.3.6.1.2.1.15.3.1."):
            yield ".".join(name.split(".")[-4:])
