"""Papers about declarations: the statement (接入书面说明) and the reply (回执、退回、暂停、注销); netops drafts, people sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops.addresses import holdings
from netops.addresses.allocation import HELD
from netops.core import journal
from netops.core.errors import Refused
from netops.core.files import put
from netops.core.language import N_, _, spoken
from netops.core.paper import Paper, Paragraph, Table
from netops.declarations import filings
from netops.declarations.declaration import Declaration, DeclarationState
from netops.declarations.fields import APPLICATIONS, EQUIPMENT, FIELD, cells
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Grid, Part, Remarks
from netops.documents.xlsx import Column, Sheet, render
from netops.rounds import declaration_forms, declaration_ledger
from netops.rounds.address_lines import day, today
from netops.rounds.address_papers import regulation
from netops.rounds.declaration_ledger import Ledger
from netops.rounds.declaration_words import day_words, head_words, name_of, plane_words
from netops.rounds.declaring import authority

ISSUED = "declare reply issue"
"""Verb of the journal entry that keeps an issued reply whole."""
SUFFIXES = (".docx", ".pdf", ".xlsx", ".json")
PROMISE = N_("We state this truthfully, meet the requirements of network security, and declare changes anew.")
SIGN = N_("Signature of the person responsible:                    (seal)                    date:")
TITLES = {
    DeclarationState.APPROVED: N_("Receipt of the access declaration of {organization}"),
    DeclarationState.RETURNED: N_("Return of the access declaration of {organization}"),
    DeclarationState.SUSPENDED: N_("Suspension of the access of {organization}"),
    DeclarationState.WITHDRAWN: N_("End of the access declaration of {organization}"),
}
BODIES: dict[DeclarationState, tuple[str, ...]] = {
    DeclarationState.APPROVED: (
        N_("Your declaration of access to the {plane} ({number}, version {version}) was received and reviewed."
           " Under {basis} it is taken on file, as follows:"),
        N_("Connect as declared. Declare anew, before it happens, when nature, scope, equipment or terminals change. Use only the"
           " addresses that are allocated, and meet the requirements of network security."),
    ),
    DeclarationState.RETURNED: (
        N_("Your declaration of access to the {plane} ({number}, version {version}) was reviewed under {basis} and is returned,"
           " because: {why}."),
        N_("Please mend it and hand it in again under the same number."),
    ),
    DeclarationState.SUSPENDED: (
        N_("Access to the {plane} under {number} is suspended from {since}, because: {why}."),
        N_("Until it is connected again it is no ground for addresses and terminals. Please mend the matter and report it."),
    ),
    DeclarationState.WITHDRAWN: (
        N_("The declaration {number} of access to the {plane} ended on {since}, because: {why}."),
        N_("Its addresses are taken back by a plan. Another access needs a new declaration."),
    ),
}  # fmt: skip
"""What a reply says, before and after what is on file; netops only drafts it: people decide what they sign."""


class Reply(msgspec.Struct, frozen=True):
    """A reply that was composed: the paper, and which version in which state it is about."""

    paper: Paper
    number: str
    version: int
    state: DeclarationState


# ---- the statement
def statement(desk: Desk, one: Declaration) -> Form:
    """The written statement of Article 10, filled with what is known, to be signed and sealed."""
    language, said = spoken(), _words(desk, one)
    plane = plane_words(one.plane)

    def pair(*names: str) -> tuple[Box, ...]:
        boxes = [(Box(FIELD[name].label(language), label=True), Box(said.get(name, ""))) for name in names]
        return tuple(box for several in boxes for box in several)

    def wide(label: str, text: str, height: float = 0, foot_text: str = "") -> tuple[Box, ...]:
        return (Box(label, label=True), Box(text, 3, foot=foot_text, height_mm=height))

    def long(name: str, height: float = 0) -> tuple[Box, ...]:
        return wide(FIELD[name].label(language), said.get(name, ""), height)

    kinds = "　".join(
        f"{FIELD[name].label(language)} {said.get(name) or 0}"
        for name in ("wired", "wireless", "servers", "other")
    )
    terminals = f"{one.terminals}　（{kinds}）" if one.kinds.total else str(one.terminals)
    shares = (3.2, 5, 3.2, 5)
    above = Boxes(shares, (
        pair("organization", "authority"), long("place"), pair("responsible", "responsible_phone"),
        pair("security_officer", "security_officer_phone"), pair("contact", "contact_phone"),
        long("nature", 14), long("scope", 14), long("lan"), long("user_class"),
    ))  # fmt: skip
    below = Boxes(shares, (
        wide(FIELD["terminals"].label(language), terminals), long("measures", 14), long("need"), pair("date", "until"),
        wide(_("statement of\nthe organization"), _(PROMISE), 26, _(SIGN)),
        wide(_("remark of\nthe authority"), "", 26, _("person in charge:                    (seal)                    date:")),
    ))  # fmt: skip
    parts: list[Part] = [above, _equipment(one, language)]
    if one.applications:
        heads = tuple(field.label(language) for field in APPLICATIONS)
        rows = tuple((app.name, app.address, app.ports, app.users) for app in one.applications)
        parts.append(Grid(heads, (4, 3.4, 3, 6), rows, _("applications")))
    title = _("Declaration of access to the {plane}").format(plane=plane)
    left = _("number: {number}, version {version}").format(number=one.number, version=one.version)
    return Form(title, today(desk).isoformat(), (*parts, below), left, _(one.state), foot=head_words(journal.head(desk.store)))


def _equipment(one: Declaration, language: str) -> Grid:
    heads = (_("order"), *(field.label(language) for field in EQUIPMENT))
    kind = EQUIPMENT[1]
    rows = tuple(
        (
            str(place),
            piece.name,
            kind.words(piece.kind, language),
            piece.model,
            piece.address,
            piece.certificate,
        )
        for place, piece in enumerate(one.equipment, 1)
    )
    return Grid(
        heads,
        (1.3, 4, 2.6, 4.2, 3.6, 4),
        rows or (("", _("none was declared"), "", "", "", ""),),
        _("network equipment"),
    )


def _words(desk: Desk, one: Declaration) -> dict[str, str]:
    """By field, what stands on paper: official names in Chinese, names as spoken otherwise."""
    language = spoken()
    said = {name: FIELD[name].words(value, language) for name, value in cells(one.statements).items()}
    to = one.authority or authority(desk, one.organization, one.plane)
    said["organization"], said["authority"] = name_of(desk, one.organization), name_of(desk, to) if to else ""
    for name in ("date", "until"):
        said[name] = day_words(said[name])
    return said


# ---- the reply
def reply(desk: Desk, number: str) -> Reply:
    """
    Draft the reply to a declaration as it stands: taken on file, returned, suspended, ended.

    Raises:
        Missing: there is no such declaration.
        Refused: it was not decided yet, or no regulation in force is known.
    """
    one = filings.one(desk.store, number, desk.at)
    state = DeclarationState.APPROVED if one.stands else one.state
    if state not in BODIES:
        raise Refused("the reply was not drafted", "{number} is {state}: nothing was decided", "netops declare review {number}",
                      number=one.number, state=one.state)  # fmt: skip
    title, warnings = regulation(desk, 10)
    to = one.authority or authority(desk, one.organization, one.plane)
    organ, organization = (
        name_of(desk, to) if to else desk.config.city.title(spoken()),
        name_of(desk, one.organization),
    )
    basis = f"《{title}》第十条" if spoken() == "zh" else f"Article 10, {title}"
    why = one.remark.rstrip("。.") or _("no reason was written down")
    fields = {"organization": organization, "plane": plane_words(one.plane), "number": one.number, "version": str(one.version),
              "basis": basis, "why": why, "since": day_words(day(one.since))}  # fmt: skip
    before, *after = (_(text).format_map(fields) for text in BODIES[state])
    table = (_on_file(desk, one),) if state is DeclarationState.APPROVED else ()
    paper = Paper(
        instrument="access_reply", mark=f"{organ}文件" if spoken() == "zh" else organ, title=_(TITLES[state]).format_map(fields),
        organ=organ, date=today(desk).isoformat(), to=organization, printed_by=organ, warnings=warnings,
        journal=journal.head(desk.store),
        blocks=(Paragraph(before), *table, *map(Paragraph, after)),
    )  # fmt: skip
    return Reply(paper, one.number, one.version, one.state)


def _on_file(desk: Desk, one: Declaration) -> Table:
    language, said = spoken(), _words(desk, one)
    addresses = _addresses(desk, one)
    rows = [
        (FIELD[name].label(language), said[name])
        for name in ("nature", "scope", "user_class", "responsible", "security_officer")
        if said.get(name)
    ]
    rows.insert(
        2,
        (_("network equipment"), "；".join(f"{piece.name} {piece.model}".strip() for piece in one.equipment)),
    )
    rows.insert(3, (FIELD["terminals"].label(language), str(one.terminals)))
    if addresses:
        rows.append((_("allocated addresses"), addresses))
    return Table((_("what is declared"), _("on file")), (18, 62), tuple(rows))


def _addresses(desk: Desk, one: Declaration) -> str:
    held = [
        each
        for each in holdings.allocations(desk.store, one.plane, desk.at, declaration=one.number)
        if each.state in HELD
    ]
    shown = "、".join(str(each.span) for each in held[:4])
    return shown + (f" +{len(held) - 4}" if len(held) > 4 else "")


def issued(desk: Desk, number: str) -> Reply | None:
    """The reply that was issued with this document number, exactly as it was frozen in the journal; None when there is none."""
    entry = next((one for one in journal.log(desk.store, 10, number) if one.verb == ISSUED), None)
    return msgspec.convert(entry.after, Reply) if entry else None


def issue(desk: Desk, draft: Reply, number: str) -> Reply:
    """
    A person issues a reply: it takes its number and is frozen, whole, in the journal.

    Raises:
        Refused: the number was used for another reply, or the declaration changed since it was drafted.
    """
    number = " ".join(number.split())[:120]
    before = issued(desk, number)
    about = (draft.number, draft.version, draft.state)
    if before is not None and (before.number, before.version, before.state) == about:
        return before
    if before is not None:
        raise Refused("the reply was not issued", "{number} was used for a reply about {declaration}", "give the next number",
                      number=number, declaration=before.number)  # fmt: skip
    with journal.act(desk.store, desk.actor, desk.clock) as one:
        now = filings.current(one.connection, draft.number)
        if (now.number, now.version, now.state) != about:
            raise Refused("the reply was not issued", "the plan is stale: {number} is {state} now", "draft it again",
                          number=now.number, state=now.state)  # fmt: skip
        kept = msgspec.structs.replace(
            draft, paper=msgspec.structs.replace(draft.paper, number=number, warnings=())
        )
        one.record(ISSUED, number, after=kept)
    return kept


# ---- files
def write(content: Declaration | Reply | Ledger, path: Path, desk: Desk) -> None:
    """
    Write a paper as DOCX, PDF, XLSX or JSON, by the suffix of *path*.

    Raises:
        Refused: too many rows for paper.
        NetopsError: no Chinese font is here (PDF only), or the place cannot be written.
    """
    match path.suffix.lower(), content:
        case ".json", _:
            made = msgspec.json.format(msgspec.json.encode(content), indent=1)
        case ".xlsx", Declaration():
            made = declaration_forms.workbook(desk, content.statements, content.number, content.version)
        case ".xlsx", Reply():
            made = _sheet_of(content, desk)
        case ".xlsx", Ledger():
            made = render([declaration_ledger.sheet(content)], content.title, desk.clock())
        case suffix, Reply() if spoken() == "zh":
            made = _paper(content.paper, suffix, desk)
        case suffix, _:
            drawn = _form_of(content, desk)
            made = (
                form_docx.render(drawn)
                if suffix == ".docx"
                else form_pdf.render(drawn, desk.config.documents)
            )
    put(made, path)


def _form_of(content: Declaration | Reply | Ledger, desk: Desk) -> Form:
    match content:
        case Declaration():
            return statement(desk, content)
        case Ledger():
            return declaration_ledger.form(content)
    return _plain(content.paper)


def _plain(paper: Paper) -> Form:
    """A paper in another language, for reading: not in the grid of GB/T 9704, which is for Chinese."""
    parts: list[Part] = [Remarks((f"{paper.to}:",))]
    for block in paper.blocks:
        if isinstance(block, Table):
            parts.append(Grid(block.columns, block.widths, block.rows))
        elif isinstance(block, Paragraph):
            parts.append(Remarks((block.text,)))
    parts.append(Remarks((paper.organ, *paper.warnings)))
    return Form(paper.title, paper.date, tuple(parts), paper.number or _("draft, not numbered"), paper.date,
                foot=head_words(paper.journal))  # fmt: skip


def _paper(paper: Paper, suffix: str, desk: Desk) -> bytes:
    from netops.documents import docx, pdf

    return docx.render(paper) if suffix == ".docx" else pdf.render(paper, desk.config.documents)


def _sheet_of(content: Reply, desk: Desk) -> bytes:
    rows: list[Sequence[str]] = []
    for block in content.paper.blocks:
        if isinstance(block, Table):
            rows += block.rows
        elif isinstance(block, Paragraph):
            rows.append(("", block.text))
    columns = [Column(_("what is declared"), 18), Column(_("on file"), 80, wraps=True)]
    remarks = [f"{content.paper.to}　　{content.paper.number or _('draft, not numbered')}"]
    notes = [
        f"{content.paper.organ}　　{day_words(content.paper.date)}",
        head_words(content.paper.journal),
    ]
    sheet = Sheet(_("reply"), columns, rows, content.paper.title, remarks, notes, landscape=False)
    return render([sheet], content.paper.title, desk.clock())
