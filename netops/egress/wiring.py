"""Wiring (布线): what the register says of LANs and links, for flows to be held against. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from ipaddress import ip_address, ip_network

import msgspec

from netops.core.plane import Plane


class Lan(msgspec.Struct, frozen=True):
    """
    A registered LAN.

    Args:
        net: canonical CIDR.
        organization: whose it is.
        gateway, switch: names of the devices that route and that serve it, or "".
    """

    plane: Plane
    net: str
    organization: str
    gateway: str = ""
    switch: str = ""


class Wiring:
    """
    LANs and links of the register.

    Args:
        links: plane and the two devices of each.
        platform: plane and name of every device of whoever answers for the plane.
    """

    def __init__(
        self,
        lans: Iterable[Lan] = (),
        links: Iterable[tuple[Plane, str, str]] = (),
        platform: Iterable[tuple[Plane, str]] = (),
    ) -> None:
        self.lans, self.links, self.platform = tuple(lans), tuple(links), frozenset(platform)
        self._behind: dict[tuple[Plane, str], frozenset[str]] = {}

    def lan(self, plane: Plane, ip: str) -> Lan | None:
        """The LAN that holds an address: the longest prefix."""
        address = ip_address(ip)
        for width in range(address.max_prefixlen, -1, -1):
            nets = self._by_width.get((plane, address.version, width))
            if nets and (found := nets.get(int(address) >> (address.max_prefixlen - width))):
                return found
        return None

    @cached_property
    def _by_width(self) -> dict[tuple[Plane, int, int], dict[int, Lan]]:
        found: dict[tuple[Plane, int, int], dict[int, Lan]] = defaultdict(dict)
        for one in self.lans:
            net = ip_network(one.net, strict=False)
            found[one.plane, net.version, net.prefixlen][int(net.network_address) >> (net.max_prefixlen - net.prefixlen)] = one
        return found

    @cached_property
    def at(self) -> dict[tuple[Plane, str], list[Lan]]:
        """LANs by the device that routes or serves them."""
        found: dict[tuple[Plane, str], list[Lan]] = defaultdict(list)
        for one in self.lans:
            for device in {one.gateway, one.switch} - {""}:
                found[one.plane, device].append(one)
        return found

    def homes(self, plane: Plane, device: str, organization: str) -> frozenset[str]:
        """Organizations that are at home at a device: its own, and those whose LANs it has."""
        return frozenset({organization, *(one.organization for one in self.at.get((plane, device), ()))} - {""})

    @cached_property
    def _beside(self) -> dict[tuple[Plane, str], set[str]]:
        found: dict[tuple[Plane, str], set[str]] = defaultdict(set)
        for plane, a, b in self.links:
            found[plane, a].add(b)
            found[plane, b].add(a)
        return found

    def behind(self, plane: Plane, device: str) -> frozenset[str]:
        """Devices that registered links join to this one without the platform, and itself."""
        if (known := self._behind.get((plane, device))) is not None:
            return known
        found, ahead = {device}, [device]
        while ahead:
            for other in self._beside.get((plane, ahead.pop()), ()):
                if other not in found and (plane, other) not in self.platform:
                    found.add(other)
                    ahead.append(other)
        whole = frozenset(found)
        self._behind |= {(plane, each): whole for each in whole}
        return whole

    def gates(self, plane: Plane, device: str) -> frozenset[str]:
        """The platform's devices by which registered links let this one in."""
        behind = self.behind(plane, device)
        return frozenset(
            other for each in behind for other in self._beside.get((plane, each), ()) if (plane, other) in self.platform
        )
