"""Declared against seen: links that are down or slow, boxes that were swapped, devices and neighbours nobody registered."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest

from netops.core.clock import still
from netops.core.errors import Missing
from netops.core.journal import act, log
from netops.core.store import Store
from netops.topology import baseline, baselines
from netops.topology.baseline import Change
from netops.topology.device import Adjacency, DeviceView, Hardware, RegisteredDevice, Role, System
from netops.topology.expected import Exit, Expected, Picture
from netops.topology.link import RegisteredLink
from netops.topology.rules import conclude
from tests.topology.city import EXTRANET, NOON, PAPER, city, device, picture


def told(one: Picture) -> list[str]:
    return [conclusion.code for conclusion in conclude(one)]


def port(view: DeviceView, name: str, **more: object) -> DeviceView:
    """The same device, with a port changed."""
    held = (msgspec.structs.replace(one, **more) if one.name == name else one for one in view.interfaces)
    return msgspec.structs.replace(view, interfaces=tuple(held))


def paper(**more: object) -> Expected:
    return msgspec.structs.replace(PAPER, **more)


def not_fresh(views: dict[str, DeviceView], name: str, **more: object) -> Picture:
    whole = picture(views, **more)
    return msgspec.structs.replace(whole, fresh=whole.fresh - {(EXTRANET, name)})


# ---- TP-107
@pytest.mark.parametrize(("admin", "state"), [(True, "down"), (False, "shut")])
def test_a_registered_link_with_a_port_down_is_told_once(admin: bool, state: str) -> None:
    """TP-107 by the address of the link's prefix, also when LLDP has not forgotten the neighbour yet; never TP-002 too."""
    views = city()
    views["r-a"] = port(views["r-a"], "to-core", oper_up=False, admin_up=admin)
    views["core"] = msgspec.structs.replace(
        views["core"], neighbors=tuple(one for one in views["core"].neighbors if one.remote_name != "r-a")
    )
    views["r-a"] = msgspec.structs.replace(
        views["r-a"], neighbors=tuple(one for one in views["r-a"].neighbors if one.remote_name != "core")
    )
    (one,) = conclude(picture(views))

    assert ("TP-107", "fin") == (one.code, one.organization)
    assert ("r-a", "to-core", state) == (one.facts["device"], one.facts["interface"], one.facts["state"])


def test_a_port_is_found_by_its_registered_name() -> None:
    """A link without a prefix: the register names the port."""
    views = city()
    views["sw-a"] = port(views["sw-a"], "ge3", oper_up=False)
    links = (*PAPER.links, RegisteredLink("r-a", "sw-a", "ge9", "ge3"))

    assert ["TP-107"] == [
        code for code in told(picture(views, expected=paper(links=links))) if code != "TP-002"
    ]


def test_links_that_are_up_or_not_registered_are_not_down() -> None:
    """A port down that no registered link uses is nobody's business."""
    views = city()
    views["sw-a"] = port(views["sw-a"], "ge3", oper_up=False)

    assert [] == told(picture(city())) + told(picture(views))


def test_nothing_is_down_that_nobody_saw() -> None:
    """The device with the port did not answer; or it tells no states at all; or its port is no cable's."""
    views = city()
    lost = {**views, "r-a": port(views["r-a"], "to-core", oper_up=False)}
    mute = msgspec.structs.replace(
        views["r-a"],
        interfaces=tuple(msgspec.structs.replace(one, oper_up=False) for one in views["r-a"].interfaces),
    )
    tunnel = port(views["r-a"], "to-core", oper_up=False, type=131)

    assert "TP-107" not in told(not_fresh(lost, "r-a"))
    assert [] == told(picture(views | {"r-a": mute}))
    assert [] == told(picture(views | {"r-a": tunnel}))


# ---- TP-106
def with_speed(mbps: int) -> Expected:
    links = tuple(
        msgspec.structs.replace(link, speed_mbps=mbps) if link.b == "r-a" else link for link in PAPER.links
    )
    return paper(links=links)


@pytest.mark.parametrize(("bps", "expected"), [(100_000_000, ["TP-106"]), (10_000_000_000, ["TP-106"]),
                                               (1_000_000_000, []), (0, [])])  # fmt: skip
def test_a_link_runs_as_fast_as_registered(bps: int, expected: list[str]) -> None:
    """Slower and faster are told; a port that tells no speed says nothing."""
    views = city()
    views["r-a"] = port(views["r-a"], "to-core", speed_bps=bps)

    assert expected == told(picture(views, expected=with_speed(1000)))


