"""What devices call themselves and their ports on the wire: chassis ids, port ids, CDP device ids, addresses. Pure."""

from __future__ import annotations

import re
from typing import Protocol

from netaddr import AddrFormatError, IPAddress

from netops.core.walk import Column, Index, said

CHASSIS_KINDS = {1: "component", 2: "alias", 3: "component", 4: "mac", 5: "address", 6: "name", 7: "local"}
PORT_KINDS = {1: "alias", 2: "component", 3: "mac", 4: "address", 5: "name", 6: "circuit", 7: "local"}
"""LldpChassisIdSubtype and LldpPortIdSubtype (IEEE 802.1AB-2005, LLDP-MIB)."""


class Columns(Protocol):
    """Columns by MIB object name; a missing one is empty."""

    def __getitem__(self, name: str) -> Column:
        """A column, row index to value."""

    def at(self, name: str, index: Index) -> object:
        """A value, or None."""

    def integer(self, name: str, index: Index, default: int = 0) -> int:
        """A value that is a number."""

    def text(self, name: str, index: Index) -> str:
        """A value as safe text."""

    def vlans(self, name: str) -> list[int]:
        """The VLANs of which a column was read by itself."""


def id_text(kind: str, raw: object) -> str:
    """A chassis or port id as text: MACs with colons, network addresses canonical, the rest as it was said."""
    if not isinstance(raw, bytes):
        return said(raw if isinstance(raw, int | str) else None)
    if kind == "mac" and len(raw) == 6:
        return raw.hex(":")
    if kind == "mac" and (printed := printed_mac(said(raw))):
        return printed
    if (
        kind == "address" and len(raw) in (5, 17) and raw[0] in (1, 2)
    ):  # IANA address family, then the address
        return str(IPAddress(int.from_bytes(raw[1:], "big"), 4 if raw[0] == 1 else 6))
    if len(raw) == 6 and not all(32 <= octet < 127 for octet in raw):
        return raw.hex(":")
    return said(raw)


def printed_mac(text: str) -> str:
    """A MAC that was sent as text (RouterOS, TP-Link, HP), with colons and lower case; "" for what is none."""
    digits = re.sub(r"[:.-]", "", text.lower())
    return bytes.fromhex(digits).hex(":") if re.fullmatch(r"[0-9a-f]{12}", digits) and digits != text else ""


def chassis_text(subtype: int, raw: object) -> tuple[str, str]:
    """A chassis id as text, and the MAC in it or ""."""
    kind = CHASSIS_KINDS.get(subtype, "local")
    text = id_text(kind, raw)
    if not (text.count(":") == 5 and len(text) == 17):
        text = printed_mac(text) or text
    return text, text if text.count(":") == 5 and len(text) == 17 else ""


def address_text(raw: object) -> str:
    """A network address in octets (CDP network address types ip and ipv6) or in print; "" for none."""
    if isinstance(raw, bytes) and len(raw) in (4, 16) and any(raw):
        return str(IPAddress(int.from_bytes(raw, "big"), 4 if len(raw) == 4 else 6))
    text = said(raw) if isinstance(raw, bytes | str) else ""
    try:
        address = IPAddress(text) if len(text) < 64 and any(mark in text for mark in ".:") else None
    except (AddrFormatError, ValueError):
        return ""
    return str(address) if address is not None and int(address) else ""


def name_mac(name: str) -> str:
    """
    A MAC in a CDP device id, or "".

    HP puts its MAC behind its name: "sw1(001db3-c50960)"; Cisco's telephones are called SEP and their MAC.
    """
    match = re.fullmatch(r".*\(([0-9a-f]{6})-?([0-9a-f]{6})\)", name) or re.fullmatch(
        r"SEP([0-9A-F]{6})([0-9A-F]{6})", name
    )
    return bytes.fromhex(match[1] + match[2]).hex(":") if match else ""


def name_serial(name: str) -> str:
    """The serial number in a CDP device id, or "": NX-OS says "name(SERIAL)", CatOS "SERIAL(name)"."""
    match = re.fullmatch(r"([^()]+)\(([^()]+)\)", name)
    if match is None:
        return ""
    return next((part for part in match.groups()[::-1] if SERIAL.fullmatch(part)), "")


SERIAL = re.compile(r"[A-Z]{3}[0-9]{4}[0-9A-Z]{4}|[A-Z]{2,4}[0-9]{6,10}")
"""Cisco's serial numbers: three letters of the factory, year, week, four more."""
