"""Statutory clocks (法定时限): which run for an incident, until when; a clock stops only by a recorded act."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.toml import Source, settled
from netops.incidents.incident import Deadline, Grade


class StatutoryClock(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of `law/clocks.toml`.

    Args:
        start: "known" (发现或获知) and "handled" (处置工作结束) run by themselves; anything else is told only.
        seconds, days, working_days: length; none of them means 及时, a duty without a number.
        grades: for which grades, () for all; *cii*: only critical infrastructure, only others, or None for both.
        report: "first", "supplement" or "final": the report that stops it, or "".
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
    grades: tuple[Grade, ...] = ()
    cii: bool | None = None
    report: str = ""
    effective_to: str = ""
    note: str = ""

    def applies(self, grade: Grade, cii: bool, start: datetime) -> bool:
        """Whether it runs for an incident of this grade whose clock starts at *start*."""
        day = start.astimezone(CITY_ZONE).date().isoformat()
        return (
            (not self.grades or grade in self.grades)
            and (self.cii is None or self.cii == cii)
            and self.effective_from <= day
            and (not self.effective_to or day <= self.effective_to)
        )

    def due(self, start: datetime) -> datetime | None:
        """
        When it runs out: seconds run on; days end with the last city day, the starting day not counted.

        Returns:
            None for a duty without a number.
        """
        if self.seconds:
            return start + timedelta(seconds=self.seconds)
        if not self.days:
            return None
        last = start.astimezone(CITY_ZONE).date() + timedelta(days=self.days + 1)
        return datetime(last.year, last.month, last.day, tzinfo=CITY_ZONE) - timedelta(seconds=1)


def deadlines(
    clocks: Iterable[StatutoryClock],
    *,
    grade: Grade,
    cii: bool,
    known: datetime,
    handled: datetime | None,
    standing: Iterable[Deadline] = (),
) -> tuple[Deadline, ...]:
    """
    The clocks of an incident as it stands now, first due first.

    Args:
        standing: its clocks so far: stopped ones are kept as they are, running ones are reckoned again.
    """
    kept = {one.kind: one for one in standing if one.stopped is not None}
    starts = {"known": known, "handled": handled}
    for clock in clocks:
        start = starts.get(clock.start)
        if clock.id in kept or start is None or not clock.applies(grade, cii, start):
            continue
        due = clock.due(start)
        if due is not None:
            kept[clock.id] = Deadline(
                clock.id,
                clock.title_zh,
                clock.title_en,
                start,
                due,
                clock.who,
                clock.to_whom,
                clock.source,
                clock.verified,
            )
    return tuple(sorted(kept.values(), key=lambda one: one.due))


def stopping(clocks: Iterable[StatutoryClock], report: str) -> tuple[str, ...]:
    """Ids of the clocks that a report of this kind ("first", "final") stops."""
    return tuple(clock.id for clock in clocks if clock.report == report and clock.start in ("known", "handled"))


def load(playbooks: Path) -> tuple[StatutoryClock, ...]:
    """
    Read `law/clocks.toml`.

    Raises:
        Faults: every fault at once.
    """
    faults: list[str] = []
    source = Source(playbooks / "law" / "clocks.toml", "law/clocks.toml", faults)
    source.unknown({"clocks"})
    read = source.entries("clocks", StatutoryClock)
    seen: set[str] = set()
    for index, clock in read:
        if clock.id in seen:
            source.fault(f"{clock.id} stands twice", "clocks", index, "id")
        seen.add(clock.id)
        if sum(map(bool, (clock.seconds, clock.days, clock.working_days))) > 1:
            source.fault("give only one of seconds, days, working_days", "clocks", index, "id")
    settled("the clocks were not read", faults, "mend the lines above; netops playbook check reads them again")
    return tuple(clock for _, clock in read)
