"""Links out of forwarding tables: trees, shared segments, what the tables cannot say."""

from __future__ import annotations

import random

import msgspec

from netops.core.plane import Plane
from netops.topology import bridges
from netops.topology import map as maps
from netops.topology.device import DeviceView, FdbEntry, Interface, System
from netops.topology.sightings import Places
from tests.topology.city import EXTRANET, INTRANET, NOON, cabled


def host(number: int) -> str:
    return f"0a:00:00:00:{number // 256:02x}:{number % 256:02x}"


def own(name: str) -> str:
    return f"02:00:00:00:00:{ord(name):02x}"


def bridge(name: str, ports: dict[int, list[str]], plane: Plane = EXTRANET) -> DeviceView:
    """A bridge with interfaces 1 to 9 and the MACs that it has learned on them."""
    interfaces = tuple(Interface(number, f"p{number}", type=6) for number in range(1, 10))
    rows = tuple(FdbEntry(mac, 1, port, f"p{port}") for port, macs in ports.items() for mac in macs)
    system = System(name=name, bridge=own(name))
    return DeviceView(
        plane, name, f"192.0.2.{ord(name)}", NOON, system=system, interfaces=interfaces, fdb=rows
    )


def told(views: list[DeviceView]) -> list[tuple[str, str, str, str]]:
    return [(link.a.device, link.a.interface, link.b.device, link.b.interface) for link in maps.links(views)]


def test_three_bridges_in_a_row_by_their_own_macs() -> None:
    """The outer two see each other, but through the middle: two links, not three."""
    a = bridge("a", {9: [own("b"), own("c")]})
    b = bridge("b", {1: [own("a")], 2: [own("c")]})
    c = bridge("c", {7: [own("b"), own("a")]})

    assert [("a", "p9", "b", "p1"), ("b", "p2", "c", "p7")] == told([a, b, c])


def test_three_bridges_on_one_segment_are_joined_to_the_middle_one() -> None:
    """Each sees both others by one port: a shared segment, drawn from the bridge behind which most hosts hang."""
    hosts = [host(number) for number in range(20)]
    a = bridge("a", {1: [own("b"), own("c")], 2: hosts[:1]})
    b = bridge("b", {5: [own("a"), own("c")], 6: hosts})
    c = bridge("c", {3: [own("a"), own("b")]})

    assert [("a", "p1", "b", "p5"), ("b", "p5", "c", "p3")] == told([a, b, c])


def test_hosts_alone_are_enough() -> None:
    """No table holds a bridge's own MAC: the hosts that both know say which ports face each other."""
    left, right = [host(number) for number in range(8)], [host(number) for number in range(100, 108)]
    a = bridge("a", {1: left[:4], 2: left[4:], 3: right})
    b = bridge("b", {4: left, 5: right[:4], 6: right[4:]})
    (link,) = maps.links([a, b])

    assert [("a", "p3", "b", "p4")] == told([a, b])
    assert (("bridge",), 0.7, 2) == (link.protocols, link.confidence, link.layer)


def test_rows_that_contradict_lower_the_confidence_and_too_many_end_it() -> None:
    """A host that both see elsewhere cannot be in two places."""
    left, right = [host(number) for number in range(8)], [host(number) for number in range(100, 108)]
    odd = [host(200), host(201)]
    a = bridge("a", {1: [*left[:4], *odd], 2: left[4:], 3: right})
    b = bridge("b", {4: left, 5: [*right[:4], *odd], 6: right[4:]})

    assert [0.62] == [link.confidence for link in maps.links([a, b])]

    wild = random.Random(7)
    many = [host(number) for number in range(200)]
    shuffled = [bridge(name, {port: wild.sample(many, 40) for port in range(1, 9)}) for name in ("a", "b")]
    assert [] == maps.links(shuffled)


def test_two_ways_that_fit_alike_are_not_decided() -> None:
    """Each has one group here and one there: which port faces the other, nothing says."""
    left, right = [host(number) for number in range(8)], [host(number) for number in range(100, 108)]

    assert [] == maps.links([bridge("a", {1: left, 3: right}), bridge("b", {4: left, 5: right})])