def test_speed_is_unknown_when_it_is_not_registered_seen_or_up() -> None:
    """No speed on paper; the device did not answer; a port that is down has its own finding."""
    views = city()
    views["r-a"] = port(views["r-a"], "to-core", speed_bps=10_000_000)

    assert [] == told(picture(views))
    assert "TP-106" not in told(not_fresh(views, "r-a", expected=with_speed(1000)))
    views["r-a"] = port(views["r-a"], "to-core", oper_up=False)
    assert ["TP-107"] == told(picture(views, expected=with_speed(1000)))


# ---- TP-105
def box(view: DeviceView, serial: str = "", model: str = "") -> DeviceView:
    parts = (Hardware("chassis", "", model, serial),) if serial or model else ()
    return msgspec.structs.replace(view, hardware=parts)


def swapped(view: DeviceView) -> DeviceView:
    """Another box: not one MAC is left."""
    other = device(view.name + "x", view.address, {one.name: "" for one in view.interfaces})
    return msgspec.structs.replace(view, chassis=other.chassis, interfaces=other.interfaces)


SERIAL, OTHER = "21023529L4T0K5000012", "21023529L4T0K5000099"


@pytest.mark.parametrize(
    ("was", "now", "expected"),
    [
        (box(city()["r-a"], SERIAL), box(city()["r-a"], SERIAL), []),
        (box(city()["r-a"], SERIAL), box(city()["r-a"], OTHER), [Change("serial", SERIAL, OTHER)]),
        (box(city()["r-a"], SERIAL), box(swapped(city()["r-a"]), SERIAL), []),
        (box(city()["r-a"], SERIAL), box(city()["r-a"]), []),
        (
            box(city()["r-a"], "", "S5735"),
            box(city()["r-a"], "", "S6730"),
            [Change("model", "S5735", "S6730")],
        ),
        (city()["r-a"], swapped(city()["r-a"]), ["mac"]),
        (city()["r-a"], port(city()["r-a"], "lan", mac="02:ff:00:00:00:01"), []),
    ],
)
def test_what_makes_another_box(was: DeviceView, now: DeviceView, expected: list[object]) -> None:
    """Serial numbers decide alone; without them the model, and MACs of which not one is left."""
    found = baseline.changes(baseline.of(was, NOON), now)

    assert expected == (
        found if expected and isinstance(expected[0], Change) else [one.what for one in found]
    )


def test_a_stack_that_lost_a_member_is_the_same_and_one_with_another_member_is_not() -> None:
    """Of three one is out for repair: the same stack. Another one in its place: told, by its serial number."""
    three, two, changed = (
        msgspec.structs.replace(
            city()["r-a"], hardware=tuple(Hardware("chassis", "", "", serial) for serial in serials)
        )
        for serials in (("AA11", "BB22", "CC33"), ("AA11", "BB22"), ("AA11", "BB22", "DD44"))
    )
    known = baseline.of(three, NOON)

    assert [] == baseline.changes(known, two)
    assert [Change("serial", "CC33", "DD44")] == baseline.changes(known, changed)


def test_a_swapped_box_is_a_finding_until_somebody_accepts_it(store: Store) -> None:
    """TP-105 stays for as long as the other box answers; adopted by a person, with a journal entry, it is the known one."""
    views = city()
    baselines.keep(store, [box(views["r-a"])], NOON)
    baselines.keep(store, [box(views["r-a"], SERIAL)], NOON + timedelta(hours=1))
    views["r-a"] = box(views["r-a"], OTHER)
    baselines.keep(store, [views["r-a"]], NOON + timedelta(hours=2))
    (found,) = conclude(picture(views, baselines=baselines.known(store)))

    assert ("TP-105", {"device": "r-a"}, "fin") == (found.code, found.subject, found.organization)
    assert ("serial number", SERIAL, OTHER) == (
        found.facts["kind"],
        found.facts["before"],
        found.facts["now"],
    )
    with act(store, "王工", still(NOON)) as acting:
        baselines.adopt(acting, views["r-a"], "坏了换新")
    assert [] == told(picture(views, baselines=baselines.known(store)))
    (entry,) = log(store)
    assert ("device adopt", "r-a", "坏了换新") == (entry.verb, entry.subject, entry.why)
    assert ([SERIAL], [OTHER]) == (entry.before["serials"], entry.after["serials"])


