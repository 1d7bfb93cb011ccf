"""The trap receiver: UDP sockets for notifications, known senders only, fair among them, and bounded whoever floods."""

from __future__ import annotations

import select
import socket
import struct
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from typing import Any, NamedTuple

import msgspec

from netops.core.errors import NetopsError
from netops.core.plane import Plane
from netops.probes.credentials import Credential
from netops.probes.notifications import Notification, Opener

RECEIVE_BYTES = 32 << 20
"""Asked of the kernel for each socket; without the privilege it gives net.core.rmem_max at most."""
SO_RCVBUFFORCE, SO_RXQ_OVFL = 33, 40
BURST = 512
MAX_SOURCES = 1000
"""Unknown sources that are counted one by one; later ones together."""
MAX_OCTETS = 16384
"""A notification fits one datagram of a management network; what is longer is malformed."""
RAW_PER_SECOND, RAW_BURST = 200.0, 1000.0
"""Datagrams of one address that are opened at all: forged ones cost us, and must not cost the others."""
MAX_WAITING = 5000
"""Notifications of all senders that wait; beyond it each sender keeps the one it has, and no more."""
REMEMBERED = 64
REMEMBERED_SECONDS = 60.0
"""So long, and so many of each sender, is known that a notification is the same one come again."""
ELSEWHERE = "…"
"""Stands for every source beyond MAX_SOURCES."""


class Sender(msgspec.Struct, frozen=True):
    """A device that may send: its name and address in the register, and what it may prove itself by."""

    plane: Plane
    device: str
    address: str
    credentials: tuple[Credential, ...]


class Limits(msgspec.Struct, frozen=True):
    """Notifications a second, and at once: of each sender, and of all together."""

    per_second: float = 10.0
    burst: int = 50
    total_per_second: float = 200.0
    total_burst: int = 1000


class Heard(NamedTuple):
    """A notification that may be believed, and how it is answered once it is written down."""

    sender: Sender
    source: str
    at: float
    """Seconds since 1970."""
    notification: Notification
    reply: bytes
    place: tuple[Any, ...]
    socket: int
    key: tuple[str, int, int]


class Bucket:
    """So many a second, and so many at once."""

    __slots__ = ("burst", "left", "rate", "since")

    def __init__(self, rate: float, burst: float, now: float) -> None:
        self.rate, self.burst, self.left, self.since = rate, burst, burst, now

    def take(self, now: float) -> bool:
        """Whether one more may pass now."""
        self.left = min(self.burst, self.left + (now - self.since) * self.rate)
        self.since = now
        if self.left < 1:
            return False
        self.left -= 1
        return True


class _Line:
    """What one sender has waiting, and what it sent lately."""

    def __init__(self, limits: Limits, now: float) -> None:
        self.waiting: deque[Heard] = deque()
        self.raw = Bucket(RAW_PER_SECOND, RAW_BURST, now)
        self.bucket = Bucket(limits.per_second, limits.burst, now)
        self.lately: OrderedDict[tuple[str, int, int], tuple[float, bool]] = OrderedDict()


