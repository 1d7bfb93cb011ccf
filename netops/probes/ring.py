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
"""A datagram's place: *end* counts slots since the beginning, *start* is an offset in octets; its source as an IPv6 address."""
SLOT = 1600
"""Octets of a slot: a datagram of an Ethernet frame, and no power of two, so that one field of many lies spread in the caches."""
CONTROL = 4096
WRITTEN, READ, FREED = range(3)
"""Words of the first page: entries written and read, slots given back."""
WARM_SLOTS = 1 << 14
LARGEST = 65536


def slots_of(lengths: NDArray[Any]) -> NDArray[np.int64]:
    """How many slots payloads take, one after another; an empty one takes one as well."""
    return np.maximum(1, -(-lengths.astype(np.int64) // SLOT))


class View(NamedTuple):
    """Entries that were written and not yet read; *octets* is the ring itself."""

    entries: NDArray[Any]
    octets: NDArray[np.uint8]


class Ring:
    """
    The memory of a file descriptor as a ring of slots; exactly one process puts, exactly one takes.

    Payloads begin at slots, so that the kernel itself writes them there, a row a datagram. A word is published by one
    aligned store after what it speaks of was written. While little waits only the beginning is used, which stays warm; pages
    that were never used take no memory.

    Args:
        descriptor: of a memory file (memfd_create); both processes map it.
        slots: room for payloads: at least twice what is put at once.
        entries: room for datagrams.
    """

    def __init__(self, descriptor: int, slots: int, entries: int) -> None:
        places = entries * ENTRY.itemsize
        size = CONTROL + places + slots * SLOT
        if os.fstat(descriptor).st_size < size:
            os.ftruncate(descriptor, size)
        self._map = mmap.mmap(descriptor, size)
        self.control = np.frombuffer(self._map, "u8", CONTROL // 8)
        self._entries = np.frombuffer(self._map, ENTRY, entries, CONTROL)
        self.octets = np.frombuffer(self._map, np.uint8, slots * SLOT, CONTROL + places)
        self.slots = slots
        written = int(self.control[WRITTEN])
        self._end = int(self._entries["end"][(written - 1) % entries]) if written else 0
        self._begun = 0
        """Where the ring last began again: everything before it was given back."""

    # ---- the receiver's side
    def room(self, least: int, most: int) -> tuple[int, int] | None:
        """The first of free slots in a row and how many they are, from *least* to *most*; None while the ring is full."""
        written, read, freed = (int(self.control[word]) for word in (WRITTEN, READ, FREED))
        place = self._end % self.slots
        if read == written:
            self._begun = self._end
        freed = max(freed, self._begun)
        before = place - (self._end - freed)
        # Free slots in front of everything that waits.
        if self.slots - place < least or (place >= WARM_SLOTS and before >= WARM_SLOTS // 2):
            self._end += self.slots - place
            place = 0
            if read == written:
                self._begun = freed = self._end
        free = self.slots - (self._end - freed)
        count = min(most, free, self.slots - place)
        return None if count < least else (place, count)

    @property
    def places(self) -> int:
        """Entries that can be put now."""
        return len(self._entries) - self.waiting

    def put(self, entries: NDArray[Any], place: int) -> None:
        """
        Publish datagrams whose payloads were written from slot *place* on, which `room` gave.

        Args:
            entries: *end* and *start* are filled in here: each payload begins where the one before it ends its last slot.
        """
        written = int(self.control[WRITTEN])
        ends = np.cumsum(slots_of(entries["length"]))
        entries["start"][0] = place * SLOT
        entries["start"][1:] = (place + ends[:-1]) * SLOT
        entries["end"] = ends + self._end
        self._end += int(ends[-1])
        first = written % len(self._entries)
        whole = min(len(entries), len(self._entries) - first)
        self._entries[first : first + whole] = entries[:whole]
        self._entries[: len(entries) - whole] = entries[whole:]
        self.control[WRITTEN] = written + len(entries)

    # ---- the decoder's side
    def view(self, most: int) -> View:
        """At most so many entries that wait, oldest first; they stay until `give_back`."""
        read, written = int(self.control[READ]), int(self.control[WRITTEN])
        first, count = read % len(self._entries), min(most, written - read)
        entries = self._entries[first : first + count]
        if len(entries) < count:
            entries = np.concatenate([entries, self._entries[: count - len(entries)]])
        return View(entries, self.octets)

    def give_back(self, view: View) -> None:
        """The memory of a view may be used again."""
        if len(view.entries):
            self.control[FREED] = view.entries["end"][-1]
            self.control[READ] += np.uint64(len(view.entries))

    @property
    def waiting(self) -> int:
        """Datagrams that were received and not yet taken."""
        return int(self.control[WRITTEN]) - int(self.control[READ])
