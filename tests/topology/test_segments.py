"""Shared segments: several on one wire, boxes between and behind, and what only looks like one."""

from __future__ import annotations

import msgspec

from netops.topology import map as maps
from netops.topology.device import Adjacency, Interface
from netops.topology.sightings import Places
from tests.topology.city import EXTRANET, cabled, device
from tests.topology.test_bridges import bridge, host, own


def test_three_bridges_on_one_wire_are_a_segment_with_what_hangs_on_it() -> None:
    """A hub with two terminals between three switches: they are named there, and nowhere else."""
    left, right, far = ([host(n) for n in range(start, start + 6)] for start in (0, 10, 20))
    hub = [host(100), host(101)]
    a = bridge("a", {1: left, 9: [own("b"), own("c"), *right, *far, *hub]})
    b = bridge("b", {1: right, 9: [own("a"), own("c"), *left, *far, *hub]})
    c = bridge("c", {1: far, 9: [own("a"), own("b"), *left, *right, *hub]})
    wired = maps.wiring([a, b, c])
    (segment,) = (one for one in wired.segments if one.kind == "shared")

    assert [("a", "p9"), ("b", "p9"), ("c", "p9")] == [(end.device, end.interface) for end in segment.members]
    assert (2, tuple(sorted(hub))) == (segment.terminals, segment.macs)
    assert {segment.id} == {link.segment for link in wired.links}
    assert ("", "", 0) == Places([a, b, c]).of(hub[0])


def test_terminals_between_two_bridges_give_a_box_away() -> None:
    """Both have them on the port that faces the other; one alone may be a row that has not aged yet."""
    left, right = [host(n) for n in range(6)], [host(n) for n in range(10, 16)]

    def between(*macs: str) -> list[str]:
        a = bridge("a", {1: left, 9: [own("b"), *right, *macs]})
        b = bridge("b", {1: right, 9: [own("a"), *left, *macs]})
        return [one.kind for one in maps.wiring([a, b]).segments if one.kind == "between"]

    assert ["between"] == between(host(100), host(101))
    assert [] == between(host(100))


def test_several_terminals_on_one_access_port_are_a_box_behind_it() -> None:
    """A telephone and its computer are two; three are more than that."""
    a = bridge("a", {1: [host(1), host(2)], 2: [host(3), host(4), host(5)]})

    assert [("behind", "p2", 3)] == [
        (one.kind, one.members[0].interface, one.terminals) for one in maps.wiring([a]).segments
    ]


def test_the_cables_of_an_aggregate_share_no_wire() -> None:
    """One port channel over two switches: three devices in one port, and no segment."""
    core = device("core", "192.0.2.1", {"po1": "", "ge1": "", "ge2": ""})
    ports = [
        Interface(1, "po1", "po1", type=161),
        *(msgspec.structs.replace(one, lag=1) for one in core.interfaces[1:]),
    ]
    core = msgspec.structs.replace(core, interfaces=tuple(ports))
    a, b = device("a", "192.0.2.2", {"ge1": ""}), device("b", "192.0.2.3", {"ge1": ""})
    core, a = cabled((core, "po1"), (a, "ge1"))
    core, b = cabled((core, "po1"), (b, "ge1"))
    wired = maps.wiring([core, a, b])

    assert (2, ()) == (len(wired.links), wired.segments)


def test_a_broadcast_network_of_routers_is_one_segment() -> None:
    """Three OSPF routers in one prefix: three adjacencies, one segment at layer 3."""
    routers = [device(f"r{n}", f"192.0.2.{n}", {"ge1": f"192.0.2.{n}/24"}) for n in (1, 2, 3)]
    views = [
        msgspec.structs.replace(
            view,
            adjacencies=tuple(
                Adjacency("ospf", 1, "ge1", other.address, other.address, "", "full")
                for other in routers
                if other is not view
            ),
        )
        for view in routers
    ]
    wired = maps.wiring(views)

    assert [("shared", 3, 3)] == [(one.kind, one.layer, len(one.members)) for one in wired.segments]
    assert {EXTRANET} == {one.plane for one in wired.segments}