def test_nothing_is_accepted_that_tells_nothing(store: Store) -> None:
    """Without serial number, model or MAC there is nothing to hold later boxes against."""
    bare = DeviceView(EXTRANET, "r-z", "192.0.2.9", NOON, "r-z")
    with pytest.raises(Missing), act(store, "王工", still(NOON)) as acting:
        baselines.adopt(acting, bare, "")
    assert [] == log(store)


def test_a_box_that_was_read_in_part_changes_nothing(store: Store) -> None:
    """Neither a baseline nor a finding from half a walk: a device that did not answer is not swapped."""
    views = city()
    baselines.keep(store, [msgspec.structs.replace(views["r-a"], partial=True)], NOON)
    assert {} == baselines.known(store)
    baselines.keep(store, [box(views["r-a"], SERIAL)], NOON)
    views["r-a"] = box(views["r-a"], OTHER)

    assert "TP-105" not in told(not_fresh(views, "r-a", baselines=baselines.known(store)))


@pytest.mark.parametrize(
    ("serial", "model", "expected"),
    [
        (SERIAL, "", []),
        (OTHER, "", ["serial"]),
        (f"{OTHER} {SERIAL}", "", []),
        ("", "接入交换机 S5735-L24T4S", []),
        ("", "S5735", []),
        ("", "汇聚交换机 S6730-H48X6C", ["model"]),
        ("", "交换机", []),
    ],
)
def test_a_box_is_held_against_the_register(serial: str, model: str, expected: list[str]) -> None:
    """The register's serial number and model; what people write around a model does not matter."""
    entry = RegisteredDevice("r-a", "10.50.255.11", Role.EDGE, "fin", "v3", model=model, serial=serial)
    seen = box(city()["r-a"], SERIAL, "S5735-L24T4S-A1")

    assert expected == [one.what for one in baseline.unlike_paper(entry, seen)]
    assert [] == baseline.unlike_paper(entry, city()["r-a"])


# ---- TP-108, TP-109
def test_a_device_that_was_walked_and_is_not_registered() -> None:
    """TP-108; not for one that fell silent, is known by its address, or where nothing is registered at all."""
    stray = msgspec.structs.replace(device("stray", "10.50.99.9", {"ge1": ""}), device="")
    (one,) = conclude(picture(city() | {"stray": stray}))
    known = msgspec.structs.replace(stray, address="10.50.255.12")

    assert ("TP-108", {"device": "stray", "ip": "10.50.99.9"}) == (one.code, one.subject)
    assert [] == told(picture(city() | {"stray": msgspec.structs.replace(stray, stale=True)}))
    assert [] == told(picture(city() | {"stray": known}))
    assert [] == told(picture({"stray": stray}, expected=Expected()))


def neighbour(**more: object) -> Adjacency:
    return msgspec.structs.replace(Adjacency("ospf", 3, "ge9", "10.99.0.1", "172.31.9.2", "", "full"), **more)


def test_a_routing_neighbour_that_nobody_registered() -> None:
    """TP-109 for OSPF, BGP and IS-IS neighbours that are up."""
    for one in (
        neighbour(),
        neighbour(protocol="bgp", remote_id="64999", state="established"),
        neighbour(protocol="isis", remote_id="490000000001", remote_address="", state="up"),
    ):
        views = city()
        views["r-a"] = msgspec.structs.replace(views["r-a"], adjacencies=(one,))
        (found,) = conclude(picture(views))

        assert ("TP-109", "fin") == (found.code, found.organization)


@pytest.mark.parametrize(
    "one",
    [
        neighbour(state="init"),
        neighbour(remote_address="10.50.254.5"),
        neighbour(remote_id="10.50.255.1"),
        neighbour(remote_address="203.0.113.1"),
        neighbour(remote_address="10.50.254.13"),
        neighbour(protocol="isis", remote_id="490000000002", remote_address="", state="up"),
    ],
)
def test_routing_neighbours_that_are_explained(one: Adjacency) -> None:
    """Not up; a known device's address, router id or system id; a registered exit's or link's prefix."""
    views = city()
    views["r-a"] = msgspec.structs.replace(views["r-a"], adjacencies=(one,))
    views["core"] = msgspec.structs.replace(views["core"], system=System(name="core", isis="490000000002"))
    links = (*PAPER.links, RegisteredLink("core", "r-a", net="10.50.254.12/30"))
    exits = (*PAPER.exits, Exit(EXTRANET, "r-a", "ge8"))

    assert "TP-109" not in told(picture(views, expected=paper(links=links, exits=exits)))
