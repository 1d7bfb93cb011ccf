"""Links out of neighbour rows: merged, one-sided, never by a shared address."""

from __future__ import annotations

import msgspec

from netops.topology import map as maps
from netops.topology import path
from netops.topology.device import DeviceView, Neighbor, StpPort, System
from tests.topology.city import REGISTERED, cabled, city, device


def test_two_ends_make_one_link() -> None:
    """Each cable is one two-sided link with both interfaces and addresses."""
    found = maps.links(list(city().values()), REGISTERED)

    assert 4 == len(found)
    assert all(link.two_sided and link.confidence == 1.0 for link in found)
    first = found[0]
    assert [("core", "to-exit", "10.50.254.1", 1), ("exit", "to-core", "10.50.254.2", 2)] == [
        (end.device, end.interface, end.address, end.if_index) for end in first.ends
    ]


def test_parallel_cables_are_two_links() -> None:
    """Two cables between the same devices stay two."""
    a, b = device("a", "192.0.2.1", {"1": "", "2": ""}), device("b", "192.0.2.2", {"1": "", "2": ""})
    a, b = cabled((a, "1"), (b, "2"))
    a, b = cabled((a, "2"), (b, "1"))

    assert [("1", "2"), ("2", "1")] == [(link.a.interface, link.b.interface) for link in maps.links([a, b])]


def test_what_one_end_tells_is_a_one_sided_link() -> None:
    """A neighbour that tells nothing back is still linked, with less confidence."""
    a, b = device("a", "192.0.2.1", {"1": ""}), device("b", "192.0.2.2", {"1": ""})
    told, _silent = cabled((a, "1"), (b, "1"))
    link = maps.links([told, b])[0]

    assert (False, 0.8, "1", "1") == (link.two_sided, link.confidence, link.a.interface, link.b.interface)


def test_a_registered_device_that_nobody_walks_is_linked_by_name() -> None:
    """The way up is registered and not walked: the row's own words name its port."""
    core = device("core-9", "192.0.2.1", {"up": ""})
    row = Neighbor("lldp", 1, "up", "exit", "x", "eth7", "name", "uplink")
    link = maps.links([msgspec.structs.replace(core, neighbors=(row,))], REGISTERED)[0]

    assert (("core-9", "up"), ("exit", "eth7")) == tuple((end.device, end.interface) for end in link.ends)


def test_a_shared_address_draws_no_link() -> None:
    """A stranger with a name of its own that uses a known address is not that device."""
    a, b = device("a", "192.0.2.1", {"1": "10.0.0.1/24"}), device("b", "192.0.2.2", {"1": "10.0.0.2/24"})
    row = Neighbor(
        "cdp", 1, "1", "stranger", remote_port="Fa0/1", remote_port_kind="name", remote_address="10.0.0.2"
    )

    assert [] == maps.links([msgspec.structs.replace(a, neighbors=(row,)), b])


def test_rows_that_do_not_name_the_port_meet_each_other() -> None:
    """Both ends tell of each other with port ids that nobody understands: one link, each port from its own side."""
    a, b = device("a", "192.0.2.1", {"1": ""}), device("b", "192.0.2.2", {"1": ""})
    a = msgspec.structs.replace(
        a, neighbors=(Neighbor("lldp", 1, "1", "b", b.chassis, "?", "local", remote_mac=b.chassis),)
    )
    b = msgspec.structs.replace(
        b, neighbors=(Neighbor("lldp", 1, "1", "a", a.chassis, "?", "local", remote_mac=a.chassis),)
    )
    found = maps.links([a, b])

    assert 1 == len(found)
    assert found[0].two_sided


def test_the_way_over_links_and_by_routes() -> None:
    """Layer 2 takes the fewest links; layer 3 follows the longest prefixes and says where it ends."""
    views = city()
    over = path.over_links(maps.links(list(views.values())), "sw-a", "exit")
    way = path.by_routes(list(views.values()), views["sw-a"], "198.51.100.80")

    assert [("r-a", "sw-a"), ("core", "r-a"), ("core", "exit")] == [
        (link.a.device, link.b.device) for link in over
    ]
    assert ["sw-a", "r-a", "core", "exit"] == [hop.device for hop in way.hops]
    assert "the next device is not known" == way.end
    assert [] == path.over_links([], "sw-a", "nobody")


def test_a_stranger_with_anothers_name_shares_no_port() -> None:
    """Two devices are called b; a names the one that has the address, and the other's claim is left."""
    a, b = device("a", "192.0.2.1", {"1": ""}), device("b", "192.0.2.2", {"1": "192.0.2.2/24"})
    stranger = msgspec.structs.replace(b, address="198.51.100.2", device="b2", chassis="", addresses=())

    def row(name: str, address: str) -> Neighbor:
        return Neighbor("cdp", 1, "1", name, remote_port="1", remote_port_kind="name", remote_address=address)

    a = msgspec.structs.replace(a, neighbors=(row("b", "192.0.2.2"),))
    b = msgspec.structs.replace(b, chassis="", neighbors=(row("a", ""),))
    stranger = msgspec.structs.replace(stranger, neighbors=(row("a", ""),))

    assert [{"a", "b"}] == [{end.device for end in link.ends} for link in maps.links([a, b, stranger])]


def test_walks_without_interfaces_are_linked_by_port_names() -> None:
    """Partial walks: LLDP tables only; each end is called as the device itself calls its port."""
    a, b = cabled((device("a", "192.0.2.1", {"1": ""}), "1"), (device("b", "192.0.2.2", {"7": ""}), "7"))

    def bare(view: DeviceView, port: str) -> DeviceView:
        rows = tuple(
            msgspec.structs.replace(one, local_if_index=0, local_interface=port) for one in view.neighbors
        )
        ports = tuple(msgspec.structs.replace(one, if_index=0) for one in view.ports)
        return msgspec.structs.replace(view, interfaces=(), neighbors=rows, ports=ports)

    link = maps.links([bare(a, "1"), bare(b, "7")])[0]

    assert (True, ["1", "7"]) == (link.two_sided, [end.interface for end in link.ends])


def test_the_spanning_tree_tells_of_a_designated_port() -> None:
    """BRIDGE-MIB alone: the segment's designated bridge, and its port without the priority."""
    upper = device("a", "192.0.2.1", {"1": "", "2": ""}, system=System(name="a", bridge="02:00:00:00:00:0a"))
    lower = device("b", "192.0.2.2", {"1": ""}, system=System(name="b", bridge="02:00:00:00:00:0b"))
    upper = msgspec.structs.replace(
        upper, stp=(StpPort(34, 2, "2", "forwarding", "02:00:00:00:00:0a", 0x8022),)
    )
    lower = msgspec.structs.replace(
        lower, stp=(StpPort(1, 1, "1", "forwarding", "02:00:00:00:00:0a", 0x8022),)
    )
    (link,) = maps.links([upper, lower])

    assert (("stp",), "2", "1") == (link.protocols, link.a.interface, link.b.interface)
