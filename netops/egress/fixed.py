"""NetFlow v1, v5 and v7: records that never change, said as templates (Cisco, NetFlow Export Datagram Formats)."""

from __future__ import annotations

import struct
from typing import NamedTuple

from netops.egress.exporter import Header
from netops.egress.template import Field, Layout


def _layout(*fields: tuple[int, int]) -> Layout:
    return Layout(0, tuple(Field(-1 if element == 210 else 0, element, length) for element, length in fields))


_HEAD = ((8, 4), (12, 4), (15, 4), (10, 2), (14, 2), (2, 4), (1, 4), (22, 4), (21, 4), (7, 2), (11, 2))
_TAIL = ((6, 1), (4, 1), (5, 1), (16, 2), (17, 2), (9, 1), (13, 1))
V1 = _layout(*_HEAD, (210, 2), (4, 1), (5, 1), (6, 1), (210, 7))
V1_LONG = _layout(*_HEAD, (210, 2), (4, 1), (5, 1), (6, 1), (210, 11))
"""As some write it, with four octets more."""
V5 = _layout(*_HEAD, (210, 1), *_TAIL, (210, 2))
V7 = _layout(*_HEAD, (210, 1), *_TAIL, (210, 6))


class Shape(NamedTuple):
    """Length of the header, and the layout of every record."""

    header: int
    layout: Layout


SHAPES = {1: Shape(16, V1), 5: Shape(24, V5), 7: Shape(24, V7)}


class Fixed(NamedTuple):
    """A datagram taken apart; *domain* is engine type and id; *whole* False when its count and its length disagree."""

    header: Header
    domain: int
    layout: Layout
    body: bytes
    rows: int
    whole: bool


def read(version: int, received: int, data: bytes) -> Fixed | None:
    """A datagram of one of SHAPES, or None when not even its header is there."""
    start, layout = SHAPES[version]
    if len(data) < start:
        return None
    count: int
    count, uptime, seconds, nanoseconds = struct.unpack_from(">HIII", data, 2)
    if version == 1 and count and len(data) - start == count * V1_LONG.minimum:
        layout = V1_LONG
    sequence = int.from_bytes(data[16:20], "big") if version != 1 else 0
    engine, sampling = struct.unpack_from(">HH", data, 20) if version == 5 else (0, 0)
    rows = min(count, (len(data) - start) // layout.minimum)
    exported = seconds * 1000 + min(nanoseconds, 999_999_999) // 1_000_000
    # 14 bits of interval under two bits of mode; 0 says nothing, or that every packet was counted.
    header = Header(version, sequence, exported, uptime, received, sampling & 0x3FFF)
    body = data[start : start + rows * layout.minimum]
    return Fixed(header, engine, layout, body, rows, rows == count)
