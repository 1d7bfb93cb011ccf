"""Dividing the space: any sequence of splits, merges, resizes, moves and removals beside a plain set of addresses."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

import netops.tables  # noqa: F401 - every table into the metadata
from netops.addresses import ledger
from netops.addresses.allocation import Request
from netops.addresses.prefix import PrefixRole, RegisteredPrefix
from netops.addresses.span import MAPPED, Span, parsed
from netops.config import Config
from netops.core import journal
from netops.core.clock import still
from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.core.store import Store, metadata
from netops.desk import Desk
from netops.rounds import division, inventory
from netops.settings import PlaneSettings
from tests.conftest import NOON

PLANE = Plane.EXTRANET
BASE = MAPPED | 10 << 24
WHOLE = Span(BASE, BASE + 255)
FILES = {
    "organizations.toml": '[[organizations]]\ncode = "a"\nname_zh = "甲"\nplatform = true\n'
                          '[[organizations]]\ncode = "b"\nname_zh = "乙"\n',
    "extranet/prefixes.toml": '[[prefixes]]\nprefix = "10.0.0.0/24"\nrole = "container"\norganization = "a"\n'
                              'granted_by = "省〔2026〕1 号"\n',
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """A registered prefix in the model: first address from 0, size, whether it is a container, whose it is."""

    first: int
    size: int
    container: bool = False
    organization: str = "a"
    documented: bool = False

    @property
    def addresses(self) -> frozenset[int]:
        return frozenset(range(self.first, self.first + self.size))

    def __str__(self) -> str:
        return f"10.0.0.{self.first}/{33 - self.size.bit_length()}"


def is_tree(blocks: set[Block]) -> bool:
    """No two with the same addresses, and no two that are not containers share one."""
    leaves = Counter(address for one in blocks if not one.container for address in one.addresses)
    return len({one.addresses for one in blocks}) == len(blocks) and max(leaves.values(), default=1) == 1


def is_chain(blocks: set[Block]) -> bool:
    """Whoever holds a block inside another's is under it: a is everybody's authority, b is nobody's."""
    for inner in blocks:
        around = [one for one in blocks if one.addresses > inner.addresses]
        outer = min(around, key=lambda one: one.size, default=None)
        if outer is not None and outer.organization == "b" and inner.organization == "a":
            return False
    return True


def is_granted(blocks: set[Block]) -> bool:
    """Every block lies in one that a document grants."""
    return all(
        any(one.addresses <= other.addresses for other in blocks if other.documented) for one in blocks
    )


