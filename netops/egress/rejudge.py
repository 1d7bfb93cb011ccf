"""Judging again (重新判定): stored flows by today's register, each by the date that it was seen on. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace
from datetime import date

import msgspec
import numpy as np

from netops.egress.chunks import Chunk
from netops.egress.flows import Column
from netops.egress.judge import Judged, Scene, Verdict, judge
from netops.egress.kept import KEPT, Register, batch_of, columns_of
from netops.egress.match import JUDGED_BY
from netops.egress.shelf import city_day

DAY_MS = 86_400_000
CITY_MS = 8 * 3_600_000


def fingerprint(scene: Scene) -> str:
    """
    SHA-256 over what decides a verdict and lasts: owners of addresses, interfaces, exits. Equal ones judge alike.

    Where terminals were last seen and what day it is are not in it: they change by themselves.
    """
    hashed = hashlib.sha256()
    for plane, table in sorted(scene.tables.items()):
        hashed.update(plane.encode() + table.fingerprint())
    ports = sorted(
        (one.address, one.plane, sorted((port.if_index, int(port.facing), port.exit) for port in one.ports))
        for one in scene.observers.values()
    )
    hashed.update(
        msgspec.json.encode([ports, [msgspec.to_builtins(one) for one in scene.exits]], order="deterministic")
    )
    return hashed.hexdigest()


class Rejudge:
    """
    Brings chunks to today's judgement.

    Args:
        number: of today's judgement.
        same: numbers of judgements that are no other than today's.
    """

    def __init__(self, scene: Scene, number: int, same: Iterable[int] = ()) -> None:
        self.scene, self.number = scene, number
        self.same = frozenset(same) | {number}
        self.judged = 0
        """Flows that were judged again."""

    def __call__(self, chunk: Chunk) -> Chunk:
        """The chunk as today's register has it."""
        scenes = chunk.column("scene")
        if not len(scenes) or set(np.unique(scenes).tolist()) <= self.same:
            return chunk
        batch = batch_of({name: chunk.column(name) for name in KEPT}, chunk.names)
        register = Register()
        made: dict[str, Column] = {name: np.zeros(len(chunk), KEPT[name]) for name in JUDGED_BY}
        days = (batch["received"] + CITY_MS) // DAY_MS
        for day in np.unique(days).tolist():
            rows = np.flatnonzero(days == day)
            then = replace(self.scene, today=date.fromisoformat(city_day(day * DAY_MS - CITY_MS)))
            judged = settled(judge(batch.take(rows), then))
            columns = columns_of(judged, then, register, self.number)
            for name in JUDGED_BY:
                made[name][rows] = columns.get(name, 0)
        self.judged += len(chunk)
        names = register.names.copy()
        names.exporters = chunk.names.exporters
        return chunk.replaced(made, names)


def settled(judged: Judged) -> Judged:
    """What would wait for a walk if it came just now is not determined of an old flow."""
    verdict = judged.kinds.verdict
    verdict[verdict == Verdict.PENDING] = Verdict.UNDETERMINED
    return judged
