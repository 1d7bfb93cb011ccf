"""The ledger: pools from the register, allocation under a declaration, quarantine, and counts that are always right."""

from __future__ import annotations

import threading
from datetime import timedelta

import msgspec
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from netops.addresses import ledger, tiles
from netops.addresses.allocation import Allocation, AllocationState, PoolExhausted, Request, Taken
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import number, parsed
from netops.core import journal
from netops.core.clock import Clock, still
from netops.core.errors import Missing, Refused
from netops.core.plane import Plane
from netops.core.store import Store, StoreFault
from tests.conftest import NOON

AT_NOON = still(NOON)
EXTRANET = Plane.EXTRANET


class Paper(msgspec.Struct, frozen=True):
    """A declaration as the register has it, as far as the ledger looks."""

    number: str
    organization: str
    allocated: tuple[str, ...]


def prefix(cidr: str, role: PrefixRole = PrefixRole.POOL, organization: str = "fin") -> RegisteredPrefix:
    return RegisteredPrefix(cidr, role, organization)


def register(
    store: Store, *prefixes: RegisteredPrefix, papers: tuple[Paper, ...] = (), clock: Clock = AT_NOON
) -> None:
    """What `inventory apply` does with prefixes and declarations."""
    with journal.act(store, "test", clock) as act:
        act.record("inventory apply", "register")
        ledger.sync_prefixes(act, prefixes)
        for paper in papers:
            ledger.adopt(act, EXTRANET, paper)


def allocate(store: Store, pool: str = "10.20.11.0/24", key: str = "", **asked: object) -> list[str]:
    request = Request(
        **{"plane": EXTRANET, "pool": pool, "organization": "fin", "declaration": "D-1", **asked}
    )  # type: ignore[arg-type]
    with journal.act(store, "test", still(NOON)) as act:
        return [str(one.span) for one in ledger.allocate(act, request, key=key)]


def whole(store: Store) -> bool:
    return ledger.verify(store) == []


def test_single_addresses_come_in_order_without_network_and_broadcast(store: Store) -> None:
    """A host gets the lowest free address; what no host may have is never given."""
    register(store, prefix("10.20.11.0/29"))

    got = [allocate(store, "10.20.11.0/29") for _ in range(6)]

    assert [[f"10.20.11.{n}"] for n in range(1, 7)] == got
    with pytest.raises(PoolExhausted):
        allocate(store, "10.20.11.0/29")
    assert whole(store)


def filled(store: Store, cidr: str, block: int) -> list[dict[str, int]]:
    return [{str(state): count for state, count in one.items()} for one in tiles.filled(store, EXTRANET, parsed(cidr), block)]


def test_blocks_say_at_once_how_full_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """After every change the counts of each block are those of its addresses, whatever is asked for together."""
    register(store, prefix("10.20.0.0/21"), prefix("2001:db8:20::/48"))
    nothing: list[dict[str, int]] = [{} for _ in range(8)]
    assert nothing == filled(store, "10.20.0.0/21", 8)
    assert [{}] == filled(store, "192.0.2.0/24", 8)

    allocate(store, "10.20.0.0/21", address="10.20.0.128/25")
    allocate(store, "10.20.0.0/21", address="10.20.1.0/24")
    allocate(store, "10.20.0.0/21", address="10.20.2.0/23")
    allocate(store, "10.20.0.0/21", address="10.20.7.9")
    allocate(store, "10.20.0.0/21", address="10.20.7.10", reserve_until=NOON + timedelta(days=9))
    now = [{"active": 128}, {"active": 256}, {"active": 256}, {"active": 256}, {}, {}, {}, {"active": 1, "reserved": 1}]
    assert now == filled(store, "10.20.0.0/21", 8)
    with journal.act(store, "test", AT_NOON) as act:
        ledger.release(act, ledger.allocations(store)[2].id, "x")
        ledger.activate(act, ledger.allocations(store)[4].id, "x")
    now[2:4], now[7] = [{"quarantine": 256}, {"quarantine": 256}], {"active": 2}
    assert now == filled(store, "10.20.0.0/21", 8)
    assert [{"active": 64}, {"active": 64}] == filled(store, "10.20.1.128/25", 6)
    monkeypatch.setattr(tiles, "AT_ONCE", 1)
    assert now == filled(store, "10.20.0.0/21", 8)

    allocate(store, "2001:db8:20::/48", address="2001:db8:20:8000::/49")
    allocate(store, "2001:db8:20::/48", address="2001:db8:20::1")
    assert [{"active": 1}, {}, {"active": 1 << 78}, {"active": 1 << 78}] == filled(store, "2001:db8:20::/48", 78)


