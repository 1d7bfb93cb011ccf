"""Signing in and out, and the first account by a one-time code: forms that work without script."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from netops.core import accounts as kept
from netops.core.account import Account, Role, Source
from netops.core.errors import NetopsError
from netops.core.language import N_, _, spoken
from netops.core.permission import Unproven
from netops.desk import Desk
from netops.rounds import accounts
from netops.web.asking import COOKIE, own_page
from netops.web.federation import BEGIN, Federation
from netops.web.forms import fields, inside
from netops.web.limits import Buckets

CODE_LASTS = timedelta(minutes=30)


class OneTime:
    """The code for the first account: made at the start of a process whose store has none, told on its terminal only."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
        self.code = "" if kept.every(desk.store) else "-".join(
            "".join(secrets.choice(letters) for _ in range(4)) for _ in range(4)
        )  # fmt: skip
        self._until = desk.clock() + CODE_LASTS

    def is_right(self, text: str) -> bool:
        """Whether it is the code, and still in time."""
        right = hmac.compare_digest(text.strip().upper().encode(), self.code.encode())
        return bool(self.code) and right and self._desk.clock() < self._until


class Signing:
    """
    The three forms.

    Args:
        page: renders a template for a request. speak: takes the request's language.
        is_secure: the cookie is only sent over TLS.
    """

    def __init__(
        self,
        desk: Desk,
        page: Callable[..., Response],
        speak: Callable[[Request], None],
        once: OneTime | None,
        *,
        is_secure: bool,
    ) -> None:
        self.desk, self.page, self.speak, self.once, self.is_secure = desk, page, speak, once, is_secure
        self._tries = Buckets(0.1, 10)
        self.federation = Federation(desk, page, is_secure=is_secure)

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/sign-in", self.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", self.sign_out, methods=["POST"]),
            Route("/first", self.first, methods=["GET", "POST"]),
            *self.federation.routes,
        ]

    async def sign_in(self, request: Request) -> Response:
        """Name, password and, where it is asked for, a code."""
        to = inside(request.query_params.get("to", "/"))
        if request.method == "GET":
            return await run_in_threadpool(self._form, request, "sign_in.html", to=to)
        return await self._do(request, "sign_in.html", self._sign_in, to=to)

    def _sign_in(self, request: Request, said: dict[str, str], to: str) -> Response:
        place = request.client.host if request.client else ""
        secret = accounts.sign_in(self.desk, said.get("name", ""), said.get("password", ""), said.get("code", ""), place)
        return self._with_session(secret, to)

    async def first(self, request: Request) -> Response:
        """The first account, by whoever reads the terminal on which the process was started."""
        if self.once is None or not self.once.code:
            return RedirectResponse("/sign-in", 303)
        if request.method == "GET":
            return await run_in_threadpool(self._form, request, "first.html")
        return await self._do(request, "first.html", self._first)

    def _first(self, request: Request, said: dict[str, str]) -> Response:
        if self.once is None or not self.once.is_right(said.get("code", "")):
            raise Unproven(N_("the first account was not made"), N_("the code is wrong, or older than half an hour"),
                           N_("it stands on the terminal of netops serve; start it again for a new one"))  # fmt: skip
        name, password = said.get("name", ""), said.get("password", "")
        accounts.first(self.desk, Account(name, said.get("person", ""), Role.SYSTEM), password)
        self.once.code = ""
        return self._with_session(accounts.sign_in(self.desk, name, password), "/")

    async def sign_out(self, request: Request) -> Response:
        """The session ends, here and in the store."""
        try:
            own_page(request)
        except NetopsError:
            return RedirectResponse("/sign-in", 303)
        source = Source.LOCAL
        if secret := request.cookies.get(COOKIE):
            source = await run_in_threadpool(accounts.sign_out, self.desk, secret)
        answer = RedirectResponse("/sign-in?left=oidc" if source is Source.OIDC else "/sign-in", 303)
        answer.delete_cookie(COOKIE)
        return answer

    # ---- inside
    async def _do(self, request: Request, template: str, act: Callable[..., Response], **more: Any) -> Response:
        """A form that was sent: done, or shown again with what is wrong."""
        said = await fields(request)
        place = request.client.host if request.client else ""

        def tried() -> Response:
            self.speak(request)
            try:
                own_page(request)
                if self._tries.wait(place):
                    raise Unproven(
                        N_("nobody was signed in"),
                        N_("too many tries from this address"),
                        N_("try again later"),
                    )
                return act(request, said, **more)
            except NetopsError as error:
                what, why, mend = error.told()
                kept_fields = {key: said.get(key, "") for key in ("name", "person")}
                return self._form(request, template, 403, what=what, why=why, mend=mend, said=kept_fields, **more)

        return await run_in_threadpool(tried)

    def _form(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        self.speak(request)
        answers = {"sign_in.html": N_("Sign in"), "first.html": N_("The first account")}
        if template == "sign_in.html":
            values |= self._elsewhere(request)
        return self.page(
            request,
            template,
            status,
            answer=_(answers[template]),
            **({"what": "", "why": "", "mend": "", "said": {"name": "", "person": ""}} | values),
        )

    def _elsewhere(self, request: Request) -> dict[str, str]:
        """The way to the provider of identities, and out of it for who has just signed out here."""
        one = self.desk.config.oidc
        label = (one.label_en if spoken() == "en" else one.label_zh) or _("Sign in by the city's provider of identities")
        left = self.federation.farewell() if one.issuer and request.query_params.get("left") == "oidc" else ""
        return {"begin": BEGIN if one.issuer else "", "label": label, "farewell": left}

    def _with_session(self, secret: str, to: str) -> Response:
        answer = RedirectResponse(to, 303)
        answer.set_cookie(COOKIE, secret, httponly=True, samesite="strict", secure=self.is_secure, path="/")
        return answer
