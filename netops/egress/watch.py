"""The watch (值守): folds verdicts into conclusions over time, keeps what cannot be judged yet, and counts."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

import msgspec
import numpy as np

from netops.core.finding import Conclusion
from netops.egress.bypass import bypass_link
from netops.egress.crossing import Crossings, planes_joined
from netops.egress.flows import DENSE, Batch, Column, address_text, grouped, joined, same
from netops.egress.hidden import hidden_nat
from netops.egress.judge import PLANES, Judged, Port, Scene, Verdict, judge
from netops.egress.learning import Learning
from netops.egress.paths import Paths
from netops.egress.rules import FLOW_RULES, STRAY_RULES, intranet_public_query
from netops.egress.tunnels import Talks, tunnel

MAX_CASES = 10_000
MAX_PENDING = 200_000
"""Rows that may wait for the topology; the oldest are given up as undetermined."""
PENDING_SECONDS = 900
TELL_SECONDS = 5.0
"""A finding that goes on is written again at most so often; a new one at once."""
ANSWER_SECONDS = 600
MAX_ANSWERED = 100_000
MOST = 1 << 45
"""Bytes or packets counted of one record at most: a lying counter must not drown the sums."""
LONGEST = 255
"""Characters of the name of an exit."""


class Hit(NamedTuple):
    """
    What counters are kept by.

    Args:
        exit_kind: "none" where no registered exit was used.
        exit: id of the registered exit; of an unfiled one "DEVICE:INTERFACE"; else "".
    """

    minute: datetime
    plane: str
    organization: str
    exporter: str
    exit_kind: str
    verdict: str
    exit: str = ""


class Case:
    """One subject of one rule: what is known of it and not yet written down."""

    __slots__ = ("began", "count", "told", "total", "untold", "walked")

    def __init__(self, first: Conclusion) -> None:
        self.began, self.untold, self.count, self.total = first.at, first, 0, 0
        self.told: datetime | None = None
        self.walked: datetime | None = None
        """When a walk after its beginning was first noticed; kept for the round."""

    def feed(self, one: Conclusion) -> None:
        """More of the same."""
        self.count += one.count
        self.total += one.count
        pieces = (
            (*self.untold.evidence, *one.evidence)
            if self.untold.evidence is not one.evidence
            else one.evidence
        )
        # A poorer observer (NetFlow v5 has no MAC addresses) does not make forget what a better one saw.
        self.untold = msgspec.structs.replace(
            one, evidence=pieces[-3:], subject=self.untold.subject | one.subject
        )


class Watch:
    """
    The state of the collector between batches.

    `see` takes flows in; `due` gives the conclusions to be written now; `hits` are counters since the last `drain`.
    """

    def __init__(self, keep: Callable[[Judged, Scene], None] | None = None) -> None:
        """
        Args:
            keep: is given every flow once, with the verdict that stands.
        """
        self.keep = keep
        self.cases: dict[str, Case] = {}
        self.pending: deque[Batch] = deque()
        self._hits: dict[Hit, list[int]] = {}
        self._sums: dict[tuple[int | str, ...], list[int]] = {}
        """Counted of *_counted_by* and without names yet: by minute, plane, owner, exporter, exit, verdict and ifIndex."""
        self._counted_by: Scene | None = None
        self.answered: dict[str, int] = {}
        self.talks = Talks()
        self.learning = Learning()
        self.paths = Paths()
        self.crossings = Crossings()
        self.given_up = 0

    def see(self, batch: Batch, scene: Scene, *, again: bool = False) -> Judged:
        """
        Judge *batch* as *scene* shows it; what cannot be judged waits.

        Args:
            again: it was seen already, and waited.
        """
        judged = judge(batch, scene)
        if not again:
            # A tunnel shows by its two ends alone: neither a verdict nor a walk of the exporter is waited for.
            self._feed(tunnel(judged, scene, self.talks))
            self.learning.see(judged, scene)
            self.paths.see(judged, scene)
            self.crossings.see(judged, scene)
            self._feed(planes_joined(judged, scene, self.crossings))
        if (judged.kinds.verdict == Verdict.PENDING).any():
            waits = judged.verdict == Verdict.PENDING
            self._keep(batch.take(waits))
            judged = judged.take(~waits)
        self._conclude(judged, scene)
        self._count(judged, scene)
        return judged

    def learned(self, scene: Scene, now_ms: int) -> dict[tuple[str, int], Port]:
        """What flows show of interfaces that no walk told of: what leads past the platform, else what enters by each."""
        walked = {(one.address, port.if_index) for one in scene.observers.values() for port in one.ports}
        past = {place: port for place, port in self.paths.ports().items() if place not in walked}
        return self.learning.ports(scene, now_ms) | past

    def review(self, scene: Scene, now_ms: int) -> None:
        """Judge again what waited, since the topology or the register changed; what is too old is given up."""
        if len(fresh := self.paths.review(now_ms)):
            scene = replace(scene, learned=self.learned(scene, now_ms))
            self._feed(bypass_link(judge(fresh, scene), scene, self.paths))
        if not self.pending:
            return
        batch = joined(self.pending)
        self.pending.clear()
        old = batch["received"] < now_ms - PENDING_SECONDS * 1000
        if old.any():
            self._give_up(batch.take(old), scene)
        self.see(batch.take(~old), scene, again=True)

    @property
    def waiting(self) -> int:
        """Rows that wait for the topology."""
        return sum(len(batch) for batch in self.pending)

    def due(self, at: datetime, *, everything: bool = False) -> list[Conclusion]:
        """Conclusions to write now: new subjects at once, others every TELL_SECONDS unless *everything* is asked for."""
        result = []
        for case in self.cases.values():
            if case.count and (
                everything or case.told is None or (at - case.told).total_seconds() >= TELL_SECONDS
            ):
                # Evidence of a case that goes on for long is kept once an hour, not at every telling.
                fresh = case.told is None or case.told.hour != at.hour
                result.append(
                    msgspec.structs.replace(
                        case.untold,
                        count=case.count,
                        evidence=case.untold.evidence if fresh else (),
                        facts=case.untold.facts | {"flows": str(case.total)},
                    )
                )
        return result

    def told(self, conclusions: Iterable[Conclusion], at: datetime) -> None:
        """These were written down."""
        for one in conclusions:
            if case := self.cases.get(one.key):
                case.told, case.count = at, 0
                case.untold = msgspec.structs.replace(case.untold, evidence=())

    def forget(self, at: datetime, hold_seconds: float) -> None:
        """Drop cases that were not fed for so long."""
        for key, case in list(self.cases.items()):
            if at - case.untold.at > timedelta(seconds=hold_seconds):
                del self.cases[key]

    @property
    def hits(self) -> dict[Hit, list[int]]:
        """Flows, packets, bytes, and flows of which those are estimates, by Hit since the last `drain`."""
        self._name()
        return self._hits

    def drain(self) -> dict[Hit, list[int]]:
        """Flows, packets, bytes, and flows of which those are estimates, by Hit since the last call."""
        hits, self._hits = self.hits, {}
        return hits

    def put_back(self, hits: dict[Hit, list[int]]) -> None:
        """Take back counters that could not be written."""
        for hit, counts in hits.items():
            self._add(hit, counts)

    # ---- inside
    def _add(self, hit: Hit, counts: Iterable[int]) -> None:
        total = self._hits.setdefault(hit, [0, 0, 0, 0])
        for place, count in enumerate(counts):
            total[place] += count

    def _keep(self, batch: Batch) -> None:
        self.pending.append(batch)
        while self.waiting > MAX_PENDING:
            self.given_up += len(self.pending.popleft())

    def _give_up(self, batch: Batch, scene: Scene) -> None:
        self.given_up += len(batch)
        judged = judge(batch, scene)
        judged.kinds.verdict[:] = Verdict.UNDETERMINED
        self._count(judged, scene)

    def _conclude(self, judged: Judged, scene: Scene) -> None:
        if not len(judged.batch):
            return
        # A kind that was judged may have no rows left here; then the rules find nothing.
        is_plain = judged.kinds.verdict.max(initial=0, where=judged.kinds.verdict != Verdict.PENDING) < Verdict.LAPSED_EXIT
        self._note_answers(judged)
        more: dict[str, tuple[object, ...]] = {
            intranet_public_query.code: (frozenset(self.answered),),
            hidden_nat.code: (self.talks,),
            bypass_link.code: (self.paths,),
        }
        for rule in STRAY_RULES if is_plain else FLOW_RULES.values():
            if rule not in (tunnel, planes_joined):
                self._feed(rule(judged, scene, *more.get(rule.code, ())))

    def _feed(self, told: Iterable[Conclusion]) -> None:
        for one in told:
            case = self.cases.get(one.key)
            if case is None:
                if len(self.cases) >= MAX_CASES:
                    continue
                case = self.cases[one.key] = Case(one)
            case.feed(one)

    def _note_answers(self, judged: Judged) -> None:
        """Who was answered by the internet: its questions are no mere attempts."""
        if not (judged.kinds.verdict == Verdict.INTRANET_INTERNET).any():
            return
        rows = np.flatnonzero(judged.verdict == Verdict.INTRANET_INTERNET)
        if not len(rows):
            return
        batch = judged.batch
        pairs = np.unique(np.stack([batch["dst_hi"][rows], batch["dst_lo"][rows]], axis=1), axis=0)[
            :MAX_ANSWERED
        ]
        latest = int(batch["received"][rows].max())
        self.answered |= {address_text(hi, lo): latest for hi, lo in pairs.tolist()}
        if len(self.answered) > MAX_ANSWERED:
            self.answered = dict(list(self.answered.items())[-MAX_ANSWERED:])
        self.answered = {ip: at for ip, at in self.answered.items() if at > latest - ANSWER_SECONDS * 1000}

    def _count(self, judged: Judged, scene: Scene) -> None:
        batch = judged.batch
        if not len(batch):
            return
        if self.keep:
            self.keep(judged, scene)
        received = batch["received"]
        minute, latest = int(received.min()) // 60_000, int(received.max()) // 60_000
        kinds = judged.kinds
        unfiled = np.where(kinds.verdict == Verdict.UNFILED_EXIT, kinds.in_if, 0)
        of_kind, shown = grouped(kinds.plane + 1, kinds.exporter, kinds.exit + 1, kinds.verdict, unfiled)
        after = None if minute == latest else received // 60_000 - minute
        group, (minutes, owners, those) = _cells(after, judged.own, of_kind.take(judged.kind))
        counts = [batch.narrow(name) for name in ("packets", "bytes")]
        if max(int(count.max()) for count in counts) > MOST:
            counts = [np.minimum(count.astype(np.float64), MOST) for count in counts]
        estimates = np.zeros(len(owners), np.int64)
        if not batch.is_zero("sampling_interval"):
            interval = batch["sampling_interval"]
            estimates = np.bincount(group, interval > 1, len(owners)).astype(np.int64)
            # Of one packet in so many, as many were there: an estimate, and marked so.
            counts = [np.minimum(count * np.maximum(interval, 1).astype(np.float64), MOST) for count in counts]
        if scene is not self._counted_by:
            self._name()
            self._counted_by = scene
        kind = shown[those]
        flows = np.bincount(group, minlength=len(owners))
        keys = zip(
            (minute + minutes).tolist(),
            kinds.plane[kind].tolist(),
            owners.tolist(),
            [batch.exporters[number] for number in kinds.exporter[kind].tolist()],
            kinds.exit[kind].tolist(),
            kinds.verdict[kind].tolist(),
            unfiled[kind].tolist(),
            strict=True,
        )
        sums = (flows, *(np.bincount(group, count, len(owners)).astype(np.int64) for count in counts), estimates)
        for key, more in zip(keys, zip(*(column.tolist() for column in sums), strict=True), strict=True):
            if more[0]:
                total = self._sums.get(key)
                self._sums[key] = list(more) if total is None else [one + two for one, two in zip(total, more, strict=True)]

    def _name(self) -> None:
        """Give what was counted by numbers the names that those have in the scene they were counted by."""
        scene, sums, self._sums = self._counted_by, self._sums, {}
        if scene is None:
            return
        for (minute, plane, owner, exporter, used, verdict, if_index), counts in sums.items():
            known = PLANES[int(plane)] if int(plane) >= 0 else None
            table = scene.tables.get(known) if known else None
            hit = Hit(
                datetime.fromtimestamp(int(minute) * 60, UTC),
                known or "",
                table.owners[int(owner)].organization if table else "",
                str(exporter),
                scene.exits[int(used)].kind if int(used) >= 0 else "none",
                Verdict(int(verdict)).label,
                (scene.exits[int(used)].id if int(used) >= 0 else scene.way(str(exporter), int(if_index)))[:LONGEST],
            )
            self._add(hit, counts)


def _cells(after: Column | None, own: Column, kind: Column) -> tuple[Column, tuple[Column, Column, Column]]:
    """
    The cell of each row by minute, owner and kind, in which it is counted.

    Returns:
        The number of each row's cell; and the minute, owner and kind of every cell, of which some may have no rows.
    """
    owners, kinds = int(own.max()) + 1, int(kind.max()) + 1
    size = owners * kinds * (1 if after is None else int(after.max()) + 1)
    if size > max(DENSE, 2 * len(own)):
        group, rows = grouped(same(0, len(own), np.int8) if after is None else after, own, kind)
        return group.astype(np.intp), (np.zeros(len(rows), np.int64) if after is None else after[rows], own[rows], kind[rows])
    narrow = np.uint16 if size < DENSE else np.intp
    cell: Column = np.multiply(kind, owners, dtype=narrow)
    np.add(cell, own, out=cell, casting="unsafe")
    if after is not None:
        cell = cell + after * (owners * kinds)
    every = np.arange(size)
    return cell.astype(np.intp), (every // (owners * kinds), every % owners, every // owners % kinds)


def by_verdict(judged: Judged) -> dict[str, int]:
    """Flows of one batch by verdict."""
    of_kind = np.bincount(judged.kind, minlength=len(judged.kinds.verdict))
    counts = np.bincount(judged.kinds.verdict, of_kind, len(Verdict))
    return {verdict.label: int(counts[verdict]) for verdict in Verdict if counts[verdict]}


def tally(hits: dict[Hit, list[int]]) -> Counter[str]:
    """Flows by verdict."""
    count: Counter[str] = Counter()
    for hit, counts in hits.items():
        count[hit.verdict] += counts[0]
    return count
