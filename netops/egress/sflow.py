"""sFlow v2, v4 and v5 (RFC 3176, sflow.org): one row a flow sample; counter samples are only counted."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from netops.egress.flows import MAPPED
from netops.egress.frame import HALF, taken_apart

Row = dict[str, Any]
MAX_SAMPLES = 4096
MAX_RECORDS = 256
INSIDE = 0x3FFFFFFF
"""An interface number that means the device itself."""
COUNTER_BYTES = {1: 88, 2: 140, 3: 160, 4: 88, 5: 168, 6: 88, 7: 28}
"""Counters of v2 and v4, which announce no length, by their type."""
UNKNOWN_DROP, ACL_DENY, UNROUTABLE, TOO_BIG, BAD_TTL, POLICED, EARLY = 128, 129, 131, 133, 137, 138, 139
REASONS = {
    **dict.fromkeys(range(9), UNROUTABLE),
    **dict.fromkeys((11, 12, 14, 15), UNROUTABLE),
    4: TOO_BIG, 9: ACL_DENY, 10: ACL_DENY, 13: ACL_DENY,
    256: UNKNOWN_DROP, 257: BAD_TTL, 258: ACL_DENY, 260: EARLY, 261: POLICED, 262: TOO_BIG,
}  # fmt: skip
"""Why a packet was discarded (sFlow v5, drop codes) as a forwarding status (RFC 7270 §4.12)."""


class Cut(Exception):
    """The datagram ends before what it announces."""


@dataclass(slots=True)
class Datagram:
    """What one datagram says: rows by flow sample, and how many counter samples; *whole* False when any was cut."""

    version: int
    address: tuple[int, int] | None = None
    agent: int = 0
    sequence: int = 0
    uptime: int = 0
    rows: list[Row] = field(default_factory=list)
    counters: int = 0
    whole: bool = True
    has_header: bool = False


class Reader:
    """Reads XDR (RFC 4506) out of some bytes, never past their end."""

    __slots__ = ("at", "data", "end")

    def __init__(self, data: bytes, at: int = 0, end: int | None = None) -> None:
        self.data, self.at = data, at
        self.end = len(data) if end is None else min(end, len(data))

    def numbers(self, count: int) -> tuple[int, ...]:
        """So many unsigned numbers of four bytes."""
        return struct.unpack_from(f">{count}I", self.data, self._over(4 * count))

    def number(self) -> int:
        """One unsigned number of four bytes."""
        return self.numbers(1)[0]

    def raw(self, size: int) -> bytes:
        """So many bytes, with the padding that follows them."""
        start = self._over(size)
        self.at = min(self.at + -size % 4, self.end)
        return self.data[start : start + size]

    def opaque(self) -> bytes:
        """Bytes after their own length."""
        return self.raw(self.number())

    def part(self) -> Reader:
        """A reader of what follows a length; this one goes on behind it."""
        size = self.number()
        start = self._over(size)
        return Reader(self.data, start, start + size)

    def address(self) -> tuple[int, int] | None:
        """An address after its type: high and low half, IPv4 mapped; None for a type that is neither."""
        kind = self.number()
        if kind == 1:
            return 0, MAPPED | self.number()
        if kind == 2:
            value = int.from_bytes(self.raw(16), "big")
            return value >> 64, value & HALF
        return None

    def _over(self, size: int) -> int:
        start = self.at
        if size < 0 or start + size > self.end:
            raise Cut
        self.at = start + size
        return start


def is_sflow(data: bytes) -> bool:
    """Whether a datagram is sFlow of a version that is read here."""
    return data[:4] in (b"\0\0\0\x02", b"\0\0\0\x04", b"\0\0\0\x05")


def read(data: bytes) -> Datagram:
    """Take a datagram apart; what was whole of one that is cut is kept."""
    reader = Reader(data)
    result = Datagram(reader.number())
    try:
        result.address = reader.address()
        if result.version == 5:
            result.agent = reader.number()
        result.sequence, result.uptime, count = reader.numbers(3)
        result.has_header = result.address is not None
        for _ in range(min(count, MAX_SAMPLES)):
            if result.version == 5:
                _sample(reader, result)
            else:
                _old_sample(reader, result)
    except Cut:
        result.whole = False
    return result


# ---- version 5
def _sample(reader: Reader, result: Datagram) -> None:
    kind, inner = reader.number(), reader.part()
    try:
        if kind == 1:
            _, _, interval, _, _, entered, left, count = inner.numbers(8)
            ports = (entered >> 30, entered & INSIDE, left >> 30, left & INSIDE)
        elif kind == 3:
            _, _, _, interval, _, _, *expanded, count = inner.numbers(11)
            ports = (expanded[0], expanded[1], expanded[2], expanded[3])
        elif kind == 5:
            *_, entered, left, reason, count = inner.numbers(8)
            interval, ports = 1, (0, entered, 0, left)
        else:
            result.counters += kind in (2, 4)
            return
        row: Row = {"sampling_interval": interval} | _ports(*ports)
        if kind == 5:
            row["forwarding_status"] = REASONS.get(reason, UNKNOWN_DROP)
        try:
            _records(inner, count, row)
        finally:
            result.rows.append(row | {"packets": 1})
    except Cut:
        result.whole = False


def _records(reader: Reader, count: int, row: Row) -> None:
    told: dict[int, Row] = {}
    try:
        for _ in range(min(count, MAX_RECORDS)):
            kind, inner = reader.number(), reader.part()
            reading = RECORDS.get(kind)
            if reading:
                told[kind] = reading(inner)
    finally:
        # What the switch says of VLANs, and the packet itself of its ends, is asked before the rest.
        for kind in (1001, 1002, 1003, 1004, 1007, 1020, 1, 3, 4, 2, 2100, 2101):
            for name, value in told.get(kind, {}).items():
                if name not in row or (name in ("src_vlan", "dst_vlan") and not row[name]):
                    row[name] = value


def _ports(entered_kind: int, entered: int, left_kind: int, left: int) -> Row:
    row: Row = {
        "in_if": 0 if entered_kind or entered == INSIDE else entered,
        "out_if": 0 if left_kind or left == INSIDE else left,
    }
    if left_kind == 1:
        row["forwarding_status"] = REASONS.get(left, UNKNOWN_DROP)
    return row


def _header(reader: Reader) -> Row:
    protocol, size, _ = reader.numbers(3)
    return dict(taken_apart(reader.opaque(), protocol, size))


def _frame(reader: Reader) -> Row:
    size = reader.number()
    source, destination = reader.raw(6), reader.raw(6)
    return {
        "bytes": size,
        "src_mac": int.from_bytes(source, "big"),
        "dst_mac": int.from_bytes(destination, "big"),
    }


def _ipv4(reader: Reader) -> Row:
    return _ip(reader, 4)


def _ipv6(reader: Reader) -> Row:
    return _ip(reader, 16)


def _ip(reader: Reader, width: int) -> Row:
    size, proto = reader.numbers(2)
    row: Row = {"bytes": size, "proto": proto}
    for name in ("src", "dst"):
        value = int.from_bytes(reader.raw(width), "big") | (MAPPED if width == 4 else 0)
        row[f"{name}_hi"], row[f"{name}_lo"] = value >> 64, value & HALF
    sport, dport, flags, row["tos"] = reader.numbers(4)
    if proto in (1, 58):
        row["icmp_type"], row["icmp_code"] = sport & 0xFF, dport & 0xFF
    else:
        row["sport"], row["dport"] = sport & 0xFFFF, dport & 0xFFFF
    if proto == 6:
        row["tcp_flags"] = flags & 0xFFFF
    return row


def _socket4(reader: Reader) -> Row:
    return _socket(reader, 4)


def _socket6(reader: Reader) -> Row:
    return _socket(reader, 16)


def _socket(reader: Reader, width: int) -> Row:
    """An application's connection (sFlow Host Structures): the remote end asked."""
    row: Row = {"proto": reader.number()}
    for name in ("dst", "src"):
        value = int.from_bytes(reader.raw(width), "big") | (MAPPED if width == 4 else 0)
        row[f"{name}_hi"], row[f"{name}_lo"] = value >> 64, value & HALF
    dport, sport = reader.numbers(2)
    return row | {"sport": sport & 0xFFFF, "dport": dport & 0xFFFF}


