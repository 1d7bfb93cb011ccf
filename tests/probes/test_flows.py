"""The collector's senses: real datagrams over loopback."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.datagrams import Datagram
from netops.core.errors import NetopsError
from netops.probes import flows, left
from netops.probes.flows import Collector
from netops.probes.ring import ENTRY, SLOT, Ring, slots_of


@contextmanager
def collecting(listen: str = "127.0.0.1:0", allowed: dict[str, str] | None = None) -> Iterator[Collector]:
    collector = Collector([listen], {"127.0.0.1": "10.20.255.1"} if allowed is None else allowed)
    collector.start()
    try:
        yield collector
    finally:
        collector.stop()


def send(port: int, *payloads: bytes, source: str = "127.0.0.1") -> None:
    family = socket.AF_INET6 if ":" in source else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as one:
        one.bind((source, 0))
        for payload in payloads:
            one.sendto(payload, ("::1" if ":" in source else "127.0.0.1", port))


def taken(collector: Collector, count: int, seconds: float = 30) -> list[Datagram]:
    """What came, once *count* are there or *seconds* have passed."""
    found: list[Datagram] = []
    until = time.monotonic() + seconds
    while len(found) < count and time.monotonic() < until:
        with collector.taking(0.5) as datagrams:
            found += datagrams.each()
    return found


def test_datagrams_come_in_order_under_the_registered_address() -> None:
    """The register's address of the exporter, the time of receipt, the bytes as sent."""
    with collecting() as collector:
        send(collector.ports[0], *(bytes([number]) * 10 for number in range(50)))
        found = taken(collector, 50)

    assert [bytes([number]) * 10 for number in range(50)] == [one.payload for one in found]
    assert {"10.20.255.1"} == {one.exporter for one in found}
    assert abs(found[0].received / 1000 - time.time()) < 10


def test_unknown_exporters_are_counted_and_not_decoded() -> None:
    """A source that no entry of the register allows gives nothing but a count."""
    with collecting(allowed={"127.0.0.1": "10.20.255.1"}) as collector:
        send(collector.ports[0], b"x", b"y", source="127.0.0.9")
        send(collector.ports[0], b"z")
        found = taken(collector, 1)

    assert [b"z"] == [one.payload for one in found]
    assert (2, {"127.0.0.9": 2}) == (collector.outcomes["unknown_exporter"], dict(collector.unknown))


def test_ipv6_exporters_are_heard() -> None:
    """A socket of IPv6 takes both families; a mapped IPv4 source is known by its plain address."""
    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with collecting("[::]:0", {"::1": "2001:db8::1", "127.0.0.1": "10.20.255.1"}) as collector:
        send(collector.ports[0], b"six", source="::1")
        send(collector.ports[0], b"four")
        found = taken(collector, 2)

    assert {("2001:db8::1", b"six"), ("10.20.255.1", b"four")} == {
        (one.exporter, one.payload) for one in found
    }


