"""A walk finds out what an agent bears, remembers it, and reads the rest of a device of which one table is broken."""

from __future__ import annotations

import asyncio
import time

import pytest

from netops.core.observation import Unreachable
from netops.core.walk import DeviceWalk
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import (
    GETBULK,
    INTEGER,
    OBJECT,
    OCTETS,
    RESPONSE,
    SEQUENCE,
    Oid,
    Reader,
    integer,
    oid,
    parse_oid,
    tlv,
)
from netops.probes.credentials import Credential
from netops.probes.habits import COLUMNS, GOOD_WALKS, VARIABLES, Habit, Habits
from netops.probes.snmp import Settings, walk_device
from tests.probes.playing import Playing, played

MIB2: Oid = (1, 3, 6, 1, 2, 1)
QUICK = Settings(timeout_seconds=0.2, retries=1, device_seconds=10.0)
PUBLIC = Credential("v2c", "public", name="public")
LLDP: Oid = (1, 0, 8802, 1, 1, 2, 1)


def switch() -> Table:
    rows = [((*MIB2, 1, 3, 0), integer(1, 0x43)), ((*MIB2, 1, 5, 0), tlv(OCTETS, b"sw"))]
    for port in range(1, 61):
        rows += [((*MIB2, 2, 2, 1, column, port), integer(column * port)) for column in (3, 4, 7, 8)]
        rows += [
            ((*MIB2, 2, 2, 1, 2, port), tlv(OCTETS, b"port%d" % port)),
            ((*MIB2, 31, 1, 1, 1, 1, port), tlv(OCTETS, b"p")),
        ]
        rows += [((*LLDP, 4, 1, 1, column, 0, port, 1), tlv(OCTETS, b"far")) for column in (5, 7, 9)]
        rows += [((*MIB2, 17, 7, 1, 2, 2, 1, 2, 1, 2, 0, 0, 0, 0, port), integer(port))]
    return Table(rows)


class Picky(Playing):
    """Answers no more than so many variables asked at once; what it does to larger questions is *kind*."""

    most, kind = 10, "silence"

    def datagram_received(self, data: bytes, addr: object) -> None:
        names, repetitions = shape(data)
        if len(names) * repetitions <= self.most:
            super().datagram_received(data, addr)
        elif self.kind == "tooBig":
            self.asked += 1
            self.transport.sendto(refusal(data, 1), addr)
        elif self.kind == "garbage":
            self.asked += 1
            self.transport.sendto((self.agent.answer(data) or b"")[:60], addr)
        else:
            self.asked += 1


class OneAtATime(Playing):
    """Answers for the first name only, however many it was asked for."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        message = Reader(data).into(SEQUENCE)
        message.take()
        message.take()
        start = message.at
        kind, at, end = message.take()
        pdu = Reader(data, at, end)
        numbers = [pdu.number() for _ in range(3)]
        first = pdu.into(SEQUENCE)
        _, begins, ends = first.take(SEQUENCE)
        body = b"".join(map(integer, numbers)) + tlv(SEQUENCE, tlv(SEQUENCE, data[begins:ends]))
        head = data[Reader(data).take()[1] : start]
        super().datagram_received(tlv(SEQUENCE, head + tlv(kind, body)), addr)


class BrokenTable(Playing):
    """genErr whenever a question touches LLDP."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        if any(name[: len(LLDP)] == LLDP for name in shape(data)[0]):
            self.transport.sendto(refusal(data, 5), addr)
        else:
            super().datagram_received(data, addr)


class MuteTable(BrokenTable):
    """Silence whenever a question touches LLDP (gosnmp #205)."""

    def datagram_received(self, data: bytes, addr: object) -> None:
        if not any(name[: len(LLDP)] == LLDP for name in shape(data)[0]):
            Playing.datagram_received(self, data, addr)


