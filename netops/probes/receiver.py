"""
The flow receiver: a child process that does nothing but move datagrams from sockets into the ring.

It inherits its sockets, the ring and a bell by descriptor, takes up to SLOTS datagrams in one call of recvmmsg(2),
and ends with its parent. While the ring is full it waits, and the kernel's buffer holds what comes meanwhile.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netops.probes.ring import ENTRY, KERNEL_DROPPED, Ring
from netops.probes.stream import Connections

SLOTS = 512
LARGEST = 65536
SO_RXQ_OVFL = 40
MSG_DONTWAIT = 0x40
PAUSES = (0.0005, 0.02)
"""After a short burst some time is waited for more: fewer, larger batches cost less. At least and at most so long, seconds."""
HELD_OCTETS = 2304
"""What a datagram of full size takes of the kernel's buffer."""
FULL_SECONDS = 0.001
V4 = np.uint64(0xFFFF << 32)
HEADER = np.dtype([
    ("name", "u8"), ("name_length", "u4"), ("_1", "u4"), ("vectors", "u8"), ("vector_count", "u8"),
    ("control", "u8"), ("control_length", "u8"), ("flags", "i4"), ("_2", "u4"), ("length", "u4"), ("_3", "u4"),
])  # fmt: skip
"""struct mmsghdr of recvmmsg(2) on 64-bit Linux."""
VECTOR = np.dtype([("base", "u8"), ("length", "u8")])
OVERFLOW = np.dtype([("size", "u8"), ("level", "i4"), ("kind", "i4"), ("total", "u4"), ("_", "u4")])
"""struct cmsghdr with the one number of SO_RXQ_OVFL."""
NAME = np.dtype(
    [("family", "u2"), ("port", ">u2"), ("v4", ">u4"), ("hi", ">u8"), ("lo", ">u8"), ("scope", "u4")]
)
"""struct sockaddr_in and sockaddr_in6: the IPv4 address lies where the flow label of IPv6 does."""


class Burst:
    """Buffers for one call of recvmmsg: SLOTS payloads, their sources, and what the kernel lost."""

    def __init__(self) -> None:
        self._receive: Any = ctypes.CDLL(None, use_errno=True).recvmmsg
        self.payloads = np.zeros((SLOTS, LARGEST), np.uint8)
        self.names = np.zeros(SLOTS, NAME)
        self._overflow = np.zeros(SLOTS, OVERFLOW)
        self._vectors = np.zeros(SLOTS, VECTOR)
        self._vectors["base"] = self.payloads.ctypes.data + np.arange(SLOTS) * LARGEST
        self._vectors["length"] = LARGEST
        self._headers = np.zeros(SLOTS, HEADER)
        self._headers["name"] = self.names.ctypes.data + np.arange(SLOTS) * NAME.itemsize
        self._headers["vectors"] = self._vectors.ctypes.data + np.arange(SLOTS) * VECTOR.itemsize
        self._headers["vector_count"] = 1
        self._headers["control"] = self._overflow.ctypes.data + np.arange(SLOTS) * OVERFLOW.itemsize
        self._at = ctypes.c_void_p(self._headers.ctypes.data)
        self._lost: dict[int, int] = {}

    def receive(self, one: socket.socket) -> int:
        """Take what is there now; the number of datagrams."""
        self._headers["name_length"] = NAME.itemsize
        self._headers["control_length"] = OVERFLOW.itemsize
        return max(0, int(self._receive(one.fileno(), self._at, SLOTS, MSG_DONTWAIT, None)))

    def lost(self, one: socket.socket, count: int) -> int:
        """Datagrams that the kernel threw away since the last burst of this socket (SO_RXQ_OVFL)."""
        said = self._overflow[count - 1]
        if self._headers["control_length"][count - 1] < 20 or said["kind"] != SO_RXQ_OVFL:
            return 0
        total, before = int(said["total"]), self._lost.get(one.fileno(), 0)
        self._lost[one.fileno()] = total
        return (total - before) % (1 << 32)

    def entries(self, count: int, port: int) -> NDArray[Any]:
        """Length, source and time of the datagrams, as the ring keeps them."""
        entries = np.zeros(count, ENTRY)
        names = self.names[:count]
        is_v4 = names["family"] == socket.AF_INET
        entries["length"], entries["port"] = self._headers["length"][:count], port
        entries["received"] = time.time_ns() // 1_000_000
        entries["hi"] = np.where(is_v4, 0, names["hi"])
        entries["lo"] = np.where(is_v4, V4 | names["v4"].astype(np.uint64), names["lo"])
        return entries

    def copy(self, lengths: NDArray[Any], target: NDArray[np.uint8]) -> None:
        """Payloads one after another into *target*; runs of one length go in one move."""
        edges = [0, *(np.flatnonzero(np.diff(lengths.astype(np.int64))) + 1).tolist(), len(lengths)]
        place = 0
        for first, last in pairwise(edges):
            length = int(lengths[first])
            size = length * (last - first)
            target[place : place + size].reshape(last - first, length)[:] = self.payloads[first:last, :length]
            place += size


