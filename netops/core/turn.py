"""The turn to write: writers of one SQLite file come one after another, in the order in which they asked."""

from __future__ import annotations

import fcntl
import os
import threading
import weakref
from pathlib import Path
from typing import TextIO


class Turn:
    """
    Writers of one SQLite file, one after another: a context, entered again freely by the thread that is inside.

    SQLite itself lets writers try at random, and the unlucky wait for seconds. Here the next writer waits
    at a door of its own, so that who has just written cannot go first again. Ends with the process.
    """

    def __init__(self, database: str) -> None:
        self._database = database
        self._thread = threading.RLock()
        self._depth = 0
        self._process = 0
        self._files: tuple[TextIO, ...] = ()

    def __enter__(self) -> None:
        self._thread.acquire()
        self._depth += 1
        if self._depth > 1:
            return
        try:
            if self._process != os.getpid():
                places = [Path(f"{self._database}.{name}.lock") for name in ("next", "write")]
                self._files = tuple(place.open("w") for place in places)
                self._process = os.getpid()
                weakref.finalize(self, _close_own, self._process, self._files)
            door, room = self._files
            fcntl.flock(door, fcntl.LOCK_EX)
            fcntl.flock(room, fcntl.LOCK_EX)
            fcntl.flock(door, fcntl.LOCK_UN)
        except BaseException:
            self._depth -= 1
            self._thread.release()
            raise

    def __exit__(self, *_: object) -> None:
        if self._depth == 1:
            fcntl.flock(self._files[1], fcntl.LOCK_UN)
        self._depth -= 1
        self._thread.release()

    def close(self) -> None:
        """Close its files, unless they are another process's."""
        _close_own(self._process, self._files)
        self._files, self._process = (), 0


def _close_own(process: int, files: tuple[TextIO, ...]) -> None:
    """Close files that this process opened; those that a fork inherited are its parent's."""
    if process == os.getpid():
        for file in files:
            file.close()