def test_a_block_takes_the_tightest_hole(store: Store) -> None:
    """A /26 comes out of the /26 hole, so the /25 stays whole."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, address="10.20.11.128/26")

    assert ["10.20.11.192/26"] == allocate(store, prefixlen=26)
    assert ["10.20.11.0/25"] == allocate(store, prefixlen=25)
    assert whole(store)


def test_many_addresses_come_in_one_run_or_in_as_few_as_it_takes(store: Store) -> None:
    """200 addresses of a fragmented pool come in pieces, all of them or none."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, address="10.20.11.100")

    assert ["10.20.11.1-10.20.11.99", "10.20.11.101-10.20.11.201"] == allocate(store, count=200)
    with pytest.raises(PoolExhausted):
        allocate(store, count=54)
    assert ["10.20.11.202-10.20.11.254"] == allocate(store, count=53)
    assert whole(store)


def test_the_same_key_takes_nothing_twice(store: Store) -> None:
    """A retried form gets what it got before; the key of another request is refused."""
    register(store, prefix("10.20.11.0/24"))

    assert allocate(store, key="form-7", count=2) == allocate(store, key="form-7", count=2)
    assert 2 == ledger.pools(store)[0].allocated
    with pytest.raises(Refused):
        allocate(store, key="form-7", count=3)


def test_an_address_somebody_has_is_refused(store: Store) -> None:
    """Taken, outside the pool, no such pool, not an address: refused with the reason, and nothing is written."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, address="10.20.11.7")

    for address in ("10.20.11.7", "10.20.11.4/30", "10.20.12.1"):
        with pytest.raises(Taken):
            allocate(store, address=address)
    with pytest.raises(Missing):
        allocate(store, "10.20.99.0/24")
    assert 1 == len(ledger.allocations(store))


def test_a_plan_that_is_stale_is_refused(store: Store) -> None:
    """What was shown is what is given, or nothing is."""
    register(store, prefix("10.20.11.0/24"))
    request = Request(EXTRANET, "10.20.11.0/24", "fin", "D-1")
    with store.read() as connection:
        planned = ledger.propose(connection, request)
    allocate(store)

    with pytest.raises(Refused, match="stale"), journal.act(store, "test", still(NOON)) as act:
        ledger.allocate(act, request, expected=planned)


def test_released_addresses_rest_and_return_unless_they_are_still_seen(store: Store) -> None:
    """Quarantine ends by date, and only when nobody uses the address any more."""
    register(store, prefix("10.20.11.0/30"))
    allocate(store, "10.20.11.0/30", count=2)
    number_ = ledger.allocations(store)[0].id
    with journal.act(store, "test", still(NOON)) as act:
        ledger.release(act, number_, "部门撤并")
    pool = ledger.pools(store)[0]
    assert (0, 2, 2) == (pool.allocated, pool.quarantined, pool.free)
    with pytest.raises(PoolExhausted):
        allocate(store, "10.20.11.0/30")
    with pytest.raises(Refused), journal.act(store, "test", still(NOON)) as act:
        ledger.release(act, number_, "again")

    later = NOON + timedelta(days=31)
    assert ledger.reclaimable(store, EXTRANET, later, ())
    for seen, returned in (({number("10.20.11.2")}, []), (set(), [number_])):
        with journal.act(store, "test", still(later)) as act:
            assert returned == ledger.reclaim(act, EXTRANET, seen)
    assert 4 == ledger.pools(store)[0].free
    assert whole(store)


def test_a_reservation_ends_by_itself(store: Store) -> None:
    """Reserved until a day: counted as reserved, free again after it."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, reserve_until=NOON + timedelta(days=5))
    assert 1 == ledger.pools(store)[0].reserved

    with journal.act(store, "test", still(NOON + timedelta(days=6))) as act:
        ledger.reclaim(act, EXTRANET, set())

    assert (0, 256) == (ledger.pools(store)[0].reserved, ledger.pools(store)[0].free)


