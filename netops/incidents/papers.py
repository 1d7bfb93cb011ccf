"""The register of papers (公文登记): drafts, issued ones with their frozen hash and gap-free number, receipts. Storage."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec
from sqlalchemy import Column, Integer, Row, String, Table, Text, UniqueConstraint, select

from netops.core import ids
from netops.core.errors import Missing, Refused
from netops.core.evidence import digest
from netops.core.journal import Act
from netops.core.paper import Paper
from netops.core.permission import Deed, Principal
from netops.core.plane import Plane
from netops.core.store import Instant, Json, Store, metadata
from netops.incidents.legal_basis import Decision, Instrument

papers = Table(
    "papers",
    metadata,
    Column("id", String(16), primary_key=True),
    Column("about", String(16), nullable=False, server_default=""),
    Column("subject", String(128), nullable=False, index=True),
    Column("wording", String(64), nullable=False, server_default=""),
    Column("organization", String(64), nullable=False, server_default=""),
    Column("plane", String(8), nullable=False, server_default=""),
    Column("due", String(10), nullable=False, server_default=""),
    Column("goes_with", String(16), nullable=False, server_default=""),
    Column("instrument", String(32), nullable=False),
    Column("state", String(8), nullable=False),
    Column("number", String(96), nullable=False, server_default="", index=True),
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


class Topic(msgspec.Struct, frozen=True, kw_only=True):
    """
    What a paper is about.

    Args:
        about: incident, declaration, exit, inspection or document; *subject*: its number.
        wording: the file of `playbooks/notices/` that it was made from.
        organization: code of whom it concerns, or "".
        due: ISO date until which it is to be answered, or "".
        goes_with: id of the paper that it accompanies, or "".
    """

    about: str
    subject: str
    wording: str = ""
    organization: str = ""
    plane: str = ""
    due: str = ""
    goes_with: str = ""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """
    A paper as it is kept.

    Args:
        about, subject, wording, organization, plane, due, goes_with: as `Topic` says.
        incident: number of the incident when it is about one, or "".
        sha256: digest of *paper*; frozen once it is issued.
        reason: why it was voided, or "".
    """

    id: str
    about: str
    subject: str
    incident: str
    wording: str
    organization: str
    plane: str
    due: str
    goes_with: str
    instrument: Instrument
    state: PaperState
    paper: Paper
    decision: Decision
    sha256: str
    drafted: datetime
    issued: datetime | None
    actor: str
    reason: str

    def is_seen(self, who: Principal, served: Iterable[Plane]) -> bool:
        """
        Whether somebody may see it: of its plane, or of every one that is *served* where it is about none in particular; a
        department what was issued to it.
        """
        planes = [Plane(self.plane)] if self.plane else served
        return who.may_across(Deed.READ, planes, self.organization) and (not who.organization or self.issued is not None)

    @property
    def is_intact(self) -> bool:
        """Whether the paper still hashes to what was frozen."""
        return digest(self.paper) == self.sha256

    @property
    def topic(self) -> Topic:
        """What it is about."""
        return Topic(**{name: getattr(self, name) for name in Topic.__struct_fields__})


class Receipt(msgspec.Struct, frozen=True):
    """Somebody received (签收) or answered (反馈) a paper, or it was sent: *kind* is sent, receipt or reply."""

    paper: str
    kind: str
    at: datetime
    who: str
    channel: str
    note: str


def listed(store: Store, subject: str = "") -> list[Kept]:
    """Papers in the order of their making; only those about *subject* (an incident, a declaration …) when it is given."""
    query = select(papers).order_by(papers.c.drafted, papers.c.id)
    if subject:
        query = query.where(papers.c.subject == subject)
    with store.read() as connection:
        return [kept_of(row) for row in connection.execute(query)]


def one(store: Store, number: str) -> Kept:
    """
    The paper with this id or 发文字号.

    Raises:
        Missing: there is none.
    """
    wanted = number.strip()
    query = select(papers).where((papers.c.id == wanted.upper()) | (papers.c.number == wanted))
    with store.read() as connection:
        row = connection.execute(query).first() if wanted else None
    if row is None:
        raise Missing("there is no document {number}", "", "netops document list", number=number)
    return kept_of(row)


def answers(store: Store, number: str = "") -> list[Receipt]:
    """What was sent, received and answered about a paper (about every one without *number*), in the order of time."""
    query = select(receipts).order_by(receipts.c.at, receipts.c.id)
    if number:
        query = query.where(receipts.c.paper == number)
    with store.read() as connection:
        return [
            Receipt(row.paper, row.kind, row.at, row.who, row.channel, row.note)
            for row in connection.execute(query)
        ]


def kept_of(row: Row[Any]) -> Kept:
    """A row of the table as a paper."""
    plain = {
        name: getattr(row, name)
        for name in ("id", *Topic.__struct_fields__, "sha256", "drafted", "issued", "actor", "reason")
    }
    return Kept(
        **plain,
        incident=row.subject if row.about == "incident" else "",
        instrument=Instrument(row.instrument),
        state=PaperState(row.state),
        paper=msgspec.convert(row.paper, Paper),
        decision=msgspec.convert(row.decision, Decision),
    )


def standing_draft(store: Store, subject: str, paper: Paper) -> Kept | None:
    """The draft that says exactly the same, when there is one: the same words are never drafted twice."""
    plain = msgspec.structs.replace(paper, journal="")
    for kept in reversed(listed(store, subject)):
        same = msgspec.structs.replace(kept.paper, journal="") == plain
        if kept.state is PaperState.DRAFT and same:
            return kept
    return None


# ---- acts
def draft(act: Act, topic: Topic, paper: Paper, decision: Decision) -> str:
    """
    Keep a draft with the gate's decision.

    Raises:
        Refused: the gate did not allow it; nothing is kept.
    """
    if not decision.allowed:
        raise decision.refusal()
    number = f"D-{ids.take(act.connection, 'paper'):04d}"
    frozen = msgspec.structs.replace(paper, journal=act.head[1])
    act.connection.execute(
        papers.insert().values(
            id=number,
            **msgspec.structs.asdict(topic),
            instrument=decision.instrument,
            state=PaperState.DRAFT,
            number="",
            paper=msgspec.to_builtins(frozen),
            decision=msgspec.to_builtins(decision),
            sha256=digest(frozen),
            drafted=act.at,
            actor=act.actor,
            reason="",
        )
    )
    told = {
        topic.about: topic.subject,
        "instrument": decision.instrument,
        "rows": decision.rows,
        "sha256": digest(frozen),
    }
    act.record("document draft", number, after=told)
    return number


def refuse(act: Act, subject: str, decision: Decision) -> None:
    """Write down that the gate refused, with its reasons; the refusal itself is raised by the caller."""
    act.record("document refused", subject, after=msgspec.to_builtins(decision))


def issue(
    act: Act,
    number: str,
    mark: str,
    *,
    date: str = "",
    signer: str = "",
    decision: Decision | None = None,
    first: int = 0,
) -> str:
    """
    Issue a draft: it gets the next 发文字号 of *mark* in the year of its date, and is frozen.

    Args:
        number: id of the draft.
        date: 成文日期, ISO; else the one it was drafted with. *signer*: 签发人 of a paper to a superior.
        decision: the gate's decision for this date; else the one it was drafted with.
        first: the number it takes where the sequence of this organ and year begins: those before were given elsewhere.

    Returns:
        The number, such as 云信办〔2026〕15号.

    Raises:
        Missing: there is no such draft.
        Refused: it is issued or void already, goes with another paper, or the sequence has begun.
    """
    row = act.connection.execute(select(papers).where(papers.c.id == number).with_for_update()).first()
    if row is None:
        raise Missing("there is no document {number}", "", "netops document list", number=number)
    if row.state != PaperState.DRAFT:
        raise Refused(
            "{number} was not issued", "it is {state} already", "netops document print {number} -o FILE.docx",
            number=row.number or number, state=row.state,
        )  # fmt: skip
    if row.goes_with:
        raise Refused(
            "{number} was not issued", "it goes with {other} and bears that number",
            "netops document print {number} -o FILE.docx", number=number, other=row.goes_with,
        )  # fmt: skip
    paper = msgspec.convert(row.paper, Paper)
    day = date or paper.date
    year = int(day[:4])
    serial = _next(act, mark, year, first)
    said = f"{mark}〔{year}〕{serial}号"
    frozen = msgspec.structs.replace(
        paper, number=said, date=day, signer=signer or paper.signer, journal=act.head[1], warnings=(),
        english=msgspec.structs.replace(paper.english, warnings=()) if paper.english else None,
    )  # fmt: skip
    act.connection.execute(
        papers.update()
        .where(papers.c.id == number)
        .values(
            state=PaperState.ISSUED,
            number=said,
            organ_mark=mark,
            year=year,
            serial=serial,
            paper=msgspec.to_builtins(frozen),
            decision=row.decision if decision is None else msgspec.to_builtins(decision),
            sha256=digest(frozen),
            issued=act.at,
            actor=act.actor,
        )
    )
    rows = row.decision["rows"] if decision is None else decision.rows
    told = {"document": number, row.about: row.subject, "rows": rows, "sha256": digest(frozen)}
    act.record("document issue", said, after=told)
    return said


def _next(act: Act, mark: str, year: int, first: int) -> int:
    """The next number in a row; *first* only where none was taken yet."""
    name = f"paper/{mark}/{year}"
    if first:
        begun = ids.standing(act.connection, name)()
        if begun:
            raise Refused(
                "the document was not issued", "{mark}〔{year}〕 stands at {begun}: numbers follow each other",
                "issue it without --first", mark=mark, year=year, begun=begun,
            )  # fmt: skip
        ids.take(act.connection, name, first)
        return first
    return ids.take(act.connection, name)


def void(act: Act, number: str, why: str) -> None:
    """
    Void an issued paper; its number stays taken, with the reason.

    Raises:
        Refused: it is not issued.
    """
    row = act.connection.execute(select(papers).where(papers.c.id == number).with_for_update()).first()
    if row is None or row.state != PaperState.ISSUED:
        raise Refused("{number} was not voided", "only an issued document can be voided", "", number=number)
    act.connection.execute(
        papers.update().where(papers.c.id == number).values(state=PaperState.VOID, reason=why)
    )
    act.record(
        "document void",
        row.number,
        why=why,
        before={"state": "issued"},
        after={"state": "void", "document": number},
    )


def receive(act: Act, receipt: Receipt) -> None:
    """Write down that a paper was sent, received or answered."""
    row = {name: getattr(receipt, name) for name in Receipt.__struct_fields__}
    act.connection.execute(receipts.insert().values(id=ids.take(act.connection, "receipt"), **row))
    act.record(
        f"document {receipt.kind}", receipt.paper, why=receipt.note, after=msgspec.to_builtins(receipt)
    )
