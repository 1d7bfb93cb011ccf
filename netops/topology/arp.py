"""ARP and neighbour discovery (ARP 与邻居发现) out of the columns of a walk. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from netops.core.walk import mac
from netops.topology.addresses import inet_address, octets_text
from netops.topology.device import ArpEntry
from netops.topology.identifiers import Columns

ARP_STATES = {1: "reachable", 2: "stale", 3: "delay", 4: "probe", 5: "invalid", 6: "unknown", 7: "incomplete"}


def arp(columns: Columns, names: dict[int, str]) -> Iterator[ArpEntry]:
    """
    The union of both tables. Where they disagree about who has an address, the old one is taken.

    net-snmp 5.9 reads the old one anew every few seconds and keeps a row of the new one for minutes.
    """
    old: dict[tuple[int, str], str] = {}
    for index, physical in columns["ipNetToMediaPhysAddress"].items():
        ip = octets_text(index[1:])
        if ip and mac(physical) and columns.integer("ipNetToMediaType", index, 3) != 2:
            old.setdefault((index[0], ip), mac(physical))
    seen: set[tuple[int, str]] = set()
    for index, physical in columns["ipNetToPhysicalPhysAddress"].items():
        ip, _ = inet_address(index[1:])
        # ipNetToPhysicalType invalid(2) and local(5) are no neighbours; state invalid(5), incomplete(7) neither.
        kind, state = (
            columns.integer("ipNetToPhysicalType", index, 3),
            columns.integer("ipNetToPhysicalState", index),
        )
        key = (index[0], ip)
        if ip and mac(physical) and key not in seen and kind not in (2, 5) and state not in (5, 7):
            if old.get(key, mac(physical)) != mac(physical):
                continue
            seen.add(key)
            yield ArpEntry(index[0], names.get(index[0], ""), ip, mac(physical), ARP_STATES.get(state, ""))
    for (if_index, ip), physical_text in old.items():
        if (if_index, ip) not in seen:
            yield ArpEntry(if_index, names.get(if_index, ""), ip, physical_text)
    for index, physical in columns["ipv6NetToMediaPhysAddress"].items():
        # RFC 2465: ifIndex and 16 octets; net-snmp puts their length between.
        octets = index[2:] if len(index) == 18 and index[1] == 16 else index[1:]
        if len(octets) == 16 and (ip := octets_text(octets)) and mac(physical) and (index[0], ip) not in seen:
            seen.add((index[0], ip))
            yield ArpEntry(index[0], names.get(index[0], ""), ip, mac(physical))
