"""Formats of sources: every one that can be read, by name, and which one a text is in. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

from netops.addresses import leases, neighbors
from netops.addresses.mention import SourceKind
from netops.addresses.reading import MAC, Reading

LEASES: dict[str, Callable[[str, datetime], Reading]] = {
    "isc-dhcpd": leases.isc,
    "kea": leases.kea,
    "dnsmasq": leases.dnsmasq,
}
FORMATS = LEASES | neighbors.PARSERS
"""Name to parser; an extension is one more line."""
MARKS = (
    ("ip-neigh-json", r"\s*\[\s*[{\]]"),
    ("kea", r"address,(?:hwaddr|duid),"),
    ("proc-net-arp", r"IP address\s+HW type"),
    (
        "isc-dhcpd",
        r"(?:\s*(?:#[^\n]*)?\n)*\s*(?:lease\s|ia-[nt]a\s|server-duid\s|authoring-byte-order\s|failover\s)",
    ),
    (
        "dnsmasq",
        r"(?:duid [0-9a-fA-F:]+\s|\d+ (?:[0-9a-fA-F]{2}-)?(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2} \S+ \S+ \S+\s*(?:\n|$))",
    ),
    ("arp", r"\S+ \([0-9a-fA-F.:%\w]+\) at "),
    ("ip-neigh", r"[0-9a-fA-F.:]+ dev \S+ "),
)
"""How a text in each format begins; a device's console may begin anyhow."""


def detected(text: str) -> str:
    """
    The format that *text* is in, by its beginning; "" when it is none, or empty.

    An empty file may be any: a DHCP server without leases writes one.
    """
    start = text[:65536]
    for name, mark in MARKS:
        if re.match(mark, start):
            return name
    return "device-arp" if neighbors.ADDRESS.search(start) and MAC.search(start) else ""


def kind_of(name: str) -> SourceKind:
    """What a file in this format tells of."""
    return SourceKind.LEASES if name in LEASES else SourceKind.NEIGHBORS
