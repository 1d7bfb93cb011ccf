"""The flow collector's senses: UDP sockets that never wait for the decoder, and datagrams out of captures."""

from __future__ import annotations

import os
import select
import socket
import struct
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from netops.core.datagrams import Datagrams, gathered
from netops.core.errors import NetopsError
from netops.probes import left
from netops.probes.ring import SLOT, Ring, View

RECEIVE_BYTES = 64 << 20
"""Asked of the kernel for each socket; without the privilege it gives net.core.rmem_max at most."""
RING_SLOTS, RING_ENTRIES = (256 << 20) // SLOT, 1 << 18
"""Room for datagrams that wait for the decoder; when it is full, the kernel's buffer fills and counts what it loses."""
ENDING_SECONDS = 10.0
READY_SECONDS = 10.0
"""The receiver reads within that time; what comes before waits in the sockets."""
BATCH = 8192
"""Datagrams taken at once: enough that columns pay, and few enough that they stay in a processor's cache."""
PEEKED, HEAD, SETS = 64, 22, {9: 20, 10: 16}
"""Datagrams looked at for templates, how far, and where the id of the first set stands by version."""
MAX_UNKNOWN = 1000
SO_RCVBUFFORCE, SO_MEMINFO = 33, 55
MEMINFO = struct.Struct("9I")
"""Of SO_MEMINFO (Linux 4.12); the last word counts the datagrams that the socket had no room for."""