def shape(data: bytes) -> tuple[list[Oid], int]:
    """Names asked, and rows."""
    message = Reader(data).into(SEQUENCE)
    message.take()
    message.take()
    kind, at, end = message.take()
    pdu = Reader(data, at, end)
    _, _, repetitions = pdu.number(), pdu.number(), pdu.number()
    names, binds = [], pdu.into(SEQUENCE)
    while binds.at < binds.end:
        names.append(parse_oid(binds.into(SEQUENCE).body(OBJECT)))
    return names, repetitions if kind == GETBULK else 1


def refusal(data: bytes, status: int) -> bytes:
    message = Reader(data).into(SEQUENCE)
    message.take()
    message.take()
    _, at, end = message.take()
    _, start, stop = Reader(data, at, end).take(INTEGER)
    request = int.from_bytes(data[start:stop], "big")
    pdu = tlv(RESPONSE, integer(request) + integer(status) + integer(1) + tlv(SEQUENCE, b""))
    return tlv(SEQUENCE, integer(1) + tlv(OCTETS, b"public") + pdu)


def walked(
    kind: type[Playing],
    habits: Habits | None = None,
    credentials: list[Credential] | None = None,
    settings: Settings = QUICK,
) -> tuple[DeviceWalk | Unreachable, int]:
    async def walk() -> tuple[DeviceWalk | Unreachable, int]:
        async with played(Agent("picky", switch(), Access("public")), kind) as (target, playing):
            return await walk_device(target, credentials or [PUBLIC], settings, habits=habits), playing.asked

    return asyncio.run(walk())


@pytest.mark.parametrize("what", ["silence", "tooBig", "garbage"])
def test_smaller_questions_are_asked_and_remembered(what: str) -> None:
    """Whatever an agent does to large questions, it is read whole, and the next walk starts right."""
    kind = type("Picky", (Picky,), {"kind": what})
    habits: Habits = {}
    walk, first = walked(kind, habits)
    again, second = walked(kind, habits)

    for one in (walk, again):
        assert isinstance(one, DeviceWalk)
        assert ((), 60, 60, 60) == (
            one.notes,
            *(len(one.columns[name]) for name in ("ifDescr", "lldpRemPortId", "dot1qTpFdbPort")),
        )
    (habit,) = habits.values()
    assert (Picky.most >= habit.variables, habit.engine, habit.credential) == (True, "native", "public")
    assert second <= first


def test_several_columns_share_a_question() -> None:
    """1,100 variables of seven tables cost some thirty questions, the probe included."""
    walk, asked = walked(Playing)

    assert isinstance(walk, DeviceWalk)
    assert walk.variables > 600
    assert asked < 32


def test_an_agent_that_answers_one_name_at_a_time_is_read_whole() -> None:
    """Answers for the wrong column are noticed, and columns asked one by one; that is remembered."""
    habits: Habits = {}
    walk, _ = walked(OneAtATime, habits)

    assert isinstance(walk, DeviceWalk)
    assert ((), 60, 60, 60) == (
        walk.notes,
        *(len(walk.columns[name]) for name in ("ifDescr", "lldpRemPortId", "dot1qTpFdbPort")),
    )
    assert COLUMNS > next(iter(habits.values())).columns


@pytest.mark.parametrize("kind", [BrokenTable, MuteTable])
def test_a_broken_table_costs_that_table_only(kind: type[Playing]) -> None:
    """Columns asked in the same question as a broken one are read, and the broken one is named."""
    walk, _ = walked(kind)

    assert isinstance(walk, DeviceWalk)
    assert (60, 60) == (len(walk.columns["ifDescr"]), len(walk.columns["dot1qTpFdbPort"]))
    assert "lldpRemPortId" not in walk.columns
    assert {"LLDP neighbours", "LLDP local ports"} & {note.facts.get("table", "") for note in walk.notes}


def test_what_went_well_is_tried_larger_after_a_while() -> None:
    """A habit that a lossy day left behind does not stay for ever; nor is every second walk a trial."""
    habits: Habits = {}
    walked(Playing, habits)
    key = next(iter(habits))
    habits[key] = Habit("public", "native", 8, 2)
    walked(Playing, habits)
    once = habits[key]
    for _ in range(GOOD_WALKS - 1):
        habits[key] = habits[key].grown()

    assert Habit("public", "native", 8, 2, 1) == once
    assert Habit("public", "native", 16, 4) == habits[key]


