"""Drafting (拟文): papers through the gate, from the wording of the office; issued by a person, written whole."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from netops.addresses import holdings
from netops.addresses.allocation import HELD
from netops.core import custody, docket, files
from netops.core.errors import NetopsError, Refused
from netops.core.journal import Act, act
from netops.core.language import speaking, spoken
from netops.core.paper import Paper, Translation
from netops.core.plane import Plane
from netops.declarations import filings
from netops.desk import Desk
from netops.incidents import legal_basis, notice, papers, saying, wording
from netops.incidents.legal_basis import Decision, Instrument
from netops.incidents.papers import Kept
from netops.incidents.wording import Template
from netops.rounds import demanded, handling
from netops.rounds.address_lines import today
from netops.rounds.grounds import Ground, ground

if TYPE_CHECKING:
    from netops.documents.sign import Certificate

SUFFIXES = (".docx", ".pdf", ".json")
FORMS = {"copy_number": r"\d{6}", "urgency": "特急|加急", "secrecy": "(绝密|机密|秘密)(★.{1,12})?"}
"""份号 has six digits; 紧急程度 and 密级 have their words (GB/T 9704-2012 §7.2)."""


def draft(desk: Desk, subject: str, name: str = "notice", values: Mapping[str, str] | None = None) -> Kept:
    """
    Draft a paper about an incident, a declaration, an exit or another paper, as the wording *name* has it.

    Args:
        name: a file of `playbooks/notices/`, such as "notice", "rectification_request", "report_first", "exit_filing".
        values: what only people know, by field of the wording; 份号, 密级, 紧急程度, 抄送 and 附件 too.

    Returns:
        The draft as it is kept; the same words are never drafted twice.

    Raises:
        Refused: no basis in force allows it; the refusal is in the journal. Or a fact has no evidence.
    """
    template = wording.load(desk.playbooks, name)
    given, english = _in_two(template, values or {})
    with speaking("zh"):
        about = ground(desk, template, subject, given)
    decision = decided(desk, template, about)
    if not decision.allowed:
        with act(desk.store, desk.actor, desk.clock) as one:
            papers.refuse(one, about.topic.subject, decision)
        raise decision.refusal()
    with speaking("zh"):
        paper = _composed(template, about, decision)
    if translated := wording.load_english(desk.playbooks, name):
        with speaking("en"):
            said = _composed(translated, ground(desk, translated, subject, english), decision)
        words = {field: getattr(said, field) for field in Translation.__struct_fields__}
        paper = msgspec.structs.replace(paper, english=Translation(**words))
    if about.parent is not None:
        paper = msgspec.structs.replace(paper, number=about.parent.paper.number, warnings=())
    standing = papers.standing_draft(desk.store, about.topic.subject, paper)
    if standing:
        return standing
    with act(desk.store, desk.actor, desk.clock) as one:
        custody.keep(one.connection, about.evidence)
        number = papers.draft(one, about.topic, paper, decision)
    return papers.one(desk.store, number)


def _composed(template: Template, about: Ground, decision: Decision) -> Paper:
    """What a paper says, in the language that is spoken."""
    cited = saying.several(decision.citing(spoken()))
    said = msgspec.structs.replace(about.about, values={**about.about.values, "cited": cited})
    return notice.compose(template, said, decision, (*_unverified(decision), *about.warnings))


def _in_two(template: Template, values: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """What people gave, and what the translation says of it: ITEM.en where that was given, else the same."""
    ends = {name: name.removesuffix(".en") for name in values if name.endswith(".en")}
    given = checked(template, {name: text for name, text in values.items() if name not in ends})
    return given, given | checked(template, {item: values[name] for name, item in ends.items()})


def asked(desk: Desk, subject: str, name: str, values: Mapping[str, str] | None = None) -> tuple[Decision, str]:
    """What the gate would say of such a paper, and what it is called (message id); nothing is kept."""
    template = wording.load(desk.playbooks, name)
    given, _english = _in_two(template, values or {})
    with speaking("zh"):
        about = ground(desk, template, subject, given)
    return decided(desk, template, about), template.head.instrument.label


def checked(template: Template, values: Mapping[str, str]) -> dict[str, str]:
    """
    What people gave, without what is empty.

    Raises:
        NetopsError: the wording has no such item, or it is not written as the standard wants it.
    """
    given = {name: text.strip() for name, text in values.items()}
    known = template.given
    wrong = [name for name, text in given.items() if name not in known or not text]
    if wrong:
        raise NetopsError(
            "{items} was not understood", "the items are: {known}", "--set ITEM=TEXT", items=", ".join(wrong),
            known=", ".join(sorted(known)),
        )  # fmt: skip
    for name, form in FORMS.items():
        if name in given and not re.fullmatch(form, given[name]):
            raise NetopsError(
                "{items} was not understood", "{text} is not written as GB/T 9704 has it",
                "--set copy_number=000001 --set secrecy=秘密★1年 --set urgency=加急", items=name, text=given[name],
            )  # fmt: skip
    return given


def decided(desk: Desk, template: Template, about: Ground) -> Decision:
    """What the gate says of a paper of this wording today."""
    bases, instrument, day = legal_basis.load(desk.playbooks), template.head.instrument, today(desk)
    if about.parent is not None:
        return legal_basis.accompanying(about.parent.decision, instrument, bases, day)
    return legal_basis.decide(bases, instrument, about.duties, about.addressee, day)


def _unverified(decision: Decision) -> tuple[str, ...]:
    """What a person must know of the basis before signing, in the paper's language."""
    if not decision.unverified:
        return ()
    notes = [
        row.note
        for row in decision.used
        if row.id in decision.unverified and row.note and "效力状态同" not in row.note
    ]
    told = "".join(f"{note}。" for note in dict.fromkeys(notes))
    rows = saying.several(decision.unverified)
    chinese = f"（所引依据 {rows} 未经核实，签发前请核对。{told}）"
    return (saying.pick(chinese, f"(The basis {rows} is unverified: check it before signing.)"),)


