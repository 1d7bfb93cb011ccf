"""Links at layer 3: routing neighbours, and shared prefixes where nothing speaks."""

from __future__ import annotations

import msgspec

from netops.topology import map as maps
from netops.topology.device import Adjacency, ArpEntry, DeviceView, Route, System
from netops.topology.link import Link
from tests.topology.city import cabled, device, mac


def with_rows(view: DeviceView, **more: object) -> DeviceView:
    return msgspec.structs.replace(view, **more)


def pair(a_address: str = "172.31.7.1/30", b_address: str = "172.31.7.2/30") -> tuple[DeviceView, DeviceView]:
    return device("a", "192.0.2.1", {"ge1": a_address}), device("b", "192.0.2.2", {"ge1": b_address})


def told(*views: DeviceView) -> list[tuple[tuple[str, ...], int, float]]:
    return [(link.protocols, link.layer, link.confidence) for link in maps.links(views)]


def only(*views: DeviceView) -> Link:
    (link,) = maps.links(views)
    return link


def ospf(address: str, state: str = "full") -> tuple[Adjacency, ...]:
    return (Adjacency("ospf", 1, "ge1", "10.255.0.1", address, "", state),)


def test_an_ospf_neighbour_is_a_link_between_the_interfaces_of_the_prefix() -> None:
    """Told by both: confidence 1; by one: 0.8."""
    a, b = pair()
    both = (with_rows(a, adjacencies=ospf("172.31.7.2")), with_rows(b, adjacencies=ospf("172.31.7.1")))

    assert [(("ospf",), 3, 1.0)] == told(*both)
    assert [(("ospf",), 3, 0.8)] == told(both[0], b)
    assert [("a", 1, "172.31.7.1"), ("b", 1, "172.31.7.2")] == [
        (end.device, end.if_index, end.address) for end in only(*both).ends
    ]


def test_a_neighbour_that_is_down_is_no_link_of_its_protocol() -> None:
    """What the prefix alone says remains, with less confidence."""
    a, b = pair()

    assert [(("route",), 3, 0.5)] == told(with_rows(a, adjacencies=ospf("172.31.7.2", "down")), b)


def test_an_isis_neighbour_without_address_is_found_by_system_id_and_mac() -> None:
    """Two parallel adjacencies: each side's SNPA says which is which."""
    a = device("a", "192.0.2.1", {"ge1": "", "ge2": ""}, system=System(name="a", isis="000000000001"))
    b = device("b", "192.0.2.2", {"ge1": "", "ge2": ""}, system=System(name="b", isis="000000000002"))

    def rows(other: str, system: str, ports: tuple[int, int]) -> tuple[Adjacency, ...]:
        return tuple(
            Adjacency("isis", number, f"ge{number}", system, "", mac(other, port), "up")
            for number, port in zip((1, 2), ports, strict=True)
        )

    a = with_rows(a, adjacencies=rows("b", "000000000002", (2, 1)))
    b = with_rows(b, adjacencies=rows("a", "000000000001", (2, 1)))

    assert [("ge1", "ge2"), ("ge2", "ge1")] == [
        (link.a.interface, link.b.interface) for link in maps.links([a, b])
    ]


def test_a_bgp_peer_that_is_not_on_the_wire_is_no_link() -> None:
    """Multihop peers say nothing of cables; one on the wire does."""
    a, b = pair("172.31.7.1/30", "172.31.8.2/30")
    far = (Adjacency("bgp", 1, "ge1", "65001", "172.31.8.2", "", "established"),)
    near = (Adjacency("bgp", 1, "ge1", "65001", "172.31.7.2", "", "established"),)

    assert [] == told(with_rows(a, adjacencies=far), b)
    assert [(("bgp",), 3, 0.8)] == told(with_rows(a, adjacencies=near), pair()[1])


def test_a_prefix_of_two_that_arp_confirms_is_a_link() -> None:
    """Nothing speaks; ARP of one end has the other's own MAC."""
    a, b = pair()
    heard = with_rows(a, arp=(ArpEntry(1, "ge1", "172.31.7.2", mac("b", 1), "stale"),))

    assert [(("route",), 3, 0.7)] == told(heard, b)

    alive = with_rows(a, arp=(ArpEntry(1, "ge1", "172.31.7.2", mac("b", 1), "reachable"),))

    assert [(("route",), 3, 0.8)] == told(alive, b)


def test_somebody_elses_mac_in_arp_ends_it() -> None:
    """The address is used twice: the neighbour is another device."""
    a, b = pair()

    assert [] == told(with_rows(a, arp=(ArpEntry(1, "ge1", "172.31.7.2", "0a:00:00:00:00:99"),)), b)


def test_one_address_on_two_devices_tells_nothing() -> None:
    """A private address that is used in two places is no link."""
    a, b = pair("192.168.1.1/24", "192.168.1.1/24")
    route = (Route("0.0.0.0", 0, "192.168.1.1", 1, "ge1"),)

    assert [] == told(with_rows(a, routes=route), with_rows(b, routes=route))


def test_a_wide_prefix_needs_a_route_or_arp() -> None:
    """Two devices of a LAN are not neighbours yet; a next hop makes them so."""
    a, b = pair("192.168.7.1/24", "192.168.7.2/24")

    assert [] == told(a, b)
    assert [(("route",), 3, 0.6)] == told(with_rows(a, routes=(Route("10.0.0.0", 8, "192.168.7.2", 1),)), b)


def test_a_link_that_is_told_is_not_inferred_again() -> None:
    """LLDP on the interfaces of the prefix, or on the port below a logical one."""
    a, b = cabled(*((view, "ge1") for view in pair()))

    assert [("lldp",)] == [link.protocols for link in maps.links([a, b])]


def test_a_lan_of_devices_that_cables_join_is_no_further_link() -> None:
    """A switch's own address and its gateway: the default route is no second link."""
    a = device("a", "192.0.2.1", {"ge1": "", "vlan1": "192.168.7.1/24"})
    b = device("b", "192.0.2.2", {"ge1": "", "vlan1": "192.168.7.2/24"})
    a, b = cabled((a, "ge1"), (b, "ge1"))

    assert [2] == [
        link.layer for link in maps.links([with_rows(a, routes=(Route("0.0.0.0", 0, "192.168.7.2", 2),)), b])
    ]
