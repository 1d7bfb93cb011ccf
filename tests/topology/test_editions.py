"""Tables that say the same in another form, and vendors' own: each brings the same rows."""

from __future__ import annotations

from netops.core.walk import Column, DeviceWalk
from netops.topology.device import DeviceView
from netops.topology.reading import view
from tests.topology.city import EXTRANET, NOON

PC = (2, 0xAA, 0, 0, 0, 1)
PC_TEXT = "02:aa:00:00:00:01"
PORTS: dict[str, Column] = {
    "ifName": {(n,): f"port{n}".encode() for n in range(1, 7)},
    "ifDescr": {(n,): f"port{n}".encode() for n in range(1, 7)},
    "ifType": {(n,): 6 for n in range(1, 7)},
    "ifOperStatus": {(n,): 1 for n in range(1, 7)},
}


def read(**columns: Column) -> DeviceView:
    return view(DeviceWalk(EXTRANET, "", "192.0.2.1", NOON, 0.1, PORTS | columns))


def fdb(**columns: Column) -> list[tuple[str, int, str]]:
    return [(one.mac, one.vlan, one.interface) for one in read(**columns).fdb]


def test_q_bridge_of_the_ieee_is_read_as_q_bridge() -> None:
    """With the component before every index, and the length of the MAC in it (Aruba CX)."""
    base: Column = {(n,): n for n in range(1, 7)}
    expected = [(PC_TEXT, 10, "port2")]

    assert expected == fdb(dot1dBasePortIfIndex=base, ieee8021QBridgeTpFdbPort={(1, 10, *PC): 2})
    assert expected == fdb(dot1dBasePortIfIndex=base, ieee8021QBridgeTpFdbPort={(1, 10, 6, *PC): 2})
    told = read(
        dot1dBasePortIfIndex=base,
        ieee8021QBridgeVlanStaticName={(1, 10): b"office"},
        ieee8021QBridgeVlanStaticEgressPorts={(1, 10): bytes((0b0110_0000,))},
        ieee8021QBridgeVlanStaticUntaggedPorts={(1, 10): bytes((0b0010_0000,))},
    )
    assert [(10, "office", (2, 3), (3,))] == [
        (one.id, one.name, one.ports, one.untagged) for one in told.vlans
    ]


def test_fortiswitch_numbers_its_forwarding_table_by_row() -> None:
    """And its ports by what dot1dBasePort says (librenms fdb-table/fortiswitch.inc.php)."""
    rows = fdb(
        dot1dTpFdbAddress={(142,): bytes(PC)},
        dot1dTpFdbPort={(142,): 32769},
        dot1dBasePort={(3,): 32769},
        dot1dBasePortIfIndex={(3,): 3},
    )

    assert [(PC_TEXT, 0, "port3")] == rows


def test_huawei_keeps_static_macs_in_another_table() -> None:
    """HUAWEI-L2MAM-MIB hwCfgFdbTable beside hwDynFdbTable; they are no terminals that came by themselves."""
    told = read(hwDynFdbPort={(*PC, 10, 0): 2}, hwCfgFdbPort={(2, 0xAA, 0, 0, 0, 2, 10, 0): 3})

    assert [("port2", "learned"), ("port3", "mgmt")] == [(one.interface, one.status) for one in told.fdb]


def test_a_hole_in_the_bridge_ports_follows_the_rule_of_the_others() -> None:
    """Huawei (fusioninventory-for-glpi #1777): where every row is port + 0, the missing one is too; else nothing is guessed."""
    rule: Column = {(n,): n for n in range(1, 6)}
    none: Column = {(1,): 5, (2,): 4, (3,): 1, (4,): 2}
    rows: Column = {(10, *PC): 6, (10, 2, 0xAA, 0, 0, 0, 2): 1}

    assert ["port6", "port1"] == [one[2] for one in fdb(dot1dBasePortIfIndex=rule, dot1qTpFdbPort=rows)]
    assert ["", "port5"] == [one[2] for one in fdb(dot1dBasePortIfIndex=none, dot1qTpFdbPort=rows)]


def test_juniper_els_has_its_vlans_behind_ids_of_its_own() -> None:
    """JUNIPER-L2ALD-MIB tells which VLAN a forwarding database is."""
    told = read(
        dot1qTpFdbPort={(65536, *PC): 2},
        jnxL2aldVlanTag={(2,): 300},
        jnxL2aldVlanName={(2,): b"voice"},
        jnxL2aldVlanFdbId={(2,): 65536},
    )

    assert [(PC_TEXT, 300)] == [(one.mac, one.vlan) for one in told.fdb]
    assert [(300, "voice")] == [(one.id, one.name) for one in told.vlans]


