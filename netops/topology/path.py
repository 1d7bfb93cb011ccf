"""The way from one device to another: over links at layer 2, by routing tables at layer 3. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import msgspec
from netaddr import AddrFormatError, IPAddress, IPNetwork

from netops.core.language import N_
from netops.topology.device import DeviceView, Route
from netops.topology.link import Link

MAX_HOPS = 64


def over_links(found: Sequence[Link], a: str, b: str) -> list[Link]:
    """
    The fewest links from *a* to *b*, in order; empty when there is no path.

    By cables that the spanning tree does not block, where those lead there; then by any cable, then at any layer.
    """
    cables = [link for link in found if link.layer == 2]
    return (
        _fewest([link for link in cables if not link.blocked], a, b)
        or _fewest(cables, a, b)
        or _fewest(found, a, b)
    )


def _fewest(found: Sequence[Link], a: str, b: str) -> list[Link]:
    import networkx as nx

    graph = nx.Graph()
    for link in found:
        if not graph.has_edge(link.a.device, link.b.device):
            graph.add_edge(link.a.device, link.b.device, link=link)
    if a not in graph or b not in graph or not nx.has_path(graph, a, b):
        return []
    return [graph.edges[pair]["link"] for pair in pairwise(nx.shortest_path(graph, a, b))]


class Hop(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One step by routing tables.

    Args:
        route: the prefix that was followed, such as "10.20.0.0/16".
        next_hop: address of the next device, or "" when the destination is on the wire.
    """

    device: str
    interface: str = ""
    route: str = ""
    next_hop: str = ""


class Way(msgspec.Struct, frozen=True):
    """Steps in order; *end* is "" when the destination was reached, else why not (English message id)."""

    hops: tuple[Hop, ...]
    end: str = ""


def by_routes(views: Sequence[DeviceView], start: DeviceView, destination: str) -> Way:
    """Follow the longest prefixes from *start* to an address, through devices whose tables were read."""
    owner = {held.address: view for view in views for held in view.addresses}
    hops: list[Hop] = []
    here = start
    for _ in range(MAX_HOPS):
        if owner.get(destination) is here:
            return Way((*hops, Hop(here.key)))
        route = best(here.routes, destination)
        if route is None:
            return Way((*hops, Hop(here.key)), N_("no route leads there"))
        hops.append(Hop(here.key, route.interface, f"{route.destination}/{route.prefixlen}", route.next_hop))
        following = owner.get(route.next_hop or destination)
        if following is None:
            return Way(tuple(hops), "" if not route.next_hop else N_("the next device is not known"))
        if any(hop.device == following.key for hop in hops):
            return Way(tuple(hops), N_("the routes form a loop"))
        here = following
    return Way(tuple(hops), N_("the routes form a loop"))


def best(routes: Sequence[Route], destination: str) -> Route | None:
    """The route with the longest prefix that holds an address; rejecting routes count as none."""
    try:
        address = IPAddress(destination)
    except (AddrFormatError, ValueError):
        return None
    found: Route | None = None
    for route in routes:
        if route.prefixlen < 0 or (found is not None and route.prefixlen <= found.prefixlen):
            continue
        try:
            net = IPNetwork(f"{route.destination}/{route.prefixlen}")
        except (AddrFormatError, ValueError):
            continue
        if net.version == address.version and address in net:
            found = route
    return None if found is None or found.type in ("reject", "blackhole") else found
