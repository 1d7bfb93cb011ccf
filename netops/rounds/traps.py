"""The trap round (设备告警): hear what devices tell, write it down, and walk at once whoever told that something changed."""

from __future__ import annotations

import hashlib
import logging
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import TYPE_CHECKING

import msgspec

from netops.core import docket, ids
from netops.core.errors import NetopsError
from netops.core.finding import STANDING
from netops.desk import Desk
from netops.rounds import Report, walk
from netops.rounds.asking import credential, credentials
from netops.topology import eventlog, snapshots
from netops.topology.device import DeviceView, RegisteredDevice
from netops.topology.events import Event, event

if TYPE_CHECKING:
    from netops.probes.credentials import Credential
    from netops.probes.traps import Heard, Sender, TrapReceiver
    from netops.register import Register

logger = logging.getLogger("netops.topology")
COUNT_SECONDS = 5.0
RELOAD_SECONDS = 10.0
VIEWS_SECONDS = 300.0
PRUNE_SECONDS = 86400.0
TURN_SECONDS = 0.2
AT_ONCE = 20
"""Devices walked together."""
LOCAL = ("127.", "::1", "fe80:", "169.254.")
"""Addresses that are the same everywhere."""


class Schedule:
    """
    Which devices are walked when, after what they told: soon, not twice for one thing, and not all the time.

    Args:
        after_seconds: a device is walked so long after it told something; what it tells meanwhile belongs to that walk.
        pause_seconds: the least time between the beginnings of two walks of one device.
    """

    def __init__(self, after_seconds: float, pause_seconds: float) -> None:
        self.after, self.pause = after_seconds, pause_seconds
        self._due: dict[str, float] = {}
        self._begun: dict[str, float] = {}

    def tell(self, device: str, now: float) -> None:
        """The device told something: it is due soon, unless it is already."""
        earliest = self._begun.get(device, -self.pause) + self.pause
        self._due.setdefault(device, max(now + self.after, earliest))

    def due(self, now: float, most: int = AT_ONCE) -> list[str]:
        """Devices to walk now, whose walks begin; the longest waiting first."""
        ripe = sorted((when, device) for device, when in self._due.items() if when <= now)[:most]
        for _, device in ripe:
            del self._due[device]
            self._begun[device] = now
        self._begun = {one: at for one, at in self._begun.items() if at > now - self.pause}
        return [device for _, device in ripe]

    def wait(self, now: float, most: float) -> float:
        """Seconds until somebody is due, at most *most*."""
        return min([most, *(max(when - now, 0.0) for when in self._due.values())])


