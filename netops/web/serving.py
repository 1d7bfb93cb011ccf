"""Run the pages until somebody stops them."""

from __future__ import annotations

import asyncio
import signal
import socket
import ssl
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


class _Server(uvicorn.Server):
    """A server that ends by itself on SIGINT and SIGTERM, so that what stands around it is closed in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Both signals ask for the end; a second one is not needed."""
        kept = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in kept.items():
                signal.signal(number, handler)


class _Protocol(HttpToolsProtocol):
    """HTTP/1.1 that tells the application whose certificate the other side showed."""

    subject = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The certificate was verified by TLS, or there is none."""
        super().connection_made(transport)
        shown = transport.get_extra_info("ssl_object")
        if shown is not None and (certificate := shown.getpeercert(binary_form=True)):
            from cryptography import x509

            self.subject = x509.load_der_x509_certificate(certificate).subject.rfc4514_string()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self.subject:
            self.scope[SUBJECT] = self.subject  # type: ignore[literal-required]


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
        timeout_graceful_shutdown=3,
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
    with listener:
        _Server(config).run(sockets=[listener])
