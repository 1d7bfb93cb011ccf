"""The verbs of `netops incident` that are about documents: notice, rectify, report, reply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from netops.cli import Command, desk, output
from netops.cli.document import issued, items, place, told
from netops.cli.printing import labelled
from netops.core.errors import NetopsError, Refused
from netops.core.language import N_, _, spoken

if TYPE_CHECKING:
    from datetime import datetime

    from netops.cli.printing import Output
    from netops.desk import Desk
    from netops.incidents.papers import Kept

LETTERS = click.Choice(["notice", "guidance", "rectification_request", "rectification_order"])
ASKED = ("rectification_request", "rectification_order")
REPORTED = ("first", "supplement", "final")
"""Reports that have a wording; the other acts are only recorded."""


def moment(text: str, opened: Desk) -> datetime:
    """
    A time that a person gave, city time when it names no zone; never later than now.

    Raises:
        NetopsError: it is no time, or lies ahead.
    """
    from datetime import datetime

    from netops.core.clock import CITY_ZONE

    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        raise NetopsError(
            "{text} was not understood", "it is not a time", "write 2026-03-01T08:00", text=text
        ) from None
    given = given if given.tzinfo else given.replace(tzinfo=CITY_ZONE)
    if given > opened.clock():
        raise NetopsError("{text} was not accepted", "it lies ahead", "give when it was done", text=text)
    return given


def _drafted(
    verb: str, number: str, wording: str, values: Mapping[str, str] | None = None, *, issue: bool = False
) -> None:
    """Draft through the gate, issue when that was asked, and write the file."""
    from netops.incidents import casebook
    from netops.rounds import drafting

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        path = place(out, "netops incident {verb} {number} -o {number}.docx", verb=verb, number=one.number)
        decision, label = drafting.asked(opened, one.number, wording, values)
        out.say(
            _("plan: draft a {label} about {number} ({what}), concerning {organization}").format(
                label=_(label),
                number=one.number,
                what=one.title,
                organization=opened.register.name(one.organization) or "—",
            )
        )
        if out.dry_run:
            if not decision.allowed:
                raise decision.refusal()
            out.say(f"  {labelled(_('basis'))}" + "; ".join(decision.citing(spoken())))
            out.confirm("")
        kept = drafting.draft(opened, one.number, wording, values)
        told(out, opened, issued(out, opened, kept) if issue else kept, path)


issue_option = click.option(
    "--issue", is_flag=True, help=N_("A person issues it: it takes the next number and is frozen.")
)


@click.command(cls=Command)
@click.argument("number")
@click.option(
    "--instrument", type=LETTERS, default="notice", show_default=True, help=N_("Which kind of document.")
)
@click.option("--document", metavar="ID", help=N_("Write a document that is kept already, such as D-0001."))
@issue_option
def notice(number: str, instrument: str, document: str | None, issue: bool) -> None:
    """Draft a notice from its findings and evidence: -o FILE.docx, FILE.pdf or FILE.json."""
    from netops.incidents import papers as documents

    if document is None:
        _drafted("notice", number, instrument, issue=issue)
        return
    out = output()
    with desk() as opened:
        kept = _of(documents.one(opened.store, document), number)
        path = place(out, "netops incident notice {number} -o {number}.docx", number=number)
        told(out, opened, issued(out, opened, kept) if issue else kept, path)


def _of(kept: Kept, number: str) -> Kept:
    if kept.incident != number.upper():
        raise Refused(
            "{document} was not used", "it is about {incident}", "netops incident show {incident}",
            document=kept.id, incident=kept.incident,
        )  # fmt: skip
    return kept


@click.command(cls=Command)
@click.argument("number")
@click.option(
    "--instrument",
    type=click.Choice(ASKED),
    default="rectification_order",
    show_default=True,
    help=N_("An order needs a sanction clause in force; a request does not."),
)
@issue_option
def rectify(number: str, instrument: str, issue: bool) -> None:
    """Draft a rectification order, where a basis in force allows one; else refused, with what is allowed."""
    _drafted("rectify", number, instrument, issue=issue)


@click.command(cls=Command)
@click.argument("number")
@click.option(
    "--kind",
    type=click.Choice([*REPORTED, "police", "vulnerability_report", "data_report"]),
    required=True,
    help=N_("Which report; the last three have no wording and are only recorded, with --sent."),
)
@click.option(
    "--set",
    "given",
    metavar="ITEM=TEXT",
    multiple=True,
    help=N_("What only people know: impact, measures, trend, analysis, clues, next_steps, scene, other."),
)
@click.option("--sent", is_flag=True, help=N_("Record that it was sent: this stops its clock."))
@click.option("--document-no", metavar="TEXT", default="", help=N_("With --sent: its document number."))
@click.option("--channel", metavar="TEXT", default="", help=N_("With --sent: how it was sent, such as 12387."))
@click.option("--receipt", metavar="TEXT", default="", help=N_("With --sent: who received it, or its receipt."))
@click.option("--sent-at", metavar="TIME", help=N_("With --sent: when; else now."))
@click.option("--to", "to_whom", metavar="TEXT", default="", help=N_("With --sent: to which authority."))
@click.option("--document", metavar="ID", default="", help=N_("With --sent: the draft that went out, such as D-0001."))
def report(
    number: str,
    kind: str,
    given: tuple[str, ...],
    sent: bool,
    document_no: str,
    channel: str,
    receipt: str,
    sent_at: str | None,
    to_whom: str,
    document: str,
) -> None:
    """Draft a report by the eight items of the national measure, or record that one was sent."""
    if sent:
        _sent(number.upper(), kind, document_no, channel, receipt, sent_at, to_whom, document)
    elif kind not in REPORTED:
        raise NetopsError(
            "nothing was drafted", "there is no wording for {kind}", "record the report that was made: --sent", kind=kind
        )
    else:
        _drafted("report", number, f"report_{kind}", items(given))


def _sent(
    number: str, kind: str, document_no: str, channel: str, receipt: str, sent_at: str | None, to_whom: str, document: str
) -> None:
    from netops.core import journal
    from netops.incidents import casebook, clocks
    from netops.incidents import papers as documents
    from netops.rounds import handling
    from netops.rounds.timeline import WORDS

    out = output()
    if not (document_no or document) or not channel:
        raise NetopsError(
            "nothing was recorded", "a clock stops only by an act with its document number and channel",
            "--sent --document ID --channel TEXT, or --document-no TEXT for one that was written elsewhere",
        )  # fmt: skip
    with desk() as opened:
        one = casebook.one(opened.store, number)
        at = moment(sent_at, opened) if sent_at else opened.clock()
        handling.not_older(one, at)
        if document:
            kept = _of(documents.one(opened.store, document), number)
            document, document_no = kept.id, document_no or kept.paper.number or kept.id
        drafted = [kept for kept in documents.listed(opened.store, number) if kept.wording == f"report_{kind}"]
        if drafted and not document:
            told = _("{id} was drafted for it: --document {id} keeps what went out, with its hash")
            out.say("! " + told.format(id=drafted[-1].id))
        stops = clocks.load(opened.playbooks).stopped_by(one, kind, at)
        by = "；".join(part for part in (document_no, channel, receipt) if part)
        out.say(
            _("plan: record on {number}: {what}: {by}; clocks that stop: {clocks}").format(
                what=_(WORDS[kind]), number=number, by=by, clocks=", ".join(stops) or "—"
            )
        )
        out.confirm(_("Do it?"))
        with journal.act(opened.store, opened.actor, opened.clock) as act:
            handling.report(opened, act, number, kind, at, document_no=document_no, channel=channel, receipt=receipt,
                            to_whom=to_whom, paper=document)  # fmt: skip
        _show(out, opened, number, _("The report is recorded; stopped: {clocks}").format(clocks=", ".join(stops) or "—"))


def _show(out: Output, opened: Desk, number: str, text: str) -> None:
    from netops.cli.dossier import record
    from netops.incidents import casebook

    one = casebook.one(opened.store, number)

    def told() -> None:
        out.line(text)
        out.next(f"netops incident show {number}")

    out.record("incident", record(one, opened.clock()), told, plane=one.plane)


@click.command(cls=Command)
@click.argument("number")
@click.option("--document", metavar="ID", help=N_("Which document; else the last one issued."))
@click.option(
    "--kind",
    type=click.Choice(["sent", "receipt", "reply"]),
    default="reply",
    show_default=True,
    help=N_("Sent to the addressee, received by it, or answered."),
)
@click.option("--who", metavar="NAME", required=True, help=N_("Who sent, received or answered."))
@click.option("--channel", metavar="TEXT", default="", help=N_("How, such as by courier."))
@click.option("--note", metavar="TEXT", default="", help=N_("What was answered."))
@click.option("--report", "act_no", type=int, metavar="N", help=N_("Not a document: the recorded report with this number."))
@click.option("--received", metavar="TIME", help=N_("When; else now."))
def reply(
    number: str, document: str | None, kind: str, who: str, channel: str, note: str, act_no: int | None, received: str | None
) -> None:
    """Record that a document was sent, received or answered, or that an authority answered a report."""
    from netops.core import journal
    from netops.incidents import casebook
    from netops.incidents import papers as documents
    from netops.rounds import drafting, handling
    from netops.rounds.timeline import WORDS

    out = output()
    with desk() as opened:
        one = casebook.one(opened.store, number.upper())
        at = moment(received, opened) if received else opened.clock()
        if act_no is not None:
            what = _(WORDS[f"report_{kind}"])
            out.say(_("plan: record for report {seq}: {kind} by {who}").format(seq=act_no, kind=what, who=who))
            out.confirm(_("Do it?"))
            with journal.act(opened.store, opened.actor, opened.clock) as act:
                handling.receipt_of(opened, act, one.number, act_no, kind, at, who, note)
            _show(out, opened, one.number, _("report {seq}: recorded.").format(seq=act_no))
            return
        sent = [kept for kept in documents.listed(opened.store, one.number) if kept.state == "issued"]
        kept = _of(documents.one(opened.store, document), number) if document else next(reversed(sent), None)
        if kept is None or kept.state != "issued":
            raise Refused(
                "nothing was recorded", "no document about {number} was issued yet",
                "netops incident notice {number} --issue -o FILE.docx", number=one.number,
            )  # fmt: skip
        out.say(
            _("plan: record for {document}: {kind} by {who}").format(
                document=kept.paper.number, kind=_(WORDS[kind]), who=who
            )
        )
        out.confirm(_("Do it?"))
        drafting.answer(opened, kept, documents.Receipt(kept.id, kind, at, who, channel, note))
        _show(out, opened, one.number, _("{document}: recorded.").format(document=kept.paper.number))
