"""The flow watch: collects, decodes, judges and writes down, within a second or two of each datagram (巡检：出口)."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import TracebackType

import msgspec

from netops.core import docket
from netops.core.finding import STANDING, Conclusion, Finding, Subject
from netops.core.language import N_
from netops.core.observation import Unreachable
from netops.core.plane import Plane
from netops.desk import Desk
from netops.egress import hits
from netops.egress.exporter import Counters, Learned
from netops.egress.flows import merged
from netops.egress.judge import Scene
from netops.egress.netflow import Decoder
from netops.egress.rules import FLOW_RULES, RULES
from netops.egress.watch import Watch, by_verdict, tally
from netops.probes.flows import BATCH, Collector
from netops.rounds import Progress, Report, allow, joining, silent
from netops.rounds.archive import Recorder, folder_of
from netops.rounds.stepping import Stepping
from netops.settings import seconds as seconds_of

logger = logging.getLogger("netops.egress")
GATHER_SECONDS = 0.2
"""After the first datagram of a batch, so long is waited for more; and as long again where many come: large batches cost less."""
MANY = BATCH // 8
TURN = 8 * BATCH
"""Datagrams after which a turn ends, however many wait."""
WRITE_SECONDS = 5.0
RELEASE_SECONDS = 10.0
RELOAD_SECONDS = 5.0
ROLLUP_SECONDS = 60.0
FEW_LEARNED = 256
"""So many new templates are kept before any flow that was read by them; a flood of more has to wait, not the store."""
TRY_SECONDS = 5.0
WALK_AFTER = timedelta(seconds=15)
"""What other rooms may explain waits for a walk that began so long after it,"""
RECONCILE_AFTER = timedelta(seconds=30)
"""and for so long after that walk."""
EXPLAINED_BY = {"EG-203": ("TP-102", "EG-206"), "EG-206": ("TP-102",), "EG-104": ("TP-101",), "EG-301": ("AD-101",)}
"""What other rooms, or other rules, see better: the rules of each."""
NEW_MS = 60_000
"""An interface that no walk told of counts for so long after its last flow."""
WALK_MISSED = timedelta(minutes=2)
"""No walk for so long (half as long again as the timetable's period) is waited for no more."""
OUTCOMES = ("unknown_exporter", "kernel_dropped")


class Pulse(msgspec.Struct, frozen=True):
    """What one turn of the watch did: flows by verdict, and numbers of findings."""

    at: datetime
    datagrams: int
    verdicts: dict[str, int]
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()


class Watcher:
    """
    The collector at work, in a thread of its own. Use it as a context manager.

    Args:
        listening: False when another process collects for this store; nothing runs here then.
        hear: told after every turn that did something.
        walks: whether devices are walked whose flows enter by interfaces that no walk told of.
    """

    def __init__(self, desk: Desk, hear: Callable[[Pulse], None] | None = None, *, walks: bool = False) -> None:
        self.desk, self.hear = desk, hear
        self.stepping = Stepping(desk) if walks else None
        self.listening = False
        self.watch, self.decoder = Watch(), Decoder()
        self.collector = Collector(desk.config.flows.listen, {}, desk.config.flows.tcp, folder_of(desk))
        self.opened: list[str] = []
        self.resolved: list[str] = []
        self.verdicts: Counter[str] = Counter()
        self.failures = 0
        self.rollup = hits.Rollup()
        self.recorder: Recorder | None = None
        self._scene: Scene | None = None
        self._walked: dict[Plane, datetime] = {}
        self._stack = ExitStack()
        self._turn = threading.Lock()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None
        self._told: dict[str, Counters] = {}
        self._outcomes: Counter[str] = Counter()
        self._last: dict[str, float] = {}
        self._learn_at = 0.0

    # ---- life
    def __enter__(self) -> Watcher:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Begin, unless another process has the store's collector already.

        Raises:
            NetopsError: an address of `[flows] listen` cannot be used.
        """
        if not self._stack.enter_context(self.desk.store.lock("collector", wait=False)):
            self._stack.close()
            return
        try:
            self.decoder.restore(hits.kept_templates(self.desk.store), hits.kept_settings(self.desk.store))
            self._record()
            self.refresh()
            self.collector.start()
        except BaseException:
            self._stack.close()
            raise
        self.listening = True
        if self.stepping:
            self.stepping.start()
        self._thread = threading.Thread(target=self._run, name="flow-watch", daemon=True)
        self._thread.start()

    def _record(self) -> None:
        """Keep the flows from now on, where an archive is configured."""
        if folder_of(self.desk) is None:
            return
        self.recorder = Recorder(self.desk)
        self.watch.keep = self.recorder.keep
        self._stack.callback(self.recorder.stop)
        self.recorder.start()

    def stop(self) -> None:
        """Judge and write down what was received, then give everything back."""
        if not self.listening:
            return
        self._ending.set()
        if self.stepping:
            self.stepping.stop()
        if self._thread:
            self._thread.join(30)
        self.collector.stop()
        self._safely(everything=True)
        self.listening = False
        self._stack.close()

    def refresh(self) -> None:
        """Read register, ledger and topology anew, and judge again what waited for them."""
        from netops.rounds import scene

        with self._turn:
            self._reload(scene.build(self.desk))

    def flush(self, quiet_seconds: float = 0.4, most_seconds: float = 10.0) -> None:
        """Wait until no datagram has come for a moment, then judge and write down everything."""
        if not self.listening:
            return
        until = time.monotonic() + most_seconds
        while self.collector.quiet_seconds() < quiet_seconds and time.monotonic() < until:
            time.sleep(0.05)
        with self._turn:
            self._work(everything=True)
        if self.recorder:
            self.recorder.keeper.flush()

    # ---- the turn
    def _run(self) -> None:
        while not self._ending.is_set():
            self._safely(everything=False)

    def _safely(self, *, everything: bool) -> None:
        try:
            if not everything and 0 < self.collector.waiting < BATCH and not self.collector.teaches():
                time.sleep(GATHER_SECONDS)
                if MANY < self.collector.waiting < BATCH:
                    time.sleep(GATHER_SECONDS)
            with self._turn:
                self._work(everything=everything)
        except Exception as error:  # noqa: BLE001 - one bad turn (a locked store) must not end the watch
            self.failures += 1
            logger.warning("flow watch: turn failed: %r", str(error))
            time.sleep(0.5)
        if not everything and self.collector.quiet_seconds():
            self.collector.wait(GATHER_SECONDS)

    def _work(self, *, everything: bool) -> None:
        now = time.monotonic()
        at = self.desk.clock()
        if self._scene is None or everything or self._is_time("reload", now, RELOAD_SECONDS):
            from netops.rounds import scene

            began = time.monotonic()
            self._reload(scene.build(self.desk))
            # A city whose scene takes long to build is asked for less often.
            self._last["reload"] = now + 10 * (time.monotonic() - began)
        assert self._scene is not None  # noqa: S101 - set by _reload
        seen, judged = self._take(self._scene)
        while self.collector.waiting >= (1 if everything else BATCH) and (everything or seen < TURN):
            more, verdicts = self._take(self._scene)
            seen, judged = seen + more, judged + verdicts
        opened, resolved = self._tell(at, everything=everything)
        if everything or self._is_time("release", now, RELEASE_SECONDS):
            resolved += self._release(at)
        if everything or self._is_time("write", now, WRITE_SECONDS):
            self._write()
        if self._is_time("rollup", now, ROLLUP_SECONDS):
            self.rollup.run(self.desk.store, at)
        self._keep_learned(everything=everything)
        self.opened += opened
        self.resolved += resolved
        if self.hear and (seen or opened or resolved):
            self.hear(Pulse(at, seen, dict(judged), tuple(opened), tuple(resolved)))

    def _take(self, scene: Scene) -> tuple[int, Counter[str]]:
        """Decode and judge what was received; numbers of datagrams, and of flows by verdict."""
        with self.collector.taking() as datagrams:
            flows, count = self.decoder.feed(datagrams), len(datagrams)
            # kill -9 must not leave data that nobody can read: until this is kept, the datagrams stay in the ring.
            self._keep_learned()
        return count, Counter(by_verdict(self.watch.see(merged(flows), scene)))

    def _keep_learned(self, *, everything: bool = False) -> None:
        """Keep the templates and settings that are new."""
        learned, began = self.decoder.learned, time.monotonic()
        if not learned or not (everything or began >= self._learn_at):
            return
        try:
            hits.keep_learned(self.desk.store, learned, *self.decoder.kept_of(learned))
        except Exception as error:  # noqa: BLE001 - whatever the store says, the flows that wait must not be lost for it
            logger.warning("flow watch: templates are not kept: %r", str(error))
            self._learn_at = time.monotonic() + TRY_SECONDS
            return
        took = time.monotonic() - began
        self._learn_at = time.monotonic() + 20 * took if len(learned) > FEW_LEARNED else 0.0
        self.decoder.learned = Learned()

    def _is_time(self, what: str, now: float, every: float) -> bool:
        if now - self._last.get(what, 0.0) < every:
            return False
        self._last[what] = now
        return True

    def _reload(self, built: tuple[Scene, dict[Plane, datetime]]) -> None:
        now_ms = int(self.desk.clock().timestamp() * 1000)
        counters = {address: one.counters for address, one in self.decoder.exporters.items()}
        dropped = self.collector.outcomes["kernel_dropped"]
        lost = {address: one.lost_datagrams + one.lost_records + dropped for address, one in counters.items()}
        self.watch.paths.lose(lost, now_ms)
        self._scene, self._walked = replace(built[0], learned=self.watch.learned(built[0], now_ms)), built[1]
        if self.stepping:
            self.stepping.tell(self.watch.learning.unknown(self._scene, now_ms - NEW_MS))
        allowed = {address: address for address in self._scene.observers}
        allowed |= {self.desk.config.reached(address): address for address in self._scene.observers}
        self.collector.allowed = allowed
        self.watch.review(self._scene, now_ms)

    # ---- findings
    def _tell(self, at: datetime, *, everything: bool) -> tuple[list[str], list[str]]:
        due = self.watch.due(at, everything=everything)
        if not due:
            return [], []
        codes = {code for one in due for code in EXPLAINED_BY.get(one.code, ())}
        others = [other for code in sorted(codes) for other in docket.listed(self.desk.store, code=code)]
        due = [one for one in due if self._may(one, at, others)]
        opened: list[str] = []
        for plane in {one.plane for one in due}:
            mine = joining.left(self.desk, (one for one in due if one.plane is plane), plane, but=FLOW_RULES)
            settled = docket.settle(self.desk.store, RULES, mine, plane=plane, at=at)
            opened += [*settled.opened, *settled.reopened]
        if opened:
            allow.apply(self.desk)
        self.watch.told(due, at)
        return opened, []

    def _may(self, one: Conclusion, at: datetime, others: list[Finding]) -> bool:
        """
        Whether it is time to tell it.

        What the topology and addresses rooms see better (a cable between planes, an address in ARP) is left to
        them: it is told here only when a later walk and its reconcile did not tell it, or no walk came. Flows come
        late: what stood when they began explains them, also when it has ended since.
        """
        if one.code not in EXPLAINED_BY:
            return True
        case, walked = self.watch.cases[one.key], self._walked.get(one.plane)
        if case.walked is None and walked is not None and walked > case.began + WALK_AFTER:
            case.walked = at
        if not self._is_walked(one):
            pass  # nobody else will ever tell
        elif case.walked is None:
            if at < case.began + max(WALK_MISSED, timedelta(seconds=1.5 * seconds_of(self.desk.config.timetable.walk))):
                return False
        elif at < case.walked + RECONCILE_AFTER:
            return False
        since = case.began - timedelta(seconds=self.desk.config.flows.hold_seconds)
        told = [other for other in others if other.code in EXPLAINED_BY[one.code]]
        told = [other for other in told if other.state in STANDING or other.last_seen >= since]
        if one.code == "EG-301":
            told = [other for other in told if other.subject.get("ip") == one.subject.get("ip")]
        if one.code in ("EG-104", "EG-206"):
            told = [other for other in told if _devices(one.subject) & _devices(other.subject)]
        return not told

    def _is_walked(self, one: Conclusion) -> bool:
        """Whether a walk could tell of the same thing: the plane was walked, or a device concerned is asked by SNMP."""
        if one.plane in self._walked:
            return True
        devices = _devices(one.subject)
        lan = self._scene.wiring.lan(one.plane, one.subject["ip"]) if self._scene and one.subject.get("ip") else None
        devices |= {lan.gateway, lan.switch} - {""} if lan else set()
        known = [self.desk.register.device[name] for name in devices if name in self.desk.register.device]
        return any(each.snmp for each in known or self.desk.register.of(one.plane).devices)

    def _release(self, at: datetime) -> list[str]:
        """Resolve what was not fed for so long; silence of an exporter that is silent altogether proves nothing."""
        hold = self.desk.config.flows.hold_seconds
        self.watch.forget(at, hold)
        resolved: list[str] = []
        for plane in self.desk.planes:
            silent_devices = [one.device for one in self._silent(plane, at)]
            settled = docket.settle(
                self.desk.store,
                RULES,
                (),
                plane=plane,
                at=at,
                scope=tuple(FLOW_RULES),
                seen_before=at - timedelta(seconds=hold),
                blind=silent_devices,
            )
            resolved += settled.resolved
        return resolved

    def _silent(self, plane: Plane, at: datetime) -> list[Unreachable]:
        heard = {address: one.counters.last_seen for address, one in self.decoder.exporters.items()}
        return silent_exporters(
            self.desk,
            plane,
            at,
            {address: datetime.fromtimestamp(last / 1000, UTC) for address, last in heard.items()},
            self.desk.config.flows.hold_seconds,
        )

    # ---- counters
    def _write(self) -> None:
        rows, outcomes = [], Counter[str]()
        for address, exporter in self.decoder.exporters.items():
            counters, told = exporter.counters, self._told.get(address, Counters())
            if counters == told or self._scene is None:
                continue
            observer = self._scene.observers.get(address)
            rows.append(
                hits.ExporterRow(
                    address=address,
                    plane=observer.plane if observer else "",
                    device=observer.device if observer else "",
                    version=counters.version,
                    last_seen=datetime.fromtimestamp(counters.last_seen / 1000, UTC),
                    waiting=counters.waiting,
                    clock_offset_ms=counters.clock_offset_ms,
                    **{name: getattr(counters, name) - getattr(told, name) for name in hits.COUNTED},
                )
            )
            outcomes["malformed"] += counters.malformed - told.malformed
            outcomes["decoded"] += counters.datagrams - told.datagrams - (counters.malformed - told.malformed)
        for name in OUTCOMES:
            outcomes[name] = self.collector.outcomes[name] - self._outcomes[name]
        drained = self.watch.drain()
        if rows or drained or any(outcomes.values()):
            try:
                hits.add(self.desk.store, drained, rows, +outcomes)
            except Exception:
                self.watch.put_back(drained)
                raise
        if self.recorder:
            self.recorder.cover(rows, outcomes)
        self.verdicts += tally(drained)
        for name in OUTCOMES:
            self._outcomes[name] += outcomes[name]
        for row in rows:
            self._told[row.address] = replace(self.decoder.exporters[row.address].counters)


def _devices(subject: Subject) -> set[str]:
    """Devices that a subject names: its own, its switch, and those at the ends of a link."""
    ends = (subject, subject.get("a"), subject.get("b"))
    named = [end.get(key) for end in ends if isinstance(end, dict) for key in ("device", "switch")]
    return {str(name) for name in named if name}


def silent_exporters(
    desk: Desk, plane: Plane, at: datetime, heard: dict[str, datetime], hold: float
) -> list[Unreachable]:
    """Registered exporters of *plane* that sent nothing for *hold* seconds."""
    return [
        Unreachable(
            plane, one.name, one.address, at, N_("it sent no flows for {seconds} s"), {"seconds": f"{hold:g}"}
        )
        for one in desk.register.devices
        if one.plane is plane
        and one.exporter
        and (one.address not in heard or heard[one.address] < at - timedelta(seconds=hold))
    ]


def run(
    desk: Desk,
    progress: Progress = silent,
    seconds: float | None = None,
    hear: Callable[[Pulse], None] | None = None,
) -> Report:
    """
    Collect for *seconds* (else `[flows] round_seconds`) and report; only report when another process collects.

    Raises:
        NetopsError: the collector's address cannot be used.
    """
    opened: tuple[str, ...] = ()
    resolved: tuple[str, ...] = ()
    with Watcher(desk, hear) as watcher:
        if watcher.listening:
            _listen(watcher, desk.config.flows.round_seconds if seconds is None else seconds, progress)
    if watcher.opened or watcher.resolved:
        opened, resolved = tuple(dict.fromkeys(watcher.opened)), tuple(dict.fromkeys(watcher.resolved))
    return report(desk, opened, resolved)


def _listen(watcher: Watcher, seconds: float, progress: Progress) -> None:
    whole = max(1, int(seconds))
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        time.sleep(min(1.0, left))
        done = min(whole, whole - int(max(0.0, until - time.monotonic())))
        progress(
            done, whole, str(sum(one.counters.records for one in list(watcher.decoder.exporters.values())))
        )


def report(desk: Desk, opened: tuple[str, ...] = (), resolved: tuple[str, ...] = ()) -> Report:
    """What the store says of the watch now."""
    rows = hits.exporters(desk.store)
    at = desk.clock()
    heard = {row.address: row.last_seen for row in rows}
    standing = [
        one.id
        for one in docket.listed(desk.store, state=STANDING)
        if one.code in RULES and one.plane in desk.planes
    ]
    quiet = desk.config.flows.silent_seconds
    return Report(
        round="egress",
        opened=opened,
        resolved=resolved,
        standing=tuple(standing),
        unseen=tuple(one for plane in desk.planes for one in silent_exporters(desk, plane, at, heard, quiet)),
        facts={
            "exporters": len(rows),
            "datagrams": sum(row.datagrams for row in rows),
            "records": sum(row.records for row in rows),
            "malformed": sum(row.malformed for row in rows),
        },
    )
