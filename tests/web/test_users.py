"""Accounts over the API, and who a client certificate names: nobody decides alone, and nothing is believed from anybody."""

from __future__ import annotations

import http.client
import ssl
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from starlette.testclient import TestClient

from netops.core import journal, passwords
from netops.core.account import Account, Role
from netops.core.certificates import account_of
from netops.core.clock import now
from netops.desk import Desk
from netops.rounds import accounts
from netops.web.app import application
from netops.web.asking import COOKIE
from tests.web.served import served
from tests.web.test_api import EXTRANET, GOOD, HOME, PLANES, Ask, as_, client, desk, written

__all__ = ["as_", "client", "desk", "written"]
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": HOME}
SUBJECT = "CN=张伟,O=市财政局,C=CN"


def test_one_applies_and_another_grants(as_: Callable[..., Ask], desk: Desk) -> None:
    """What the system administrator makes is of no use until the security administrator grants it; roles never meet."""
    system, security, auditor = as_(Role.SYSTEM), as_(Role.SECURITY), as_(Role.AUDITOR)
    made = system("POST", "/users", json={"name": "li.lei", "person": "李雷", "role": "operator", "planes": ["extranet"],
                                          "password": GOOD})  # fmt: skip
    assert (201, "disabled") == (made.status_code, made.json()["state"])
    with pytest.raises(accounts.Unproven):
        accounts.sign_in(desk, "li.lei", GOOD)
    for ask in (system, auditor):
        assert 403 == ask("POST", "/users/li.lei/grant", json={"role": "operator", "why": "x"}).status_code
    granted = security("POST", "/users/li.lei/grant", json={"role": "viewer", "planes": ["extranet"], "why": "只看"})
    assert (200, "enabled", "viewer") == (granted.status_code, granted.json()["state"], granted.json()["role"])
    assert accounts.sign_in(desk, "li.lei", GOOD)
    own = next(one["name"] for one in security("GET", "/users").json()["items"] if one["role"] == "security")
    assert 409 == security("POST", f"/users/{own}/grant", json={"role": "system", "why": "x"}).status_code
    same = {"name": "li.two", "person": " 李 雷 ", "role": "auditor"}
    assert 409 == system("POST", "/users", json=same).status_code
    assert 409 == system("POST", f"/users/{own}/password", json={"password": GOOD}).status_code
    assert 422 == system("POST", "/users/li.lei/password", json={"password": "short"}).status_code
    assert 200 == system("POST", "/users/li.lei/disable", json={"why": "离职"}).status_code
    verbs = [one.verb for one in journal.log(desk.store, 20, subject="li.lei")]
    assert ["user disable", "sign in", "user grant", "user add"] == verbs
    assert "password" not in str(auditor("GET", "/users").json()).replace("password_since", "")
    assert {"last_used", "expires", "scopes"} <= auditor("GET", "/tokens").json()["items"][0].keys()


