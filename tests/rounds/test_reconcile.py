"""The reconcile round: terminals of the last walk beside ledger and declarations; what is not seen proves nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from netops.addresses import ledger
from netops.addresses.allocation import Request
from netops.addresses.settings import AddressSource, SharedAddress
from netops.config import Config
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk, Note
from netops.desk import Desk
from netops.rounds import inventory, reconcile
from netops.settings import PlaneSettings
from netops.topology import snapshots
from tests.conftest import NOON

EXTRANET = Plane.EXTRANET
MINUTE = timedelta(minutes=1)
FILES = {
    "organizations.toml": """
        [[organizations]]
        code = "ic"
        name_zh = "市信息中心"
        platform = true
        [[organizations]]
        code = "health"
        name_zh = "市卫生健康委员会"
        """,
    "extranet/devices.toml": """
        [[devices]]
        name = "core"
        address = "10.20.255.1"
        role = "core"
        organization = "ic"
        snmp = "x"
        [[devices]]
        name = "sw-health"
        address = "10.20.14.2"
        role = "switch"
        organization = "health"
        snmp = "x"
        """,
    "extranet/prefixes.toml": """
        [[prefixes]]
        prefix = "10.20.0.0/16"
        role = "container"
        organization = "ic"
        [[prefixes]]
        prefix = "10.20.14.0/24"
        role = "pool"
        organization = "health"
        gateway = "core"
        switch = "sw-health"
        """,
    "extranet/declarations.toml": """
        [[declarations]]
        number = "D-1"
        organization = "health"
        nature = "办公网"
        scope = "公文"
        terminals = 3
        allocated = ["10.20.14.0/25"]
        """,
}


@pytest.fixture
def desk(tmp_path: Path, store: Store) -> Desk:
    """A desk whose register is in force: one department, one switch straight on the core, three terminals declared."""
    for name, text in FILES.items():
        path = tmp_path / "inventory" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = Config(
        planes={EXTRANET: PlaneSettings(nets=("10.20.0.0/16",))},
        store_url=store.url,
        inventory=str(tmp_path / "inventory"),
    )
    desk = Desk(config, still(NOON), "王工")
    desk._store = store
    inventory.apply(desk, inventory.plan(desk))
    return desk


def walk(desk: Desk, minutes: float, hosts: Iterable[int], *, silent: bool = False) -> None:
    """What a walk after so many minutes leaves: hosts .n with MAC n on port p-n; the switch may not answer."""
    at = NOON + minutes * MINUTE
    desk.clock = still(at)
    snapshots.record(desk.store, DeviceWalk(EXTRANET, "core", "10.20.255.1", at, 1.0, {}), at)
    if silent:
        snapshots.fail(
            desk.store,
            Unreachable(
                EXTRANET, "sw-health", "10.20.14.2", at, "no answer within {seconds} s", {"seconds": "2"}
            ),
        )
    else:
        snapshots.record(desk.store, DeviceWalk(EXTRANET, "sw-health", "10.20.14.2", at, 1.0, {}), at)
    snapshots.keep(desk.store, EXTRANET, [sighting(n, at) for n in hosts], at)


def sighting(n: int, at: datetime, mac: int = 0) -> Sighting:
    return Sighting(
        EXTRANET,
        f"10.20.14.{n}",
        f"00:14:22:00:00:{mac or n:02x}",
        "core",
        at,
        "sw-health",
        f"p{mac or n}",
        0,
        "lan-health",
    )


def standing(desk: Desk) -> list[tuple[str, str]]:
    return [
        (one.kind, one.subject.get("ip", one.subject.get("organization")))
        for one in docket.listed(desk.store, state=STANDING)
    ]


def test_a_quiet_network_says_nothing(desk: Desk) -> None:
    """As many terminals as declared, each on an allocated address."""
    walk(desk, 0, (11, 12, 13))

    report = reconcile.run(desk)

    assert ((), 0) == (report.standing, report.exit_code)
    assert {"terminals": 3, "allocations": 1, "sources": 2} == report.facts


def test_an_unallocated_address_opens_once_and_resolves_when_it_is_gone(desk: Desk) -> None:
    """Seen again it is the same finding; gone from its switch it is resolved at once."""
    walk(desk, 0, (11, 200))
    first = reconcile.run(desk)
    walk(desk, 1, (11, 200))
    second = reconcile.run(desk)
    one = docket.one(desk.store, first.opened[0])
    walk(desk, 2, (11,))
    third = reconcile.run(desk)

    assert [("unallocated_address", "10.20.14.200")] == [(one.kind, one.subject["ip"])]
    assert ("health", 2, "sw-health", "p200") == (
        one.organization,
        one.count,
        one.subject["switch"],
        one.subject["port"],
    )
    assert ((), first.opened) == (second.opened, second.standing)
    assert (first.opened, ()) == (third.resolved, third.standing)


def test_silence_of_the_switch_resolves_nothing(desk: Desk) -> None:
    """The finding stays, the report says what was not seen, and the exit code is 3."""
    walk(desk, 0, (11, 200))
    reconcile.run(desk)
    walk(desk, 5, (11,), silent=True)

    report = reconcile.run(desk)

    assert [("unallocated_address", "10.20.14.200")] == standing(desk)
    assert (["sw-health"], 3, ()) == (
        [one.device for one in report.unseen],
        report.exit_code,
        report.resolved,
    )


def test_a_network_nobody_walked_is_not_in_order(desk: Desk) -> None:
    """No walk, no answer."""
    assert 3 == reconcile.run(desk).exit_code


def test_more_terminals_than_declared(desk: Desk) -> None:
    """Found with the numbers; still standing while the switch is silent; resolved when the surplus is gone."""
    walk(desk, 0, (11, 12, 21, 22))
    reconcile.run(desk)
    assert [("over_declared", "health")] == standing(desk)

    walk(desk, 5, (), silent=True)
    reconcile.run(desk)
    assert [("over_declared", "health")] == standing(desk)

    walk(desk, 6, (11, 12, 21))
    reconcile.run(desk)
    assert [] == standing(desk)


def test_a_conflict_needs_the_claim_to_come_back(desk: Desk) -> None:
    """The second card alone is an exchange; the first one's claim again makes it a conflict; then one goes."""
    walk(desk, 0, (11,))
    for minute, mac, other, expected in ((1, 99, 11, []), (2, 11, 99, [("address_conflict", "10.20.14.11")])):
        walk(desk, minute, ())
        at = NOON + minute * MINUTE
        bare = Sighting(
            EXTRANET, "", f"00:14:22:00:00:{other:02x}", "sw-health", at, "sw-health", f"p{other}"
        )
        snapshots.keep(desk.store, EXTRANET, [sighting(11, at, mac), bare], at)
        reconcile.run(desk)
        assert expected == standing(desk)

    walk(desk, 3, (11,))
    reconcile.run(desk)
    assert [] == standing(desk)


