"""
`inspect run` of every duty of the Measures for 60 organizations of a generated city, from a full store.

    python -m benchmarks.inspections [--organizations N] [--records N] [--store URL] [--json]

The city: a router, a switch and an exporter for each organization, declarations with allocations, sightings, flows, registers
of every kind with one record in ten at fault, site visits, a walk, a reconcile and a look for scans an hour ago. No other
tool answers these questions, so no peer stands beside it. Seconds are of the wall, for the first run (all is new) and the
second (nothing is).
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ORGANIZATIONS, RECORDS = 60, 6
MOST_SECONDS, LEAST_KINDS = 60.0, 65
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
Figure = dict[str, Any]


def inventory(folder: Path, count: int) -> None:
    """The first is the platform's body and the authority, every sixth a county."""
    lines: dict[str, list[str]] = {name: [] for name in ("organizations", "devices", "prefixes", "declarations", "exits")}
    for n in range(count):
        kind = "platform = true\n" if n == 0 else 'county = true\nlevel = "county"\n' if n % 6 == 5 else ""
        lines["organizations"].append(
            f'[[organizations]]\ncode = "o{n}"\nname_zh = "云溪市第{n}局"\nprotection_level = 2\n{kind}'
            f'responsible = {{ name = "甲{n}", phone = "0700-1", confirmed = "2026-05-01" }}\n'
        )
        for role, last in (("edge", 1), ("switch", 2)):
            lines["devices"].append(
                f'[[devices]]\nname = "{role}-{n}"\naddress = "10.{n}.255.{last}"\nrole = "{role}"\norganization = "o{n}"\n'
                f'snmp = "city"\nexporter = {"true" if role == "edge" else "false"}\nsite = "第{n}局机房"\n'
            )
        lines["prefixes"].append(
            f'[[prefixes]]\nprefix = "10.{n}.11.0/24"\nrole = "pool"\norganization = "o{n}"\n'
            f'granted_by = "示电政〔2025〕{n + 1}号"\ngateway = "edge-{n}"\nswitch = "switch-{n}"\n'
        )
        lines["declarations"].append(
            f'[[declarations]]\nnumber = "示接〔2025〕{n + 1}号"\norganization = "o{n}"\nnature = "办公局域网"\nscope = "公文"\n'
            f'terminals = 60\nequipment = [{{ name = "edge-{n}", address = "10.{n}.255.1" }}, {{ name = "switch-{n}" }}]\n'
            f'allocated = ["10.{n}.11.10-10.{n}.11.90"]\ndate = "2025-03-01"\n'
        )
        if n % 10 == 3:
            lines["exits"].append(
                f'[[exits]]\nid = "own-{n}"\nkind = "separate"\ndevice = "edge-{n}"\norganization = "o{n}"\ninterface = "ge9"\n'
                f'filing = "示信〔2025〕{n}号"\nfiled_on = "2025-06-01"\n'
            )
    (folder / "extranet").mkdir(parents=True)
    for name, parts in lines.items():
        place = folder / f"{name}.toml" if name == "organizations" else folder / "extranet" / f"{name}.toml"
        place.write_text("\n".join(parts), "utf-8")


def desk(folder: Path, count: int = ORGANIZATIONS, url: str = "") -> Any:
    """An open desk on a new store whose register is in force."""
    import netops.tables  # noqa: F401 - every table
    from netops.config import Config
    from netops.core.clock import still
    from netops.core.plane import Plane
    from netops.desk import Desk
    from netops.rounds import inventory as applying
    from netops.settings import City, PlaneSettings

    inventory(folder / "inventory", count)
    opened = Desk(
        Config(
            store_url=url or f"sqlite:///{folder / 'netops.db'}",
            inventory=str(folder / "inventory"),
            planes={Plane.EXTRANET: PlaneSettings()},
            city=City(title_zh="云溪市", authority="o0"),
        ),
        still(NOON),
        "王工",
    )
    applying.apply(opened, applying.plan(opened))
    return opened


def seen(opened: Any) -> None:
    """A walk, sightings, flows, a reconcile and a look for scans, an hour ago."""
    from netops.core.observation import Sighting
    from netops.core.plane import Plane
    from netops.core.walk import DeviceWalk
    from netops.egress import hits
    from netops.rounds import diary
    from netops.topology import snapshots

    at, plane = NOON - timedelta(hours=1), Plane.EXTRANET
    for one in opened.register.devices:
        walk = DeviceWalk(plane, one.name, one.address, at, 0.1, {"sysName": {(0,): one.name.encode()}})
        snapshots.record(opened.store, walk, at)
    bodies = len(opened.register.organizations)
    snapshots.keep(
        opened.store,
        plane,
        [
            Sighting(plane, f"10.{n}.11.{host}", f"02:00:00:{n:02x}:00:{host:02x}", f"switch-{n}", at)
            for n in range(bodies)
            for host in range(10, 60)
        ],
        at,
    )
    exporters = [
        hits.ExporterRow(address=one.address, plane=plane, device=one.name, version=9, last_seen=at, datagrams=3, records=9,
                         options=0, waiting=0, malformed=0, dropped=0)
        for one in opened.register.devices if one.exporter
    ]  # fmt: skip
    hits.add(opened.store, {}, exporters, {})
    for name in ("reconcile", "attacks"):
        diary.end(opened.store, diary.begin(opened.store, name), "done", {}, "")


