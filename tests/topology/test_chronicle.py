"""The chronicle of links: every row that tells, since when and until when; silence ends nothing; on both engines."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

import msgspec

from netops.core.store import Store
from netops.topology import chronicle
from netops.topology import map as maps
from netops.topology.device import DeviceView
from tests.topology.city import EXTRANET, NOON, cabled, device

HOUR = timedelta(hours=1)


def pair() -> tuple[DeviceView, DeviceView]:
    return cabled(
        (device("a", "192.0.2.1", {"ge1": "", "ge2": ""}), "ge1"),
        (device("b", "192.0.2.2", {"ge1": ""}), "ge1"),
    )


def keep(store: Store, views: Iterable[DeviceView], hour: int, heard: str = "ab") -> None:
    found = list(views)
    chronicle.keep(store, maps.links(found), {(EXTRANET, name) for name in heard}, NOON + hour * HOUR)


def told(store: Store, hour: int | None = None) -> list[tuple[str, bool, int, int]]:
    rows = chronicle.evidence(store, at=None if hour is None else NOON + hour * HOUR)
    return [
        (
            one.teller,
            one.ended_at is None,
            int((one.first_seen - NOON) / HOUR),
            int((one.last_seen - NOON) / HOUR),
        )
        for one in rows
    ]


def test_every_row_is_kept_with_who_told_it_and_since_when(store: Store) -> None:
    """Two rows for one cable; later walks move the last time only."""
    for hour in range(3):
        keep(store, pair(), hour)

    assert [("a", True, 0, 2), ("b", True, 0, 2)] == told(store)
    (link,) = chronicle.as_links(chronicle.evidence(store))
    assert (True, 1.0, ("lldp",), 2) == (link.two_sided, link.confidence, link.protocols, len(link.claims))


def test_what_is_not_told_any_more_is_over(store: Store) -> None:
    """From the walk in which it was not told; before that it can still be asked for."""
    a, b = pair()
    keep(store, (a, b), 0)
    bare = [msgspec.structs.replace(view, neighbors=()) for view in (a, b)]
    keep(store, bare, 1)
    keep(store, (a, b), 5)

    assert [("a", True, 5, 5), ("b", True, 5, 5)] == [row for row in told(store) if row[1]]
    assert 4 == len(told(store))
    assert 2 == len(told(store, 0))
    assert [] == told(store, 3)


def test_a_device_that_does_not_answer_ends_nothing(store: Store) -> None:
    """Only the one that was read and does not tell it any more."""
    a, b = pair()
    keep(store, (a, b), 0)
    keep(store, [msgspec.structs.replace(view, neighbors=()) for view in (a, b)], 1, heard="a")

    assert [("a", False, 0, 0), ("b", True, 0, 0)] == told(store)


def test_ports_that_are_numbered_anew_are_the_same_ports(store: Store) -> None:
    """The evidence goes on."""
    a, b = pair()
    keep(store, (a, b), 0)
    shifted = msgspec.structs.replace(
        a,
        interfaces=tuple(msgspec.structs.replace(one, if_index=one.if_index + 100) for one in a.interfaces),
        ports=tuple(msgspec.structs.replace(one, if_index=one.if_index + 100) for one in a.ports),
        neighbors=tuple(
            msgspec.structs.replace(one, local_if_index=one.local_if_index + 100) for one in a.neighbors
        ),
    )
    keep(store, (shifted, b), 1)

    assert [("a", True, 0, 1), ("b", True, 0, 1)] == told(store)


def test_links_of_the_past_have_the_numbers_of_then(store: Store) -> None:
    """Ends by name, with ifIndex and address out of the device as it was."""
    a, b = pair()
    keep(store, (a, b), 0)
    wired = maps.recalled([a, b], chronicle.as_links(chronicle.evidence(store, at=NOON)))

    assert [(1, 1)] == [(link.a.if_index, link.b.if_index) for link in wired.links]
    assert () == maps.recalled([a], chronicle.as_links(chronicle.evidence(store, at=NOON))).links
