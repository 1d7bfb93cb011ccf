"""`netops document`: drafts, papers that people issued, their files, receipts and replies."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from netops.cli import Group, desk, output
from netops.cli.printing import Column, labelled, sign
from netops.core import files
from netops.core.errors import NetopsError
from netops.core.language import N_, _, bracketed, spoken

if TYPE_CHECKING:
    from datetime import date

    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.incidents.papers import Kept, Receipt

STATES = ("draft", "issued", "void")
ABOUT = {
    "incident": N_("incident"), "declaration": N_("declaration"), "exit": N_("exit"), "document": N_("document"),
    "inspection": N_("inspection"), "inspections": N_("inspections"), "assessment": N_("yearly assessment"),
}  # fmt: skip
MARKS = {"draft": "note", "issued": "good", "void": "bad"}
TRANSLATED = N_("a translation for the reader; the official paper is Chinese: --lang zh")
set_option = click.option(
    "--set", "given", metavar="ITEM=TEXT", multiple=True, help=N_("What people give, by item of the wording; several allowed.")
)
signer_option = click.option("--signer", metavar="NAME", default="", help=N_("Who signed it, on a paper to a superior."))
sign_option = click.option("--sign", is_flag=True, help=N_("Sign the PDF with the office's certificate, see [documents]."))
first_option = click.option(
    "--first", type=click.IntRange(min=1), default=None, metavar="N",
    help=N_("The number with which the sequence of this organ and year begins; those before were given elsewhere."),
)  # fmt: skip


@click.group(cls=Group)
def document() -> None:
    """Official documents: drafted through the legal gate, issued by people with gap-free numbers, tracked to the reply."""


# ---- asking
@document.command("list")
@click.option("--state", type=click.Choice(STATES), help=N_("Only in this state."))
@click.option("--about", "subject", metavar="NUMBER", default="",
              help=N_("Only about this incident, declaration, exit or document."))  # fmt: skip
@click.option("--organization", metavar="CODE", default="", help=N_("Only this organization's."))
@click.option("--kind", metavar="KIND", default="", help=N_("Only of this kind, such as notice."))
@click.option("--year", type=int, help=N_("Only numbered in this year."))
@click.option("--overdue", is_flag=True, help=N_("Only those whose answer is overdue."))
def list_(state: str | None, subject: str, organization: str, kind: str, year: int | None, overdue: bool) -> None:
    """Every document, with its number and how it was answered; exit code 1 when an answer is overdue."""
    from netops.incidents import papers

    out = output()
    with desk() as opened:
        answers = answered(papers.answers(opened.store))
        day = _today(opened)
        listed = [
            _record(one, answers.get(one.id, []), day)
            for one in papers.listed(opened.store, subject)
            if (not one.plane or one.plane in opened.planes)
            and (not state or one.state == state)
            and (not organization or one.organization == organization)
            and (not kind or one.instrument == kind)
            and (not year or (one.paper.number and one.paper.date.startswith(f"{year}-")))
        ]
        shown = [row for row in listed if row["overdue"] or not overdue]
        out.records(
            "document",
            shown,
            [
                Column(N_("number"), lambda row: row["id"], style="cyan"),
                Column(N_("document number"), lambda row: row["number"] or "—"),
                Column(N_("kind"), lambda row: _(row["label"])),
                Column(N_("state"), lambda row: f"{sign(MARKS[row['state']])} {_(row['state'])}"),
                Column(N_("about"), lambda row: row["subject"]),
                Column(N_("organization"), lambda row: opened.register.name(row["organization"]) or "—"),
                Column(N_("date"), lambda row: row["date"]),
                Column(N_("answer"), _told, style=lambda row: "bold red" if row["overdue"] else ""),
            ],
            empty=_("There is no document."),
            next_step=f"netops document show {shown[0]['id']}" if shown else "netops document wordings",
        )
    raise SystemExit(int(any(row["overdue"] for row in shown)))


def answered(found: list[Receipt]) -> dict[str, list[Receipt]]:
    """What was sent, received and answered, by document."""
    by: dict[str, list[Receipt]] = {}
    for one in found:
        by.setdefault(one.paper, []).append(one)
    return by


def _today(opened: Desk) -> date:
    from netops.rounds.address_lines import today

    return today(opened)


def _record(one: Kept, answers: list[Receipt], day: date) -> dict[str, Any]:
    """A document in JSON without its text."""
    kinds = {answer.kind for answer in answers}
    waits = one.state == "issued" and bool(one.due) and "reply" not in kinds
    return {
        "id": one.id, "number": one.paper.number, "instrument": one.instrument, "label": one.instrument.label,
        "state": one.state, "about": one.about, "subject": one.subject, "organization": one.organization,
        "plane": one.plane, "title": one.paper.read(spoken()).title, "date": one.paper.date, "due": one.due,
        "received": "receipt" in kinds, "replied": "reply" in kinds, "overdue": waits and one.due < day.isoformat(),
        "intact": one.is_intact, "sha256": one.sha256, "rows": one.decision.rows, "unverified": one.decision.unverified,
        "reason": one.reason, "goes_with": one.goes_with,
    }  # fmt: skip


def _told(row: Mapping[str, Any]) -> str:
    """How it was answered, or until when it is to be."""
    if row["replied"]:
        return _("answered")
    if row["overdue"]:
        return _("overdue since {due}").format(due=row["due"])
    parts = [_("received")] if row["received"] else []
    if row["due"] and row["state"] == "issued":
        parts.append(_("by {due}").format(due=row["due"]))
    return ", ".join(parts)


@document.command()
@click.argument("number")
def show(number: str) -> None:
    """One document by its id or number: what it says, the rows of the law it rests on, evidence, receipts and replies."""
    from msgspec import to_builtins

    from netops.incidents import papers

    out = output()
    with desk() as opened:
        one = papers.one(opened.store, number)
        answers = papers.answers(opened.store, one.id)
        row = _record(one, answers, _today(opened))
        whole = {**row, "document": to_builtins(one), "evidence": one.paper.evidence, "answers": answers}
        out.record("document", whole, lambda: _shown(out, opened, one, answers, row), plane=one.plane or None)


def _shown(out: Output, opened: Desk, one: Kept, answers: list[Receipt], row: Mapping[str, Any]) -> None:
    from netops.core.clock import city_time
    from netops.core.paper import Boxes, Heading, Paragraph
    from netops.rounds.timeline import WORDS

    paper = one.paper.read(spoken())
    out.line(f"{one.id}  {paper.number or _('not numbered')}  {_(one.instrument.label)}", style="bold")
    out.line(f"  {paper.title}", style="bold")
    broken = "" if one.is_intact else "  " + _("CHANGED SINCE IT WAS FROZEN")
    for label, value in (
        ("", "! " + _(TRANSLATED) if paper.language == "en" else ""),
        (_("state"), f"{sign(MARKS[one.state])} {_(one.state)}" + (f"  {one.reason}" if one.reason else "")),
        (_("about"), f"{one.subject}  {opened.register.name(one.organization)}".rstrip()),
        (_("to"), paper.to),
        (_("date"), paper.date),
        (_("answer"), _told(row)),
        (_("drafted"), city_time(one.drafted)),
        (_("issued"), f"{city_time(one.issued)}  {one.actor}" if one.issued else ""),
        ("SHA-256", one.sha256 + broken),
        (_("head of the journal"), paper.journal),
    ):
        if value:
            out.line(f"  {labelled(label) if label else ''}{value}")
    out.line("  " + _("basis") + ":")
    for used in one.decision.used:
        doubt = "" if used.verified else "  ! " + _("unverified")
        span = f"{used.effective_from} – {used.effective_to or '…'}"
        cited = used.cited_en if spoken() == "en" else used.cited
        out.line(f"    {used.id}  {cited}  {used.version}  {span}{doubt}")
    for warning in paper.warnings:
        out.line(f"  ! {warning}", style="yellow")
    out.line()
    for block in paper.blocks:
        if isinstance(block, Heading | Paragraph):
            proof = f"  [{', '.join(block.evidence)}]" if isinstance(block, Paragraph) and block.evidence and out.verbose else ""
            out.line(f"  {block.text}{proof}", style="bold" if isinstance(block, Heading) else "")
        elif isinstance(block, Boxes):
            for boxes in block.rows:
                out.line("  | " + " | ".join(box.text.replace("\n", "") for box in boxes))
        else:
            out.line("  | " + " | ".join(block.columns), style="bold")
            for cells in block.rows:
                out.line("  | " + " | ".join(cells))
    if answers:
        out.line()
    for answer in answers:
        told = f"{_(WORDS[answer.kind])}  {answer.who}  {answer.channel}  {answer.note}".rstrip()
        out.line(f"  {city_time(answer.at)}  {told}")
    verb = "issue" if one.state == "draft" and not one.goes_with else "print"
    out.next(f"netops document {verb} {one.id} -o {one.id}.docx")


@document.command()
def wordings() -> None:
    """The wordings in playbooks/notices/: what each is about, and what people give."""
    from netops.incidents import wording

    out = output()
    with desk() as opened:
        found = [wording.load(opened.playbooks, name) for name in wording.names(opened.playbooks)]
        rows = [
            {"name": one.name, "instrument": one.head.instrument, "label": one.head.instrument.label, "about": one.head.about,
             "title": one.head.title, "reply_days": one.head.reply_days, "items": sorted(one.given)}
            for one in found
        ]  # fmt: skip
        out.records(
            "wording",
            rows,
            [
                Column(N_("name"), lambda row: row["name"], style="cyan"),
                Column(N_("kind"), lambda row: _(row["label"])),
                Column(N_("about"), lambda row: _(ABOUT[row["about"]])),
                Column(N_("title"), lambda row: row["title"]),
                Column(N_("items"), lambda row: ", ".join(row["items"])),
            ],
            next_step="netops document draft NAME NUMBER -o FILE.docx",
        )


# ---- drafting and issuing
@document.command()
@click.argument("wording")
@click.argument("subject")
@set_option
@click.option("--attach", metavar="FILE", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
              help=N_("Name a file as an attachment, with its hash; several allowed."))  # fmt: skip
def draft(wording: str, subject: str, given: tuple[str, ...], attach: tuple[Path, ...]) -> None:
    """
    Draft a document by WORDING about SUBJECT: an incident, a declaration, an exit or an issued document.

    Through the gate: what no basis in force allows is refused, with what is allowed instead.
    """
    from netops.rounds import drafting

    out = output()
    with desk() as opened:
        path = place(out, "netops document draft {wording} {subject} -o FILE.docx", wording=wording, subject=subject)
        values = items(given)
        if attach:
            values["attachments"] = "\n".join(hashed(one) for one in attach)
        if out.dry_run:
            decision, label = drafting.asked(opened, subject, wording, values)
            if not decision.allowed:
                raise decision.refusal()
            out.say(_("plan: draft a {label} about {subject}").format(label=_(label), subject=subject))
            out.say(f"  {labelled(_('basis'))}" + "; ".join(decision.citing(spoken())))
            out.confirm("")
        told(out, opened, drafting.draft(opened, subject, wording, values), path)


def items(given: tuple[str, ...]) -> dict[str, str]:
    """ITEM=TEXT as values."""
    return {name: text for name, _sep, text in (one.partition("=") for one in given)}


def hashed(path: Path) -> str:
    """A file as an attachment names it, with its SHA-256."""
    import hashlib

    with path.open("rb") as file:
        return bracketed(path.name, f"SHA-256 {hashlib.file_digest(file, 'sha256').hexdigest()}")


@document.command("issue")
@click.argument("number")
@signer_option
@first_option
@sign_option
def issue_(number: str, signer: str, first: int | None, sign: bool) -> None:
    """A person issues a draft: it takes the next number and is frozen; -o FILE writes it too."""
    from netops.incidents import papers
    from netops.rounds import drafting

    out = output()
    with desk() as opened:
        path = out.file and place(out, "")
        if sign or (path and path.suffix.lower() == ".pdf" and opened.config.documents.sign):
            drafting.certificate(opened, path or Path())
        told(out, opened, issued(out, opened, papers.one(opened.store, number), signer, first or 0), path, sign=sign)


def issued(out: Output, opened: Desk, kept: Kept, signer: str = "", first: int = 0) -> Kept:
    """The draft with its number, frozen, after its plan was shown and confirmed."""
    from netops.rounds import drafting

    out.say(
        _("plan: issue {id} as {mark}〔{year}〕 with the next number; it is frozen then").format(
            id=kept.id, mark=drafting.mark_of(opened, kept), year=_today(opened).year
        )
    )
    paper = kept.paper.read(spoken())
    out.say(f"  {paper.title}  →  {paper.to}".rstrip(" →"))
    for warning in paper.warnings:
        out.say(f"  ! {warning}")
    out.confirm(_("Issue it?"))
    return drafting.issue(opened, kept.id, signer, first)


@document.command("print")
@click.argument("number")
@sign_option
def print_(number: str, sign: bool) -> None:
    """Write a document into a file: -o FILE.docx, .pdf or .json; an issued one gives the same bytes each time."""
    from netops.incidents import papers

    out = output()
    with desk() as opened:
        path = place(out, "netops document print {number} -o FILE.docx", number=number)
        told(out, opened, papers.one(opened.store, number), path, sign=sign)


@document.command("void")
@click.argument("number")
@click.option("--why", required=True, metavar="TEXT", help=N_("The reason; the number stays in the sequence with it."))
def void_(number: str, why: str) -> None:
    """Void an issued document; its number stays in the sequence, with the reason."""
    from netops.core import journal
    from netops.incidents import papers

    out = output()
    with desk() as opened:
        one = papers.one(opened.store, number)
        out.say(_("plan: void {number}, because: {why}").format(number=one.paper.number or one.id, why=why))
        out.confirm(_("Void it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            papers.void(act, one.id, why)
        _changed(out, opened, one.id, _("{document} is void; its number stays taken.").format(document=one.paper.number))


# ---- answers
def _answering(function: Callable[..., None]) -> Callable[..., None]:
    """The argument and the options of sent, receipt and reply."""
    for option in (
        click.option("--attach", metavar="FILE", multiple=True, type=click.Path(path_type=Path, exists=True, dir_okay=False),
                     help=N_("A file that came with it; its hash is kept.")),
        click.option("--received", "when", metavar="TIME", help=N_("When; else now.")),
        click.option("--note", metavar="TEXT", default="", help=N_("What was answered.")),
        click.option("--channel", metavar="TEXT", default="", help=N_("How, such as by courier.")),
        click.option("--who", metavar="NAME", required=True, help=N_("Who sent, received or answered.")),
        click.argument("number"),
    ):  # fmt: skip
        function = option(function)
    return function


@document.command("sent")
@_answering
def sent_(**given: Any) -> None:
    """Record that a document was sent to its addressee."""
    _answer("sent", **given)


@document.command("receipt")
@_answering
def receipt_(**given: Any) -> None:
    """Record who received a document."""
    _answer("receipt", **given)


@document.command("reply")
@_answering
def reply_(**given: Any) -> None:
    """Record what was answered to a document."""
    _answer("reply", **given)


def _answer(kind: str, number: str, who: str, channel: str, note: str, when: str | None, attach: tuple[Path, ...]) -> None:
    from netops.cli.papers import moment
    from netops.incidents import papers
    from netops.rounds import drafting
    from netops.rounds.timeline import WORDS

    out = output()
    with desk() as opened:
        one = papers.one(opened.store, number)
        at = moment(when, opened) if when else opened.clock()
        said = "；".join(filter(None, (note, *(hashed(path) for path in attach))))
        name = one.paper.number or one.id
        out.say(_("plan: record for {document}: {kind} by {who}").format(document=name, kind=_(WORDS[kind]), who=who))
        out.confirm(_("Do it?"))
        drafting.answer(opened, one, papers.Receipt(one.id, kind, at, who, channel, said))
        _changed(out, opened, one.id, _("{document}: recorded.").format(document=name))


def _changed(out: Output, opened: Desk, number: str, text: str) -> None:
    """The document as it stands after a change."""
    from netops.incidents import papers

    one = papers.one(opened.store, number)
    row = _record(one, papers.answers(opened.store, one.id), _today(opened))

    def said() -> None:
        out.line(text)
        out.next(f"netops document show {one.id}")

    out.record("document", row, said, plane=one.plane or None)


@document.command()
def verify() -> None:
    """Hold issued documents against their hashes and the journal, and each sequence of numbers against gaps."""
    from netops.incidents import integrity, papers

    out = output()
    with desk() as opened:
        found = integrity.faults(opened.store)
        numbered = [one for one in papers.listed(opened.store) if one.paper.number and not one.goes_with]
        void = sum(one.state == "void" for one in numbered)
        out.records(
            "fault",
            found,
            [Column(N_("number"), lambda one: one.number, style="cyan"), Column(N_("what"), lambda one: _(one.why), style="red")],
            empty=_("{count} numbered documents, {void} of them void: every hash, journal entry and number is in order.").format(
                count=len(numbered), void=void
            ),
        )
    raise SystemExit(int(bool(found)))


# ---- what all that write a document share
def place(out: Output, mend: str, **facts: str) -> Path | None:
    """
    Where the document goes: the file of -o, or a folder for all its forms, made if need be; none only with --json or a dry run.

    Raises:
        NetopsError: nothing was named, or a file with another suffix.
    """
    from netops.rounds.drafting import SUFFIXES

    if out.file is None and not out.json and not out.dry_run:
        raise NetopsError("no document was written", "no file was named", mend, **facts)
    if out.file is not None and not out.file.suffix and not out.file.exists() and not out.dry_run:
        files.folder(out.file)
    if out.file is not None and out.file.suffix.lower() not in SUFFIXES and not out.file.is_dir():
        raise NetopsError(
            "{path} was not written", "a document is written as {suffixes}, or as all of them into a folder", "-o FILE.docx",
            path=out.file, suffixes=", ".join(SUFFIXES),
        )  # fmt: skip
    return out.file


def told(
    out: Output, opened: Desk, kept: Kept, path: Path | None, write: Callable[[Kept, Path, Desk], None] | None = None, *,
    sign: bool = False,
) -> None:  # fmt: skip
    """
    The document into its file, and on stdout where it is, by which rows of the law, and what to know first.

    Args:
        write: writes what has more forms than the others. *sign*: sign the PDF.
    """
    from msgspec import to_builtins

    from netops.rounds import drafting

    files: tuple[Path, ...] = (path,) if path else ()
    if path and write:
        write(kept, path, opened)
    elif path:
        files = drafting.write(opened, kept, path, sign=sign)
    talk, paper = replace(out, file=None), kept.paper.read(spoken())

    def text() -> None:
        name = kept.paper.number if kept.state != "draft" else _("draft {id}").format(id=kept.id)
        talk.line("  ".join((name, paper.title, *map(str, files))), style="bold")
        if files and paper.language == "en":
            talk.line("  ! " + _(TRANSLATED))
        talk.line(f"  {labelled(_('basis'))}" + "; ".join(kept.decision.citing(spoken())))
        if kept.decision.unverified:
            talk.line(f"  ! {labelled(_('unverified'))}" + ", ".join(kept.decision.unverified))
        for warning in paper.warnings:
            talk.line(f"  ! {warning}")
        if kept.paper.is_draft:
            talk.line("  " + _("A draft: a person checks, numbers and signs it."))
            talk.next(f"netops document issue {kept.id} -o {kept.id}.docx")
        elif kept.state == "issued" and not kept.goes_with:
            talk.next(f"netops document draft delivery_receipt {kept.id} -o {kept.id}.docx" if paper.to else "")

    talk.record("document", {**to_builtins(kept), "path": str(path) if path else "", "files": [str(one) for one in files]}, text)
