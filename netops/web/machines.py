"""What programs fetch beside the API: metrics, targets, the hook for alerts, and whether this process lives."""

from __future__ import annotations

import hmac
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.web.gate import WHO


class Machines:
    """Routes over an open desk."""

    def __init__(self, desk: Desk, expose: Callable[[], tuple[bytes, str]]) -> None:
        self.desk, self._expose = desk, expose

    @property
    def routes(self) -> list[Route]:
        """Where they are."""
        return [
            Route("/metrics", self.metrics),
            Route("/sd/prometheus", self.targets),
            Route("/hooks/alertmanager", self.alerts, methods=["POST"]),
            Route("/healthz", lambda request: PlainTextResponse("ok\n")),
        ]

    def metrics(self, request: Request) -> Response:
        """What Prometheus scrapes, of the planes of who asks."""
        body, media_type = self._expose()
        return Response(self._bound(request, body), headers={"Content-Type": media_type})

    def _bound(self, request: Request, body: bytes) -> bytes:
        """Without the samples of planes that are not theirs: a device's name tells of its plane."""
        foreign = [f'plane="{plane}"'.encode() for plane in self.desk.planes if plane not in request.scope[WHO].planes]
        if not foreign:
            return body
        return b"".join(line for line in body.splitlines(keepends=True) if not any(one in line for one in foreign))

    def targets(self, request: Request) -> Response:
        """Walked devices for Prometheus's HTTP service discovery, of the planes of who asks."""
        from netops.rounds import chart

        return JSONResponse(chart.prometheus(self.desk, request.scope[WHO].planes))

    async def alerts(self, request: Request) -> Response:
        """Alertmanager's webhook, version 4: alerts become findings; refused without the token of the configuration."""
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
