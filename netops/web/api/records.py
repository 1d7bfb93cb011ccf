"""Findings, devices, links, incidents, the journal and `who` over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from netops.core import docket, journal
from netops.core.basis import Basis
from netops.core.errors import Missing
from netops.core.finding import ROOMS, STANDING, Finding, Severity, State
from netops.core.journal import Entry
from netops.core.language import N_
from netops.core.permission import Deed
from netops.core.plane import Plane
from netops.incidents import casebook
from netops.incidents.incident import Incident
from netops.rounds import chart, look
from netops.rounds import devices as device_records
from netops.rounds import walk as walking
from netops.rounds import who as asking
from netops.rounds.devices import DeviceRecord
from netops.web.api.operation import Asked, Call, Nothing, OfPlane, Operation, Page


class FindingRecord(msgspec.Struct, frozen=True):
    """A finding as DESIGN §4 has it; *title* and *because* in the language that is asked for."""

    id: str
    code: str
    kind: str
    plane: Plane
    severity: Severity
    organization: str
    subject: dict[str, Any]
    basis: tuple[Basis, ...]
    first_seen: datetime
    last_seen: datetime
    count: int
    state: State
    evidence: tuple[str, ...]
    title: str
    because: str
    reason: str = ""
    accepted_until: str = ""


class Findings(OfPlane, frozen=True):
    """Which findings; without a state those that stand."""

    room: str = ""
    code: str = ""
    organization: str = ""
    state: State | None = None
    since: datetime | None = None


class InPlane(Nothing, frozen=True):
    """Of one plane only."""

    plane: Plane | None = None


class Incidents(OfPlane, frozen=True):
    """Which incidents."""

    open: bool = False


class Query(Nothing, frozen=True):
    """What is asked about: an address, MAC, device, name, number of a paper, organization."""

    q: Annotated[str, Meta(min_length=1, max_length=200)]


class Why(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reason, for the journal."""

    why: Annotated[str, Meta(min_length=1, max_length=2000)]


class Me(msgspec.Struct, frozen=True):
    """Who asks, and what it may do."""

    name: str
    role: str
    planes: tuple[Plane, ...]
    organization: str
    deeds: tuple[Deed, ...]


class Target(msgspec.Struct, frozen=True):
    """One group of targets, as Prometheus's HTTP service discovery reads them (http_sd_config)."""

    targets: tuple[str, ...]
    labels: dict[str, str]


def told(one: Finding) -> FindingRecord:
    """A finding in the language in use."""
    return FindingRecord(**look.finding_record(one))


def findings(call: Call) -> Page[FindingRecord]:
    """Findings that who asks may see, by number."""
    asked = call.query
    whose = call.who.organization or asked.organization
    listed = docket.listed(
        call.desk.store, state=STANDING if asked.state is None else (asked.state,), organization=whose, code=asked.code,
        plane=asked.plane, since=asked.since,
    )  # fmt: skip
    mine = [one for one in listed if call.sees(one.plane, one.organization) and asked.room in ("", ROOMS[one.code[:2]])
            and asked.organization in ("", one.organization)]  # fmt: skip
    page = call.page(mine, lambda one: (len(one.id), one.id))
    return Page([told(one) for one in page.items], page.next)


def finding(call: Call) -> FindingRecord:
    """One finding."""
    return told(one_finding(call))


def one_finding(call: Call, deed: Deed = Deed.READ) -> Finding:
    """The finding that the address names, if who asks may do that to it; what may not be seen is not there."""
    one = docket.one(call.desk.store, call.path["id"].upper()[:16])
    if not call.sees(one.plane, one.organization):
        raise Missing("there is no finding {number}", "", "netops finding list", number=one.id)
    call.who.require(deed, one.plane, one.organization)
    return one


def acknowledge(call: Call) -> FindingRecord:
    """Somebody has seen it and works on it."""
    before = one_finding(call, Deed.JUDGE)
    with journal.act(call.desk.store, call.desk.actor, call.desk.clock) as act:
        if call.if_match:
            call.match(told(docket.one(call.desk.store, before.id)))
        docket.move(act, before.id, State.ACKNOWLEDGED, call.body.why)
    return told(docket.one(call.desk.store, before.id))


def devices(call: Call) -> Page[DeviceRecord]:
    """Devices as they were last seen, of those who may see them."""
    views = [view for view in walking.current(call.desk) if call.query.plane in (None, view.plane)]
    mine = [one for one in device_records.records(call.desk, views) if call.sees(one.plane, one.organization)]
    return call.page(mine, lambda one: (one.plane, one.name))