def test_a_table_that_failed_comes_last_and_alone_the_next_time() -> None:
    """One wait for it instead of several, and everything else at full width; when it answers again, it is read."""
    habits: Habits = {}
    _, first = walked(MuteTable, habits)
    (habit,) = habits.values()
    began = time.monotonic()
    again, second = walked(MuteTable, habits)
    took = time.monotonic() - began
    healed, _ = walked(Playing, habits)

    assert isinstance(again, DeviceWalk)
    assert isinstance(healed, DeviceWalk)
    assert (VARIABLES, COLUMNS) == (habit.variables, habit.columns)
    assert {"LLDP neighbours", "LLDP local ports"} <= set(habit.avoid)
    assert took < 1.5
    assert second < first
    assert (60, ()) == (len(healed.columns["lldpRemPortId"]), healed.notes)
    assert () == next(iter(habits.values())).avoid


def test_credentials_are_tried_in_order_and_the_good_one_is_remembered() -> None:
    """Two wrong ones cost one wait together; the next walk begins with the right one."""
    wrong = [
        Credential("v2c", "old", name="old"),
        Credential("v3", "", "who", "SHA", "some-secret-1", name="v3"),
    ]
    habits: Habits = {}
    began = time.monotonic()
    walk, _ = walked(Playing, habits, [*wrong, PUBLIC])
    took = time.monotonic() - began
    began = time.monotonic()
    walked(Playing, habits, [*wrong, PUBLIC])

    assert isinstance(walk, DeviceWalk)
    assert {"public"} == {habit.credential for habit in habits.values()}
    assert took < QUICK.timeout_seconds * 2 * 2 + 1
    assert time.monotonic() - began < QUICK.timeout_seconds


def test_when_no_credential_is_accepted_each_is_named() -> None:
    """Names and reasons, and never a secret."""

    async def walk() -> DeviceWalk | Unreachable:
        agent = Agent("v3", switch(), Access("", "walker", "auth-secret-1", "priv-secret-1"))
        tried = [
            Credential("v2c", "community-secret", name="old"),
            Credential("v3", "", "nobody", "SHA", "auth-secret-1", "AES", "priv-secret-1", name="new"),
        ]
        async with played(agent) as (target, _):
            return await walk_device(target, tried, QUICK)

    found = asyncio.run(walk())

    assert isinstance(found, Unreachable)
    assert "it accepts no credential: {tried}" == found.why
    assert {"tried": "old (timeout), new (usmStatsUnknownUserNames)"} == found.facts


def test_a_port_where_nobody_listens_says_so_at_once() -> None:
    """The host's own refusal (ICMP) is no silence."""

    async def walk() -> tuple[DeviceWalk | Unreachable, float]:
        async with played(Agent("gone", switch(), Access("public"))) as (target, _):
            pass
        began = time.monotonic()
        return await walk_device(target, PUBLIC, Settings(timeout_seconds=3.0)), time.monotonic() - began

    found, took = asyncio.run(walk())

    assert isinstance(found, Unreachable)
    assert "nothing listens at {address}, port {port}" == found.why
    assert took < 1


def test_an_agent_that_restarts_during_the_walk_is_read_on() -> None:
    """engineBoots grows in the middle: the signed report tells the new clock, and no row is lost."""

    class Restarting(Playing):
        def datagram_received(self, data: bytes, addr: object) -> None:
            self.agent.boots = 1 + self.asked // 9
            super().datagram_received(data, addr)

    async def walk() -> DeviceWalk | Unreachable:
        agent = Agent("v3", switch(), Access("", "walker", "auth-secret-1", "priv-secret-1"))
        user = Credential("v3", "", "walker", "SHA", "auth-secret-1", "AES", "priv-secret-1")
        async with played(agent, Restarting) as (target, playing):
            found = await walk_device(target, user, QUICK)
            assert playing.agent.boots > 2
            return found

    found = asyncio.run(walk())

    assert isinstance(found, DeviceWalk)
    assert ((), 60) == (found.notes, len(found.columns["ifDescr"]))


