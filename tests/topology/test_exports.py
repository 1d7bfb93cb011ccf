"""The network for other programs."""

from __future__ import annotations

from io import BytesIO

import msgspec

from netops.topology import map as maps
from netops.topology.device import Hardware
from netops.topology.exports import dot, graphml, prometheus
from netops.topology.layout import Drawn
from tests.topology.city import EXTRANET, REGISTERED, city


def test_graphml_is_read_back_with_every_device_and_link() -> None:
    """Parallel links stay apart; what no XML may hold is replaced."""
    import networkx as nx

    views = city()
    odd = msgspec.structs.replace(
        views["exit"], hardware=(Hardware("chassis", "1", "FW\x00\x1b 6800", "A1"),)
    )
    listed = list((views | {"exit": odd}).values())
    wired = maps.wiring(listed, REGISTERED)
    graph = nx.read_graphml(BytesIO(graphml(listed, REGISTERED, wired.links, wired.segments).encode()))

    assert len(wired.links) == sum(1 for *_, held in graph.edges(data=True) if held["kind"] == "link")
    assert {f"{view.plane}/{view.key}" for view in listed} <= set(graph.nodes)
    assert ("FW\ufffd\ufffd 6800", "firewall") == tuple(
        graph.nodes["extranet/exit"][key] for key in ("model", "role")
    )


def test_prometheus_is_told_of_every_device_with_its_labels() -> None:
    """An IPv6 address stands in brackets; an empty label is left out."""
    views = list(city().values())
    six = msgspec.structs.replace(views[0], address="2001:db8::1")
    groups = prometheus([*views[1:], six], REGISTERED)
    by_name = {one["labels"]["__meta_netops_device"]: one for one in groups}

    assert (["[2001:db8::1]"], "firewall") == (
        by_name["exit"]["targets"],
        by_name["exit"]["labels"]["__meta_netops_role"],
    )
    assert "__meta_netops_model" not in by_name["core"]["labels"]
    assert {"intranet", "extranet"} == {one["labels"]["__meta_netops_plane"] for one in groups}
    assert [one["labels"]["__meta_netops_device"] for one in groups] == [
        one["labels"]["__meta_netops_device"] for one in prometheus([six, *views[1:]], REGISTERED)
    ]


def test_names_in_dot_are_text() -> None:
    """Quotes and backslashes end nothing."""
    assert '"extranet/\\\\\\"x\\\\"' in dot([Drawn(EXTRANET, '\\"x\\', "switch")], [], [])
