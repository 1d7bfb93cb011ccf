"""Verdicts: each flow by where it came in and whose its addresses are; columns and a slow oracle agree."""

from __future__ import annotations

import random
import sys
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import EXITS, FOREIGN_PC, GATEWAY, OBSERVERS, PC, SHARER, SPANS, TERMINALS, batch, scene

from netops.core.plane import Plane
from netops.egress.classify import WELL_KNOWN, Space, Table
from netops.egress.flows import MAPPED, address_value
from netops.egress.judge import Facing, Verdict, judge

FW, R_FIN, IN_SW, IN_CORE = "10.20.255.2", "10.20.255.11", "10.10.11.2", "10.10.255.1"
V = Verdict
STATED = [
    ("shared exit", FW, 2, "203.0.113.80", "203.0.113.2", {"dport": 40000}, V.SHARED),
    ("outward, by out_if", FW, 1, "10.20.11.11", "203.0.113.80", {"out_if": 2}, V.SHARED),
    ("published port", FW, 2, "198.51.100.80", "203.0.113.2", {"dport": 80}, V.PUBLISHED),
    ("county exit", FW, 4, "203.0.113.80", "198.51.100.2", {}, V.COUNTY),
    ("filed separate exit", FW, 5, "203.0.113.80", "198.51.100.6", {}, V.SEPARATE),
    ("lapsed filing", FW, 3, "203.0.113.80", "198.51.100.6", {}, V.LAPSED_EXIT),
    ("answers by an unknown interface", R_FIN, 9, "203.0.113.80", "198.51.100.18", {}, V.UNFILED_EXIT),
    ("an interface not walked yet", R_FIN, 33, "203.0.113.80", "198.51.100.18", {}, V.PENDING),
    ("on its way inside", R_FIN, 1, "203.0.113.80", "10.20.11.11", {}, V.TRANSIT),
    ("out, seen at the LAN", R_FIN, 2, "10.20.11.11", "203.0.113.80", {}, V.TRANSIT),
    ("between departments", R_FIN, 2, "10.20.11.11", "10.20.0.80", {}, V.INTERNAL),
    ("to the province", R_FIN, 2, "10.20.11.11", "10.1.0.10", {}, V.UPSTREAM),
    ("provincial space behind the upstream link", R_FIN, 7, "10.1.77.7", "10.20.11.11", {}, V.UPSTREAM),
    ("an address nobody was given", R_FIN, 2, "10.20.11.200", "10.20.0.80", {}, V.UNALLOCATED_SOURCE),
    ("the same, passing by", R_FIN, 1, "10.20.11.200", "10.20.0.80", {}, V.INTERNAL),
    ("the gateway itself", R_FIN, 2, "10.20.11.1", "10.20.11.11", {}, V.INTERNAL),
    ("DHCP broadcast", R_FIN, 2, "0.0.0.0", "255.255.255.255", {"dport": 67, "proto": 17}, V.SPECIAL),
    ("IPv6 link-local", R_FIN, 2, "fe80::1", "ff02::16", {}, V.SPECIAL),
    ("IPv6 inside", R_FIN, 2, "2001:db8:20:11::5", "2001:db8:20:11::6", {}, V.INTERNAL),
    ("the other plane", R_FIN, 2, "10.10.11.11", "10.20.0.80", {}, V.CROSS_PLANE),
    ("a home router's LAN", R_FIN, 2, "192.168.1.1", "255.255.255.255", {}, V.SPECIAL),
    ("private space of nobody", R_FIN, 2, "192.168.1.1", "10.20.11.11", {}, V.UNDETERMINED),
    ("another department's, by an unknown interface", R_FIN, 9, "10.20.12.11", "10.20.11.11", {}, V.BYPASS),
    ("one's own, by an unknown interface", R_FIN, 9, "10.20.11.11", "10.20.0.80", {}, V.INTERNAL),
    ("the internet out of a LAN", R_FIN, 2, "203.0.113.80", "10.20.11.11", {}, V.SPOOFED_SOURCE),
    ("loopback out of a LAN", R_FIN, 2, "127.0.0.1", "10.20.11.11", {}, V.SPOOFED_SOURCE),
    ("loopback at an uplink", R_FIN, 1, "127.0.0.1", "10.20.11.11", {}, V.SPECIAL),
    ("to a multicast group", R_FIN, 2, "10.20.11.11", "239.255.255.250", {}, V.SPECIAL),
    ("no interface in the record", R_FIN, 0, "203.0.113.80", "10.20.11.11", {}, V.UNDETERMINED),
    ("not a registered exporter", "192.0.2.1", 1, "10.20.11.11", "203.0.113.80", {}, V.UNDETERMINED),
    (
        "intranet, an answer",
        IN_SW,
        3,
        "203.0.113.80",
        "10.10.11.11",
        {"src_mac": SHARER, "dst_mac": PC},
        V.INTRANET_INTERNET,
    ),
    (
        "intranet, to a terminal",
        IN_SW,
        2,
        "10.10.11.11",
        "203.0.113.80",
        {"src_mac": PC, "dst_mac": SHARER},
        V.INTRANET_INTERNET,
    ),
    (
        "intranet, to the gateway",
        IN_SW,
        2,
        "10.10.11.11",
        "8.8.8.8",
        {"src_mac": PC, "dst_mac": GATEWAY},
        V.INTRANET_QUERY,
    ),
    ("intranet, MAC not told", IN_CORE, 1, "10.10.11.11", "8.8.8.8", {}, V.INTRANET_QUERY),
    (
        "intranet, a MAC not known yet",
        IN_SW,
        2,
        "10.10.11.11",
        "8.8.8.8",
        {"dst_mac": "00:00:5e:00:53:01"},
        V.PENDING,
    ),
]


