"""What changed, in words that people look for; a restart that renumbers the interfaces is one change."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import msgspec

from netops.core.store import Store
from netops.core.walk import Column, DeviceWalk
from netops.topology import history, snapshots, states
from netops.topology.device import Route, Vlan
from netops.topology.sightings import SightingSpan
from tests.topology.city import EXTRANET, NOON, cabled, city, device

HOUR = timedelta(hours=1)


def kinds(part: str, old: object, new: object) -> list[tuple[str, str]]:
    return [(one.kind, one.subject) for one in history.between(part, old, new)]


def rows(*ports: tuple[str, int, bool]) -> list[dict[str, object]]:
    return [
        {"name": name, "if_index": number, **({"oper_up": True} if up else {})} for name, number, up in ports
    ]


def test_ports_that_go_up_and_down_come_and_go() -> None:
    """By name."""
    old = rows(("ge1", 1, True), ("ge2", 2, False), ("ge3", 3, True))
    new = rows(("ge1", 1, False), ("ge2", 2, True), ("ge4", 4, True))

    assert [("port-gone", "ge3"), ("port-new", "ge4"), ("port-down", "ge1"), ("port-up", "ge2")] == kinds(
        "interfaces", old, new
    )


def test_a_restart_that_renumbers_the_interfaces_is_one_change() -> None:
    """No port has gone, none is new, and what really changed is still told."""
    old = rows(("ge1", 1, True), ("ge2", 2, True))
    new = rows(("ge1", 101, True), ("ge2", 102, False))

    assert [("port-down", "ge2"), ("renumbered", "")] == kinds("interfaces", old, new)
    neighbors = [
        {"protocol": "lldp", "local_interface": "ge1", "local_if_index": n, "remote_name": "core"}
        for n in (1, 101)
    ]
    assert [] == kinds("neighbors", neighbors[:1], neighbors[1:])


def test_two_ports_of_one_name_stay_two() -> None:
    """Some devices call several the same."""
    old = rows(("Null", 1, True), ("Null", 2, True))

    assert [("port-gone", "Null")] == kinds("interfaces", old, old[:1])


def test_the_history_goes_on_across_a_restart(store: Store) -> None:
    """Walked before and after: the port's own history is one."""

    def walk(shift: int, up: int, hour: int) -> None:
        columns: dict[str, Column] = {
            "sysName": {(0,): b"sw-1"},
            "ifDescr": {(shift + 1,): b"ge1", (shift + 2,): b"ge2"},
            "ifOperStatus": {(shift + 1,): up, (shift + 2,): 1},
        }
        at = NOON + hour * HOUR
        snapshots.record(store, DeviceWalk(EXTRANET, "sw-1", "192.0.2.1", at, 0.1, columns), at)

    for shift, up, hour in ((0, 1, 0), (0, 2, 1), (100, 2, 2), (100, 1, 3)):
        walk(shift, up, hour)
    held = [one for one in states.history(store, EXTRANET, "sw-1") if one.part == "interfaces"]
    told = [
        (newer.since, one.kind, one.subject)
        for newer, older in pairwise(held)
        for one in history.between("interfaces", older.body, newer.body)
    ]

    assert [
        (NOON + 3 * HOUR, "port-up", "ge1"),
        (NOON + 2 * HOUR, "renumbered", ""),
        (NOON + HOUR, "port-down", "ge1"),
    ] == told


def test_a_device_that_falls_silent_and_comes_back() -> None:
    """Why it did not answer stands beside."""
    silent = {"answers": False, "why": "no answer within {seconds} s"}

    assert [("silent", "")] == kinds("reach", {"answers": True}, silent)
    assert [("answers", "")] == kinds("reach", silent, {"answers": True})
    assert [] == kinds("reach", silent, {"answers": False, "why": "other"})


def test_software_is_told_by_its_versions() -> None:
    """Not by the pages that some devices call a description."""
    old = {"descr": "VRP software, Version 5.150 (S5735 V200R011C10) Copyright", "known_as": "sw"}
    (one,) = history.between("system", old, {**old, "descr": "VRP software, Version 5.170 (S5735) Copyright"})

    assert ("software", "5.150", "5.170") == (one.kind, one.before, one.after)


def test_a_default_route_is_told_and_others_are_counted() -> None:
    """An OSPF area that reloads changes thousands."""
    old = city()["core"]
    other = Route("0.0.0.0", 0, "10.50.254.6", 2, "to-r-a", "netmgmt", "remote")
    more = tuple(Route(f"10.{n}.0.0", 16, "10.50.254.2", 1, "to-exit", "ospf", "remote") for n in range(9))
    new = msgspec.structs.replace(old, routes=(other, *more), vlans=(Vlan(10, "office"),))
    told = {one.kind: (one.before, one.after) for one in history.of_views(old, new, NOON)}

    assert {
        "default-route": ("10.50.254.2 to-exit", "10.50.254.6 to-r-a"),
        "routes": ("-0", "+9"),
        "vlan-new": ("", "0"),
    } == told


def test_every_kind_has_its_words() -> None:
    """Between two views that have nothing in common."""
    a, b = cabled(
        (device("a", "192.0.2.1", {"ge1": "192.0.2.1/24"}), "ge1"), (device("b", "192.0.2.2", {"x": ""}), "x")
    )
    told = list(history.of_views(a, msgspec.structs.replace(b, stale=True), NOON))

    assert {one.kind for one in told} <= history.KINDS.keys()
    assert {"silent", "renamed", "port-new", "port-gone", "neighbor-new", "neighbor-gone"} <= {
        one.kind for one in told
    }


def span(port: str, first: int, last: int) -> SightingSpan:
    return SightingSpan(EXTRANET, "192.0.2.50", "02:aa:00:00:00:01", "sw", port, 0, "gw", "lan",
                        NOON + first * HOUR, NOON + last * HOUR)  # fmt: skip


def test_terminals_come_and_move() -> None:
    """A span at another port is a move; what lay before the time asked for is none."""
    spans = [span("ge1", 0, 3), span("ge2", 4, 9)]
    told = list(history.of_terminals(spans, NOON - HOUR, NOON + 9 * HOUR))

    assert [("terminal-new", "", "sw ge1"), ("terminal-moved", "sw ge1", "sw ge2")] == [
        (one.kind, one.before, one.after) for one in told
    ]
    assert ["terminal-moved"] == [one.kind for one in history.of_terminals(spans, NOON, NOON + 9 * HOUR)]
