"""The little web server of beacons: one line in, one answer or silence out; whoever hangs on is closed, nobody is shut out."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from netops.probes import pagehits


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A server that answers /yes only: its port."""
    monkeypatch.setattr(pagehits, "PATIENCE_SECONDS", 0.5)
    with pagehits.listener("127.0.0.1:0") as server:
        def run() -> None:
            list(pagehits.serve(server, lambda path, peer: b"yes " + peer.encode() if path == "/yes" else None, 2.5))

        running = threading.Thread(target=run)
        running.start()
        yield server.getsockname()[1]
        running.join()


def ask(port: int, octets: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", port), 3) as one:
        one.sendall(octets)
        try:
            return one.recv(100)
        except ConnectionResetError:
            return b""


def test_only_what_is_meant_is_answered(served: int) -> None:
    """In pieces too; other paths, methods, rubbish and silence get not an octet; a crowd of idle ones shuts nobody out."""
    idle = [socket.create_connection(("127.0.0.1", served), 3) for _ in range(pagehits.MAX_OF_ONE + 20)]

    assert b"yes 127.0.0.1" == ask(served, b"GET /yes HTTP/1.1\r\nHost: x\r\n\r\n")
    for nothing in (b"GET /no HTTP/1.1\r\n\r\n", b"POST /yes HTTP/1.1\r\n\r\n", b"\x16\x03\x01\n", b"A" * 3000, b"GET /yes\r\n"):
        assert b"" == ask(served, nothing)
    with socket.create_connection(("127.0.0.1", served), 3) as slow:
        for piece in (b"GET /y", b"es HTTP/1.0", b"\r\n"):
            slow.sendall(piece)
        assert b"yes" == slow.recv(100)[:3]
    for one in idle:
        one.close()


@pytest.mark.parametrize("listen", ["", "8080", "x:y", "127.0.0.1:", "127.0.0.1:70000"])
def test_where_it_listens_is_checked(listen: str) -> None:
    """An address and a port."""
    with pytest.raises(ValueError, match="ADDRESS:PORT"):
        pagehits.listener(listen)