# ---- issuing
def mark_of(desk: Desk, kept: Kept) -> str:
    """
    发文机关代字 for a paper: the wording's, the plane's, or the city's.

    Raises:
        NetopsError: the configuration names none.
    """
    template = (
        wording.load(desk.playbooks, kept.wording) if kept.wording in wording.names(desk.playbooks) else None
    )
    settings = desk.config.planes.get(Plane(kept.plane)) if kept.plane else None
    found = (template.head.mark if template else "") or (settings.document_mark if settings else "")
    if not (found or desk.config.city.document_mark):
        raise NetopsError(
            "{id} was not issued", "the configuration names no mark for document numbers",
            "write document_mark = \"…\" under [city]", id=kept.id,
        )  # fmt: skip
    return found or desk.config.city.document_mark


def issue(desk: Desk, number: str, signer: str = "", first: int = 0) -> Kept:
    """
    A person issues a draft: the gate decides once more for this day, it takes the next number, and is frozen.

    What it changes beside it (findings that are being rectified from here on) happens in the same act, or not at all.

    Raises:
        Refused: no basis allows it on this day, its term has passed, an address it tells of was given back, or it is no
            draft; nothing is changed.
    """
    kept = papers.one(desk.store, number)
    mark, day = mark_of(desk, kept), today(desk).isoformat()
    decision = _again(desk, kept)
    if not decision.allowed:
        with act(desk.store, desk.actor, desk.clock) as one:
            papers.refuse(one, kept.subject, decision)
        raise decision.refusal()
    _require_as_drafted(desk, kept)
    if kept.due and kept.due <= day:
        raise Refused(
            "{id} was not issued",
            "it asks for an answer by {due}, which has passed",
            "draft it again",
            id=kept.id,
            due=kept.due,
        )
    told_of = [piece.source for piece in docket.pieces(desk.store, kept.paper.evidence) if piece.kind == "ledger"]
    with act(desk.store, desk.actor, desk.clock) as one:
        if kept.instrument is Instrument.ADDRESSES:
            _still_held(one, told_of)
        said = papers.issue(one, kept.id, mark, date=day, signer=signer, decision=decision, first=first)
        if kept.incident:
            handling.issued(desk, one, kept, said)
        elif kept.about == "inspection":
            demanded.issued(desk, one, kept)
    return papers.one(desk.store, kept.id)