def links(call: Call) -> Page[dict[str, Any]]:
    """Links between devices; of a department those at its own devices."""
    from netops.topology import report

    owners = {(entry.plane, entry.name): entry.organization for entry in call.desk.register.devices}
    mine = [
        link for link in walking.wiring(call.desk).links
        if call.query.plane in (None, link.a.plane, link.b.plane)
        and all(end.plane in call.who.planes for end in (link.a, link.b))
        and any(call.sees(end.plane, owners.get((end.plane, end.device), "")) for end in (link.a, link.b))
    ]  # fmt: skip
    return call.page([report.link(link) for link in mine], _place)


def _place(link: dict[str, Any]) -> tuple[str, ...]:
    ends = (f"{end['device']} {end['interface']} {end['address']}" for end in (link["a"], link["b"]))
    return *ends, str(link["layer"])


def incidents(call: Call) -> Page[Incident]:
    """Incidents that who asks may see, by number."""
    listed = casebook.listed(call.desk.store, call.query.plane, open_only=call.query.open)
    mine = [one for one in listed if call.sees(one.plane, one.organization)]
    return call.page(mine, lambda one: (len(one.number), one.number))


def incident(call: Call) -> Incident:
    """One incident."""
    one = casebook.one(call.desk.store, call.path["number"][:32])
    if not call.sees(one.plane, one.organization):
        raise Missing("there is no incident {number}", "", "netops incident list", number=one.number)
    return one


def who(call: Call) -> Page[asking.Answer]:
    """Whose is it, where is it, by what right."""
    mine = asking.told_to(call.who, asking.who(call.desk, call.query.q))
    if not mine:
        raise Missing(
            "nobody knows {query}", "it is in no register, ledger, walk or lease", "", query=call.query.q
        )
    return Page(mine)


def entries(call: Call) -> Page[Entry]:
    """The journal, newest first."""
    after = call.after
    found = journal.log(call.desk.store, call.limit + 1, before=after)
    last = found[call.limit - 1] if len(found) > call.limit else None
    return Page(found[: call.limit], call.cursor(last.seq) if last else "")


def me(call: Call) -> Me:
    """Who asks."""
    asked = call.who
    deeds = tuple(deed for deed in Deed if asked.may(deed))
    return Me(asked.name, asked.role, tuple(sorted(asked.planes)), asked.organization, deeds)


def targets(call: Call) -> list[Target]:
    """Walked devices of the planes of who asks, for an exporter by SNMP."""
    planes = call.who.planes if call.query.plane is None else call.who.planes & {call.query.plane}
    return [Target(tuple(one["targets"]), one["labels"]) for one in chart.prometheus(call.desk, planes)]


OPERATIONS = (
    Operation("GET", "/me", "whoAmI", None, N_("Who asks, and what it may do"), me, Me),
    Operation("GET", "/who", "who", Deed.READ, N_("Whose is an address, MAC, device, name, paper or organization"), who,
              asking.Answer, "answer", Query),
    Operation("GET", "/findings", "listFindings", Deed.READ, N_("What is not in order"), findings, FindingRecord, "finding",
              Findings),
    Operation("GET", "/findings/{id}", "getFinding", Deed.READ, N_("One finding"), finding, FindingRecord),
    Operation("POST", "/findings/{id}/acknowledge", "acknowledgeFinding", Deed.JUDGE, N_("Somebody works on it"), acknowledge,
              FindingRecord, "", Nothing, Why, takes_key=True, again=lambda call, _: told(one_finding(call))),
    Operation("GET", "/devices", "listDevices", Deed.READ, N_("Devices as they were last seen"), devices, DeviceRecord,
              "device", OfPlane),
    Operation("GET", "/links", "listLinks", Deed.READ, N_("Links between devices"), links, dict[str, Any], "link", OfPlane),
    Operation("GET", "/sd/prometheus", "discoverTargets", Deed.METRICS, N_("Walked devices, as Prometheus discovers targets"),
              targets, list[Target], "", InPlane),
    Operation("GET", "/incidents", "listIncidents", Deed.READ, N_("Incidents and their clocks"), incidents, Incident,
              "incident", Incidents),
    Operation("GET", "/incidents/{number}", "getIncident", Deed.READ, N_("One incident"), incident, Incident),
    Operation("GET", "/journal", "listJournal", Deed.READ_JOURNAL, N_("Who decided what, newest first"), entries, Entry,
              "entry", Asked),
)  # fmt: skip