class Collector:
    """
    Receives flow datagrams of registered exporters by a child process of its own (see `receiver`).

    Args:
        listen: "address:port" or "[address]:port", as `[flows] listen` has them.
        streams: the same for IPFIX over TCP, as `[flows] tcp` has them.
        allowed: source address to the address that the register knows; others are counted, never decoded.
        folder: where what waits is left when this process is killed, and was left by an earlier one; None for nowhere.
    """

    def __init__(
        self, listen: Sequence[str], allowed: Mapping[str, str], streams: Sequence[str] = (), folder: Path | None = None
    ) -> None:
        self.listen, self.allowed, self.streams = tuple(listen), dict(allowed), tuple(streams)
        self.folder = folder
        self.outcomes: Counter[str] = Counter()
        """Since the start: received, unknown_exporter, kernel_dropped, and how many of them an earlier collector had left."""
        self.unknown: Counter[str] = Counter()
        """Datagrams by source that no entry of the register allows; the first MAX_UNKNOWN sources."""
        self._sockets: list[socket.socket] = []
        self._ring: Ring | None = None
        self._dropped: dict[int, int] = {}
        self._descriptors: list[int] = []
        """To be inherited: the ring, the bell, and last the lock of *folder*."""
        self._child: subprocess.Popen[bytes] | None = None
        self._heard = time.monotonic()

    def start(self) -> None:
        """
        Bind and begin to receive.

        Raises:
            NetopsError: an address cannot be used.
        """
        lock = [left.locked(self.folder)] if self.folder else []
        self._descriptors = [os.memfd_create("netops-flows"), os.eventfd(0, os.EFD_NONBLOCK), *lock]
        try:
            for address in self.listen:
                self._sockets.append(_bound(address))
            for address in self.streams:
                self._sockets.append(_listening(address))
        except NetopsError:
            self._close()
            raise
        self._ring = Ring(self._descriptors[0], RING_SLOTS, RING_ENTRIES)
        if self.folder:
            self.outcomes["left_over"] += left.taken(self._ring, self.folder)
        self._spawn()
        select.select([self._descriptors[1]], [], [], READY_SECONDS)
        self._heard = time.monotonic()

    def _spawn(self) -> None:
        ring, bell, *_ = self._descriptors
        sockets = [one.fileno() for one in self._sockets]
        told = (os.getpid(), self.folder or "", ring, RING_SLOTS, RING_ENTRIES, bell, *sockets)
        self._child = subprocess.Popen(
            [sys.executable, "-m", "netops.probes.receiver", *map(str, told)],
            pass_fds=(*self._descriptors, *sockets),
            stdin=subprocess.DEVNULL,
        )

    def stop(self) -> None:
        """End the child and give the sockets back; what was received can still be taken."""
        if self._child:
            self._child.terminate()
            try:
                self._child.wait(ENDING_SECONDS)
            except subprocess.TimeoutExpired:
                self._child.kill()
                self._child.wait()
            self._child = None
        self._close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are bound, in the order of *listen* and then of *streams*."""
        return tuple(one.getsockname()[1] for one in self._sockets)

    @contextmanager
    def taking(self, timeout_seconds: float = 0.0, most: int = BATCH) -> Iterator[Datagrams]:
        """
        Up to *most* of what was received and not yet taken; waits so long for the first.

        The payloads lie in shared memory: they are given back when the block ends.
        """
        if self._ring is None:
            yield gathered([])
            return
        self._wait(timeout_seconds)
        view = self._ring.view(most)
        try:
            yield self._known(view)
        finally:
            self._ring.give_back(view)

    @property
    def waiting(self) -> int:
        """Datagrams that were received and not yet taken."""
        return self._ring.waiting if self._ring else 0

    def wait(self, timeout_seconds: float) -> None:
        """Return as soon as datagrams wait, or after so long."""
        if self._child is None:
            time.sleep(timeout_seconds)
        self._wait(timeout_seconds)

    def teaches(self) -> bool:
        """Whether one of the first datagrams that wait begins with templates, which must not wait for others."""
        view = self._ring.view(PEEKED) if self._ring else None
        if view is None or not len(view.entries):
            return False
        starts = view.entries["start"][view.entries["length"] >= HEAD].astype(np.int64)
        heads = view.octets[starts[:, None] + np.arange(HEAD)]
        is_template = [(heads[:, 1] == version) & (heads[:, at] == 0) & (heads[:, at + 1] <= 3) for version, at in SETS.items()]
        return bool(((heads[:, 0] == 0) & np.any(is_template, axis=0)).any())

    def quiet_seconds(self) -> float:
        """Time since a datagram was last seen to have come; 0 while some are waiting."""
        if self.waiting:
            self._heard = time.monotonic()
            return 0.0
        return time.monotonic() - self._heard

    def _wait(self, timeout_seconds: float) -> None:
        if self._child is None:
            return
        if self._child.poll() is not None:  # it was killed; what came meanwhile waits in the sockets
            self.outcomes["receiver_restarts"] += 1
            self._spawn()
        if self.waiting:
            return
        bell = self._descriptors[1]
        if select.select([bell], [], [], timeout_seconds)[0]:
            os.eventfd_read(bell)

    def _known(self, view: View) -> Datagrams:
        """The entries of known exporters, under the address that the register knows; others are counted."""
        entries = view.entries
        exporters: dict[str, int] = {}
        exporter = np.full(len(entries), -1, np.int32)
        for hi, lo, rows in _sources(entries):
            source = _address(hi, lo)
            known = self.allowed.get(source)
            if known is not None:
                exporter[rows] = exporters.setdefault(known, len(exporters))
                continue
            count = len(entries) if isinstance(rows, slice) else len(rows)
            self.outcomes["unknown_exporter"] += count
            if source in self.unknown or len(self.unknown) < MAX_UNKNOWN:
                self.unknown[source] += count
        kept = entries[exporter >= 0]
        self.outcomes["received"] += len(kept)
        self._count_dropped()
        return Datagrams(
            view.octets,
            kept["start"].astype(np.int64),
            kept["length"].astype(np.int64),
            exporter[exporter >= 0],
            kept["received"],
            tuple(exporters),
        )

    def _count_dropped(self) -> None:
        """What the kernel threw away since the sockets were bound, because nobody took it in time."""
        for one in self._sockets:
            if one.type == socket.SOCK_DGRAM:
                total = MEMINFO.unpack(one.getsockopt(socket.SOL_SOCKET, SO_MEMINFO, MEMINFO.size))[-1]
                before = self._dropped.get(one.fileno(), 0)
                self.outcomes["kernel_dropped"] += (total - before) % (1 << 32)
                self._dropped[one.fileno()] = total

    def _close(self) -> None:
        self._count_dropped()
        for one in self._sockets:
            one.close()
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._sockets, self._descriptors = [], []


def _sources(entries: NDArray[Any]) -> Iterator[tuple[int, int, Any]]:
    """Each source of the entries as two halves, with its rows."""
    hi, lo = entries["hi"], entries["lo"]
    if len(entries) and (lo == lo[0]).all() and (hi == hi[0]).all():
        yield int(hi[0]), int(lo[0]), slice(None)
        return
    order = np.lexsort((lo, hi))
    edges = np.flatnonzero((np.diff(lo[order]) != 0) | (np.diff(hi[order]) != 0)) + 1
    for rows in np.split(order, edges) if len(entries) else ():
        yield int(hi[rows[0]]), int(lo[rows[0]]), rows


def _address(hi: int, lo: int) -> str:
    """Canonical text; IPv4 out of a mapped IPv6 address."""
    if not hi and lo >> 32 == 0xFFFF:
        return str(IPv4Address(lo & 0xFFFFFFFF))
    return str(IPv6Address(hi << 64 | lo))


def _bound(address: str) -> socket.socket:
    """A socket for datagrams, with as large a buffer as the kernel gives."""

    def prepare(one: socket.socket) -> None:
        try:
            one.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, RECEIVE_BYTES)
        except OSError:
            one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)

    return _opened(address, socket.SOCK_DGRAM, prepare)


def _listening(address: str) -> socket.socket:
    """A socket that takes connections of IPFIX over TCP."""
    one = _opened(
        address, socket.SOCK_STREAM, lambda it: it.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    )
    one.listen()
    return one


def _opened(address: str, kind: socket.SocketKind, prepare: Callable[[socket.socket], None]) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    one = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, kind)
    try:
        prepare(one)
        one.setblocking(False)  # noqa: FBT003 - socket's own signature
        one.bind((host, int(port)))
    except (OSError, OverflowError) as error:
        one.close()
        raise NetopsError(
            "flows are not collected on {address}",
            "{why}",
            "end the program that has the port (ss -lntup shows it), or change [flows] listen or tcp",
            address=address,
            why=error,
        ) from error
    return one


