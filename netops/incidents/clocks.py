"""Clocks (法定时限): which run for an incident, until when; a clock stops only by a recorded act. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from pathlib import Path

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.language import N_, Said, Text
from netops.core.toml import Source, settled, until_changed
from netops.incidents import calendar
from netops.incidents.calendar import Calendar
from netops.incidents.incident import Deadline, Event, Grade, Incident

MOMENTS = ("known", "detected", "handled")
"""Starts that are times of the incident itself; any other is a kind of event: new_facts, crime, issued…"""


class StatutoryClock(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of `law/clocks.toml`.

    Args:
        start: "known" (发现或获知), "detected" (立案) or "handled" (处置工作结束), which are times of the incident; else
            the kind of event that starts it each time. A row that nothing starts is for people to read.
        seconds, days, working_days: length; none of them means 及时, a duty without a number.
        paper: it ends with the day that the started paper itself names.
        grades: for which grades, () for all; *cii*: only critical infrastructure, only others, or None for both.
        stops: kinds of recorded acts that stop it, such as "first", "final", "reply".
        local: a term of the office, not of law: it is loud when overdue, and does not hold up closing.
    """

    id: str
    title_zh: str
    title_en: str
    start: str
    who: str
    to_whom: str
    effective_from: str
    source: str
    verified: bool
    seconds: int = 0
    days: int = 0
    working_days: int = 0
    paper: bool = False
    grades: tuple[Grade, ...] = ()
    cii: bool | None = None
    stops: tuple[str, ...] = ()
    local: bool = False
    effective_to: str = ""
    note: str = ""

    def applies(self, grade: Grade, cii: bool, start: datetime) -> bool:
        """Whether it runs for an incident of this grade whose clock starts at *start*."""
        day = start.astimezone(CITY_ZONE).date().isoformat()
        return (
            bool(self.stops)
            and (not self.grades or grade in self.grades)
            and (self.cii is None or self.cii == cii)
            and self.effective_from <= day
            and (not self.effective_to or day <= self.effective_to)
        )

    def due(self, start: datetime, working: Calendar, named: str = "") -> tuple[datetime | None, bool]:
        """
        When it runs out, and whether the calendar behind that is verified.

        Seconds run on; days and working days end with their last city day, the starting day not counted.

        Args:
            named: the last day as the paper that started it names it, ISO.

        Returns:
            None for a duty without a number.
        """
        if self.seconds:
            return start + timedelta(seconds=self.seconds), True
        day = start.astimezone(CITY_ZONE).date()
        if self.working_days:
            term = working.after(day, self.working_days)
            return _end_of(term.last), term.verified
        if self.days:
            return _end_of(day + timedelta(days=self.days)), True
        if self.paper and named:
            return _end_of(date.fromisoformat(named)), True
        return None, True


def _end_of(day: date) -> datetime:
    """The last second of a city day."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=CITY_ZONE)


class Law(msgspec.Struct, frozen=True):
    """Every clock, and the calendar that working days are counted by."""

    clocks: tuple[StatutoryClock, ...]
    calendar: Calendar

    def deadlines(self, incident: Incident, events: Iterable[Event] = ()) -> tuple[Deadline, ...]:
        """
        The clocks of an incident as it stands now, first due first, duties without a number last.

        One that was stopped stays as it was when that act was done; all others are reckoned from nothing.
        """
        kept = {one.key: one for one in incident.deadlines if one.stopped is not None}
        happened = list(events)
        times: Mapping[str, datetime | None] = {name: getattr(incident, name) for name in MOMENTS}
        for clock in self.clocks:
            moment = times.get(clock.start)
            starts = [("", moment, "")] if moment else [
                (str(one.seq), one.at, str(one.detail.get("reply_by", ""))) for one in happened if one.kind == clock.start
            ]
            for of, start, named in starts:
                one = self._deadline(clock, of, start, named)
                if one.key not in kept and clock.applies(incident.grade, incident.cii, start):
                    kept[one.key] = one
        return tuple(sorted(kept.values(), key=lambda one: (one.due is None, one.due or one.start, one.key)))

    def _deadline(self, clock: StatutoryClock, of: str, start: datetime, named: str) -> Deadline:
        due, known = clock.due(start, self.calendar, named)
        return Deadline(
            clock.id, clock.title_zh, clock.title_en, start, due, clock.who, clock.to_whom, clock.source,
            clock.verified and known, of=of, local=clock.local, since=clock.start,
        )  # fmt: skip

    def stopped_by(self, incident: Incident, what: str, at: datetime, of: str = "") -> tuple[str, ...]:
        """
        Keys of the running clocks that an act of this kind stops: those that had started by then.

        Args:
            of: number of the event whose clocks alone are meant, such as the paper that is answered; "" for all.
        """
        rows = {clock.id for clock in self.clocks if what in clock.stops}
        return tuple(
            one.key for one in incident.deadlines
            if one.stopped is None and one.kind in rows and one.start <= at and (not of or one.of in ("", of))
        )  # fmt: skip


@until_changed(lambda playbooks: [playbooks / "law" / "clocks.toml", playbooks / "law" / "holidays.toml"])
def load(playbooks: Path) -> Law:
    """
    Read `law/clocks.toml` and `law/holidays.toml`.

    Raises:
        Faults: every fault at once.
    """
    return Law(read(playbooks), calendar.load(playbooks))


def read(playbooks: Path) -> tuple[StatutoryClock, ...]:
    """
    The rows of `law/clocks.toml`.

    Raises:
        Faults: every fault at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "clocks.toml", "law/clocks.toml", faults)
    source.unknown({"clocks"})
    found = source.entries("clocks", StatutoryClock)
    seen: set[str] = set()
    for index, clock in found:
        if clock.id in seen:
            source.fault(Said("{name} stands twice", name=clock.id), "clocks", index, "id")
        seen.add(clock.id)
        if sum(map(bool, (clock.seconds, clock.days, clock.working_days, clock.paper))) > 1:
            source.fault(N_("give only one of seconds, days, working_days, paper"), "clocks", index, "id")
        if clock.local and clock.verified:
            source.fault(N_("a term of the office is not verified law: write verified = false"), "clocks", index, "verified")
    settled("the clocks were not read", faults, "mend the lines above; netops playbook check reads them again")
    return tuple(clock for _, clock in found)
