"""Wiring: whose LAN an address is in, who is at home where, and by which of the platform's devices a router is let in."""

from __future__ import annotations

from netops.core.plane import Plane
from netops.egress.wiring import Lan, Wiring

E, I = Plane.EXTRANET, Plane.INTRANET  # noqa: E741 - the two planes
WIRING = Wiring(
    (
        Lan(E, "10.20.0.0/16", "ic", "core"),
        Lan(E, "10.20.11.0/24", "fin", "r-fin", "sw-fin"),
        Lan(E, "10.20.12.0/24", "audit", "r-fin", "sw-audit"),
        Lan(I, "10.20.11.0/24", "off", "in-r"),
        Lan(E, "2001:db8:11::/64", "fin", "r-fin"),
    ),
    ((E, "core", "r-fin"), (E, "r-town", "r-county"), (E, "r-county", "core"), (E, "core", "fw"), (I, "core", "in-r")),
    ((E, "core"), (E, "fw")),
)


def test_the_longest_prefix_of_the_plane_holds_an_address() -> None:
    """IPv4 and IPv6; the same numbers in the other plane are another LAN."""
    asked = [(E, "10.20.11.7"), (I, "10.20.11.7"), (E, "10.20.99.7"), (E, "2001:db8:11::7")]
    found = [WIRING.lan(plane, ip) for plane, ip in asked]
    assert ["fin", "off", "ic", "fin"] == [one.organization if one else None for one in found]
    assert (None, None) == (WIRING.lan(I, "10.20.12.7"), WIRING.lan(E, "2001:db8::7"))


def test_who_is_at_home_at_a_device() -> None:
    """Its own organization, and those whose LANs it routes or serves."""
    assert {"fin", "audit"} == WIRING.homes(E, "r-fin", "fin")
    assert {"audit"} == WIRING.homes(E, "sw-audit", "")


def test_registered_links_lead_to_the_platform_and_end_there() -> None:
    """A town behind its county is let in where the county is; what is beyond the platform is not behind anybody."""
    assert ({"r-town", "r-county"}, {"core"}) == (WIRING.behind(E, "r-town"), WIRING.gates(E, "r-town"))
    assert ({"r-fin"}, {"core"}) == (WIRING.behind(E, "r-fin"), WIRING.gates(E, "r-fin"))
    assert ({"alone"}, set()) == (WIRING.behind(E, "alone"), WIRING.gates(E, "alone"))
