"""One item of a catalogue (检查项): a duty, a question, and who or what answers it. Pure; no I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from netops.core.finding import Severity
from netops.core.language import spoken
from netops.core.organization import Level
from netops.core.plane import Plane
from netops.inspections.answer import Parameter
from netops.inspections.checks import CHECKS
from netops.inspections.facts import Kind
from netops.inspections.records import wanted

DUTY = re.compile(r"A\d\d-\d+")


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
        levels: levels of government, and *protection*: levels of classified protection that it binds; () all.
        weight: points in a score, from 1.
        evidence: what is wanted as proof, in the words of the regulation's evidence vocabulary.
        clause: number of the clause in a standard, such as "8.1.3.1 c"; "" where articles are counted.
        system: key in `law/systems.toml` of the system of the regulation that it covers.
        duties: duties of the city's regulation that a breach of it breaks too; the gate looks at them.
        verified: False when its words or its place were not verified at their source.
        home, instrument, cite: of the catalogue that it is an own item of; filled in when it is read.
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
    levels: tuple[Level, ...] = ()
    protection: tuple[int, ...] = ()
    clause: str = ""
    system: str = ""
    duties: tuple[str, ...] = ()
    verified: bool = True
    home: str = ""
    instrument: str = ""
    cite: str = ""

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


def faulty(item: Item) -> list[tuple[str, str]]:
    """(key, message) of everything in an item that its types alone do not forbid."""
    found: list[tuple[str, str]] = []
    found += [
        (key, "must not be empty")
        for key in ("id", "quote_zh", "question_zh", "applies_to", "planes")
        if not getattr(item, key)
    ]
    found += [("duties", f"{one!r} is no duty such as A12-1") for one in item.duties if not DUTY.fullmatch(one)]
    found += [("protection", f"{one} is no level from 1 to 5") for one in item.protection if not 1 <= one <= 5]
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