def _require_as_drafted(desk: Desk, kept: Kept) -> None:
    """
    Make sure that a reply answers the declaration as it stands.

    Raises:
        Refused: it was moved since the reply was drafted.
    """
    if kept.about != "declaration" or kept.wording not in wording.names(desk.playbooks):
        return
    states, one = wording.load(desk.playbooks, kept.wording).head.states, filings.one(desk.store, kept.subject)
    if states and one.state not in states:
        raise Refused(
            "{id} was not issued", "{number} is {state} by now", "netops declare print {number} --paper reply drafts what fits",
            id=kept.id, number=one.number, state=one.state,
        )  # fmt: skip


def _still_held(act: Act, allocations: list[str]) -> None:
    """
    A notice of addresses tells of what is allocated now.

    Raises:
        Refused: one of the allocations was given back since it was drafted.
    """
    for name in allocations:
        if holdings.record_of(holdings.row_of(act.connection, name)).state not in HELD:
            raise Refused(
                "the notice was not issued", "the plan is stale: {id} was given back", "draft it again", id=name
            )


def _again(desk: Desk, kept: Kept) -> Decision:
    """The gate's decision on a draft, for today."""
    from netops.core.basis import Basis

    def duty(text: str) -> Basis:
        instrument, _, place = text.partition(":")
        if place.isdigit():
            return Basis(int(place), instrument)
        return Basis(int(place[1:].partition("-")[0]), instrument, place)

    old = kept.decision
    return legal_basis.decide(
        legal_basis.load(desk.playbooks),
        kept.instrument,
        [duty(text) for text in old.duties],
        old.addressee,
        today(desk),
    )


def answer(desk: Desk, kept: Kept, receipt: papers.Receipt) -> None:
    """
    Write down that a paper was sent, received or answered.

    Raises:
        Refused: it was not issued.
    """
    if kept.state is not papers.PaperState.ISSUED:
        raise Refused(
            "nothing was recorded", "{document} is {state}: only an issued document is sent and answered",
            "netops document issue {document}", document=kept.id, state=kept.state,
        )  # fmt: skip
    with act(desk.store, desk.actor, desk.clock) as one:
        if kept.incident:
            handling.answered(desk, one, kept, receipt)
        else:
            papers.receive(one, receipt)
            if kept.about == "inspection" and receipt.kind == "reply":
                demanded.answered(desk, one, kept, receipt.note, receipt.who)


# ---- files
def rendered(desk: Desk, kept: Kept, suffix: str) -> bytes:
    """
    A kept paper as DOCX, PDF or JSON: the same record, and the same bytes each time.

    Who speaks English gets the translation, which says so on every page; the JSON has both.

    Raises:
        NetopsError: another suffix, no Chinese font (PDF only), or its wording has no English.
    """
    match suffix:
        case ".docx":
            from netops.documents import docx

            return docx.render(shown(kept))
        case ".pdf":
            from netops.documents import pdf

            return pdf.render(shown(kept), desk.config.documents)
        case ".json":
            return msgspec.json.format(msgspec.json.encode(kept), indent=1)
    raise NetopsError(
        "{path} was not written", "a document is written as {suffixes}", "-o FILE.docx", path=suffix or "FILE",
        suffixes=", ".join(SUFFIXES),
    )  # fmt: skip


