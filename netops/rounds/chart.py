"""The map of the whole city out of what was last seen, what is registered, and what stands; and for other programs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from msgspec.structs import replace

from netops.core import ranked
from netops.core.errors import NetopsError
from netops.core.finding import Finding
from netops.core.language import spoken
from netops.core.plane import Plane
from netops.desk import Desk
from netops.rounds import walk
from netops.topology import drawing as drawings
from netops.topology import exports, layout
from netops.topology.link import Link, LinkEnd
from netops.topology.segments import Segment

if TYPE_CHECKING:
    from netops.topology.device import DeviceView
    from netops.topology.layout import Drawn
    from netops.topology.map import Wiring

    Drawing: TypeAlias = tuple[list[Drawn], list[Link], list[Finding], tuple[Segment, ...]]

MARKED = 2000
"""Findings that are marked, the gravest first."""
MAX_PIXELS = 8000
"""Across or down a PNG: a larger one is drawn more coarsely."""
POINT = 72 / 96
"""Points in a pixel of SVG."""


def embedded(desk: Desk, planes: Collection[Plane], organization: str = "", whole: Drawing | None = None) -> str:
    """
    The map for a page that has a style of its own: of some planes, and of one organization's devices when it is named.

    Args:
        whole: what `drawing` gave, where somebody has it already.
    """
    devices, links, findings, segments = whole or drawing(desk)
    owners = {(entry.plane, entry.name): entry.organization for entry in desk.register.devices}
    # Whoever made the picture may have spoken another language.
    mine = [
        replace(one, organization=desk.register.name(owners.get(one.key, "")))
        for one in devices
        if one.plane in planes and organization in ("", owners.get(one.key, ""))
    ]
    names = {one.key for one in mine}
    kept = [one for one in findings if one.plane in planes and organization in ("", one.organization)]
    there = tuple(one for one in segments if one.plane in planes and not organization)
    joined = [link for link in links if all((end.plane, end.device) in names for end in link.ends)]
    return drawings.svg(mine, joined, kept, spoken(), there, alone=False)


def svg(desk: Desk) -> str:
    """The map as SVG text; see `netops.topology.drawing`."""
    devices, links, findings, segments = drawing(desk)
    return drawings.svg(devices, links, findings, spoken(), segments)


def png(desk: Desk) -> bytes:
    """
    The map as a PNG, drawn from the SVG by typst.

    Raises:
        NetopsError: typst cannot draw it.
    """
    return png_of(svg(desk))


def png_of(text: str) -> bytes:
    """A PNG of an SVG, two pixels for one as far as that goes."""
    import re

    import typst

    size = re.search(r'width="([\d.]+)" height="([\d.]+)"', text)
    width, height = (float(size[1]), float(size[2])) if size else (800.0, 600.0)
    ppi = min(2.0, MAX_PIXELS / max(width, height, 1)) * 96
    source = (
        f"#set page(width: {width * POINT:g}pt, height: {height * POINT:g}pt, margin: 0pt)\n"
        f'#image(bytes(sys.inputs.svg), format: "svg", width: 100%, height: 100%)\n'
    )
    try:
        drawn = typst.compile(source.encode(), format="png", ppi=ppi, sys_inputs={"svg": text})
    except (RuntimeError, ValueError) as error:
        raise NetopsError(
            "the map was not drawn", "{reason}", "use -o city.svg", reason=str(error)[:300]
        ) from error
    return drawn if isinstance(drawn, bytes) else bytes(drawn[0])


def dot(desk: Desk) -> str:
    """The map for Graphviz."""
    devices, links, findings, _ = drawing(desk)
    return exports.dot(devices, links, findings)


def graphml(desk: Desk) -> str:
    """The network as GraphML."""
    wired = walk.wiring(desk)
    return exports.graphml(walk.current(desk), desk.register.devices, wired.links, wired.segments)


def prometheus(desk: Desk, planes: Collection[Plane] | None = None) -> list[dict[str, Any]]:
    """Walked devices as targets for Prometheus's HTTP service discovery; of some planes alone, when they are named."""
    views = [view for view in walk.current(desk) if planes is None or view.plane in planes]
    return exports.prometheus(views, desk.register.devices)


def drawing(desk: Desk, current: Sequence[DeviceView] | None = None, wired: Wiring | None = None) -> Drawing:
    """Devices (walked, silent, and only registered), links and segments as last seen, and the findings about them."""
    register = desk.register
    current = walk.current(desk) if current is None else current
    views = {(view.plane, view.key): view for view in current}
    also = {(view.plane, name): view for view in current for name in view.aliases}
    devices = []
    for entry in register.devices:
        if entry.plane not in desk.planes or (entry.plane, entry.name) in also:
            continue
        view = views.pop((entry.plane, entry.name), None)
        state = ("silent" if view is None or view.stale else "up") if entry.snmp else "unwalked"
        devices.append(
            layout.Drawn(
                entry.plane, entry.name, entry.role, register.name(entry.organization), entry.address, state
            )
        )
    devices += [
        layout.Drawn(view.plane, view.key, "", "", view.address, "silent" if view.stale else "up")
        for view in views.values()
    ]
    findings = ranked.page(desk.store, MARKED, code="TP-") if desk.at is None else []
    wired = walk.wiring(desk) if wired is None else wired
    return devices, [*_drawn(wired.links), *_on_paper(desk, devices)], findings, wired.segments


def _drawn(found: tuple[Link, ...]) -> list[Link]:
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
