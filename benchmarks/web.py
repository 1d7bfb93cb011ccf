"""
The pages of a large city: 64 organizations, 2,000 devices, 50,000 sightings, a million allocations, 100,000 findings.

A real `netops serve` on a store of that size, asked by twenty people at once, each of whom reads for about a second
before the next page; then by twenty who do not read. Time is what passes at the other end of the line, so waiting in
the server counts. Nautobot, the nearest peer, needs PostgreSQL and Redis of its own and has not been run beside it yet.

    python -m benchmarks.web [--json] [--folder DIRECTORY]      (a folder that is named is built once and kept)
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import platform
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from benchmarks.addresses.measure import Figure, figure, shown
from benchmarks.addresses.overhttp import wait_for
from benchmarks.addresses.stores import MAPPED, bulk

ORGANIZATIONS, DEVICES, SIGHTINGS, ALLOCATIONS, FINDINGS, INCIDENTS = 64, 2000, 50_000, 1_000_000, 100_000, 60
ROUNDS = 5
USERS, SECONDS, GOAL, PAINT_GOAL, MEMORY_GOAL = 20, 60.0, 0.2, 1.0, 2048.0
FLOOD, RATE_GOAL = 15.0, 20.0
"""Seconds without reading, and pages a second then."""
AGGREGATIONS, PORTS = 40, 24
NOW = datetime.now(UTC).replace(microsecond=0)


# ---- the city
def files(folder: Path) -> None:
    """Its register."""
    plane = folder / "inventory" / "extranet"
    plane.mkdir(parents=True)
    every = range(ORGANIZATIONS)
    _table(
        folder / "inventory" / "organizations.toml",
        "organizations",
        [{"code": f"o{n:02}", "name_zh": f"第{n}局", "name_en": f"Bureau {n}", "platform": not n} for n in every],
    )
    _table(
        plane / "prefixes.toml",
        "prefixes",
        [{"prefix": f"10.{n}.0.0/16", "role": "pool", "organization": f"o{n:02}", "name": f"第{n}局办公网"} for n in every],
    )
    _table(
        plane / "declarations.toml",
        "declarations",
        [
            {
                "number": f"D-{n}",
                "organization": f"o{n:02}",
                "date": "2026-01-11",
                "nature": "办公局域网",
                "scope": "办公",
                "equipment": [],
                "terminals": 60_000,
                "allocated": [],
            }
            for n in every
        ],
    )
    _table(
        plane / "devices.toml",
        "devices",
        [
            {
                "name": name(n),
                "address": address(n),
                "role": role(n),
                "organization": f"o{n % ORGANIZATIONS:02}",
                "snmp": "none",
            }
            for n in range(DEVICES)
        ],
    )
    lines = [
        "[store]",
        f'url = "sqlite:///{folder / "city.db"}"',
        "[inventory]",
        f'path = "{folder / "inventory"}"',
        "[planes.extranet]",
        'nets = ["10.0.0.0/8"]',
        "[snmp.credentials.none]",
        'version = "v2c"',
        'community_env = "NONE"',
        "[web]",
        "per_second = 1e6",
        "burst = 1e6",
    ]
    (folder / "config.toml").write_text("\n".join(lines) + "\n", "utf-8")


def _table(path: Path, kind: str, entries: list[dict[str, Any]]) -> None:
    """Entries as a file of the register; JSON writes the same values as TOML."""
    said = ("\n".join(f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in one.items()) for one in entries)
    path.write_text("\n\n".join(f"[[{kind}]]\n{text}" for text in said) + "\n", "utf-8")


def name(number: int) -> str:
    """A device's name: the core, those below it, and the access switches."""
    return "core" if not number else f"agg-{number:02}" if number <= AGGREGATIONS else f"acc-{number:04}"


def role(number: int) -> str:
    """What it is for."""
    return "core" if not number else "aggregation" if number <= AGGREGATIONS else "switch"


def address(number: int) -> str:
    """Where it is managed, inside its organization's pool."""
    return f"10.{number % ORGANIZATIONS}.255.{number // ORGANIZATIONS + 1}"


