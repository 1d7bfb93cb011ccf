"""Observations (所见): what was seen of whom, how it was recognised and how sure that is; nothing is judged here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

MOST_SUBJECTS = 20_000
"""Different observations of one capture; more is counted, not kept."""
MOST_NAMES = 8
MOST_SURE = 0.99
"""Nothing that was seen from afar is certain."""
SURE = {
    "handshake": 0.95, "protocol": 0.95, "certificate": 0.95, "offer": 0.95, "log": 0.9, "claim": 0.9, "request": 0.9,
    "sni": 0.85,
    "ttl": 0.85, "address": 0.8, "header": 0.8, "dns": 0.6, "shape": 0.6, "stacks": 0.5, "devices": 0.5, "ports": 0.5,
    "port": 0.4, "maker": 0.3,
}  # fmt: skip
"""How sure each way of recognising is by itself, as a ratio, where a sense does not say otherwise."""
ALARMS = frozenset(
    {"tunnel", "proxy", "remote_control", "file_sharing", "encrypted_dns", "hidden_nat", "address_conflict", "rogue_dhcp",
     "rogue_router", "dns_tunnel", "icmp_tunnel"}
)  # fmt: skip
"""Kinds that ask for an explanation by themselves; whether they are against a rule, plane and register decide."""
ALARMING = 0.6
"""An observation less sure than this is a lead, not an alarm."""


class Seen(NamedTuple):
    """
    One thing that was recognised.

    Args:
        kind: tunnel, proxy, remote_control, file_sharing, encrypted_dns, connectivity_check, public_resolver, dhcp_server,
            router_advertisement, address_conflict, hidden_nat, dns_tunnel, icmp_tunnel, consumer_device, application.
        what: stable key, such as wireguard; *name* as people call it.
        ip: whom it is about; *peer*: the far end, an address or "".
        by: how it was recognised, a key of SURE.
        named: the name that was asked for, or "".
        sure: a ratio over that of SURE, 0 for none.
    """

    kind: str
    what: str
    name: str
    ip: str
    by: str
    peer: str = ""
    port: int = 0
    protocol: int = 0
    mac: str = ""
    named: str = ""
    sure: float = 0.0
    depth: int = 0
    facts: Mapping[str, Any] = MappingProxyType({})


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """
    What was seen of one subject, all packets together.

    Args:
        by: every way in which it was recognised.
        confidence: ratio 0-1: independent ways make it surer, repetition does not.
        count: packets, queries or lines.
        names: asked for; at most MOST_NAMES.
        is_alarm: it asks for an explanation by itself.
        source: capture, dns, dhcp, zeek, suricata, radius; *where*: the file or interface.
    """

    kind: str
    what: str
    name: str
    ip: str
    mac: str
    peer: str
    port: int
    protocol: int
    by: tuple[str, ...]
    confidence: float
    first: datetime
    last: datetime
    count: int
    names: tuple[str, ...]
    is_alarm: bool
    source: str
    where: str
    facts: dict[str, Any]


class _Kept:
    __slots__ = ("count", "facts", "first", "last", "mac", "names", "seen", "sure")

    def __init__(self, seen: Seen, at: int) -> None:
        self.seen, self.first, self.last, self.count = seen, at, at, 0
        self.sure: dict[str, float] = {}
        self.names: dict[str, None] = {}
        self.facts: dict[str, Any] = {}
        self.mac = ""


class Sightings:
    """Adds observations up, one for each kind, thing, subject and far end; bounded."""

    def __init__(self, source: str, where: str) -> None:
        self.source, self.where = source, where
        self.left_out = 0
        self._kept: dict[tuple[str, str, str, str], _Kept] = {}

    def note(self, seen: Seen, at: int, count: int = 1) -> None:
        """Take one more; *at* is ns since 1970 UTC."""
        key = (seen.kind, seen.what, seen.ip, seen.peer)
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= MOST_SUBJECTS:
                self.left_out += 1
                return
            kept = self._kept[key] = _Kept(seen, at)
        kept.first, kept.last, kept.count = min(kept.first, at), max(kept.last, at), kept.count + count
        kept.sure[seen.by] = max(kept.sure.get(seen.by, 0.0), seen.sure or SURE[seen.by])
        if seen.named and len(kept.names) < MOST_NAMES:
            kept.names[seen.named] = None
        kept.mac = kept.mac or seen.mac
        kept.facts |= seen.facts

    def put(self, seen: Seen, first: int, last: int, count: int) -> None:
        """Take what a sense has added up by itself, in place of what it said before."""
        self._kept.pop((seen.kind, seen.what, seen.ip, seen.peer), None)
        self.note(seen, first, count)
        if (kept := self._kept.get((seen.kind, seen.what, seen.ip, seen.peer))) is not None:
            kept.last = last

    def recount(self, volumes: Mapping[tuple[str, str], tuple[int, int, int]]) -> None:
        """Packets and times of what was recognised by a conversation, out of those of the conversations between its ends."""
        for kept in self._kept.values():
            found = volumes.get((kept.seen.ip, kept.seen.peer))
            if found is not None and kept.seen.by != "protocol" and not kept.seen.kind.endswith("_tunnel"):
                kept.count = max(kept.count, found[0])
                kept.first, kept.last = min(kept.first, found[1]), max(kept.last, found[2])

    def told(self, macs: dict[str, str] | None = None) -> list[Observation]:
        """Everything so far, the surest first; *macs* by address fills in what packets did not tell."""
        found = [self._told(kept, macs or {}) for kept in self._kept.values()]
        return sorted(found, key=lambda one: (not one.is_alarm, one.kind, -one.confidence, one.ip, one.what, one.peer))

    def _told(self, kept: _Kept, macs: dict[str, str]) -> Observation:
        seen = kept.seen
        # A handshake that was seen whole needs no likeness beside it.
        sure = {way: ratio for way, ratio in kept.sure.items() if way != "shape" or "handshake" not in kept.sure}
        confidence = combined(sure.values())
        return Observation(
            kind=seen.kind, what=seen.what, name=seen.name, ip=seen.ip, mac=kept.mac or macs.get(seen.ip, ""), peer=seen.peer,
            port=seen.port, protocol=seen.protocol, by=tuple(sorted(sure)), confidence=confidence, first=moment(kept.first),
            last=moment(kept.last), count=kept.count, names=tuple(kept.names),
            is_alarm=seen.kind in ALARMS and confidence >= ALARMING, source=self.source, where=self.where,
            facts=kept.facts | ({"inside_a_tunnel": True} if seen.depth else {}),
        )  # fmt: skip


def combined(ratios: Iterable[float]) -> float:
    """How sure several independent ways make it together, in hundredths."""
    doubt = 1.0
    for ratio in ratios:
        doubt *= 1.0 - ratio
    return min(round(1.0 - doubt, 2), MOST_SURE)


def moment(nanoseconds: int) -> datetime:
    """A time of a capture; what no calendar has is 1970."""
    try:
        return datetime.fromtimestamp(nanoseconds / 1_000_000_000, UTC)
    except (OverflowError, OSError, ValueError):
        return datetime.fromtimestamp(0, UTC)
