"""New findings as server-sent events: each as it would be listed, to those who may see it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
from starlette.concurrency import run_in_threadpool

from netops.core import docket
from netops.core.finding import Finding
from netops.core.language import N_
from netops.core.permission import Deed, Principal, Unproven
from netops.desk import Desk
from netops.web.api.operation import Call, Nothing, Operation
from netops.web.api.records import FindingRecord, told
from netops.web.events import BEAT, RETRY, Events

AT_ONCE = 500
"""Findings that are read at once."""


def _never(call: Call) -> FindingRecord:
    raise AssertionError("the stream is not an operation that answers once")


STREAM = Operation("GET", "/events", "streamFindings", Deed.READ, N_("New findings as server-sent events"), _never, FindingRecord,
                   "", Nothing, stream=True)  # fmt: skip
"""Last-Event-ID, the number of a finding, asks for those after it; without it only what comes from now on."""


async def findings(events: Events, desk: Desk, who: Callable[[], Principal], last: str) -> AsyncIterator[str]:
    """
    The stream.

    Args:
        who: asks anew who listens, each time before anything is told: what was taken back hears nothing more.
        last: the number of a finding, or "".
    """
    stamp = await events.begun()
    # What is opened once the client hears anything is told.
    known = last or await run_in_threadpool(docket.newest, desk.store)
    yield RETRY
    while True:
        try:
            asks = await run_in_threadpool(who)
        except Unproven:
            return
        while found := await run_in_threadpool(docket.later, desk.store, known, AT_ONCE):
            known = found[-1].id
            for text in await run_in_threadpool(_told, desk, asks, found):
                yield text
        before, stamp = stamp, await events.later(stamp)
        if stamp == before:
            yield BEAT


def _told(desk: Desk, who: Principal, found: Sequence[Finding]) -> list[str]:
    desk.register  # noqa: B018 - names of organizations, for this thread
    mine = [one for one in found if who.may(Deed.READ, one.plane, one.organization)]
    return [f"id: {one.id}\nevent: finding\ndata: {msgspec.json.encode(told(one)).decode()}\n\n" for one in mine]
