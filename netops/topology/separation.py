"""
Proof of separation (隔离证明): is there any path, at any layer, between the planes, or from the intranet to the internet?

The answer is the path with its evidence, or that none was found, with what could not be seen. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec
from netaddr import AddrFormatError, IPAddress, IPNetwork

from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.topology.bridges import SHARED_VIRTUAL
from netops.topology.device import DeviceView, Route
from netops.topology.expected import network, sources
from netops.topology.isolation import EVERYWHERE
from netops.topology.link import Link, LinkEnd

Device = tuple[Plane, str]
PAST = "stale"
"""ARP keeps a row for hours after a terminal has left; such a row is no path of today."""


class Step(msgspec.Struct, frozen=True):
    """
    One step of a path, and what says so.

    Args:
        a, b: device, or what stands for a terminal: its MAC.
        by: "link", "same device", "terminal", "address" or "route".
        source: the protocol or table.
        told: devices whose tables hold it.
    """

    a_plane: Plane
    a: str
    b_plane: Plane
    b: str
    by: str
    source: str
    told: tuple[str, ...] = ()
    a_interface: str = ""
    b_interface: str = ""


class Cover(msgspec.Struct, frozen=True):
    """
    What the answer rests on.

    Args:
        devices, answered: how many were asked and how many answered whole.
        silent: those that did not answer, with why (English message id and facts); partial: those read in part.
        mute: devices that speak no neighbour protocol; blind: bridges-to-be without a forwarding table, and routers
            without an ARP table, which cannot tell who hangs on them.
    """

    devices: int
    answered: int
    silent: tuple[Unreachable, ...] = ()
    partial: tuple[str, ...] = ()
    mute: tuple[str, ...] = ()
    blind: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether every device answered, and in full."""
        return not (self.silent or self.partial) and self.devices == self.answered


class Answer(msgspec.Struct, frozen=True):
    """
    The answer to one question.

    Args:
        question: "intranet-extranet" or "intranet-internet".
        path: the shortest one; empty when none was found.
        crossings: how many crossings there are in all.
    """

    question: str
    path: tuple[Step, ...]
    crossings: int
    cover: Cover

    @property
    def verdict(self) -> str:
        """English message id."""
        if self.path:
            return N_("there is a path")
        return (
            N_("no path was found") if self.cover.is_whole else N_("no path was found in what could be seen")
        )


def answers(
    views: Sequence[DeviceView],
    links: Sequence[Link],
    nets: dict[Plane, tuple[str, ...]],
    exits: Collection[Device] = (),
    unseen: Sequence[Unreachable] = (),
) -> list[Answer]:
    """
    Both questions.

    Args:
        links: every link between known devices, of every layer.
        nets: the planes' own prefixes.
        exits: devices of the extranet with a registered exit.
    """
    cover = covered(views, unseen)
    crossings = list(_crossings(views, links, nets))
    within_planes = [link for link in links if not link.crosses_planes]
    across = _shortest(within_planes, crossings, {Plane.INTRANET}, None)
    out = _shortest(within_planes, crossings, {Plane.INTRANET}, set(exits))
    ways = [step for step in crossings if step.by == "route" and step.b == "internet"]
    straight = (ways[0],) if ways else ()
    return [
        Answer("intranet-extranet", across, len(crossings) - len(ways), cover),
        Answer("intranet-internet", straight or out, len(ways) or (len(crossings) if out else 0), cover),
    ]


def covered(views: Sequence[DeviceView], unseen: Sequence[Unreachable]) -> Cover:
    """What could be seen, and what not."""
    names = {(one.plane, one.device) for one in unseen}
    fresh = [view for view in views if (view.plane, view.key) not in names]
    return Cover(
        len(fresh) + len(names),
        len([view for view in fresh if not view.partial]),
        tuple(unseen),
        tuple(view.key for view in fresh if view.partial),
        tuple(view.key for view in fresh if not view.ports and not view.neighbors),
        tuple(view.key for view in fresh if not view.fdb and not view.arp),
    )


# ---- crossings
def _crossings(
    views: Sequence[DeviceView], links: Sequence[Link], nets: dict[Plane, tuple[str, ...]]
) -> Iterator[Step]:
    for link in links:
        if link.crosses_planes:
            inner, outer = _inner_first(link.ends)
            yield Step(
                inner.plane,
                inner.device,
                outer.plane,
                outer.device,
                "link",
                sources(link),
                tuple(sorted({claim.device for claim in link.claims})),
                inner.interface,
                outer.interface,
            )
    by_plane = {plane: [view for view in views if view.plane is plane] for plane in Plane}
    inside, outside = by_plane[Plane.INTRANET], by_plane[Plane.EXTRANET]
    yield from _same_devices(inside, outside)
    yield from _shared_terminals(inside, outside)
    yield from _foreign(inside, outside, nets)


def _inner_first(ends: tuple[LinkEnd, LinkEnd]) -> tuple[LinkEnd, LinkEnd]:
    a, b = ends
    return (a, b) if a.plane is Plane.INTRANET else (b, a)


