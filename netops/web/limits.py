"""How often somebody may ask: a bucket for each, filled steadily (token bucket)."""

from __future__ import annotations

from collections.abc import Hashable
from time import monotonic

MOST_KEPT = 10_000


class Buckets:
    """
    Buckets by key, made when they are first asked for.

    Args:
        per_second: how fast each is filled.
        burst: how much it holds.
    """

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second, self.burst = per_second, burst
        self._kept: dict[Hashable, tuple[float, float]] = {}

    def wait(self, key: Hashable, cost: float = 1.0) -> float:
        """Take *cost*; 0.0, or the seconds after which it would be there, and then nothing was taken."""
        now = monotonic()
        level, at = self._kept.get(key, (self.burst, now))
        level = min(self.burst, level + (now - at) * self.per_second)
        if level < cost:
            self._kept[key] = (level, now)
            return (cost - level) / self.per_second
        if len(self._kept) >= MOST_KEPT and key not in self._kept:
            self._forget(now)
        self._kept[key] = (level - cost, now)
        return 0.0

    def is_empty(self, key: Hashable) -> float:
        """The seconds until one is there again, 0.0 when it is; nothing is taken."""
        level, at = self._kept.get(key, (self.burst, 0.0))
        level = min(self.burst, level + (monotonic() - at) * self.per_second)
        return max(0.0, (1.0 - level) / self.per_second)

    def _forget(self, now: float) -> None:
        """Those that are full again say nothing; if none is, the oldest half goes."""
        full = {
            key
            for key, (level, at) in self._kept.items()
            if level + (now - at) * self.per_second >= self.burst
        }
        oldest = sorted(self._kept, key=lambda key: self._kept[key][1])[: MOST_KEPT // 2]
        for key in full or oldest:
            del self._kept[key]
