"""DHCP reservations (保留地址) for Kea and dnsmasq: an address goes to the network card that it is bound to. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from netops.addresses.held import CARDLESS, SEVERAL, Held, Skipped, Written, host_name, of_family
from netops.addresses.span import Span, is_ipv4, shown


def kea(held: Iterable[Held], subnets: Sequence[Span], family: int, domain: str = "") -> Written:
    """
    `Dhcp4` or `Dhcp6` with one subnet for each pool and its host reservations (Kea ARM, "Host Reservations").

    Kea reads one of the two in a file; merge `subnet4` or `subnet6` into the server's own configuration.

    Args:
        subnets: prefixes of the registered pools; the smallest around an address is its subnet.
    """
    by_subnet: dict[Span, list[dict[str, Any]]] = {}
    skipped: list[Skipped] = []
    for one in of_family(held, family):
        if why := _why_not(one):
            skipped.append(why)
            continue
        around = min((net for net in subnets if net.holds(one.span)), key=lambda net: net.size, default=None)
        entry: dict[str, Any] = {"hw-address": one.mac}
        entry |= (
            {"ip-address": shown(one.span.first)}
            if family == 4
            else {"ip-addresses": [shown(one.span.first)]}
        )
        if name := host_name(one.name, domain):
            entry["hostname"] = name
        by_subnet.setdefault(around or one.span, []).append(entry)
    told = [
        {"id": number, "subnet": _cidr(net), "reservations": entries}
        for number, (net, entries) in enumerate(sorted(by_subnet.items()), 1)
    ]
    text = json.dumps({f"Dhcp{family}": {f"subnet{family}": told}}, indent=2)
    return Written(f"kea-dhcp{family}.json", text + "\n", sum(map(len, by_subnet.values())), tuple(skipped))


def _cidr(span: Span) -> str:
    return f"{span}/{32 if is_ipv4(span.first) else 128}" if span.size == 1 else str(span)


def dnsmasq(held: Iterable[Held], domain: str = "") -> Written:
    """`dhcp-host` lines (dnsmasq(8)): card, address (IPv6 in brackets) and, where it has one, name."""
    lines: list[str] = []
    skipped: list[Skipped] = []
    for one in sorted(held, key=lambda one: one.span):
        if why := _why_not(one):
            skipped.append(why)
            continue
        address = shown(one.span.first)
        name = host_name(one.name, domain)
        parts = [one.mac, address if is_ipv4(one.span.first) else f"[{address}]", *([name] if name else [])]
        lines.append("dhcp-host=" + ",".join(parts))
    return Written("dnsmasq-hosts.conf", "".join(f"{line}\n" for line in lines), len(lines), tuple(skipped))


def _why_not(one: Held) -> Skipped | None:
    if one.span.size > 1:
        return Skipped(one.source, str(one.span), SEVERAL, {"count": str(one.span.size)})
    return None if one.mac else Skipped(one.source, str(one.span), CARDLESS)
