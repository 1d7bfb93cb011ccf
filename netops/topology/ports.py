"""Ports as LLDP names them, and the interfaces that they are: by id, description, abbreviation, number. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence

from netops.topology.device import Interface, LocalPort
from netops.topology.forwarding import by_rule
from netops.topology.identifiers import PORT_KINDS, Columns, id_text


def local_ports(columns: Columns, interfaces: Sequence[Interface]) -> Iterator[LocalPort]:
    """
    How the device names its ports to others, each with the interface that it is.

    lldpLocPortNum need not be an ifIndex or a bridge port: the id and description decide, the number only at last.
    """
    rows: list[tuple[int, str, str, str, int]] = []
    for index in columns["lldpLocPortId"]:
        if len(index) != 1:
            continue
        kind = PORT_KINDS.get(columns.integer("lldpLocPortIdSubtype", index), "local")
        text, descr = (
            id_text(kind, columns["lldpLocPortId"].get(index)),
            columns.text("lldpLocPortDesc", index),
        )
        rows.append((index[0], kind, text, descr, port_interface(interfaces, kind, text, descr)))
    sure = {number: if_index for number, *_, if_index in rows if if_index}
    numbered = port_numbers(columns, interfaces, {row[0] for row in rows}, sure)
    for number, kind, text, descr, if_index in rows:
        yield LocalPort(number, if_index or numbered.get(number, 0), kind, text, descr)


def port_numbers(
    columns: Columns, interfaces: Sequence[Interface], numbers: Collection[int], sure: Mapping[int, int]
) -> dict[int, int]:
    """
    What LLDP port numbers mean on a device whose port names do not say it: bridge ports, or ifIndexes.

    Juniper uses either, by model (librenms #18317). The one that agrees with the ports that are *sure*, and with
    neighbours being heard only on interfaces that are up, is taken; of equal ones the bridge ports.
    """
    known = {one.if_index: one for one in interfaces}
    base = {
        index[0]: value for index, value in columns["dot1dBasePortIfIndex"].items() if isinstance(value, int)
    }
    heard = {index[1] for index in columns["lldpRemPortId"] if len(index) == 3}
    numbers = {*numbers, *heard}
    bridge_ports = base | by_rule(base, known, numbers - base.keys())
    readings = [
        {number: bridge_ports[number] for number in numbers if number in bridge_ports},
        {number: number for number in numbers if number in known and known[number].type in WIRED},
    ]

    def fit(reading: Mapping[int, int]) -> tuple[int, int]:
        agreeing = sum(reading.get(number) == if_index for number, if_index in sure.items())
        up = sum(
            number in reading and reading[number] in known and known[reading[number]].oper_up
            for number in heard
        )
        return agreeing, up

    first, second = readings
    best, other = (second, first) if fit(second) > fit(first) else (first, second)
    return {**other, **best}


def port_interface(interfaces: Sequence[Interface], kind: str, text: str, descr: str) -> int:
    """The ifIndex that a port id and description mean among *interfaces*, or 0 when none or several."""
    if kind == "mac":
        same = [one for one in interfaces if one.mac == text]
        return (
            _only(same)
            or _only(_named(same, descr))
            or _only([one for one in same if one.type == ETHERNET])
            or _only(_named(interfaces, descr))
        )
    return (
        _only(_named(interfaces, text))
        or _only(_named(interfaces, descr))
        or _only(_abbreviated(interfaces, text))
        # RouterOS puts the bridge before the port: "bridge1/ether2" (netdisco #1495).
        or (_only(_named(interfaces, text.rsplit("/", 1)[1])) if PORT_OF_BRIDGE.fullmatch(text) else 0)
    )


ETHERNET = 6
WIRED = frozenset({0, 6, 62, 69, 71, 117, 161})
"""IANAifType of what LLDP is spoken on: Ethernet in its old and new numbers, wireless, aggregates; 0 where it is not told."""
PORT_OF_BRIDGE = re.compile(r"[^/]+/[A-Za-z][^/]*")
PORT_NAME = re.compile(r"([A-Za-z][A-Za-z-]*?)\s*(\d[\d/.:]*)")
LONG_NAMES = {
    "xge": "tengigabitethernet",
    "fge": "fortygige",
    "hge": "hundredgige",
    "agg": "bridgeaggregation",
}
"""What H3C abbreviates past its letters (HPE Comware command references)."""


def _named(interfaces: Sequence[Interface], text: str) -> list[Interface]:
    if not text:
        return []
    for field in ("name", "descr", "alias"):
        if found := [one for one in interfaces if getattr(one, field) == text]:
            return found
    folded = text.casefold()
    return [one for one in interfaces if folded in (one.name.casefold(), one.descr.casefold())]


def _abbreviated(interfaces: Sequence[Interface], text: str) -> list[Interface]:
    """Interfaces of which *text* is the long or the short name: "GigabitEthernet0/1", "Gi0/1", "GE0/1"."""
    match = PORT_NAME.fullmatch(text)
    if match is None:
        return []
    letters, place = match[1].replace("-", "").lower(), match[2]
    found = []
    for one in interfaces:
        others = {match for text in (one.name, one.descr) if (match := PORT_NAME.fullmatch(text))}
        if any(other[2] == place and _are_one(letters, other[1]) for other in others):
            found.append(one)
    return found


def _are_one(letters: str, other: str) -> bool:
    short, long = sorted((letters, other.replace("-", "").lower()), key=len)
    return _shortens(short, long) or LONG_NAMES.get(short) == long


def _shortens(short: str, long: str) -> bool:
    """Whether the letters of *short* stand in *long* in this order, the first one first."""
    if not long.startswith(short[:1]):
        return False
    left = iter(long)
    return all(letter in left for letter in short)


def _only(found: Sequence[Interface]) -> int:
    return found[0].if_index if len(found) == 1 else 0
