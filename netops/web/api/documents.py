"""Documents over the API: drafted, issued, received and voided, as `netops document` does it; people sign, netops never sends."""

from __future__ import annotations

import base64
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from netops.core import journal
from netops.core.errors import Missing
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.incidents import papers
from netops.incidents.papers import Kept, PaperState, Receipt
from netops.rounds import drafting
from netops.web.api.handling import Why, incident
from netops.web.api.operation import Asked, Call, Nothing, Operation, Page

Text = Annotated[str, Meta(max_length=2000)]
Short = Annotated[str, Meta(max_length=128)]


class Papers(Asked, frozen=True):
    """Which documents; *subject*: about this incident, declaration, exit."""

    subject: Short = ""
    state: PaperState | None = None


class PaperRecord(msgspec.Struct, frozen=True):
    """A document without its text; *intact*: it still hashes to what was frozen."""

    id: str
    number: str
    title: str
    instrument: str
    state: PaperState
    about: str
    subject: str
    organization: str
    plane: str
    due: str
    sha256: str
    intact: bool
    drafted: datetime
    issued: datetime | None
    actor: str
    reason: str


class PaperWhole(msgspec.Struct, frozen=True):
    """A document with its text as it is kept, and what came of it."""

    record: PaperRecord
    content: dict[str, Any]
    receipts: tuple[Receipt, ...]


class PaperFile(msgspec.Struct, frozen=True):
    """A document as a file; *content* in base 64."""

    name: str
    media_type: str
    content: str


class Form(Nothing, frozen=True):
    """As what it is wanted."""

    format: Literal["docx", "pdf", "json"] = "pdf"


class Drafted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be drafted: a wording of `playbooks/notices/`, and what only people know."""

    subject: Annotated[str, Meta(min_length=1, max_length=128)]
    wording: Annotated[str, Meta(pattern="^[a-z_/]{1,64}$")] = "notice"
    values: dict[Annotated[str, Meta(max_length=64)], Annotated[str, Meta(max_length=2000)]] = {}


class Signed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who signs it, for papers to a superior."""

    signer: Annotated[str, Meta(max_length=64)] = ""


class Came(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What became of a document."""

    kind: Literal["sent", "receipt", "reply"]
    who: Annotated[str, Meta(min_length=1, max_length=128)]
    channel: Short = ""
    note: Text = ""


def _paper(call: Call, deed: Deed = Deed.READ) -> Kept:
    number = call.path["id"][:64]
    absent = Missing("there is no document {number}", "", "netops document list", number=number)
    try:
        one = papers.one(call.desk.store, number)
    except Missing:
        raise absent from None
    if not one.is_seen(call.who, call.desk.planes):
        raise absent
    call.who.require(deed, Plane(one.plane) if one.plane else None, one.organization)
    return one


def _record(one: Kept) -> PaperRecord:
    return PaperRecord(
        one.id, one.paper.number, one.paper.title, str(one.instrument), one.state, one.about, one.subject, one.organization,
        one.plane, one.due, one.sha256, one.is_intact, one.drafted, one.issued, one.actor, one.reason,
    )  # fmt: skip


def _whole(call: Call, one: Kept) -> PaperWhole:
    content = msgspec.to_builtins(one.paper, str_keys=True)
    return PaperWhole(_record(one), content, tuple(papers.answers(call.desk.store, one.id)))


def documents(call: Call) -> Page[PaperRecord]:
    """Documents that who asks may see, in the order of their making."""
    asked = call.query
    mine = [
        one for one in papers.listed(call.desk.store, asked.subject)
        if one.is_seen(call.who, call.desk.planes) and asked.state in (None, one.state)
    ]  # fmt: skip
    page = call.page(mine, lambda one: (one.drafted.isoformat(), one.id))
    return Page([_record(one) for one in page.items], page.next)


def document(call: Call) -> PaperWhole:
    """One document."""
    return _whole(call, _paper(call))


MEDIA = {
    "pdf": "application/pdf", "json": "application/json",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}  # fmt: skip


def file(call: Call) -> PaperFile:
    """One document as a file."""
    one, form = _paper(call), call.query.format
    content = drafting.rendered(call.desk, one, f".{form}")
    return PaperFile(f"{one.paper.number or one.id}.{form}", MEDIA[form], base64.b64encode(content).decode())


def drafted(call: Call) -> PaperWhole:
    """Draft a document; people sign it."""
    asked: Drafted = call.body
    if set(call.who.planes) != set(call.desk.planes):
        # What it is about decides the plane: an incident says so by itself, anything else is of every plane.
        incident(call, asked.subject, Deed.HANDLE)
    call.who.require(Deed.HANDLE, None, None)
    return _whole(call, drafting.draft(call.desk, asked.subject, asked.wording, asked.values))


def issued(call: Call) -> PaperWhole:
    """Issue a draft: it takes the next number and is frozen."""
    one = _paper(call, Deed.HANDLE)
    call.match(_whole(call, one))
    return _whole(call, drafting.issue(call.desk, one.id, call.body.signer))


def received(call: Call) -> PaperWhole:
    """A document was sent, received or answered."""
    one, asked = _paper(call, Deed.HANDLE), call.body
    drafting.answer(call.desk, one, Receipt(one.id, asked.kind, call.desk.clock(), asked.who, asked.channel, asked.note))
    return _whole(call, papers.one(call.desk.store, one.id))


def voided(call: Call) -> PaperWhole:
    """Void an issued document; its number stays taken."""
    one = _paper(call, Deed.HANDLE)
    call.match(_whole(call, one))
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        papers.void(act, one.id, call.body.why)
    return _whole(call, papers.one(call.desk.store, one.id))


OPERATIONS = (
    Operation("GET", "/documents", "listDocuments", Deed.READ, N_("Drafts and issued documents"), documents, PaperRecord,
              "document", Papers),
    Operation("POST", "/documents", "draftDocument", Deed.HANDLE, N_("Draft a document"), drafted, PaperWhole, "", Nothing,
              Drafted, 201, takes_key=True, again=lambda call, _: drafted(call)),
    Operation("GET", "/documents/{id}", "getDocument", Deed.READ, N_("One document"), document, PaperWhole),
    Operation("GET", "/documents/{id}/file", "getDocumentFile", Deed.READ, N_("One document as a file"), file, PaperFile, "",
              Form),
    Operation("POST", "/documents/{id}/issue", "issueDocument", Deed.HANDLE, N_("Issue a draft under the next number"), issued,
              PaperWhole, "", Nothing, Signed, takes_key=True, again=lambda call, _: document(call)),
    Operation("POST", "/documents/{id}/receipts", "recordReceipt", Deed.HANDLE, N_("It was sent, received or answered"), received,
              PaperWhole, "", Nothing, Came, 201, takes_key=True, again=lambda call, _: document(call)),
    Operation("POST", "/documents/{id}/void", "voidDocument", Deed.HANDLE, N_("Void an issued document"), voided, PaperWhole, "",
              Nothing, Why, takes_key=True, again=lambda call, _: document(call)),
)  # fmt: skip
