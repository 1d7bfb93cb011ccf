"""Traces in walked tables: what each speaks for, and what explains it."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from netops.core.lead import Lead
from netops.topology.device import (
    ArpEntry,
    DeviceView,
    FdbEntry,
    Interface,
    InterfaceAddress,
    Neighbor,
    Route,
)
from netops.topology.sightings import SightingSpan
from netops.topology.traces import Known, traces
from tests.topology.city import EXTRANET, INTRANET, NOON, device

PC = SightingSpan(EXTRANET, "10.20.11.11", "00:14:22:00:00:11", "sw", "ge2", 0, "r", "lan", NOON - timedelta(hours=3), NOON)
KNOWN = Known(
    {"r": "fin", "sw": "fin"}, ("10.20.0.0/16", "10.10.0.0/16", "203.0.113.0/30"), frozenset({("r", "Dialer1")}), frozenset(),
    ("TP-LINK", "HiLink"),
)  # fmt: skip


Told = list[tuple[str, str, dict[str, str]]]


def told(*views: DeviceView, known: Known = KNOWN, seen: tuple[SightingSpan, ...] = (PC,)) -> Told:
    """Witness, what it speaks for, and its subject."""
    found: list[Lead] = list(traces(views, known, seen, lambda _ip: "fin"))
    assert all(one.said.format(**one.facts) and one.organization == "fin" for one in found)
    return [(one.witness, one.accuses, one.subject) for one in found]


def with_port(name: str, kind: int, address: str = "", *, up: bool = True, **more: object) -> DeviceView:
    """A router with one more interface."""
    view = device("r", "10.20.11.1", {"lan": "10.20.11.1/24"}, **more)  # type: ignore[arg-type]
    held = (InterfaceAddress(9, name, address, 30),) if address else ()
    port = Interface(9, name, name, type=kind, admin_up=up, oper_up=up)
    return msgspec.structs.replace(view, interfaces=(*view.interfaces, port), addresses=(*view.addresses, *held))


def test_lines_by_pppoe_and_cellular_speak_up() -> None:
    """By type and by name; one that is down, registered or inside is explained."""
    assert [("cellular_interface", "rogue_exit_router", {"device": "r", "interface": "wan9", "ip": "100.64.1.2"})] == told(
        with_port("wan9", 23, "100.64.1.2")
    )
    assert [("cellular_interface", "intranet_exit", {"device": "r", "interface": "Cellular0/0"})] == told(
        with_port("Cellular0/0", 1, plane=INTRANET)
    )
    for quiet in (with_port("wwan0", 243, up=False), with_port("Dialer1", 23), with_port("ppp0", 23, "10.20.254.1"),
                  with_port("ppp1", 23, "203.0.113.2"), with_port("ge9", 6, "100.64.1.2")):  # fmt: skip
        assert [] == told(quiet)


def test_a_second_default_route_speaks_up() -> None:
    """By another interface that nothing registered explains; two next hops of one interface are one way."""
    inside, outside = Route("0.0.0.0", 0, "10.20.11.254", 1, "lan"), Route("0.0.0.0", 0, "100.64.1.1", 9, "ge9")
    view = msgspec.structs.replace(with_port("ge9", 6, "100.64.1.2"), routes=(inside, outside))

    assert [("two_defaults", "rogue_exit_router", {"device": "r", "interface": "ge9"})] == told(view)
    assert [] == told(msgspec.structs.replace(view, routes=(inside, msgspec.structs.replace(inside, next_hop="10.20.11.253"))))


def test_a_box_that_calls_itself_a_home_router() -> None:
    """By its name or description; a managed device may be called anything."""
    view = device("sw", "10.20.11.2", {"ge1": "", "ge5": ""})
    box = Neighbor("lldp", 2, "ge5", "TL-WR841N", remote_mac="50:c7:bf:00:00:01", remote_descr="TP-LINK Wireless Router")
    view = msgspec.structs.replace(view, neighbors=(box,))

    assert [("consumer_neighbour", "hidden_nat", {"switch": "sw", "port": "ge5", "mac": "50:c7:bf:00:00:01"})] == told(view)
    managed = msgspec.structs.replace(KNOWN, managed=frozenset({"50:c7:bf:00:00:01"}))
    assert [] == told(view, known=managed)


def test_an_address_of_a_hotspot_at_a_terminals_card() -> None:
    """Held against the terminal that the card is; the plane's own addresses and strangers' cards say nothing."""
    view = device("r", "10.20.11.1", {"lan": "10.20.11.1/24"})

    def heard(ip: str, mac: str) -> Told:
        return told(msgspec.structs.replace(view, arp=(ArpEntry(1, "lan", ip, mac),)))

    place = {"ip": "10.20.11.11", "mac": PC.mac, "switch": "sw", "port": "ge2"}
    assert [("foreign_address", "rogue_exit_host", place)] == heard("192.168.8.100", PC.mac)
    for ip, mac in (("10.20.11.12", PC.mac), ("10.10.1.1", PC.mac), ("192.168.8.100", "00:14:22:00:00:99"), ("8.8.8.8", PC.mac)):
        assert [] == heard(ip, mac)


def test_several_terminals_on_one_port() -> None:
    """Three or more; a PC with its telephone, and a router's shared MAC, are none."""
    view = device("sw", "10.20.11.2", {"ge1": "", "ge5": ""})
    macs = [f"00:14:22:00:01:{n:02x}" for n in range(3)]

    def learned(*found: str) -> Told:
        return told(msgspec.structs.replace(view, fdb=tuple(FdbEntry(mac, 0, 2, "ge5") for mac in found)))

    assert [("several_macs", "shared_port", {"switch": "sw", "port": "ge5"})] == learned(*macs)
    assert [] == learned(*macs[:2])
    assert [] == learned(*macs[:2], "00:00:5e:00:01:07")


def test_a_card_that_moved() -> None:
    """To another port within a day; the same port again, and a year between, are no move."""
    later = msgspec.structs.replace(PC, port="ge7", first_seen=NOON + timedelta(minutes=5), last_seen=NOON + timedelta(hours=1))

    place = {"ip": PC.ip, "mac": PC.mac, "switch": "sw", "port": "ge7"}
    assert [("moved_mac", "moved_terminal", place)] == told(seen=(PC, later))
    assert [] == told(seen=(PC, msgspec.structs.replace(PC, last_seen=NOON + timedelta(hours=1))))
    ages = msgspec.structs.replace(later, first_seen=NOON + timedelta(days=300), last_seen=NOON + timedelta(days=301))
    assert [] == told(seen=(PC, ages))


def test_a_stale_device_says_nothing() -> None:
    """What it said once is no sight of now."""
    assert [] == told(msgspec.structs.replace(with_port("wwan0", 243), stale=True))
