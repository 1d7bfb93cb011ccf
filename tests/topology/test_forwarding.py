"""Forwarding tables, VLANs, spanning tree and routing neighbours as vendors send them."""

from __future__ import annotations

from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk, Value
from netops.topology.device import DeviceView
from netops.topology.reading import view
from netops.topology.vlans import bits
from tests.topology.city import NOON

MAC = (10, 0, 0, 0, 0, 1)
SHOWN = "0a:00:00:00:00:01"


def seen(**columns: Column) -> DeviceView:
    """A device with interfaces 1 to 4 and 1001 to 1004, by the columns given ("__" stands for "@")."""
    numbers = [*range(1, 5), *range(1001, 1005)]
    standard: dict[str, Column] = {
        "ifDescr": {(number,): f"ge1/0/{number % 1000}".encode() for number in numbers}
    }
    named = {name.replace("__", "@"): rows for name, rows in columns.items()}
    return view(DeviceWalk(Plane.EXTRANET, "", "192.0.2.1", NOON, 0.1, standard | named))


def base(**to_index: int) -> Column:
    return {(int(port[1:]),): if_index for port, if_index in to_index.items()}


def places(known: DeviceView) -> list[tuple[str, int, int]]:
    return [(entry.mac, entry.vlan, entry.if_index) for entry in known.fdb]


def test_two_tables_may_number_ports_differently() -> None:
    """Alcatel OmniSwitch: BRIDGE-MIB by bridge port, Q-BRIDGE-MIB by ifIndex; each MAC once."""
    known = seen(
        dot1dBasePortIfIndex=base(p1=1001, p2=1002),
        dot1dTpFdbPort={MAC: 2},
        dot1qTpFdbPort={(7, *MAC): 1002},
    )

    assert [(SHOWN, 7, 1002)] == places(known)


def test_a_shifted_table_is_shifted_back_and_a_hole_is_not_guessed() -> None:
    """TP-Link counts the base ports from 49153; Huawei leaves ports out of dot1dBasePortTable."""
    shifted = seen(dot1dBasePortIfIndex={(49153,): 1, (49154,): 2}, dot1dTpFdbPort={MAC: 2})
    hole = seen(dot1dBasePortIfIndex=base(p1=1, p2=2), dot1dTpFdbPort={MAC: 3, (*MAC[:5], 2): 1})

    assert [(SHOWN, 0, 2)] == places(shifted)
    assert [0, 1] == [entry.if_index for entry in hole.fdb]


def test_the_filtering_database_id_is_a_vlan_by_its_table_but_on_h3c() -> None:
    """dot1qVlanFdbId maps ids to VLANs; H3C fills it wrongly, its ids are the VLANs."""
    rows: dict[str, Column] = {
        "dot1qTpFdbPort": {(3, *MAC): 1},
        "dot1qVlanFdbId": {(0, 100): 3, (0, 200): 4},
    }

    assert [(SHOWN, 100, 1)] == places(seen(**rows))
    assert [(SHOWN, 3, 1)] == places(seen(sysObjectID={(0,): "1.3.6.1.4.1.25506.1.1"}, **rows))


def test_other_shapes_of_forwarding_rows() -> None:
    """Aruba CX has a length in the index; Huawei a table of its own; Cisco one table for each VLAN."""
    aruba = seen(dot1qTpFdbPort={(5, 6, *MAC): 2})
    huawei = seen(hwDynFdbPort={(*MAC, 33, 1, 48): 3, (1, 2): 3})
    cisco = seen(
        dot1dTpFdbPort__100={MAC: 3}, dot1dTpFdbStatus__100={MAC: 3}, dot1dBasePortIfIndex__100=base(p3=1003)
    )

    assert [[(SHOWN, 5, 2)], [(SHOWN, 33, 3)], [(SHOWN, 100, 1003)]] == [
        places(one) for one in (aruba, huawei, cisco)
    ]


def test_vlan_members_by_each_vendors_table() -> None:
    """Q-BRIDGE-MIB current before static; VTP trunks and access ports; Huawei's two lists; TP-Link's text."""
    standard = seen(
        dot1qVlanStaticName={(10,): b"office"},
        dot1qVlanCurrentEgressPorts={(0, 10): b"\xff", (9, 10): b"\xc0"},
        dot1qVlanCurrentUntaggedPorts={(9, 10): b"\x40"},
        dot1qVlanStaticEgressPorts={(10,): b"\xf0"},
    )
    cisco = seen(
        vtpVlanType={(1, 10): 1, (1, 1002): 2},
        vtpVlanName={(1, 10): b"office"},
        vlanTrunkPortDynamicStatus={(1,): 1, (2,): 2},
        vlanTrunkPortVlansEnabled={(1,): b"\x00\x20"},
        vmVlan={(2,): 10},
    )
    huawei = seen(
        hwL2VlanDescr={(10,): b"office", (2100,): b""},
        hwL2IfPortIfIndex={(1,): 1001, (2,): 1002},
        hwL2IfPVID={(2,): 10},
        hwL2IfTrunkAllowPassVlanListLow={(1,): b"\x00\x20"},
        hwL2IfTrunkAllowPassVlanListHigh={(1,): bytes(6) + b"\x08"},
    )
    printed = seen(
        vlanConfigDescription={(10,): b"office"},
        vlanConfigTagPortMemberAdd={(10,): b"1/0/1-2"},
        vlanConfigUntagPortMemberAdd={(10,): b"1/0/4,9/9/9-1"},
    )

    assert [("office", (1, 2), (2,))] == [(one.name, one.ports, one.untagged) for one in standard.vlans]
    assert [(10, (2, 1), (2,))] == [(one.id, one.ports, one.untagged) for one in cisco.vlans]
    assert [(10, (1001, 1002), (1002,)), (2100, (1001,), ())] == [
        (one.id, one.ports, one.untagged) for one in huawei.vlans
    ]
    assert 3 == len(printed.vlans[0].ports)


