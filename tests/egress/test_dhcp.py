"""DHCP answers: who offers leases without being registered for it, and who may."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

sys.path.insert(0, str(Path(__file__).parent))
from scenes import GATEWAY, NOW, OBSERVERS, batch, scene

from netops.core.plane import Plane
from netops.egress.judge import Facing, Observer, Port, Scene
from netops.egress.rules import RULES
from netops.egress.watch import Watch

AT = datetime.fromtimestamp(NOW / 1000, UTC)
LAN = "10.20.11.0/24"
SWITCH, ROUTER, FIREWALL = "10.20.11.2", "10.20.255.12", "10.20.255.2"
BOX = "50:c7:bf:00:00:01"
HERE = (
    Observer(SWITCH, "sw-fin", Plane.EXTRANET, "fin", is_switch=True, ports=(
        Port(1, "up", Facing.INTERNAL, segment=LAN), Port(2, "ge2", Facing.LAN, segment=LAN),
        Port(5, "ge5", Facing.LAN, segment=LAN))),
    Observer(ROUTER, "r-two", Plane.EXTRANET, "fin", ports=(
        Port(1, "to-core", Facing.INTERNAL), Port(2, "lan", Facing.LAN, segment=LAN),
        Port(3, "lan2", Facing.LAN, segment="10.20.12.0/24"))),
)  # fmt: skip
OFFER = {"src": "192.168.1.1", "dst": "255.255.255.255", "sport": 67, "dport": 68, "proto": 17}
AT_SWITCH = OFFER | {"exporter": SWITCH, "in_if": 5, "src_mac": BOX}
AT_ROUTER = OFFER | {"exporter": ROUTER, "in_if": 2}
FOUND = {"ip": "192.168.1.1", "mac": BOX, "switch": "sw-fin", "port": "ge5"}


def here() -> Scene:
    return replace(
        scene(),
        observers={one.address: one for one in (*OBSERVERS, *HERE)},
        dhcp_servers=frozenset({(Plane.EXTRANET, "10.20.11.5")}),
    )


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, str]]]] = {
    "a home router at an access port": ([AT_SWITCH], [FOUND]),
    "seen at the switch and at the router of the LAN, it is one": ([AT_SWITCH, AT_ROUTER], [FOUND]),
    "the router sees it first, without a MAC address": ([AT_ROUTER, AT_SWITCH], [FOUND]),
    "only the router sees it": ([AT_ROUTER], [{"ip": "192.168.1.1"}]),
    "two LANs have one each, with the same address": (
        [AT_ROUTER, AT_ROUTER | {"in_if": 3}], [{"ip": "192.168.1.1"}, {"ip": "192.168.1.1"}],
    ),
    "an address that belongs to a department": ([AT_SWITCH | {"src": "10.20.11.12"}], [FOUND | {"ip": "10.20.11.12"}]),
    "the registered server": ([AT_SWITCH | {"src": "10.20.11.5"}], []),
    "a relay: a device under management": ([AT_SWITCH | {"src": "10.20.11.1", "src_mac": GATEWAY}], []),
    "a client's question": ([AT_SWITCH | {"sport": 68, "dport": 67}], []),
    "TCP between the same ports": ([AT_SWITCH | {"proto": 6}], []),
    "the uplink of a switch names nobody": ([AT_SWITCH | {"in_if": 1}], []),
    "a port that was not walked yet": ([AT_SWITCH | {"in_if": 77}], []),
    "a scanner on the internet": ([OFFER | {"exporter": FIREWALL, "in_if": 2, "src": "203.0.113.80", "dst": "203.0.113.2"}], []),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_who_is_named(name: str) -> None:
    """Subjects of EG-401, one a server and LAN, with the place that the best observer knows."""
    flows, expected = CASES[name]
    watch = Watch()
    for one in flows:
        watch.see(batch(one), here())

    assert expected == [one.subject for one in watch.due(AT) if one.code == "EG-401"]


def test_its_texts_are_filled() -> None:
    """LAN, port, MAC address and the registered servers stand in the texts."""
    watch = Watch()
    watch.see(batch(AT_SWITCH), here())
    [one] = watch.due(AT)
    rule = RULES[one.code]

    assert "192.168.1.1 offers addresses on the LAN 10.20.11.0/24" in rule.title.format(**one.facts)
    assert f"({BOX}) entered sw-fin ge5; registered there: 10.20.11.5." in rule.because.format(**one.facts)
    assert all(part in rule.explanation for part in ("What:", "Why:", "Mend:"))


def test_a_switch_that_nobody_walks_tells_at_once() -> None:
    """Such an answer passes no router, so any port of a switch is on the LAN; at a router the interface must be known first."""
    blind = {one.address: msgspec.structs.replace(one, ports=()) for one in HERE}
    watch, place = Watch(), replace(here(), observers=here().observers | blind)
    watch.see(batch(AT_SWITCH, AT_ROUTER | {"src": "192.168.2.1"}, AT_SWITCH | {"src": "10.20.11.5"}), place)

    assert [FOUND | {"port": "ifIndex 5"}] == [one.subject for one in watch.due(AT) if one.code == "EG-401"]
