"""The same over HTTP: `netops serve` on a full /8, eight clients with a token each, every allocation with a key of its own."""

from __future__ import annotations

import http.client
import json
import secrets
import statistics
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from benchmarks.addresses import floor
from benchmarks.addresses.crew import PROCESSES, Crew
from benchmarks.addresses.measure import Figure, figure, spread
from benchmarks.addresses.stores import POOL, office

RATE, LEAST, SLOWEST = 0.4, 500.0, 0.03
MEASURED = "NetBox 4.6 16-28/s; Nautobot 3.2 2-6/s with two thirds failing, measured"


def asking(url: str) -> Callable[[], None]:
    """One allocation of one address over a connection that stays open."""
    where = urlsplit(url)
    line = http.client.HTTPConnection(where.hostname or "", where.port or 80, timeout=30)
    body = json.dumps({"pool": POOL, "declaration": "D-1"})
    head = {"Authorization": f"Bearer {where.username}", "Content-Type": "application/json"}

    def one() -> None:
        line.request("POST", "/api/v1/allocations", body, head | {"Idempotency-Key": secrets.token_hex(12)})
        answer = line.getresponse()
        content = answer.read()
        assert answer.status == 201, content
        assert len(json.loads(content)["items"]) == 1

    return one


@contextmanager
def served(folder: Path, used: int) -> Iterator[list[str]]:
    """A netops that serves a /8 of which so many are taken; the address for each client, its token inside."""
    from netops.core.account import Account, Role
    from netops.core.permission import Deed
    from netops.rounds import accounts

    store = f"sqlite:///{folder / 'http.db'}"
    desk = office(folder / "http", store, used)
    accounts.add(desk, Account("bench", "bench", Role.OPERATOR, desk.planes))
    tokens = [accounts.issue(desk, "bench", [Deed.ALLOCATE])[1] for _ in range(PROCESSES)]
    desk.close()
    (folder / "config.toml").write_text(
        f'[store]\nurl = "{store}"\n[inventory]\npath = "{folder / "http"}"\n[planes.extranet]\n'
        "[web]\nper_second = 1e6\nburst = 1e6\n"
    )
    address = f"127.0.0.1:{20_000 + secrets.randbelow(10_000)}"
    command = [sys.executable, "-m", "netops", "-c", str(folder / "config.toml"), "serve", "--no-collector", "--no-traps",
               "--no-timetable", "--listen", address]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(address)
            yield [f"http://{token}@{address}/" for token in tokens]
        finally:
            server.terminate()
            server.wait(15)


def wait_for(address: str) -> None:
    """Until somebody serves there; a busy machine takes its time."""
    host, _, port = address.partition(":")
    for _try in range(900):
        line = http.client.HTTPConnection(host, int(port), timeout=5)
        try:
            line.request("GET", "/healthz")
            if line.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            line.close()
    raise RuntimeError(f"nobody serves {address}")


def web(folder: Path, options: Namespace) -> Iterator[Figure]:
    """Clients and the bare database in turn."""
    bare = floor.sqlite_store(folder / "http-floor.db", options.used)
    with ExitStack() as stack:
        urls = stack.enter_context(served(folder, options.used))
        crews = [Crew("sqlite", bare), Crew("http", urls)]
        for crew in crews:
            stack.callback(crew.close)
        rounds = [[crew.run(options.seconds) for crew in crews] for _ in range(options.rounds)]
        slowest = statistics.median(row[1][2] for row in rounds)
    least, ours = ([row[place][0] for row in rounds] for place in range(2))
    ratios = [one / other for one, other in zip(ours, least, strict=True)]
    rate = statistics.median(ours)
    what = f"durable allocations/s over HTTP, {PROCESSES} clients, /8 with {options.used:,} used, SQLite"
    yield figure(what, rate, statistics.median(least), spread(ratios), f">= {LEAST:.0f}, or {RATE} of the floor",
                 rate >= LEAST or statistics.median(ratios) >= RATE, MEASURED)  # fmt: skip
    bare_slowest = statistics.median(row[0][2] for row in rounds)
    yield figure("99 of 100 are answered within, seconds, over HTTP", slowest, bare_slowest, slowest / bare_slowest,
                 f"<= {SLOWEST}", slowest <= SLOWEST)  # fmt: skip
