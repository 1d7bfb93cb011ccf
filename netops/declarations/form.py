"""The declaration as a TOML form: written empty or filled in, read with every fault and its line."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from netops.core.language import N_, Said, Text, _, spoken
from netops.core.plane import Plane
from netops.core.sheet import Place
from netops.core.toml import Source, settled
from netops.declarations.declaration import Application, Details, Equipment, Statements
from netops.declarations.fields import FIELD, PARTS, Field

LONGEST = 2000
MOST_EQUIPMENT = 1000
PLAIN = (
    "number", "version", "organization", "plane", "authority", "place", "nature", "scope", "lan", "user_class", "terminals",
    "measures", "need", "responsible", "security_officer", "contact", "date", "until", "sealed",
)  # fmt: skip
"""Keys of the form in its order; `kinds` comes after the terminals."""


class Form(msgspec.Struct, frozen=True):
    """
    A form that was read.

    Args:
        number: "" for a first declaration.
        version: the version that it changes, or 0 when it does not say.
        at: where the form begins; *places*: of each field; *pieces*: of each row of its tables.
        paper: True when a number that is not there is one on paper, and stays.
    """

    number: str
    stated: Statements
    version: int = 0
    at: Place = Place("", "", 1)
    places: Mapping[str, Place] = {}
    pieces: Mapping[str, tuple[Place, ...]] = {}

    def place(self, field: str, piece: int = -1) -> Place:
        """Where a field stands, or a row of the table of this name; else where the form begins."""
        rows = self.pieces.get(field, ())
        return rows[piece] if 0 <= piece < len(rows) else self.places.get(field, self.at)


class _Table(Details, frozen=True):
    organization: str
    plane: Plane
    nature: str
    scope: str
    terminals: int
    number: str = ""
    version: int = 0
    contact: str = ""
    date: str = ""


# ---- written
def write(stated: Statements, number: str = "", version: int = 0) -> str:
    """The form as text in the language in use, with what is known filled in; `read` takes it back."""
    language = spoken()
    values: dict[str, Any] = {name: getattr(stated, name, "") for name in PLAIN} | {
        "number": number,
        "version": version,
    }
    lines = [
        "# "
        + _(
            "Access declaration (Article 10). Filled in: netops declare check FILE; netops declare submit FILE"
        ),
        "",
        "[declaration]",
    ]
    for name in PLAIN:
        lines.append(f"{name} = {_text(values[name])}{_remark(FIELD[name], language)}")
        if name == "terminals":
            inner = ", ".join(f"{key} = {value}" for key, value in msgspec.to_builtins(stated.kinds).items())
            lines.append("kinds = { " + inner + " }  # " + _("wired, wireless, servers, other"))
    for part, pieces in (("equipment", stated.equipment), ("applications", stated.applications)):
        blank = (Equipment("") if part == "equipment" else Application(""),)
        lines += [
            "",
            "# "
            + (
                _("every network device: one [[equipment]]")
                if part == "equipment"
                else _("applications, where they are served")
            ),
        ]
        for piece in pieces or blank:
            lines += ["", f"[[{part}]]"]
            lines += [
                f"{field.name} = {_text(getattr(piece, field.name))}{_remark(field, language)}"
                for field in PARTS[part]
            ]
    return "\n".join([*lines, ""])


def _remark(field: Field, language: str) -> str:
    hint = _(field.hint)
    if field.choices and field.name not in ("kind", "sealed"):
        hint = "; ".join(f"{value}: {field.words(value, language)}" for value in field.choices)
    return (
        "  # "
        + field.label(language)
        + (f"：{hint}" if hint and language == "zh" else f": {hint}" if hint else "")
    )


def _text(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    # A JSON string is a TOML basic string, once DEL, which JSON leaves bare, is escaped (TOML v1.0.0, String).
    return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


# ---- read
def read(path: Path) -> Form:
    """
    The form in *path*.

    Raises:
        Faults: unknown keys, missing keys, wrong types, texts too long, no date: all at once, each with its line.
    """
    faults: list[Text] = []
    source = Source(path, path.name, faults)
    form = None if faults else _form(source)
    settled("the declaration was not read", faults, "mend the lines above and check it again")
    assert form is not None  # noqa: S101 - settled raises otherwise
    return form


def _form(source: Source) -> Form | None:
    source.unknown({"declaration", "equipment", "applications"})
    raw = source.content.get("declaration")
    if not isinstance(raw, dict):
        source.fault(N_("the table [declaration] is missing"))
        return None
    table = source.struct(raw, _Table, "declaration")
    for key, value in raw.items():
        if isinstance(value, str) and len(value) > LONGEST:
            source.fault(Said("longer than {longest} characters", longest=LONGEST), "declaration", key=key)
    for key, what in _faults(table, table.version) if table else ():
        source.fault(what, "declaration", key=key)
    items = [(place, item) for place, item in source.entries("equipment", Equipment) if item != Equipment("")]
    served = [
        (place, item)
        for place, item in source.entries("applications", Application)
        if item != Application("")
    ]
    for name, several in (("equipment", items), ("applications", served)):
        if len(several) > MOST_EQUIPMENT:
            source.fault(Said("more than {most_equipment} pieces", most_equipment=MOST_EQUIPMENT), name)
        for place, item in several:
            for key, value in msgspec.structs.asdict(item).items():
                if len(value) > LONGEST:
                    source.fault(Said("longer than {longest} characters", longest=LONGEST), name, place, key)
    if table is None:
        return None
    known = {name: getattr(table, name) for name in Statements.__struct_fields__ if hasattr(table, name)}
    known["applications"] = (*table.applications, *(item for _, item in served))
    stated = Statements(**known, equipment=tuple(item for _, item in items))

    def at(line: int) -> Place:
        return Place(source.shown, "", line)

    places = {key: at(source.line("declaration", key=key)) for key in raw}
    pieces = {name: tuple(at(source.line(name, place)) for place, _ in several)
              for name, several in (("equipment", items), ("applications", served))}  # fmt: skip
    return Form(table.number, stated, table.version, at(source.line("declaration")), places, pieces)


def wrong(stated: Statements, version: int = 0) -> Iterator[tuple[str, Text]]:
    """What no form may say, by field: numbers below 0, days that are none, texts and tables that are too long."""
    yield from _faults(stated, version)
    texts = [(key, value) for key, value in msgspec.structs.asdict(stated).items() if isinstance(value, str)]
    for name in PARTS:
        pieces = getattr(stated, name)
        if len(pieces) > MOST_EQUIPMENT:
            yield name, f"more than {MOST_EQUIPMENT} pieces"
        texts += [(name, value) for piece in pieces[:MOST_EQUIPMENT] for value in msgspec.structs.asdict(piece).values()]
    yield from ((key, f"longer than {LONGEST} characters") for key, value in texts if len(value) > LONGEST)


def _faults(table: _Table | Statements, version: int) -> Iterator[tuple[str, Text]]:
    for key, value in (("terminals", table.terminals), ("version", version)):
        if value < 0:
            yield key, f"{value} is less than 0"
    if any(value < 0 for value in msgspec.structs.astuple(table.kinds)):
        yield "kinds", "a number is less than 0"
    for key in ("date", "until"):
        if (text := getattr(table, key)) and not _is_date(text):
            yield key, f"{text!r} is not a date; write it as 2026-11-20"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
