"""The web application over an open desk: pages and acts by their addresses, what programs fetch, and the API."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from netops.core import journal
from netops.core.clock import city_time
from netops.core.errors import NetopsError
from netops.core.language import N_, _
from netops.core.permission import Forbidden, Principal, Unproven
from netops.desk import Desk
from netops.web import trays
from netops.web.api.app import Api
from netops.web.api.commands import Commands
from netops.web.api.problem import STATUS
from netops.web.asking import Askers, own_page
from netops.web.events import Events
from netops.web.frame import HERE, Frame
from netops.web.gate import WHO, Gate, is_loopback
from netops.web.machines import Machines
from netops.web.pages import acting, topology
from netops.web.pages.every import ACTS, PAGES
from netops.web.pages.page import Act, Page, Shown
from netops.web.pages.table import as_csv
from netops.web.pages.visit import Visit
from netops.web.shelf import Shelf
from netops.web.signing import OneTime, Signing
from netops.web.trays import Tray

LOOPBACK = "127.0.0.1:8470"
MOST_BYTES = 256 << 10
"""Of a form."""
MOST_FIELDS = 1200


def application(
    desk: Desk,
    address: str = LOOPBACK,
    once: OneTime | None = None,
    *,
    is_secure: bool = False,
    commands: Commands | None = None,
) -> Gate:
    """
    The web application over an open desk.

    Args:
        address: where it is served; pages and /metrics need a sign-in unless that is loopback, or the settings say always.
        once: makes the first account.
        is_secure: it is served over TLS.
        commands: runs commands for `netops --server`; without it there are none.
    """
    from netops.metrics.collectors import exposition

    is_open = desk.config.web.sign_in == "auto" and is_loopback(address)
    askers = Askers(desk)
    site = Site(desk, Frame(desk, is_open=is_open))
    events = Events(desk, site.shelf)
    signing = Signing(desk, site.frame.page, site.frame.speak, once, is_secure=is_secure)

    @asynccontextmanager
    async def begun(_app: Starlette) -> AsyncIterator[None]:
        threading.Thread(target=site.gather, daemon=True).start()
        yield

    served = Starlette(
        lifespan=begun,
        routes=[
            *site.routes,
            *Machines(desk, exposition(desk)).routes,
            Route("/events", events.stream),
            *signing.routes,
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={NetopsError: site.problem, 404: site.not_found, 405: site.not_found, 500: site.broken},
    )
    api = Api(desk, askers, events, commands)
    return Gate(served, api, desk, askers, is_open=is_open, is_secure=is_secure, refuse=site.refused)


class Site:
    """Pages and acts: who asks comes from the gate; each is shown in a thread, and no rule lives here."""

    def __init__(self, desk: Desk, frame: Frame) -> None:
        self.desk, self.frame = desk, frame
        self.shelf = Shelf(partial(_head, desk))
        self.tray = Tray()

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        acts = [Route(one.path, partial(self._act, one), methods=["GET", "POST"]) for one in ACTS]
        return [*acts, *(Route(one.path, partial(self._page, one)) for one in PAGES)]

    async def _page(self, page: Page, request: Request) -> Response:
        return await run_in_threadpool(self._answered, request, page, page.show)

    async def _act(self, act: Act, request: Request) -> Response:
        said = await fields(request, self.tray) if request.method == "POST" else {}
        do = acting.post if said or request.method == "POST" else acting.get
        return await run_in_threadpool(self._answered, request, act, lambda visit: do(visit, act), said)

    def _answered(
        self, request: Request, what: Page | Act, show: Callable[[Visit], Shown | Response], said: dict[str, str] | None = None
    ) -> Response:
        self.frame.speak(request)
        who: Principal = request.scope[WHO]
        try:
            if what.deed is not None:
                who.require(what.deed)
            if who.organization and not what.bound:
                raise Forbidden(N_("it was not shown"), N_("it cannot be shown to one organization alone"), "/", name=who.name)
            visit = Visit(request, self.desk.acting(who.name or "-"), who, request.path_params, self.shelf, said or {}, self.tray)
            visit.desk.register  # noqa: B018 - names of organizations, for this thread
            found = show(visit)
        except NetopsError as error:
            return self._told(request, error, who)
        if isinstance(found, Response):
            return found
        if request.query_params.get("format") == "csv":
            return self._csv(request, found)
        return self.frame.render(request, _dated(visit, found), who, self._done(request, who))

    def _csv(self, request: Request, found: Shown) -> Response:
        wanted = request.query_params.get("table", "")
        for table in found.tables:
            if wanted in ("", table.name):
                headers = {"Content-Disposition": f'attachment; filename="{table.name}.csv"'}
                return Response("\ufeff" + as_csv(table), media_type="text/csv; charset=utf-8", headers=headers)
        return self.not_found(request, KeyError(wanted))

    def _done(self, request: Request, who: Principal) -> int:
        """The number of the journal's entry that who asks has just made, as the address says; 0 for anything else."""
        text = request.query_params.get("done", "")
        if not (text.isascii() and text.isdigit() and len(text) < 12):
            return 0
        entry = journal.entry(self.desk.store, int(text))
        return entry.seq if entry is not None and entry.actor == who.name else 0

    def gather(self) -> None:
        """What takes longest is gathered when serving begins, so that nobody waits for it."""
        with suppress(NetopsError):
            topology.network(self.desk.acting("-"), self.shelf)

    # ---- what is wrong
    def _told(self, request: Request, error: NetopsError, who: Principal | None) -> Response:
        what, why, mend = error.told()
        status = next(number for kind, number, _name in STATUS if isinstance(error, kind))
        return self.frame.render(request, Shown("problem.html", what, {"why": why, "mend": mend}, status=status), who)

    def problem(self, request: Request, error: Exception) -> Response:
        """A clear error: what, why, mend."""
        assert isinstance(error, NetopsError)  # noqa: S101 - registered for it
        self.frame.speak(request)
        return self._told(request, error, request.scope.get(WHO))

    async def refused(self, request: Request, error: NetopsError) -> Response:
        """What the gate refuses, as a page; a form of ours whose session has ended comes back whole, to be sent again."""
        said = await self._typed(request) if isinstance(error, Unproven) and request.method == "POST" else {}
        if not said:
            return await run_in_threadpool(self.problem, request, error)

        def again() -> Response:
            self.frame.speak(request)
            what, why, _mend = error.told()
            return self.frame.render(request, Shown("ended.html", what, {"why": why, "said": said}, status=401))

        return await run_in_threadpool(again)

    async def _typed(self, request: Request) -> dict[str, str]:
        """What a form of ours said, without what would do it at once: whoever signs in sees the plan first."""
        media = request.headers.get("content-type", "").lower()
        with suppress(NetopsError):
            own_page(request)
            said = await fields(request, self.tray) if media.startswith("application/x-www-form-urlencoded") else {}
            return {name: text for name, text in said.items() if name not in ("step", "key")}
        return {}

    def not_found(self, request: Request, error: Exception) -> Response:
        """No such page."""
        self.frame.speak(request)
        return self.frame.render(
            request,
            Shown("problem.html", _("There is no such page."), {"why": "", "mend": ""}, status=404),
            request.scope.get(WHO),
        )


    def broken(self, request: Request, error: Exception) -> Response:
        """A fault of ours: nothing of it is shown, the log has the whole, and the person knows that it was not them."""
        self.frame.speak(request)
        why, mend = _("a fault of netops; its log has the details"), _("try again; if it stays so, tell whoever runs it")
        return self.frame.render(
            request, Shown("problem.html", _("The page was not shown."), {"why": why, "mend": mend}, status=500)
        )


