"""What happened (server-sent events): tells open pages that something changed, and nothing of what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from netops.core import docket, journal
from netops.core.errors import NetopsError
from netops.desk import Desk
from netops.web.shelf import Shelf

EVERY_SECONDS, BEAT_SECONDS = 2.0, 20.0
MOST = 200
"""Pages and programs that listen at once."""
RETRY, BEAT = "retry: 5000\n\n", ": still here\n\n"


def stream(told: AsyncIterator[str]) -> StreamingResponse:
    """An answer that goes on, which no proxy may hold back."""
    return StreamingResponse(told, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


class Events:
    """One look at the store every two seconds, for however many pages listen."""

    def __init__(self, desk: Desk, shelf: Shelf) -> None:
        self.desk, self.shelf = desk, shelf
        self._listening = 0
        self._stamp = ""
        self._looker: asyncio.Task[None] | None = None
        self._changed = asyncio.Condition()

    async def stream(self, request: Request) -> Response:
        """The stream; `Last-Event-ID` that is not the newest is answered at once."""
        if self.is_full:
            return PlainTextResponse("503 too many listen\n", 503, {"Retry-After": "60"})
        return stream(self._told(request.headers.get("last-event-id", "")))

    @property
    def is_full(self) -> bool:
        """Whether nobody more can listen."""
        return self._listening >= MOST

    async def _told(self, known: str) -> AsyncIterator[str]:
        async with self.listening() as stamp:
            yield RETRY
            known = known or stamp
            while True:
                stamp = await self.later(known)
                yield f"id: {stamp}\nevent: change\ndata: {stamp}\n\n" if stamp != known else BEAT
                known = stamp

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[str]:
        """Somebody listens, from this stamp on."""
        self._listening += 1
        try:
            if self._looker is None or self._looker.done():
                self._stamp = await run_in_threadpool(self._look)
                self._looker = asyncio.create_task(self._watch())
            yield self._stamp
        finally:
            self._listening -= 1

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
        counts = docket.counted(self.desk.store, by=("plane", "code", "severity", "state"), state=())
        return sha256(repr((journal.head(self.desk.store), runs, counts, self.shelf.renewed)).encode()).hexdigest()[:16]
