"""
A NetBox that holds the same city stands beside: the same people ask it and us for pages of the same kind, in turn.

First one person alone asks both in turn: what a page costs. Then for every kind twenty people ask ours for some seconds, then
the peer's, then ours again; they read for a second between pages. Last of the kinds, they allocate the next free address over
both APIs without a pause. What is compared is the page alone, as the server
makes it: neither side's scripts, styles and fragments are fetched. `netbox_city` fills the peer and tells what signs in.
"""

from __future__ import annotations

import json
import random
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.addresses.measure import Figure, figure, spread
from benchmarks.web.city import ALLOCATIONS, DEVICES, ORGANIZATIONS, name
from benchmarks.web.people import USERS, Ask, Line, asked, percentile
from benchmarks.web.report import served

PACKAGE = "NetBox with the same city, see docs/performance.md: --beside URL --cookie COOKIE --token TOKEN"
SECONDS, TURNS, THINK = 5.0, 3, 1.0
WARMING, ALONE = 6, 9
"""How often one person asks for each kind before it counts (caches fill, workers load what they need), and then."""
SHARES = {"p50": 0.5, "p95": 0.95}
PERSON, PASSWORD = "bench", "correct horse battery"
ALLOCATE = "allocating the next free address by API"

Kind = Callable[[random.Random], Ask]


class NoPeer(Exception):
    """Nobody, or not a NetBox with the city, answers there."""


@dataclass(frozen=True, slots=True)
class Side:
    """Where one of the two is, what signs a person in on its pages and its API, and its page of each kind."""

    where: str
    page: Mapping[str, str]
    api: Mapping[str, str]
    kinds: Mapping[str, Kind]

    def line(self, kind: str) -> Line:
        """A connection of somebody who may ask for it."""
        return Line(self.where, self.api if kind == ALLOCATE else self.page)

    def times(self, kind: str) -> tuple[list[float], int]:
        """Seconds of every answer to twenty people, and how many were no page."""
        ask, pause = self.kinds[kind], 0 if kind == ALLOCATE else THINK
        found, bad = asked(lambda: self.line(kind), lambda wild: {kind: ask(wild)}, SECONDS, pause)
        return found[kind], bad


def figures(folder: Path, url: str, cookie: str, token: str) -> Iterator[Figure]:
    """p50 and p95 of every kind of page, of both; the ratio is ours to theirs, turn by turn."""
    peer = _peer(url.removeprefix("http://").rstrip("/"), cookie, token)
    with served(folder) as (where, _process):
        ours = _ours(folder, where)
        failed = [0, 0]
        yield from _alone(ours, peer)
        for kind in ours.kinds:
            turns: list[list[list[float]]] = []
            for _turn in range(TURNS):
                both = [side.times(kind) for side in (ours, peer)]
                failed = [before + bad for before, (_times, bad) in zip(failed, both, strict=True)]
                turns.append([times for times, _bad in both])
            yield from _compared(kind, turns)
        yield figure("answers that were no page", failed[0], failed[1], None, "0", not failed[0])


def _alone(ours: Side, peer: Side) -> Iterator[Figure]:
    """One person asks one, then the other."""
    wild = random.Random(3)
    for kind in ours.kinds:
        lines = [(side.line(kind), side.kinds[kind]) for side in (ours, peer)]
        took: list[list[float]] = []
        for _time in range(WARMING + ALONE):
            took.append([])
            for line, ask in lines:
                started = time.perf_counter()
                line.ask(ask(wild))
                took[-1].append(time.perf_counter() - started)
        for line, _ask in lines:
            line.close()
        mine, theirs = zip(*took[WARMING:], strict=True)
        yield _row(f"median of {kind}, one person alone, seconds", mine, theirs)


def _compared(kind: str, turns: list[list[list[float]]]) -> Iterator[Figure]:
    """A row for each share."""
    note = "answers: {} and {}".format(*(sum(len(turn[side]) for turn in turns) for side in range(2)))
    for word, share in SHARES.items():
        mine, theirs = ([percentile(turn[side], share) for turn in turns] for side in range(2))
        yield _row(f"{word} of {kind}, {USERS} people, seconds", mine, theirs, note)


def _row(what: str, mine: Sequence[float], theirs: Sequence[float], note: str = "") -> Figure:
    """The middle of both, and the ratio pair by pair."""
    ratio = [one / other for one, other in zip(mine, theirs, strict=True)]
    is_met = median(ratio) <= 1
    return figure(what, round(median(mine), 4), round(median(theirs), 4), spread(ratio), "<= 1 of NetBox", is_met, note)


