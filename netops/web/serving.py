"""Run the pages until somebody stops them."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import signal
import socket
import ssl
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from netops.core.certificates import parts
from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.web.api.commands import Commands
from netops.web.app import application
from netops.web.asking import SUBJECT
from netops.web.signing import OneTime

PATIENCE_SECONDS = 3
"""How long requests that are under way may take at the end; and, after that, answers that are made in threads."""
HEAD_SECONDS, BODY_SECONDS, MOST_HEAD_BYTES = 20.0, 120.0, 64 << 10
"""How long a request's head and its body may take to come, and how large the head may be."""
RARELY = (20_000, 20, 20)
"""New objects before the collector looks for cycles, and how often it looks at older ones: a network of 2,000 devices is a
million objects without one, and while Python looks at them all, nobody is answered (up to 1.5 s with its own figures)."""


class _Server(uvicorn.Server):
    """A server in a thread of its own: an answer that takes minutes does not hold up the end of what stands around it."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the main thread's."""
        yield

    def run_until_asked(self, sockets: list[socket.socket]) -> None:
        """
        Serve until SIGINT or SIGTERM; a second one is not needed.

        Answers under way are waited for as long as PATIENCE_SECONDS says; what still works then is left behind: an act is
        whole in the store or not there, and is asked for again by its key. See `leave`.
        """
        failed: list[BaseException] = []
        logging.getLogger("uvicorn.error").addFilter(_is_told)

        def serve() -> None:
            try:
                self.run(sockets=sockets)
            except BaseException as error:  # noqa: BLE001 - raised below, in the main thread
                failed.append(error)

        thread = threading.Thread(target=serve, name="web", daemon=True)
        kept = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            thread.start()
            while thread.is_alive() and not self.should_exit:
                thread.join(1.0)
            thread.join(2 * PATIENCE_SECONDS)
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)
        if failed:
            raise failed[0]


def _is_told(record: logging.LogRecord) -> bool:
    """An answer that was broken off at the end is no fault to show."""
    return not (record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError))


def leave() -> None:
    """
    The process ends here and now where something still works in it, which Python would wait for; all else is closed already.

    Threads of pools are waited for at the end even where they are daemons (`concurrent.futures`), so being one says nothing.
    """
    others = [one for one in threading.enumerate() if one is not threading.current_thread()]
    for one in others:
        one.join(1.0 / len(others))
    if any(one.is_alive() for one in others):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)


class _Protocol(HttpToolsProtocol):
    """
    HTTP/1.1 that tells the application whose certificate the other side showed, and waits for nobody without end: who sends
    a request byte by byte, or one without an end, is cut off, so that many of them do not take every place (Slowloris).
    """

    subject = ""
    _head = 0
    _is_head = True
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The certificate was verified by TLS, or there is none."""
        super().connection_made(transport)
        self._by(HEAD_SECONDS)
        shown = transport.get_extra_info("ssl_object")
        if shown is not None and (certificate := shown.getpeercert(binary_form=True)):
            from cryptography import x509

            self.subject = x509.load_der_x509_certificate(certificate).subject.rfc4514_string()

    def connection_lost(self, exc: Exception | None) -> None:
        """The other side has left, or was cut off."""
        self._by(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Some of a request."""
        super().data_received(data)
        self._head += len(data) if self._is_head else 0
        if self._head > MOST_HEAD_BYTES:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._by(HEAD_SECONDS)
        if self.subject:
            self.scope[SUBJECT] = self.subject  # type: ignore[literal-required]

    def on_headers_complete(self) -> None:
        """Its head is whole."""
        self._head, self._is_head = 0, False
        self._by(BODY_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """It is whole."""
        self._is_head = True
        self._by(None)
        super().on_message_complete()

    def _by(self, seconds: float | None) -> None:
        """What is awaited must be there within so long; nothing is awaited any more when that is None."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None if seconds is None else self.loop.call_later(seconds, self.transport.abort)


def _places() -> int:
    """How many may be connected at the same time: files and the store need descriptors too. More are told to come later."""
    return max(256, min(4096, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2))


def run(desk: Desk, address: str, once: OneTime | None = None, commands: Commands | None = None) -> None:
    """
    Serve pages, API and /metrics at *address* ("host:port") until SIGINT or SIGTERM; over TLS where a certificate is set.

    Raises:
        NetopsError: the address cannot be used, or a subject under [web.subjects] is none.
    """
    host, _sep, port = address.rpartition(":")
    web = desk.config.web
    for subject in web.subjects:
        parts(subject)
    config = uvicorn.Config(
        application(desk, address, once, is_secure=bool(web.certificate), commands=commands),
        host=host.strip("[]"),
        port=int(port),
        log_level="warning",
        access_log=False,
        server_header=False,
        # Who is behind a proxy is told by the proxies that are named, not by whoever is on this machine.
        proxy_headers=False,
        http=_Protocol,
        ssl_ca_certs=str(desk.config.folder / web.client_ca) if web.client_ca else None,
        ssl_cert_reqs=ssl.CERT_OPTIONAL if web.client_ca else ssl.CERT_NONE,
        timeout_graceful_shutdown=PATIENCE_SECONDS,
        limit_concurrency=_places(),
        ssl_certfile=desk.config.folder / web.certificate if web.certificate else None,
        ssl_keyfile=desk.config.folder / web.key if web.key else None,
    )
    try:
        listener = config.bind_socket()
    except SystemExit:
        raise NetopsError(
            "the pages were not served",
            "{address} cannot be used",
            "another process may have it: give another by --listen or [web] listen",
            address=address,
        ) from None
    # An answer goes out at once, not after the receipt for its first part (Nagle, RFC 9293 §3.7.4): asyncio says so
    # only where a socket names its protocol, which uvicorn's does not. Linux hands it on to what is accepted.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    gc.freeze()
    gc.set_threshold(*RARELY)
    with listener:
        _Server(config).run_until_asked([listener])
