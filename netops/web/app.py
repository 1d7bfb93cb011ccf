"""The pages and their addresses: front page, search, finding, map, metrics."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jinja2
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from netops import __version__
from netops.core import docket
from netops.core.basis import Basis
from netops.core.clock import city_time
from netops.core.errors import Missing, NetopsError
from netops.core.finding import STANDING
from netops.core.language import LANGUAGES, _, choose, speak, spoken
from netops.desk import Desk
from netops.rounds import look
from netops.rounds.who import who
from netops.web.api.app import Api
from netops.web.asking import Askers
from netops.web.gate import Gate, is_loopback
from netops.web.signing import OneTime, Signing

HERE = Path(__file__).parent
LOOPBACK = "127.0.0.1:8470"
MAX_QUERY = 200


def application(
    desk: Desk, address: str = LOOPBACK, once: OneTime | None = None, *, is_secure: bool = False
) -> Gate:
    """
    The web application over an open desk.

    Args:
        address: where it is served; pages and /metrics need a sign-in unless that is loopback, or the settings say always.
        once: makes the first account.
        is_secure: it is served over TLS.
    """
    from netops.metrics.collectors import exposition

    pages, askers = Pages(desk), Askers(desk)
    signing = Signing(desk, pages.page, pages.speak, once, is_secure=is_secure)
    served = Starlette(
        routes=[
            Route("/", pages.front),
            Route("/who", pages.who),
            Route("/findings/{number}", pages.finding),
            Route("/map.svg", pages.map),
            Route("/incidents/{number}", pages.incident),
            Route("/sd/prometheus", pages.targets),
            Route("/hooks/alertmanager", pages.alerts, methods=["POST"]),
            Route("/metrics", partial(_metrics, exposition(desk))),
            Route("/healthz", lambda request: PlainTextResponse("ok\n")),
            *signing.routes,
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        exception_handlers={NetopsError: pages.problem, 404: pages.not_found},
    )
    is_open = desk.config.web.sign_in == "auto" and is_loopback(address)
    return Gate(served, Api(desk, askers), desk, askers, is_open=is_open, is_secure=is_secure)


def _metrics(expose: Callable[[], tuple[bytes, str]], request: Request) -> Response:
    body, media_type = expose()
    return Response(body, headers={"Content-Type": media_type})


class Pages:
    """Each page gathers by a round's question and renders; no rule lives here."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self.templates.globals |= {
            "_": _,
            "city_time": city_time,
            "title": look.title,
            "because": look.because,
            "version": __version__,
        }

    def front(self, request: Request) -> Response:
        """`netops status` as a page: a sentence that answers, then each plane, then what stands."""
        self.speak(request)
        planes = look.status(self.desk)
        findings = docket.listed(self.desk.store, state=STANDING)
        return self.page(
            request,
            "status.html",
            planes=planes,
            findings=findings,
            sentence=self._sentence(planes, len(findings)),
            incidents=self._incidents(),
        )

    def _incidents(self) -> list[Any]:
        from netops.incidents import casebook

        return casebook.listed(self.desk.store, open_only=True)

    def _sentence(self, planes: list[look.PlaneStatus], findings: int) -> str:
        if overdue := [name for plane in planes for name in plane.overdue]:
            return _("OVERDUE: {clocks}").format(clocks=", ".join(overdue[:5]) + (" …" if len(overdue) > 5 else ""))
        if any(plane.unwalked or not plane.devices for plane in planes):
            return _("Part of the network was never walked: what stands there is not known.")
        silent = sum(len(plane.unreachable) for plane in planes)
        if silent:
            return _("{silent} devices were not seen, and {count} findings stand.").format(
                silent=silent, count=findings
            )
        if findings:
            return _("{count} findings stand.").format(count=findings)
        return _("Everything that was looked at is in order.")

    def who(self, request: Request) -> Response:
        """The search field: whose is it."""
        self.speak(request)
        query = request.query_params.get("q", "")[:MAX_QUERY]
        try:
            answers = who(self.desk, query) if query.strip() else []
        except Missing:
            answers = []
        return self.page(request, "who.html", query=query, answers=answers)

    def finding(self, request: Request) -> Response:
        """One finding with its evidence and what its rule says."""
        self.speak(request)
        one = docket.one(self.desk.store, request.path_params["number"][:16])
        return self.page(
            request,
            "finding.html",
            one=one,
            rule=look.rule_of(one),
            pieces=docket.pieces(self.desk.store, one.evidence),
        )

    def incident(self, request: Request) -> Response:
        """One incident: where it stands, its clocks, findings, checklist and timeline."""
        self.speak(request)
        from netops.incidents import casebook
        from netops.incidents.incident import COURSE
        from netops.rounds import handling

        one = casebook.one(self.desk.store, request.path_params["number"][:24].upper())
        if one.plane not in self.desk.planes:
            raise Missing("there is no incident {number}", "", "netops incident list", number=one.number)
        findings = [docket.one(self.desk.store, name) for name in one.findings]
        whole = handling.dossier(self.desk, one, findings)
        reached = {"detected": one.detected} | {move.after: move.at for move in whole["history"] if move.what == "state"}
        return self.page(
            request, "incident.html", one=one, findings=findings, whole=whole, course=COURSE, reached=reached,
            present=self.desk.clock(),
        )  # fmt: skip

    async def alerts(self, request: Request) -> Response:
        """Alertmanager's webhook, version 4: alerts become findings; refused without the token of the configuration."""
        import hmac

        from starlette.concurrency import run_in_threadpool

        from netops.incidents import alertmanager
        from netops.rounds import alerts

        settings = self.desk.config.alertmanager
        if not settings.is_on:
            return JSONResponse({"error": "not found"}, 404)
        token = self.desk.config.secret("", settings.token_file, settings.token_env)
        given = request.headers.get("authorization", "")
        if not token or not hmac.compare_digest(given.encode(), f"Bearer {token}".encode()):
            return JSONResponse({"error": "the token is missing or wrong"}, 401, {"WWW-Authenticate": "Bearer"})
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > alertmanager.MAX_BYTES:
                return JSONResponse({"error": "larger than 1 MiB"}, 413)
        try:
            taken = alertmanager.read(bytes(body))
        except NetopsError as error:
            return JSONResponse({"error": error.english()}, 400)
        settled = await run_in_threadpool(alerts.receive, self.desk, taken)
        seen = [*settled.seen_again, *settled.reopened]
        return JSONResponse({"opened": settled.opened, "seen": seen, "resolved": settled.resolved})

    def map(self, request: Request) -> Response:
        """The map of both planes, the same for the same network."""
        self.speak(request)
        from netops.rounds import chart

        return Response(
            chart.svg(self.desk),
            media_type="image/svg+xml",
            headers={"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'"},
        )

    def targets(self, request: Request) -> Response:
        """Walked devices for Prometheus's HTTP service discovery."""
        from netops.rounds import chart

        return JSONResponse(chart.prometheus(self.desk))

    def problem(self, request: Request, error: Exception) -> Response:
        """A clear error: what, why, mend."""
        assert isinstance(error, NetopsError)  # noqa: S101 - registered for it
        status = 404 if isinstance(error, Missing) else 503
        what, why, mend = error.told()
        return self.page(
            request,
            "problem.html",
            status=status,
            what=what,
            why=why,
            mend=mend,
        )

    def not_found(self, request: Request, error: Exception) -> Response:
        """No such page."""
        self.speak(request)
        return self.page(
            request, "problem.html", status=404, what=_("There is no such page."), why="", mend="/"
        )

    def speak(self, request: Request) -> None:
        """In the language that the request asks for."""
        wanted = request.query_params.get("lang") or request.cookies.get("lang")
        speak(choose(wanted if wanted in LANGUAGES else None, self.desk.config.language))

    def page(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """A template, filled, in the language that the request asks for."""
        self.speak(request)
        city = self.desk.config.city
        language = spoken()
        other = "en" if language == "zh" else "zh"
        html = self.templates.get_template(template).render(
            **values,
            language=language,
            city=city.title(language),
            register=self.desk.register,
            other_language=other,
            other_url=str(request.url.include_query_params(lang=other).replace(scheme="", netloc="")),
            now=city_time(self.desk.clock()),
            **({} if "present" in values else {"present": self.desk.clock()}),
            article=lambda basis: basis.label if language == "zh" else _article(basis),
        )
        response = HTMLResponse(html, status)
        if request.query_params.get("lang") in LANGUAGES:
            response.set_cookie("lang", language, httponly=True, samesite="strict")
        return response


def _article(basis: Basis) -> str:
    return f"Article {basis.article}"
