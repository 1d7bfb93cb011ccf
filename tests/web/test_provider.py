"""Signing in by a provider of identities: a real one over TLS, and every lie that it or somebody between can tell."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from starlette.testclient import TestClient

from netops.core import accounts as kept
from netops.core import journal
from netops.core.account import Account, Role, Source
from netops.core.errors import NetopsError
from netops.core.identity import Oidc, Rule
from netops.core.permission import Deed
from netops.desk import Desk
from netops.probes import provider as probes
from netops.rounds import accounts, admission
from netops.web.app import application
from netops.web.asking import COOKIE
from netops.web.federation import BACK, BEGIN, ENDED
from tests.web.identity_provider import CLIENT, SECRET, Identities, identities
from tests.web.served import free_port, served
from tests.web.test_api import EXTRANET, GOOD, HOME, INTRANET, desk, written

__all__ = ["desk", "written"]
OURS = {"Sec-Fetch-Site": "same-origin", "Origin": HOME}
RULES = (Rule("operators", Role.OPERATOR, (EXTRANET,)), Rule("intranet", Role.OPERATOR, (INTRANET,)),
         Rule("auditors", Role.AUDITOR), Rule("systems", Role.SYSTEM))  # fmt: skip


@pytest.fixture
def real(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Identities]:
    """A provider that the desk is set to."""
    monkeypatch.setenv("CLIENT_SECRET", SECRET)
    with identities(tmp_path / "provider", desk.clock) as one:
        oidc = Oidc(issuer=one.issuer, client_id=CLIENT, client_secret_env="CLIENT_SECRET", redirect=HOME + BACK,
                    ca_file=str(tmp_path / "provider/root.pem"), roles=RULES)  # fmt: skip
        desk.config = msgspec.structs.replace(desk.config, oidc=oidc)
        yield one


@pytest.fixture
def client(desk: Desk, real: Identities) -> Iterator[TestClient]:
    """A browser."""
    with TestClient(application(desk), follow_redirects=False) as made:
        yield made


def begun(client: TestClient, to: str = "/") -> tuple[str, str]:
    """Where the provider sends the browser back to, and where it was sent."""
    there = client.get(BEGIN, params={"to": to}).headers["location"]
    context = httpx.create_ssl_context(verify=False)
    back = httpx.get(there, verify=context).headers["location"]
    return back.removeprefix(HOME), there


def signed_in(client: TestClient, to: str = "/") -> httpx.Response:
    return client.get(begun(client, to)[0])


def why(answer: Any) -> str:
    assert 403 == answer.status_code, answer.text
    assert COOKIE not in answer.cookies
    return str(answer.text)


def test_a_person_comes_back_as_who_they_are(client: TestClient, desk: Desk, real: Identities) -> None:
    """An account by their groups, a session, and on to where they wanted; what they had is nowhere in an address of ours."""
    back, there = begun(client, "/findings?x=1")
    asked = {key: values[0] for key, values in parse_qs(urlsplit(there).query).items()}
    assert ("code", "S256", "openid profile", HOME + BACK) == tuple(
        asked[key] for key in ("response_type", "code_challenge_method", "scope", "redirect_uri"))  # fmt: skip
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    answer = client.get(back)
    assert (200, "0; url=/findings?x=1") == (answer.status_code, answer.headers["refresh"]), answer.text
    assert "samesite=strict" in answer.headers["set-cookie"].lower()
    me = client.get("/api/v1/me").json()
    assert ("li.lei", "operator", ["extranet"]) == (me["name"], me["role"], me["planes"])
    with desk.store.read() as connection:
        made = kept.named(connection, "li.lei")
    assert ("李雷", Source.OIDC, f"{real.issuer} u-1") == (made.person, made.source, made.subject)
    assert {"from": "testclient", "by": "oidc"} == journal.log(desk.store, 1)[0].after
    page = client.get("/sign-in").text
    assert BEGIN in page


def test_roles_are_read_at_each_sign_in(client: TestClient, desk: Desk, real: Identities) -> None:
    """Changed groups change the account; what was refused is of no use any more; a renamed person keeps theirs."""
    signed_in(client)
    _, token = accounts.issue(desk, "li.lei", [Deed.READ])
    real.person |= {"groups": ["intranet", "operators"], "preferred_username": "li.lei.renamed"}
    assert 200 == signed_in(client).status_code
    assert ["extranet", "intranet"] == sorted(client.get("/api/v1/me").json()["planes"])
    assert ["li.lei"] == [one.name for one in kept.every(desk.store)]
    real.person["groups"] = ["auditors", "systems"]
    assert "不得由同一人担任" in why(signed_in(client))
    assert 401 == client.get("/api/v1/me").status_code
    with pytest.raises(NetopsError):
        accounts.of_token(desk, token)
    real.person["groups"] = []
    assert "没有一个在这里对应角色" in why(signed_in(client))
    real.person["groups"] = "operators"
    assert 200 == signed_in(client).status_code


def test_no_account_is_taken_over(client: TestClient, desk: Desk, real: Identities) -> None:
    """A name that is somebody else's here, local or the provider's own other person's, is refused."""
    accounts.add(desk, Account("li.lei", "别人", Role.VIEWER, (EXTRANET,)), GOOD)
    assert "是别人的" in why(signed_in(client))
    real.person |= {"preferred_username": "han.mei", "name": "韩梅"}
    assert 200 == signed_in(client).status_code
    real.person |= {"sub": "u-2"}
    assert "是别人的" in why(signed_in(client))
    for name in ("", None, 7, "../x", "a" * 300):
        real.person |= {"sub": "u-3", "preferred_username": name}
        why(signed_in(client))
    assert {"li.lei", "han.mei"} == {one.name for one in kept.every(desk.store)}