class Receiver:
    """
    Moves what comes into the ring.

    Args:
        sockets: bound ones of UDP, and listening ones of TCP for IPFIX.
    """

    def __init__(self, sockets: list[socket.socket], ring: Ring) -> None:
        self.ring, self.burst, self.poll = ring, Burst(), select.poll()
        self.parent = os.getppid()
        self.datagrams = {one.fileno(): one for one in sockets if one.type == socket.SOCK_DGRAM}
        self.listening = {one.fileno(): one for one in sockets if one.type == socket.SOCK_STREAM}
        self.connections = Connections()
        for descriptor in (*self.datagrams, *self.listening):
            self.poll.register(descriptor, select.POLLIN)
        rooms = [one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in self.datagrams.values()]
        self.wanted = max(1, min(SLOTS // 2, min(rooms, default=0) // HELD_OCTETS // 8))
        """Datagrams that a burst should bring: then the kernel's buffer is never nearly full."""
        self.pause = PAUSES[0]

    @property
    def is_orphan(self) -> bool:
        """Whether the parent has ended."""
        return os.getppid() != self.parent

    def turn(self) -> int:
        """Take what is there from every socket; datagrams of the largest burst, and at least 1 when anything came."""
        most = 0
        for descriptor, _ in self.poll.poll(1000):
            if descriptor in self.datagrams:
                most = max(most, self._burst(self.datagrams[descriptor]))
            elif descriptor in self.listening:
                if (accepted := self.connections.accept(self.listening[descriptor])) is not None:
                    self.poll.register(accepted, select.POLLIN)
            elif descriptor in self.connections.open:
                most = max(most, self._stream(descriptor))
            else:
                self.poll.unregister(descriptor)  # it was closed for another
        return most

    def _burst(self, one: socket.socket) -> int:
        count = self.burst.receive(one)
        if count:
            entries = self.burst.entries(count, one.getsockname()[1])
            place = self._room(entries)
            if place is not None:
                self.burst.copy(entries["length"], self.ring.octets[place:])
                self.ring.put(entries)
            self.ring.control[KERNEL_DROPPED] += np.uint64(self.burst.lost(one, count))
        return count

    def _stream(self, descriptor: int) -> int:
        connection = self.connections.heard(descriptor)
        messages, goes_on = connection.read()
        if messages:
            entries = connection.entries(messages, time.time_ns() // 1_000_000)
            place = self._room(entries)
            if place is not None:
                body = np.frombuffer(b"".join(messages), np.uint8)
                self.ring.octets[place : place + len(body)] = body
                self.ring.put(entries)
        if not goes_on:
            self.poll.unregister(descriptor)
            self.connections.close(descriptor)
        return int(bool(messages))

    def _room(self, entries: NDArray[Any]) -> int | None:
        """A place in the ring, waited for while it is full; None when the parent ends meanwhile."""
        while (place := self.ring.room(len(entries), int(entries["length"].sum()))) is None:
            if self.is_orphan:
                return None
            time.sleep(FULL_SECONDS)
        return place

    def rest(self, most: int) -> None:
        """After a short burst wait so long that the next one is about as large as is wanted."""
        if 0 < most < SLOTS:
            self.pause = min(PAUSES[1], max(PAUSES[0], self.pause * min(1.5, self.wanted / most)))
            if most < 2 * self.wanted:
                time.sleep(self.pause)


def receive(sockets: list[socket.socket], ring: Ring, bell: int) -> None:
    """Move datagrams until the process is told to end; *bell* (an eventfd) is rung at the start and after every batch."""
    receiver = Receiver(sockets, ring)
    os.eventfd_write(bell, 1)  # it reads from now on
    while not receiver.is_orphan:
        most = receiver.turn()
        if most:
            os.eventfd_write(bell, 1)
        receiver.rest(most)


def main() -> None:
    """`receiver RING OCTETS ENTRIES BELL SOCKET…`: numbers of inherited descriptors, and sizes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it, after what was received
    ring, octets, entries, bell, *sockets = map(int, sys.argv[1:])
    receive([socket.socket(fileno=one) for one in sockets], Ring(ring, octets, entries), bell)


if __name__ == "__main__":
    main()