def shown(kept: Kept) -> Paper:
    """
    The paper itself, or its translation for who speaks English.

    Raises:
        NetopsError: its wording has no English.
    """
    paper = kept.paper if spoken() == "zh" else kept.paper.in_english()
    if paper is None:
        raise NetopsError(
            "{id} was not written in English", "it was drafted from a wording that has no English",
            "--lang zh; or write playbooks/notices/en/{wording}.toml and draft it again", id=kept.id, wording=kept.wording,
        )  # fmt: skip
    return paper


def certificate(desk: Desk, path: Path) -> Certificate:
    """
    What PDFs are signed with; asked for before anything is issued that is to be signed.

    Raises:
        NetopsError: *path* is no PDF, no certificate is configured, it cannot be used, or the extra is not installed.
        Refused: it is not valid today, or the reader wants the translation, which is never signed.
    """
    from netops.documents import sign

    settings = desk.config.documents
    if path.suffix.lower() != ".pdf" and not path.is_dir():
        raise NetopsError("the PDF was not signed", "{path} is none", "-o FILE.pdf", path=path)
    if spoken() != "zh":
        raise Refused(
            "the PDF was not signed", "only the Chinese original of an issued document is signed", "--lang zh --sign -o FILE.pdf"
        )
    if not settings.certificate:
        raise NetopsError(
            "the PDF was not signed", "the configuration names no certificate",
            "write certificate = \"secrets/office.p12\" under [documents]",
        )  # fmt: skip
    try:
        keys = (desk.config.folder / settings.certificate).read_bytes()
    except OSError as error:
        raise NetopsError(
            "the PDF was not signed", "the certificate cannot be read: {reason}", "see [documents] certificate", reason=error
        ) from error
    password = desk.config.secret("", settings.certificate_password_file, settings.certificate_password_env)
    return sign.certificate(keys, password, desk.clock())


def _signed(desk: Desk, kept: Kept, by: Certificate, pdf: bytes) -> bytes:
    """The PDF of an issued paper, signed; the journal keeps which file, and by which certificate."""
    from netops.documents import sign

    if kept.state is not papers.PaperState.ISSUED:
        raise Refused(
            "the PDF was not signed", "only the Chinese original of an issued document is signed",
            "netops document issue {id} --sign -o FILE.pdf", id=kept.id,
        )  # fmt: skip
    made = sign.signed(pdf, by, kept.paper.number)
    told = {"sha256": hashlib.sha256(made).hexdigest(), "certificate": by.subject, "serial": by.serial}
    with act(desk.store, desk.actor, desk.clock) as one:
        one.record("document sign", kept.paper.number, after={"document": kept.id, **told})
    return made


def write(desk: Desk, kept: Kept, path: Path, *, sign: bool = False) -> tuple[Path, ...]:
    """
    Write a kept paper by the suffix of *path*, or in every form into the folder *path*; a file appears whole or not at all.

    Args:
        sign: sign the PDF with the office's certificate; `[documents] sign` does it for each issued original.

    Returns:
        The files that were written.

    Raises:
        NetopsError: another suffix, no Chinese font (PDF only), or the place cannot be written.
    """
    name = kept.paper.number if kept.paper.number and not kept.goes_with else kept.id
    places = [path / f"{name}{suffix}" for suffix in SUFFIXES] if path.is_dir() else [path]
    original = kept.state is papers.PaperState.ISSUED and spoken() == "zh"
    drawn = any(place.suffix.lower() == ".pdf" for place in places)
    by = certificate(desk, path) if sign or (desk.config.documents.sign and original and drawn) else None
    for place in places:
        content = rendered(desk, kept, place.suffix.lower())
        files.put(_signed(desk, kept, by, content) if by and place.suffix.lower() == ".pdf" else content, place)
    return tuple(places)


def write_notice(desk: Desk, number: str, path: Path, name: str = "notice") -> Kept:
    """Draft a paper about an incident and write it to *path*; see `draft` and `write`."""
    kept = draft(desk, number, name)
    write(desk, kept, path)
    return kept
