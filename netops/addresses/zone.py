"""Reverse zones and hosts files: addresses to names (RFC 1035 §3.5, §5.1; RFC 3596 §2.5). Pure."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from netops.addresses.held import Held, Skipped, Written, host_name, name_of
from netops.addresses.span import Span, is_ipv4, shown
from netops.core.errors import NetopsError

NIBBLES = 16
"""Of an IPv6 zone: a /64, one LAN."""


class Authority(msgspec.Struct, frozen=True):
    """
    What every zone begins with.

    Args:
        name_servers: host names, the primary one first.
        contact: mail address of who answers for the zone.
        serial: YYYYMMDDnn; it must grow with every change (RFC 1912 §2.2).
    """

    name_servers: tuple[str, ...]
    contact: str
    serial: int
    ttl_seconds: int = 86_400
    refresh_seconds: int = 10_800
    retry_seconds: int = 3_600
    expire_seconds: int = 604_800
    negative_seconds: int = 3_600


def serial_of(day: str, changes: int) -> int:
    """The serial of a day (ISO) after so many changes on it: 2026112003; the hundredth and later ones are 99."""
    return int(day.replace("-", "")) * 100 + min(changes, 99)


def zones(held: Iterable[Held], authority: Authority, domain: str = "") -> list[Written]:
    """
    One zone for each IPv4 /24 and IPv6 /64 in which an address has a name; names from *held*, under *domain* when short.

    Raises:
        NetopsError: a name server or the contact is no name.
    """
    servers = [f"{_named(name)}." for name in authority.name_servers]
    if not servers:
        raise NetopsError("no zone was written", "no name server is named", "add --name-server NAME")
    user, _, rest = authority.contact.partition("@")
    mailbox = (
        f"{user.replace('.', chr(92) + '.')}.{_named(rest)}."
        if rest and host_name(user.replace(".", "-"))
        else ""
    )
    if not mailbox:
        raise NetopsError(
            "no zone was written", "{contact} is no mail address", "add --contact hostmaster@example.gov.cn",
            contact=authority.contact or '""',
        )  # fmt: skip
    names: dict[str, list[tuple[int, str]]] = {}
    skipped: dict[str, list[Skipped]] = {}
    for one in held:
        origin, _ = _reverse(one.span.first)
        match name_of(one, domain):
            case Skipped() as why:
                skipped.setdefault(origin, []).append(why)
            case name:
                names.setdefault(origin, []).append((one.span.first, name))
    origins = sorted(
        names.keys() | skipped.keys(), key=lambda origin: [part.zfill(3) for part in origin.split(".")[::-1]]
    )
    return [
        _zone(
            origin,
            sorted(set(names.get(origin, ()))),
            servers,
            mailbox,
            authority,
            tuple(skipped.get(origin, ())),
        )
        for origin in origins
    ]


def _named(name: str) -> str:
    if made := host_name(name):
        return made
    raise NetopsError(
        "no zone was written", "{name} is no host name", "write it as ns1.example.gov.cn", name=name
    )


def _zone(
    origin: str, names: list[tuple[int, str]], servers: list[str], mailbox: str, authority: Authority,
    skipped: tuple[Skipped, ...],
) -> Written:  # fmt: skip
    one = authority
    times = (one.serial, one.refresh_seconds, one.retry_seconds, one.expire_seconds, one.negative_seconds)
    lines = [
        f"$ORIGIN {origin}.",
        f"$TTL {one.ttl_seconds}",
        f"@ IN SOA {servers[0]} {mailbox} ({' '.join(map(str, times))})",
        *(f"@ IN NS {server}" for server in servers),
        *(f"{_reverse(address)[1]} IN PTR {name}." for address, name in names),
    ]
    return Written(f"{origin}.zone", "\n".join(lines) + "\n", len(names), skipped)


def _reverse(address: int) -> tuple[str, str]:
    """Zone of an address, and the address within it."""
    if is_ipv4(address):
        *net, host = shown(address).split(".")
        return ".".join(net[::-1]) + ".in-addr.arpa", host
    nibbles = f"{address:032x}"[::-1]
    return ".".join(nibbles[-NIBBLES:]) + ".ip6.arpa", ".".join(nibbles[:-NIBBLES])


def hosts(held: Iterable[Held], domain: str = "") -> Written:
    """A hosts file (hosts(5)): address, whole name, and the short one when a domain was given."""
    lines, skipped = [], []
    for one in sorted(held, key=lambda one: (one.span, one.name)):
        match name_of(one, domain):
            case Skipped() as why:
                skipped.append(why)
            case name:
                short = name.removesuffix(f".{domain}") if domain else name
                lines.append(f"{shown(one.span.first)}\t{name}" + (f" {short}" if short != name else ""))
    lines = list(dict.fromkeys(lines))
    return Written("hosts", "".join(f"{line}\n" for line in lines), len(lines), tuple(skipped))


def span_of(origin: str) -> Span:
    """The addresses of a reverse zone: 11.20.10.in-addr.arpa is 10.20.11.0/24."""
    parts = origin.removesuffix(".").split(".")
    if parts[-2] == "in-addr":
        first = 0xFFFF << 32 | int.from_bytes(bytes(map(int, parts[-3::-1])), "big") << 8 * (6 - len(parts))
        return Span(first, first + (1 << 8 * (6 - len(parts))) - 1)
    nibbles = "".join(parts[-3::-1])
    size = 1 << 4 * (32 - len(nibbles))
    return Span(int(nibbles, 16) * size, int(nibbles, 16) * size + size - 1)
