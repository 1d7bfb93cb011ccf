"""The rules of the topology room, each on the small city with one thing wrong."""

from __future__ import annotations

import msgspec
import pytest

from netops.core.finding import Conclusion
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.topology.device import (
    Adjacency,
    ArpEntry,
    DeviceView,
    FdbEntry,
    InterfaceAddress,
    Neighbor,
    RegisteredDevice,
    Role,
    Route,
)
from netops.topology.expected import Picture
from netops.topology.link import RegisteredLink
from netops.topology.rules import RULES, conclude
from tests.topology.city import EXTRANET, INTRANET, NOON, PAPER, cabled, city, device, picture


def told(one: Picture) -> list[tuple[str, dict[str, object]]]:
    return [(conclusion.code, conclusion.subject) for conclusion in conclude(one)]


def with_address(view: DeviceView, port: str, address: str, prefixlen: int) -> DeviceView:
    number = next(one.if_index for one in view.interfaces if one.name == port)
    return msgspec.structs.replace(
        view, addresses=(*view.addresses, InterfaceAddress(number, port, address, prefixlen))
    )


def only(one: Picture) -> Conclusion:
    found = list(conclude(one))
    assert 1 == len(found), found
    return found[0]


@pytest.mark.parametrize("plane", Plane)
def test_a_city_in_order_gives_no_conclusion(plane: Plane) -> None:
    """Nothing is wrong: nothing is said, in either plane."""
    assert [] == told(picture(city(), plane))


def test_a_link_between_two_departments_is_a_bypass() -> None:
    """TP-101 names both ends with their addresses, and the first department answers for it."""
    views = city()
    a, b = cabled(
        (with_address(views["r-a"], "ge9", "172.31.7.1", 30), "ge9"),
        (with_address(views["r-b"], "ge9", "172.31.7.2", 30), "ge9"),
    )
    one = only(picture(views | {"r-a": a, "r-b": b}))

    assert ("TP-101", "fin") == (one.code, one.organization)
    assert {
        "a": {"device": "r-a", "interface": "ge9", "ip": "172.31.7.1"},
        "b": {"device": "r-b", "interface": "ge9", "ip": "172.31.7.2"},
    } == one.subject


def test_a_bypass_told_by_one_end_is_the_same_finding() -> None:
    """LLDP reaches one end first: the finding is the same when the second end tells of it too."""
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["r-b"], "ge9"))

    assert only(picture(views | {"r-a": a})).key == only(picture(views | {"r-a": a, "r-b": b})).key


def test_a_registered_link_between_departments_is_in_order() -> None:
    """What was approved and registered is no bypass."""
    views = city()
    a, b = cabled(
        (with_address(views["r-a"], "ge9", "10.50.254.17", 30), "ge9"),
        (with_address(views["r-b"], "ge9", "10.50.254.18", 30), "ge9"),
    )
    paper = msgspec.structs.replace(
        PAPER, links=(*PAPER.links, RegisteredLink("r-a", "r-b", net="10.50.254.16/30"))
    )

    assert [] == told(picture(views | {"r-a": a, "r-b": b}, expected=paper))


def test_an_unregistered_link_within_a_department_is_undeclared() -> None:
    """TP-003, not TP-101: nobody's border is crossed."""
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["sw-a"], "ge3"))

    assert "TP-003" == only(picture(views | {"r-a": a, "sw-a": b})).code


def test_a_link_between_planes_is_told_once_in_the_intranet() -> None:
    """TP-102 is written down in the intranet only, and is neither bypass nor undeclared there."""
    views = city()
    a, b = cabled((views["sw-a"], "ge3"), (views["in-sw"], "ge2"))
    views |= {"sw-a": a, "in-sw": b}

    assert [] == told(picture(views, EXTRANET))
    assert [
        (
            "TP-102",
            {"a": {"device": "sw-a", "interface": "ge3"}, "b": {"device": "in-sw", "interface": "ge2"}},
        )
    ] == told(picture(views, INTRANET))
    assert "off" == only(picture(views, INTRANET)).organization


