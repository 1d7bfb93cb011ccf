"""Who: one address, card, name or paper, now and years later, after release and deletion; incomplete questions too."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netops.addresses import ledger, sources
from netops.addresses.mention import Source, SourceKind, Told
from netops.config import Config
from netops.core import journal
from netops.core.clock import still
from netops.core.errors import Missing
from netops.core.observation import Sighting
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import inventory, reconcile
from netops.rounds.who import Answer, who
from netops.settings import PlaneSettings
from netops.topology import snapshots
from tests.conftest import NOON
from tests.rounds.test_reconcile import FILES

EXTRANET = Plane.EXTRANET
DAY = timedelta(days=1)
CARD = "00:14:22:00:00:0b"
IP = "10.20.14.11"


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A register in force since noon, with a document that grants the department's segment."""
    for name, text in FILES.items():
        (path := tmp_path / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
        granted = text.replace("gateway =", 'granted_by = "潭信〔2026〕7号"\n        gateway =')
        path.write_text(granted, encoding="utf-8")
    config = Config(
        planes={EXTRANET: PlaneSettings(nets=("10.20.0.0/16",))},
        store_url=store.url,
        inventory=str(tmp_path / "inventory"),
    )
    desk = Desk(config, still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def see(desk: Desk, day: float, *, port: str = "p11", ip: str = IP, mac: str = CARD) -> None:
    """The walk of a day sees the card at a port."""
    at = NOON + day * DAY
    sighting = Sighting(EXTRANET, ip, mac, "core", at, "sw-health", port, 0, "lan-health")
    snapshots.keep(desk.store, EXTRANET, [sighting], at)


def lease(desk: Desk, day: float, name: str = "pc-11") -> None:
    """A DHCP server's file of a day has it too."""
    told = Source(EXTRANET, "dhcp", SourceKind.LEASES, "x", NOON, NOON, is_good=True, is_whole=True)
    sources.keep(desk.store, told, [Told(IP, CARD, name)], NOON + day * DAY)


def at(desk: Desk, day: float | None) -> Desk:
    desk.at = None if day is None else NOON + day * DAY
    return desk


def only(desk: Desk, query: str) -> Answer:
    [one] = who(desk, query)
    return one


def test_an_address_by_every_source_with_its_span(desk: Desk) -> None:
    """The walk, the lease with its host name, the ledger, the segment, the declaration."""
    see(desk, 0)
    see(desk, 2)
    lease(desk, 1)
    one = only(desk, IP)

    assert ("address", "health", "市卫生健康委员会", ["pc-11"]) == (
        one.what,
        one.organization,
        one.organization_name,
        one.names,
    )
    assert [(NOON, NOON + 2 * DAY, "sw-health", "core")] == [
        (seen.first_seen, seen.last_seen, seen.switch, seen.device) for seen in one.sightings
    ]
    assert [(NOON + DAY, "dhcp")] == [(told.first_seen, told.source) for told in one.mentions]
    assert one.allocation is not None
    assert ("D-1", "10.20.14.0/24", ["D-1"]) == (
        one.allocation.declaration, (one.segment or {})["prefix"], [paper.number for paper in one.declarations]
    )  # fmt: skip


def test_years_later_after_release_and_deletion(desk: Desk, tmp_path: Path) -> None:
    """The address was released and reclaimed, the department left the register: that day's holder is still known."""
    see(desk, 1)
    lease(desk, 1)
    for day in (100, 131):
        desk.clock = still(NOON + day * DAY)
        if day == 100:
            for name in ("extranet/declarations.toml", "extranet/prefixes.toml", "extranet/devices.toml"):
                (tmp_path / "inventory" / name).unlink()
            (tmp_path / "inventory/organizations.toml").write_text(FILES["organizations.toml"].split("[[organizations]]")[0]
                + '[[organizations]]\ncode = "ic"\nname_zh = "市信息中心"\nplatform = true\n', encoding="utf-8")  # fmt: skip
            inventory.apply(desk, inventory.plan(desk))
        else:
            reconcile.run(desk)
    desk.clock = still(NOON + 3 * 365 * DAY)

    then = only(at(desk, 2), IP)
    assert then.allocation is not None
    assert ("health", "市卫生健康委员会", "active", None) == (
        then.organization, then.organization_name, then.allocation.state, then.allocation.until
    )  # fmt: skip
    now = only(at(desk, None), IP)
    assert (None, ["health"]) == (now.allocation, [one.organization for one in now.history])
    assert ["released"] == [str(one.state) for one in now.history]
    assert ["pc-11"] == now.names
    former = only(desk, "health")
    assert ("organization", NOON, "市卫生健康委员会") == (
        former.what,
        former.deleted,
        former.organization_name,
    )
    assert NOON == only(desk, "sw-health").deleted


def test_a_day_on_which_nobody_saw_it_names_the_nearest(desk: Desk) -> None:
    """The last sighting before, the first one after."""
    see(desk, 1)
    see(desk, 30, port="p12")
    one = only(at(desk, 10), IP)

    assert [] == one.sightings
    assert [NOON + DAY, NOON + 30 * DAY] == [near.first_seen for near in one.near]
    assert [] == only(at(desk, 30), IP).near


def test_a_past_time_knows_nothing_of_what_came_later(desk: Desk) -> None:
    """Neither allocations nor sightings nor leases."""
    see(desk, 50)
    lease(desk, 50)
    with pytest.raises(Missing):
        who(at(desk, -1), "pc-11")
    before = only(at(desk, -1), IP)

    assert (None, [], [], []) == (before.allocation, before.history, before.sightings, before.mentions)


def test_a_card_with_its_moves(desk: Desk) -> None:
    """From port to port and address to address, each stay with its span; in every spelling of the MAC."""
    see(desk, 0)
    see(desk, 1)
    see(desk, 2, port="p12")
    see(desk, 3, port="p12", ip="10.20.14.12")
    for text in (CARD, CARD.upper().replace(":", "-"), "0014.2200.000b", "0014-2200-000B"):
        one = only(desk, text)
        assert [("10.20.14.11", "sw-health p11", 0, 1), ("10.20.14.11", "sw-health p12", 2, 2),
                ("10.20.14.12", "sw-health p12", 3, 3)] == [
            (move.ip, move.place, (move.since - NOON).days, (move.until - NOON).days) for move in one.moves
        ]  # fmt: skip
        assert "health" == one.organization


def test_a_host_name_a_declaration_an_allocation_a_document(desk: Desk) -> None:
    """Each leads to the same department."""
    lease(desk, 0)
    given = ledger.allocations(desk.store)[0].id
    expected = {
        "pc-11": "name", "D-1": "declaration", "d-1": "declaration", given: "allocation", given.lower(): "allocation",
        "潭信〔2026〕7号": "document", "10.20.14.0/24": "prefix", "10.20.14.0-10.20.14.9": "prefix",
        "市卫生健康委员会": "organization", "sw-health": "device",
    }  # fmt: skip
    for query, what in expected.items():
        one = only(desk, query)
        assert (what, "health") == (one.what, one.organization), query


def test_a_declaration_shows_what_it_ever_had(desk: Desk) -> None:
    """Also what was given back."""
    with journal.act(desk.store, "王工", desk.clock) as act:
        ledger.release(act, ledger.allocations(desk.store)[0].id, "部门撤并")

    assert ["quarantine"] == [str(one.state) for one in only(desk, "D-1").history]


INCOMPLETE = {
    "10.20.14.1": None,
    "10.20.14.": ["10.20.14.0/24", "10.20.14.11", "10.20.14.12"],
    "00:14:22": [CARD, "00:14:22:00:00:0c"],
    "0014.2200": [CARD, "00:14:22:00:00:0c"],
    "00-0c": ["00:14:22:00:00:0c"],
    "pc-": ["pc-11", "pc-12"],
    "卫生": ["health"],
    "sw-": ["sw-health"],
    "7号": ["潭信〔2026〕7号"],
}


def test_an_incomplete_question_lists_what_it_may_mean(desk: Desk) -> None:
    """Or answers at once when it can be one thing only; a whole address is no beginning of another."""
    see(desk, 0)
    see(desk, 0, ip="10.20.14.12", mac="00:14:22:00:00:0c")
    lease(desk, 0)
    lease(desk, 8, "pc-12")
    for query, expected in INCOMPLETE.items():
        one = only(desk, query)
        if expected is None:
            assert ("address", []) == (one.what, one.matches)
        elif len(expected) == 1:
            assert one.what != "matches"
            assert one.query == expected[0]
        else:
            assert expected == [match.text for match in one.matches]


def test_what_nobody_knows_is_said(desk: Desk) -> None:
    """Nothing, too little, wildcards, quotes, zero octets, half a character: a sentence, no list of everything."""
    see(desk, 0)
    lease(desk, 0)
    odd = ("%", "%%", "__", "'; DROP TABLE sightings; --")
    for query in ("", " ", "x", "zz:zz", "1", *odd, "\0", "\0\0", "\udcff\udcff", "a" * 5000):
        with pytest.raises(Missing):
            who(desk, query)


def test_addresses_of_devices(desk: Desk) -> None:
    """By what the device says of itself, now and then."""

    def walked(day: int, address: tuple[int, ...]) -> None:
        when: datetime = NOON + day * DAY
        columns = {
            "ipAdEntIfIndex": {address: 1},
            "ifName": {(1,): "ge1"},
            "ifPhysAddress": {(1,): b"\0\x14\x22\0\0\xfe"},
        }
        snapshots.record(desk.store, DeviceWalk(EXTRANET, "core", "10.20.255.1", when, 1.0, columns), when)

    walked(0, (10, 20, 14, 1))
    walked(10, (10, 20, 14, 254))

    now = only(desk, "10.20.14.254").device
    then = only(at(desk, 5), "10.20.14.1").device
    assert ("core", "ge1") == ((now or {})["name"], (now or {})["interface"])
    assert "core" == (then or {})["name"]
    assert only(at(desk, None), "10.20.14.1").device is None
    card = only(desk, "00:14:22:00:00:fe").device
    assert ("core", "ge1") == ((card or {})["name"], (card or {})["interface"])
