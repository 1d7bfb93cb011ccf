"""A flow by an interface that the last walk did not know: its device is walked at once, not at the timetable's next turn."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable

from netops.desk import Desk
from netops.rounds import walk
from netops.rounds.traps import Schedule

logger = logging.getLogger("netops.egress")
AFTER_SECONDS, PAUSE_SECONDS = 1.0, 60.0


class Stepping:
    """Walks devices in a thread of its own: each soon after it was told, and not more than once a minute."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.schedule = Schedule(AFTER_SECONDS, PAUSE_SECONDS)
        self._told = threading.Condition()
        self._is_ending = False
        self._thread = threading.Thread(target=self._run, name="flow-walks", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a walk under way is finished."""
        with self._told:
            self._is_ending = True
            self._told.notify_all()
        self._thread.join(30)

    def tell(self, devices: Iterable[str]) -> None:
        """These have interfaces that no walk told of; those that nobody asks by SNMP are left."""
        asked = {entry.name for entry in self.desk.register.devices if entry.snmp}
        if named := asked.intersection(devices):
            with self._told:
                for device in named:
                    self.schedule.tell(device, time.monotonic())
                self._told.notify_all()

    def _run(self) -> None:
        while True:
            with self._told:
                self._told.wait(self.schedule.wait(time.monotonic(), 1.0) or 0.001)
                if self._is_ending:
                    return
                names = self.schedule.due(time.monotonic())
            try:
                if names:
                    walk.run(self.desk, targets=names)
            except Exception as error:  # noqa: BLE001 - the next one may succeed
                logger.warning("flows: walk of %s failed: %r", ", ".join(names), str(error))
