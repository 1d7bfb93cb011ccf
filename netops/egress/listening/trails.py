"""Trails (报文编号) of IP identifications: which connection goes on counting where another's packets ended; bounded."""

from __future__ import annotations

from collections import OrderedDict

NEAR = 8
"""The next packet of a counter comes within so many: the others went where nobody listened."""
MOST_LINES, MOST_CONNECTIONS = 128, 512


class Trail:
    """The packets of one address that began with one TTL, in the order in which they came."""

    __slots__ = ("begun", "ends", "of_connection")

    def __init__(self) -> None:
        self.begun = 0
        self.ends: OrderedDict[int, tuple[int, int]] = OrderedDict()
        """By line: its last identification, and the far end it went to; the latest line last."""
        self.of_connection: OrderedDict[tuple[int, int], int] = OrderedDict()

    def follow(self, end: int, sport: int, number: int, *, begins: bool) -> int:
        """
        Take one packet's identification, not 0.

        Args:
            end: a number for the far end; *begins*: it begins a connection.

        Returns:
            The line of its connection: the one after which it counts on, or a new one.
        """
        line = self.of_connection.get((end, sport), 0)
        if begins or not line:
            line = line or self._before(end, number)
            if not line:
                self.begun += 1
                line = self.begun
            self.of_connection[end, sport] = line
            if len(self.of_connection) > MOST_CONNECTIONS:
                self.of_connection.popitem(last=False)
        self.ends[line] = number, end
        self.ends.move_to_end(line)
        if len(self.ends) > MOST_LINES:
            self.ends.popitem(last=False)
        return line

    def _before(self, end: int, number: int) -> int:
        """The line that ends nearest below, one to the same far end first; 0 when none is near."""
        near = [
            (far != end, step, line)
            for line, (last, far) in self.ends.items()
            if 0 < (step := (number - last) & 0xFFFF) <= NEAR
        ]
        return min(near)[2] if near else 0
