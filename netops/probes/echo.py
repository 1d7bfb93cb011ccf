"""
Echo requests to many addresses (RFC 792, RFC 4443 §4.1) over one socket: who answers. Standard library only.

Both the process itself (sockets of kind SOCK_DGRAM) and the child process with CAP_NET_RAW (SOCK_RAW) send by this.
"""

from __future__ import annotations

import errno
import secrets
import select
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

REQUEST = {socket.AF_INET: 8, socket.AF_INET6: 128}
REPLY = {socket.AF_INET: 0, socket.AF_INET6: 129}
PROTOCOL = {socket.AF_INET: socket.IPPROTO_ICMP, socket.AF_INET6: socket.IPPROTO_ICMPV6}
NONCE = 12
FULL = (errno.ENOBUFS, errno.EAGAIN)
REFUSED = (errno.EPERM, errno.EACCES)


class Pace(NamedTuple):
    """How it is asked: requests a second, requests to an address, seconds after the last one, seconds in all."""

    per_second: float = 100.0
    attempts: int = 2
    wait_seconds: float = 1.0
    most_seconds: float = 120.0


class Outcome(NamedTuple):
    """
    How an address ended.

    Args:
        state: "answered", "silent", "unsent" (no way there, or not allowed) or "unasked" (time ran out before).
        seconds: from the last request to the answer; 0 without one.
    """

    address: str
    state: str
    seconds: float = 0.0


def checksum(message: bytes) -> int:
    """The internet checksum (RFC 1071)."""
    padded = message + b"\0" * (len(message) % 2)
    total: int = sum(struct.unpack(f"!{len(padded) // 2}H", padded))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def request(family: socket.AddressFamily, ident: int, sequence: int, payload: bytes) -> bytes:
    """One echo request; the kernel sets ICMPv6's checksum, which covers addresses (RFC 3542 §3.1)."""
    head = struct.pack("!BBHHH", REQUEST[family], 0, 0, ident, sequence)
    sums = checksum(head + payload) if family == socket.AF_INET else 0
    return struct.pack("!BBHHH", REQUEST[family], 0, sums, ident, sequence) + payload


def answer(family: socket.AddressFamily, packet: bytes, *, raw: bool) -> bytes:
    """What an echo reply carries; b"" for anything else. Raw IPv4 sockets give the IP header too."""
    start = (packet[0] & 15) * 4 if raw and family == socket.AF_INET and packet else 0
    message = packet[start:]
    return (
        message[8:] if len(message) >= 8 + NONCE and message[0] == REPLY[family] and message[1] == 0 else b""
    )


def ask(one: socket.socket, addresses: Sequence[str], pace: Pace) -> Iterator[Outcome]:
    """
    Ask every address, and say how each ended: answers as they come, the rest at the end.

    An answer counts when it comes from the address that was asked and carries what was sent there.

    Args:
        one: an ICMP socket of either kind, of the family of all *addresses*.
    """
    sweep = _Sweep(one, addresses, pace)
    for turn in range(pace.attempts):
        yield from sweep.send(turn)
        yield from sweep.listen(pace.wait_seconds)
    yield from sweep.rest()


class _Sweep:
    def __init__(self, one: socket.socket, addresses: Sequence[str], pace: Pace) -> None:
        self.socket, self.family, self.raw = (
            one,
            socket.AddressFamily(one.family),
            one.type == socket.SOCK_RAW,
        )
        self.addresses, self.pace = list(addresses), pace
        self.waiting: dict[int, float] = {}
        self.left = dict.fromkeys(range(len(self.addresses)))
        self.unsent: set[int] = set()
        self.end = time.monotonic() + pace.most_seconds
        self.nonce = secrets.token_bytes(NONCE - 4)
        self.ident = secrets.randbelow(0xFFFF) + 1
        one.setblocking(False)  # noqa: FBT003 - socket's own signature

    def send(self, turn: int) -> Iterator[Outcome]:
        """A request to everybody who has not answered yet, no faster than the pace."""
        due = time.monotonic()
        for place in list(self.left):
            if time.monotonic() >= self.end:
                return
            if place not in self.left or place in self.unsent:
                continue
            due = max(due + 1 / self.pace.per_second, time.monotonic() - 0.1)
            yield from self.listen(due - time.monotonic())
            self._send(place, turn)

    def _send(self, place: int, turn: int) -> None:
        payload = self.nonce + place.to_bytes(4, "big")
        message = request(self.family, self.ident, (place * 4 + turn) & 0xFFFF, payload)
        try:
            self.socket.sendto(message, (self.addresses[place], 0))
            self.waiting[place] = time.monotonic()
        except OSError as error:
            if error.errno in FULL:  # the queue of the card is full: the next turn asks again
                time.sleep(0.01)
            elif error.errno not in (errno.ECONNREFUSED, errno.EHOSTDOWN):  # of an earlier packet: not ours
                self.unsent.add(place)

    def listen(self, seconds: float) -> Iterator[Outcome]:
        """Answers that come within so many seconds."""
        until = min(time.monotonic() + max(seconds, 0.0), self.end + self.pace.wait_seconds)
        while self.left:
            pause = until - time.monotonic()
            if not select.select([self.socket], [], [], max(pause, 0.0))[0]:
                return
            yield from self._take()
            if pause <= 0:
                return

    def _take(self) -> Iterator[Outcome]:
        for _ in range(64):
            try:
                packet, source = self.socket.recvfrom(2048)
            except OSError:
                return
            carried = answer(self.family, packet, raw=self.raw)
            place = int.from_bytes(carried[NONCE - 4 : NONCE], "big")
            if carried[: NONCE - 4] != self.nonce or place not in self.left or place not in self.waiting:
                continue
            if str(source[0]).split("%")[0] == self.addresses[place]:
                del self.left[place]
                yield Outcome(self.addresses[place], "answered", time.monotonic() - self.waiting[place])

    def rest(self) -> Iterator[Outcome]:
        """Who did not answer, and why that may be."""
        for place in self.left:
            state = "unsent" if place in self.unsent else "silent" if place in self.waiting else "unasked"
            yield Outcome(self.addresses[place], state)


def opened(family: socket.AddressFamily, kind: socket.SocketKind) -> socket.socket:
    """
    An ICMP socket.

    Raises:
        PermissionError: this process may not have one: SOCK_DGRAM needs net.ipv4.ping_group_range, SOCK_RAW CAP_NET_RAW.
        OSError: the kernel has none.
    """
    one = socket.socket(family, kind, PROTOCOL[family])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    return one
