"""What sources beside the walk tell (旁证): a ping answered, a DHCP lease, a line of somebody's ARP table. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum

import msgspec

from netops.addresses.span import Span
from netops.core.plane import Plane

FRESH = timedelta(minutes=20)
"""A line of an ARP table that was refreshed within so long says that the terminal is there (ARP ageing, usual default)."""


class SourceKind(StrEnum):
    """How a source knows."""

    WALK = "walk"
    """A device's own tables, read by SNMP."""
    PING = "ping"
    LEASES = "leases"
    """A DHCP server's leases: who was given the address, not who is there."""
    NEIGHBORS = "neighbors"
    """ARP or neighbour discovery, out of a file."""


class Told(msgspec.Struct, frozen=True):
    """
    One address as a source tells it, before it is kept.

    Args:
        ip: canonical text.
        mac: six lower-case octets with colons, or "".
        name: host name that the client gave, or "": text of a stranger.
        interface: where the source has it, or "".
        since: since when, as the source says; None when it does not.
        alive_at: when the terminal was last really there; None when that is not said.
        expires: end of a lease; None when it has none.
        is_current: False for a lease that was given back or has run out.
    """

    ip: str
    mac: str = ""
    name: str = ""
    interface: str = ""
    since: datetime | None = None
    alive_at: datetime | None = None
    expires: datetime | None = None
    is_current: bool = True


class Mention(msgspec.Struct, frozen=True):
    """
    One address as a source told it, from when to when; for rules it is a terminal seen like any other.

    Args:
        source: name of the source, unique in its plane.
        last_seen: when the source last told it.
        switch, port: where the walk has its MAC, or ""; the source itself does not know.
        device: "": a file is no device.
    """

    plane: Plane
    source: str
    kind: SourceKind
    ip: str
    mac: str
    name: str
    interface: str
    first_seen: datetime
    last_seen: datetime
    alive_at: datetime | None
    expires: datetime | None
    is_open: bool
    switch: str = ""
    port: str = ""
    device: str = ""


class Source(msgspec.Struct, frozen=True):
    """
    One source and how it stands: when it was last asked, and what it last told.

    Args:
        place: its file, or the address that was asked.
        spans: addresses that it would tell of if they were there; empty when nobody says.
        tried_at: when it was last asked.
        told_at: the moment that its last good answer speaks of; None when it never answered.
        since: it has told ever since, without a gap of a week; None when it never told.
        is_good: whether the last answer came.
        is_whole: whether that answer was whole: nothing in it that could not be read, nothing left out.
        why: English message id of what was wrong, or "".
        told, bad: lines understood and not understood in the last answer.
        faults: the first of them, as "place: value: what".
    """

    plane: Plane
    name: str
    kind: SourceKind
    place: str
    tried_at: datetime
    told_at: datetime | None = None
    since: datetime | None = None
    is_good: bool = False
    is_whole: bool = False
    why: str = ""
    facts: dict[str, str] = {}
    told: int = 0
    bad: int = 0
    faults: tuple[str, ...] = ()
    sha256: str = ""
    spans: tuple[Span, ...] = ()
    max_age: timedelta = timedelta(hours=1)

    def is_stale(self, at: datetime) -> bool:
        """Whether what it told is too old to speak of *at*."""
        return self.told_at is None or at - self.told_at > self.max_age

    def is_sound(self, at: datetime) -> bool:
        """Whether its silence about an address means something: it answered, whole, and lately."""
        return self.is_good and self.is_whole and not self.is_stale(at)


VIRTUAL = (
    "00:00:5e:00:01:",  # VRRP for IPv4 (RFC 5798 §7.3, RFC 9568 §7.3), CARP
    "00:00:5e:00:02:",  # VRRP for IPv6
    "00:00:0c:07:ac:",  # HSRP version 1 (RFC 2281 §5.1)
    "00:00:0c:9f:f",  # HSRP version 2, 00:00:0c:9f:f0:00 to ff:ff (Cisco, First Hop Redundancy Protocols)
    "00:05:73:a0:0",  # HSRP for IPv6, 00:05:73:a0:00:00 to 0f:ff
    "00:07:b4:00:",  # GLBP, 00:07:b4:00:XX:YY: group and forwarder
)
"""Addresses that belong to a group of routers, whichever of them answers."""


def is_virtual(mac: str) -> bool:
    """Whether a MAC is a virtual router's: it moves between the members of a pair, and is no terminal."""
    return mac.startswith(VIRTUAL)


def merged(spans: Sequence[Span]) -> list[Span]:
    """The same addresses as spans that neither meet nor touch, in order."""
    found: list[Span] = []
    for span in sorted(spans):
        if found and span.first <= found[-1].last + 1:
            found[-1] = Span(found[-1].first, max(found[-1].last, span.last))
        else:
            found.append(span)
    return found
