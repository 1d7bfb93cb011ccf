"""Papers about declarations: the statement (接入书面说明), the reply to a decision, the ledger; netops drafts, people sign."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from netops.core import journal
from netops.core.errors import Refused
from netops.core.files import put
from netops.core.language import N_, _, spoken
from netops.core.paper import Heading, Paper, Paragraph, Table
from netops.declarations import filings
from netops.declarations.declaration import Declaration
from netops.declarations.fields import APPLICATIONS, EQUIPMENT, FIELD, cells
from netops.desk import Desk
from netops.documents import form_docx, form_pdf
from netops.documents.form import Box, Boxes, Form, Grid, Part
from netops.documents.xlsx import Column, Sheet, render
from netops.incidents import wording
from netops.incidents.papers import Kept
from netops.rounds import declaration_forms, declaration_ledger, drafting
from netops.rounds.address_lines import today
from netops.rounds.declaration_ledger import Ledger
from netops.rounds.declaration_words import day_words, head_words, name_of, plane_words
from netops.rounds.declaring import authority

SUFFIXES = (".docx", ".pdf", ".xlsx", ".json")
PROMISE = N_("We state this truthfully, meet the requirements of network security, and declare changes anew.")
SIGN = N_("Signature of the person responsible:                    (seal)                    date:")


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
    shares, tall, high = ((3.2, 5, 3.2, 5), 14, 26) if language == "zh" else ((4.4, 4.4, 4.4, 4.4), 8, 20)
    above = Boxes(shares, (
        pair("organization", "authority"), long("place"), pair("responsible", "responsible_phone"),
        pair("security_officer", "security_officer_phone"), pair("contact", "contact_phone"),
        long("nature", tall), long("scope", tall), long("lan"), long("user_class"),
    ))  # fmt: skip
    below = Boxes(shares, (
        wide(FIELD["terminals"].label(language), terminals), long("measures", tall), long("need"), pair("date", "until"),
        wide(_("statement of\nthe organization"), _(PROMISE), high, _(SIGN)),
        wide(_("remark of\nthe authority"), "", high, _("person in charge:                    (seal)                    date:")),
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
        (1.6, 4, 2.6, 4.2, 3.6, 4),
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
def reply(desk: Desk, number: str) -> Kept:
    """
    Draft the reply to a declaration as it stands, by the wording that answers its state (`states` in playbooks/notices/).

    It is a document like every other: `document issue` gives it its number, and freezes it.

    Raises:
        Missing: there is no such declaration.
        Refused: it was not decided yet, or no wording answers its state, or no basis in force allows it.
    """
    one = filings.one(desk.store, number, desk.at)
    every = (wording.load(desk.playbooks, name) for name in wording.names(desk.playbooks))
    fitting = [each.name for each in every if each.head.about == "declaration" and one.state in each.head.states]
    if not fitting:
        raise Refused("the reply was not drafted", "{number} is {state}: nothing was decided", "netops declare review {number}",
                      number=one.number, state=one.state)  # fmt: skip
    return drafting.draft(desk, one.number, fitting[0])


# ---- files
def write(content: Declaration | Kept | Ledger, path: Path, desk: Desk) -> None:
    """
    Write a paper as DOCX, PDF, XLSX or JSON, by the suffix of *path*.

    Raises:
        Refused: too many rows for paper.
        NetopsError: no Chinese font is here (PDF only), or the place cannot be written.
    """
    match path.suffix.lower(), content:
        case ".xlsx", Declaration():
            made = declaration_forms.workbook(desk, content.statements, content.number, content.version)
        case ".xlsx", Kept():
            made = _sheet_of(drafting.shown(content), desk)
        case ".xlsx", Ledger():
            made = render([declaration_ledger.sheet(content)], content.title, desk.clock())
        case suffix, Kept():
            made = drafting.rendered(desk, content, suffix)
        case ".json", _:
            made = msgspec.json.format(msgspec.json.encode(content), indent=1)
        case suffix, _:
            drawn = declaration_ledger.form(content) if isinstance(content, Ledger) else statement(desk, content)
            made = (
                form_docx.render(drawn)
                if suffix == ".docx"
                else form_pdf.render(drawn, desk.config.documents)
            )
    put(made, path)


def _sheet_of(paper: Paper, desk: Desk) -> bytes:
    """A letter on a sheet: a paragraph a row."""
    rows: list[Sequence[str]] = []
    for block in paper.blocks:
        if isinstance(block, Table):
            rows += [("　".join(row),) for row in block.rows]
        elif isinstance(block, Paragraph | Heading):
            rows += [(line,) for line in block.text.split("\n")]
    remarks = [f"{paper.to}　　{paper.number or _('draft, not numbered')}"]
    notes = [f"{paper.organ}　　{day_words(paper.date)}", head_words(paper.journal)]
    sheet = Sheet(_("reply"), [Column(_("text"), 96, wraps=True)], rows, paper.title, remarks, notes, landscape=False)
    return render([sheet], paper.title, desk.clock())
