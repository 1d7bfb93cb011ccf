"""Walks read into views: recordings of real devices, and rows that are hostile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk, Value
from netops.probes import mib
from netops.topology.addresses import inet_address
from netops.topology.device import DeviceView
from netops.topology.reading import view
from tests.topology.city import NOON

DEVICES = {
    "bdcom": ("interfaces", "addresses", "routes", "vlans"),
    "comware": ("interfaces", "addresses", "vlans"),
    "dlink_dgs-3627g": ("interfaces", "addresses", "vlans", "neighbors"),
    "fortigate_60fospfv3": ("interfaces", "routes", "neighbors"),
    "jetstream_sg2218p": ("interfaces", "fdb"),
    "ios_2960x": ("interfaces", "addresses", "neighbors"),
    "iosxe_c9500h-svl": ("neighbors",),
    "junos_mx5t-isis": ("interfaces", "neighbors"),
    "vrp_5720": ("interfaces", "vlans", "neighbors"),
    "procurve_2520": ("interfaces", "vlans"),
    "ruijie": ("interfaces", "addresses", "vlans"),
    "raisecom-ros": ("interfaces", "neighbors"),
}
EXPECTED = {
    "interfaces": ("ports", "ports"),
    "addresses": ("ipv4-addresses", "ipv4_addresses"),
    "routes": ("route", "route"),
    "vlans": ("vlans", "vlans"),
    "neighbors": ("discovery-protocols", "links"),
    "fdb": ("fdb-table", "ports_fdb"),
}
"""Where the recordings' README says that the expected rows stand."""


def recorded(path: Path) -> list[tuple[str, Value]]:
    """The variables of an snmprec file: OID|tag|value."""
    variables: list[tuple[str, Value]] = []
    for line in path.read_bytes().splitlines():
        name, _, rest = line.decode("utf-8", "surrogateescape").partition("|")
        tag, _, text = rest.partition("|")
        try:
            variables.append((name.lstrip("."), _value(tag, text)))
        except ValueError:
            continue
    return variables


def _value(tag: str, text: str) -> Value:
    match tag:
        case "4x":
            return bytes.fromhex(text)
        case "4":
            return text.encode("utf-8", "surrogateescape")
        case "2" | "65" | "66" | "67" | "70":
            return int(text)
        case "6" | "64":
            return text.lstrip(".")
    raise ValueError(tag)


def seen(columns: dict[str, Column]) -> DeviceView:
    return view(DeviceWalk(Plane.EXTRANET, "", "192.0.2.1", NOON, 0.1, columns))


@pytest.mark.parametrize("name", DEVICES)
def test_a_recorded_device_has_every_expected_row(shared: Path, name: str) -> None:
    """As many interfaces, addresses, routes, VLANs and neighbours as the recording's expected results."""
    folder = shared / "data" / "snmp"
    known = seen(mib.picked(recorded(folder / f"{name}.snmprec")))
    expected = json.loads((folder / f"{name}.expected.json").read_text("utf-8"))

    for field in DEVICES[name]:
        module, rows = EXPECTED[field]
        held = (
            [one for one in known.addresses if ":" not in one.address]
            if field == "addresses"
            else getattr(known, field)
        )
        assert len(expected[module][rows]) == len(held), field


def test_interface_names_and_indexes_are_the_recorded_ones(shared: Path) -> None:
    """Not only as many: each ifIndex has its ifName."""
    folder = shared / "data" / "snmp"
    for name in ("comware", "vrp_5720", "ios_2960x"):
        known = seen(mib.picked(recorded(folder / f"{name}.snmprec")))
        expected = json.loads((folder / f"{name}.expected.json").read_text("utf-8"))["ports"]["ports"]

        assert {(row["ifIndex"], row["ifName"]) for row in expected} == {
            (one.if_index, one.name) for one in known.interfaces
        }, name


def test_every_lldp_and_cdp_row_is_kept(shared: Path) -> None:
    """A neighbour without a system name is a neighbour."""
    for path in sorted((shared / "data" / "snmp").glob("*.snmprec")):
        columns = mib.picked(recorded(path))
        names = ("lldpRemPortId", "lldpNeighborPortId", "cdpCacheDeviceId")
        rows = sum(len(columns.get(name, {})) for name in names)

        assert rows == len(seen(columns).neighbors), path.name


