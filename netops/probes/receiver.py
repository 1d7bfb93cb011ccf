"""
The flow receiver: a child process that does nothing but move datagrams from sockets into the ring.

It inherits its sockets, the ring and a bell by descriptor, has the kernel write up to BURST datagrams straight into the ring
by one call of recvmmsg(2), and ends with its parent. While the ring is full it waits, and the kernel's buffer holds what comes
meanwhile. When its parent was killed it leaves what waits in a file, for the next collector.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netops.probes.left import leave
from netops.probes.ring import ENTRY, LARGEST, SLOT, Ring, slots_of
from netops.probes.stream import Connections

BURST = 2048
"""Datagrams of one call."""
PAUSES = (0.0005, 0.05)
"""After a short burst some time is waited for more: fewer, larger batches cost less. At least and at most so long, seconds."""
HELD_OCTETS = 2304
"""What a datagram of full size takes of the kernel's buffer."""
FULL_SECONDS = 0.001
LAST_SECONDS = 2.0
"""At the end the sockets are emptied, for so long at most."""
PR_SET_PDEATHSIG = 1
PIECE = 32
"""Messages that are put at once where they do not lie in the ring already."""
MSG_DONTWAIT = 0x40
V4 = np.uint64(0xFFFF << 32)
HEADER = np.dtype([
    ("name", "u8"), ("name_length", "u4"), ("_1", "u4"), ("vectors", "u8"), ("vector_count", "u8"),
    ("control", "u8"), ("control_length", "u8"), ("flags", "i4"), ("_2", "u4"), ("length", "u4"), ("_3", "u4"),
])  # fmt: skip
"""struct mmsghdr of recvmmsg(2) on 64-bit Linux."""
VECTOR = np.dtype([("base", "u8"), ("length", "u8")])
NAME = np.dtype(
    [("family", "u2"), ("port", ">u2"), ("v4", ">u4"), ("hi", ">u8"), ("lo", ">u8"), ("scope", "u4")]
)
"""struct sockaddr_in and sockaddr_in6: the IPv4 address lies where the flow label of IPv6 does."""


class Burst:
    """
    What one call of recvmmsg needs: each datagram goes into a slot of the ring, and what a slot does not hold aside.

    Args:
        octets: of the ring.
    """

    def __init__(self, octets: NDArray[np.uint8]) -> None:
        self._receive: Any = ctypes.CDLL(None, use_errno=True).recvmmsg
        self._octets, self._address = octets, octets.ctypes.data
        self._rest = np.zeros((BURST, LARGEST - SLOT), np.uint8)
        self._names = np.zeros(BURST, NAME)
        self._slots = np.arange(BURST, dtype=np.uint64) * np.uint64(SLOT)
        self._vectors = np.zeros((BURST, 2), VECTOR)
        self._vectors["length"] = SLOT, LARGEST - SLOT
        self._vectors["base"][:, 1] = self._rest.ctypes.data + np.arange(BURST) * (LARGEST - SLOT)
        self._headers = np.zeros(BURST, HEADER)
        self._headers["name"] = self._names.ctypes.data + np.arange(BURST) * NAME.itemsize
        self._headers["vectors"] = self._vectors.ctypes.data + np.arange(BURST) * 2 * VECTOR.itemsize
        self._headers["vector_count"] = 2
        self._at = ctypes.c_void_p(self._headers.ctypes.data)
        self._bases = self._vectors["base"][:, 0]
        self._name_lengths, self._lengths = self._headers["name_length"], self._headers["length"]

    def receive(self, descriptor: int, place: int, most: int) -> int:
        """Take what is there now into the slots from *place* on, at most so many; the number of datagrams."""
        self._name_lengths.fill(NAME.itemsize)
        np.add(self._slots, np.uint64(self._address + place * SLOT), out=self._bases)
        return max(0, int(self._receive(descriptor, self._at, most, MSG_DONTWAIT, None)))

    def entries(self, count: int, port: int) -> NDArray[Any]:
        """Length, source and time of the datagrams, as the ring keeps them."""
        entries = np.zeros(count, ENTRY)
        names = self._names[:count]
        is_v4 = names["family"] == socket.AF_INET
        entries["length"], entries["port"] = self._lengths[:count], port
        entries["received"] = time.time_ns() // 1_000_000
        if is_v4.all():
            entries["lo"] = V4 | names["v4"].astype(np.uint64)
        else:
            entries["hi"] = np.where(is_v4, 0, names["hi"])
            entries["lo"] = np.where(is_v4, V4 | names["v4"].astype(np.uint64), names["lo"])
        return entries

    def payloads(self, lengths: list[int], place: int) -> list[bytes]:
        """Copies of what came last, the parts in slots and aside put together."""
        slots = self._octets[place * SLOT : (place + len(lengths)) * SLOT].reshape(-1, SLOT)
        return [
            slots[row, :length].tobytes() + self._rest[row, : max(0, length - SLOT)].tobytes()
            for row, length in enumerate(lengths)
        ]


