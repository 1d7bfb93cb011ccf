"""
The board: where processes of one machine that want to write to one store pin what they ask, for whoever leads to answer.

A file of fixed slots, shared by memory. A slot belongs to one process, by a lock that ends with it;
what a dead process asked is nobody's. Nothing on the board is a promise: what was answered stands in the store.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import secrets
import struct
import threading
import weakref
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from tempfile import gettempdir
from typing import NamedTuple

from netops.core.futex import Words

SLOTS, SIZE = 64, 8192
"""How many may wait together, and the bytes of each slot."""
TICKET = 16
FREE, ASKED, ALONE, ANSWERED = 0, 1, 2, 3
WAIT_SECONDS = 0.05
"""After which a waiter looks for itself whether there still is a leader."""
_HEAD = struct.Struct("=16sII")
"""Ticket, length and CRC-32 of what follows."""
_LOCK = struct.Struct("hhqqi4x")
"""`struct flock` of Linux on 64 bits: type, whence, start, length, process."""
_NUMBER = SLOTS * 4
"""Where the board's own number stands: eight random bytes, by which its answers are told from other boards'."""
_START = _NUMBER + 8
MOST = SIZE - _HEAD.size


class Question(NamedTuple):
    """What hangs in a slot."""

    slot: int
    ticket: bytes
    content: bytes


class Board:
    """
    The board in the file *path*, which is made when it is first used.

    The states of all slots stand together at the beginning, a word each; then its number and the slots.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._mutex = threading.Lock()
        self._leading = threading.Lock()
        self._process = 0

    # ---- who asks
    def ask(self, content: bytes) -> Question | None:
        """Pin *content* in a slot; None when it is too long or every slot is another's."""
        if len(content) > MOST or (slot := self._take()) is None:
            return None
        one = Question(slot, secrets.token_bytes(TICKET), content)
        self._write(one)
        self._words[slot] = ASKED
        return one

    def state(self, one: Question) -> int:
        """What became of it."""
        return self._words[one.slot]

    def wait(self, one: Question) -> None:
        """Sleep until something became of it, or it may be time to lead."""
        self._words.wait(one.slot, ASKED, WAIT_SECONDS)

    def read(self, one: Question) -> bytes | None:
        """The answer that stands in its slot now; None when it is an answer to another question."""
        found = self._read(one.slot)
        return found.content if found is not None and found.ticket == one.ticket else None

    def take_down(self, one: Question) -> None:
        """The slot is free for the next question of this process."""
        self._words[one.slot] = FREE
        with self._mutex:
            self._idle.append(one.slot)

    @property
    def number(self) -> int:
        """Its own number, once something was asked on it."""
        return int.from_bytes(self._memory[_NUMBER:_START], "big", signed=True)

    # ---- who leads
    @contextmanager
    def lead(self) -> Iterator[bool]:
        """Whether this thread is the one among all that answers; when it ends, one who still waits may be the next."""
        if not self._leading.acquire(blocking=False):
            yield False
            return
        try:
            is_leader = self._lock(SLOTS, fcntl.F_WRLCK)
            try:
                yield is_leader
            finally:
                if is_leader:
                    self._lock(SLOTS, fcntl.F_UNLCK)
        finally:
            self._leading.release()
        if is_leader and (waiting := next(self.asked(), None)) is not None:
            self._words.wake(waiting.slot)

    def asked(self) -> Iterator[Question]:
        """Questions that wait, of processes that live, by slot."""
        for slot in range(SLOTS):
            # Half of a question may be seen while it is written; who wrote it then leads some time himself.
            if self._words[slot] == ASKED and self._is_held(slot) and (found := self._read(slot)) is not None:
                yield found

    def answer(self, one: Question, content: bytes) -> None:
        """Put the answer in its place."""
        self._write(one._replace(content=content))
        self._become(one, ANSWERED)

    def leave(self, one: Question) -> None:
        """It is to be decided by who asked, alone."""
        self._become(one, ALONE)

    def _become(self, one: Question, state: int) -> None:
        self._words[one.slot] = state
        self._words.wake(one.slot)

    # ---- slots
    def _write(self, one: Question) -> None:
        start = _START + one.slot * SIZE
        head = _HEAD.pack(one.ticket, len(one.content), zlib.crc32(one.content))
        self._memory[start : start + _HEAD.size + len(one.content)] = head + one.content

    def _read(self, slot: int) -> Question | None:
        start = _START + slot * SIZE
        ticket, length, checksum = _HEAD.unpack_from(self._memory, start)
        content = self._memory[start + _HEAD.size : start + _HEAD.size + min(length, MOST)]
        return Question(slot, ticket, content) if zlib.crc32(content) == checksum else None

    def _take(self) -> int | None:
        with self._mutex:
            if self._process != os.getpid():
                self._open()
            if self._idle:
                return self._idle.pop()
            for slot in range(SLOTS):
                if slot not in self._mine and self._lock(slot, fcntl.F_WRLCK):
                    self._mine.add(slot)
                    return slot
        return None

    def _lock(self, place: int, kind: int) -> bool:
        """Lock one byte for as long as this process lives, or unlock it; False when another has it."""
        try:
            fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, _LOCK.pack(kind, os.SEEK_SET, place, 1, 0))
        except (BlockingIOError, PermissionError):
            return False
        return True

    def _is_held(self, slot: int) -> bool:
        """Whether the process that pinned it lives."""
        if slot in self._mine:
            return True
        asked = _LOCK.pack(fcntl.F_WRLCK, os.SEEK_SET, slot, 1, 0)
        return bool(_LOCK.unpack(fcntl.fcntl(self._file, fcntl.F_OFD_GETLK, asked))[0] != fcntl.F_UNLCK)

    # ---- the file
    def _open(self) -> None:
        """The shared memory; opened anew in a fork, whose parent's slots are not its own."""
        self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o666)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        if os.fstat(self._file).st_size == 0:
            os.ftruncate(self._file, _START + SLOTS * SIZE)
            os.pwrite(self._file, secrets.token_bytes(8), _NUMBER)
        fcntl.flock(self._file, fcntl.LOCK_UN)
        self._memory = mmap.mmap(self._file, _START + SLOTS * SIZE)
        self._words = Words(self._memory, SLOTS)
        self._mine: set[int] = set()
        self._idle: list[int] = []
        self._process = os.getpid()
        self._end = weakref.finalize(self, _close_own, self._process, self._file, self._memory, self._words)

    def close(self) -> None:
        """Give the slots back."""
        if self._process:
            self._end()
            self._process = 0


def _close_own(process: int, file: int, memory: mmap.mmap, words: Words) -> None:
    """Close what this process opened; what a fork inherited is its parent's."""
    if process == os.getpid():
        words.close()
        memory.close()
        os.close(file)


def place_for(address: str) -> Path | None:
    """
    Where this user's processes on this machine have the board of a store that is no file; None where there is no safe place.

    In a folder of the user's own, which nobody else can write to.
    """
    folder = Path(gettempdir()) / f"netops-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        if found.st_uid == os.getuid() and found.st_mode & 0o170077 == 0o040000:
            return folder / f"{sha256(address.encode()).hexdigest()[:16]}.board"
    return None
