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
    RESERVED = "reserved"
    """Kept back (保留段): nothing is given out of it."""
    RANGE = "range"
    """Addresses of a prefix that are set aside: its gateway, its DHCP ranges, what is kept back. Computed, never written."""


class RegisteredPrefix(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One prefix in `inventory/<plane>/prefixes.toml`.

    Args:
        prefix: canonical CIDR, IPv4 or IPv6.
        organization: code of the organization whose segment it is, or that it was delegated to.
        granted_by: number of the document that delegates it (state, province, city), or "".
        gateway: name of the device that routes it, or "".
        switch: name of the access switch, or "".
        dhcp_servers: addresses of the registered DHCP servers.
        grantor: who delegates it, a code or a name, or "": then who holds the prefix around it.
        granted_on, granted_from, granted_until: ISO dates of the document and of its term, or "".
        gateway_address: the address that the gateway has here, or "".
        dhcp_ranges, reserved_ranges: "first-last", a CIDR or an address; never given out one by one.
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
    grantor: str = ""
    granted_on: str = ""
    granted_from: str = ""
    granted_until: str = ""
    gateway_address: str = ""
    dhcp_ranges: tuple[str, ...] = ()
    reserved_ranges: tuple[str, ...] = ()

    @property
    def set_aside(self) -> tuple[str, ...]:
        """Its gateway's address and its ranges, as they are written."""
        own = (self.gateway_address,) if self.gateway_address else ()
        return (*own, *self.dhcp_ranges, *self.reserved_ranges)
