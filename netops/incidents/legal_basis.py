"""The gate (法律依据): which paper may be sent to whom on which day, and on what basis in force."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path

import msgspec

from netops.core.basis import Basis
from netops.core.errors import Refused
from netops.core.language import N_, Said, Text, _
from netops.core.toml import Source, settled, until_changed


class Instrument(StrEnum):
    """
    Kinds of paper (文种).

    情况通报, 提示函, 整改通知, 责令改正 and 事件情况报告 answer a breach, mildest first; IP地址分配通知单, 接入批复 and
    互联网出口报送表 rest on the article itself; 整改反馈单 and 送达回证 go with another paper and rest on its basis.
    """

    NOTICE = "notice"
    GUIDANCE = "guidance"
    REQUEST = "rectification_request"
    ORDER = "rectification_order"
    REPORT = "report"
    ADDRESSES = "address_notice"
    ACCESS = "access_reply"
    EXIT = "exit_filing"
    REPLY = "rectification_reply"
    SERVICE = "delivery_receipt"

    @property
    def label(self) -> str:
        """English message id."""
        return LABELS[self]


LABELS = {
    Instrument.NOTICE: N_("notice of the situation"),
    Instrument.GUIDANCE: N_("letter of guidance"),
    Instrument.REQUEST: N_("rectification request"),
    Instrument.ORDER: N_("rectification order"),
    Instrument.REPORT: N_("incident report"),
    Instrument.ADDRESSES: N_("notice of allocated addresses"),
    Instrument.ACCESS: N_("reply on access"),
    Instrument.EXIT: N_("filing of an internet exit"),
    Instrument.REPLY: N_("rectification feedback form"),
    Instrument.SERVICE: N_("proof of delivery"),
}
ANSWERING = (Instrument.NOTICE, Instrument.GUIDANCE, Instrument.REQUEST, Instrument.ORDER, Instrument.REPORT)
"""Instruments that answer a breach: one may be offered in place of another."""
ACCOMPANYING = (Instrument.REPLY, Instrument.SERVICE)
"""Instruments that go with an issued paper."""


class Addressee(StrEnum):
    """Whom a paper addresses: 部门, 县市区, 平台运行单位, 上级."""

    DEPARTMENT = "department"
    COUNTY = "county"
    PLATFORM = "platform"
    SUPERIOR = "superior"


class LegalBasis(msgspec.Struct, frozen=True, omit_defaults=True):
    """
    One row of `law/bases.toml`: one power.

    Args:
        instrument: key of the regulation, as `core.basis.Basis.instrument` names it.
        articles: the articles that give the power.
        covers: duties whose breach it answers: "measures:12", "measures:A29-2", or "*" for any.
        requires: ids of rows that must be in force too, because this one borrows their power.
        title_en: for the translation of a paper.
    """

    id: str
    instrument: str
    title: str
    document_no: str
    version: str
    effective_from: str
    effective_to: str
    articles: tuple[int, ...]
    covers: tuple[str, ...]
    instruments_allowed: tuple[Instrument, ...]
    addressee_kind: tuple[Addressee, ...]
    verified: bool
    source: str
    requires: tuple[str, ...] = ()
    note: str = ""
    title_en: str = ""

    def in_force(self, day: date) -> bool:
        """Whether it is in force on *day*, both ends included."""
        return self.effective_from <= day.isoformat() and (
            not self.effective_to or day.isoformat() <= self.effective_to
        )

    def answers(self, duty: Basis) -> bool:
        """Whether it covers a breach of *duty*."""
        names = {f"{duty.instrument}:{duty.article}", *([f"{duty.instrument}:{duty.duty}"] if duty.duty else [])}
        return "*" in self.covers or bool(names & set(self.covers))

    @property
    def cited(self) -> str:
        """《…》第三十条, as a paper cites it."""
        return f"《{self.title}》" + "、".join(Basis(article).label for article in self.articles)

    @property
    def cited_en(self) -> str:
        """Article 30 of the …, as the translation cites it."""
        numbers = ", ".join(map(str, self.articles))
        return f"Article{'s' * (len(self.articles) > 1)} {numbers} of the {self.title_en or self.title}"


class Gap(msgspec.Struct, frozen=True):
    """Why no basis allows the paper for one duty: *why* is a message id, *facts* fill its places."""

    duty: str
    why: str
    facts: dict[str, str] = {}

    def told(self) -> str:
        """In the language in use."""
        return _(self.why).format(duty=self.duty, **self.facts)


class Decision(msgspec.Struct, frozen=True):
    """
    What the gate decided; it is kept with the paper.

    Args:
        day: ISO date of the paper.
        rows: ids of the rows that allow it; *cited*: as a paper cites them.
        unverified: rows among them with something that was not verified.
        offers: instruments that are allowed for the same duties and addressee on that day.
        used: the rows as they stood then, and those that they borrow from.
    """

    instrument: Instrument
    day: str
    addressee: Addressee
    duties: tuple[str, ...]
    rows: tuple[str, ...]
    cited: tuple[str, ...]
    unverified: tuple[str, ...]
    gaps: tuple[Gap, ...]
    offers: tuple[Instrument, ...]
    used: tuple[LegalBasis, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether every duty has a basis."""
        return bool(self.duties) and not self.gaps

    def citing(self, language: str) -> tuple[str, ...]:
        """The rows as a paper in *language* cites them."""
        named = dict.fromkeys(row.cited_en for row in self.used if row.id in self.rows) if language == "en" else {}
        return tuple(named) or self.cited

    def refusal(self) -> Refused:
        """The refusal for a person: why, and what may be sent instead."""
        offers = ", ".join(f"{_(one.label)} ({one})" for one in self.offers)
        return Refused(
            "the {label} was refused",
            "{reasons}",
            "allowed on {day} instead: {offers}" if offers else "nothing is allowed for it on {day}",
            label=_(self.instrument.label),
            reasons="\n".join(gap.told() for gap in self.gaps) or _("no duty is cited"),
            day=self.day,
            offers=offers,
        )


