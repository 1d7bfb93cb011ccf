"""The archive of inspections (检查档案): what was asked, and every answer ever given."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Column, Connection, Index, Integer, Row, String, Table, Text, func, select

from netops.core import custody, ids
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.language import Said
from netops.core.store import Instant, Json, Store, metadata
from netops.inspections.answer import Judgement, Result
from netops.inspections.catalogue import Catalogue
from netops.inspections.checklist import Line
from netops.inspections.inspection import Answer, Inspection, Party
from netops.inspections.item import Item
from netops.inspections.sampling import Sample

catalogues = Table(
    "inspection_catalogues",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", Json, nullable=False),
)
inspections = Table(
    "inspections",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("catalogue", String(64), nullable=False),
    Column("catalogue_sha256", String(64), nullable=False),
    Column("organization", String(64), nullable=False, index=True),
    Column("opened_at", Instant, nullable=False),
    Column("opened_by", String(128), nullable=False),
    Column("inspectors", Json, nullable=False),
    Column("planned_for", String(10), nullable=False),
    Column("checked_at", Instant),
    Column("sample", Json),
)
answers = Table(
    "inspection_answers",
    metadata,
    Column("inspection", String(20), primary_key=True),
    Column("turn", Integer, primary_key=True, autoincrement=False),
    Column("item", String(64), nullable=False),
    Column("party", String(12), nullable=False, index=True),
    Column("result", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("facts", Json, nullable=False),
    Column("findings", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("note", Text, nullable=False),
    Column("actor", String(128), nullable=False),
    Column("at", Instant, nullable=False),
)
Index("ix_inspection_answers_item", answers.c.inspection, answers.c.item)
MAX_NOTE = 4000


def open_(
    act: Act,
    catalogue: Catalogue,
    organization: str,
    *,
    inspectors: Iterable[str] = (),
    planned_for: str = "",
    sample: Sample | None = None,
) -> str:
    """
    Begin an inspection; it keeps the catalogue as it stands now.

    Returns:
        Its number, such as "IS-2026-0001".
    """
    content, named = msgspec.to_builtins(catalogue), list(inspectors)
    sha256 = digest(content)
    if (
        act.connection.execute(select(catalogues.c.sha256).where(catalogues.c.sha256 == sha256)).first()
        is None
    ):
        act.connection.execute(catalogues.insert().values(sha256=sha256, content=content))
    year = act.at.astimezone(CITY_ZONE).year
    number = f"IS-{year}-{ids.take(act.connection, f'inspection-{year}'):04d}"
    act.connection.execute(
        inspections.insert().values(
            number=number,
            catalogue=catalogue.head.name,
            catalogue_sha256=sha256,
            organization=organization,
            opened_at=act.at,
            opened_by=act.actor,
            inspectors=named,
            planned_for=planned_for,
            checked_at=None,
            sample=msgspec.to_builtins(sample) if sample else None,
        )
    )
    act.record(
        "inspect open",
        number,
        after={
            "catalogue": catalogue.head.name,
            "version": catalogue.head.version,
            "sha256": sha256,
            "organization": organization,
            "inspectors": named,
            "planned_for": planned_for,
            **({"sample": msgspec.to_builtins(sample)} if sample else {}),
        },
    )
    return number


def changed(inspection: Inspection | None, lines: Iterable[Line]) -> list[Line]:
    """The lines that say something else than the machine's last answer; the time of looking alone is no change."""
    said = inspection.latest if inspection else {}
    return [line for line in lines if not _same(said.get((line.item.id, Party.MACHINE)), line.judgement)]


def _same(answer: Answer | None, judgement: Judgement) -> bool:
    return answer is not None and (
        answer.judgement.result,
        answer.judgement.reason,
        answer.judgement.facts,
        answer.judgement.findings,
    ) == (judgement.result, judgement.reason, judgement.facts, judgement.findings)


def record_machine(act: Act, number: str, lines: Iterable[Line]) -> None:
    """Add the machine's answers, with their evidence, beside what anybody said before."""
    given = list(lines)
    pieces = [piece for line in given for piece in line.evidence]
    custody.keep(act.connection, pieces)
    turn = _turn(act.connection, number)
    for place, line in enumerate(given):
        _add(
            act,
            number,
            turn + place,
            Answer(line.item.id, Party.MACHINE, line.judgement, "", act.actor, act.at),
        )
    act.connection.execute(
        inspections.update().where(inspections.c.number == number).values(checked_at=act.at)
    )
    act.record("inspect run", number, after={line.item.id: line.judgement.result for line in given})


def touch(store: Store, number: str, at: datetime) -> None:
    """The machine looked again and says the same as before."""
    with store.write() as connection:
        connection.execute(inspections.update().where(inspections.c.number == number).values(checked_at=at))


def fitting(inspection: Inspection, item: str, result: Result, note: str) -> Item:
    """
    The item, where a person's answer may be put beside what stands.

    Raises:
        Missing: the inspection has no such item.
        NetopsError: the note is missing where a machine said otherwise, or too long.
    """
    known = inspection.item(item)
    if known is None:
        raise Missing(
            "{number} has no item {item}",
            "",
            "netops inspect show {number}",
            number=inspection.number,
            item=item,
        )
    machine = inspection.by(known, Party.MACHINE)
    if not note.strip() and machine and machine.judgement.result not in (result, Result.UNCHECKED):
        raise NetopsError(
            "the answer to {item} was not kept",
            "it contradicts the machine, which says {result}, without a reason",
            "add --note with what was seen",
            item=item,
            result=Said(machine.judgement.result),
        )
    if len(note) > MAX_NOTE:
        raise NetopsError(
            "the answer to {item} was not kept",
            "the note has {length} characters; {most} are kept",
            "put long texts into a file and name it",
            item=item,
            length=len(note),
            most=MAX_NOTE,
        )
    return known


