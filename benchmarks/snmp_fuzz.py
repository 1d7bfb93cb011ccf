"""
A hostile agent against both SNMP engines: mutated, truncated, looping and endless answers, as many as you like.

    python -m benchmarks.snmp_fuzz [--count 1000000] [--seed 1] [--json]

Most answers go through the decoders (ours, with USM, and pysnmp's), a part over UDP into whole walks of both engines. A
healthy device is walked beside each hostile one, and a hostile agent is healthy in all tables but one. Exit code 0: nothing
crashed, hung or grew, and whatever was healthy was read whole. A failure names its seed; `tests/data/probes/fuzz/seeds.txt`
keeps those that once failed, and every run tries them first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import platform
import random
import resource
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.core.walk import DeviceWalk
from netops.probes import engines
from netops.probes.agent import Access, Agent, Table
from netops.probes.ber import (
    GETBULK,
    INTEGER,
    OBJECT,
    OCTETS,
    SEQUENCE,
    Oid,
    Reader,
    integer,
    named,
    oid,
    parse_oid,
    tlv,
)
from netops.probes.credentials import Credential
from netops.probes.native import Native
from netops.probes.question import Cursor, advance, question
from netops.probes.snmp import Settings, Target, walk_device
from netops.probes.usm import Unauthentic, Usm

SEEDS = Path(__file__).parents[1] / "tests" / "data" / "probes" / "fuzz" / "seeds.txt"
SLOW_SECONDS = 0.25
"""CPU for one answer: more is called a hang."""
GROWN_MEGABYTES = 48
MIB2: Oid = (1, 3, 6, 1, 2, 1)
COLUMNS = [f"1.3.6.1.2.1.2.2.1.{number}" for number in (2, 3, 5, 6, 8)]
V3 = Credential("v3", "", "fuzzer", "SHA", "fuzz-auth-1", "AES", "fuzz-priv-1")
ACCESS = Access("public", "fuzzer", "fuzz-auth-1", "fuzz-priv-1")
BOUNDS = {
    "native": Settings(
        timeout_seconds=0.2, retries=1, device_seconds=10.0, max_rows=4000, max_bytes=1 << 20, column_rows=700
    ),
    "pysnmp": Settings(
        timeout_seconds=1.0, retries=1, device_seconds=30.0, max_rows=700, max_bytes=1 << 20, column_rows=150
    ),
}


# ---- one device, healthy
def text(value: str) -> bytes:
    return tlv(OCTETS, value.encode())


def device() -> list[tuple[Oid, bytes]]:
    """A small switch."""
    rows: list[tuple[Oid, bytes]] = [
        ((*MIB2, 1, 1, 0), text("a switch")),
        ((*MIB2, 1, 2, 0), oid((1, 3, 6, 1, 4, 1, 32473, 1))),
        ((*MIB2, 1, 3, 0), integer(4200, 0x43)),
        ((*MIB2, 1, 5, 0), text("sw-1")),
        ((*MIB2, 1, 6, 0), text("机房")),
    ]
    for port in range(1, 25):
        rows += [
            ((*MIB2, 2, 2, 1, 2, port), text(f"port{port}")),
            ((*MIB2, 2, 2, 1, 3, port), integer(6)),
            ((*MIB2, 2, 2, 1, 5, port), integer(1_000_000_000, 0x42)),
            ((*MIB2, 2, 2, 1, 8, port), integer(1)),
            ((*MIB2, 2, 2, 1, 6, port), tlv(OCTETS, bytes((2, 0, 0, 0, 0, port)))),
            ((*MIB2, 31, 1, 1, 1, 1, port), text(f"port{port}")),
            ((*MIB2, 17, 1, 4, 1, 2, port), integer(port)),
            ((*MIB2, 17, 7, 1, 2, 2, 1, 2, 1, 2, 0, 0, 0, 1, port), integer(port)),
            ((*MIB2, 4, 22, 1, 2, 1, 192, 0, 2, port), tlv(OCTETS, bytes((2, 0, 0, 0, 1, port)))),
        ]
    return rows


TABLES: dict[str, Oid] = {
    "ifDescr": (*MIB2, 2),
    "ifName": (*MIB2, 31),
    "dot1dBasePortIfIndex": (*MIB2, 17, 1),
    "dot1qTpFdbPort": (*MIB2, 17, 7),
    "ipNetToMediaPhysAddress": (*MIB2, 4, 22),
}
"""A column of each table, and the part of the tree in which a hostile agent is hostile."""


# ---- mutations
def elements(octets: bytes) -> list[tuple[int, int, int]]:
    """Where every element of a message stands, however deep: start, start of its body, end."""
    found: list[tuple[int, int, int]] = []
    holders = [(0, len(octets))]
    while holders and len(found) < 4000:
        reader = Reader(octets, *holders.pop())
        try:
            while reader.at < reader.end:
                at = reader.at
                tag, first, last = reader.take()
                found.append((at, first, last))
                if tag & 0x20:
                    holders.append((first, last))
        except ValueError:
            continue
    return sorted(found)


LENGTHS = (
    b"\x80",
    b"\x84\xff\xff\xff\xff",
    b"\x84\x80\0\0\0",
    b"\x88" + b"\xff" * 8,
    b"\xff",
    b"\x81\x05",
    b"\x82\0\0",
    b"\0",
    b"\x7f",
)
VALUES = (
    tlv(INTEGER, b""),
    tlv(INTEGER, b"\x80" + bytes(300)),
    tlv(INTEGER, b"\xff" * 9),
    tlv(OBJECT, b""),
    tlv(OBJECT, b"\xff" * 40),
    tlv(OBJECT, b"\x2b" + b"\x01" * 500),
    tlv(OCTETS, b"\x1b[2J\x9b31m<script>" * 9),
    tlv(OCTETS, bytes(60000)),
    tlv(OCTETS, b"\xb2\xe2" * 90),
    tlv(0x40, b"\x01"),
    tlv(0x44, b"\x9f\x78\x04\x7f\x80\0\0"),
    tlv(0x46, b"\xff" * 8),
    tlv(0x41, b"\xff" * 4),
    b"\x80\0",
    b"\x81\0",
    b"\x82\0",
    tlv(0x24, tlv(OCTETS, b"a") * 3),
    tlv(0x09, b"\x03\x31"),
    tlv(0x1F, b"\x81\x82"),
    b"\x30" * 80,
    b"\x30\x80" * 400,
)


def mutated(rng: random.Random, octets: bytes) -> bytes:
    """One to three faults in a message."""
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = elements(octets) or [(0, 0, len(octets))]
        start, first, end = rng.choice(places)
        match rng.randrange(12):
            case 0:  # a bit
                at = rng.randrange(max(len(octets), 1))
                octets = (
                    octets[:at] + bytes((octets[at] ^ 1 << rng.randrange(8),)) + octets[at + 1 :]
                    if octets
                    else b"\0"
                )
            case 1:  # cut short
                octets = octets[: rng.randrange(len(octets) + 1)]
            case 2:  # another length
                octets = octets[: start + 1] + rng.choice(LENGTHS) + octets[first:]
            case 3:  # another tag
                octets = octets[:start] + bytes((rng.randrange(256),)) + octets[start + 1 :]
            case 4:  # gone
                octets = octets[:start] + octets[end:]
            case 5:  # twice
                octets = octets[:end] + octets[start:end] * rng.choice((1, 1, 9)) + octets[end:]
            case 6:  # another value, lengths around it kept
                octets = octets[:start] + rng.choice(VALUES) + octets[end:]
            case 7:  # another value, lengths around it made right
                octets = replaced(octets, (start, end), rng.choice(VALUES))
            case 8:  # junk inside
                at = rng.randrange(len(octets) + 1)
                octets = octets[:at] + rng.randbytes(rng.choice((1, 2, 40))) + octets[at:]
            case 9:  # junk behind
                octets += rng.randbytes(rng.choice((1, 30)))
            case 10:  # two elements change places
                other = rng.choice(places)
                (a, b), (c, d) = sorted(((start, end), (other[0], other[2])))
                if b <= c:
                    octets = octets[:a] + octets[c:d] + octets[b:c] + octets[a:b] + octets[d:]
            case 11:  # noise
                octets = rng.randbytes(rng.choice((0, 1, 2, 20, 1400)))
    return octets[:65507]


def replaced(octets: bytes, place: tuple[int, int], value: bytes) -> bytes:
    """An element replaced, with the lengths of all that hold it put right."""
    start, end = place
    holders = [(at, last) for at, _, last in elements(octets) if at < start and last >= end]
    made = value
    for at, last in reversed(holders):
        _, first, _ = Reader(octets, at, last).take()
        made = tlv(octets[at], octets[first:start] + made + octets[end:last])
        start, end = at, last
    return octets[:start] + made + octets[end:]


# ---- decoders
class Counts:
    """What went where, and what went wrong."""

    def __init__(self) -> None:
        self.by: Counter[str] = Counter()
        self.faults: list[str] = []
        self.slowest = 0.0

    @contextmanager
    def one(self, what: str, seed: str) -> Iterator[None]:
        """One answer: nothing but a refusal may come of it, soon."""
        self.by[what] += 1
        began = time.thread_time()
        try:
            yield
        except (ValueError, IndexError, Unauthentic):
            self.by["refused"] += 1
        except Exception as error:  # noqa: BLE001 - that is what is looked for
            self.faults.append(f"{what} seed {seed}: {type(error).__name__}: {error}"[:300])
        took = time.thread_time() - began
        self.slowest = max(self.slowest, took)
        if took > SLOW_SECONDS:
            self.faults.append(f"{what} seed {seed}: {took:.2f} s of CPU for one answer")


class Decoding:
    """Answers into the decoders, without a socket."""

    def __init__(self, counts: Counts) -> None:
        self.counts = counts
        self.agent = Agent("fuzzed", Table(device()), ACCESS)
        native = Native("127.0.0.1", 1, Credential("v2c", "public"), 1.0)
        self.community = native._speech
        self.asked = [Cursor(column) for column in COLUMNS]
        names = [cursor.next for cursor in self.asked]
        pdu = question(GETBULK, 7, names, 6)
        self.v2c = self.agent.answer(self.community.message(7, pdu)) or b""
        self.usm = self._met()
        self.v3 = self.agent.answer(self.usm.message(7, pdu)) or b""
        self.specification: Any = None

    def _met(self) -> Usm:
        usm = Usm(V3)
        usm.hear(self.agent.answer(usm.discovery(1)) or b"")
        return usm

    def native(self, seed: str) -> None:
        """Into our codec."""
        octets = mutated(random.Random(seed), self.v2c)
        cursors = [Cursor(column) for column in COLUMNS]
        with self.counts.one("decoded by ours, v2c", seed):
            advance(self.community.hear(octets).answer, cursors, {})
        if any(len(cursor.rows) > 65507 // 6 for cursor in cursors):
            self.counts.faults.append(f"seed {seed}: more rows than fit")

    def signed(self, seed: str) -> None:
        """Into USM: the mutation before the signature, so that it is believed, or after it."""
        rng = random.Random(seed)
        octets = self.v3
        if rng.random() < 0.5:
            said = self.agent.table.answer(
                GETBULK, 0, 6, [tuple(map(int, column.split("."))) for column in COLUMNS]
            )
            whole = tlv(0xA2, integer(7) + integer(0) + integer(0) + tlv(SEQUENCE, said))
            octets = self.agent._message(7, 3, self.agent._scoped(b"", mutated(rng, whole)))
        else:
            octets = mutated(rng, octets)
        with self.counts.one("decoded by ours, v3", seed):
            heard = self.usm.hear(octets)
            advance(heard.answer, [Cursor(column) for column in COLUMNS], {})

    def reference(self, seed: str) -> None:
        """Into pysnmp's decoder, as its engine calls it."""
        from pyasn1.codec.ber import decoder
        from pyasn1.error import PyAsn1Error
        from pysnmp.proto.api import v2c

        octets = mutated(random.Random(seed), self.v2c)
        with self.counts.one("decoded by pysnmp", seed):
            try:
                decoder.decode(octets, asn1Spec=v2c.Message())
            except PyAsn1Error as error:
                raise ValueError(str(error)) from None
            except (
                RecursionError,
                OverflowError,
                TypeError,
                IndexError,
            ) as error:  # its own faults, which we contain
                self.counts.by[f"pysnmp raised {type(error).__name__}"] += 1
                raise ValueError(str(error)) from None