@pytest.mark.parametrize(
    ("what", "exporter", "in_if", "src", "dst", "more", "verdict"), STATED, ids=[one[0] for one in STATED]
)
def test_a_flow_gets_its_verdict(
    what: str, exporter: str, in_if: int, src: str, dst: str, more: dict[str, Any], verdict: Verdict
) -> None:
    """Where it came in, whose its addresses are, and nothing else."""
    judged = judge(batch({"exporter": exporter, "in_if": in_if, "src": src, "dst": dst} | more), scene())

    assert verdict is Verdict(int(judged.verdict[0]))


def slow_space(plane: Plane, text: str) -> Space:
    """The shortest span that holds the address, one by one."""
    hi, lo = address_value(text)
    value = hi << 64 | lo
    best, size = Space.INTERNET, 1 << 129
    nets = [(ip_network(net), space) for net, space in WELL_KNOWN]
    spans = [
        (
            (MAPPED if net.version == 4 else 0) + int(net[0]),
            (MAPPED if net.version == 4 else 0) + int(net[-1]),
            space,
        )
        for net, space in nets
    ]
    for first, last, space in [*spans, *((one.first, one.last, one.space) for one in SPANS[plane])]:
        if first <= value <= last and last - first <= size:
            best, size = space, last - first
    return best


def slow_organization(plane: Plane, text: str) -> str:
    """Whose address it is, by the shortest span."""
    hi, lo = address_value(text)
    value = hi << 64 | lo
    held = [span for span in SPANS[plane] if span.first <= value <= span.last]
    return min(held, key=lambda span: span.last - span.first).organization if held else ""


def slow(one: dict[str, Any]) -> Verdict:
    """The verdict, written down a second time as a person would say it."""
    observer = next((each for each in OBSERVERS if each.address == one["exporter"]), None)
    if observer is None:
        return V.UNDETERMINED
    ports = {port.if_index: port for port in observer.ports}
    port, out = ports.get(one["in_if"]), ports.get(one["out_if"])
    facing = Facing.NONE if not one["in_if"] else port.facing if port else Facing.UNSEEN
    s, d = slow_space(observer.plane, one["src"]), slow_space(observer.plane, one["dst"])
    inside = (Space.INSIDE, Space.ALLOCATED, Space.DEVICES)
    stray = s is Space.INSIDE and facing is Facing.LAN
    if s is Space.MARTIAN and facing is Facing.LAN:
        return V.SPOOFED_SOURCE
    if {Space.SPECIAL, Space.MARTIAN} & {s, d}:
        return V.SPECIAL
    if facing is Facing.UNSEEN and s in (Space.INTERNET, Space.INSIDE, Space.OTHER_PLANE):
        return V.PENDING
    if Space.OTHER_PLANE in (s, d):
        return V.CROSS_PLANE
    if not stray and (Facing.UPSTREAM in (facing, out.facing if out else None) or Space.UPSTREAM in (s, d)):
        return V.UPSTREAM
    if observer.plane is Plane.INTRANET:
        if s is Space.INTERNET and d in inside:
            return V.INTRANET_INTERNET
        if s in inside and d is Space.INTERNET:
            if one["dst_mac"] in {terminal.mac for terminal in TERMINALS}:
                return V.INTRANET_INTERNET
            return V.INTRANET_QUERY if one["dst_mac"] in ("", GATEWAY) else V.PENDING
    else:
        used = next(
            (entry for entry in EXITS for each in (port, out) if each and each.exit == entry.id), None
        )
        if port and port.exit:
            used = next(entry for entry in EXITS if entry.id == port.exit)
            if str(one["dport"]) in used.published and one["proto"] in (6, 17):
                return V.PUBLISHED
        if used and {s, d} & {Space.INTERNET, Space.EXIT}:
            return {"shared": V.SHARED, "county": V.COUNTY, "filed": V.SEPARATE, "lapsed": V.LAPSED_EXIT}[
                used.id
            ]
        if s is Space.INTERNET and facing is Facing.UNKNOWN:
            return V.UNFILED_EXIT
    if stray:
        return V.UNALLOCATED_SOURCE
    owner = slow_organization(observer.plane, one["src"])
    if s in inside and facing is Facing.UNKNOWN and not observer.is_platform and owner not in ("", observer.organization):
        return V.BYPASS
    if s is Space.INTERNET and facing is Facing.LAN and not observer.is_switch:
        return V.SPOOFED_SOURCE
    if (s is Space.INTERNET and facing is Facing.INTERNAL) or (s in inside and d is Space.INTERNET):
        return V.TRANSIT
    known = (*inside, Space.EXIT)
    if (
        (s in known and d in known)
        or (s is Space.EXIT and d is Space.INTERNET)
        or (s is Space.INTERNET and d is Space.EXIT)
    ):
        return V.INTERNAL
    return V.UNDETERMINED


