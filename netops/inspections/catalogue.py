"""The catalogue of an inspection (检查目录): items of a regulation or standard, from `playbooks/inspections/`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from netops.core.basis import Basis
from netops.core.errors import Missing, Refused
from netops.core.finding import Severity
from netops.core.language import N_, Said, Text, spoken
from netops.core.toml import Source, settled
from netops.inspections.item import Item, faulty


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
    cite: str = ""
    """What stands before a clause, such as "GB/T 22239-2019"."""


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
        return Basis(item.article, item.instrument or self.head.instrument, item.id)

    def cited(self, item: Item) -> str:
        """第十二条 (article 12), or GB/T 22239-2019 8.1.3.1 c."""
        if item.clause:
            return f"{item.cite} {item.clause}".strip()
        return f"article {item.article}" if spoken() == "en" else self.basis(item).label

    def bases(self, item: Item) -> tuple[Basis, ...]:
        """What the gate is asked with: the item's own place, and the duties of the city's regulation behind it."""
        behind = tuple(Basis(int(one[1:3]), duty=one) for one in item.duties)
        return behind or (self.basis(item),)

    def term_days(self, item: Item) -> int:
        """Days that the office gives for mending, by severity; 30 unless the catalogue says otherwise."""
        return self.head.terms.get(item.severity, 30)

    def is_in_force(self, day: date) -> bool:
        """Whether an inspection may use it on *day*."""
        return self.head.in_force_from <= day.isoformat() and (
            not self.head.in_force_to or day.isoformat() <= self.head.in_force_to
        )


class _Edition(msgspec.Struct, frozen=True):
    """One file: a version of a catalogue."""

    source: Source
    head: Head
    items: tuple[Item, ...]


def read(playbooks: Path, day: date | None = None) -> dict[str, Catalogue]:
    """
    Every catalogue in the playbooks' folder `inspections/`, by name, in the version that is in force on *day*.

    Several files may be versions of one catalogue when their days do not meet; where none is in force on *day*, or no day is
    given, the newest is taken.

    Raises:
        Faults: unknown keys, wrong types, duplicate ids, dangling selections, unknown checks: all at once.
    """
    faults: list[Text] = []
    folder = playbooks / "inspections"
    if not folder.is_dir():
        faults.append(Said("there is no such folder").at(folder))
    editions: list[_Edition] = []
    for source in (Source(path, path.name, faults) for path in sorted(folder.glob("*.toml"))):
        source.unknown({"catalogue", "item", "select"})
        head, items = _head(source), _items(source)
        if head is None:
            continue
        if meeting := next((one for one in editions if _meet(one.head, head)), None):
            told = f"there is another catalogue named {head.name!r} for these days, in {meeting.source.shown}"
            source.fault(told, "catalogue", key="name")
            continue
        whose = {"home": head.name, "instrument": head.instrument, "cite": head.cite}
        mine = tuple(msgspec.structs.replace(item, **whose) for item in items)
        editions.append(_Edition(source, head, mine))
    chosen = _chosen(editions, day)
    own = {name: one.items for name, one in chosen.items()}
    whole = {
        name: Catalogue(one.head, (*one.items, *_selected(one.source, own, {item.id for item in one.items})))
        for name, one in chosen.items()
    }
    settled(
        "the catalogues were not read",
        faults,
        "mend the lines above; netops inspect catalogue check reads them again",
    )
    return whole


def _meet(one: Head, other: Head) -> bool:
    """Whether two files are the same catalogue on some day."""
    last = "9999-12-31"
    return (
        one.name == other.name
        and one.in_force_from <= (other.in_force_to or last)
        and other.in_force_from <= (one.in_force_to or last)
    )


def _chosen(editions: list[_Edition], day: date | None) -> dict[str, _Edition]:
    found: dict[str, _Edition] = {}
    for one in sorted(editions, key=lambda edition: edition.head.in_force_from):
        held = found.get(one.head.name)
        if held is None or day is None or not Catalogue(held.head, ()).is_in_force(day):
            found[one.head.name] = one
    return found


def load(playbooks: Path, name: str, day: date | None = None) -> Catalogue:
    """
    The catalogue called *name*.

    Raises:
        Missing: there is none.
        Refused: it is not in force on *day*, when a day is given.
    """
    known = read(playbooks, day)
    if name not in known:
        raise Missing(
            "there is no catalogue {name}",
            "known are: {known}",
            "netops inspect catalogue list",
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
            source.fault(N_("[catalogue] is missing"))
        return None
    head = source.struct(raw, Head, "catalogue")
    if head is not None:
        for key in ("in_force_from", "in_force_to"):
            if not _is_day(getattr(head, key)) and (key == "in_force_from" or getattr(head, key)):
                source.fault(Said("{value!r} is not a date such as 2026-12-31", value=getattr(head, key)), "catalogue", key=key)
        if head.in_force_to and head.in_force_to < head.in_force_from:
            source.fault(Said(
                "{in_force_to!r} is before in_force_from", in_force_to=head.in_force_to
            ), "catalogue", key="in_force_to")
    return head


def _items(source: Source) -> list[Item]:
    items, places = [], dict[str, int]()
    for index, item in source.entries("item", Item):
        if item.id in places:
            source.fault(Said("{id!r} is there already, on line {value}", id=item.id, value=places[item.id]), "item", index, "id")
            continue
        places[item.id] = source.line("item", index, "id")
        for key, message in faulty(item):
            source.fault(message, "item", index, key)
        items.append(item)
    return items


def _selected(source: Source, own: dict[str, tuple[Item, ...]], taken: set[str]) -> list[Item]:
    """The items that a catalogue selects from others' own items."""
    chosen: list[Item] = []
    for index, selection in source.entries("select", Selection):
        if selection.source not in own:
            source.fault(Said("there is no catalogue {source!r}", source=selection.source), "select", index, "from")
            continue
        known: dict[str, Any] = {item.id: item for item in own[selection.source]}
        for name in selection.items:
            if name not in known:
                source.fault(Said("{source} has no item {name!r}", source=selection.source, name=name), "select", index, "items")
            elif name in taken:
                source.fault(Said("{name!r} is there already", name=name), "select", index, "items")
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
