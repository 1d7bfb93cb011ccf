"""A small OpenID provider of our own, over real TLS, that signs with real keys; every part of it can be made to lie."""

from __future__ import annotations

import json
import ssl
import threading
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from netops.core.clock import Clock
from tests.registers.nginx import Authority

CLIENT, SECRET = "netops", "secret of the client &:%"


class Identities:
    """
    The provider and what it says.

    Args:
        person: claims of who signs in next. lies: claims of the next tokens over the true ones; None leaves one out.
        keys: those that it publishes; *signing* signs.
    """

    def __init__(self, issuer: str, clock: Clock) -> None:
        self.issuer, self.clock = issuer, clock
        self.person: dict[str, Any] = {"sub": "u-1", "preferred_username": "li.lei", "name": "李雷", "groups": ["operators"]}
        self.lies: dict[str, Any] = {}
        self.about_lies: dict[str, Any] = {}
        self.back_says: dict[str, str] = {}
        self.userinfo: dict[str, Any] = {}
        self.signing: Any = RSAKey.generate_key(2048, {"kid": "one"})
        self.algorithm, self.keys = "RS256", [self.signing]
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[str] = []
        self.token: str | None = None
        """The next ID token word for word."""

    def rotate(self) -> None:
        """Another key of another kind; the old one is published no longer."""
        self.signing = ECKey.generate_key("P-256", {"kid": "two"})
        self.algorithm, self.keys = "ES256", [self.signing]

    def about(self) -> dict[str, Any]:
        one = self.issuer
        return {
            "issuer": one, "authorization_endpoint": f"{one}/authorize", "token_endpoint": f"{one}/token",
            "jwks_uri": f"{one}/keys", "userinfo_endpoint": f"{one}/userinfo", "end_session_endpoint": f"{one}/end",
        } | self.about_lies  # fmt: skip

    def signed(self, nonce: str | None = None, **more: Any) -> str:
        """An ID token, or another one with *more*."""
        now = int(self.clock().timestamp())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, **self.person, **more, **self.lies}
        if nonce is not None:
            told.setdefault("nonce", nonce)
        told = {key: value for key, value in told.items() if value is not None}
        header = {"alg": self.algorithm, "kid": self.signing.kid or "one"}
        return jwt.encode(header, told, self.signing, algorithms=[self.algorithm])

    def authorize(self, asked: dict[str, str]) -> str:
        """Where the browser is sent: whoever comes is signed in there already."""
        assert ("code", CLIENT, "S256") == (asked["response_type"], asked["client_id"], asked["code_challenge_method"])
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']} | self.back_says)}"

    def redeem(self, asked: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Tokens for a code, once, for who began and who netops is."""
        name, _, secret = b64decode(authorization.partition(" ")[2]).decode().partition(":")
        begun = self.codes.pop(asked["code"], None)
        challenge = urlsafe_b64encode(sha256(asked["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if (unquote(name), unquote(secret)) != (CLIENT, SECRET):
            return 401, {"error": "invalid_client"}
        if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        return 200, {"access_token": "at", "token_type": "Bearer", "id_token": self.token or self.signed(begun["nonce"])}


@contextmanager
def identities(folder: Path, clock: Clock) -> Iterator[Identities]:
    """It, at https://localhost, until the end of the block; `root.pem` in *folder* is its authority."""
    folder.mkdir(parents=True, exist_ok=True)
    Authority(folder).issue("localhost", "localhost")

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            at = urlsplit(self.path)
            asked = {key: values[0] for key, values in parse_qs(at.query).items()}
            one.asked.append(at.path)
            if at.path == "/authorize":
                self.send_response(302)
                self.send_header("Location", one.authorize(asked))
                self.end_headers()
                return
            keys = [key.as_dict(private=False) for key in one.keys]
            pages = {"/.well-known/openid-configuration": one.about(), "/keys": {"keys": keys}, "/userinfo": one.userinfo}
            self._say(200 if at.path in pages else 404, pages.get(at.path, {}))

        def do_POST(self) -> None:
            one.asked.append(self.path)
            said = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self._say(*one.redeem({key: values[0] for key, values in said.items()}, self.headers.get("Authorization", "")))

        def _say(self, status: int, content: dict[str, Any]) -> None:
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "localhost.pem", folder / "localhost.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    one = Identities(f"https://localhost:{server.server_port}", clock)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield one
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)