class Land(RuleBasedStateMachine):
    """The model: the blocks, and which allocation has which of 256 addresses."""

    url = ""

    @initialize()
    def open(self) -> None:
        self.folder = TemporaryDirectory()
        place = Path(self.folder.name)
        for name, text in FILES.items():
            (path := place / "inventory" / name).parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        config = Config(planes={PLANE: PlaneSettings(nets=("10.0.0.0/24",))}, inventory=str(place / "inventory"),
                        store_url=self.url or f"sqlite:///{place / 'netops.db'}")  # fmt: skip
        self.now = NOON
        self.desk = Desk(config, still(NOON), "王工")
        self.desk._store = Store(config.store_url)
        metadata.drop_all(self.desk.store.engine)
        metadata.create_all(self.desk.store.engine)
        inventory.apply(self.desk, inventory.plan(self.desk))
        self.blocks = {Block(0, 256, container=True, documented=True)}
        self.held: dict[str, tuple[frozenset[int], str, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "desk"):
            self.desk.close()
            self.folder.cleanup()

    # ---- the model
    def inside(self, block: Block) -> set[Block]:
        return {one for one in self.blocks if one.addresses < block.addresses}

    def in_it(self, block: Block, *states: str) -> dict[str, frozenset[int]]:
        return {name: addresses for name, (addresses, state, _) in self.held.items()
                if addresses & block.addresses and (not states or state in states)}  # fmt: skip

    @property
    def bare(self) -> set[Block]:
        """Blocks without a document of their own: the others do not grow or change hands without a new one."""
        return {one for one in self.blocks if not one.documented}

    def is_new(self, block: Block) -> bool:
        return all(one.addresses != block.addresses for one in self.blocks)

    def pick(self, data: Any) -> Block:
        return data.draw(st.sampled_from(sorted(self.blocks, key=str)))

    def change(self, then: set[Block], make: Any, *, possible: bool = True) -> bool:
        """The plan is made and done exactly when the model says so; else it is refused and nothing changes."""
        self.now += timedelta(hours=1)
        self.desk.clock = still(self.now)
        refusal = ""
        try:
            division.run(self.desk, make())
        except NetopsError as error:
            refusal = error.english()
        assert (possible and is_tree(then) and is_chain(then) and is_granted(then)) == (refusal == ""), (
            refusal
        )
        if not refusal:
            self.blocks = then
        return not refusal

    # ---- acts
    @rule(first=st.integers(0, 31), size=st.sampled_from((8, 16, 32, 64, 128)), container=st.booleans(),
          organization=st.sampled_from("ab"))  # fmt: skip
    def add(self, first: int, size: int, container: bool, organization: str) -> None:
        block = Block(first * 8 // size * size, size, container, organization)
        role = PrefixRole.CONTAINER if container else PrefixRole.POOL
        new = RegisteredPrefix(str(block), role, organization)
        self.change(self.blocks | {block}, lambda: division.add(self.desk, new), possible=self.is_new(block))

    @rule(data=st.data(), parts=st.sampled_from((2, 4, 8)))
    def split(self, data: Any, parts: int) -> None:
        block = self.pick(data)
        size = block.size // parts
        pieces = {replace(block, first=block.first + n * size, size=size) for n in range(parts)}
        cut = [
            one
            for one in self.in_it(block).values()
            if one <= block.addresses and len({a // size for a in one}) > 1
        ]
        larger = [one for one in self.inside(block) if one.size >= size]
        self.change(
            self.blocks - {block} | pieces,
            lambda: division.split(self.desk, PLANE, str(block), 33 - size.bit_length() if size else 33),
            possible=size > 0 and not cut and not larger,
        )

    @rule(data=st.data())
    def merge(self, data: Any) -> None:
        block = self.pick(data)
        buddy = next(
            (one for one in self.blocks if one.size == block.size and one.first == block.first ^ block.size),
            None,
        )
        other = buddy or self.pick(data)
        whole = replace(block, first=min(block.first, other.first), size=2 * block.size)
        alike = replace(block, first=other.first) == other
        possible = buddy is not None and alike and self.is_new(whole)
        names = (str(block), str(other))
        then = self.blocks - {block, other} | {whole}
        self.change(then, lambda: division.merge(self.desk, PLANE, names), possible=possible)

    @precondition(lambda self: self.bare)
    @rule(data=st.data(), by=st.sampled_from((-2, -1, 1, 2)), half=st.integers(0, 3))
    def resize(self, data: Any, by: int, half: int) -> None:
        block = data.draw(st.sampled_from(sorted(self.bare, key=str)))
        size = block.size << by if by > 0 else block.size >> -by
        if not 1 < size < 256:
            return
        first = block.first // size * size if by > 0 else block.first + (half * size) % block.size
        new = Block(first, size, block.container, block.organization)
        gone = block.addresses - new.addresses
        outside = [one for one in self.inside(block) if one.addresses & gone]
        self.change(
            self.blocks - {block} | {new},
            lambda: division.resize(self.desk, PLANE, str(block), str(new)),
            possible=self.is_new(new)
            and not outside
            and not any(one & gone for one in self.in_it(block).values()),
        )

    @precondition(lambda self: self.bare)
    @rule(data=st.data(), organization=st.sampled_from("ab"))
    def hand_over(self, data: Any, organization: str) -> None:
        block = data.draw(st.sampled_from(sorted(self.bare, key=str)))
        if block.organization == organization:
            return
        new = Block(block.first, block.size, block.container, organization)
        theirs = [one.addresses for one in self.inside(block) if one.organization != organization]
        others = [
            addresses for addresses, state, whose in self.held.values()
            if addresses & block.addresses and state == "active" and whose != organization
            and not any(addresses <= one for one in theirs)
        ]  # fmt: skip
        self.change(
            self.blocks - {block} | {new},
            lambda: division.move(self.desk, PLANE, str(block), {"organization": organization}),
            possible=not others,
        )

    @precondition(lambda self: self.bare)
    @rule(data=st.data(), place=st.integers(0, 31))
    def renumber(self, data: Any, place: int) -> None:
        block = data.draw(st.sampled_from(sorted(self.bare, key=str)))
        new = Block(place * 8 // block.size * block.size, block.size, block.container, block.organization)
        if new.addresses == block.addresses:
            return
        moving = self.in_it(block, "active")
        taken = [one for one, _, _ in self.held.values() if one & new.addresses]
        crossing = [one for one in moving.values() if not one <= block.addresses]
        then = self.blocks - {block} | {new}
        # What a prefix inside the new place would take is not given there: the act is refused whole.
        hidden = {
            address for one in self.blocks if one.addresses < new.addresses for address in one.addresses
        }
        lands = {a - block.first + new.first for one in moving.values() for a in one}
        possible = (
            self.is_new(new) and not self.inside(block) and not taken and not crossing and not hidden & lands
        )
        if self.change(
            then, lambda: division.move(self.desk, PLANE, str(block), {}, str(new)), possible=possible
        ):
            for name, addresses in moving.items():
                whose = self.held[name][2]
                self.held[name] = (addresses, "quarantine", whose)
                there = frozenset(a - block.first + new.first for a in addresses)
                given = next(one for one in ledger.allocations(self.desk.store)
                             if one.state == "active" and one.span.first - BASE == min(there))  # fmt: skip
                self.held[given.id] = (there, "active", whose)

    @precondition(lambda self: self.bare)
    @rule(data=st.data(), keep=st.booleans())
    def remove(self, data: Any, keep: bool) -> None:
        block = data.draw(st.sampled_from(sorted(self.bare, key=str)))
        inside = self.inside(block)
        left = [
            one for one in self.in_it(block).values() if not any(one <= inner.addresses for inner in inside)
        ]
        self.change(
            self.blocks - {block},
            lambda: division.remove(self.desk, PLANE, str(block), keep_inside=keep),
            possible=not left and (keep or not inside),
        )

    @rule(data=st.data(), first=st.integers(0, 255), size=st.integers(1, 12))
    def allocate(self, data: Any, first: int, size: int) -> None:
        block = self.pick(data)
        addresses = frozenset(range(first, min(first + size, 256)))
        taken = {address for one, _, _ in self.held.values() for address in one}
        own = block.addresses - {address for one in self.inside(block) for address in one.addresses}
        if not addresses <= own - taken:
            return
        span = Span(BASE + min(addresses), BASE + max(addresses))
        asked = Request(PLANE, str(parsed(str(block))), block.organization, "D", address=str(span))
        with journal.act(self.desk.store, "test", self.desk.clock) as act:
            [given] = ledger.allocate(act, asked)
        self.held[given.id] = (addresses, "active", block.organization)

    @precondition(lambda self: any(state == "active" for _, state, _ in self.held.values()))
    @rule(data=st.data())
    def release(self, data: Any) -> None:
        name = data.draw(
            st.sampled_from(sorted(name for name, one in self.held.items() if one[1] == "active"))
        )
        with journal.act(self.desk.store, "test", self.desk.clock) as act:
            ledger.release(act, name, "x")
        addresses, _, whose = self.held[name]
        self.held[name] = (addresses, "quarantine", whose)

    @invariant()
    def the_ledger_agrees(self) -> None:
        if not hasattr(self, "desk"):
            return
        store = self.desk.store
        assert [] == ledger.verify(store)
        assert {name: (addresses, state) for name, (addresses, state, _) in self.held.items()} == {
            one.id: (frozenset(range(one.span.first - BASE, one.span.last - BASE + 1)), str(one.state))
            for one in ledger.allocations(store)
        }  # fmt: skip
        by_state: dict[int, str] = {a: state for addresses, state, _ in self.held.values() for a in addresses}
        pools = ledger.pools(store)
        named = {str(parsed(str(one))): one for one in self.blocks}
        assert sorted(named) == sorted(one.prefix for one in pools)
        for pool in pools:
            block = named[pool.prefix]
            own = block.addresses - {address for one in self.inside(block) for address in one.addresses}
            for part, counted in ((own, pool), (block.addresses, pool.total)):
                states = Counter(by_state.get(address, "free") for address in part)
                expected = (len(part), states["active"], states["quarantine"], states["free"])
                assert expected == (counted.size, counted.allocated, counted.quarantined, counted.free)
            around = min((one for one in self.blocks if one.addresses > block.addresses), key=lambda one: one.size,
                         default=None)  # fmt: skip
            assert (str(parsed(str(around))) if around else "") == pool.around


OPTIONS: dict[str, Any] = {"deadline": None, "database": None, "suppress_health_check": list(HealthCheck)}
TestLand = Land.TestCase
TestLand.settings = settings(max_examples=12, stateful_step_count=14, **OPTIONS)


def test_the_same_holds_on_postgresql(postgresql: str) -> None:
    """A short walk on the other engine."""
    import uuid

    import psycopg

    name = f"t{uuid.uuid4().hex[:12]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    machine = type("There", (Land,), {"url": postgresql.replace("/postgres?", f"/{name}?")})
    run_state_machine_as_test(machine, settings=settings(max_examples=3, stateful_step_count=8, **OPTIONS))
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