def test_a_part_of_the_network_resolves_nothing_elsewhere(desk: Desk) -> None:
    """`pool reconcile PREFIX` looks at its prefix only."""
    walk(desk, 0, (11, 200))
    reconcile.run(desk)
    walk(desk, 1, (11,))

    assert ((), 0) == ((report := reconcile.run(desk, prefix="10.20.11.0/24")).standing, report.exit_code)
    assert [("unallocated_address", "10.20.14.200")] == standing(desk)
    with pytest.raises(NetopsError):
        reconcile.run(desk, prefix="10.20.11.0/99")


def test_quarantined_addresses_return_when_nobody_uses_them(desk: Desk) -> None:
    """Not while seen in the last month; not while part of the network is silent."""
    with journal.act(desk.store, "王工", desk.clock) as act:
        ledger.release(act, ledger.allocations(desk.store)[0].id, "部门撤并")
    month = 31 * 24 * 60
    walk(desk, month, (11,), silent=True)
    reconcile.run(desk)
    walk(desk, month + 1, (11,))
    reconcile.run(desk)
    assert [("quarantined_seen", "10.20.14.11")] == standing(desk)
    assert 128 == ledger.pools(desk.store)[1].quarantined

    walk(desk, 3 * month, ())
    reconcile.run(desk)

    assert (0, 256) == (ledger.pools(desk.store)[1].quarantined, ledger.pools(desk.store)[1].free)
    assert [] == ledger.verify(desk.store)


# ---- sources beside the walk
LEASES = "leases.txt"
FOREVER = "0 00:14:22:00:00:{0:02x} 10.20.14.{0} pc-{0} *\n"


def with_file(desk: Desk, tmp_path: Path, text: str, covers: tuple[str, ...] = ()) -> Path:
    """A configured file of an ARP table, written now."""
    path = tmp_path / "arp.txt"
    path.write_text(text, encoding="utf-8")
    stamp(path, desk)
    source = AddressSource("arp-health", str(path), max_age="1h", covers=covers)
    desk.config = msgspec.structs.replace(desk.config, sources=(source,))
    return path


def stamp(path: Path, desk: Desk) -> None:
    os.utime(path, (desk.clock().timestamp(),) * 2)


def neighbor(n: int, state: str = "REACHABLE") -> str:
    return f"10.20.14.{n} dev eth0 lladdr 00:14:22:00:00:{n:02x} {state}\n"


