"""What an attacker tries first: paths, headers, forms from elsewhere, formulas, timing; the headers that browsers hold to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from netops.core import passwords
from netops.core.account import Account, Role
from netops.core.clock import Clock
from netops.core.permission import Unproven
from netops.desk import Desk
from netops.rounds import accounts
from netops.web.app import application
from netops.web.gate import HEADERS
from netops.web.pages.table import Table, as_csv
from tests.web.test_api import EXTRANET, GOOD, HOME, desk, written

__all__ = ["desk", "written"]


@pytest.fixture
def client(desk: Desk, clock: Clock) -> Iterator[TestClient]:
    """Somebody at pages that are open."""
    with TestClient(application(desk)) as made:
        yield made


PATHS = (
    "/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static/%2e%2e%2f%2e%2e%2fcore%2fstore.py",
    "/static//etc/passwd", "/static/....//....//etc/passwd", "/documents/..%2f..%2fetc%2fpasswd/file.pdf",
    "/api/v1/registers/..%2f..%2fetc%2fpasswd/records",
    "/static/netops.css%00.html", "/static/\\..\\app.py", "/devices/extranet/..%2f..%2fetc%2fpasswd", "/rules/%2e%2e%2f%2e%2e",
)  # fmt: skip


@pytest.mark.parametrize("path", PATHS)
def test_no_path_leads_out(client: TestClient, path: str) -> None:
    """Nothing outside the static folder and the store is ever read, and nothing is a fault."""
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code in (303, 400, 401, 404), answer.status_code
    assert "root:" not in answer.text
    assert "import annotations" not in answer.text


def test_no_text_becomes_a_header(client: TestClient) -> None:
    """Line ends in what is asked for stay out of cookies, redirects and names of files; every answer has the headers."""
    for query in ("lang=zh%0d%0aSet-Cookie:%20x=1", "theme=dark%0d%0aX-Evil:%201", "format=csv&table=a%0d%0aX-Evil:1",
                  "to=/%0d%0aX-Evil:%201"):  # fmt: skip
        for path in ("/", "/findings", "/sign-in", "/nowhere"):
            answer = client.get(f"{path}?{query}", follow_redirects=False)
            assert "x-evil" not in answer.headers
            assert "x=1" not in answer.headers.get("set-cookie", "")
            assert set(map(str.lower, HEADERS)) <= set(answer.headers), path
    for path in ("/api/v1/pools", "/healthz", "/metrics", "/api/v1/openapi.json", "/static/netops.css"):
        answer = client.get(path)
        assert "default-src 'none'" in answer.headers["content-security-policy"], path
        assert "unsafe" not in answer.headers["content-security-policy"]
        assert "nosniff" == answer.headers["x-content-type-options"]


def test_no_formula_leaves_in_a_table() -> None:
    """A cell that a spreadsheet would run is text (OWASP, CSV injection); numbers stay numbers."""
    cells = ["=1+1", "+cmd", "-2", "@SUM(A1)", "\tx", "\r=1", "10.72.0.1"]
    text = as_csv(Table("t", "t", [str(place) for place in range(len(cells))], [list(cells)], ""))
    line = text.splitlines()[1] if "\r=1" not in text.splitlines()[1] else text.split("\n", 1)[1]
    for cell in ("=1+1", "+cmd", "@SUM(A1)"):
        assert f"'{cell}" in line
    assert "-2" in line
    assert "'10.72" not in line


def test_a_name_that_nobody_has_takes_as_long(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One Argon2id is reckoned for every sign-in, whoever it is; what is said is the same."""
    from cryptography.hazmat.primitives.kdf import argon2

    reckoned: list[str] = []
    right = argon2.Argon2id.verify_phc_encoded

    class Counted:
        @staticmethod
        def verify_phc_encoded(password: bytes, stored: str) -> None:
            reckoned.append(stored)
            right(password, stored)

        derive_phc_encoded = argon2.Argon2id.derive_phc_encoded

    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)), GOOD)
    accounts.add(desk, Account("tokens.only", "程序", Role.VIEWER, (EXTRANET,)))
    passwords.is_right("x", "")
    monkeypatch.setattr(argon2, "Argon2id", Counted)
    said = []
    for name in ("li.lei", "nobody", "tokens.only", ""):
        reckoned.clear()
        with pytest.raises(Unproven) as error:
            accounts.sign_in(desk, name, "wrong")
        said.append(error.value.told())
        assert 1 == len(reckoned), name
        assert reckoned[0].startswith("$argon2id$"), name
    assert 1 == len(set(said))


def test_nobody_is_asked_for_by_the_server(desk: Desk, tmp_path: Path, client: TestClient) -> None:
    """SSRF: an address in a form, a query or a body is text; no answer comes from it, and a redirect never leads there."""
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)), GOOD)
    for to in ("http://127.0.0.1:9/x", "//127.0.0.1:9/x", "file:///etc/passwd", "/\\127.0.0.1", "javascript:alert(1)", "/\t/e"):
        answer = client.post("/sign-in", params={"to": to}, data={"name": "li.lei", "password": GOOD},
                             headers={"Origin": HOME}, follow_redirects=False)  # fmt: skip
        assert (303, "/") == (answer.status_code, answer.headers["location"]), to
    assert 404 == client.get("/api/v1/who", params={"q": "http://127.0.0.1:9/"}).status_code
