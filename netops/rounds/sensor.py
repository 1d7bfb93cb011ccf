"""The sensor on the internet: answers nobody, keeps only what carries a ticket of ours, holds no address book."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress

import msgspec

from netops.egress import ticket
from netops.egress.reflection import Hit, sealed
from netops.probes import reflect

MAX_SEEN = 100_000
"""Tickets remembered, so that a replayed one is counted and not believed twice."""


def lines(beacon: str, key: str, seconds: float) -> Iterator[str]:
    """
    What came to *beacon*, as sealed JSON lines: a start, a hit for each ticket, an end with what was refused.

    Args:
        key: the sensor's, or the probing side's, out of which the sensor's follows.

    Raises:
        ValueError: the key is none.
        NetopsError: it cannot be listened here.
    """
    seal, refused = "", 0
    seen: dict[str, None] = {}
    ticket.sensor_key(key)

    def line(hit: Hit) -> str:
        nonlocal seal
        whole = sealed(key, hit, seal)
        seal = whole.seal
        return msgspec.json.encode(whole).decode()

    with suppress(KeyboardInterrupt):  # ended by hand, the file still has its end
        for heard in reflect.listen(beacon, ticket.MAGIC, seconds):
            if heard is None:
                yield line(Hit("start", _now(), beacon))
            elif isinstance(heard, int):
                refused += heard
            elif heard.payload.hex() not in seen and ticket.is_ours(key, heard.payload, heard.at / 1000):
                seen[heard.payload.hex()] = None
                if len(seen) > MAX_SEEN:
                    del seen[next(iter(seen))]
                yield line(
                    Hit("hit", heard.at, beacon, heard.source, heard.ttl, heard.interface, heard.payload.hex())
                )
            else:
                refused += 1
    yield line(Hit("end", _now(), beacon, refused=refused))


def _now() -> int:
    return time.time_ns() // 1_000_000
