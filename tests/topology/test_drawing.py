"""The map as a picture: byte for byte the same, well formed, with what devices say as text and nothing else."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import msgspec
import pytest

from netops.topology import map as maps
from netops.topology.drawing import svg
from netops.topology.layout import Drawn
from netops.topology.link import LinkEnd
from netops.topology.segments import Segment
from tests.topology.city import EXTRANET, REGISTERED, cabled, city
from tests.topology.test_layout import DEVICES, finding, links


def test_the_same_network_is_the_same_picture() -> None:
    """Whatever the order in which devices and links come."""
    assert svg(DEVICES, links(), [], "zh") == svg(DEVICES[::-1], links()[::-1], [], "zh")
    ET.fromstring(svg(DEVICES, links(), [], "en"))


def test_trouble_can_be_seen() -> None:
    """A bypass is a thick line with a sign, a missing link is dashed, a silent device is hollow."""
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["r-b"], "ge9"))
    found = maps.links(list((views | {"r-a": a, "r-b": b}).values()), REGISTERED)
    bypass = finding("TP-101", {"device": "r-a", "interface": "ge9"}, {"device": "r-b", "interface": "ge9"})
    missing = finding("TP-002", {"device": "core", "interface": ""}, {"device": "sw-a", "interface": ""})
    silent = [msgspec.structs.replace(one, state="silent") if one.name == "r-b" else one for one in DEVICES]
    drawn = svg(silent, found, [bypass, missing], "en")

    assert all(f'<g class="{kind}"' in drawn for kind in ("bypass", "missing", "silent", "up", "link"))
    assert "✗" in drawn
    assert "registered and not seen" in drawn


def test_a_shared_segment_is_a_thing_of_its_own() -> None:
    """Three switches on one wire: three lines to the segment, none between the switches."""
    ends = tuple(LinkEnd(EXTRANET, name, "", "ge1", 1) for name in ("core", "r-a", "r-b"))
    wire = Segment("extranet/core/ge1", "shared", EXTRANET, 2, ends, 5)
    found = [
        msgspec.structs.replace(link, segment=wire.id)
        for link in maps.links([])
        or [
            maps.Link(ends[0], ends[1], 2, ("bridge",), two_sided=True, confidence=0.7),
            maps.Link(ends[1], ends[2], 2, ("bridge",), two_sided=True, confidence=0.7),
        ]
    ]
    drawn = svg(DEVICES, found, [], "en", [wire])

    assert (3, 1) == (drawn.count('<g class="link">') - 1, drawn.count('class="wire"'))
    assert "3 ports, 5 terminals" in drawn


def test_what_devices_say_is_never_markup() -> None:
    """Names are text, in the boxes, the titles and the links."""
    evil = Drawn(EXTRANET, '<script>"x"</script>', "switch", "<b>&", "192.0.2.1")
    drawn = svg([evil], [], [], "en")

    assert "<script>" not in drawn
    assert "who?q=%3Cscript%3E" in drawn
    ET.fromstring(drawn)


def test_a_picture_without_anything_is_one_too() -> None:
    """No device: still a picture."""
    ET.fromstring(svg([], [], [], "zh"))


def test_a_png_is_drawn_from_the_same_picture() -> None:
    """Twice the same bytes."""
    pytest.importorskip("typst")
    from netops.rounds.chart import png_of

    text = svg(DEVICES, links(), [], "en")
    first = png_of(text)

    assert first.startswith(b"\x89PNG")
    assert first == png_of(text)