def fill(
    act: Act, inspection: Inspection, item: str, party: Party, result: Result, note: str, by: str = ""
) -> None:
    """
    A person answers an item; what others said stays.

    Args:
        by: who answered, when that is not who enters it.

    Raises:
        Missing, NetopsError: as `fitting`.
    """
    known = fitting(inspection, item, result, note)
    before = inspection.by(known, party)
    turn = _turn(act.connection, inspection.number)
    _add(act, inspection.number, turn, Answer(item, party, Judgement(result, ""), note, by or act.actor, act.at))
    act.record(
        f"inspect fill {party}",
        inspection.number,
        why=note,
        before={item: before.judgement.result} if before else None,
        after={item: result},
    )


def one(store: Store, number: str) -> Inspection:
    """
    The inspection with this number.

    Raises:
        Missing: there is none.
    """
    with store.read() as connection:
        row = connection.execute(select(inspections).where(inspections.c.number == number)).first()
        if row is None:
            raise Missing("there is no inspection {number}", "", "netops inspect list", number=number)
        return _inspection(connection, row, {})


def listed(store: Store, *, organization: str = "", catalogue: str = "") -> list[Inspection]:
    """Inspections by number; every argument narrows."""
    query = select(inspections).order_by(inspections.c.opened_at, inspections.c.number)
    if organization:
        query = query.where(inspections.c.organization == organization)
    if catalogue:
        query = query.where(inspections.c.catalogue == catalogue)
    with store.read() as connection:
        known: dict[str, Catalogue] = {}
        return [_inspection(connection, row, known) for row in connection.execute(query).all()]


def standing(store: Store, organization: str, catalogue: Catalogue) -> Inspection | None:
    """The newest inspection of an organization by exactly this catalogue, or None."""
    query = (
        select(inspections)
        .where(
            inspections.c.organization == organization,
            inspections.c.catalogue_sha256 == digest(msgspec.to_builtins(catalogue)),
        )
        .order_by(inspections.c.opened_at.desc(), inspections.c.number.desc())
        .limit(1)
    )
    with store.read() as connection:
        row = connection.execute(query).first()
        return _inspection(connection, row, {}) if row else None


def latest(store: Store, also: Iterable[str] = ()) -> list[Inspection]:
    """The newest inspection of each organization by each catalogue, and those with these numbers."""
    narrow = select(inspections.c.number, inspections.c.organization, inspections.c.catalogue)
    with store.read() as connection:
        rows = connection.execute(narrow.order_by(inspections.c.opened_at, inspections.c.number))
        newest = {(row.organization, row.catalogue): row.number for row in rows}
        wanted, known = sorted({*newest.values(), *also}), dict[str, Catalogue]()
        found: list[Inspection] = []
        for start in range(0, len(wanted), 500):
            named = select(inspections).where(inspections.c.number.in_(wanted[start : start + 500]))
            found += [_inspection(connection, row, known) for row in connection.execute(named).all()]
    return sorted(found, key=lambda one: (one.opened_at, one.number))


def inspected(store: Store) -> dict[str, datetime]:
    """When an inspector last answered, by organization."""
    query = (
        select(inspections.c.organization, func.max(answers.c.at, type_=Instant()).label("at"))
        .join(answers, answers.c.inspection == inspections.c.number)
        .where(answers.c.party == Party.INSPECTOR)
        .group_by(inspections.c.organization)
    )
    with store.read() as connection:
        return {row.organization: row.at for row in connection.execute(query)}


def _turn(connection: Connection, number: str) -> int:
    return (
        connection.execute(select(func.max(answers.c.turn)).where(answers.c.inspection == number)).scalar()
        or 0
    ) + 1


def _add(act: Act, number: str, turn: int, answer: Answer) -> None:
    judgement = answer.judgement
    act.connection.execute(
        answers.insert().values(
            inspection=number,
            turn=turn,
            item=answer.item,
            party=answer.party,
            result=judgement.result,
            reason=judgement.reason,
            facts=judgement.facts,
            findings=list(judgement.findings),
            evidence=list(judgement.evidence),
            note=answer.note,
            actor=answer.actor,
            at=answer.at,
        )
    )


def _inspection(connection: Connection, row: Row[Any], known: dict[str, Catalogue]) -> Inspection:
    if row.catalogue_sha256 not in known:
        content = connection.execute(
            select(catalogues.c.content).where(catalogues.c.sha256 == row.catalogue_sha256)
        ).scalar_one()
        known[row.catalogue_sha256] = msgspec.convert(content, Catalogue)
    given = connection.execute(
        select(answers).where(answers.c.inspection == row.number).order_by(answers.c.turn)
    )
    return Inspection(
        row.number,
        known[row.catalogue_sha256],
        row.organization,
        row.opened_at,
        row.opened_by,
        tuple(row.inspectors),
        row.planned_for,
        row.checked_at,
        tuple(_answer(one) for one in given),
        msgspec.convert(row.sample, Sample) if row.sample else None,
    )


def _answer(row: Row[Any]) -> Answer:
    judgement = Judgement(Result(row.result), row.reason, row.facts, tuple(row.findings), tuple(row.evidence))
    return Answer(row.item, Party(row.party), judgement, row.note, row.actor, row.at)
