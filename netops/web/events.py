"""What happened (server-sent events): tells open pages that something changed, and nothing of what."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from hashlib import sha256

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse

from netops.core import docket, journal
from netops.desk import Desk
from netops.web.shelf import Shelf

EVERY_SECONDS, BEAT_SECONDS = 2.0, 20.0
MOST = 200
"""Pages that listen at once."""


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
        if self._listening >= MOST:
            return PlainTextResponse("503 too many listen\n", 503, {"Retry-After": "60"})
        return StreamingResponse(
            self._told(request.headers.get("last-event-id", "")),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    async def _told(self, known: str) -> AsyncIterator[str]:
        self._listening += 1
        try:
            if self._looker is None or self._looker.done():
                self._stamp = await run_in_threadpool(self._look)
                self._looker = asyncio.create_task(self._watch())
            yield "retry: 5000\n\n"
            known = known or self._stamp
            while True:
                if known != self._stamp:
                    known = self._stamp
                    yield f"id: {known}\nevent: change\ndata: {known}\n\n"
                try:
                    async with self._changed:
                        await asyncio.wait_for(self._changed.wait(), BEAT_SECONDS)
                except TimeoutError:
                    yield ": still here\n\n"
        finally:
            self._listening -= 1

    async def _watch(self) -> None:
        while self._listening > 0:
            await asyncio.sleep(EVERY_SECONDS)
            stamp = await run_in_threadpool(self._look)
            if stamp != self._stamp:
                self._stamp = stamp
                async with self._changed:
                    self._changed.notify_all()

    def _look(self) -> str:
        """Changes with every act, with every round that ended, and with every finding."""
        from netops.rounds import diary

        runs = sorted((name, str(run.ended), run.outcome) for name, run in diary.last(self.desk.store).items())
        counts = sorted(map(str, docket.counted(self.desk.store, state=())))
        return sha256(repr((journal.head(self.desk.store), runs, counts, self.shelf.renewed)).encode()).hexdigest()[:16]
