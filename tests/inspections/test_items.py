"""Every item of the shipped catalogues that a machine answers: once in order, once broken, once with nothing to see."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.core.basis import Basis
from netops.core.finding import Finding, Severity, State
from netops.core.plane import Plane
from netops.inspections.answer import Result
from netops.inspections.catalogue import read
from netops.inspections.checklist import lines
from netops.inspections.facts import (
    AccountFact,
    CaseFact,
    Facts,
    JournalFact,
    PaperFact,
    RunFact,
)
from netops.inspections.inspection import sentence
from netops.inspections.item import Asked, Item
from netops.inspections.records import RecordFact, Records, Shortfall, wanted
from netops.registers.kind import load
from tests.inspections.test_checks import CASES, FIN, LOOKS, NOON, ON_TIME, ROUTER, SEPARATE, SOUND, I

PLAYBOOKS = Path(__file__).parents[2] / "playbooks"
REGISTERS = load(PLAYBOOKS)
HOUR = timedelta(hours=1)
KNOWN = read(PLAYBOOKS)
ITEMS = {
    f"{one.basis(item).instrument}-{item.id}": item for one in KNOWN.values() for item in one.items if item.check
}
"""Each once, however many catalogues select it."""
ASKED = ITEMS | {
    f"{name} {place} {asked.check}": msgspec.structs.replace(item, check=asked.check, parameters=asked.parameters, also=())
    for name, item in ITEMS.items()
    for place, asked in enumerate(item.asked)
    if item.also
}
"""The same, and each check of an item that asks several by itself."""


def _value(register: str, name: str) -> Any:
    """Something that fits a field."""
    field = REGISTERS[register].field[name]
    return {
        "date": "2026-10-01", "yesno": True, "integer": 1, "number": 1.0, "addresses": ["10.20.11.3"], "period": "1d",
        "choice": field.choices[0].key if field.choices else "", "organization": "fin",
    }.get(field.type, "甲")  # fmt: skip


def rows(asked: Asked, organization: str) -> list[RecordFact]:
    """The record that a check asks for, as it should be."""
    register = str(asked.parameters.get("register", "sites" if asked.check == "pages_in_order" else ""))
    if not register:
        return []
    values = {name: _value(register, name) for name in REGISTERS[register].field}
    for text in (asked.parameters.get("when", ""), asked.parameters.get("must", "")):
        for name, allowed in wanted(str(text)).items():
            if allowed != ("*",):
                values[name] = {"yes": True, "no": False}.get(allowed[0], allowed[0])
    number = f"{register}-{asked.parameters.get('when', '')}"
    return [RecordFact(register, number, Plane.EXTRANET, organization, "甲", values)]


def sound(item: Item) -> Facts:
    """Everything in order that the item asks about."""
    held = list({row.number: row for asked in reversed(item.asked) for row in rows(asked, "fin")}.values())
    if item.check == "interfaces_provided":
        delivered = {"resource": "CAT-1", "last_delivery": "2026-11-19"}
        held = [RecordFact("catalogue", "CAT-1", Plane.EXTRANET, "fin", "甲", {"listed": True}),
                RecordFact("interfaces", "API-1", Plane.EXTRANET, "fin", "甲", delivered)]  # fmt: skip
    seen = {row.number: NOON - HOUR for row in held}
    return msgspec.structs.replace(
        SOUND, kinds=frozenset(item.applies_to), records=Records(tuple(held), (), {}, seen, seen),
        looks={**LOOKS}, listened={(plane, ""): NOON - HOUR for plane in Plane}, cases=(),
        runs=(RunFact("backup", 86400, NOON - HOUR), RunFact("walk", 300, NOON)),
        accounts=(AccountFact("a", "甲", "system"), AccountFact("b", "乙", "security"), AccountFact("c", "丙", "auditor")),
        journal=JournalFact(3, "ab" * 32), flow_days=200, incidents=(ON_TIME,), inspected={"fin": NOON - HOUR},
        devices=(*SOUND.devices, msgspec.structs.replace(ROUTER, name="in-r", plane=I, exporter=False, organization="centre")),
        exits=(SEPARATE,) if item.check == "separate_exit_filed" else (),
        papers=tuple(PaperFact("1", "rectification_order", "fin", (f"measures:{str(asked.parameters['duties']).split(',')[0]}1",),
                               "2026-05-01") for asked in item.asked if asked.check == "orders_lawful"),
    )  # fmt: skip


def broken(item: Item) -> Facts:
    """The same with the first check's breach in it."""
    facts, asked = sound(item), item.asked[0]
    assert facts.records is not None
    book, given = facts.records, asked.parameters
    if asked.check == "recorded":
        if given.get("fields") or given.get("must"):
            names = {one.strip() for one in str(given.get("fields", "")).split(",")} | set(wanted(str(given.get("must", ""))))
            stripped = tuple(_without(row, names) if row.register == given["register"] else row for row in book.rows)
            return msgspec.structs.replace(facts, records=msgspec.structs.replace(book, rows=stripped))
        if given.get("duty"):
            mine = [row for row in book.rows if row.register == given["register"]]
            short = tuple(
                Shortfall("overdue_record", (str(given["duty"]),), row.register, row.organization, row.number) for row in mine
            )
            return msgspec.structs.replace(facts, records=msgspec.structs.replace(book, shortfalls=short))
        other = tuple(msgspec.structs.replace(row, organization="edu") for row in book.rows)
        return msgspec.structs.replace(facts, records=msgspec.structs.replace(book, rows=other))
    if asked.check in ("pages_in_order", "nothing_found"):
        kind = str(given["kinds"]).split(",")[0].strip()
        number = book.rows[0].number if book.rows else ""
        found = Finding(
            id="F-0042", code="XX-001", kind=kind, plane=Plane(given.get("plane", "extranet")), severity=Severity.HIGH,
            organization="fin", subject={"record": number}, basis=(Basis(12),), facts={}, first_seen=NOON, last_seen=NOON,
            count=1, state=State.OPEN, evidence=("EV-1",),
        )  # fmt: skip
        return msgspec.structs.replace(facts, findings=(found,))
    if asked.check == "topology_complete" and given.get("plane") == "intranet":
        drift = CASES["topology_complete"][1].findings[0]
        return msgspec.structs.replace(facts, findings=(msgspec.structs.replace(drift, plane=I),))
    if asked.check == "orders_lawful":
        return msgspec.structs.replace(facts, papers=(msgspec.structs.replace(facts.papers[0], lapsed=("hunan-39",)),))  # type: ignore[index]
    if asked.check == "interfaces_provided":
        return msgspec.structs.replace(facts, records=msgspec.structs.replace(book, rows=book.rows[:1]))
    if asked.check == "everyone_recorded":
        other = tuple(msgspec.structs.replace(row, organization="edu") for row in book.rows)
        return msgspec.structs.replace(facts, records=msgspec.structs.replace(book, rows=other))
    if asked.check == "runs_safely":
        return msgspec.structs.replace(facts, cases=(CaseFact("INC-1", "fin", "6.7", NOON, is_open=True, overdue=True),))
    if asked.check == "no_such_incident":
        category = str(given["categories"]).split(",")[0] + ".1"
        return msgspec.structs.replace(facts, cases=(CaseFact("INC-1", "fin", category, NOON, is_open=True),))
    return msgspec.structs.replace(CASES[asked.check][1], kinds=frozenset(item.applies_to))


