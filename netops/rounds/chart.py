"""The map of the whole city out of what was last seen, what is registered, and what stands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netops.core import docket
from netops.core.finding import STANDING, Finding
from netops.core.language import spoken
from netops.desk import Desk
from netops.rounds import walk
from netops.topology import layout
from netops.topology.link import Link, LinkEnd

if TYPE_CHECKING:
    from netops.topology.layout import Drawn


def svg(desk: Desk) -> str:
    """The map as SVG text; see `netops.topology.layout`."""
    return layout.svg(*drawing(desk), spoken())


def dot(desk: Desk) -> str:
    """The map for Graphviz."""
    return layout.dot(*drawing(desk))


def drawing(desk: Desk) -> tuple[list[Drawn], list[Link], list[Finding]]:
    """Devices (walked, silent, and only registered), links as last seen, and the findings that stand about them."""
    register = desk.register
    views = {(view.plane, view.key): view for view in walk.current(desk)}
    devices = []
    for entry in register.devices:
        if entry.plane in desk.planes:
            view = views.pop((entry.plane, entry.name), None)
            state = ("silent" if view is None or view.stale else "up") if entry.snmp else "unwalked"
            devices.append(
                layout.Drawn(
                    entry.plane,
                    entry.name,
                    entry.role,
                    register.name(entry.organization),
                    entry.address,
                    state,
                )
            )
    devices += [
        layout.Drawn(view.plane, view.key, "", "", view.address, "silent" if view.stale else "up")
        for view in views.values()
    ]
    findings = [one for one in docket.listed(desk.store, state=STANDING) if one.code.startswith("TP-")]
    return devices, [*_drawn(walk.links(desk)), *_on_paper(desk, devices)], findings


def _drawn(found: list[Link]) -> list[Link]:
    """Every cable, and at layer 3 what joins two devices that no cable joins."""
    cabled = {frozenset((end.plane, end.device) for end in link.ends) for link in found if link.layer == 2}
    return [
        link
        for link in found
        if link.layer == 2 or frozenset((end.plane, end.device) for end in link.ends) not in cabled
    ]


def _on_paper(desk: Desk, devices: list[Drawn]) -> list[Link]:
    """Registered links to devices that nobody asks: drawn, since nobody could see them."""
    unasked = {device.key for device in devices if device.state == "unwalked"}
    return [
        Link(
            LinkEnd(link.plane, link.a, "", link.a_interface),
            LinkEnd(link.plane, link.b, "", link.b_interface),
            2,
            ("register",),
            two_sided=False,
            confidence=0.0,
        )
        for link in desk.register.links
        if {(link.plane, link.a), (link.plane, link.b)} & unasked
    ]
