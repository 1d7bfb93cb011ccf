"""The reconcile round: terminals of the last walk beside ledger and declarations; what is not seen proves nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from netops.addresses import ledger
from netops.config import Config, PlaneSettings
from netops.core import docket, journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.core.observation import Sighting, Unreachable
from netops.core.plane import Plane
from netops.core.store import Store
from netops.core.walk import DeviceWalk
from netops.desk import Desk
from netops.rounds import inventory, reconcile
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
    assert {"terminals": 3, "allocations": 1} == report.facts


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
