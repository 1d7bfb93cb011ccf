"""Who a device is: by what is burned into it, never by its name alone; kept on both engines."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from netops.core.store import Store
from netops.core.walk import Column, DeviceWalk
from netops.topology import identities, identity, snapshots
from netops.topology.device import DeviceView, Hardware, System
from netops.topology.hardware import serial_text
from tests.topology.city import EXTRANET, INTRANET, NOON, device, mac

HOUR = timedelta(hours=1)


def box(
    serial: str = "", chassis: str = "", bridge: str = "", engine: str = "", name: str = "sw"
) -> DeviceView:
    parts = (Hardware("chassis", "1", "S5735", serial),) if serial else ()
    system = System(name=name, bridge=bridge, engine=engine)
    return DeviceView(EXTRANET, name, "192.0.2.1", NOON, chassis=chassis, system=system, hardware=parts)


def same(a: DeviceView, b: DeviceView) -> str:
    return identity.same(identity.keys(a), identity.keys(b))


def test_the_strongest_thing_that_both_tell_decides() -> None:
    """A serial number over a chassis id over a bridge MAC over an engine; nothing in common decides nothing."""
    one = box("210235A1", "02:00:00:00:00:01", "02:00:00:00:00:02", "80000009")

    assert "same:serial" == same(one, box("210235A1", "02:00:00:00:00:01"))
    assert "other:serial" == same(one, box("210235B2", "02:00:00:00:00:01"))
    assert "same:chassis" == same(one, box("", "02:00:00:00:00:01", "02:00:00:00:00:09"))
    assert "other:bridge" == same(one, box("", "", "02:00:00:00:00:09", "80000009"))
    assert "" == same(box("210235A1"), box("", "", "02:00:00:00:00:09"))


def test_virtual_devices_in_one_chassis_are_several() -> None:
    """One serial number with another chassis id and another bridge MAC each (Cisco VDC)."""
    a = box("FOX1234ABCD", "02:00:00:00:00:01", "02:00:00:00:00:02")
    b = box("FOX1234ABCD", "02:00:00:00:01:01", "02:00:00:00:01:02")

    assert "other:serial" == same(a, b)


def test_engine_ids_that_were_cloned_with_an_image_do_not_make_one_device() -> None:
    """MACs of the ports overrule them."""
    a, b = (
        device("r-a", "192.0.2.1", {"ge1": "", "ge2": ""}),
        device("r-b", "192.0.2.2", {"ge1": "", "ge2": ""}),
    )
    a, b = (
        msgspec.structs.replace(
            view, chassis="", system=msgspec.structs.replace(view.system, engine="8000000901")
        )
        for view in (a, b)
    )

    assert "other:engine" == same(a, b)
    assert "same:engine" == same(a, msgspec.structs.replace(a, name="otherwise"))


def test_text_that_stands_where_a_serial_number_should_is_none() -> None:
    """Placeholders, zeros and words."""
    assert ["", "", "", "", ""] == [
        serial_text(text) for text in ("N/A", "0", "0000000000", "<private>", "unknown")
    ]
    assert "2102351QLB10K1234567" == serial_text("2102351QLB10K1234567")


def test_one_device_under_two_names_is_folded_and_both_planes_stay_apart() -> None:
    """The registered name that comes first stays; the others are its aliases. Across planes it is a finding instead."""
    a = msgspec.structs.replace(box("210235A1", name="sw"), device="sw-1", registered=True)
    b = msgspec.structs.replace(a, device="sw-2", address="192.0.2.2")
    inside = msgspec.structs.replace(a, plane=INTRANET)
    folded = identity.fold([b, inside, a])

    assert [("sw-1", ("192.0.2.2", "sw-2")), ("sw-1", ())] == [(view.key, view.aliases) for view in folded]
    assert folded == identity.fold(folded)


# ---- kept
def walk(
    address: str, name: bytes = b"sw-1", number: int = 1, device: str = "", **columns: Column
) -> DeviceWalk:
    base: dict[str, Column] = {
        "sysName": {(0,): name},
        "dot1dBaseBridgeAddress": {(0,): bytes((2, 0, 0, 0, 0, number))},
        "ifDescr": {(1,): b"ge1"},
    }
    return DeviceWalk(EXTRANET, device, address, NOON, 0.1, base | columns)


def test_a_device_that_is_walked_by_two_addresses_is_one(store: Store) -> None:
    """Whatever it calls itself meanwhile."""
    own: Column = {(192, 0, 2, 1): 1, (192, 0, 2, 129): 1}
    snapshots.record(store, walk("192.0.2.1", ipAdEntIfIndex=own), NOON)
    snapshots.record(store, walk("192.0.2.129", ipAdEntIfIndex=own), NOON + HOUR)
    snapshots.record(store, walk("192.0.2.129", b"renamed", ipAdEntIfIndex=own), NOON + 2 * HOUR)

    assert [("sw-1", "renamed", "192.0.2.1")] == [
        (view.key, view.name, view.address) for view in snapshots.latest(store)
    ]


def test_a_device_whose_address_has_changed_is_followed(store: Store) -> None:
    """The old address is not its own any more: it is known by the new one."""
    snapshots.record(store, walk("192.0.2.1", ipAdEntIfIndex={(192, 0, 2, 1): 1}), NOON)
    snapshots.record(store, walk("198.51.100.1", ipAdEntIfIndex={(198, 51, 100, 1): 1}), NOON + HOUR)

    assert [("sw-1", "198.51.100.1")] == [(view.key, view.address) for view in snapshots.latest(store)]


def test_two_devices_with_one_name_are_two(store: Store) -> None:
    """And each is found again, at a third address too."""
    snapshots.record(store, walk("192.0.2.1", number=1), NOON)
    snapshots.record(store, walk("192.0.2.2", number=2), NOON)
    snapshots.record(store, walk("192.0.2.200", number=2), NOON + HOUR)

    assert [("192.0.2.2", "sw-1"), ("sw-1", "sw-1")] == [
        (view.key, view.name) for view in snapshots.latest(store)
    ]


def test_a_replaced_box_is_seen_as_replaced(store: Store) -> None:
    """Under its registered name: what it was known by, what it is known by, and since when."""
    snapshots.record(store, walk("192.0.2.1", device="core", number=1), NOON)
    snapshots.record(store, walk("192.0.2.1", device="core", number=1), NOON + HOUR)
    assert [] == identities.replacements(store)
    snapshots.record(store, walk("192.0.2.1", device="core", number=7), NOON + 2 * HOUR)
    ((at, one),) = identities.replacements(store, EXTRANET, NOON)

    assert (NOON + 2 * HOUR, "core", "bridge") == (at, one.device, one.kind)
    assert (("02:00:00:00:00:01",), ("02:00:00:00:00:07",)) == (one.before, one.after)
    assert [] == identities.replacements(store, EXTRANET, NOON + 3 * HOUR)


def test_a_walk_that_tells_less_replaces_nothing(store: Store) -> None:
    """A kind that was not told this time stays as it was."""
    snapshots.record(store, walk("192.0.2.1", device="core"), NOON)
    snapshots.record(store, walk("192.0.2.1", device="core", dot1dBaseBridgeAddress={}), NOON + HOUR)
    with store.read() as connection:
        assert {"bridge"} == identities.of(connection, EXTRANET, "core").keys()
    assert [] == identities.replacements(store)


def test_the_mac_of_a_port_is_a_key_of_last_resort() -> None:
    """A host without any other."""
    view = device("host", "192.0.2.9", {"eth0": ""})
    bare = msgspec.structs.replace(view, chassis="")

    assert {"mac": frozenset({mac("host", 1)})} == identity.keys(bare)
