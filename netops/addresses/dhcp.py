"""DHCP for Kea and dnsmasq: registered ranges, gateways, and addresses that cards are bound to (保留地址). Pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from netops.addresses.held import CARDLESS, SEVERAL, Held, Skipped, Written, host_name, of_family
from netops.addresses.span import MAPPED, Span, is_ipv4, shown


class Subnet(NamedTuple):
    """A registered pool: its prefix, the ranges that its DHCP server gives out, and its gateway's address or None."""

    span: Span
    ranges: tuple[Span, ...] = ()
    gateway: int | None = None


def kea(held: Iterable[Held], subnets: Sequence[Subnet], family: int, domain: str = "") -> Written:
    """
    `Dhcp4` or `Dhcp6` with one subnet for each pool: its ranges, its router and its host reservations (Kea ARM §8.2, §9.2).

    Kea reads one of the two in a file; merge `subnet4` or `subnet6` into the server's own configuration.

    Args:
        subnets: of the registered pools; the smallest around an address is its subnet. One without ranges and without
            reservations is left out.
    """
    mine = sorted(one for one in subnets if is_ipv4(one.span.first) == (family == 4))
    by_subnet: dict[Span, list[dict[str, Any]]] = {one.span: [] for one in mine if one.ranges}
    skipped: list[Skipped] = []
    for one in of_family(held, family):
        if why := _why_not(one):
            skipped.append(why)
            continue
        around = min((net.span for net in mine if net.span.holds(one.span)), key=lambda net: net.size, default=one.span)
        entry: dict[str, Any] = {"hw-address": one.mac}
        entry |= (
            {"ip-address": shown(one.span.first)}
            if family == 4
            else {"ip-addresses": [shown(one.span.first)]}
        )
        if name := host_name(one.name, domain):
            entry["hostname"] = name
        by_subnet.setdefault(around, []).append(entry)
    known = {one.span: one for one in mine}
    told = [
        {"id": number, "subnet": _cidr(net), **_given(known.get(net)), "reservations": entries}
        for number, (net, entries) in enumerate(sorted(by_subnet.items()), 1)
    ]
    text = json.dumps({f"Dhcp{family}": {f"subnet{family}": told}}, indent=2)
    return Written(f"kea-dhcp{family}.json", text + "\n", sum(map(len, by_subnet.values())), tuple(skipped))


def _given(one: Subnet | None) -> dict[str, Any]:
    """What a subnet gives to everybody: addresses of its ranges, and its router (IPv6 has it from router advertisements)."""
    if one is None:
        return {}
    pools = [{"pool": f"{shown(run.first)} - {shown(run.last)}"} for run in one.ranges]
    routers = one.gateway is not None and is_ipv4(one.gateway)
    return {
        **({"pools": pools} if pools else {}),
        **({"option-data": [{"name": "routers", "data": shown(one.gateway or 0)}]} if routers else {}),
    }


def _cidr(span: Span) -> str:
    return f"{span}/{32 if is_ipv4(span.first) else 128}" if span.size == 1 else str(span)


def dnsmasq(held: Iterable[Held], subnets: Sequence[Subnet] = (), domain: str = "") -> Written:
    """
    The lines that dnsmasq reads: `dhcp-range` and router of each pool that has ranges, then a `dhcp-host` line for each card.

    A line has card, address (IPv6 in brackets) and, where it has one, name.
    """
    lines = [line for number, one in enumerate(sorted(subnets), 1) for line in _ranged(one, f"net{number}")]
    skipped: list[Skipped] = []
    count = 0
    for one in sorted(held, key=lambda one: one.span):
        if why := _why_not(one):
            skipped.append(why)
            continue
        count += 1
        address = shown(one.span.first)
        name = host_name(one.name, domain)
        parts = [one.mac, address if is_ipv4(one.span.first) else f"[{address}]", *([name] if name else [])]
        lines.append("dhcp-host=" + ",".join(parts))
    return Written("dnsmasq-hosts.conf", "".join(f"{line}\n" for line in lines), count, tuple(skipped))


def _ranged(one: Subnet, tag: str) -> Iterator[str]:
    """Lines of one subnet: each range with the netmask or the prefix length, and the router for who has an address of it."""
    exponent = one.span.size.bit_length() - 1
    for run in one.ranges:
        if is_ipv4(run.first):
            width = shown(MAPPED | ((1 << 32) - (1 << exponent)))
        else:
            width = str(max(128 - exponent, 64))  # dnsmasq takes no shorter one
        yield f"dhcp-range=set:{tag},{shown(run.first)},{shown(run.last)},{width}"
    if one.ranges and one.gateway is not None and is_ipv4(one.gateway):
        yield f"dhcp-option=tag:{tag},option:router,{shown(one.gateway)}"


def _why_not(one: Held) -> Skipped | None:
    if one.span.size > 1:
        return Skipped(one.source, str(one.span), SEVERAL, {"count": str(one.span.size)})
    return None if one.mac else Skipped(one.source, str(one.span), CARDLESS)
