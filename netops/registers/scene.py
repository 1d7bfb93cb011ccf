"""What the rules of registers look at: one plane's records beside organizations, devices and what was seen in use. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from functools import cached_property
from typing import Any

import msgspec

from netops.core.evidence import Evidence
from netops.core.finding import Conclusion
from netops.core.plane import Plane
from netops.registers.entry import Entry, EntryState
from netops.registers.kind import Check, Field, Kind


class Body(msgspec.Struct, frozen=True):
    """An organization that has duties: a department of the city, or a county, city or district."""

    code: str
    is_county: bool


class Guard(msgspec.Struct, frozen=True):
    """A security device of the inventory."""

    name: str
    organization: str
    address: str


class Connected(msgspec.Struct, frozen=True):
    """A declaration that is connected: its number, whose it is, since when."""

    number: str
    organization: str
    since: datetime


class Use(msgspec.Struct, frozen=True):
    """
    That something of a project was seen in use: what, and on which day last.

    Args:
        clients: how many it served as the kept flows say; 0 when its page answered a visit.
    """

    what: str
    day: date
    clients: int = 0


class Scene(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """
    One plane's registers.

    Args:
        today: in the city.
        records: standing ones, by kind.
        states: of every record of both planes, by number: what references may mean.
        organizations: codes that are registered; *bodies*: those that have duties.
        nets: prefixes of the plane, as text.
        used: by number of a project.
        outlived: by register and organization, how many records are past their term, whole or in part.
        connected: declarations that must have an entry inspection; () where none is asked for.
    """

    plane: Plane
    at: datetime
    today: date
    kinds: Mapping[str, Kind]
    records: Mapping[str, tuple[Entry, ...]]
    states: Mapping[str, EntryState]
    organizations: frozenset[str]
    bodies: tuple[Body, ...] = ()
    nets: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    used: Mapping[str, Use] = {}
    connected: tuple[Connected, ...] = ()
    outlived: Mapping[tuple[str, str], int] = {}

    @cached_property
    def kept(self) -> tuple[Kind, ...]:
        """Registers that are in use here: a register without a record asks for nothing."""
        return tuple(kind for name, kind in self.kinds.items() if self.records.get(name))

    def every(self) -> Iterator[tuple[Kind, Entry]]:
        """Each standing record with its register."""
        for kind in self.kept:
            for entry in self.records[kind.kind]:
                yield kind, entry

    def checked(self, *rules: str) -> Iterator[tuple[Kind, Check, Entry]]:
        """Each check of these rules with each record that it concerns."""
        for kind in self.kept:
            for check in kind.checks:
                if check.rule in rules:
                    for entry in self.records[kind.kind]:
                        if check.concerns(entry.values):
                            yield kind, check, entry

    def conclusion(
        self,
        code: str,
        kind: Kind,
        entry: Entry,
        field: Field | None,
        duty: str = "",
        mark: str = "",
        **facts: str,
    ) -> Conclusion:
        """A conclusion about a field of a record, its values as evidence, nothing of a person in it."""
        names = [field.name] if field else []
        told = {name: entry.values.get(name) for name in names if not kind.field[name].personal}
        body: dict[str, object] = {"register": kind.kind, "version": entry.version, "values": told}
        # Where people call a record by a person's name, the register's name stands in its place.
        title = (
            both("title", kind.head.title_zh, kind.head.title_en)
            if kind.field[kind.head.name].personal
            else {"title": entry.title}
        )
        said = {
            "number": entry.number,
            **title,
            **both("register", kind.head.title_zh, kind.head.title_en),
            **(both("field", field.zh, field.en) if field else {}),
            "organization": entry.organization,
            **facts,
        }
        subject = {
            "organization": entry.organization,
            "record": entry.number,
            **({"field": field.name} if field else {}),
        }
        return Conclusion(
            code, self.plane, subject, entry.organization, said,
            (Evidence("register", entry.number, kind.kind, body, entry.changed_at),), self.at,
            identity=f"{entry.number} {field.name if field else ''} {mark}".strip(),
            basis=kind.basis(duty or (field.duty if field else "")),
        )  # fmt: skip


def term(period: str) -> dict[str, str]:
    """A period such as 12m as a fact in both languages."""
    count, unit = period[:-1], period[-1]
    return both(
        "period",
        f"{count} { {'d': '天', 'm': '个月', 'y': '年'}[unit]}",
        f"{count} { {'d': 'days', 'm': 'months', 'y': 'years'}[unit]}",
    )


def both(name: str, zh: str, en: str) -> dict[str, str]:
    """A fact in both languages, filled in by the one in use."""
    return {f"{name}_zh": zh, f"{name}_en": en}


def said(value: Any) -> str:
    """A stored value in a fact."""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)
