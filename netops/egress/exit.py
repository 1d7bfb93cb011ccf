"""Internet exits (互联网出口): an interface facing the internet, as the register has it (Article 12)."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from netops.core.plane import Plane


class ExitKind(StrEnum):
    """统一出口, 单独出口 (its scheme is filed), 县市区出口 (excepted by Article 12)."""

    SHARED = "shared"
    SEPARATE = "separate"
    COUNTY = "county"


class RegisteredExit(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One exit in `inventory/extranet/exits.toml`.

    Args:
        id: short stable key.
        device: name of the boundary device.
        interface: ifName facing the internet, or "" when only *net* is known.
        net: prefix of the outer link, such as "203.0.113.0/30", or "".
        public_address: address by which the organization appears outside, or "".
        filing: number of the filed technical and security scheme; a SEPARATE exit without one is unfiled.
        valid_until: ISO date on which the filing lapses, or "".
        published: "port" to "address:port" that the internet may reach.
    """

    id: str
    kind: ExitKind
    device: str
    organization: str
    interface: str = ""
    net: str = ""
    public_address: str = ""
    carrier: str = ""
    bandwidth_mbps: int = 0
    filing: str = ""
    filed_on: str = ""
    valid_until: str = ""
    published: dict[str, str] = {}
    plane: Plane = Plane.EXTRANET