def test_a_full_ring_stops_no_one_and_the_kernel_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the decoder does not keep up, memory stays bounded: taken and lost are all that was sent."""
    monkeypatch.setattr(flows, "RING_ENTRIES", 64)
    monkeypatch.setattr(flows, "RECEIVE_BYTES", 1 << 14)
    with collecting() as collector:
        send(collector.ports[0], b"first")
        begin = taken(collector, 1)
        send(collector.ports[0], *[bytes(400)] * 5000)
        found = taken(collector, 5000, 3)
        send(collector.ports[0], b"last")
        end = taken(collector, 1)

    assert [b"first", b"last"] == [begin[0].payload, end[-1].payload]
    assert 5002 == len(begin + found + end) + collector.outcomes["kernel_dropped"]
    assert collector.outcomes["kernel_dropped"] > 0


def test_payloads_of_every_size_keep_their_bytes() -> None:
    """Empty, short and very long ones, each as it was sent, in order."""
    sizes = [0, 1, 65000, 1400, 1400, 9000, 3, 1400, 30000]
    sent = [bytes([number % 251]) * sizes[number % len(sizes)] for number in range(300)]
    found: list[bytes] = []
    with collecting() as collector:
        for start in range(0, len(sent), 30):
            send(collector.ports[0], *sent[start : start + 30])
            found += [one.payload for one in taken(collector, 30)]

    assert sent == found


@pytest.mark.parametrize(
    ("payload", "teaches"),
    [
        (b"\0\x09" + bytes(18) + b"\0\0\0\x08" + bytes(4), True),
        (b"\0\x09" + bytes(18) + b"\0\x01", True),
        (b"\0\x0a" + bytes(14) + b"\0\x02\0\x08" + bytes(4), True),
        (b"\0\x09" + bytes(18) + b"\x01\0\0\x08", False),
        (b"\0\x0a" + bytes(14) + b"\x01\x02\0\x08" + bytes(4), False),
        (b"\0\x05" + bytes(70), False),
        (b"\0\x09\0", False),
    ],
    ids=["v9", "v9 options", "IPFIX", "v9 data", "IPFIX data", "v5", "cut"],
)
def test_templates_are_noticed_while_they_wait(payload: bytes, teaches: bool) -> None:
    """Behind data of others too; nothing is taken by looking."""
    descriptor = os.memfd_create("test")
    collector = Collector(["127.0.0.1:0"], {})
    collector._ring = ring = Ring(descriptor, 70, 16)
    os.close(descriptor)
    payloads = [b"\0\x05" + bytes(70), payload]
    place, _ = ring.room(2, 2) or (0, 0)
    entries = np.zeros(2, ENTRY)
    entries["length"] = [len(one) for one in payloads]
    for number, one in enumerate(payloads):
        at = (place + number) * SLOT
        ring.octets[at : at + len(one)] = np.frombuffer(one, np.uint8)

    assert not collector.teaches()
    ring.put(entries, place)

    assert teaches == collector.teaches()
    assert 2 == collector.waiting


KILLED = """
import sys, time
from pathlib import Path
from netops.probes.flows import Collector

collector = Collector(["127.0.0.1:0"], {"127.0.0.1": "10.20.255.1"}, folder=Path(sys.argv[1]))
collector.start()
print(collector.ports[0], flush=True)
with collector.taking(30) as first:
    print(len(first), flush=True)
    time.sleep(60)
