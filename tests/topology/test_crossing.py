"""Every channel between the planes, from whichever side it is told, and what only looks like one."""

from __future__ import annotations

import msgspec
import pytest

from netops.topology import map as maps
from netops.topology.device import (
    Adjacency,
    ArpEntry,
    DeviceView,
    FdbEntry,
    Hardware,
    InterfaceAddress,
    Route,
    System,
    Vlan,
)
from netops.topology.separation import Answer, answers
from tests.topology.city import EXTRANET, INTRANET, city, device, mac

NETS = {EXTRANET: ("10.50.0.0/16",), INTRANET: ("10.60.0.0/16",)}
VLANS = {EXTRANET: {11, 12}, INTRANET: {12, 600}}
TERMINAL = "02:aa:00:00:00:11"
"""A terminal that the extranet's sw-a has learned."""


def asked(views: dict[str, DeviceView]) -> list[Answer]:
    held = list(views.values())
    return answers(held, maps.links(held), NETS, {(EXTRANET, "exit")}, (), VLANS)


def changed(name: str, **more: object) -> dict[str, DeviceView]:
    """The small city with something else in one device."""
    views = city()
    return views | {name: msgspec.structs.replace(views[name], **more)}


def twins(**more: object) -> dict[str, DeviceView]:
    """Something that a device of each plane has."""
    views = changed("in-sw", **more)
    return views | {"core": msgspec.structs.replace(views["core"], **more)}


SERIAL = (Hardware("chassis", "", "", "21023529L4T0K5000012"),)
VRRP = "00:00:5e:00:01:07"
CHANNELS = {
    "a device's own MAC in the other's forwarding table": (
        changed("in-sw", fdb=(FdbEntry(mac("r-a", 2), 1, 1, "ge1"),)), "device", "in-sw", "r-a"),
    "and the other way round": (
        changed("core", arp=(ArpEntry(1, "to-exit", "10.50.254.99", mac("in-sw", 2), "reachable"),)),
        "device", "in-sw", "core"),
    "an OSPF neighbour by its address": (
        changed("in-sw", adjacencies=(Adjacency("ospf", 1, "ge1", "9.9.9.9", "10.50.254.6", "", "full"),)),
        "adjacency", "in-sw", "r-a"),
    "a BGP session, told in the extranet": (
        changed("core", adjacencies=(Adjacency("bgp", 0, "", "64512", "10.60.0.2", "", "established"),)) | {
            "in-sw": device("in-sw", "10.60.0.2", {"ge1": "10.60.0.2/24", "ge2": ""}, INTRANET)},
        "adjacency", "in-sw", "core"),
    "an IS-IS neighbour by its system id": (
        changed("core", system=System(name="core", isis="490000000002")) | {
            "in-sw": changed("in-sw", adjacencies=(
                Adjacency("isis", 1, "ge1", "490000000002", "", "", "up"),))["in-sw"]},
        "adjacency", "in-sw", "core"),
    "one chassis in both": (twins(hardware=SERIAL), "same device", "in-sw", "core"),
    "one agent in both": (
        {**changed("in-sw", system=System(name="x", engine="80001f8803aa")),
         "core": changed("core", system=System(name="core", engine="80001f8803aa"))["core"]},
        "same device", "in-sw", "core"),
    "a terminal with a foot in each": (
        changed("in-sw", fdb=(FdbEntry(TERMINAL, 1, 1, "ge1"),)), "terminal", "in-sw", "r-a"),
    "an extranet address that an intranet device holds": (
        changed("in-sw", addresses=(InterfaceAddress(1, "ge1", "10.50.77.1", 24),)), "address", "in-sw", "10.50.77.1"),
    "an intranet address on an extranet wire": (
        changed("sw-a", arp=(ArpEntry(4, "br0", "10.60.3.3", "02:cc:00:00:00:01", "reachable"),)),
        "address", "sw-a", "10.60.3.3"),
    "a route into the intranet": (
        changed("core", routes=(Route("10.60.0.0", 16, "10.50.254.6", 2, "to-r-a", "ospf", "remote"),)),
        "route", "core", "10.60.0.0/16"),
    "an intranet VLAN on an extranet trunk": (
        changed("sw-a", vlans=(Vlan(600, "", (1, 2), (2,)),)), "vlan", "sw-a", "VLAN 600"),
    "an extranet VLAN on an intranet trunk": (
        changed("in-sw", vlans=(Vlan(11, "", (1,), ()),)), "vlan", "in-sw", "VLAN 11"),
}  # fmt: skip


