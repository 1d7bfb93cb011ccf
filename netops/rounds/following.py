"""Following a log (日志旁听): what is added to it is read as it comes, over rotations and restarts, each line once."""

from __future__ import annotations

import io
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from netops.core.clock import CITY_ZONE
from netops.desk import Desk
from netops.egress import followed
from netops.egress.followed import Place
from netops.egress.listening import querylogs, services
from netops.egress.listening.readers import Reader
from netops.egress.settings import FollowedLog
from netops.rounds import listening
from netops.rounds.telling import ROTATE_SECONDS, Teller

MOST_OCTETS = 16 << 20
"""Read in one turn; the rest waits for the next."""
HEAD_OCTETS = 64 << 10
RECORD_END = {"radius": b"\n\n"}
"""Where a record of several lines ends; elsewhere a line is a record."""


class Follower:
    """
    One log of the configuration.

    Args:
        one: its entry.
    """

    def __init__(self, desk: Desk, one: FollowedLog) -> None:
        self.desk, self.one = desk, one
        self.path = desk.config.folder / one.path
        self.teller = Teller()
        self.lines = 0
        self._file: BinaryIO | None = None
        self._place = Place(0, 0)
        self._kind = ""
        self._known = querylogs.formats(desk.playbooks)
        self._fresh()

    def _fresh(self) -> None:
        """Begin with an empty memory."""
        self._born = time.monotonic()
        self._scene = listening.scene_of(self.desk, self.one.plane)
        where = self.one.where or self.path.name
        self._reader = Reader(services.read(self.desk.playbooks), where, CITY_ZONE, self.desk.clock())

    # ---- the file
    def open(self) -> None:
        """
        Go on where reading ended; a log that was never followed is read from where it ends now.

        Raises:
            OSError: it is not there.
        """
        before = followed.place(self.desk.store, str(self.path))
        now = self.path.stat()
        if before is None:
            self._take(self.path, Place(now.st_ino, now.st_size))
            self._remember()
        elif before.inode == now.st_ino:
            self._take(self.path, before if before.offset <= now.st_size else Place(now.st_ino, 0))
        else:
            rotated = next((path for path in self._beside() if path.stat().st_ino == before.inode), None)
            self._take(rotated or self.path, before if rotated else Place(now.st_ino, 0))

    def _beside(self) -> list[Path]:
        """Files that the log may have become when it was rotated."""
        return [path for path in sorted(self.path.parent.glob(f"{self.path.name}*")) if path != self.path and path.is_file()]

    def _take(self, path: Path, place: Place) -> None:
        if self._file is not None:
            self._file.close()
        self._file, self._place = path.open("rb"), place

    def close(self) -> None:
        """Let go of the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _remember(self) -> None:
        followed.remember(self.desk.store, str(self.path), self._place, self.desk.clock())

    # ---- a turn
    def turn(self) -> tuple[str, ...]:
        """
        Take in what was added and tell what it shows: numbers of findings that were opened.

        Raises:
            OSError: the log is not there any more.
            NetopsError: the store cannot be written; the same lines come again at the next turn.
        """
        if self._file is None:
            self.open()
        if time.monotonic() - self._born >= ROTATE_SECONDS:
            self._fresh()
        before = self._place
        added = self._added()
        if not added:
            return ()
        try:
            opened = self._tell(added)
            self._remember()
        except BaseException:
            self._place, self.teller = before, Teller()
            raise
        return opened

    def _added(self) -> bytes:
        """Whole records that were not read yet; at the end of a file that was rotated away, the next file is begun."""
        assert self._file is not None  # noqa: S101 - opened above
        size = os.fstat(self._file.fileno()).st_size
        if size < self._place.offset:  # cut to nothing in place, as copytruncate does
            self._place = Place(self._place.inode, 0)
        self._file.seek(self._place.offset)
        data = self._file.read(MOST_OCTETS)
        end = self._end(data)
        if end:
            self._place = Place(self._place.inode, self._place.offset + end)
            return data[:end]
        is_rotated = False
        with suppress(FileNotFoundError):
            is_rotated = self.path.stat().st_ino != self._place.inode
        if is_rotated:
            self._place = Place(self.path.stat().st_ino, 0)
            self._take(self.path, self._place)
            self._remember()
            return data  # whatever was left without an end
        return b""

    def _end(self, data: bytes) -> int:
        mark = RECORD_END.get(self._kind_now(), b"\n")
        at = data.rfind(mark)
        if at < 0:
            return len(data) if len(data) >= MOST_OCTETS else 0
        return at + len(mark)

    def _kind_now(self) -> str:
        """What kind of log it is, by its beginning; "" until that can be told."""
        if not self._kind and self._file is not None:
            self._kind = querylogs.kind_of(self._head().decode("utf-8", "replace"), self._known)
        return self._kind

    def _head(self) -> bytes:
        assert self._file is not None  # noqa: S101 - opened above
        self._file.seek(0)
        return self._file.read(HEAD_OCTETS)

    def _tell(self, added: bytes) -> tuple[str, ...]:
        kind = self._kind_now()
        if not kind:
            return ()
        if kind == "zeek":  # the names of its columns stand in the head
            added = b"".join(line for line in self._head().splitlines(keepends=True) if line.startswith(b"#")) + added
        self.lines += added.count(b"\n")
        self._reader.read(io.StringIO(added.decode("utf-8", "replace")), kind, self._known)
        due = self.teller.due(self._reader.observations(), self.desk.clock())
        if not due:
            return ()
        where = self.one.where or self.path.name
        return listening.keep(self.desk, listening.heard(self.one.plane, self._scene, due, where)).opened
