"""Recorded devices that really answer over UDP on loopback, inside the loop of the test."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from netops.core.plane import Plane
from netops.probes import engines
from netops.probes.agent import Agent
from netops.probes.snmp import Target


class Playing(asyncio.DatagramProtocol):
    """One agent; *asked* counts the datagrams that it was sent."""

    def __init__(self, agent: Agent) -> None:
        self.agent, self.asked = agent, 0

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        if said := self.agent.answer(data):
            self.transport.sendto(said, addr)


@asynccontextmanager
async def played(agent: Agent, kind: type[Playing] = Playing) -> AsyncIterator[tuple[Target, Playing]]:
    """Where to walk it, and the agent at work."""
    loop = asyncio.get_running_loop()
    transport, playing = await loop.create_datagram_endpoint(lambda: kind(agent), local_addr=("127.0.0.1", 0))
    try:
        yield (
            Target(Plane.EXTRANET, "192.0.2.1", "", "127.0.0.1", transport.get_extra_info("sockname")[1]),
            playing,
        )
    finally:
        transport.close()


@contextmanager
def only(engine: str) -> Iterator[None]:
    """Walks by one engine."""
    whole = dict(engines.ENGINES)
    try:
        engines.ENGINES.clear()
        engines.ENGINES[engine] = whole[engine]
        yield
    finally:
        engines.ENGINES.clear()
        engines.ENGINES.update(whole)
