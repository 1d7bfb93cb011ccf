"""Template sets (模板集): which fields their records have (RFC 3954 §5.2 and §6.1, RFC 7011 §3.4). Pure."""

from __future__ import annotations

import struct

from netops.egress.elements import SCOPE
from netops.egress.template import Field

MAX_FIELDS = 512
Taught = tuple[int, tuple[Field, ...]]
"""A template's number and its fields; none where it is taken back (RFC 7011 §8.1)."""


def read(version: int, body: bytes, *, is_options: bool) -> tuple[list[Taught], bool]:
    """
    The templates of one set, in its order.

    Args:
        version: 9 or 10.
        is_options: of options templates.

    Returns:
        What could be read, and whether that was all of it.
    """
    taught: list[Taught] = []
    at = 0
    while len(body) - at >= 4:
        number, count = struct.unpack_from(">HH", body, at)
        if number == 0 and not any(body[at:]):
            break
        at += 4
        if count == 0 and version == 10:
            taught.append((number, ()))
            continue
        scopes = 0
        if is_options:
            if len(body) - at < 2:
                return taught, False
            scopes = int.from_bytes(body[at : at + 2], "big")
            at += 2
            if version == 9:
                # RFC 3954 §6.1: here the lengths of both parts in bytes, scopes first.
                scopes, count = count // 4, count // 4 + scopes // 4
        if number < 256 or not 0 < count <= MAX_FIELDS:
            return taught, False
        fields, at = _fields(body, at, count, version, scopes)
        if fields is None:
            return taught, False
        taught.append((number, fields))
    return taught, True


def _fields(
    body: bytes, at: int, count: int, version: int, scopes: int
) -> tuple[tuple[Field, ...] | None, int]:
    """The fields of one template and where they end, or None when they are cut."""
    fields = []
    for place in range(count):
        if len(body) - at < 4:
            return None, at
        element, length = struct.unpack_from(">HH", body, at)
        at += 4
        enterprise = 0
        if version == 10 and element & 0x8000:
            if len(body) - at < 4:
                return None, at
            element, enterprise = element & 0x7FFF, int.from_bytes(body[at : at + 4], "big")
            at += 4
        elif version == 9 and place < scopes:
            enterprise = SCOPE
        fields.append(Field(enterprise, element, length))
    return tuple(fields), at
