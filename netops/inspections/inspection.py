"""An inspection (检查): one organization, one version of a catalogue, the answers of three parties side by side. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from functools import cached_property
from typing import Any

import msgspec

from netops.core.clock import CITY_ZONE
from netops.core.language import _, series, spoken
from netops.inspections.answer import Judgement, Result
from netops.inspections.catalogue import Catalogue
from netops.inspections.facts import kind_words
from netops.inspections.item import Item, Method
from netops.inspections.records import LACKS
from netops.inspections.sampling import Sample


class Party(StrEnum):
    """Who answers; none of them overwrites another."""

    MACHINE = "machine"
    INSPECTOR = "inspector"
    DEPARTMENT = "department"


class Answer(msgspec.Struct, frozen=True):
    """
    One answer as it was given; a later one of the same party stands beside it, not over it.

    Args:
        judgement: result and reason; a person's reason is *note*.
        actor: who answered; for the machine, who ran it.
    """

    item: str
    party: Party
    judgement: Judgement
    note: str
    actor: str
    at: datetime


class Progress(msgspec.Struct, frozen=True):
    """How far it is: items that bind the organization, those answered, those that wait for a person, and counts by result."""

    total: int
    answered: int
    to_confirm: int
    results: dict[str, int]


class Inspection(msgspec.Struct, frozen=True, dict=True):
    """
    One inspection with everything that was said in it.

    Args:
        number: such as "IS-2026-0001".
        catalogue: as it stood when the inspection began.
        inspectors: names; two or more for a visit.
        planned_for: ISO date of the visit, or "".
        checked_at: when the machine last answered, or None.
        answers: oldest first.
        sample: devices and addresses that are looked at on the spot, or None.
    """

    number: str
    catalogue: Catalogue
    organization: str
    opened_at: datetime
    opened_by: str
    inspectors: tuple[str, ...] = ()
    planned_for: str = ""
    checked_at: datetime | None = None
    answers: tuple[Answer, ...] = ()
    sample: Sample | None = None

    @cached_property
    def latest(self) -> dict[tuple[str, Party], Answer]:
        """The last answer of each party to each item."""
        return {(one.item, one.party): one for one in self.answers}

    def by(self, item: Item, party: Party) -> Answer | None:
        """What a party says of an item now."""
        return self.latest.get((item.id, party))

    def standing(self, item: Item) -> Answer | None:
        """The answer that counts: the inspector's, else the machine's. The department's stands beside it."""
        return self.by(item, Party.INSPECTOR) or self.by(item, Party.MACHINE)

    def result(self, item: Item) -> Result:
        """The result that counts; unchecked when nobody answered."""
        answer = self.standing(item)
        return answer.judgement.result if answer else Result.UNCHECKED

    def waits(self, item: Item) -> bool:
        """Whether an inspector still has to confirm or answer it."""
        return (
            item.method is not Method.AUTOMATIC
            and self.by(item, Party.INSPECTOR) is None
            and self.result(item) is not Result.NOT_APPLICABLE
        )

    def contested(self, item: Item) -> bool:
        """Whether the parties that answered disagree."""
        said = {answer.judgement.result for party in Party if (answer := self.by(item, party))}
        return len(said - {Result.UNCHECKED}) > 1

    def item(self, name: str) -> Item | None:
        """The item of that id."""
        return next((item for item in self.catalogue.items if item.id == name), None)

    def progress(self) -> Progress:
        """How far it is."""
        return self._progress

    @cached_property
    def _progress(self) -> Progress:
        results = Counter(self.result(item) for item in self.catalogue.items)
        total = len(self.catalogue.items) - results[Result.NOT_APPLICABLE]
        waiting = sum(self.waits(item) for item in self.catalogue.items)
        return Progress(
            total, total - results[Result.UNCHECKED], waiting, {result: results[result] for result in Result}
        )

    def overdue(self, at: datetime, terms: Mapping[str, str] = {}) -> list[tuple[Item, Answer, datetime]]:
        """
        Items that do not conform beyond the office's term: the item, the answer, and when the term ended.

        Args:
            terms: ISO date of the last day for items that have one of their own, by id.
        """
        found = []
        for item in self.catalogue.items:
            answer = self.standing(item)
            if answer is None or answer.judgement.result is not Result.NONCONFORM:
                continue
            ended = answer.at + timedelta(days=self.catalogue.term_days(item))
            if item.id in terms:
                ended = datetime.combine(date.fromisoformat(terms[item.id]), time.max, CITY_ZONE)
            if ended < at:
                found.append((item, answer, ended))
        return found

    def records(self) -> list[dict[str, Any]]:
        """Every item in JSON: the answer that counts, its reason and proof, and what each party said."""
        return [self._record(item) for item in self.catalogue.items]

    def _record(self, item: Item) -> dict[str, Any]:
        answer = self.standing(item)
        judgement = answer.judgement if answer else Judgement(Result.UNCHECKED, "")
        return {
            "id": item.id,
            "article": item.article,
            "basis": self.catalogue.cited(item),
            "instrument": self.catalogue.basis(item).instrument,
            "question": item.question,
            "quote_zh": item.quote_zh,
            "answer": judgement.result,
            "reason": said(answer),
            "evidence": judgement.evidence,
            "findings": judgement.findings,
            "method": item.method,
            "severity": item.severity,
            "remedy": item.remedy,
            "weight": item.weight,
            "verified": item.verified,
            "confirmed": not self.waits(item),
            "inspection": self.number,
            "organization": self.organization,
            "answers": {party: _told(given) for party in Party if (given := self.by(item, party))},
        }


def said(answer: Answer | None) -> str:
    """The reason of an answer as a sentence in the language in use: a person's note, or the machine's reason."""
    if answer is None:
        return ""
    return answer.note or sentence(answer.judgement)


def sentence(judgement: Judgement) -> str:
    """The reason with its facts, in the language in use; what it says in both languages comes as name_zh and name_en."""
    facts = {name: _worded(name, value) for name, value in judgement.facts.items()}
    mine, other = ("_en", "_zh") if spoken() == "en" else ("_zh", "_en")
    facts |= {name.removesuffix(mine): value for name, value in facts.items() if name.endswith(mine) and value}
    for name in [name for name in facts if name.endswith(other)]:
        facts.setdefault(name.removesuffix(other), facts[name])
    try:
        return _(judgement.reason).format(**facts)
    except (KeyError, IndexError, ValueError):  # a store written by another version
        return judgement.reason


def _worded(name: str, value: str) -> str:
    """A fact in the language in use, when it is one of our own words."""
    if name == "kinds":
        return series(map(kind_words, value.split(", ")))
    if name in ("plane", "planes", "rounds", "roles"):
        return series(_(part) for part in value.split(", "))
    if name == "lacks":
        return "; ".join(_lack(part) for part in value.split(", "))
    return " ".join(_(part) for part in value.split("/")) if name == "source" else value


def _lack(text: str) -> str:
    """"PRJ-0003/overdue_record" as a sentence says it."""
    record, slash, kind = text.rpartition("/")
    said = _(LACKS[kind]) if kind in LACKS else kind
    return f"{record} {said}" if slash else said


def _told(answer: Answer) -> dict[str, Any]:
    judgement = answer.judgement
    return {
        "answer": judgement.result,
        "reason": said(answer),
        "actor": answer.actor,
        "at": answer.at,
        "evidence": judgement.evidence,
        "findings": judgement.findings,
    }
