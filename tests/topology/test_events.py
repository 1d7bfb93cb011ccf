"""What notifications of many MIBs say, and how the log keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from netops.core.store import Store
from netops.topology import eventlog
from netops.topology.events import KINDS, NOTIFICATIONS, Event, event
from tests.topology.city import EXTRANET, INTRANET, NOON

IF_INDEX = "1.3.6.1.2.1.2.2.1.1"
SNMP_TRAPS = "1.3.6.1.6.3.1.1.5"


def told(oid: str, *variables: tuple[str, int | str | bytes], seconds: float = 0) -> Event:
    return event(EXTRANET, "sw-a", NOON + timedelta(seconds=seconds), oid, "v2c", variables)


@pytest.mark.parametrize(
    ("oid", "variables", "expected"),
    [
        (f"{SNMP_TRAPS}.3", ((f"{IF_INDEX}.7", 7), ("1.3.6.1.2.1.2.2.1.7.7", 2)), ("link-down", 7, "", {"admin": "down"})),
        (
            f"{SNMP_TRAPS}.4",
            (("1.3.6.1.2.1.2.2.1.2.7", b"GigabitEthernet0/0/7"),),
            ("link-up", 7, "GigabitEthernet0/0/7", {}),
        ),
        (f"{SNMP_TRAPS}.1", (), ("cold-start", 0, "", {})),
        (f"{SNMP_TRAPS}.5", (), ("authentication-failure", 0, "", {})),
        ("1.0.8802.1.1.2.0.0.1", (("1.0.8802.1.1.2.1.2.2.0", 3),), ("neighbors-changed", 0, "", {})),
        ("1.0.8802.1.1.2.0.1", (), ("neighbors-changed", 0, "", {})),
        (
            "1.3.6.1.4.1.9.9.215.2.0.1",
            (("1.3.6.1.4.1.9.9.215.1.1.8.1.2.1", bytes.fromhex("01000a020000000001000302000a0200000000020003") + b"\0"),),
            (
                "mac-changed",
                0,
                "",
                {"macs": "learned 02:00:00:00:00:01 vlan 10; removed 02:00:00:00:00:02 vlan 10"},
            ),
        ),
        (
            "1.3.6.1.4.1.2011.5.25.315.3.1",
            (("1.3.6.1.4.1.2011.5.25.315.2.2.0", bytes.fromhex("02 00000006 01 03e8 00011110 5e0e".replace(" ", ""))),),
            ("mac-changed", 6, "", {"macs": "removed 00:01:11:10:5e:0e vlan 1000"}),
        ),
        (
            "1.3.6.1.4.1.2011.5.25.315.3.5",
            (
                ("1.3.6.1.4.1.2011.5.25.315.2.2.0", b"MAC learning"),
                ("1.3.6.1.4.1.2011.5.25.42.2.1.2.1.1.1", bytes.fromhex("020000000005")),
                ("1.3.6.1.2.1.2.2.1.2.18", b"10GE1/0/14"),
            ),
            ("mac-changed", 18, "10GE1/0/14", {"macs": "02:00:00:00:00:05"}),
        ),
        (
            "1.3.6.1.2.1.14.16.2.2",
            (("1.3.6.1.2.1.14.10.1.1.192.0.2.9.0", "192.0.2.9"),),
            ("adjacency-changed", 0, "", {"neighbor": "192.0.2.9"}),
        ),
        ("1.3.6.1.4.1.32473.0.1", (("1.3.6.1.4.1.32473.2", b"\xff"),), ("other", 0, "", {})),
    ],
)  # fmt: skip
def test_what_a_notification_says(
    oid: str, variables: tuple[tuple[str, int | str | bytes], ...], expected: tuple[object, ...]
) -> None:
    """Kind, interface and what matters; text of devices is made safe, odd variables say nothing."""
    one = told(oid, *variables)

    assert expected == (one.kind, one.if_index, one.interface, one.detail)


def test_every_kind_is_told_to_people() -> None:
    """No notification has a kind without words; those that change nothing make nobody be walked."""
    assert set(NOTIFICATIONS.values()) < set(KINDS)
    assert {"authentication-failure", "other"} == {
        kind for kind in KINDS if not Event(EXTRANET, "sw-a", kind, "", NOON, NOON).asks_for_a_walk
    }


def test_hostile_text_is_made_safe() -> None:
    """A name with control characters, markup and a terminal's escapes is text."""
    one = told(
        f"{SNMP_TRAPS}.3", ("1.3.6.1.2.1.31.1.1.1.1.7", b"ge7\x1b[31m\r\n\0"), ("1.3.6.1.2.1.2.2.1.1.x", 5)
    )

    assert ("ge7 [31m", 7) == (one.interface, one.if_index)


