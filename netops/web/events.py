"""What happened (server-sent events): tells open pages that something changed, and nothing of what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from netops.core import journal, tally
from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.web.shelf import Shelf

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

EVERY_SECONDS, BEAT_SECONDS = 2.0, 20.0
MOST = 200
"""Pages and programs that listen at once."""
RETRY, BEAT = "retry: 5000\n\n", ": still here\n\n"


class _Stream(StreamingResponse):
    """An answer that goes on, which no proxy may hold back; *left* is called when it has ended, however it did."""

    def __init__(self, told: AsyncIterator[str], left: Callable[[], None]) -> None:
        super().__init__(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._left = left

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Until the other side goes."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._left()


class Events:
    """One look at the store every two seconds, for however many pages listen."""

    def __init__(self, desk: Desk, shelf: Shelf) -> None:
        self.desk, self.shelf = desk, shelf
        self._listening = 0
        self._stamp = ""
        self._looker: asyncio.Task[None] | None = None
        self._beginning, self._changed = asyncio.Lock(), asyncio.Condition()

    async def stream(self, request: Request) -> Response:
        """The stream; `Last-Event-ID` that is not the newest is answered at once."""
        answer = self.answer(self._told(request.headers.get("last-event-id", "")))
        return answer or PlainTextResponse("503 too many listen\n", 503, {"Retry-After": "60"})

    def answer(self, told: AsyncIterator[str]) -> Response | None:
        """
        What is told, as a stream; None where nobody more can listen.

        A place is taken here and not when the stream begins: of many who come at once every one would still find one.
        """
        if self._listening >= MOST:
            return None
        self._listening += 1
        return _Stream(told, self._leave)

    def _leave(self) -> None:
        self._listening -= 1

    async def _told(self, known: str) -> AsyncIterator[str]:
        stamp = await self.begun()
        yield RETRY
        known = known or stamp
        while True:
            stamp = await self.later(known)
            yield f"id: {stamp}\nevent: change\ndata: {stamp}\n\n" if stamp != known else BEAT
            known = stamp

    async def begun(self) -> str:
        """The stamp of now, once the store is looked at for those who listen."""
        async with self._beginning:
            if self._looker is None or self._looker.done():
                self._stamp = await run_in_threadpool(self._look)
                self._looker = asyncio.create_task(self._watch())
        return self._stamp

    async def later(self, known: str) -> str:
        """The stamp once it is another, or the same after BEAT_SECONDS."""
        with suppress(TimeoutError):
            async with self._changed:
                await asyncio.wait_for(self._changed.wait_for(lambda: self._stamp != known), BEAT_SECONDS)
        return self._stamp

    async def _watch(self) -> None:
        while self._listening > 0:
            await asyncio.sleep(EVERY_SECONDS)
            stamp = self._stamp
            with suppress(NetopsError):  # a store that does not answer for a while ends no stream: it is asked again
                stamp = await run_in_threadpool(self._look)
            if stamp != self._stamp:
                self._stamp = stamp
                async with self._changed:
                    self._changed.notify_all()

    def _look(self) -> str:
        """Changes with every act, with every round that ended, and with every finding."""
        from netops.rounds import diary

        runs = sorted((name, str(run.ended), run.outcome) for name, run in diary.last(self.desk.store).items())
        counts = tally.counted(self.desk.store, by=("plane", "code", "severity", "state"), state=())
        return sha256(repr((journal.head(self.desk.store), runs, counts, self.shelf.renewed)).encode()).hexdigest()[:16]
