"""The whole city in one store: what its rounds write, and past the ledger what would take them hours."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.addresses.stores import ALLOCATION, MAPPED, bulk
from benchmarks.web.city import (
    ALLOCATIONS,
    DEVICES,
    FINDINGS,
    INCIDENTS,
    NOW,
    ORGANIZATIONS,
    PORTS,
    SIGHTINGS,
    card,
    files,
    name,
    walks,
)


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
        bulk(connection, "allocations", ALLOCATION, iter(given))
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
