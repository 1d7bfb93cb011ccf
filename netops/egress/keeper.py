"""The keeper (留存): writes every judged flow into a segment a minute; a full disk and kill -9 do not stop it."""

from __future__ import annotations

import logging
import queue
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from netops.core.errors import NetopsError
from netops.egress.judge import Judged, Scene
from netops.egress.kept import Register
from netops.egress.segment import MENDING, RUNNING, SEALED, Sealed, Segment, running, salvaged, sealed
from netops.egress.stored import Layout, Rows, layout_of, rows_of, together, wider, written

logger = logging.getLogger("netops.egress")
HOT = "hot"
SEAL_SECONDS = 60.0
SEAL_ROWS = 2_000_000
GATHER_SECONDS = 1.0
"""Few flows are gathered so long before they are written together: as many a crash may cost, and no more."""
GATHER_ROWS = 1 << 15
SYNC_SECONDS = 1.0
QUEUE_ROWS = 8_000_000
"""Flows that may wait for the disk; more are counted as not kept."""
LAG_ROWS, LAG_SECONDS = 1_000_000, 0.25
"""When so many wait, whoever judges lets the keeper's thread go first, so long at most: datagrams wait in the ring meanwhile."""
RETRY_SECONDS = 15.0


class Salvage(NamedTuple):
    """What an earlier writer left: the segments that were whole, and octets that were not."""

    segments: tuple[Sealed, ...]
    lost_bytes: int


