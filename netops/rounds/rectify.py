"""What follows an inspection: rectification items, answers, exceptions, and asking the same questions again."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, timedelta

import msgspec

from netops.core import docket
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import act
from netops.core.plane import Plane
from netops.desk import Desk
from netops.inspections import archive, followup
from netops.inspections.answer import Judgement
from netops.inspections.checklist import lines
from netops.inspections.inspection import Inspection
from netops.inspections.item import Item
from netops.inspections.rectification import EVIDENCE_ZH, Rectification, Verdict, excused, to_mend, verdict
from netops.inspections.rules import RULES, Followed
from netops.rounds import Progress, diary, known, silent

CONCLUDED_BY = {"TP": ("walk",), "AD": ("walk", "reconcile"), "DC": ("walk", "reconcile"), "EG": ("walk", "egress"),
                "RG-1": ("registers",), "RG-2": ("sites",)}  # fmt: skip
"""The rounds that conclude findings, by the beginning of their codes."""


class Demand(msgspec.Struct, frozen=True):
    """What would be asked to be mended: the item, what did not conform, until when, and the proof that is wanted."""

    item: Item
    said: Judgement
    due: str
    asked: str


class Rechecked(msgspec.Struct, frozen=True):
    """What asking again brought: rounds that ran, the new answer to each item, and what closed."""

    inspection: str
    rounds: tuple[str, ...]
    verdicts: tuple[Verdict, ...]


# ---- asking
def demands(
    desk: Desk, number: str, items: Collection[str] = (), *, days: int = 0, partial: bool = False
) -> list[Demand]:
    """
    What an inspection would ask to be mended; nothing is written.

    Args:
        items: only these; they must not conform; those that are asked for already are left out.
        days: term for all; else each item's own.
        partial: partly kept items too.

    Raises:
        Missing: no such inspection or item. Refused: a named item is in order.
    """
    inspection = archive.one(desk.store, number)
    day, held = _today(desk), followup.excepted(desk.store, inspection.organization)
    asked_already = {(one.instrument, one.item) for one in
                     followup.listed(desk.store, organization=inspection.organization, is_open=True)}  # fmt: skip
    rows = to_mend(inspection, partial=partial or bool(items))
    bad = {item.id for item, _answer in rows}
    for name in items:
        if inspection.item(name) is None:
            raise Missing("{number} has no item {item}", "", "netops inspect show {number}", number=number, item=name)
        if name not in bad:
            raise Refused(
                "{item} was not taken up", "its standing answer is in order", "netops inspect show {number} {item}",
                number=number, item=name,
            )  # fmt: skip
    found = []
    for item, answer in rows:
        instrument = inspection.catalogue.basis(item).instrument
        if (items and item.id not in items) or (instrument, item.id) in asked_already:
            continue
        if excused(held, inspection.organization, instrument, item.id, day.isoformat()):
            continue
        due = day + timedelta(days=days or inspection.catalogue.term_days(item))
        asked = "、".join(EVIDENCE_ZH.get(one, one) for one in item.evidence) or "整改情况说明"
        said = msgspec.structs.replace(answer.judgement, reason=answer.note) if answer.note else answer.judgement
        found.append(Demand(item, said, due.isoformat(), asked))
    return found


def open_(desk: Desk, number: str, wanted: Sequence[Demand]) -> list[Rectification]:
    """Open rectification items for these, all in one act."""
    inspection = archive.one(desk.store, number)
    with act(desk.store, desk.actor, desk.clock) as one:
        for each in wanted:
            followup.open_(one, inspection, each.item, each.said, due=each.due, asked=each.asked)
    settle(desk)
    return followup.listed(desk.store, inspection=number)


def reply(desk: Desk, number: str, note: str, by: str = "") -> Rectification:
    """The organization answers a rectification item."""
    with act(desk.store, desk.actor, desk.clock) as one:
        followup.reply(one, number.upper(), note, by)
    return followup.one(desk.store, number)


def except_(desk: Desk, number: str, item: str, *, owner: str, reason: str, until: str) -> str:
    """
    Somebody answers for an item that is not kept, until a day; the exception's number.

    Raises:
        Missing: no such inspection or item. NetopsError: *until* is not a date, or something is missing.
    """
    inspection = archive.one(desk.store, number)
    known_ = inspection.item(item)
    if known_ is None:
        raise Missing("{number} has no item {item}", "", "netops inspect show {number}", number=number, item=item)
    try:
        date.fromisoformat(until)
    except ValueError:
        raise NetopsError(
            "the exception was not made", "{day} is not a date", "write it as 2026-12-01", day=until
        ) from None
    with act(desk.store, desk.actor, desk.clock) as one:
        made = followup.except_(one, inspection, known_, owner=owner, reason=reason, until=until)
    settle(desk)
    return made


# ---- asking again
def recheck(
    desk: Desk, number: str, items: Collection[str] = (), progress: Progress = silent, *, again: bool = False
) -> Rechecked:
    """
    Ask again what is to be mended, with the same items and parameters as then; what is mended is closed.

    Args:
        items: only these of its open rectification items.
        again: first run the rounds that concluded the findings behind them.

    Raises:
        Missing: no such inspection. Refused: nothing of it is open.
    """
    inspection = archive.one(desk.store, number)
    open_items = [one for one in followup.listed(desk.store, inspection=number, is_open=True) if not items or one.item in items]
    if not open_items:
        raise Refused(
            "nothing was rechecked", "{number} has no open rectification item", "netops inspect rectify {number}", number=number
        )
    rounds = _rounds(desk, open_items) if again else ()
    for name in rounds:
        diary.run(desk, name, progress)
    said = _machine(desk, inspection, {one.item for one in open_items})
    inspection = archive.one(desk.store, number)
    verdicts = tuple(verdict(one, inspection, said.get(one.item)) for one in open_items)
    with act(desk.store, desk.actor, desk.clock) as one:
        followup.rechecked(one, verdicts)
    settle(desk)
    return Rechecked(number, rounds, verdicts)


def _machine(desk: Desk, inspection: Inspection, wanted: Collection[str]) -> dict[str, Judgement]:
    """What the machine says now of these items of the inspection's own catalogue; what is new stands beside what it said."""
    organization = known.organization(desk, inspection.organization)
    asked = {asked.check for item in inspection.catalogue.items for asked in item.asked if item.id in wanted}
    facts = known.of(desk, known.city(desk, asked), organization)
    mine = msgspec.structs.replace(
        inspection.catalogue, items=tuple(one for one in inspection.catalogue.items if one.id in wanted and one.check)
    )
    given = lines(mine, facts)
    if fresh := archive.changed(inspection, given):
        with act(desk.store, desk.actor, desk.clock) as one:
            archive.record_machine(one, inspection.number, fresh)
    return {line.item.id: line.judgement for line in given}


