"""The network for other programs: Graphviz, GraphML, Prometheus. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from netops.core.finding import Finding
from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.layout import Drawn, Key, lines
from netops.topology.link import Link
from netops.topology.segments import Segment

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def dot(devices: Sequence[Drawn], links: Sequence[Link], findings: Sequence[Finding]) -> str:
    """The map for Graphviz."""

    def quoted(key: Key) -> str:
        return '"' + f"{key[0]}/{key[1]}".replace("\\", "\\\\").replace('"', '\\"') + '"'

    styles = {"missing": "dashed", "one-sided": "dotted", "inferred": "dotted", "blocked": "dashed"}
    colors = {"bypass": "red", "cross": "red", "private": "red", "undeclared": "orange"}
    parts = ["graph netops {", "  node [shape=box];"]
    parts += [
        f"  {quoted(device.key)} [style={'solid' if device.state == 'up' else 'dashed'}];"
        for device in sorted(devices, key=lambda device: device.key)
    ]
    parts += [
        f"  {quoted(line.a)} -- {quoted(line.b)} "
        f"[style={styles.get(line.kind, 'solid')}, color={colors.get(line.kind, 'black')}];"
        for line in lines(devices, links, findings)
    ]
    return "\n".join((*parts, "}")) + "\n"


def graphml(
    views: Sequence[DeviceView],
    registered: Iterable[RegisteredDevice],
    links: Sequence[Link],
    segments: Sequence[Segment] = (),
) -> str:
    """
    The network as GraphML for networkx, Gephi or yEd: devices and segments, and each link as an edge of its own.

    Nodes are "plane/device" and "segment plane/device/port"; parallel links stay apart.
    """
    import networkx as nx

    graph = nx.MultiGraph()
    entries = {(entry.plane, entry.name): entry for entry in registered}
    for view in views:
        entry = entries.get((view.plane, view.key))
        graph.add_node(
            _node(view.plane, view.key),
            kind="device",
            plane=str(view.plane),
            name=_clean(view.key),
            address=_clean(view.address),
            role=str(entry.role) if entry else "",
            organization=entry.organization if entry else "",
            model=_clean(view.model),
            serial=_clean(" ".join(view.serials)),
            software=_clean(view.software),
            stale=view.stale,
        )
    for one in segments:
        name = f"segment {one.id}"
        graph.add_node(
            _clean(name), kind=one.kind, plane=str(one.plane), layer=one.layer, terminals=one.terminals
        )
        for end in one.members:
            graph.add_edge(
                _clean(name), _node(end.plane, end.device), kind="member", interface=_clean(end.interface)
            )
    for link in links:
        graph.add_edge(
            _node(link.a.plane, link.a.device),
            _node(link.b.plane, link.b.device),
            kind="link",
            a_interface=_clean(link.a.interface),
            b_interface=_clean(link.b.interface),
            layer=link.layer,
            protocols=" ".join(link.protocols),
            two_sided=link.two_sided,
            confidence=link.confidence,
        )
    return "\n".join(nx.generate_graphml(graph)) + "\n"


def _node(plane: str, device: str) -> str:
    return _clean(f"{plane}/{device}")


def _clean(text: str) -> str:
    """A text without what XML 1.0 has no place for."""
    return NOT_XML.sub("\ufffd", text)


def prometheus(views: Sequence[DeviceView], registered: Iterable[RegisteredDevice]) -> list[dict[str, Any]]:
    """
    Targets for Prometheus's HTTP service discovery (`http_sd_configs`): one group a device, for an exporter by SNMP.

    Labels begin with __meta_netops_, as those of other discoveries do; relabelling keeps what is wanted.
    """
    entries = {(entry.plane, entry.name): entry for entry in registered}
    groups = []
    for view in sorted(views, key=lambda view: (view.plane, view.key)):
        entry = entries.get((view.plane, view.key))
        labels = {
            "plane": str(view.plane),
            "device": view.key,
            "sys_name": view.system.name,
            "role": str(entry.role) if entry else "",
            "organization": entry.organization if entry else "",
            "site": entry.site if entry else "",
            "model": view.model,
            "software": view.software,
            "answers": str(not view.stale).lower(),
        }
        target = f"[{view.address}]" if ":" in view.address else view.address
        groups.append(
            {
                "targets": [target],
                "labels": {f"__meta_netops_{name}": text for name, text in labels.items() if text},
            }
        )
    return groups
