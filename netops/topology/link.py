"""Links (链路): as the register has them, and as neighbours tell of them."""

from __future__ import annotations

import msgspec

from netops.core.plane import Plane
from netops.topology.device import DeviceView, Neighbor


class RegisteredLink(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One cable or circuit in `inventory/<plane>/links.toml`.

    Args:
        a, b: device names.
        a_interface, b_interface: ifName at each end, or "" when the paper does not say.
        net: the transfer prefix, such as "10.20.254.0/30", or "" for a layer-2 link.
        speed_mbps: what its ports ought to run at, in Mbit/s as ifHighSpeed has it; 0 when the paper does not say.
    """

    a: str
    b: str
    a_interface: str = ""
    b_interface: str = ""
    net: str = ""
    note: str = ""
    plane: Plane = Plane.EXTRANET
    speed_mbps: int = 0


class LinkEnd(msgspec.Struct, frozen=True):
    """
    One end of a link that was seen.

    Args:
        address: the interface's own address, or "" on a layer-2 port.
        interface: ifName, or what the other end calls it, or "" when nobody says.
        if_index: 0 when not known.
        lag: name of the aggregate that the port is a member of, or "".
    """

    plane: Plane
    device: str
    address: str = ""
    interface: str = ""
    if_index: int = 0
    lag: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it stands among ends: the same link always has the same order."""
        return (self.plane, self.device, self.interface)


def end_of(view: DeviceView, if_index: int, name: str = "") -> LinkEnd:
    """The end on an interface of a walked device; *name* is what it is called where the walk does not know it."""
    interface = view.interface(if_index) if if_index else None
    address = view.address_of(if_index) if if_index else ""
    lag = view.interface(interface.lag) if interface and interface.lag else None
    return LinkEnd(
        view.plane,
        view.key,
        address,
        interface.name if interface else name,
        if_index,
        lag.name if lag else "",
    )


Place = tuple[frozenset[tuple[str, str, str]], int]


class Claim(msgspec.Struct, frozen=True):
    """Evidence of a link: the neighbour row, and the device whose table holds it."""

    device: str
    neighbor: Neighbor


class Link(msgspec.Struct, frozen=True):
    """
    A link that at least one end tells of; *a* is the end that sorts first.

    Args:
        layer: 2 or 3.
        protocols: told: "lldp", "cdp", "stp"; inferred: "bridge" (two forwarding tables), "fdb" (a device's MAC on a
            port); at layer 3 "ospf", "ospfv3", "isis", "bgp", and "route" (a prefix that both hold).
        two_sided: both devices tell of it.
        confidence: ratio 0-1: 1.0 told by both ends, 0.8 by one that names both ports, 0.6 by one that does not;
            inferred ones 0.7 times the share of rows that agree, or less.
        segment: id of the shared segment that both ends lie on, or "".
        blocked: the spanning tree blocks it at one of its ends.
    """

    a: LinkEnd
    b: LinkEnd
    layer: int
    protocols: tuple[str, ...]
    two_sided: bool
    confidence: float
    claims: tuple[Claim, ...] = ()
    segment: str = ""
    blocked: bool = False

    @property
    def ends(self) -> tuple[LinkEnd, LinkEnd]:
        """Both ends."""
        return (self.a, self.b)

    @property
    def place(self) -> Place:
        """What it is known by: the names of its ends, and its layer."""
        return frozenset((self.a.place, self.b.place)), self.layer

    @property
    def is_told(self) -> bool:
        """Whether a protocol tells of it; False for what only follows from tables."""
        return not set(self.protocols) <= INFERRED

    @property
    def crosses_planes(self) -> bool:
        """Whether its ends lie in different planes."""
        return self.a.plane is not self.b.plane

    def end_at(self, device: str) -> LinkEnd | None:
        """The end on *device*."""
        return next((end for end in self.ends if end.device == device), None)


INFERRED = frozenset({"bridge", "fdb", "route"})
"""Sources that are conclusions from tables, not the word of a neighbour protocol."""