def test_no_recording_is_too_strange(shared: Path) -> None:
    """Each recording gives a view, and every forwarding row of a known port has a name."""
    for path in sorted((shared / "data" / "snmp").glob("*.snmprec")):
        known = seen(mib.picked(recorded(path)))
        names = {one.if_index for one in known.interfaces}
        assert known.interfaces, path.name
        assert all(entry.interface for entry in known.fdb if entry.if_index in names), path.name


def test_hostile_rows_are_left_out() -> None:
    """Indexes that are too short, octets over 255, strings for numbers: nothing breaks, nothing is invented."""
    known = seen(
        {
            "ifDescr": {(): b"", (1, 2, 3): b"x", (7,): b"\x1b[31mport\xff\xfe"},
            "ifType": {(7,): b"six"},
            "ipAddressIfIndex": {
                (1, 4, 300, 0, 0, 1): 7,
                (1, 4, 10): 7,
                (1,): 7,
                (2, 16, 1): 7,
                (1, 4, 192, 0, 2, 1): b"7",
            },
            "ipAdEntIfIndex": {(1, 2): 7, (192, 0, 2, 9): 7},
            "ipAdEntNetMask": {(192, 0, 2, 9): "255.0.255.0"},
            "inetCidrRouteIfIndex": {(1, 4, 0, 0, 0, 0): 1, (1, 4, 0, 0, 0, 0, 0, 9, 1): 1, (): 1},
            "ipNetToPhysicalPhysAddress": {
                (7, 1, 4, 1, 2): b"\1" * 6,
                (7,): b"",
                (7, 1, 4, 192, 0, 2, 7): b"toolong7",
            },
            "dot1qTpFdbPort": {(1, 999, 0, 0, 0, 0, 1): 1, (1, 2): 1, (1, 0, 0, 0, 0, 0, 0): 1},
            "dot1dTpFdbPort": {(2, 0, 0, 0, 0, 1): b"1"},
            "lldpRemPortId": {(1, 2): b"x", (0, 1, 1): b"\x00" * 4000},
            "lldpRemManAddrIfSubtype": {(0, 1, 1, 1, 200, 1): 1, (0, 1, 1): 1},
            "cdpCacheDeviceId": {(1,): b"a"},
            "sysName": {(0,): b"\x00"},
            "sysUpTime": {(0,): b"soon"},
        }
    )

    assert "192.0.2.1" == known.name
    assert ["[31mport\\xff\\xfe"] == [one.name for one in known.interfaces]
    assert [("192.0.2.9", -1)] == [(one.address, one.prefixlen) for one in known.addresses]
    assert ((), (), ()) == (known.routes, known.arp, known.fdb)
    assert 1 == len(known.neighbors)


def test_inet_addresses_in_indexes() -> None:
    """RFC 4001: type, length, octets; scoped addresses lose their zone."""
    assert ("192.0.2.1", (9,)) == inet_address((1, 4, 192, 0, 2, 1, 9))
    assert ("fe80::1", ()) == inet_address((4, 20, 0xFE, 0x80, *[0] * 13, 1, 0, 0, 0, 5))
    assert ("", ()) == inet_address((1, 4, 192))
    assert ("", (5,)) == inet_address((0, 0, 5))


def test_the_older_arp_table_wins_where_the_two_disagree() -> None:
    """net-snmp keeps rows of the newer one for minutes; where they agree its state stays."""
    walked = DeviceWalk(Plane.EXTRANET, "", "192.0.2.1", NOON, 1.0, {
        "ipNetToPhysicalPhysAddress": {(1, 1, 4, 192, 0, 2, n): b"\x02\x00\x00\x00\x00\x01" for n in (7, 8)},
        "ipNetToPhysicalState": {(1, 1, 4, 192, 0, 2, n): 1 for n in (7, 8)},
        "ipNetToMediaPhysAddress": {(1, 192, 0, 2, n): b"\x02\x00\x00\x00\x00" + bytes([9 - n]) for n in (7, 8)},
    })  # fmt: skip

    found = {entry.ip: (entry.mac, entry.state) for entry in view(walked).arp}

    assert {"192.0.2.7": ("02:00:00:00:00:02", ""), "192.0.2.8": ("02:00:00:00:00:01", "reachable")} == found
