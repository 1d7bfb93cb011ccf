"""What a sense that goes on and on tells, and when: what is new at once, what goes on now and then."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec

from netops.egress.listening.observation import Observation

TELL_SECONDS = 10.0
"""What is new is told so often;"""
AGAIN = timedelta(minutes=5)
"""what goes on, so often;"""
ROTATE_SECONDS = 3600.0
"""and after so long a sense begins with an empty memory."""

Key = tuple[str, str, str, str]


class Teller:
    """Tells observations when they are new, and again now and then while they go on."""

    def __init__(self) -> None:
        self._told: dict[Key, tuple[datetime, int]] = {}

    def due(self, observations: Sequence[Observation], at: datetime) -> list[Observation]:
        """Those to be told now, each with what it counted since it was told last."""
        found = []
        for one in observations:
            key = (one.kind, one.what, one.ip, one.peer)
            before, count = self._told.get(key, (None, 0))
            if before is None or (at - before >= AGAIN and one.count != count):
                since = one.count - count if one.count > count else one.count
                found.append(msgspec.structs.replace(one, count=max(1, since)))
                self._told[key] = at, one.count
        return found
