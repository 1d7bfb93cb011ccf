"""Questions to the flow archive (查询): what was asked, answered with its coverage and with the register it was judged by."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from netops.core import applied
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.desk import Desk
from netops.egress import ask, coverage, parts
from netops.egress.ask import Totals
from netops.egress.chunks import Chunk, of_part, of_segment, on_shelf
from netops.egress.columns import GROUPS, plain_table, record
from netops.egress.coverage import Coverage
from netops.egress.filter import parse
from netops.egress.keeper import HOT
from netops.egress.match import JUDGED_BY, Both, Condition, Named, View, received_in
from netops.egress.parts import Judgement, Snapshot
from netops.egress.rejudge import Rejudge, fingerprint
from netops.rounds.archive import folder_of

DAY = timedelta(days=1)
TRIES = 5
OURSELVES = "netops"
"""In the place of a device: what the collector itself did not hear or keep."""
OF_VERDICTS = frozenset({"verdict", "exit", "organization", "peer", "plane"})
"""Groups that another register would make otherwise."""
R = TypeVar("R")
T = TypeVar("T")


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """
    What is asked.

    Args:
        text: the filter.
        since, until: by time of receipt; None is a day ago, and now.
        by: names of `columns.GROUPS`; none lists the flows themselves.
        limit: so many groups or flows; 0 lists none and counts them.
        rejudge: True judges old flows by today's register whatever it takes, False never, None when they are not too many.
    """

    text: str = ""
    since: datetime | None = None
    until: datetime | None = None
    by: tuple[str, ...] = ()
    order: str = "bytes"
    limit: int = 20
    rejudge: bool | None = None


class JudgedBy(msgspec.Struct, frozen=True):
    """
    What the verdicts in an answer stand on.

    Args:
        register: version in force today.
        stored: flows in the files that were asked, by the version they were judged by when they came.
        rejudged: flows that were judged again by today's.
        outdated: flows judged by another register and left so.
    """

    register: int
    stored: dict[int, int]
    rejudged: int = 0
    outdated: int = 0


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """
    An answer, and all that it depends on.

    Args:
        items: `ask.Group` or records of flows.
        notes: message ids of what the reader should know, with their facts.
    """

    text: str
    since: datetime
    until: datetime
    totals: Totals
    items: list[Any]
    coverage: Coverage
    judged: JudgedBy
    unseen: tuple[Unreachable, ...]
    notes: tuple[tuple[str, dict[str, str]], ...] = ()


def answered(desk: Desk, question: Question) -> Answer:
    """
    Ask the archive.

    Raises:
        FilterError: the filter cannot be understood.
        NetopsError: a group is not known, or the archive cannot be read.
    """
    for name in question.by:
        if name not in GROUPS:
            raise NetopsError(
                "flows are not grouped by {name}",
                "known are: {known}",
                "",
                name=name,
                known=", ".join(GROUPS),
            )
    asked = Asked(desk, question)
    if question.by:
        grouping = ask.Grouping(question.by)
        totals, groups = asked.over(
            grouping.batch, lambda found: grouping.groups(found, question.order, question.limit)
        )
        return asked.answer(totals, list[Any](groups))
    if not question.limit:
        return asked.answer(asked.over(ask.counted, ask.together), [])
    totals, few = asked.over(
        lambda view: ask.first_of(view, question.limit), lambda found: ask.listed(found, question.limit)
    )
    return asked.answer(totals, [record(view, row) for view, row in few])


def exported(desk: Desk, question: Question, path: Path) -> Answer:
    """
    Every flow that is meant into a Parquet file.

    Raises:
        NetopsError: as `answered`, or the file cannot be written.
    """
    asked = Asked(desk, question)

    def write(found: Iterator[tuple[Totals, Any]]) -> Totals:
        try:
            return ask.written(found, path)
        except FileNotFoundError as error:
            if path.parent.is_dir():
                raise  # a file of the archive, not ours
            raise _unwritten(path, error) from error
        except OSError as error:
            raise _unwritten(path, error) from error

    return asked.answer(asked.over(lambda view: (ask.counted(view), plain_table(view)), write), [])


def _unwritten(path: Path, error: OSError) -> NetopsError:
    return NetopsError("{path} was not written", "{why}", "", path=path, why=error.strerror or error)


def tried(work: Callable[[], T]) -> T:
    """
    What *work* gives; done anew when a file goes away on the way, for another took its place.

    Raises:
        NetopsError: the archive cannot be read.
    """
    for attempt in range(TRIES):
        try:
            return work()
        except FileNotFoundError as error:
            if attempt == TRIES - 1:
                raise NetopsError(
                    "the flow archive was not read",
                    "{path} is not there",
                    "netops egress archive check says what is missing",
                    path=error.filename or error,
                ) from error
        except ValueError as error:
            raise NetopsError(
                "the flow archive was not read",
                "{reason}",
                "netops egress archive check says what is broken",
                reason=error,
            ) from error
    raise AssertionError  # the loop ends by return or raise


class Asked:
    """A question at one archive: its window, its condition, and whether old verdicts are judged again."""

    def __init__(self, desk: Desk, question: Question) -> None:
        self.desk, self.question = desk, question
        now = desk.at or desk.clock()
        self.until = min(question.until or now, now)
        self.since = question.since or self.until - DAY
        if self.since >= self.until:
            raise NetopsError(
                "nothing was asked",
                "the window from {since} to {until} has no length, or lies ahead",
                "give --from before --to",
                since=city_time(self.since),
                until=city_time(self.until),
            )
        devices = {one.name: one.address for one in desk.register.devices}
        filtered = parse(question.text, devices)
        self.condition: Condition = Both((received_in(_ms(self.since), _ms(self.until)), filtered))
        self.named = _names(filtered)
        self.folder = folder_of(desk)
        self._depends = bool(
            (filtered.columns() & JUDGED_BY) or (set(question.by) & OF_VERDICTS) or not question.by
        )
        self.rejudge: Rejudge | None = None
        self.snapshot = Snapshot((), frozenset(), 0)

    def over(self, work: Callable[[View], R], fold: Callable[[Iterator[R]], T]) -> T:
        """What *fold* makes of all that *work* made of what is meant; *work* runs in several threads."""
        return tried(lambda: fold(self._each(work)))

    def _each(self, work: Callable[[View], R]) -> Iterator[R]:
        since, until = _ms(self.since), _ms(self.until)
        if self.folder is None:
            return iter(())
        standing = on_shelf(self.folder / HOT)
        self.snapshot = parts.snapshot(self.desk.store, since, until)
        fresh = [path for path in standing if f"{HOT}/{path.stem}.arrow" not in self.snapshot.listed]
        self.rejudge = self._rejudge() if self._depends and self.question.rejudge is not False else None
        return ask.each(self._chunks(fresh), self.condition, work, self.rejudge)

    def _chunks(self, fresh: Iterable[Path]) -> Iterator[Chunk]:
        assert self.folder is not None  # noqa: S101 - _views asks
        for part in self.snapshot.live:
            yield from of_part(self.folder, part)
        for path in fresh:
            yield from of_segment(path)

    # ---- verdicts
    def _rejudge(self) -> Rejudge | None:
        """Who judges again, when the register has changed since and there are not too many."""
        from netops.rounds import scene

        known = parts.judgements(self.desk.store)
        if not known:
            return None
        today, _walked = scene.build(self.desk)
        mark = fingerprint(today)
        register = applied.standing(self.desk.store).version
        same = [one.number for one in known.values() if one.fingerprint == mark]
        stale = sum(
            count
            for part in self.snapshot.live
            for number, count in part.scenes.items()
            if number not in same
        )
        if self.question.rejudge is None and stale > self.desk.config.flows.rejudge_flows:
            return None
        number = parts.judgement(self.desk.store, register, mark, self.desk.clock()).number
        return Rejudge(today, number, same)

    def judged_by(self) -> JudgedBy:
        """What the verdicts stand on."""
        known = parts.judgements(self.desk.store)
        register = applied.standing(self.desk.store).version
        stored: dict[int, int] = {}
        for part in self.snapshot.live:
            for number, count in part.scenes.items():
                version = known[number].register if number in known else 0
                stored[version] = stored.get(version, 0) + count
        outdated = (
            sum(count for version, count in stored.items() if version != register) if self._depends else 0
        )
        if self.rejudge:
            return JudgedBy(register, stored, self.rejudge.judged)
        return JudgedBy(register, stored, 0, outdated)

    # ---- the answer
    def answer(self, totals: Totals, items: list[Any]) -> Answer:
        """With coverage, judgement and notes."""
        seen = covered(self.desk, self.since, self.until)
        judged = self.judged_by()
        return Answer(
            text=self.question.text,
            since=self.since,
            until=self.until,
            totals=totals,
            items=items,
            coverage=seen,
            judged=judged,
            unseen=tuple(unseen(self.desk, seen, self.snapshot.kept_since)),
            notes=tuple(self._notes(judged)),
        )

    def _notes(self, judged: JudgedBy) -> Iterator[tuple[str, dict[str, str]]]:
        register = self.desk.register
        known = {one.code for one in register.organizations}
        for name in sorted(self.named["organization"] - known):
            yield N_("The register has no organization {name}."), {"name": name}
        for name in sorted(self.named["exit"] - {one.id for one in register.exits} - {""}):
            yield N_("The register has no exit {name}."), {"name": name}
        if judged.rejudged:
            yield (
                N_("{flows} flows were judged again by register {register}."),
                {"flows": f"{judged.rejudged:,}", "register": str(judged.register)},
            )
        if judged.outdated:
            yield (
                N_(
                    "{flows} flows stand as an older register than {register} judged them: --rejudge judges them by today's."
                ),
                {"flows": f"{judged.outdated:,}", "register": str(judged.register)},
            )


def _ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def _names(condition: Condition) -> dict[str, set[str]]:
    """Organizations and exits that a condition names."""
    found: dict[str, set[str]] = {"organization": set(), "exit": set()}
    waiting: list[Any] = [condition]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Named) and one.name in ("source", "destination", "exit"):
            found["exit" if one.name == "exit" else "organization"] |= one.values
        waiting += [*getattr(one, "parts", ()), *([one.part] if hasattr(one, "part") else [])]
    return found


# ---- coverage
def covered(desk: Desk, since: datetime, until: datetime) -> Coverage:
    """What was seen of a window."""
    expected = [
        coverage.Seen(since, one.address, one.plane, one.name)
        for one in desk.register.devices
        if one.exporter and one.plane in desk.planes
    ]
    return coverage.of_window(
        coverage.seen(desk.store, since, until),
        coverage.sessions(desk.store, since, until),
        since,
        until,
        expected,
    )


def unseen(desk: Desk, seen: Coverage, kept_since: int = 0) -> Iterator[Unreachable]:
    """What an answer about this window cannot say anything of."""
    window = {"since": city_time(seen.since), "until": city_time(seen.until)}
    plane = desk.planes[0]
    least = desk.config.flows.covered
    if seen.listened < least:
        yield Unreachable(
            plane,
            OURSELVES,
            "",
            seen.until,
            N_("the collector listened {share} of the time from {since} to {until}"),
            {"share": percent(seen.listened), **window},
        )
    if kept_since and seen.since < (begin := datetime.fromtimestamp(kept_since / 1000, UTC)):
        yield Unreachable(
            plane,
            OURSELVES,
            "",
            seen.until,
            N_("flows from before {begin} are no longer kept"),
            {"begin": city_time(begin)},
        )
    for one in seen.exporters:
        if one.share < least and one.share < seen.listened * least:
            yield Unreachable(
                next((each for each in desk.planes if each == one.plane), plane),
                one.device or one.exporter,
                one.exporter,
                seen.until,
                N_("{share} of what it sent from {since} to {until} was seen"),
                {"share": percent(one.share), **window},
            )


def percent(share: float) -> str:
    """A ratio for people; what is not whole never reads as 100 %."""
    return f"{min(share, 0.9999) * 100:.2f} %" if share < 1 else "100 %"


def judgement_of(desk: Desk, number: int) -> Judgement | None:
    """The judgement with this number."""
    return parts.judgements(desk.store).get(number)
