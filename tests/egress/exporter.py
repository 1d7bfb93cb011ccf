"""A small exporter of our own: writes NetFlow v5, v9 and IPFIX datagrams for tests."""

from __future__ import annotations

import struct
from ipaddress import ip_address

Fields = tuple[tuple[int, int], ...]
FIVE_TUPLE: Fields = ((8, 4), (12, 4), (7, 2), (11, 2), (4, 1), (2, 4), (1, 4), (10, 4), (56, 6), (80, 6))
EXPORTED = 1_790_000_000
"""Seconds since 1970 in every header."""


def v5(
    *records: dict[str, int | str], count: int | None = None, uptime: int = 100_000, sampling: int = 0
) -> bytes:
    header = struct.pack(
        ">HHIIIIHH", 5, len(records) if count is None else count, uptime, EXPORTED, 0, 7, 0, sampling
    )
    return header + b"".join(_v5(one) for one in records)


def _v5(one: dict[str, int | str]) -> bytes:
    def number(name: str) -> int:
        return int(one.get(name, 0))

    def address(name: str) -> bytes:
        return ip_address(str(one.get(name, "0.0.0.0"))).packed

    return (
        address("src")
        + address("dst")
        + address("next_hop")
        + struct.pack(
            ">HHIIIIHHxBBBHHBBxx",
            number("in_if"),
            number("out_if"),
            number("packets"),
            number("bytes"),
            number("first"),
            number("last"),
            number("sport"),
            number("dport"),
            number("tcp_flags"),
            number("proto"),
            number("tos"),
            number("src_as"),
            number("dst_as"),
            24,
            24,
        )
    )


def values(fields: Fields, *numbers: int | str) -> bytes:
    """One record: numbers, or addresses as text, in the lengths of *fields*."""
    return b"".join(
        ip_address(value).packed if isinstance(value, str) else value.to_bytes(length, "big")
        for (_, length), value in zip(fields, numbers, strict=True)
    )


def a_set(number: int, body: bytes) -> bytes:
    return struct.pack(">HH", number, len(body) + 4) + body


def template(number: int, fields: Fields, *, ipfix: bool = False) -> bytes:
    body = struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *field) for field in fields)
    return a_set(2 if ipfix else 0, body)


def v9(*sets: bytes, domain: int = 0, uptime: int = 100_000, sequence: int = 1) -> bytes:
    return struct.pack(">HHIIII", 9, len(sets), uptime, EXPORTED, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, domain: int = 0, sequence: int = 1) -> bytes:
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), EXPORTED, sequence, domain) + body


def old(version: int, *records: bytes, uptime: int = 100_000, sequence: int = 7) -> bytes:
    """NetFlow v1 or v7 out of whole records."""
    start = struct.pack(">HHIII", version, len(records), uptime, EXPORTED, 0)
    return start + (struct.pack(">II", sequence, 0) if version == 7 else b"") + b"".join(records)
