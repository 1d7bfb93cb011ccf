"""Taking in other programs' flows (导入): a plan first, then the same columns and the same verdicts as the collector's."""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np

from netops.core import applied, journal
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import intake, logs, parts
from netops.egress.classify import Space
from netops.egress.flows import Batch
from netops.egress.judge import Judged, Observer, Scene, judge
from netops.egress.kept import Register
from netops.egress.logs import Bad
from netops.egress.rejudge import fingerprint, settled
from netops.egress.segment import RUNNING, SEALED, Sealed, Segment, running
from netops.egress.stored import layout_of, rows_of, written
from netops.egress.watch import by_verdict
from netops.rounds import Progress, silent
from netops.rounds.archive import hot_part, opened
from netops.rounds.outbox import outbox

FOLDER = "imported"
NAMED = 20
"""Bad lines that are shown; all are counted."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is to be taken in, and as whose.

    Args:
        exporter: name or address of the registered device that saw the flows, or "".
        plane: of a sensor that is no registered device.
        through: ifName of that device by which the internet is reached, or "".
        again: take it in although it was before.
    """

    path: Path
    kind: str = ""
    exporter: str = ""
    plane: str = ""
    through: str = ""
    zone: tzinfo = CITY_ZONE
    again: bool = False


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """
    What would come of it.

    Args:
        bad: lines of which no flow could be read; *named* the first of them.
        verdicts: flows by verdict.
        before: when the same file was taken in before, or None.
    """

    path: str
    kind: str
    sha256: str
    exporter: str
    flows: int
    bad: int
    named: tuple[tuple[int, str, str], ...]
    first: datetime | None
    last: datetime | None
    verdicts: dict[str, int]
    before: datetime | None


class _Stage(NamedTuple):
    scene: Scene
    exporter: str
    if_index: int


def planned(desk: Desk, asked: Asked, progress: Progress = silent) -> Plan:
    """
    Read the file and judge its flows, without keeping any.

    Raises:
        NetopsError: the file cannot be read, its format is not known, or it is not said whose flows they are.
    """
    kind = _kind(desk, asked)
    stage = _stage(desk, asked)
    bad: list[Bad] = []
    count, verdicts, first, last, bad_count = 0, Counter[str](), 0, 0, 0

    def note(one: Bad) -> None:
        nonlocal bad_count
        bad_count += 1
        if len(bad) < NAMED:
            bad.append(one)

    for judged in _judged(desk, asked, kind, stage, note):
        times = judged.batch["received"]
        first = min(first or int(times.min()), int(times.min()))
        last = max(last, int(times.max()))
        count += len(judged.batch)
        verdicts.update(by_verdict(judged))
        progress(count, 0, str(count))
    mark = digest(asked.path)
    known = parts.imported(desk.store, mark)
    return Plan(
        path=str(asked.path),
        kind=kind,
        sha256=mark,
        exporter=stage.exporter,
        flows=count,
        bad=bad_count,
        named=tuple((one.line, one.why, one.text) for one in bad),
        first=_moment(first),
        last=_moment(last),
        verdicts=dict(verdicts),
        before=known.at if known else None,
    )


def apply(desk: Desk, asked: Asked, plan: Plan, progress: Progress = silent) -> parts.Imported:
    """
    Keep what the plan shows, with an entry in the journal; all of it or nothing.

    Raises:
        Refused: the file is another one than was planned, or was taken in before.
    """
    if plan.before and not asked.again:
        raise Refused(
            "{path} was not taken in",
            "the same file was taken in on {day}",
            "--again takes it in once more, and its flows count twice",
            path=asked.path.name,
            day=plan.before.date().isoformat(),
        )
    folder = opened(desk)
    with desk.store.lock("flow-import"):
        place = folder / FOLDER
        place.mkdir(exist_ok=True)
        _tidy(desk, place)
        if digest(asked.path) != plan.sha256:
            raise Refused(
                "{path} was not taken in",
                "it was changed since the plan was made",
                "plan it again",
                path=asked.path.name,
            )
        stage = _stage(desk, asked)
        standing = applied.standing(desk.store).version
        number = parts.judgement(desk.store, standing, fingerprint(stage.scene), desk.clock()).number
        sealed = []
        count = 0
        for judged in _judged(desk, asked, plan.kind, stage, lambda _bad: None):
            sealed.append(_segment(place, judged, stage.scene, number))
            count += len(judged.batch)
            progress(count, plan.flows, str(count))
        name = asked.path.name[:255]
        one = parts.Imported(
            plan.sha256, name, plan.kind, stage.exporter, desk.clock(), desk.actor, count, plan.bad
        )
        with journal.act(desk.store, desk.actor, desk.clock) as act:
            parts.note_import(act.connection, one, [hot_part(folder, each, desk.clock()) for each in sealed])
            act.record(
                "egress import", name,
                after={"sha256": plan.sha256, "format": plan.kind, "exporter": stage.exporter, "flows": count, "bad": plan.bad},
            )  # fmt: skip
        if out := outbox(desk, folder):
            for each in sealed:
                out.put(each.path)
    return one