def test_columns_and_a_slow_oracle_agree() -> None:
    """Five thousand random flows: the vectorised verdict is the row by row one."""
    chance = random.Random(5)
    addresses = [
        "10.20.11.11",
        "10.20.11.200",
        "10.20.0.80",
        "10.20.12.11",
        "127.0.0.1",
        "10.20.254.1",
        "10.10.11.11",
        "10.10.99.9",
        "10.10.11.1",
        "8.8.8.8",
        "203.0.113.80",
        "203.0.113.2",
        "198.51.100.2",
        "10.1.0.10",
        "192.168.1.5",
        "100.64.9.2",
        "224.0.0.1",
        "0.0.0.0",
        "fe80::1",
        "2001:db8:20:11::5",
        "2001:db8:20:99::1",
        "2001:db8:ffff::1",
        "::",
        "ffff:ffff::",
    ]
    flows = [
        {
            "exporter": chance.choice([*(one.address for one in OBSERVERS), "192.0.2.1"]),
            "in_if": chance.choice([0, 1, 2, 3, 4, 5, 7, 9, 33]),
            "out_if": chance.choice([0, 0, 0, 1, 2, 3, 7]),
            "src": chance.choice(addresses),
            "dst": chance.choice(addresses),
            "dst_mac": chance.choice(["", GATEWAY, PC, FOREIGN_PC, "00:00:5e:00:53:01"]),
            "dport": chance.choice([0, 80, 443]),
            "proto": chance.choice([1, 6, 17]),
        }
        for _ in range(5000)
    ]
    judged = judge(batch(*flows), scene())

    wrong = [
        (one, slow(one), Verdict(int(verdict)))
        for one, verdict in zip(flows, judged.verdict, strict=True)
        if slow(one) != verdict
    ]
    assert [] == wrong[:3]


def test_an_empty_batch_is_no_case() -> None:
    """Nothing in, nothing out."""
    assert 0 == len(judge(batch(), scene()).verdict)


def test_the_table_holds_both_ends_of_every_span() -> None:
    """First and last address of a span belong to it, their neighbours do not; of equal spans the later counts."""
    from netops.egress.classify import net_span

    table = Table(
        [
            net_span("192.0.2.64/26", Space.INSIDE, "a"),
            net_span("192.0.2.64/26", Space.ALLOCATED, "b"),
            net_span("2001:db8::/32", Space.ALLOCATED, "c"),
            net_span("255.255.255.255", Space.DEVICES, "d"),
        ]
    )

    def owner(text: str) -> str:
        import numpy as np

        hi, lo = (np.array([half], np.uint64) for half in address_value(text))
        return table.owners[int(table.owner(hi, lo)[0])].organization

    ends = [
        "192.0.2.63",
        "192.0.2.64",
        "192.0.2.127",
        "192.0.2.128",
        "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db8::",
        "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::",
        "255.255.255.255",
        str(ip_address(0)),
    ]
    assert ["", "b", "b", "", "", "c", "c", "", "d", ""] == [owner(one) for one in ends]
