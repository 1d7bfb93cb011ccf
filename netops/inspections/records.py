"""What the registers hold when an inspection asks: records, and what their rules say of them now. Pure; no I/O."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import msgspec

from netops.core.language import N_
from netops.core.plane import Plane

LACKS = {
    "missing_value": N_("a value is missing"),
    "contrary_value": N_("it says itself that the duty is not done"),
    "expired_record": N_("it is over"),
    "dangling_reference": N_("it points at a record that is gone"),
    "owner_gone": N_("its organization is not registered any more"),
    "outdated_record": N_("it is too old"),
    "overdue_record": N_("a step is overdue"),
    "dates_out_of_order": N_("its dates are out of order"),
    "duplicate_value": N_("another record says the same"),
    "missing_record": N_("the record is missing"),
    "off_platform": N_("it is outside the platform"),
    "used_before_acceptance": N_("it is in use without acceptance"),
    "uncertified_product": N_("a security device has no record"),
    "untrained_staff": N_("fewer hold the certificate than must"),
    "unlike": N_("it does not say what is asked for"),
}
"""What a record falls short in, by kind of finding, as a sentence says it."""
FORESEEN = ("expiring_record",)
"""Kinds that only warn of what is still to come."""


class RecordFact(msgspec.Struct, frozen=True):
    """One standing record of a register; *values* by field, empty fields absent."""

    register: str
    number: str
    plane: Plane
    organization: str
    title: str
    values: dict[str, Any]
    version: int = 1

    @property
    def shown(self) -> str:
        """As evidence names it: number and version."""
        return f"{self.number} v{self.version}"


class Shortfall(msgspec.Struct, frozen=True):
    """
    What a rule of the registers says now.

    Args:
        kind: of the finding that it makes.
        duties: ids of the duties behind it.
        record: number, or "" where the record itself is missing.
        finding: id in the docket, or "" when no round wrote it down yet; *proof*: ids of its evidence.
        excused_until: ISO date until which an exception stands, or "".
    """

    kind: str
    duties: tuple[str, ...]
    register: str
    organization: str
    record: str = ""
    finding: str = ""
    proof: tuple[str, ...] = ()
    excused_until: str = ""


Wanted = Mapping[str, tuple[str, ...]]


def wanted(text: str) -> Wanted:
    """
    Conditions as a catalogue writes them: "class=news|notice, probed=yes, guided_on=*", where * is any value.

    Raises:
        ValueError: a condition is none.
    """
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (piece.strip() for piece in text.split(","))):
        name, equals, values = part.partition("=")
        if not equals or not name.strip() or not values.strip():
            raise ValueError(f"{part!r} is no condition such as class=news|notice")
        found[name.strip()] = tuple(one.strip() for one in values.split("|"))
    return found


def agrees(record: RecordFact, conditions: Wanted) -> bool:
    """Whether a record says what every condition asks for."""
    for name, values in conditions.items():
        held = record.values.get(name)
        said = ("yes" if held else "no") if isinstance(held, bool) else str(held if held is not None else "")
        if values == ("*",):
            if held is None:
                return False
        elif said not in values:
            return False
    return True


class Records(msgspec.Struct, frozen=True, dict=True):
    """
    Every register of the planes that are served.

    Args:
        titles: Chinese and English title of each register that the playbooks declare.
        answered, looked: when a page of a record last answered a visit, and was last looked at closely, by number.
    """

    rows: tuple[RecordFact, ...] = ()
    shortfalls: tuple[Shortfall, ...] = ()
    titles: dict[str, tuple[str, str]] = {}
    answered: dict[str, Any] = {}
    looked: dict[str, Any] = {}

    @cached_property
    def _rows(self) -> dict[tuple[str, str], list[RecordFact]]:
        found: dict[tuple[str, str], list[RecordFact]] = defaultdict(list)
        for one in self.rows:
            found[one.register, ""].append(one)
            found[one.register, one.organization].append(one)
        return found

    @cached_property
    def _short(self) -> dict[tuple[str, str], list[Shortfall]]:
        found: dict[tuple[str, str], list[Shortfall]] = defaultdict(list)
        for one in self.shortfalls:
            found[one.register, ""].append(one)
            found[one.register, one.organization].append(one)
        return found

    def of(self, register: str, organization: str = "", when: Wanted | None = None) -> list[RecordFact]:
        """Records of a register, of one organization or ("") of all, that say what *when* asks for."""
        return [one for one in self._rows.get((register, organization), ()) if agrees(one, when or {})]

    def short(
        self, register: str, organization: str = "", duty: str = "", among: Iterable[str] | None = None
    ) -> list[Shortfall]:
        """
        What falls short.

        Args:
            duty: only what this duty alone stands behind, records that are missing altogether among them; "" for
                whatever is said of the records that there are.
            among: numbers of the records that are meant.
        """
        numbers = None if among is None else {*among, *([""] if duty else [])}
        return [
            one
            for one in self._short.get((register, organization), ())
            if (not duty or one.duties == (duty,)) and (numbers is None or one.record in numbers)
        ]

    def called(self, register: str) -> dict[str, str]:
        """Title of a register in both languages, as facts of a sentence."""
        zh, en = self.titles.get(register, (register, register))
        return {"register_zh": zh, "register_en": en}