# ---- whole walks
class Hostile(asyncio.DatagramProtocol):
    """
    An agent that is hostile in one table, in one way, or everywhere.

    In one table it spoils the variables of that table; a mutation that still reads well would be a lie about others.
    """

    WAYS = (
        "truncated",
        "looping",
        "endless",
        "silent",
        "stale",
        "error",
        "empty",
        "foreign",
        "mutated",
        "flood",
    )

    def __init__(self, seed: str, counts: Counts, what: str, table: str = "") -> None:
        self.rng, self.counts, self.what = random.Random(seed), counts, what
        self.root = TABLES.get(table)
        self.way = self.rng.choice(self.WAYS[:-2] if table else self.WAYS)
        self.agent = Agent("hostile", Table(device()), ACCESS)
        self.before = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def error_received(self, exc: Exception) -> None:
        """Who asked is gone."""

    def datagram_received(self, data: bytes, addr: Any) -> None:
        said = self.agent.answer(data) or b""
        for octets in self.spoilt(data, said) if self.concerns(data) else (said,):
            if octets is not None:
                self.counts.by[self.what] += 1
                self.transport.sendto(octets[:65507], addr)
        self.before = said

    def concerns(self, data: bytes) -> bool:
        """Whether a question touches the table in which it is hostile."""
        if self.root is None:
            return True
        return named(".".join(map(str, self.root))) in data

    def spoilt(self, data: bytes, said: bytes) -> list[bytes | None]:
        rng = self.rng
        match self.way:
            case "mutated":
                return [mutated(rng, said)]
            case "truncated":
                return [said[: rng.randrange(len(said) + 1)]]
            case "looping":
                return [self._again(data, said)]
            case "endless":
                return [self._more(data, said)]
            case "silent":
                return [None if rng.random() < 0.7 else said]
            case "stale":
                return [self.before, said if rng.random() < 0.5 else None]
            case "error":
                return [self._status(said, rng.choice((1, 2, 5, 16, 99)))]
            case "empty":
                return [replaced(said, self._variables(said), tlv(SEQUENCE, b""))]
            case "flood":
                return [mutated(rng, self.before) for _ in range(8)] + [said]
        return [self._each(data, said, lambda _name: oid((2, 5, 4, 3)) + integer(1))]

    def _variables(self, said: bytes) -> tuple[int, int]:
        places = [one for one in elements(said) if said[one[0]] == SEQUENCE]
        return (places[1][0], places[1][2]) if len(places) > 1 else (0, len(said))

    def _status(self, said: bytes, status: int) -> bytes:
        places = [one for one in elements(said) if said[one[0]] == INTEGER]
        return replaced(said, (places[2][0], places[2][2]), integer(status)) if len(places) > 2 else said

    def _again(self, data: bytes, said: bytes) -> bytes:
        """The same row for ever: what was asked."""
        return self._each(data, said, lambda name: tlv(OBJECT, name) + text("loop"))

    def _more(self, data: bytes, said: bytes) -> bytes:
        """A next row for each name asked, for ever: its last part grows."""
        return self._each(data, said, lambda name: tlv(OBJECT, name + b"\x81\x01") + text("more"))

    def _each(self, data: bytes, said: bytes, spoil: Callable[[bytes], bytes]) -> bytes:
        """One variable for each name asked: spoilt in the hostile table, right elsewhere."""
        made, root = b"", named(".".join(map(str, self.root or MIB2)))
        for place in elements(data):
            if data[place[0]] == OBJECT:
                name = data[place[1] : place[2]]
                if name.startswith(root) or self.root is None:
                    made += tlv(SEQUENCE, spoil(name))
                else:
                    made += self.agent.table.after(parse_oid(name))[1]
        return replaced(said, self._variables(said), tlv(SEQUENCE, made))


