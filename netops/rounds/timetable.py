"""The timetable: which round runs when, in exactly one process on a store."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from typing import Any

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, EVENT_JOB_MISSED
from apscheduler.executors.pool import ThreadPoolExecutor
from apscheduler.schedulers.background import BackgroundScheduler

from netops.core.clock import now
from netops.desk import Desk
from netops.rounds import diary
from netops.settings import seconds

logger = logging.getLogger("netops.rounds")
STAGGER_SECONDS = 2
"""The first runs start one after another, so that a reconcile finds a walk to work on."""
PATIENCE_SECONDS = 5.0
"""How long the end waits for rounds that run: a walk of silent devices, or a probe with its budget, would take minutes."""


class _Runs:
    """Runs of rounds that are under way, and whether more may begin."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._names, self._is_over = desk, set[str](), False
        self._changed = threading.Condition()

    def run(self, name: str) -> None:
        """One run; whatever goes wrong is in the diary and never stops the others."""
        with self._changed:
            if self._is_over:
                return
            self._names.add(name)
        try:
            diary.run(self._desk, name)
        except Exception as error:  # noqa: BLE001 - a round that fails must not end the timetable
            if not self._is_over:
                logger.warning("round=%s outcome=failed error=%r", name, str(error))
        finally:
            with self._changed:
                self._names.discard(name)
                self._changed.notify_all()

    def end(self) -> None:
        """
        None begins any more, and those under way have ended, or are written down as interrupted and left behind.

        What a round decides is whole in the store or not there: whoever ends the process loses nothing half done.
        """
        with self._changed:
            self._is_over = True
            self._changed.wait_for(lambda: not self._names, PATIENCE_SECONDS)
            left = sorted(self._names)
        if left:
            logger.warning("rounds=%s outcome=interrupted", ",".join(left))
            diary.interrupt(self._desk.store)


@contextmanager
def running(desk: Desk, only: tuple[str, ...] = tuple(diary.ROUNDS)) -> Iterator[dict[str, Any]]:
    """
    The timetable runs inside; nothing runs when another process on this store has it already.

    Yields:
        Name to next run time of each round on the timetable; empty when another process has it.
    """
    with ExitStack() as stack:
        if not stack.enter_context(desk.store.lock("timetable", wait=False)):
            yield {}
            return
        scheduler = BackgroundScheduler(
            timezone="UTC",
            executors={"default": ThreadPoolExecutor(4)},
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60},
        )
        rounds = _Runs(desk)
        places = {name: place for place, name in enumerate(diary.ROUNDS)}
        for name in only:
            period = seconds(getattr(desk.config.timetable, name))
            if period:
                scheduler.add_job(
                    rounds.run,
                    "interval",
                    (name,),
                    id=name,
                    seconds=period,
                    next_run_time=now() + timedelta(seconds=STAGGER_SECONDS * places[name]),
                )
        scheduler.add_listener(lambda event: _note(desk, event.job_id, "missed"), EVENT_JOB_MISSED)
        scheduler.add_listener(lambda event: _note(desk, event.job_id, "overran"), EVENT_JOB_MAX_INSTANCES)
        logging.getLogger("apscheduler").setLevel(logging.ERROR)
        scheduler.start()
        try:
            yield {job.id: job.next_run_time for job in scheduler.get_jobs()}
        finally:
            scheduler.shutdown(wait=False)
            rounds.end()


def _note(desk: Desk, name: str, outcome: str) -> None:
    logger.warning("round=%s outcome=%s", name, outcome)
    diary.note(desk.store, name, outcome)
