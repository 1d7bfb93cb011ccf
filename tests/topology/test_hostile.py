"""Everything an agent says is hostile: columns of any shape are read, joined and answered without an error."""

from __future__ import annotations

import random

import pytest

from netops.core.plane import Plane
from netops.core.walk import Column, DeviceWalk, Index, Value
from netops.probes import mib
from netops.topology import map as maps
from netops.topology import report, sightings
from netops.topology.device import DeviceView
from netops.topology.reading import view
from netops.topology.separation import answers
from tests.topology.city import EXTRANET, INTRANET, NOON

NAMES = [name for group in mib.GROUPS for name in group.objects]
NAMES += [f"{name}@{mark}" for name in mib.VLAN_OBJECTS for mark in ("1", "x", "")]
NUMBERS = (0, 1, 2, 4, 6, 10, 16, 161, 255, 256, 70000, 1 << 32)
TEXTS: tuple[Value, ...] = (
    b"",
    b"1/0/1-999",
    b"0a:00:00:00:00:01",
    b"\xff\xfe\x00x",
    b"x" * 300,
    "",
    "1.2.3",
    "255.255.0.255",
    "1.3.6.1.2.1.4.32.1.5.1.1.4.10.0.0.0.999",
    "1.3.6.1.4.1.25506.1",
    -1,
    1,
    2,
    5,
    6,
    161,
    1 << 64,
    1 << 200,
)
LENGTHS = (0, 1, 2, 3, 5, 6, 7, 8, 13, 17, 18, 19, 20)


def walked(dice: random.Random, number: int) -> DeviceView:
    def index() -> Index:
        return tuple(dice.choice(NUMBERS) for _ in range(dice.choice(LENGTHS)))

    def value() -> Value:
        return (
            dice.choice(TEXTS)
            if dice.random() < 0.6
            else dice.randbytes(dice.choice((1, 2, 4, 5, 6, 8, 16, 64)))
        )

    columns: dict[str, Column] = {
        "ifDescr": {(port,): f"p{port}".encode() for port in range(1, 5)},
        "sysName": {(0,): dice.choice((b"a", b"b", b""))},
        "dot1dBaseBridgeAddress": {(0,): bytes(5) + bytes([number])},
        "dot1dTpFdbPort": {(0, 0, 0, 0, 0, other): dice.choice((1, 2)) for other in range(4)},
    }
    for _ in range(60):
        rows = columns.setdefault(dice.choice(NAMES), {})
        rows.update({index(): value() for _ in range(dice.randrange(6))})
    return view(DeviceWalk(dice.choice(list(Plane)), "", f"192.0.2.{number}", NOON, 0.1, columns))


@pytest.mark.parametrize("seed", range(60))
def test_no_columns_break_the_room(seed: int) -> None:
    """Three devices of random rows: links, terminals, the report and the proof of separation end well."""
    dice = random.Random(seed)
    views = [walked(dice, number) for number in range(3)]
    found = maps.links(views)
    sightings.seen(EXTRANET, views, NOON)

    assert 2 == len(answers(views, found, {EXTRANET: ("10.0.0.0/8",), INTRANET: ("172.16.0.0/12",)}))
    assert all(report.full(one) for one in views)
    assert all(2 == len(set(link.ends)) for link in found)