def _same_devices(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """One device that both planes manage: it has a MAC or a chassis id of its own in both."""
    owners = {mac: view for view in outside for mac in view.macs() if not mac.startswith(SHARED_VIRTUAL)}
    for view in inside:
        other = next((owners[mac] for mac in sorted(view.macs()) if mac in owners), None)
        if other is not None:
            yield Step(
                view.plane,
                view.key,
                other.plane,
                other.key,
                "same device",
                "ifPhysAddress",
                (view.key, other.key),
            )


def _shared_terminals(inside: Sequence[DeviceView], outside: Sequence[DeviceView]) -> Iterator[Step]:
    """A MAC that both planes know now: a terminal with a foot in each."""
    own = {mac for view in (*inside, *outside) for mac in view.macs()}
    here, there = _learned(inside, own), _learned(outside, own)
    for mac in sorted(here.keys() & there.keys()):
        (a, a_port), (b, b_port) = here[mac], there[mac]
        yield Step(a.plane, a.key, b.plane, b.key, "terminal", mac, (a.key, b.key), a_port, b_port)


def _learned(views: Sequence[DeviceView], own: Collection[str]) -> dict[str, tuple[DeviceView, str]]:
    found: dict[str, tuple[DeviceView, str]] = {}
    for view in views:
        rows = [(entry.mac, entry.interface) for entry in view.arp if entry.state != PAST]
        rows += [(entry.mac, entry.interface) for entry in view.fdb if entry.status == "learned"]
        for mac, interface in rows:
            if mac and mac not in own and not mac.startswith(SHARED_VIRTUAL) and not int(mac[:2], 16) & 1:
                found.setdefault(mac, (view, interface))
    return found


def _foreign(
    inside: Sequence[DeviceView], outside: Sequence[DeviceView], nets: dict[Plane, tuple[str, ...]]
) -> Iterator[Step]:
    """An address of the other plane's prefixes on the wire, a route to them, and the intranet's way out."""
    listed = {
        plane: [net for text in nets.get(plane, ()) if (net := network(text)) is not None] for plane in Plane
    }
    own = {plane: _Nets(held) for plane, held in listed.items()}
    for views, plane, other in (
        (inside, Plane.INTRANET, Plane.EXTRANET),
        (outside, Plane.EXTRANET, Plane.INTRANET),
    ):
        # A prefix that both planes use says nothing.
        foreign = _Nets(net for net in listed[other] if not _overlaps(net, own[plane], listed[plane]))
        for view in views:
            for entry in view.arp:
                if entry.state != PAST and entry.ip in foreign:
                    yield Step(
                        plane, view.key, other, entry.ip, "address", "ARP", (view.key,), entry.interface
                    )
                    break
            for route in view.routes:
                if route.type in ("reject", "blackhole") or route.prefixlen < 8:
                    continue
                if route.destination in foreign:
                    shown = f"{route.destination}/{route.prefixlen}"
                    yield Step(plane, view.key, other, shown, "route", "IP", (view.key,), route.interface)
                    break
    if listed[Plane.INTRANET]:
        for view in inside:
            out = next((route for route in view.routes if _leads_out(route, own[Plane.INTRANET])), None)
            if out is not None:
                yield Step(
                    view.plane,
                    view.key,
                    Plane.EXTRANET,
                    "internet",
                    "route",
                    "IP",
                    (view.key,),
                    out.interface,
                    out.next_hop,
                )


def _leads_out(route: Route, own: _Nets) -> bool:
    """Whether it is a default route by an address that is not the plane's own."""
    return (
        route.prefixlen == 0
        and route.destination in EVERYWHERE
        and route.type not in ("reject", "blackhole")
        and bool(route.next_hop)
        and not route.next_hop.startswith("fe80:")
        and route.next_hop not in own
    )


def _overlaps(net: IPNetwork, others: _Nets, listed: Iterable[IPNetwork]) -> bool:
    return str(net.network) in others or any(
        other.version == net.version and other.prefixlen > net.prefixlen and other in net for other in listed
    )


# ---- paths
def _shortest(
    links: Sequence[Link], crossings: Sequence[Step], start: Collection[Plane], goals: set[Device] | None
) -> tuple[Step, ...]:
    """The fewest steps from any device of *start* planes over a crossing, to any of *goals* (any other plane for None)."""
    around: dict[Device, list[tuple[Device, Step]]] = defaultdict(list)
    for link in links:
        a, b = link.ends
        told = tuple(sorted({claim.device for claim in link.claims}))
        for here, there in ((a, b), (b, a)):
            step = Step(
                here.plane,
                here.device,
                there.plane,
                there.device,
                "link",
                sources(link),
                told,
                here.interface,
                there.interface,
            )
            around[here.plane, here.device].append(((there.plane, there.device), step))
    first = [step for step in crossings if step.b != "internet" and step.a_plane in start]
    reached: dict[Device, tuple[Step, ...]] = {}
    waiting: list[Device] = []
    for step in first:
        beyond = (step.b_plane, step.b)
        if beyond not in reached:
            reached[beyond] = (step,)
            waiting.append(beyond)
    for device in waiting:
        if goals is None or device in goals:
            return reached[device]
        for following, step in around[device]:
            if following not in reached:
                reached[following] = (*reached[device], step)
                waiting.append(following)
    return ()


class _Nets:
    """Many prefixes, asked about many addresses: one look-up for each length that there is."""

    def __init__(self, nets: Iterable[IPNetwork]) -> None:
        self._first: dict[tuple[int, int], set[int]] = defaultdict(set)
        for net in nets:
            self._first[net.version, net.prefixlen].add(int(net.first))

    def __contains__(self, address: str) -> bool:
        try:
            parsed = IPAddress(address)
        except (AddrFormatError, ValueError):
            return False
        version, value = parsed.version, int(parsed)
        width = 32 if version == 4 else 128
        return any(
            value >> (width - length) << (width - length) in firsts
            for (kind, length), firsts in self._first.items()
            if kind == version
        )
