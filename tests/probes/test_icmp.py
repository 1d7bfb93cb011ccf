"""The ping sweep: what counts as an answer, what is refused, its pace and its time, on real sockets where there are any."""

from __future__ import annotations

import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.core.errors import Refused
from netops.probes import icmp
from netops.probes.echo import NONCE, Outcome, Pace, answer, ask, checksum, request

ROOT = Path(__file__).parents[2]
V4, V6 = socket.AddressFamily.AF_INET, socket.AddressFamily.AF_INET6


class Wire:
    """A socket whose other end answers as it is told: what is sent goes to *reply*, which gives (packet, from) pairs."""

    def __init__(self, reply: Any, kind: int = socket.SOCK_DGRAM) -> None:
        self.family, self.type, self.reply = V4, kind, reply
        self.waiting: list[tuple[bytes, str]] = []
        self.sent: list[str] = []
        self.ready, self.far = socket.socketpair()

    def setblocking(self, flag: bool) -> None:
        """As a socket's."""

    def fileno(self) -> int:
        return self.ready.fileno()

    def sendto(self, message: bytes, to: tuple[str, int]) -> int:
        self.sent.append(to[0])
        for one in self.reply(message, to[0]):
            if isinstance(one, OSError):
                raise one
            self.waiting.append(one)
            self.far.send(b".")
        return len(message)

    def recvfrom(self, _most: int) -> tuple[bytes, tuple[str, int]]:
        if not self.waiting:
            raise BlockingIOError
        self.ready.recv(1)
        packet, source = self.waiting.pop(0)
        return packet, (source, 0)

    def close(self) -> None:
        self.ready.close()
        self.far.close()


def echo(message: bytes, **changes: int) -> bytes:
    """The reply to a request."""
    return struct.pack("!BBHHH", changes.get("type", 0), 0, 0, 1, 1) + message[8:]


FAST = Pace(1000.0, 2, 0.02)


def swept(reply: Any, addresses: list[str], pace: Pace = FAST) -> dict[str, str]:
    wire = Wire(reply)
    try:
        return {one.address: one.state for one in ask(wire, addresses, pace)}  # type: ignore[arg-type]
    finally:
        wire.close()


HERE, THERE = "10.20.11.7", "10.20.11.8"


def test_who_answers_is_there_and_who_does_not_is_silent() -> None:
    """Each address ends once; a silent one was asked twice."""
    wire = Wire(lambda message, to: [(echo(message), to)] if to == HERE else [])
    outcomes = list(ask(wire, [HERE, THERE], Pace(1000.0, 2, 0.02)))  # type: ignore[arg-type]
    wire.close()

    assert {HERE: "answered", THERE: "silent"} == {one.address: one.state for one in outcomes}
    assert [HERE, THERE, THERE] == wire.sent


@pytest.mark.parametrize(
    "reply",
    [
        lambda message, to: [(echo(message), THERE if to == HERE else HERE)],
        lambda message, to: [(echo(message, type=8), to)],
        lambda message, to: [(echo(message, type=3), to)],
        lambda message, to: [(echo(message)[:8] + b"x" * 12, to)],
        lambda message, to: [(echo(message)[:12], to), (b"", to)],
        lambda message, to: [(echo(message[:8] + message[8:16] + b"\xff\xff\xff\xff"), to)],
    ],
    ids=["somebody else", "a request", "unreachable", "not our nonce", "cut off", "another's number"],
)
def test_what_is_no_answer(reply: Any) -> None:
    """Another address, another kind, another payload: nothing that somebody else could have sent."""
    assert {HERE: "silent"} == swept(reply, [HERE])


def test_a_way_that_is_not_there_is_not_silence() -> None:
    """Unreachable is unsent; a full queue is asked again in the next turn."""
    turns = iter([OSError(105, "no buffers"), None])
    assert {HERE: "unsent"} == swept(lambda _message, _to: [OSError(101, "unreachable")], [HERE])
    full = lambda message, to: [turn] if (turn := next(turns)) else [(echo(message), to)]  # noqa: E731
    assert {HERE: "answered"} == swept(full, [HERE])


def test_when_the_time_is_over_the_rest_is_unasked() -> None:
    """What was not asked is not called silent."""
    addresses = [f"10.20.11.{n}" for n in range(1, 101)]
    found = swept(lambda message, to: [(echo(message), to)], addresses, Pace(100.0, 1, 0.01, 0.1))

    assert {"answered", "unasked"} == set(found.values())
    assert list(found.values()).count("answered") <= 20


@given(st.binary(max_size=60), st.sampled_from([V4, V6]), st.booleans())
def test_no_packet_is_fatal(packet: bytes, family: socket.AddressFamily, raw: bool) -> None:
    """Whatever a socket gives, it carries at least a nonce or nothing."""
    carried = answer(family, packet, raw=raw)

    assert not carried or len(carried) >= NONCE