def test_tokens_that_lie(client: TestClient, desk: Desk, real: Identities) -> None:
    """Another system's, issuer's, sign-in's; out of time; by none, by a secret, by a foreign key: nobody is signed in."""
    now = desk.clock().timestamp()
    for lies, reason in (
        ({"aud": "other"}, "另一个系统"), ({"aud": None}, "另一个系统"), ({"aud": [CLIENT, "other"]}, "另一个系统"),
        ({"azp": "other"}, "另一个系统"), ({"iss": "https://other.example"}, "另一个签发者"), ({"iss": None}, "另一个签发者"),
        ({"exp": now - 61}, "时间"), ({"exp": None}, "时间"), ({"exp": "x"}, "时间"), ({"iat": now + 120}, "时间"),
        ({"nbf": now + 120}, "时间"),
        ({"nonce": "other"}, "nonce"), ({"nonce": None}, "nonce"), ({"sub": None}, "谁"), ({"sub": 7}, "谁"),
    ):  # fmt: skip
        real.lies = lies
        assert reason in why(signed_in(client)), lies
    real.lies = {}
    plain = urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    content = real.signed("x").split(".")[1]
    published = real.signing.as_pem(private=False)
    secretly = jwt.encode({"alg": "HS256", "kid": "one"}, {"sub": "u"}, OctKey.import_key(b"x" * 32), algorithms=["HS256"])
    foreign = jwt.encode({"alg": "RS256", "kid": "one"}, {"sub": "u"}, RSAKey.generate_key(2048), algorithms=["RS256"])
    unknown = jwt.encode({"alg": "RS256", "kid": "x"}, {"sub": "u"}, RSAKey.generate_key(2048), algorithms=["RS256"])
    assert b"PUBLIC KEY" in published
    for token, reason in ((f"{plain}.{content}.", "none"), (secretly, "HS256"), (foreign, "签名"), (unknown, "没有的密钥"),
                          ("x", "不是令牌"), ("a.b.c", "不是令牌"), ("[]", "不是令牌"), ("x" * 70_000, "不是令牌")):  # fmt: skip
        real.token = token
        assert reason in why(signed_in(client)), token[:40]
    assert [] == kept.every(desk.store)


def test_a_way_back_is_good_once_and_for_who_began(client: TestClient, desk: Desk, real: Identities) -> None:
    """Not again, not in another browser (login CSRF), not by a made-up state, not too late, not from another issuer."""
    back, _ = begun(client)
    with TestClient(application(desk)) as stranger:
        assert "不是在这里开始" in why(stranger.get(back))
    client.cookies.clear()
    back, _ = begun(client)
    cookies = dict(client.cookies)
    client.cookies.clear()
    assert "不是在这里开始" in why(client.get(back))
    back, _ = begun(client)
    assert 200 == client.get(back).status_code
    client.cookies.update(cookies)
    for again in (back, BACK, f"{BACK}?state=x&code=y", f"{BACK}?code=y"):
        assert "不是在这里开始" in why(client.get(again)), again
    real.back_says = {"iss": "https://other.example"}
    assert "另一个签发者" in why(signed_in(client))
    real.back_says = {"error": "access_denied", "error_description": "<b>no</b>"}
    assert "&lt;b&gt;no" in why(signed_in(client))
    real.back_says = {"code": "made-up"}
    assert "invalid_grant" in why(signed_in(client))
    real.back_says, real.about_lies = {}, {"authorization_response_iss_parameter_supported": True}
    with TestClient(application(desk), follow_redirects=False) as fresh:
        assert "另一个签发者" in why(signed_in(fresh))
        real.back_says = {"iss": real.issuer}
        assert 200 == signed_in(fresh).status_code


def test_nobody_is_sent_elsewhere(client: TestClient) -> None:
    """Whatever the first address asked for, it goes on within netops."""
    for to in ("//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/evil.example", ""):
        assert "0; url=/" == signed_in(client, to).headers["refresh"], to


