"""What an agent was found to bear: which credential and engine it answers, how much of it may be asked at once."""

from __future__ import annotations

import msgspec

from netops.core.plane import Plane

VARIABLES = 64
"""Asked at once of an agent that nobody knows: of a topology's columns, about what fills one frame."""
COLUMNS = 12
GOOD_WALKS = 12
MAX_AVOIDED = 16
Key = tuple[Plane, str]
"""Plane, and the address that the agent is known by."""


class Habit(msgspec.Struct, frozen=True):
    """
    One agent's habit.

    Args:
        credential: name of the one that it accepted last, or "".
        engine: the one that understood it.
        variables: the most that it answered at once; asking for more made it silent or angry.
        columns: the most columns that it answered side by side.
        good: walks without trouble since it was asked for less than others; after some of them more is tried.
        avoid: groups of `mib.GROUPS` that it could not answer; they are asked last, one column at a time, once.
    """

    credential: str = ""
    engine: str = ""
    variables: int = VARIABLES
    columns: int = COLUMNS
    good: int = 0
    avoid: tuple[str, ...] = ()

    def grown(self) -> Habit:
        """After another walk without trouble: what a lossy day left behind does not stay for ever."""
        if self.variables >= VARIABLES and self.columns >= COLUMNS:
            return msgspec.structs.replace(self, good=0)
        if self.good + 1 < GOOD_WALKS:
            return msgspec.structs.replace(self, good=self.good + 1)
        more, wider = min(self.variables * 2, VARIABLES), min(self.columns * 2, COLUMNS)
        return msgspec.structs.replace(self, variables=more, columns=wider, good=0)


Habits = dict[Key, Habit]
"""Of every agent that was walked; a walk reads them and writes them anew."""