def test_a_file_finds_what_the_walk_does_not_see(desk: Desk, tmp_path: Path) -> None:
    """An address that only the file tells of; gone from the file, it is gone."""
    walk(desk, 0, (11,))
    path = with_file(desk, tmp_path, neighbor(11) + neighbor(200))
    first = reconcile.run(desk)
    assert [("unallocated_address", "10.20.14.200")] == standing(desk)
    assert ((), 1) == (first.unseen, first.exit_code)
    assert ["arp-health"] == docket.one(desk.store, first.opened[0]).subject["sources"]

    walk(desk, 5, (11,))
    path.write_text(neighbor(11), encoding="utf-8")
    stamp(path, desk)
    assert (first.opened, 0) == ((again := reconcile.run(desk)).resolved, again.exit_code)


@pytest.mark.parametrize(
    ("text", "minutes", "why"),
    [
        (None, 5, "No such file"),
        (neighbor(11), 70, "too old"),
        (neighbor(11) + "garbage\n", 5, "1 line"),
        ("\0\1\2", 5, "no text"),
        ("nothing that is known\n", 5, "no format"),
    ],
    ids=["gone", "stale", "in part", "binary", "another format"],
)
def test_a_file_that_is_not_sound_makes_unknown_and_never_gone(
    desk: Desk, tmp_path: Path, text: str | None, minutes: int, why: str
) -> None:
    """What it told stands, the report names it with its reason, and the exit code is 3."""
    walk(desk, 0, (11,))
    path = with_file(desk, tmp_path, neighbor(11) + neighbor(200))
    reconcile.run(desk)
    if text is None:
        path.unlink()
    else:
        path.write_text(text, encoding="utf-8")
        os.utime(path, ((NOON + MINUTE).timestamp(),) * 2)
    walk(desk, minutes, (11,))

    report = reconcile.run(desk)
    [blind] = report.unseen

    assert [("unallocated_address", "10.20.14.200")] == standing(desk)
    assert ("arp-health", 3, ()) == (blind.device, report.exit_code, report.resolved)
    assert why in blind.why.format(**blind.facts)


def test_a_source_that_comes_back_is_believed_again(desk: Desk, tmp_path: Path) -> None:
    """Unknown while it was away; gone when it says so itself."""
    walk(desk, 0, (11,))
    path = with_file(desk, tmp_path, neighbor(200))
    reconcile.run(desk)
    path.unlink()
    walk(desk, 5, (11,))
    assert 3 == reconcile.run(desk).exit_code

    with_file(desk, tmp_path, neighbor(11))
    assert 0 == reconcile.run(desk).exit_code
    assert [] == standing(desk)


def test_silence_of_the_gateway_resolves_nothing(desk: Desk) -> None:
    """The switch answers and still has the card, but who has which address only the gateway knows."""
    walk(desk, 0, (11, 200))
    reconcile.run(desk)
    walk(desk, 5, ())
    snapshots.fail(desk.store, Unreachable(EXTRANET, "core", "10.20.255.1", desk.clock(), "no answer"))

    report = reconcile.run(desk)

    assert [("unallocated_address", "10.20.14.200")] == standing(desk)
    assert (["core"], 3) == ([one.device for one in report.unseen], report.exit_code)


def test_an_allocation_ends_what_the_lack_of_one_began(desk: Desk) -> None:
    """The ledger says so, whether or not the gateway answers: the address has somebody now."""
    walk(desk, 0, (11, 200))
    reconcile.run(desk)
    walk(desk, 5, (11,))
    snapshots.fail(desk.store, Unreachable(EXTRANET, "core", "10.20.255.1", desk.clock(), "no answer"))
    request = Request(EXTRANET, "10.20.14.0/24", "health", "D-1", address="10.20.14.200")
    with journal.act(desk.store, "王工", desk.clock) as one:
        ledger.allocate(one, request)

    reconcile.run(desk)

    assert [] == standing(desk)


def test_a_walk_in_part_or_of_yesterday_resolves_nothing(desk: Desk) -> None:
    """A table that was not read through, and a walk that is too old, are not silence of the terminals."""
    walk(desk, 0, (11, 200))
    reconcile.run(desk)
    for minutes, why in ((5, "in part"), (200, "too old")):
        at = NOON + minutes * MINUTE
        desk.clock = still(at)
        if minutes == 5:
            cut = Note("{part} was not read", {"part": "arp"})
            snapshots.record(
                desk.store, DeviceWalk(EXTRANET, "core", "10.20.255.1", at, 1.0, {}, notes=(cut,)), at
            )
            snapshots.record(desk.store, DeviceWalk(EXTRANET, "sw-health", "10.20.14.2", at, 1.0, {}), at)
        report = reconcile.run(desk)
        assert [("unallocated_address", "10.20.14.200")] == standing(desk)
        assert 3 == report.exit_code
        assert why in report.unseen[0].why


