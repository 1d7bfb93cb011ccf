"""Terminals that answer for a walked device's address."""

from __future__ import annotations

from dataclasses import replace

import msgspec
import pytest

from netops.addresses.reconcile import Shared
from netops.addresses.rules import RULES
from netops.addresses.span import number
from netops.core.plane import Plane
from netops.rounds.usurpers import usurpers
from netops.topology.device import ArpEntry, DeviceView, FdbEntry, Interface, InterfaceAddress
from tests.addresses.test_rules import scene
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
GATEWAY, SWITCH, PC = "00:14:22:00:00:01", "00:14:22:00:00:02", "00:14:22:00:00:63"
ROUTER = DeviceView(
    EXTRANET, "r-fin", "10.20.11.1", NOON,
    interfaces=(Interface(1, "lan", type=6, mac=GATEWAY, oper_up=True),),
    addresses=(InterfaceAddress(1, "lan", "10.20.11.1", 24),),
)  # fmt: skip
BRIDGE = DeviceView(
    EXTRANET, "sw-fin", "10.20.11.2", NOON,
    interfaces=(Interface(1, "p1", type=6), Interface(9, "p9", type=6), Interface(20, "vlan1", type=136, mac=SWITCH)),
    addresses=(InterfaceAddress(20, "vlan1", "10.20.11.2", 24),),
    arp=(ArpEntry(20, "vlan1", "10.20.11.1", PC, "reachable"),),
    fdb=(FdbEntry(GATEWAY, 1, 1, "p1"), FdbEntry(PC, 1, 9, "p9")),
)  # fmt: skip


def changed(**values: object) -> DeviceView:
    return msgspec.structs.replace(BRIDGE, **values)


def told(*views: DeviceView) -> list[tuple[str, str, str, str, str]]:
    return [
        (one.seen.ip, one.seen.mac, f"{one.seen.switch} {one.seen.port}", one.device, one.mac)
        for one in usurpers(EXTRANET, views, views, [])
    ]


def test_a_terminal_that_took_the_gateways_address_is_found_at_its_port() -> None:
    """Its card answers for the address, and the gateway's own is on the wire as well."""
    assert [("10.20.11.1", PC, "sw-fin p9", "r-fin", GATEWAY)] == told(ROUTER, BRIDGE)


@pytest.mark.parametrize(
    "bridge",
    [
        changed(arp=(ArpEntry(20, "vlan1", "10.20.11.1", GATEWAY, "reachable"),)),
        changed(arp=(ArpEntry(20, "vlan1", "10.20.11.1", PC, "stale"),)),
        changed(arp=(ArpEntry(20, "vlan1", "10.20.11.1", "00:00:5e:00:01:0b", "reachable"),)),
        changed(arp=(ArpEntry(20, "vlan1", "10.20.11.9", PC, "reachable"),)),
        changed(fdb=(FdbEntry(GATEWAY, 1, 1, "p1"),)),
        changed(fdb=(FdbEntry(PC, 1, 9, "p9"),)),
        changed(fdb=(FdbEntry(GATEWAY, 1, 1, "p1"), FdbEntry(PC, 1, 1, "p1"))),
        changed(interfaces=(*BRIDGE.interfaces, Interface(30, "mgmt", mac=PC))),
    ],
    ids=["its own card", "not confirmed", "a virtual router's", "a terminal's own address", "nowhere on the wire",
         "the gateway goes by no card of its own", "behind the same port", "a known device's card"],
)  # fmt: skip
def test_what_only_looks_like_it_is_left(bridge: DeviceView) -> None:
    """Every ARP table of a network in order."""
    assert [] == told(ROUTER, bridge)


def test_the_finding_names_both() -> None:
    """Kind, subject and claims as of any conflict; a pair that the configuration names is excused."""
    where = replace(scene(), usurpers=usurpers(EXTRANET, [ROUTER, BRIDGE], [ROUTER, BRIDGE], []))
    [one] = RULES["AD-118"](where)

    assert ("address_conflict", "10.20.11.1", "fin") == (
        RULES["AD-118"].kind,
        one.subject["ip"],
        one.organization,
    )
    assert [GATEWAY, PC] == [claim["mac"] for claim in one.subject["claims"]]
    assert ("sw-fin", "p9") == (one.subject["switch"], one.subject["port"])
    pair = {number("10.20.11.1"): Shared(frozenset({PC, GATEWAY}), "双机热备")}
    assert [] == list(RULES["AD-118"](replace(where, shared=pair)))
