"""The flow archive at work: the recorder beside the flow watch, and the upkeep of its files (巡检：留存)."""

from __future__ import annotations

import ctypes
import logging
import os
import shutil
import threading
import uuid
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from netops.core import applied, journal
from netops.core.clock import rfc3339
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_
from netops.desk import Desk
from netops.egress import compact, coverage, parts, retention, rollup
from netops.egress.keeper import HOT, Keeper, unlisted
from netops.egress.parts import Part
from netops.egress.rejudge import fingerprint
from netops.egress.segment import Sealed, digest, sealed
from netops.egress.shelf import left_over, swept
from netops.rounds import Progress, silent
from netops.rounds.outbox import Sending, outbox, sending

if TYPE_CHECKING:
    from netops.egress.hits import ExporterRow
    from netops.egress.judge import Judged, Scene

logger = logging.getLogger("netops.egress")
MARK = "ARCHIVE"
UPKEEP_SECONDS = 60.0
WEEK = timedelta(days=7)
NICE = 10


def folder_of(desk: Desk) -> Path | None:
    """Where the archive of this desk's store is; None when none is kept."""
    settings = desk.config.flows
    if not settings.archive:
        return None
    if desk.config.path:
        return desk.config.folder / settings.archive
    database = (desk.store.engine.url.database or "") if desk.store.is_sqlite else ""
    return Path(database).parent / settings.archive if database and database != ":memory:" else None


def opened(desk: Desk) -> Path:
    """
    The archive's folder, made when it is not there.

    Raises:
        Refused: it belongs to another store.
        NetopsError: none is kept, or it cannot be made.
    """
    folder = folder_of(desk)
    if folder is None:
        raise NetopsError("no flows are kept", "[flows] archive is empty, or the store is no file and there is no configuration",
                          "name a folder in [flows] archive")  # fmt: skip
    try:
        folder.mkdir(parents=True, exist_ok=True)
        mark = folder / MARK
        found = mark.read_text("ascii").strip() if mark.exists() else ""
        own = parts.identity(desk.store, found or uuid.uuid4().hex)
        if not found:
            mark.write_text(own + "\n", "ascii")
    except OSError as error:
        raise NetopsError(
            "the flow archive {folder} was not opened",
            "{why}",
            "give the folder to the account that netops runs as, or change [flows] archive",
            folder=folder,
            why=error.strerror or error,
        ) from error
    if found and found != own:
        raise Refused(
            "the flow archive {folder} was not opened",
            "it belongs to another store",
            "give every store a folder of its own in [flows] archive",
            folder=folder,
        )
    return folder