def test_the_past_can_be_asked(store: Store) -> None:
    """Who had the address on a day, also after it was given back."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store)
    with journal.act(store, "test", still(NOON + timedelta(days=10))) as act:
        ledger.release(act, ledger.allocations(store)[0].id, "x")

    def states(days: int) -> list[AllocationState]:
        return [one.state for one in ledger.allocations(store, at=NOON + timedelta(days=days))]

    assert [AllocationState.ACTIVE] == states(5)
    assert [] == states(11)
    assert [] == states(-1)
    assert 1 == len(ledger.history(store, parsed("10.20.11.0/24")))


def test_the_register_is_adopted_once(store: Store) -> None:
    """A second apply of the same papers changes nothing: no new numbers, no new times."""
    papers = (
        Paper("D-1", "fin", ("10.20.11.1-10.20.11.63",)),
        Paper("D-2", "ic", ("10.20.0.0/24", "10.20.254.0/24")),
    )
    prefixes = (
        prefix("10.20.0.0/16", PrefixRole.CONTAINER),
        prefix("10.20.11.0/24"),
        prefix("10.20.254.0/30", PrefixRole.LINK),
    )
    register(store, *prefixes, papers=papers)
    first = ledger.allocations(store)
    register(store, *prefixes, papers=papers, clock=still(NOON + timedelta(days=1)))

    assert first == ledger.allocations(store)
    assert ["10.20.0.0/24", "10.20.11.1-10.20.11.63", "10.20.254.0/24"] == [str(one.span) for one in first]
    assert whole(store)


def test_counts_of_a_container_hold_its_pools(store: Store) -> None:
    """Own counts can be summed; totals are those of the whole prefix."""
    register(
        store,
        prefix("10.20.0.0/16", PrefixRole.CONTAINER),
        prefix("10.20.11.0/24"),
        prefix("10.20.254.0/30", PrefixRole.LINK),
        papers=(Paper("D-1", "fin", ("10.20.11.0/26", "10.20.254.0/24")),),
    )
    container, pool, link = ledger.pools(store)

    assert 65536 == container.total.size == sum(one.size for one in ledger.pools(store))
    assert (252, 64, 4) == (container.allocated, pool.allocated, link.allocated)
    assert 320 == container.total.allocated
    assert 0.25 == pool.total.utilization


def test_space_outside_every_pool_can_be_declared(store: Store) -> None:
    """What was given before there were pools is held all the same, and joins a pool that comes later."""
    paper = Paper("D-1", "fin", ("172.16.0.0/24", "2001:db8:1::/48"))
    register(store, papers=(paper,))
    assert ["172.16.0.0/24", "2001:db8:1::/48"] == sorted(str(one.span) for one in ledger.allocations(store))
    assert whole(store)

    register(store, prefix("172.16.0.0/16"), papers=(paper,))

    assert 256 == ledger.pools(store)[0].allocated
    assert whole(store)


def test_a_changed_paper_moves_its_addresses(store: Store) -> None:
    """One shrinks, another takes what became free, in any order of the same apply; a third goes."""
    pool = prefix("10.20.11.0/24")
    register(
        store,
        pool,
        papers=(Paper("A", "fin", ("10.20.11.0-10.20.11.63",)), Paper("C", "edu", ("10.20.11.200",))),
    )
    after = (
        Paper("B", "hrss", ("10.20.11.32/27",)),
        Paper("A", "fin", ("10.20.11.0/27",)),
        Paper("C", "edu", ()),
    )
    register(store, pool, papers=after, clock=still(NOON + timedelta(days=1)))

    def held(one: Allocation) -> bool:
        return one.state is AllocationState.ACTIVE

    assert [("A", "10.20.11.0/27"), ("B", "10.20.11.32/27")] == [
        (one.declaration, str(one.span)) for one in ledger.allocations(store) if held(one)
    ]
    assert 1 == ledger.pools(store)[0].quarantined
    assert whole(store)


def test_the_register_does_not_take_what_an_act_gave_to_another(store: Store) -> None:
    """The apply is refused as a whole; the same declaration's own addresses are taken over."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, address="10.20.11.7")

    with pytest.raises(Taken):
        register(store, prefix("10.20.11.0/24"), papers=(Paper("D-2", "edu", ("10.20.11.0/26",)),))
    register(store, prefix("10.20.11.0/24"), papers=(Paper("D-1", "fin", ("10.20.11.0/26",)),))
    assert 64 == ledger.pools(store)[0].allocated
    assert whole(store)


