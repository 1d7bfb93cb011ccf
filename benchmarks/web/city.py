"""The city: its sizes, its register, and what its devices say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ORGANIZATIONS, DEVICES, SIGHTINGS, ALLOCATIONS, FINDINGS, INCIDENTS = 64, 2000, 50_000, 1_000_000, 100_000, 60
AGGREGATIONS, PORTS = 40, 24
NOW = datetime.now(UTC).replace(microsecond=0)


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