def written(opened: Any, each: int = RECORDS, fault: int = 10) -> int:
    """Records of every register of every organization, one in *fault* with its last date missing; how many."""
    from netops.core.journal import act
    from netops.core.plane import Plane
    from netops.registers import entries, visits
    from netops.registers.entry import Draft, key_of
    from netops.registers.visits import Visit
    from netops.rounds import registers

    count, made = 0, []
    for kind in registers.kinds(opened).values():
        drafts, keys = [], set[str]()
        for body in opened.register.organizations:
            for n in range(each):
                values = {one.name: _value(one, body.code, n) for one in kind.fields}
                values = {name: value for name, value in values.items() if value is not None}
                key = key_of(kind, Plane.EXTRANET, values)
                if key in keys:
                    continue
                keys.add(key)
                count += 1
                if fault and count % fault == 0:
                    bare = [one.name for one in kind.fields if one.type == "date" and not one.required]
                    values = {name: value for name, value in values.items() if name not in bare}
                drafts.append(Draft(kind.kind, Plane.EXTRANET, values))
        with act(opened.store, "王工", opened.clock) as one:
            put = entries.put(one, kind, drafts, verb="import")
        if kind.kind in ("sites", "services"):
            made += [Visit(number, f"https://{number.lower()}.example.gov.cn/", NOON - timedelta(hours=1), "open", 200, 0.1)
                     for number in put.numbers]  # fmt: skip
    found: dict[str, Any] = {one.number: {} for one in made}
    visits.note(opened.store, made, [], found, NOON - timedelta(hours=1))
    return count


def _value(field: Any, code: str, n: int) -> Any:
    """Something that fits, so that choices and switches go through all that they may be."""
    if field.type == "choice":
        return field.choices[n % len(field.choices)].key
    return {
        "date": f"2026-{n % 9 + 1:02d}-{n % 28 + 1:02d}", "yesno": n % 2 == 0, "integer": 30, "number": 90.0, "period": "1y",
        "organization": code, "addresses": [f"10.0.12.{n}"], "phone": f"0700-{n:07}", "reference": None, "identity": None,
        "url": f"https://{code}-{n}.example.gov.cn/", "credit_code": None, "host": f"{code}-{n}.example.gov.cn",
    }.get(field.type, f"{field.zh}{code}-{n}")  # fmt: skip


def figures(count: int, each: int, url: str, say: Callable[[str], None]) -> list[Figure]:
    """One row a figure."""
    from netops.inspections import archive
    from netops.inspections.answer import Result
    from netops.inspections.inspection import Party
    from netops.rounds import inspect, register_check

    made: list[Figure] = []

    def row(what: str, ours: float, goal: str, met: bool) -> None:
        made.append({"what": what, "ours": ours, "peer": None, "ratio": [], "goal": goal, "met": met})
        say(f"{what}: {ours:g}, goal {goal}, {'met' if met else 'NOT met'}")

    with tempfile.TemporaryDirectory() as name:
        opened = desk(Path(name), count, url)
        seen(opened)
        total = written(opened, each)
        report = register_check.run(opened)
        say(f"{count} organizations, {total} records, {len(report.opened)} findings")
        for which in ("first", "second"):
            began, spent = time.perf_counter(), time.process_time()
            inspect.run(opened)
            took, cpu = time.perf_counter() - began, time.process_time() - spent
            what = f"86 duties x {count} organizations, {which} run, seconds"
            row(what, round(took, 2), f"< {MOST_SECONDS:g}", took < MOST_SECONDS)
            say(f"  of them CPU: {cpu:.2f}")
        told: set[str] = set()
        asked: set[str] = set()
        for one in archive.latest(opened.store):
            for item in one.catalogue.items:
                answer = one.by(item, Party.MACHINE)
                if item.check:
                    asked.add(item.id)
                if answer and answer.judgement.result in (Result.CONFORM, Result.PARTIAL, Result.NONCONFORM):
                    told.add(item.id)
        row("kinds of duty with a machine's check, of 86", len(asked), f">= {LEAST_KINDS}", len(asked) >= LEAST_KINDS)
        row("kinds that a machine answered here with more than 未检查", len(told), f">= {LEAST_KINDS}", len(told) >= LEAST_KINDS)
        say("  without an answer here: " + ", ".join(sorted(asked - told)))
        opened.close()
    return made


def main() -> int:
    """0 when every goal is met."""
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--organizations", type=int, default=ORGANIZATIONS)
    asked.add_argument("--records", type=int, default=RECORDS, help="of each register, for each organization")
    asked.add_argument("--store", default="", help="another store than a new SQLite file")
    asked.add_argument("--json", action="store_true")
    given = asked.parse_args()
    found = figures(given.organizations, given.records, given.store, (lambda _text: None) if given.json else print)
    if given.json:
        print(json.dumps({"name": "inspections", "machine": platform.machine(), "figures": found}, ensure_ascii=False))
    return int(not all(one["met"] for one in found))


if __name__ == "__main__":
    raise SystemExit(main())
