"""The API: finds the operation, who asks and what, runs it in a thread, and answers in JSON or with a problem."""

from __future__ import annotations

import asyncio
import contextvars
import math
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from netops.core import journal
from netops.core.clock import now, rfc3339
from netops.core.errors import NetopsError, Refused
from netops.core.evidence import digest
from netops.core.language import N_, _, choose, speak
from netops.core.permission import Principal, Unproven
from netops.desk import Desk
from netops.rounds.accounts import PREFIX
from netops.web.api import (
    addresses,
    commands,
    declarations,
    divisions,
    documents,
    handling,
    network,
    openapi,
    problem,
    records,
    registers,
    users,
)
from netops.web.api import events as streaming
from netops.web.api.commands import Commands
from netops.web.api.operation import MOST, Asked, Call, Operation, Page, etag
from netops.web.api.problem import Problem, plain
from netops.web.asking import COOKIE, Askers, bearer
from netops.web.events import Events
from netops.web.limits import Buckets

OPERATIONS: tuple[Operation, ...] = (
    *addresses.OPERATIONS,
    *divisions.OPERATIONS,
    *declarations.OPERATIONS,
    *registers.OPERATIONS,
    *network.OPERATIONS,
    *records.OPERATIONS,
    *handling.OPERATIONS,
    *documents.OPERATIONS,
    *commands.OPERATIONS,
    *users.OPERATIONS,
)
EVERY = (*OPERATIONS, streaming.STREAM)
"""Also the one that goes on."""
MOST_BYTES = 1 << 20
"""Of a body."""
BASE = "/api/v1/"
THREADS = 16
TOGETHER = 64
"""Requests that are done in one transaction, at most."""
JSON, LINES = "application/json", "application/jsonl"
KEY = re.compile(r"[\x21-\x7e]{1,128}")


class _Stop(Exception):
    """The request is answered with a problem."""

    def __init__(self, told: Problem, headers: dict[str, str] | None = None) -> None:
        super().__init__(told.title)
        self.told, self.headers = told, headers or {}


