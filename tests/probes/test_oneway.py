"""The push: every line arrives, nothing goes back, and a stranger who connects first is left."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from netops.core.errors import NetopsError
from netops.probes import oneway

LINES = ['{"kind":"start"}', *(f'{{"kind":"hit","n":{n}}}' for n in range(2000)), '{"kind":"end"}']


def free() -> str:
    with socket.create_server(("127.0.0.1", 0)) as one:
        return f"127.0.0.1:{one.getsockname()[1]}"


def test_what_is_pushed_arrives_whole() -> None:
    """Also after somebody else said something else; the sensor reads nothing."""
    listen, got = free(), []
    taking = threading.Thread(target=lambda: got.extend(oneway.receive(listen, 10, b'{"kind":"start"')))
    taking.start()
    time.sleep(0.2)
    host, port = listen.split(":")
    with socket.create_connection((host, int(port)), 3) as stranger:
        stranger.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert b"" == stranger.recv(10)
    oneway.push(iter(LINES), listen)
    taking.join(10)

    assert LINES == [line.decode() for line in got]


def test_nobody_there_is_told() -> None:
    """On either side, with what to do."""
    with pytest.raises(NetopsError, match="was not pushed"):
        oneway.push(iter(LINES), free())
    with pytest.raises(NetopsError, match="no sensor pushed"):
        oneway.receive(free(), 0.2)
    with pytest.raises(NetopsError, match="nothing was received"):
        oneway.receive("nowhere", 0.2)
