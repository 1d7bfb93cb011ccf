"""The little web server of beacons: one line in, one answer or silence out; whoever hangs on is closed, nobody is shut out."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from netops.core import ticket
from netops.core.clock import now
from netops.core.errors import NetopsError
from netops.probes import pagehits, reflect
from netops.probes.reflect import Answer, Ended


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


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for sensor.example, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sensor.example")])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("sensor.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    paths = tmp_path / "sensor.pem", tmp_path / "sensor.key"
    paths[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    paths[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, *plain))
    return paths


def test_a_secured_page_is_visited_by_tls(certificate: tuple[Path, Path]) -> None:
    """What an https portal needs: a browser that checks names reaches it; plain HTTP, foreign tickets, idle ones do not."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    key, tls = ticket.new_key(), ssl.create_default_context(cafile=str(certificate[0]))
    heard: list[Answer | Ended | None] = []
    ready = threading.Event()

    def ear() -> None:
        for one in reflect.beacons(f"127.0.0.1:{port}", ticket.sensor_key(key), 4, *map(str, certificate)):
            heard.append(one)
            ready.set()

    def visit(written: bytes) -> bytes:
        asked = f"GET /b/{ticket.to_text(written)} HTTP/1.1\r\nHost: sensor.example\r\n\r\n".encode()
        plain = socket.create_connection(("127.0.0.1", port), 3)
        with plain, tls.wrap_socket(plain, server_hostname="sensor.example") as one:
            one.sendall(asked)
            with suppress(OSError):
                return one.recv(200)
        return b""

    running = threading.Thread(target=ear)
    running.start()
    assert ready.wait(10)
    idle = socket.create_connection(("127.0.0.1", port), 3)
    good = ticket.write(key, "10.20.11.11", int(now().timestamp()), "beac0000")
    answers = visit(good), visit(ticket.write(ticket.new_key(), "10.20.11.11", int(now().timestamp()), "beac0000"))
    unsecured = ask(port, f"GET /b/{ticket.to_text(good)} HTTP/1.1\r\n\r\n".encode())
    running.join()
    idle.close()

    assert (b"HTTP/1.1 204", b"") == (answers[0][:12], answers[1])
    assert b"204" not in unsecured
    assert [("beacon", "127.0.0.1", good)] == [
        (one.service, one.source, one.ticket) for one in heard if isinstance(one, Answer)
    ]
    [end] = [one for one in heard if isinstance(one, Ended)]
    assert end.refused >= 2


def test_a_certificate_that_is_none_is_told(tmp_path: Path) -> None:
    """Before anything is listened to."""
    (tmp_path / "sensor.pem").write_text("no certificate")
    with pytest.raises(NetopsError, match="the probe did not run"):
        list(reflect.beacons("127.0.0.1:0", ticket.sensor_key(ticket.new_key()), 1, str(tmp_path / "sensor.pem")))