@pytest.mark.parametrize("channel", CHANNELS)
def test_every_channel_is_a_path(channel: str) -> None:
    """The answer is the path: by what, between whom, and whose table says so."""
    views, by, a, b = CHANNELS[channel]
    between = asked(views)[0]

    assert ("there is a path", 1) == (between.verdict, between.crossings)
    (step,) = between.path
    assert (by, a, b) == (step.by, step.a, step.b)
    assert step.told


@pytest.mark.parametrize(
    "views",
    [
        changed("in-sw", fdb=(FdbEntry(VRRP, 1, 1, "ge1"), FdbEntry("01:00:5e:00:00:05", 1, 1, "ge1"))),
        changed("in-sw", arp=(ArpEntry(1, "ge1", "10.60.0.9", mac("r-a", 2), "stale"),)),
        changed("in-sw", adjacencies=(Adjacency("ospf", 1, "ge1", "", "10.50.254.6", "", "down"),)),
        changed("in-sw", adjacencies=(Adjacency("ospf", 1, "ge1", "", "fe80::1", "", "full"),)),
        changed("in-sw", routes=(Route("10.50.0.0", 16, "", 1, "ge1", "local", "blackhole"),)),
        changed("sw-a", vlans=(Vlan(600, "", (1,), (1,)), Vlan(12, "", (1,), ()), Vlan(700, "", (1,), ()))),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_channel(views: dict[str, DeviceView]) -> None:
    """Virtual and group MACs, rows of the past, neighbours that are down, rejected routes, VLANs of both or nobody."""
    assert [((), 0)] * 2 == [(one.path, one.crossings) for one in asked(views)]


def test_a_trunk_that_is_down_carries_nothing() -> None:
    """The VLAN is configured on a port that is down."""
    views = changed("sw-a", vlans=(Vlan(600, "", (3,), ()),))
    views["sw-a"] = msgspec.structs.replace(
        views["sw-a"],
        interfaces=tuple(
            msgspec.structs.replace(one, oper_up=one.if_index != 3) for one in views["sw-a"].interfaces
        ),
    )

    assert 0 == asked(views)[0].crossings


def test_what_the_extranet_tells_leads_to_the_internet_too() -> None:
    """An intranet address on sw-a's wire: from there over r-a and core to the exit."""
    internet = asked(CHANNELS["an intranet address on an extranet wire"][0])[1]

    assert ["sw-a", "r-a", "core"] == [step.a for step in internet.path[1:]]
    assert "exit" == internet.path[-1].b


def test_an_exit_that_nobody_registered_is_a_way_out_as_well() -> None:
    """r-a has a default route of its own to a carrier: the path ends there, before the registered exit."""
    views = CHANNELS["an intranet address on an extranet wire"][0]
    rogue = Route("0.0.0.0", 0, "198.51.100.1", 3, "ge9", "netmgmt", "remote")
    views = views | {"r-a": msgspec.structs.replace(views["r-a"], routes=(rogue,))}

    assert "r-a" == asked(views)[1].path[-1].b


def test_one_cable_is_one_crossing_however_much_tells_of_it() -> None:
    """LLDP names the cable; MACs of both ends in both tables add nothing to it."""
    from tests.topology.city import cabled

    views = city()
    inner, outer = cabled((views["in-sw"], "ge2"), (views["sw-a"], "ge3"))
    inner = msgspec.structs.replace(inner, fdb=(FdbEntry(mac("sw-a", 3), 1, 2, "ge2"),))
    outer = msgspec.structs.replace(outer, fdb=(*outer.fdb, FdbEntry(mac("in-sw", 2), 1, 3, "ge3")))
    one = asked(views | {"in-sw": inner, "sw-a": outer})[0]

    assert (1, "link") == (one.crossings, one.path[0].by)