class TrapReceiver:
    """
    Receives notifications in a thread; who takes them writes them down and lets them be answered.

    What is counted: accepted, repeated, limited, refused, malformed, unknown, and kernel_dropped for everybody.

    Args:
        listen: "address:port" or "[address]:port".
        senders: source address to who it is.
        opener: opens datagrams.
    """

    def __init__(
        self,
        listen: Sequence[str],
        senders: Mapping[str, Sender],
        opener: Opener,
        limits: Limits | None = None,
    ) -> None:
        self.listen, self.senders, self.opener = tuple(listen), dict(senders), opener
        self.limits = limits or Limits()
        self.kernel_dropped = 0
        self._counts: dict[str, Counter[str]] = {}
        self._reasons: dict[str, str] = {}
        self._lines: dict[str, _Line] = {}
        self._round: deque[str] = deque()
        self._waiting = 0
        self._total = Bucket(self.limits.total_per_second, self.limits.total_burst, time.monotonic())
        self._lock = threading.Condition()
        self._stop = threading.Event()
        self._sockets: list[socket.socket] = []
        self._thread: threading.Thread | None = None

    # ---- life
    def start(self) -> None:
        """
        Bind and begin to receive.

        Raises:
            NetopsError: an address cannot be used.
        """
        try:
            for address in self.listen:
                self._sockets.append(_bound(address))
        except NetopsError:
            self._close()
            raise
        self._thread = threading.Thread(target=self._receive, name="trap-receiver", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and give the sockets back."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join(5)
        self._close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are bound, in the order of *listen*."""
        return tuple(one.getsockname()[1] for one in self._sockets)

    def know(self, senders: Mapping[str, Sender]) -> None:
        """Believe these senders from now on, and no others."""
        with self._lock:
            self.senders = dict(senders)
            devices = {f"{one.plane}/{one.device}" for one in self.senders.values()}
            self._lines = {name: line for name, line in self._lines.items() if name in devices}
            self._waiting = sum(len(line.waiting) for line in self._lines.values())

    # ---- what came
    def take(self, timeout_seconds: float = 0.0, most: int = 500) -> list[Heard]:
        """What may pass now, one of each sender in turn; waits so long for the first."""
        with self._lock:
            if not self._round and timeout_seconds:
                self._lock.wait(timeout_seconds)
            taken: list[Heard] = []
            while self._round and len(taken) < most and self._total.take(time.monotonic()):
                name = self._round.popleft()
                line = self._lines.get(name)
                if line is None or not line.waiting:
                    continue
                taken.append(line.waiting.popleft())
                self._waiting -= 1
                if line.waiting:
                    self._round.append(name)
            return taken

    @property
    def waiting(self) -> int:
        """How many notifications wait to be taken."""
        return self._waiting

    def answer(self, heard: Heard) -> None:
        """It is written down: answer it when it is an inform, now and when it comes again."""
        with self._lock:
            line = self._lines.get(_name(heard.sender))
            if line is not None and heard.key in line.lately:
                line.lately[heard.key] = (line.lately[heard.key][0], True)
        if heard.reply:
            self._send(heard.socket, heard.reply, heard.place)

    def forget(self, heard: Heard) -> None:
        """It could not be written down: when it comes again it is new."""
        with self._lock:
            line = self._lines.get(_name(heard.sender))
            if line is not None:
                line.lately.pop(heard.key, None)

    def counted(self) -> tuple[dict[str, Counter[str]], dict[str, str]]:
        """What was counted since the last call, by source, and why the last of each was refused."""
        with self._lock:
            counts, self._counts = self._counts, {}
            reasons, self._reasons = self._reasons, {}
            return counts, reasons

    # ---- the thread
    def _receive(self) -> None:
        lost = [0] * len(self._sockets)
        while not self._stop.is_set():
            ready, _, _ = select.select(self._sockets, [], [], 0.2)
            for one in ready:
                number = self._sockets.index(one)
                for _ in range(BURST):
                    try:
                        octets, ancillary, _flags, place = one.recvmsg(MAX_OCTETS + 1, 64)
                    except OSError:  # nothing more, or an ICMP error of an earlier answer
                        break
                    for level, kind, value in ancillary:
                        if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL and len(value) >= 4:
                            total = struct.unpack("I", value[:4])[0]
                            self.kernel_dropped += (total - lost[number]) % (1 << 32)
                            lost[number] = total
                    self._one(number, octets, place)

    def _one(self, number: int, octets: bytes, place: tuple[Any, ...]) -> None:
        source = str(place[0])
        sender = self.senders.get(source)
        if sender is None and ":" in source:
            source = _plain(source)
            sender = self.senders.get(source)
        if sender is None:
            self._count(source, "unknown")
            return
        now = time.monotonic()
        line = self._lines.get(_name(sender))
        if line is None:
            with self._lock:
                line = self._lines.setdefault(_name(sender), _Line(self.limits, now))
        if not line.raw.take(now):
            self._count(source, "limited")
            return
        try:
            if len(octets) > MAX_OCTETS:
                raise ValueError("too long")
            opened = self.opener.open(octets, sender.credentials)
        except (ValueError, IndexError, OverflowError) as error:
            self._count(source, "malformed", str(error))
            return
        if opened.notification is None:
            if opened.refused:
                self._count(source, "refused", opened.refused)
            if opened.reply:
                self._send(number, opened.reply, place)
            return
        key = _fingerprint(opened.notification)
        heard = Heard(sender, source, time.time(), opened.notification, opened.reply, place, number, key)
        self._put(line, heard, now)

    def _put(self, line: _Line, heard: Heard, now: float) -> None:
        with self._lock:
            while line.lately and (
                len(line.lately) > REMEMBERED
                or next(iter(line.lately.values()))[0] < now - REMEMBERED_SECONDS
            ):
                line.lately.popitem(last=False)
            known = line.lately.get(heard.key)
        if known is not None:
            self._count(heard.source, "repeated")
            if known[1] and heard.reply:
                self._send(heard.socket, heard.reply, heard.place)
            return
        # An inform that is not taken is not answered either: its sender tries again.
        most = self.limits.burst if self._waiting < MAX_WAITING else 1
        if len(line.waiting) >= most or not line.bucket.take(now):
            self._count(heard.source, "limited")
            return
        with self._lock:
            line.lately[heard.key] = (now, False)
            line.waiting.append(heard)
            self._waiting += 1
            if len(line.waiting) == 1:
                self._round.append(_name(heard.sender))
            self._lock.notify_all()
        self._count(heard.source, "accepted")

    def _count(self, source: str, outcome: str, why: str = "") -> None:
        with self._lock:
            if source not in self._counts and source not in self.senders and len(self._counts) >= MAX_SOURCES:
                source = ELSEWHERE
            self._counts.setdefault(source, Counter())[outcome] += 1
            if why:
                self._reasons[source] = why[:200]

    def _send(self, number: int, octets: bytes, place: tuple[Any, ...]) -> None:
        try:
            self._sockets[number].sendto(octets, place)
        except (OSError, IndexError):  # its port is closed, or ours is: it asks again
            return

    def _close(self) -> None:
        for one in self._sockets:
            one.close()
        self._sockets = []


def _name(sender: Sender) -> str:
    return f"{sender.plane}/{sender.device}"


def _fingerprint(one: Notification) -> tuple[str, int, int]:
    """Equal for the same notification sent again; a trap's number may be 0, so its content and uptime count too."""
    return one.oid, one.number, hash((one.version, one.uptime_seconds, one.variables))


def _plain(source: str) -> str:
    """An address without its zone, and IPv4 out of a mapped IPv6 one."""
    address = ip_address(source.split("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        try:
            one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        except OSError:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
        one.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        one.setblocking(False)  # noqa: FBT003 - socket's own signature
        one.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        one.close()
        raise NetopsError(
            "traps are not received on {address}",
            "{reason}",
            "a port below 1024 needs CAP_NET_BIND_SERVICE; or change [snmp.traps] listen",
            address=address,
            reason=error,
        ) from error
    return one