class Api:
    """The ASGI application of /api/v1."""

    def __init__(self, desk: Desk, askers: Askers, events: Events, commands: Commands | None = None) -> None:
        self._events, self._commands = events, commands
        web = desk.config.web
        self._desk, self._askers = desk, askers
        desk.register_patience_seconds = 1.0
        self._routes = [(one.method, _pattern(one.path), one) for one in EVERY]
        self._threads = ThreadPoolExecutor(THREADS, "api")
        self._asking = Buckets(web.per_second, web.burst)
        self._failing = Buckets(0.2, 10)
        self._document = b""
        self._waiting: list[tuple[Operation, Call, asyncio.Future[Any]]] = []
        self._draining: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        request = Request(scope, receive)
        self._speak(request)
        try:
            response = await self._answer(request, "/" + scope["path"].removeprefix(BASE))
        except _Stop as stop:
            headers = {"Content-Type": problem.MEDIA, **stop.headers}
            response = Response(msgspec.json.encode(stop.told), stop.told.status, headers)
        await response(scope, receive, send)

    # ---- one request
    async def _answer(self, request: Request, path: str) -> Response:
        if path == "/openapi.json" and request.method == "GET":
            self._document = self._document or msgspec.json.encode(openapi.document(EVERY))
            return Response(self._document, media_type=JSON)
        operation, places = self._found(request, path)
        who = await self._who(request)
        if wait := self._asking.wait((who.name, who.token)):
            raise _Stop(_too_often(request.url.path), {"Retry-After": str(math.ceil(wait))})
        if operation.stream:
            return await self._stream(request, who, operation)
        body = await self._body(request, operation)
        if operation.kind and operation.method == "GET" and LINES in request.headers.get("accept", ""):
            return await self._lines(request, operation, who, places)
        if operation.join is not None and not request.query_params:
            return await self._joined(request, operation, who, places, body)
        answer: Response = await self._in_thread(lambda: self._run(request, operation, who, places, body))
        return answer

    async def _joined(
        self, request: Request, operation: Operation, who: Principal, places: dict[str, str], body: Any
    ) -> Response:
        """With what others ask at the same time: one transaction, an answer or an error for each."""
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        try:
            if operation.deed is not None:
                who.require(operation.deed)
            call = self._call(request, operation, who, places, body)
            self._waiting.append((operation, call, future))
            if self._draining is None or self._draining.done():
                self._draining = asyncio.create_task(self._drain())
            found = await future
            if isinstance(found, Exception):
                raise found
        except NetopsError as error:
            self._desk.register  # noqa: B018 - names of organizations
            raise _Stop(problem.of(error, request.url.path)) from error
        answer = _listed(operation, call, Page(found))
        return Response(msgspec.json.encode(answer), operation.status, media_type=JSON)

    async def _drain(self) -> None:
        """Do what waits, as many of the first one's operation at a time as there are."""
        while self._waiting:
            operation = self._waiting[0][0]
            batch = [one for one in self._waiting if one[0] is operation][:TOGETHER]
            taken = set(map(id, batch))
            self._waiting = [one for one in self._waiting if id(one) not in taken]
            calls = [one[1] for one in batch]
            try:
                assert operation.join is not None  # noqa: S101 - only those are here
                answers = await self._in_thread(partial(operation.join, self._desk, calls))
            except Exception as error:  # noqa: BLE001 - it is raised in each request
                answers = [error] * len(batch)
            for (*_call, future), answer in zip(batch, answers, strict=True):
                if not future.done():
                    future.set_result(answer)

    async def _stream(self, request: Request, who: Principal, operation: Operation) -> Response:
        """What goes on for as long as somebody listens."""
        if operation.deed is not None and not who.may(operation.deed):
            try:
                who.require(operation.deed)
            except NetopsError as error:
                raise _Stop(problem.of(error, request.url.path)) from error
        last = request.headers.get("last-event-id", "")[:16]
        told = streaming.findings(self._events, self._desk, lambda: self._askers.of(request, "GET"), last)
        if (answer := self._events.answer(told)) is None:
            raise _Stop(plain(503, "full", _("it was not done"), _("too many listen"), _("try again later"), request.url.path),
                        {"Retry-After": "60"})  # fmt: skip
        return answer

    def _found(self, request: Request, path: str) -> tuple[Operation, dict[str, str]]:
        allowed = []
        for name, pattern, operation in self._routes:
            if match := pattern.fullmatch(path):
                if name == ("GET" if request.method == "HEAD" else request.method):
                    return operation, match.groupdict()
                allowed.append(name)
        if allowed:
            why = _("this address takes {methods}").format(methods=", ".join(allowed))
            told = plain(405, "method", _("it was not done"), why, instance=request.url.path)
            raise _Stop(told, {"Allow": ", ".join(sorted(set(allowed)))})
        raise _Stop(
            plain(
                404, "no-route", _("there is no such address"), "", "/api/v1/openapi.json", request.url.path
            )
        )

    async def _who(self, request: Request) -> Principal:
        """
        Who asks; an address that proves nothing again and again waits.

        A token or session of the right form is looked up all the same: behind a proxy everybody has one address, and nobody may
        shut the others out.
        """
        if (who := self._askers.known(request)) is not None:
            return who
        place = request.client.host if request.client else ""
        wait = self._failing.is_empty(place)
        waiting = _Stop(_too_often(request.url.path), {"Retry-After": str(math.ceil(wait))})
        if wait and not (bearer(request).startswith(PREFIX) or request.cookies.get(COOKIE)):
            raise waiting

        def ask() -> Principal:
            try:
                return self._askers.of(request, request.method)
            except NetopsError as error:
                if isinstance(error, Unproven) and self._failing.wait(place):
                    raise waiting from error
                headers = {"WWW-Authenticate": "Bearer"} if isinstance(error, Unproven) else {}
                raise _Stop(problem.of(error, request.url.path), headers) from error

        found: Principal = await self._in_thread(ask)
        return found

    async def _body(self, request: Request, operation: Operation) -> Any:
        if operation.body is None:
            return None
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != JSON:
            raise _Stop(plain(415, "media", _("it was not done"), _("the body is no JSON"),
                              "Content-Type: application/json", request.url.path))  # fmt: skip
        content = bytearray()
        async for chunk in request.stream():
            content += chunk
            if len(content) > MOST_BYTES:
                why = _("the body is larger than {size} bytes").format(size=MOST_BYTES)
                raise _Stop(plain(413, "large", _("it was not done"), why, _("split it"), request.url.path))
        try:
            return msgspec.json.decode(content, type=operation.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise _Stop(_misread(operation, error, request.url.path)) from error

    def _call(
        self, request: Request, operation: Operation, who: Principal, places: dict[str, str], body: Any
    ) -> Call:
        asked = dict(request.query_params)
        try:
            query = msgspec.convert(asked, operation.query, strict=False)
        except msgspec.ValidationError as error:
            raise _Stop(_misread(operation, error, request.url.path)) from error
        key = request.headers.get("idempotency-key", "") if operation.takes_key else ""
        if key and not KEY.fullmatch(key):
            why = _("the Idempotency-Key has 1 to 128 visible characters")
            raise _Stop(plain(422, "asked-wrongly", _("it was not done"), why, "", request.url.path))
        if "plane" in places and places["plane"] not in ("intranet", "extranet"):
            raise _Stop(
                plain(
                    404,
                    "no-route",
                    _("there is no such address"),
                    "",
                    "/api/v1/openapi.json",
                    request.url.path,
                )
            )
        return Call(
            self._desk.acting(who.name), who, places, query, body, key, request.headers.get("if-match", ""),
            commands=self._commands,
        )

    def _run(
        self, request: Request, operation: Operation, who: Principal, places: dict[str, str], body: Any
    ) -> Response:
        """In a thread: permission, then the operation, then the answer as bytes."""
        try:
            if operation.deed is not None:
                who.require(operation.deed)
            call = self._call(request, operation, who, places, body)
            self._desk.register  # noqa: B018 - names of organizations for this thread
            found = _once(call, operation)
        except NetopsError as error:
            raise _Stop(problem.of(error, request.url.path)) from error
        if isinstance(found, Page):
            return Response(msgspec.json.encode(_listed(operation, call, found)), media_type=JSON)
        if isinstance(found, tuple):
            answer = _listed(operation, call, Page(found))
            return Response(msgspec.json.encode(answer), operation.status, media_type=JSON)
        if isinstance(found, list):
            return Response(msgspec.json.encode(found), media_type=JSON)
        tag = etag(found)
        if tag == request.headers.get("if-none-match"):
            return Response(status_code=304, headers={"ETag": tag})
        status = 200 if operation.plan and isinstance(found, operation.plan) else operation.status
        return Response(msgspec.json.encode(found), status, {"ETag": tag}, JSON)

    async def _lines(
        self, request: Request, operation: Operation, who: Principal, places: dict[str, str]
    ) -> Response:
        """Every record of a list, a line each, read page by page: nothing is held."""

        def first() -> tuple[Call, Page[Any]]:
            try:
                if operation.deed is not None:
                    who.require(operation.deed)
                call = self._call(request, operation, who, places, None)
                if isinstance(call.query, Asked):
                    call = replace(call, query=msgspec.structs.replace(call.query, limit=MOST))
                return call, operation.run(call)
            except NetopsError as error:
                raise _Stop(problem.of(error, request.url.path)) from error

        call, page = await self._in_thread(first)

        async def stream() -> AsyncIterator[bytes]:
            here = page
            while True:
                yield b"".join(msgspec.json.encode(one) + b"\n" for one in here.items)
                if not here.next:
                    return
                following = replace(call, query=msgspec.structs.replace(call.query, cursor=here.next))
                here = await self._in_thread(partial(operation.run, following))

        return StreamingResponse(stream(), media_type=LINES)

    # ---- inside
    async def _in_thread(self, do: Callable[[], Any]) -> Any:
        context = contextvars.copy_context()
        return await asyncio.get_running_loop().run_in_executor(self._threads, context.run, do)

    def _speak(self, request: Request) -> None:
        wanted = request.headers.get("accept-language", "")[:2].lower()
        speak(choose(wanted, self._desk.config.language))


def _once(call: Call, operation: Operation) -> Any:
    """
    What the operation answers; of an act that was done before under its key, what stands of it now.

    Raises:
        Refused: the key was used for something else.
    """
    if not call.key or operation.again is None:
        return operation.run(call)
    head = f"api {call.who.name} {digest(call.key)[:32]} "
    key = head + digest([operation.name, call.path, msgspec.to_builtins(call.body, str_keys=True)])[:32]
    used = journal.keys(call.desk.store, head)
    if used.keys() - {key}:
        raise Refused(
            N_("it was not done"), N_("the Idempotency-Key was used for something else"), N_("take a new key for each act")
        )
    try:
        if key in used:  # what it asked for may be refused by now, because it was done
            raise journal.Repeated(used[key])
        with journal.keyed(key):
            return operation.run(call)
    except journal.Repeated as before:
        entry = journal.entry(call.desk.store, before.seq)
        assert entry is not None  # noqa: S101 - entries are never taken away
        return operation.again(call, entry)


def _pattern(path: str) -> re.Pattern[str]:
    """{name} is a segment, {name:path} the rest."""
    return re.compile("".join(_parts(path)))


def _parts(path: str) -> Iterator[str]:
    for part in re.split(r"(\{[^}]+\})", path):
        if part.startswith("{"):
            name, _, kind = part[1:-1].partition(":")
            yield f"(?P<{name}>{'.+' if kind else '[^/]+'})"
        else:
            yield re.escape(part)


def _listed(operation: Operation, call: Call, page: Page[Any]) -> dict[str, Any]:
    """As every list of netops, and where the next page begins."""
    items: Sequence[Any] = page.items
    plane = getattr(call.query, "plane", None)
    return {
        "kind": operation.kind,
        "at": rfc3339(now()),
        "plane": plane,
        "items": items,
        "unseen": [],
        "next": page.next or None,
    }


def _misread(operation: Operation, error: Exception, path: str) -> Problem:
    return plain(422, "asked-wrongly", _("it was not done"), str(error)[:500], "/api/v1/openapi.json", path)


def _too_often(path: str) -> Problem:
    return plain(429, "too-often", _("it was not done"), _("too many requests"), _("try again later"), path)
