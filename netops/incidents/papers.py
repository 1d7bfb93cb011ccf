"""Papers about incidents (公文登记): drafts, issued ones with their frozen hash and gap-free number, receipts. Storage."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, Row, String, Table, Text, UniqueConstraint, select

from netops.core import ids
from netops.core.errors import Missing, Refused
from netops.core.evidence import digest
from netops.core.journal import FIRST, Act, journal
from netops.core.paper import Paper
from netops.core.store import Instant, Json, Store, metadata
from netops.incidents.legal_basis import Decision, Instrument

papers = Table(
    "papers",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("incident", String(24), nullable=False, index=True),
    Column("instrument", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("organ_mark", String(32)),
    Column("year", Integer),
    Column("serial", Integer),
    Column("paper", Json, nullable=False),
    Column("decision", Json, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("drafted", Instant, nullable=False),
    Column("issued", Instant),
    Column("actor", String(128), nullable=False),
    Column("reason", Text, nullable=False),
    UniqueConstraint("organ_mark", "year", "serial"),
)
receipts = Table(
    "receipts",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("paper", String(16), nullable=False, index=True),
    Column("kind", String(8), nullable=False),
    Column("at", Instant, nullable=False),
    Column("who", String(128), nullable=False),
    Column("channel", String(128), nullable=False),
    Column("note", Text, nullable=False),
)


class PaperState(StrEnum):
    """草稿, 已签发, 作废 (its number stays in the sequence)."""

    DRAFT = "draft"
    ISSUED = "issued"
    VOID = "void"


class Kept(msgspec.Struct, frozen=True):
    """
    A paper as it is kept.

    Args:
        sha256: digest of *paper*; frozen once it is issued.
        reason: why it was voided, or "".
    """

    id: str
    incident: str
    instrument: Instrument
    state: PaperState
    paper: Paper
    decision: Decision
    sha256: str
    drafted: datetime
    issued: datetime | None
    actor: str
    reason: str

    @property
    def is_intact(self) -> bool:
        """Whether the paper still hashes to what was frozen."""
        return digest(self.paper) == self.sha256


class Receipt(msgspec.Struct, frozen=True):
    """Somebody received (签收) or answered (反馈) a paper, or it was sent: *kind* is sent, receipt or reply."""

    paper: str
    kind: str
    at: datetime
    who: str
    channel: str
    note: str


def listed(store: Store, incident: str = "") -> list[Kept]:
    """Papers in the order of their making; only those about *incident* when it is given."""
    query = select(papers).order_by(papers.c.id)
    if incident:
        query = query.where(papers.c.incident == incident)
    with store.read() as connection:
        return [_kept(row) for row in connection.execute(query)]


def one(store: Store, number: str) -> Kept:
    """
    The paper with this id or 发文字号.

    Raises:
        Missing: there is none.
    """
    found = [kept for kept in listed(store) if number in (kept.id, kept.paper.number)]
    if not found:
        raise Missing("there is no document {number}", "", "netops incident show lists them", number=number)
    return found[0]


def answers(store: Store, number: str) -> list[Receipt]:
    """What was sent, received and answered about a paper, in the order of time."""
    query = select(receipts).where(receipts.c.paper == number).order_by(receipts.c.at)
    with store.read() as connection:
        return [
            Receipt(row.paper, row.kind, row.at, row.who, row.channel, row.note)
            for row in connection.execute(query)
        ]


def _kept(row: Row[Any]) -> Kept:
    return Kept(
        row.id,
        row.incident,
        Instrument(row.instrument),
        PaperState(row.state),
        msgspec.convert(row.paper, Paper),
        msgspec.convert(row.decision, Decision),
        row.sha256,
        row.drafted,
        row.issued,
        row.actor,
        row.reason,
    )


def standing_draft(store: Store, incident: str, paper: Paper) -> Kept | None:
    """The draft that says exactly the same, when there is one: the same words are never drafted twice."""
    plain = msgspec.structs.replace(paper, journal="")
    for kept in reversed(listed(store, incident)):
        same = msgspec.structs.replace(kept.paper, journal="") == plain
        if kept.state is PaperState.DRAFT and same:
            return kept
    return None


# ---- acts
def draft(act: Act, incident: str, paper: Paper, decision: Decision) -> str:
    """
    Keep a draft with the gate's decision.

    Raises:
        Refused: the gate did not allow it; nothing is kept.
    """
    if not decision.allowed:
        raise decision.refusal()
    number = f"D-{ids.take(act.connection, 'paper'):04d}"
    frozen = msgspec.structs.replace(paper, journal=_head(act))
    act.connection.execute(
        papers.insert().values(
            id=number,
            incident=incident,
            instrument=decision.instrument,
            state=PaperState.DRAFT,
            paper=msgspec.to_builtins(frozen),
            decision=msgspec.to_builtins(decision),
            sha256=digest(frozen),
            drafted=act.at,
            actor=act.actor,
            reason="",
        )
    )
    act.record(
        "document draft",
        number,
        after={"incident": incident, "instrument": decision.instrument, "rows": decision.rows, "sha256": digest(frozen)},
    )
    return number


def refuse(act: Act, incident: str, decision: Decision) -> None:
    """Write down that the gate refused, with its reasons; the refusal itself is raised by the caller."""
    act.record("document refused", incident, after=msgspec.to_builtins(decision))


def issue(act: Act, number: str, mark: str) -> str:
    """
    Issue a draft: it gets the next 发文字号 of *mark* in the year of its date, and is frozen.

    Returns:
        The number, such as 云信办〔2026〕15号.

    Raises:
        Missing: there is no such draft.
        Refused: it is issued or void already.
    """
    row = act.connection.execute(select(papers).where(papers.c.id == number).with_for_update()).first()
    if row is None:
        raise Missing("there is no document {number}", "", "netops incident show lists them", number=number)
    if row.state != PaperState.DRAFT:
        raise Refused("{number} was not issued", "it is {state} already", "", number=number, state=row.state)
    paper = msgspec.convert(row.paper, Paper)
    year = int(paper.date[:4])
    serial = ids.take(act.connection, f"paper/{mark}/{year}")
    said = f"{mark}〔{year}〕{serial}号"
    frozen = msgspec.structs.replace(paper, number=said, journal=_head(act), warnings=())
    act.connection.execute(
        papers.update()
        .where(papers.c.id == number)
        .values(
            state=PaperState.ISSUED,
            organ_mark=mark,
            year=year,
            serial=serial,
            paper=msgspec.to_builtins(frozen),
            sha256=digest(frozen),
            issued=act.at,
            actor=act.actor,
        )
    )
    act.record("document issue", said, after={"document": number, "incident": row.incident, "sha256": digest(frozen)})
    return said


def void(act: Act, number: str, why: str) -> None:
    """
    Void an issued paper; its number stays taken, with the reason.

    Raises:
        Refused: it is not issued.
    """
    row = act.connection.execute(select(papers.c.state).where(papers.c.id == number).with_for_update()).first()
    if row is None or row.state != PaperState.ISSUED:
        raise Refused("{number} was not voided", "only an issued document can be voided", "", number=number)
    act.connection.execute(papers.update().where(papers.c.id == number).values(state=PaperState.VOID, reason=why))
    act.record("document void", number, why=why, before={"state": "issued"}, after={"state": "void"})


def receive(act: Act, receipt: Receipt) -> None:
    """Write down that a paper was sent, received or answered."""
    row = {name: getattr(receipt, name) for name in Receipt.__struct_fields__}
    act.connection.execute(receipts.insert().values(id=ids.take(act.connection, "receipt"), **row))
    act.record(f"document {receipt.kind}", receipt.paper, why=receipt.note, after=msgspec.to_builtins(receipt))


def _head(act: Act) -> str:
    """The head of the journal as this act finds it."""
    head = act.connection.execute(select(journal.c.sha256).order_by(journal.c.seq.desc()).limit(1)).scalar()
    return head or FIRST
