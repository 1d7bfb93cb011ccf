"""What people decide, over the API: findings accepted and resolved, incidents opened and moved, inspections answered."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from netops.core import docket, journal
from netops.core.errors import Missing, Refused
from netops.core.finding import State
from netops.core.language import N_
from netops.core.permission import Deed
from netops.incidents import casebook
from netops.incidents.incident import Incident, Stage
from netops.inspections import archive
from netops.inspections.answer import Result
from netops.inspections.inspection import Inspection, Party
from netops.rounds import handling as rounds
from netops.rounds import inspect as inspecting
from netops.rounds import places, triage
from netops.web.api.operation import Asked, Call, Nothing, Operation, Page
from netops.web.api.records import FindingRecord, one_finding, told

Text = Annotated[str, Meta(max_length=2000)]
Said = Annotated[str, Meta(min_length=1, max_length=2000)]
Short = Annotated[str, Meta(max_length=128)]


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, for the journal."""

    why: Said


class Excepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An exception with a reason and an end."""

    why: Said
    until: date


class NewIncident(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Findings of one organization, cause and plane."""

    findings: Annotated[tuple[Annotated[str, Meta(max_length=16)], ...], Meta(min_length=1, max_length=100)]
    why: Said


class Step(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where an incident goes in its course."""

    to: Stage
    why: Said


class Sent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A report that went out: which, under what number, how, to whom, and by which paper of netops."""

    kind: Literal["first", "supplement", "final"]
    document_no: Annotated[str, Meta(min_length=1, max_length=200)]
    channel: Annotated[str, Meta(min_length=1, max_length=200)]
    to_whom: Annotated[str, Meta(max_length=200)] = ""
    receipt: Annotated[str, Meta(max_length=200)] = ""
    paper: Annotated[str, Meta(max_length=32)] = ""


class Inspections(Asked, frozen=True):
    """Which inspections."""

    organization: str = ""
    catalogue: str = ""


class InspectionRecord(msgspec.Struct, frozen=True):
    """An inspection and how far it is."""

    number: str
    catalogue: str
    organization: str
    opened_at: datetime
    opened_by: str
    inspectors: tuple[str, ...]
    planned_for: str
    checked_at: datetime | None


class Items(Asked, frozen=True):
    """Which items; *contested*: only those on which the parties disagree."""

    answer: Result | None = None
    contested: bool = False


class Planned(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A visit: whom, when, by whom; two inspectors or more."""

    organizations: Annotated[tuple[Short, ...], Meta(min_length=1, max_length=200)]
    date: date
    inspectors: Annotated[tuple[Short, ...], Meta(min_length=1, max_length=20)]
    catalogue: Short = "measures"


class Answered(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is true of an item; a note is required where it contradicts the machine."""

    answer: Result
    note: Text = ""


# ---- findings
def _moved(to: State, call: Call) -> FindingRecord:
    before = one_finding(call, Deed.JUDGE)
    until = call.body.until.isoformat() if to is State.ACCEPTED else ""
    docket.require_ahead(before.id, until, call.desk.clock())
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        if call.if_match:
            call.match(told(docket.one(call.desk.store, before.id)))
        docket.move(act, before.id, to, call.body.why, until)
    return told(docket.one(call.desk.store, before.id))


# ---- incidents
def incident(call: Call, number: str, deed: Deed = Deed.READ) -> Incident:
    """The incident, if who asks may do that to it; what may not be seen is not there."""
    absent = Missing("there is no incident {number}", "", "netops incident list", number=number[:32])
    try:
        one = casebook.one(call.desk.store, number.upper()[:32])
    except Missing:
        raise absent from None
    if not call.sees(one.plane, one.organization):
        raise absent
    call.who.require(deed, one.plane, one.organization)
    return one


def opened(call: Call) -> Incident:
    """Open an incident by hand from findings that share organization, cause and plane."""
    asked: NewIncident = call.body
    named = tuple(docket.one(call.desk.store, name.upper()) for name in dict.fromkeys(asked.findings))
    for one in named:
        if not call.sees(one.plane, one.organization):
            raise Missing("there is no finding {number}", "", "netops finding list", number=one.id)
        call.who.require(Deed.HANDLE, one.plane, one.organization)
    triage.require_together(call.desk, named)
    where = next(iter(places.of(call.desk, named).values()), "")
    number = triage.open_incident(call.desk, named, named[0].organization, asked.why, call.desk.actor, where)
    return casebook.one(call.desk.store, number)


def moved(call: Call) -> Incident:
    """An incident goes on in its course; it is ended by the command line, where a person types its number."""
    asked: Step = call.body
    one = incident(call, call.path["number"], Deed.HANDLE)
    if asked.to in (Stage.ARCHIVED, Stage.FALSE_ALARM, Stage.HAZARD):
        raise Refused(N_("{number} was not closed"), N_("what cannot be undone is confirmed by a person who types the number"),
                      "netops incident close {number}", number=one.number)  # fmt: skip
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        if call.if_match:
            call.match(casebook.one(call.desk.store, one.number))
        casebook.move(act, one.number, asked.to, asked.why)
    return casebook.one(call.desk.store, one.number)


def reported(call: Call) -> Incident:
    """A report went out: clocks stop with it."""
    asked: Sent = call.body
    one = incident(call, call.path["number"], Deed.HANDLE)
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        rounds.report(call.desk, act, one.number, asked.kind, call.desk.clock(), document_no=asked.document_no,
                      channel=asked.channel, receipt=asked.receipt, to_whom=asked.to_whom, paper=asked.paper.upper())  # fmt: skip
    return casebook.one(call.desk.store, one.number)


# ---- inspections
def _inspection(call: Call) -> Inspection:
    number = call.path["number"].upper()[:32]
    absent = Missing("there is no inspection {number}", "", "netops inspect list", number=number)
    try:
        one = archive.one(call.desk.store, number)
    except Missing:
        raise absent from None
    if not _sees(call, one):
        raise absent
    return one


def _sees(call: Call, one: Inspection) -> bool:
    """Whether who asks may see an inspection: it tells of every plane that is served here."""
    return call.who.may_across(Deed.READ, call.desk.planes, one.organization)


def _told(one: Inspection) -> InspectionRecord:
    return InspectionRecord(one.number, one.catalogue.head.name, one.organization, one.opened_at, one.opened_by, one.inspectors,
                            one.planned_for, one.checked_at)  # fmt: skip


def inspections(call: Call) -> Page[InspectionRecord]:
    """Inspections that who asks may see, by number."""
    asked, mine = call.query, call.who.organization
    if mine and asked.organization not in ("", mine):
        return Page([])
    found = archive.listed(call.desk.store, organization=mine or asked.organization, catalogue=asked.catalogue)
    return call.page([_told(one) for one in found if _sees(call, one)], lambda one: (len(one.number), one.number))


def inspection(call: Call) -> InspectionRecord:
    """One inspection."""
    return _told(_inspection(call))


def items(call: Call) -> Page[dict[str, Any]]:
    """Every item of an inspection, with what each party said of it and on what evidence."""
    one, asked = _inspection(call), call.query
    found = []
    for place, (item, record) in enumerate(zip(one.catalogue.items, one.records(), strict=True)):
        if asked.answer in (None, record["answer"]) and (not asked.contested or one.contested(item)):
            found.append((place, record))
    page = call.page(found, lambda pair: pair[0])
    return Page([record for _, record in page.items], page.next)


def planned(call: Call) -> tuple[InspectionRecord, ...]:
    """Open inspections for a day, all in one act."""
    asked: Planned = call.body
    for organization in asked.organizations:
        for plane in call.desk.planes:  # it will tell of each
            call.who.require(Deed.INSPECT, plane, organization)
    made = inspecting.plan(call.desk, asked.catalogue, asked.organizations, asked.date.isoformat(), asked.inspectors)
    return tuple(map(_told, made))


def answered(call: Call) -> dict[str, Any]:
    """An inspector, or the department that is inspected, answers an item; what others said stands beside it."""
    one, asked, name = _inspection(call), call.body, call.path["item"][:64]
    party = Party.DEPARTMENT if call.who.organization else Party.INSPECTOR
    call.who.require(Deed.ANSWER if call.who.organization else Deed.INSPECT, None, one.organization)
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        archive.fill(act, one, name, party, asked.answer, asked.note)
    return _item(call, archive.one(call.desk.store, one.number))


def _item(call: Call, one: Inspection) -> dict[str, Any]:
    return next(record for record in one.records() if record["id"] == call.path["item"][:64])


OPERATIONS = (
    Operation("POST", "/findings/{id}/accept", "acceptFinding", Deed.JUDGE, N_("An exception with a reason and an end"),
              partial(_moved, State.ACCEPTED), FindingRecord, "", Nothing, Excepted, takes_key=True,
              again=lambda call, _: told(one_finding(call))),
    Operation("POST", "/findings/{id}/resolve", "resolveFinding", Deed.JUDGE, N_("It is mended"), partial(_moved, State.RESOLVED),
              FindingRecord, "", Nothing, Why, takes_key=True, again=lambda call, _: told(one_finding(call))),
    Operation("POST", "/incidents", "openIncident", Deed.HANDLE, N_("Open an incident by hand"), opened, Incident, "", Nothing,
              NewIncident, 201, takes_key=True, again=lambda call, entry: incident(call, entry.subject)),
    Operation("POST", "/incidents/{number}/move", "moveIncident", Deed.HANDLE, N_("An incident goes on in its course"), moved,
              Incident, "", Nothing, Step, takes_key=True, again=lambda call, _: incident(call, call.path["number"])),
    Operation("POST", "/incidents/{number}/report", "reportIncident", Deed.HANDLE, N_("A report went out"), reported, Incident,
              "", Nothing, Sent, takes_key=True, again=lambda call, _: incident(call, call.path["number"])),
    Operation("GET", "/inspections", "listInspections", Deed.READ, N_("Inspections"), inspections, InspectionRecord, "inspection",
              Inspections),
    Operation("POST", "/inspections", "planInspections", Deed.INSPECT, N_("Open inspections for a day"), planned,
              tuple[InspectionRecord, ...], "inspection", Nothing, Planned, 201),
    Operation("GET", "/inspections/{number}", "getInspection", Deed.READ, N_("One inspection"), inspection, InspectionRecord),
    Operation("GET", "/inspections/{number}/items", "listItems", Deed.READ, N_("What was said of each item"), items,
              dict[str, Any], "item", Items),
    Operation("POST", "/inspections/{number}/items/{item}", "answerItem", Deed.ANSWER, N_("Answer an item"), answered,
              dict[str, Any], "", Nothing, Answered, takes_key=True, again=lambda call, _: _item(call, _inspection(call))),
)  # fmt: skip