def test_keys_are_changed_and_asked_for_again(
    client: TestClient, desk: Desk, real: Identities, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A key that is new is fetched, though not for everybody who makes one up."""
    signed_in(client)
    real.rotate()
    assert "没有的密钥" in why(signed_in(client))  # it was asked a moment ago
    monkeypatch.setattr(probes, "KEYS_SECONDS", 0.0)
    assert 200 == signed_in(client).status_code
    monkeypatch.setattr(probes, "KEYS_SECONDS", 60.0)
    real.asked.clear()
    unknown = jwt.encode({"alg": "ES256", "kid": "x"}, {"sub": "u"}, real.signing, algorithms=["ES256"])
    for _ in range(5):
        assert 400 == client.post(ENDED, data={"logout_token": unknown}).status_code
    assert [] == real.asked


def test_what_the_token_leaves_out_is_asked_for(client: TestClient, real: Identities) -> None:
    """Of the same person only; claims that lie in objects; people of two groups of one role."""
    real.person = {"sub": "u-1"}
    real.userinfo = {"sub": "u-2", "preferred_username": "li.lei", "name": "李雷", "groups": ["operators"]}
    assert "另一个人" in why(signed_in(client))
    real.userinfo |= {"sub": "u-1"}
    assert 200 == signed_in(client).status_code


def test_who_leaves_there_leaves_here(client: TestClient, desk: Desk, real: Identities) -> None:
    """By a logout token that is true; and who leaves here is shown the way out there."""
    signed_in(client)
    event = {"events": {probes.LOGOUT: {}}}
    for bad in (real.signed(), real.signed("n", **event), real.signed(events={}), real.signed(aud="x", **event), "x", ""):
        assert 400 == client.post(ENDED, data={"logout_token": bad}).status_code
    assert 200 == client.get("/api/v1/me").status_code
    assert 200 == client.post(ENDED, data={"logout_token": real.signed(**event)}).status_code
    assert 401 == client.get("/api/v1/me").status_code
    assert "sign out" == journal.log(desk.store, 1)[0].verb
    signed_in(client)
    left = client.post("/sign-out", headers=OURS)
    assert "/sign-in?left=oidc" == left.headers["location"]
    assert f"{real.issuer}/end?client_id={CLIENT}" in client.get("/sign-in?left=oidc").text
    assert real.issuer not in client.get("/sign-in").text


def test_a_provider_that_is_wrong_or_away(client: TestClient, desk: Desk, real: Identities, tmp_path: Path) -> None:
    """Said in the page, and by the command; local accounts sign in all the same."""
    accounts.add(desk, Account("wang.li", "王丽", Role.VIEWER, (EXTRANET,)), GOOD)
    steps = list(admission.examine(desk))
    assert ["good"] == [one.state for one in steps if one.name == "provider"], steps
    right = desk.config.oidc
    for lies, changes, reason in (
        ({"issuer": "https://other.example"}, {}, "https://other.example"),
        ({"token_endpoint": "http://localhost/token"}, {}, ""), ({"authorization_endpoint": None}, {}, "https://"),
        ({"jwks_uri": 7}, {}, ""), ({}, {"issuer": f"https://localhost:{free_port()}"}, "refused"),
        ({}, {"ca_file": ""}, "CERTIFICATE_VERIFY_FAILED"),
    ):  # fmt: skip
        real.about_lies = lies
        desk.config = msgspec.structs.replace(desk.config, oidc=msgspec.structs.replace(right, **changes))
        with TestClient(application(desk), follow_redirects=False) as fresh:
            answer: Callable[[], Any] = lambda fresh=fresh: fresh.get(BEGIN)  # noqa: E731
            first = answer()
            assert reason in (why(first) if first.status_code == 403 else why(signed_in(fresh))), (lies, changes)
            form = {"name": "wang.li", "password": GOOD}
            assert 303 == fresh.post("/sign-in", data=form, headers=OURS).status_code
    assert "bad" in [one.state for one in admission.examine(desk)]
    desk.config = msgspec.structs.replace(desk.config, oidc=Oidc())
    with TestClient(application(desk), follow_redirects=False) as fresh:
        assert [404, 404, 404] == [fresh.get(BEGIN).status_code, fresh.get(BACK).status_code, fresh.post(ENDED).status_code]
        assert BEGIN not in fresh.get("/sign-in").text


def test_the_whole_way_in_a_real_browser(desk: Desk, real: Identities) -> None:
    """From a page, over another site and back to that page, signed in: the strict cookie is sent all the same."""
    found = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]
    if not found:
        pytest.skip("Chromium is not installed: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    port = free_port()
    redirect = f"http://127.0.0.1:{port}{BACK}"  # the provider is at localhost: another site
    web = msgspec.structs.replace(desk.config.web, sign_in="always")
    oidc = msgspec.structs.replace(desk.config.oidc, redirect=redirect, label_zh="市统一身份认证登录")
    desk.config = msgspec.structs.replace(desk.config, oidc=oidc, web=web)
    with served(desk, port) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found[0], args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_context(ignore_https_errors=True).new_page()
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        page.goto(f"http://{address}/findings?lang=zh")
        page.get_by_role("link", name="市统一身份认证登录").click()
        page.wait_for_url("**/findings?lang=zh")
        assert "li.lei" in page.locator(".self").inner_text()
        page.get_by_role("button", name="退出").click()
        page.wait_for_url("**/sign-in?left=oidc")
        assert page.locator("main a").first.get_attribute("href").startswith(real.issuer)  # type: ignore[union-attr]
        browser.close()
        assert [] == wrong