@given(st.binary(min_size=NONCE, max_size=64))
def test_a_request_sums_to_zero(payload: bytes) -> None:
    """RFC 1071: with its checksum in place, a message sums to nothing; ICMPv6's is the kernel's (RFC 3542)."""
    assert 0 == checksum(request(V4, 7, 1, payload))
    assert b"\0\0" == request(V6, 7, 1, payload)[2:4]


# ---- what is refused
@pytest.mark.parametrize(
    ("addresses", "nets", "pace"),
    [
        (["10.20.12.7"], ["10.20.11.0/24"], Pace()),
        (["8.8.8.8"], [], Pace()),
        (["2001:db8::1"], ["10.0.0.0/8"], Pace()),
        ([HERE], ["10.0.0.0/8"], Pace(per_second=5000.0)),
        ([HERE], ["10.0.0.0/8"], Pace(per_second=0.0)),
    ],
    ids=["another prefix", "nothing allowed", "another family", "too fast", "never"],
)
def test_what_may_not_be_asked_is_refused_before_anything_is_sent(
    addresses: list[str], nets: list[str], pace: Pace
) -> None:
    """Own prefixes only, at a bounded pace."""
    with pytest.raises(Refused):
        next(icmp.sweep(addresses, nets, pace))


ASK: dict[str, Any] = {
    "do": "sweep",
    "targets": [HERE],
    "per_second": 50,
    "attempts": 1,
    "wait": 0.1,
    "seconds": 5,
}


@pytest.mark.parametrize(
    ("change", "allow"),
    [
        ({}, []),
        ({}, ["10.20.12.0/24"]),
        ({"targets": [HERE, "8.8.8.8"]}, ["10.0.0.0/8"]),
        ({"targets": [HERE] * 1001}, ["10.0.0.0/8"]),
        ({"targets": ["nobody"]}, ["10.0.0.0/8"]),
        ({"per_second": 5000}, ["10.0.0.0/8"]),
        ({"attempts": 100}, ["10.0.0.0/8"]),
        ({"seconds": 1e9}, ["10.0.0.0/8"]),
        ({"wait": -1}, ["10.0.0.0/8"]),
        ({"targets": None}, ["10.0.0.0/8"]),
    ],
)
def test_the_child_refuses_too(change: dict[str, Any], allow: list[str]) -> None:
    """Whoever speaks to the privileged process gets no more out of it than its command line allows."""
    arguments = [part for net in allow for part in ("--allow", net)]
    done = subprocess.run(
        [sys.executable, "-m", "netops.probes.wire", *arguments],
        input=json.dumps(ASK | change).encode() + b"\n", capture_output=True, cwd=ROOT, timeout=30,
    )  # fmt: skip

    assert "error" in json.loads(done.stdout.splitlines()[-1])


# ---- real sockets
SWEEP = """
import sys
from netops.probes.icmp import Pace, is_unprivileged, sweep
found = list(sweep(["127.0.0.1", "127.0.0.2", "192.0.2.9", "::1"], ["127.0.0.0/8", "192.0.2.0/24", "::1/128"],
                   Pace(500, 2, 0.1)))
print(is_unprivileged(), *(f"{one.address}={one.state}" for one in found))
"""
EXPECTED = {"127.0.0.1=answered", "127.0.0.2=answered", "192.0.2.9=unsent", "::1=answered"}


def in_namespace(groups: str) -> set[str]:
    """What a sweep in a network namespace with only a loopback says, whose ping_group_range is *groups*."""
    if os.geteuid() != 0 or subprocess.run(["unshare", "--net", "true"], capture_output=True).returncode:
        pytest.skip("needs root and network namespaces")
    script = f"ip link set lo up && echo '{groups}' > /proc/sys/net/ipv4/ping_group_range && exec {sys.executable} -c \"$SWEEP\""
    done = subprocess.run(["unshare", "--net", "sh", "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60,
                          env={**os.environ, "SWEEP": SWEEP})  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_without_privilege_where_the_kernel_allows_it() -> None:
    """Datagram sockets, no child; IPv6 too."""
    assert {"True"} | EXPECTED == in_namespace("0 2147483647")


def test_by_the_child_where_it_does_not() -> None:
    """Raw sockets in the child process, with nothing but CAP_NET_RAW; the same answers."""
    assert {"False"} | EXPECTED == in_namespace("1 0")


def test_an_outcome_is_plain() -> None:
    """What crosses the pipe is text and a number."""
    assert {"address": HERE, "state": "silent", "seconds": 0.0} == Outcome(HERE, "silent")._asdict()