"""


def test_what_waits_outlives_kill_9(tmp_path: Path) -> None:
    """What a killed collector had not taken is the next one's first, on the same port, once, in order and of its own time."""
    payloads = [bytes([number]) * (9000 if number == 7 else 100) for number in range(50)]
    command = [sys.executable, "-c", KILLED, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = int(child.stdout.readline())
        send(port, *payloads[:20])
        child.stdout.readline()
        send(port, *payloads[20:])
        child.kill()
    found, left_over = list[list[Datagram]](), list[int]()
    for number in range(2):
        collector = Collector([f"127.0.0.1:{port}"], {"127.0.0.1": "10.20.255.1"}, folder=tmp_path)
        collector.start()
        send(port, b"new")
        found.append(taken(collector, 1 if number else 51))
        left_over.append(collector.outcomes["left_over"])
        collector.stop()

    assert [[*payloads, b"new"], [b"new"]] == [[one.payload for one in some] for some in found]
    assert [50, 0] == left_over
    times = [one.received for one in found[0]]
    assert sorted(times) == times
    assert times[-1] > times[0]
    assert [left.LOCK] == [one.name for one in tmp_path.iterdir()]


@pytest.mark.parametrize("content", [b"", b"\xff" * 8, bytes(7) + b"\x01" + bytes(100)])
def test_what_was_left_and_cannot_be_read_is_put_away(tmp_path: Path, content: bytes) -> None:
    """It stops no collector."""
    (tmp_path / f".x{left.ENDING}").write_bytes(content)
    (tmp_path / f".y{left.WRITING}").write_bytes(b"half")
    descriptor = os.memfd_create("test")
    ring = Ring(descriptor, 70, 16)
    os.close(descriptor)

    assert 0 == left.taken(ring, tmp_path)
    assert [] == list(tmp_path.iterdir())


@given(
    st.lists(st.tuples(st.lists(st.integers(0, 5000), min_size=1, max_size=8), st.integers(0, 9)), max_size=60)
)
def test_the_ring_gives_back_what_was_put(steps: list[tuple[list[int], int]]) -> None:
    """Many times around a small ring, with a reader that lags: every payload once, whole, in order; full is refused."""
    descriptor = os.memfd_create("test")
    ring = Ring(descriptor, 70, 16)
    os.close(descriptor)
    put: list[bytes] = []
    got: list[bytes] = []

    def take(most: int) -> None:
        view = ring.view(most)
        starts, lengths = view.entries["start"].tolist(), view.entries["length"].tolist()
        got.extend(view.octets[at : at + size].tobytes() for at, size in zip(starts, lengths, strict=True))
        ring.give_back(view)

    for number, (sizes, most) in enumerate(steps):
        entries = np.zeros(len(sizes), ENTRY)
        entries["length"] = sizes
        needed = slots_of(entries["length"])
        while (room := ring.room(int(needed.sum()), 70)) is None or ring.places < len(sizes):
            assert ring.waiting, "an empty ring has room"
            take(1)
        payloads = [bytes([number]) * size for size in sizes]
        at = room[0] * SLOT
        for payload, slots in zip(payloads, needed.tolist(), strict=True):
            ring.octets[at : at + len(payload)] = np.frombuffer(payload, np.uint8)
            at += slots * SLOT
        ring.put(entries, room[0])
        put += payloads
        take(most)
    take(100)

    assert put == got


def test_a_killed_receiver_is_started_again() -> None:
    """The sockets stay open with the parent, so what comes meanwhile waits in them; nothing is taken twice."""
    with collecting() as collector:
        send(collector.ports[0], b"one")
        before = taken(collector, 1)
        assert collector._child
        collector._child.kill()
        collector._child.wait()
        send(collector.ports[0], b"two", b"three")
        after = taken(collector, 2)

    assert [b"one", b"two", b"three"] == [one.payload for one in before + after]
    assert 1 == collector.outcomes["receiver_restarts"]


def test_ipfix_over_tcp_comes_as_whole_messages() -> None:
    """However the octets are cut; another protocol ends its connection, and the others go on."""
    messages = [struct.pack(">HH", 10, 16 + size) + bytes(12 + size) for size in (0, 40, 3000)]
    collector = Collector(["127.0.0.1:0"], {"127.0.0.1": "10.20.255.1"}, ["127.0.0.1:0"])
    collector.start()
    try:
        whole, found = b"".join(messages), []
        with socket.create_connection(("127.0.0.1", collector.ports[1])) as one:
            with socket.create_connection(("127.0.0.1", collector.ports[1])) as other:
                other.sendall(b"GET / HTTP/1.1\r\n")
                other.settimeout(5)
                assert b"" == other.recv(100)
            for cut in (slice(0, 3), slice(3, 50), slice(50, None)):
                one.sendall(whole[cut])
                with collector.taking(0.3) as datagrams:
                    found += datagrams.each()
            while len(found) < len(messages):
                with collector.taking(5.0) as datagrams:
                    found += datagrams.each()
    finally:
        collector.stop()

    assert [("10.20.255.1", one) for one in messages] == [(one.exporter, one.payload) for one in found]


def test_a_taken_port_is_said_plainly() -> None:
    """What is taken and how to find who has it; nothing stays bound."""
    with collecting() as first:
        second = Collector([f"127.0.0.1:{first.ports[0]}"], {})
        with pytest.raises(NetopsError, match="ss -lntup"):
            second.start()


def test_the_child_does_nothing_else() -> None:
    """Requests that it does not know are answered with an error, and it goes on."""
    asked = b'{"do": "send", "to": "192.0.2.1"}\nnonsense\n[]\n{"do": "dissect"}\n'
    done = subprocess.run(
        [sys.executable, "-m", "netops.probes.wire"], input=asked, capture_output=True, check=True, timeout=60
    )

    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert 4 == len(answers)
    assert all("error" in one for one in answers)