def test_an_engine_that_becomes_another_is_met_again() -> None:
    """A box replaced in the middle of a walk has another engine id: discovered anew, with new keys."""

    class Replaced(Playing):
        def datagram_received(self, data: bytes, addr: object) -> None:
            if self.asked == 9:
                self.agent = Agent("spare", self.agent.table, self.agent.access)
            super().datagram_received(data, addr)

    async def walk() -> DeviceWalk | Unreachable:
        agent = Agent("v3", switch(), Access("", "walker", "auth-secret-1", "priv-secret-1"))
        user = Credential("v3", "", "walker", "SHA", "auth-secret-1", "AES", "priv-secret-1")
        async with played(agent, Replaced) as (target, _):
            return await walk_device(target, user, QUICK)

    found = asyncio.run(walk())

    assert isinstance(found, DeviceWalk)
    assert ((), 60) == (found.notes, len(found.columns["ifDescr"]))


def test_contexts_of_vlans_are_read_over_v3() -> None:
    """Cisco over v3: the forwarding table of VLAN 100 stands in the context vlan-100."""
    cisco: Oid = (1, 3, 6, 1, 4, 1, 9)
    fdb: Oid = (*MIB2, 17, 4, 3, 1, 2)
    plain = Table(
        [
            ((*MIB2, 1, 2, 0), oid((*cisco, 1, 1))),
            ((*MIB2, 1, 3, 0), integer(4200, 0x43)),
            ((*cisco, 9, 46, 1, 3, 1, 1, 3, 1, 100), integer(1)),
        ]
    )

    class Contexts(Agent):
        """Its table depends on the context that the question names."""

        def _pdu(self, message: Reader) -> bytes:
            context = message.octets[message.octets.index(self.engine) + len(self.engine) :][2:10]
            self.table = (
                Table([((*MIB2, 1, 3, 0), integer(1, 0x43)), ((*fdb, 10, 0, 0, 0, 0, 1), integer(7))])
                if (context == b"vlan-100")
                else plain
            )
            return super()._pdu(message)

    async def walk() -> DeviceWalk | Unreachable:
        agent = Contexts("cisco", plain, Access("", "walker", "auth-secret-1", "priv-secret-1"))
        user = Credential("v3", "", "walker", "SHA", "auth-secret-1", "AES", "priv-secret-1")
        async with played(agent) as (target, _):
            return await walk_device(target, user, QUICK)

    found = asyncio.run(walk())

    assert isinstance(found, DeviceWalk)
    assert {(10, 0, 0, 0, 0, 1): 7} == found.columns["dot1dTpFdbPort@100"]
    assert not found.is_partial


def test_vlans_that_do_not_answer_are_not_waited_for_again() -> None:
    """A community without a right to community@VLAN: two waits at first, one the next time, and no note."""
    cisco: Oid = (1, 3, 6, 1, 4, 1, 9)
    rows = [((*MIB2, 1, 2, 0), oid((*cisco, 1, 1))), ((*MIB2, 1, 3, 0), integer(4200, 0x43))]
    rows += [((*cisco, 9, 46, 1, 3, 1, 1, 3, 1, vlan), integer(1)) for vlan in (1, 20, 30, 40)]
    habits: Habits = {}
    took = []

    async def walk() -> DeviceWalk | Unreachable:
        async with played(Agent("cisco", Table(rows), Access("public"))) as (target, _):
            return await walk_device(target, PUBLIC, QUICK, habits=habits)

    for _ in range(2):
        began = time.monotonic()
        found = asyncio.run(walk())
        took.append(time.monotonic() - began)
        assert isinstance(found, DeviceWalk)
        assert () == found.notes

    assert [True, True] == [took[0] > QUICK.timeout_seconds * 2, QUICK.timeout_seconds < took[1] < took[0]]
    assert ("VLAN contexts",) == next(iter(habits.values())).avoid
