"""Prefixes (地址段): the planned address space, as the register has it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from netops.core.plane import Plane


class PrefixRole(StrEnum):
    """What a prefix is for."""

    CONTAINER = "container"
    """Delegated space that smaller prefixes divide."""
    POOL = "pool"
    """Space from which addresses are allocated; usually one LAN."""
    LINK = "link"
    LOOPBACK = "loopback"


class RegisteredPrefix(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One prefix in `inventory/<plane>/prefixes.toml`.

    Args:
        prefix: canonical CIDR, IPv4 or IPv6.
        organization: code of the organization whose segment it is.
        granted_by: document that delegates it (state, province, city), or "".
        gateway: name of the device that routes it, or "".
        switch: name of the access switch, or "".
        dhcp_servers: addresses of the registered DHCP servers.
    """

    prefix: str
    role: PrefixRole
    organization: str
    name: str = ""
    granted_by: str = ""
    gateway: str = ""
    switch: str = ""
    vlan: int = 0
    dhcp_servers: tuple[str, ...] = ()
    plane: Plane = Plane.EXTRANET
