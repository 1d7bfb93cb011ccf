"""DHCP (RFC 2131), DHCPv6 (RFC 8415) and router advertisements (RFC 4861), as far as they tell who gives what to whom."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from netops.egress.flows import mac_text
from netops.egress.listening.dns import shown

COOKIE = b"\x63\x82\x53\x63"
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
MOST_OPTIONS = 128
ADVERTISE_6, REPLY_6, RELAYED_6 = 2, 7, 13
ROUTER_ADVERTISEMENT = 134


class Dhcp(NamedTuple):
    """
    One message.

    Args:
        type: of option 53; 0 for BOOTP.
        address: given or asked for; *server*: option 54; *relay*: giaddr; "" for none.
        wanted: option 55 as numbers with commas, the client's fingerprint.
    """

    is_reply: bool
    type: int
    mac: str
    address: str
    client: str
    server: str
    relay: str
    host: str
    vendor: str
    wanted: str
    routers: tuple[str, ...]
    resolvers: tuple[str, ...]


def read(octets: bytes) -> Dhcp | None:
    """A DHCP message, or None."""
    if len(octets) < 236 or octets[0] not in (1, 2) or octets[2] > 16:
        return None
    options = _options(octets[240:]) if octets[236:240] == COOKIE else {}
    kind = options.get(53, b"")
    mac = mac_text(int.from_bytes(octets[28:34], "big")) if octets[1] == 1 and octets[2] == 6 else ""
    given = octets[16:20] if octets[0] == 2 else options.get(50, octets[12:16])
    return Dhcp(
        octets[0] == 2, kind[0] if kind else 0, mac, _address(given), _address(octets[12:16]), _address(options.get(54, b"")),
        _address(octets[24:28]), shown(options.get(12, b"").rstrip(b"\0"))[:64], shown(options.get(60, b"").rstrip(b"\0"))[:64],
        ",".join(map(str, options.get(55, b"")[:64])), _addresses(options.get(3, b"")), _addresses(options.get(6, b"")),
    )  # fmt: skip


def _options(octets: bytes) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    at = 0
    for _ in range(MOST_OPTIONS):
        if at >= len(octets) or octets[at] == 255:
            break
        if octets[at] == 0:
            at += 1
            continue
        if at + 2 > len(octets):
            break
        size = octets[at + 1]
        found[octets[at]] = found.get(octets[at], b"") + octets[at + 2 : at + 2 + size]
        at += 2 + size
    return found


def _address(octets: bytes) -> str:
    return str(IPv4Address(octets)) if len(octets) == 4 and any(octets) else ""


def _addresses(octets: bytes) -> tuple[str, ...]:
    return tuple(_address(octets[at : at + 4]) for at in range(0, min(len(octets) - 3, 32), 4))


class Dhcp6(NamedTuple):
    """One DHCPv6 message: its type, the identifiers of client and server (hex), the resolvers it gives."""

    type: int
    client: str
    server: str
    resolvers: tuple[str, ...]


def read6(octets: bytes) -> Dhcp6 | None:
    """A DHCPv6 message that no relay carries, or None."""
    if len(octets) < 8 or not 1 <= octets[0] <= 11:
        return None
    found: dict[int, bytes] = {}
    at = 4
    for _ in range(MOST_OPTIONS):
        if at + 4 > len(octets):
            break
        code, size = int.from_bytes(octets[at : at + 2], "big"), int.from_bytes(octets[at + 2 : at + 4], "big")
        found.setdefault(code, octets[at + 4 : at + 4 + size])
        at += 4 + size
    return Dhcp6(octets[0], found.get(1, b"").hex(), found.get(2, b"").hex(), _addresses6(found.get(23, b"")))


class Advertisement(NamedTuple):
    """A router advertisement: seconds for which it is a default router (0: it is none), prefixes, resolvers, its MAC."""

    lifetime: int
    prefixes: tuple[str, ...]
    resolvers: tuple[str, ...]
    mac: str


def advertisement(octets: bytes) -> Advertisement | None:
    """What a router advertisement says, from its ICMPv6 type on; None for anything else."""
    if len(octets) < 16 or octets[0] != ROUTER_ADVERTISEMENT or octets[1] != 0:
        return None
    prefixes, resolvers, mac, at = list[str](), list[str](), "", 16
    for _ in range(MOST_OPTIONS):
        if at + 8 > len(octets) or not octets[at + 1]:
            break
        size = octets[at + 1] * 8
        value = octets[at : at + size]
        if octets[at] == 1 and size == 8:
            mac = mac_text(int.from_bytes(value[2:8], "big"))
        elif octets[at] == 3 and len(value) == 32 and value[2] <= 128:
            prefixes.append(f"{IPv6Address(value[16:32])}/{value[2]}")
        elif octets[at] == 25:
            resolvers += _addresses6(value[8:])
        at += size
    return Advertisement(int.from_bytes(octets[6:8], "big"), tuple(prefixes), tuple(resolvers), mac)


def _addresses6(octets: bytes) -> tuple[str, ...]:
    return tuple(str(IPv6Address(octets[at : at + 16])) for at in range(0, min(len(octets) - 15, 64), 16))