def test_an_uplink_that_nobody_filed_is_a_rogue_exit() -> None:
    """TP-103 names the interface and its own address; its default route and its public address are one finding."""
    views = city()
    r_a = with_address(views["r-a"], "ge9", "198.51.100.18", 30)
    r_a = msgspec.structs.replace(
        r_a, routes=(*r_a.routes, Route("0.0.0.0", 0, "198.51.100.17", 3, "ge9", "netmgmt", "remote"))
    )
    one = only(picture(views | {"r-a": r_a}))

    assert ("TP-103", {"device": "r-a", "interface": "ge9", "ip": "198.51.100.18"}) == (one.code, one.subject)
    assert "0.0.0.0/0 → 198.51.100.17, 198.51.100.18" == one.facts["reasons"]


def test_a_router_behind_carrier_nat_is_a_rogue_exit_too() -> None:
    """A 4G router's outside address is private: the default route alone tells."""
    views = city()
    r_a = with_address(views["r-a"], "ge9", "100.64.9.2", 30)
    r_a = msgspec.structs.replace(
        r_a, routes=(*r_a.routes, Route("0.0.0.0", 0, "100.64.9.1", 3, "ge9", "netmgmt", "remote"))
    )

    assert "TP-103" == only(picture(views | {"r-a": r_a})).code


def test_a_way_out_of_the_intranet_is_critical() -> None:
    """TP-104: in the intranet every way out is wrong."""
    views = city()
    in_sw = with_address(views["in-sw"], "ge2", "203.0.113.9", 30)
    one = only(picture(views | {"in-sw": in_sw}, INTRANET))

    assert ("TP-104", "intranet_exit", "critical") == (
        one.code,
        RULES[one.code].kind,
        RULES[one.code].severity,
    )


def test_a_registered_link_that_nobody_sees_is_missing() -> None:
    """TP-002 when both ends answered and speak; nothing when one of them was silent."""
    views = city()
    views["core"] = msgspec.structs.replace(
        views["core"], neighbors=tuple(one for one in views["core"].neighbors if one.remote_name != "r-b")
    )
    views["r-b"] = msgspec.structs.replace(views["r-b"], neighbors=())

    assert "TP-002" == only(picture(views)).code
    silent = picture(views, fresh=picture(views).fresh - {(EXTRANET, "r-b")})
    assert [] == told(silent)


def test_a_silent_device_is_missing_and_its_links_are_not() -> None:
    """TP-001 for the device; of its links nothing is concluded from its silence."""
    views = city()
    gone = Unreachable(
        EXTRANET, "r-b", "10.50.255.12", NOON, "no answer within {seconds} s", {"seconds": "2"}
    )
    one = only(picture(views, unseen=(gone,), fresh=picture(views).fresh - {(EXTRANET, "r-b")}))

    assert ("TP-001", {"device": "r-b"}, "edu") == (one.code, one.subject, one.organization)


def test_a_neighbour_that_nobody_registered_is_told() -> None:
    """TP-005 for a device; a telephone is none."""
    views = city()
    stranger = Neighbor(
        "lldp",
        3,
        "ge3",
        "",
        "02:de:ad:00:00:01",
        "02:de:ad:00:00:01",
        "mac",
        "",
        "",
        "02:de:ad:00:00:01",
        "",
        ("bridge",),
    )
    phone = msgspec.structs.replace(
        stranger, remote_chassis="02:de:ad:00:00:02", remote_capabilities=("telephone",)
    )
    views["sw-a"] = msgspec.structs.replace(
        views["sw-a"], neighbors=(*views["sw-a"].neighbors, stranger, phone)
    )
    one = only(picture(views))

    assert ("TP-005", {"device": "sw-a", "interface": "ge3", "mac": "02:de:ad:00:00:01"}) == (
        one.code,
        one.subject,
    )


