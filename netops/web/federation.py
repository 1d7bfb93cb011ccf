"""Signing in by a provider of identities (OpenID Connect): sent there, back again, and out when it says so."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic
from typing import NamedTuple
from urllib.parse import quote

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from netops.core.accounts import hashed
from netops.core.errors import NetopsError
from netops.core.language import N_, _
from netops.core.permission import Unproven
from netops.desk import Desk
from netops.probes.provider import AGAIN, WHAT, Provider
from netops.rounds import admission
from netops.web.asking import COOKIE
from netops.web.forms import fields, inside
from netops.web.limits import Buckets

BEGIN, BACK, ENDED = "/sign-in/oidc", "/sign-in/oidc/back", "/sign-in/oidc/ended"
LASTS_SECONDS = 600.0
MOST = 4096
"""Sign-ins that are under way at the same time; of more, the oldest are forgotten."""


class Begun(NamedTuple):
    """A sign-in under way: good once, and in the browser that began it only."""

    until: float
    nonce: str
    verifier: str
    browser: str
    to: str


class Federation:
    """
    The three addresses; none where the configuration names no provider.

    Args:
        page: renders a template for a request. is_secure: cookies are only sent over TLS.
    """

    def __init__(self, desk: Desk, page: Callable[..., Response], *, is_secure: bool) -> None:
        self.desk, self.page, self.is_secure = desk, page, is_secure
        self._begun: OrderedDict[str, Begun] = OrderedDict()
        self._lock = threading.Lock()
        self._often = Buckets(1.0, 60)
        self._provider: Provider | None = None

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        if not self.desk.config.oidc.issuer:
            return []
        return [Route(BEGIN, self._begin), Route(BACK, self._back), Route(ENDED, self._ended, methods=["POST"])]

    def provider(self) -> Provider:
        """
        The one of this process.

        Raises:
            NetopsError: its secret cannot be read.
        """
        if self._provider is None:
            self._provider = admission.provider(self.desk)
        return self._provider

    # ---- there and back
    async def _begin(self, request: Request) -> Response:
        return await run_in_threadpool(self._told, request, self._sent)

    def _sent(self, request: Request) -> Response:
        if self._often.wait(_place(request)):
            raise Unproven(WHAT, N_("too many tries from this address"), N_("try again later"))
        state, nonce, verifier, browser = (secrets.token_urlsafe(32) for _one in range(4))
        answer = RedirectResponse(self.provider().address(state, nonce, verifier), 303)
        to = inside(request.query_params.get("to", "/"))
        with self._lock:
            self._begun[hashed(state)] = Begun(monotonic() + LASTS_SECONDS, nonce, verifier, hashed(browser), to)
            while len(self._begun) > MOST:
                self._begun.popitem(last=False)
        # Lax, as the way back begins at the provider's.
        answer.set_cookie(_cookie(state), browser, httponly=True, samesite="lax", secure=self.is_secure, path=BEGIN,
                          max_age=int(LASTS_SECONDS))  # fmt: skip
        return answer

    async def _back(self, request: Request) -> Response:
        return await run_in_threadpool(self._told, request, self._returned)

    def _returned(self, request: Request) -> Response:
        said = request.query_params
        state = said.get("state", "")[:200]
        with self._lock:
            begun = self._begun.pop(hashed(state), None)
        browser = request.cookies.get(_cookie(state), "")
        if begun is None or begun.until < monotonic() or not hmac.compare_digest(hashed(browser), begun.browser):
            raise Unproven(WHAT, N_("this sign-in was not begun here, is over, or took too long"), AGAIN)
        if "error" in said or not said.get("code"):
            reason = f"{said.get('error', '-')} {said.get('error_description', '')}".strip()[:300]
            raise Unproven(WHAT, N_("the provider answered {reason}"), AGAIN, reason=reason)
        known = self.provider().redeem(said["code"][:4096], begun.verifier, begun.nonce, said.get("iss"))
        secret = admission.admit(self.desk, known, self.desk.config.oidc.roles, _place(request))
        # A page and not a redirect: what follows a redirect from another site would not carry the strict cookie.
        answer = self.page(request, "signed_in.html", answer=_("You are signed in."), to=begun.to)
        answer.headers["Refresh"] = f"0; url={quote(begun.to, safe='/?&=%#:+,;@~!$()*-._')}"
        answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=self.is_secure, path="/")
        answer.delete_cookie(_cookie(state), path=BEGIN)
        return answer

    # ---- out
    async def _ended(self, request: Request) -> Response:
        """The provider says that somebody has left (Back-Channel Logout 1.0 §2.5)."""
        if self._often.wait(("ended", _place(request))):
            return JSONResponse({"error": "slow_down"}, 429)
        said = await fields(request)

        def left() -> Response:
            try:
                admission.leave(self.desk, self.provider().ended(said.get("logout_token", "")))
            except NetopsError as error:
                return JSONResponse({"error": "invalid_request", "error_description": error.english()}, 400)
            return Response(status_code=200)

        return await run_in_threadpool(left)

    def farewell(self) -> str:
        """Where who has signed out here leaves the provider too, or ""."""
        try:
            return self.provider().farewell()
        except NetopsError:
            return ""

    def _told(self, request: Request, answer: Callable[[Request], Response]) -> Response:
        try:
            return answer(request)
        except NetopsError as error:
            what, why, mend = error.told()
            return self.page(request, "problem.html", 403, answer=what, why=why, mend=mend)


def _cookie(state: str) -> str:
    """One for each sign-in, so that two pages of one browser do not disturb each other."""
    return f"netops_oidc_{hashed(state)[:16]}"


def _place(request: Request) -> str:
    return request.client.host if request.client else ""