class Receiver:
    """
    Moves what comes into the ring.

    Args:
        sockets: bound ones of UDP, and listening ones of TCP for IPFIX.
        parent: process id of the collector; it may have ended by now.
    """

    def __init__(self, sockets: list[socket.socket], ring: Ring, parent: int) -> None:
        self.ring, self.burst, self.poll = ring, Burst(ring.octets), select.poll()
        self.parent = parent
        self.datagrams = {one.fileno(): one.getsockname()[1] for one in sockets if one.type == socket.SOCK_DGRAM}
        self.listening = {one.fileno(): one for one in sockets if one.type == socket.SOCK_STREAM}
        self.connections = Connections()
        self.is_told_to_end = False
        self._wake, self._woken = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        for descriptor in (*self.datagrams, *self.listening, self._wake):
            self.poll.register(descriptor, select.POLLIN)
        rooms = [one.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) for one in sockets if one.type == socket.SOCK_DGRAM]
        self.wanted = max(1, min(BURST // 2, min(rooms, default=0) // HELD_OCTETS // 8))
        """Datagrams that a burst should bring: then the kernel's buffer is never nearly full."""
        self.pause = PAUSES[0]

    def heed(self) -> None:
        """Notice at once when the parent is killed (SIGUSR1 by the kernel) or says that it is over (SIGTERM)."""
        signal.set_wakeup_fd(self._woken, warn_on_full_buffer=False)
        signal.signal(signal.SIGUSR1, lambda *_: None)
        signal.signal(signal.SIGTERM, self._end)
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, int(signal.SIGUSR1), 0, 0, 0)

    def _end(self, *_: object) -> None:
        self.is_told_to_end = True

    @property
    def is_over(self) -> bool:
        """Whether it has to end."""
        return self.is_told_to_end or self.is_orphan

    @property
    def is_orphan(self) -> bool:
        """Whether the parent has ended."""
        return os.getppid() != self.parent

    def turn(self) -> int:
        """Take what is there from every socket; datagrams of the largest burst, and at least 1 when anything came."""
        most = 0
        for descriptor, _ in self.poll.poll(1000):
            if descriptor in self.datagrams:
                most = max(most, self._burst(descriptor))
            elif descriptor in self.listening:
                if (accepted := self.connections.accept(self.listening[descriptor])) is not None:
                    self.poll.register(accepted, select.POLLIN)
            elif descriptor in self.connections.open:
                most = max(most, self._stream(descriptor))
            elif descriptor == self._wake:
                os.read(descriptor, 64)
            else:
                self.poll.unregister(descriptor)  # it was closed for another
        return most

    def last(self) -> None:
        """Take what the sockets of UDP still hold."""
        until = time.monotonic() + LAST_SECONDS
        for descriptor in self.datagrams:
            while time.monotonic() < until and self._burst(descriptor):
                pass

    def _burst(self, descriptor: int) -> int:
        room = self._room(1, BURST)
        if room is None:
            return 0
        place, most = room
        count = self.burst.receive(descriptor, place, most)
        if count:
            entries = self.burst.entries(count, self.datagrams[descriptor])
            if entries["length"].max() <= SLOT:
                self.ring.put(entries, place)
            else:
                self._put(entries, self.burst.payloads(entries["length"].tolist(), place))
        return count

    def _put(self, entries: NDArray[Any], payloads: list[bytes]) -> None:
        """Put what does not lie in the ring yet, a piece at a time."""
        for start in range(0, len(entries), PIECE):
            piece = entries[start : start + PIECE]
            sizes = slots_of(piece["length"])
            room = self._room(int(sizes.sum()), int(sizes.sum()), len(piece))
            if room is None:
                return
            at = room[0] * SLOT
            for payload, size in zip(payloads[start : start + PIECE], sizes.tolist(), strict=True):
                self.ring.octets[at : at + len(payload)] = np.frombuffer(payload, np.uint8)
                at += size * SLOT
            self.ring.put(piece, room[0])

    def _stream(self, descriptor: int) -> int:
        connection = self.connections.heard(descriptor)
        messages, goes_on = connection.read()
        if messages:
            self._put(connection.entries(messages, time.time_ns() // 1_000_000), messages)
        if not goes_on:
            self.poll.unregister(descriptor)
            self.connections.close(descriptor)
        return int(bool(messages))

    def _room(self, least: int, most: int, places: int = 1) -> tuple[int, int] | None:
        """Slots in the ring, waited for while it is full; None when it is over meanwhile."""
        while True:
            room = self.ring.room(least, most) if self.ring.places >= places else None
            if room is not None:
                return room[0], max(least, min(room[1], self.ring.places))
            if self.is_over:
                return None
            time.sleep(FULL_SECONDS)

    def rest(self, most: int) -> None:
        """After a short burst wait so long that the next one is about as large as is wanted."""
        if 0 < most < BURST:
            self.pause = min(PAUSES[1], max(PAUSES[0], self.pause * min(1.5, self.wanted / most)))
            if most < 2 * self.wanted:
                time.sleep(self.pause)


def receive(sockets: list[socket.socket], ring: Ring, bell: int, parent: int) -> bool:
    """
    Move datagrams until the process is told to end, or *parent* has; whether it was killed.

    Args:
        bell: an eventfd that is rung at the start and after every batch.
    """
    receiver = Receiver(sockets, ring, parent)
    receiver.heed()
    os.eventfd_write(bell, 1)  # it reads from now on
    while not receiver.is_over:
        most = receiver.turn()
        if most:
            os.eventfd_write(bell, 1)
        receiver.rest(most)
    receiver.last()
    return receiver.is_orphan


def main() -> None:
    """`receiver PARENT FOLDER RING SLOTS ENTRIES BELL SOCKET…`: where to leave what waits, inherited descriptors, and sizes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it, after what was received
    folder = sys.argv[2]
    parent, memory, slots, entries, bell, *sockets = map(int, (sys.argv[1], *sys.argv[3:]))
    ring = Ring(memory, slots, entries)
    if receive([socket.socket(fileno=one) for one in sockets], ring, bell, parent) and folder:
        with suppress(OSError):
            leave(ring, Path(folder))


if __name__ == "__main__":
    main()
