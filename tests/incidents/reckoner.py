"""
A slow reckoner of clocks, told in its own words and counting day by day, and a simulation that holds netops against it.

It shares nothing with `netops.incidents.clocks` but the published calendar, which it reads and spells out by itself.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from netops.core import journal
from netops.core.clock import still
from netops.core.errors import Refused
from netops.core.plane import Plane
from netops.core.store import Store
from netops.incidents import casebook, clocks, handling, merging, proceedings
from netops.incidents.incident import Grade, Grading, Incident, Stage

CITY = ZoneInfo("Asia/Shanghai")
IN_FORCE = date(2025, 11, 1)
Wanted = dict[str, tuple[datetime | None, datetime | None]]
"""Key of a clock to (due, stopped)."""


class Diary(msgspec.Struct):
    """What happened to one simulated incident, and what its clocks must be."""

    grade: str
    cii: bool
    detected: datetime
    known: datetime
    handled: datetime | None = None
    facts: list[tuple[int, datetime]] = []
    papers: list[tuple[int, datetime, str]] = []
    stopped: Wanted = {}


class Reckoner:
    """The law in words, for one city."""

    def __init__(self, playbooks: Path) -> None:
        read = tomllib.loads((playbooks / "law" / "holidays.toml").read_text("utf-8"))
        self.off, self.work = (
            {day for year in read["years"] for day in _spelled(year["year"], year[key])} for key in ("off", "work"))

    def due_after_working_days(self, start: datetime, count: int) -> datetime:
        """Day by day, beginning with the day after."""
        day = start.astimezone(CITY).date()
        while count:
            day = date.fromordinal(day.toordinal() + 1)
            weekend = day.isoweekday() in (6, 7)
            if day in self.work or (not weekend and day not in self.off):
                count -= 1
        return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=CITY)

    def wanted(self, one: Diary) -> Wanted:
        """Every clock that must be there now."""
        grave = one.grade != "IV"
        found: Wanted = {}
        if grave and one.known.astimezone(CITY).date() >= IN_FORCE:
            hours = 1 if one.cii else 4
            found["C-1H-CII" if one.cii else "C-4H"] = (one.known + timedelta(minutes=60 * hours), None)
        if grave and one.handled and one.handled.astimezone(CITY).date() >= IN_FORCE:
            day = one.handled.astimezone(CITY).date()
            for _ in range(30):
                day = date.fromordinal(day.toordinal() + 1)
            found["C-30D"] = (datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=CITY), None)
        found["L-NOTICE"] = (self.due_after_working_days(one.detected, 3), None)
        for seq, at in one.facts:
            if grave and at.astimezone(CITY).date() >= IN_FORCE:
                found[f"C-SUPP/{seq}"] = (None, None)
            if grave:
                found[f"L-SUPP/{seq}"] = (at + timedelta(hours=24), None)
        for seq, _at, last in one.papers:
            end = date.fromisoformat(last)
            found[f"L-REPLY/{seq}"] = (datetime(end.year, end.month, end.day, 23, 59, 59, tzinfo=CITY), None)
        return found | one.stopped

    def stop(self, one: Diary, at: datetime, *names: str) -> None:
        """An act done at *at* stops those of these clocks that run and had started."""
        started = {"C-4H": one.known, "C-1H-CII": one.known, "C-30D": one.handled, "L-NOTICE": one.detected}
        started |= {f"{name}/{seq}": when for seq, when in one.facts for name in ("C-SUPP", "L-SUPP")}
        started |= {f"L-REPLY/{seq}": when for seq, when, _last in one.papers}
        for key, (due, stopped) in self.wanted(one).items():
            begun = started[key]
            if key.split("/")[0] in names and stopped is None and begun is not None and begun <= at:
                one.stopped = {**one.stopped, key: (due, at)}


def _spelled(year: int, texts: list[str]) -> Iterator[date]:
    for text in texts:
        ends = [date(year, *map(int, part.split("-"))) for part in text.split("..")]
        yield from (date.fromordinal(day) for day in range(ends[0].toordinal(), ends[-1].toordinal() + 1))


def graded(grade: str) -> Grading:
    return Grading(Grade(grade), "rule", "因为", "because", verified=False, source="here")


def simulate(store: Store, playbooks: Path, count: int, seed: int = 7) -> tuple[int, int, list[str]]:
    """
    So many incidents with regrades, CII flags, merges, reports, facts, papers and corrected times, from 2005 to 2027.

    Returns:
        How many clocks were compared, how many acts were done, and each wrong one in words.
    """
    chance, reckoner, law = random.Random(seed), Reckoner(playbooks), clocks.load(playbooks)
    wrong: list[str] = []
    compared = acts = 0
    previous: tuple[str, Diary] | None = None
    for _ in range(count):
        first = date(2025, 10, 1) if chance.random() < 0.7 else date(2005, 1, 1)
        start = datetime.combine(first, datetime.min.time(), CITY) + timedelta(
            minutes=chance.randrange((date(2027, 3, 1) - first).days * 1440))
        one = Diary(chance.choice(("I", "II", "III", "III", "IV")), chance.random() < 0.3, start, start)
        number = _opened(store, law, one)
        now = start
        for _turn in range(chance.randrange(2, 8)):
            now += timedelta(minutes=chance.choice((7, 45, 59, 61, 200, 241, 1500, 9000)))
            acts += 1
            _turned(store, law, reckoner, chance, number, one, now)
        if previous and chance.random() < 0.3:
            wrong += _merged(store, law, reckoner, chance, (number, one), previous, now)
            acts += 2
        kept = {clock.key: (clock.due, clock.stopped) for clock in casebook.one(store, number).deadlines}
        wanted = reckoner.wanted(one)
        compared += len(wanted)
        wrong += [f"{number} {key}: {kept.get(key)} and not {wanted.get(key)}"
                  for key in sorted(kept.keys() | wanted.keys()) if kept.get(key) != wanted.get(key)]
        previous = (number, one)
    return compared, acts, wrong


def _opened(store: Store, law: clocks.Law, one: Diary) -> str:
    incident = Incident(
        number="", plane=Plane.EXTRANET, organization="health", cause="x", cause_zh="x", cause_en="x", category="6.7",
        category_zh="x", grading=graded(one.grade), state=Stage.DETECTED, occurred=one.known, detected=one.detected,
        known=one.known, cii=one.cii)
    with journal.act(store, "simulation", still(one.detected.astimezone(UTC))) as act:
        return casebook.open_(act, incident, law, "simulated")


def _turned(
    store: Store, law: clocks.Law, reckoner: Reckoner, chance: random.Random, number: str, one: Diary, now: datetime
) -> None:
    """One thing happens to an incident, to netops and to the reckoner alike."""
    what = chance.choice(("grade", "cii", "known", "handled", "first", "final", "supplement", "facts", "issue", "reply"))
    with journal.act(store, "simulation", still(now.astimezone(UTC))) as act:
        match what:
            case "grade" | "cii":
                one.grade = chance.choice(("I", "II", "III", "IV")) if what == "grade" else one.grade
                one.cii = not one.cii if what == "cii" else one.cii
                handling.regrade(act, number, law, graded(one.grade), "改", cii=one.cii, metrics={})
            case "known":
                one.known = one.known + timedelta(minutes=chance.choice((-300, -30, 10)))
                handling.times(act, number, law, "更正", known=one.known)
            case "handled":
                one.handled = now
                handling.times(act, number, law, "处置结束", handled=now)
            case "first" | "final" | "supplement":
                names = {"first": ("C-4H", "C-1H-CII"), "final": ("C-30D", "C-SUPP", "L-SUPP"),
                         "supplement": ("C-SUPP", "L-SUPP")}
                at = now - timedelta(minutes=chance.choice((0, 0, 50)))
                reckoner.stop(one, at, *names[what])
                handling.record(act, number, law, what, at, document_no="1号", channel="12387")
            case "facts":
                event = handling.record(act, number, law, "new_facts", now, "新情况")
                one.facts = [*one.facts, (event.seq, now)]
            case "issue":
                last = law.calendar.after(now.astimezone(CITY).date(), 10).last
                assert last == reckoner.due_after_working_days(now, 10).date()
                reckoner.stop(one, now, "L-NOTICE")
                event = handling.record(act, number, law, "issued", now, "通报", document_no="2号", reply_by=last.isoformat())
                one.papers = [*one.papers, (event.seq, now, last.isoformat())]
            case "reply":
                reckoner.stop(one, now, "L-REPLY")
                handling.record(act, number, law, "reply", now, "已整改", receipt="赵某")


def _merged(
    store: Store, law: clocks.Law, reckoner: Reckoner, chance: random.Random, one: tuple[str, Diary], other: tuple[str, Diary],
    now: datetime,
) -> list[str]:
    """Merge one under the other where no clock of law is lost, and take it out again; both stand as they stood."""
    before = [casebook.one(store, name) for name in (one[0], other[0])]
    mine, theirs = reckoner.wanted(one[1]), reckoner.wanted(other[1])
    law_of = {key: value for key, value in mine.items() if key.startswith("C-") and value[0] and value[1] is None}
    covered = all(
        any(name.split("/")[0] == key.split("/")[0] and due and mine[key][0] and due <= mine[key][0]  # type: ignore[operator]
            and (stopped is None or stopped >= _start(one[1], key)) for name, (due, stopped) in theirs.items())
        for key in law_of)
    try:
        with journal.act(store, "simulation", still(now.astimezone(UTC))) as act:
            merging.merge(act, one[0], other[0], "同一条线路")
        done = True
    except Refused:
        done = False
    wrong = [] if done == covered else [f"{one[0]} into {other[0]}: merged {done}, covered {covered}"]
    if done:
        with journal.act(store, "simulation", still(now.astimezone(UTC))) as act:
            merging.unmerge(act, one[0], "两起")
        wrong += [f"{name} differs after unmerge" for name, was in zip((one[0], other[0]), before, strict=True)
                  if casebook.one(store, name) != was]
    return wrong


def _start(one: Diary, key: str) -> datetime:
    if key == "C-30D":
        return one.handled or datetime.max.replace(tzinfo=UTC)
    if "/" in key:
        return next(at for seq, at in one.facts if key.endswith(f"/{seq}"))
    return one.known


def numbers(store: Store) -> int:
    """How many events the simulation left."""
    return sum(map(len, proceedings.of_kinds(store, ("first", "final", "supplement", "new_facts", "issued", "reply")).values()))
