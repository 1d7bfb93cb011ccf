"""Who asks: twenty people on lines that they keep, a page of any kind each time, and what the server spends on it."""

from __future__ import annotations

import http.client
import json
import os
import random
import secrets
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.web.city import ALLOCATIONS, DEVICES, FINDINGS, INCIDENTS, NOW, ORGANIZATIONS, name

USERS, ROUNDS = 20, 5
Ask = str | tuple[str, dict[str, Any]]
"""A path, or a path and what is posted to it."""


class Line:
    """A connection that is kept; whoever reads for long finds it closed and takes another, as browsers do."""

    def __init__(self, where: str, headers: Mapping[str, str] | None = None) -> None:
        self._where, self._headers = where, {"Accept-Encoding": "gzip"} | dict(headers or {})
        self._line: http.client.HTTPConnection | None = None

    def ask(self, asked: Ask) -> int:
        """The status of the answer, read to its end; 0 for none at all."""
        path, posted = (asked, None) if isinstance(asked, str) else asked
        head = self._headers if posted is None else self._headers | {"Idempotency-Key": secrets.token_hex(12)}
        body = None if posted is None else json.dumps(posted)
        for _attempt in range(2):
            try:
                if self._line is None:
                    host, port = self._where.split(":")
                    self._line = http.client.HTTPConnection(host, int(port), timeout=60)
                self._line.request("GET" if posted is None else "POST", path, body, head)
                answer = self._line.getresponse()
                answer.read()
            except (OSError, http.client.HTTPException):
                self.close()
            else:
                return answer.status
        return 0

    def close(self) -> None:
        """The next page takes another."""
        if self._line is not None:
            self._line.close()
            self._line = None


def pages(wild: random.Random) -> dict[str, str]:
    """A page of each kind, each time another one."""
    number, device, whose = wild.randrange(FINDINGS) + 1, name(wild.randrange(DEVICES)), wild.randrange(ORGANIZATIONS)
    ip = f"10.{whose}.{wild.randrange(30)}.{wild.randrange(1, 25)}"
    return {
        "front": "/",
        "findings": f"/findings?from={wild.randrange(20) * 50}",
        "findings of one": f"/findings?text={quote(ip)}",
        "finding": f"/findings/F-{number:04d}",
        "map": "/topology",
        "device": f"/devices/extranet/{device}",
        "pools": "/pools",
        "pool": f"/pools/extranet/10.{whose}.0.0/16",
        "block": f"/pools/extranet/10.{whose}.0.0/16?in=10.{whose}.{wild.randrange(255)}.0/24",
        "allocations": f"/allocations?organization=o{whose:02}",
        "allocation": f"/allocations/AL-{wild.randrange(ALLOCATIONS) + 1:07d}",
        "declarations": "/declarations",
        "declaration": f"/declarations/D-{whose}",
        "registers": "/registers",
        "register": "/registers/systems",
        "egress": "/egress",
        "blind spots": "/egress/blind",
        "incidents": "/incidents",
        "incident": f"/incidents/INC-{NOW.astimezone().year}-{wild.randrange(INCIDENTS) + 1:04d}",
        "documents": "/documents",
        "inspections": "/inspections",
        "search: address": f"/who?q={ip}",
        "search: device": f"/who?q={device}",
        "search: name": f"/who?q=d{whose}j",
    }



def asked(
    line: Callable[[], Line], kinds: Callable[[random.Random], Mapping[str, Ask]], seconds: float, think: float
) -> tuple[dict[str, list[float]], int]:
    """
    Twenty people for so long, each of whom reads for *think* seconds on average between one page and the next.

    Returns:
        Seconds of every answer by kind, and how many were no page.
    """
    times: dict[str, list[float]] = defaultdict(list)
    bad = [0]
    lock, end = threading.Lock(), time.monotonic() + seconds

    def person(seed: int) -> None:
        wild, own = random.Random(seed), line()
        if think:
            time.sleep(min(wild.expovariate(1 / think), seconds))
        while time.monotonic() < end:
            choice = kinds(wild)
            kind = wild.choice(list(choice))
            started = time.perf_counter()
            status = own.ask(choice[kind])
            took = time.perf_counter() - started
            with lock:
                times[kind].append(took)
                bad[0] += status not in (200, 201)
            if think:
                time.sleep(wild.expovariate(1 / think))
        own.close()

    people = [threading.Thread(target=person, args=(number,)) for number in range(USERS)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    return times, bad[0]


def percentile(values: list[float], share: float) -> float:
    """The value below which that share lies."""
    ordered = sorted(values)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)]


def worked(where: str, process: int) -> dict[str, float]:
    """CPU seconds of the server for a page of each kind, asked one after another: what a busy machine changes least."""
    spent: dict[str, float] = defaultdict(float)

    def used() -> float:
        fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    wild, line = random.Random(1), Line(where)
    for _round in range(ROUNDS):
        for kind, page in pages(wild).items():
            before = used()
            line.ask(page)
            spent[kind] += (used() - before) / ROUNDS
    return spent