def test_a_pool_that_nothing_covers_is_not_in_order(desk: Desk, tmp_path: Path) -> None:
    """Allocated, and no gateway that is walked: said as unseen; a source that covers it mends that."""
    walk(desk, 0, (11,))
    pool = FILES["extranet/prefixes.toml"].replace('gateway = "core"\n        switch = "sw-health"\n', "")
    (tmp_path / "inventory/extranet/prefixes.toml").write_text(pool, encoding="utf-8")
    inventory.apply(desk, inventory.plan(desk))

    report = reconcile.run(desk)
    assert (["10.20.14.0/24"], 3) == ([one.device for one in report.unseen], report.exit_code)

    with_file(desk, tmp_path, neighbor(11), ("10.20.14.0/24",))
    assert 0 == reconcile.run(desk).exit_code


def test_idle_is_told_when_it_was_watched_for_ninety_days_and_not_before(desk: Desk, tmp_path: Path) -> None:
    """Every day the file says that nobody is there; a failing file makes it unknown, and what stood stays."""
    day = 24 * 60
    path = with_file(desk, tmp_path, "", ("10.20.14.0/24",))
    desk.config = msgspec.structs.replace(
        desk.config, sources=(msgspec.structs.replace(desk.config.sources[0], format="ip-neigh"),)
    )
    for days in (0, 5, 10, 16, 22, 28, 34, 40, 46, 52, 58, 64, 70, 76, 82, 88):
        walk(desk, days * day, ())
        stamp(path, desk)
        reconcile.run(desk)
    assert [] == standing(desk)
    walk(desk, 91 * day, ())
    stamp(path, desk)
    reconcile.run(desk)
    assert [("idle_allocation", "10.20.14.0")] == standing(desk)

    snapshots.fail(desk.store, Unreachable(EXTRANET, "core", "10.20.255.1", desk.clock(), "no answer"))
    path.unlink()
    assert 3 == reconcile.run(desk).exit_code
    assert [("idle_allocation", "10.20.14.0")] == standing(desk)

    walk(desk, 92 * day, (11,))
    path.write_text("", encoding="utf-8")
    stamp(path, desk)
    reconcile.run(desk)
    assert [] == standing(desk)


def test_a_gap_of_a_week_begins_the_watch_anew(desk: Desk, tmp_path: Path) -> None:
    """Eighty of ninety days unwatched are no ninety days of silence."""
    day = 24 * 60
    with_file(desk, tmp_path, neighbor(200), ("10.20.14.0/24",))
    for days in (0, 85, 91):
        walk(desk, days * day, ())
        stamp(tmp_path / "arp.txt", desk)
        reconcile.run(desk)

    assert "idle_allocation" not in [kind for kind, _ in standing(desk)]


def test_a_leased_address_does_not_return_to_the_pool(desk: Desk, tmp_path: Path) -> None:
    """Quarantined, its rest over, and some server still leases one of it: it stays out."""
    with journal.act(desk.store, "王工", desk.clock) as act:
        ledger.release(act, ledger.allocations(desk.store)[0].id, "部门撤并")
    path = with_file(desk, tmp_path, FOREVER.format(12))
    for days in (0, 31, 62):
        walk(desk, days * 24 * 60, ())
        stamp(path, desk)
        reconcile.run(desk)
    assert [("unallocated_lease", "10.20.14.12")] == standing(desk)
    assert 128 == ledger.pools(desk.store)[1].quarantined


def test_terminals_that_only_a_file_knows_are_counted(desk: Desk, tmp_path: Path) -> None:
    """Four cards alive in an ARP table, three declared; a lease alone is no terminal."""
    walk(desk, 0, (11, 12))
    path = with_file(desk, tmp_path, neighbor(13) + neighbor(14) + neighbor(15, "STALE"))
    reconcile.run(desk)
    assert [("over_declared", "health")] == standing(desk)

    walk(desk, 1, (11, 12))
    path.write_text("".join(FOREVER.format(n) for n in (13, 14, 15)), encoding="utf-8")
    stamp(path, desk)
    reconcile.run(desk)
    assert [] == standing(desk)


def test_a_shared_address_of_the_configuration_is_no_conflict(desk: Desk) -> None:
    """A pair for high availability that fails over and back within minutes."""
    pair = SharedAddress("10.20.14.11", "双机热备", EXTRANET, ("00-14-22-00-00-0B", "00:14:22:00:00:63"))
    desk.config = msgspec.structs.replace(desk.config, shared=(pair,))
    walk(desk, 0, (11,))
    for minute, mac, other in ((1, 99, 11), (2, 11, 99)):
        walk(desk, minute, ())
        at = NOON + minute * MINUTE
        bare = Sighting(
            EXTRANET, "", f"00:14:22:00:00:{other:02x}", "sw-health", at, "sw-health", f"p{other}"
        )
        snapshots.keep(desk.store, EXTRANET, [sighting(11, at, mac), bare], at)
        reconcile.run(desk)

    assert [] == standing(desk)
