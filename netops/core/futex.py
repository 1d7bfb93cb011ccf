"""Waiting until a word of memory that processes share changes: futex(2) of Linux."""

from __future__ import annotations

import ctypes
import mmap
import platform
import time

NUMBERS = {"x86_64": 202, "aarch64": 98, "riscv64": 98, "loongarch64": 98, "ppc64le": 221, "s390x": 238}
"""Of the system call, by machine; on any other one a waiter looks again after a moment."""
WAIT, WAKE = 0, 1
MOMENT_SECONDS = 0.0005


class _Timespec(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class Words:
    """The 32-bit words at the beginning of *memory*."""

    def __init__(self, memory: mmap.mmap, count: int) -> None:
        self._words = (ctypes.c_uint32 * count).from_buffer(memory)
        self._number = NUMBERS.get(platform.machine())
        self._call = ctypes.CDLL(None).syscall
        self._call.argtypes = (
            ctypes.c_long, ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.POINTER(_Timespec),
            ctypes.c_void_p, ctypes.c_uint32,
        )  # fmt: skip
        self._start = ctypes.addressof(self._words)

    def __getitem__(self, place: int) -> int:
        return self._words[place]

    def __setitem__(self, place: int, value: int) -> None:
        self._words[place] = value

    def wait(self, place: int, value: int, seconds: float) -> None:
        """Sleep while the word is *value*, until `wake`, but no longer than *seconds*."""
        if self._number is None:
            time.sleep(min(seconds, MOMENT_SECONDS))
            return
        limit = _Timespec(int(seconds), int(seconds % 1 * 1e9))
        self._call(self._number, self._start + 4 * place, WAIT, value, ctypes.byref(limit), None, 0)

    def wake(self, place: int) -> None:
        """Let everybody go on who sleeps on the word."""
        if self._number is not None:
            self._call(self._number, self._start + 4 * place, WAKE, 1, None, None, 0)

    def close(self) -> None:
        """Let go of the memory, so that it can be closed."""
        del self._words
