"""The catalogue of an inspection (检查目录): items of a regulation or standard, from `playbooks/inspections/`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from netops.core.basis import Basis
from netops.core.errors import Missing, Refused
from netops.core.finding import Severity
from netops.core.language import spoken
from netops.core.plane import Plane
from netops.core.toml import Source, settled
from netops.inspections.answer import Parameter
from netops.inspections.checks import CHECKS
from netops.inspections.facts import Kind
from netops.inspections.records import wanted


class Method(StrEnum):
    """Who answers: a machine; a machine first and then a person; a person."""

    AUTOMATIC = "automatic"
    MIXED = "mixed"
    MANUAL = "manual"


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """One automatic check and what it is given."""

    check: str
    parameters: dict[str, Parameter] = {}


class Item(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One item (检查项): one duty, one question.

    Args:
        id: the duty, such as "A12-1"; unique in its catalogue.
        quote_zh: the words of the article.
        check, parameters: name of an automatic check and what it is given; "" for a manual item.
        also: further checks; the worst answer counts.
        applies_to: kinds of organization that the duty binds; *planes*: planes it is about.
        weight: share in a score, from 1.
        evidence: what is wanted as proof, in the words of the regulation's evidence vocabulary.
    """

    id: str
    article: int
    quote_zh: str
    question_zh: str
    question_en: str
    method: Method
    applies_to: tuple[Kind, ...]
    planes: tuple[Plane, ...]
    severity: Severity
    weight: int
    remedy_zh: str
    remedy_en: str
    check: str = ""
    parameters: dict[str, Parameter] = {}
    also: tuple[Asked, ...] = ()
    evidence: tuple[str, ...] = ()

    @property
    def asked(self) -> tuple[Asked, ...]:
        """Every check of it, in order; none for a manual item."""
        return (Asked(self.check, self.parameters), *self.also) if self.check else ()

    @property
    def question(self) -> str:
        """The question in the language in use."""
        return self.question_en if spoken() == "en" else self.question_zh

    @property
    def remedy(self) -> str:
        """What mends it, in the language in use."""
        return self.remedy_en if spoken() == "en" else self.remedy_zh


class Head(msgspec.Struct, frozen=True):
    """`[catalogue]`: what it is, which version, and the days on which it may be used (ISO, "" open)."""

    name: str
    version: str
    title_zh: str
    title_en: str
    instrument: str
    in_force_from: str
    in_force_to: str = ""
    verified: bool = True
    note_zh: str = ""
    terms: dict[Severity, int] = {}


class Selection(msgspec.Struct, frozen=True, rename={"source": "from"}):
    """`[[select]]`: items of another catalogue, by id."""

    source: str
    items: tuple[str, ...]


class Catalogue(msgspec.Struct, frozen=True):
    """A catalogue with every item, its own and the selected ones, in order."""

    head: Head
    items: tuple[Item, ...]

    @property
    def title(self) -> str:
        """Its title in the language in use."""
        return self.head.title_en if spoken() == "en" else self.head.title_zh

    def basis(self, item: Item) -> Basis:
        """The place in the regulation that an item stands on."""
        return Basis(item.article, self.head.instrument, item.id)

    def term_days(self, item: Item) -> int:
        """Days that the office gives for mending, by severity; 30 unless the catalogue says otherwise."""
        return self.head.terms.get(item.severity, 30)

    def is_in_force(self, day: date) -> bool:
        """Whether an inspection may use it on *day*."""
        return self.head.in_force_from <= day.isoformat() and (
            not self.head.in_force_to or day.isoformat() <= self.head.in_force_to
        )


def read(playbooks: Path) -> dict[str, Catalogue]:
    """
    Every catalogue in the playbooks' folder `inspections/`, by name.

    Raises:
        Faults: unknown keys, wrong types, duplicate ids, dangling selections, unknown checks: all at once.
    """
    faults: list[str] = []
    folder = playbooks / "inspections"
    if not folder.is_dir():
        faults.append(f"{folder}: there is no such folder")
    sources = [Source(path, path.name, faults) for path in sorted(folder.glob("*.toml"))]
    own: dict[str, tuple[Head, list[Item]]] = {}
    for source in sources:
        source.unknown({"catalogue", "item", "select"})
        head = _head(source)
        items = _items(source)
        if head is not None and head.name in own:
            source.fault(f"there is another catalogue named {head.name!r}", "catalogue", key="name")
        elif head is not None:
            own[head.name] = (head, items)
    whole: dict[str, Catalogue] = {}
    for source in sources:
        table = source.content.get("catalogue")
        name = table.get("name") if isinstance(table, dict) else None
        if isinstance(name, str) and name in own and name not in whole:
            head, items = own[name]
            whole[name] = Catalogue(head, (*items, *_selected(source, own, {item.id for item in items})))
    settled(
        "the catalogues were not read",
        faults,
        "mend the lines above; netops inspect catalogue reads them again",
    )
    return whole