# ---- ours
def _ours(folder: Path, where: str) -> Side:
    """Our pages, with somebody signed in who may allocate."""
    from netops import config
    from netops.core.account import Account, Role
    from netops.core.errors import NetopsError
    from netops.core.permission import Deed
    from netops.desk import open_desk
    from netops.rounds import accounts
    from netops.web.asking import COOKIE

    with open_desk(config.read(folder / "config.toml"), actor="bench") as desk:
        with suppress(NetopsError):
            accounts.add(desk, Account(PERSON, PERSON, Role.OPERATOR, desk.planes), PASSWORD)
        session = accounts.sign_in(desk, PERSON, PASSWORD)
        _token, text = accounts.issue(desk, PERSON, [Deed.ALLOCATE])

    def whose(wild: random.Random) -> int:
        return wild.randrange(ORGANIZATIONS)

    def allocate(wild: random.Random) -> Ask:
        number = whose(wild)
        return "/api/v1/allocations", {"pool": f"10.{number}.0.0/16", "declaration": f"D-{number}"}

    def block(wild: random.Random) -> str:
        number = whose(wild)
        return f"/pools/extranet/10.{number}.0.0/16?in=10.{number}.{wild.randrange(255)}.0/24"

    kinds: dict[str, Kind] = {
        "front page": lambda _wild: "/",
        "list of pools": lambda _wild: "/pools",
        "pool of 65,536 addresses by blocks": lambda wild: f"/pools/extranet/10.{whose(wild)}.0.0/16",
        "pool of 65,536 addresses by addresses": lambda wild: f"/pools/extranet/10.{whose(wild)}.0.0/16",
        "block of 256 addresses": block,
        "one address": lambda wild: f"/allocations/AL-{wild.randrange(ALLOCATIONS) + 1:07d}",
        "devices": lambda _wild: "/topology",
        "one device with its ports": lambda wild: f"/devices/extranet/{name(wild.randrange(DEVICES))}",
        "search for an address": lambda wild: f"/who?q={_address(wild)}",
        ALLOCATE: allocate,
    }
    head = {"Authorization": f"Bearer {text}", "Content-Type": "application/json"}
    return Side(where, {"Cookie": f"{COOKIE}={session}"}, head, kinds)


def _address(wild: random.Random) -> str:
    return f"10.{wild.randrange(ORGANIZATIONS)}.{wild.randrange(255)}.{wild.randrange(1, 255)}"


# ---- the peer
def _peer(where: str, cookie: str, token: str) -> Side:
    """
    NetBox's pages of the same kinds; which number is whose is asked of its API.

    Raises:
        NoPeer: nobody answers, the session or the token is not good, or the city is not there.
    """
    head = {"Authorization": token, "Content-Type": "application/json", "Accept": "application/json"}

    def told(path: str) -> list[dict[str, Any]]:
        try:
            with urllib.request.urlopen(urllib.request.Request(f"http://{where}/api/{path}", headers=head)) as answer:
                found: list[dict[str, Any]] = json.loads(answer.read())["results"]
        except (urllib.error.URLError, OSError, ValueError, KeyError) as error:
            raise NoPeer(f"http://{where}/api/{path}: {error}") from error
        if not found:
            raise NoPeer(f"http://{where}/api/{path}: nothing there; fill it with benchmarks/web/netbox_city.py")
        return found

    if (status := Line(where, {"Cookie": cookie}).ask("/ipam/prefixes/?per_page=1")) != 200:
        why = f"{status}: the cookie signs nobody in" if status else "nobody answers"
        raise NoPeer(f"http://{where}/: {why}")
    pools = [one["id"] for one in told("ipam/prefixes/?mask_length=16&limit=100&brief=1")]
    blocks = [one["id"] for one in told("ipam/prefixes/?mask_length=24&limit=1000&brief=1")]
    devices = [one["id"] for one in told("dcim/devices/?limit=1000&brief=1")]
    some = [f"ipam/ip-addresses/?tenant=o{number:02}&limit=100&brief=1" for number in range(0, ORGANIZATIONS, 8)]
    addresses = [one["id"] for path in some for one in told(path)]
    kinds: dict[str, Kind] = {
        "front page": lambda _wild: "/",
        "list of pools": lambda _wild: "/ipam/prefixes/?mask_length=16&per_page=100",
        "pool of 65,536 addresses by blocks": lambda wild: f"/ipam/prefixes/{wild.choice(pools)}/prefixes/",
        "pool of 65,536 addresses by addresses": lambda wild: f"/ipam/prefixes/{wild.choice(pools)}/ip-addresses/",
        "block of 256 addresses": lambda wild: f"/ipam/prefixes/{wild.choice(blocks)}/ip-addresses/",
        "one address": lambda wild: f"/ipam/ip-addresses/{wild.choice(addresses)}/",
        "devices": lambda _wild: "/dcim/devices/",
        "one device with its ports": lambda wild: f"/dcim/devices/{wild.choice(devices)}/interfaces/",
        "search for an address": lambda wild: f"/search/?q={_address(wild)}",
        ALLOCATE: lambda wild: (f"/api/ipam/prefixes/{wild.choice(pools)}/available-ips/", {}),
    }
    return Side(where, {"Cookie": cookie}, head, kinds)