def decide(
    bases: Iterable[LegalBasis], instrument: Instrument, duties: Iterable[Basis], addressee: Addressee, day: date
) -> Decision:
    """
    Whether *instrument* may be sent to *addressee* on *day* for breaches of *duties*.

    Every duty needs a row of its own that is in force, allows the instrument and fits the addressee.
    """
    rows, wanted = list(bases), list(dict.fromkeys(duties))
    found: dict[str, LegalBasis] = {}
    gaps = []
    for duty in wanted:
        fitting = _fitting(rows, instrument, duty, addressee, day)
        found |= {row.id: row for row in fitting}
        if not fitting:
            gaps.append(_gap(rows, instrument, duty, addressee, day))
    offers = tuple(
        other
        for other in ANSWERING
        if instrument in ANSWERING and wanted and all(_fitting(rows, other, duty, addressee, day) for duty in wanted)
    )
    return Decision(
        instrument,
        day.isoformat(),
        addressee,
        tuple(_named(duty) for duty in wanted),
        tuple(found),
        tuple(dict.fromkeys(row.cited for row in found.values())),
        tuple(row.id for row in found.values() if not row.verified),
        tuple(gaps),
        offers,
        tuple(one for one in rows if one.id in _needed(rows, found)),
    )


def _needed(rows: list[LegalBasis], found: Mapping[str, LegalBasis]) -> set[str]:
    """Ids of the rows found and of those that they borrow from."""
    return {*found, *(name for row in found.values() for name in row.requires)}


def accompanying(paper: Decision, instrument: Instrument, bases: Iterable[LegalBasis], day: date) -> Decision:
    """
    Whether a paper may go with another one, whose decision is *paper*: on the same rows, as long as they are in force.

    A reply and a proof of delivery order nothing; they are allowed wherever the paper itself was.
    """
    rows = {row.id: row for row in bases}
    return msgspec.structs.replace(
        paper,
        instrument=instrument,
        day=day.isoformat(),
        offers=(),
        unverified=tuple(name for name in paper.rows if name in rows and not rows[name].verified),
    )


