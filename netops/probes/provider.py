"""Asks a provider of identities (OpenID Connect Core 1.0) who somebody is: code flow with PKCE, tokens checked by joserfc."""

from __future__ import annotations

import hmac
import http.client
import json
import ssl
import threading
import urllib.request
from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from time import monotonic
from typing import Any
from urllib.parse import quote, urlencode

from netops.core.account import Source
from netops.core.clock import Clock
from netops.core.errors import NetopsError
from netops.core.identity import Known, Oidc
from netops.core.language import N_
from netops.core.permission import Unproven
from netops.probes.messenger import NoDetour

MOST_BYTES = 1 << 20
DISCOVERY_SECONDS, KEYS_SECONDS = 3600.0, 60.0
"""How long the discovery document is believed, and how soon keys are asked for again when a token names an unknown one."""
LEEWAY = 60
"""Seconds that the two clocks may be apart."""
LONGEST_NAME = 65
"""One more than an account's may have: it is refused, and not cut to somebody else's."""
LONGEST = 64 << 10
"""Of a token."""
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
WHAT = N_("nobody was signed in")
AGAIN = N_("begin again on the sign-in page")


class Provider:
    """
    The provider of `[oidc]`: one for the whole process, as it remembers the discovery document and the keys.

    Args:
        secret: of the client, or "" for a public one. ca_file: as settings have it, absolute.
        clock: by which tokens are in time.
    """

    def __init__(self, settings: Oidc, secret: str, ca_file: str, clock: Clock) -> None:
        self.settings, self._secret, self._ca_file, self._clock = settings, secret, ca_file, clock
        self._lock = threading.Lock()
        self._about: tuple[float, dict[str, Any]] | None = None
        self._keys: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])

    # ---- the flow
    def address(self, state: str, nonce: str, verifier: str) -> str:
        """
        Where a person is sent to prove who they are.

        Raises:
            NetopsError: the provider cannot be asked.
        """
        one = self.settings
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code", "client_id": one.client_id, "redirect_uri": one.redirect, "scope": " ".join(one.scopes),
            "state": state, "nonce": nonce, "code_challenge": challenge, "code_challenge_method": "S256",
        }  # fmt: skip
        begin = self._endpoint("authorization_endpoint")
        return f"{begin}{'&' if '?' in begin else '?'}{urlencode(asked)}"

    def redeem(self, code: str, verifier: str, nonce: str, issuer: str | None) -> Known:
        """
        Who came back with *code*.

        Args:
            issuer: what the address that they came back to says of who sent them (RFC 9207), or None.

        Raises:
            Unproven: what the provider says is not to be believed.
            NetopsError: the provider cannot be asked.
        """
        one, about = self.settings, self.about()
        if issuer != one.issuer and (issuer is not None or about.get("authorization_response_iss_parameter_supported") is True):
            raise _unbelieved(N_("the answer comes from another issuer"))
        asked = {"grant_type": "authorization_code", "code": code, "redirect_uri": one.redirect, "code_verifier": verifier}
        headers = {}
        if not self._secret:
            asked["client_id"] = one.client_id
        elif "client_secret_basic" in about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
            pair = f"{quote(one.client_id, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749 §2.3.1
            headers["Authorization"] = f"Basic {b64encode(pair.encode()).decode()}"
        else:
            asked |= {"client_id": one.client_id, "client_secret": self._secret}
        answer = self._asked(self._endpoint("token_endpoint"), urlencode(asked).encode(), headers)
        claims = self._checked(_text(answer.get("id_token")))
        if not hmac.compare_digest(_text(claims.get("nonce")).encode(), nonce.encode()):
            raise _unbelieved(N_("the token was made for another sign-in (nonce)"))
        return self._known(claims, _text(answer.get("access_token")))

    def _known(self, claims: Mapping[str, Any], access: str) -> Known:
        """What the token says, and what the provider says beside it where the token leaves something out."""
        one, subject = self.settings, _text(claims.get("sub"))
        if any(_claim(claims, kind) is None for kind in (one.name, one.person, one.groups)) and access and (
            asked := self.about().get("userinfo_endpoint")
        ):  # fmt: skip
            more = self._asked(_secured(asked), None, {"Authorization": f"Bearer {access}"})
            if more.get("sub") != subject:  # Core §5.3.2
                raise _unbelieved(N_("the provider speaks of somebody else"))
            claims = {**more, **claims}
        groups = _claim(claims, one.groups)
        listed = [groups] if isinstance(groups, str) else groups if isinstance(groups, list) else []
        name, person, organization = (_text(_claim(claims, kind)) for kind in (one.name, one.person, one.organization))
        return Known(Source.OIDC, f"{one.issuer} {subject}", name.strip().casefold()[:LONGEST_NAME], person[:128],
                     tuple(group for group in listed if isinstance(group, str)), organization[:64])  # fmt: skip

    def ended(self, token: str) -> str:
        """
        The subject whom a logout token (OpenID Connect Back-Channel Logout 1.0) says to have left.

        Raises:
            Unproven: it is not to be believed.
            NetopsError: the provider cannot be asked.
        """
        claims = self._checked(token)
        events = claims.get("events")
        if not isinstance(events, dict) or LOGOUT not in events or "nonce" in claims:
            raise _unbelieved(N_("it is no logout token"))
        return f"{self.settings.issuer} {claims['sub']}"

    def farewell(self) -> str:
        """Where a person leaves the provider too (RP-Initiated Logout 1.0), or "" as long as that is not known."""
        if self._about is None or not (end := self._about[1].get("end_session_endpoint")):
            return ""
        back = self.settings.redirect.removesuffix("/oidc/back")
        asked = {"client_id": self.settings.client_id, "post_logout_redirect_uri": back}
        return f"{_secured(end)}{'&' if '?' in end else '?'}{urlencode(asked)}"

    # ---- tokens
    def _checked(self, token: str) -> dict[str, Any]:
        """
        What a token says, signed by the provider, for us, and in time (Core §3.1.3.7).

        Raises:
            Unproven: it is not to be believed.
        """
        jwt, jwk, faults = _joserfc()
        header = _header(token)
        algorithm = header.get("alg")
        if algorithm not in self.settings.algorithms:
            raise _unbelieved(N_("the token is signed by {algorithm}, which is not taken"), algorithm=str(algorithm)[:20])
        try:
            key = jwk.import_key(self._key(header.get("kid"), str(algorithm)))
            claims: dict[str, Any] = jwt.decode(token, key, algorithms=[algorithm]).claims
        except (faults, ValueError, TypeError) as error:
            raise _unbelieved(N_("its signature is wrong")) from error
        one, now = self.settings, self._clock()
        audience = claims.get("aud")
        audiences = [audience] if isinstance(audience, str) else audience if isinstance(audience, list) else []
        authorized = claims.get("azp")
        subject = claims.get("sub")
        if claims.get("iss") != one.issuer:
            raise _unbelieved(N_("the token comes from another issuer"))
        if one.client_id not in audiences or (authorized is not None and authorized != one.client_id) or (
            len(audiences) > 1 and authorized is None
        ):  # fmt: skip
            raise _unbelieved(N_("the token is for another system"))
        if _time(claims.get("exp")) + LEEWAY <= now.timestamp() or _is_early(claims, now):
            raise _unbelieved(N_("the token is out of time: check both clocks"))
        if not isinstance(subject, str) or not 0 < len(subject) <= 255:
            raise _unbelieved(N_("the token is about nobody"))
        return claims

    def _key(self, number: object, algorithm: str) -> dict[str, Any]:
        """The key that a token was signed with; asked for again when it is new, as keys are changed (Core §10.1.1)."""
        for is_last in (False, True):
            fitting = [one for one in self.keys(is_new=is_last) if _fits(one, number, algorithm)]
            if len(fitting) == 1:
                return fitting[0]
        raise _unbelieved(N_("it is signed with a key that the provider does not have"))

    # ---- the provider's own word
    def keys(self, *, is_new: bool = False) -> list[dict[str, Any]]:
        """
        The keys that it publishes (RFC 7517).

        Args:
            is_new: a key is looked for that is not among them: they are asked for again, unless they were a moment ago.

        Raises:
            NetopsError: they cannot be read.
        """
        with self._lock:
            at, kept = self._keys
            if not kept or (is_new and monotonic() - at >= KEYS_SECONDS):
                listed = self._asked(self._endpoint("jwks_uri")).get("keys")
                kept = [one for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
                self._keys = monotonic(), kept
            return kept

    def about(self) -> dict[str, Any]:
        """
        Its discovery document, of the configured issuer and no other.

        Raises:
            NetopsError: it cannot be read, or is another issuer's.
        """
        kept = self._about
        if kept is None or monotonic() - kept[0] >= DISCOVERY_SECONDS:
            answer = self._asked(self.settings.issuer.rstrip("/") + "/.well-known/openid-configuration")
            if answer.get("issuer") != self.settings.issuer:
                other = str(answer.get("issuer"))[:200]
                raise _away(N_("it says that it is {other}"), N_("write [oidc] issuer as it says it"), other=other)
            kept = self._about = monotonic(), answer
        return kept[1]

    def _endpoint(self, name: str) -> str:
        return _secured(self.about().get(name))

    def _asked(self, url: str, body: bytes | None = None, headers: Mapping[str, str] = {}) -> dict[str, Any]:
        """A JSON object from the provider: over TLS, no further than that address, no larger than it should be."""
        context = ssl.create_default_context(cafile=self._ca_file or None)
        opener = urllib.request.build_opener(
            NoDetour, urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
        )
        request = urllib.request.Request(url, body, {"Accept": "application/json", "User-Agent": "netops", **headers})  # noqa: S310
        try:
            with opener.open(request, timeout=self.settings.timeout_seconds) as answer:
                found = json.loads(answer.read(MOST_BYTES))
        except urllib.error.HTTPError as error:
            with error:
                said = error.read(500).decode("utf-8", "replace")
            reason = f"HTTP {error.code} {said}".strip()
            raise Unproven(WHAT, N_("the provider answered {reason}"), AGAIN, reason=reason) from error
        except (OSError, ValueError, RecursionError, http.client.HTTPException) as error:
            mend = N_("check [oidc] issuer and ca_file, and the way there")
            raise _away("{reason}", mend, reason=getattr(error, "reason", error)) from error
        if not isinstance(found, dict):
            raise _away(N_("it did not answer as a provider does"), AGAIN)
        return found


def _joserfc() -> tuple[Any, Any, type[Exception]]:
    try:
        from joserfc import jwk, jwt
        from joserfc.errors import JoseError
    except ImportError as error:
        raise _away(N_("joserfc is not installed"), "pip install 'netops[oidc]'") from error
    return jwt, jwk, JoseError


def _header(token: str) -> dict[str, Any]:
    part = token.partition(".")[0]
    try:
        if len(token) > LONGEST:
            raise ValueError(len(token))
        found = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise _unbelieved(N_("it is no token")) from error
    return found if isinstance(found, dict) else {}


def _fits(key: Mapping[str, Any], number: object, algorithm: str) -> bool:
    """Whether a published key is for that signature: never a shared secret, nor one for encryption."""
    kind = "EC" if algorithm.startswith("ES") else "RSA"
    return (
        key.get("kty") == kind
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and (number is None or key.get("kid") == number)
    )


def _is_early(claims: Mapping[str, Any], now: datetime) -> bool:
    return any(_time(claims.get(kind, 0)) - LEEWAY > now.timestamp() for kind in ("iat", "nbf"))


def _time(value: object) -> float:
    """Seconds since 1970, or long ago where it is no number."""
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e12 else -1e12


def _claim(claims: Mapping[str, Any], path: str) -> Any:
    """A claim, by its whole name or else by the way into objects."""
    if path in claims:
        return claims[path]
    found: Any = claims
    for step in path.split("."):
        found = found.get(step) if isinstance(found, dict) else None
    return found


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _secured(url: object) -> str:
    if not isinstance(url, str) or not url.startswith("https://") or not url.isprintable() or " " in url:
        raise _away(N_("it names an address that is not https://"), N_("ask whoever keeps it"))
    return url


def _unbelieved(why: str, **facts: object) -> Unproven:
    return Unproven(WHAT, why, AGAIN, **facts)


def _away(why: str, mend: str, **facts: object) -> NetopsError:
    return NetopsError(N_("the provider of identities was not asked"), why, mend, **facts)
