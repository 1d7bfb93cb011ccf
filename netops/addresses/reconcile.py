"""Reconcile (对账): what the ledger says beside what is seen on the wire. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from netops.addresses.allocation import HOLDING, Allocation
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, number, parsed
from netops.addresses.tile import innermost
from netops.core.plane import Plane

T = TypeVar("T")
LIVE = timedelta(minutes=10)
"""A sighting of a device that nobody walks is alive for so long."""


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

    @cached_property
    def held(self) -> Runs[Allocation]:
        """Who holds an address now."""
        return Runs((one.span, one) for one in self.allocations if one.state in HOLDING)

    @cached_property
    def segments(self) -> Runs[RegisteredPrefix]:
        """The innermost registered prefix of an address."""
        return segments(self.prefixes)

    @cached_property
    def live(self) -> list[tuple[int, Seen]]:
        """Terminals with an address that are alive now, by address: devices and exits' far ends are none."""
        return sorted(self._live(), key=lambda one: (one[0], one[1].mac, one[1].first_seen))

    def _live(self) -> Iterator[tuple[int, Seen]]:
        for one in self.sightings:
            if not one.ip or not self.is_alive(one) or (one.device, one.interface) in self.exits:
                continue
            address = number(one.ip)
            if address not in self.own:
                yield address, one

    def is_alive(self, one: Seen) -> bool:
        """
        Whether it was alive when its switch or its gateway was last asked.

        A source that does not answer proves nothing: then this is False, and the finding stays (`settle`, blind).
        """
        if one.alive_at is None:
            return False
        sources = [self.walked[name] for name in (one.switch, one.device) if name in self.walked]
        if sources:
            return one.alive_at >= min(sources)
        return (
            one.switch not in self.silent and one.device not in self.silent and self.at - one.alive_at <= LIVE
        )

    def is_unknown(self, one: Seen, within: timedelta) -> bool:
        """Whether it was alive lately and its sources do not answer now: perhaps it still is."""
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
    """Where it is, as people say it: switch and port, else the device whose ARP table says so."""
    return f"{one.switch} {one.port}".strip() or f"{one.device} {one.interface}".strip()


def where(one: Seen) -> dict[str, str]:
    """Where it is, as keys of a subject; what is not known is left out."""
    if one.switch:
        return {"switch": one.switch, "port": one.port}
    return {key: value for key, value in (("device", one.device), ("interface", one.interface)) if value}
