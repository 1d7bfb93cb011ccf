"""Routing links without addresses of their own: by router id, and the adjacency that leads back."""

from __future__ import annotations

import msgspec

from netops.core.walk import Column, DeviceWalk
from netops.topology import map as maps
from netops.topology.device import Adjacency, DeviceView, System
from netops.topology.reading import view
from tests.topology.city import EXTRANET, NOON, cabled, device


def router(name: str, number: int, *neighbors: tuple[int, int]) -> DeviceView:
    """A router with ports ge1 to ge3 and OSPF on some of them: (ifIndex, number of the neighbour)."""
    bare = device(name, f"192.0.2.{number}", {"ge1": "", "ge2": "", "ge3": "", "lo0": f"192.0.2.{number}/32"})
    rows = tuple(
        Adjacency("ospf", port, f"ge{port}", f"192.0.2.{other}", f"192.0.2.{other}", "", "full")
        for port, other in neighbors
    )
    system = System(name=name, router_id=f"192.0.2.{number}")
    return msgspec.structs.replace(bare, adjacencies=rows, system=system)


def told(views: list[DeviceView]) -> list[tuple[str, str, str, str]]:
    return [
        (link.a.device, link.a.interface, link.b.device, link.b.interface)
        for link in maps.links(views)
        if link.layer == 3
    ]


def test_the_far_port_is_the_one_that_leads_back() -> None:
    """Three routers in a row without a single transfer prefix (OSPF-MIB ospfNbrAddressLessIndex)."""
    a, b, c = router("a", 1, (2, 2)), router("b", 2, (1, 1), (3, 3)), router("c", 3, (1, 2))

    assert [("a", "ge2", "b", "ge1"), ("b", "ge3", "c", "ge1")] == told([a, b, c])


def test_of_two_parallel_ones_the_cables_tell_which_is_which() -> None:
    """And without cables nothing is guessed."""
    a, b = router("a", 1, (1, 2), (2, 2)), router("b", 2, (2, 1), (3, 1))
    assert [] == told([a, b])
    a, b = cabled((a, "ge1"), (b, "ge3"))
    a, b = cabled((a, "ge2"), (b, "ge2"))

    assert [("a", "ge1", "b", "ge3"), ("a", "ge2", "b", "ge2")] == told([a, b])


def test_the_neighbour_table_names_the_interface() -> None:
    """Its index has the ifIndex of an addressless interface, and 0 for others."""
    columns: dict[str, Column] = {
        "ifName": {(7,): b"Tunnel0"},
        "ospfNbrRtrId": {(192, 0, 2, 9, 7): "192.0.2.9"},
        "ospfNbrState": {(192, 0, 2, 9, 7): 8},
        "ospfRouterId": {(0,): "192.0.2.1"},
    }
    seen = view(DeviceWalk(EXTRANET, "", "192.0.2.1", NOON, 0.1, columns))

    assert [("Tunnel0", "192.0.2.9", "full")] == [
        (one.interface, one.remote_id, one.state) for one in seen.adjacencies
    ]
    assert "192.0.2.1" == seen.system.router_id