def _rounds(desk: Desk, open_items: Sequence[Rectification]) -> tuple[str, ...]:
    codes = {docket.one(desk.store, name).code for one in open_items for name in one.findings}
    wanted = {
        name for code in codes for start, names in CONCLUDED_BY.items() if code.startswith(start) for name in names
    }
    return tuple(name for name in diary.ROUNDS if name in wanted)


# ---- findings of the room
def settle(desk: Desk) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """IS-001 and IS-002 over the newest inspections and what followed them: ids opened (or opened again) and resolved."""
    at = desk.clock()
    rectifications = tuple(followup.listed(desk.store, is_open=True))
    followed = Followed(
        at=at,
        inspections=tuple(archive.latest(desk.store, {one.inspection for one in rectifications})),
        rectifications=rectifications,
        exceptions=tuple(followup.excepted(desk.store)),
    )
    concluded = [one for rule in RULES.values() for one in rule(followed)]
    opened: list[str] = []
    resolved: list[str] = []
    for plane in Plane:
        mine = [one for one in concluded if one.plane is plane]
        settlement = docket.settle(desk.store, RULES, mine, plane=plane, at=at, scope=RULES)
        opened += [*settlement.opened, *settlement.reopened]
        resolved += settlement.resolved
    return tuple(opened), tuple(resolved)


def _today(desk: Desk) -> date:
    return desk.clock().astimezone(CITY_ZONE).date()