def _switch(reader: Reader) -> Row:
    source, _, destination, _ = reader.numbers(4)
    return {"src_vlan": source, "dst_vlan": destination}


def _router(reader: Reader) -> Row:
    row = _named("next_hop", reader.address())
    row["src_mask"], row["dst_mask"] = reader.numbers(2)
    return row


def _gateway(reader: Reader) -> Row:
    return _named("next_hop", reader.address()) | _systems(reader, segmented=True)


def _systems(reader: Reader, *, segmented: bool) -> Row:
    own, source, _, count = reader.numbers(4)
    # A source or a path that is empty is the router's own system.
    row: Row = {"src_as": source or own, "dst_as": own}
    if not segmented:
        path = reader.numbers(min(count, MAX_RECORDS))
        return row | ({"dst_as": path[-1]} if path else {})
    for _ in range(min(count, MAX_RECORDS)):
        _, length = reader.numbers(2)
        path = reader.numbers(min(length, MAX_RECORDS))
        row["dst_as"] = path[-1] if path else row["dst_as"]
    return row


def _user(reader: Reader) -> Row:
    reader.number()
    source = reader.opaque()
    reader.number()
    return _who(source, reader.opaque())


def _who(source: bytes, destination: bytes) -> Row:
    return {"user": (source or destination).rstrip(b"\0").decode("utf-8", "replace")}