class Recorder:
    """
    Keeps what the flow watch judges, and writes down what was seen of whom. The caller holds the lock "collector".

    Args:
        desk: whose flows they are.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.folder = opened(desk)
        self.keeper = Keeper(self.folder, self._list, int(desk.config.flows.reserve_gib * (1 << 30)))
        self.outbox = outbox(desk, self.folder)
        self.session = coverage.Session(desk.clock(), desk.clock())
        self._number = 0
        self._judged_by: tuple[int, str] = (-1, "")
        self._scene: Scene | None = None
        self._told = (0, 0)
        self._ending = threading.Event()
        self._upkeep: threading.Thread | None = None

    def start(self) -> None:
        """Begin; what an earlier recorder left behind is taken in first."""
        if self.outbox:
            self.outbox.start()
        left = self.keeper.start()
        for one in unlisted(self.folder, parts.every_path(self.desk.store)):
            self._list(one)
        if left.lost_bytes:
            logger.warning("flow archive: half written octets lost=%d", left.lost_bytes)
            coverage.note_tail(self.desk.store, left.lost_bytes)
        self.session = coverage.Session(self.desk.clock(), self.desk.clock())
        self._upkeep = threading.Thread(target=self._keep_up, name="flow-archive", daemon=True)
        self._upkeep.start()

    def stop(self) -> None:
        """Seal what is there."""
        self._ending.set()
        self.keeper.stop()
        if self._upkeep:
            self._upkeep.join(120)
        if self.outbox:
            self.outbox.stop()

    def keep(self, judged: Judged, scene: Scene) -> None:
        """What the watch judged; a flow comes here once."""
        if scene is not self._scene:
            try:
                self._number = self._judgement(scene)
                self._scene = scene
                if self.outbox:
                    self.outbox.know(scene, self._number)
            except (
                NetopsError
            ) as error:  # a store that is busy must not cost flows; 0 is judged again when it is asked for
                logger.warning("flow archive: judgement unknown for now: %s", error.english())
                self._number = 0
        self.keeper.keep(judged, scene, self._number)

    def _judgement(self, scene: Scene) -> int:
        judged_by = (applied.standing(self.desk.store).version, fingerprint(scene))
        if judged_by != self._judged_by or not self._number:
            found = parts.judgement(self.desk.store, *judged_by, self.desk.clock())
            self._judged_by, self._number = judged_by, found.number
        return self._number

    def cover(self, rows: Iterable[ExporterRow], outcomes: Mapping[str, int]) -> None:
        """What came of every exporter, and what the collector lost, since the last call; and that it lives."""
        at = self.desk.clock()
        hour = at.replace(minute=0, second=0, microsecond=0)
        self.session = msgspec.structs.replace(self.session, ended=at)
        stored, unstored = self.keeper.stored - self._told[0], self.keeper.unstored - self._told[1]
        listed = list(rows)
        seen = [
            coverage.Seen(
                hour,
                one.address,
                one.plane,
                one.device,
                one.datagrams,
                one.records,
                one.lost_datagrams,
                one.lost_records,
                one.dropped,
            )
            for one in listed
        ]
        dropped = sum(count for name, count in outcomes.items() if name.endswith("_dropped"))
        if listed or dropped or stored or unstored:
            came = sum(one.datagrams for one in listed)
            seen.append(
                coverage.Seen(
                    hour,
                    "",
                    datagrams=came,
                    records=stored + unstored,
                    lost_datagrams=dropped,
                    unstored=unstored,
                )
            )
        coverage.add(self.desk.store, seen, self.session)
        self._told = (self._told[0] + stored, self._told[1] + unstored)

    def _list(self, one: Sealed) -> None:
        if self.outbox:
            self.outbox.put(one.path)
        parts.add(self.desk.store, [hot_part(self.folder, one, self.desk.clock())])

    def _keep_up(self) -> None:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._ending.wait(UPKEEP_SECONDS):
            try:
                if upkeep(self.desk, self.folder).made:
                    released()
            except Exception as error:  # noqa: BLE001 - the next turn tries again; the collector goes on
                logger.warning("flow archive: upkeep failed: %r", str(error))


def released() -> None:
    """Give back to the system what compaction took: it is a few hundred MiB, once a minute, of a process that runs for months."""
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
    with suppress(AttributeError, OSError):  # a C library other than glibc
        ctypes.CDLL(None).malloc_trim(0)


def hot_part(folder: Path, one: Sealed, at: datetime) -> Part:
    """A sealed segment as a part; upkeep gives it its hash."""
    return Part(
        kind="hot",
        path=str(one.path.relative_to(folder)),
        first=one.counts.first,
        last=one.counts.last,
        rows=one.counts.rows,
        size=one.size,
        sha256="",
        facts=parts.facts_of(one.counts),
        sealed=at,
    )


# ---- upkeep
class Upkeep(msgspec.Struct, frozen=True):
    """What one turn of upkeep did: files put together into so many, files that left, and files removed from the disk."""

    merged: int = 0
    made: int = 0
    dropped: int = 0
    early: int = 0
    removed: int = 0


def upkeep(desk: Desk, folder: Path, *, everything: bool = False) -> Upkeep:
    """
    Put files together, let go what is over its time, and remove what nobody needs; one process at a time.

    Args:
        everything: hot segments too whose hour is not over yet.
    """
    with desk.store.lock("archive", wait=everything) as held:
        if not held:
            return Upkeep()
        at = desk.clock()
        _hash(desk, folder)
        merged, made = _compact(desk, folder, at, everything=everything)
        dropped, early = _let_go(desk, at)
        return Upkeep(merged, made, dropped, early, _sweep(desk, folder, at))


def _hash(desk: Desk, folder: Path) -> None:
    """Give hot segments their hash: whoever collects does not stop for it."""
    bare = [one for one in parts.live(desk.store, ("hot",)) if not one.sha256]
    parts.hashed(desk.store, {one.id: digest(folder / one.path) for one in bare})


def _compact(desk: Desk, folder: Path, at: datetime, *, everything: bool) -> tuple[int, int]:
    merged = made = 0
    horizon = at + timedelta(hours=2) if everything else at
    for task in compact.plan(parts.live(desk.store, ("hot", "kept")), horizon):
        if len(task.parts) == 1 and task.parts[0].kind != "hot":
            continue
        new = compact.compacted(folder, task, at)
        parts.replace(desk.store, [one.id for one in task.parts], new, at)
        merged, made = merged + len(task.parts), made + len(new)
    for sums in rollup.plan(parts.live(desk.store, ("rollup",)), at):
        one = rollup.compacted(folder, sums, at)
        parts.replace(desk.store, [old.id for old in sums.parts], [one], at)
        merged, made = merged + len(sums.parts), made + 1
    return merged, made


def _let_go(desk: Desk, at: datetime) -> tuple[int, int]:
    """Flows over their time leave the archive; it is a decision, and the journal says so."""
    settings = desk.config.flows
    listed = parts.live(desk.store, ("hot", "kept", "rollup"))
    going = retention.plan(listed, at, settings.keep_days, int(settings.keep_gib * (1 << 30)))
    if not going:
        return 0, 0
    early = [one for one in going if one.early]
    with journal.act(desk.store, "netops", desk.clock) as act:
        parts.drop(act.connection, at, [one.part.id for one in going])
        flows = [one.part.last for one in going if one.part.kind != "rollup"]
        parts.let_go_before(act.connection, max(flows, default=-1) + 1)
        act.record(
            "flow archive drop",
            f"{len(going)} files",
            why="; ".join(sorted({one.why for one in going})),
            before={
                "flows": sum(one.part.rows for one in going if one.part.kind != "rollup"),
                "first": _moment(min(one.part.first for one in going)),
                "last": _moment(max(one.part.last for one in going)),
                "younger_than_six_months": sum(one.part.rows for one in early),
            },
        )
    if early:
        logger.warning(
            "flow archive: flows younger than six months were let go: flows=%d",
            sum(one.part.rows for one in early),
        )
    return len(going), len(early)


def _moment(milliseconds: int) -> str:
    return rfc3339(moment(milliseconds))


def moment(milliseconds: int) -> datetime:
    """The time of a number of ms since 1970 UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _sweep(desk: Desk, folder: Path, at: datetime) -> int:
    """Remove files whose place others took a while ago, and those of compactions that never ended."""
    over = parts.gone(desk.store, at - parts.GRACE)
    for one in over:
        swept(folder, folder / one.path)
    if over:
        parts.forget(desk.store, [one.id for one in over])
    stray = list(left_over(folder, parts.every_path(desk.store)))
    for path in stray:
        if HOT not in path.relative_to(folder).parts:
            swept(folder, path)
    return len(over) + len(stray)