def test_nothing_in_common_is_no_link() -> None:
    """Two bridges of two networks; a virtual router's MAC, which every site has, is nothing in common."""
    virtual = [f"00:00:5e:00:01:{number:02x}" for number in range(9)]
    a = bridge("a", {1: [host(1), *virtual]})
    b = bridge("b", {2: [host(2), *virtual]})

    assert [] == maps.links([a, b])


def test_a_mac_that_two_devices_claim_is_nobodys() -> None:
    """Cloned bridge MACs point nowhere."""
    a, b = bridge("a", {1: [own("b")]}), bridge("b", {2: [own("a")]})
    twin = msgspec.structs.replace(bridge("c", {}), system=System(name="c", bridge=own("b")))

    assert [("a", "p1", "b", "p2")] == told([a, b])
    assert [] == maps.links([a, bridge("b", {}), twin])


def test_what_a_protocol_tells_is_not_inferred_again() -> None:
    """LLDP between two bridges: one link, told."""
    a, b = bridge("a", {1: [own("b")]}), bridge("b", {2: [own("a")]})
    a, b = cabled((a, "p1"), (b, "p2"))

    assert [("lldp",)] == [link.protocols for link in maps.links([a, b])]


def test_a_walked_device_that_bridges_nothing_hangs_on_a_port() -> None:
    """A router whose MAC one access port has learned; its sub-interfaces share the port's MAC."""
    router = DeviceView(
        EXTRANET,
        "r",
        "192.0.2.9",
        NOON,
        interfaces=tuple(
            Interface(number, name, type=6, mac="02:00:00:00:09:01")
            for number, name in enumerate(("ge0", "ge0.10", "ge0.20"), 1)
        ),
    )
    a = bridge("a", {1: ["02:00:00:00:09:01"], 9: [own("b")]})
    b = bridge("b", {2: ["02:00:00:00:09:01", own("a")]})

    assert [("a", "p1", "r", "ge0"), ("a", "p9", "b", "p2")] == told([a, b, router])


def test_a_bridge_of_the_other_plane_is_seen_by_its_own_mac() -> None:
    """What must not be is found too."""
    a, b = bridge("a", {1: [own("b")]}), bridge("b", {2: [own("a")]}, INTRANET)

    assert [True] == [link.crosses_planes for link in maps.links([a, b])]


def test_a_walk_without_interfaces_owns_the_block_above_its_bridge_mac() -> None:
    """Partial walks of Catalyst switches hold no ifPhysAddress; their ports' MACs follow the bridge's."""
    a = bridge("a", {1: ["02:00:00:00:01:0a", "02:00:00:00:01:0b"]})
    b = msgspec.structs.replace(
        bridge("b", {2: [own("a")]}), system=System(name="b", bridge="02:00:00:00:01:00")
    )

    assert [("a", "p1", "b", "p2")] == told([a, b])


def test_a_mac_on_uplinks_only_is_not_located() -> None:
    """Both bridges have it on the ports that face each other: it is somewhere between, and nobody guesses."""
    between, here = host(50), host(51)
    a = bridge("a", {1: [own("b"), between], 2: [here]})
    b = bridge("b", {2: [own("a"), between, here]})
    places = Places([a, b])

    assert ("", "", 0) == places.of(between)
    assert ("a", "p2", 1) == places.of(here)


def test_two_thousand_bridges_take_seconds() -> None:
    """Only rows are looked at, never pairs of bridges: 400 bridges in a tree are found exactly."""
    size = 400
    parent = [0, *((number - 1) // 7 for number in range(1, size))]
    mac = [f"02:10:00:00:{number // 256:02x}:{number % 256:02x}" for number in range(size)]
    rows: list[dict[int, list[str]]] = [{} for _ in range(size)]
    for number in range(1, size):
        child, above = number, parent[number]
        while True:
            rows[above].setdefault(2 + (child - 1) % 7, []).append(mac[number])
            rows[number].setdefault(1, []).append(mac[above])
            if above == 0:
                break
            child, above = above, parent[above]
    views = [
        msgspec.structs.replace(
            bridge("x", rows[number]), name=f"b{number:03}", system=System(bridge=mac[number])
        )
        for number in range(size)
    ]
    found = {
        frozenset((link.a.device, link.b.device))
        for link in bridges.links(views, (), bridges.Segments(views))
    }

    assert {frozenset((f"b{number:03}", f"b{parent[number]:03}")) for number in range(1, size)} == found