def test_bits_of_port_lists() -> None:
    """The highest bit of the first octet is port 1; what is no octet string has none."""
    assert [1, 8, 9] == bits(b"\x81\x80")
    assert [] == bits(7)


def test_spanning_tree_ports() -> None:
    """The designated bridge without its priority; the port with it."""
    known = seen(
        dot1dStpPortState={(1,): 5, (2,): b"5", (1, 2): 5},
        dot1dStpPortDesignatedBridge={(1,): b"\x80\x00" + bytes(MAC)},
        dot1dStpPortDesignatedPort={(1,): b"\x81\xe3"},
    )

    assert [(1, "forwarding", SHOWN, 0x81E3)] == [
        (port.number, port.state, port.bridge, port.port) for port in known.stp
    ]


def test_routing_neighbours_of_every_protocol() -> None:
    """OSPF by the prefix of the neighbour, OSPFv3 and IS-IS by interface, BGP by three MIBs; hostile rows are left."""
    known = seen(
        ipAdEntIfIndex={(10, 0, 0, 1): 2},
        ipAdEntNetMask={(10, 0, 0, 1): "255.255.255.0"},
        ospfNbrState={(10, 0, 0, 2, 0): 8, (300, 0, 0, 2, 0): 8, (10,): 8},
        ospfNbrRtrId={(10, 0, 0, 2, 0): "10.255.0.2"},
        ospfv3NbrState={(3, 0, 167772162): 8, (3, 0, 1 << 40): 8},
        ospfv3NbrAddress={(3, 0, 167772162): bytes.fromhex("fe80") + bytes(13) + b"\x02"},
        isisISAdjState={(16, 1): 3, (16,): 3},
        isisCircIfIndex={(16,): 4},
        isisISAdjNeighSysID={(16, 1): bytes(5) + b"\x09"},
        isisISAdjIPAddrAddress={(16, 1, 1): bytes((10, 9, 0, 2))},
        bgpPeerState={(192, 0, 2, 7): 6, (1, 2): 6},
        cbgpPeer2State={(1, 4, 192, 0, 2, 8): 6, (1, 9, 1): 6},
        jnxBgpM2PeerState={(0, 1): 3},
        jnxBgpM2PeerRemoteAddr={(0, 1): bytes((192, 0, 2, 9))},
    )

    assert [
        ("ospf", 2, "10.0.0.2", "full"),
        ("ospfv3", 3, "fe80::2", "full"),
        ("isis", 4, "10.9.0.2", "up"),
        ("bgp", 0, "192.0.2.7", "established"),
        ("bgp", 0, "192.0.2.8", "established"),
        ("bgp", 0, "192.0.2.9", "active"),
    ] == [(one.protocol, one.if_index, one.remote_address, one.state) for one in known.adjacencies]


def test_neighbours_of_the_second_edition_and_of_tp_link() -> None:
    """LLDP-V2-MIB rows have a destination MAC in the index; TP-Link prints everything."""
    index = (0, 3, 1, 9)
    second = seen(
        lldpV2RemPortId={index: b"ge-0/0/1"},
        lldpV2RemPortIdSubtype={index: 5},
        lldpV2RemSysName={index: b"sw-2"},
        lldpV2LocPortId={(3,): b"ge1/0/3"},
    )
    printed = seen(
        lldpNeighborPortId={(3, 1): b"Gi1/0/6"},
        lldpNeighborChassisId={(3, 1): b"0A:00:00:00:00:01"},
        lldpNeighborManageIpAddr={(3, 1): b"::"},
    )

    assert [(3, "sw-2", "ge-0/0/1", "name")] == [
        (one.local_if_index, one.remote_name, one.remote_port, one.remote_port_kind)
        for one in second.neighbors
    ]
    assert [(3, SHOWN, "")] == [
        (one.local_if_index, one.remote_mac, one.remote_address) for one in printed.neighbors
    ]


def test_members_of_aggregates() -> None:
    """ifStackTable or IEEE8023-LAG-MIB; an own ifIndex is no aggregate."""
    kinds: Column = {(number,): 161 if number == 4 else 6 for number in range(1, 5)}
    known = seen(
        ifType=kinds, ifStackStatus={(4, 1): 1, (3, 2): 1}, dot3adAggPortAttachedAggID={(2,): 4, (3,): 3}
    )

    assert {1: 4, 2: 4, 3: 0, 4: 0} == {one.if_index: one.lag for one in known.interfaces if one.if_index < 9}


def test_a_link_local_address_stands_on_each_interface_that_has_it() -> None:
    """RFC 2465 rows, with and without a length in the index."""
    local: tuple[Value, ...] = (0xFE, 0x80, *[0] * 13, 1)
    octets = tuple(int(octet) for octet in local)
    known = seen(ipv6AddrPfxLength={(1, *octets): 64, (2, 16, *octets): 10, (3,): 64, (4, *[0] * 16): 0})

    assert [(1, "fe80::1", 64), (2, "fe80::1", 10)] == [
        (held.if_index, held.address, held.prefixlen) for held in known.addresses
    ]
