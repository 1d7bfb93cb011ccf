"""Records as other programs read them: the shapes of DESIGN §5."""

from __future__ import annotations

from netops.topology import map as maps
from netops.topology import report
from tests.topology.city import REGISTERED, city


def test_a_link_has_the_fields_of_the_contract() -> None:
    """Two ends with device, address, interface and if_index; layer, protocols, two_sided, confidence."""
    record = report.link(maps.links(list(city().values()), REGISTERED)[0])

    assert {"device": "core", "address": "10.50.254.1", "interface": "to-exit", "if_index": 1} == {
        key: record["a"][key] for key in ("device", "address", "interface", "if_index")
    }
    assert (2, ["lldp"], True, 1.0) == tuple(
        record[key] for key in ("layer", "protocols", "two_sided", "confidence")
    )


def test_a_device_has_our_names_and_those_of_the_mib() -> None:
    """Interfaces, addresses, VLANs, routes, ARP and forwarding rows, none of them shortened."""
    record = report.full(city()["r-a"])

    assert ("lan", "lan", 2) == (
        record["interfaces"][1]["name"],
        record["interfaces"][1]["ifName"],
        record["interfaces"][1]["ifIndex"],
    )
    assert {
        "address": "10.50.254.6",
        "ipv4_address": "10.50.254.6",
        "prefixlen": 30,
        "ipv4_prefixlen": 30,
    }.items() <= record["addresses"][0].items()
    assert ("10.50.11.11", "02aa00000011") == (
        record["arp"][0]["ipv4_address"],
        record["arp"][0]["mac_address"],
    )
    assert "10.50.254.5" == record["routes"][0]["inetCidrRouteNextHop"]
    assert {"vlans", "fdb", "neighbors"} <= record.keys()


def test_neighbours_say_whether_they_are_known() -> None:
    """Every row, with the device it means or none."""
    rows = report.neighbors(list(city().values()), ())

    assert {("sw-a", "r-a", True)} == {
        (one["device"], one["remote_device"], one["known"]) for one in rows if one["device"] == "sw-a"
    }
    assert 8 == len(rows)
