"""What a paper about an inspection asks for: its open rectification items as facts with evidence, and what an issue changes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date

import msgspec

from netops.core import docket
from netops.core.basis import Basis
from netops.core.evidence import Evidence
from netops.core.finding import STANDING, State
from netops.core.journal import Act
from netops.core.language import _
from netops.desk import Desk
from netops.incidents import legal_basis, saying
from netops.incidents.legal_basis import Addressee, Instrument
from netops.incidents.notice import Fact
from netops.incidents.papers import Kept
from netops.incidents.saying import pick, several
from netops.inspections import archive, followup
from netops.inspections.inspection import Inspection, sentence
from netops.inspections.item import Item
from netops.inspections.rectification import EVIDENCE_ZH, Rectification

NUMBERS = re.compile(r"RC-\d{4}-\d{4,}")
ASKING = (Instrument.REQUEST, Instrument.ORDER)
"""Papers after which findings are being rectified."""


class Demanded(msgspec.Struct, frozen=True):
    """One rectification item as a paper tells it: its fact, what it rests on, and the piece of evidence that is kept with it."""

    rectification: Rectification
    item: Item
    fact: Fact
    bases: tuple[Basis, ...]
    proof: Evidence


def of(desk: Desk, inspection: Inspection, *, paper: str = "") -> list[Demanded]:
    """The open items of an inspection that no paper asks for yet, or those that *paper* asks for."""
    rows = followup.listed(desk.store, inspection=inspection.number, is_open=not paper)
    found = []
    for one in rows:
        item = inspection.item(one.item)
        if item is not None and one.paper == paper:
            found.append(_demanded(desk, inspection, one, item))
    return found


def by_paper(desk: Desk, number: str, paper: str) -> list[Demanded]:
    """What a paper about the inspection *number* asks for."""
    return of(desk, archive.one(desk.store, number), paper=paper)


def sifted(
    desk: Desk, rows: Sequence[Demanded], instrument: Instrument, to: Addressee, day: date
) -> tuple[list[Demanded], list[Demanded]]:
    """Those that a basis in force allows this instrument for, and those that none does."""
    bases = legal_basis.load(desk.playbooks)
    allowed = [one for one in rows if legal_basis.decide(bases, instrument, one.bases, to, day).allowed]
    return allowed, [one for one in rows if one not in allowed]


def _demanded(desk: Desk, inspection: Inspection, one: Rectification, item: Item) -> Demanded:
    findings = [docket.one(desk.store, name) for name in one.findings]
    said = sentence(one.said)
    body: dict[str, object] = {
        "result": one.said.result, "said": said, "findings": list(one.findings), "due": one.due, "repeat": one.repeat,
    }  # fmt: skip
    proof = Evidence("inspection", inspection.number, item.id, body, one.opened_at)
    places = dict.fromkeys(saying.place(finding.subject) for finding in findings)
    says = {
        "item": item.id, "title": item.question.rstrip("？?"), "because": said.rstrip("。. "),
        "place": pick("；", "; ").join(list(places)[:3]) or pick("见检查记录", "see the record"), "risk": _(item.severity),
        "clause": inspection.catalogue.cited(item) if item.clause else saying.article(inspection.catalogue.basis(item)),
        "requirement": item.remedy, "due": saying.day(one.due), "asked": _asked(item),
        "repeat": pick(f"第{one.repeat}次", f"time {one.repeat}") if one.repeat > 1 else pick("首次", "first time"),
    }  # fmt: skip
    bases = inspection.catalogue.bases(item)
    evidence = tuple(dict.fromkeys([*(piece for finding in findings for piece in finding.evidence[-1:]), proof.id]))
    return Demanded(one, item, Fact(one.number, says, evidence, bases), bases, proof)


def _asked(item: Item) -> str:
    """What proof is wanted."""
    return several(pick(EVIDENCE_ZH.get(one, one), one.replace("-", " ")) for one in item.evidence) or pick(
        "整改情况说明", "a statement of what was done"
    )


# ---- what an issue changes
def issued(desk: Desk, act: Act, kept: Kept) -> None:
    """A paper about an inspection went out: it asks for the items that it names, and findings behind them are being rectified."""
    numbers = sorted(set(NUMBERS.findall(msgspec.json.encode(kept.paper).decode())))
    followup.asked_by(act, numbers, kept.id, kept.due)
    if kept.instrument not in ASKING:
        return
    for number in numbers:
        for name in followup.one(desk.store, number).findings:
            if docket.one(desk.store, name).state in STANDING:
                docket.move(act, name, State.RECTIFYING, kept.id)


def answered(desk: Desk, act: Act, kept: Kept, note: str, who: str) -> None:
    """The paper was answered as a whole: each of its open items is answered with the same words."""
    for one in followup.listed(desk.store, inspection=kept.subject, is_open=True):
        if one.paper == kept.id:
            followup.reply(act, one.number, note or "见整改反馈单", who)
