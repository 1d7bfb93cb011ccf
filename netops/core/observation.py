"""Observations: what a probe saw, when and from where; never what it means."""

from __future__ import annotations

from datetime import datetime

import msgspec

from netops.core.plane import Plane


class Unreachable(msgspec.Struct, frozen=True):
    """
    A device that did not answer: an observation, not an exception.

    Args:
        device: its name in the register, or the address that was asked.
        why: English message id, such as "no answer within {seconds} s".
        facts: values for the places in *why*.
    """

    plane: Plane
    device: str
    address: str
    at: datetime
    why: str
    facts: dict[str, str] = {}


class Sighting(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    A terminal that was seen (在用终端).

    Args:
        ip: canonical text, or "" when only the MAC was seen.
        mac: six lower-case octets with colons, or "".
        device: device whose table says so (ARP, ND, forwarding table).
        switch: device on whose access port the MAC was learned, or "" when it is not located.
        port: ifName of that access port, or "".
        vlan: 802.1Q id, or 0.
        alive: False when only a stale cache entry (ipNetToPhysicalState stale) says so.
    """

    plane: Plane
    ip: str
    mac: str
    device: str
    at: datetime
    switch: str = ""
    port: str = ""
    vlan: int = 0
    interface: str = ""
    alive: bool = True