def load(playbooks: Path, name: str, day: date | None = None) -> Catalogue:
    """
    The catalogue called *name*.

    Raises:
        Missing: there is none.
        Refused: it is not in force on *day*, when a day is given.
    """
    known = read(playbooks)
    if name not in known:
        raise Missing(
            "there is no catalogue {name}",
            "known are: {known}",
            "netops inspect catalogue",
            name=name,
            known=", ".join(sorted(known)),
        )
    if day is not None and not known[name].is_in_force(day):
        raise Refused(
            "the catalogue {name} was not used",
            "its version {version} is not in force on {day}",
            "use a version that is, or mend in_force_from and in_force_to",
            name=name,
            version=known[name].head.version,
            day=day.isoformat(),
        )
    return known[name]


def _head(source: Source) -> Head | None:
    raw = source.content.get("catalogue")
    if not isinstance(raw, dict):
        if source.content:
            source.fault("[catalogue] is missing")
        return None
    head = source.struct(raw, Head, "catalogue")
    if head is not None:
        for key in ("in_force_from", "in_force_to"):
            if not _is_day(getattr(head, key)) and (key == "in_force_from" or getattr(head, key)):
                source.fault(f"{getattr(head, key)!r} is not a date such as 2026-01-01", "catalogue", key=key)
    return head


def _items(source: Source) -> list[Item]:
    items, places = [], dict[str, int]()
    for index, item in source.entries("item", Item):
        if item.id in places:
            source.fault(f"{item.id!r} is there already, on line {places[item.id]}", "item", index, "id")
            continue
        places[item.id] = source.line("item", index, "id")
        for key, message in _faulty(item):
            source.fault(message, "item", index, key)
        items.append(item)
    return items


def _faulty(item: Item) -> list[tuple[str, str]]:
    """(key, message) of everything in an item that its types alone do not forbid."""
    found: list[tuple[str, str]] = []
    found += [
        (key, "must not be empty")
        for key in ("id", "quote_zh", "question_zh", "applies_to", "planes")
        if not getattr(item, key)
    ]
    if item.article < 1:
        found.append(("article", f"{item.article} is less than 1"))
    if item.weight < 1:
        found.append(("weight", f"{item.weight} is less than 1"))
    if item.method is Method.MANUAL and (item.check or item.also):
        found.append(("check", "a manual item has no check"))
    elif item.method is not Method.MANUAL and not item.check:
        found.append(("check", f"an item that is {item.method} needs a check"))
    for place, asked in enumerate(item.asked):
        found += [("also" if place else key, message) for key, message in _unfit(asked)]
    return found


def _unfit(asked: Asked) -> Iterator[tuple[str, str]]:
    """(key, message) of everything in a check that cannot be asked so."""
    if asked.check not in CHECKS:
        yield "check", f"there is no check {asked.check!r}; known are: {', '.join(CHECKS)}"
        return
    known = CHECKS[asked.check].parameters
    for name, value in asked.parameters.items():
        if name not in known:
            yield "parameters", f"{asked.check} has no parameter {name!r}; known: {', '.join(known) or 'none'}"
        elif type(value) is not type(known[name]):
            yield "parameters", f"{name} = {value!r} must be like {known[name]!r}"
        elif isinstance(value, int) and not isinstance(value, bool) and value < 1:
            yield "parameters", f"{name} = {value} is less than 1"
        elif name in ("when", "must"):
            try:
                wanted(str(value))
            except ValueError as error:
                yield "parameters", f"{name}: {error}"
        elif name == "plane" and value not in list(Plane):
            yield "parameters", f"plane = {value!r} is none of {', '.join(Plane)}"


def _selected(source: Source, own: dict[str, tuple[Head, list[Item]]], taken: set[str]) -> list[Item]:
    """The items that a catalogue selects from others' own items."""
    chosen: list[Item] = []
    for index, selection in source.entries("select", Selection):
        if selection.source not in own:
            source.fault(f"there is no catalogue {selection.source!r}", "select", index, "from")
            continue
        known: dict[str, Any] = {item.id: item for item in own[selection.source][1]}
        for name in selection.items:
            if name not in known:
                source.fault(f"{selection.source} has no item {name!r}", "select", index, "items")
            elif name in taken:
                source.fault(f"{name!r} is there already", "select", index, "items")
            else:
                taken.add(name)
                chosen.append(known[name])
    return chosen


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