def _named(duty: Basis) -> str:
    return f"{duty.instrument}:{duty.duty or duty.article}"


def _fitting(
    rows: list[LegalBasis], instrument: Instrument, duty: Basis, addressee: Addressee, day: date
) -> list[LegalBasis]:
    return [
        row
        for row in rows
        if row.answers(duty)
        and instrument in row.instruments_allowed
        and addressee in row.addressee_kind
        and not _stale(rows, row, day)
    ]


def _stale(rows: list[LegalBasis], row: LegalBasis, day: date) -> LegalBasis | None:
    """The row that is not in force on *day*: itself or one that it borrows from."""
    needed = [row, *(other for other in rows if other.id in row.requires)]
    return next((one for one in needed if not one.in_force(day)), None)


def _gap(rows: list[LegalBasis], instrument: Instrument, duty: Basis, addressee: Addressee, day: date) -> Gap:
    label = duty.label
    allowing = [row for row in rows if instrument in row.instruments_allowed]
    for row in allowing:
        if row.answers(duty) and addressee in row.addressee_kind:
            stale = _stale(rows, row, day) or row
            since = stale.effective_to or stale.effective_from
            why = (
                N_("{duty}: {basis} would allow it, but rests on {title} ({version}), in force only until {since}")
                if stale.effective_to and day.isoformat() > stale.effective_to
                else N_("{duty}: {basis} would allow it, but {title} ({version}) is in force only from {since}")
            )
            return Gap(label, why, {"basis": row.cited, "title": stale.title, "version": stale.version, "since": since})
        if row.answers(duty):
            return Gap(label, N_("{duty}: {basis} does not reach this addressee"), {"basis": row.cited})
    parts = f"{duty.instrument}:A{duty.article:02d}-"
    partly = [part for row in allowing for part in row.covers if part.startswith(parts)]
    if partly:
        named = ", ".join(part.split(":")[1] for part in partly)
        return Gap(label, N_("{duty}: only a breach of {parts} carries a sanction"), {"parts": named})
    return Gap(label, N_("{duty}: no basis allows this instrument; the article carries no sanction clause"))


# ---- reading
class Article(msgspec.Struct, frozen=True):
    """The text of one article, for quoting (full-width punctuation)."""

    instrument: str
    article: int
    label: str
    gloss_en: str
    text_zh_display: str


@until_changed(lambda playbooks: [playbooks / "law" / "bases.toml"])
def load(playbooks: Path) -> tuple[LegalBasis, ...]:
    """
    Read `law/bases.toml`.

    Raises:
        Faults: unknown keys, dates that are none, a required row that is not there: all at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "bases.toml", "law/bases.toml", faults)
    source.unknown({"bases"})
    read = source.entries("bases", LegalBasis)
    names = {row.id for _, row in read}
    for index, row in read:
        for key in ("effective_from", "effective_to"):
            text = getattr(row, key)
            if (text or key == "effective_from") and not _is_date(text):
                source.fault(Said("{value!r} is not a date such as 2026-12-31", value=text), "bases", index, key)
        for needed in row.requires:
            if needed not in names:
                source.fault(Said("there is no row {needed!r}", needed=needed), "bases", index, "requires")
    settled("the legal bases were not read", faults, "mend the lines above; netops playbook check reads them again")
    return tuple(row for _, row in read)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


@until_changed(lambda playbooks: [playbooks / "law" / "articles.toml"])
def articles(playbooks: Path) -> tuple[Article, ...]:
    """
    Read `law/articles.toml`.

    Raises:
        Faults: every fault at once.
    """
    faults: list[Text] = []
    source = Source(playbooks / "law" / "articles.toml", "law/articles.toml", faults)
    source.unknown({"articles"})
    read = tuple(entry for _, entry in source.entries("articles", Article))
    settled("the articles were not read", faults, "mend the lines above; netops playbook check reads them again")
    return read