# ---- the log
def test_the_same_again_is_one_row_with_its_count(store: Store) -> None:
    """A flapping port is a row of each kind; after a minute of silence a new one begins; each port has its own."""
    down, other = (f"{IF_INDEX}.7", 7), (f"{IF_INDEX}.8", 8)
    for seconds in (0, 30, 60, 90, 200):
        eventlog.write(store, [told(f"{SNMP_TRAPS}.3", down, seconds=seconds)])
    eventlog.write(
        store, [told(f"{SNMP_TRAPS}.3", other, seconds=201), told(f"{SNMP_TRAPS}.4", down, seconds=202)]
    )
    found = eventlog.events(store, EXTRANET, "sw-a")

    assert [("link-up", 7, 1), ("link-down", 8, 1), ("link-down", 7, 1), ("link-down", 7, 4)] == [
        (one.kind, one.if_index, one.count) for one in found
    ]
    assert timedelta(seconds=90) == found[-1].last_at - found[-1].first_at


def test_unknown_notifications_are_counted_and_bounded(store: Store) -> None:
    """A device may invent a thousand notifications a day: 64 rows have their names, one has the rest."""
    eventlog.write(store, [told(f"1.3.6.1.4.1.32473.0.{number}", seconds=number) for number in range(1000)])
    found = eventlog.events(store, limit=2000)

    assert 65 == len(found)
    assert 1000 == sum(one.count for one in found)
    assert 936 == next(one.count for one in found if not one.oid)


def test_events_are_asked_for_by_device_and_time(store: Store) -> None:
    """What lasted into the time asked for belongs to it; two years later it is left out."""
    eventlog.write(store, [told(f"{SNMP_TRAPS}.1"), told(f"{SNMP_TRAPS}.2", seconds=500)])
    later = NOON + timedelta(seconds=400)

    assert ["warm-start"] == [one.kind for one in eventlog.events(store, since=later)]
    assert ["cold-start"] == [one.kind for one in eventlog.events(store, EXTRANET, "sw-a", until=later)]
    assert [] == eventlog.events(store, INTRANET) + eventlog.events(store, EXTRANET, "sw-b")
    eventlog.prune(store, NOON + timedelta(days=731))
    assert [] == eventlog.events(store)


def test_who_sends_is_counted_and_bounded(store: Store) -> None:
    """Counts add up; a reason stays until there is a newer one; strangers without end make no rows without end."""
    names = {"192.0.2.1": ("extranet", "sw-a")}
    eventlog.count(
        store, {"192.0.2.1": {"accepted": 2, "refused": 1}}, {"192.0.2.1": "unknown community"}, names, NOON
    )
    eventlog.count(store, {"192.0.2.1": {"accepted": 3}}, {}, names, NOON + timedelta(seconds=5))
    eventlog.count(
        store, {f"198.18.{n >> 8}.{n & 255}": {"unknown": 1} for n in range(2500)}, {}, names, NOON
    )
    found = eventlog.sources(store)

    assert eventlog.MAX_SOURCES == len(found)
    assert ("sw-a", 5, 1, "unknown community", NOON, NOON + timedelta(seconds=5)) == (
        found[0].device, found[0].accepted, found[0].refused, found[0].why, found[0].first_at, found[0].last_at,
    )  # fmt: skip
