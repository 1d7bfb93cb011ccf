"""A netops that is really served on loopback, in a thread of the test."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn

from netops.desk import Desk
from netops.web import serving
from netops.web.app import application


def free_port() -> int:
    """A port of loopback that nobody has now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def answers(port: int, seconds: float = 180.0) -> None:
    """Until somebody answers there."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("nobody answers")


@contextmanager
def served(desk: Desk, port: int = 0, tls: tuple[str, str, str] | None = None, **more: object) -> Iterator[str]:
    """Its address, "127.0.0.1:port", for as long as it is served; *tls*: certificate, key, and the authority of clients."""
    port = port or free_port()
    address = f"127.0.0.1:{port}"
    app = application(desk, address, **more)  # type: ignore[arg-type]
    secure: dict[str, Any] = {}
    if tls:
        secure = {"ssl_certfile": tls[0], "ssl_keyfile": tls[1], "ssl_ca_certs": tls[2], "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error", lifespan="off", http=serving._Protocol,
                            proxy_headers=False, **secure)  # fmt: skip
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    try:
        yield address
    finally:
        server.should_exit = True
        thread.join(10)