def walks() -> Iterator[Any]:
    """What every device says: ports, the neighbour above, and the cards behind its ports."""
    from netops.core.plane import Plane
    from netops.core.walk import DeviceWalk

    for number in range(DEVICES):
        above = 0 if number <= AGGREGATIONS else 1 + number % AGGREGATIONS
        ports, own = range(1, PORTS + 2), bytes((2, 0, 0, 0, number >> 8, number & 255))
        columns: dict[str, Any] = {
            "sysName": {(0,): name(number).encode()},
            "sysDescr": {(0,): b"Bench Switch V1"},
            "dot1dBaseBridgeAddress": {(0,): own},
            "ifDescr": {(port,): f"GE0/0/{port}".encode() for port in ports},
            "ifType": dict.fromkeys(((port,) for port in ports), 6),
            "ifAdminStatus": dict.fromkeys(((port,) for port in ports), 1),
            "ifOperStatus": dict.fromkeys(((port,) for port in ports), 1),
            "ifHighSpeed": dict.fromkeys(((port,) for port in ports), 1000),
            "dot1dBasePortIfIndex": {(port,): port for port in ports},
            "dot1qTpFdbPort": {(10, *card(number, slot)): slot % PORTS + 1 for slot in range(SIGHTINGS // DEVICES)}
            if number > AGGREGATIONS
            else {},
            "lldpLocChassisId": {(0,): own},
            "lldpLocChassisIdSubtype": {(0,): 4},
        }
        if number:
            up = (0, PORTS + 1, 1)
            columns |= {
                "lldpRemPortId": {up: f"GE0/0/{number % PORTS + 1}".encode()},
                "lldpRemPortIdSubtype": {up: 5},
                "lldpRemChassisIdSubtype": {up: 4},
                "lldpRemChassisId": {up: bytes((2, 0, 0, 0, above >> 8, above & 255))},
                "lldpRemSysName": {up: name(above).encode()},
            }
        yield DeviceWalk(Plane.EXTRANET, name(number), address(number), NOW, 0.1, columns)


def card(device: int, slot: int) -> bytes:
    """The card of a terminal."""
    return bytes((2, 17, device >> 8, device & 255, 0, slot))


def built(folder: Path) -> None:
    """The whole city in one store."""
    from netops import config
    from netops.core.observation import Sighting
    from netops.core.plane import Plane
    from netops.desk import open_desk
    from netops.rounds import inspect, inventory
    from netops.topology import snapshots

    files(folder)
    with open_desk(config.read(folder / "config.toml"), actor="bench") as desk:
        inventory.apply(desk, inventory.plan(desk))
        snapshots.record_all(desk.store, list(walks()))
        seen = [
            Sighting(
                Plane.EXTRANET,
                f"10.{device % ORGANIZATIONS}.{device // ORGANIZATIONS}.{slot + 1}",
                ":".join(f"{octet:02x}" for octet in card(device, slot)),
                "core",
                NOW,
                name(device),
                f"GE0/0/{slot % PORTS + 1}",
                10,
            )
            for device in range(DEVICES)
            for slot in range(SIGHTINGS // DEVICES)
        ]
        snapshots.keep(desk.store, Plane.EXTRANET, seen, NOW)
        _addresses(desk.store)
        _findings(desk.store)
        _incidents(desk)
        inspect.plan(desk, "measures", [f"o{n:02}" for n in range(ORGANIZATIONS)], NOW.date().isoformat(), ["甲", "乙"])


def _addresses(store: Any) -> None:
    from netops.addresses.span import Span, fit
    from netops.addresses.tiles import pool_table, tile_table
    from netops.addresses.usage import uses
    from netops.core.ids import sequences

    each, wild = ALLOCATIONS // ORGANIZATIONS, random.Random(7)
    tiles: list[tuple[Any, ...]] = []
    given: list[tuple[Any, ...]] = []
    since = int(NOW.timestamp()) * 1_000_000

    def octets(value: int) -> bytes:
        return (MAPPED | value).to_bytes(16, "big")

    with store.write() as connection:
        for number in range(ORGANIZATIONS):
            pool, first = f"10.{number}.0.0/16", 10 << 24 | number << 16
            connection.execute(tile_table.delete().where(tile_table.c.first == MAPPED | first))
            position = first
            for taken in sorted(wild.sample(range(first + 1, first + 65_535), each)):
                if position < taken:
                    tiles.append(
                        (octets(position), octets(taken), "free", "", fit(Span(position, taken - 1)), "extranet", pool)
                    )
                label = f"AL-{len(given) + 1:07d}"
                tiles.append((octets(taken), octets(taken + 1), "active", label, -1, "extranet", pool))
                given.append(
                    (
                        label,
                        octets(taken),
                        octets(taken),
                        "extranet",
                        f"o{number:02}",
                        f"D-{number}",
                        "办公",
                        "active",
                        "act",
                        since,
                        "",
                    )
                )
                position = taken + 1
            tiles.append(
                (octets(position), octets(first + 65_536), "free", "", fit(Span(position, first + 65_535)), "extranet", pool)
            )
            connection.execute(pool_table.update().where(pool_table.c.prefix == pool).values(allocated=each))
            connection.execute(uses.insert().values(plane="extranet", declaration=f"D-{number}", ipv4=each, ipv6=0))
        bulk(connection, "tiles", ("first", "next", "state", "allocation", "fit", "plane", "pool"), iter(tiles))
        columns = (
            "id",
            "first",
            "last",
            "plane",
            "organization",
            "declaration",
            "purpose",
            "state",
            "origin",
            "since",
            "cause",
        )
        bulk(connection, "allocations", columns, iter(given))
        connection.execute(sequences.insert().values(name="allocation", value=len(given)))


def _findings(store: Any) -> None:
    from netops.core import tally
    from netops.rounds import look

    rules = [rule for code, rule in look.rules().items() if code.startswith(("AD-", "EG-", "TP-", "DC-"))]
    moment = int(NOW.timestamp()) * 1_000_000

    def rows() -> Iterator[tuple[Any, ...]]:
        for number in range(FINDINGS):
            rule, whose = rules[number % len(rules)], number % ORGANIZATIONS
            ip = f"10.{whose}.{number >> 8 & 255}.{number & 255}"
            basis = json.dumps([{"article": one.article} for one in rule.basis])
            yield (
                f"F-{number + 1:04d}",
                f"{number:064x}",
                rule.code,
                rule.kind,
                "extranet",
                str(rule.severity),
                f"o{whose:02}",
                json.dumps({"ip": ip, "device": name(number % DEVICES)}),
                basis,
                json.dumps({"ip": ip}),
                moment,
                moment + number,
                1 + number % 7,
                "resolved" if number % 10 == 9 else "open",
                "[]",
                "",
                "",
            )

    columns = (
        "id",
        "key",
        "code",
        "kind",
        "plane",
        "severity",
        "organization",
        "subject",
        "basis",
        "facts",
        "first_seen",
        "last_seen",
        "count",
        "state",
        "evidence",
        "reason",
        "accepted_until",
    )
    with store.write() as connection:
        bulk(connection, "findings", columns, rows())
        counted: Counter[tuple[str, ...]] = Counter()
        named: list[tuple[str, str]] = []
        for row in rows():
            counted[row[4], row[2], row[6], row[5], row[13]] += 1
            named += [(text, row[0]) for text in sorted(tally.named(json.loads(row[7])))]
        bulk(connection, "finding_names", ("name", "finding"), iter(sorted(named)))
        bulk(connection, "finding_counts", (*tally.SHARED, "number"), ((*shared, n) for shared, n in counted.items()))


def _incidents(desk: Any) -> None:
    from netops.core import docket
    from netops.rounds import triage

    for number in range(1, INCIDENTS + 1):
        one = docket.one(desk.store, f"F-{number:04d}")
        triage.open_incident(desk, (one,), one.organization, "bench", "bench")


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
            line.get(page)
            spent[kind] += (used() - before) / ROUNDS
    return spent


class Line:
    """A connection that is kept; whoever reads for long finds it closed and takes another, as browsers do."""

    def __init__(self, where: str) -> None:
        self._where = where
        self._line: http.client.HTTPConnection | None = None

    def get(self, page: str) -> int:
        """The status of the answer, read to its end; 0 for none at all."""
        for _attempt in range(2):
            try:
                if self._line is None:
                    host, port = self._where.split(":")
                    self._line = http.client.HTTPConnection(host, int(port), timeout=60)
                self._line.request("GET", page, headers={"Accept-Encoding": "gzip"})
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


# ---- the people
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


def asked(where: str, seconds: float, think: float) -> tuple[dict[str, list[float]], int]:
    """Twenty people for so long; seconds by page, and how many answers were no page."""
    times: dict[str, list[float]] = defaultdict(list)
    bad = [0]
    lock, end = threading.Lock(), time.monotonic() + seconds

    def person(seed: int) -> None:
        wild, line = random.Random(seed), Line(where)
        while time.monotonic() < end:
            kinds = pages(wild)
            kind = wild.choice(list(kinds))
            started = time.perf_counter()
            status = line.get(kinds[kind])
            took = time.perf_counter() - started
            with lock:
                times[kind].append(took)
                bad[0] += status != 200
            if think:
                time.sleep(wild.expovariate(1 / think))
        line.close()

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


def figures(folder: Path) -> list[Figure]:
    """The city is served and asked."""
    where = f"127.0.0.1:{20_000 + random.randrange(9000)}"
    command = [
        sys.executable,
        "-m",
        "netops",
        "-c",
        str(folder / "config.toml"),
        "serve",
        "--no-collector",
        "--no-traps",
        "--no-timetable",
        "--listen",
        where,
    ]
    found: list[Figure] = []
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            wait_for(where)
            line, first = Line(where), {}
            for kind, page in pages(random.Random(0)).items():
                started = time.perf_counter()
                line.get(page)
                first[kind] = time.perf_counter() - started
            line.close()
            time.sleep(20)
            spent = worked(where, server.pid)
            times, bad = asked(where, SECONDS, 1.0)
            for kind, several in sorted(times.items()):
                p95 = percentile(several, 0.95)
                middle, once = percentile(several, 0.5) * 1000, first[kind] * 1000
                cpu = f"{spent[kind] * 1000:.0f} ms of CPU"
                note = f"{cpu}, median {middle:.0f} ms, {len(several)} times; the very first time {once:.0f} ms"
                found.append(
                    figure(f"p95 of {kind}, {USERS} people, seconds", round(p95, 4), None, None, f"< {GOAL}", p95 < GOAL, note)
                )
            found.append(figure("answers that were no page", bad, None, None, "0", bad == 0))
            peak = (
                next(
                    int(row.split()[1])
                    for row in Path(f"/proc/{server.pid}/status").read_text().splitlines()
                    if row.startswith("VmHWM")
                )
                / 1024
            )
            found.append(
                figure("most memory of the server, MiB", round(peak), None, None, f"< {MEMORY_GOAL:.0f}", peak < MEMORY_GOAL)
            )
            every = [value for several in times.values() for value in several]
            of_all = percentile(every, 0.95)
            note = f"median {percentile(every, 0.5) * 1000:.0f} ms, {len(every) / SECONDS:.1f} pages a second"
            found.append(figure("p95 of all pages, seconds", round(of_all, 4), None, None, f"< {GOAL}", of_all < GOAL, note))
            flood, _bad = asked(where, FLOOD, 0.0)
            every = [value for several in flood.values() for value in several]
            note = f"median {percentile(every, 0.5) * 1000:.0f} ms, p95 {percentile(every, 0.95) * 1000:.0f} ms"
            rate = len(every) / FLOOD
            what = f"pages a second when none of {USERS} reads: each asks as soon as it is answered"
            found.append(figure(what, round(rate, 1), None, None, f"> {RATE_GOAL:.0f}", rate > RATE_GOAL, note))
            found += painted(where)
        finally:
            server.terminate()
            server.wait(20)
    return found


PAINTED = """async () => { const name = 'first-contentful-paint'; let seen = performance.getEntriesByName(name);
while (!seen.length) { await new Promise(next => setTimeout(next, 10)); seen = performance.getEntriesByName(name); }
return seen[0].startTime; }"""
"""Waits in the page itself: its policy allows no text to be run as a script, so Playwright cannot wait for one."""


def painted(where: str) -> Iterator[Figure]:
    """When Chromium has painted something; nothing without it."""
    from importlib.util import find_spec

    found = [path for path in ("/usr/bin/chromium", "/usr/bin/chromium-browser") if Path(path).exists()]
    if not found or find_spec("playwright") is None:
        return
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=found[0], args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        for kind in ("/", "/topology"):
            several = []
            for _time in range(3):
                page.goto(f"http://{where}{kind}")
                several.append(page.evaluate(PAINTED) / 1000)
            paint = sorted(several)[1]
            yield figure(
                f"first paint of {kind} in Chromium, seconds",
                round(paint, 3),
                None,
                None,
                f"< {PAINT_GOAL}",
                paint < PAINT_GOAL,
            )
        page.goto(f"http://{where}/topology")
        page.locator(".map-frame").scroll_into_view_if_needed()
        frame = page.evaluate(
            """async () => { const svg = document.querySelector('.map-frame svg'); let n = 0; const start = performance.now();
            while (n < 60) { const v = svg.viewBox.baseVal;
            svg.setAttribute('viewBox', `${v.x + 8} ${v.y + 4} ${v.width * 0.99} ${v.height * 0.99}`);
            await new Promise(requestAnimationFrame); n++; } return (performance.now() - start) / n; }"""
        )
        yield figure("one frame of moving the map, milliseconds", round(frame, 1), None, None, "< 50", frame < 50)
        browser.close()


def main(argv: list[str] | None = None) -> int:
    """0 when every goal is met."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--folder", type=Path)
    options = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / "config.toml").exists():
            started = time.monotonic()
            built(folder)
            print(f"built in {time.monotonic() - started:.0f} s", file=sys.stderr)
        told = figures(folder)
    if options.json:
        print(json.dumps({"name": "web", "machine": platform.machine(), "figures": told}, ensure_ascii=False))
    else:
        print("\n".join(map(shown, told)))
    return int(not all(one["met"] for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