# ---- how it stands
class State(msgspec.Struct, frozen=True, kw_only=True):
    """
    How the archive stands.

    Args:
        kinds: files, rows, size, first and last of every kind and plane (`parts.sums`).
        kept_since: flows that were received before have been let go, ms UTC; 0 when none have.
        early: that happened to flows younger than six months.
        days_left: days of flows that still fit at the rate of the last week, or None when it is not known.
        sending: how sending to ClickHouse stands, or None where nothing is sent.
    """

    folder: str
    free_bytes: int
    keep_days: int
    kept_since: int
    early: bool
    unstored: int
    days_left: float | None
    kinds: list[dict[str, Any]]
    sending: Sending | None = None

    @property
    def exit_code(self) -> int:
        """1 when flows are missing that should be there."""
        return int(self.early or bool(self.unstored))


def state(desk: Desk) -> State:
    """
    How the archive stands now.

    Raises:
        NetopsError: none is kept.
    """
    folder, at = opened(desk), desk.clock()
    free = shutil.disk_usage(folder).free
    week = [
        one
        for one in parts.live(desk.store, ("hot", "kept"), int((at - WEEK).timestamp() * 1000))
        if one.size
    ]
    span = (
        (at - moment(min((one.first for one in week), default=0))).total_seconds() / 86_400 if week else 0.0
    )
    a_day = sum(one.size for one in week) / span if span else 0.0
    since = parts.snapshot(desk.store, None, None, ("hot",)).kept_since
    day_ago = coverage.seen(desk.store, at - timedelta(days=1), at)
    return State(
        folder=str(folder),
        free_bytes=free,
        keep_days=desk.config.flows.keep_days,
        kept_since=since,
        early=bool(since) and moment(since) > at - retention.SIX_MONTHS,
        unstored=sum(one.unstored for one in day_ago),
        days_left=free / a_day if a_day else None,
        kinds=parts.sums(desk.store),
        sending=sending(desk, Path(folder)),
    )


def due(desk: Desk) -> Upkeep:
    """What `upkeep` would do now with everything."""
    at, settings = desk.clock(), desk.config.flows
    listed = parts.live(desk.store, ("hot", "kept", "rollup"))
    merged = [
        one
        for task in compact.plan(listed, at + timedelta(hours=2))
        for one in task.parts
        if len(task.parts) > 1 or one.kind == "hot"
    ]
    going = retention.plan(listed, at, settings.keep_days, int(settings.keep_gib * (1 << 30)))
    return Upkeep(len(merged), 0, len(going), sum(one.early for one in going))


class Fault(msgspec.Struct, frozen=True):
    """A file that is not as it was written; *what* is a message id."""

    path: str
    what: str


def check(desk: Desk, progress: Progress = silent) -> list[Fault]:
    """Read every file of the archive and compare its hash; of one sealed just now, which has none, its rows by verdict."""
    folder = opened(desk)
    listed = parts.live(desk.store, ("hot", "kept", "rollup"))
    faults = []
    for number, one in enumerate(listed, 1):
        try:
            if not _is_whole(folder / one.path, one):
                faults.append(Fault(one.path, N_("its content was changed")))
        except FileNotFoundError:
            faults.append(Fault(one.path, N_("it is missing")))
        except OSError:
            faults.append(Fault(one.path, N_("it cannot be read")))
        progress(number, len(listed), one.path)
    return faults


def _is_whole(path: Path, one: Part) -> bool:
    if one.sha256:
        return digest(path) == one.sha256
    path.stat()
    try:
        counts = sealed(path).counts
    except ValueError:
        return False
    return (counts.rows, counts.first, counts.last, parts.facts_of(counts)) == (one.rows, one.first, one.last, one.facts)
