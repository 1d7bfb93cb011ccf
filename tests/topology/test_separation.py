"""The proof of separation: the path and what says so, or none with what could not be seen."""

from __future__ import annotations

import msgspec
import pytest

from netops.core.observation import Unreachable
from netops.topology import map as maps
from netops.topology.device import ArpEntry, DeviceView, FdbEntry, Route
from netops.topology.separation import Answer, answers
from tests.topology.city import EXTRANET, INTRANET, NOON, cabled, city, device

NETS = {EXTRANET: ("10.50.0.0/16",), INTRANET: ("10.60.0.0/16",)}
TERMINAL = "02:bb:00:00:00:77"


def asked(views: dict[str, DeviceView], unseen: tuple[Unreachable, ...] = ()) -> list[Answer]:
    held = list(views.values())
    return answers(held, maps.links(held), NETS, {(EXTRANET, "exit")}, unseen)


def inside(**more: object) -> dict[str, DeviceView]:
    views = city()
    return views | {"in-sw": msgspec.structs.replace(views["in-sw"], **more)}


def test_separate_planes_have_no_path_and_the_cover_is_told() -> None:
    """Nothing joins them: no path was found, by all six devices."""
    for one in asked(city()):
        assert ((), 0, "no path was found") == (one.path, one.crossings, one.verdict)
        assert (6, 6, True) == (one.cover.devices, one.cover.answered, one.cover.is_whole)


def test_what_was_not_seen_weakens_the_answer() -> None:
    """A silent device, one read in part: no path was found in what could be seen."""
    views = city()
    views["core"] = msgspec.structs.replace(views["core"], partial=True)
    silent = Unreachable(
        EXTRANET, "r-b", "10.50.255.12", NOON, "no answer within {seconds} s", {"seconds": "4"}
    )
    one = asked(views, (silent,))[0]

    assert "no path was found in what could be seen" == one.verdict
    assert (6, 4, ("core",)) == (one.cover.devices, one.cover.answered, one.cover.partial)


def test_a_cable_between_the_planes_leads_to_the_internet() -> None:
    """The path goes over the cable, the router, the core and the registered exit; every step says what tells of it."""
    views = city()
    inner, outer = cabled((views["in-sw"], "ge2"), (views["sw-a"], "ge3"))
    between, internet = asked(views | {"in-sw": inner, "sw-a": outer})

    assert [("in-sw", "sw-a", "LLDP")] == [(step.a, step.b, step.source) for step in between.path]
    assert ["sw-a", "r-a", "core", "exit"] == [step.b for step in internet.path]
    assert "there is a path" == internet.verdict


@pytest.mark.parametrize(
    ("rows", "by"),
    [
        ({"fdb": (FdbEntry("02:aa:00:00:00:11", 1, 1, "ge1"),)}, "terminal"),
        ({"arp": (ArpEntry(1, "ge1", "10.50.11.99", TERMINAL, "reachable"),)}, "address"),
        ({"routes": (Route("10.50.0.0", 16, "10.60.0.9", 1, "ge1", "netmgmt", "remote"),)}, "route"),
    ],
)
def test_what_else_joins_them(rows: dict[str, object], by: str) -> None:
    """A terminal with a foot in each, an address of the other plane, a route to it."""
    one = asked(inside(**rows))[0]

    assert (by, 1) == (one.path[0].by, one.crossings)


def test_a_terminal_that_has_left_joins_nothing() -> None:
    """A stale ARP row tells of a past."""
    views = inside(arp=(ArpEntry(1, "ge1", "10.60.0.77", "02:aa:00:00:00:11", "stale"),))

    assert [0, 0] == [one.crossings for one in asked(views)]


def test_one_box_in_both_planes() -> None:
    """A device that both planes manage has the same MACs in both."""
    views = city()
    twin = device("sw-a", "10.60.0.9", {"ge1": ""}, INTRANET)
    one = asked(views | {"twin": twin})[0]

    assert ("same device", "sw-a", "sw-a") == (one.path[0].by, one.path[0].a, one.path[0].b)


def test_a_virtual_routers_mac_joins_nothing() -> None:
    """VRRP gives both planes the same MAC."""
    vrrp = "00:00:5e:00:01:01"
    views = inside(fdb=(FdbEntry(vrrp, 1, 1, "ge1"),))
    views["sw-a"] = msgspec.structs.replace(views["sw-a"], fdb=(FdbEntry(vrrp, 1, 1, "ge1"),))

    assert [0, 0] == [one.crossings for one in asked(views)]


def test_a_default_route_out_of_the_intranet_is_a_way_to_the_internet() -> None:
    """Its next hop lies in no prefix of the intranet."""
    views = city()
    gone = device(
        "in-r",
        "10.60.0.3",
        {"lan": "10.60.0.3/24", "wan": "203.0.113.9/30"},
        INTRANET,
        routes=(Route("0.0.0.0", 0, "203.0.113.10", 2, "wan", "netmgmt", "remote"),),
    )
    between, internet = asked(views | {"in-r": gone})

    assert (0, ["internet"]) == (between.crossings, [step.b for step in internet.path])