def _nat(reader: Reader) -> Row:
    return _named("nat_src", reader.address()) | _named("nat_dst", reader.address())


def _nat_ports(reader: Reader) -> Row:
    source, destination = reader.numbers(2)
    return {"nat_sport": source & 0xFFFF, "nat_dport": destination & 0xFFFF}


def _named(name: str, address: tuple[int, int] | None) -> Row:
    return {f"{name}_hi": address[0], f"{name}_lo": address[1]} if address else {}


RECORDS: dict[int, Callable[[Reader], Row]] = {
    1: _header,
    2: _frame,
    3: _ipv4,
    4: _ipv6,
    1001: _switch,
    1002: _router,
    1003: _gateway,
    1004: _user,
    1007: _nat,
    1020: _nat_ports,
    2100: _socket4,
    2101: _socket6,
}
"""Flow records of sFlow v5 by their format; what is not here is skipped by its length."""


# ---- versions 2 and 4
def _old_sample(reader: Reader, result: Datagram) -> None:
    kind = reader.number()
    if kind == 2:
        _, _, _, version = reader.numbers(4)
        if version not in COUNTER_BYTES:
            raise Cut
        reader.raw(COUNTER_BYTES[version])
        result.counters += 1
        return
    if kind != 1:
        raise Cut
    _, _, interval, _, _, entered, left, form = reader.numbers(8)
    row: Row = {"sampling_interval": interval, "packets": 1}
    row |= _ports(entered >> 30, entered & INSIDE, left >> 30, left & INSIDE)
    if form == 1:
        protocol, size = reader.numbers(2)
        packet: Row = dict(taken_apart(reader.opaque(), protocol, size))
    elif form in (2, 3):
        packet = _ipv4(reader) if form == 2 else _ipv6(reader)
    else:
        raise Cut
    extended: Row = {}
    try:
        for _ in range(min(reader.number(), MAX_RECORDS)):
            extended |= _extended(reader, reader.number(), result.version)
    finally:
        result.rows.append(
            packet | {name: value for name, value in extended.items() if value or name not in packet} | row
        )


def _extended(reader: Reader, kind: int, version: int) -> Row:
    if kind == 1:
        return _switch(reader)
    if kind == 2:
        return _router(reader)
    if kind == 3:
        row = _systems(reader, segmented=version == 4)
        if version == 4:
            reader.raw(4 * reader.number())  # communities
            reader.number()  # local preference
        return row
    if kind == 4:
        return _who(reader.opaque(), reader.opaque())
    if kind == 5:
        reader.number()
        reader.opaque()
        return {}
    raise Cut
