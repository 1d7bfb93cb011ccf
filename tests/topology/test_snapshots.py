"""What is kept of walks: last states, changes only, spans of terminals; on both engines."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import func, select

from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import Column, DeviceWalk, Note
from netops.topology import snapshots
from netops.topology import states as kept
from tests.topology.city import EXTRANET, INTRANET, NOON

HOUR = timedelta(hours=1)
COLUMNS: dict[str, Column] = {
    "sysName": {(0,): b"sw-1"},
    "sysUpTime": {(0,): 100},
    "ifDescr": {(1,): b"ge1", (2,): b"ge2"},
    "ifOperStatus": {(1,): 1, (2,): 1},
    "ipNetToMediaPhysAddress": {(1, 192, 0, 2, 9): b"\x02\x00\x00\x00\x00\x09"},
}


def walk(
    at: datetime,
    device: str = "sw-1",
    address: str = "192.0.2.1",
    notes: tuple[Note, ...] = (),
    **columns: Column,
) -> DeviceWalk:
    return DeviceWalk(EXTRANET, device, address, at, 0.1, COLUMNS | columns, notes)


def states(store: Store) -> int:
    with store.read() as connection:
        return connection.execute(select(func.count()).select_from(kept.states)).scalar() or 0


def test_a_walk_without_a_change_adds_nothing(store: Store) -> None:
    """The second walk moves the times and the uptime, and writes no new state."""
    snapshots.record(store, walk(NOON), NOON)
    before = states(store)
    snapshots.record(store, walk(NOON + HOUR, sysUpTime={(0,): 360_100}), NOON + HOUR)
    view = snapshots.latest(store)[0]

    assert (before, NOON + HOUR, 3601.0) == (states(store), view.at, view.system.uptime_seconds)


def test_any_past_time_is_rebuilt(store: Store) -> None:
    """A port that went down an hour later is up at noon and down now."""
    snapshots.record(store, walk(NOON), NOON)
    snapshots.record(store, walk(NOON + HOUR, ifOperStatus={(1,): 1, (2,): 2}), NOON + HOUR)

    assert [True, True] == [one.oper_up for one in snapshots.latest(store, at=NOON)[0].interfaces]
    assert [True, False] == [one.oper_up for one in snapshots.latest(store)[0].interfaces]
    changed = {one.part for one in kept.history(store, EXTRANET, "sw-1") if one.since > NOON}
    assert {"interfaces"} == changed


def test_a_silent_device_keeps_its_last_state(store: Store) -> None:
    """Marked stale, not deleted; and reachable says no."""
    snapshots.record(store, walk(NOON), NOON)
    snapshots.fail(
        store,
        Unreachable(
            EXTRANET, "sw-1", "192.0.2.1", NOON + HOUR, "no answer within {seconds} s", {"seconds": "2"}
        ),
    )
    view = snapshots.latest(store, EXTRANET)[0]

    assert (True, NOON, 2) == (view.stale, view.at, len(view.interfaces))
    assert {(EXTRANET, "sw-1"): False} == snapshots.reachable(store)
    assert ["sw-1"] == [one.device for one in snapshots.silent(store)]
    snapshots.record(store, walk(NOON + 2 * HOUR), NOON + 2 * HOUR)
    assert {(EXTRANET, "sw-1"): True} == snapshots.reachable(store)


def test_a_partial_walk_does_not_erase_what_it_could_not_read(store: Store) -> None:
    """A table that was not read keeps its last rows."""
    snapshots.record(store, walk(NOON), NOON)
    snapshots.record(store, walk(NOON + HOUR, notes=(Note("cut"),), ipNetToMediaPhysAddress={}), NOON + HOUR)
    view = snapshots.latest(store)[0]

    assert (True, ["192.0.2.9"]) == (view.partial, [one.ip for one in view.arp])


def test_two_devices_of_one_name_stay_two(store: Store) -> None:
    """A name is no identity: the second is kept by its address, walk after walk."""
    for _ in range(2):
        snapshots.record(store, walk(NOON, device="", address="192.0.2.1"), NOON)
        snapshots.record(store, walk(NOON, device="", address="192.0.2.2"), NOON)

    assert [("192.0.2.2", "192.0.2.2"), ("sw-1", "192.0.2.1")] == [
        (view.key, view.address) for view in snapshots.latest(store)
    ]


def sighting(at: datetime, port: str = "ge1", plane: Plane = EXTRANET, *, alive: bool = True) -> Sighting:
    return Sighting(
        plane, "192.0.2.50", "02:00:00:00:00:50", "gw", at, "sw-1" if port else "", port, 0, "lan", alive
    )


def test_a_terminal_that_stays_is_one_span(store: Store) -> None:
    """First and last seen move apart; an hour in which it was not located changes nothing about its place."""
    for hours, port in ((0, "ge1"), (1, ""), (2, "ge1")):
        snapshots.keep(store, EXTRANET, [sighting(NOON + hours * HOUR, port)], NOON + hours * HOUR)
    spans = snapshots.sightings(store, EXTRANET)

    assert [("ge1", NOON, NOON + 2 * HOUR)] == [(one.port, one.first_seen, one.last_seen) for one in spans]


def test_a_move_ends_a_span(store: Store) -> None:
    """Another port is another span, and the first keeps its end."""
    snapshots.keep(store, EXTRANET, [sighting(NOON)], NOON)
    snapshots.keep(store, EXTRANET, [sighting(NOON + HOUR, "ge2")], NOON + HOUR)

    assert [("ge1", NOON), ("ge2", NOON + HOUR)] == [
        (one.port, one.last_seen) for one in snapshots.sightings(store, EXTRANET)
    ]
    assert ["ge2"] == [one.port for one in snapshots.sightings(store, EXTRANET, NOON + HOUR)]
    assert [] == snapshots.sightings(store, INTRANET)


def test_being_alive_is_kept_apart_from_being_seen(store: Store) -> None:
    """A stale entry advances last_seen only."""
    snapshots.keep(store, EXTRANET, [sighting(NOON)], NOON)
    snapshots.keep(store, EXTRANET, [sighting(NOON + HOUR, alive=False)], NOON + HOUR)
    span = snapshots.sightings(store, EXTRANET)[0]

    assert (NOON + HOUR, NOON) == (span.last_seen, span.alive_at)