def _head(desk: Desk) -> str:
    return journal.head(desk.store)


def _dated(visit: Visit, shown: Shown) -> Shown:
    if visit.asked("at") and visit.at is not None:
        values: dict[str, Any] = {"past": city_time(visit.at), "present_url": visit.here(at=None), **shown.values}
        return Shown(shown.template, shown.answer, values, shown.tables, shown.under, shown.trail, shown.status, shown.mark)
    return shown


async def fields(request: Request, tray: Tray) -> dict[str, str]:
    """
    The fields of a form as browsers send them; a file goes into the tray, and its number stands in its place.

    Raises:
        NetopsError: it is larger than a form of ours.
    """
    content = bytearray()
    media = request.headers.get("content-type", "")
    is_parted = media.lower().startswith("multipart/form-data")
    most = trays.MOST_BYTES if is_parted else MOST_BYTES
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise NetopsError("it was not done", "the form is larger than {size} bytes", "say less", size=most)
    if is_parted:
        said, files = await run_in_threadpool(trays.parted, media, bytes(content))
        said |= {name: tray.put(request.scope[WHO].name, one) for name, one in files.items()}
        return {name: _plain(text) for name, text in said.items()}
    try:
        found = parse_qs(content.decode("utf-8", "replace"), max_num_fields=MOST_FIELDS, keep_blank_values=True)
    except ValueError as error:
        raise NetopsError("it was not done", "the form has too many fields", "") from error
    return {name: _plain(several[0]) for name, several in found.items()}


def _plain(text: str) -> str:
    """What was typed: lines end as everywhere else (HTML sends CR LF), and no NUL, which PostgreSQL does not keep."""
    return text.replace("\x00", "").replace("\r\n", "\n")