async def walked(hostile: Hostile, bounds: Settings) -> DeviceWalk | Unreachable:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: hostile, local_addr=("127.0.0.1", 0))
    try:
        target = Target(Plane.EXTRANET, "127.0.0.1", "", "", transport.get_extra_info("sockname")[1])
        return await walk_device(target, Credential("v2c", "public"), bounds)
    finally:
        transport.close()


async def together(seed: str, counts: Counts, what: str, bounds: Settings) -> None:
    """A hostile agent, one that is hostile in one table only, and a healthy one, walked at the same time."""
    began = time.monotonic()
    table = random.Random(seed).choice(list(TABLES))
    healthy = Hostile(seed, counts, what)
    healthy.concerns = lambda _data: False  # type: ignore[method-assign]
    found = await asyncio.gather(
        walked(Hostile(seed, counts, what), bounds),
        walked(Hostile(seed, counts, what, table), bounds),
        walked(healthy, bounds),
        return_exceptions=True,
    )
    took = time.monotonic() - began
    for one in found:
        if isinstance(one, BaseException):
            counts.faults.append(f"{what} seed {seed}: {type(one).__name__}: {one}"[:300])
    if took > bounds.device_seconds * 1.5:
        counts.faults.append(f"{what} seed {seed}: {took:.1f} s, deadline {bounds.device_seconds} s")
    _, partly, whole = found
    if not isinstance(whole, DeviceWalk) or whole.notes or len(whole.columns["ifDescr"]) != 24:
        counts.faults.append(f"{what} seed {seed}: the healthy device is not whole: {whole!r}"[:300])
    if isinstance(partly, DeviceWalk):
        ended = any("ended" in note.text or "stopped answering" in note.text for note in partly.notes)
        for name, root in TABLES.items():
            touched = root[: len(TABLES[table])] == TABLES[table] or TABLES[table][: len(root)] == root
            if not touched and not ended and len(partly.columns.get(name, {})) != 24:
                counts.faults.append(
                    f"{what} seed {seed}: hostile in {table}, but {name} has {len(partly.columns.get(name, {}))} rows"
                )


