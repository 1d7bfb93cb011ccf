"""The probe against real agents that misbehave: bounded time and memory, a clear message, others undisturbed."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk, said
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import GET, OCTETS, Oid, integer, oid, tlv
from netops.probes.credentials import Credential
from netops.probes.snmp import Settings, Target, walk_device, walk_many
from tests.probes.hostile import Behaviour, Question, answer, playing

PUBLIC = Credential("v2c", "public")
QUICK = Settings(timeout_seconds=0.15, retries=1, device_seconds=5.0, max_rows=3000)
SYSTEM: Oid = (1, 3, 6, 1, 2, 1, 1)
IF_DESCR: Oid = (1, 3, 6, 1, 2, 1, 2, 2, 1, 2)
END = b"\x82\x00"


def text(value: str | bytes) -> bytes:
    return tlv(OCTETS, value if isinstance(value, bytes) else value.encode())


HEALTHY = Table(
    [
        ((*SYSTEM, 1, 0), text("a switch")),
        ((*SYSTEM, 3, 0), integer(4200, 0x43)),
        ((*SYSTEM, 5, 0), text("sw-1")),
    ]
    + [((*IF_DESCR, number), text(f"port{number}")) for number in range(1, 61)]
)


def healthy(question: Question) -> bytes:
    kind, request, repetitions, names = question
    if kind == GET:
        return answer(request, [(names[0], integer(1, 0x43))])
    found = []
    for _ in range(repetitions):
        for place, name in enumerate(names):
            at, _bind = HEALTHY.after(name)
            if at == name:
                found.append((name, END))
            else:
                found.append((at, text(f"port{at[-1]}") if at[: len(IF_DESCR)] == IF_DESCR else text("sw-1")))
            names[place] = at
    return answer(request, found)


def walked(behave: Behaviour, settings: Settings = QUICK) -> DeviceWalk | Unreachable:
    with playing(behave) as port:
        return asyncio.run(walk_device(Target(Plane.EXTRANET, "127.0.0.1", "", "", port), PUBLIC, settings))


def test_a_whole_walk_has_every_row_and_no_note() -> None:
    """A healthy agent is read to the end of each table."""
    walk = walked(healthy)

    assert isinstance(walk, DeviceWalk)
    assert (60, (), "native") == (len(walk.columns["ifDescr"]), walk.notes, walk.engine)
    assert b"port60" == walk.columns["ifDescr"][(60,)]


def test_a_silent_agent_costs_timeout_times_tries() -> None:
    """Nobody answers: Unreachable after timeout x (retries + 1), not after a table or the deadline."""
    began = time.monotonic()
    walk = walked(lambda _question: None)

    assert isinstance(walk, Unreachable)
    assert "no answer within {seconds} s" == walk.why
    assert 0.25 < time.monotonic() - began < 1.0


def test_garbage_is_unreadable_not_fatal() -> None:
    """Bytes that are no SNMP, truncated SNMP and empty datagrams end in a sentence, within both engines' timeouts."""
    for said_bytes in (b"\xff" * 900, b"0\x82\xff\xff\x02\x01", b"", b"0\x84\xff\xff\xff\xff"):
        began = time.monotonic()
        walk = walked(lambda _question, said_bytes=said_bytes: said_bytes)  # type: ignore[misc]

        assert isinstance(walk, Unreachable), said_bytes
        assert time.monotonic() - began < 3.0


def looping(question: Question) -> bytes:
    """ifDescr.1 to .3, then .1 again, for ever."""
    kind, request, repetitions, names = question
    if kind == GET:
        return answer(request, [(names[0], integer(1, 0x43))])
    if names[0][: len(IF_DESCR)] != IF_DESCR:
        return answer(request, [(names[0], END)])
    last = names[0][-1] if len(names[0]) > len(IF_DESCR) else 0
    rows = [(last + step) % 3 + 1 for step in range(repetitions)]
    return answer(request, [((*IF_DESCR, row), text("loop")) for row in rows])


def test_rows_that_do_not_increase_end_the_table() -> None:
    """A looping agent is left with what it said first, and the walk goes on to the next table."""
    walk = walked(looping)

    assert isinstance(walk, DeviceWalk)
    assert {1, 2, 3} >= {index[0] for index in walk.columns["ifDescr"]}
    assert any("do not increase" in note.text for note in walk.notes)
    assert walk.is_partial


