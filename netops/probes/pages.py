"""Columns read page by page: what an agent bears is found out on the way."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from netops.core.language import N_
from netops.core.walk import Column, Note
from netops.probes import mib
from netops.probes.bounds import Settings
from netops.probes.greeting import Session
from netops.probes.habits import COLUMNS, MAX_AVOIDED, VARIABLES, Habit
from netops.probes.question import Cursor
from netops.probes.session import AuthenticationFault, EngineFault, TooBig

MAX_NOTES = 20
ANSWER_OCTETS = 1400
"""What an answer should hold: it then fits one frame, and no firewall has fragments to drop."""
USUAL_OCTETS = 22
"""Of one variable, before any was seen."""
LEAST_ROWS = 2
"""Asked of a column at first, so that an object without rows (a scalar) ends within the same answer."""


class Ended(Exception):
    """Nothing more is to be read from this device."""


@lru_cache(maxsize=1024)
def _place(column: str) -> tuple[int, ...]:
    return tuple(map(int, column.split(".")))


class Part:
    """A column on its way: its name, the group that it belongs to, how far it was read."""

    __slots__ = ("cursor", "group", "name", "table")

    def __init__(self, group: mib.Group, name: str) -> None:
        self.group, self.name = group, name
        self.cursor = Cursor(group.objects[name])
        self.table = group.objects[name].rpartition(".")[0]


class Pages:
    """
    The reading of one device.

    Args:
        known: what it bore before; what it bears now is `habit`.
    """

    def __init__(self, session: Session, settings: Settings, known: Habit) -> None:
        self.session, self.settings, self._known = session, settings, known
        self.notes: list[Note] = []
        self.rows = self.octets = 0
        self.variables = min(known.variables, VARIABLES)
        self.width = min(known.columns, COLUMNS)
        self.retries = settings.retries
        self.failed: list[str] = []
        """Groups that the device could not answer, in whole or in part."""
        self.silent: set[str] = set()
        """Tables, by the OID of their entry, about which it does not answer; waiting for each column would take long."""
        self.shrank = False
        self._fit = ANSWER_OCTETS // USUAL_OCTETS

    def note(self, text: str, **facts: str) -> None:
        """Something that kept the walk from being whole."""
        note = Note(text, facts)
        if note not in self.notes and len(self.notes) < MAX_NOTES:
            self.notes.append(note)

    def habit(self) -> Habit:
        """What the device bore."""
        avoid = tuple(dict.fromkeys(self.failed))[:MAX_AVOIDED]
        good = 0 if self.shrank else self._known.good
        habit = Habit(
            self.session.credential.name, self.session.engine.name, self.variables, self.width, good, avoid
        )
        return habit if self.shrank else habit.grown()

    # ---- columns
    async def read(
        self, parts: Iterable[Part], columns: dict[str, Column], rows: int = 0, mark: str = ""
    ) -> None:
        """
        Read columns to their ends, as many side by side as the agent bears; or *rows* of each.

        Args:
            columns: where those that have rows are put, by name.
            mark: behind the names of columns that belong to one VLAN: "@100".
        """
        # In the order of the tree: an answer for the wrong column is then told from the end of the right one.
        parts = sorted(parts, key=lambda one: _place(one.cursor.column))
        try:
            while left := [one for one in parts if self._wants(one, rows)]:
                await self._page(left[: self.width], rows)
        finally:
            for part in parts:
                if part.cursor.rows:
                    columns[part.name + mark] = part.cursor.rows
                if part.cursor.stuck:
                    self.note(N_("{oid} was left: its rows do not increase"), oid=part.cursor.column)
                    part.cursor.stuck = False
                if part.cursor.garbled:
                    self.note(
                        N_("{count} values of {oid} cannot be read"),
                        count=str(part.cursor.garbled),
                        oid=part.cursor.column,
                    )
                    part.cursor.garbled = 0

    async def _page(self, parts: list[Part], rows: int) -> None:
        """
        The next rows of *parts*. What the agent cannot answer is asked for in smaller questions, at last one by one.

        A single column that fails for one row is left, and the rest of its table with it.
        """
        timeouts, before = 0, (self.variables, self.shrank)
        while True:
            repetitions = self._repetitions(parts, rows)
            try:
                await self._ask(parts, repetitions)
                return
            except TimeoutError:
                timeouts += 1
                self._shrink(len(parts) * repetitions)
                if timeouts <= self.retries:
                    continue
                if not await self._still_there():
                    self.note(N_("it stopped answering while {table} was read"), table=parts[0].group.name)
                    raise Ended from None
                fault: Exception | None = None
            except (EngineFault, AuthenticationFault) as error:
                fault = error
                if repetitions > 1:
                    self._shrink(len(parts) * repetitions)
                    continue
            failed = len(self.failed)
            if len(parts) == 1:
                await self._last_resort(parts[0], fault)
            else:
                await self._one_by_one(parts, rows)
            if len(self.failed) > failed:  # the table was to blame, not the size of the question
                self.variables, self.shrank = before
            elif len(parts) > 1:
                self.shrank, self.width = True, max(min(self.width, len(parts)) // 2, 1)
            return

    async def _one_by_one(self, parts: list[Part], rows: int) -> None:
        """Each column in questions of its own; of a table that is silent, the rest is left."""
        for part in parts:
            while self._wants(part, rows):
                await self._page([part], rows)

    def _wants(self, part: Part, rows: int) -> bool:
        """Whether a column has more to say, or the *rows* asked for are not there; nothing of a silent table."""
        if part.cursor.ended or part.table in self.silent:
            return False
        return not 0 < rows <= len(part.cursor.rows)

    async def _last_resort(self, part: Part, fault: Exception | None) -> None:
        """The other engine for one column; where that fails too, the column is left."""
        other = None
        if isinstance(fault, EngineFault) and not isinstance(fault, TooBig):
            other = self.session.other()
        if other is not None:
            try:
                await other.open()
                while not part.cursor.ended and len(part.cursor.rows) < self.settings.column_rows:
                    if not await other.bulk([part.cursor], max(self.variables, 1)):
                        raise EngineFault("an empty answer")
                part.cursor.ended = True
                return
            except (TimeoutError, EngineFault, AuthenticationFault):
                pass
            finally:
                other.close()
        part.cursor.ended = True
        if isinstance(fault, TooBig) and str(fault) == "noSuchName":  # how SNMPv1 ends a table
            return
        self.failed.append(part.group.name)
        if fault is None:
            self.silent.add(part.table)
            self.note(N_("{table} was not read: no answer"), table=part.group.name)
        else:
            self.note(N_("{table} was not read: {why}"), table=part.group.name, why=str(fault))

    # ---- one question
    def _repetitions(self, parts: list[Part], rows: int) -> int:
        """How many rows to ask for: what the agent bears, what fits one frame, what is still wanted."""
        if rows:
            return 1
        several = min(self.variables, self._fit) // len(parts)
        first = any(not part.cursor.rows for part in parts)
        return max(min(several, self.settings.repetitions), LEAST_ROWS if first and not self.shrank else 1)

    async def _ask(self, parts: list[Part], repetitions: int) -> None:
        before = self.session.engine.octets
        cursors = [part.cursor for part in parts]
        count = await self.session.engine.bulk(cursors, repetitions)
        if not count:
            raise EngineFault("an empty answer")
        octets = self.session.engine.octets - before
        self.rows += count
        self.octets += octets
        self._fit = max(ANSWER_OCTETS * count // max(octets, 1), 1)
        whole = count >= len(parts) * repetitions or any(one.ended for one in cursors)
        if not whole and octets < ANSWER_OCTETS // 2:  # fewer than asked, and not for want of room
            self.shrank = True
            if count < len(parts):
                self.width = count
            else:
                self.variables = count
        self._bound(parts)

    def _bound(self, parts: list[Part]) -> None:
        for part in parts:
            if len(part.cursor.rows) >= self.settings.column_rows and not part.cursor.ended:
                part.cursor.ended = True
                self.note(
                    N_("{oid} was left after {rows} rows"),
                    oid=part.cursor.column,
                    rows=str(len(part.cursor.rows)),
                )
        if self.rows > self.settings.max_rows or self.octets > self.settings.max_bytes:
            self.note(
                N_("the walk was ended at {rows} rows, in {oid}"),
                rows=str(self.rows),
                oid=parts[0].cursor.column,
            )
            raise Ended

    def _shrink(self, asked: int) -> None:
        self.shrank, self.variables = True, max(min(self.variables, asked) // 2, 1)

    async def _still_there(self) -> bool:
        for _ in range(self.settings.retries + 1):
            try:
                await self.session.engine.get(mib.SYS_UPTIME)
            except TimeoutError:
                continue
            except (EngineFault, AuthenticationFault):
                return True
            return True
        return False