def blind(item: Item) -> Facts:
    """Nothing was ever seen, written or read."""
    never = msgspec.structs.replace(SEPARATE, first_seen=None)
    return Facts(
        organization=FIN, kinds=frozenset(item.applies_to), at=NOON, records=Records(), prefixes=SOUND.prefixes,
        exits=(never,) if item.check == "separate_exit_filed" else (),
    )  # fmt: skip


def _without(row: RecordFact, names: set[str]) -> RecordFact:
    return msgspec.structs.replace(row, values={name: value for name, value in row.values.items() if name not in names})


def judged(item: Item, facts: Facts) -> tuple[Result, str]:
    """What the machine says of one item, and the sentence."""
    catalogue = msgspec.structs.replace(KNOWN["measures"], items=(item,))
    level = item.protection[0] if item.protection else facts.organization.protection_level
    body = msgspec.structs.replace(facts.organization, protection_level=level)
    line = lines(catalogue, msgspec.structs.replace(facts, organization=body))[0]
    assert len(line.evidence) == len(item.asked)
    return line.judgement.result, sentence(line.judgement)


@pytest.mark.parametrize("name", ASKED)
def test_each_item_says_in_order_broken_and_unseen(name: str) -> None:
    """符合 when all that it asks about is there; 不符合 when its own check finds the breach; never 符合 when nothing was seen."""
    item = ASKED[name]

    good, bad, dark = judged(item, sound(item)), judged(item, broken(item)), judged(item, blind(item))

    assert (Result.CONFORM, Result.NONCONFORM, Result.UNCHECKED) == (good[0], bad[0], dark[0]), (good, bad, dark)
    assert not any("{" in text for _result, text in (good, bad, dark))


def test_every_item_that_a_machine_answers_is_among_them() -> None:
    """83 of the 86 duties, with every check that each of them asks, and what the standards ask besides."""
    duties = {name for name in ITEMS if name.startswith("measures-")}
    assert {f"measures-{item.id}" for item in KNOWN["measures"].items if item.check} == duties
    assert (83, sum(len(item.asked) for item in ITEMS.values() if item.also)) == (len(duties), len(ASKED) - len(ITEMS))


def test_of_the_86_duties_at_least_65_are_answered_by_a_machine() -> None:
    """The rest are questions that no record can answer: false information, encouragement, discipline of officials."""
    measures = KNOWN["measures"].items

    assert (86, ["A17-3", "A26-1", "A36-1"]) == (len(measures), [item.id for item in measures if not item.check])




def test_a_standard_binds_only_its_level_and_an_unknown_level_is_unchecked() -> None:
    """Level 3 clauses do not bind a body of level 2; without a level nobody can say."""
    item = next(item for name, item in ITEMS.items() if name.endswith("L3-BOU-3"))
    catalogue = msgspec.structs.replace(KNOWN["protection_3"], items=(item,))

    def said(level: int) -> Result:
        facts = sound(item)
        body = msgspec.structs.replace(facts.organization, protection_level=level)
        return lines(catalogue, msgspec.structs.replace(facts, organization=body))[0].judgement.result

    assert [Result.CONFORM, Result.CONFORM, Result.NOT_APPLICABLE, Result.UNCHECKED] == [said(level) for level in (3, 4, 2, 0)]