class Keeper:
    """
    Keeps flows in segments, in a thread of its own, so that whoever judges never waits for the disk.

    Args:
        folder: of the archive.
        tell: is given every sealed segment, in the keeper's thread; when it fails the segment is told again later.
        reserve_bytes: free space below which nothing more is written.
    """

    def __init__(self, folder: Path, tell: Callable[[Sealed], None], reserve_bytes: int = 0) -> None:
        self.folder, self.tell, self.reserve = folder / HOT, tell, reserve_bytes
        self.register = Register()
        self.stored = 0
        self.unstored = 0
        self.trouble = ""
        """Why flows are not being kept just now, or ""."""
        self._queue: queue.Queue[Rows | threading.Event | None] = queue.Queue()
        self._queued = 0
        self._lock = threading.Lock()
        self._segment: Segment | None = None
        self._layout: Layout = {}
        self._known = 0
        self._gathered: list[Rows] = []
        self._gathered_since = self._began = self._synced = 0.0
        self._untold: list[Sealed] = []
        self._left: list[Path] = []
        self._retry = self._tell_again = 0.0
        self._scene: Scene | None = None
        self._thread: threading.Thread | None = None

    # ---- life
    def start(self) -> Salvage:
        """
        Begin, and first give what an earlier writer left.

        Raises:
            NetopsError: the folder cannot be written.
        """
        # Loaded now, and not while the first flows wait: NumPy loads numpy.ma at its first np.unique.
        import numpy.ma  # noqa: F401
        import pyarrow.ipc  # noqa: F401

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            found = left_over(self.folder)
        except OSError as error:
            raise NetopsError(
                "flows are not kept in {folder}",
                "{why}",
                "give the folder to the account that netops runs as, or change [flows] archive",
                folder=self.folder,
                why=error.strerror or error,
            ) from error
        self._thread = threading.Thread(target=self._run, name="flow-keeper", daemon=True)
        self._thread.start()
        return found

    def stop(self) -> None:
        """Write what waits, seal it, and end."""
        if self._thread:
            self._queue.put(None)
            self._thread.join(60)
            self._thread = None

    def flush(self, seconds: float = 30.0) -> None:
        """Wait until everything that was taken is sealed and told."""
        if self._thread:
            done = threading.Event()
            self._queue.put(done)
            done.wait(seconds)

    def keep(self, judged: Judged, scene: Scene, number: int) -> None:
        """Take these flows; never waits for the disk longer than LAG_SECONDS."""
        if not len(judged.batch):
            return
        until = time.monotonic() + LAG_SECONDS
        while self._queued > LAG_ROWS and self._thread and time.monotonic() < until:
            time.sleep(0.002)
        with self._lock:
            full = self._queued + len(judged.batch) > QUEUE_ROWS
            if full:
                self.unstored += len(judged.batch)
            else:
                self._queued += len(judged.batch)
        if not full:
            if scene is not self._scene:
                self.register.learn(scene)
                self._scene = scene
            self._queue.put(rows_of(judged, scene, self.register, number))

    # ---- the keeper's thread
    def _run(self) -> None:
        while True:
            try:
                item = self._queue.get(timeout=0.2)
            except queue.Empty:
                self._turn()
                continue
            if item is None:
                break
            if isinstance(item, threading.Event):
                self._finish()
                item.set()
                continue
            self._gather(item)
            self._turn()
        self._finish()

    def _finish(self) -> None:
        """Write, seal and tell all that there is."""
        self._write()
        self._seal()
        self._mend()
        self._tell()

    def _turn(self) -> None:
        now = time.monotonic()
        if self._gathered and now - self._gathered_since >= GATHER_SECONDS:
            self._write()
        segment = self._segment
        if segment and now - self._synced >= SYNC_SECONDS:
            self._synced = now
            self._guarded(segment.sync)
        if segment and (now - self._began >= SEAL_SECONDS or segment.counts.rows >= SEAL_ROWS):
            self._seal()
        if self._left and now >= self._retry:
            self._mend()
        if self._untold and now >= self._tell_again:
            self._tell()

    def _gather(self, rows: Rows) -> None:
        if not self._gathered:
            self._gathered_since = time.monotonic()
        self._gathered.append(rows)
        if sum(map(len, self._gathered)) >= GATHER_ROWS:
            self._write()

    def _write(self) -> None:
        """Write what was gathered; what cannot be written is counted, and the collector goes on."""
        if not self._gathered:
            return
        rows, self._gathered = together(self._gathered), []
        done = time.monotonic() >= self._retry and self._guarded(lambda: self._append(rows))
        with self._lock:
            self._queued -= len(rows)
            self.stored += len(rows) if done else 0
            self.unstored += 0 if done else len(rows)

    def _append(self, rows: Rows) -> None:
        columns, told = written(rows)
        layout = layout_of(columns)
        if self._segment is None or self._known != self.register.size or not self._segment.takes(layout):
            self._seal()
            free = shutil.disk_usage(self.folder).free
            if free < self.reserve:
                raise OSError(28, f"{free >> 20} MiB are free, and {self.reserve >> 20} are to stay so")
            self._layout = wider(self._layout, layout)
            self._known = self.register.size
            self._segment = Segment(running(self.folder), self.register.names.copy(), self._layout)
            self._began = time.monotonic()
        self._segment.append(columns, told)

    def _guarded(self, work: Callable[[], None]) -> bool:
        """Whether it was done; after a failure the segment is left, its whole part saved, and nothing tried for a while."""
        try:
            work()
        except (OSError, ValueError) as error:
            why = str(error)
            if not self.trouble:
                logger.error("flows are not kept: folder=%s why=%r", self.folder, why)
            self.trouble, self._retry = why, time.monotonic() + RETRY_SECONDS
            self._leave()
            return False
        if self.trouble and self._segment:
            logger.warning("flows are kept again: folder=%s", self.folder)
            self.trouble = ""
        return True

    def _leave(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        segment.abandon()
        self._left.append(segment.path)

    def _mend(self) -> None:
        """Seal what is whole in segments that were left; that takes room, so it may have to wait."""
        while self._left:
            try:
                found, _lost = salvaged(self._left[0])
            except (OSError, ValueError):
                return  # the next start finds it at the latest
            self._left.pop(0)
            if found:
                self._untold.append(found)

    def _seal(self) -> None:
        segment, self._segment = self._segment, None
        if segment is None:
            return
        if segment.counts.rows:
            self._segment = segment
            self._guarded(lambda: self._untold.append(segment.seal()))
            self._segment = None
        else:
            segment.abandon()
            segment.path.unlink(missing_ok=True)
        if time.monotonic() >= self._tell_again:
            self._tell()

    def _tell(self) -> None:
        while self._untold:
            try:
                self.tell(self._untold[0])
            except NetopsError as error:
                logger.warning("a flow segment waits to be listed: %s", error.english())
                self._tell_again = time.monotonic() + 1
                return
            self._untold.pop(0)


def left_over(folder: Path) -> Salvage:
    """
    Seal what an earlier writer left in *folder*. Only who holds the writer's lock may ask.

    Raises:
        OSError: the folder cannot be read or written.
    """
    for path in folder.glob(f"*{MENDING}"):
        path.unlink()
    found, lost = [], 0
    for path in sorted(folder.glob(f"*{RUNNING}")):
        one, octets = salvaged(path)
        lost += octets
        if one:
            found.append(one)
    return Salvage(tuple(found), lost)


def unlisted(folder: Path, known: Mapping[str, bool]) -> list[Sealed]:
    """Sealed segments that no list knows, since their writer died in between; unreadable ones are set aside."""
    found = []
    for path in sorted((folder / HOT).glob(f"*{SEALED}")):
        if f"{HOT}/{path.name}" not in known:
            try:
                found.append(sealed(path))
            except ValueError as error:
                logger.error("a flow segment cannot be read: path=%s why=%r", path, str(error))
                path.rename(path.with_suffix(".broken"))
    return found
