"""Reconcile (对账): what the ledger says beside what is seen on the wire. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

from msgspec import structs

from netops.addresses.allocation import HOLDING, Allocation
from netops.addresses.mention import FRESH, Mention, Source, SourceKind, is_virtual, merged
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.ranges import DHCP, ranges
from netops.addresses.span import Span, number, parsed
from netops.addresses.tile import innermost
from netops.core.plane import Plane

if TYPE_CHECKING:
    from netops.addresses.foresight import Foresight

__all__ = ["Runs", "Scene", "Seen", "Shared", "Stated", "Usurper", "place", "segments", "told_by", "where"]

T = TypeVar("T")
LIVE = timedelta(minutes=10)
"""A sighting of a device that nobody walks is alive for so long."""


LATELY = timedelta(days=1)
"""Where a card was longer ago does not say where it is."""


class Seen(Protocol):
    """A terminal at one place, from when to when, as the topology room keeps it."""

    @property
    def plane(self) -> Plane:
        """The plane it was seen in."""

    @property
    def ip(self) -> str:
        """Canonical text, or ""."""

    @property
    def mac(self) -> str:
        """Six lower-case octets with colons."""

    @property
    def switch(self) -> str:
        """Where its MAC is learned on an access port, or ""."""

    @property
    def port(self) -> str:
        """Name of that port, or ""."""

    @property
    def device(self) -> str:
        """Whose ARP table says so."""

    @property
    def interface(self) -> str:
        """And on which interface."""

    @property
    def first_seen(self) -> datetime:
        """When it was first there."""

    @property
    def alive_at(self) -> datetime | None:
        """When it was last really alive."""


class Runs(Generic[T]):
    """Spans that are apart, each with a value; finds the one that holds an address in O(log n)."""

    def __init__(self, several: Iterable[tuple[Span, T]]) -> None:
        self._runs = sorted(several, key=lambda one: one[0].first)
        self._firsts = [span.first for span, _ in self._runs]

    def of(self, address: int) -> T | None:
        """The value of the span that holds *address*, or None."""
        place = bisect_right(self._firsts, address) - 1
        if place < 0 or address > self._runs[place][0].last:
            return None
        return self._runs[place][1]


def segments(prefixes: Sequence[RegisteredPrefix]) -> Runs[RegisteredPrefix]:
    """The innermost registered prefix of every address."""
    named = {str(parsed(entry.prefix)): entry for entry in prefixes}
    spans = [(parsed(text), text) for text in named]
    whole = Span(
        min((span.first for span, _ in spans), default=0), max((span.last for span, _ in spans), default=0)
    )
    return Runs((span, named[name]) for span, name in innermost(spans, whole) if name)


@dataclass(frozen=True)
class Stated:
    """What a standing declaration states: how many terminals, how many network devices."""

    number: str
    organization: str
    terminals: int
    equipment: int


@dataclass(frozen=True)
class Shared:
    """
    Cards that may answer for one address: a pair for high availability, or teamed cards of one machine.

    Args:
        macs: theirs; empty for any two cards of the address.
    """

    macs: frozenset[str]
    why: str


@dataclass(frozen=True)
class Usurper:
    """
    A terminal that answers for an address of a walked device.

    Args:
        seen: it, at the port where its card is learned.
        device, interface, mac: whose the address is, and the card that should answer for it.
    """

    seen: Seen
    device: str
    interface: str
    mac: str


@dataclass(frozen=True)
class Scene:
    """
    One plane at one moment: everything that the rules of addresses look at.

    Args:
        at: now.
        nets: the plane's own address space.
        switches: organization of each registered device, by name; platform devices are left out.
        own: addresses of devices, which need no allocation.
        exits: (device, interface) that face a registered exit.
        walked: when each device was last walked with success, by name; only those that answer now.
        silent: devices that were walked before and do not answer now.
        foresight: what the rules of planning look at, or None when they are not asked.
        mentions: what sources beside the walk told, oldest first.
        sources: every source of the plane, the walked devices too, and how it stands.
        stated: standing declarations.
        shared: by address: cards that may answer for it together, as the configuration says.
        devices: device by MAC, of every device that was ever walked.
        attached: what introduced itself by LLDP, by (switch, port).
        usurpers: terminals that answer for addresses of walked devices.
    """

    plane: Plane
    at: datetime
    nets: tuple[Span, ...] = ()
    sightings: Sequence[Seen] = ()
    allocations: Sequence[Allocation] = ()
    prefixes: Sequence[RegisteredPrefix] = ()
    switches: Mapping[str, str] = field(default_factory=dict)
    own: Collection[int] = ()
    exits: Collection[tuple[str, str]] = ()
    walked: Mapping[str, datetime] = field(default_factory=dict)
    silent: Collection[str] = ()
    foresight: Foresight | None = None
    mentions: Sequence[Mention] = ()
    sources: Sequence[Source] = ()
    stated: Sequence[Stated] = ()
    shared: Mapping[int, Shared] = field(default_factory=dict)
    devices: Mapping[str, str] = field(default_factory=dict)
    attached: Mapping[tuple[str, str], str] = field(default_factory=dict)
    usurpers: Sequence[Usurper] = ()

    @cached_property
    def held(self) -> Runs[Allocation]:
        """Who holds an address now."""
        return Runs((one.span, one) for one in self.allocations if one.state in HOLDING)

    @cached_property
    def segments(self) -> Runs[RegisteredPrefix]:
        """The innermost registered prefix of an address."""
        return segments(self.prefixes)

    @cached_property
    def dynamic(self) -> Runs[RegisteredPrefix]:
        """The prefix in whose registered DHCP range an address lies: its server gives it out, not the ledger."""
        return Runs((span, one) for one in self.prefixes for span, kind in ranges(one) if kind == DHCP)

    def is_nobodys(self, address: int) -> bool:
        """Whether no allocation and no registered DHCP range of the plane has it."""
        return self.is_ours(address) and self.held.of(address) is None and self.dynamic.of(address) is None

    @cached_property
    def live(self) -> list[tuple[int, Seen]]:
        """Terminals with an address that are alive now, by address: devices and exits' far ends are none."""
        found = sorted((address, one.mac, place, one) for place, (address, one) in enumerate(self._live()))
        return [(address, one) for address, _, _, one in found]

    def _live(self) -> Iterator[tuple[int, Seen]]:
        exits, own = self.exits, self.own
        for one in (*self.sightings, *self.located):
            if not one.ip or not self.is_alive(one) or (exits and (one.device, one.interface) in exits):
                continue
            address = number(one.ip)
            if address not in own and not is_virtual(one.mac):
                yield address, one

    @cached_property
    def uses(self) -> list[tuple[int, list[Seen], Allocation | None]]:
        """Every address that is alive, with all that say so and the allocation that holds it, by address."""
        found: dict[int, list[Seen]] = {}
        for address, one in self.live:
            found.setdefault(address, []).append(one)
        return [(address, several, self.held.of(address)) for address, several in found.items()]

    @cached_property
    def located(self) -> list[Mention]:
        """What sources beside the walk told, each at the port where the walk has its MAC (or its address)."""
        if not self.mentions:
            return []
        by_mac: dict[str, Seen] = {}
        by_ip: dict[str, Seen] = {}
        for one in sorted(self.sightings, key=lambda one: one.alive_at or one.first_seen):
            if self.at - (one.alive_at or one.first_seen) > LATELY:
                continue
            if one.switch and one.mac:
                by_mac[one.mac] = one
            if one.ip:
                by_ip[one.ip] = one
        return [self._at_port(one, by_mac, by_ip) for one in self.mentions if one.mac not in self.devices]

    @staticmethod
    def _at_port(one: Mention, by_mac: Mapping[str, Seen], by_ip: Mapping[str, Seen]) -> Mention:
        at = by_mac.get(one.mac) if one.mac else by_ip.get(one.ip)
        if at is None:
            return one
        return structs.replace(one, mac=one.mac or at.mac, switch=at.switch, port=at.port)

    @cached_property
    def leased(self) -> list[tuple[int, Mention]]:
        """Leases that have not ended, by address; they say who was given it, not who is there."""
        found = [(number(one.ip), one) for one in self.located if self._is_leased(one)]
        return sorted(found, key=lambda one: (one[0], one[1].source))

    def _is_leased(self, one: Mention) -> bool:
        source = self._source.get(one.source)
        if one.kind is not SourceKind.LEASES or not one.is_open or source is None or source.is_stale(self.at):
            return False
        return one.expires is None or one.expires > self.at

    @cached_property
    def _source(self) -> dict[str, Source]:
        return {one.name: one for one in self.sources if one.kind is not SourceKind.WALK}

    def is_alive(self, one: Seen) -> bool:
        """
        Whether it was alive when its switch or its gateway was last asked.

        A source that does not answer proves nothing: then this is False, and the finding stays (`settle`, blind).
        """
        if one.alive_at is None:
            return False
        if isinstance(one, Mention):
            return self._is_told_alive(one)
        asked, beside = self.walked.get(one.switch), self.walked.get(one.device)
        if asked is not None or beside is not None:
            return one.alive_at >= min(asked or beside or self.at, beside or asked or self.at)
        return (
            one.switch not in self.silent and one.device not in self.silent and self.at - one.alive_at <= LIVE
        )

    def _is_told_alive(self, one: Mention) -> bool:
        """Whether the last answer of its source, not too old, says that it is there; a lease never does."""
        source = self._source.get(one.source)
        if (
            source is None
            or source.told_at is None
            or source.is_stale(self.at)
            or one.kind is SourceKind.LEASES
        ):
            return False
        return (
            one.alive_at is not None
            and one.last_seen >= source.told_at
            and source.told_at - one.alive_at <= FRESH
        )

    @cached_property
    def unsound(self) -> set[str]:
        """Names of sources whose silence means nothing now: they failed, told only a part, or what they told is old."""
        return {*self.silent, *(one.name for one in self.sources if not one.is_sound(self.at))}

    def covered(self, span: Span, since: datetime | None = None) -> bool:
        """Whether sources that are sound, and were so without a gap since then, would tell of every address of *span*."""
        runs = self._covered(since)
        place = bisect_right(runs, span.first, key=lambda run: run.first) - 1
        return place >= 0 and runs[place].holds(span)

    def _covered(self, since: datetime | None) -> list[Span]:
        if since not in self._runs_since:
            good = [one for one in self.sources if one.is_sound(self.at)
                    and (since is None or (one.since is not None and one.since <= since))]  # fmt: skip
            self._runs_since[since] = merged([span for one in good for span in one.spans])
        return self._runs_since[since]

    @cached_property
    def _runs_since(self) -> dict[datetime | None, list[Span]]:
        return {}

    def blind_at(self, address: int) -> bool:
        """Whether a source that should tell of *address* is unsound: then nobody can say that it is gone."""
        segment = self.segments.of(address)
        asked = {segment.gateway, segment.switch} if segment is not None else set()
        return bool(asked & self.unsound) or any(
            one.name in self.unsound and any(span.first <= address <= span.last for span in one.spans)
            for one in self.sources
        )

    def is_unknown(self, one: Seen, within: timedelta) -> bool:
        """Whether it was alive lately and its sources do not answer now: perhaps it still is."""
        if isinstance(one, Mention):
            return (
                one.source in self.unsound and one.alive_at is not None and self.at - one.alive_at <= within
            )
        blind = one.switch in self.silent or one.device in self.silent
        return blind and one.alive_at is not None and self.at - one.alive_at <= within

    def is_ours(self, address: int) -> bool:
        """Whether it lies in the plane's address space."""
        return any(net.first <= address <= net.last for net in self.nets)

    def owner(self, address: int, one: Seen) -> str:
        """Organization of the segment that an address belongs to, else of the switch or gateway that saw it."""
        segment = self.segments.of(address)
        if segment is not None and segment.role is not PrefixRole.CONTAINER:
            return segment.organization
        return (
            self.switches.get(one.switch)
            or self.switches.get(one.device)
            or (segment.organization if segment else "")
        )


def place(one: Seen) -> str:
    """Where it is, as people say it: switch and port, else the device or the source that says so."""
    if isinstance(one, Mention) and not one.switch:
        return f"{one.source} {one.interface}".strip()
    return f"{one.switch} {one.port}".strip() or f"{one.device} {one.interface}".strip()


def where(one: Seen) -> dict[str, str]:
    """Where it is, as keys of a subject; what is not known is left out."""
    if one.switch:
        return {"switch": one.switch, "port": one.port}
    return {key: value for key, value in (("device", one.device), ("interface", one.interface)) if value}


def told_by(one: Seen) -> tuple[str, ...]:
    """Names of the sources that say so: the file, or the devices whose tables have it."""
    if isinstance(one, Mention):
        return (one.source,)
    return tuple(dict.fromkeys(name for name in (one.device, one.switch) if name))
