"""OSCAL in: a catalog as a new file of the playbooks, read once as it would stand among the others before it is written."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import tomlkit

from netops.core import files
from netops.core.errors import Refused
from netops.core.journal import act
from netops.desk import Desk
from netops.inspections import catalogue as catalogues
from netops.inspections import oscal_import
from netops.inspections.catalogue import Catalogue
from netops.inspections.oscal_import import Imported
from netops.rounds.address_lines import today


class Plan(msgspec.Struct, frozen=True):
    """What would be written where."""

    imported: Imported
    path: Path
    text: str


def plan(desk: Desk, content: bytes, name: str = "") -> Plan:
    """
    What an OSCAL catalog would become; nothing is written.

    Raises:
        NetopsError, Faults: it cannot be read so, or would not hold together with the other catalogues.
        Refused: there is a file of this name.
    """
    made = oscal_import.read(content, name, today(desk).isoformat())
    path = desk.playbooks / "inspections" / f"{made.catalogue.head.name}.toml"
    if path.exists():
        raise Refused("the catalogue was not written", "{path} is there already", "give another --name", path=path)
    text = written(made.catalogue)
    with TemporaryDirectory() as folder:
        beside = Path(folder) / "inspections"
        shutil.copytree(desk.playbooks / "inspections", beside)
        (beside / path.name).write_text(text, "utf-8")
        catalogues.read(Path(folder))
    return Plan(made, path, text)


def apply(desk: Desk, made: Plan) -> None:
    """
    Write the file of a plan.

    Raises:
        Refused: somebody wrote one of this name meanwhile. NetopsError: the place cannot be written.
    """
    if made.path.exists():
        raise Refused("the catalogue was not written", "{path} is there already", "give another --name", path=made.path)
    files.put(made.text.encode(), made.path)
    head = made.imported.catalogue.head
    with act(desk.store, desk.actor, desk.clock) as acting:
        acting.record(
            "inspect catalogue import", head.name,
            after={"version": head.version, "items": len(made.imported.catalogue.items), "left": len(made.imported.left)},
        )  # fmt: skip


def written(catalogue: Catalogue) -> str:
    """A catalogue as the text of its file; selected items become its own."""
    document = tomlkit.document()
    document.add(tomlkit.comment("由 netops inspect catalogue import 从 OSCAL 目录写成；可以修改，修改时同时改 version。"))
    head = {name: value for name, value in msgspec.to_builtins(catalogue.head).items() if value not in ("", {})}
    terms = head.pop("terms", {})
    document["catalogue"] = _table(head)
    if terms:
        document["catalogue"]["terms"] = _table(terms)
    items = tomlkit.aot()
    for item in catalogue.items:
        items.append(_table({name: value for name, value in msgspec.to_builtins(item).items()
                             if name not in ("home", "instrument", "cite")}))  # fmt: skip
    document["item"] = items
    return tomlkit.dumps(document)


def _table(values: dict[str, Any]) -> Any:
    table = tomlkit.table()
    for name, value in values.items():
        table[name] = _inline(value)
    return table


def _inline(value: Any) -> Any:
    match value:
        case dict():
            inner = tomlkit.inline_table()
            for name, one in value.items():
                inner[name] = _inline(one)
            return inner
        case list():
            several = tomlkit.array()
            several.extend(_inline(one) for one in value)
            return several
        case str() if "\n" in value and "'''" not in value:
            return tomlkit.string(value, multiline=True)
    return value
