"""
A very small web server for one question: the sensor's beacons outside, and the portal's page element inside.

It reads one line of a request, asks what to answer, answers that or nothing at all, and closes. Bounded in connections,
octets and time, so that a flood costs no memory and shuts nobody out for long. Standard library only.
"""

from __future__ import annotations

import re
import selectors
import socket
import ssl
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress

MAX_OPEN = 512
MAX_OF_ONE = 32
"""Open connections in all, and of one address; the oldest gives way."""
MAX_LINE = 1024
PATIENCE_SECONDS = 4.0
REQUEST = re.compile(rb"GET (/[!-~]{0,512}) HTTP/1\.[01]\r?\n")
Answer = Callable[[str, str], bytes | None]
"""Path and address of the client to a whole answer; None is silence."""


class _Open:
    """One connection: what was read, and when its patience ends."""

    __slots__ = ("peer", "read", "until")

    def __init__(self, peer: str, until: float) -> None:
        self.peer, self.read, self.until = peer, b"", until


def listener(listen: str) -> socket.socket:
    """
    A listening socket at "ADDRESS:PORT" or "[ADDRESS]:PORT".

    Raises:
        ValueError: it is no such text.
        OSError: it cannot be listened there.
    """
    host, _, port = listen.rpartition(":")
    host = host.strip("[]")
    if not host or not port.isdigit() or not 0 <= int(port) < 65536:
        raise ValueError(f"{listen} is not ADDRESS:PORT")
    server = socket.create_server((host, int(port)), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=1024)
    server.settimeout(0)
    return server


def secured(certificate: str, private_key: str) -> ssl.SSLContext | None:
    """TLS as a server, or None without a certificate."""
    if not certificate:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, private_key or None)
    return context


def serve(server: socket.socket, answer: Answer, seconds: float, tls: ssl.SSLContext | None = None) -> Iterator[int]:
    """
    Answer for *seconds*.

    Yields:
        At least once a second, how many requests were left without an answer since the last time.
    """
    until, refused, told = time.monotonic() + seconds, 0, time.monotonic()
    connections: OrderedDict[socket.socket, _Open] = OrderedDict()
    of_one: Counter[str] = Counter()
    with selectors.DefaultSelector() as ready:
        ready.register(server, selectors.EVENT_READ)

        def close(one: socket.socket) -> None:
            peer = connections.pop(one).peer
            of_one[peer] -= 1
            if of_one[peer] <= 0:
                del of_one[peer]
            with suppress(KeyError, ValueError):
                ready.unregister(one)
            one.close()

        while (now := time.monotonic()) < until:
            for key, _ in ready.select(min(until - now, 0.5)):
                one = key.fileobj
                assert isinstance(one, socket.socket)  # noqa: S101 - only sockets are registered
                if one is server:
                    for made, peer in _accepted(server, tls):
                        if of_one[peer] >= MAX_OF_ONE or len(connections) >= MAX_OPEN:
                            oldest = next((each for each, of in connections.items() if of.peer == peer), None)
                            close(oldest or next(iter(connections)))
                            refused += 1
                        connections[made] = _Open(peer, time.monotonic() + PATIENCE_SECONDS)
                        of_one[peer] += 1
                        ready.register(made, selectors.EVENT_READ)
                elif one in connections and (said := _line(one, connections[one])) is not None:
                    path = REQUEST.match(said)
                    content = answer(path[1].decode("ascii"), connections[one].peer) if path else None
                    if content is None:
                        refused += 1
                    else:
                        with suppress(OSError):
                            one.send(content)
                            one.shutdown(socket.SHUT_WR)
                    close(one)
            now = time.monotonic()
            while connections and next(iter(connections.values())).until < now:
                close(next(iter(connections)))
                refused += 1
            if now - told >= 1 or refused >= 10_000:
                yield refused
                refused, told = 0, now
        for one in list(connections):
            close(one)
    yield refused


def _accepted(server: socket.socket, tls: ssl.SSLContext | None) -> Iterator[tuple[socket.socket, str]]:
    for _ in range(64):
        try:
            made, where = server.accept()
        except OSError:  # nobody is left, or no descriptor is
            return
        made.settimeout(0)
        peer = str(where[0]).removeprefix("::ffff:")
        with suppress(OSError):
            yield (tls.wrap_socket(made, server_side=True, do_handshake_on_connect=False) if tls else made), peer


def _line(one: socket.socket, of: _Open) -> bytes | None:
    """The request's first line when it is there, b"" when there will be none, None while it may still come."""
    try:
        if isinstance(one, ssl.SSLSocket) and one.version() is None:
            one.do_handshake()
        more = one.recv(4096)
    except (ssl.SSLWantReadError, ssl.SSLWantWriteError, BlockingIOError):
        return None
    except (OSError, ValueError):
        return b""
    of.read += more
    if b"\n" in of.read[:MAX_LINE]:
        return of.read[:MAX_LINE]
    return None if more and len(of.read) < MAX_LINE else b""
