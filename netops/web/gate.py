"""The gate: every answer carries the security headers; pages ask who asks, unless only this machine can reach them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from contextlib import suppress
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from netops.core.account import Role
from netops.core.errors import NetopsError
from netops.core.permission import Deed, Forbidden, Principal, Unproven
from netops.desk import Desk
from netops.web.asking import COOKIE, SAFE, SUBJECT, Askers
from netops.web.federation import BACK, BEGIN, ENDED

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self'; script-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
KEEP = (b"cache-control", b"public, max-age=31536000, immutable")
"""For our own styles and scripts: their address changes with them."""
API = "/api/v1/"
OPEN = ("/healthz", "/sign-in", "/sign-out", "/first", "/hooks/alertmanager", BEGIN, BACK, ENDED)
"""What anybody may open, beside static files; the hook asks for a token of its own, and the API sees to itself."""
MACHINES = {"/events": Deed.READ, "/metrics": Deed.METRICS, "/sd/prometheus": Deed.METRICS}
"""What programs fetch: they are not sent to a form."""


WHO = "netops.who"
"""Where in the scope of a request stands who asks."""


class Gate:
    """
    The outermost ASGI application.

    Args:
        is_open: pages and /metrics need no sign-in: whoever is not signed in reads, and does nothing.
        refuse: shows an error as a page; what a form said is kept in it where nobody is signed in any more.
    """

    def __init__(
        self,
        app: ASGIApp,
        api: ASGIApp,
        desk: Desk,
        askers: Askers,
        *,
        is_open: bool,
        is_secure: bool = False,
        refuse: Callable[[Request, NetopsError], Awaitable[Response]],
    ) -> None:
        self.app, self.api, self.desk, self.askers, self.is_open = app, api, desk, askers, is_open
        self.refuse = refuse
        headers = HEADERS | ({"Strict-Transport-Security": "max-age=31536000"} if is_secure else {})
        self.headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message["headers"])
                given = {name for name, _ in headers}
                if scope["path"].startswith("/static/") and message["status"] in (200, 304):
                    headers.append(KEEP)
                    given.add(KEEP[0])
                message["headers"] = headers + [one for one in self.headers if one[0] not in given]
            await send(message)

        self._behind_proxy(scope)
        if scope["path"].startswith(API):
            with suppress(ClientDisconnect):
                await self.api(scope, receive, guarded)
            return
        with suppress(ClientDisconnect):  # nobody is there any more to be told
            refused = await self._refused(Request(scope, receive))
            await (refused or self.app)(scope, receive, guarded)

    def _behind_proxy(self, scope: Scope) -> None:
        """What a named proxy says of who is behind it; from anybody else the same headers are only text."""
        web, client = self.desk.config.web, scope.get("client")
        if not web.proxies or not client or client[0] not in web.proxies:
            return
        told = dict(scope["headers"])
        if subject := told.get(web.subject_header.lower().encode(), b"").decode("utf-8", "replace"):
            scope[SUBJECT] = subject
        if forwarded := told.get(b"x-forwarded-for", b"").decode("latin-1").rpartition(",")[2].strip():
            scope["client"] = (forwarded[:64], 0)

    async def _refused(self, request: Request) -> Response | None:
        """What is answered in place of a page, or None when it may be asked for; who asks stands in the scope then."""
        path = request.url.path
        if path in OPEN or path.startswith("/static/"):
            return None
        try:
            who = await asyncio.to_thread(self._who, request)
            request.scope[WHO] = who
            if path in MACHINES:
                who.require(MACHINES[path])
        except Unproven as error:
            if path in MACHINES:
                return PlainTextResponse("401\n", 401, {"WWW-Authenticate": "Bearer"})
            if request.method not in SAFE:
                return await self.refuse(request, error)
            asked = path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/sign-in?to={quote(asked, safe='')}", 303)
        except Forbidden as error:
            if path in MACHINES:
                return PlainTextResponse("403\n", 403)
            return await self.refuse(request, error)
        except NetopsError as error:
            return PlainTextResponse(f"503 {error.english()}\n", 503)
        return None

    def _who(self, request: Request) -> Principal:
        """Who asks; where pages are open and nobody says who, somebody who reads."""
        try:
            return self.askers.of(request, request.method)
        except Unproven:
            if self._is_near(request) and (request.method in SAFE or not request.cookies.get(COOKIE)):
                return Principal("", Role.VIEWER, frozenset(self.desk.planes))
            raise


    def _is_near(self, request: Request) -> bool:
        """
        Whether pages are open to who asks: somebody at this machine. A request by another name than this machine's is a page of
        elsewhere whose name was made to lead here (DNS rebinding), or comes through a proxy from elsewhere, as one that says for
        whom it was forwarded.
        """
        told = request.headers
        is_far = any(name in told for name in ("x-forwarded-for", "forwarded", "via"))
        host = told.get("host", "")
        return self.is_open and not is_far and is_loopback(host if re.search(r":\d+$", host) else f"{host}:0")


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach "host:port"."""
    host = address.rpartition(":")[0].strip("[]")
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
