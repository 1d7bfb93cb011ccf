"""What a killed collector left (遗留): datagrams that waited in its ring, in files until the next one has begun."""

from __future__ import annotations

import fcntl
import logging
import os
import time
import uuid
from pathlib import Path

import numpy as np

from netops.probes.ring import ENTRY, SLOT, Ring, slots_of

logger = logging.getLogger("netops.egress")
ENDING, WRITING = ".ring", ".ring-part"
LOCK = ".receiver.lock"
"""These names begin with a dot: no backup takes them."""
PATIENCE_SECONDS = 10.0
PIECE = 1024
"""Datagrams that are put into the new ring at once."""


def locked(folder: Path) -> int:
    """
    The folder's lock as a descriptor to be inherited, waited for while a killed collector's receiver writes down what it has.

    Raises:
        OSError: the folder cannot be written.
    """
    descriptor = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                logger.warning("the receiver of an earlier collector does not end: lock=%s", folder / LOCK)
                return descriptor
            time.sleep(0.01)
        else:
            return descriptor


def leave(ring: Ring, folder: Path) -> int:
    """
    Write what waits in the ring into a file of its own; how many datagrams.

    Raises:
        OSError: it cannot be written; nothing is left then.
    """
    view = ring.view(ring.waiting)
    entries = view.entries
    if not len(entries):
        return 0
    path = folder / f".{uuid.uuid4().hex}{WRITING}"
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(len(entries).to_bytes(8, "big") + entries.tobytes())
            for start, length in zip(entries["start"].tolist(), entries["length"].tolist(), strict=True):
                file.write(view.octets[start : start + length].data)
        path.rename(path.with_suffix(ENDING))
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return len(entries)


def taken(ring: Ring, folder: Path) -> int:
    """
    Put what was left into an empty ring that nobody receives into yet, in the order it came; how many datagrams.

    Each file is removed before anything of it is used: rather lost than counted twice.
    """
    for path in folder.glob(f".*{WRITING}"):
        path.unlink()
    count = 0
    for path in sorted(folder.glob(f".*{ENDING}"), key=lambda one: one.stat().st_mtime_ns):
        content = path.read_bytes()
        path.unlink()
        number = int.from_bytes(content[:8], "big")
        begin = 8 + number * ENTRY.itemsize
        if begin > len(content):
            logger.warning("datagrams that a killed collector left cannot be read: path=%s", path)
            continue
        entries = np.frombuffer(content, ENTRY, number, 8).copy()
        if begin + int(entries["length"].sum(dtype=np.int64)) != len(content):
            logger.warning("datagrams that a killed collector left cannot be read: path=%s", path)
            continue
        count += _put(ring, entries, content[begin:])
    return count


def _put(ring: Ring, entries: np.typing.NDArray[np.void], payloads: bytes) -> int:
    """Put so many of them as the ring has room for."""
    octets, at, done = np.frombuffer(payloads, np.uint8), 0, 0
    for start in range(0, len(entries), PIECE):
        piece = entries[start : start + PIECE]
        sizes = slots_of(piece["length"])
        needed = int(sizes.sum())
        room = ring.room(needed, needed) if ring.places >= len(piece) else None
        if room is None:
            break
        place = room[0] * SLOT
        for length, size in zip(piece["length"].tolist(), sizes.tolist(), strict=True):
            ring.octets[place : place + length] = octets[at : at + length]
            at, place = at + length, place + size * SLOT
        ring.put(piece, room[0])
        done += len(piece)
    return done