def test_prefixes_come_and_go_without_losing_an_allocation(store: Store) -> None:
    """A parent put in, a pool split, a pool removed: what is allocated stays, counts follow."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, count=10)
    for prefixes in (
        ("10.20.0.0/16", "10.20.11.0/24"),
        ("10.20.11.0/29", "10.20.11.8/29", "10.20.11.16/28"),
        ("10.20.11.0/28",),
        (),
    ):
        register(store, *(prefix(one) for one in prefixes))
        assert whole(store), prefixes
        assert 10 == sum(one.span.size for one in ledger.allocations(store))


def test_ipv6_pools_count_exactly(store: Store) -> None:
    """A /32 has 2**96 addresses; a /64 of it is taken in one step."""
    register(store, prefix("2001:db8::/32", PrefixRole.CONTAINER))

    assert ["2001:db8::/64"] == allocate(store, "2001:db8::/32", prefixlen=64)
    assert (1 << 96) - (1 << 64) == ledger.pools(store)[0].free
    assert whole(store)


def test_the_database_itself_refuses_a_duplicate(store: Store) -> None:
    """No writer can put two runs over one address: overlap, gap, second end and cycle are all constraint errors."""
    register(store, prefix("10.20.11.0/24"))
    allocate(store, count=4)
    stolen = number("10.20.11.3").to_bytes(16, "big")
    behind = number("10.20.12.9").to_bytes(16, "big")
    insert = (
        "INSERT INTO tiles (plane, first, next, state, pool, allocation, fit)"
        " VALUES ('extranet', :first, :next, 'active', '', 'AL-0009', -1)"
    )
    attempts = (
        (insert, {"first": stolen, "next": number("10.20.11.5").to_bytes(16, "big")}),
        (insert, {"first": stolen, "next": behind}),
        (insert, {"first": stolen, "next": None}),
        ("UPDATE tiles SET next = :next WHERE allocation <> ''", {"next": behind}),
        ("UPDATE tiles SET next = first WHERE allocation <> ''", {}),
        ("DELETE FROM tiles WHERE allocation <> ''", {}),
    )
    for statement, values in attempts:
        with pytest.raises((IntegrityError, StoreFault)), store.write() as connection:
            connection.execute(text(statement), values)
        assert [] == ledger.verify(store), (statement, values)


PLANTED = (
    "UPDATE pools SET allocated = size WHERE prefix = '10.20.11.0/24'",
    "UPDATE pools SET reserved = size WHERE prefix = '10.20.0.0/16'",
    "UPDATE pools SET quarantined = size WHERE prefix = '10.20.12.0/25'",
    "UPDATE pools SET quarantined = first WHERE prefix = '10.20.12.0/24'",
    "UPDATE pools SET size = first",
    "UPDATE pools SET last = first",
    "DELETE FROM pools WHERE prefix = '10.20.11.0/24'",
    "UPDATE tiles SET state = 'free' WHERE allocation <> ''",
    "UPDATE tiles SET state = 'quarantine' WHERE state = 'reserved'",
    "UPDATE tiles SET state = 'nonsense' WHERE state = 'active'",
    "UPDATE tiles SET state = 'outside' WHERE state = 'free'",
    "UPDATE tiles SET state = 'active' WHERE state = 'outside'",
    "UPDATE tiles SET allocation = 'AL-9' WHERE allocation <> ''",
    "UPDATE tiles SET allocation = 'AL-0001' WHERE state = 'free'",
    "UPDATE tiles SET allocation = '' WHERE allocation <> ''",
    "UPDATE tiles SET pool = '' WHERE state = 'free'",
    "UPDATE tiles SET pool = '10.20.0.0/16' WHERE pool = '10.20.11.0/24'",
    "UPDATE tiles SET fit = 9 WHERE state = 'free'",
    "UPDATE tiles SET fit = -1 WHERE state = 'free'",
    "DELETE FROM allocations",
    "UPDATE allocations SET plane = 'intranet'",
    "UPDATE allocations SET last = first",
    "UPDATE allocations SET first = last",
    "UPDATE allocations SET state = 'released'",
    "UPDATE allocations SET state = 'nonsense'",
    "UPDATE declaration_uses SET ipv4 = 0",
    "DELETE FROM declaration_uses",
    "UPDATE sequences SET value = 1 WHERE name = 'allocation'",
    "UPDATE allocation_requests SET allocations = '[\"AL-77\"]'",
)
"""Every column that the ledger's answers rest on, changed by somebody in the database."""


def test_verify_names_what_was_changed_behind_its_back(store: Store) -> None:
    """A counter, a state, an owner, an edge, a number that somebody edited in the database is found, each by itself."""
    cidrs = ("10.20.11.0/24", "10.20.12.0/24", "10.20.12.0/25", "10.20.12.128/25")
    register(store, prefix("10.20.0.0/16", PrefixRole.CONTAINER), *map(prefix, cidrs))
    allocate(store, count=4, key="form-1")
    allocate(store, count=2, reserve_until=NOON + timedelta(days=9))
    with journal.act(store, "test", AT_NOON) as act:
        ledger.release(act, ledger.allocations(store)[0].id, "x")
    allocate(store, "10.20.12.0/25", count=3)
    assert whole(store)

    for statement in PLANTED:
        found: list[str] = []
        with pytest.raises(RuntimeError), store.write() as connection:
            connection.execute(text(statement.replace(":", "\\:")))
            found = ledger.faults_in(connection)
            raise RuntimeError
        assert found, statement
    assert whole(store)


def test_verify_of_a_ledger_in_use_sees_one_moment(store: Store, store_url: str) -> None:
    """What is allocated while it reads is not taken for a fault."""
    register(store, prefix("10.20.0.0/16"))
    other, done = Store(store_url), threading.Event()

    def work() -> None:
        while not done.is_set():
            allocate(other, "10.20.0.0/16", count=3)

    worker = threading.Thread(target=work)
    worker.start()
    found = [fault for _ in range(12) for fault in ledger.verify(store)]
    done.set()
    worker.join()
    other.close()

    assert [] == found
