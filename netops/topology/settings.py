"""`[snmp.traps]` and `[snmp.writing]`: what devices may tell us, and what may be written to them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Literal

import msgspec

from netops.core.language import N_, Said, Text

WRITABLE = ("ifAlias", "sysLocation", "sysContact", "ifAdminStatus", "dot1qPvid")
Writable = Literal["ifAlias", "sysLocation", "sysContact", "ifAdminStatus", "dot1qPvid"]


class Traps(msgspec.Struct, frozen=True):
    """`[snmp.traps]`: notifications of devices; without an address nobody listens."""

    listen: tuple[str, ...] = ()
    """Such as ["0.0.0.0:162"]; a port below 1024 needs CAP_NET_BIND_SERVICE."""
    credentials: tuple[str, ...] = ()
    """Names in [snmp.credentials] that any registered device may send by, beside the one that it is walked by."""
    per_second: float = 10.0
    """Notifications of one device; what is more is counted and left."""
    burst: int = 50
    total_per_second: float = 200.0
    walk_after_seconds: float = 0.5
    """A device that told something is walked so long after; what it tells meanwhile makes no second walk."""
    walk_pause_seconds: float = 15.0
    """The least time between two such walks of one device."""


class Writing(msgspec.Struct, frozen=True):
    """`[snmp.writing]`: what a person may set on devices where a step of a playbook asks for it; nothing unless written here."""

    objects: tuple[Writable, ...] = ()
    credentials: dict[str, str] = {}
    """Credential of reading to the one of writing, such as { v3 = "v3-write" }."""


def check(traps: Traps, writing: Writing, credentials: Collection[str]) -> Iterator[tuple[str, str, Text]]:
    """What is wrong with either: (table, key, what)."""
    for address in traps.listen:
        if not re.fullmatch(r"(\[[0-9a-fA-F:.]+\]|[^:\s]+):\d{1,5}", address):
            yield "snmp.traps", "listen", Said("{address!r} must be ADDRESS:PORT", address=address)
    for name in traps.credentials:
        if name not in credentials:
            yield "snmp.traps", "credentials", Said("{name!r} is not in [snmp.credentials]", name=name)
    for key in ("per_second", "burst", "total_per_second", "walk_pause_seconds"):
        if getattr(traps, key) <= 0:
            yield "snmp.traps", key, Said("{key} must be more than 0", key=key)
    if traps.walk_after_seconds < 0:
        yield "snmp.traps", "walk_after_seconds", N_("walk_after_seconds must not be less than 0")
    for reading, written in writing.credentials.items():
        for name in (reading, written):
            if name not in credentials:
                yield "snmp.writing", "credentials", Said("{name!r} is not in [snmp.credentials]", name=name)
