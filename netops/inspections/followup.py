"""The store of what follows an inspection: rectification items and exceptions; each act is in the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from sqlalchemy import Column, Index, Integer, Row, String, Table, Text, select

from netops.core import ids
from netops.core.clock import CITY_ZONE
from netops.core.errors import Missing, NetopsError, Refused
from netops.core.journal import Act
from netops.core.store import Instant, Json, Store, metadata
from netops.inspections.answer import Judgement
from netops.inspections.inspection import Inspection
from netops.inspections.item import Item
from netops.inspections.rectification import ItemException, Rectification, Stage, Verdict

rectifications = Table(
    "inspection_rectifications",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("inspection", String(20), nullable=False, index=True),
    Column("item", String(64), nullable=False),
    Column("organization", String(64), nullable=False),
    Column("instrument", String(64), nullable=False),
    Column("said", Json, nullable=False),
    Column("findings", Json, nullable=False),
    Column("opened_at", Instant, nullable=False),
    Column("opened_by", String(128), nullable=False),
    Column("due", String(10), nullable=False),
    Column("asked", Text, nullable=False),
    Column("repeat", Integer, nullable=False),
    Column("state", String(10), nullable=False, index=True),
    Column("paper", String(16), nullable=False),
    Column("reply", Text, nullable=False),
    Column("replied_at", Instant),
    Column("replied_by", String(128), nullable=False),
    Column("rechecked_at", Instant),
    Column("recheck", String(16), nullable=False),
    Column("closed_at", Instant),
)
Index("ix_inspection_rectifications_whose", rectifications.c.organization, rectifications.c.instrument, rectifications.c.item)
exceptions = Table(
    "inspection_exceptions",
    metadata,
    Column("number", String(20), primary_key=True),
    Column("organization", String(64), nullable=False, index=True),
    Column("instrument", String(64), nullable=False),
    Column("item", String(64), nullable=False),
    Column("owner", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    Column("until", String(10), nullable=False),
    Column("given_at", Instant, nullable=False),
    Column("given_by", String(128), nullable=False),
)


def open_(
    act: Act, inspection: Inspection, item: Item, said: Judgement, *, due: str, asked: str
) -> str:
    """
    An item is to be mended; an item of the inspection that is open already is not opened twice.

    Returns:
        Its number, or "" when it stands open already.
    """
    instrument = inspection.catalogue.basis(item).instrument
    mine = (
        rectifications.c.organization == inspection.organization,
        rectifications.c.instrument == instrument,
        rectifications.c.item == item.id,
    )
    before = act.connection.execute(select(rectifications.c.state).where(*mine)).scalars().all()
    if any(state != Stage.CLOSED for state in before):
        return ""
    year = act.at.astimezone(CITY_ZONE).year
    number = f"RC-{year}-{ids.take(act.connection, f'rectification-{year}'):04d}"
    act.connection.execute(
        rectifications.insert().values(
            number=number, inspection=inspection.number, item=item.id, organization=inspection.organization,
            instrument=instrument, said=msgspec.to_builtins(said), findings=list(said.findings), opened_at=act.at,
            opened_by=act.actor, due=due, asked=asked, repeat=len(before) + 1, state=Stage.OPEN, paper="", reply="",
            replied_at=None, replied_by="", rechecked_at=None, recheck="", closed_at=None,
        )
    )  # fmt: skip
    act.record(
        "inspect rectify", number,
        after={"inspection": inspection.number, "item": item.id, "organization": inspection.organization, "due": due,
               "repeat": len(before) + 1, "findings": said.findings},
    )  # fmt: skip
    return number


def listed(store: Store, *, inspection: str = "", organization: str = "", is_open: bool = False) -> list[Rectification]:
    """Rectification items by number; every argument narrows."""
    query = select(rectifications).order_by(rectifications.c.opened_at, rectifications.c.number)
    if inspection:
        query = query.where(rectifications.c.inspection == inspection)
    if organization:
        query = query.where(rectifications.c.organization == organization)
    if is_open:
        query = query.where(rectifications.c.state != Stage.CLOSED.value)
    with store.read() as connection:
        return [_rectification(row) for row in connection.execute(query)]


def one(store: Store, number: str) -> Rectification:
    """
    The rectification item with this number.

    Raises:
        Missing: there is none.
    """
    with store.read() as connection:
        row = connection.execute(select(rectifications).where(rectifications.c.number == number.strip().upper())).first()
    if row is None:
        raise Missing("there is no rectification item {number}", "", "netops inspect rectifications", number=number)
    return _rectification(row)


def asked_by(act: Act, numbers: Iterable[str], paper: str, due: str) -> None:
    """A document that asks for these went out; its term is theirs."""
    for number in numbers:
        values: dict[str, Any] = {"paper": paper, **({"due": due} if due else {})}
        act.connection.execute(rectifications.update().where(rectifications.c.number == number).values(values))
        act.record("inspect asked", number, after=values)


def reply(act: Act, number: str, note: str, by: str) -> None:
    """
    The organization answers a rectification item.

    Raises:
        Missing: there is none. Refused: it is closed. NetopsError: nothing is said.
    """
    row = act.connection.execute(select(rectifications).where(rectifications.c.number == number).with_for_update()).first()
    if row is None:
        raise Missing("there is no rectification item {number}", "", "netops inspect rectifications", number=number)
    if row.state == Stage.CLOSED:
        raise Refused("the answer was not kept", "{number} is closed", "netops inspect rectifications", number=number)
    if not note.strip():
        raise NetopsError("the answer was not kept", "it says nothing", "add --note with what was done")
    act.connection.execute(
        rectifications.update().where(rectifications.c.number == number)
        .values(state=Stage.ANSWERED, reply=note, replied_at=act.at, replied_by=by or act.actor)
    )  # fmt: skip
    after = {"state": Stage.ANSWERED, "by": by or act.actor}
    act.record("inspect reply", number, why=note, before={"state": row.state}, after=after)


def rechecked(act: Act, verdicts: Iterable[Verdict]) -> None:
    """The same questions were asked again; what is mended is closed."""
    for one in verdicts:
        closed = {"state": Stage.CLOSED, "closed_at": act.at} if one.closes else {}
        act.connection.execute(
            rectifications.update().where(rectifications.c.number == one.number)
            .values(rechecked_at=act.at, recheck=one.result, **closed)
        )  # fmt: skip
        act.record(
            "inspect recheck", one.number,
            after={"item": one.item, "result": one.result, "closed": one.closes, "evidence": one.judgement.evidence},
        )  # fmt: skip


# ---- exceptions
def except_(act: Act, inspection: Inspection, item: Item, *, owner: str, reason: str, until: str) -> str:
    """
    Somebody answers for an item that is not kept, until a day.

    Returns:
        The exception's number, such as "EX-2026-0001".

    Raises:
        NetopsError: nobody answers for it, no reason is given, or the day has passed.
    """
    if not owner.strip() or not reason.strip():
        raise NetopsError(
            "the exception was not made", "it needs somebody who answers for it, and a reason", "add --owner NAME --why TEXT"
        )
    if until <= act.at.astimezone(CITY_ZONE).date().isoformat():
        raise NetopsError("the exception was not made", "{until} has passed", "give a day to come", until=until)
    year = act.at.astimezone(CITY_ZONE).year
    number = f"EX-{year}-{ids.take(act.connection, f'inspection-exception-{year}'):04d}"
    instrument = inspection.catalogue.basis(item).instrument
    values = {"number": number, "organization": inspection.organization, "instrument": instrument, "item": item.id,
              "owner": owner.strip(), "reason": reason.strip(), "until": until, "given_at": act.at,
              "given_by": act.actor}  # fmt: skip
    act.connection.execute(exceptions.insert().values(values))
    told = {name: value for name, value in values.items() if name not in ("given_at", "given_by")}
    act.record("inspect except", inspection.number, why=reason, after=told)
    return number


def excepted(store: Store, organization: str = "") -> list[ItemException]:
    """Every exception, oldest first; expired ones too."""
    query = select(exceptions).order_by(exceptions.c.given_at, exceptions.c.number)
    if organization:
        query = query.where(exceptions.c.organization == organization)
    with store.read() as connection:
        return [ItemException(**row._mapping) for row in connection.execute(query)]


def _rectification(row: Row[Any]) -> Rectification:
    values = dict(row._mapping) | {
        "said": msgspec.convert(row.said, Judgement), "findings": tuple(row.findings), "state": Stage(row.state),
    }  # fmt: skip
    return Rectification(**values)
