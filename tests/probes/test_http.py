"""Requests to pages: whom they may reach, and how long and large an answer may be."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from netops.probes import http, tlcp, tls
from netops.probes.http import Answer, Policy, Settings

FAST = Settings(seconds=1.0, max_bytes=10_000)


@contextmanager
def server(*said: bytes, pause: float = 0.0) -> Iterator[int]:
    """Answers each connection with these bytes, one after another, then closes; its port."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.2)
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            try:
                one, _ = listening.accept()
            except OSError:
                continue
            with one:
                one.settimeout(1)
                try:
                    one.recv(65536)
                    for block in said:
                        one.sendall(block)
                        if pause and over.wait(pause):
                            break
                except OSError:
                    pass

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        over.set()
        thread.join(3)
        listening.close()


def ask(
    port: int,
    path: str = "/",
    *,
    hosts: dict[tuple[str, int], list[str]] | None = None,
    settings: Settings = FAST,
) -> Answer:
    known = hosts or {("www.example.gov.cn", port): ["127.0.0.1"]}
    return http.fetch(
        f"http://www.example.gov.cn:{port}{path}",
        Policy(known, ["10.72.0.0/16"], lambda _host: ["127.0.0.1"]),
        settings,
    )


def test_a_page_comes_from_the_address_that_the_register_has() -> None:
    """The name is not looked up when the register knows its address; headers and body are bounded."""
    with server(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nX: " + b"y" * 3000 + b"\r\n\r\n" + b"a" * 20_000
    ) as port:
        answer = ask(port)
    assert (200, 10_000, True, "127.0.0.1", True) == (
        answer.status,
        len(answer.body),
        answer.is_cut,
        answer.address,
        answer.is_open,
    )
    assert 1000 == len(answer.headers["x"])


@pytest.mark.parametrize(
    "target",
    ["http://127.0.0.1:22/", "http://10.72.0.1/", "http://inside.example.gov.cn/", "http://[::1]/", "file:///etc/passwd",
     "http://www.example.gov.cn:1/", "http://u@www.example.gov.cn/", "gopher://x/", "http://", "//"],
)  # fmt: skip
def test_a_redirect_is_looked_at_before_it_is_followed(target: str) -> None:
    """Not inside, not to a host or a port that nobody registered, not by another scheme; nothing there is ever asked."""
    with server(b"HTTP/1.1 302 Found\r\nLocation: " + target.encode() + b"\r\n\r\n") as port:
        answer = ask(
            port, hosts={("www.example.gov.cn", port): ["127.0.0.1"], ("inside.example.gov.cn", 80): []}
        )
    assert not answer.is_open
    assert answer.refused or answer.why


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.72.3.4", "192.168.1.1", "169.254.169.254", "::1", "fe80::1", "::ffff:10.72.0.1", "0.0.0.0", "224.0.0.1",
     "100.64.0.1"],
)  # fmt: skip
def test_a_name_that_leads_inside_is_not_asked(address: str) -> None:
    """DNS rebinding: one address inside among others is enough, and the address that was looked at is the one that is used."""
    policy = Policy({("www.example.gov.cn", 80): []}, ["10.72.0.0/16"], lambda _host: ["198.41.0.4", address])
    with pytest.raises(http.NotAllowed) as raised:
        policy.address("http://www.example.gov.cn/")
    assert "its name leads to an address inside" == raised.value.why


def test_every_name_is_looked_up_once() -> None:
    """What was allowed cannot become another address between two requests."""
    asked = []
    policy = Policy({("www.example.gov.cn", 80): []}, (), lambda host: asked.append(host) or ["198.41.0.4"])
    assert {"198.41.0.4"} == {
        policy.address("http://www.example.gov.cn/a"),
        policy.address("http://www.example.gov.cn/b"),
    }
    assert ["www.example.gov.cn"] == asked


@pytest.mark.parametrize(
    ("said", "pause"),
    [
        ((b"HTTP/1.1 200 OK\r\n", *(b"X: y\r\n",) * 50), 0.1),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n", *(b"a",) * 50), 0.1),
        ((b"SSH-2.0-x\r\n",), 0.0),
        ((b"",), 0.0),
        ((b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",), 0.0),
        ((b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\nnot gzip",), 0.0),
    ],
)
def test_an_answer_that_is_none_ends_in_its_time(said: tuple[bytes, ...], pause: float) -> None:
    """Bytes now and then, another protocol, nothing, broken encodings: an observation, in its time."""
    with server(*said, pause=pause) as port:
        begin = time.monotonic()
        answer = ask(port, settings=Settings(0.6, 1000))
        assert time.monotonic() - begin < 3
    assert (False, True) == (answer.is_open, bool(answer.why))


def test_a_circle_of_redirects_ends() -> None:
    """After five it is told."""
    with server(b"HTTP/1.1 302 Found\r\nLocation: /again\r\n\r\n") as port:
        answer = ask(port, settings=Settings(5.0, 1000))
    assert ("it redirects without end", 5) == (answer.why, len(answer.hops))


def test_a_certificate_of_sm2_is_seen_by_tlcp(tmp_path: Path) -> None:
    """A server that speaks TLCP alone shows its certificate: SM2, signed with SM3 (openssl makes it; the session is not made)."""
    if not shutil.which("openssl"):
        pytest.skip("openssl is not installed: apt-get install openssl")
    made = subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "sm2", "-nodes", "-keyout", tmp_path / "k", "-out", tmp_path / "c",
         "-outform", "DER",
         "-days", "30", "-subj", "/CN=sm2.example.gov.cn", "-addext", "subjectAltName=DNS:sm2.example.gov.cn", "-sm3",
         "-sigopt", "distid:1234567812345678"], capture_output=True,
    )  # fmt: skip
    if made.returncode:
        pytest.skip("this openssl makes no SM2 certificates")
    der = (tmp_path / "c").read_bytes()

    def three(value: int) -> bytes:
        return value.to_bytes(3, "big")

    listed = three(len(der)) + der
    hello = b"\x02" + three(38) + tlcp.VERSION + bytes(32) + b"\x00\xe0\x13\x00"
    flight = hello + b"\x0b" + three(len(listed) + 3) + three(len(listed)) + listed
    record = b"\x16" + tlcp.VERSION + len(flight).to_bytes(2, "big") + flight
    with server(record[:7], record[7:], pause=0.05) as port:
        one = tls.look("sm2.example.gov.cn", "127.0.0.1", port, seconds=3)
    assert isinstance(one, tls.Certificate)
    assert ("sm2", 256, "sm3", "TLCP", None) == (
        one.algorithm,
        one.bits,
        one.signed_with,
        one.protocol,
        one.is_trusted,
    )
    assert one.is_for("SM2.example.gov.cn.")
    assert not one.is_for("www.example.gov.cn")


def test_a_wildcard_is_for_one_label() -> None:
    """RFC 9525 §6.3."""
    moment = tls.datetime(2026, 1, 1)
    one = tls.Certificate(subject="", issuer="", names=("*.yunxi.gov.cn",), not_before=moment, not_after=moment, algorithm="rsa",
                          bits=2048, signed_with="sha256", sha256="", is_trusted=True, why="", protocol="")  # fmt: skip
    assert [True, False, False] == [
        one.is_for(name) for name in ("a.yunxi.gov.cn", "yunxi.gov.cn", "a.b.yunxi.gov.cn")
    ]
