"""The map's drawing: the same picture for the same network, planes apart, trouble marked, text escaped."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec

from netops.core.finding import Finding, Severity, State
from netops.topology import map as maps
from netops.topology.layout import Drawn, dot, lines, place, svg
from netops.topology.link import Link
from tests.topology.city import EXTRANET, INTRANET, NOON, REGISTERED, cabled, city

DEVICES = [
    Drawn(entry.plane, entry.name, entry.role, entry.organization, entry.address) for entry in REGISTERED
]


def finding(code: str, a: dict[str, str], b: dict[str, str]) -> Finding:
    return Finding(
        id="F-0001",
        code=code,
        kind="x",
        plane=EXTRANET,
        severity=Severity.HIGH,
        organization="fin",
        subject={"a": a, "b": b},
        basis=(),
        facts={},
        first_seen=NOON,
        last_seen=NOON,
        count=1,
        state=State.OPEN,
        evidence=(),
    )


def links() -> list[Link]:
    return maps.links(list(city().values()), REGISTERED)


def test_the_same_network_is_the_same_picture() -> None:
    """Whatever the order in which devices and links come."""
    assert svg(DEVICES, links(), [], "zh") == svg(DEVICES[::-1], links(), [], "zh")
    assert svg(DEVICES, links(), [], "en").startswith("<svg ")
    ET.fromstring(svg(DEVICES, links(), [], "en"))


def test_planes_stand_apart_and_no_two_boxes_meet() -> None:
    """Two hundred devices: no box covers another, and the planes share no column."""
    many = [
        Drawn(plane, f"sw-{number:03}", "switch") for plane in (EXTRANET, INTRANET) for number in range(100)
    ]
    placed = place(many, [])
    right = max(spot.x for spot in placed if spot.device.plane is INTRANET)
    left = min(spot.x for spot in placed if spot.device.plane is EXTRANET)

    assert 200 == len({(spot.x, spot.y) for spot in placed})
    assert left - right > 134


def test_trouble_is_marked() -> None:
    """A bypass is a thick line with a sign, a missing link is dashed, a silent device is hollow."""
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["r-b"], "ge9"))
    found = maps.links(list((views | {"r-a": a, "r-b": b}).values()), REGISTERED)
    bypass = finding("TP-101", {"device": "r-a", "interface": "ge9"}, {"device": "r-b", "interface": "ge9"})
    missing = finding("TP-002", {"device": "core", "interface": ""}, {"device": "sw-a", "interface": ""})
    silent = [msgspec.structs.replace(one, state="silent") if one.name == "r-b" else one for one in DEVICES]
    drawn = svg(silent, found, [bypass, missing], "en")

    assert ["bypass", "missing"] == sorted(
        {line.kind for line in lines(DEVICES, found, [bypass, missing])} - {"link"}
    )
    assert all(f'<g class="{kind}">' in drawn for kind in ("bypass", "missing", "silent", "up", "link"))
    assert "✗" in drawn


def test_what_devices_say_is_never_markup() -> None:
    """Names are text, in SVG and in DOT."""
    evil = Drawn(EXTRANET, '<script>"x"</script>', "switch", "<b>&", "192.0.2.1")

    assert "<script>" not in svg([evil], [], [], "en")
    ET.fromstring(svg([evil], [], [], "en"))
    assert '\\"x\\"' in dot([evil], [], [])
