"""Rounds (巡检): each fetches, asks the rooms, and writes down; the only place where rooms meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from netops.core.observation import Unreachable

Progress = Callable[[int, int, str], None]
"""Told after each step: how many are done, of how many, and what was done last."""


def silent(_done: int, _total: int, _what: str) -> None:
    """Progress for nobody."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """
    What one round did.

    Args:
        opened, resolved: ids of findings.
        standing: ids of findings of this round's rules that stand now.
        unseen: what could not be seen; a half-seen network is never in order.
        facts: counts for the last line and for metrics, such as {"devices": 18}.
    """

    round: str
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    unseen: tuple[Unreachable, ...] = ()
    facts: dict[str, Any] = {}

    @property
    def exit_code(self) -> int:
        """3 when part of the network could not be seen, 1 when something is not in order, else 0."""
        return 3 if self.unseen else int(bool(self.standing))
