"""Watchlists: what tunnels look like in flows, and who makes home routers; read from `playbooks/watchlists/`."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from pathlib import Path

import msgspec
import numpy as np

from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, until_changed
from netops.egress.flows import Column

TCP, UDP = 6, 17


class Signature(msgspec.Struct, frozen=True):
    """
    One kind of tunnel or proxy in `playbooks/watchlists/tunnels.toml`.

    Args:
        key: short stable key.
        name: as people call it; a proper noun in both languages.
        protocol: IP protocol number.
        ports: of the far end; empty for a protocol without ports.
        packets: so many outward packets in ten minutes, and *answers* inward, make a conversation of it.
        source: where the number is written; *checked* is the ISO date on which somebody looked.
    """

    key: str
    name: str
    protocol: int
    source: str
    checked: str
    ports: tuple[int, ...] = ()
    packets: int = 10
    answers: int = 3


class Shapes:
    """Signatures as lookup tables, so that a whole column is matched by three indexings."""

    def __init__(self, signatures: tuple[Signature, ...]) -> None:
        self.signatures = signatures
        self.by_port = np.full((3, 65536), -1, np.int16)
        """Row 1 is TCP, row 2 UDP, row 0 nothing."""
        self.by_protocol = np.full(256, -1, np.int16)
        for number, one in enumerate(signatures):
            if one.ports:
                self.by_port[1 if one.protocol == TCP else 2, list(one.ports)] = number
            else:
                self.by_protocol[one.protocol] = number

        self._known_ports: Column = np.any(self.by_port[1:] >= 0, axis=0)
        self._known_protocols: Column = self.by_protocol >= 0

    def may(self, protocol: Column, one_port: Column, other_port: Column) -> Column:
        """Which rows could match at all, whichever end is the far one: few, and quickly told."""
        known: Column = self._known_ports.take(one_port)
        known |= self._known_ports.take(other_port)
        known |= self._known_protocols.take(protocol)
        return known

    def match(self, protocol: Column, port: Column, near_port: Column) -> Column:
        """
        Position in *signatures* of each row, -1 for none.

        Args:
            port: of the far end.
            near_port: of our host; one below 1024 is a server's answer, unless both ends use the same.
        """
        row = np.where(protocol == TCP, 1, np.where(protocol == UDP, 2, 0))
        found = np.where(row > 0, self.by_port[row, port], self.by_protocol[protocol])
        is_client = (row == 0) | (near_port >= 1024) | (near_port == port)
        return np.where(is_client, found, -1)


def tunnels(playbooks: Path) -> tuple[Signature, ...]:
    """
    The kinds of tunnels to look for; none when the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "tunnels.toml"
    return _read(path) if path.exists() else ()


class Carrier(msgspec.Struct, frozen=True):
    """
    Addresses of a carrier in `playbooks/watchlists/carriers.toml`.

    Args:
        prefixes: IPv4 or IPv6; the longest that holds an address tells.
        verified: whether somebody held it against the registry; else its name is shown with a question mark.
    """

    name: str
    prefixes: tuple[str, ...]
    source: str
    checked: str = ""
    verified: bool = False


def carriers(playbooks: Path) -> tuple[Carrier, ...]:
    """
    The carriers whose addresses are known; none when the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "carriers.toml"
    return _carriers(path) if path.exists() else ()


def carrier(address: str, known: tuple[Carrier, ...]) -> str:
    """Whose address it is, by the longest prefix that holds it; "" when nobody knows."""
    there = ip_address(address)
    held = [
        (net.prefixlen, one)
        for one in known
        for net in map(ip_network, one.prefixes)
        if net.version == there.version and there in net
    ]
    if not held:
        return ""
    best = max(held, key=lambda pair: pair[0])[1]
    return best.name if best.verified else f"{best.name}?"


@until_changed(lambda path: [path])
def _carriers(path: Path) -> tuple[Carrier, ...]:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"carriers"})
    found = []
    for index, one in source.entries("carriers", Carrier):
        try:
            for text in one.prefixes:
                ip_network(text)
        except ValueError as error:
            source.fault(Said("{error}", error=error), "carriers", index, "prefixes")
            continue
        found.append(one)
    settled("the watchlist of carriers was not read", faults, "mend the lines above")
    return tuple(found)


class Maker(msgspec.Struct, frozen=True):
    """
    A maker of home routers in `playbooks/watchlists/home-routers.toml`.

    Args:
        match: upper-case part of the name that IEEE's register has.
    """

    match: str
    name: str
    source: str
    checked: str


def makers(playbooks: Path) -> tuple[Maker, ...]:
    """
    The makers of home routers; none when the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "home-routers.toml"
    return _makers(path) if path.exists() else ()


class Consumer(msgspec.Struct, frozen=True):
    """`playbooks/watchlists/consumer.toml`: words of consumer boxes, makers of cellular modules and of wireless bridges."""

    words: tuple[str, ...] = ()
    cellular: tuple[Maker, ...] = ()
    bridges: tuple[Maker, ...] = ()


def consumer(playbooks: Path) -> Consumer:
    """
    What consumer boxes and cellular modules are known by; nothing when the file is not there.

    Raises:
        Faults: every fault of the file.
    """
    path = playbooks / "watchlists" / "consumer.toml"
    return _consumer(path) if path.exists() else Consumer()


@until_changed(lambda path: [path])
def _consumer(path: Path) -> Consumer:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"words", "source", "checked", "cellular", "bridges"})
    words = source.content.get("words", [])
    if not isinstance(words, list) or not all(isinstance(one, str) and len(one) > 2 for one in words):
        source.fault(N_("must be a list of words of at least three characters"), "words")
        words = []
    cellular, bridges = (tuple(one for _, one in source.entries(name, Maker)) for name in ("cellular", "bridges"))
    settled("the watchlist of consumer boxes was not read", faults, "mend the lines above")
    return Consumer(tuple(words), cellular, bridges)


def maker(mac: str, watched: tuple[Maker, ...]) -> str:
    """The watched maker of a MAC address; "" when it is none of them, or says nothing (locally administered)."""
    name = _registered(mac[:8])
    return next((one.name for one in watched if one.match in name), "") if name else ""


@lru_cache(10_000)
def _registered(prefix: str) -> str:
    """Upper-case name that IEEE's register has for the first three octets, or ""."""
    from netaddr import EUI, AddrFormatError, NotRegisteredError

    try:
        return str(EUI(f"{prefix}:00:00:00").oui.registration().org).upper()
    except (AddrFormatError, NotRegisteredError, ValueError, AttributeError):
        return ""


@until_changed(lambda path: [path])
def _makers(path: Path) -> tuple[Maker, ...]:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"makers"})
    found = tuple(one for _, one in source.entries("makers", Maker))
    settled("the watchlist of home routers was not read", faults, "mend the lines above")
    return found


@until_changed(lambda path: [path])
def _read(path: Path) -> tuple[Signature, ...]:
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    source.unknown({"tunnels"})
    found = []
    for index, one in source.entries("tunnels", Signature):
        has_ports = one.protocol in (TCP, UDP)
        if not 0 <= one.protocol <= 255 or has_ports != bool(one.ports):
            source.fault(N_("must be 0 to 255, with ports for TCP and UDP only"), "tunnels", index, "protocol")
        elif not all(0 < port < 65536 for port in one.ports):
            source.fault(N_("must be 1 to 65535"), "tunnels", index, "ports")
        else:
            found.append(one)
    settled("the watchlist of tunnels was not read", faults, "mend the lines above")
    return tuple(found)
