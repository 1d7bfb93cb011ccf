"""A ring of datagrams in shared memory: one process receives into it, another decodes out of it, and neither waits."""

from __future__ import annotations

import mmap
import os
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

ENTRY = np.dtype([
    ("end", "u8"), ("start", "u8"), ("length", "u4"), ("port", "u4"), ("received", "i8"), ("hi", "u8"), ("lo", "u8"),
])  # fmt: skip
"""A datagram's place: *end* counts octets since the beginning, *start* is an offset; its source as an IPv6 address."""
CONTROL = 4096
WRITTEN, READ, FREED, KERNEL_DROPPED = range(4)
"""Words of the first page: entries written and read, octets given back, datagrams that the kernel threw away."""
WARM_OCTETS = 8 << 20


class View(NamedTuple):
    """Entries that were written and not yet read; *octets* is the ring itself."""

    entries: NDArray[Any]
    octets: NDArray[np.uint8]


class Ring:
    """
    The memory of a file descriptor as a ring; exactly one process puts, exactly one takes.

    A word is published by one aligned store after what it speaks of was written. Pages that were never used
    take no memory, and an empty ring begins again at its warm start.

    Args:
        descriptor: of a memory file (memfd_create); both processes map it.
        octets: room for payloads: at least twice the largest burst that is put at once.
        entries: room for datagrams.
    """

    def __init__(self, descriptor: int, octets: int, entries: int) -> None:
        places = entries * ENTRY.itemsize
        size = CONTROL + places + octets
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        self._map = mmap.mmap(descriptor, size)
        self.control = np.frombuffer(self._map, "u8", CONTROL // 8)
        self._entries = np.frombuffer(self._map, ENTRY, entries, CONTROL)
        self.octets = np.frombuffer(self._map, np.uint8, octets, CONTROL + places)
        written = int(self.control[WRITTEN])
        self._end = int(self._entries["end"][(written - 1) % entries]) if written else 0
        self._begun = 0
        """Where the ring last began again: everything before it was given back."""

    # ---- the receiver's side
    def room(self, count: int, octets: int) -> int | None:
        """The offset where so many datagrams of so many octets can lie now, or None while the ring is full."""
        written, read, freed = (int(self.control[word]) for word in (WRITTEN, READ, FREED))
        if written + count - read > len(self._entries):
            return None
        size = len(self.octets)
        place = self._end % size
        if place + octets > size or (read == written and place > WARM_OCTETS):
            place = 0
        end = self._end + (place - self._end) % size
        if read == written:
            self._begun = end
        if end + octets - max(freed, self._begun) > size:
            return None
        self._end = end
        return place

    def put(self, entries: NDArray[Any]) -> None:
        """Publish datagrams whose payloads were written at `room`; *end* and *start* are filled in here."""
        written = int(self.control[WRITTEN])
        sizes = entries["length"].astype(np.uint64)
        ends = np.cumsum(sizes)
        entries["end"] = ends + np.uint64(self._end)
        entries["start"] = entries["end"] - sizes
        entries["start"] %= np.uint64(len(self.octets))
        self._end += int(ends[-1])
        self._entries[(written + np.arange(len(entries))) % len(self._entries)] = entries
        self.control[WRITTEN] = written + len(entries)

    # ---- the decoder's side
    def view(self, most: int) -> View:
        """At most so many entries that wait, oldest first; they stay until `give_back`."""
        read, written = int(self.control[READ]), int(self.control[WRITTEN])
        count = min(most, written - read)
        return View(self._entries[(read + np.arange(count)) % len(self._entries)], self.octets)

    def give_back(self, view: View) -> None:
        """The memory of a view may be used again."""
        if len(view.entries):
            self.control[FREED] = view.entries["end"][-1]
            self.control[READ] += np.uint64(len(view.entries))

    @property
    def waiting(self) -> int:
        """Datagrams that were received and not yet taken."""
        return int(self.control[WRITTEN]) - int(self.control[READ])