def test_every_rule_explains_itself() -> None:
    """Each has What, Why and Mend, stands under its own code, and fills its texts from its facts."""
    for code, rule in RULES.items():
        assert code == rule.code
        assert all(part in rule.explanation for part in ("What:", "Why:", "Mend:"))


def silently_joined(prefix: str = "172.31.7.{}", length: int = 30) -> dict[str, DeviceView]:
    """Two departments' routers joined at ge9 without LLDP: both hold addresses of a prefix, ARP and a route confirm."""
    views = city()
    a = with_address(views["r-a"], "ge9", prefix.format(1), length)
    b = with_address(views["r-b"], "ge9", prefix.format(2), length)
    port = next(one for one in b.interfaces if one.name == "ge9")
    heard = ArpEntry(3, "ge9", prefix.format(2), port.mac, "reachable")
    route = Route("10.50.12.0", 24, prefix.format(2), 3, "ge9", "netmgmt", "remote")
    a = msgspec.structs.replace(a, arp=(*a.arp, heard), routes=(*a.routes, route))
    return views | {"r-a": a, "r-b": b}


def test_a_bypass_that_nothing_speaks_about_is_found_by_its_prefix() -> None:
    """TP-101 without LLDP: an unregistered prefix on devices of two organizations, confirmed by ARP."""
    one = only(picture(silently_joined()))

    assert ("TP-101", "fin", "IP") == (one.code, one.organization, one.facts["protocols"])
    assert {
        "a": {"device": "r-a", "interface": "ge9", "ip": "172.31.7.1"},
        "b": {"device": "r-b", "interface": "ge9", "ip": "172.31.7.2"},
    } == one.subject


def test_a_registered_prefix_is_no_bypass() -> None:
    """The register has the link's prefix: nothing is said."""
    paper = msgspec.structs.replace(
        PAPER, links=(*PAPER.links, RegisteredLink("r-a", "r-b", net="172.31.7.0/30"))
    )

    assert [] == told(picture(silently_joined(), expected=paper))


def test_a_prefix_used_twice_is_no_bypass() -> None:
    """Private prefixes are used in many places: without ARP or a route that confirms, nothing is said."""
    views = city()
    a = with_address(views["r-a"], "ge9", "192.168.1.1", 30)
    b = with_address(views["r-b"], "ge9", "192.168.1.2", 30)

    assert [] == told(picture(views | {"r-a": a, "r-b": b}))


def test_a_routing_neighbour_past_the_platform_is_a_bypass() -> None:
    """A routing adjacency between departments is a backbone of their own, whatever carries it."""
    views = city()
    a = with_address(views["r-a"], "ge9", "172.31.7.1", 29)
    b = with_address(views["r-b"], "ge9", "172.31.7.2", 29)
    row = Adjacency("ospf", 3, "ge9", "10.255.0.2", "172.31.7.2", "", "full")
    one = only(picture(views | {"r-a": msgspec.structs.replace(a, adjacencies=(row,)), "r-b": b}))

    assert ("TP-101", "OSPF") == (one.code, one.facts["protocols"])


def test_bridges_that_only_tables_join_are_no_bypass() -> None:
    """Between two departments' switches there may be one of the platform that nobody walks."""
    views = city()
    sw_b = device("sw-b", "10.50.12.2", {"ge1": "", "ge2": ""})
    sw_a = msgspec.structs.replace(
        views["sw-a"], fdb=(*views["sw-a"].fdb, FdbEntry(sw_b.chassis, 1, 3, "ge3"))
    )
    sw_b = msgspec.structs.replace(sw_b, fdb=(FdbEntry(sw_a.chassis, 1, 1, "ge1"),))
    paper = msgspec.structs.replace(
        PAPER, devices=(*PAPER.devices, RegisteredDevice("sw-b", "10.50.12.2", Role.SWITCH, "edu", "v3"))
    )

    assert ["TP-003"] == [
        code for code, _ in told(picture(views | {"sw-a": sw_a, "sw-b": sw_b}, expected=paper))
    ]