def _segment(place: Path, judged: Judged, scene: Scene, number: int) -> Sealed:
    register = Register()
    columns, told = written(rows_of(judged, scene, register, number))
    segment = Segment(running(place), register.names, layout_of(columns))
    try:
        segment.append(columns, told)
        return segment.seal()
    except BaseException:
        segment.abandon()
        segment.path.unlink(missing_ok=True)
        raise


def _tidy(desk: Desk, place: Path) -> None:
    """Remove what an import left that did not come to its end."""
    known = parts.every_path(desk.store)
    for path in place.iterdir():
        if path.suffix == RUNNING or (path.suffix == SEALED and f"{FOLDER}/{path.name}" not in known):
            path.unlink()


def _judged(
    desk: Desk, asked: Asked, kind: str, stage: _Stage, bad: Callable[[Bad], None]
) -> Iterator[Judged]:
    known = intake.sessions(desk.playbooks)
    latest = int((desk.clock() + timedelta(days=1)).timestamp() * 1000)
    try:
        with intake.opened(asked.path) as file:
            found = logs.read(file, kind, known, asked.zone)
            for batch in intake.batches(found, stage.exporter, latest, bad):
                yield settled(judge(_by_interface(batch, stage), stage.scene))
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise NetopsError("{path} was not read", "{why}", "", path=asked.path, why=why) from error


def _by_interface(batch: Batch, stage: _Stage) -> Batch:
    """Put the interface to the internet where a log tells none: at the end that is on the internet."""
    if not stage.if_index:
        return batch
    table = stage.scene.tables[stage.scene.observers[stage.exporter].plane]
    for end, name in (("src", "in_if"), ("dst", "out_if")):
        outside = table.spaces[table.owner(batch[f"{end}_hi"], batch[f"{end}_lo"])] == Space.INTERNET
        batch.columns[name] = np.where(outside & (batch[name] == 0), np.uint32(stage.if_index), batch[name])
    return batch


def _kind(desk: Desk, asked: Asked) -> str:
    known = intake.formats(desk.playbooks)
    try:
        with intake.opened(asked.path) as file:
            kind = asked.kind or intake.guessed(file.read(1 << 16), intake.sessions(desk.playbooks))
    except (OSError, EOFError, zlib.error) as error:
        why = getattr(error, "strerror", None) or error
        raise NetopsError("{path} was not read", "{why}", "", path=asked.path, why=why) from error
    if kind not in known:
        raise NetopsError(
            "{path} was not read",
            "its format is not known",
            "name it by --format: {known}",
            path=asked.path,
            known=", ".join(known),
        )
    return kind


def _stage(desk: Desk, asked: Asked) -> _Stage:
    """Whose eyes the flows were seen with."""
    from netops.rounds import scene

    today, _walked = scene.build(desk)
    device = next((one for one in desk.register.devices if asked.exporter in (one.name, one.address)), None)
    if device is not None:
        return _Stage(today, device.address, _interface(today, device.address, asked.through))
    if asked.exporter:
        raise Missing(
            "there is no device {name}", "", "the register's devices.toml names them", name=asked.exporter
        )
    if asked.plane not in desk.planes:
        raise NetopsError(
            "{path} was not read",
            "it is not said whose flows they are",
            "name the device that saw them by --exporter, or the plane of a sensor by --plane",
            path=asked.path,
        )
    name = f"sensor.{asked.plane}"
    observers = {**today.observers, name: Observer(name, name, Plane(asked.plane))}
    return _Stage(replace(today, observers=observers), name, 0)


def _interface(today: Scene, address: str, name: str) -> int:
    if not name:
        return 0
    observer = today.observers.get(address)
    found = next((port.if_index for port in observer.ports if port.name == name), 0) if observer else 0
    if not found:
        raise Missing(
            "{device} has no interface {name}",
            "",
            "netops topology show names them",
            device=address,
            name=name,
        )
    return found


def digest(path: Path) -> str:
    """
    SHA-256 of a file.

    Raises:
        NetopsError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise NetopsError(
            "{path} was not read", "{why}", "", path=path, why=error.strerror or error
        ) from error


def _moment(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None
