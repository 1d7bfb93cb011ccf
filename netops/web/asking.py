"""Who asks: what a request carries, and what that proves."""

from __future__ import annotations

import threading
from time import monotonic
from typing import TYPE_CHECKING

from netops.core.language import N_
from netops.core.permission import Forbidden, Principal, Unproven
from netops.desk import Desk
from netops.rounds import accounts

if TYPE_CHECKING:
    from starlette.requests import HTTPConnection

COOKIE = "netops_session"
SUBJECT = "netops.subject"
"""Where in the scope of a request stands the subject of its client certificate, as TLS or a named proxy says it."""
SAFE = ("GET", "HEAD", "OPTIONS")
BELIEVED_SECONDS = 1.0
"""How long a token is believed without asking the store: what was taken back is good for no longer."""
MOST_BELIEVED = 1024


class Askers:
    """Who asks, for one desk."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._believed: dict[str, tuple[float, Principal]] = {}
        self._lock = threading.Lock()

    def known(self, request: HTTPConnection) -> Principal | None:
        """Who asks with a token that was believed a moment ago; None when the store must be asked."""
        found = self._believed.get(bearer(request))
        return found[1] if found is not None and monotonic() - found[0] < BELIEVED_SECONDS else None

    def of(self, request: HTTPConnection, method: str) -> Principal:
        """
        Who asks, by a token, else by a session, else by a client certificate.

        Raises:
            Unproven: nothing proves anybody.
            Forbidden: a change that comes with a session from another place than our own pages.
        """
        if token := bearer(request):
            who = accounts.of_token(self.desk, token)
            with self._lock:
                if len(self._believed) >= MOST_BELIEVED:
                    self._believed.clear()
                self._believed[token] = (monotonic(), who)
            return who
        if secret := request.cookies.get(COOKIE):
            who = accounts.of_session(self.desk, secret)
            if method not in SAFE:
                own_page(request)
            return who
        if subject := request.scope.get(SUBJECT, ""):
            who = accounts.of_subject(self.desk, subject)
            if method not in SAFE:
                own_page(request)
            return who
        raise Unproven(
            N_("it was not done"), N_("the request says nothing of who asks"),
            N_("sign in, or send a token as Authorization: Bearer …"),
        )  # fmt: skip


def bearer(request: HTTPConnection) -> str:
    """The token that a request carries, or ""."""
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip()[:256] if kind.lower() == "bearer" else ""


def own_page(request: HTTPConnection) -> None:
    """
    Make sure that a change comes from one of our own pages (OWASP, CSRF: Fetch Metadata, then Origin).

    Raises:
        Forbidden: it comes from elsewhere, or does not say.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    host = request.headers.get("host", "")
    ours = origin is not None and origin.partition("://")[2] == host
    if (site == "same-origin" or (site is None and ours)) and (origin is None or ours):
        return
    raise Forbidden(
        N_("it was not done"), N_("the request does not come from a page of netops"), N_("open the page anew")
    )
