"""The sensor on the internet: answers nobody, keeps only what carries a ticket of ours, holds no address book."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import msgspec

from netops.core import ticket
from netops.egress.reflection import Hit, sealed
from netops.probes import reflect
from netops.probes.reflect import Answer, Ended

MAX_SEEN = 100_000
"""Tickets remembered, so that a replayed one is counted and not believed twice."""
MAX_WAITING = 20_000
Ear = Callable[[], Iterator[Answer | Ended | None]]


class Page(msgspec.Struct, frozen=True):
    """Where beacons of portal pages are taken, "ADDRESS:PORT"; with a certificate by TLS."""

    listen: str
    certificate: str = ""
    private_key: str = ""


def lines(beacon: str, key: str, seconds: float, page: Page | None = None) -> Iterator[str]:
    """
    What came to *beacon*, as sealed JSON lines: a start, a hit for each ticket, an end with what was refused.

    Args:
        beacon: the address that probes bear; "" when only pages are listened for.
        key: the sensor's, or the probing side's, out of which the sensor's follows.
        page: listen for beacons of pages as well.

    Raises:
        ValueError: the key is none.
        NetopsError: it cannot be listened here.
    """
    seal, ended = "", Ended(0, 0)
    seen: dict[bytes, None] = {}
    key = ticket.sensor_key(key)
    ears: list[Ear] = [lambda: reflect.listen(beacon, key, seconds)] if beacon else []
    if page:
        ears.append(lambda: reflect.beacons(page.listen, key, seconds, page.certificate, page.private_key))
    where = beacon or (page.listen if page else "")

    def line(hit: Hit) -> str:
        nonlocal seal
        whole = sealed(key, hit, seal)
        seal = whole.seal
        return msgspec.json.encode(whole).decode()

    with suppress(KeyboardInterrupt):  # ended by hand, the file still has its end
        for heard in _together(ears):
            if heard is None:
                yield line(Hit("start", _now(), where))
            elif isinstance(heard, Ended):
                ended = Ended(ended.refused + heard.refused, ended.dropped + heard.dropped)
            elif heard.ticket not in seen and ticket.is_ours(key, heard.ticket, heard.at / 1000):
                seen[heard.ticket] = None
                if len(seen) > MAX_SEEN:
                    del seen[next(iter(seen))]
                yield line(
                    Hit(
                        "hit", heard.at, where, heard.source, heard.ttl, heard.interface, heard.ticket.hex(), heard.service
                    )
                )  # fmt: skip
            else:
                ended = Ended(ended.refused + 1, ended.dropped)
    yield line(Hit("end", _now(), where, refused=ended.refused, dropped=ended.dropped))


def _together(ears: Sequence[Ear]) -> Iterator[Answer | Ended | None]:
    """
    What several ears hear, as it comes: None once, when all of them are open.

    Raises:
        NetopsError: one of them cannot listen.
    """
    if len(ears) == 1:
        yield from ears[0]()
        return
    came: queue.Queue[Answer | Ended | Exception | None] = queue.Queue(MAX_WAITING)

    def hear(ear: Ear) -> None:
        try:
            for one in ear():
                came.put(one)
        except Exception as error:  # noqa: BLE001 - it is raised where somebody waits
            came.put(error)

    for ear in ears:
        threading.Thread(target=hear, args=(ear,), daemon=True).start()
    opening, listening = len(ears), len(ears)
    while listening:
        one = came.get()
        if isinstance(one, Exception):
            raise one
        if one is None:
            opening -= 1
            if not opening:
                yield None
        else:
            listening -= isinstance(one, Ended)
            yield one


def _now() -> int:
    return time.time_ns() // 1_000_000
