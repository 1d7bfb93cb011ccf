"""Ports as others call them: by any kind of id, long or short, and by numbers whose meaning is found out."""

from __future__ import annotations

import pytest

from netops.core.walk import Column, DeviceWalk
from netops.topology.device import DeviceView, Interface
from netops.topology.ports import port_interface
from netops.topology.reading import view
from tests.topology.city import EXTRANET, NOON

PORTS = (
    Interface(1, "Gi0/1", "GigabitEthernet0/1", "to-core", type=6, mac="02:00:00:00:00:01", oper_up=True),
    Interface(2, "Gi0/2", "GigabitEthernet0/2", "", type=6, mac="02:00:00:00:00:02", oper_up=True),
    Interface(3, "XGE1/0/3", "XGE1/0/3", "", type=6, oper_up=True),
    Interface(4, "Te1/0/4", "TenGigabitEthernet1/0/4", "", type=6, oper_up=True),
    Interface(5, "ether2", "ether2", "", type=6, oper_up=True),
    Interface(10, "Vl10", "Vlan10", "", type=53, oper_up=True),
)


@pytest.mark.parametrize(
    ("kind", "text", "descr", "expected"),
    [
        ("name", "Gi0/1", "", 1),
        ("name", "GigabitEthernet0/2", "", 2),
        ("name", "GE0/2", "", 2),
        ("name", "gi0/1", "", 1),
        ("alias", "to-core", "", 1),
        ("mac", "02:00:00:00:00:02", "", 2),
        ("local", "4", "", 0),
        ("local", "77", "Gi0/2", 2),
        ("name", "Ten-GigabitEthernet1/0/3", "", 3),
        ("name", "TenGigabitEthernet1/0/4", "", 4),
        ("name", "bridge1/ether2", "", 5),
        ("name", "Gi1/1", "", 0),
        ("name", "", "", 0),
    ],
)
def test_a_port_id_of_any_kind_means_one_port_or_none(
    kind: str, text: str, descr: str, expected: int
) -> None:
    """Names, descriptions, aliases, MACs, abbreviations; a bare number is no name."""
    assert expected == port_interface(PORTS, kind, text, descr)


def lldp(numbers: dict[int, bytes], **more: Column) -> DeviceView:
    columns: dict[str, Column] = {
        "ifName": {(101,): b"ge1", (102,): b"ge2", (3,): b"vlan3"},
        "ifDescr": {(101,): b"ge1", (102,): b"ge2", (3,): b"vlan3"},
        "ifType": {(101,): 6, (102,): 6, (3,): 53},
        "ifOperStatus": {(101,): 1, (102,): 1, (3,): 1},
        "lldpRemPortId": {(0, number, 1): name for number, name in numbers.items()},
        "lldpRemPortIdSubtype": {(0, number, 1): 5 for number in numbers},
    }
    return view(DeviceWalk(EXTRANET, "", "192.0.2.1", NOON, 0.1, columns | more))


def test_lldp_numbers_its_ports_as_the_bridge_does() -> None:
    """Without the table of its own ports, the bridge's numbers are taken, and a VLAN interface is never one."""
    told = lldp({1: b"x", 2: b"y"}, dot1dBasePortIfIndex={(1,): 101, (2,): 102})
    odd = lldp({3: b"z"}, dot1dBasePortIfIndex={(1,): 101, (2,): 102})

    assert ["ge1", "ge2"] == [one.local_interface for one in told.neighbors]
    assert [0] == [one.local_if_index for one in odd.neighbors]


def test_or_by_ifindex_where_that_is_what_fits() -> None:
    """Juniper by model (librenms #18317): neighbours are heard on ports that are there, and up."""
    told = lldp({101: b"x", 102: b"y"}, dot1dBasePortIfIndex={(1,): 102})

    assert ["ge1", "ge2"] == [one.local_interface for one in told.neighbors]


def test_what_is_sure_decides_about_what_is_not() -> None:
    """One port is named, and says that numbers are the bridge's: so is the other, whose name nobody knows."""
    told = lldp(
        {1: b"x", 2: b"y"},
        dot1dBasePortIfIndex={(1,): 101, (2,): 102},
        lldpLocPortId={(1,): b"ge1", (2,): b"port two"},
        lldpLocPortIdSubtype={(1,): 5, (2,): 7},
    )

    assert ["ge1", "ge2"] == [one.local_interface for one in told.neighbors]
