"""The flow collector's senses: UDP sockets that never wait for the decoder, and datagrams out of captures."""

from __future__ import annotations

import base64
import json
import select
import socket
import struct
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import NamedTuple

from netops.core.errors import NetopsError

RECEIVE_BYTES = 64 << 20
"""Asked of the kernel for each socket; without the privilege it gives net.core.rmem_max at most."""
QUEUE_BYTES = 256 << 20
"""Datagrams waiting for the decoder; later ones are counted as dropped."""
MAX_UNKNOWN = 1000
SO_RCVBUFFORCE, SO_RXQ_OVFL = 33, 40
BURST = 512
MAGIC = (
    b"\xa1\xb2\xc3\xd4",
    b"\xd4\xc3\xb2\xa1",
    b"\xa1\xb2\x3c\x4d",
    b"\x4d\x3c\xb2\xa1",
    b"\x0a\x0d\x0d\x0a",
)
"""First octets of pcap and pcapng files; no flow datagram starts so."""


class Datagram(NamedTuple):
    """One datagram: its exporter by the address the register knows, ms UTC of receipt, its bytes."""

    exporter: str
    received: int
    payload: bytes


class Collector:
    """
    Receives flow datagrams of registered exporters, a thread a socket.

    Args:
        listen: "address:port" or "[address]:port", as `[flows] listen` has them.
        allowed: source address to the address that the register knows; others are counted, never decoded.
    """

    def __init__(self, listen: Sequence[str], allowed: Mapping[str, str]) -> None:
        self.listen, self.allowed = tuple(listen), dict(allowed)
        self.outcomes: Counter[str] = Counter()
        """Since the start: received, unknown_exporter, queue_dropped, kernel_dropped."""
        self.unknown: Counter[str] = Counter()
        """Datagrams by source that no entry of the register allows; the first MAX_UNKNOWN sources."""
        self._queue: list[Datagram] = []
        self._queued_bytes = 0
        self._lock = threading.Condition()
        self._stop = threading.Event()
        self._sockets: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._heard = time.monotonic()

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
        for one in self._sockets:
            thread = threading.Thread(target=self._receive, args=(one,), name="flow-receiver", daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """End the threads and give the sockets back; what was received can still be taken."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5)
        self._close()

    @property
    def ports(self) -> tuple[int, ...]:
        """The ports that are bound, in the order of *listen*."""
        return tuple(one.getsockname()[1] for one in self._sockets)

    def take(self, timeout_seconds: float = 0.0) -> list[Datagram]:
        """Everything received since the last call; waits so long for the first."""
        with self._lock:
            if not self._queue and timeout_seconds:
                self._lock.wait(timeout_seconds)
            taken, self._queue, self._queued_bytes = self._queue, [], 0
            return taken

    def quiet_seconds(self) -> float:
        """Time since a datagram last came; 0 while some are waiting."""
        return 0.0 if self._queue else time.monotonic() - self._heard

    # ---- a socket's thread
    def _receive(self, one: socket.socket) -> None:
        lost = 0
        while not self._stop.is_set():
            if not select.select([one], [], [], 0.2)[0]:
                continue
            burst: list[tuple[str, bytes]] = []
            for _ in range(BURST):
                try:
                    payload, ancillary, _flags, source = one.recvmsg(65535, 64)
                except BlockingIOError:
                    break
                except OSError:  # an ICMP error of an earlier answer, or the socket is being closed
                    break
                burst.append((source[0], payload))
                for level, kind, value in ancillary:
                    if level == socket.SOL_SOCKET and kind == SO_RXQ_OVFL and len(value) >= 4:
                        total = struct.unpack("I", value[:4])[0]
                        self.outcomes["kernel_dropped"] += (total - lost) % (1 << 32)
                        lost = total
            self._put(burst)

    def _put(self, burst: list[tuple[str, bytes]]) -> None:
        now = time.time_ns() // 1_000_000
        with self._lock:
            for source, payload in burst:
                known = self.allowed.get(source) or self.allowed.get(_plain(source))
                if known is None:
                    self.outcomes["unknown_exporter"] += 1
                    if source in self.unknown or len(self.unknown) < MAX_UNKNOWN:
                        self.unknown[source] += 1
                elif self._queued_bytes + len(payload) > QUEUE_BYTES:
                    self.outcomes["queue_dropped"] += 1
                else:
                    self._queue.append(Datagram(known, now, payload))
                    self._queued_bytes += len(payload) + 128
                    self.outcomes["received"] += 1
            if burst:
                self._heard = time.monotonic()
                self._lock.notify_all()

    def _close(self) -> None:
        for one in self._sockets:
            one.close()
        self._sockets = []


def _plain(source: str) -> str:
    """An address without its zone, and IPv4 out of a mapped IPv6 one."""
    address = ip_address(source.split("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        return str(address.ipv4_mapped)
    return str(address)


def _bound(address: str) -> socket.socket:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    one = socket.socket(family, socket.SOCK_DGRAM)
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
            "flows are not collected on {address}",
            "{why}",
            "end the program that has the port (ss -lunp shows it), or change [flows] listen",
            address=address,
            why=error,
        ) from error
    return one


# ---- captures
def is_capture(start: bytes) -> bool:
    """Whether a file that starts so is pcap or pcapng."""
    return start[:4] in MAGIC


def captured(path: Path) -> Iterator[Datagram]:
    """
    The UDP datagrams of a capture, in order, with their sources; read by the child process that has scapy.

    Raises:
        NetopsError: the capture cannot be read.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "netops.probes.wire"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as child:
        assert child.stdin is not None and child.stdout is not None  # noqa: S101, PT018 - both are pipes
        try:
            child.stdin.write(json.dumps({"do": "datagrams", "path": str(path.resolve())}).encode() + b"\n")
            child.stdin.close()
            for line in child.stdout:
                answer = json.loads(line)
                if "error" in answer:
                    raise NetopsError(
                        "{path} was not read",
                        "{why}",
                        "check that it is a whole pcap or pcapng file",
                        path=path,
                        why=answer["error"],
                    )
                if "end" in answer:
                    return
                yield Datagram(answer["source"], answer["at"], base64.b64decode(answer["payload"]))
            raise NetopsError("{path} was not read", "the reader ended before the file did", "", path=path)
        finally:
            child.kill()
