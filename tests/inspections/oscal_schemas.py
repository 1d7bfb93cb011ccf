"""The JSON schemas of OSCAL as they were released, out of a package that carries them: never a copy of ours."""

from __future__ import annotations

import json
import re
import sqlite3
import zipfile
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

VERSION = "v1.2.1"
ROOTS = ("catalog", "assessment-plan", "assessment-results", "plan-of-action-and-milestones")


@lru_cache
def schemas() -> dict[str, Any]:
    """The schema of each kind of document; the test skips where the package is absent."""
    found = find_spec("oscal")
    packed = Path(found.origin).parent / "data" / "oscal_support.zip" if found and found.origin else None
    if packed is None or not packed.exists() or find_spec("jsonschema_rs") is None:
        pytest.skip("the package oscal 2.0.0, which carries the released schemas, is not installed")
    with zipfile.ZipFile(packed) as archive:
        held = archive.read("oscal_support.db")
    connection = sqlite3.connect(":memory:")
    connection.deserialize(held)
    query = (
        "SELECT s.model, f.content FROM oscal_support s JOIN filecache f ON f.uuid = s.filecache_uuid"
        " WHERE trim(s.version) = ? AND s.type = 'json-schema'"
    )
    read = {model: json.loads(content) for model, content in connection.execute(query, (VERSION,))}
    connection.close()
    return {root: read[root] for root in ROOTS}


@lru_cache
def _validator(root: str) -> Any:
    from jsonschema_rs import validator_for

    return validator_for(schemas()[root], validate_formats=True)


def faults(document: dict[str, Any]) -> list[str]:
    """Every schema error of a document, by its root."""
    (root,) = document
    return [f"{list(error.instance_path)}: {error.message[:200]}" for error in _validator(root).iter_errors(document)]


def identifiers(value: object) -> list[str]:
    """Every UUID that names something in a document, in order."""
    match value:
        case dict():
            mine = [str(value["uuid"])] if "uuid" in value else []
            return mine + [one for held in value.values() for one in identifiers(held)]
        case list():
            return [one for held in value for one in identifiers(held)]
    return []


def dangling(documents: dict[str, dict[str, Any]]) -> list[str]:
    """Links of documents in one folder that lead nowhere: "#uuid", names of files, and every other *-uuid and *-id."""
    controls = set(re.findall(r'"id": "([^"]+)"', json.dumps(documents["catalog.json"])))
    lost = []
    for name, document in documents.items():
        here = set(identifiers(document))
        for path, value in _leaves(document):
            key = path[-1] if isinstance(path[-1], str) else str(path[-2]).removesuffix("s")
            wrong = (
                (key == "href" and value.startswith("#") and value[1:] not in here)
                or (key == "href" and not value.startswith("#") and value not in documents)
                or (key.endswith("-uuid") and value not in here)
                or (key in ("control-id", "target-id") and value not in controls)
            )
            lost += [f"{name} {path}: {value}"] if wrong else []
    return lost


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[tuple[str | int, ...], str]]:
    match value:
        case dict():
            return [leaf for key, held in value.items() for leaf in _leaves(held, (*path, key))]
        case list():
            return [leaf for place, held in enumerate(value) for leaf in _leaves(held, (*path, place))]
        case str():
            return [(path, value)]
    return []