def endless(question: Question) -> bytes:
    """Every table goes on for ever, with increasing rows."""
    kind, request, repetitions, names = question
    if kind == GET:
        return answer(request, [(names[0], integer(1, 0x43))])
    column = next((length for length in (10, 9, 8) if len(names[0]) >= length), len(names[0]))
    base, last = names[0][:column], names[0][column] if len(names[0]) > column else 0
    return answer(
        request, [((*base, last + step + 1), text("x" * 200)) for step in range(min(repetitions, 5))]
    )


def test_an_endless_table_stops_at_the_bound() -> None:
    """Rows and bytes are bounded; what was read by then is kept, with a note."""
    walk = walked(endless)

    assert isinstance(walk, DeviceWalk)
    assert 0 < walk.variables <= QUICK.max_rows + 64
    assert any("the walk was ended at" in note.text for note in walk.notes)


def test_bytes_are_bounded_too() -> None:
    """Long strings meet the bound of bytes before the bound of rows."""
    walk = walked(endless, Settings(timeout_seconds=0.15, device_seconds=5.0, max_bytes=10_000))

    assert isinstance(walk, DeviceWalk)
    assert 60 > walk.variables


def slow(question: Question) -> bytes | None:
    """Endless, and a little later each time."""
    time.sleep(0.05)
    return endless(question)


def test_the_deadline_ends_a_slow_device() -> None:
    """A device may not take longer than its deadline, whatever it still has to say."""
    began = time.monotonic()
    walk = walked(slow, Settings(timeout_seconds=0.3, device_seconds=1.0))

    assert isinstance(walk, DeviceWalk)
    assert time.monotonic() - began < 2.0
    assert "the walk was ended after {seconds} s" == walk.notes[-1].text


def dies_after(questions: int, behave: Callable[[Question], bytes | None]) -> Behaviour:
    """Answers so many questions, then never again."""
    left = [questions]

    def answering(question: Question) -> bytes | None:
        left[0] -= 1
        return behave(question) if left[0] >= 0 else None

    return answering


def test_a_device_that_dies_midway_keeps_what_was_read() -> None:
    """What was read before it fell silent is a partial walk, and the death costs a few timeouts only."""
    began = time.monotonic()
    walk = walked(dies_after(8, healthy))

    assert isinstance(walk, DeviceWalk)
    assert "sysName" in walk.columns
    assert "it stopped answering while {table} was read" == walk.notes[0].text
    assert time.monotonic() - began < 2.0


def too_big(question: Question) -> bytes:
    """Refuses more than four repetitions with tooBig (RFC 3416 §4.2.3)."""
    _kind, request, repetitions, names = question
    return answer(request, [(names[0], b"\x05\x00")], status=1) if repetitions > 4 else healthy(question)


def test_repetitions_are_halved_until_the_agent_can() -> None:
    """An agent that chokes on large questions is read whole by smaller ones."""
    walk = walked(too_big)

    assert isinstance(walk, DeviceWalk)
    assert 60 == len(walk.columns["ifDescr"])


def mute_when_large(question: Question) -> bytes | None:
    """Says nothing to more than six repetitions."""
    return healthy(question) if question[2] <= 6 else None


def test_a_timeout_halves_repetitions_as_well() -> None:
    """Where large answers get lost, smaller questions still read something before patience ends."""
    walk = walked(mute_when_large, Settings(timeout_seconds=0.1, retries=3, device_seconds=8.0))

    assert isinstance(walk, DeviceWalk)
    assert 60 == len(walk.columns["ifDescr"])


def long_winded(question: Question) -> bytes:
    """Ignores what fits: 25 rows of 300 bytes are 7.5 KB, more than gufo's buffer holds (gufo_snmp 0.13 MAX_SIZE)."""
    kind, request, repetitions, names = question
    if kind == GET or names[0][: len(IF_DESCR)] != IF_DESCR:
        return healthy(question)
    last = names[0][-1] if len(names[0]) > len(IF_DESCR) else 0
    rows = list(range(last + 1, min(last + repetitions, 60) + 1))
    return answer(request, [((*IF_DESCR, row), text("long" * 75)) for row in rows] or [(names[0], END)])