def test_what_is_ones_own_is_done_in_a_session(desk: Desk, client: TestClient) -> None:
    """A token makes no tokens; the old password is asked for and wrong ones lock; sessions end with the password."""
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)), GOOD)
    client.cookies.set(COOKIE, accounts.sign_in(desk, "li.lei", GOOD))
    made = client.post("/api/v1/me/tokens", json={"scopes": ["read"], "days": 7, "label": "大屏"}, headers=OURS)
    assert (201, ["read"]) == (made.status_code, made.json()["token"]["scopes"]), made.text
    assert 403 == client.post("/api/v1/me/tokens", json={"scopes": ["read"]}).status_code
    assert 409 == client.post("/api/v1/me/tokens", json={"scopes": ["allocate"]}, headers=OURS).status_code
    bearer = {"Authorization": f"Bearer {made.json()['text']}"}
    assert 409 == client.post("/api/v1/me/tokens", json={"scopes": ["read"]}, headers=bearer).status_code
    assert "大屏" == client.get("/api/v1/me/tokens").json()["items"][0]["label"]
    number = made.json()["token"]["id"]
    assert 200 == client.post(f"/api/v1/me/tokens/{number}/revoke", json={"why": "x"}, headers=OURS).status_code
    new = {"old": GOOD, "password": "another horse battery"}
    assert 401 == client.post("/api/v1/me/password", json=new | {"old": "x"}, headers=OURS).status_code
    assert 200 == client.post("/api/v1/me/password", json=new, headers=OURS).status_code
    assert 401 == client.get("/api/v1/me").status_code
    client.cookies.set(COOKIE, accounts.sign_in(desk, "li.lei", new["password"]))
    factor = client.post("/api/v1/me/second-factor", json={"password": new["password"]}, headers=OURS).json()
    with pytest.raises(accounts.Unproven):
        accounts.sign_in(desk, "li.lei", new["password"])
    code = passwords.code_at(factor["secret"], int(desk.clock().timestamp()) // 30)
    client.cookies.set(COOKIE, accounts.sign_in(desk, "li.lei", new["password"], code))
    for _ in range(accounts.TRIES):
        assert 401 == client.post("/api/v1/me/password", json=new | {"old": "x"}, headers=OURS).status_code
    with pytest.raises(accounts.Unproven):
        accounts.sign_in(desk, "li.lei", new["password"], code)


def test_a_session_is_never_taken_from_outside(desk: Desk, client: TestClient) -> None:
    """Fixation: a session that a stranger set before the sign-in is not the one after it, and is good for nothing."""
    accounts.add(desk, Account("li.lei", "李雷", Role.VIEWER, (EXTRANET,)), GOOD)
    client.cookies.set(COOKIE, "planted")
    answer = client.post("/sign-in", data={"name": "li.lei", "password": GOOD}, headers=OURS, follow_redirects=False)
    fresh = answer.cookies[COOKIE]
    assert (303, True) == (answer.status_code, len(fresh) >= 43 and fresh != "planted")
    client.cookies.clear()
    client.cookies.set(COOKIE, "planted")
    assert 401 == client.get("/api/v1/me").status_code


# ---- certificates
def test_a_subject_is_a_set_of_attributes() -> None:
    """Whatever their order and escapes; more, fewer, other or broken ones are nobody's."""
    known = {SUBJECT: "zhang.wei"}
    for subject in (SUBJECT, "C=CN,O=市财政局,CN=张伟", "CN=\\E5\\BC\\A0\\E4\\BC\\9F,O=市财政局,C=CN"):
        assert "zhang.wei" == account_of(subject, known), subject
    for subject in ("", "CN=张伟", "CN=张伟,O=市财政局,C=CN,OU=x", "zhang.wei", "CN=张伟\\,O=市财政局,C=CN", "x" * 5000):
        assert "" == account_of(subject, known), subject


def test_only_a_named_proxy_is_believed(desk: Desk) -> None:
    """Its word names an account; the same header from anywhere else is only text; a change must come from our pages."""
    accounts.add(desk, Account("zhang.wei", "张伟", Role.OPERATOR, tuple(PLANES)))
    head = {"X-Client-Subject": SUBJECT.encode(), "X-Forwarded-For": "10.72.0.9"}
    web = msgspec.structs.replace(desk.config.web, subjects={SUBJECT: "zhang.wei"})
    for proxies, status in ((("testclient",), 200), (("10.72.0.9",), 401), ((), 401)):
        desk.config = msgspec.structs.replace(desk.config, web=msgspec.structs.replace(web, proxies=proxies))
        with TestClient(application(desk)) as client:
            answer = client.get("/api/v1/me", headers=head)
            assert status == answer.status_code, proxies
            if status == 200:
                assert "zhang.wei" == answer.json()["name"]
                assert 401 == client.get("/api/v1/me", headers=head | {"X-Client-Subject": b"CN=x"}).status_code
                body = {"json": {"why": "x"}}
                assert 403 == client.post("/api/v1/findings/F-0001/acknowledge", headers=head, **body).status_code
                assert 200 == client.post("/api/v1/findings/F-0001/acknowledge", headers=head | OURS, **body).status_code
    accounts.change(desk, "zhang.wei", "disable", state="disabled")


def issued(folder: Path, name: str, subject: str, by: tuple[x509.Certificate, ec.EllipticCurvePrivateKey] | None = None):  # type: ignore[no-untyped-def]
    """A certificate of a new key, of itself or of an authority, as files NAME.pem and NAME.key."""
    key = ec.generate_private_key(ec.SECP256R1())
    named = x509.Name.from_rfc4514_string(subject)
    builder = (
        x509.CertificateBuilder().subject_name(named).issuer_name(by[0].subject if by else named).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now() - timedelta(days=1))
        .not_valid_after(now() + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
    )  # fmt: skip
    made = builder.sign(by[1] if by else key, hashes.SHA256())
    (folder / f"{name}.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (folder / f"{name}.key").write_bytes(key.private_bytes(*form))
    return made, key


def test_a_certificate_of_the_governments_authority_signs_in(desk: Desk, tmp_path: Path) -> None:
    """Over real TLS: the mapped subject is its account; an unmapped one, none, and another authority's are nobody."""
    accounts.add(desk, Account("zhang.wei", "张伟", Role.VIEWER, (EXTRANET,)))
    web = msgspec.structs.replace(desk.config.web, subjects={SUBJECT: "zhang.wei"})
    desk.config = msgspec.structs.replace(desk.config, web=web)
    authority = issued(tmp_path, "ca", "CN=政务CA")
    stranger = issued(tmp_path, "other-ca", "CN=外来CA")
    issued(tmp_path, "server", "CN=127.0.0.1", authority)
    issued(tmp_path, "mapped", SUBJECT, authority)
    issued(tmp_path, "unmapped", "CN=李四,C=CN", authority)
    issued(tmp_path, "foreign", SUBJECT, stranger)
    files = [str(tmp_path / name) for name in ("server.pem", "server.key", "ca.pem")]

    def asked(address: str, name: str) -> tuple[int, bytes]:
        context = ssl._create_unverified_context()
        if name:
            context.load_cert_chain(tmp_path / f"{name}.pem", tmp_path / f"{name}.key")
        line = http.client.HTTPSConnection(address, context=context, timeout=10)
        try:
            line.request("GET", "/api/v1/me", headers={"X-Client-Subject": "CN=x"})
            answer = line.getresponse()
            return answer.status, answer.read()
        except OSError:
            return 0, b""
        finally:
            line.close()

    with served(desk, tls=(files[0], files[1], files[2])) as address:
        status, content = asked(address, "mapped")
        assert (200, True) == (status, b"zhang.wei" in content)
        assert [401, 401] == [asked(address, name)[0] for name in ("unmapped", "")]
        assert asked(address, "foreign")[0] in (0, 401)
