"""The outbox (外发): sealed flow segments on their way to ClickHouse; what is not taken stays and is sent again."""

from __future__ import annotations

import json
import logging
import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path

import msgspec

from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.egress import clickhouse
from netops.egress.chunks import of_segment
from netops.egress.judge import Scene
from netops.probes.clickhouse import Server, server

logger = logging.getLogger("netops.egress")
FOLDER = "outbox"
EVERY_SECONDS, RETRY_SECONDS = 2.0, 15.0


class Outbox:
    """
    Sends segments in a thread of its own. A segment waits as a second name of its file, so that it costs no room at first.

    Args:
        folder: of the archive.
        reserve_bytes: free space below which the oldest segments are given up, counted.
    """

    def __init__(self, target: Server, folder: Path, keep_days: int, reserve_bytes: int = 0) -> None:
        self.target, self.folder, self.keep_days, self.reserve = target, folder / FOLDER, keep_days, reserve_bytes
        self.sent = 0
        """Flows that ClickHouse has taken."""
        self.given_up = 0
        """Segments that were given up for want of room."""
        self.trouble = ""
        """What ClickHouse, or the way there, said last; "" when all is well."""
        self._is_made = False
        self._owners: tuple[Scene, int] | None = None
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what an earlier one left is sent first."""
        self.folder.mkdir(exist_ok=True)
        self._thread = threading.Thread(target=self._run, name="flow-outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Try once more, and end; what is left is sent at the next start."""
        self._ending.set()
        if self._thread:
            self._thread.join(60)

    def put(self, segment: Path) -> None:
        """Have a sealed segment sent; the same one again is once."""
        self.folder.mkdir(exist_ok=True)
        with suppress(FileExistsError):
            os.link(segment, self.folder / segment.name)

    def know(self, scene: Scene, judgement: int) -> None:
        """Whose addresses are from now on, for the dictionaries."""
        self._owners = (scene, judgement)

    @property
    def waiting(self) -> int:
        """Segments that wait."""
        return sum(1 for _ in self.folder.iterdir()) if self.folder.exists() else 0

    def turn(self) -> bool:
        """Send what there is, oldest first; False when something was not taken."""
        try:
            if not self._is_made:
                self.target._replace(database="default").run(f"CREATE DATABASE IF NOT EXISTS {self.target.database}")
                for statement in clickhouse.statements(self.target.database, self.keep_days):
                    self.target.run(statement)
                self._is_made = True
            if (known := self._owners) is not None:
                self._send_owners(*known)
                self._owners = None if self._owners is known else self._owners
            for path in sorted(self.folder.iterdir(), key=lambda one: one.stat().st_mtime_ns):
                self._send(path)
        except NetopsError as error:
            if not self.trouble:
                logger.warning("flows wait for ClickHouse: %s", error.english())
            self.trouble = error.english()
            return False
        if self.trouble:
            logger.warning("ClickHouse takes flows again")
        self.trouble = ""
        return True

    def _send(self, path: Path) -> None:
        import pyarrow as pa

        chunks = of_segment(path)
        if chunks:
            tables = [clickhouse.table(one) for one in chunks]
            whole = pa.concat_tables(tables).unify_dictionaries().combine_chunks()
            self.target.insert(clickhouse.FLOWS, whole, path.name)
            self.sent += whole.num_rows
        path.unlink()

    def _send_owners(self, scene: Scene, judgement: int) -> None:
        for plane, table in scene.tables.items():
            rows = "\n".join(json.dumps(one) for one in clickhouse.owners(plane, judgement, table))
            token = f"owners {plane} {judgement}"
            statement = f"INSERT INTO {clickhouse.OWNERS} FORMAT JSONEachRow"
            self.target.run(statement, rows.encode(), insert_deduplication_token=token)

    def _run(self) -> None:
        wait = EVERY_SECONDS
        while not self._ending.wait(wait):
            wait = EVERY_SECONDS if self._safely() else RETRY_SECONDS
            self._make_room()
        self._safely()

    def _safely(self) -> bool:
        try:
            return self.turn()
        except Exception as error:  # noqa: BLE001 - a broken file or a full disk must not end the sending
            self.trouble = repr(error)
            logger.warning("flows wait for ClickHouse: %r", str(error))
            return False

    def _make_room(self) -> None:
        while self.waiting and shutil.disk_usage(self.folder).free < 2 * self.reserve:
            oldest = min(self.folder.iterdir(), key=lambda one: one.stat().st_mtime_ns)
            oldest.unlink()
            self.given_up += 1
            logger.error("a flow segment is not sent to ClickHouse, for the disk is full: %s", oldest.name)


class Sending(msgspec.Struct, frozen=True):
    """How sending to ClickHouse stands: where to, and how many segments wait."""

    url: str
    waiting: int


def outbox(desk: Desk, folder: Path) -> Outbox | None:
    """The outbox that `[flows] url` asks for; None where it is empty."""
    settings = desk.config.flows
    if not settings.url:
        return None
    password = desk.config.secret("", settings.password_file)
    return Outbox(server(settings.url, password), folder, settings.keep_days, int(settings.reserve_gib * (1 << 30)))


def sending(desk: Desk, folder: Path) -> Sending | None:
    """How sending stands; None where nothing is sent."""
    one = outbox(desk, folder)
    return None if one is None else Sending(f"{one.target.host}:{one.target.port}/{one.target.database}", one.waiting)