def test_answers_over_four_kilobytes_are_read() -> None:
    """Answers larger than the fast engine's buffer are asked for in smaller pieces."""
    walk = walked(long_winded)

    assert isinstance(walk, DeviceWalk)
    assert 60 == len(walk.columns["ifDescr"])


def test_one_bad_device_disturbs_no_other() -> None:
    """Healthy devices beside a silent, a raving and an endless one are whole."""
    behaviours: list[Behaviour] = [
        healthy,
        lambda _q: None,
        lambda _q: b"\xff" * 500,
        endless,
        looping,
        healthy,
    ]
    with ExitStack() as stack:
        ports = [stack.enter_context(playing(behave)) for behave in behaviours]
        targets = [
            (Target(Plane.EXTRANET, f"192.0.2.{number}", "", "127.0.0.1", port), PUBLIC)
            for number, port in enumerate(ports)
        ]

        async def everything() -> dict[str, DeviceWalk | Unreachable]:
            return {one.address: one async for one in walk_many(targets, QUICK)}

        found = asyncio.run(everything())

    assert len(behaviours) == len(found)
    for address in ("192.0.2.0", "192.0.2.5"):
        walk = found[address]
        assert isinstance(walk, DeviceWalk)
        assert (60, ()) == (len(walk.columns["ifDescr"]), walk.notes)


def test_a_host_without_address_is_unreachable() -> None:
    """A name that does not resolve is said so, and nothing is asked."""
    walk = asyncio.run(walk_device(Target(Plane.EXTRANET, "no.such.host.invalid"), PUBLIC, QUICK))

    assert isinstance(walk, Unreachable)
    assert "there is no address for {host}" == walk.why


def test_what_a_device_says_becomes_safe_text() -> None:
    """UTF-8, else GB18030, else escapes; controls and directions vanish; length is bounded."""
    assert "市财政局" == said("市财政局".encode())
    assert "市财政局" == said("市财政局".encode("gbk"))
    assert "a b" == said(b"a\x1b\x00\n\tb\x00\x00")
    assert "txt.exe" == said("\u202etxt.exe".encode())
    assert "\\xff\\xff" == said(b"\xff\xff")
    assert 255 == len(said(b"z" * 65_000))
    assert "市" * 255 == said(("市" * 400).encode())


def test_each_vlan_of_a_cisco_switch_is_asked_by_itself() -> None:
    """community@VLAN: the forwarding table of VLAN 100 is kept apart; VLANs of other kinds are not asked."""
    cisco: Oid = (1, 3, 6, 1, 4, 1, 9)
    fdb: Oid = (1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2)
    device: list[tuple[Oid, bytes]] = [
        ((*SYSTEM, 2, 0), oid((*cisco, 1, 1))),
        ((*SYSTEM, 3, 0), integer(4200, 0x43)),
        ((*cisco, 9, 46, 1, 3, 1, 1, 3, 1, 100), integer(1)),
        ((*cisco, 9, 46, 1, 3, 1, 1, 3, 1, 1002), integer(2)),
    ]
    agents = [
        Agent("all", Table(device), Access("public")),
        Agent("100", Table([((*fdb, 10, 0, 0, 0, 0, 1), integer(7))]), Access("public@100")),
    ]
    asked: set[bytes] = set()
    here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    here.bind(("127.0.0.1", 0))

    def serve() -> None:
        while True:
            datagram, sender = here.recvfrom(65535)
            if datagram == b"end":
                return
            asked.add(datagram[datagram.index(b"public") :].split(b"\xa0")[0].split(b"\xa5")[0])
            for agent in agents:
                if reply := agent.answer(datagram):
                    here.sendto(reply, sender)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        port = here.getsockname()[1]
        walk = asyncio.run(walk_device(Target(Plane.EXTRANET, "127.0.0.1", "", "", port), PUBLIC, QUICK))
    finally:
        here.sendto(b"end", here.getsockname())
        thread.join()
        here.close()

    assert isinstance(walk, DeviceWalk)
    assert {(10, 0, 0, 0, 0, 1): 7} == walk.columns["dot1dTpFdbPort@100"]
    assert {b"public", b"public@100"} == asked
    assert not walk.is_partial
