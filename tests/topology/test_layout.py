"""The map's plan: trees from the top, planes apart, nothing on anything else, the same for the same network."""

from __future__ import annotations

from itertools import combinations

import msgspec

from netops.core.finding import Finding, Severity, State
from netops.topology import map as maps
from netops.topology.crowds import READABLE, gathered
from netops.topology.layout import BOX_HEIGHT, BOX_WIDTH, Drawn, Forest, Line, lines, plan
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


def large(below: int = 40, each: int = 50) -> tuple[list[Drawn], list[Line]]:
    """A core with *below* edges, each with *each* switches; one of them silent."""
    devices, drawn = [Drawn(EXTRANET, "core", "core")], []
    for place in range(below):
        edge = Drawn(EXTRANET, f"edge-{place:02}", "edge")
        switches = [Drawn(EXTRANET, f"sw-{place:02}-{number:02}", "switch") for number in range(each)]
        devices += [edge, *switches]
        drawn.append(Line((EXTRANET, "core"), edge.key, "link"))
        drawn += [Line(edge.key, one.key, "link") for one in switches]
    devices[2] = msgspec.structs.replace(devices[2], state="silent")
    return devices, drawn


def test_planes_stand_apart_and_no_two_boxes_meet() -> None:
    """Hundreds of devices, alone and in trees: no box covers another, and each plane has its own ground."""
    devices, drawn = large(5, 40)
    many = [*devices, *(Drawn(INTRANET, f"in-{number:03}", "switch") for number in range(100))]
    laid = plan(many, drawn)
    corners = [(box.x, box.y) for box in laid.boxes.values()]

    assert len(many) == len(laid.boxes)
    assert all(
        abs(a[0] - b[0]) >= BOX_WIDTH or abs(a[1] - b[1]) >= BOX_HEIGHT for a, b in combinations(corners, 2)
    )
    intranet, extranet = laid.areas
    assert intranet.x + intranet.width < extranet.x
    assert all(
        area.x <= box.x and box.x + BOX_WIDTH <= area.x + area.width
        for area in laid.areas
        for box in laid.boxes.values()
        if box.device.plane is area.plane
    )


def test_everything_hangs_below_the_top_and_every_line_arrives() -> None:
    """The core stands above its edges, those above their switches; a trail ends at the box that hangs on it."""
    devices, drawn = large(3, 6)
    laid, forest = plan(devices, drawn), Forest(devices, drawn)

    assert [(EXTRANET, "core")] == forest.tops
    for child, parent in forest.parent.items():
        box, above = laid.boxes[child], laid.boxes[parent]
        end, start = laid.trails[child][-1], laid.trails[child][0]
        assert box.y > above.y
        assert (above.x + BOX_WIDTH / 2, above.y + BOX_HEIGHT) == start
        assert end in ((box.x, box.y + BOX_HEIGHT / 2), (box.x + BOX_WIDTH / 2, box.y))


def test_what_comes_in_another_order_stands_at_the_same_place() -> None:
    """The plan depends on the network alone."""
    devices, drawn = large(4, 9)

    assert plan(devices, drawn) == plan(devices[::-1], drawn[::-1])


def test_a_large_city_is_gathered_and_nobody_is_lost() -> None:
    """Two thousand devices become a picture that can be read; every one is counted, the silent one too."""
    devices, drawn = large()
    shown, left = gathered(devices, drawn, {(EXTRANET, "sw-00-01")})

    assert (2041, True) == (len(devices), len(shown) <= READABLE)
    assert (2041, 1, 1) == tuple(
        sum(getattr(one, field) for one in shown) for field in ("count", "silent", "troubled")
    )
    assert {one.key for one in shown} >= {key for line in left for key in (line.a, line.b)}
    few = devices[:100]
    assert few == gathered(few, [], set())[0]


def test_trouble_is_marked() -> None:
    """A bypass and a missing link are lines of their own kind, and so is what only one end tells."""
    views = city()
    a, b = cabled((views["r-a"], "ge9"), (views["r-b"], "ge9"))
    found = maps.links(list((views | {"r-a": a, "r-b": b}).values()), REGISTERED)
    bypass = finding("TP-101", {"device": "r-a", "interface": "ge9"}, {"device": "r-b", "interface": "ge9"})
    missing = finding("TP-002", {"device": "core", "interface": ""}, {"device": "sw-a", "interface": ""})
    kinds = {line.kind for line in lines(DEVICES, found, [bypass, missing])}

    assert {"bypass", "missing"} == kinds - {"link", "inferred"}


def test_parallel_cables_are_one_line_with_their_number() -> None:
    """What is said of each stays."""
    views = city()
    a, b = cabled((views["core"], "to-r-a"), (views["r-a"], "to-core"))
    a, b = cabled((a, "to-r-b"), (b, "ge9"))
    drawn = [
        line
        for line in lines(DEVICES, maps.links([a, b]), [])
        if {line.a[1], line.b[1]} == {"core", "r-a"} and line.kind == "link"
    ]

    assert [(2, 2)] == [(line.count, len(line.told)) for line in drawn]
