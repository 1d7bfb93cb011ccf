"""Ears (常驻旁听): mirror ports and logs of the configuration, listened to as long as netops serves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timedelta
from functools import partial
from types import TracebackType

from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress.settings import FollowedLog, Mirror
from netops.rounds import listening, mirror
from netops.rounds.following import Follower
from netops.rounds.telling import TELL_SECONDS


def named(place: str) -> str:
    """How evidence names a place."""
    return " ".join(part for part in place.split(":") if part)


logger = logging.getLogger("netops.egress")
STRETCH_SECONDS = 86_400.0
"""A mirror port is listened to in stretches of a day, each with its line in the journal;"""
AGAIN_SECONDS = 30.0
"""one that cannot be listened to is tried again so often."""
FADE = timedelta(hours=24)
"""What only listening tells of is over when a place that is heard without a break has not shown it for so long;"""
FADE_SECONDS = 600.0
"""looked at so often."""


class Ears:
    """
    Every `[[mirrors]]` and `[[logs]]` at work, each in a thread of its own. Use it as a context manager.

    Attributes:
        listening: names of what is heard; empty when nothing is configured, or another process hears for this store.
        faults: name to why it is not heard now.
    """

    def __init__(self, desk: Desk, hear: Callable[[tuple[str, ...]], None] | None = None) -> None:
        self.desk, self.hear = desk, hear
        self.listening: tuple[str, ...] = ()
        self.faults: dict[str, str] = {}
        self._since: dict[str, datetime] = {}
        """Since when each mirror port is heard without a break."""
        self._faded: dict[Plane, float] = {}
        self._lock = threading.Lock()
        self._stack = ExitStack()
        self._ending = threading.Event()
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Ears:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def start(self) -> None:
        """Begin, unless nothing is configured or another process hears for this store already."""
        config = self.desk.config
        mirrors = [one for one in config.mirrors if one.plane in self.desk.planes]
        logs = [one for one in config.logs if one.plane in self.desk.planes]
        if not (mirrors or logs) or not self._stack.enter_context(self.desk.store.lock("ears", wait=False)):
            self._stack.close()
            return
        works = [(one.place, partial(self._listen, one)) for one in mirrors]
        works += [(one.path, partial(self._follow, one)) for one in logs]
        self.listening = tuple(name for name, _ in works)
        for name, work in works:
            thread = threading.Thread(target=self._turns, args=(name, work), name=f"ear-{name}", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Write down what was heard last, and let go."""
        self._ending.set()
        for thread in self._threads:
            thread.join(30)
        self._threads, self.listening = [], ()
        self._stack.close()

    def _turns(self, name: str, work: Callable[[], None]) -> None:
        while not self._ending.is_set():
            try:
                work()
                self.faults.pop(name, None)
            except Exception as error:  # noqa: BLE001 - an interface that is gone may come back
                if self.faults.get(name) != str(error):
                    logger.warning("ear=%s outcome=failed error=%r", name, str(error))
                self.faults[name] = str(error)
                self._since.pop(name, None)
                self._ending.wait(AGAIN_SECONDS)

    def _listen(self, one: Mirror) -> None:
        """A stretch at a mirror port."""
        lost = 0

        def hear(turn: mirror.Turn) -> None:
            nonlocal lost
            if turn.dropped > lost:  # what was lost may have been it
                self._since[one.place], lost = self.desk.clock(), turn.dropped
            self._since.setdefault(one.place, self.desk.clock())
            self._tell(turn.opened)
            self._fade(one)

        mirror.run(self.desk, one.plane, one.interfaces, one.place, STRETCH_SECONDS, hear, is_over=self._ending.is_set)

    def _fade(self, one: Mirror) -> None:
        """Now and then: what was not heard for a day is over, where all of its places were heard all day."""
        with self._lock:
            if time.monotonic() - self._faded.get(one.plane, -FADE_SECONDS) < FADE_SECONDS:
                return
            self._faded[one.plane] = time.monotonic()
        since = self.desk.clock() - FADE
        places = {named(place) for place, began in list(self._since.items()) if began <= since}
        if places:
            listening.fade(self.desk, one.plane, places, since)

    def _follow(self, one: FollowedLog) -> None:
        """A log until the end."""
        follower = Follower(self.desk, one)
        try:
            while not self._ending.is_set():
                self._tell(follower.turn())
                self.faults.pop(one.path, None)
                self._ending.wait(TELL_SECONDS)
            self._tell(follower.turn())
        finally:
            follower.close()

    def _tell(self, opened: tuple[str, ...]) -> None:
        if opened and self.hear:
            self.hear(opened)