class Listener:
    """
    The trap receiver at work, in threads of its own. Use it as a context manager.

    Attributes:
        listening: False when nothing is configured, or another process listens for this store.
        hear: told each event once it is written down.
        walked: told the report of each walk that followed.
    """

    def __init__(
        self,
        desk: Desk,
        hear: Callable[[Event], None] | None = None,
        walked: Callable[[list[str], Report], None] | None = None,
    ) -> None:
        self.desk, self.hear, self.walked = desk, hear, walked
        self.settings = desk.config.snmp.traps
        self.listening = False
        self.failures = 0
        self.schedule = Schedule(self.settings.walk_after_seconds, self.settings.walk_pause_seconds)
        self._stack = ExitStack()
        self._ending = threading.Event()
        self._told = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._last: dict[str, float] = {}
        self._names: dict[tuple[str, int], str] = {}
        self._register: Register | None = None
        self.receiver = _receiver(desk)

    # ---- life
    def __enter__(self) -> Listener:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """
        Begin, unless nothing is configured or another process listens for this store already.

        Raises:
            NetopsError: an address cannot be used, or a credential cannot be read.
        """
        if not self.settings.listen:
            return
        if not self._stack.enter_context(self.desk.store.lock("traps", wait=False)):
            self._stack.close()
            return
        try:
            self.receiver.opener.boots = boots(self.desk)
            self._reload()
            self.receiver.start()
        except BaseException:
            self._stack.close()
            raise
        self.listening = True
        for name, work in (("trap-log", self._log), ("trap-walks", self._walk)):
            thread = threading.Thread(target=self._turns, args=(work,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Write down what was received, and give everything back; walks that are due are left to the timetable."""
        if not self.listening:
            return
        self.receiver.stop()
        self._ending.set()
        with self._told:
            self._told.notify_all()
        for thread in self._threads:
            thread.join(30)
        self._safely(self._log)
        self._safely(self._count)
        self.listening = False
        self._stack.close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are bound."""
        return self.receiver.ports

    # ---- threads
    def _turns(self, work: Callable[[], None]) -> None:
        while not self._ending.is_set():
            self._safely(work)

    def _safely(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one bad turn (a locked store) must not end the rest
            self.failures += 1
            logger.warning("traps: turn failed: %r", str(error))
            self._ending.wait(0.5)

    def _log(self) -> None:
        """One turn: take, write down, answer, and say who is to be walked."""
        if self._is_time("reload", RELOAD_SECONDS):
            self._reload()
        if self._is_time("count", COUNT_SECONDS):
            self._count()
        if self._is_time("prune", PRUNE_SECONDS):
            eventlog.prune(self.desk.store, self.desk.clock())
        heard = self.receiver.take(TURN_SECONDS)
        if not heard:
            # What waits beyond the rate of all together waits for the next turn.
            self._ending.wait(TURN_SECONDS / 4 if self.receiver.waiting else 0)
            return
        events = [self._event(one) for one in heard]
        try:
            eventlog.write(self.desk.store, events)
        except NetopsError:
            for one in heard:
                self.receiver.forget(one)
            raise
        for one in heard:
            self.receiver.answer(one)
        now = time.monotonic()
        with self._told:
            for told in events:
                if told.asks_for_a_walk:
                    self.schedule.tell(told.device, now)
            self._told.notify_all()
        for told in events if self.hear else ():
            self.hear(told)  # type: ignore[misc] # asked for above

    def _event(self, one: Heard) -> Event:
        told = one.notification
        at = datetime.fromtimestamp(one.at, UTC)
        made = event(one.sender.plane, one.sender.device, at, told.oid, told.version, told.variables)
        known = self._names.get((one.sender.device, made.if_index))
        return msgspec.structs.replace(made, interface=known) if known else made

    def _walk(self) -> None:
        """One turn: wait until somebody is due, and walk who is."""
        with self._told:
            self._told.wait(self.schedule.wait(time.monotonic(), 1.0) or 0.001)
            names = self.schedule.due(time.monotonic())
        registered = {entry.name for entry in self.desk.register.devices if entry.snmp}
        if found := sorted((set(names) | _far_ends(self.desk, names)) & registered if names else ()):
            report = walk.run(self.desk, targets=found)
            if self.walked:
                self.walked(found, report)

    # ---- upkeep
    def _is_time(self, what: str, period: float) -> bool:
        now = time.monotonic()
        if now - self._last.get(what, -period) < period:
            return False
        self._last[what] = now
        return True

    def _reload(self) -> None:
        """Read the register anew when another version is in force, and what devices hold every few minutes."""
        register = self.desk.register
        if not self._is_time("views", VIEWS_SECONDS) and register is self._register:
            return
        self._register = register
        views = snapshots.latest(self.desk.store)
        self._names = {
            (view.key, one.if_index): one.name for view in views for one in view.interfaces if one.name
        }
        self.receiver.know(senders(self.desk, views))

    def _count(self) -> None:
        counts, reasons = self.receiver.counted()
        names = {source: (one.plane, one.device) for source, one in self.receiver.senders.items()}
        eventlog.count(self.desk.store, counts, reasons, names, self.desk.clock())


def _far_ends(desk: Desk, names: Collection[str]) -> set[str]:
    """The other ends of links that are told to be down: that one is up again, both have to say."""
    found = set()
    for one in docket.listed(desk.store, state=STANDING, code="TP-107"):
        ends = {str(one.subject[end]["device"]) for end in ("a", "b")}
        found |= ends if ends & set(names) else set()
    return found


def senders(desk: Desk, views: Iterable[DeviceView]) -> dict[str, Sender]:
    """
    Who may send, by every address that a device is known to send from: its registered one and those on its interfaces.

    An address that two devices hold is nobody's, but where it is registered.

    Raises:
        NetopsError: a credential is not configured or cannot be read.
    """
    from netops.probes.traps import Sender

    more = [credential(desk.config, name) for name in desk.config.snmp.traps.credentials]
    entries = {
        (entry.plane, entry.name): entry for entry in desk.register.devices if entry.plane in desk.planes
    }
    made = {
        key: Sender(entry.plane, entry.name, entry.address, (*_own(desk, entry), *more))
        for key, entry in entries.items()
        if entry.snmp or more
    }
    held: Counter[str] = Counter()
    holders = {}
    for view in views:
        for address in {one.address for one in view.addresses if not one.address.startswith(LOCAL)}:
            held[address] += 1
            holders[address] = (view.plane, view.key)
    found = {
        desk.config.reached(address): made[key]
        for address, key in holders.items()
        if held[address] == 1 and key in made
    }
    return found | {desk.config.reached(one.address): one for one in made.values()}


def _own(desk: Desk, entry: RegisteredDevice) -> list[Credential]:
    return credentials(desk.config, entry) if entry.snmp else []


def _receiver(desk: Desk) -> TrapReceiver:
    from netops.probes.notifications import Opener
    from netops.probes.traps import Limits, TrapReceiver

    settings = desk.config.snmp.traps
    limits = Limits(
        settings.per_second, settings.burst, settings.total_per_second, int(settings.total_per_second * 5)
    )
    return TrapReceiver(settings.listen, {}, Opener(engine_id(settings.listen), 0), limits)


def engine_id(listen: Iterable[str]) -> bytes:
    """Our snmpEngineID (RFC 3411): the same as long as we listen at the same place. Format 5, octets of our own."""
    own = hashlib.sha256(" ".join([socket.gethostname(), *listen]).encode()).digest()[:12]
    return b"\x80\x00\x7e\xd9\x05" + own


def boots(desk: Desk) -> int:
    """How often our engine was started on this store, this time included."""
    with desk.store.write() as connection:
        return ids.take(connection, "snmp engine boots")
