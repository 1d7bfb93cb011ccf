"""What comes over a raw line: half requests, two lengths at once, heads without end; other names, other origins, old cookies."""

from __future__ import annotations

import base64
import json
import socket
import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec
import pytest
from starlette.testclient import TestClient

from netops.core.account import Account, Role
from netops.core.errors import NetopsError
from netops.core.permission import Deed
from netops.desk import Desk
from netops.rounds import accounts
from netops.settings import Web
from netops.web import serving, trays
from netops.web.app import application
from netops.web.asking import COOKIE
from netops.web.pages.every import PAGES
from tests.web import city
from tests.web.served import served
from tests.web.test_pages import SAME, browser, desk, written

__all__ = ["desk", "written"]


def said(address: str, *parts: bytes, pause: float = 0.0, seconds: float = 10.0) -> bytes:
    """What a server answers to these bytes, until it closes or is silent for so long; b"" when it hangs up without a word."""
    host, _, port = address.partition(":")
    with socket.create_connection((host, int(port)), seconds) as line:
        found = b""
        with suppress(ConnectionError, TimeoutError):
            for part in parts:
                line.sendall(part)
                time.sleep(pause)
            while more := line.recv(65536):
                found += more
        return found


@pytest.fixture
def address(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server that is less patient than ours."""
    monkeypatch.setattr(serving, "HEAD_SECONDS", 0.4)
    monkeypatch.setattr(serving, "BODY_SECONDS", 0.6)
    with served(desk) as where:
        yield where


def test_half_a_request_is_not_waited_for(address: str) -> None:
    """Nothing, a head that never ends, a body that never comes: cut off in time, whoever else asks is answered meanwhile."""
    whole = b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for parts in (
        (b"",), (b"GET /healthz HTTP/1.1\r\n",), (b"GET / HTTP/1.1\r\nHost: x\r\n", *[b"a: b\r\n"] * 20),
        (b"POST /findings/F-0001/acknowledge HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n", *[b"a"] * 8),
        (b"POST /api/v1/allocations HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\na\r\n"] * 8),
    ):  # fmt: skip
        began = time.monotonic()
        assert b" 200 " not in said(address, *parts, pause=0.15)
        assert time.monotonic() - began < 6
        assert b"ok\n" in said(address, whole)


def test_a_head_without_end_is_cut_off(address: str) -> None:
    """In lines, or in one line: never more of it than a head may have."""
    for more in (b"x: " + b"y" * 1000 + b"\r\n", b"y" * 1000):
        assert b" 200 " not in said(address, b"GET /healthz HTTP/1.1\r\nx: ", *[more] * 1000)


SMUGGLED = b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"


def test_no_second_request_hides_in_a_first(address: str) -> None:
    """Two lengths, two kinds of length, blanks where none belong (RFC 9112 §6.3): one answer at most, and an error; never two."""
    chunked = b"0\r\n\r\n" + SMUGGLED
    for head in (
        b"Content-Length: 5\r\nTransfer-Encoding: chunked", b"Transfer-Encoding: chunked\r\nContent-Length: 5",
        b"Content-Length: 0\r\nContent-Length: 44", b"Content-Length: 1, 44", b"Content-Length : 0", b"Content-Length: +0",
        b"Transfer-Encoding: xchunked", b"Transfer-Encoding : chunked", b"Transfer-Encoding: chunked, identity",
        b"Content-Length: 0x0", b"Content-Length: -1", b"X: a\nContent-Length: 0", b"X\x00: a", b" Folded: a",
    ):  # fmt: skip
        asked = b"POST /sign-in HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + head + b"\r\n\r\n" + chunked
        found = said(address, asked)
        assert found.count(b"HTTP/1.1 ") <= 1, (head, found)
        assert b"netops_" not in found
        assert not found or int(found.split(b" ", 2)[1]) >= 400, (head, found[:200])


def test_the_session_is_in_a_cookie_that_nothing_else_reads(desk: Desk) -> None:
    """Not scripts, not another site's requests, not a plain line where there is TLS; and never one that was there before."""
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (city.EXTRANET,)), city.GOOD)
    for is_secure in (False, True):
        client = TestClient(application(desk, is_secure=is_secure), base_url="http://testserver")
        client.cookies.set(COOKIE, "chosen-by-somebody-else")
        form = {"name": "li.lei", "password": city.GOOD}
        secrets = []
        for _time in range(2):
            answer = client.post("/sign-in", data=form, headers=SAME, follow_redirects=False)
            flags = {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
            assert {"httponly", "samesite=strict", "path=/"} <= flags
            assert ("secure" in flags) is is_secure
            secrets.append(answer.cookies[COOKIE])
        assert 3 == len({*secrets, "chosen-by-somebody-else"})
    assert "li.lei" == accounts.of_session(desk, secrets[0]).name
    client.cookies.clear()
    client.cookies.set(COOKIE, secrets[0])
    assert 303 == client.post("/sign-out", headers=SAME, follow_redirects=False).status_code
    client.cookies.set(COOKIE, secrets[0])
    assert 303 == client.get("/", follow_redirects=False).status_code
    with pytest.raises(NetopsError):
        accounts.of_session(desk, secrets[0])


def test_no_answer_is_kept_or_given_to_another_site(desk: Desk) -> None:
    """Pages, files, answers of the API and refusals: not in a cache, not in a frame, not to another origin."""
    who = browser(desk, "wang", Role.OPERATOR, city.EXTRANET, city.INTRANET)
    who.cookies.set("lang", "zh")
    token = accounts.issue(desk, "wang", [Deed.READ])[1]
    evil = {"Origin": "https://evil.example"}
    plain = [one.path for one in PAGES if "{" not in one.path]
    for path in (*plain, "/findings?format=csv&table=findings", "/nowhere", "/sign-in", "/documents/D-0001/file.json", "/metrics",
                 "/incidents/INC-2026-0001/evidence.zip", "/api/v1/me"):  # fmt: skip
        answer = who.get(path, headers=evil | ({"Authorization": f"Bearer {token}"} if path.startswith("/api") else {}))
        assert (path, "no-store") == (path, answer.headers["cache-control"])
        assert ("DENY", "same-origin") == (answer.headers["x-frame-options"], answer.headers["cross-origin-resource-policy"])
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy or "sandbox" in policy
        assert [] == [name for name in answer.headers if name.startswith("access-control-")], path
    for path in ("/findings", "/api/v1/findings"):
        asked = {**evil, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}
        answer = who.request("OPTIONS", path, headers=asked)
        assert (path, True) == (path, answer.status_code in (401, 404, 405))
        assert [] == [name for name in answer.headers if name.startswith("access-control-")]


def test_pages_are_open_to_this_machine_by_its_own_name_only(desk: Desk) -> None:
    """A name that was made to lead here (DNS rebinding) and whatever a proxy forwards must sign in, though it is loopback."""
    desk.config = msgspec.structs.replace(desk.config, web=Web(sign_in="auto"))
    client = TestClient(application(desk), base_url="http://127.0.0.1:8470", follow_redirects=False)
    for host in ("127.0.0.1:8470", "127.0.0.1", "localhost:8470", "localhost", "[::1]:8470", "[::1]"):
        assert (host, 200) == (host, client.get("/findings", headers={"Host": host}).status_code)
    for headers in ({"Host": "evil.example:8470"}, {"Host": "127.0.0.1.evil.example"}, {"Host": "netops.example.gov.cn"},
                    {"Host": ""}, {"X-Forwarded-For": "10.1.1.1"}, {"Forwarded": "for=10.1.1.1"}, {"Via": "1.1 x"}):  # fmt: skip
        assert (headers, 303) == (headers, client.get("/findings", headers=headers).status_code)
        assert 401 == client.get("/metrics", headers=headers).status_code


BOMBS = {
    "many parts": b"--b\r\n\r\n\r\n" * 100_000,
    "parts in parts": b"".join(
        b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (place, place + 1) for place in range(20_000)
    ),
    "many heads": b"--b\r\n" + b"A: x\r\n" * 100_000 + b"\r\nx\r\n--b--",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_form_that_is_a_bomb_is_refused_at_once(name: str) -> None:
    """It costs what its bytes cost, and is no fault of ours."""
    content = BOMBS[name].replace(b"--b0\r", b"--b\r", 1)
    began = time.process_time()
    with suppress(NetopsError):
        assert ({}, {}) == trays.parted("multipart/form-data; boundary=b", content)
    assert time.process_time() - began < 5


def test_what_is_nested_without_end_is_a_clear_error(desk: Desk) -> None:
    """JSON that nests deeper than anything of ours: 422 in the API's own form, whatever it is said to be."""
    accounts.add(desk, Account("op", "人", Role.OPERATOR, (city.EXTRANET,)))
    token = accounts.issue(desk, "op", [Deed.READ, Deed.DECLARE, Deed.ALLOCATE])[1]
    client = TestClient(application(desk))
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    deep = "[" * 100_000
    for path, body in (
        ("/allocations", deep), ("/allocations", '{"pool":' + deep), ("/declarations", '{"statements":{"x":' + '{"a":' * 50_000),
        ("/registers/systems/records", '{"values":{"name":' + deep), ("/declarations", '{"x":' + deep + "]" * 100_000 + "}"),
    ):  # fmt: skip
        answer = client.post(f"/api/v1{path}", content=body, headers=headers)
        assert (path, 422, "application/problem+json") == (path, answer.status_code, answer.headers["content-type"]), answer.text
    answer = client.post("/api/v1/allocations", content="x" * (2 << 20), headers=headers)
    assert answer.status_code in (413, 422)
    cursor = base64.urlsafe_b64encode(json.dumps([]).encode() + deep.encode()).decode()
    assert client.get("/api/v1/findings", params={"cursor": cursor[:60_000]}, headers=headers).status_code in (403, 422)
