"""The case (案情): of one finding, what each witness saw and how sure that is, where, who, since when, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec

from netops.core import docket
from netops.core.errors import NetopsError
from netops.core.evidence import Evidence
from netops.core.finding import Finding
from netops.core.language import _
from netops.core.lead import names
from netops.desk import Desk
from netops.egress import leads, witness
from netops.egress.witness import WITNESS_RULES
from netops.incidents import playbook
from netops.rounds import look

MOST = 10


class Seen(msgspec.Struct, frozen=True):
    """
    What one witness saw.

    Args:
        weight: how sure it alone is, a ratio.
        finding: number of the finding that it stands in; "" for a lead.
    """

    witness: str
    weight: float
    saw: str
    source: str
    first: datetime
    last: datetime
    finding: str = ""


class Sure(msgspec.Struct, frozen=True):
    """How sure all witnesses of a finding are together, a ratio; and who they are."""

    confidence: float
    witnesses: tuple[str, ...]


class Case(msgspec.Struct, frozen=True):
    """
    One finding in its surroundings.

    Args:
        confidence: how sure all its witnesses are together, a ratio.
        place: switch and port, or device and interface.
        person: who answers for it, of the register.
        declarations: numbers of the organization's declarations in its plane.
        since: when the subject was first seen at all, where walks know it.
        moves: other places of the same card.
        others: other findings that name the same host, by number and title.
        playbook, step: what the office does next.
    """

    confidence: float
    witnesses: tuple[Seen, ...]
    place: str
    person: str
    declarations: tuple[str, ...]
    since: datetime | None
    moves: tuple[str, ...]
    others: tuple[str, ...]
    playbook: str
    step: str


def of(desk: Desk, finding: Finding) -> Case:
    """Everything that netops knows about a finding, out of register, ledger, walks, docket and playbooks."""
    book = witness.rulebook(desk.playbooks)
    seen = [*_seen(desk, finding, book), *_leads(desk, finding, book)]
    subject, person = finding.subject, ""
    organization = desk.register.organization.get(finding.organization)
    if organization and (officer := organization.security_officer or organization.responsible):
        person = f"{officer.name} {officer.phone}".strip()
    known = _known(desk, finding)
    several = [one.witness for one in seen]
    return Case(
        book.confidence(several, finding.code, _own(finding)) if several else 0.0,
        tuple(seen),
        " ".join(str(subject.get(key, "")) for key in ("switch", "port", "device", "interface") if subject.get(key)),
        person,
        tuple(one.number for one in known["declarations"] if one.plane == finding.plane),
        min((one.first_seen for one in known["sightings"]), default=None),
        tuple(f"{one.place} {one.ip}".strip() for one in known["moves"][-MOST:]) if len(known["moves"]) > 1 else (),
        tuple(f"{one['id']} {one['title']}" for one in known["findings"] if one["id"] != finding.id)[:MOST],
        *_next(desk, finding),
    )


def sureness(desk: Desk, findings: Sequence[Finding]) -> dict[str, Sure]:
    """How sure each of these is, by number: by its evidence, that of others of its kind about the same, and leads."""
    book = witness.rulebook(desk.playbooks)
    kinds = docket.witnesses(desk.store, (number for one in findings for number in one.evidence))
    said: dict[tuple[str, str, str], set[str]] = {}
    for lead in leads.listed(desk.store):
        for name in names(lead.lead.subject):
            said.setdefault((lead.lead.accuses, lead.lead.plane, name), set()).add(lead.lead.witness)
    told = {one.id: _testified(book, one, {kinds[number] for number in one.evidence if number in kinds}) for one in findings}
    for one in findings:
        for name in names(one.subject):
            said.setdefault((one.kind, one.plane, name), set()).update(told[one.id])
    found = {}
    for one in findings:
        several = set(told[one.id])
        for name in names(one.subject):
            several |= said.get((one.kind, one.plane, name), set())
        sure = book.confidence(several, one.code, _own(one)) if several else 0.0
        found[one.id] = Sure(sure, tuple(sorted(several, key=lambda each: (-book.weight(each, one.code), each))))
    return found


def _testified(book: witness.Rulebook, finding: Finding, kinds: Iterable[str]) -> set[str]:
    """
    The kinds of its evidence that speak as witnesses of their own.

    Evidence of leads that joined it is of the table where it stood; they are counted as the witnesses that they are.
    """
    if finding.code in WITNESS_RULES:
        return set()
    return {kind for kind in kinds if book.testifies(finding.kind, kind)}


def _own(finding: Finding) -> float:
    """How sure who recognised it says that it is, 1 where it does not say."""
    percent = finding.facts.get("percent", "")
    return int(percent) / 100 if percent.isdecimal() and finding.code not in WITNESS_RULES else 1.0


def _seen(desk: Desk, finding: Finding, book: witness.Rulebook) -> list[Seen]:
    """The witnesses of this finding, and of others of the same kind about the same."""
    mine = names(finding.subject)
    same = [finding]
    if mine:
        same += [
            one
            for one in docket.naming(desk.store, {text.partition(" ")[2] for text in mine if "/" not in text} or {"—"})
            if one.id != finding.id and one.kind == finding.kind and one.plane is finding.plane and mine & names(one.subject)
        ]
    found: dict[tuple[str, str], list[Evidence]] = {}
    for one in same:
        pieces = docket.pieces(desk.store, one.evidence)
        spoken = _testified(book, one, {piece.kind for piece in pieces})
        for piece in pieces:
            if piece.kind in spoken:
                found.setdefault((piece.kind, one.id), []).append(piece)
    return [
        Seen(
            kind, book.weighed(kind, finding.code, _own(finding)),
            look.because(next(one for one in same if one.id == number)),
            ", ".join(dict.fromkeys(piece.source for piece in pieces)), pieces[0].at, pieces[-1].at, number,
        )
        for (kind, number), pieces in found.items()
    ]  # fmt: skip


def _leads(desk: Desk, finding: Finding, book: witness.Rulebook) -> list[Seen]:
    mine = names(finding.subject)
    return [
        Seen(
            one.lead.witness, book.weight(one.lead.witness),
            _(one.lead.said).format(**one.lead.facts), one.lead.evidence.source, one.first_seen, one.last_seen,
        )
        for one in leads.listed(desk.store, plane=finding.plane)
        if one.lead.accuses == finding.kind and names(one.lead.subject) & mine
    ]  # fmt: skip


def _known(desk: Desk, finding: Finding) -> dict[str, Any]:
    """What `netops who` says of the host; nothing when nobody knows it."""
    from netops.rounds.who import who

    empty: dict[str, Any] = {"declarations": [], "sightings": [], "moves": [], "findings": []}
    asked = finding.subject.get("mac") or finding.subject.get("ip") or finding.organization
    try:
        answers = who(desk, str(asked)) if asked else []
    except NetopsError:
        return empty
    answer = next((one for one in answers if one.plane in ("", finding.plane)), None)
    return {name: getattr(answer, name) for name in empty} if answer else empty


def _next(desk: Desk, finding: Finding) -> tuple[str, str]:
    """The playbook for its kind, and the step that follows from how far it got: looked at, then located, then spoken of."""
    try:
        books = playbook.load(desk.playbooks)
    except NetopsError:
        return "", ""
    one = next((each for each in books.values() if finding.kind in each.head.kinds), None)
    if one is None:
        return "", ""
    place = {"open": 0, "reopened": 0, "acknowledged": 2, "rectifying": 7}.get(finding.state, len(one.steps) - 1)
    return one.name, one.said[min(place, len(one.steps) - 1)]
