"""Any sequence of acts on the ledger, beside a plain dictionary of addresses."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

import netops.tables  # noqa: F401 - every table into the metadata
from netops.addresses import ledger
from netops.addresses.allocation import PoolExhausted, Request, Taken
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, parsed
from netops.core import journal
from netops.core.clock import still
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from tests.conftest import NOON

POOL = parsed("10.0.0.0/26")
PREFIXES = ("10.0.0.0/26", "10.0.0.0/28", "10.0.0.16/29", "10.0.0.32/27")
PLANE = Plane.EXTRANET


class Book(RuleBasedStateMachine):
    """The model: state and holder of each of 64 addresses, and which prefixes are registered."""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        self.store = Store(f"sqlite:///{self.folder.name}/netops.db")
        metadata.create_all(self.store.engine)
        self.now = NOON
        self.taken: dict[int, tuple[str, str]] = {}
        self.prefixes: set[str] = set()
        self.sync({PREFIXES[0]})

    def teardown(self) -> None:
        if hasattr(self, "store"):
            self.store.close()
            self.folder.cleanup()

    def act(self) -> object:
        self.now += timedelta(hours=1)
        return journal.act(self.store, "test", still(self.now))

    def innermost(self, address: int) -> str:
        return min(
            (one for one in self.prefixes if parsed(one).first <= address <= parsed(one).last),
            key=lambda one: parsed(one).size,
            default="",
        )

    def free(self, pool: str) -> set[int]:
        return {
            address
            for address in range(POOL.first, POOL.last + 1)
            if address not in self.taken and self.innermost(address) == pool
        }

    @rule(prefixes=st.sets(st.sampled_from(PREFIXES)))
    def sync(self, prefixes: set[str]) -> None:
        with self.act() as act:  # type: ignore[attr-defined]
            act.record("inventory apply", "register")
            ledger.sync_prefixes(
                act, [RegisteredPrefix(one, PrefixRole.CONTAINER, "x") for one in sorted(prefixes)]
            )
        self.prefixes = prefixes

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), count=st.integers(1, 9))
    def allocate_count(self, data: st.DataObject, count: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        self._give(
            Request(PLANE, pool, "o", "D", count=count), len(self.free(pool)) >= count, self.free(pool), count
        )

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), prefixlen=st.integers(27, 32))
    def allocate_block(self, data: st.DataObject, prefixlen: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        size, free = 1 << (32 - prefixlen), self.free(pool)
        fits = any(set(range(start, start + size)) <= free for start in range(POOL.first, POOL.last, size))
        self._give(Request(PLANE, pool, "o", "D", prefixlen=prefixlen), fits, free, size)

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), first=st.integers(0, 63), size=st.integers(1, 8))
    def allocate_named(self, data: st.DataObject, first: int, size: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        span = Span(POOL.first + first, min(POOL.first + first + size - 1, POOL.last))
        wanted = set(range(span.first, span.last + 1))
        self._give(
            Request(PLANE, pool, "o", "D", address=str(span)), wanted <= self.free(pool), wanted, len(wanted)
        )

    def _give(self, request: Request, possible: bool, among: set[int], count: int) -> None:
        try:
            with self.act() as act:  # type: ignore[attr-defined]
                given = ledger.allocate(act, request)
        except (PoolExhausted, Taken):
            assert not possible
            return
        assert possible
        addresses = {address: one.id for one in given for address in range(one.span.first, one.span.last + 1)}
        assert count == len(addresses)
        assert addresses.keys() <= among
        self.taken |= {address: ("active", name) for address, name in addresses.items()}

    @precondition(lambda self: any(state == "active" for state, _ in self.taken.values()))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        name = data.draw(
            st.sampled_from(sorted({name for state, name in self.taken.values() if state == "active"}))
        )
        with self.act() as act:  # type: ignore[attr-defined]
            ledger.release(act, name, "x")
        self.taken = {
            address: ("quarantine", held) if held == name else (state, held)
            for address, (state, held) in self.taken.items()
        }

    @rule()
    def a_month_later(self) -> None:
        self.now += timedelta(days=31)
        with self.act() as act:  # type: ignore[attr-defined]
            ledger.reclaim(act, PLANE, ())
        self.taken = {address: held for address, held in self.taken.items() if held[0] == "active"}

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not hasattr(self, "store"):
            return
        assert [] == ledger.verify(self.store)
        held = {
            address: (str(one.state), one.id)
            for one in ledger.allocations(self.store)
            for address in range(one.span.first, one.span.last + 1)
        }
        assert self.taken == held
        for pool in ledger.pools(self.store):
            inside = Counter(
                self.taken[address][0] for address in self.taken if self.innermost(address) == pool.prefix
            )
            assert (inside["active"], inside["quarantine"], len(self.free(pool.prefix))) == (
                pool.allocated,
                pool.quarantined,
                pool.free,
            )


TestBook = Book.TestCase
TestBook.settings = settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
