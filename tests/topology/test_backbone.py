"""A private backbone (Article 9): every kind of thing that joins two departments past the platform, found and not invented."""

from __future__ import annotations

import msgspec
import pytest

from netops.core.finding import Conclusion
from netops.topology.device import Adjacency, DeviceView, Interface, InterfaceAddress, System
from netops.topology.expected import Expected
from netops.topology.link import RegisteredLink
from netops.topology.rules import conclude
from tests.topology.city import PAPER, cabled, city, picture


def with_port(view: DeviceView, name: str, address: str, length: int, kind: int) -> DeviceView:
    """A device with one more interface."""
    number = len(view.interfaces) + 1
    return msgspec.structs.replace(
        view,
        interfaces=(*view.interfaces, Interface(number, name, name, type=kind, admin_up=True, oper_up=True)),
        addresses=(*view.addresses, InterfaceAddress(number, name, address, length)),
    )


def joined(name: str, kind: int, length: int = 30) -> dict[str, DeviceView]:
    """r-a and r-b with one interface more each, in one prefix of their own."""
    views = city()
    views["r-a"] = with_port(views["r-a"], name, "172.31.8.1", length, kind)
    views["r-b"] = with_port(views["r-b"], name, "172.31.8.2", length, kind)
    return views


def adjacent(one: Adjacency, other: Adjacency | None = None, length: int = 29) -> dict[str, DeviceView]:
    """The two, with routing neighbours."""
    views = joined("ge8", 6, length)
    views["r-a"] = msgspec.structs.replace(
        views["r-a"], adjacencies=(one,), system=System(name="r-a", isis="490000000001")
    )
    back = (other,) if other else ()
    views["r-b"] = msgspec.structs.replace(
        views["r-b"], adjacencies=back, system=System(name="r-b", isis="490000000002")
    )
    return views


def by_cable() -> dict[str, DeviceView]:
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["r-b"], "ge9"))
    return views | {"r-a": a, "r-b": b}


def bgp(remote: str) -> Adjacency:
    return Adjacency("bgp", 0, "", "64512", remote, "", "established")


def far() -> dict[str, DeviceView]:
    """A BGP session over the platform, between the loopback addresses of two departments."""
    views = city()
    for name, address in (("r-a", "10.50.255.11"), ("r-b", "10.50.255.12")):
        views[name] = with_port(views[name], "lo0", address, 32, 24)
    views["r-a"] = msgspec.structs.replace(views["r-a"], adjacencies=(bgp("10.50.255.12"),))
    views["r-b"] = msgspec.structs.replace(views["r-b"], adjacencies=(bgp("10.50.255.11"),))
    return views


ISIS = Adjacency("isis", 4, "ge8", "490000000002", "172.31.8.2", "", "up")
OSPF = Adjacency("ospf", 4, "ge8", "10.255.0.2", "172.31.8.2", "", "full")
KINDS = {
    "cable": (by_cable(), "LLDP"),
    "GRE tunnel": (joined("gre1", 131), "IP"),
    "WireGuard tunnel": (joined("wg0", 1), "IP"),
    "OSPF": (adjacent(OSPF), "OSPF"),
    "IS-IS": (adjacent(ISIS), "ISIS"),
    "BGP on one wire": (
        adjacent(Adjacency("bgp", 4, "ge8", "64512", "172.31.8.2", "", "established")),
        "BGP",
    ),
    "BGP over the platform": (far(), "BGP"),
}


def backbones(views: dict[str, DeviceView], expected: Expected = PAPER) -> list[Conclusion]:
    return [one for one in conclude(picture(views, expected=expected)) if one.code == "TP-101"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_found_once(kind: str) -> None:
    """TP-101 names both departments' devices, and what tells of it."""
    views, protocol = KINDS[kind]
    (one,) = backbones(views)

    assert ("fin", protocol) == (one.organization, one.facts["protocols"])
    assert {"r-a", "r-b"} == {one.subject["a"]["device"], one.subject["b"]["device"]}
    assert one.evidence


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "BGP over the platform"])
def test_what_was_approved_and_registered_is_in_order(kind: str) -> None:
    """The link stands in links.toml, with its prefix."""
    views, _ = KINDS[kind]
    paper = msgspec.structs.replace(
        PAPER,
        links=(*PAPER.links, RegisteredLink("r-a", "r-b", net="" if kind == "cable" else "172.31.8.0/29")),
    )

    assert [] == backbones(views, paper)


def test_prefixes_used_twice_and_sessions_that_are_down_are_none() -> None:
    """An Ethernet prefix that nothing confirms; a neighbour that does not come up; a session with the platform's core."""
    down = msgspec.structs.replace(bgp("10.50.255.12"), state="active")
    views = far()
    views["r-a"] = msgspec.structs.replace(views["r-a"], adjacencies=(down,))
    views["r-b"] = msgspec.structs.replace(views["r-b"], adjacencies=())
    with_core = far()
    with_core["core"] = with_port(with_core["core"], "lo0", "10.50.255.1", 32, 24)
    for name in ("r-a", "r-b"):
        with_core[name] = msgspec.structs.replace(with_core[name], adjacencies=(bgp("10.50.255.1"),))

    assert [] == backbones(joined("ge8", 6)) + backbones(views) + backbones(with_core)


def test_what_a_silent_device_said_is_not_concluded() -> None:
    """Of the two nobody answered: nothing is said about the tunnel between them now."""
    views = KINDS["BGP over the platform"][0]
    whole = picture(views)
    quiet = msgspec.structs.replace(
        whole, fresh=frozenset(one for one in whole.fresh if one[1] not in ("r-a", "r-b"))
    )

    assert [] == [one for one in conclude(quiet) if one.code == "TP-101"]