def test_aggregates_of_every_table() -> None:
    """LACP, PAgP, Huawei's trunks and the interface stack all say who is a member of what."""
    lag: dict[str, Column] = {
        "ifName": {(1,): b"ge1", (2,): b"ge2", (9,): b"Eth-Trunk7"},
        "ifType": {(1,): 6, (2,): 6, (9,): 161},
    }
    tables: list[dict[str, Column]] = [
        {"dot3adAggPortAttachedAggID": {(1,): 9, (2,): 2}},
        {"pagpGroupIfIndex": {(1,): 9, (2,): 0}},
        {"hwTrunkIfID": {(3,): 7}, "hwTrunkValidEntry": {(3, 1): 1}},
        {"ifStackStatus": {(9, 1): 1, (0, 9): 1, (2, 0): 1}},
    ]

    for table in tables:
        told = view(DeviceWalk(EXTRANET, "", "192.0.2.1", NOON, 0.1, lag | table))
        assert [9, 0, 0] == [one.lag for one in told.interfaces], table


def test_neighbours_of_other_tongues() -> None:
    """Foundry's FDP and what it hears of CDP; RouterOS's own table, which places its LLDP rows too."""
    foundry = read(
        snFdpCacheDeviceId={(2, 1): b"sw-9", (3, 1): b"core"},
        snFdpCacheDevicePort={(2, 1): b"ethernet1", (3, 1): b"Gi0/1"},
        snFdpCacheVendorId={(2, 1): b"FDP", (3, 1): b"CDP cisco"},
    )
    assert [("fdp", "port2", "sw-9"), ("cdp", "port3", "core")] == [
        (one.protocol, one.local_interface, one.remote_name) for one in foundry.neighbors
    ]
    mikrotik = read(
        lldpRemPortId={(0, 0, 1): b"ether1"},
        lldpRemPortIdSubtype={(0, 0, 1): 5},
        lldpRemChassisId={(0, 0, 1): bytes(PC)},
        lldpRemChassisIdSubtype={(0, 0, 1): 4},
        mtxrNeighborInterfaceID={(1,): 4},
        mtxrNeighborMacAddress={(1,): bytes(PC)},
        mtxrNeighborIdentity={(1,): b"home-router"},
        mtxrNeighborIpAddress={(1,): "192.0.2.77"},
    )
    assert [("lldp", "port4", PC_TEXT), ("mndp", "port4", PC_TEXT)] == [
        (one.protocol, one.local_interface, one.remote_mac) for one in mikrotik.neighbors
    ]


def test_cdp_addresses_and_ids_in_every_form() -> None:
    """Octets of both families, print, nothing; a telephone's MAC and a serial number in the id."""
    told = read(
        cdpCacheDeviceId={
            (1, 1): b"SEP001122334455",
            (2, 1): b"n9k(FDO21120V5X)",
            (3, 1): b"x",
            (4, 1): b"y",
        },
        cdpCacheAddress={
            (1, 1): bytes((192, 0, 2, 9)),
            (2, 1): bytes.fromhex("20010db8000000000000000000000001"),
            (3, 1): b"192.0.2.10",
            (4, 1): b"garbage",
        },
    )

    assert ["192.0.2.9", "2001:db8::1", "192.0.2.10", ""] == [one.remote_address for one in told.neighbors]
    assert "00:11:22:33:44:55" == told.neighbors[0].remote_mac


def test_ciscos_draft_of_isis() -> None:
    """CISCO-IETF-ISIS-MIB has the columns of ISIS-MIB."""
    told = read(
        ciiISAdjState={(1, 1): 3},
        ciiISAdjNeighSysID={(1, 1): bytes.fromhex("010203040506")},
        ciiCircIfIndex={(1,): 5},
        ciiSysID={(0,): bytes.fromhex("060504030201")},
    )

    assert [("isis", "port5", "010203040506", "up")] == [
        (one.protocol, one.interface, one.remote_id, one.state) for one in told.adjacencies
    ]
    assert "060504030201" == told.system.isis


def test_hardware_and_versions() -> None:
    """A stack of two: a serial number each, one model, the version from sysDescr where no chassis tells it."""
    told = read(
        sysDescr={
            (
                0,
            ): b"Huawei Versatile Routing Platform Software VRP (R) software, Version 5.170 (S5735 V200R019C10)"
        },
        entPhysicalClass={(1,): 11, (2,): 3, (3,): 3, (4,): 6, (5,): 9},
        entPhysicalModelName={(2,): b"S5735-L48", (3,): b"S5735-L48", (5,): b"ES5D21"},
        entPhysicalSerialNum={
            (2,): b"2102351QLB",
            (3,): b"2102351QLC",
            (4,): b"PSU123456",
            (5,): b"CARD0001",
        },
    )

    assert ("S5735-L48", ("2102351QLB", "2102351QLC"), "5.170") == (told.model, told.serials, told.software)
    assert ["chassis", "chassis", "module"] == [one.kind for one in told.hardware]
