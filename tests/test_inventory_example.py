"""The example register that ships describes the example city of the lab, from which the recordings were made."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest

from netops import config, register
from netops.register import Register

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def example() -> Register:
    return register.read(ROOT / "inventory")


@pytest.fixture(scope="module")
def city() -> dict[str, Any]:
    return tomllib.loads((ROOT / "tests" / "lab" / "city.toml").read_text("utf-8"))


def test_the_city_is_as_rich_as_promised(example: Register) -> None:
    """An information centre, eight departments, two counties; one shared, one filed separate and two county exits."""
    kinds = [(entry.level, entry.county) for entry in example.organizations]

    assert (9, 2) == (kinds.count(("city", False)), kinds.count(("county", True)))
    assert ["county", "county", "separate", "shared"] == sorted(entry.kind for entry in example.exits)
    assert all(entry.filing and entry.valid_until for entry in example.exits if entry.kind == "separate")


def test_register_and_lab_city_agree(example: Register, city: dict[str, Any]) -> None:
    """Devices, links, LANs, exits and declarations are those of the city file."""
    managed = set(city["nodes"]) | {lan["switch"] for lan in city["lans"].values()}

    assert managed == set(example.device)
    assert {link["net"] for link in city["links"]} == {link.net for link in example.links if link.net}
    assert {(lan["net"], lan["dept"], lan["gateway"], lan["switch"]) for lan in city["lans"].values()} == {
        (entry.prefix, entry.organization, entry.gateway, entry.switch) for entry in example.prefixes if entry.role == "pool"}
    assert {(item["id"], item["node"], item["net"]) for item in city["exits"]} == {
        (entry.id, entry.device, entry.net) for entry in example.exits}
    assert {(item["dept"], item["plane"], item["terminals"], tuple(item["allocated"])) for item in city["declared"]} == {
        (entry.organization, entry.plane, entry.terminals, entry.allocated) for entry in example.declarations}


@pytest.mark.parametrize("name", ["day", "breach"])
def test_recordings_are_of_these_devices(example: Register, name: str) -> None:
    """Every walked device of the register was recorded under its name and address, and nothing else."""
    recorded = json.loads((ROOT / "netops" / "recordings" / name / "recording.json").read_bytes())["devices"]

    assert {(device.plane, device.name, device.address) for device in example.devices if device.snmp} == {
        (device["plane"], device["name"], device["address"]) for device in recorded}


def test_credentials_of_the_example_are_configured(example: Register) -> None:
    """Each credential that a device names stands in config.example.toml, and each organization in charge in the register."""
    settings = config.read(ROOT / "config.example.toml")

    assert {device.snmp for device in example.devices} - {""} <= set(settings.snmp.credentials)
    assert {settings.city.authority, *(plane.authority for plane in settings.planes.values())} <= set(example.organization)


def tables(kind: object) -> Iterator[str]:
    """Every key of a table and of the tables in it."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        for field in msgspec.structs.fields(kind):
            yield field.encode_name
            yield from tables(field.type)
    for inner in get_args(kind):
        yield from tables(inner)


def test_the_example_configuration_shows_every_key() -> None:
    """Whoever reads config.example.toml has seen everything that can be configured."""
    text = (ROOT / "config.example.toml").read_text("utf-8")
    own = {"path", "store_url", "inventory", "playbooks"}
    keys = set(tables(config.Config)) - own | {"url", "path", "language"}

    assert [] == sorted(key for key in keys if not re.search(rf"\b{key}\b", text))