@contextmanager
def only(engine: str) -> Iterator[None]:
    """Walks by one engine."""
    whole = dict(engines.ENGINES)
    try:
        engines.ENGINES.clear()
        engines.ENGINES[engine] = whole[engine]
        yield
    finally:
        engines.ENGINES.clear()
        engines.ENGINES.update(whole)


def walks(engine: str, count: int, seed: str, counts: Counts) -> None:
    """Walks until the hostile agents of one engine sent *count* answers."""
    what, some = f"walked by {engine}", 8 if engine == "native" else 2

    async def all_of_them() -> None:
        number = 0
        while counts.by[what] < count:
            seeds = (f"{seed}-{number + step}" for step in range(some))
            await asyncio.gather(*(together(one, counts, what, BOUNDS[engine]) for one in seeds))
            number += some

    with only(engine):
        asyncio.run(all_of_them())


# ---- the run
def answers(counts: Counts) -> int:
    """How many went into an engine."""
    return sum(number for what, number in counts.by.items() if what.startswith(("decoded", "walked")))


def memory_megabytes() -> float:
    """Resident now."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def run(count: int, seed: int, say: Callable[[str], None] = lambda _text: None) -> tuple[Counts, float]:
    """*count* answers in their shares; what became of them, and by how many MB memory grew after the first tenth."""
    counts = Counts()
    decoding = Decoding(counts)
    shares: list[tuple[Callable[[str], None], int]] = [
        (decoding.native, count * 66 // 100),
        (decoding.signed, count * 30 // 100),
        (decoding.reference, count // 100),
    ]
    for line in SEEDS.read_text("utf-8").splitlines() if SEEDS.exists() else ():
        if line and not line.startswith("#"):
            for into, _ in shares:
                into(line.strip())
    for into, share in shares:  # the first tenth warms caches and pools up
        for number in range(share // 10):
            into(f"{seed}-{number}")
    walks("native", count // 100, f"{seed}-w", counts)
    walks("pysnmp", max(count // 2000, 20), f"{seed}-p", counts)
    before = memory_megabytes()
    for into, share in shares:
        for number in range(share // 10, share):
            into(f"{seed}-{number}")
        say(f"{dict(counts.by)}")
    walks("pysnmp", counts.by["walked by pysnmp"] + max(count // 500, 20), f"{seed}-q", counts)
    walks("native", counts.by["walked by native"] + max(count - answers(counts), 100), f"{seed}-v", counts)
    return counts, memory_megabytes() - before


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.snmp_fuzz")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    began = time.monotonic()
    counts, grown = run(given.count, given.seed, lambda text: print(text, file=sys.stderr))
    total = answers(counts)
    figures = [
        {
            "what": "answers",
            "ours": total,
            "peer": None,
            "ratio": None,
            "goal": f">= {given.count}",
            "met": total >= given.count,
        },
        {
            "what": "crashes, hangs, healthy rows lost",
            "ours": len(counts.faults),
            "peer": None,
            "ratio": None,
            "goal": "0",
            "met": not counts.faults,
        },
        {
            "what": "memory grown, MB",
            "ours": round(grown, 1),
            "peer": None,
            "ratio": None,
            "goal": f"< {GROWN_MEGABYTES}",
            "met": grown < GROWN_MEGABYTES,
        },
        {
            "what": "slowest answer, CPU s",
            "ours": round(counts.slowest, 3),
            "peer": None,
            "ratio": None,
            "goal": f"< {SLOW_SECONDS}",
            "met": counts.slowest < SLOW_SECONDS,
        },
    ]
    if given.json:
        machine = platform.machine()
        print(
            json.dumps(
                {
                    "name": "snmp_fuzz",
                    "machine": machine,
                    "figures": figures,
                    "counts": counts.by,
                    "faults": counts.faults[:50],
                }
            )
        )
    else:
        print(f"seed {given.seed}, {time.monotonic() - began:.0f} s")
        for what, number in counts.by.items():
            print(f"  {what:28} {number:>10,}")
        for one in figures:
            print(
                f"{one['what']:36} {one['ours']:>12,}  goal {one['goal']:12} {'met' if one['met'] else 'NOT met'}"
            )
        for fault in counts.faults[:50]:
            print(fault)
    return int(not all(one["met"] for one in figures))


if __name__ == "__main__":
    raise SystemExit(main())
