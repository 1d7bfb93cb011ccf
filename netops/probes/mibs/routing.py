"""Objects of routing: adjacencies of OSPF, IS-IS and BGP, and the routing tables."""

from __future__ import annotations

from netops.probes.mibs.group import (
    BGP,
    CISCO,
    CISCO_ISIS,
    ISIS,
    JUNIPER,
    MIB2,
    OSPF,
    OSPF_V3,
    TP_LINK,
    Group,
)

GROUPS: tuple[Group, ...] = (
    Group(
        "OSPF neighbours",
        {  # OSPF-MIB, RFC 4750
            "ospfNbrRtrId": f"{OSPF}.10.1.3",
            "ospfNbrState": f"{OSPF}.10.1.6",
            "ospfRouterId": f"{OSPF}.1.1",
        },
        gated=True,
    ),
    Group(
        "OSPFv3 neighbours",
        {  # OSPFV3-MIB, RFC 5643
            "ospfv3NbrState": f"{OSPF_V3}.1.9.1.8",
            "ospfv3NbrAddress": f"{OSPF_V3}.1.9.1.5",
            "ospfv3RouterId": f"{OSPF_V3}.1.1.1",
        },
        gated=True,
    ),
    Group(
        "IS-IS adjacencies",
        {  # ISIS-MIB, RFC 4444
            "isisISAdjState": f"{ISIS}.1.6.1.1.2",
            "isisISAdjNeighSNPAAddress": f"{ISIS}.1.6.1.1.4",
            "isisISAdjNeighSysID": f"{ISIS}.1.6.1.1.6",
            "isisISAdjIPAddrAddress": f"{ISIS}.1.6.3.1.3",
            "isisCircIfIndex": f"{ISIS}.1.3.2.1.2",
            "isisSysID": f"{ISIS}.1.1.1.3",
        },
        gated=True,
    ),
    Group(
        "IS-IS adjacencies (Cisco)",
        {  # CISCO-IETF-ISIS-MIB, the draft of ISIS-MIB with the same columns
            "ciiISAdjState": f"{CISCO_ISIS}.6.1.1.2",
            "ciiISAdjNeighSNPAAddress": f"{CISCO_ISIS}.6.1.1.4",
            "ciiISAdjNeighSysID": f"{CISCO_ISIS}.6.1.1.6",
            "ciiISAdjIPAddrAddress": f"{CISCO_ISIS}.6.3.1.3",
            "ciiCircIfIndex": f"{CISCO_ISIS}.3.2.1.2",
            "ciiSysID": f"{CISCO_ISIS}.1.1.3",
        },
        gated=True,
        unless=("isisISAdjState",),
        vendor=CISCO,
    ),
    Group(
        "BGP peers",
        {"bgpPeerState": f"{BGP}.3.1.2", "bgpPeerRemoteAs": f"{BGP}.3.1.9"},  # BGP4-MIB, RFC 4273
        gated=True,
    ),
    Group(
        "BGP peers (Cisco)",
        {  # CISCO-BGP4-MIB, where BGP4-MIB is not there (IOS XR)
            "cbgpPeer2State": f"{CISCO}.9.187.1.2.5.1.3",
            "cbgpPeer2RemoteAs": f"{CISCO}.9.187.1.2.5.1.11",
        },
        gated=True,
        unless=("bgpPeerState",),
        vendor=CISCO,
    ),
    Group(
        "BGP peers (Juniper)",
        {  # BGP4-V2-MIB-JUNIPER
            "jnxBgpM2PeerState": f"{JUNIPER}.5.1.1.2.1.1.1.2",
            "jnxBgpM2PeerRemoteAddr": f"{JUNIPER}.5.1.1.2.1.1.1.11",
            "jnxBgpM2PeerRemoteAs": f"{JUNIPER}.5.1.1.2.1.1.1.13",
        },
        gated=True,
        unless=("bgpPeerState",),
        vendor=JUNIPER,
    ),
    Group(
        "routes",
        {  # IP-FORWARD-MIB, RFC 4292
            "inetCidrRouteIfIndex": f"{MIB2}.4.24.7.1.7",
            "inetCidrRouteType": f"{MIB2}.4.24.7.1.8",
            "inetCidrRouteProto": f"{MIB2}.4.24.7.1.9",
        },
        gated=True,
    ),
    Group(
        "routes (RFC 2096)",
        {
            "ipCidrRouteIfIndex": f"{MIB2}.4.24.4.1.5",
            "ipCidrRouteType": f"{MIB2}.4.24.4.1.6",
            "ipCidrRouteProto": f"{MIB2}.4.24.4.1.7",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex",),
    ),
    Group(
        "routes (RFC 1213)",
        {
            "ipRouteNextHop": f"{MIB2}.4.21.1.7",
            "ipRouteIfIndex": f"{MIB2}.4.21.1.2",
            "ipRouteMask": f"{MIB2}.4.21.1.11",
            "ipRouteType": f"{MIB2}.4.21.1.8",
            "ipRouteProto": f"{MIB2}.4.21.1.9",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex", "ipCidrRouteIfIndex"),
    ),
    Group(
        "IPv6 routes (RFC 2465)",
        {
            "ipv6RouteIfIndex": f"{MIB2}.55.1.11.1.4",
            "ipv6RouteNextHop": f"{MIB2}.55.1.11.1.5",
            "ipv6RouteType": f"{MIB2}.55.1.11.1.6",
            "ipv6RouteProtocol": f"{MIB2}.55.1.11.1.7",
        },
        gated=True,
        unless=("inetCidrRouteIfIndex",),
    ),
    Group(
        "static routes (TP-Link)",
        {
            "tpStaticRouteItemNextIp": f"{TP_LINK}.6.36.1.1.1.1.3",
            "tpStaticRouteItemInterfaceName": f"{TP_LINK}.6.36.1.1.1.1.5",
            "tpIPv6StaticRouteItemNexthop": f"{TP_LINK}.6.53.1.1.1.1.3",
            "tpIPv6StaticRouteItemDesIp": f"{TP_LINK}.6.53.1.1.1.1.1",
            "tpIPv6StaticRouteItemPrefixLen": f"{TP_LINK}.6.53.1.1.1.1.2",
            "tpIPv6StaticRouteItemInterfaceName": f"{TP_LINK}.6.53.1.1.1.1.5",
        },
        unless=("inetCidrRouteIfIndex", "ipCidrRouteIfIndex", "ipRouteNextHop"),
        vendor=TP_LINK,
    ),
)
