"""The diary of rounds: when each ran, how long, how it ended; and running one so that it is written down."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, String, Table, Text, func, select

from netops.core import ids
from netops.core.clock import now
from netops.core.errors import Missing, NetopsError
from netops.core.language import N_
from netops.core.store import Instant, Json, Store, metadata
from netops.desk import Desk
from netops.rounds import Progress, Report, silent

ROUNDS = {
    N_("walk"): "netops.rounds.walk",
    N_("sweep"): "netops.rounds.sweep",
    N_("reconcile"): "netops.rounds.reconcile",
    N_("egress"): "netops.rounds.egress",
    N_("attacks"): "netops.rounds.attacks",
    N_("usage"): "netops.rounds.usage",
    N_("probe"): "netops.rounds.probe",
    N_("witnesses"): "netops.rounds.witnesses",
    N_("sites"): "netops.rounds.sites",
    N_("registers"): "netops.rounds.register_check",
    N_("triage"): "netops.rounds.triage",
    N_("notify"): "netops.rounds.notify",
    N_("leavers"): "netops.rounds.leavers",
    N_("inspect"): "netops.rounds.inspect",
    N_("backup"): "netops.rounds.backup",
}
"""Name to module, in the order in which `round run --all` runs them."""

runs = Table(
    "runs",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("round", String(16), nullable=False, index=True),
    Column("pid", Integer, nullable=False),
    Column("started", Instant, nullable=False),
    Column("ended", Instant),
    Column("outcome", String(12), nullable=False),
    Column("facts", Json, nullable=False),
    Column("error", Text, nullable=False),
)


class Run(msgspec.Struct, frozen=True):
    """
    One run of a round.

    Args:
        outcome: running, done, partial (part was unseen), failed, interrupted, overran, missed.
    """

    id: int
    round: str
    started: datetime
    ended: datetime | None
    outcome: str
    facts: dict[str, Any]
    error: str

    @property
    def seconds(self) -> float | None:
        """How long it took, in seconds."""
        return (self.ended - self.started).total_seconds() if self.ended else None


def run(desk: Desk, name: str, progress: Progress = silent, **options: Any) -> Report:
    """
    Run a round and write down how it went; the same round never runs twice at once on one store.

    Raises:
        Missing: there is no such round.
        NetopsError: the round failed; the diary has it too.
    """
    if name not in ROUNDS:
        raise Missing(
            "there is no round {name}",
            "known are: {known}",
            "netops round list",
            name=name,
            known=", ".join(ROUNDS),
        )
    work: Callable[..., Report] = import_module(ROUNDS[name]).run
    with desk.store.lock(f"run-{name}"):
        number = begin(desk.store, name)
        try:
            report = work(desk, progress, **options)
        except BaseException as error:
            failed = isinstance(error, Exception)
            end(desk.store, number, "failed" if failed else "interrupted", {}, _told(error) if failed else "")
            raise
        end(
            desk.store,
            number,
            "partial" if report.unseen else "done",
            {
                **report.facts,
                N_("opened"): len(report.opened),
                N_("resolved"): len(report.resolved),
                N_("unseen"): len(report.unseen),
            },
            "",
        )
    return report


def _told(error: BaseException) -> str:
    return error.english() if isinstance(error, NetopsError) else f"{type(error).__name__}: {error}"


def begin(store: Store, name: str) -> int:
    """A run starts; what an earlier process left unfinished is closed as interrupted."""
    with store.write() as connection:
        connection.execute(
            runs.update()
            .where(runs.c.round == name, runs.c.outcome == "running")
            .values(outcome="interrupted", ended=now())
        )
        number = ids.take(connection, "run")
        connection.execute(
            runs.insert().values(
                id=number,
                round=name,
                pid=os.getpid(),
                started=now(),
                ended=None,
                outcome="running",
                facts={},
                error="",
            )
        )
    return number


def end(store: Store, number: int, outcome: str, facts: dict[str, Any], error: str) -> None:
    """A run ended."""
    with store.write() as connection:
        connection.execute(
            runs.update()
            .where(runs.c.id == number)
            .values(ended=now(), outcome=outcome, facts=facts, error=error)
        )


def interrupt(store: Store) -> None:
    """Runs of this process that are under way are left behind: it ends."""
    mine = (runs.c.pid == os.getpid()) & (runs.c.outcome == "running")
    with store.write() as connection:
        connection.execute(runs.update().where(mine).values(outcome="interrupted", ended=now()))


def note(store: Store, name: str, outcome: str) -> None:
    """A run that did not take place: "missed" or "overran"."""
    with store.write() as connection:
        connection.execute(
            runs.insert().values(
                id=ids.take(connection, "run"),
                round=name,
                pid=os.getpid(),
                started=now(),
                ended=now(),
                outcome=outcome,
                facts={},
                error="",
            )
        )


def newest(store: Store, limit: int = 20, name: str = "") -> list[Run]:
    """The newest runs, newest first."""
    query = select(runs).order_by(runs.c.id.desc()).limit(limit)
    if name:
        query = query.where(runs.c.round == name)
    with store.read() as connection:
        return [_run(row) for row in connection.execute(query)]


def last(store: Store) -> dict[str, Run]:
    """The newest run of each round."""
    latest = select(func.max(runs.c.id)).group_by(runs.c.round)
    with store.read() as connection:
        return {row.round: _run(row) for row in connection.execute(select(runs).where(runs.c.id.in_(latest)))}


def last_success(store: Store) -> dict[str, Run]:
    """The newest run of each round that did its work, partly or whole."""
    latest = select(func.max(runs.c.id)).where(runs.c.outcome.in_(("done", "partial"))).group_by(runs.c.round)
    with store.read() as connection:
        return {row.round: _run(row) for row in connection.execute(select(runs).where(runs.c.id.in_(latest)))}


def outcomes(store: Store) -> dict[tuple[str, str], int]:
    """Number of runs by (round, outcome)."""
    with store.read() as connection:
        rows = connection.execute(
            select(runs.c.round, runs.c.outcome, func.count()).group_by(runs.c.round, runs.c.outcome)
        )
        return {(name, outcome): count for name, outcome, count in rows}


def _run(row: Any) -> Run:
    return Run(row.id, row.round, row.started, row.ended, row.outcome, row.facts, row.error)
