"""Any sequence of acts on the ledger, beside a plain dictionary of addresses; on both engines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from netops.addresses import ledger, particulars
from netops.addresses.allocation import PoolExhausted, Request, Taken
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import Span, parsed
from netops.core import journal
from netops.core.clock import still
from netops.core.errors import Refused
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from tests.conftest import NOON

PREFIXES = ("10.0.0.0/26", "10.0.0.0/28", "10.0.0.16/29", "10.0.0.32/27")
FILED = ("10.0.0.0/29", "10.0.0.4-10.0.0.11", "10.0.0.16/28", "10.0.0.60-10.0.0.63")
SIX = {
    "10.0.0.0/26": "2001:db8::/122", "10.0.0.0/28": "2001:db8::/124", "10.0.0.16/29": "2001:db8::10/125",
    "10.0.0.32/27": "2001:db8::20/123", "10.0.0.0/29": "2001:db8::/125", "10.0.0.4-10.0.0.11": "2001:db8::4-2001:db8::b",
    "10.0.0.16/28": "2001:db8::10/124", "10.0.0.60-10.0.0.63": "2001:db8::3c-2001:db8::3f",
}  # fmt: skip
"""The same space in IPv6."""
PLANE = Plane.EXTRANET


class Paper(msgspec.Struct, frozen=True):
    """A declaration as the register has it, as far as the ledger looks."""

    number: str
    organization: str
    allocated: tuple[str, ...]


class Holder(msgspec.Struct):
    """What the model knows of one allocation."""

    declaration: str
    by_register: bool
    given_up: bool = False
    """The register no longer gives it."""


class Book(RuleBasedStateMachine):
    """The model: state and holder of each of 64 addresses, and which prefixes are registered; of IPv4 or IPv6."""

    def __init__(self, store: Store, bits: int = 32) -> None:
        super().__init__()
        self.store, self.bits = store, bits
        self.pool = parsed(self.text(PREFIXES[0]))
        self.keys: dict[str, tuple[Request, tuple[str, ...]]] = {}
        self.now = NOON
        self.taken: dict[int, tuple[str, str]] = {}
        self.holders: dict[str, Holder] = {}
        self.prefixes: set[str] = set()
        with store.write() as connection:
            for table in reversed(metadata.sorted_tables):
                if table.name in (
                    "tiles",
                    "pools",
                    "allocations",
                    "sequences",
                    "journal",
                    "declaration_uses",
                    "allocation_requests",
                ):
                    connection.execute(table.delete())

    @initialize()
    def begin(self) -> None:
        self.sync({PREFIXES[0]})

    def text(self, ours: str) -> str:
        """A prefix or a range of the model, in the family that it is of."""
        return ours if self.bits == 32 else SIX[ours]

    def act(self) -> Any:
        self.now += timedelta(hours=1)
        return journal.act(self.store, "test", still(self.now))

    # ---- the model
    def innermost(self, address: int) -> str:
        return min(
            (one for one in self.prefixes if parsed(one).first <= address <= parsed(one).last),
            key=lambda one: parsed(one).size,
            default="",
        )

    def free(self, pool: str) -> set[int]:
        return {
            address
            for address in range(self.pool.first, self.pool.last + 1)
            if address not in self.taken and self.innermost(address) == pool
        }

    def named(self, *states: str) -> list[str]:
        """Allocations that hold an address in one of these states."""
        return sorted({name for state, name in self.taken.values() if state in states})

    def become(self, name: str, state: str) -> None:
        self.taken = {
            address: (state, held) if held == name else (was, held)
            for address, (was, held) in self.taken.items()
        }

    # ---- what the register does
    @rule(prefixes=st.sets(st.sampled_from(PREFIXES)))
    def sync(self, prefixes: set[str]) -> None:
        """Prefixes come, go, are split, merged and put in between."""
        prefixes = {self.text(one) for one in prefixes}
        with self.act() as act:
            act.record("inventory apply", "register")
            ledger.sync_prefixes(
                act, [RegisteredPrefix(one, PrefixRole.CONTAINER, "x") for one in sorted(prefixes)]
            )
        self.prefixes = prefixes

    @rule(number=st.sampled_from(("R-1", "R-2")), filed=st.sets(st.sampled_from(FILED), max_size=2))
    def adopt(self, number: str, filed: set[str]) -> None:
        """A declaration in the register says what was given under it."""
        if {"10.0.0.0/29", "10.0.0.4-10.0.0.11"} <= filed:
            filed = filed - {"10.0.0.0/29"}
        filed = {self.text(one) for one in filed}
        standing = {
            name: self._span(name)
            for name in self.named("active")
            if self.holders[name].declaration == number and self.holders[name].by_register
        }
        wanted = {parsed(text) for text in filed}
        gone = [name for name, span in standing.items() if span not in wanted]
        new = sorted(wanted - set(standing.values()))
        touched = {
            name: self.taken[address][0]
            for span in new
            for address in range(span.first, span.last + 1)
            if address in self.taken
            for name in (self.taken[address][1],)
        }
        possible = all(
            name in gone
            or self.holders[name].given_up
            or (
                (self.holders[name].by_register or self.holders[name].declaration == number)
                and state != "quarantine"
            )
            for name, state in touched.items()
        )
        try:
            with self.act() as act:
                act.record("inventory apply", "register")
                ledger.adopt(act, PLANE, Paper(number, "o", tuple(sorted(filed))))
        except Taken:
            assert not possible
            return
        assert possible
        for name in {*gone, *(name for name, state in touched.items() if state != "quarantine")}:
            self.become(name, "quarantine")
            self.holders[name].given_up = True
        for one in ledger.allocations(self.store, declaration=number):
            if one.span in new and one.since == self.now:
                self.holders[one.id] = Holder(number, by_register=True)
                self._take(one.span, "active", one.id)

    def _span(self, name: str) -> Span:
        return ledger.one(self.store, name).span

    def _take(self, span: Span, state: str, name: str) -> None:
        self.taken |= dict.fromkeys(range(span.first, span.last + 1), (state, name))

    # ---- allocating
    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), count=st.integers(1, 9), days=st.sampled_from((0, 0, 40)))
    def allocate_count(self, data: st.DataObject, count: int, days: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        until = self.now + timedelta(days=days) if days else None
        request = Request(PLANE, pool, "o", "D", count=count, reserve_until=until)
        self._give(request, len(self.free(pool)) >= count, self.free(pool), count)

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), exponent=st.integers(0, 5))
    def allocate_block(self, data: st.DataObject, exponent: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        size, free, prefixlen = 1 << exponent, self.free(pool), self.bits - exponent
        fits = any(set(range(start, start + size)) <= free for start in range(self.pool.first, self.pool.last + 1, size))
        self._give(Request(PLANE, pool, "o", "D", prefixlen=prefixlen), fits, free, size)

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), first=st.integers(0, 63), size=st.integers(1, 8))
    def allocate_named(self, data: st.DataObject, first: int, size: int) -> None:
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        span = Span(self.pool.first + first, min(self.pool.first + first + size - 1, self.pool.last))
        wanted = set(range(span.first, span.last + 1))
        self._give(
            Request(PLANE, pool, "o", "D", address=str(span)), wanted <= self.free(pool), wanted, len(wanted)
        )

    @precondition(lambda self: self.prefixes)
    @rule(
        data=st.data(),
        wanted=st.lists(st.tuples(st.integers(0, 4), st.integers(0, 3)), min_size=2, max_size=6),
    )
    def allocate_several(self, data: st.DataObject, wanted: list[tuple[int, int]]) -> None:
        """In one act: each finds what the others left."""
        pool = data.draw(st.sampled_from(sorted(self.prefixes)))
        with self.act() as act:
            act.record("ip bulk", "form")
            for count, exponent in wanted:
                free, size = self.free(pool), count or 1 << exponent
                starts = range(self.pool.first, self.pool.last + 1, size)
                fits = (
                    len(free) >= count
                    if count
                    else any(set(range(one, one + size)) <= free for one in starts)
                )
                request = Request(
                    PLANE, pool, "o", "D", count=count or 1, prefixlen=0 if count else self.bits - exponent
                )
                self._given(act, request, fits, free, size)

    def _give(self, request: Request, possible: bool, among: set[int], count: int) -> None:
        with self.act() as act:
            act.record("ip bulk", "form")
            self._given(act, request, possible, among, count)

    def _given(self, act: Any, request: Request, possible: bool, among: set[int], count: int) -> None:
        try:
            given = ledger.allocate(act, request)
        except (PoolExhausted, Taken):
            assert not possible
            return
        assert possible
        addresses = [address for one in given for address in range(one.span.first, one.span.last + 1)]
        assert count == len(addresses) == len(set(addresses))
        assert set(addresses) <= among
        for one in given:
            self.holders[one.id] = Holder("D", by_register=False)
            self._take(one.span, "reserved" if request.reserve_until else "active", one.id)

    @precondition(lambda self: self.prefixes)
    @rule(data=st.data(), key=st.sampled_from(("k-1", "k-2")), count=st.integers(1, 2))
    def allocate_by_key(self, data: st.DataObject, key: str, count: int) -> None:
        """The same key gives what it gave, whatever became of it since; for another request it is refused."""
        request = Request(PLANE, data.draw(st.sampled_from(sorted(self.prefixes))), "o", "D", count=count)
        before = self.keys.get(key)
        try:
            with self.act() as act:
                given = ledger.allocate(act, request, key=key)
        except PoolExhausted:
            assert before is None
            assert len(self.free(request.pool)) < count
            return
        except Refused:
            assert before is not None
            assert before[0] != request
            return
        if before is not None:
            assert before == (request, tuple(one.id for one in given))
            return
        self.keys[key] = request, tuple(one.id for one in given)
        for one in given:
            assert set(range(one.span.first, one.span.last + 1)) <= self.free(request.pool)
            self.holders[one.id] = Holder("D", by_register=False)
            self._take(one.span, "active", one.id)

    @rule(first=st.integers(0, 63), size=st.integers(1, 8), days=st.sampled_from((5, 40)))
    def isolate(self, first: int, size: int, days: int) -> None:
        """Free addresses rest after an incident, registered or not; what somebody has is refused."""
        span = Span(self.pool.first + first, min(self.pool.first + first + size - 1, self.pool.last))
        possible = not set(range(span.first, span.last + 1)) & set(self.taken)
        try:
            with self.act() as act:
                made = ledger.isolate(act, PLANE, span, "incident", timedelta(days=days))
        except Taken:
            assert not possible
            return
        assert possible
        self.holders[made.id] = Holder("", by_register=False)
        self._take(span, "quarantine", made.id)

    # ---- what becomes of them
    @precondition(lambda self: self.taken)
    @rule(data=st.data(), mac=st.sampled_from(("", "00:1b:21:3c:4d:5e")), note=st.text(max_size=5))
    def describe(self, data: st.DataObject, mac: str, note: str) -> None:
        """What is said of an allocation moves no address; a card belongs to a single address."""
        name = data.draw(st.sampled_from(self.named("active", "reserved", "quarantine")))
        before = ledger.one(self.store, name)
        possible = (
            name not in self.named("quarantine")
            and (before.mac, before.note) != (mac, note)
            and not (mac and before.span.size > 1)
        )
        try:
            with self.act() as act:
                after = particulars.edit(act, name, particulars.Particulars(mac=mac, note=note))
        except Refused:
            assert not possible
            return
        assert possible
        assert (mac, note, before.span) == (after.mac, after.note, after.span)

    @precondition(lambda self: self.named("active", "reserved"))
    @rule(data=st.data())
    def release(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.named("active", "reserved")))
        with self.act() as act:
            ledger.release(act, name, "x")
        self.become(name, "quarantine")

    @precondition(lambda self: self.taken)
    @rule(data=st.data())
    def activate(self, data: st.DataObject) -> None:
        name = data.draw(st.sampled_from(self.named("active", "reserved", "quarantine")))
        possible = name in self.named("reserved")
        try:
            with self.act() as act:
                ledger.activate(act, name, "y")
        except Refused:
            assert not possible
            return
        assert possible
        self.become(name, "active")

    @rule(data=st.data())
    def a_month_later(self, data: st.DataObject) -> None:
        """What rests or is reserved and has ended returns to the pool, unless it is still seen."""
        seen = data.draw(st.sets(st.sampled_from(sorted(self.taken)), max_size=2)) if self.taken else set()
        self.now += timedelta(days=31)
        with self.act() as act:
            returned = ledger.reclaim(act, PLANE, seen)
        for name in returned:
            assert self._span(name)
            assert name not in self.named("active")
        still_seen = {name for address, (_, name) in self.taken.items() if address in seen}
        assert not set(returned) & still_seen
        self.taken = {address: held for address, held in self.taken.items() if held[1] not in returned}

    # ---- what must hold
    @invariant()
    def the_ledger_agrees(self) -> None:
        assert [] == ledger.verify(self.store)
        assert self.taken == dict(self._laid())
        for pool in ledger.pools(self.store):
            inside = Counter(
                self.taken[address][0] for address in self.taken if self.innermost(address) == pool.prefix
            )
            assert (
                inside["active"],
                inside["reserved"],
                inside["quarantine"],
                len(self.free(pool.prefix)),
            ) == (
                pool.allocated,
                pool.reserved,
                pool.quarantined,
                pool.free,
            )

    def _laid(self) -> Iterable[tuple[int, tuple[str, str]]]:
        for tile in ledger.layout(self.store, PLANE, self.pool):
            if tile.allocation:
                for address in range(tile.span.first, tile.span.last + 1):
                    yield address, (str(tile.state), tile.allocation)


def test_any_sequence_of_acts_keeps_the_ledger_true(store: Store) -> None:
    """Whatever is allocated, filed, released, reclaimed, split or merged: every address is where the model has it."""
    _run(store, 32, examples=15)


def test_the_same_holds_for_ipv6(store: Store) -> None:
    """The same acts on a /122."""
    _run(store, 128, examples=5)


def _run(store: Store, bits: int, examples: int) -> None:
    run_state_machine_as_test(
        lambda: Book(store, bits),
        settings=settings(
            max_examples=examples,
            stateful_step_count=18,
            deadline=None,
            database=None,
            phases=(
                Phase.generate,
            ),  # to make an example smaller costs a thousand stores, and its steps say enough
            suppress_health_check=list(HealthCheck),
        ),
    )
