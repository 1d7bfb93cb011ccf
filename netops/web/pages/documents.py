"""Documents: drafts and issued papers, each shown as it reads, with its receipts; issued by a person, never by itself."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from starlette.responses import Response

from netops.core import paper as content
from netops.core.errors import Missing, Refused
from netops.core.language import _, series, spoken
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.documents.page import addressed
from netops.incidents import papers
from netops.incidents.papers import Kept, PaperState, Receipt
from netops.rounds import drafting
from netops.rounds.timeline import WORDS
from netops.web.pages import words
from netops.web.pages.acting import seen_of
from netops.web.pages.page import Act, Field, Intent, Page, Shown, Step
from netops.web.pages.table import Cell, Table
from netops.web.pages.visit import Visit, path

LIMIT = 50
MARKS = {PaperState.DRAFT: "note", PaperState.ISSUED: "good", PaperState.VOID: "bad"}
KINDS = ("sent", "receipt", "reply")
MEDIA = {
    "pdf": "application/pdf",
    "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}


def heads() -> list[str]:
    """The heads above `row`."""
    return [
        _("id"),
        _("document number"),
        _("title"),
        _("kind"),
        _("state"),
        _("organization"),
        _("about"),
        _("issued"),
        _("reply by"),
        _("receipts"),
    ]


def row(visit: Visit, one: Kept) -> list[str | Cell]:
    """A paper in a list."""
    answers = papers.answers(visit.desk.store, one.id)
    return [
        Cell(one.id, path("documents", one.id), short=True),
        Cell(one.paper.number or "—", short=True),
        one.paper.read(spoken()).title,
        _(one.instrument.label),
        Cell(_(one.state), mark=MARKS[one.state], under="" if one.is_intact else _("its content was changed"), short=True),
        words.organization(one.organization),
        Cell(one.subject, _about(one)),
        words.time(one.issued),
        one.due or "—",
        Cell(series(_(WORDS[each.kind]) for each in answers) or "—"),
    ]


def _about(one: Kept) -> str:
    return {
        "incident": path("incidents", one.subject),
        "declaration": path("declarations", one.subject),
        "document": path("documents", one.subject),
    }.get(one.about, path("who", q=one.subject))


def listed(visit: Visit) -> Shown:
    """Every paper, the newest first."""
    state = visit.chosen("state", PaperState)
    kept = [one for one in reversed(papers.listed(visit.desk.store)) if one.is_seen(visit.who, visit.desk.planes)]
    drafts = sum(one.state is PaperState.DRAFT for one in kept)
    issued = sum(one.state is PaperState.ISSUED for one in kept)
    found = [one for one in kept if state in ("", one.state)]
    offset = visit.counted("from", 0, 1_000_000)
    table = Table(
        "documents",
        _("Documents"),
        heads(),
        [row(visit, one) for one in found[offset : offset + LIMIT]],
        _("No document was drafted."),
        more=visit.here(**{"from": offset + LIMIT}) if len(found) > offset + LIMIT else "",
        csv=visit.here(format="csv"),
    )
    tabs = [
        (visit.here(state=None, **{"from": None}), _("all"), not state),
        *((visit.here(state=one.value, **{"from": None}), _(one), state == one) for one in PaperState),
    ]
    answer = (
        _("Drafts that wait for a person: {drafts}; documents issued: {issued}.").format(drafts=drafts, issued=issued)
        if kept
        else _("No document was drafted.")
    )
    return Shown("list.html", answer, {"tabs": tabs, "acts": []}, [table], mark="note" if drafts else "")


def _one(visit: Visit) -> Kept:
    number = visit.path["number"][:64]
    one = papers.one(visit.desk.store, number)
    if not one.is_seen(visit.who, visit.desk.planes):
        raise Missing("there is no document {number}", "", "netops incident list", number=number)
    return one


def show(visit: Visit) -> Shown:
    """A paper as it reads, what it rests on, and who received it."""
    one = _one(visit)
    answers = Table(
        "receipts",
        _("Receipts and replies"),
        [_("what"), _("time"), _("who"), _("channel"), _("note")],
        [
            [_(WORDS[each.kind]), words.time(each.at), each.who, each.channel, each.note]
            for each in papers.answers(visit.desk.store, one.id)
        ],
        _("Nobody has received or answered it yet."),
        csv=visit.here(format="csv", table="receipts"),
    )
    decision, read = one.decision, one.paper.read(spoken())
    facts: list[tuple[str, str | Cell | list[Cell]]] = [
        (_("state"), Cell(_(one.state), mark=MARKS[one.state])),
        (_("number"), one.paper.number),
        (_("organization"), words.organization(one.organization)),
        (_("about"), Cell(one.subject, _about(one))),
        (_("drafted"), f"{words.time(one.drafted)} {one.actor}"),
        (_("issued"), words.time(one.issued)),
        (_("reply by"), one.due),
        (_("basis"), [Cell(text) for text in decision.citing(spoken())]),
        (_("evidence"), [Cell(name) for name in one.paper.evidence]),
        (
            "SHA-256",
            Cell(
                one.sha256, mark="good" if one.is_intact else "bad", under="" if one.is_intact else _("its content was changed")
            ),
        ),
        (_("reason"), one.reason),
    ]
    acts = [(path("documents", one.id, f"file.{kind}"), kind.upper()) for kind in MEDIA]
    if visit.may(Deed.HANDLE, one.plane or None, one.organization):
        if one.state is PaperState.DRAFT:
            acts.insert(0, (path("documents", one.id, "issue"), _("Issue it")))
        elif one.state is PaperState.ISSUED:
            acts.insert(0, (path("documents", one.id, "receive"), _("Record a receipt or a reply")))
    return Shown(
        "document.html",
        f"{one.paper.number or one.id} {read.title}",
        {
            "paper": read,
            "to": addressed(read),
            "blocks": [_block(block) for block in read.blocks],
            "facts": [fact for fact in facts if fact[1]],
            "acts": acts,
            "draft": one.state is PaperState.DRAFT,
        },
        [answers],
        trail=[("/documents", _("Documents"))],
    )


def _block(block: content.Block) -> dict[str, object]:
    if isinstance(block, content.Heading):
        return {"kind": "heading", "text": block.text}
    if isinstance(block, content.Paragraph):
        return {"kind": "paragraph", "text": block.text, "indent": block.indent}
    if isinstance(block, content.Table):
        return {"kind": "table", "columns": block.columns, "rows": block.rows}
    return {
        "kind": "boxes",
        "rows": [
            [(box.text + (f"\n{box.foot}" if box.foot else ""), box.columns, box.label) for box in line] for line in block.rows
        ],
    }


def file(visit: Visit) -> Response:
    """The paper as DOCX, PDF or JSON."""
    one, kind = _one(visit), visit.path["kind"]
    if kind not in MEDIA:
        raise Missing("{number} is not written as {kind}", "", "docx, pdf, json", number=one.id, kind=kind)
    made = drafting.rendered(visit.desk, one, f".{kind}")
    name = quote(f"{one.paper.number or one.id}.{kind}")
    return Response(
        made,
        media_type=MEDIA[kind],
        headers={"Content-Disposition": f"attachment; filename=\"{one.id}.{kind}\"; filename*=UTF-8''{name}"},
    )


# ---- acts
def _required(visit: Visit) -> Kept:
    one = _one(visit)
    visit.who.require(Deed.HANDLE, Plane(one.plane) if one.plane else None, one.organization)
    return one


def issuing(visit: Visit) -> Intent:
    """A person issues a draft: it takes the next number and is frozen."""
    one = _required(visit)

    def stands() -> str:
        now = papers.one(visit.desk.store, one.id)
        return seen_of(now.state, now.sha256, now.paper.number)

    def plan(said: Mapping[str, str]) -> list[Step]:
        if one.state is not PaperState.DRAFT:
            raise Refused("{number} was not issued", "it is {state}", "/documents", number=one.id, state=one.state)
        return [
            Step(
                _("{title} is issued: it takes the next number of {mark} and is frozen").format(
                    title=one.paper.title, mark=drafting.mark_of(visit.desk, one)
                ),
                "good",
            ),
            *(Step(warning, "note") for warning in one.paper.warnings),
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        drafting.issue(visit.desk, one.id, said["signer"])

    fields = [Field("signer", _("Who signs it (for papers to a superior)"), most=64)]
    return Intent(
        _("Issue {id}: {title}").format(id=one.id, title=one.paper.title),
        fields,
        plan,
        do,
        path("documents", one.id),
        stands(),
        stands,
        facts=[
            (_("state"), _(one.state)),
            (_("organization"), visit.desk.register.name(one.organization)),
            (_("about"), one.subject),
        ],
        verb=_("Issue it"),
    )


def receiving(visit: Visit) -> Intent:
    """A paper was sent, received or answered."""
    one = _required(visit)

    def stands() -> str:
        return seen_of(papers.one(visit.desk.store, one.id).state, len(papers.answers(visit.desk.store, one.id)))

    def kind_of(said: Mapping[str, str]) -> str:
        return said["kind"] if said["kind"] in KINDS else "receipt"

    def plan(said: Mapping[str, str]) -> list[Step]:
        if one.state is not PaperState.ISSUED:
            raise Refused("nothing was recorded", "{number} is {state}", "/documents", number=one.id, state=one.state)
        return [
            Step(
                _("record: {what} {who} {channel} {note}").format(
                    what=_(kind_of(said)), who=said["who"], channel=said["channel"], note=said["note"]
                ),
                "good",
            )
        ]

    def do(said: Mapping[str, str], _key: str) -> None:
        drafting.answer(
            visit.desk, one, Receipt(one.id, kind_of(said), visit.desk.clock(), said["who"], said["channel"], said["note"])
        )

    fields = [
        Field("kind", _("What happened"), "choice", "receipt", choices=[(kind, _(kind)) for kind in KINDS]),
        Field("who", _("Who"), required=True, most=128),
        Field("channel", _("Channel"), most=128),
        Field("note", _("Note"), "area"),
    ]
    return Intent(
        _("Record about {id}: {title}").format(id=one.paper.number or one.id, title=one.paper.title),
        fields,
        plan,
        do,
        path("documents", one.id),
        stands(),
        stands,
    )


PAGES = (
    Page("/documents", Deed.READ, listed),
    Page("/documents/{number}/file.{kind}", Deed.READ, file),
    Page("/documents/{number}", Deed.READ, show),
)
ACTS = (
    Act("/documents/{number}/issue", Deed.HANDLE, issuing, bound=False),
    Act("/documents/{number}/receive", Deed.HANDLE, receiving, bound=False),
)
