"""A small city for the topology room: two departments on a core, an exit, and an intranet beside."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from netops.core.plane import Plane
from netops.topology.device import (
    ArpEntry,
    DeviceView,
    FdbEntry,
    Interface,
    InterfaceAddress,
    LocalPort,
    Neighbor,
    RegisteredDevice,
    Role,
    Route,
    System,
)
from netops.topology.expected import Exit, Expected, Lan, Picture
from netops.topology.link import RegisteredLink

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
EXTRANET, INTRANET = Plane.EXTRANET, Plane.INTRANET


def mac(device: str, number: int) -> str:
    """A MAC that is always the same for a device's port."""
    return f"02:{sum(map(ord, device)) % 256:02x}:{len(device):02x}:{ord(device[-1]):02x}:00:{number:02x}"


def device(
    name: str, address: str, ports: dict[str, str], plane: Plane = EXTRANET, **more: object
) -> DeviceView:
    """A device with ports by name, each with an address "a.b.c.d/len" or ""."""
    interfaces = tuple(
        Interface(number, port, port, type=6, mac=mac(name, number), admin_up=True, oper_up=True)
        for number, port in enumerate(ports, 1)
    )
    addresses = tuple(
        InterfaceAddress(number, port, text.split("/")[0], int(text.split("/")[1]))
        for number, (port, text) in enumerate(ports.items(), 1)
        if text
    )
    local = tuple(
        LocalPort(number, number, "mac", mac(name, number), port) for number, port in enumerate(ports, 1)
    )
    view = DeviceView(
        plane,
        name,
        address,
        NOON,
        name,
        chassis=mac(name, 1),
        system=System(name=name),
        interfaces=interfaces,
        addresses=addresses,
        ports=local,
    )
    return msgspec.structs.replace(view, **more)


def cabled(*ends: tuple[DeviceView, str]) -> tuple[DeviceView, DeviceView]:
    """Two devices, each with an LLDP row about the other."""
    (a, a_port), (b, b_port) = ends
    return _beside(a, a_port, b, b_port), _beside(b, b_port, a, a_port)


def _beside(view: DeviceView, port: str, other: DeviceView, other_port: str) -> DeviceView:
    here = next(one for one in view.interfaces if one.name == port)
    there = next(one for one in other.interfaces if one.name == other_port)
    row = Neighbor(
        "lldp",
        here.if_index,
        port,
        other.name,
        other.chassis,
        there.mac,
        "mac",
        there.name,
        other.address,
        other.chassis,
        "",
        ("router",),
    )
    return msgspec.structs.replace(view, neighbors=(*view.neighbors, row))


def city() -> dict[str, DeviceView]:
    """Everything as it should be."""
    exit_ = device(
        "exit",
        "10.50.255.2",
        {"wan": "203.0.113.2/30", "to-core": "10.50.254.2/30"},
        routes=(Route("0.0.0.0", 0, "203.0.113.1", 1, "wan", "netmgmt", "remote"),),
    )
    core = device(
        "core",
        "10.50.255.1",
        {"to-exit": "10.50.254.1/30", "to-r-a": "10.50.254.5/30", "to-r-b": "10.50.254.9/30"},
        routes=(Route("0.0.0.0", 0, "10.50.254.2", 1, "to-exit", "netmgmt", "remote"),),
    )
    r_a = device(
        "r-a",
        "10.50.255.11",
        {"to-core": "10.50.254.6/30", "lan": "10.50.11.1/24", "ge9": ""},
        routes=(Route("0.0.0.0", 0, "10.50.254.5", 1, "to-core", "netmgmt", "remote"),),
    )
    r_b = device(
        "r-b",
        "10.50.255.12",
        {"to-core": "10.50.254.10/30", "lan": "10.50.12.1/24", "ge9": ""},
        routes=(Route("0.0.0.0", 0, "10.50.254.9", 1, "to-core", "netmgmt", "remote"),),
    )
    sw_a = device(
        "sw-a",
        "10.50.11.2",
        {"ge1": "", "ge2": "", "ge3": "", "br0": "10.50.11.2/24"},
        routes=(Route("0.0.0.0", 0, "10.50.11.1", 4, "br0", "netmgmt", "remote"),),
    )
    in_sw = device("in-sw", "10.60.0.2", {"ge1": "", "ge2": ""}, INTRANET)
    core, exit_ = cabled((core, "to-exit"), (exit_, "to-core"))
    core, r_a = cabled((core, "to-r-a"), (r_a, "to-core"))
    core, r_b = cabled((core, "to-r-b"), (r_b, "to-core"))
    r_a, sw_a = cabled((r_a, "lan"), (sw_a, "ge1"))
    pc = "02:aa:00:00:00:11"
    r_a = msgspec.structs.replace(
        r_a,
        arp=(
            ArpEntry(2, "lan", "10.50.11.11", pc, "reachable"),
            ArpEntry(2, "lan", "10.50.11.2", mac("sw-a", 4), "reachable"),
            ArpEntry(1, "to-core", "10.50.254.5", mac("core", 2), "reachable"),
        ),
    )
    sw_a = msgspec.structs.replace(
        sw_a,
        fdb=(
            FdbEntry(pc, 1, 2, "ge2"),
            FdbEntry(mac("r-a", 2), 1, 1, "ge1"),
            FdbEntry(mac("sw-a", 1), 1, 1, "ge1", "self"),
        ),
    )
    return {view.name: view for view in (exit_, core, r_a, r_b, sw_a, in_sw)}


REGISTERED = (
    RegisteredDevice("exit", "10.50.255.2", Role.FIREWALL, "ic", "v3"),
    RegisteredDevice("core", "10.50.255.1", Role.CORE, "ic", "v3"),
    RegisteredDevice("r-a", "10.50.255.11", Role.EDGE, "fin", "v3"),
    RegisteredDevice("r-b", "10.50.255.12", Role.EDGE, "edu", "v3"),
    RegisteredDevice("sw-a", "10.50.11.2", Role.SWITCH, "fin", "v3"),
    RegisteredDevice("in-sw", "10.60.0.2", Role.SWITCH, "off", "v3", plane=INTRANET),
)
PAPER = Expected(
    devices=REGISTERED,
    links=(
        RegisteredLink("core", "exit", net="10.50.254.0/30"),
        RegisteredLink("core", "r-a", net="10.50.254.4/30"),
        RegisteredLink("core", "r-b", net="10.50.254.8/30"),
    ),
    lans=(Lan(EXTRANET, "10.50.11.0/24", "r-a", "sw-a"), Lan(EXTRANET, "10.50.12.0/24", "r-b", "")),
    exits=(Exit(EXTRANET, "exit", "", "203.0.113.0/30"),),
    nets={EXTRANET: ("10.50.0.0/16",), INTRANET: ("10.60.0.0/16",)},
)


def picture(
    views: dict[str, DeviceView], plane: Plane = EXTRANET, expected: Expected = PAPER, **more: object
) -> Picture:
    """A picture of a city in which everybody answered."""
    whole = Picture(
        plane,
        (INTRANET, EXTRANET),
        tuple(views.values()),
        frozenset((view.plane, view.key) for view in views.values()),
        (),
        expected,
        NOON,
    )
    return msgspec.structs.replace(whole, **more)
